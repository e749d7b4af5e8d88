//! Collects the functions of one program.

use super::{Functions, NAMES_LIMIT, Package, holds, is_name};
use crate::FunctionSource;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// Most bytes to search for names; for more an index is made.
const SEARCHED: usize = 1 << 20;

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
    places: HashMap<String, usize>,
    /// The names of each package, each ended by a zero.
    texts: Vec<Vec<u8>>,
    /// Bytes of all texts.
    held: usize,
    is_full: bool,
}

impl Builder {
    /// The index of a package, which counts as linked even if no function is added to it.
    pub fn package(&mut self, path: &str) -> Place {
        if let Some(place) = self.places.get(path) {
            return Place(*place);
        }
        if !self.has_room(path.len()) {
            return Place::NONE;
        }
        let place = self.texts.len();
        self.texts.push(Vec::new());
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

    /// Adds the function whose name is `start` followed by `rest`.
    #[inline]
    pub fn add(&mut self, place: Place, start: &[u8], rest: &[u8]) {
        if !self.has_room(start.len() + rest.len() + 1) {
            return;
        }
        if let Some(text) = self.texts.get_mut(place.0) {
            text.extend_from_slice(start);
            text.extend_from_slice(rest);
            text.push(0);
        }
    }

    /// Adds a method.
    pub fn add_method(&mut self, place: Place, receiver: &[u8], method: &[u8]) {
        if !self.has_room(receiver.len() + method.len() + 2) {
            return;
        }
        if let Some(text) = self.texts.get_mut(place.0) {
            text.extend_from_slice(receiver);
            text.push(b'.');
            text.extend_from_slice(method);
            text.push(0);
        }
    }

    /// Whether this function or method was the last one added to the package.
    pub fn is_last(&self, place: Place, first: &[u8], method: Option<&[u8]>) -> bool {
        let text = self.texts.get(place.0).and_then(|t| t.strip_suffix(&[0]));
        let before = text.and_then(|text| match method {
            Some(method) => text.strip_suffix(method)?.strip_suffix(b"."),
            None => Some(text),
        });
        let before = before.and_then(|text| text.strip_suffix(first));
        before.is_some_and(|before| matches!(before.last(), None | Some(0)))
    }

    /// For each name, whether it was added to the package.
    pub fn contains_each(&self, place: Place, names: &[&[u8]]) -> Vec<bool> {
        let text = self.texts.get(place.0).map_or(&[][..], Vec::as_slice);
        let is_name = |name: &&[u8]| !name.is_empty() && !name.contains(&0);
        if text.len().saturating_mul(names.len()) <= SEARCHED {
            let found = names.iter().map(|name| is_name(name) && holds(text, name));
            return found.collect();
        }
        let all: HashSet<&[u8]> = text.split(|b| *b == 0).collect();
        let found = names.iter().map(|name| is_name(name) && all.contains(name));
        found.collect()
    }

    /// The functions, without names that no Go function has. `complete` says that nothing was left out before.
    pub fn finish(mut self, source: FunctionSource, complete: bool) -> Functions {
        let places = self.places.into_iter();
        let mut packages: Vec<Package> = places
            .filter(|(path, _)| is_name(path.as_bytes()))
            .map(|(path, place)| Package {
                path,
                text: tidy(self.texts.get_mut(place).map(std::mem::take)),
                index: OnceLock::new(),
            })
            .collect();
        packages.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Functions {
            source: source.into(),
            complete: complete && !self.is_full,
            packages,
        }
    }
}

/// The names that may be names of Go.
fn tidy(text: Option<Vec<u8>>) -> String {
    let text = text.unwrap_or_default();
    let is_tidy = !text.starts_with(b".")
        && !text.starts_with(b"\0")
        && memchr::memchr3(b'\t', b'\n', b' ', &text).is_none()
        && memchr::memmem::find(&text, b"\0.").is_none()
        && memchr::memmem::find(&text, b"\0\0").is_none();
    let text = match (is_tidy, String::from_utf8(text)) {
        (true, Ok(text)) => return text,
        (false, Ok(text)) => text.into_bytes(),
        (_, Err(error)) => error.into_bytes(),
    };
    let names = text.split(|b| *b == 0);
    let names = names.filter(|name| is_name(name) && !name.starts_with(b"."));
    let names = names.filter_map(|name| std::str::from_utf8(name).ok());
    names.flat_map(|name| [name, "\0"]).collect()
}
