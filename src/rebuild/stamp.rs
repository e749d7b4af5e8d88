//! The stamp of a version control system, and a replacement for `git` that gives the `go` command the answers which the
//! program records.
//!
//! The commit cannot be made again without its repository, and the `go` command takes over whatever `git` prints, so a script named `git` answers in
//! its place: `git status` and `git log` since Go 1.18 (cmd/go/internal/vcs, `gitStatus`), and since Go 1.24, which derives the version of the
//! main module from tags, the questions of `cmd/go/internal/modfetch/codehost` about one commit (`statLocal`, `RecentTag`, `ReadFile`).

use crate::knowledge::semver::Semver;
use crate::record::BuildInfo;

/// The recorded facts of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The commit: 40 or 64 hexadecimal digits.
    pub revision: String,
    /// When it was made, in seconds since 1970.
    pub time: i64,
    /// Whether the checkout had changes.
    pub modified: bool,
    /// The tag of the commit, when the main module has its version from one.
    pub tag: Option<String>,
    /// The tag of an earlier commit, which a pseudo-version is based on.
    pub base: Option<String>,
}

impl Stamp {
    /// Reads the stamp of a record; `None`: there is none, or it is not from git, or it has values that git never gives.
    pub fn of(info: &BuildInfo) -> Option<Self> {
        if info.setting("vcs") != Some("git") {
            return None;
        }
        let revision = info.setting("vcs.revision")?;
        let is_commit = matches!(revision.len(), 40 | 64)
            && revision
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        let version = info.main.version.trim_end_matches("+dirty");
        let version = version.trim_end_matches(".dirty");
        let (tag, base) = tags(version);
        is_commit.then_some(())?;
        Some(Self {
            revision: revision.to_owned(),
            time: seconds(info.setting("vcs.time")?)?,
            modified: info.setting("vcs.modified") == Some("true"),
            tag,
            base,
        })
    }

    /// The replacement for `git`, a POSIX shell script. `prefix` is the folder of the module in its repository, with a slash at its end, or empty.
    pub fn stand_in(&self, prefix: &str) -> String {
        let Self { revision, time, .. } = self;
        let status = if self.modified { "echo ' M file'" } else { ":" };
        let tag = self.tag.as_ref();
        let decoration = tag.map_or(String::new(), |tag| format!(" tag: {prefix}{tag}"));
        let base = self.base.as_ref();
        let merged = base.map_or(":".to_owned(), |tag| {
            format!("echo 'refs/tags/{prefix}{tag}'")
        });
        let listed = tag
            .or(base)
            .map_or(":".to_owned(), |tag| format!("echo '{prefix}{tag}'"));
        let format = match revision.len() {
            64 => "echo sha256",
            _ => "exit 1",
        };
        format!(
            "#!/bin/sh
# Answers the go command as git would in the checkout of the recorded commit; refuses everything else.
case \"$*\" in
'status --porcelain') {status} ;;
*'log -1 --format=%H:%ct') echo '{revision}:{time}' ;;
*'log --no-decorate -n1 --format=format:%H %ct %D '*) echo '{revision} {time}{decoration}' ;;
'config extensions.objectformat') {format} ;;
'tag -l') {listed} ;;
'merge-base '*) : ;;
'ls-remote '*) printf '{revision}\\tHEAD\\n' ;;
'for-each-ref '*) {merged} ;;
'cat-file '*) for last; do :; done; cat \"./${{last#*:}}\" ;;
'version') echo 'git version 2.40.0' ;;
*) exit 1 ;;
esac
"
        )
    }
}

/// The tag of a released version, and the tag that a pseudo-version is based on (<https://go.dev/ref/mod#pseudo-versions>).
fn tags(version: &str) -> (Option<String>, Option<String>) {
    let is_plain = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b))
    };
    let Some(parsed) = Semver::parse(version).filter(|_| is_plain(version)) else {
        return (None, None);
    };
    if parsed.pseudo().is_none() {
        return (
            Some(version.trim_end_matches("+incompatible").to_owned()),
            None,
        );
    }
    // vX.0.0-TIME-HASH has no base; vX.Y.Z-PRE.0.TIME-HASH and vX.Y.(Z+1)-0.TIME-HASH have one.
    let without_hash = version.rsplit_once('-').map(|(front, _)| front);
    let without_time = without_hash.and_then(|text| text.rsplit_once('.'));
    let base = without_time.and_then(|(front, _)| {
        match (front.strip_suffix(".0"), front.strip_suffix("-0")) {
            (Some(base), _) if base.contains('-') => Some(base.to_owned()),
            (_, Some(next)) => one_less(next),
            _ => None,
        }
    });
    (None, base)
}

/// The release before `vX.Y.Z` in its series.
fn one_less(version: &str) -> Option<String> {
    let (front, patch) = version.rsplit_once('.')?;
    let patch = patch.parse::<u64>().ok()?.checked_sub(1)?;
    Some(format!("{front}.{patch}"))
}

/// Seconds since 1970 of `2026-02-03T04:05:06Z`.
pub fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, separator: char| -> Option<[i64; 3]> {
        let mut parts = text.split(separator).map(|part| part.parse::<i64>().ok());
        let all = [parts.next()??, parts.next()??, parts.next()??];
        parts.next().is_none().then_some(all)
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time.split('.').next()?, ':')?;
    let is_sane =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    is_sane.then_some(())?;
    // Counts days in years that begin in March, so that the leap day is the last (proleptic Gregorian calendar).
    let shifted = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_since_1970() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-02-09T17:39:52Z", Some(1_770_658_792)),
            ("2026-13-09T17:39:52Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn versions_come_from_a_tag_or_are_based_on_one() {
        let some = |text: &str| Some(text.to_owned());
        for (version, tag, base) in [
            ("v1.2.3", some("v1.2.3"), None),
            ("v1.2.3-rc.1", some("v1.2.3-rc.1"), None),
            ("v3.0.0+incompatible", some("v3.0.0"), None),
            ("v0.0.0-20260922230020-2884e5132f82", None, None),
            (
                "v3.11.1-0.20260209173952-09cf07a5a404",
                None,
                some("v3.11.0"),
            ),
            (
                "v1.2.3-pre.0.20260209173952-09cf07a5a404",
                None,
                some("v1.2.3-pre"),
            ),
            ("(devel)", None, None),
            ("v1.0.0';touch x'", None, None),
        ] {
            assert_eq!(tags(version), (tag, base), "{version}");
        }
    }
}
