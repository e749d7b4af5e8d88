//! Toolchain versions as programs spell them.
//!
//! The text is `runtime.buildVersion`: the first line of GOROOT/VERSION (or what cmd/dist derives from a git checkout),
//! followed by the GOEXPERIMENT differences that the linker appends (Go 1.19-1.27: src/cmd/link/internal/ld/main.go,
//! src/cmd/dist/build.go). Distributions and companies append text of their own.

use std::cmp::Ordering;
use std::fmt;

/// A parsed toolchain version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVersion {
    /// The recorded text.
    pub raw: String,
    /// The numbers; `None` for a development build that names no release (`devel +abcdef ...`).
    pub release: Option<Release>,
    /// Whether it is a development build; the release it names is not out yet.
    pub devel: bool,
    /// Text that a vendor appended, without its separator or parentheses; `None`: none.
    pub vendor: Option<String>,
    /// Names of the `X:` suffix in recorded order; a switched-off experiment has the prefix `no`.
    pub experiments: Vec<String>,
}

/// The numbers of a release (src/internal/gover/gover.go). Before Go 1.21 a missing patch number means 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Always 1 so far.
    pub major: u32,
    /// 27 of `go1.27.3`.
    pub minor: u32,
    /// 3 of `go1.27.3`; `None` for a language version or a pre-release.
    pub patch: Option<u32>,
    /// `rc` and 1 of `go1.27rc1`.
    pub prerelease: Option<(String, Option<u32>)>,
    /// The text of the release with its leading `go`.
    text: String,
}

impl GoVersion {
    /// Parses any spelling; `None` when the text is not a Go version.
    pub fn parse(raw: &str) -> Option<Self> {
        let (head, experiments) = cut_experiments(raw.trim());
        if let Some(rest) = head.strip_prefix("devel") {
            if !rest.is_empty() && !rest.starts_with([' ', '+', '-']) {
                return None;
            }
            // Up to Go 1.25 `devel go1.N-HASH DATE`; before Go 1.17 `devel +HASH DATE`, which names no release.
            let word = rest.trim_start().split(' ').next().unwrap_or_default();
            let release = Release::parse_prefix(word).map(|(release, _)| release);
            return Some(Self {
                raw: raw.to_owned(),
                release,
                devel: true,
                vendor: None,
                experiments,
            });
        }
        let (release, rest) = Release::parse_prefix(&head)?;
        // Since Go 1.26 a development build is `go1.N-devel_HASH DATE`.
        let devel = rest.starts_with("-devel");
        let vendor = (!devel).then(|| vendor_text(rest)).flatten();
        Some(Self {
            raw: raw.to_owned(),
            release: Some(release),
            devel,
            vendor,
            experiments,
        })
    }

    /// The release without suffixes, such as `go1.27.3`; for a development build the release that it will become.
    pub fn release_text(&self) -> Option<&str> {
        self.release.as_ref().map(|r| r.text.as_str())
    }

    /// The minor release of Go 1, which is the key of every knowledge table; `None` for other major versions and unnamed
    /// builds.
    pub fn minor(&self) -> Option<u32> {
        self.release
            .as_ref()
            .filter(|r| r.major == 1)
            .map(|r| r.minor)
    }

    /// The patch number; `None` when the text names none.
    pub fn patch(&self) -> Option<u32> {
        self.release.as_ref().and_then(|r| r.patch)
    }

    /// A beta or release candidate.
    pub fn is_prerelease(&self) -> bool {
        self.release
            .as_ref()
            .is_some_and(|r| r.prerelease.is_some())
    }

    /// The order of go/version.Compare: `1.21` (the language) < `1.21rc1` < `1.21.0` < `1.21.1`. Vendor text and experiments do
    /// not count. As in Go itself, a development build of 1.N counts as the language version `go1.N` (`go1.N-devel_...` loses
    /// its suffix): newer than every 1.N-1, older than `go1.Nrc1`. A development build that names no release is older than
    /// everything.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }

    fn order(&self) -> impl Ord + '_ {
        self.release
            .as_ref()
            .map(|r| (r.major, r.minor, r.patch, &r.prerelease))
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.raw)
    }
}

impl Release {
    /// Parses the longest release at the start of `text`, and returns the rest. A separator must follow, so `go1.21x` and
    /// `go1.21.3rc1` are not releases.
    fn parse_prefix(text: &str) -> Option<(Self, &str)> {
        let body = text.strip_prefix("go")?;
        let (major, mut rest) = number(body)?;
        let (mut minor, mut patch, mut prerelease) = (0, Some(0), None);
        if let Some((n, after)) = rest.strip_prefix('.').and_then(number) {
            (minor, rest) = (n, after);
            // Since Go 1.21 a bare `1.N` is the language version, not the first release.
            patch = (minor < 21).then_some(0);
            if let Some((n, after)) = rest.strip_prefix('.').and_then(number) {
                (patch, rest) = (Some(n), after);
            } else {
                let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
                let (kind, after) = rest.split_at(letters);
                if matches!(kind, "alpha" | "beta" | "rc") {
                    patch = None;
                    let (n, after) =
                        number(after).map_or((None, after), |(n, after)| (Some(n), after));
                    (prerelease, rest) = (Some((kind.to_owned(), n)), after);
                }
            }
        }
        let follows = |c: char| c.is_ascii_alphanumeric() || c == '.';
        if rest.starts_with(follows) && !is_boring(rest) {
            return None;
        }
        let text = text[..text.len() - rest.len()].to_owned();
        Some((
            Self {
                major,
                minor,
                patch,
                prerelease,
                text,
            },
            rest,
        ))
    }
}

/// Whether the text begins with the revision of a release of the branch `dev.boringcrypto`, such as `go1.18.10b7`. Go 1.8 to
/// 1.18 had such releases (Go's `misc/boring/RELEASES` of these years).
fn is_boring(text: &str) -> bool {
    let rest = text.strip_prefix('b').and_then(number);
    rest.is_some_and(|(_, rest)| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.'))
}

/// Parses a decimal number without leading zeros at the start of `text`, and returns the rest.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (n, rest) = text.split_at(digits);
    if n.len() > 1 && n.starts_with('0') {
        return None;
    }
    Some((n.parse().ok()?, rest))
}

/// Removes the list after ` X:` (every release) or `-X:` (since Go 1.26) from the text, and returns both.
fn cut_experiments(text: &str) -> (String, Vec<String>) {
    let Some(at) = [" X:", "-X:"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min()
    else {
        return (text.to_owned(), Vec::new());
    };
    let list = &text[at + 3..];
    let end = list.find(' ').unwrap_or(list.len());
    let names = list[..end]
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    (format!("{}{}", &text[..at], &list[end..]), names)
}

/// The rest of the text after the release, without separators and without parentheses around all of it.
fn vendor_text(rest: &str) -> Option<String> {
    let text = rest.trim_matches([' ', '-', '+', '_', '~']);
    let inner = text
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .filter(|t| !t.contains(['(', ')']));
    let text = inner.unwrap_or(text).trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> GoVersion {
        GoVersion::parse(text).unwrap_or_else(|| panic!("{text} must parse"))
    }

    #[test]
    fn spellings() {
        // text, release, vendor, experiments, devel
        type Row = (
            &'static str,
            Option<&'static str>,
            Option<&'static str>,
            &'static [&'static str],
            bool,
        );
        let table: &[Row] = &[
            ("go1.26.6", Some("go1.26.6"), None, &[], false),
            (
                "go1.26.6-X:nodwarf5",
                Some("go1.26.6"),
                None,
                &["nodwarf5"],
                false,
            ),
            (
                "go1.26.6-X:nodwarf5,nogreenteagc,norandomizedheapbase64",
                Some("go1.26.6"),
                None,
                &["nodwarf5", "nogreenteagc", "norandomizedheapbase64"],
                false,
            ),
            (
                "go1.25.5 X:greenteagc",
                Some("go1.25.5"),
                None,
                &["greenteagc"],
                false,
            ),
            (
                "go1.22.5 (Red Hat 1.22.5-1.el9)",
                Some("go1.22.5"),
                Some("Red Hat 1.22.5-1.el9"),
                &[],
                false,
            ),
            (
                "go1.22.5 (Red Hat 1.22.5-1.el9) X:strictfipsruntime",
                Some("go1.22.5"),
                Some("Red Hat 1.22.5-1.el9"),
                &["strictfipsruntime"],
                false,
            ),
            (
                "go1.21.13-bigcorp",
                Some("go1.21.13"),
                Some("bigcorp"),
                &[],
                false,
            ),
            (
                "go1.27.1-bigcorp X:simd",
                Some("go1.27.1"),
                Some("bigcorp"),
                &["simd"],
                false,
            ),
            ("go1.24.4+auto", Some("go1.24.4"), Some("auto"), &[], false),
            ("go1.22.1-fips", Some("go1.22.1"), Some("fips"), &[], false),
            ("go1.18.10b7", Some("go1.18.10"), Some("b7"), &[], false),
            (
                "go1.20.1b7 boring",
                Some("go1.20.1"),
                Some("b7 boring"),
                &[],
                false,
            ),
            (
                "go1.21.13-microsoft-20240807.1 X:systemcrypto",
                Some("go1.21.13"),
                Some("microsoft-20240807.1"),
                &["systemcrypto"],
                false,
            ),
            (
                "go1.18 gccgo (GCC) 13.2.0 20230801",
                Some("go1.18"),
                Some("gccgo (GCC) 13.2.0 20230801"),
                &[],
                false,
            ),
            (
                "go1.22-20240212-RC01 cl/606545 +4c0b X:boringcrypto",
                Some("go1.22"),
                Some("20240212-RC01 cl/606545 +4c0b"),
                &["boringcrypto"],
                false,
            ),
            ("go1.27rc1", Some("go1.27rc1"), None, &[], false),
            ("go1.19beta1", Some("go1.19beta1"), None, &[], false),
            ("go1", Some("go1"), None, &[], false),
            ("go1.4", Some("go1.4"), None, &[], false),
            (
                "devel go1.28-abcdef0123 Mon Nov 2 01:02:03 2026 +0000",
                Some("go1.28"),
                None,
                &[],
                true,
            ),
            (
                "devel go1.25-0123456789 Tue Jan 7 X:greenteagc",
                Some("go1.25"),
                None,
                &["greenteagc"],
                true,
            ),
            (
                "go1.28-devel_abcdef0123 Mon Nov 2 01:02:03 2026 +0000",
                Some("go1.28"),
                None,
                &[],
                true,
            ),
            (
                "go1.28-devel_abcdef0123 Mon Nov 2 X:simd",
                Some("go1.28"),
                None,
                &["simd"],
                true,
            ),
            ("devel +abcdef0123 Tue Feb 4 2020", None, None, &[], true),
            ("devel", None, None, &[], true),
        ];
        for (text, release, vendor, experiments, devel) in table {
            let Some(v) = GoVersion::parse(text) else {
                assert!(release.is_none() && !devel, "{text} was refused");
                continue;
            };
            assert_eq!(v.release_text(), *release, "{text}");
            assert_eq!(v.vendor.as_deref(), *vendor, "{text}");
            assert_eq!(v.experiments, *experiments, "{text}");
            assert_eq!(v.devel, *devel, "{text}");
            assert_eq!(v.raw, *text);
        }
    }

    #[test]
    fn refuses_what_is_not_go() {
        for text in [
            "",
            "go",
            "gopher",
            "1.27.3",
            "go1.",
            "go1.21x",
            "go1.21.3rc1",
            "go1.18.10b",
            "go1.18.10b7x",
            "go1.18.10b7.1",
            "go01.2",
            "go1.021",
            "developer",
            "go99999999999.1",
        ] {
            assert_eq!(GoVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_as_in_go() {
        let sorted = [
            "devel +abcdef",
            "go1.4",
            "go1.19rc1",
            "go1.19",
            "go1.19.8",
            "go1.20.14",
            "go1.21",
            "go1.21beta1",
            "go1.21rc1",
            "go1.21rc2",
            "go1.21rc10",
            "go1.21.0",
            "go1.21.9",
            "go1.21.13-bigcorp",
            "go1.27.3",
            "devel go1.28-abcdef Mon",
            "go1.28rc1",
            "go1.28.0",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(parse(a).compare(&parse(b)), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(
            parse("go1.21.13-bigcorp").compare(&parse("go1.21.13 X:simd")),
            Ordering::Equal
        );
        assert_eq!(
            parse("go1.19").compare(&parse("go1.19.0")),
            Ordering::Equal,
            "before 1.21 the bare form is the release"
        );
        assert_ne!(parse("go1.21").compare(&parse("go1.21.0")), Ordering::Equal);
        assert_eq!(
            parse("go1.28-devel_ab Mon").compare(&parse("devel go1.28-ab Mon")),
            Ordering::Equal
        );
    }

    #[test]
    fn the_minor_release_selects_the_row_of_a_table() {
        assert_eq!(parse("go1.27.3").minor(), Some(27));
        assert_eq!(parse("devel go1.28-ab").minor(), Some(28));
        assert_eq!(parse("devel +ab").minor(), None);
        assert_eq!(parse("go2.1").minor(), None);
        assert!(parse("go1.27rc1").is_prerelease());
        assert!(!parse("go1.27.0").is_prerelease());
    }

    #[test]
    fn mutations_never_panic_and_keep_the_text() {
        let seeds = [
            "go1.22.5 (Red Hat 1.22.5-1.el9) X:a,nob",
            "devel go1.28-ab Mon X:c",
            "go1.26.6-X:nodwarf5",
            "go1.27rc1",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15u64;
        let mut random = move |n: usize| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize % n.max(1)
        };
        for round in 0..20_000 {
            let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
            for _ in 0..=random(3) {
                let at = random(text.len() + 1).min(text.len());
                match random(3) {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 => text.truncate(at),
                    _ => text.insert(
                        at,
                        ['0', '.', '-', 'X', ':', ' ', 'é', '\0', '9', 'g'][random(10)],
                    ),
                }
            }
            let text: String = text.into_iter().collect();
            if let Some(v) = GoVersion::parse(&text) {
                assert_eq!(v.raw, text);
                assert!(v.release_text().is_none_or(|r| text.contains(r)), "{text}");
                assert_eq!(v.compare(&v), Ordering::Equal);
            }
        }
    }
}
