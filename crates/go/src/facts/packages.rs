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
    let bodies = TableBodies {
        image,
        table,
        limit: text_size(tables),
    };
    let tallies = match table.layout {
        Layout::Go12 => of_bodies(image, table, &bodies)?,
        Layout::Go116 | Layout::Go118 | Layout::Go120 => of_runs(&functions.names, &bodies)?,
    };
    let owned = tallies.into_iter().filter(|(_, tally)| tally.functions > 0);
    let owned = owned.filter_map(|(spelled, tally)| Some((functions.owner(spelled)?, tally)));
    Some(rows(owned, info))
}

/// Functions with a body of their own.
trait Bodies {
    /// Visits all of them; `None` when they cannot be read.
    fn each(&self, visit: impl FnMut(Body)) -> Option<()>;
}

/// Counts the functions with a body of their own, whose names lie apart.
fn of_bodies<'i>(
    image: &'i Image<'_>,
    table: &Pclntab,
    bodies: &impl Bodies,
) -> Option<Tallies<'i>> {
    let mut all: HashMap<&[u8], Tally> = HashMap::new();
    bodies.each(|body| {
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
fn of_runs<'n>(names: &'n NameRuns, bodies: &impl Bodies) -> Option<Tallies<'n>> {
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
    bodies.each(|body| {
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
        bodies.each(|body| {
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

/// The functions of a function table.
struct TableBodies<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    /// Most bytes of code that all of them together can have: code that two rows claim is counted once.
    limit: u64,
}

/// The numbers of the rows of a function table: the start of each function by turns with the place of its `_func`, and the end of the last one.
struct RowNumbers<'b> {
    /// As many bytes as the table holds for them.
    bytes: &'b [u8],
    /// Whether each has eight bytes instead of four.
    is_wide: bool,
    is_big_endian: bool,
}

impl RowNumbers<'_> {
    /// Number of functions.
    fn functions(&self) -> usize {
        self.bytes.len() / if self.is_wide { 16 } else { 8 }
    }

    /// Where a function starts: an address, or an offset from the start of all code.
    #[inline]
    fn start(&self, function: usize) -> u64 {
        self.at(2 * function)
    }

    /// The place of the `_func` of a function, as the table counts it.
    #[inline]
    fn place(&self, function: usize) -> u64 {
        self.at(2 * function + 1)
    }

    #[inline]
    fn at(&self, i: usize) -> u64 {
        match self.is_wide {
            true => {
                let eight = self.bytes.as_chunks::<8>().0.get(i).copied();
                let eight = eight.unwrap_or_default();
                match self.is_big_endian {
                    true => u64::from_be_bytes(eight),
                    false => u64::from_le_bytes(eight),
                }
            }
            false => {
                let four = self.bytes.as_chunks::<4>().0.get(i).copied();
                u64::from(four_byte_number(
                    four.unwrap_or_default(),
                    self.is_big_endian,
                ))
            }
        }
    }
}

#[inline]
fn four_byte_number(bytes: [u8; 4], is_big_endian: bool) -> u32 {
    match is_big_endian {
        true => u32::from_be_bytes(bytes),
        false => u32::from_le_bytes(bytes),
    }
}

/// Offset of the name of a function, and whether it has a table of source files, from its `_func` without the entry.
#[inline]
fn name_and_files(function: &[u8; FUNCTION], is_big_endian: bool) -> (u32, bool) {
    let number = |at: usize| {
        let four = function.get(at..).and_then(|rest| rest.first_chunk());
        four.map_or(0, |four| four_byte_number(*four, is_big_endian))
    };
    (number(NAME), number(FILES) != 0)
}

impl Bodies for TableBodies<'_, '_> {
    fn each(&self, mut visit: impl FnMut(Body)) -> Option<()> {
        let (image, table) = (self.image, self.table);
        let word = table.column(image);
        let base = table.offset_base();
        let numbers = table.functions.checked_mul(2)?.checked_add(1)?;
        let rows = RowNumbers {
            bytes: image.bytes(table.function_table.0, numbers.checked_mul(word)?)?,
            is_wide: word == 8,
            is_big_endian: image.big_endian,
        };
        let count = rows.functions();
        // Functions of a WebAssembly module have numbers instead of addresses. Their bodies are in the same order.
        let is_module = image.format == Format::Wasm;
        let sizes = WasmFunctions::read(image).filter(|wasm| wasm.bodies.len() == count);
        let (mut start, mut covered, mut left) = (rows.start(0), 0, self.limit);
        let mut add = |i: usize, function: Option<&[u8; FUNCTION]>| {
            let end = rows.start(i + 1);
            let size = end.saturating_sub(start.max(covered)).min(left);
            (start, covered) = (end, covered.max(end));
            left -= size;
            let Some(function) = function else {
                return;
            };
            let (name, is_go) = name_and_files(function, image.big_endian);
            let size = match &sizes {
                Some(wasm) => wasm.bodies.get(i).map_or(0, |body| u64::from(body.1)),
                None if is_module => 0,
                None => size,
            };
            visit(Body { name, size, is_go });
        };
        let distance = |i: usize| rows.place(i).checked_add(word);
        let alone = |i: usize| {
            let address = base.checked_add(distance(i)?)?;
            image.bytes(address, FUNCTION as u64)?.first_chunk()
        };
        // The structures stand behind the rows, in the same order, so that most are met in one pass from the first one on.
        let first = distance(0).unwrap_or(0).min(table.function_table.1);
        let mut next = 0;
        image.pass(
            base.checked_add(first)?,
            table.function_table.1 - first,
            &mut |from, piece| {
                while next < count {
                    let ahead = distance(next).and_then(|d| d.checked_sub(from + first));
                    let Some(ahead) = ahead.and_then(|ahead| usize::try_from(ahead).ok()) else {
                        add(next, alone(next));
                        next += 1;
                        continue;
                    };
                    match piece.get(ahead..).and_then(|rest| rest.first_chunk()) {
                        Some(function) => add(next, Some(function)),
                        None => return ControlFlow::Continue(ahead.min(piece.len())),
                    }
                    next += 1;
                }
                ControlFlow::Break(())
            },
        );
        for i in next..count {
            add(i, alone(i));
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Functions that a test states.
    struct Stated<'b>(&'b [(u32, u64, bool)]);

    impl Bodies for Stated<'_> {
        fn each(&self, mut visit: impl FnMut(Body)) -> Option<()> {
            for (name, size, is_go) in self.0.iter().copied() {
                visit(Body { name, size, is_go });
            }
            Some(())
        }
    }

    /// Functions and bytes of each package.
    fn counted(names: &[u8], bodies: &[(u32, u64, bool)]) -> Vec<(String, u64, u64)> {
        let found = NameRuns::of(names);
        let all = of_runs(&found, &Stated(bodies)).unwrap();
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
