//! How records spell the values of keys that hold versions, and what a policy may write instead.

use std::borrow::Cow;

/// Keys that hold a Go release as toolchains spell it, with `go` before the numbers.
const GO_RELEASES: [&str; 4] = [
    "go_version",
    "build_info.GoVersion",
    "go_version_range.first",
    "go_version_range.last",
];

/// The key that holds a language version as go.mod spells it, without `go` before the numbers.
const LANGUAGE_VERSION: &str = "godebug.language_version";

/// Whether the key holds Go releases.
pub fn is_go_release(key: &str) -> bool {
    GO_RELEASES.contains(&key)
}

/// The value as records spell it, so that a policy may say `1.26` or `go1.26`: only the keys that hold Go versions change it.
pub fn spelled<'v>(key: &str, value: &'v str) -> Cow<'v, str> {
    if is_go_release(key) && value.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("go{value}").into();
    }
    match value.strip_prefix("go") {
        Some(numbers) if key == LANGUAGE_VERSION => numbers.into(),
        _ => value.into(),
    }
}

/// Whether the key holds a version, which tags write with a leading `v`.
pub fn is_version(key: &str) -> bool {
    [
        "version",
        "build_info.Main.Version",
        "build_info.Deps.Version",
    ]
    .contains(&key)
        || key.starts_with("modules.")
}
