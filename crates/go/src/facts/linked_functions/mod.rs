//! The names of all functions that are linked into a program, to answer questions such as whether a vulnerable function is in
//! it.
//!
//! The function table (pclntab) has them in every program that gc builds, stripped or not. Names of functions that exist only
//! inlined have been in it since Go 1.9: in its inline trees, and since Go 1.16 in the table of names. Up to Go 1.8 a small
//! function that is always inlined leaves no name.

mod gccgo;
mod inlined;
mod runs;

use super::program::Program;
use crate::tables::functions::Functions as Table;
use crate::tables::names::NameRuns;
use crate::tables::old_inlining;
use crate::tables::pclntab::Pclntab;
use crate::tables::whole_names::{self, NameTable};
use gospect_exe::Image;
use gospect_record::functions::{Builder, NAMES_LIMIT};
use gospect_record::{Compiler, FunctionSource, Functions};
use runs::gather;
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
}

/// The functions of the program.
pub fn read(program: &Program<'_>) -> Linked {
    let tables = &program.tables;
    let image = tables.image();
    // Obfuscators rename functions and packages, and write this as the version (garble).
    let are_true = program.version_text.as_deref() != Some("unknown");
    let main = program.main_package().or(program.guessed_main());
    let (mut checked, mut missing) = (None, None);
    let functions = if let Some(table) = tables.pclntab() {
        let packages = tables.functions();
        // One more than the limit shows that something is missing.
        if let Some(names) = table.all_names(image, NAMES_LIMIT + 1) {
            let found = &packages.names;
            checked = Some(NameTable::of(&names));
            let builder = gather(names, found, packages, main);
            let is_whole = !found.is_cut && are_true;
            let mut functions = builder.finish(FunctionSource::FunctionTable, is_whole);
            match inlined::read(program, &functions) {
                Ok(hidden) => functions.reveal(hidden),
                Err(untold) => {
                    functions.mark_incomplete();
                    missing = Some(are_missing(untold));
                }
            }
            functions
        } else {
            let (names, is_whole) = of_old_pclntab(image, table);
            // Programs of Go 1.8 and older have no names of functions that exist only inlined.
            checked = is_whole.then_some(NameTable::Apart);
            let builder = gather_apart(names, packages, main);
            builder.finish(FunctionSource::FunctionTable, is_whole && are_true)
        }
    } else if let Some(table) = tables.gosymtab() {
        let mut names = Names::default();
        table.function_names(image, &mut |name| names.add(name));
        let builder = gather_apart(names, tables.functions(), main);
        builder.finish(FunctionSource::FunctionTable, false)
    } else {
        let foreign = program.identity.foreign.as_ref();
        let names = of_symbols(image, foreign.map(|f| f.compiler));
        let packages = Table::of_names(&names.0);
        let builder = gather(names.0, &packages.names, &packages, main);
        builder.finish(FunctionSource::SymbolTable, false)
    };
    Linked {
        functions: (!functions.is_empty()).then_some(functions),
        names: checked,
        missing,
    }
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
    gather(names.0, &found, packages, main)
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
