//! Which program of one set is which of the other.

use crate::audit::finding::identity;
use crate::record::Binary;
use std::collections::HashMap;

type Key = Option<String>;

/// What two programs must share to be the same one, strictest first; `None` never matches.
const KEYS: [fn(&Binary) -> Key; 5] = [
    |b| {
        Some(format!(
            "{}|{}|{}|{}",
            shown(b),
            place(b),
            b.main_package.as_deref()?,
            b.port_text()
        ))
    },
    |b| {
        Some(format!(
            "{}|{}|{}|{}",
            shown(b),
            base(b),
            b.main_package.as_deref()?,
            b.port_text()
        ))
    },
    |b| Some(format!("{}|{}|{}", shown(b), place(b), b.port_text())),
    |b| {
        Some(format!(
            "{}|{}|{}",
            shown(b),
            b.main_package.as_deref()?,
            b.port_text()
        ))
    },
    |b| Some(format!("{}|{}", shown(b), place(b))),
];

/// Pairs the programs, each at most once; what has no partner stands alone. In the order of `new`, then what is gone.
pub(super) fn pair<'a>(
    old: &'a [Binary],
    new: &'a [Binary],
) -> Vec<(Option<&'a Binary>, Option<&'a Binary>)> {
    let mut partner: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = vec![false; old.len()];
    for key in KEYS {
        let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
        // Last first, so that `pop` gives them in order.
        for (i, b) in old.iter().enumerate().rev().filter(|(i, _)| !taken[*i]) {
            if let Some(k) = key(b) {
                waiting.entry(k).or_default().push(i);
            }
        }
        for (n, b) in new.iter().enumerate() {
            if partner[n].is_some() {
                continue;
            }
            if let Some(i) = key(b).and_then(|k| waiting.get_mut(&k)?.pop()) {
                partner[n] = Some(i);
                taken[i] = true;
            }
        }
    }
    // `gospect diff old-app new-app`: one program on each side needs no other sign.
    if let ([only_old], [only_new]) = (old, new) {
        return vec![(Some(only_old), Some(only_new))];
    }
    let mut out: Vec<_> = new
        .iter()
        .zip(&partner)
        .map(|(b, p)| (p.and_then(|i| old.get(i)), Some(b)))
        .collect();
    out.extend(
        old.iter()
            .zip(&taken)
            .filter(|(_, t)| !**t)
            .map(|(b, _)| (Some(b), None)),
    );
    out
}

/// Copies hidden in lower layers are not the programs that run.
fn shown(b: &Binary) -> bool {
    b.location.visible != Some(false)
}

/// Place without the name of the image: old and new image usually differ in their tag, and may differ in their name.
fn place(b: &Binary) -> String {
    let mut location = b.location.clone();
    location.image = None;
    identity(&b.path, &location)
}

fn base(b: &Binary) -> &str {
    b.path.rsplit(['/', '!']).next().unwrap_or(&b.path)
}
