//! The vulnerability database in its compact form. Looking up a module does not read the rest.
//!
//! The facts are those of OSV documents (<https://ossf.github.io/osv-schema/>, version 1.3.1) as the Go vulnerability
//! database writes them (<https://go.dev/doc/security/vuln/database>): IDs, aliases, modules, ranges, packages, symbols,
//! GOOS and GOARCH, review status, withdrawal. Prose is left out, but for summaries in a database of the user's cache.

mod builder;
mod compact;
mod data_symbols;
mod identity;
mod osv;
mod pool;

pub use builder::{Builder, Rejected};
pub use compact::Damaged;
pub use osv::{Document, DocumentError, parse};

use compact::{Cursor, Section, Sections};
use pool::Pool;
use std::borrow::Cow;
use std::collections::HashSet;

/// A vulnerability database. Opening it reads its header; everything else is decoded when it is asked for.
#[derive(Debug)]
pub struct Database {
    data: Cow<'static, [u8]>,
    sections: Sections,
    about: About,
    /// Paths: those of modules first, sorted, then those of packages and the names of systems.
    names: Pool,
    versions: Pool,
    entries: Pool,
    /// How many of the names are module paths.
    modules: usize,
    symbols: Pool,
    summaries: Pool,
}

/// Source and date of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct About {
    /// `golang.org/x/vulndb@v0.0.0-…`, or the path or address that was given.
    pub source: String,
    /// When it was published, `2026-11-05T23:49:57Z`; `None`: it has no date.
    pub date: Option<String>,
}

/// Who reviewed an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Review {
    /// The Go security team: `review_status` is `REVIEWED`.
    Reviewed,
    /// No review: the entry is from another database, and has no packages and symbols.
    Unreviewed,
    /// Another database, such as GitHub's advisories: its ID does not begin with `GO-`.
    Foreign,
}

/// One entry. Its texts are read from the database when needed.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'d> {
    database: &'d Database,
    index: usize,
    /// Who reviewed it.
    pub review: Review,
    /// Withdrawn entries are kept so that they can be looked up, but are never findings.
    pub withdrawn: bool,
}

impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.database, other.database) && self.index == other.index
    }
}

impl Eq for Entry<'_> {}

/// One module of an entry: an item of `affected`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected<'d> {
    /// The entry.
    pub entry: Entry<'d>,
    /// Module path; `stdlib` and `toolchain` for the standard library and the `go` command.
    pub module: &'d str,
    /// Affected versions. No range and no version: all of them.
    pub ranges: Vec<Range<'d>>,
    /// `ecosystem_specific.custom_ranges`: the real ranges where the module's tags are not semantic versions and
    /// `ranges` names all versions. Their versions are in the numbering of the module's authors.
    pub custom_ranges: Vec<Range<'d>>,
    /// Single affected versions (`versions`), besides those of the ranges.
    pub versions: Vec<&'d str>,
    /// Packages that contain the vulnerability; none: the entry does not say.
    pub packages: Vec<Package<'d>>,
}

/// How the versions of a range are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// `SEMVER`.
    Semver,
    /// `ECOSYSTEM`, or versions that are not semantic versions.
    Other,
}

/// The versions between events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range<'d> {
    /// How its versions are ordered.
    pub order: Order,
    /// Its events, in the order of the document, which need not be that of versions.
    pub events: Vec<Event<'d>>,
}

/// A version at which something changes, without the leading `v`; `0` is before every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event<'d> {
    /// First affected version.
    Introduced(&'d str),
    /// First version that is no longer affected.
    Fixed(&'d str),
    /// Last version known to be affected.
    LastAffected(&'d str),
    /// Versions from here on were not examined.
    Limit(&'d str),
}

/// One package that an entry names.
#[derive(Clone, Debug)]
pub struct Package<'d> {
    /// Import path.
    pub path: &'d str,
    /// Only on these systems; empty: on all.
    pub goos: Vec<&'d str>,
    /// Only on these processors; empty: on all.
    pub goarch: Vec<&'d str>,
    database: &'d Database,
    count: usize,
    symbols: &'d [u8],
}

impl PartialEq for Package<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.path, &self.goos, &self.goarch) == (other.path, &other.goos, &other.goarch)
            && self.symbols() == other.symbols()
    }
}

impl Eq for Package<'_> {}

impl<'d> Package<'d> {
    /// The symbols that are functions and methods as far as is known; if there are none, the whole package counts.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn functions(&self) -> Result<Vec<&'d str>, Damaged> {
        let mut symbols = self.symbols()?;
        if data_symbols::has_variables(self.path) {
            symbols.retain(|symbol| !data_symbols::is_variable(self.path, symbol));
        }
        Ok(symbols)
    }

    /// How many symbols the entry names.
    pub(crate) fn symbol_count(&self) -> usize {
        self.count
    }

    /// Vulnerable functions and methods: `Func`, `Type.Method`, and what else the entry names; sorted.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn symbols(&self) -> Result<Vec<&'d str>, Damaged> {
        if self.count == 0 {
            return Ok(Vec::new());
        }
        let database = self.database;
        let mut cursor = Cursor::new(self.symbols);
        let mut id = 0usize;
        (0..self.count)
            .map(|_| {
                id = id
                    .checked_add(cursor.size()?)
                    .ok_or(Damaged("a symbol number"))?;
                database.symbols.text(&database.data, id)
            })
            .collect()
    }
}

/// The table that is part of the program. `scripts/vulndb.py` makes it.
static BUILTIN: &[u8] = include_bytes!("builtin.bin");

impl Database {
    /// The database that is part of the program.
    ///
    /// # Errors
    /// Never in practice; the signature is that of [`Database::open`].
    pub fn builtin() -> Result<Self, Damaged> {
        Self::from_data(Cow::Borrowed(BUILTIN))
    }

    /// Opens the compact form, such as a file of the cache, after checking its checksum.
    ///
    /// # Errors
    /// When it is cut, changed, or not of this form.
    pub fn open(data: Vec<u8>) -> Result<Self, Damaged> {
        compact::check(&data)?;
        Self::from_data(Cow::Owned(data))
    }

    /// Whether these bytes are a database in the compact form of another version of gospect, which [`Database::open`] refuses.
    pub fn is_other_form(data: &[u8]) -> bool {
        compact::is_other_form(data)
    }

    fn from_data(data: Cow<'static, [u8]>) -> Result<Self, Damaged> {
        let sections = Sections::read(&data)?;
        let about = serde_json::from_slice(sections.bytes(&data, Section::About)?)
            .map_err(|_| Damaged("the description of its source"))?;
        let pool = |section| Pool::read(&data, sections.place(section));
        let names = pool(Section::Names)?;
        let versions = pool(Section::Versions)?;
        let entries = pool(Section::Entries)?;
        let symbols = pool(Section::Symbols)?;
        let summaries = pool(Section::Summaries)?;
        let offsets = sections.bytes(&data, Section::Modules)?.len() / 4;
        let modules = offsets.checked_sub(1).ok_or(Damaged("no modules"))?;
        Ok(Self {
            sections,
            about,
            names,
            versions,
            entries,
            modules,
            symbols,
            summaries,
            data,
        })
    }

    /// The compact form, as [`Database::open`] reads it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.data
    }

    /// Its source and date.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Number of entries, withdrawn ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All module paths, sorted.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        (0..self.modules).filter_map(|at| self.name(at).ok())
    }

    /// The items of all entries about a module, in the order of entry IDs. The module is found by binary search.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn for_module(&self, module: &str) -> Result<Vec<Affected<'_>>, Damaged> {
        match self.names.find(&self.data, self.modules, module)? {
            Some(index) => self.blocks_of(index),
            None => Ok(Vec::new()),
        }
    }

    /// The entry of this ID, or with this alias.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn entry(&self, name: &str) -> Result<Option<Entry<'_>>, Damaged> {
        let mut by_alias = None;
        for index in 0..self.len() {
            let entry = self.entry_at(index)?;
            let mut names = entry.names()?.into_iter();
            if names.next().is_some_and(|id| id == name) {
                return Ok(Some(entry));
            }
            if by_alias.is_none() && names.any(|alias| alias == name) {
                by_alias = Some(entry);
            }
        }
        Ok(by_alias)
    }

    /// The IDs and aliases of all entries.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn all_names(&self) -> Result<HashSet<String>, Damaged> {
        let mut all = HashSet::new();
        for entry in self.entries() {
            all.extend(entry?.names()?);
        }
        Ok(all)
    }

    /// All entries, in the order of their IDs.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, Damaged>> {
        (0..self.len()).map(|index| self.entry_at(index))
    }

    /// The items of all entries about each module, by module.
    pub fn all(&self) -> impl Iterator<Item = Result<Vec<Affected<'_>>, Damaged>> {
        (0..self.modules).map(|at| self.blocks_of(at))
    }

    fn blocks_of(&self, module: usize) -> Result<Vec<Affected<'_>>, Damaged> {
        let offsets = self.sections.bytes(&self.data, Section::Modules)?;
        let offset = |at: usize| {
            let bytes = offsets.get(at * 4..)?.first_chunk::<4>()?;
            usize::try_from(u32::from_le_bytes(*bytes)).ok()
        };
        let blocks = self.sections.bytes(&self.data, Section::Blocks)?;
        let part = offset(module)
            .zip(offset(module + 1))
            .and_then(|(start, end)| blocks.get(start..end))
            .ok_or(Damaged("the place of a module"))?;
        let name = self.name(module)?;
        let mut cursor = Cursor::new(part);
        let mut items = Vec::new();
        while !cursor.is_empty() {
            items.push(self.block(name, &mut cursor)?);
        }
        Ok(items)
    }

    fn block<'d>(
        &'d self,
        module: &'d str,
        cursor: &mut Cursor<'d>,
    ) -> Result<Affected<'d>, Damaged> {
        let entry = self.entry_at(cursor.size()?)?;
        let shape = compact::Shape::read(cursor)?;
        let ranges = cursor.list(shape.ranges, |cursor| self.range(cursor))?;
        let count = shape.customs(cursor)?;
        let custom_ranges = cursor.list(count, |cursor| self.range(cursor))?;
        let count = shape.versions(cursor)?;
        let versions = cursor.list(count, |cursor| self.version(cursor.size()?))?;
        let count = shape.packages(cursor)?;
        let packages = cursor.list(count, |cursor| self.package(cursor))?;
        Ok(Affected {
            entry,
            module,
            ranges,
            custom_ranges,
            versions,
            packages,
        })
    }

    fn range<'d>(&'d self, cursor: &mut Cursor<'d>) -> Result<Range<'d>, Damaged> {
        let head = cursor.size()?;
        let order = match head & 1 {
            0 => Order::Semver,
            _ => Order::Other,
        };
        let events = cursor.list(head >> 1, |cursor| {
            let word = cursor.size()?;
            let version = self.version(word >> 2)?;
            Ok(match word & 3 {
                0 => Event::Introduced(version),
                1 => Event::Fixed(version),
                2 => Event::LastAffected(version),
                _ => Event::Limit(version),
            })
        })?;
        Ok(Range { order, events })
    }

    fn package<'d>(&'d self, cursor: &mut Cursor<'d>) -> Result<Package<'d>, Damaged> {
        let path = self.name(cursor.size()?)?;
        let head = cursor.size()?;
        let mut ports = [Vec::new(), Vec::new()];
        if head & 1 != 0 {
            for list in &mut ports {
                let count = cursor.size()?;
                *list = cursor.list(count, |cursor| self.name(cursor.size()?))?;
            }
        }
        let count = head >> 1;
        let symbols = cursor.skip_numbers(count)?;
        let [goos, goarch] = ports;
        Ok(Package {
            path,
            goos,
            goarch,
            database: self,
            count,
            symbols,
        })
    }

    fn entry_at(&self, index: usize) -> Result<Entry<'_>, Damaged> {
        let head = Cursor::new(self.entries.bytes(&self.data, index)?).size()?;
        let review = match head & 3 {
            0 => Review::Unreviewed,
            1 => Review::Reviewed,
            _ => Review::Foreign,
        };
        Ok(Entry {
            database: self,
            index,
            review,
            withdrawn: head & 4 != 0,
        })
    }

    fn name(&self, index: usize) -> Result<&str, Damaged> {
        self.names.text(&self.data, index)
    }

    fn version(&self, index: usize) -> Result<&str, Damaged> {
        self.versions.text(&self.data, index)
    }
}

impl<'d> Entry<'d> {
    /// `GO-2024-2687`, or the ID that another database gave it.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn id(&self) -> Result<String, Damaged> {
        let names = self.names()?;
        names.into_iter().next().ok_or(Damaged("an entry's ID"))
    }

    /// IDs of the same vulnerability in other databases: `CVE-…`, `GHSA-…`.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn aliases(&self) -> Result<Vec<String>, Damaged> {
        let mut names = self.names()?;
        names.drain(..1.min(names.len()));
        Ok(names)
    }

    /// One line about it; `None`: the database has no summaries.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn summary(&self) -> Result<Option<&'d str>, Damaged> {
        let database = self.database;
        if database.summaries.len() == 0 {
            return Ok(None);
        }
        let text = database.summaries.text(&database.data, self.index)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Its number among the entries of the database, which are in the order of their IDs.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Every module that it is about. Reads the whole database, so it is meant for single entries.
    ///
    /// # Errors
    /// When the database is damaged.
    pub fn affected(&self) -> Result<Vec<Affected<'d>>, Damaged> {
        let mut items = Vec::new();
        for blocks in self.database.all() {
            items.extend(blocks?.into_iter().filter(|b| b.entry == *self));
        }
        Ok(items)
    }

    fn names(&self) -> Result<Vec<String>, Damaged> {
        let mut cursor = Cursor::new(
            self.database
                .entries
                .bytes(&self.database.data, self.index)?,
        );
        cursor.size()?;
        let mut names = Vec::new();
        while !cursor.is_empty() {
            names.push(identity::read(&mut cursor)?);
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests;
