//! The release dates of Go, and how long each release is supported.
//!
//! Go supports a major release until there are two newer ones, so support of 1.N ends with the release of 1.N+2. Days are ISO
//! 8601 texts, which sort by date.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The whole table.
#[derive(Debug, Default, Deserialize)]
pub struct Table {
    /// The day on which the table was made.
    pub taken: String,
    /// Newest patch release of recent minor releases, such as `1.27.3` for `1.27`.
    pub newest_patch: BTreeMap<String, String>,
    /// The releases, oldest first.
    pub releases: Vec<ReleaseDates>,
}

/// One minor release.
#[derive(Debug, Default, Deserialize)]
pub struct ReleaseDates {
    /// 27 of 1.27.
    pub minor: u32,
    /// Day of 1.N.0.
    pub released: String,
    /// Day on which support ended or will end; `None` when it was not yet known on the day of the table.
    pub support_ends: Option<String>,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The table, parsed on first use.
pub fn table() -> &'static Table {
    super::load(&TABLE, include_str!("releases.json"))
}

/// The release; `None` when the table has no row for it.
pub fn release(minor: u32) -> Option<&'static ReleaseDates> {
    table().releases.iter().find(|r| r.minor == minor)
}

/// The newest release in the table.
pub fn newest() -> Option<&'static ReleaseDates> {
    table().releases.last()
}

/// The oldest release whose support had not ended on the day of the table.
pub fn oldest_supported() -> Option<&'static ReleaseDates> {
    table().releases.iter().find(|r| r.support_ends.is_none())
}

/// The newest patch number of a minor release on the day of the table.
pub fn newest_patch(minor: u32) -> Option<u32> {
    let text = table().newest_patch.get(&format!("1.{minor}"))?;
    text.rsplit('.').next()?.parse().ok()
}

/// When the support of a release ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SupportEnd {
    /// It ended or ends on this day.
    Ends(&'static str),
    /// It ended before this day, the release of the oldest version in the table.
    EndedBefore(&'static str),
    /// The table does not tell.
    Unknown,
}

/// The end of support of a minor release: from its row, or else from the release two after it. Releases before the table ended
/// before it.
pub fn support(minor: u32) -> SupportEnd {
    if let Some(row) = release(minor) {
        return row
            .support_ends
            .as_deref()
            .map_or(SupportEnd::Unknown, SupportEnd::Ends);
    }
    if let Some(after) = minor.checked_add(2).and_then(release) {
        return SupportEnd::Ends(&after.released);
    }
    match table().releases.first() {
        Some(first) if minor < first.minor => SupportEnd::EndedBefore(&first.released),
        _ => SupportEnd::Unknown,
    }
}

/// Fewest months between two releases; Go makes one every six.
const SHORTEST_CYCLE: u32 = 5;

/// Whether a release is supported on a day (`2026-11-22`). `None` when the table has no row, the text is not a day, or the end
/// was not known on the day of the table and may have come since.
pub fn is_supported(minor: u32, day: &str) -> Option<bool> {
    if !is_day(day) {
        return None;
    }
    let Some(release) = release(minor) else {
        return match support(minor) {
            SupportEnd::Ends(end) if end <= day => Some(false),
            SupportEnd::EndedBefore(end) if end <= day => Some(false),
            _ => None,
        };
    };
    match &release.support_ends {
        _ if day < release.released.as_str() => Some(false),
        Some(end) => Some(day < end.as_str()),
        None => {
            (day <= table().taken.as_str() || day < earliest_end(minor)?.as_str()).then_some(true)
        }
    }
}

/// The earliest day on which the release two after `minor` could come out, which ends its support.
fn earliest_end(minor: u32) -> Option<String> {
    let newest = table().releases.last()?;
    let cycles = (minor + 2).checked_sub(newest.minor)?;
    let (year, rest) = newest.released.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
    let months = month - 1 + cycles * SHORTEST_CYCLE;
    Some(format!(
        "{:04}-{:02}-{day}",
        year + months / 12,
        months % 12 + 1
    ))
}

fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| {
            if matches!(i, 4 | 7) {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses_and_support_ends_with_the_second_next() {
        let t: Table =
            serde_json::from_str(include_str!("releases.json")).expect("the table is valid");
        assert!(is_day(&t.taken));
        for pair in t.releases.windows(3) {
            assert_eq!(pair[0].minor + 2, pair[2].minor);
            assert_eq!(
                pair[0].support_ends.as_ref(),
                Some(&pair[2].released),
                "1.{}",
                pair[0].minor
            );
        }
    }

    #[test]
    fn support_by_minor_and_day() {
        assert_eq!(is_supported(27, "2026-11-22"), Some(true));
        assert_eq!(is_supported(25, "2026-08-18"), Some(true));
        assert_eq!(is_supported(25, "2026-08-19"), Some(false));
        assert_eq!(is_supported(27, "2020-01-01"), Some(false));
        assert_eq!(
            is_supported(26, "2031-01-01"),
            None,
            "its end is not settled"
        );
        assert_eq!(is_supported(99, "2026-11-22"), None);
        assert_eq!(is_supported(19, "yesterday"), None);
        assert_eq!(support(13), SupportEnd::Ends("2020-08-11"));
        assert_eq!(support(12), SupportEnd::Ends("2020-02-25"));
        assert_eq!(support(11), SupportEnd::Ends("2019-09-03"));
        assert_eq!(support(10), SupportEnd::EndedBefore("2019-09-03"));
        assert_eq!(support(0), SupportEnd::EndedBefore("2019-09-03"));
        assert_eq!(support(99), SupportEnd::Unknown);
        assert_eq!(is_supported(12, "2026-11-22"), Some(false));
        assert_eq!(newest_patch(27), Some(3));
        assert_eq!(newest_patch(13), None);
    }
}
