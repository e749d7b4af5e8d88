//! Hard links of one archive, with bounded memory.

use crate::archive::place::{Place, clean};
use std::collections::HashMap;

/// A name or the identity of a file: the key under which links look it up.
pub(super) type Key = Vec<u8>;

/// Candidates of one archive by key, and names that wait for their content.
pub(super) struct Links {
    found: HashMap<Key, Place>,
    waiting: HashMap<Key, Vec<Place>>,
    most: u64,
    /// Bytes of names that may still be kept.
    left: u64,
    overflown: bool,
}

impl Links {
    /// Keeps at most about `most` bytes of names.
    pub(super) fn new(most: u64) -> Self {
        Self {
            found: HashMap::new(),
            waiting: HashMap::new(),
            most,
            left: most,
            overflown: false,
        }
    }

    /// Most bytes of names that are kept.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// The key of a name, which links may spell with or without a leading `./` or `/`.
    pub(super) fn name(name: &[u8]) -> Key {
        let name = clean(name);
        let start = name.iter().take_while(|b| **b == b'/').count();
        name.get(start..).unwrap_or_default().to_vec()
    }

    /// The key of a file, from device and inode.
    pub(super) fn file((device, inode): (u64, u64)) -> Key {
        [device.to_le_bytes(), inode.to_le_bytes()].concat()
    }

    fn room(&mut self, key: &Key, place: &Place) -> bool {
        let names: usize = place.entries.iter().map(|e| e.len() + 32).sum();
        let cost = (key.len() + names + 128) as u64;
        match self.left.checked_sub(cost) {
            Some(left) => self.left = left,
            None => self.overflown = true,
        }
        !self.overflown
    }

    /// Adds a candidate that was handed over.
    pub(super) fn found(&mut self, key: Key, place: Place) {
        if self.room(&key, &place) {
            self.found.insert(key, place);
        }
    }

    /// Removes the candidate: links no longer mean it.
    pub(super) fn replaced(&mut self, key: &Key) {
        self.found.remove(key);
    }

    /// The candidate with this key.
    pub(super) fn target(&self, key: &Key) -> Option<&Place> {
        self.found.get(key)
    }

    /// Adds a name whose content comes later.
    pub(super) fn wait(&mut self, key: Key, place: Place) {
        if self.room(&key, &place) {
            self.waiting.entry(key).or_default().push(place);
        }
    }

    /// Takes the names that waited for this content.
    pub(super) fn waiting(&mut self, key: &Key) -> Vec<Place> {
        self.waiting.remove(key).unwrap_or_default()
    }

    /// Whether names were dropped for lack of memory.
    pub(super) fn overflown(&self) -> bool {
        self.overflown
    }
}
