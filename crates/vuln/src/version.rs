//! Which versions an entry affects, and which version fixes it.
//!
//! The order is that of golang.org/x/mod/semver; ranges are read as the OSV format says (ossf.github.io/osv-schema, "Evaluation") and as govulncheck does
//! (golang.org/x/vuln v1.9.0, internal/semver/affects.go): the last event at or before a version decides.

use super::database::{Affected, Event, Range};
use gospect_knowledge::GoVersion;
use gospect_knowledge::semver::Semver;
use std::cmp::Ordering;

/// A version in the form that is compared with ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Without `v`: `1.2.3-rc.1`.
    bare: String,
    /// Who assigned it.
    scheme: Scheme,
}

/// Who assigned a version. Modules whose tags are not valid versions (`v2.3.0` without `/v2` in the path) have versions of their own for people and
/// pseudo-versions for Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// Go: the version of a module or the release of a toolchain.
    Go,
    /// The project: a claim of the program, such as a variable that the linker set.
    Project,
}

impl Version {
    /// The version of a module as build info records it; `None` when Go calls it invalid, as `(devel)`.
    pub fn of_module(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('v')?;
        Semver::parse_bare(bare)?;
        Some(Self {
            bare: bare.to_owned(),
            scheme: Scheme::Go,
        })
    }

    /// A version that a program claims for itself: with or without `v`, with one to three numbers.
    pub(crate) fn of_claim(text: &str) -> Option<Self> {
        let bare = text.trim().trim_start_matches('v');
        Semver::parse_bare(bare)?;
        Some(Self {
            bare: bare.to_owned(),
            scheme: Scheme::Project,
        })
    }

    /// The version of the standard library in a program: `go1.21rc2` is `1.21.0-rc.2`. Vendor text and experiments do not count. A development tree of
    /// 1.N, and a bare `go1.N` of 1.21 and newer, is older than every release of 1.N and newer than all before it. `None`: it names no release.
    pub fn of_go(version: &GoVersion) -> Option<Self> {
        let release = version.release.as_ref()?;
        let (major, minor) = (release.major, release.minor);
        let bare = match (&release.prerelease, release.patch) {
            _ if version.devel => format!("{major}.{minor}.0-0"),
            (Some((kind, Some(n))), _) => format!("{major}.{minor}.0-{kind}.{n}"),
            (Some((kind, None)), _) => format!("{major}.{minor}.0-{kind}"),
            (None, Some(patch)) => format!("{major}.{minor}.{patch}"),
            (None, None) => format!("{major}.{minor}.0-0"),
        };
        Some(Self {
            bare,
            scheme: Scheme::Go,
        })
    }

    fn parsed(&self) -> Option<Semver<'_>> {
        Semver::parse_bare(&self.bare)
    }

    /// Whether it is a pseudo-version, which Go derives from a commit.
    fn is_pseudo(&self) -> bool {
        self.parsed().is_some_and(|v| v.pseudo().is_some())
    }

    /// Whether it is a released version: neither a pseudo-version nor a pre-release.
    pub fn is_release(&self) -> bool {
        self.parsed().is_some_and(|v| v.prerelease().is_empty())
    }

    /// The first number.
    pub fn major(&self) -> &str {
        self.bare.split('.').next().unwrap_or_default()
    }
}

/// The release of Go that a version of the standard library stands for: `1.24.0-rc.3` is `go1.24rc3`, `1.20.0` is `go1.20`, `1.21.0` is `go1.21.0`
/// (golang.org/x/vuln v1.9.0, internal/semver/semver.go, `SemverToGoTag`).
pub(crate) fn go_release(bare: &str) -> String {
    let (numbers, prerelease) = bare.split_once('-').unwrap_or((bare, ""));
    let is_old = |minor: &str| minor.parse::<u32>().is_ok_and(|minor| minor < 21);
    let short = match numbers.strip_suffix(".0") {
        Some(short) => short
            .split_once('.')
            .filter(|(_, minor)| !prerelease.is_empty() || is_old(minor))
            .map_or(numbers, |_| short),
        None => numbers,
    };
    format!("go{short}{}", prerelease.replacen('.', "", 1))
}

/// Whether an item of `affected` affects a version.
///
/// If `ranges` has no end, the real end may be in `custom_ranges`, in the versions of the project. Then these decide, unless the version is a pseudo-version
/// and they contain none. A claim of the program is compared with the versions of the project too.
pub fn affects(affected: &Affected, version: &Version) -> bool {
    let Some(parsed) = version.parsed() else {
        return false;
    };
    let holds_any = |ranges: &[Range]| {
        let mut ranges = ranges.iter();
        ranges.any(|range| holds(&range.events, &parsed))
    };
    if affected.versions.iter().any(|v| plain(v) == version.bare) {
        return true;
    }
    let custom = || holds_any(&affected.custom_ranges);
    match (decides(affected, version), version.scheme) {
        (Decides::Custom, Scheme::Project) => custom(),
        (decides, _) => {
            let listed = !affected.versions.is_empty();
            let in_ranges = match affected.ranges.is_empty() {
                true => !listed,
                false => holds_any(&affected.ranges),
            };
            in_ranges && (decides == Decides::Ranges || custom())
        }
    }
}

/// Whether an item of `affected` affects all versions.
pub(crate) fn affects_all(affected: &Affected) -> bool {
    let mut ranges = affected.ranges.iter().chain(&affected.custom_ranges);
    affected.versions.is_empty()
        && ranges.all(|range| {
            let mut events = range.events.iter();
            events.all(|event| matches!(event, Event::Introduced("0")))
        })
}

/// The lowest version after `version` that none of these items of one module affects, without `v`.
pub fn fixed(affected: &[&Affected], version: Option<&Version>) -> Option<String> {
    let parsed = version.and_then(Version::parsed);
    let mut candidates: Vec<(Semver, &str)> = Vec::new();
    for item in affected {
        let ranges = match version.map(|version| decides(item, version)) {
            Some(Decides::Custom) => &item.custom_ranges,
            Some(Decides::Ranges) => &item.ranges,
            None => match item.custom_ranges.is_empty() {
                true => &item.ranges,
                false => &item.custom_ranges,
            },
        };
        for event in ranges.iter().flat_map(|range| &range.events) {
            if let Event::Fixed(text) = event
                && let Some(fixed) = Semver::parse_bare(plain(text))
                && parsed
                    .as_ref()
                    .is_none_or(|linked| linked.compare(&fixed).is_lt())
            {
                candidates.push((fixed, plain(text)));
            }
        }
    }
    let scheme = version.map_or(Scheme::Go, |version| version.scheme);
    let is_fixed = |text: &str| {
        let bare = text.to_owned();
        let version = Version { bare, scheme };
        !affected.iter().any(|item| affects(item, &version))
    };
    candidates.sort_by(|one, other| one.0.compare(&other.0));
    if version.is_none() {
        // When the linked version is unknown, only the newest version is certain to fix it.
        candidates.reverse();
    }
    let mut texts = candidates.into_iter().map(|(_, text)| text);
    texts.find(|text| is_fixed(text)).map(str::to_owned)
}

/// Which ranges of an item decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decides {
    Ranges,
    Custom,
}

fn decides(affected: &Affected, version: &Version) -> Decides {
    if affected.custom_ranges.is_empty() {
        return Decides::Ranges;
    }
    let is_pseudo = |event: &Event| {
        let at = text(event).and_then(|text| Semver::parse_bare(plain(text)));
        at.is_some_and(|at| at.pseudo().is_some())
    };
    let any = |ranges: &[Range], test: &dyn Fn(&Event) -> bool| {
        let mut ranges = ranges.iter();
        ranges.any(|range| range.events.iter().any(test))
    };
    let is_end = |event: &Event| !matches!(event, Event::Introduced(_));
    let is_custom = match version.scheme {
        Scheme::Project => true,
        Scheme::Go if any(&affected.ranges, &is_end) => false,
        Scheme::Go => !version.is_pseudo() || any(&affected.custom_ranges, &is_pseudo),
    };
    match is_custom {
        true => Decides::Custom,
        false => Decides::Ranges,
    }
}

fn text<'d>(event: &Event<'d>) -> Option<&'d str> {
    match event {
        Event::Introduced("0") => None,
        Event::Introduced(text)
        | Event::Fixed(text)
        | Event::LastAffected(text)
        | Event::Limit(text) => Some(text),
    }
}

/// Whether a range contains a version: the state after the last event at or before it. A range without events contains all. An end that cannot be read is ignored,
/// and a beginning that cannot be read counts as before all versions, so that neither hides a finding.
fn holds(events: &[Event], version: &Semver) -> bool {
    let mut decisive: Option<(Option<Semver>, bool)> = None;
    for event in events {
        let position = text(event).and_then(|text| Semver::parse_bare(plain(text)));
        let order = position.map_or(Ordering::Less, |position| position.compare(version));
        let is_before = match event {
            Event::LastAffected(_) => order.is_lt(),
            _ => order.is_le(),
        };
        let affected = matches!(event, Event::Introduced(_));
        if !is_before || (position.is_none() && !affected) {
            continue;
        }
        let is_later = match &decisive {
            None => true,
            Some((decisive_position, _)) => match (&position, decisive_position) {
                (Some(position), Some(decisive_position)) => {
                    position.compare(decisive_position).is_ge()
                }
                (position, decisive_position) => position.is_some() >= decisive_position.is_some(),
            },
        };
        if is_later {
            decisive = Some((position, affected));
        }
    }
    match decisive {
        Some((_, affected)) => affected,
        None => events.is_empty(),
    }
}

/// Without `v` or `go`, with which some databases write versions.
fn plain(text: &str) -> &str {
    let text = text.strip_prefix('v').unwrap_or(text);
    text.strip_prefix("go").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{database, entry};
    use serde_json::json;

    /// Whether the ranges `events` hold a version of a module, and what fixes it.
    fn judged(events: &str, custom: &str, version: Version) -> (bool, Option<String>) {
        let mut document = entry("GO-2026-0001", "a.b/c", events, &[]);
        if !custom.is_empty() {
            let other = entry("GO-2026-0002", "a.b/c", custom, &[]);
            let mut range = other["affected"][0]["ranges"][0].clone();
            range["type"] = json!("ECOSYSTEM");
            document["affected"][0]["ecosystem_specific"]["custom_ranges"] = json!([range]);
        }
        let database = database(&[document]);
        let blocks = database.for_module("a.b/c").unwrap();
        let all: Vec<&Affected> = blocks.iter().collect();
        let held = affects(&blocks[0], &version);
        (held, fixed(&all, Some(&version)).filter(|_| held))
    }

    #[test]
    fn versions_are_ordered_as_go_orders_them() {
        let two = "introduced 0, fixed 1.2.3, introduced 1.3.0-rc.1, fixed 1.3.2";
        for (events, version, fixed) in [
            (two, "v1.2.2", Some("1.2.3")),
            (two, "v1.2.3", None),
            (two, "v1.2.3-rc.1", Some("1.2.3")),
            (two, "v1.2.3-0.20260102030405-abcdefabcdef", Some("1.2.3")),
            (two, "v1.2.4-0.20260102030405-abcdefabcdef", None),
            (two, "v0.0.0-20260102030405-abcdefabcdef", Some("1.2.3")),
            (two, "v1.2.2+incompatible", Some("1.2.3")),
            (two, "v1.2.3+incompatible", None),
            (two, "v1.2.3+dirty", None),
            (two, "v1.3.0", Some("1.3.2")),
            (two, "v1.3.0-beta.1", None),
            (two, "v1.3.0-rc.1", Some("1.3.2")),
            (two, "v1.3.2", None),
            // A suffix of a vendor is a pre-release to Go.
            (two, "v1.3.2-fips", Some("1.3.2")),
            ("introduced 1.0.0", "v0.9.9", None),
            ("introduced 0, last_affected 1.2.3", "v1.2.4", None),
            // Out of order, as ranges may be.
            (
                "fixed 1.3.0, introduced 1.0.0, introduced 0, fixed 0.5.0",
                "v0.7.0",
                None,
            ),
            (
                "fixed 1.3.0, introduced 1.0.0, introduced 0, fixed 0.5.0",
                "v1.1.0",
                Some("1.3.0"),
            ),
        ] {
            let at = Version::of_module(version).unwrap();
            let (held, end) = judged(events, "", at);
            assert_eq!(
                (held, end.as_deref()),
                (fixed.is_some(), fixed),
                "{version} in {events}"
            );
        }
        let last = Version::of_module("v1.2.3").unwrap();
        assert_eq!(
            judged("introduced 0, last_affected 1.2.3", "", last),
            (true, None)
        );
    }

    #[test]
    fn custom_ranges_end_what_ranges_leave_open() {
        let custom = "introduced 0, fixed 2.4.16, introduced 2.5.0, fixed 2.5.9";
        let go = |text| Version::of_module(text).unwrap();
        let claim = |text| Version::of_claim(text).unwrap();
        for (ranges, custom, version, want) in [
            (
                "introduced 0",
                custom,
                go("v2.5.8+incompatible"),
                (true, Some("2.5.9")),
            ),
            (
                "introduced 0",
                custom,
                go("v2.5.9+incompatible"),
                (false, None),
            ),
            (
                "introduced 0",
                custom,
                claim("v2.5.8"),
                (true, Some("2.5.9")),
            ),
            ("introduced 0", custom, claim("2.6"), (false, None)),
            // A commit does not tell which version of the project it is.
            (
                "introduced 0",
                custom,
                go("v0.0.0-20260102030405-abcdefabcdef"),
                (true, None),
            ),
            (
                "introduced 0",
                "introduced 0, fixed 1.9.2-0.20260127141016-e702db6096e0",
                go("v1.9.2-0.20260301000000-abcdefabcdef"),
                (false, None),
            ),
            // Ranges with an end are Go's own and count for versions of Go.
            (
                "introduced 0, fixed 1.16.3",
                "introduced 0, fixed 1.15.9",
                go("v1.16.0"),
                (true, Some("1.16.3")),
            ),
            (
                "introduced 0, fixed 0.17.7",
                "introduced 0, fixed 17.0.7",
                claim("17.0.3"),
                (true, Some("17.0.7")),
            ),
        ] {
            let shown = format!("{version:?} in {ranges} / {custom}");
            let (held, end) = judged(ranges, custom, version);
            assert_eq!((held, end.as_deref()), want, "{shown}");
        }
    }

    #[test]
    fn a_fix_ends_all_ranges() {
        let mut document = entry("GO-2026-0001", "a.b/c", "introduced 0, fixed 1.5.0", &[]);
        let more = entry(
            "GO-2026-0002",
            "a.b/c",
            "introduced 1.4.0, fixed 1.6.0",
            &[],
        );
        let more = more["affected"][0].clone();
        document["affected"].as_array_mut().unwrap().push(more);
        let database = database(&[document]);
        let blocks = database.for_module("a.b/c").unwrap();
        let all: Vec<&Affected> = blocks.iter().collect();
        let of = |text| fixed(&all, Version::of_module(text).as_ref());
        assert_eq!(of("v1.0.0").as_deref(), Some("1.6.0"));
        assert_eq!(of("v1.5.5").as_deref(), Some("1.6.0"));
        assert_eq!(fixed(&all, None).as_deref(), Some("1.6.0"));
    }

    #[test]
    fn releases_of_go_have_two_spellings() {
        for (bare, release) in [
            ("1.24.3", "go1.24.3"),
            ("1.24.0-rc.3", "go1.24rc3"),
            ("1.21.0", "go1.21.0"),
            ("1.20.0", "go1.20"),
            ("1.19.0-beta.1", "go1.19beta1"),
        ] {
            assert_eq!(go_release(bare), release);
            let parsed = GoVersion::parse(release).unwrap();
            assert_eq!(Version::of_go(&parsed).unwrap().bare, bare);
        }
    }
}
