//! Collects the functions of one program.

use super::lookup::Run;
use super::package::Package;
use super::{Functions, NAMES_LIMIT, is_name};
use crate::FunctionSource;
use std::collections::HashMap;
use std::ops::Range;

/// The index of a package in a [`Builder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(usize);

impl Place {
    /// No package: functions added to it are dropped.
    pub const NONE: Self = Self(usize::MAX);
}

/// Collects functions in any order, repeated or not.
#[derive(Debug, Default)]
pub struct Builder {
    /// Names as compilers write them, each with a zero after it.
    raw: Vec<u8>,
    places: HashMap<String, usize>,
    packages: Vec<Package>,
    /// Bytes of names, paths and methods.
    held: usize,
    is_full: bool,
}

impl Builder {
    /// Takes names as compilers write them, with their packages, each with a zero after it. [`Builder::add_run`] says which package some of
    /// them are of. Too many are cut off.
    pub fn new(mut raw: Vec<u8>) -> Self {
        let is_full = raw.len() > NAMES_LIMIT;
        raw.truncate(NAMES_LIMIT);
        Self {
            held: raw.len(),
            raw,
            is_full,
            ..Self::default()
        }
    }

    /// The index of a package, which counts as linked even if no function is added to it.
    pub fn package(&mut self, path: &str) -> Place {
        if let Some(place) = self.places.get(path) {
            return Place(*place);
        }
        if !is_name(path.as_bytes()) || !self.has_room(path.len()) {
            return Place::NONE;
        }
        let place = self.packages.len();
        self.packages.push(Package {
            path: path.to_owned(),
            ..Package::default()
        });
        self.places.insert(path.to_owned(), place);
        Place(place)
    }

    /// Whether this many bytes may be added; if so, counts them.
    fn has_room(&mut self, size: usize) -> bool {
        let held = self.held.saturating_add(size);
        if held > NAMES_LIMIT {
            self.is_full = true;
            return false;
        }
        self.held = held;
        true
    }

    /// Adds the names in this part of the text to a package, which is written with so many bytes, its dot included, at the front of each.
    /// Names that [`Builder::new`] cut off are left out.
    pub fn add_run(&mut self, place: Place, names: Range<usize>, prefix: usize) {
        let mut end = names.end;
        if end > self.raw.len() {
            let held = self.raw.get(names.start..);
            let Some(last) = held.and_then(|names| memchr::memrchr(0, names)) else {
                return;
            };
            end = names.start + last + 1;
        }
        if names.start > end {
            return;
        }
        let [start, end, prefix] = [names.start, end, prefix].map(u32::try_from);
        if let (Some(package), Ok(start), Ok(end), Ok(prefix)) =
            (self.packages.get_mut(place.0), start, end, prefix)
        {
            package.add_run(Run { start, end, prefix });
        }
    }

    /// Adds the function whose name, as [`Functions`] has it, is `start` followed by `rest`.
    pub fn add(&mut self, place: Place, start: &[u8], rest: &[u8]) {
        if !self.has_room(start.len() + rest.len() + 1) {
            return;
        }
        if let Some(package) = self.packages.get_mut(place.0) {
            for part in [start, rest, b"\0"] {
                package.folded.extend_from_slice(part);
            }
        }
    }

    /// Adds a method.
    pub fn add_method(&mut self, place: Place, receiver: &[u8], method: &[u8]) {
        self.add(place, receiver, &[b".", method].concat());
    }

    /// The functions, without names that no Go function has. `complete` says that nothing was left out before.
    pub fn finish(self, source: FunctionSource, complete: bool) -> Functions {
        let mut packages = self.packages;
        packages.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Functions {
            source: source.into(),
            complete: complete && !self.is_full,
            raw: self.raw,
            packages,
            unplaced: Vec::new(),
            unnamed: Vec::new(),
        }
    }
}
