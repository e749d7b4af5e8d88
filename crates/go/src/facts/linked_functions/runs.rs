//! Gives the runs of names of one package to the record. Nothing else is done with the names here: most packages are never asked for.

use crate::tables::functions::Functions as Table;
use crate::tables::names::NameRuns;
use gospect_knowledge::modules;
use gospect_record::functions::Builder;
use memchr::memmem::Finder;
use std::collections::HashMap;

/// Most dots at which the type may end in the name of a method from an embedded type.
const DOTS: usize = 8;

/// The package of the names that spell it in one way.
pub struct Owner {
    /// Its path in the record.
    pub path: String,
    /// A number that is equal for all spellings of one package.
    pub number: usize,
    /// Bytes of the package, with its dot, in front of each name.
    pub prefix: usize,
}

/// The package of each spelling. `table` tells which packages there are, `main` the path of package main.
pub fn owners(found: &NameRuns, table: &Table, main: Option<&str>) -> Vec<Option<Owner>> {
    let mut numbers: HashMap<String, usize> = HashMap::with_capacity(found.spellings.len());
    let vendored = [Finder::new("vendor/"), Finder::new("_workspace/")];
    let owner = |(number, spelled): (usize, &[u8])| {
        let owner = table.owner(spelled)?;
        // Whether the path may hold that of a vendor directory, as `modules::unvendored` knows them.
        let is_vendored = vendored
            .iter()
            .any(|mark| mark.find(owner.as_bytes()).is_some());
        let path = match is_vendored {
            true => modules::unvendored(owner),
            false => owner,
        };
        let path = main.filter(|_| path == modules::MAIN).unwrap_or(path);
        let receiver =
            (spelled != owner.as_bytes()).then(|| before_receiver(spelled, owner, table));
        let package = receiver.flatten().unwrap_or(spelled.len());
        let first = numbers.get(path).copied();
        Some(Owner {
            path: path.to_owned(),
            number: first.unwrap_or_else(|| {
                numbers.insert(path.to_owned(), number);
                number
            }),
            prefix: package + 1,
        })
    };
    let spellings = found.spellings.iter().map(|spelled| &**spelled);
    spellings.enumerate().map(owner).collect()
}

/// The functions of a table of names, in which each ends with a zero, by its runs and the packages of these.
pub fn gather(names: Vec<u8>, found: &NameRuns, owners: &[Option<Owner>]) -> Builder {
    let mut builder = Builder::new(names);
    let place = |owner: &Option<Owner>| {
        let owner = owner.as_ref()?;
        Some((builder.package(&owner.path), owner.prefix))
    };
    let places: Vec<_> = owners.iter().map(place).collect();
    for run in &found.runs {
        if let Some(Some((place, prefix))) = places.get(run.spelling as usize) {
            builder.add_run(*place, run.start as usize..run.end as usize, *prefix);
        }
    }
    builder
}

/// Bytes of the package in `a/b.T.c/d`, where the type T of `a/b` has methods of `c/d`; `None` when all of it is the package.
fn before_receiver(spelled: &[u8], owner: &str, table: &Table) -> Option<usize> {
    let mut dots = memchr::memchr_iter(b'.', spelled).take(DOTS);
    dots.find(|dot| spelled.get(..*dot).and_then(|start| table.owner(start)) == Some(owner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_package_path_has_a_run_of_its_own() {
        let names = [
            "gopkg.Open",
            "gopkg.in/yaml%2ev3.Decode",
            "gopkg.(*File).Close",
            "gopkgs.Open",
            "type:.eq.gopkg.File",
            "gopkg.Last",
            "main.T.gopkg.in/yaml%2ev3.hidden",
            "main.main",
            "",
        ];
        let raw = format!("{}\0", names.join("\0")).into_bytes();
        let table = Table::of_names(&raw);
        let found = NameRuns::of(&raw);
        let owners = owners(&found, &table, Some("example.com/app"));
        let builder = gather(raw, &found, &owners);
        let functions = builder.finish(gospect_record::FunctionSource::FunctionTable, true);
        let all: Vec<(&str, Vec<&str>)> = functions
            .packages()
            .map(|package| (package, functions.names(package).collect()))
            .collect();
        assert_eq!(
            all,
            [
                ("example.com/app", vec!["T.hidden", "main"]),
                ("gopkg", vec!["File.Close", "Last", "Open"]),
                ("gopkg.in/yaml.v3", vec!["Decode"]),
                ("gopkgs", vec!["Open"]),
            ]
        );
    }
}
