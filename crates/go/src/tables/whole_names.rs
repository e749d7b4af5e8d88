//! Whether the table of names has the names of all functions of a program, those that exist only inlined included
//! (src/cmd/link/internal/ld/pcln.go, src/runtime/symtab.go, src/runtime/symtabinl.go, Go 1.9 to 1.27).
//!
//! The runtime reads the slices of the moduledata, not the header of the function table, so a program runs with a header that leaves names
//! out. Every function and every inlined call has the offset of its name, which must be the start of a name in the table.

use super::Tables;
use super::inlining::Shape;
use super::moduledata::Moduledata;
use super::pc_values::call_count;
use super::pclntab::Pclntab;
use gospect_exe::Image;
use gospect_record::functions::NAMES_LIMIT;
use std::ops::RangeInclusive;

/// The function to which every goroutine returns; every program and plugin has it (src/runtime/asm_amd64.s and others).
const RUNTIME: &[u8] = b"runtime.goexit";
/// More zeros after the last name than any alignment needs.
const PADDING: u64 = 64;
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
    if let NameTable::Together(names) = names {
        if table.names.1 > NAMES_LIMIT as u64 {
            return Err(Gap::TooLarge);
        }
        let stated = module.name_bytes(image).ok_or(Gap::NoModuledata)?;
        names.check_end(stated, table.names.1)?;
        let functions = FunctionTable::read(image, table, module).ok_or(Gap::Functions)?;
        if !functions.all(&mut |function| names.has(function.name)) {
            return Err(Gap::Function);
        }
        functions.check_inlined(names)?;
    }
    check_runtime(tables, table)
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
fn check_runtime(tables: &Tables<'_>, table: &Pclntab) -> Result<(), Gap> {
    let image = tables.image();
    if image.has_undefined_symbol(&mut is_of_go) {
        return Err(Gap::Shared);
    }
    match table.has_function(image, RUNTIME) {
        Some(true) => Ok(()),
        _ => Err(Gap::NoRuntime),
    }
}

/// Whether a symbol has a name as Go's linker writes it: a package, a dot, a function. Names of C and C++ have no dots.
fn is_of_go(name: &[u8]) -> bool {
    memchr::memrchr(b'.', name).is_some_and(|dot| dot > 0 && dot + 1 < name.len())
}

/// Where the names of a table begin.
pub struct Starts {
    /// A bit for each byte of the table.
    bits: Vec<u64>,
    /// Bytes of the table.
    size: u64,
    /// Bytes up to the end of the last name, without its zero.
    text_end: u64,
}

impl Starts {
    fn of(names: &[u8]) -> Self {
        let mut bits = vec![0u64; names.len().div_ceil(64)];
        let mut start = 0;
        for end in memchr::memchr_iter(0, names).chain([names.len()]) {
            if end > start
                && let Some(word) = bits.get_mut(start / 64)
            {
                *word |= 1 << (start % 64);
            }
            start = end + 1;
        }
        let last = names.iter().rposition(|byte| *byte != 0);
        Self {
            bits,
            size: names.len() as u64,
            text_end: last.map_or(0, |last| last as u64 + 1),
        }
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

/// One function as far as its names are concerned.
struct Function<'b> {
    /// Offset of its name.
    name: u64,
    /// Its `_func` and what follows.
    func: &'b [u8],
}

/// The rows of a function table and the structures that they point at.
struct FunctionTable<'t, 'i> {
    image: &'t Image<'i>,
    table: &'t Pclntab,
    module: &'t Moduledata,
    /// From the first row to the last structure (`moduledata.pclntable`).
    bytes: &'t [u8],
}

impl<'t, 'i> FunctionTable<'t, 'i> {
    fn read(image: &'t Image<'i>, table: &'t Pclntab, module: &'t Moduledata) -> Option<Self> {
        let (start, size) = module.function_bytes(image)?;
        let is_same = start == table.function_table.0 && size <= table.function_table.1;
        let bytes = image.bytes(start, size).filter(|_| is_same)?;
        Some(Self {
            image,
            table,
            module,
            bytes,
        })
    }

    /// Whether every function can be read and is accepted.
    fn all(&self, accept: &mut dyn FnMut(Function<'t>) -> bool) -> bool {
        let word = self.table.column(self.image);
        let Ok(word) = usize::try_from(word) else {
            return false;
        };
        let Ok(count) = usize::try_from(self.table.functions) else {
            return false;
        };
        let mut pairs = self.bytes.chunks_exact(2 * word).take(count);
        let read = pairs.by_ref().all(|pair| {
            let function = pair.get(word..).and_then(|offset| {
                let at = usize::try_from(self.image.number(offset)).ok()?;
                let func = self.bytes.get(at..)?;
                // _func begins with the entry of the function, then the offset of its name.
                let name = self.image.number(func.get(word..word + 4)?);
                Some(Function { name, func })
            });
            function.is_some_and(&mut *accept)
        });
        read && self.bytes.len() / (2 * word) >= count
    }

    /// Checks the names in the inline trees. Go 1.16 and 1.17 keep them elsewhere; there the functions themselves must do.
    fn check_inlined(&self, names: &Starts) -> Result<(), Gap> {
        let Some(shape) = Shape::of(self.table, None) else {
            return Ok(());
        };
        let trees = self.trees(&shape).ok_or(Gap::Functions)?;
        let mut bases = GOFUNC.filter_map(|word| self.module.word(self.image, word));
        match trees.is_empty() || bases.any(|base| self.are_named(&trees, base, &shape, names)) {
            true => Ok(()),
            false => Err(Gap::Inlined),
        }
    }

    /// The offset of each inline tree, and the number of its calls.
    fn trees(&self, shape: &Shape) -> Option<Vec<(u64, u64)>> {
        let pcs_at = self
            .table
            .file_table
            .0
            .checked_add(self.table.file_table.1)?;
        let size = self.table.function_table.0.checked_sub(pcs_at)?;
        let pcs = self.image.bytes(pcs_at, size)?;
        let mut runs_left = self.image.window().len().saturating_mul(4);
        let mut trees = Vec::new();
        let is_read = self.all(&mut |function| {
            let number = |bytes: &[u8]| self.image.number(bytes);
            let Some((index, tree)) = shape.tables_in(function.func, number) else {
                return true;
            };
            let calls = usize::try_from(index)
                .ok()
                .and_then(|index| call_count(pcs.get(index..)?, &mut runs_left));
            trees.extend(calls.filter(|calls| *calls > 0).map(|calls| (tree, calls)));
            calls.is_some()
        });
        is_read.then_some(trees)
    }

    /// Whether every call of every tree has a name, if the offsets of trees count from this address.
    fn are_named(&self, trees: &[(u64, u64)], base: u64, shape: &Shape, names: &Starts) -> bool {
        let name_at = usize::try_from(shape.call_name).unwrap_or(usize::MAX);
        let call_size = usize::try_from(shape.call).unwrap_or(usize::MAX);
        trees.iter().all(|(tree, calls)| {
            let start = base.checked_add(*tree);
            let size = calls.checked_mul(shape.call);
            let bytes = start.zip(size);
            let bytes = bytes.and_then(|(start, size)| self.image.bytes(start, size));
            bytes.is_some_and(|bytes| {
                bytes.chunks_exact(call_size).all(|call| {
                    let name = call.get(name_at..name_at + 4);
                    name.is_some_and(|name| names.has(self.image.number(name)))
                })
            })
        })
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
