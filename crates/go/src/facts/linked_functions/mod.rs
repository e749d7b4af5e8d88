//! The names of all functions that are linked into a program, to answer questions such as whether a vulnerable function is in
//! it.
//!
//! The function table (pclntab) has them in every program that gc builds, stripped or not. Names of functions that exist only
//! inlined have been in it since Go 1.9: in its inline trees, and since Go 1.16 in the table of names. Up to Go 1.8 a small
//! function that is always inlined leaves no name.

mod gather;
mod gccgo;
mod name;

use super::program::Program;
use crate::tables::functions::Functions as Table;
use crate::tables::old_inlining;
use crate::tables::pclntab::Pclntab;
use gather::Gather;
use gospect_exe::Image;
use gospect_record::functions::NAMES_LIMIT;
use gospect_record::{Compiler, FunctionSource, Functions};
use std::ops::ControlFlow;

/// The functions of the program, from the best source; `None` when nothing in the file names them.
pub fn read(program: &Program<'_>) -> Option<Functions> {
    let tables = &program.tables;
    let image = tables.image();
    // Obfuscators rename functions and packages, and write this as the version (garble).
    let are_true = program.version_text.as_deref() != Some("unknown");
    let main = program.main_package().or(program.guessed_main());
    let functions = if let Some(table) = tables.pclntab() {
        of_table(
            image,
            table,
            Gather::new(tables.functions(), main),
            are_true,
        )
    } else if let Some(table) = tables.gosymtab() {
        let mut names = Names::default();
        table.function_names(image, &mut |name| names.add(name));
        let mut gather = Gather::new(tables.functions(), main);
        gather.table(&names.0);
        gather.finish(FunctionSource::FunctionTable, false)
    } else {
        let foreign = program.identity.foreign.as_ref();
        of_symbols(image, foreign.map(|f| f.compiler), main)
    };
    (!functions.is_empty()).then_some(functions)
}

fn of_table<'i>(
    image: &'i Image<'_>,
    table: &Pclntab,
    mut gather: Gather<'_, 'i>,
    are_true: bool,
) -> Functions {
    let is_whole = match table.all_names(image) {
        Some(names) => {
            gather.table(names);
            // Few functions share a name, and inlined ones add names of their own.
            gather.count() >= table.functions / 2
        }
        None => {
            table.function_names::<()>(image, &mut |name| {
                gather.name(name);
                ControlFlow::Continue(())
            });
            let has_all = gather.count() == table.functions;
            old_inlining::names(image, table, &mut |name| gather.name(name)) && has_all
        }
    };
    gather.finish(FunctionSource::FunctionTable, is_whole && are_true)
}

/// The names of code in the symbol table, for programs without a function table: those of other compilers, and those with
/// damaged tables.
fn of_symbols(image: &Image<'_>, compiler: Option<Compiler>, main: Option<&str>) -> Functions {
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
    let table = Table::of_names(&names.0);
    let mut gather = Gather::new(&table, main);
    gather.table(&names.0);
    gather.finish(FunctionSource::SymbolTable, false)
}

/// Names, each ended by a zero.
#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn add(&mut self, name: &[u8]) {
        if self.0.len() + name.len() < NAMES_LIMIT {
            self.0.extend_from_slice(name);
            self.0.push(0);
        }
    }
}
