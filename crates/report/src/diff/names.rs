//! How a diff names programs: by path, and where several have one path also by what tells them apart.

use super::path;
use crate::place::Place;
use gospect_audit::diff::{Diff, Pair};
use std::collections::BTreeMap;

/// How many programs of a diff have each path and port, and how many also have the same layer and slice.
pub(super) struct Names<'d> {
    paths: BTreeMap<(&'d str, &'d str), usize>,
    parts: BTreeMap<(&'d str, &'d str, String), usize>,
}

/// Where the new state is, or the old one when the program is gone.
fn place(pair: &Pair) -> Place {
    let side = pair.new.as_ref().or(pair.old.as_ref());
    side.map_or_else(Place::default, |side| Place::of(&side.path, &side.location))
}

impl<'d> Names<'d> {
    /// Counts the paths of all programs with changes.
    pub(super) fn of(diff: &'d Diff) -> Self {
        let (mut paths, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for pair in diff.all() {
            let (path, port) = (path(pair), pair.port.as_str());
            *paths.entry((path, port)).or_default() += 1;
            let part = place(pair).part_text();
            *parts.entry((path, port, part)).or_default() += 1;
        }
        Self { paths, parts }
    }

    /// The path; with its layer if another program has the same path, with its image too if only that tells them apart.
    pub(super) fn name(&self, pair: &Pair) -> String {
        let (path, port) = (path(pair), pair.port.as_str());
        if self.paths.get(&(path, port)).is_none_or(|n| *n == 1) {
            return path.to_owned();
        }
        let place = place(pair);
        let part = place.part_text();
        match self.parts.get(&(path, port, part.clone())) {
            Some(1) => format!("{path}{part}"),
            _ => format!("{path}{}", place.text()),
        }
    }
}
