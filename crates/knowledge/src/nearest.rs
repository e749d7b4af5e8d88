//! The nearest known name, for "did you mean".

/// Longest name to compare, in bytes, so that hostile input costs little.
const LONGEST: usize = 64;

/// What to write instead of an unknown name: the nearest candidate, or else what `otherwise` says.
pub fn hint<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, candidates).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}

/// The candidate with the fewest typing errors (insertion, deletion, replacement, swap of neighbours; case does not count).
/// `None` when no candidate is near, or when `name` is itself a candidate, because then it is not a typing error. The first of
/// equally near candidates wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name;
    let name = name.trim().to_ascii_lowercase();
    if name.is_empty() || name.len() > LONGEST {
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
        if candidate.len() > LONGEST || candidate.len().abs_diff(name.len()) > allowed {
            continue;
        }
        let lower = candidate.to_ascii_lowercase();
        let slips = distance(name.as_bytes(), lower.as_bytes());
        if slips <= allowed
            && slips < candidate.len()
            && best.is_none_or(|(least, _)| slips < least)
        {
            best = Some((slips, candidate));
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
    fn slips() {
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
