//! The language version of the main module, inferred from the GODEBUG defaults that the go command recorded.

use gospect_knowledge::godebug;
use std::collections::BTreeMap;
use std::fmt;

/// A range of main-module `go` lines, as minors of Go 1: `1.22` to `1.23` is 22 to 23.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LanguageRange {
    /// Oldest `go` line that explains the defaults; 0 means "or older".
    pub min: u32,
    /// Newest `go` line that explains the defaults.
    pub max: u32,
}

impl fmt::Display for LanguageRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            write!(f, "1.{}", self.min)
        } else {
            write!(f, "1.{}-1.{}", self.min, self.max)
        }
    }
}

/// A missing default counts as much as this many settings written by hand. The go command never leaves one out, so this happens
/// only with a patch release whose table is slightly older than ours.
const ABSENT: i64 = 4;

/// The `go` lines that explain `pairs` with the fewest settings written by hand (`//go:debug` lines, a `godebug` block), for a
/// toolchain of `minor` (src/cmd/go/internal/load/godebug.go, godebugForGoVersion). A `default=go1.N` directive looks like that
/// `go` line, and in a workspace the line of go.work counts.
pub fn infer<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    minor: u32,
) -> Option<LanguageRange> {
    let present: BTreeMap<&str, &str> = pairs.collect();
    // By how much older `go` lines than each release need fewer settings written by hand, because they imply the old value of a default.
    let mut saved = vec![0i64; usize::try_from(minor).ok()?.checked_add(2)?];
    for (name, changed, old) in godebug::changes(minor) {
        let place = usize::try_from(changed).unwrap_or(usize::MAX);
        let place = place.min(saved.len().saturating_sub(1));
        if let Some(saved) = saved.get_mut(place) {
            *saved += match present.get(name) {
                None => -ABSENT,
                Some(value) => i64::from(*value == old),
            };
        }
    }
    // A `go` line implies every change that came after it.
    let mut by_hand = present.len() as i64;
    let mut counts = Vec::with_capacity(saved.len());
    for saved in saved.iter().skip(1).rev() {
        by_hand -= saved;
        counts.push(by_hand);
    }
    counts.reverse();
    let least = *counts.iter().min()?;
    let min = counts.iter().position(|count| *count == least)?;
    let max = counts.iter().rposition(|count| *count == least)?;
    Some(LanguageRange {
        min: u32::try_from(min).ok()?,
        max: u32::try_from(max).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::godebug::sources::pairs;

    fn text(language: u32, minor: u32) -> String {
        godebug::implied(language, minor)
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(",")
    }

    #[test]
    fn every_go_line_is_in_the_range_that_its_own_defaults_give() {
        let minors = godebug::table().trees.iter().map(|tree| tree.0);
        for minor in minors.filter(|minor| *minor >= 21) {
            for language in 1..=minor {
                let range = infer(pairs(&text(language, minor)), minor).expect("always an answer");
                assert!(
                    range.min <= language && language <= range.max,
                    "go {language} by {minor}: {range}"
                );
                let same = |other| text(other, minor) == text(language, minor);
                assert!(
                    (range.min..=range.max).all(same),
                    "go {language} by {minor}: {range} is too wide"
                );
            }
        }
    }

    #[test]
    fn settings_written_by_hand_do_not_shift_it() {
        for (defaults, minor, want) in [
            (String::new(), 27, "1.27"),
            (String::new(), 26, "1.26"),
            (String::new(), 22, "1.22"),
            ("fips140=on".to_owned(), 26, "1.26"),
            ("fips140=on,".to_owned() + &text(24, 26), 26, "1.24"),
            (
                text(21, 27).replace("rsa1024min=0", "rsa1024min=1"),
                27,
                "1.21",
            ),
            (text(18, 27), 27, "1.0-1.18"),
            (text(20, 27), 27, "1.19-1.20"),
            ("tlssha1=1".to_owned(), 27, "1.27"),
            (
                text(23, 25).replace("x509usepolicies=0", "netdns=go"),
                25,
                "1.23",
            ),
        ] {
            let range = infer(pairs(&defaults), minor).map(|r| r.to_string());
            assert_eq!(range.as_deref(), Some(want), "{defaults} by {minor}");
        }
    }
}
