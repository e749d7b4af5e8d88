//! Makes the compact form of a database from documents.

use super::compact::{Shape, assemble, put};
use super::osv::{Document, Module, Span};
use super::pool::Pool;
use super::{About, Damaged, Database, Order, Review, identity};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Collects documents.
#[derive(Debug, Default)]
pub struct Builder {
    documents: BTreeMap<Key, Document>,
    newest: Option<String>,
    left_out: usize,
}

/// What entries are sorted by: year and number where the ID has them.
type Key = (String, usize, String);

/// Why no database can be made of the documents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Two documents have the same ID.
    #[error("{0} is there twice")]
    Twice(String),
    /// There was no document about Go.
    #[error("there are no entries about Go modules")]
    Empty,
    /// The texts have more than 4 GiB.
    #[error("it is too large")]
    TooLarge,
}

fn key(id: &str) -> Key {
    let (front, number) = id.rsplit_once('-').unwrap_or((id, ""));
    let number = number.parse().unwrap_or(usize::MAX);
    (front.to_owned(), number, id.to_owned())
}

impl Builder {
    /// Adds a document.
    ///
    /// # Errors
    /// When there is another with this ID.
    pub fn add(&mut self, document: Document) -> Result<(), Rejected> {
        if document.modified > self.newest {
            self.newest.clone_from(&document.modified);
        }
        let key = key(&document.id);
        if self.documents.contains_key(&key) {
            return Err(Rejected::Twice(document.id));
        }
        self.documents.insert(key, document);
        Ok(())
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.documents.len()
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The date of the last change in all documents, if they have one.
    pub fn newest(&self) -> Option<&str> {
        self.newest.as_deref()
    }

    /// Number of entries of other databases that [`Builder::finish`] left out because the Go vulnerability database has an entry for the same.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Leaves out modules of entries of other databases for which the Go vulnerability database has an entry with the same ID or alias.
    fn leave_out_covered(&mut self) {
        let mut covered: HashMap<String, HashSet<String>> = HashMap::new();
        for document in self.documents.values() {
            if document.review == Review::Foreign {
                continue;
            }
            let paths = document.affected.iter().map(|m| &m.path);
            for name in document.aliases.iter().chain([&document.id]) {
                let modules = covered.entry(name.clone()).or_default();
                modules.extend(paths.clone().cloned());
            }
        }
        let count = self.documents.len();
        self.documents.retain(|_, document| {
            if document.review != Review::Foreign {
                return true;
            }
            let covering: Vec<&HashSet<String>> = (document.aliases.iter())
                .chain([&document.id])
                .filter_map(|name| covered.get(name))
                .collect();
            document
                .affected
                .retain(|module| !covering.iter().any(|paths| paths.contains(&module.path)));
            !document.affected.is_empty()
        });
        self.left_out = count - self.documents.len();
    }

    /// Makes the database, with or without summaries.
    ///
    /// # Errors
    /// When there is no document, or the texts are too large.
    pub fn finish(&mut self, about: &About, summaries: bool) -> Result<Database, Rejected> {
        self.leave_out_covered();
        if self.documents.is_empty() {
            return Err(Rejected::Empty);
        }
        let documents: Vec<&Document> = self.documents.values().collect();
        let numbers = Numbers::of(&documents);
        let mut offsets = Vec::new();
        let mut blocks = Vec::new();
        let mut by_module: BTreeMap<&str, Vec<(usize, &Module)>> = BTreeMap::new();
        for (index, document) in documents.iter().enumerate() {
            for module in &document.affected {
                by_module
                    .entry(&module.path)
                    .or_default()
                    .push((index, module));
            }
        }
        for modules in by_module.into_values() {
            put_fixed(&mut offsets, blocks.len())?;
            for (index, module) in modules {
                numbers.write_block(&mut blocks, index, module);
            }
        }
        put_fixed(&mut offsets, blocks.len())?;
        let entries: Vec<Vec<u8>> = documents.iter().map(|d| entry(d)).collect();
        let lines: Vec<&str> = match summaries {
            true => documents.iter().map(|d| d.summary.as_str()).collect(),
            false => Vec::new(),
        };
        let about = serde_json::to_vec(about).map_err(|_| Rejected::TooLarge)?;
        let pools = [
            Pool::write(&numbers.names),
            Pool::write(&numbers.versions),
            Pool::write(&entries),
            Pool::write(&numbers.symbols),
            Pool::write(&lines),
        ];
        let [
            Some(names),
            Some(versions),
            Some(entries),
            Some(symbols),
            Some(lines),
        ] = pools
        else {
            return Err(Rejected::TooLarge);
        };
        let data = assemble([
            about, names, versions, offsets, blocks, entries, symbols, lines,
        ]);
        let data = data.ok_or(Rejected::TooLarge)?;
        Database::open(data).map_err(|Damaged(_)| Rejected::TooLarge)
    }
}

/// Writes a fixed number.
fn put_fixed(out: &mut Vec<u8>, value: usize) -> Result<(), Rejected> {
    let value = u32::try_from(value).map_err(|_| Rejected::TooLarge)?;
    out.extend(value.to_le_bytes());
    Ok(())
}

fn entry(document: &Document) -> Vec<u8> {
    let review = match document.review {
        Review::Unreviewed => 0,
        Review::Reviewed => 1,
        Review::Foreign => 2,
    };
    let mut out = Vec::new();
    put(&mut out, review | usize::from(document.withdrawn) << 2);
    identity::write(&mut out, &document.id);
    for alias in &document.aliases {
        identity::write(&mut out, alias);
    }
    out
}

/// The numbers that stand for the texts of a database; each text is stored once.
struct Numbers<'d> {
    names: Vec<&'d str>,
    versions: Vec<&'d str>,
    symbols: Vec<&'d str>,
    name_of: HashMap<&'d str, usize>,
    version_of: HashMap<&'d str, usize>,
    symbol_of: HashMap<&'d str, usize>,
}

fn numbered<'d>(texts: &[&'d str]) -> HashMap<&'d str, usize> {
    texts
        .iter()
        .enumerate()
        .map(|(number, text)| (*text, number))
        .collect()
}

impl<'d> Numbers<'d> {
    fn of(documents: &[&'d Document]) -> Self {
        let mut modules = BTreeSet::new();
        let mut other_names = BTreeSet::new();
        let mut symbols = BTreeSet::new();
        let mut versions: HashMap<&str, usize> = HashMap::new();
        for module in documents.iter().flat_map(|d| &d.affected) {
            modules.insert(module.path.as_str());
            let spans = module.ranges.iter().chain(&module.custom_ranges);
            let event_versions = spans.flat_map(|s| s.events.iter().map(|(_, version)| version));
            for version in event_versions.chain(&module.versions) {
                *versions.entry(version).or_default() += 1;
            }
            for package in &module.packages {
                let ports = package.goos.iter().chain(&package.goarch);
                other_names.extend(ports.chain([&package.path]).map(String::as_str));
                symbols.extend(package.symbols.iter().map(String::as_str));
            }
        }
        let modules: Vec<&str> = modules.into_iter().collect();
        other_names.retain(|name| modules.binary_search(name).is_err());
        let names: Vec<&str> = modules.iter().copied().chain(other_names).collect();
        let mut versions: Vec<(&str, usize)> = versions.into_iter().collect();
        versions.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let versions: Vec<&str> = versions.into_iter().map(|(version, _)| version).collect();
        let symbols: Vec<&str> = symbols.into_iter().collect();
        Self {
            name_of: numbered(&names),
            version_of: numbered(&versions),
            symbol_of: numbered(&symbols),
            names,
            versions,
            symbols,
        }
    }

    fn write_name(&self, out: &mut Vec<u8>, name: &str) {
        put(out, self.name_of.get(name).copied().unwrap_or_default());
    }

    fn version_number(&self, version: &str) -> usize {
        self.version_of.get(version).copied().unwrap_or_default()
    }

    fn write_block(&self, out: &mut Vec<u8>, entry: usize, module: &Module) {
        put(out, entry);
        Shape::write(
            out,
            module.ranges.len(),
            module.custom_ranges.len(),
            module.versions.len(),
            module.packages.len(),
        );
        for range in &module.ranges {
            self.write_span(out, range);
        }
        let put_count = |out: &mut Vec<u8>, count: usize| {
            if count > 0 {
                put(out, count);
            }
        };
        put_count(out, module.custom_ranges.len());
        for range in &module.custom_ranges {
            self.write_span(out, range);
        }
        put_count(out, module.versions.len());
        for version in &module.versions {
            put(out, self.version_number(version));
        }
        put_count(out, module.packages.len());
        for package in &module.packages {
            self.write_name(out, &package.path);
            let ports = [&package.goos, &package.goarch];
            let has_ports = ports.iter().any(|list| !list.is_empty());
            put(out, package.symbols.len() << 1 | usize::from(has_ports));
            if has_ports {
                for list in ports {
                    put(out, list.len());
                    list.iter().for_each(|name| self.write_name(out, name));
                }
            }
            let mut previous = 0;
            for symbol in &package.symbols {
                let number = self.symbol_of.get(symbol.as_str()).copied();
                let number = number.unwrap_or_default();
                put(out, number.saturating_sub(previous));
                previous = number;
            }
        }
    }

    fn write_span(&self, out: &mut Vec<u8>, span: &Span) {
        let order = usize::from(span.order == Order::Other);
        put(out, span.events.len() << 1 | order);
        for (kind, version) in &span.events {
            put(out, self.version_number(version) << 2 | kind);
        }
    }
}
