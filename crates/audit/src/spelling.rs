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

/// Keys that are true or false, and settings that are recorded as `true`.
const TRUE_OR_FALSE: [&str; 15] = [
    "-asan",
    "-cover",
    "-msan",
    "-race",
    "-trimpath",
    "executable.debug_info",
    "executable.go_symbols",
    "goroot.trimmed",
    "linkage.nx",
    "linkage.pie",
    "linkage.signed",
    "linkage.static",
    "location.started",
    "location.visible",
    "vcs.modified",
];

/// Why no record can have this value, or a value that this glob matches, and what to write. `None` for every other value.
pub fn never_recorded(key: &str, value: &str) -> Option<String> {
    let key = key.strip_prefix("settings.").unwrap_or(key);
    let matches_one_of = |values: &[&str]| values.iter().any(|v| matches_glob(value, v));
    match key {
        "version" | "go_version" | "main_package" | "port" | "vcs.revision" if value.is_empty() => {
            Some("it is never empty; is a variable not set?".to_owned())
        }
        _ if value == "*" => None,
        "CGO_ENABLED" => (!matches_one_of(&["0", "1"])).then(|| "it is `0` or `1`".to_owned()),
        "GOAMD64" => (!matches_one_of(&["v1", "v2", "v3", "v4"]))
            .then(|| "it is `v1`, `v2`, `v3` or `v4`".to_owned()),
        "port" if !value.contains(['/', '*', '?', '[', '{']) => Some(format!(
            "it is system and architecture, such as `linux/amd64`; `{value}` may be a value of `executable.os` or `executable.arch`"
        )),
        "port" => crate::options::bad_port(value),
        _ if TRUE_OR_FALSE.contains(&key) => {
            (!matches_one_of(&["true", "false"])).then(|| "it is `true` or `false`".to_owned())
        }
        _ => None,
    }
}

/// Whether a text is a glob where a whole value is asked for: no value of the key has these characters.
pub fn is_meant_as_glob(key: &str, text: &str) -> bool {
    let is_plain = is_go_release(key)
        || is_version(key)
        || key.starts_with("executable.")
        || ["port", "main_package", "vcs.revision"].contains(&key);
    text.contains('*') || (is_plain && text.contains(['?', '[', '{']))
}

/// Whether a value matches a glob. A lone `*` is any value, also one with a `/`.
pub fn matches_glob(glob: &str, value: &str) -> bool {
    glob == "*" || crate::glob::matches(glob, value)
}

/// Whether two values of a key are the same: of versions one may have a leading `v` and the other not.
pub fn is_same(key: &str, one: &str, other: &str) -> bool {
    let number = |version: &'_ str| -> String {
        let number = version.strip_prefix('v');
        let number = number.filter(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        number.unwrap_or(version).to_owned()
    };
    one == other || (is_version(key) && number(one) == number(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_no_record_has_are_refused() {
        for (key, value, hint) in [
            ("CGO_ENABLED", "true", "`0` or `1`"),
            ("settings.CGO_ENABLED", "yes", "`0` or `1`"),
            ("GOAMD64", "2", "`v2`"),
            ("port", "linux", "`executable.os`"),
            ("port", "linux/amd46", "`linux/amd64`"),
            ("linkage.static", "yes", "`true` or `false`"),
            ("-trimpath", "1", "`true` or `false`"),
            ("version", "", "is a variable not set?"),
        ] {
            let why = never_recorded(key, value).unwrap();
            assert!(why.contains(hint), "{key}={value}: {why}");
        }
        for (key, value) in [
            ("CGO_ENABLED", "0"),
            ("CGO_ENABLED", "*"),
            ("port", "linux/*"),
            ("port", "windows/arm64"),
            ("linkage.pie", "true"),
            ("-tags", "true"),
        ] {
            assert_eq!(never_recorded(key, value), None, "{key}={value}");
        }
        for key in TRUE_OR_FALSE {
            assert!(crate::keys::is_known(key), "{key}");
        }
    }

    #[test]
    fn a_version_may_lack_its_v() {
        assert!(is_same("version", "v2.102.0", "2.102.0"));
        assert!(is_same("modules.example.com/x", "1.0.0", "v1.0.0"));
        assert!(!is_same("version", "vnext", "next"));
        assert!(!is_same("main_package", "v1", "1"));
    }
}
