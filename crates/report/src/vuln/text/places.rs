//! In which programs a vulnerability is.

use super::super::levels::{Affected, by_level};
use super::super::statement::versions;
use gospect_vuln::{Finding, Level, Program};
use std::collections::{BTreeMap, BTreeSet};

/// A line for each level at which programs have a vulnerability, the worst first, with at most `most` programs each.
pub(super) fn lines(programs: &[Affected<'_>], most: usize) -> Vec<String> {
    let lines = by_level(programs)
        .into_iter()
        .enumerate()
        .map(|(index, (level, programs))| {
            let places = places_of(&programs, most);
            match (index, level) {
                (0, _) => format!("in {places}"),
                (_, Level::Module) => format!("by version only in {places}"),
                _ => format!("only its package in {places}"),
            }
        });
    lines.collect()
}

/// The first items of a list, at most `most`, and the number of others.
pub(super) fn some(list: &[&str], most: usize) -> String {
    let shown = list.get(..most.min(list.len())).unwrap_or_default();
    match list.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The first places: path, version, and image and layer, or in how many images or layers the path has it.
fn places_of(places: &[(&Program, &Finding)], most: usize) -> String {
    let all = names_of(places, true);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    some(&all, most)
}

/// The paths of programs with their places, those in most places first; `with_version` adds what is linked.
pub(in crate::vuln) fn names_of(
    places: &[(&Program, &Finding)],
    with_version: bool,
) -> Vec<String> {
    let mut by_path: BTreeMap<(&str, String), (usize, Vec<&Program>)> = BTreeMap::new();
    for (number, (program, finding)) in places.iter().enumerate() {
        let version = if with_version {
            versions(finding)
        } else {
            String::new()
        };
        let empty = || (number, Vec::new());
        let (_, programs) = by_path
            .entry((&program.path, version))
            .or_insert_with(empty);
        programs.push(program);
    }
    let mut by_path: Vec<_> = by_path.into_iter().collect();
    by_path.sort_by_key(|(_, (first, programs))| (std::cmp::Reverse(programs.len()), *first));
    let named = by_path.into_iter().map(|((path, version), (_, programs))| {
        let mut parts = vec![version];
        match programs.as_slice() {
            [program] => parts.extend(place_of(program)),
            programs => parts.push(number_of_places(programs)),
        }
        parts.retain(|part| !part.is_empty());
        match parts.is_empty() {
            true => path.to_owned(),
            false => format!("{path} ({})", parts.join(", ")),
        }
    });
    named.collect()
}

/// Image and layer of a program, and whether it is hidden.
fn place_of(program: &Program) -> Vec<String> {
    let location = &program.location;
    let image = location.image.as_ref();
    let image = image.map(|image| format!("image {}", image.reference));
    let layer = location.layer.as_ref();
    let layer = layer.map(|layer| format!("layer {}", layer.index));
    let is_hidden = location.visible == Some(false);
    let hidden = is_hidden.then(|| "hidden by a later layer".to_owned());
    [image, layer, hidden].into_iter().flatten().collect()
}

/// `3 images`, or how many of what else.
fn number_of_places(programs: &[&Program]) -> String {
    let image = |program: &&Program| {
        let image = program.location.image.as_ref()?;
        let digest = image.digest.clone().unwrap_or_default();
        Some((image.reference.clone(), digest, image.platform.clone()))
    };
    let images: BTreeSet<_> = programs.iter().filter_map(image).collect();
    match images.len() {
        0 => format!("{} times", programs.len()),
        1 => format!("{} layers", programs.len()),
        images => format!("{images} images"),
    }
}
