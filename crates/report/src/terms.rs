//! Words that several formats use for the same part of a record. Nothing here adds to the record.

#[cfg(feature = "formats")]
use gospect_record::VersionRange;
use gospect_record::{Binary, Checksum, FipsMode, GodebugStatus, Module, Verdict};

/// The releases that may have built a program, such as `go1.2 to go1.3 by its tables`.
#[cfg(feature = "formats")]
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

/// The main module, if one is recorded.
pub(crate) fn main_module(binary: &Binary) -> Option<&Module> {
    binary
        .build_info
        .as_ref()
        .map(|info| &info.main)
        .filter(|module| !module.path.is_empty())
}

/// The module that was built: the replacement, or else the module itself.
pub fn built(module: &Module) -> &Module {
    module.replace.as_deref().unwrap_or(module)
}

/// `path@version`, or the path alone.
pub(crate) fn at_version(path: &str, version: &str) -> String {
    if version.is_empty() {
        path.to_owned()
    } else {
        format!("{path}@{version}")
    }
}

/// The claims of a program with this verdict.
pub fn claims(binary: &Binary, verdict: Verdict) -> Vec<&str> {
    let all = binary.corroboration.as_deref().unwrap_or_default();
    all.iter()
        .filter(|c| c.verdict == verdict)
        .map(|c| c.claim.as_str())
        .collect()
}

/// The importance of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Needs attention now.
    Alarm,
    /// Worth knowing before a release.
    Notice,
    /// A property.
    Plain,
}

/// A short word for a property of a program, or `None`.
type Flag = fn(&Binary) -> Option<String>;

/// The flags, most important first.
const FLAGS: &[(Importance, Flag)] = {
    use Importance::{Alarm, Notice, Plain};
    &[
        (Alarm, |binary| {
            let claims = claims(binary, Verdict::Contradicted).join(",");
            (!claims.is_empty()).then(|| format!("!contradicted:{claims}"))
        }),
        (Alarm, |binary| {
            let mut effective = binary.godebug.effective.iter().flatten();
            when(
                effective.any(|s| s.status == GodebugStatus::Fatal),
                "!godebug-fatal",
            )
        }),
        (Alarm, |binary| {
            when(
                binary.fips.as_ref()?.checksum == Some(Checksum::Invalid.into()),
                "!fips-checksum",
            )
        }),
        (Notice, |binary| {
            Some(format!("packed:{}", binary.executable.packed.as_ref()?))
        }),
        (Notice, |binary| {
            when(binary.build_info.is_none(), "no-record")
        }),
        (Notice, |binary| {
            when(binary.module_list().why().is_some(), "no-modules")
        }),
        (Notice, |binary| {
            when(has(binary, "vcs.modified", "true"), "dirty")
        }),
        (Notice, |binary| {
            let sanitizers = ["-race", "-msan", "-asan"];
            when(
                sanitizers.iter().any(|key| has(binary, key, "true")),
                "sanitizer",
            )
        }),
        (Notice, |binary| {
            when(binary.location.mode? & 0o6000 != 0, "setuid")
        }),
        (Notice, |binary| {
            when(binary.location.visible == Some(false), "hidden")
        }),
        (Plain, |binary| {
            when(binary.location.started == Some(true), "started")
        }),
        (Plain, |binary| {
            let modules = binary.build_info.iter().flat_map(|info| &info.deps);
            let replaced = modules.filter(|m| m.replace.is_some()).count();
            (replaced > 0).then(|| format!("replaced:{replaced}"))
        }),
        (Plain, |binary| {
            Some(format!("X:{}", binary.experiments.setting.as_ref()?))
        }),
        (Plain, |binary| {
            when(
                *binary.fips.as_ref()?.mode.as_ref()? != FipsMode::Off,
                "fips",
            )
        }),
        (Plain, |binary| when(has(binary, "CGO_ENABLED", "1"), "cgo")),
        (Plain, |binary| {
            when(binary.executable.go_symbols == Some(false), "stripped")
        }),
    ]
};

/// The word, if the condition holds.
fn when(condition: bool, word: &str) -> Option<String> {
    condition.then(|| word.to_owned())
}

fn has(binary: &Binary, key: &str, value: &str) -> bool {
    setting(binary, key) == Some(value)
}

/// The flags of a program, most important first.
pub fn flags(binary: &Binary) -> Vec<(String, Importance)> {
    let flags = FLAGS.iter();
    flags
        .filter_map(|(importance, flag)| Some((flag(binary)?, *importance)))
        .collect()
}

/// Orders Go releases as people do: runs of digits compare as numbers.
#[cfg(feature = "formats")]
pub fn compare_releases(a: &str, binary: &str) -> std::cmp::Ordering {
    let (a, binary) = (pieces(a), pieces(binary));
    a.cmp(&binary)
}

#[cfg(feature = "formats")]
fn pieces(text: &str) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        // A longer number without leading zeros is larger; words all compare equal.
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

#[cfg(test)]
mod tests {
    use super::*;
    use test_support::records as sample;

    #[cfg(feature = "formats")]
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
        releases.sort_by(|a, binary| compare_releases(a, binary));
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
    fn flags_put_alarms_first_and_a_clean_program_has_none() {
        let words = |binary: Binary| flags(&binary).into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(words(sample::clean()), ["stripped"]);
        let odd = words(sample::contradicted());
        assert_eq!(odd[0], "!contradicted:go-version");
        assert!(odd.contains(&"dirty".to_owned()), "{odd:?}");
        assert_eq!(words(sample::without_record())[0], "no-record");
    }
}
