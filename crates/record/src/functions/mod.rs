//! The names of all functions that are linked into one program.
//!
//! Names have the form of the Go vulnerability database (`Func`, `Type.Method`), so that one look-up answers for an entry of
//! it.

mod builder;
mod coded;
mod refused;

pub use builder::{Builder, Place};
pub use refused::Refused;

use super::{FunctionSource, Word};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::OnceLock;

/// Most bytes of the names of one program; the largest known have 2 MB.
pub const NAMES_LIMIT: usize = 64 << 20;
/// Names of a package up to this size are searched; for larger ones an index is made.
const SEARCHED: usize = 2048;

/// All functions that are linked into one program, including those that exist only inlined, by the import path of their
/// package.
///
/// Package main has the path that the build info gives, if any. Packages that the standard library vendors keep their `vendor/`
/// (`vendor/golang.org/x/net/http2/hpack`), because they belong to the standard library. A name is `Func` or `Type.Method`, for
/// value and pointer receivers alike. Type arguments are left out, and closures, deferred calls, method values and other
/// functions that the compiler derives from a function count as that function. Every `init` of a package is `init`.
#[derive(Clone, Debug)]
pub struct Functions {
    source: Word<FunctionSource>,
    complete: bool,
    /// By path.
    packages: Vec<Package>,
}

/// The functions of one package.
#[derive(Clone, Debug, Default)]
struct Package {
    path: String,
    /// The names, each ended by a zero. In any order and repeated; `index` has them sorted.
    text: String,
    /// Where each name is in the text, sorted, without duplicates. Made when first needed.
    index: OnceLock<Vec<(u32, u32)>>,
}

impl Package {
    fn index(&self) -> &[(u32, u32)] {
        self.index.get_or_init(|| {
            let ends = memchr::memchr_iter(0, self.text.as_bytes());
            let mut start = 0;
            let mut all: Vec<(u32, u32)> = ends
                .filter_map(|end| {
                    let from = std::mem::replace(&mut start, end + 1);
                    // The text is shorter than `NAMES_LIMIT`.
                    Some((u32::try_from(from).ok()?, u32::try_from(end).ok()?))
                })
                .collect();
            all.sort_unstable_by_key(|range| self.name(*range));
            all.dedup_by_key(|range| self.name(*range));
            all
        })
    }

    fn name(&self, (start, end): (u32, u32)) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.index().iter().map(|range| self.name(*range))
    }

    fn contains(&self, name: &str) -> bool {
        if self.text.len() > SEARCHED || self.index.get().is_some() {
            let found = self.index().binary_search_by(|r| self.name(*r).cmp(name));
            return found.is_ok();
        }
        holds(self.text.as_bytes(), name.as_bytes())
    }
}

impl Functions {
    /// Where the names come from.
    pub fn source(&self) -> &Word<FunctionSource> {
        &self.source
    }

    /// Whether a function that is not listed is certainly not in the program. `false` if the source lacks functions that exist
    /// only inlined, or those of other languages, or is damaged.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// The import paths of the packages, sorted. A package may have no function with a name of its own.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = &str> {
        self.packages.iter().map(|p| p.path.as_str())
    }

    /// The functions of a package, sorted; none if the package is not linked.
    pub fn names(&self, package: &str) -> impl ExactSizeIterator<Item = &str> {
        const NONE: &[(u32, u32)] = &[];
        let package = self.package(package);
        let index = package.map_or(NONE, Package::index);
        index
            .iter()
            .map(move |range| package.map_or("", |p| p.name(*range)))
    }

    /// Whether a function is linked.
    pub fn contains(&self, package: &str, name: &str) -> bool {
        self.package(package)
            .is_some_and(|p| !name.is_empty() && p.contains(name))
    }

    /// Whether any function of a package is linked.
    pub fn has_package(&self, package: &str) -> bool {
        self.package(package).is_some()
    }

    /// Number of functions. The first call sorts all names.
    pub fn len(&self) -> usize {
        self.packages.iter().map(|p| p.index().len()).sum()
    }

    /// Whether there is no package.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    fn package(&self, path: &str) -> Option<&Package> {
        let at = self
            .packages
            .binary_search_by(|p| p.path.as_str().cmp(path));
        self.packages.get(at.ok()?)
    }

    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let of = |p: &Package| {
            let index = p.index.get().map_or(0, |i| size_of_val(i.as_slice()));
            size_of::<Package>() + p.path.len() + p.text.len() + index
        };
        self.packages.iter().map(of).sum::<usize>() as u64
    }
}

/// Equal if the functions and the source are the same, whatever the order in which they were added.
impl PartialEq for Functions {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Package, &Package)| a.path == b.path && a.names().eq(b.names());
        self.source == other.source
            && self.complete == other.complete
            && self.packages.len() == other.packages.len()
            && self.packages.iter().zip(&other.packages).all(same)
    }
}

impl Serialize for Functions {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        coded::Functions::of(self)
            .map_err(serde::ser::Error::custom)?
            .serialize(to)
    }
}

impl<'de> Deserialize<'de> for Functions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let coded = coded::Functions::deserialize(from)?;
        coded
            .read()
            .map_err(|e| serde::de::Error::custom(format_args!("functions: {e}")))
    }
}

/// Whether a text of zero-ended names contains this one.
fn holds(text: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find_iter(text, name).any(|at| {
        let before = at.checked_sub(1).and_then(|b| text.get(b));
        before.is_none_or(|b| *b == 0) && text.get(at + name.len()) == Some(&0)
    })
}

/// Whether it is a usable name: not empty, without white space.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && memchr::memchr3(b'\t', b'\n', b' ', name).is_none()
}

#[cfg(test)]
mod tests;
