//! Every package with code in the program, with the number of its functions and the bytes of its code, from the function table
//! (src/cmd/link/internal/ld/pcln.go and src/runtime/runtime2.go `_func`, Go 1.2 to 1.27). It stands in for the list of modules
//! where a program has none.

use crate::tables::Tables;
use crate::tables::names::{NameRuns, Run, package};
use crate::tables::pclntab::{Layout, Pclntab};
use gospect_exe::{Format, Image, WasmFunctions};
use gospect_knowledge::modules;
use gospect_record::{BuildInfo, LinkedPackage};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

/// Offsets in `_func`, counted from the end of the entry field: of the name, then of the table of files; and the end of what is read.
const NAME: usize = 0;
const FILES: usize = 16;
const FUNCTION: usize = FILES + 4;

/// Most packages to count in the 1.2 layout.
const PACKAGES_LIMIT: usize = 1 << 17;

/// Functions of one package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    functions: u64,
    bytes: u64,
}

impl Tally {
    fn add(&mut self, functions: u64, bytes: u64) {
        self.functions = self.functions.saturating_add(functions);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// A function with a body of its own.
struct Body {
    /// Offset of its name.
    name: u32,
    /// Bytes of its code.
    size: u64,
    /// Whether Go's compiler or assembler made it. Functions from C objects have no table of source files, and names without an
    /// import path.
    is_go: bool,
}

/// Tallies by the package as function names spell it.
type Tallies<'s> = Vec<(&'s [u8], Tally)>;

/// The packages of a program, sorted by path; vendored ones have the path by which they are imported. `None` when there is
/// neither a function table nor the symbol table of Go 1.0 and 1.1. Functions that exist only inlined count, with no bytes (Go
/// 1.16 and newer). Modules are those that the build info names, or else what [`modules::prefix`] can say for certain.
pub fn read(tables: &Tables<'_>, info: Option<&BuildInfo>) -> Option<Vec<LinkedPackage>> {
    let functions = tables.functions();
    let image = tables.image();
    let Some(table) = tables.pclntab() else {
        let tallies = of_gosymtab(tables)?;
        let tallies = tallies.iter().map(|(path, tally)| (path.as_str(), *tally));
        return Some(rows(tallies, info));
    };
    let size = text_size(tables);
    let bodies = |visit: &mut dyn FnMut(Body)| visit_bodies(image, table, size, visit);
    let tallies = match table.layout {
        Layout::Go12 => of_bodies(image, table, &bodies)?,
        Layout::Go116 | Layout::Go118 | Layout::Go120 => of_runs(&functions.names, &bodies)?,
    };
    let owned = tallies.into_iter().filter(|(_, tally)| tally.functions > 0);
    let owned = owned.filter_map(|(spelled, tally)| Some((functions.owner(spelled)?, tally)));
    Some(rows(owned, info))
}

/// Visits every function with a body of its own; `None` when the function table cannot be read.
type Bodies<'b> = dyn Fn(&mut dyn FnMut(Body)) -> Option<()> + 'b;

/// Counts the functions with a body of their own, whose names lie apart.
fn of_bodies<'i>(
    image: &'i Image<'_>,
    table: &Pclntab,
    bodies: &Bodies<'_>,
) -> Option<Tallies<'i>> {
    let mut all: HashMap<&[u8], Tally> = HashMap::new();
    bodies(&mut |body| {
        let name = body.is_go.then(|| table.name(image, body.name.into()));
        if let Some(package) = name.flatten().and_then(package)
            && (all.len() < PACKAGES_LIMIT || all.contains_key(package))
        {
            all.entry(package).or_default().add(1, body.size);
        }
    })?;
    Some(all.into_iter().collect())
}

/// A function of a C object whose name is among those of a package.
struct Foreign {
    name: u32,
    size: u64,
    /// Number of the run of names that it is in.
    run: usize,
}

/// Counts the functions of each run of names, those that exist only inlined included.
fn of_runs<'n>(names: &'n NameRuns, bodies: &Bodies<'_>) -> Option<Tallies<'n>> {
    let spelled = names.spellings.iter().map(|s| (&**s, Tally::default()));
    let mut all: Tallies<'n> = spelled.collect();
    let mut add = |run: usize, functions: u64, bytes: u64| {
        let spelling = names.runs.get(run).map(|run| run.spelling as usize);
        if let Some((_, tally)) = spelling.and_then(|spelling| all.get_mut(spelling)) {
            tally.add(functions, bytes);
        }
    };
    let mut foreign: Vec<Foreign> = Vec::new();
    let mut last = 0;
    bodies(&mut |body| {
        let Some(run) = run_of(&names.runs, body.name, last) else {
            return;
        };
        last = run;
        match body.is_go {
            true => add(run, 0, body.size),
            false => foreign.push(Foreign {
                name: body.name,
                size: body.size,
                run,
            }),
        }
    })?;
    foreign.sort_by_key(|function| function.name);
    // A name that Go code has too is not foreign. No linker makes one, so that the table is hardly ever skipped again.
    let mut go_names = HashSet::new();
    if !foreign.is_empty() {
        bodies(&mut |body| {
            let is_shared = |name| foreign.binary_search_by_key(&name, |f| f.name).is_ok();
            if body.is_go && is_shared(body.name) {
                go_names.insert(body.name);
            }
        })?;
    }
    let mut rest = foreign.chunk_by(|a, b| a.name == b.name).peekable();
    for (number, run) in names.runs.iter().enumerate() {
        let mut without = 0;
        while let Some(same) = rest.next_if(|same| same.iter().any(|f| f.run == number)) {
            let size = same.iter().fold(0u64, |sum, f| sum.saturating_add(f.size));
            match same.iter().any(|f| go_names.contains(&f.name)) {
                true => add(number, 0, size),
                false => without += 1,
            }
        }
        add(number, run.names.saturating_sub(without).into(), 0);
    }
    Some(all)
}

/// The number of the run that a name is in. Functions have nearly the order of their names, so most are in the run of the one before, `last`, or in
/// the next.
fn run_of(runs: &[Run], name: u32, last: usize) -> Option<usize> {
    let holds = |number: &usize| {
        let run = runs.get(*number);
        run.is_some_and(|run| run.start <= name && name < run.end)
    };
    [last, last.saturating_add(1)]
        .into_iter()
        .find(holds)
        .or_else(|| Some(runs.partition_point(|run| run.end <= name)).filter(holds))
}

/// The packages of a program of Go 1.0 or 1.1. Each function ends where the next one starts.
fn of_gosymtab(tables: &Tables<'_>) -> Option<BTreeMap<String, Tally>> {
    let (functions, image) = (tables.functions(), tables.image());
    let mut all: BTreeMap<String, Tally> = BTreeMap::new();
    let mut starts: Vec<(u64, Option<&str>)> = Vec::new();
    tables.gosymtab()?.functions(image, &mut |start, name| {
        let path = package(name).and_then(|package| functions.owner(package));
        starts.push((start, path));
    });
    starts.sort_by_key(|function| function.0);
    let end = starts.last().and_then(|last| image.segment_at(last.0));
    let end = end.map_or(0, |segment| segment.end());
    let ends = starts.iter().skip(1).map(|next| next.0).chain([end]);
    let mut text_left = text_size(tables);
    for ((start, path), end) in starts.iter().zip(ends) {
        let size = end.saturating_sub(*start).min(text_left);
        text_left -= size;
        if let Some(path) = path {
            let tally = all.entry((*path).to_owned()).or_default();
            tally.add(1, size);
        }
    }
    Some(all)
}

/// The rows of the record.
fn rows<'p>(
    all: impl Iterator<Item = (&'p str, Tally)>,
    info: Option<&BuildInfo>,
) -> Vec<LinkedPackage> {
    let named = |path: &str| module_of(path, info);
    let mut merged: BTreeMap<&str, Tally> = BTreeMap::new();
    for (path, tally) in all {
        let into = merged.entry(modules::unvendored(path)).or_default();
        into.add(tally.functions, tally.bytes);
    }
    let rows = merged.into_iter().map(|(path, tally)| LinkedPackage {
        path: path.to_owned(),
        module: named(path),
        functions: tally.functions,
        bytes: tally.bytes,
        capabilities: None,
    });
    rows.collect()
}

/// The module of a package: the longest matching one of the build info, or else what the path shows.
fn module_of(path: &str, info: Option<&BuildInfo>) -> Option<String> {
    let Some(info) = info else {
        return modules::prefix(path).map(str::to_owned);
    };
    if path == modules::MAIN && !info.main.path.is_empty() {
        return Some(info.main.path.clone());
    }
    let all = info
        .deps
        .iter()
        .chain([&info.main])
        .map(|module| module.path.as_str());
    let longest = modules::longest(path, all);
    longest.or_else(|| modules::prefix(path)).map(str::to_owned)
}

/// The most code that all functions together can have.
fn text_size(tables: &Tables<'_>) -> u64 {
    let image = tables.image();
    let executable = image.segments.iter().filter(|s| s.executable);
    let segments = executable.fold(0u64, |sum, s| sum.saturating_add(s.size));
    match tables.moduledata() {
        Some(module) => segments.min(module.text.1.saturating_sub(module.text.0)),
        None => segments,
    }
}

/// Visits the rows of the function table with their `_func`. Code that two rows claim is counted once, so that all sizes together are
/// at most `limit`.
fn visit_bodies(
    image: &Image<'_>,
    table: &Pclntab,
    limit: u64,
    visit: &mut dyn FnMut(Body),
) -> Option<()> {
    let word = match table.layout {
        Layout::Go12 | Layout::Go116 => image.pointer_size(),
        Layout::Go118 | Layout::Go120 => 4,
    };
    // Offsets count from the header up to Go 1.15, and from the function table since then.
    let base = match table.layout {
        Layout::Go12 => table.address,
        _ => table.function_table.0,
    };
    let size = table
        .functions
        .checked_mul(2)?
        .checked_add(1)?
        .checked_mul(word)?;
    let rows = image.bytes(table.function_table.0, size)?;
    let step = usize::try_from(word).ok()?;
    let at = |i: usize| {
        rows.get(i * step..(i + 1) * step)
            .map_or(0, |b| image.number(b))
    };
    let count = rows.len() / step / 2;
    // Functions of a WebAssembly module have numbers instead of addresses. Their bodies are in the same order.
    let is_module = image.format == Format::Wasm;
    let sizes = WasmFunctions::read(image).filter(|wasm| wasm.bodies.len() == count);
    let (mut covered, mut room) = (0, limit);
    let mut add = |i: usize, function: &[u8]| {
        let (start, end) = (at(2 * i), at(2 * i + 2));
        let size = end.saturating_sub(start.max(covered)).min(room);
        covered = covered.max(end);
        room -= size;
        let number = |at: usize| {
            let four = function.get(at..at + 4);
            four.map_or(0, |b| u32::try_from(image.number(b)).unwrap_or(0))
        };
        if function.len() >= FUNCTION {
            visit(Body {
                name: number(NAME),
                size: match &sizes {
                    Some(wasm) => wasm.bodies.get(i).map_or(0, |body| u64::from(body.1)),
                    None if is_module => 0,
                    None => size,
                },
                is_go: number(FILES) != 0,
            });
        }
    };
    // The structures stand in the order of the rows after them, so that most are met in one pass.
    let distance = |i: usize| at(2 * i + 1).checked_add(word);
    let mut next = 0;
    let alone = |i: usize| {
        let address = base.checked_add(distance(i)?)?;
        image.bytes(address, FUNCTION as u64)
    };
    image.pass(base, table.function_table.1, &mut |from, piece| {
        while next < count {
            let ahead = distance(next).and_then(|d| d.checked_sub(from));
            let Some(ahead) = ahead.and_then(|ahead| usize::try_from(ahead).ok()) else {
                add(next, alone(next).unwrap_or_default());
                next += 1;
                continue;
            };
            match ahead
                .checked_add(FUNCTION)
                .and_then(|end| piece.get(ahead..end))
            {
                Some(function) => add(next, function),
                None => return ControlFlow::Continue(ahead.min(piece.len())),
            }
            next += 1;
        }
        ControlFlow::Break(())
    });
    for i in next..count {
        add(i, alone(i).unwrap_or_default());
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions and bytes of each package.
    fn counted(names: &[u8], bodies: &[(u32, u64, bool)]) -> Vec<(String, u64, u64)> {
        let found = NameRuns::of(names);
        let visit = |visit: &mut dyn FnMut(Body)| {
            for (name, size, is_go) in bodies.iter().copied() {
                visit(Body { name, size, is_go });
            }
            Some(())
        };
        let all = of_runs(&found, &visit).unwrap();
        let row = |(package, tally): (&[u8], Tally)| {
            let package = String::from_utf8(package.to_vec()).unwrap();
            (package, tally.functions, tally.bytes)
        };
        all.into_iter().map(row).collect()
    }

    #[test]
    fn inlined_functions_count_and_foreign_ones_do_not() {
        //            0      6      12       20     26
        let names = b"a/b.F\0a/b.G\0main.xy\0a/b.H\0memcpy\0";
        let row = |package: &str, functions, bytes| (package.to_owned(), functions, bytes);
        for (bodies, b, main) in [
            (&[][..], (3, 0), (1, 0)),
            (
                &[(0, 5, true), (6, 7, true), (12, 1, true)],
                (3, 12),
                (1, 1),
            ),
            // In another order than the names, and twice.
            (
                &[(20, 4, true), (12, 2, true), (0, 5, true), (20, 1, true)],
                (3, 10),
                (1, 2),
            ),
            // Of C: two with one name are one function less. The name of a Go function is not foreign.
            (
                &[(6, 4, false), (6, 4, false), (26, 9, false), (12, 3, false)],
                (2, 0),
                (0, 0),
            ),
            (&[(6, 4, false), (6, 1, true)], (3, 5), (1, 0)),
            // No name begins there, and none is there.
            (&[(7, 4, true), (99, 1, true)], (3, 4), (1, 0)),
        ] {
            let want = [row("a/b", b.0, b.1), row("main", main.0, main.1)];
            assert_eq!(counted(names, bodies), want, "{bodies:?}");
        }
    }
}
