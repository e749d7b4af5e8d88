//! Every package with code in the program, with the number of its functions and the bytes of its code, from the function table
//! (src/cmd/link/internal/ld/pcln.go and src/runtime/runtime2.go `_func`, Go 1.2 to 1.27). It stands in for the list of modules
//! where a program has none.

use crate::tables::Tables;
use crate::tables::names::{NameRuns, package};
use crate::tables::pclntab::{Layout, Pclntab};
use gospect_exe::{Format, Image, WasmFunctions};
use gospect_knowledge::modules;
use gospect_record::{BuildInfo, LinkedPackage};
use std::collections::{BTreeMap, HashMap};
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
    let mut bodies = bodies(image, table, text_size(tables))?;
    let tallies = match table.layout {
        Layout::Go12 => of_bodies(image, table, &bodies),
        Layout::Go116 | Layout::Go118 | Layout::Go120 => {
            // Linkers name functions in the order of their code, but for those that were inlined before: long runs are in order already.
            bodies.sort_by_key(|body| body.name);
            of_runs(&functions.names, &bodies)
        }
    };
    let owned = tallies.into_iter().filter(|(_, tally)| tally.functions > 0);
    let owned = owned.filter_map(|(spelled, tally)| Some((functions.owner(spelled)?, tally)));
    Some(rows(owned, info))
}

/// Counts the functions with a body of their own, whose names lie apart.
fn of_bodies<'i>(image: &'i Image<'_>, table: &Pclntab, bodies: &[Body]) -> Tallies<'i> {
    let mut all: HashMap<&[u8], Tally> = HashMap::new();
    for body in bodies.iter().filter(|body| body.is_go) {
        let name = table.name(image, body.name.into());
        if let Some(package) = name.and_then(package)
            && (all.len() < PACKAGES_LIMIT || all.contains_key(package))
        {
            all.entry(package).or_default().add(1, body.size);
        }
    }
    all.into_iter().collect()
}

/// Counts the functions of each run of names, those that exist only inlined included. `bodies` are in the order of their names.
fn of_runs<'n>(names: &'n NameRuns, bodies: &[Body]) -> Tallies<'n> {
    let spelled = names.spellings.iter().map(|s| (&**s, Tally::default()));
    let mut all: Tallies<'n> = spelled.collect();
    let mut rest = bodies.iter().peekable();
    for run in &names.runs {
        while rest.next_if(|body| body.name < run.start).is_some() {}
        let (mut foreign, mut bytes) = (0, 0u64);
        while let Some(first) = rest.next_if(|body| body.name < run.end) {
            let (mut is_go, mut size) = (first.is_go, first.size);
            while let Some(same) = rest.next_if(|body| body.name == first.name) {
                is_go |= same.is_go;
                size = size.saturating_add(same.size);
            }
            match is_go {
                true => bytes = bytes.saturating_add(size),
                false => foreign += 1,
            }
        }
        if let Some((_, tally)) = all.get_mut(run.spelling as usize) {
            tally.add(u64::from(run.names.saturating_sub(foreign)), bytes);
        }
    }
    all
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

/// The rows of the function table with their `_func`. Code that two rows claim is counted once, so that all sizes together are
/// at most `limit`.
fn bodies(image: &Image<'_>, table: &Pclntab, limit: u64) -> Option<Vec<Body>> {
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
    let mut all = Vec::with_capacity(count);
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
            all.push(Body {
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
    // The structures stand in the order of the rows behind them, so that most are met in one pass.
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
    Some(all)
}
