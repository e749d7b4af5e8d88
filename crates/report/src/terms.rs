//! Words that several formats use for the same part of a record. Nothing here adds to the record.

#[cfg(feature = "formats")]
use gospect_record::VersionRange;
use gospect_record::{Binary, Module, Verdict};

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

#[cfg(all(test, feature = "formats"))]
mod tests {
    use super::*;

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
}
