//! The clock, and facts that depend on the day: how long each Go release is supported.

use super::error::Error;
use crate::audit::Date;
use crate::knowledge::GoVersion;
use crate::knowledge::releases;
use crate::record::{Binary, KnowledgeDate};
use crate::report::document::Support;
use std::time::{SystemTime, UNIX_EPOCH};

/// The current time in seconds since 1970, UTC.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}

/// The time at which a document says that it was made: SOURCE_DATE_EPOCH (reproducible-builds.org) when it is set, else now.
pub fn made_at() -> Result<u64, Error> {
    match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => match text.trim().parse() {
            Ok(seconds) => Ok(seconds),
            Err(_) => Err(Error::NotSeconds(text)),
        },
        _ => Ok(now()),
    }
}

/// The current day, UTC.
pub fn today() -> Date {
    Date::from_unix(now())
}

/// The date of the built-in knowledge.
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

/// Calls `receive` with the release of a binary and a function that computes its support.
pub fn with_support(
    binary: &Binary,
    today: &str,
    receive: impl FnOnce(&str, Box<dyn FnOnce() -> Support + '_>),
) {
    if let Some(release) = &binary.go_version {
        receive(release, Box::new(|| support(release, today)));
    }
}

/// The support of a release on a day.
pub fn support(release: &str, today: &str) -> Support {
    let version = GoVersion::parse(release);
    if let Some(text) = version.as_ref().and_then(|v| not_a_release(v, today)) {
        return Support {
            supported: Some(false),
            text,
        };
    }
    let minor = version.and_then(|v| v.minor());
    let end = match minor.map(releases::support) {
        Some(releases::SupportEnd::EndedBefore(since)) if since <= today => {
            return Support {
                supported: Some(false),
                text: format!("unsupported since before {since}"),
            };
        }
        Some(releases::SupportEnd::Ends(end)) => Some(end),
        _ => None,
    };
    let supported = minor.and_then(|m| releases::is_supported(m, today));
    let text = match (supported, end) {
        (Some(true), Some(end)) => format!("supported until {end}"),
        (Some(true), None) => match minor {
            Some(minor) => format!("supported until Go 1.{} is out", minor + 2),
            None => "supported".to_owned(),
        },
        (Some(false), Some(end)) if end <= today => format!("unsupported since {end}"),
        (Some(false), _) => "not released yet".to_owned(),
        (None, _) => format!(
            "support unknown: gospect knows releases up to {}",
            releases::table().taken
        ),
    };
    Support { supported, text }
}

/// What a version without support is: a release candidate or beta or, from Go 1.21 on, a language version (as in development trees
/// and vendors' builds). Only releases get fixes.
fn not_a_release(version: &GoVersion, today: &str) -> Option<String> {
    let (release, minor) = (version.release.as_ref()?, version.minor()?);
    let kind = match &release.prerelease {
        Some((kind, _)) if kind == "rc" => "a candidate",
        Some(_) => "a pre-release",
        None if release.patch.is_none() => "not a release",
        None => return None,
    };
    let released = releases::release(minor).map(|r| r.released.as_str());
    Some(match released.filter(|released| *released <= today) {
        Some(released) => format!("{kind}, not supported: Go 1.{minor} was released on {released}"),
        None => format!("{kind}, not supported: no release of Go 1.{minor} yet"),
    })
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
            ("go1.12.17", "2026-11-22", Some(false), "since 2020-02-25"),
            ("go1.11.2", "2026-11-22", Some(false), "since 2019-09-03"),
            (
                "go1.9.7",
                "2026-11-22",
                Some(false),
                "since before 2019-09-03",
            ),
            (
                "go1.27rc1",
                "2026-11-22",
                Some(false),
                "a candidate, not supported: Go 1.27 was released on",
            ),
            (
                "go1.27rc1",
                "2026-07-01",
                Some(false),
                "a candidate, not supported: no release of Go 1.27 yet",
            ),
            (
                "go1.28beta1",
                "2026-11-22",
                Some(false),
                "a pre-release, not supported: no release of Go 1.28 yet",
            ),
            (
                "go1.26",
                "2026-11-22",
                Some(false),
                "not a release, not supported",
            ),
            ("go1.19", "2022-10-01", Some(true), "until"),
            ("go1.99.0", "2026-11-22", None, "unknown"),
            ("devel", "2026-11-22", None, "unknown"),
        ] {
            let released = support(release, today);
            assert_eq!(released.supported, supported, "{release} {today}");
            assert!(
                released.text.contains(text),
                "{release} {today}: {}",
                released.text
            );
        }
    }
}
