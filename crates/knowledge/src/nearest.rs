//! The nearest known name, for "did you mean".

/// Longest name to compare, in bytes, so that hostile input costs little.
const MAX_LENGTH: usize = 64;

/// Fewest characters that say how a longer name begins.
const LEAST_BEGINNING: usize = 5;

/// What to write instead of an unknown name: the candidate that was probably meant, or else what `otherwise` says.
pub fn hint<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    meant(name, candidates).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}

/// The candidate that was probably meant: the shortest that begins with the name, or else the [`nearest`]. `None` when there is
/// neither, or when `name` is itself a candidate.
pub fn meant<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if candidates.contains(&name) {
        return None;
    }
    let typed = name.trim();
    let begins = |candidate: &&&str| {
        let beginning = candidate.get(..typed.len());
        beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(typed))
    };
    let continued = candidates.iter().filter(begins);
    let shortest = continued.min_by_key(|candidate| candidate.len());
    match shortest {
        Some(candidate) if typed.len() >= LEAST_BEGINNING => Some(candidate),
        _ => nearest(name, candidates),
    }
}

/// The candidate with the fewest typing errors (insertion, deletion, replacement, swap of neighbours; case does not count).
/// `None` when no candidate is near, or when `name` is itself a candidate, because then it is not a typing error. The first of
/// equally near candidates wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name;
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() || name.len() > MAX_LENGTH {
        return None;
    }
    let allowed = match name.len() {
        0..=3 => 1,
        4..=9 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate == typed {
            return None;
        }
        if candidate.len() > MAX_LENGTH || candidate.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let lower = candidate.to_ascii_lowercase();
        let mistakes = distance(name.as_bytes(), lower.as_bytes());
        if mistakes <= allowed
            && mistakes < candidate.len()
            && best.is_none_or(|(least, _)| mistakes < least)
        {
            best = Some((mistakes, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(debug_assertions)]
thread_local! {
    /// How often two names were compared on this thread.
    #[doc(hidden)]
    pub static COMPARED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Optimal string alignment distance, kept in three rows.
fn distance(a: &[u8], b: &[u8]) -> usize {
    #[cfg(debug_assertions)]
    COMPARED.set(COMPARED.get() + 1);
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_are_counted() {
        for (a, b, want) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "abcd", 1),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), want, "{a} {b}");
        }
    }

    #[test]
    fn a_truncated_name_means_the_shortest_name_that_begins_with_it() {
        let names = [
            "missing-sum",
            "missing-vcs-stamp",
            "missing-vcs-stamps",
            "GS1",
        ];
        for (typed, expected) in [
            ("missing-vcs", Some("missing-vcs-stamp")),
            ("Missing-VCS", Some("missing-vcs-stamp")),
            ("missing-sun", Some("missing-sum")),
            ("missing-sum", None),
            ("miss", None),
            ("", None),
        ] {
            assert_eq!(meant(typed, names), expected, "{typed}");
        }
    }

    #[test]
    fn hints() {
        let names = [
            "gctrace",
            "inittrace",
            "madvdontneed",
            "netdns",
            "panicnil",
            "schedtrace",
        ];
        for (typed, want) in [
            ("gctarce", Some("gctrace")),
            ("GCTRACE", Some("gctrace")),
            // Neither the typed name nor a neighbour of it is proposed.
            ("gctrace", None),
            ("inittrace", None),
            (" gctrace", Some("gctrace")),
            ("madvisedontneed", Some("madvdontneed")),
            ("panicnill", Some("panicnil")),
            ("netdn", Some("netdns")),
            ("mmap", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typed, names), want, "{typed}");
        }
        assert_eq!(nearest(&"g".repeat(1 << 20), names), None);
        for typed in ["CGO_ENABLD", "cgo_enabled"] {
            assert_eq!(nearest(typed, ["GOOS", "CGO_ENABLED"]), Some("CGO_ENABLED"));
        }
    }
}
