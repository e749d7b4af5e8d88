//! The version that a file name claims for its program: `app_1.4.3_linux_amd64`, `app-v1.4.3.tar.gz!app`.
//!
//! Only three numbers count, and only in a name that begins with the program's own: the name of an archive with many tools says
//! nothing about the version of each.

use crate::record::{Binary, Location, VersionClaim, VersionSource};

/// Words before a number that make it a version of something else.
const OTHERS: [&str; 12] = [
    "alpine", "android", "darwin", "debian", "freebsd", "glibc", "go", "linux", "macos", "musl",
    "ubuntu", "windows",
];
/// Suffixes that are part of a version.
const PRERELEASES: [&str; 4] = ["rc", "alpha", "beta", "pre"];
/// Suffixes of builds between releases.
const BETWEEN: [&str; 7] = [
    "next", "snapshot", "dirty", "dev", "devel", "nightly", "really",
];

/// Adds the claims of the file's name and of the names of archives around it.
pub(super) fn claim(place: &Location, record: &mut Binary) {
    let Some(claims) = &mut record.versions else {
        return;
    };
    let inside = if place.image.is_some() {
        None
    } else {
        place.file.as_deref()
    };
    let mut names: Vec<&str> = inside
        .into_iter()
        .chain(place.entry.iter().map(String::as_str))
        .map(|path| path.rsplit('/').next().unwrap_or(path))
        .collect();
    let Some(own) = names.pop() else { return };
    let program = stem(own);
    let mut found = Vec::new();
    for name in names.iter().filter(|n| begins(n, program)).chain([&own]) {
        if let Some(version) = version(name) {
            found.push(VersionClaim {
                value: version.to_owned(),
                source: VersionSource::FileName.into(),
                name: Some((*name).to_owned()),
            });
        }
    }
    claims.extend(found);
}

/// The program's name without version, port and extension.
fn stem(name: &str) -> &str {
    let end = name.find(['_', '.', '@']).unwrap_or(name.len());
    let short = name.get(..end).unwrap_or(name);
    let digit = short
        .match_indices('-')
        .find(|(i, _)| {
            let rest = short.get(i + 1..).unwrap_or_default();
            rest.trim_start_matches('v')
                .starts_with(|c: char| c.is_ascii_digit())
        })
        .map_or(short.len(), |(i, _)| i);
    short.get(..digit).unwrap_or(short)
}

fn begins(name: &str, program: &str) -> bool {
    !program.is_empty()
        && name
            .strip_prefix(program)
            .is_some_and(|rest| rest.starts_with(['-', '_', '.', '@']))
}

/// The only version in a name; `None` when there are two.
fn version(name: &str) -> Option<&str> {
    let starts = name
        .match_indices(['-', '_', '@'])
        .map(|(i, _)| i)
        .filter(|i| *i > 0);
    let mut found: Option<&str> = None;
    for at in starts {
        let before = name.get(..at)?;
        let word = before.rsplit(['-', '_', '.']).next().unwrap_or(before);
        let text = name.get(at + 1..)?;
        let Some(version) = at_start(text) else {
            continue;
        };
        if OTHERS.contains(&word.to_ascii_lowercase().as_str()) || found.is_some() {
            return None;
        }
        found = Some(version);
    }
    found
}

/// `1.4.3` or `v1.4.3-rc.1` at the start of a text.
fn at_start(text: &str) -> Option<&str> {
    let body = text.strip_prefix('v').unwrap_or(text);
    let mut rest = body;
    for i in 0..3 {
        if i > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=8).contains(&digits) {
            return None;
        }
        rest = rest.get(digits..)?;
    }
    let numbers = text.len() - rest.len();
    let word = |t: &str| t.bytes().take_while(u8::is_ascii_alphabetic).count();
    match rest.chars().next() {
        None => text.get(..numbers),
        Some('.') if !rest.get(1..)?.starts_with(|c: char| c.is_ascii_digit()) => {
            text.get(..numbers)
        }
        Some('-' | '_' | '+' | '~') => {
            let suffix = rest.get(1..)?;
            let length = word(suffix);
            let kind = suffix.get(..length)?.to_ascii_lowercase();
            if BETWEEN.contains(&kind.as_str()) {
                return None;
            }
            if !PRERELEASES.contains(&kind.as_str()) {
                return text.get(..numbers);
            }
            let tail = suffix.get(length..)?;
            let dot = usize::from(tail.starts_with('.'));
            let digits = tail
                .get(dot..)?
                .bytes()
                .take_while(u8::is_ascii_digit)
                .count();
            let more = if digits > 0 { dot + digits } else { 0 };
            text.get(..numbers + 1 + length + more)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Location;

    fn claimed(file: &str, entries: &[&str]) -> Vec<String> {
        let mut binary = Binary {
            versions: Some(Vec::new()),
            location: Location {
                file: Some(file.to_owned()),
                entry: entries.iter().map(|e| (*e).to_owned()).collect(),
                ..Location::default()
            },
            ..Binary::default()
        };
        let place = binary.location.clone();
        claim(&place, &mut binary);
        binary
            .versions
            .unwrap()
            .into_iter()
            .map(|c| c.value)
            .collect()
    }

    #[test]
    fn names_of_releases_claim_their_version() {
        for (file, entries, want) in [
            ("dist/app_1.4.3_linux_amd64", &[][..], "1.4.3"),
            ("app-v1.4.3-windows-amd64.exe", &[], "v1.4.3"),
            ("app-1.4.3", &[], "1.4.3"),
            ("app_1.4.3-rc.1_linux_amd64", &[], "1.4.3-rc.1"),
            ("app-1.4.3-rc2.tar.gz", &["bin/app"], "1.4.3-rc2"),
            ("app_1.4.3_linux_amd64.tar.gz", &["app"], "1.4.3"),
            ("caddy_2.6.2-5_amd64.deb", &["usr/bin/caddy"], "2.6.2"),
            (
                "esbuild-linux-x64-0.16.3.tgz",
                &["package/bin/esbuild"],
                "0.16.3",
            ),
            ("all.zip", &["app_1.4.3_linux_amd64"], "1.4.3"),
        ] {
            assert_eq!(claimed(file, entries), [want], "{file}");
        }
    }

    #[test]
    fn other_numbers_claim_nothing() {
        for (file, entries) in [
            ("app", &[][..]),
            ("v1.4.3/app", &[]),
            ("app-1.4", &[]),
            ("app-1.4.3.2", &[]),
            ("app-darwin-10.15.1-amd64", &[]),
            ("app_go1.27.3", &[]),
            ("app-1.4.3-next_linux_amd64", &[]),
            ("app_1.4.3-SNAPSHOT-abcdef", &[]),
            ("app-1.4.3-for-2.0.0", &[]),
            ("tools-2.0.0.tar.gz", &["bin/app"]),
            ("application-2.0.0.tar.gz", &["bin/app"]),
            ("app-é1.2.3", &[]),
            ("", &[]),
        ] {
            assert!(claimed(file, entries).is_empty(), "{file}");
        }
    }
}
