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
    let known = Folders::new(source.info);
    let packages = question.functions.keys().map(String::as_str);
    let packages: Vec<&str> = packages.filter(|p| !functions.has_package(p)).collect();
    let ends: Vec<&str> = packages.iter().map(|p| known.end_of_folder(p)).collect();
    let last = |path: &str| path.rsplit('/').next().map(str::len).unwrap_or_default();
    let last_of = |path: &[u8]| {
        let slash = memchr::memrchr2(b'/', b'\\', path);
        slash.map_or(0, |slash| slash + 1)
    };
    let lasts: HashSet<&[u8]> = ends
        .iter()
        .filter_map(|end| end.as_bytes().get(end.len() - last(end)..))
        .collect();
    let is_of = |folder: &[u8], end: &str| {
        let before = folder.strip_suffix(end.as_bytes());
        before.is_some_and(|before| matches!(before.last(), None | Some(b'/' | b'\\')))
    };
    let mut last_folder: &[u8] = b"";
    let found = table.source_files(source.tables.image(), &mut |file| {
        let folder = file
            .get(..last_of(file).saturating_sub(1))
            .unwrap_or_default();
        if folder == last_folder {
            return ControlFlow::Continue(());
        }
        last_folder = folder;
        let name = folder.get(last_of(folder)..).unwrap_or_default();
        let may_be = match memchr::memchr(b'@', name) {
            Some(_) => {
                let folder = String::from_utf8_lossy(folder).replace('\\', "/");
                let package = known.in_cache(&folder);
                package.is_some_and(|package| packages.contains(&package.as_str()))
            }
            None => {
                lasts.contains(name) && {
                    let folder = String::from_utf8_lossy(folder).replace('\\', "/");
                    ends.iter().any(|end| is_of(folder.as_bytes(), end))
                }
            }
        };
        match may_be {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    found.is_some()
}
