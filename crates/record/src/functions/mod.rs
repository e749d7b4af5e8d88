//! The names of all functions that are linked into one program.
//!
//! Names are those of the Go vulnerability database (`Func`, `Type.Method`), so that an entry of it is answered by one look.

mod builder;
mod coded;
mod refused;

pub use builder::{Builder, Place};
pub use refused::Refused;

use super::{FunctionSource, Word};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::OnceLock;

/// Bytes of the names of one program; the largest known have 2 MB.
pub const NAMES_LIMIT: usize = 64 << 20;
/// A package whose names together are shorter is searched, any other has an index made of it.
const SEARCHED: usize = 2048;

/// All functions that are linked into one program, also those that exist only inside others, by the import paths of their packages.
///
/// A package path is as the program is built from it: that of package main is the one of the build info, where there is one, and what the
/// standard library vendors keeps its `vendor/` (`vendor/golang.org/x/net/http2/hpack`), since that is code of the standard library. A name is
/// `Func` or `Type.Method`, for value and pointer receivers alike; type arguments are left out, and closures, deferred calls, method values
/// and other pieces that the compiler makes of a function count as that function. Every `init` of a package is `init`.
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
    /// Each name with a zero behind it; in any order and repeated, unless `index` says where they are.
    text: String,
    /// Where each name is in the text, sorted, each once. Made when it is asked for.
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
    /// Where the names are from.
    pub fn source(&self) -> &Word<FunctionSource> {
        &self.source
    }

    /// Whether a function that is not here is not in the program. `false` where the source leaves out functions that exist only inside
    /// others, or other languages' functions, or is cut.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// The import paths of the packages, sorted. One may have no function with a name of its own.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = &str> {
        self.packages.iter().map(|p| p.path.as_str())
    }

    /// The functions of a package, sorted; none of a package that is not linked.
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

    /// Number of functions. Sorts them all when it is first asked for.
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

    /// About how many bytes of memory it takes.
    pub fn size_in_memory(&self) -> u64 {
        let of = |p: &Package| {
            let index = p.index.get().map_or(0, |i| size_of_val(i.as_slice()));
            size_of::<Package>() + p.path.len() + p.text.len() + index
        };
        self.packages.iter().map(of).sum::<usize>() as u64
    }
}

/// The same functions from the same source, whatever the order they were met in.
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

/// Whether a text of names, each with a zero behind it, holds this one.
fn holds(text: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find_iter(text, name).any(|at| {
        let before = at.checked_sub(1).and_then(|b| text.get(b));
        before.is_none_or(|b| *b == 0) && text.get(at + name.len()) == Some(&0)
    })
}

/// Whether it can stand among others: not empty, without white space.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && memchr::memchr3(b'\t', b'\n', b' ', name).is_none()
}

#[cfg(test)]
mod tests;
