//! The nearest known name, for "did you mean".

/// Longest name worth comparing, in bytes: keeps the work on hostile input small.
const LONGEST: usize = 64;

/// What to write instead of a name that is not known: the nearest of the candidates, else what `otherwise` says.
pub fn hint<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, candidates).map_or_else(otherwise, |near| format!("did you mean `{near}`?"))
}

/// The candidate with the fewest typing slips (insertion, deletion, replacement, swap of neighbours; case does not
/// count) from `name`; `None` when nothing is near, and when `name` itself is among the candidates: then no slip of typing is what is wrong.
/// Of equally near ones the first wins.
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
        let slips = distance(name.as_bytes(), candidate.as_bytes());
        if slips <= allowed
            && slips < candidate.len()
            && best.is_none_or(|(least, _)| slips < least)
        {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
thread_local! {
    /// How often two names were compared on this thread.
    pub(crate) static COMPARED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Optimal string alignment distance, three rows at a time.
fn distance(a: &[u8], b: &[u8]) -> usize {
    #[cfg(test)]
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
            // What was typed is never proposed, nor is another name in its place.
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
    }
}
