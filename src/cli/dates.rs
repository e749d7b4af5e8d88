//! The clock, and what depends on the day: how long each Go release is supported.

use crate::audit::Date;
use crate::go::GoVersion;
use crate::knowledge::releases;
use crate::report::document::Support;
use crate::report::model::{Binary, KnowledgeDate};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, UTC.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}

/// Today, UTC.
pub fn today() -> Date {
    Date::from_unix(now())
}

/// How new the built-in knowledge is.
pub fn knowledge() -> KnowledgeDate {
    let newest = releases::newest().map_or(0, |r| r.minor);
    let newest_go = match releases::newest_patch(newest) {
        Some(patch) => format!("go1.{newest}.{patch}"),
        None => format!("go1.{newest}"),
    };
    KnowledgeDate {
        newest_go,
        date: releases::table().taken.clone(),
    }
}

/// Hands over the release of a binary with a maker of what is to be said about its support.
pub fn learn(
    binary: &Binary,
    today: &str,
    hand: impl FnOnce(&str, Box<dyn FnOnce() -> Support + '_>),
) {
    if let Some(release) = &binary.go_version {
        hand(release, Box::new(|| support(release, today)));
    }
}

/// What there is to say about the support of a release on a day.
pub fn support(release: &str, today: &str) -> Support {
    let minor = GoVersion::parse(release).and_then(|v| v.minor());
    let row = minor.and_then(releases::release);
    let end = row.and_then(|r| r.support_ends.as_deref());
    let supported = minor.and_then(|m| releases::is_supported(m, today));
    let oldest = releases::table().releases.first();
    let text = match (supported, end) {
        (Some(true), Some(end)) => format!("supported until {end}"),
        (Some(true), None) => match minor {
            Some(minor) => format!("supported until Go 1.{} is out", minor + 2),
            None => "supported".to_owned(),
        },
        (Some(false), Some(end)) if end <= today => format!("unsupported since {end}"),
        (Some(false), _) => "not released yet".to_owned(),
        (None, _) if minor.zip(oldest).is_some_and(|(m, o)| m < o.minor) => {
            let since = oldest.map_or("", |o| o.released.as_str());
            return Support {
                supported: Some(false),
                text: format!("unsupported since before {since}"),
            };
        }
        (None, _) => format!(
            "support unknown: gospect knows releases up to {}",
            releases::table().taken
        ),
    };
    Support { supported, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_by_release_and_day() {
        for (release, today, supported, text) in [
            ("go1.27.3", "2026-11-22", Some(true), "until Go 1.29 is out"),
            ("go1.21.13", "2026-11-22", Some(false), "since 2024-08-13"),
            ("go1.25.1", "2026-08-18", Some(true), "until 2026-08-19"),
            ("go1.27.0", "2020-01-01", Some(false), "not released yet"),
            (
                "go1.9.7",
                "2026-11-22",
                Some(false),
                "since before 2019-09-03",
            ),
            ("go1.99.0", "2026-11-22", None, "unknown"),
            ("devel", "2026-11-22", None, "unknown"),
        ] {
            let row = support(release, today);
            assert_eq!(row.supported, supported, "{release} {today}");
            assert!(row.text.contains(text), "{release} {today}: {}", row.text);
        }
    }
}
