//! A finding: the rule, the place, the evidence, and what to do.

use crate::fix::Build;
use gospect_record::{Binary, Location};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How bad a finding is; `Error` is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing; needs no action.
    Note,
    /// Should be looked at.
    Warning,
    /// Should stop a release.
    Error,
}

impl Level {
    /// All levels, worst first.
    pub const ALL: [Level; 3] = [Level::Error, Level::Warning, Level::Note];

    /// The word for it in formats and policy files.
    pub fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    /// The level with this word; `None` for any other word, including `off`.
    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|l| l.name() == name)
    }
}

/// The line of a policy file that causes a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRef {
    /// File name as given.
    pub file: String,
    /// Line number, starting at 1.
    pub line: usize,
}

/// The part of a text file that a finding is about. Lines and columns start at 1, columns count characters; the end is
/// exclusive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line after which it ends.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// The text of the first line, shortened if it is long.
    pub text: String,
}

/// Why a finding does not count: a waiver covers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waived {
    /// The reason that the waiver gives.
    pub reason: String,
    /// Last day of the waiver, ISO 8601; `None`: no end.
    pub expires: Option<String>,
}

/// A value that a finding is based on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Its record key or place.
    pub source: String,
    /// The value.
    pub value: String,
}

impl Evidence {
    /// The source of evidence that names a vulnerability: waivers look for it.
    pub(crate) const VULNERABILITY: &str = "vulnerability";
    /// The source of evidence that names a module: waivers look for it.
    pub(crate) const MODULE: &str = "module";
    /// The source of evidence that a distribution gives: its list of fixes, or the changelog of the package.
    pub(crate) const DISTRIBUTION: &str = "distribution";
}

/// What a rule reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the rule in kebab-case; custom rules have the id from the policy.
    pub rule: String,
    /// Stable code, `GS` and three digits.
    pub code: String,
    /// Its level.
    pub level: Level,
    /// What was found, in one sentence.
    pub message: String,
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// The part of a deployment file; `None`: the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The evidence: record keys (or places) and values.
    pub evidence: Vec<Evidence>,
    /// What to do, with the command to run.
    pub help: String,
    /// The build that `help` names, if it builds the program again.
    #[serde(skip)]
    pub build: Option<Build>,
    /// The line of the policy that causes it; `None`: it is a default.
    pub policy: Option<PolicyRef>,
    /// Set when a waiver covers the finding.
    pub waived: Option<Waived>,
    /// Whether the baseline accepts it.
    #[serde(default)]
    pub accepted: bool,
    /// Whether it says that something could not be judged, and not that something is wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unanswered: bool,
    /// Identifies the finding; stays the same after rebuilds, version bumps and moves of the whole target.
    pub fingerprint: String,
}

impl Finding {
    /// Whether the finding counts for the exit code.
    pub fn counts(&self) -> bool {
        self.waived.is_none() && !self.accepted
    }

    /// The line to show: where its region starts, or the line of the policy if the finding is about that.
    pub fn line(&self) -> Option<usize> {
        let in_policy = self.policy.as_ref().filter(|p| p.file == self.path);
        match (&self.region, in_policy) {
            (Some(region), _) => usize::try_from(region.line).ok(),
            (None, Some(policy)) => Some(policy.line.max(1)),
            (None, None) => None,
        }
    }
}

/// The identity of a place across releases: relative to its target, with `*` for version numbers, and images without tag and
/// digest. Runs over `dist-1.2/app` and `dist-1.3/app` give the same text.
pub fn identity(path: &str, location: &Location) -> String {
    let mut out = String::new();
    if let Some(image) = &location.image {
        let name = image.reference.split('@').next().unwrap_or("");
        let slash = name.rfind('/').map_or(0, |i| i + 1);
        let tag = name
            .get(slash..)
            .and_then(|n| n.find(':'))
            .map_or(name.len(), |i| slash + i);
        out.push_str(&without_versions(name.get(..tag).unwrap_or(name)));
        out.push('|');
        out.push_str(image.platform.as_deref().unwrap_or(""));
        out.push('|');
    }
    out.push_str(&without_versions(relative(path, &location.target)));
    if let Some(slice) = &location.slice {
        out.push('|');
        out.push_str(slice);
    }
    out
}

/// The identity of a program in baselines: that of its place, and its port.
pub fn program_identity(binary: &Binary) -> String {
    format!(
        "{}|{}",
        identity(&binary.path, &binary.location),
        binary.port_text()
    )
}

/// `path` relative to `target`; the file name when the target is the file itself.
fn relative<'a>(path: &'a str, target: &str) -> &'a str {
    let target = target.trim_end_matches('/');
    match path.strip_prefix(target) {
        Some("") => path.rsplit('/').next().unwrap_or(path),
        // The target is the container: only its own name changes between releases.
        Some(rest) if rest.starts_with('!') && !target.is_empty() => rest,
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => path,
    }
}

/// Replaces every dotted number (`1.2`, `v1.2.3-rc1+b`) by `*`.
fn without_versions(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let boundary = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let digits = at + usize::from(bytes[at] == b'v');
        let end = if boundary {
            version_end(bytes, digits)
        } else {
            None
        };
        match end {
            Some(end) => {
                out.push('*');
                at = end;
            }
            None => {
                let next = (at + 1..=bytes.len())
                    .find(|&i| text.is_char_boundary(i))
                    .unwrap_or(bytes.len());
                out.push_str(&text[at..next]);
                at = next;
            }
        }
    }
    out
}

/// Where a dotted number that starts at `at` ends, including a pre-release or build part.
fn version_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut dots = 0;
    loop {
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start {
            return if dots > 1 { Some(at - 1) } else { None };
        }
        if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            dots += 1;
            at += 1;
        } else {
            break;
        }
    }
    if dots == 0 {
        return None;
    }
    for word in [&b"-rc"[..], b"-beta", b"-alpha", b"rc", b"beta"] {
        if bytes[at..].starts_with(word) {
            at += word.len();
            while bytes
                .get(at)
                .is_some_and(|b| b.is_ascii_digit() || *b == b'.')
            {
                at += 1;
            }
            break;
        }
    }
    Some(at)
}

/// The first half of SHA-256, in hex, of the rule, the place and what is special about the finding.
pub fn fingerprint(rule: &str, identity: &str, salient: &[String]) -> String {
    let mut hash = Sha256::new();
    hash.update(rule.as_bytes());
    for part in std::iter::once(identity).chain(salient.iter().map(String::as_str)) {
        hash.update([0]);
        hash.update(part.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(target: &str) -> Location {
        Location {
            target: target.into(),
            ..Location::default()
        }
    }

    #[test]
    fn a_version_bump_keeps_the_identity() {
        let old = identity(
            "dist/app_1.2.3_linux_amd64.tar.gz!app-v1.2.3/app",
            &at("dist"),
        );
        let new = identity(
            "/tmp/x/app_1.10.0-rc1_linux_amd64.tar.gz!app-v1.10.0-rc1/app",
            &at("/tmp/x"),
        );
        assert_eq!(old, new);
        assert_eq!(old, "app_*_linux_amd64.tar.gz!app-*/app");
        assert_ne!(
            old,
            identity(
                "dist/app_1.2.3_linux_arm64.tar.gz!app-v1.2.3/app",
                &at("dist")
            )
        );
    }

    #[test]
    fn numbers_that_are_not_versions_stay() {
        assert_eq!(without_versions("x86_64/sha256sum"), "x86_64/sha256sum");
        assert_eq!(without_versions("é1/v2/é"), "é1/v2/é");
        assert_eq!(without_versions("lib1.2x"), "lib1.2x");
        assert_eq!(without_versions("go1.2"), "go1.2");
    }

    #[test]
    fn an_image_is_known_by_its_repository_and_platform() {
        let image = |reference: &str| {
            let mut l = at(reference);
            l.image = Some(gospect_record::ImageRef {
                reference: reference.into(),
                digest: None,
                platform: Some("linux/amd64".into()),
            });
            identity("/usr/bin/app", &l)
        };
        assert_eq!(
            image("localhost:5000/team/app:1.2"),
            "localhost:5000/team/app|linux/amd64|/usr/bin/app"
        );
        assert_eq!(
            image("localhost:5000/team/app:1.2"),
            image("localhost:5000/team/app@sha256:00")
        );
        assert_ne!(image("a/app:1"), image("b/app:1"));
    }

    #[test]
    fn a_fingerprint_depends_on_rule_place_and_salient_parts() {
        let base = fingerprint("r", "p", &["a".into()]);
        assert_eq!(base.len(), 32);
        assert_ne!(base, fingerprint("s", "p", &["a".into()]));
        assert_ne!(base, fingerprint("r", "q", &["a".into()]));
        assert_ne!(base, fingerprint("r", "p", &["a".into(), String::new()]));
    }
}
