//! The words that several formats use for the same part of a record. Nothing here adds to what the record says.

use crate::record::{Binary, Checksum, FipsMode, GodebugStatus, Module, Verdict, VersionRange};

/// `go1.2 to go1.3 by its tables`, of the releases that can have built a program.
pub fn range(range: &VersionRange) -> String {
    match &range.last {
        Some(last) if *last == range.first => format!("{last} by its tables and files"),
        Some(last) => format!("{} to {last} by its tables and files", range.first),
        None => format!("{} or newer by its tables and files", range.first),
    }
}

/// A recorded build setting.
pub fn setting<'a>(binary: &'a Binary, key: &str) -> Option<&'a str> {
    binary.build_info.as_ref()?.setting(key)
}

/// The main module when one is recorded.
pub fn main_module(binary: &Binary) -> Option<&Module> {
    binary
        .build_info
        .as_ref()
        .map(|info| &info.main)
        .filter(|module| !module.path.is_empty())
}

/// The module that was really built: its replacement, else itself.
pub fn built(module: &Module) -> &Module {
    module.replace.as_deref().unwrap_or(module)
}

/// `path@version`, or the path alone.
pub fn at_version(path: &str, version: &str) -> String {
    if version.is_empty() {
        path.to_owned()
    } else {
        format!("{path}@{version}")
    }
}

/// Claims of a binary with this verdict.
pub fn claims(binary: &Binary, verdict: Verdict) -> Vec<&str> {
    let all = binary.corroboration.as_deref().unwrap_or_default();
    all.iter()
        .filter(|c| c.verdict == verdict)
        .map(|c| c.claim.as_str())
        .collect()
}

/// How loud a flag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// Wants a look now.
    Alarm,
    /// Worth knowing before a release.
    Notice,
    /// A property.
    Plain,
}

/// Short words for one binary, loudest first.
pub fn flags(binary: &Binary) -> Vec<(String, Loudness)> {
    use Loudness::{Alarm, Notice, Plain};
    let is = |key: &str, value: &str| setting(binary, key) == Some(value);
    let info = binary.build_info.as_ref();
    let modules = info.map(|info| info.deps.as_slice()).unwrap_or_default();
    let effective = binary.godebug.effective.as_deref().unwrap_or_default();
    let fips = binary.fips.as_ref();
    let location = &binary.location;
    let contradicted = claims(binary, Verdict::Contradicted);
    let mut flags = Vec::new();
    let mut add = |on: bool, text: String, loudness| {
        if on {
            flags.push((text, loudness));
        }
    };
    add(
        !contradicted.is_empty(),
        format!("!contradicted:{}", contradicted.join(",")),
        Alarm,
    );
    add(
        effective.iter().any(|s| s.status == GodebugStatus::Fatal),
        "!godebug-fatal".into(),
        Alarm,
    );
    add(
        fips.is_some_and(|f| f.checksum == Some(Checksum::Invalid.into())),
        "!fips-checksum".into(),
        Alarm,
    );
    add(
        binary.executable.packed.is_some(),
        format!("packed:{}", text(&binary.executable.packed)),
        Notice,
    );
    add(info.is_none(), "no-record".into(), Notice);
    add(
        binary.module_list().why().is_some(),
        "no-modules".into(),
        Notice,
    );
    add(is("vcs.modified", "true"), "dirty".into(), Notice);
    add(
        ["-race", "-msan", "-asan"]
            .iter()
            .any(|key| is(key, "true")),
        "sanitizer".into(),
        Notice,
    );
    add(
        location.mode.is_some_and(|mode| mode & 0o6000 != 0),
        "setuid".into(),
        Notice,
    );
    add(location.visible == Some(false), "hidden".into(), Notice);
    add(location.started == Some(true), "started".into(), Plain);
    let replaced = modules.iter().filter(|m| m.replace.is_some()).count();
    add(replaced > 0, format!("replaced:{replaced}"), Plain);
    add(
        binary.experiments.setting.is_some(),
        format!("X:{}", text(&binary.experiments.setting)),
        Plain,
    );
    add(
        fips.and_then(|f| f.mode.as_ref())
            .is_some_and(|mode| *mode != FipsMode::Off),
        "fips".into(),
        Plain,
    );
    add(is("CGO_ENABLED", "1"), "cgo".into(), Plain);
    add(
        binary.executable.go_symbols == Some(false),
        "stripped".into(),
        Plain,
    );
    flags
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

/// Orders Go releases as people read them: runs of digits compare as numbers.
pub fn compare_releases(a: &str, b: &str) -> std::cmp::Ordering {
    let (a, b) = (pieces(a), pieces(b));
    a.cmp(&b)
}

fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        // A longer number without leading zeros is a larger one; words all weigh the same.
        let piece = if digits {
            piece.trim_start_matches('0')
        } else {
            piece
        };
        pieces.push((if digits { piece.len() + 1 } else { 0 }, piece));
        rest = tail;
    }
    pieces
}

/// Bytes for a person: `2.4 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!(
        "{value:.1} {}",
        UNITS.get(unit).copied().unwrap_or_default()
    )
}

/// `1 file`, `1,234 files`; `one` and `many` are the nouns.
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(number),
        if number == 1 { one } else { many }
    )
}

/// Groups digits by three.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn releases_sort_as_numbers() {
        let mut releases = [
            "go1.9",
            "go1.27.3",
            "go1.19.8",
            "go1.27",
            "go1.27rc1",
            "devel",
        ];
        releases.sort_by(|a, b| compare_releases(a, b));
        assert_eq!(
            releases,
            [
                "devel",
                "go1.9",
                "go1.19.8",
                "go1.27",
                "go1.27.3",
                "go1.27rc1"
            ]
        );
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(999_949), "999.9 kB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(bytes(u64::MAX), "18446.7 PB");
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(1_234_567, "file", "files"), "1,234,567 files");
    }

    #[test]
    fn flags_put_alarms_first_and_a_clean_program_has_none() {
        let words = |b: Binary| flags(&b).into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(words(sample::clean()), ["stripped"]);
        let odd = words(sample::contradicted());
        assert_eq!(odd[0], "!contradicted:go-version");
        assert!(odd.contains(&"dirty".to_owned()), "{odd:?}");
        assert_eq!(words(sample::without_record())[0], "no-record");
    }
}
