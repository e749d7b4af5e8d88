//! Reads only the functions about which a caller asks, and what may hide them.

use super::Listed;
use super::inlined::{Folders, Known, Literals, Source, read};
use super::runs::Owner;
use crate::tables::names::NameRuns;
use crate::tables::pclntab::Pclntab;
use crate::tables::whole_names::{NameTable, Starts};
use gospect_record::Functions;
use gospect_record::functions::Question;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// What was read to answer a question.
pub struct Answer {
    /// The names to check; `None`: nothing is asked.
    pub names: Option<NameTable>,
    /// What is known to be missing, as a sentence for the record.
    pub missing: Option<String>,
}

/// Adds the functions of a question to the list of packages of a program.
pub fn answer(
    source: &Source<'_, '_>,
    listed: &Listed,
    question: &Question,
    functions: &mut Functions,
) -> Option<Answer> {
    let table = source.tables.pclntab()?;
    let found = &source.tables.functions().names;
    let size = table.names.1;
    let mut literals = Literals::new(found, &listed.owners, size, false);
    if !question.all_packages && !may_hide_packages(source, table, question, functions) {
        literals = literals.only_of(question);
    }
    let mut reader = Reader {
        source,
        table,
        found,
        owners: &listed.owners,
        read: HashSet::new(),
    };
    let asked = question.functions.iter();
    let asked = asked.filter(|(_, names)| !names.is_empty());
    reader
        .read
        .extend(asked.map(|(package, _)| package.clone()));
    let starts = reader.all(&mut literals, functions);
    let mut answer = Answer {
        names: starts.map(NameTable::Together),
        missing: None,
    };
    if answer.names.is_none() {
        functions.mark_incomplete();
        return Some(answer);
    }
    let mut add = |functions: &mut Functions, package: &str| reader.package(functions, package);
    let known = &mut Known {
        functions,
        add: &mut add,
    };
    match read(source, &mut literals, known) {
        Ok(hidden) => functions.reveal(hidden),
        Err(untold) => {
            functions.mark_incomplete();
            answer.missing = Some(super::are_missing(untold));
        }
    }
    Some(answer)
}

/// Reads names of packages from the table of names.
struct Reader<'r, 'p, 'i> {
    source: &'r Source<'p, 'i>,
    table: &'r Pclntab,
    found: &'r NameRuns,
    owners: &'r [Option<Owner>],
    /// The packages whose names are read.
    read: HashSet<String>,
}

impl Reader<'_, '_, '_> {
    /// Passes over all names: those of the wanted packages are kept, and literals. `None` when they cannot be read.
    fn all(&self, literals: &mut Literals<'_>, functions: &mut Functions) -> Option<Starts> {
        let image = self.source.tables.image();
        let is_wanted = |owner: &Option<Owner>| {
            let owner = owner.as_ref();
            owner.is_some_and(|owner| self.read.contains(&owner.path))
        };
        let wanted: Vec<bool> = self.owners.iter().map(is_wanted).collect();
        let mut runs = self.found.runs.iter();
        let mut runs = runs.by_ref().filter(|run| {
            let wanted = wanted.get(run.spelling as usize);
            wanted.is_some_and(|wanted| *wanted)
        });
        let mut run = runs.next();
        // Two bits for each byte, and the names.
        if !image.window().keep(self.table.names.1 / 4) {
            return None;
        }
        let mut starts = Starts::with_room(self.table.names.1);
        self.table.name_pieces(image, &mut |at, piece| {
            let mut start = 0;
            for end in memchr::memchr_iter(0, piece) {
                let name = piece.get(start..end).unwrap_or_default();
                let place = at + start as u64;
                starts.add(place, name.len() as u64);
                literals.add(place, name);
                start = end + 1;
            }
            starts.end(at, piece);
            let end = at + piece.len() as u64;
            while let Some(own) = run.filter(|run| u64::from(run.start) < end) {
                let from = u64::from(own.start).saturating_sub(at) as usize;
                let to = u64::from(own.end).min(end) - at;
                let names = piece.get(from..to as usize).unwrap_or_default();
                if let Some(Some(owner)) = self.owners.get(own.spelling as usize) {
                    functions.add_names(&owner.path, names, owner.prefix);
                }
                if u64::from(own.end) > end {
                    break;
                }
                run = runs.next();
            }
        })?;
        let kept = functions.raw().len() as u64;
        image.window().keep(kept).then_some(starts)
    }

    /// Adds the names of a package, if they are not read yet.
    fn package(&mut self, functions: &mut Functions, package: &str) {
        if !self.read.insert(package.to_owned()) {
            return;
        }
        let image = self.source.tables.image();
        for run in &self.found.runs {
            let owner = self.owners.get(run.spelling as usize);
            let Some(owner) = owner.and_then(Option::as_ref).filter(|o| o.path == package) else {
                continue;
            };
            let address = self.table.names.0.saturating_add(u64::from(run.start));
            let size = u64::from(run.end - run.start);
            let _ = image.pass(address, size, &mut |_, piece| {
                let whole = memchr::memrchr(0, piece).map_or(0, |last| last + 1);
                let names = piece.get(..whole).unwrap_or_default();
                functions.add_names(&owner.path, names, owner.prefix);
                ControlFlow::Continue(whole)
            });
        }
    }
}

/// Whether source files are in a folder that may be of a package of the question of which no function has a name.
fn may_hide_packages(
    source: &Source<'_, '_>,
    table: &Pclntab,
    question: &Question,
    functions: &Functions,
) -> bool {
    let mut wanted = Wanted::new(source, question, functions);
    let mut last_folder: &[u8] = b"";
    let found = table.source_files(source.tables.image(), &mut |file| {
        let folder = file.get(..last_of(file).saturating_sub(1));
        let folder = folder.unwrap_or_default();
        if std::mem::replace(&mut last_folder, folder) != folder && wanted.may_have(folder) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    found.is_some() || !wanted.all_are_told()
}

/// Most folders to decide about at the end.
const DOUBTS_LIMIT: usize = 1 << 12;

/// Packages of a question of which no function has a name.
struct Wanted<'q> {
    functions: &'q Functions,
    known: Folders<'q>,
    packages: Vec<&'q str>,
    /// How the folders of each package may end, and the last elements of these.
    ends: Vec<&'q str>,
    lasts: HashSet<&'q [u8]>,
    /// Modules of which any package is asked for, and whether a folder of it in a module cache was seen.
    modules: Vec<(&'q str, bool)>,
    /// Folders that may be that of the package `runtime`, which tells where the standard library is.
    runtimes: HashSet<String>,
    /// Folders that may be of one of the packages, unless they are of the standard library.
    doubts: Vec<String>,
}

impl<'q> Wanted<'q> {
    fn new(source: &Source<'q, '_>, question: &'q Question, functions: &'q Functions) -> Self {
        let known = Folders::new(source.info);
        let packages = question.functions.keys().map(String::as_str);
        let packages: Vec<&str> = packages.filter(|p| !functions.has_package(p)).collect();
        let ends: Vec<&str> = packages.iter().map(|p| known.end_of_folder(p)).collect();
        let lasts = ends.iter().map(|end| end.as_bytes());
        let lasts = lasts.filter_map(|end| end.get(last_of(end)..)).collect();
        let modules = question.modules.iter();
        Self {
            functions,
            modules: modules.map(|module| (module.as_str(), false)).collect(),
            known,
            packages,
            ends,
            lasts,
            runtimes: HashSet::new(),
            doubts: Vec::new(),
        }
    }

    /// Whether source files of a folder may be of one of the packages.
    fn may_have(&mut self, folder: &[u8]) -> bool {
        let text = || String::from_utf8_lossy(folder).replace('\\', "/");
        let name = folder.get(last_of(folder)..).unwrap_or_default();
        let has_version = folder.contains(&b'@');
        if has_version && let Some(package) = self.known.in_cache(&text()) {
            return self.packages.contains(&package.as_str()) || self.is_of_module(&package);
        }
        if name.contains(&b'@') {
            return false;
        }
        if folder == b"runtime" || (folder.ends_with(b"/src/runtime") && !has_version) {
            self.runtimes.insert(text());
        }
        let is_of = |folder: &str, end: &str| {
            let before = folder.strip_suffix(end);
            before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let mut ends = self.ends.iter();
        if (self.lasts.contains(name) && ends.any(|end| is_of(&text(), end)))
            || (!has_version && self.may_be_copy(folder))
        {
            self.doubts.push(text());
        }
        self.doubts.len() > DOUBTS_LIMIT
    }

    /// Whether a package in a module cache is of one of the modules, and has no function with a name.
    fn is_of_module(&mut self, package: &str) -> bool {
        let is_below = |module: &str| {
            let rest = package.strip_prefix(module);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut is_of_any = false;
        for (_, is_seen) in self.modules.iter_mut().filter(|(m, _)| is_below(m)) {
            (*is_seen, is_of_any) = (true, true);
        }
        is_of_any && !self.functions.has_package(package)
    }

    /// Whether a folder may be a copy of a package of one of the modules, as in a `vendor` folder.
    fn may_be_copy(&self, folder: &[u8]) -> bool {
        let has = |(module, _): &(&str, bool)| {
            memchr::memmem::find(folder, module.as_bytes()).is_some() || folder.contains(&b'\\')
        };
        self.modules.iter().any(has)
    }

    /// Whether all folders were of other packages: those in doubt are of the standard library, and all modules are in a module cache, because
    /// folders of others may be called anything.
    fn all_are_told(&self) -> bool {
        let is_standard = |folder: &String| {
            let Some(runtime) = self
                .runtimes
                .iter()
                .next()
                .filter(|_| self.runtimes.len() == 1)
            else {
                return false;
            };
            let root = runtime.strip_suffix("runtime");
            let package = root.and_then(|root| folder.strip_prefix(root));
            package.is_some_and(|package| self.functions.has_package(package))
        };
        self.doubts.iter().all(is_standard) && self.modules.iter().all(|(_, is_seen)| *is_seen)
    }
}

/// Where the last element of a path begins.
fn last_of(path: &[u8]) -> usize {
    let slash = memchr::memrchr2(b'/', b'\\', path);
    slash.map_or(0, |slash| slash + 1)
}
