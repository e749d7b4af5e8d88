//! What the program says about its own version.

use gospect_knowledge::ldflags;
use gospect_record::main_version::could_be_version;
use gospect_record::{BuildInfo, LinkerString, VersionClaim, VersionSource};
use std::collections::HashSet;

/// Every claim about the program's own version.
pub fn claims(info: Option<&BuildInfo>, strings: &[LinkerString]) -> Vec<VersionClaim> {
    let mut claims: Vec<VersionClaim> = Vec::new();
    let mut known = HashSet::new();
    let mut set = HashSet::new();
    let mut claim = |value: &str, source: VersionSource, name: Option<&str>| {
        let new = VersionClaim {
            value: value.to_owned(),
            source: source.into(),
            name: name.map(str::to_owned),
        };
        if !value.is_empty() && known.insert(new.clone()) {
            claims.push(new);
        }
    };
    if let Some(info) = info {
        claim(&info.main.version, VersionSource::MainModule, None);
        for (name, value) in info
            .setting("-ldflags")
            .map(ldflags::definitions)
            .unwrap_or_default()
        {
            if names_version(&name) {
                claim(&value, VersionSource::XFlag, Some(&name));
            } else {
                // A string without a name belongs to the variable that is recorded with the same text.
                set.insert(value);
            }
        }
    }
    for string in strings {
        match &string.name {
            Some(name) if names_version(name) => {
                claim(&string.value, VersionSource::LinkerString, Some(name))
            }
            None if could_be_version(&string.value) && !set.contains(&string.value) => {
                claim(&string.value, VersionSource::LinkerString, None)
            }
            _ => {}
        }
    }
    if let Some(revision) = info.and_then(|i| i.setting("vcs.revision")) {
        claim(revision, VersionSource::Vcs, Some("vcs.revision"));
    }
    claims
}

/// Whether the name of a variable ends with a word for a version.
fn names_version(name: &str) -> bool {
    let last = name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let tool = ["goversion", "apiversion", "minversion", "schemaversion"];
    (last.contains("version") || matches!(last.as_str(), "tag" | "gittag" | "release" | "ver"))
        && !tool.contains(&last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_distinguished_from_other_text() {
        for (text, want) in [
            ("v1.2.3", true),
            ("1.2", true),
            ("2024.1.3-rc.1", true),
            ("1", false),
            ("go1.27", false),
            ("1.2.x", false),
            ("10.0.0.0/8", false),
        ] {
            assert_eq!(
                gospect_record::main_version::reads_like_version(text),
                want,
                "{text}"
            );
        }
        for (name, want) in [
            ("main.version", true),
            ("github.com/a/b.GitTag", true),
            ("main.goVersion", false),
            ("main.commit", false),
        ] {
            assert_eq!(names_version(name), want, "{name}");
        }
    }
}
