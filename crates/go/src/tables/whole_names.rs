//! Whether the table of names has the names of all functions of a program, those that exist only inlined included
//! (src/cmd/link/internal/ld/pcln.go, src/runtime/symtab.go, src/runtime/symtabinl.go, Go 1.9 to 1.27).
//!
//! The runtime reads the slices of the moduledata, not the header of the function table, so a program runs with a header that leaves names
//! out. Every function and every inlined call has the offset of its name, which must be the start of a name in the table.

use super::Tables;
use super::inlining::Shape;
use super::moduledata::Moduledata;
use super::pc_values::call_count;
use super::pclntab::{Pclntab, position_of_name};
use super::places::{self, Look};
use gospect_exe::Image;
use gospect_record::functions::NAMES_LIMIT;
use std::ops::RangeInclusive;

/// The function to which every goroutine returns; every program and plugin has it (src/runtime/asm_amd64.s and others).
const RUNTIME: &[u8] = b"runtime.goexit";
/// More zeros after the last name than any alignment needs.
const PADDING: u64 = 64;
/// More bytes than the structure of a function has with the tables behind it.
const LONGEST_STRUCTURE: usize = 1 << 12;
/// Words of the moduledata of which one is `gofunc`, from which the offsets of inline trees count: 38 in Go 1.18, 40 since Go 1.20, 43 since
/// Go 1.27. The one with which every tree is valid is right.
const GOFUNC: RangeInclusive<u64> = 36..=48;

/// Why names may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// The names are longer than is kept.
    #[error("it is too large")]
    TooLarge,
    /// There is no moduledata to compare with.
    #[error("no moduledata confirms its size")]
    NoModuledata,
    /// The header and the moduledata disagree.
    #[error("its header and the moduledata state different sizes")]
    Sizes,
    /// The last name has no end.
    #[error("the last name has no end")]
    End,
    /// The functions cannot be read.
    #[error("not all functions can be read")]
    Functions,
    /// A function has a name that is not in the table.
    #[error("names of functions are missing")]
    Function,
    /// An inlined function has a name that is not in the table.
    #[error("names of inlined functions are missing")]
    Inlined,
    /// The program is linked with functions of another file.
    #[error("the program uses Go functions of shared libraries")]
    Shared,
    /// The runtime is not among the functions.
    #[error("the functions of the runtime are not in it")]
    NoRuntime,
}

/// The names to check.
pub enum NameTable {
    /// In a table of their own (Go 1.16 and newer).
    Together(Starts),
    /// Anywhere in the function table: each was read from its function (up to Go 1.15).
    Apart,
}

impl NameTable {
    /// Names that follow each other, each ended by a zero.
    pub fn of(names: &[u8]) -> Self {
        Self::Together(Starts::of(names))
    }
}

/// What keeps the names from being those of all functions.
///
/// # Errors
/// The first gap.
pub fn check(tables: &Tables<'_>, names: &NameTable) -> Result<(), Gap> {
    let (image, table) = (tables.image(), tables.pclntab().ok_or(Gap::Functions)?);
    let module = check_sizes(tables, table)?;
    let NameTable::Together(names) = names else {
        return check_runtime(image, table.has_function(image, RUNTIME) == Some(true));
    };
    if table.names.1 > NAMES_LIMIT as u64 {
        return Err(Gap::TooLarge);
    }
    let stated = module.name_bytes(image).ok_or(Gap::NoModuledata)?;
    names.check_end(stated, table.names.1)?;
    FunctionTable::read(image, table, module)?.check(names)?;
    check_runtime(image, names.has_runtime)
}

/// Compares the header with the moduledata, which has an entry more: the end of the last function.
fn check_sizes<'t>(tables: &'t Tables<'_>, table: &Pclntab) -> Result<&'t Moduledata, Gap> {
    let module = tables.moduledata().ok_or(Gap::NoModuledata)?;
    let count = module.function_count(tables.image(), table.layout);
    match count == table.functions.checked_add(1) {
        true => Ok(module),
        false => Err(Gap::Sizes),
    }
}

/// Programs linked with `-linkshared` have the runtime in a shared library, and undefined symbols with Go's names.
fn check_runtime(image: &Image<'_>, has_runtime: bool) -> Result<(), Gap> {
    if image.has_undefined_symbol(&mut is_of_go) {
        return Err(Gap::Shared);
    }
    match has_runtime {
        true => Ok(()),
        false => Err(Gap::NoRuntime),
    }
}

/// Whether a symbol has a name as Go's linker writes it: a package, a dot, a function. Names of C and C++ have no dots.
fn is_of_go(name: &[u8]) -> bool {
    memchr::memrchr(b'.', name).is_some_and(|dot| dot > 0 && dot + 1 < name.len())
}

/// Where the names of a table begin.
#[derive(Default)]
pub struct Starts {
    /// A bit for each byte of the table.
    bits: Vec<u64>,
    /// Bytes of the table.
    size: u64,
    /// Bytes up to the end of the last name, without its zero.
    text_end: u64,
    /// Whether [`RUNTIME`] is among the names.
    has_runtime: bool,
}

impl Starts {
    /// No name yet, with room for so many bytes of names.
    pub fn with_room(size: u64) -> Self {
        let words = usize::try_from(size.div_ceil(64)).unwrap_or_default();
        Self {
            bits: vec![0; words],
            ..Self::default()
        }
    }

    fn of(names: &[u8]) -> Self {
        let mut starts = Self::with_room(names.len() as u64);
        let mut start = 0;
        for end in memchr::memchr_iter(0, names).chain([names.len()]) {
            starts.add(start as u64, (end - start) as u64);
            start = end + 1;
        }
        starts.end(0, names);
        starts
    }

    /// Adds the name of `length` bytes that begins at a place; an empty one is none.
    #[inline]
    pub fn add(&mut self, start: u64, length: u64) {
        if length > 0
            && let Some(word) = self.bits.get_mut((start / 64) as usize)
        {
            *word |= 1 << (start % 64);
            self.text_end = start + length;
        }
    }

    /// Ends a piece, all whole names of which were added; the piece is `from` bytes after the start of the table.
    pub fn end(&mut self, from: u64, piece: &[u8]) {
        self.size = from + piece.len() as u64;
        self.has_runtime |= position_of_name(piece, RUNTIME).is_some();
    }

    /// Whether a name, not an empty one, begins at this offset.
    fn has(&self, offset: u64) -> bool {
        let word = usize::try_from(offset / 64).ok();
        let word = word.and_then(|word| self.bits.get(word));
        word.is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }

    /// Whether the names end where the moduledata says, with only zeros after them up to the next table, `size` bytes after the first name.
    fn check_end(&self, stated: u64, size: u64) -> Result<(), Gap> {
        if stated > size || size - stated >= PADDING {
            return Err(Gap::Sizes);
        }
        // Names without an end are not in the copy.
        match self.size == size && self.text_end < stated {
            true => Ok(()),
            false => Err(Gap::End),
        }
    }
}

/// The offsets of the tables of a function: its pc table of calls in the upper half, and its inline tree. One number is sorted fastest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TreeOf(u64);

impl TreeOf {
    fn new(calls: u32, tree: u32) -> Self {
        Self(u64::from(calls) << 32 | u64::from(tree))
    }

    fn calls(self) -> u64 {
        self.0 >> 32
    }

    fn tree(self) -> u32 {
        self.0 as u32
    }
}

/// The rows of a function table and the structures that they point at.
struct FunctionTable<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    module: &'t Moduledata,
    /// The rows: offsets of a function and of its structure.
    rows: &'t [u8],
    /// Where the rows and the structures are (`moduledata.pclntable`): address and size.
    part: (u64, u64),
}

impl<'t, 'i> FunctionTable<'t, 'i> {
    fn read(image: &'t Image<'i>, table: &'t Pclntab, module: &'t Moduledata) -> Result<Self, Gap> {
        let (start, size) = module.function_bytes(image).ok_or(Gap::Functions)?;
        if start != table.function_table.0 || size > table.function_table.1 {
            return Err(Gap::Functions);
        }
        let of_rows = table.column(image).checked_mul(2);
        let of_rows = of_rows.and_then(|row| row.checked_mul(table.functions));
        let of_rows = of_rows.filter(|rows| *rows <= size).ok_or(Gap::Function)?;
        Ok(Self {
            image,
            table,
            module,
            rows: image.bytes(start, of_rows).ok_or(Gap::Functions)?,
            part: (start, size),
        })
    }

    /// Checks the names of all functions, and those in their inline trees. Go 1.16 and 1.17 keep these elsewhere; there the functions themselves
    /// must do.
    fn check(&self, names: &Starts) -> Result<(), Gap> {
        let shape = Shape::of(self.table, None);
        let trees = self.trees(shape.as_ref(), names)?;
        let Some(shape) = shape.filter(|_| !trees.is_empty()) else {
            return Ok(());
        };
        let calls = self.calls(trees).ok_or(Gap::Functions)?;
        let mut bases = GOFUNC.filter_map(|word| self.module.word(self.image, word));
        match calls.is_empty() || bases.any(|base| self.are_named(&calls, base, &shape, names)) {
            true => Ok(()),
            false => Err(Gap::Inlined),
        }
    }

    /// Checks the names of all functions, and gives the trees that they have.
    fn trees(&self, shape: Option<&Shape>, names: &Starts) -> Result<Vec<TreeOf>, Gap> {
        let word = usize::try_from(self.table.column(self.image)).unwrap_or(usize::MAX);
        let number = |bytes: &[u8]| self.image.number(bytes);
        let rows = self.rows.chunks_exact(word.saturating_mul(2));
        let places = rows.filter_map(|row| Some(number(row.get(word..)?)));
        let mut sorted = Vec::new();
        if !places.clone().is_sorted() {
            sorted.extend(places.clone());
            sorted.sort_unstable();
        }
        let in_order = sorted.is_empty().then_some(places);
        let places = in_order.into_iter().flatten().chain(sorted);
        let mut trees = Vec::new();
        let are_named = places::visit(
            self.image,
            self.part,
            places.map(|place| (place, ())),
            |(), func, is_last| {
                if func.len() < LONGEST_STRUCTURE && !is_last {
                    return Look::More;
                }
                // _func begins with the entry of the function, then the offset of its name.
                let name = func.get(word..word + 4).map(number);
                if !name.is_some_and(|name| names.has(name)) {
                    return Look::Stop;
                }
                let tables = shape.and_then(|shape| shape.tables_in(func, number));
                if let Some((index, tree)) = tables
                    && let (Ok(index), Ok(tree)) = (u32::try_from(index), u32::try_from(tree))
                {
                    trees.push(TreeOf::new(index, tree));
                }
                Look::Enough
            },
        );
        match are_named {
            Some(true) => Ok(trees),
            Some(false) => Err(Gap::Function),
            None => Err(Gap::Functions),
        }
    }

    /// The offset of each inline tree, and the number of its calls.
    fn calls(&self, mut trees: Vec<TreeOf>) -> Option<Vec<(u32, u64)>> {
        let files = self.table.file_table;
        let start = files.0.checked_add(files.1)?;
        let size = self.table.function_table.0.checked_sub(start)?;
        let mut runs_left = self.image.window().len().saturating_mul(4);
        let mut calls = Vec::with_capacity(trees.len());
        // Functions share equal pc tables.
        trees.sort_unstable();
        let same = trees.chunk_by(|a, b| a.calls() == b.calls());
        let places = same.filter_map(|same| Some((same.first()?.calls(), same)));
        let are_read = places::visit(self.image, (start, size), places, |same, table, _| {
            let left = runs_left;
            let Some(count) = call_count(table, &mut runs_left) else {
                runs_left = left;
                return Look::More;
            };
            if count > 0 {
                calls.extend(same.iter().map(|of| (of.tree(), count)));
            }
            Look::Enough
        });
        calls.sort_unstable();
        calls.dedup();
        are_read.filter(|are_read| *are_read).map(|_| calls)
    }

    /// Whether every call of every tree has a name, if the offsets of trees count from this address.
    fn are_named(&self, calls: &[(u32, u64)], base: u64, shape: &Shape, names: &Starts) -> bool {
        let name_at = usize::try_from(shape.call_name).unwrap_or(usize::MAX);
        let call_size = usize::try_from(shape.call).unwrap_or(usize::MAX);
        let end = |(tree, count): &(u32, u64)| {
            let size = count.checked_mul(shape.call)?;
            u64::from(*tree).checked_add(size)
        };
        let ends = calls.iter().map(|call| end(call).unwrap_or(u64::MAX));
        let (Some((first, _)), Some(end)) = (calls.first(), ends.max()) else {
            return true;
        };
        let first = u64::from(*first);
        let places = calls.iter();
        let places = places.map(|(tree, count)| (u64::from(*tree) - first, *count));
        let part = base.checked_add(first).zip(end.checked_sub(first));
        let are_named = part.and_then(|part| {
            places::visit(self.image, part, places, |count, bytes, _| {
                let size = usize::try_from(*count).unwrap_or(usize::MAX);
                let Some(calls) = bytes.get(..size.saturating_mul(call_size)) else {
                    return Look::More;
                };
                let is_named = |call: &[u8]| {
                    let name = call.get(name_at..name_at + 4);
                    name.is_some_and(|name| names.has(self.image.number(name)))
                };
                match calls.chunks_exact(call_size).all(is_named) {
                    true => Look::Enough,
                    false => Look::Stop,
                }
            })
        });
        are_named == Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_starts_after_a_zero_byte() {
        let long = format!("a.F\0b.{}\0\0c.H\0\0\0", "G".repeat(100));
        let names = Starts::of(long.as_bytes());
        let starts: Vec<u64> = (0..200).filter(|at| names.has(*at)).collect();
        assert_eq!(starts, [0, 4, 108]);
        assert!(!names.has(u64::MAX));
        assert!(!Starts::of(b"").has(0));
    }

    #[test]
    fn the_names_end_where_the_moduledata_says() {
        let check = |names: &[u8], stated, size| Starts::of(names).check_end(stated, size);
        assert_eq!(check(b"a.F\0b.G\0\0\0", 8, 10), Ok(()));
        assert_eq!(check(b"a.F\0b.G\0\0\0", 10, 10), Ok(()));
        assert_eq!(check(b"a.F\0b.G\0", 8, 8), Ok(()));
        // Cut inside a name, which is not copied then; followed by another one; more than there is.
        assert_eq!(check(b"a.F\0", 6, 6), Err(Gap::End));
        assert_eq!(check(b"a.F\0b.G\0", 4, 8), Err(Gap::End));
        assert_eq!(check(b"a.F\0", 8, 4), Err(Gap::Sizes));
        assert_eq!(check(&[0; 100], 4, 100), Err(Gap::Sizes));
        assert_eq!(check(b"a.F\0", 0, 4), Err(Gap::End));
    }

    #[test]
    fn symbols_of_go_have_a_package() {
        for (name, is) in [
            ("net/http.(*Server).Serve.abiinternal", true),
            ("runtime.makeslice", true),
            ("type:runtime.Cleanup", true),
            ("fmt.Println", true),
            ("malloc", false),
            ("_ZNSt6vectorIiSaIiEE9push_backEi", false),
            (".malloc", false),
            ("", false),
        ] {
            assert_eq!(is_of_go(name.as_bytes()), is, "{name}");
        }
    }
}
