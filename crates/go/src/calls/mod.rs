//! The references between functions: calls, jumps, function values, and methods in type descriptors.
//!
//! A direct call or jump is certain. Other references only show what is possible: code that takes the address of a function, of
//! data that holds one, or of a type with methods may call it later. So a chain of direct calls proves that code leads to the
//! function; a chain with other steps says how they were seen.

mod ask;
pub mod capabilities;
mod chain;
mod data;
pub mod decode;
mod goroutines;
mod init_tasks;
mod name;
mod references;
mod types;

pub use ask::ask;
pub use chain::ChainTree;

use super::tables::Tables;
use super::tables::rows::{Row, Rows};
use data::{Data, DataReference};
use decode::Code;
use gospect_bytes::WindowLimit;
use gospect_exe::{Format, Image, WasmFunctions};
use gospect_record::why::By;
use references::CodeReferences;
use std::fmt;
use types::Types;

/// Why there is no graph of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoGraph {
    /// There is no readable function table.
    NoFunctions,
    /// The instructions of its architecture cannot be decoded.
    Architecture,
    /// It is larger than that of any real program.
    TooLarge,
    /// A limit of memory or reads let only a part of the program be read, so a graph would lack calls.
    ReadInPart(WindowLimit),
}

impl fmt::Display for NoGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadInPart(limit) => return limit.fmt(f),
            Self::NoFunctions => "it has no function table that can be read",
            Self::Architecture => "instructions of its architecture are not read",
            Self::TooLarge => "it has more references than any honest program",
        })
    }
}

impl std::error::Error for NoGraph {}

/// A reference of one function to another or to a piece of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    /// The node that refers.
    from: u32,
    /// The node that it refers to.
    to: u32,
    by: By,
}

/// The functions of a program and their references. Nodes are the functions, by their numbers in the table, followed by the
/// pieces of data.
pub struct Graph<'t, 'i> {
    image: &'t Image<'i>,
    rows: Rows<'t, 'i>,
    decoder: decode::Decoder,
    bodies: Bodies,
    /// What code refers to, by function.
    references: CodeReferences,
    data: Data,
    /// Index in `edges` of the first edge of each function, and one more for the end.
    first_edges: Vec<u32>,
    /// The nodes that functions refer to, by function.
    edges: Vec<(u32, By)>,
    /// Functions that start goroutines, and the functions that run in those; sorted.
    goroutine_starts: Vec<(u32, u32)>,
    /// Functions that the runtime calls before `main.main`, sorted; empty where the program has no list of them.
    initialisers: Vec<u32>,
}

impl<'t, 'i> Graph<'t, 'i> {
    /// Reads the code of all functions, and the data.
    ///
    /// # Errors
    /// [`NoGraph`] says what is missing.
    pub fn read(tables: &'t Tables<'i>) -> Result<Self, NoGraph> {
        let graph = Self::read_parts(tables);
        let image = tables.image();
        match image.window().limit_reached() {
            Some(limit) => Err(NoGraph::ReadInPart(limit)),
            None => graph,
        }
    }

    /// Says that the file was not read whole, if that happened since the graph was read.
    ///
    /// # Errors
    /// [`NoGraph::ReadInPart`].
    fn check_limit(&self) -> Result<(), NoGraph> {
        match self.image.window().limit_reached() {
            Some(limit) => Err(NoGraph::ReadInPart(limit)),
            None => Ok(()),
        }
    }

    fn read_parts(tables: &'t Tables<'i>) -> Result<Self, NoGraph> {
        let image = tables.image();
        let decoder = image
            .arch
            .and_then(decode::decoder)
            .ok_or(NoGraph::Architecture)?;
        let rows = Rows::read(tables).ok_or(NoGraph::NoFunctions)?;
        let bodies = Bodies::of(image);
        let mut references = CodeReferences::read(image, &rows, &bodies, decoder)?;
        let types = Types::find(tables, rows.shift());
        let data =
            Data::read(image, &rows, &types, &references.addresses()).ok_or(NoGraph::TooLarge)?;
        let (all, goroutine_starts) = references.take_edges(image, &rows, &data);
        let mut first_edges = Vec::with_capacity(rows.all.len() + 1);
        let mut edges = Vec::with_capacity(all.len());
        let mut rest = all.iter().peekable();
        for function in 0..rows.all.len() {
            first_edges.push(edges.len() as u32);
            while let Some(edge) = rest.next_if(|edge| edge.from as usize == function) {
                edges.push((edge.to, edge.by));
            }
        }
        first_edges.push(edges.len() as u32);
        let mut initialisers = init_tasks::read(tables, &rows);
        initialisers.sort_unstable();
        Ok(Self {
            image,
            rows,
            decoder,
            bodies,
            references,
            data,
            first_edges,
            edges,
            goroutine_starts,
            initialisers,
        })
    }

    /// The number of functions with a body.
    pub fn functions(&self) -> usize {
        self.rows.all.len()
    }

    /// The name of a function as the table spells it.
    pub fn name(&self, function: usize) -> &'t [u8] {
        self.rows.name(function).unwrap_or_default()
    }

    /// The function that contains an address.
    pub(crate) fn function_at(&self, address: u64) -> Option<usize> {
        self.rows.at(address)
    }

    /// Source file and line of an instruction of a function.
    pub fn line(&self, function: usize, pc: u64) -> Option<(String, u32)> {
        self.rows.line(function, pc)
    }

    /// The functions that a function calls or jumps to directly, by number.
    pub fn calls(&self, function: usize) -> impl Iterator<Item = usize> + '_ {
        self.edges_of(function)
            .iter()
            .filter(|(_, by)| *by == By::Call)
            .map(|(to, _)| *to as usize)
    }

    /// The nodes that a function refers to.
    fn edges_of(&self, function: usize) -> &[(u32, By)] {
        let index = |i: usize| self.first_edges.get(i).copied().unwrap_or_default() as usize;
        let range = index(function)..index(function + 1);
        self.edges.get(range).unwrap_or_default()
    }

    /// Visits every node that a node refers to: the node, how, and whether the reference may be of another piece of data.
    fn visit_references(&self, node: u32, visit: &mut dyn FnMut(u32, By, bool)) {
        let functions = self.functions() as u32;
        match node.checked_sub(functions) {
            None => {
                for (to, by) in self.edges_of(node as usize) {
                    visit(*to, *by, false);
                }
            }
            Some(piece) => {
                for reference in self.data.references_of(piece) {
                    match reference {
                        DataReference::Function(to) => visit(*to, By::Value, false),
                        DataReference::FunctionBehindStrings(to) => visit(*to, By::Value, true),
                        DataReference::InterfaceMethod(to) | DataReference::TypeMethod(to) => {
                            visit(*to, By::Method, false);
                        }
                        DataReference::Piece(to) => {
                            visit(to.saturating_add(functions), By::Value, false);
                        }
                        DataReference::PieceBehindStrings(to) => {
                            visit(to.saturating_add(functions), By::Value, true);
                        }
                        DataReference::Listed(to) => {
                            visit(to.saturating_add(functions), By::Method, false);
                        }
                    }
                }
            }
        }
    }

    /// Whether a function starts a goroutine with another.
    fn starts_goroutine(&self, from: u32, to: u32) -> bool {
        self.goroutine_starts.binary_search(&(from, to)).is_ok()
    }

    fn node_count(&self) -> usize {
        self.functions() + self.data.len()
    }
}

/// Where the code of each function is, and what its instructions need besides.
struct Bodies {
    /// Address of the table of contents (ppc64).
    toc: Option<u64>,
    /// The functions of a WebAssembly module, whose code is not part of its memory.
    wasm: Option<WasmFunctions>,
}

impl Bodies {
    fn of(image: &Image<'_>) -> Self {
        Self {
            toc: toc(image),
            wasm: WasmFunctions::read(image),
        }
    }

    /// The code of a function.
    fn code<'i>(&self, image: &'i Image<'_>, row: &Row) -> Option<Code<'i>> {
        let bytes = match &self.wasm {
            Some(wasm) => {
                let number =
                    (row.start >> decode::PLACE_BITS).checked_sub(decode::FIRST_FUNCTION)?;
                let (offset, size) = *wasm.bodies.get(usize::try_from(number).ok()?)?;
                image.window().get(offset, u64::from(size))?
            }
            None => image.bytes_upto(row.start, row.end - row.start)?,
        };
        Some(Code {
            bytes,
            start: row.start,
            big_endian: image.big_endian,
            toc: self.toc,
            imported: self.wasm.as_ref().map_or(0, |wasm| wasm.imported),
        })
    }
}

/// The address in the register of the table of contents of a ppc64 program.
pub fn toc(image: &Image<'_>) -> Option<u64> {
    const O_TOC: u64 = 24 + 24;
    match (image.format, image.arch?) {
        (Format::Xcoff, "ppc64") => {
            let bytes = image.window().get(O_TOC, 8)?;
            Some(image.number(bytes)).filter(|toc| *toc != 0)
        }
        (Format::Elf, "ppc64" | "ppc64le") => {
            let got = image.section(b".got").or(image.section(b".toc"))?;
            got.address.checked_add(0x8000)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
