//! What rules need from the knowledge tables.

use super::date::Date;
use gospect_knowledge::godebug::{self, Risk};
use gospect_knowledge::releases;
use gospect_knowledge::{GoVersion, semver};
use std::cmp::Ordering;
use std::fmt;

/// A Go 1 release. Ordered as in Go: `go1.21` as a language before `go1.21rc1` before `go1.21.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoRelease {
    /// 27 of `go1.27.3`.
    pub minor: u32,
    /// 3 of `go1.27.3`; `None` without a patch number.
    pub patch: Option<u32>,
    /// Whether it is a beta or release candidate.
    pub prerelease: bool,
    /// Orders betas and candidates by their number, betas first; 0 for releases.
    rank: u32,
}

impl GoRelease {
    /// Parses `go1.27.3`, `go1.27`, `go1.27rc1`, with any suffix that Go writes.
    pub fn parse(text: &str) -> Option<GoRelease> {
        let version = GoVersion::parse(text)?;
        let minor = version.minor()?;
        let prerelease = version.is_prerelease();
        let rank = if prerelease {
            let digits: String = text
                .chars()
                .rev()
                .take_while(char::is_ascii_digit)
                .collect();
            let number: u32 = digits
                .chars()
                .rev()
                .collect::<String>()
                .parse()
                .unwrap_or(0);
            number.saturating_add(if text.contains("rc") { 1000 } else { 0 })
        } else {
            0
        };
        Some(GoRelease {
            minor,
            patch: version.patch(),
            prerelease,
            rank,
        })
    }

    /// Whether this release is at least `floor`. A floor without a patch number is reached by every patch release.
    pub fn reaches(self, floor: GoRelease) -> bool {
        if floor.patch.is_none() && !floor.prerelease {
            return self.minor > floor.minor || (self.minor == floor.minor && !self.prerelease);
        }
        self >= floor
    }
}

impl PartialOrd for GoRelease {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GoRelease {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |r: &GoRelease| (r.minor, !r.prerelease, r.rank, r.patch.unwrap_or(0));
        key(self).cmp(&key(other))
    }
}

impl fmt::Display for GoRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "go1.{}", self.minor)?;
        self.patch.map_or(Ok(()), |p| write!(f, ".{p}"))
    }
}

/// The day since which a minor release gets no fixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Since this day.
    On(Date),
    /// Some day before this one, the first in the table, because the release is older than the table.
    Before(Date),
}

impl fmt::Display for Ended {
    /// Completes a sentence after "since".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::On(day) => write!(f, "{day}"),
            Self::Before(day) => write!(f, "before {day}"),
        }
    }
}

/// Since when `1.minor` gets no fixes, if that is known and was before or on `today`.
pub fn ended(minor: u32, today: Date) -> Option<Ended> {
    let ended = match releases::support(minor) {
        releases::SupportEnd::Ends(day) => Ended::On(Date::parse(day)?),
        releases::SupportEnd::EndedBefore(day) => Ended::Before(Date::parse(day)?),
        releases::SupportEnd::Unknown => return None,
    };
    let (Ended::On(day) | Ended::Before(day)) = ended;
    (day <= today).then_some(ended)
}

/// The oldest release that still got fixes on that day, as far as the table shows.
pub fn oldest_supported(today: Date) -> u32 {
    let supported = |r: &&releases::ReleaseDates| {
        Date::parse(&r.released).is_some_and(|d| d <= today)
            && r.support_ends
                .as_deref()
                .and_then(Date::parse)
                .is_none_or(|end| today < end)
    };
    releases::table()
        .releases
        .iter()
        .find(supported)
        .map_or_else(newest_minor, |r| r.minor)
}

/// The newest minor release in the tables.
pub fn newest_minor() -> u32 {
    releases::newest().map_or(0, |r| r.minor)
}

/// The newest known patch number of a minor release.
pub fn newest_patch(minor: u32) -> Option<u32> {
    releases::newest_patch(minor)
}

/// The newest known release, in the form that GOTOOLCHAIN takes.
pub fn newest_release() -> String {
    newest_release_of(newest_minor())
}

/// The newest known patch of a minor release, in the form that GOTOOLCHAIN takes.
pub fn newest_release_of(minor: u32) -> String {
    format!("go1.{minor}.{}", newest_patch(minor).unwrap_or(0))
}

/// The release to build with where `floor` or a newer one is wanted: its newest known patch, in the form that GOTOOLCHAIN takes. A release before
/// Go 1.21, which GOTOOLCHAIN cannot choose, and one that is not known stay as they are written.
pub fn release_to_reach(floor: &str) -> String {
    let Some(release) = GoRelease::parse(floor).filter(|r| r.minor >= FIRST_TOOLCHAIN) else {
        return floor.to_owned();
    };
    if newest_patch(release.minor).is_none() {
        return floor.to_owned();
    }
    let newest = newest_release_of(release.minor);
    match GoRelease::parse(&newest) >= Some(release) {
        true => newest,
        false => floor.to_owned(),
    }
}

/// The release to build with where `floor` or a newer one is wanted, in the form that GOTOOLCHAIN takes: the newest patch of the floor, or
/// the newest release where the floor has no fixes any more.
pub fn release_from(floor: &str) -> String {
    let is_old = |release: GoRelease| {
        release.minor < newest_minor() && newest_patch(release.minor).is_none()
    };
    match GoRelease::parse(floor) {
        Some(release) if release.minor < FIRST_TOOLCHAIN || is_old(release) => newest_release(),
        _ => release_to_reach(floor),
    }
}

/// The first minor release that GOTOOLCHAIN can choose.
pub const FIRST_TOOLCHAIN: u32 = 21;

/// Settings whose value in force is stricter than the default or only different; their notes in the table are not warnings.
const NOT_WEAKER: [&str; 6] = [
    "fips140",
    "tarinsecurepath",
    "zipinsecurepath",
    "x509usefallbackroots",
    "x509sslcertoverrideplatform",
    "dataindependenttiming",
];

/// Settings that are limits, with their defaults. A larger value is weaker; where the flag is set, 0 means no limit
/// (src/net/http/cookie.go, src/net/url/url.go, src/mime/multipart/formdata.go, src/crypto/tls/handshake_client.go, 1.27).
const LIMITS: [(&str, u64, bool); 5] = [
    ("httpcookiemaxnum", 3000, true),
    ("urlmaxqueryparams", 10_000, true),
    ("multipartmaxheaders", 10_000, false),
    ("multipartmaxparts", 1000, false),
    ("tlsmaxrsasize", 8192, false),
];

/// Why a value of a GODEBUG setting weakens security in programs of that release; `None` when it does not.
pub fn weakens(key: &str, value: &str, minor: u32) -> Option<&'static str> {
    let setting =
        godebug::setting(key).filter(|s| s.risk == Risk::Security && !s.security.is_empty())?;
    if NOT_WEAKER.contains(&key) {
        return None;
    }
    if let Some((_, most, zero)) = LIMITS.iter().find(|l| l.0 == key) {
        let number: u64 = value.parse().ok()?;
        return (number > *most || (*zero && number == 0)).then_some(setting.security);
    }
    setting
        .acts(minor.min(newest_minor()), value)
        .then_some(setting.security)
}

/// Whether a `go` line (`1.21`, or the lower end of a range) makes the toolchain record this value.
pub fn implied(key: &str, value: &str, line: &str, minor: u32) -> bool {
    let Some(language): Option<u32> = line
        .strip_prefix("1.")
        .and_then(|l| l.split(|c: char| !c.is_ascii_digit()).next())
        .and_then(|l| l.parse().ok())
    else {
        return false;
    };
    // Patch releases bring changes to older releases too, so the row of the release is not enough.
    godebug::setting(key).is_some_and(|s| {
        s.changed
            .iter()
            .any(|c| language < c.0 && c.0 <= minor && c.1 == value)
    })
}

/// The cost of a diagnostic setting; `None` for other settings.
pub fn diagnostic(key: &str) -> Option<&'static str> {
    godebug::setting(key)
        .filter(|s| s.risk == Risk::Diagnostic)
        .map(|s| {
            if s.security.is_empty() {
                s.cost
            } else {
                s.security
            }
        })
}

/// What is wrong with a GOMEMLIMIT, and what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryLimit {
    /// Why Go rejects it.
    pub why: &'static str,
    /// The value that was meant, if that is clear.
    pub meant: Option<String>,
}

impl MemoryLimit {
    /// What to write instead.
    pub fn help(&self) -> String {
        match &self.meant {
            Some(meant) => format!("write `GOMEMLIMIT={meant}`"),
            None => "write a whole number and a unit: `GOMEMLIMIT=512MiB`".to_owned(),
        }
    }
}

/// What is wrong with a value of GOMEMLIMIT; `None` when at least one release accepts it (src/runtime/mgcpacer.go
/// readGOMEMLIMIT and src/internal/runtime/strconv parseByteCount: the same since Go 1.19, except for a leading `+`; tried with
/// 1.21 and 1.27).
pub fn malformed_memory_limit(value: &str) -> Option<MemoryLimit> {
    const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    if value.is_empty() || value == "off" {
        return None;
    }
    let bytes = |text: &str| -> Option<i64> {
        let plain = text.strip_suffix('B').unwrap_or(text);
        let (digits, shift) = UNITS
            .iter()
            .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))
            .unwrap_or((plain, 0));
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i64 = digits.parse().ok()?;
        number.checked_mul(1_i64.checked_shl(shift)?)
    };
    if bytes(value).is_some() {
        return None;
    }
    let plain = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let start = plain.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (number, unit) = plain.split_at(plain.len() - start.len());
    let unit = unit.trim().to_ascii_lowercase();
    let known = UNITS.iter().find(|(name, _)| {
        let name = name.to_ascii_lowercase();
        unit == name
            || unit == name.replace('i', "")
            || name.strip_suffix("ib") == Some(&unit)
            || name.strip_suffix('b') == Some(&unit)
    });
    let whole = number.parse::<u64>().is_ok();
    let meant = match known {
        _ if plain.eq_ignore_ascii_case("off") => Some("off".to_owned()),
        Some((name, _)) if whole => Some(format!("{number}{name}")),
        // A fraction of a unit is written in the next smaller unit.
        Some((_, shift)) if *shift > 10 => number.parse::<f64>().ok().and_then(|n| {
            let smaller = UNITS.iter().find(|(_, s)| s + 10 == *shift)?;
            let count = n * 1024.0;
            (count.fract() == 0.0 && count < 1e9).then(|| format!("{count}{}", smaller.0))
        }),
        None if whole && unit.is_empty() => Some(number.to_owned()),
        _ => None,
    };
    let why = if value.contains(['"', '\'']) {
        "the quotes are part of the value, and Go reads none"
    } else if value.contains(char::is_whitespace) {
        "blanks are part of the value, and Go reads none"
    } else if known.is_some() && number.contains('.') {
        "Go reads whole numbers only"
    } else if value.bytes().next().is_some_and(|b| b.is_ascii_digit()) && !unit.is_empty() {
        "Go reads the units B, KiB, MiB, GiB and TiB, written so, and no others"
    } else if whole {
        "it is more bytes than Go counts"
    } else {
        "Go reads a whole number of bytes, such as `512MiB`, or `off`"
    };
    Some(MemoryLimit {
        why,
        meant: meant.filter(|m| m != value),
    })
}

/// Why Go ignores a value, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// Why.
    pub why: &'static str,
    /// What to write.
    pub help: &'static str,
}

/// Why Go ignores this value of GOGC, GOMAXPROCS or GOTRACEBACK; `None` when it does not (src/runtime/mgcpacer.go readGOGC,
/// src/runtime/proc.go schedinit, src/runtime/runtime1.go setTraceback; tried with Go 1.21 and 1.27).
pub fn ignored_value(name: &str, value: &str) -> Option<Ignored> {
    if value.is_empty() {
        return None;
    }
    let number = |text: &str| text.parse::<i32>().ok();
    match name {
        "GOGC" if value != "off" && number(value).is_none() => Some(Ignored {
            why: "Go reads a whole number of percent or `off`, and takes 100 for anything else",
            help: "write a number, such as `GOGC=50`, or `GOGC=off`",
        }),
        "GOMAXPROCS" if number(value).is_none_or(|n| n <= 0) => Some(Ignored {
            why: "Go reads a whole number above zero, and counts processors itself for anything else",
            help: "take it out to have Go count processors, or write a number, such as `GOMAXPROCS=4`",
        }),
        "GOTRACEBACK"
            if !["none", "single", "all", "system", "crash", "wer"].contains(&value)
                && number(value).is_none() =>
        {
            Some(Ignored {
                why: "Go does not know the word, and a crash prints no goroutine at all",
                help: "write none, single, all, system or crash",
            })
        }
        _ => None,
    }
}

/// Names of all GODEBUG settings.
pub fn debug_names() -> impl Iterator<Item = &'static str> {
    godebug::table().settings.iter().map(|s| s.name)
}

/// Whether a text is a valid module version such as `v1.2.3` or a pseudo-version.
pub fn is_module_version(text: &str) -> bool {
    semver::Semver::parse(text).is_some()
}

/// Whether a text is a pseudo-version such as `v0.0.0-20260102030405-abcdefabcdef`.
pub fn is_pseudo_version(text: &str) -> bool {
    semver::Semver::parse(text).is_some_and(|v| v.pseudo().is_some())
}

/// The order of two module versions.
pub fn compare_modules(a: &str, b: &str) -> Ordering {
    semver::compare(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_ordered_as_go_orders_them() {
        let r = |t: &str| GoRelease::parse(t).unwrap();
        assert!(
            r("go1.9.7") < r("go1.10")
                && r("go1.27beta1") < r("go1.27rc1")
                && r("go1.27rc1") < r("go1.27rc2")
                && r("go1.27rc2") < r("go1.27.0")
                && r("go1.27.0") < r("go1.27.10")
        );
        assert!(GoRelease::parse("1.27").is_none() || r("1.27") == r("go1.27"));
        assert!(GoRelease::parse("latest").is_none());
    }

    #[test]
    fn only_values_that_weaken_security_are_weak() {
        assert!(weakens("tls10server", "1", 26).is_some());
        assert!(weakens("tls10server", "0", 26).is_none());
        assert!(weakens("fips140", "on", 27).is_none());
        assert!(
            weakens("multipartmaxparts", "100000", 27).is_some()
                && weakens("multipartmaxparts", "10", 27).is_none()
        );
        assert!(weakens("madvdontneed", "1", 27).is_none());
    }
}
