//! The programs, images and files that findings are about, and how a list names them.

use super::clean;
use crate::place::{Place, bracket};
use gospect_audit::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// What a finding is about. Two programs with one path in two images, layers or slices are two subjects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject<'a> {
    /// The path as records have it.
    pub path: &'a str,
    /// What tells it from others with its path.
    place: Place,
    /// The target and the digest, for images with one name.
    identity: (&'a str, &'a str),
}

impl<'a> Subject<'a> {
    /// The subject of a finding.
    pub fn of(finding: &'a Finding) -> Subject<'a> {
        let location = &finding.location;
        let digest = location.image.as_ref().and_then(|i| i.digest.as_deref());
        Subject {
            path: &finding.path,
            place: Place::of(&finding.path, location),
            identity: (&location.target, digest.unwrap_or_default()),
        }
    }

    /// Image, platform, layer and slice in brackets, with a space in front; empty for a plain file.
    pub fn place(&self) -> String {
        self.place.text()
    }

    /// Whether both have the same path and place, so that only their targets tell them apart.
    pub fn reads_like(&self, other: &Subject<'_>) -> bool {
        (self.path, &self.place) == (other.path, &other.place)
    }

    /// The target that it was found in.
    pub fn target(&self) -> &'a str {
        self.identity.0
    }

    /// The path and its place.
    fn name(&self) -> String {
        format!("{}{}", clean(self.path), self.place())
    }
}

/// The subjects of findings, each once.
pub(super) fn subjects<'a>(findings: &[&'a Finding]) -> BTreeSet<Subject<'a>> {
    findings
        .iter()
        .map(|finding| Subject::of(finding))
        .collect()
}

/// Names up to `max_paths` paths and counts the programs of the other paths: `/a, /b and 3 more`. An image that contains all of them is named
/// once, at the end; a path in several images is named once with their number.
pub(super) fn list(subjects: &BTreeSet<Subject<'_>>, max_paths: usize) -> String {
    let mut by_path: BTreeMap<&str, Vec<&Subject<'_>>> = BTreeMap::new();
    for subject in subjects {
        by_path.entry(subject.path).or_default().push(subject);
    }
    let first = subjects.first();
    let shared = first.filter(|first| {
        let is_same =
            |s: &Subject<'_>| s.place.image == first.place.image && s.identity == first.identity;
        subjects.len() > 1 && subjects.iter().all(is_same)
    });
    let (mut names, mut named) = (Vec::new(), 0);
    for (path, subjects_there) in by_path.iter().take(max_paths) {
        named += subjects_there.len();
        names.push(match (subjects_there.as_slice(), shared) {
            ([one], None) => one.name(),
            ([one], Some(_)) => format!("{}{}", clean(path), one.place.part_text()),
            (several, _) => format!("{} ({})", clean(path), places(several)),
        });
    }
    let more = match subjects.len() - named {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shared = shared.map_or_else(String::new, |shared| bracket(shared.place.image.iter()));
    format!("{}{more}{shared}", names.join(", "))
}

/// `3 images`, or the number of layers, slices or occurrences if it is not the image that differs.
fn places(subjects: &[&Subject<'_>]) -> String {
    let images: BTreeSet<_> = subjects
        .iter()
        .map(|s| (&s.place.image, s.identity))
        .collect();
    let number = subjects.len();
    if images.len() > 1 && subjects.iter().all(|s| !s.place.image.is_empty()) {
        return format!("{} images", images.len());
    }
    let all_have = |word: &str| {
        let has = |s: &&Subject<'_>| s.place.part.iter().any(|part| part.starts_with(word));
        subjects.iter().all(has)
    };
    let word = match (all_have("layer "), all_have("slice ")) {
        (true, _) => "layers",
        (false, true) => "slices",
        (false, false) => "times",
    };
    format!("{number} {word}")
}
