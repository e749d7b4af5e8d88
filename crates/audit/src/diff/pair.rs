//! Finds the program of the other set that each program corresponds to.

use crate::finding::identity;
use gospect_record::Binary;
use std::collections::HashMap;

type Key = Option<String>;

/// What two programs must share to be paired, strictest first; `None` never matches.
const KEYS: [fn(&Binary) -> Key; 5] = [
    |binary| {
        Some(format!(
            "{}|{}|{}|{}",
            is_visible(binary),
            place(binary),
            binary.main_package.as_deref()?,
            binary.port_text()
        ))
    },
    |binary| {
        Some(format!(
            "{}|{}|{}|{}",
            is_visible(binary),
            file_name(binary),
            binary.main_package.as_deref()?,
            binary.port_text()
        ))
    },
    |binary| {
        Some(format!(
            "{}|{}|{}",
            is_visible(binary),
            place(binary),
            binary.port_text()
        ))
    },
    |binary| {
        Some(format!(
            "{}|{}|{}",
            is_visible(binary),
            binary.main_package.as_deref()?,
            binary.port_text()
        ))
    },
    |binary| Some(format!("{}|{}", is_visible(binary), place(binary))),
];

/// Pairs the programs, each at most once, and keeps those without a partner. Ordered as in `new`, followed by those that are
/// gone.
pub(super) fn pair<'a>(
    old: &'a [Binary],
    new: &'a [Binary],
) -> Vec<(Option<&'a Binary>, Option<&'a Binary>)> {
    // For each new program the index of its old partner, and for each old one whether it has a partner.
    let mut partners: Vec<Option<usize>> = vec![None; new.len()];
    let mut has_partner = vec![false; old.len()];
    for key in KEYS {
        let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
        // In reverse, so that `pop` returns them in order.
        let unpaired = old.iter().enumerate().rev();
        for (index, program) in unpaired.filter(|(index, _)| !has_partner[*index]) {
            if let Some(key) = key(program) {
                waiting.entry(key).or_default().push(index);
            }
        }
        for (program, partner) in new.iter().zip(&mut partners) {
            if partner.is_some() {
                continue;
            }
            if let Some(index) = key(program).and_then(|key| waiting.get_mut(&key)?.pop()) {
                *partner = Some(index);
                has_partner[index] = true;
            }
        }
    }
    // In `gospect diff old-app new-app` there is one program on each side; they are paired whatever they are.
    if let ([only_old], [only_new]) = (old, new) {
        return vec![(Some(only_old), Some(only_new))];
    }
    let mut out: Vec<_> = new
        .iter()
        .zip(&partners)
        .map(|(program, partner)| (partner.and_then(|index| old.get(index)), Some(program)))
        .collect();
    out.extend(
        old.iter()
            .zip(&has_partner)
            .filter(|(_, has_partner)| !**has_partner)
            .map(|(program, _)| (Some(program), None)),
    );
    out
}

/// Whether a program is visible: copies hidden in lower layers do not run.
fn is_visible(binary: &Binary) -> bool {
    binary.location.visible != Some(false)
}

/// The path without the name of the image: the tag usually differs between old and new image, and the name may too.
fn place(binary: &Binary) -> String {
    let mut location = binary.location.clone();
    location.image = None;
    identity(&binary.path, &location)
}

fn file_name(binary: &Binary) -> &str {
    binary
        .path
        .rsplit(['/', '!'])
        .next()
        .unwrap_or(&binary.path)
}
