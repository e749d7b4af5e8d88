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
mod types;

pub use ask::ask;
pub use chain::Ways;

use super::tables::Tables;
use super::tables::rows::{Row, Rows};
use data::{Data, Held};
use decode::{Code, Reference};
use goroutines::Goroutines;
use gospect_exe::{Format, Image, WasmFunctions};
use gospect_record::why::By;
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
}

impl fmt::Display for NoGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoFunctions => "it has no function table that can be read",
            Self::Architecture => "instructions of its architecture are not read",
            Self::TooLarge => "it has more references than any honest program",
        })
    }
}

impl std::error::Error for NoGraph {}

/// Most edges to keep; the largest programs known have three million.
const EDGES_LIMIT: usize = 24 << 20;

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
    data: Data,
    /// Index of the first edge of each function, and one more for the end.
    first: Vec<u32>,
    edges: Vec<(u32, By)>,
    /// Functions that start goroutines, and the functions that run in those; sorted.
    started: Vec<(u32, u32)>,
    /// Functions that the runtime calls before `main.main`, sorted; empty where the program has no list of them.
    initialisers: Vec<u32>,
}

impl<'t, 'i> Graph<'t, 'i> {
    /// Reads the code of all functions, and the data.
    ///
    /// # Errors
    /// [`NoGraph`] says what is missing.
    pub fn read(tables: &'t Tables<'i>) -> Result<Self, NoGraph> {
        let image = tables.image();
        let decoder = image
            .arch
            .and_then(decode::decoder)
            .ok_or(NoGraph::Architecture)?;
        let rows = Rows::read(tables).ok_or(NoGraph::NoFunctions)?;
        let types = Types::find(tables, rows.shift);
        let functions = rows.all.len();
        let bodies = Bodies::of(image);
        let mut calls: Vec<Edge> = Vec::new();
        let mut named: Vec<(u32, u64)> = Vec::new();
        let mut goroutines = Goroutines::new(image, &rows);
        for (i, row) in rows.all.iter().enumerate() {
            let from = i as u32;
            let Some(code) = bodies.code(image, row) else {
                continue;
            };
            let (calls_before, named_before) = (calls.len(), named.len());
            goroutines.begin();
            decoder(code, &mut |_, reference| {
                goroutines.see(from, reference);
                let target = match reference {
                    Reference::Call(target) => target,
                    Reference::Jump(target) if target < row.start || target >= row.end => target,
                    Reference::Jump(_) => return,
                    Reference::Address(address) => {
                        if image.segment_at(address).is_some() || rows.at(address).is_some() {
                            named.push((from, address));
                        }
                        return;
                    }
                };
                if let Some(to) = rows.at(target) {
                    calls.push(Edge {
                        from,
                        to: to as u32,
                        by: By::Call,
                    });
                }
            });
            drop_repeated(&mut calls, calls_before);
            drop_repeated(&mut named, named_before);
            if calls.len() + named.len() > EDGES_LIMIT {
                return Err(NoGraph::TooLarge);
            }
        }
        let mut initialisers = init_tasks::read(tables, &rows);
        initialisers.sort_unstable();
        let mut started = goroutines.starts;
        started.sort_unstable();
        started.dedup();
        calls.extend(started.iter().map(|(from, to)| Edge {
            from: *from,
            to: *to,
            by: By::Value,
        }));
        let addresses: Vec<u64> = {
            let mut all: Vec<u64> = named.iter().map(|n| n.1).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let data = Data::read(image, &rows, &types, &addresses).ok_or(NoGraph::TooLarge)?;
        for (from, address) in named {
            if let Some(to) = rows.at(address) {
                // Code in the middle of another function may also be a jump target, as in assembly.
                if to != from as usize || rows.starting(address).is_some() {
                    calls.push(Edge {
                        from,
                        to: to as u32,
                        by: By::Value,
                    });
                }
            } else if image.segment_at(address).is_some()
                && let Some(piece) = data.at(address)
            {
                calls.push(Edge {
                    from,
                    to: piece.saturating_add(functions as u32),
                    by: By::Value,
                });
            }
        }
        calls.sort_unstable();
        // One edge for each pair; a call counts more than a value, and comes first.
        calls.dedup_by_key(|e| (e.from, e.to));
        let mut first = Vec::with_capacity(functions + 1);
        let mut edges = Vec::with_capacity(calls.len());
        let mut rest = calls.iter().peekable();
        for i in 0..functions {
            first.push(edges.len() as u32);
            while let Some(edge) = rest.next_if(|e| e.from as usize == i) {
                edges.push((edge.to, edge.by));
            }
        }
        first.push(edges.len() as u32);
        Ok(Self {
            image,
            rows,
            decoder,
            bodies,
            data,
            first,
            edges,
            started,
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
        self.out(function)
            .iter()
            .filter(|e| e.1 == By::Call)
            .map(|e| e.0 as usize)
    }

    fn out(&self, function: usize) -> &[(u32, By)] {
        let from = self.first.get(function).copied().unwrap_or_default() as usize;
        let to = self.first.get(function + 1).copied().unwrap_or_default() as usize;
        self.edges.get(from..to).unwrap_or_default()
    }

    /// Visits every node that a node refers to.
    fn next(&self, node: u32, visit: &mut dyn FnMut(u32, By)) {
        let functions = self.functions() as u32;
        match node.checked_sub(functions) {
            None => {
                for (to, by) in self.out(node as usize) {
                    visit(*to, *by);
                }
            }
            Some(piece) => {
                for held in self.data.held(piece) {
                    match held {
                        Held::Function(to) => visit(*to, By::Value),
                        Held::Method(to) | Held::Kept(to) => visit(*to, By::Method),
                        Held::Piece(to) => visit(to.saturating_add(functions), By::Value),
                        Held::Listed(to) => visit(to.saturating_add(functions), By::Method),
                    }
                }
            }
        }
    }

    /// Whether a function starts a goroutine with another.
    fn is_started(&self, from: u32, to: u32) -> bool {
        self.started.binary_search(&(from, to)).is_ok()
    }

    fn nodes(&self) -> usize {
        self.functions() + self.data.len()
    }
}

/// Sorts the items from an index on, and removes duplicates.
fn drop_repeated<T: Ord + Copy>(all: &mut Vec<T>, from: usize) {
    let mut own = all.split_off(from.min(all.len()));
    own.sort_unstable();
    own.dedup();
    all.append(&mut own);
}

/// Where the code of each function is, and what its instructions need besides.
struct Bodies {
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
