//! The names of all functions that are linked into a program, to answer questions such as whether a vulnerable function is in
//! it.
//!
//! The function table (pclntab) has them in every program that gc builds, stripped or not. Names of functions that exist only
//! inlined have been in it since Go 1.9: in its inline trees, and since Go 1.16 in the table of names. Up to Go 1.8 a small
//! function that is always inlined leaves no name.

mod answer;
mod gccgo;
mod inlined;
mod runs;

use super::program::Program;
use crate::tables::functions::Functions as Table;
use crate::tables::names::NameRuns;
use crate::tables::old_inlining;
use crate::tables::pclntab::{Layout, Pclntab};
use crate::tables::whole_names::{self, NameTable};
use answer::Answer;
use gospect_exe::Image;
use gospect_record::functions::{Builder, NAMES_LIMIT};
use gospect_record::{Binary, BuildInfo, Compiler, FunctionSource, Functions};
use inlined::{Known, Literals};
use runs::{Owner, gather, owners};
use std::ops::ControlFlow;

/// The functions of a program.
#[derive(Default)]
pub struct Linked {
    /// From the best source; `None` when nothing in the file names them.
    pub functions: Option<Functions>,
    /// The names that [`missing`] checks, where the function table seems to be whole.
    pub names: Option<NameTable>,
    /// What is known to be missing, as a sentence for the record.
    pub missing: Option<String>,
    /// Where only packages are listed so far, what [`answer`] needs.
    pub listed: Option<Listed>,
}

/// A list of packages whose functions wait for a question.
pub struct Listed {
    /// The package of each spelling in the function table.
    owners: Vec<Option<Owner>>,
}

/// The functions of the program, or its packages where a question about the functions comes later.
pub fn read(program: &Program<'_>) -> Linked {
    let tables = &program.tables;
    let image = tables.image();
    let main = program.main_package().or(program.guessed_main());
    let Some(table) = tables.pclntab() else {
        return without_pclntab(program, main);
    };
    // Obfuscators rename functions and packages, and write this as the version (garble).
    let are_true = program.version_text.as_deref() != Some("unknown");
    let packages = tables.functions();
    let found = &packages.names;
    let is_whole = !found.is_cut && are_true;
    if program.asked.is_some() && can_answer(program, table) {
        let owners = owners(found, packages, main);
        let builder = gather(Vec::new(), &NameRuns::default(), &owners);
        let functions = builder.finish(FunctionSource::FunctionTable, is_whole);
        return Linked {
            functions: (!functions.is_empty()).then_some(functions),
            listed: Some(Listed { owners }),
            ..Linked::default()
        };
    }
    // One more than the limit shows that something is missing.
    let Some(names) = table.all_names(image, NAMES_LIMIT + 1) else {
        let (names, is_whole) = of_old_pclntab(image, table);
        let builder = gather_apart(names, packages, main);
        let functions = builder.finish(FunctionSource::FunctionTable, is_whole && are_true);
        return Linked {
            functions: (!functions.is_empty()).then_some(functions),
            // Programs of Go 1.8 and older have no names of functions that exist only inlined.
            names: is_whole.then_some(NameTable::Apart),
            ..Linked::default()
        };
    };
    let names_to_check = NameTable::of(&names);
    let owners = owners(found, packages, main);
    let mut literals = literals_of(program, found, &owners, &names);
    let builder = gather(names, found, &owners);
    let mut functions = builder.finish(FunctionSource::FunctionTable, is_whole);
    let source = source_of(program, program.build_info.as_ref());
    let known = &mut Known {
        functions: &mut functions,
        add: &mut |_, _| (),
    };
    let missing = match inlined::read(&source, &mut literals, known) {
        Ok(hidden) => {
            functions.reveal(hidden);
            None
        }
        Err(untold) => {
            functions.mark_incomplete();
            Some(are_missing(untold))
        }
    };
    Linked {
        functions: (!functions.is_empty()).then_some(functions),
        names: Some(names_to_check),
        missing,
        listed: None,
    }
}

/// The functions of a program of Go 1.0 and 1.1, of another compiler, or with a damaged table.
fn without_pclntab(program: &Program<'_>, main: Option<&str>) -> Linked {
    let tables = &program.tables;
    let image = tables.image();
    let functions = if let Some(table) = tables.gosymtab() {
        let mut names = Names::default();
        table.function_names(image, &mut |name| names.add(name));
        let builder = gather_apart(names, tables.functions(), main);
        builder.finish(FunctionSource::FunctionTable, false)
    } else {
        let foreign = program.identity.foreign.as_ref();
        let names = of_symbols(image, foreign.map(|f| f.compiler));
        let packages = Table::of_names(&names.0);
        let owners = owners(&packages.names, &packages, main);
        let builder = gather(names.0, &packages.names, &owners);
        builder.finish(FunctionSource::SymbolTable, false)
    };
    Linked {
        functions: (!functions.is_empty()).then_some(functions),
        ..Linked::default()
    }
}

/// Whether functions can be looked for one by one: their names are in a table of their own, and literals tell of functions by name. All are read
/// otherwise.
fn can_answer(program: &Program<'_>, table: &Pclntab) -> bool {
    let size = table.names.1;
    table.layout != Layout::Go12
        && size <= NAMES_LIMIT as u64
        && !inlined::are_nameless(program.minor())
}

/// Adds the functions that the caller of a program asks about to the list of its packages.
pub fn answer(program: &Program<'_>, binary: &mut Binary, listed: &Listed) -> Option<Answer> {
    let question = (program.asked?.0)(binary);
    if question.is_empty() {
        return None;
    }
    let source = source_of(program, binary.build_info.as_ref());
    let functions = binary.functions.as_mut()?;
    answer::answer(&source, listed, &question, functions)
}

fn source_of<'p, 'i>(
    program: &'p Program<'i>,
    info: Option<&'p BuildInfo>,
) -> inlined::Source<'p, 'i> {
    inlined::Source {
        tables: &program.tables,
        minor: program.minor(),
        info,
    }
}

/// All literals that may tell of functions without a name.
fn literals_of<'n>(
    program: &Program<'_>,
    found: &'n NameRuns,
    owners: &'n [Option<Owner>],
    names: &[u8],
) -> Literals<'n> {
    let all = inlined::are_nameless(program.minor());
    let mut literals = Literals::new(found, owners, names.len() as u64, all);
    let mut start = 0;
    for end in memchr::memchr_iter(0, names) {
        literals.add(start as u64, names.get(start..end).unwrap_or_default());
        start = end + 1;
    }
    literals
}

/// What the function table of a program lacks, as a sentence for the record; `None`: it names every function.
pub fn missing(program: &Program<'_>, names: &NameTable) -> Option<String> {
    let gap = whole_names::check(&program.tables, names).err()?;
    Some(are_missing(gap))
}

fn are_missing(why: impl std::fmt::Display) -> String {
    format!("the function table does not name all functions: {why}")
}

/// The functions of names that were put together from several places.
fn gather_apart(names: Names, packages: &Table, main: Option<&str>) -> Builder {
    let found = NameRuns::of(&names.0);
    let owners = owners(&found, packages, main);
    gather(names.0, &found, &owners)
}

/// The names in a function table of the 1.2 layout, and whether they are all, those of functions that exist only inlined included.
fn of_old_pclntab(image: &Image<'_>, table: &Pclntab) -> (Names, bool) {
    let mut names = Names::default();
    let mut count = 0;
    table.function_names::<()>(image, &mut |name| {
        count += 1;
        names.add(name);
        ControlFlow::Continue(())
    });
    let has_inlined = old_inlining::names(image, table, &mut |name| names.add(name));
    (names, has_inlined && count == table.functions)
}

/// The names of code in the symbol table, for programs without a function table: those of other compilers, and those with
/// damaged tables.
fn of_symbols(image: &Image<'_>, compiler: Option<Compiler>) -> Names {
    let mut names = Names::default();
    image.symbols::<()>(&mut |symbol| {
        let segment = image.segment_at(symbol.address);
        if segment.is_some_and(|segment| segment.executable) {
            match compiler {
                Some(Compiler::Gccgo) => gccgo::plain(symbol.name, &mut |name| names.add(name)),
                Some(Compiler::TinyGo) | Some(Compiler::Gc) | None => {
                    // The calling convention (src/cmd/link/internal/loader, Go 1.17 and newer).
                    let name = symbol.name;
                    let name = name.strip_suffix(b".abi0").unwrap_or(name);
                    names.add(name.strip_suffix(b".abiinternal").unwrap_or(name));
                }
            }
        }
        ControlFlow::Continue(())
    });
    names
}

/// Names, each ended by a zero.
#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn add(&mut self, name: &[u8]) {
        // One more than the limit shows that something is missing.
        if self.0.len() <= NAMES_LIMIT {
            self.0.extend_from_slice(name);
            self.0.push(0);
        }
    }
}
