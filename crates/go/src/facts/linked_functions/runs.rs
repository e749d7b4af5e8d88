//! Gives the runs of names of one package to the record. Nothing else is done with the names here: most packages are never asked for.

use crate::tables::functions::Functions as Table;
use crate::tables::names::{NameRuns, Run};
use gospect_knowledge::modules;
use gospect_record::functions::{Builder, Place};

/// Most dots at which the type may end in the name of a method from an embedded type.
const DOTS: usize = 8;

/// The package of a run in the record, and the bytes of the package, with its dot, in front of each name.
#[derive(Clone, Copy)]
struct Target {
    place: Place,
    prefix: usize,
}

/// The functions of a table of names, in which each ends with a zero, by its runs. `table` tells which packages there are, `main` the path of
/// package main.
pub fn gather(names: Vec<u8>, found: &NameRuns, table: &Table, main: Option<&str>) -> Builder {
    let mut builder = Builder::new(names);
    let spellings = found.spellings.iter();
    let targets: Vec<Option<Target>> = spellings
        .map(|spelled| target(spelled, table, main, &mut builder))
        .collect();
    for Run {
        start,
        end,
        spelling,
        ..
    } in found.runs.iter().copied()
    {
        if let Some(Some(target)) = targets.get(spelling as usize) {
            builder.add_run(target.place, start as usize..end as usize, target.prefix);
        }
    }
    builder
}

fn target(
    spelled: &[u8],
    table: &Table,
    main: Option<&str>,
    builder: &mut Builder,
) -> Option<Target> {
    let owner = table.owner(spelled)?;
    let path = match is_vendored(owner.as_bytes()) {
        true => modules::unvendored(owner),
        false => owner,
    };
    let path = main.filter(|_| path == modules::MAIN).unwrap_or(path);
    let receiver = (spelled != owner.as_bytes()).then(|| before_receiver(spelled, owner, table));
    let package = receiver.flatten().unwrap_or(spelled.len());
    Some(Target {
        place: builder.package(path),
        prefix: package + 1,
    })
}

/// Bytes of the package in `a/b.T.c/d`, where the type T of `a/b` has methods of `c/d`; `None` when all of it is the package.
fn before_receiver(spelled: &[u8], owner: &str, table: &Table) -> Option<usize> {
    let mut dots = memchr::memchr_iter(b'.', spelled).take(DOTS);
    dots.find(|dot| spelled.get(..*dot).and_then(|start| table.owner(start)) == Some(owner))
}

/// Whether a path may hold that of a vendor directory, as [`modules::unvendored`] knows them.
fn is_vendored(path: &[u8]) -> bool {
    [&b"vendor/"[..], b"_workspace/"]
        .iter()
        .any(|mark| memchr::memmem::find(path, mark).is_some())
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
        let builder = gather(raw, &found, &table, Some("example.com/app"));
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
