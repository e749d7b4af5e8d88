//! The place of an entry inside containers.

use std::collections::BTreeMap;
use std::ops::Bound;

/// The place of an entry, and what its container says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Names inside containers, outermost first, as stored but without a leading `./`. Compression and the inner archives of a
    /// package (`data.tar.xz`) add no name; empty when the input itself is the (compressed) file.
    pub entries: Vec<Vec<u8>>,
    /// Permission and set-id bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
}

impl Place {
    /// Bytes of all names.
    pub fn len(&self) -> usize {
        self.entries.iter().map(Vec::len).sum()
    }

    /// Whether the place is the input itself.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value in `known` for this place or for the innermost container around it.
    pub(crate) fn within<'t, T>(&self, known: &'t BTreeMap<Vec<Vec<u8>>, T>) -> Option<&'t T> {
        if known.is_empty() {
            return None;
        }
        (0..=self.entries.len())
            .rev()
            .find_map(|depth| known.get(self.entries.get(..depth)?))
    }

    /// This place as seen from outside: inside the container at `outer`.
    pub(crate) fn below(mut self, outer: &Self) -> Self {
        self.entries.splice(0..0, outer.entries.iter().cloned());
        self
    }

    /// The place of an entry of the container at this place.
    pub(super) fn child(&self, name: &[u8], mode: Option<u32>, owner: Option<(u64, u64)>) -> Self {
        let mut entries = self.entries.clone();
        entries.push(clean(name).to_vec());
        Self {
            entries,
            mode: mode.map(|m| m & 0o7777),
            uid: owner.map(|o| o.0),
            gid: owner.map(|o| o.1),
        }
    }
}

/// A name without a leading `./`.
pub fn clean(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./").filter(|rest| !rest.is_empty()) {
        name = rest;
    }
    name
}

/// Removes what is known of an entry and of everything inside it, when another entry takes its name.
pub(crate) fn forget<T>(known: &mut BTreeMap<Vec<Vec<u8>>, T>, place: &Place) {
    let from = (Bound::Included(place.entries.as_slice()), Bound::Unbounded);
    while let Some((entries, _)) = known.range::<[Vec<u8>], _>(from).next()
        && entries.starts_with(&place.entries)
    {
        let entries = entries.clone();
        known.remove(&entries);
    }
}
