//! Module versions: validity, order and the special forms of the go command.
//!
//! Follows golang.org/x/mod/semver and golang.org/x/mod/module (as vendored in Go 1.27): a leading `v`, `vN` and `vN.M` as
//! shorthands, build metadata (`+incompatible`, `+dirty`) that does not count in the order, and pseudo-versions.

use std::cmp::Ordering;

/// A valid module version, split into its parts, which borrow from the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semver<'a> {
    major: &'a str,
    minor: &'a str,
    patch: &'a str,
    prerelease: &'a str,
    build: &'a str,
}

/// What a pseudo-version says about its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pseudo<'a> {
    /// Commit time, `yyyymmddhhmmss` in UTC.
    pub time: &'a str,
    /// First twelve characters of the commit.
    pub revision: &'a str,
}

impl<'a> Semver<'a> {
    /// Splits a version; `None` when it is invalid for golang.org/x/mod/semver.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::parse_bare(text.strip_prefix('v')?)
    }

    /// The same for a version without its `v`, as the OSV format writes them (ossf.github.io/osv-schema, `affected[].ranges[].events`).
    pub fn parse_bare(text: &'a str) -> Option<Self> {
        let (major, rest) = number(text)?;
        let mut version = Self {
            major,
            minor: "0",
            patch: "0",
            prerelease: "",
            build: "",
        };
        if rest.is_empty() {
            return Some(version);
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        version.minor = minor;
        if rest.is_empty() {
            return Some(version);
        }
        let (patch, mut rest) = number(rest.strip_prefix('.')?)?;
        version.patch = patch;
        if rest.starts_with('-') {
            let end = rest.find('+').unwrap_or(rest.len());
            (version.prerelease, rest) = rest.split_at(end);
            version.prerelease = version
                .prerelease
                .strip_prefix('-')
                .filter(|p| identifiers(p, true))?;
        }
        if let Some(build) = rest.strip_prefix('+') {
            version.build = Some(build).filter(|b| identifiers(b, false))?;
            rest = "";
        }
        rest.is_empty().then_some(version)
    }

    /// The order of semantic versioning; build metadata does not count.
    pub fn compare(&self, other: &Self) -> Ordering {
        decimal(self.major, other.major)
            .then_with(|| decimal(self.minor, other.minor))
            .then_with(|| decimal(self.patch, other.patch))
            .then_with(|| prerelease(self.prerelease, other.prerelease))
    }

    /// The text after `-`; empty for a release.
    pub fn prerelease(&self) -> &'a str {
        self.prerelease
    }

    /// Whether it was built from a work tree with uncommitted changes (Go 1.24 and newer).
    pub fn is_dirty(&self) -> bool {
        self.build.split('.').any(|b| b == "dirty")
    }

    /// The commit behind a pseudo-version: `vX.0.0-TIME-REV`, `vX.Y.Z-PRE.0.TIME-REV` or `vX.Y.Z-0.TIME-REV`.
    pub fn pseudo(&self) -> Option<Pseudo<'a>> {
        let (head, revision) = self.prerelease.rsplit_once('-')?;
        let (base, time) = head
            .rsplit_once('.')
            .map_or((None, head), |(base, time)| (Some(base), time));
        let base_fits = match base {
            None => self.minor == "0" && self.patch == "0",
            Some(base) => base == "0" || base.ends_with(".0"),
        };
        let fits = base_fits
            && time.len() == 14
            && time.bytes().all(|b| b.is_ascii_digit())
            && !revision.is_empty()
            && revision.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then_some(Pseudo { time, revision })
    }
}

/// The order of two version texts. Invalid versions are equal, and smaller than valid ones.
pub fn compare(a: &str, b: &str) -> Ordering {
    match (Semver::parse(a), Semver::parse(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

fn number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (n, rest) = text.split_at(digits);
    (digits == 1 || digits > 1 && !n.starts_with('0')).then_some((n, rest))
}

/// Whether a text consists of dot-separated, non-empty identifiers of letters, digits and hyphens. Numbers in a pre-release
/// have no leading zeros.
fn identifiers(text: &str, prerelease: bool) -> bool {
    text.split('.').all(|id| {
        let numeric = id.bytes().all(|b| b.is_ascii_digit());
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !(prerelease && numeric && id.len() > 1 && id.starts_with('0'))
    })
}

/// Compares two decimal numbers of any length.
fn decimal(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn prerelease(a: &str, b: &str) -> Ordering {
    match (a.is_empty(), b.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => (x, y),
        };
        let numeric = |id: &str| id.bytes().all(|b| b.is_ascii_digit());
        let order = match (numeric(x), numeric(y)) {
            (true, true) => decimal(x, y),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => x.cmp(y),
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_list_compares_as_sorted() {
        let sorted = [
            "(devel)",
            "v0.0.0-20190101000000-abcdefabcdef",
            "v0.0.0-20240101000000-abcdefabcdef",
            "v0.0.1",
            "v1.0.0-alpha",
            "v1.0.0-alpha.1",
            "v1.0.0-alpha.beta",
            "v1.0.0-beta.2",
            "v1.0.0-beta.11",
            "v1.0.0-rc.1",
            "v1.0.0",
            "v1.0.1-0.20240101000000-abcdefabcdef",
            "v1.0.1",
            "v1.2.9",
            "v1.2.10",
            "v2.0.0+incompatible",
            "v18446744073709551616.0.0",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(compare(a, b), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [
            ("v1", "v1.0.0"),
            ("v1.2", "v1.2.0"),
            ("v1.2.3+dirty", "v1.2.3"),
            ("", "1.2.3"),
            ("v01.0.0", "x"),
        ] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }

    #[test]
    fn validity() {
        for text in [
            "v1",
            "v1.2",
            "v1.2.3",
            "v1.2.3-pre.1",
            "v1.2.3+meta",
            "v1.2.3-a-b.1+c.01",
            "v2.0.0+incompatible.dirty",
        ] {
            assert!(Semver::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "v",
            "1.2.3",
            "v1.2.3.4",
            "v1.2-pre",
            "v1+x",
            "v1.2.3-",
            "v1.2.3-01",
            "v1.2.3-a..b",
            "v1.2.3+",
            "v1.2.03",
            "v1.2.3 ",
        ] {
            assert!(Semver::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn special_forms() {
        let pseudo = |text| Semver::parse(text).and_then(|v| v.pseudo());
        let want = Some(Pseudo {
            time: "20240102030405",
            revision: "abcdefabcdef",
        });
        for text in [
            "v0.0.0-20240102030405-abcdefabcdef",
            "v1.2.4-0.20240102030405-abcdefabcdef",
            "v1.2.3-rc.1.0.20240102030405-abcdefabcdef+dirty",
            "v5.0.0-20240102030405-abcdefabcdef+incompatible",
        ] {
            assert_eq!(pseudo(text), want, "{text}");
        }
        for text in [
            "v1.2.3",
            "v1.2.3-20240102030405-abcdefabcdef",
            "v1.2.3-0.2024-abcdefabcdef",
            "v1.2.3-rc.1",
        ] {
            assert_eq!(pseudo(text), None, "{text}");
        }
        let dirty = |text| Semver::parse(text).is_some_and(|v| v.is_dirty());
        assert!(
            dirty("v1.2.3+dirty") && dirty("v2.0.0+incompatible.dirty") && !dirty("v1.2.3-dirty")
        );
        assert!(Semver::parse("v2.0.0+incompatible.dirty").is_some_and(|v| v.is_dirty()));
    }

    #[test]
    fn order_is_total_on_mutated_text() {
        let mut state = 7u64;
        let mut random = move |n: usize| {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let mut texts = Vec::new();
        for _ in 0..300 {
            let mut text = String::from(
                [
                    "v1.2.3-rc.1+dirty",
                    "v0.0.0-20240102030405-abcdefabcdef",
                    "v2",
                ][random(3)],
            );
            for _ in 0..random(4) {
                text.insert(
                    random(text.len() + 1),
                    ['0', '1', '.', '-', '+', 'a'][random(6)],
                );
            }
            texts.push(text);
        }
        for a in &texts {
            for b in &texts {
                assert_eq!(compare(a, b), compare(b, a).reverse(), "{a} {b}");
                let c = &texts[random(texts.len())];
                if compare(a, b).is_le() && compare(b, c).is_le() {
                    assert!(compare(a, c).is_le(), "{a} {b} {c}");
                }
            }
        }
    }
}
