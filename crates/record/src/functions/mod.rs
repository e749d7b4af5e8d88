//! The names of all functions that are linked into one program.
//!
//! Names have the form of the Go vulnerability database (`Func`, `Type.Method`), so that one look-up answers for an entry of
//! it.

mod builder;
mod coded;
mod lookup;
mod name;
mod package;
mod question;
mod refused;

pub use builder::{Builder, Place};
pub use name::without_brackets;
pub use question::Question;
pub use refused::Refused;

use super::{FunctionSource, Word};
use lookup::Run;
use package::{Names, Package};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of the names of one program; the largest known have 2 MB.
pub const NAMES_LIMIT: usize = 64 << 20;

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
    /// Names as compilers write them, each with a zero after it: what the packages are made of.
    raw: Vec<u8>,
    /// By path.
    packages: Vec<Package>,
    /// Functions of which the package is not known, sorted: inlined ones that left no instruction of their own.
    unplaced: Vec<String>,
    /// Packages, sorted, of which functions are linked whose names are not known.
    unnamed: Vec<String>,
}

/// Functions that are linked although the names of a program do not say so plainly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Functions by package; of a package alone it is known that it is linked.
    pub placed: BTreeMap<String, BTreeSet<String>>,
    /// Functions of which the package is not known.
    pub unplaced: BTreeSet<String>,
    /// Packages of functions whose names are not known.
    pub unnamed: BTreeSet<String>,
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

    /// Says that functions are missing, for a source that turns out to lack some.
    pub fn mark_incomplete(&mut self) {
        self.complete = false;
    }

    /// The import paths of the packages, sorted. A package may have no function with a name of its own.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = &str> {
        self.packages.iter().map(|p| p.path.as_str())
    }

    /// The functions of a package, sorted; none of a package that is not linked. Sorts them when they are first asked for.
    pub fn names(&self, package: &str) -> impl ExactSizeIterator<Item = &str> {
        static NONE: Names = Names::NONE;
        self.names_of(package).unwrap_or(&NONE).iter()
    }

    /// Whether a function is linked.
    pub fn contains(&self, package: &str, name: &str) -> bool {
        let package = self.package(package);
        package.is_some_and(|package| package.contains(&self.raw, name))
    }

    /// Whether a function may be linked although the list does not have it: one of this name is linked in a package that is not known, or one of
    /// this package whose name is not known.
    pub fn may_hide(&self, package: &str, name: &str) -> bool {
        let has = |list: &[String], text: &str| list.binary_search_by(|t| (**t).cmp(text)).is_ok();
        has(&self.unplaced, name) || has(&self.unnamed, package)
    }

    /// Adds names as compilers write them, each with a zero after it, to a package of the list, which is written with so many bytes, its dot included,
    /// at the front of each.
    pub fn add_names(&mut self, package: &str, names: &[u8], prefix: usize) {
        let at = self.packages.binary_search_by(|p| (*p.path).cmp(package));
        let Some(package) = at.ok().and_then(|at| self.packages.get_mut(at)) else {
            return;
        };
        if self.raw.len() + names.len() > NAMES_LIMIT {
            self.complete = false;
            return;
        }
        let start = self.raw.len();
        self.raw.extend_from_slice(names);
        let place = [start, self.raw.len(), prefix].map(u32::try_from);
        if let [Ok(start), Ok(end), Ok(prefix)] = place {
            package.add_run(Run { start, end, prefix });
        }
    }

    /// Adds functions that other facts show. What no name can be is left out.
    pub fn reveal(&mut self, hidden: Hidden) {
        let of_names = |names: BTreeSet<String>| {
            let names = names.into_iter().filter(|name| is_name(name.as_bytes()));
            names.collect::<Vec<_>>()
        };
        for (path, names) in hidden.placed {
            if !is_name(path.as_bytes()) {
                continue;
            }
            let at = match self.packages.binary_search_by(|p| p.path.cmp(&path)) {
                Ok(at) => at,
                Err(at) => {
                    let package = Package {
                        path,
                        ..Package::default()
                    };
                    self.packages.insert(at, package);
                    at
                }
            };
            if let Some(package) = self.packages.get_mut(at) {
                package.add(names.iter().map(String::as_str));
            }
        }
        self.unplaced = of_names(hidden.unplaced);
        self.unnamed = of_names(hidden.unnamed);
    }

    /// The names as compilers write them, each with a zero after it; empty if they are from a record.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The names of a package as compilers write them, without the package; none if they are from a record.
    pub fn raw_names(&self, package: &str) -> impl Iterator<Item = &[u8]> {
        let runs = self.package(package).map(|package| &package.runs);
        runs.into_iter().flatten().flat_map(|run| {
            let text = self.raw.get(run.start as usize..run.end as usize);
            let text = text.unwrap_or_default();
            let mut start = 0;
            memchr::memchr_iter(0, text).filter_map(move |end| {
                let from = std::mem::replace(&mut start, end + 1) + run.prefix as usize;
                text.get(from..end)
            })
        })
    }

    /// Whether a type has methods that are linked.
    pub fn has_methods_of(&self, package: &str, type_name: &str) -> bool {
        let package = self.package(package);
        package.is_some_and(|package| package.has_methods_of(&self.raw, type_name))
    }

    fn names_of(&self, package: &str) -> Option<&Names> {
        Some(self.package(package)?.names(&self.raw))
    }

    /// Whether any function of a package is linked.
    pub fn has_package(&self, package: &str) -> bool {
        self.package(package).is_some()
    }

    /// Number of functions. The first call sorts all names.
    pub fn len(&self) -> usize {
        self.packages
            .iter()
            .map(|p| p.names(&self.raw).index.len())
            .sum()
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
        let packages = self.packages.iter().map(Package::size_in_memory);
        let lists = self.unplaced.iter().chain(&self.unnamed);
        let lists = lists.map(|text| size_of::<String>() + text.len());
        (self.raw.len() + packages.sum::<usize>() + lists.sum::<usize>()) as u64
    }
}

/// Equal if the functions and the source are the same, whatever the order in which they were added.
impl PartialEq for Functions {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Package, &Package)| {
            a.path == b.path && a.names(&self.raw).iter().eq(b.names(&other.raw).iter())
        };
        self.source == other.source
            && self.complete == other.complete
            && (&self.unplaced, &self.unnamed) == (&other.unplaced, &other.unnamed)
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

/// Whether it is a usable name: not empty, without white space.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && memchr::memchr3(b'\t', b'\n', b' ', name).is_none()
}

#[cfg(test)]
mod tests;
