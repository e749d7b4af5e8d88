//! The order of the versions of packages: of dpkg (deb-version(7), Debian Policy 5.6.12) and of apk (apk-package(5), "Package version").
//!
//! Of our own, because neither order has a crate that is kept well: those for dpkg build on regular expressions and big numbers, and there is none for apk.

use std::cmp::Ordering;

/// Longest version that is compared, in bytes.
const LONGEST: usize = 256;

/// Order of two versions of Debian packages; `None`: one of them is no version.
pub fn dpkg(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (DebianVersion::parse(a)?, DebianVersion::parse(b)?);
    Some(
        (a.epoch.cmp(&b.epoch))
            .then_with(|| debian_part(a.upstream.as_bytes(), b.upstream.as_bytes()))
            .then_with(|| debian_part(a.revision.as_bytes(), b.revision.as_bytes())),
    )
}

/// `epoch:upstream-revision`.
struct DebianVersion<'t> {
    epoch: u32,
    upstream: &'t str,
    revision: &'t str,
}

impl<'t> DebianVersion<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (epoch, rest) = match text.split_once(':') {
            Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => {
                (epoch.parse().ok()?, rest)
            }
            Some(_) => return None,
            None => (0, text),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b".+~-:".contains(&b);
        let fits = text.len() <= LONGEST
            && !upstream.is_empty()
            && upstream.bytes().all(is_allowed)
            && revision.bytes().all(|b| b != b':' && is_allowed(b));
        fits.then_some(Self {
            epoch,
            upstream,
            revision,
        })
    }
}

/// Compares by turns what is before the next digit and the number that follows.
fn debian_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = split_where(a, u8::is_ascii_digit);
        let (text_b, rest_b) = split_where(b, u8::is_ascii_digit);
        let (number_a, next_a) = split_where(rest_a, |b| !b.is_ascii_digit());
        let (number_b, next_b) = split_where(rest_b, |b| !b.is_ascii_digit());
        let order = debian_text(text_a, text_b).then_with(|| numbers(number_a, number_b));
        if order.is_ne() {
            return order;
        }
        (a, b) = (next_a, next_b);
    }
    Ordering::Equal
}

/// `~` is before the end, the end before letters, and letters before everything else.
fn debian_text(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |text: &[u8], at: usize| match text.get(at) {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(*letter),
        Some(other) => i32::from(*other) + 256,
    };
    let ranks = (0..a.len().max(b.len())).map(|at| rank(a, at).cmp(&rank(b, at)));
    ranks.fold(Ordering::Equal, Ordering::then)
}

/// The part before the first byte that is so, and the rest.
fn split_where(text: &[u8], is_so: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let at = text.iter().position(is_so).unwrap_or(text.len());
    text.split_at(at)
}

/// Compares digits as numbers of any length; nothing at all is 0.
fn numbers(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.get(zeros..).unwrap_or_default().to_vec()
    };
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}

/// Order of two versions of Alpine packages; `None`: one of them is no version.
pub fn apk(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (AlpineVersion::parse(a)?, AlpineVersion::parse(b)?);
    Some(
        (alpine_numbers(&a.numbers, &b.numbers))
            .then_with(|| a.letter.cmp(&b.letter))
            .then_with(|| suffixes(&a.suffixes, &b.suffixes))
            .then_with(|| a.commit.cmp(&b.commit))
            .then_with(|| optional(a.revision, b.revision)),
    )
}

/// `1.2.3b_rc1~c0ffee-r4`: numbers, letter, suffixes, hash of a commit, revision. All but the first number may be missing.
struct AlpineVersion<'t> {
    numbers: Vec<&'t [u8]>,
    letter: Option<u8>,
    suffixes: Vec<(i32, Option<&'t [u8]>)>,
    commit: Option<&'t str>,
    revision: Option<&'t [u8]>,
}

/// Suffixes in their order; those below 0 are before a version without a suffix.
const SUFFIXES: [(&str, i32); 9] = [
    ("alpha", -4),
    ("beta", -3),
    ("pre", -2),
    ("rc", -1),
    ("cvs", 1),
    ("svn", 2),
    ("git", 3),
    ("hg", 4),
    ("p", 5),
];

impl<'t> AlpineVersion<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (text, revision) = match text.split_once("-r") {
            Some((text, revision)) => (text, Some(digits(revision)?)),
            None => (text, None),
        };
        let (text, commit) = match text.split_once('~') {
            Some((text, commit)) => (text, Some(commit)),
            None => (text, None),
        };
        let is_hash = |commit: &str| commit.bytes().all(|b| b.is_ascii_hexdigit());
        if !commit.is_none_or(is_hash) {
            return None;
        }
        let mut parts = text.split('_');
        let version = parts.next()?;
        let letter = version.bytes().last().filter(u8::is_ascii_lowercase);
        let version = version.get(..version.len() - usize::from(letter.is_some()))?;
        let suffix = |part: &'t str| {
            let end = part.find(|c: char| c.is_ascii_digit());
            let (name, number) = part.split_at(end.unwrap_or(part.len()));
            let (_, rank) = SUFFIXES.iter().find(|(known, _)| *known == name)?;
            match number {
                "" => Some((*rank, None)),
                number => Some((*rank, Some(digits(number)?))),
            }
        };
        Some(Self {
            numbers: version.split('.').map(digits).collect::<Option<_>>()?,
            letter,
            suffixes: parts.map(suffix).collect::<Option<_>>()?,
            commit,
            revision,
        })
    }
}

/// The digits of a number; `None`: it is none.
fn digits(text: &str) -> Option<&[u8]> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(text.as_bytes())
}

/// The first number counts by its value; later ones that begin with 0 are compared as fractions are: `1.05` is before `1.1`.
fn alpine_numbers(a: &[&[u8]], b: &[&[u8]]) -> Ordering {
    for (at, (a, b)) in a.iter().zip(b).enumerate() {
        let is_fraction = at > 0 && (a.starts_with(b"0") || b.starts_with(b"0"));
        let order = match is_fraction {
            true => a.cmp(b),
            false => numbers(a, b),
        };
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

fn suffixes(a: &[(i32, Option<&[u8]>)], b: &[(i32, Option<&[u8]>)]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        // A missing suffix is after those of releases to come and before the others.
        let of = |list: &[(i32, _)]| list.get(at).copied().unwrap_or((0, None));
        let ((rank_a, number_a), (rank_b, number_b)) = (of(a), of(b));
        let order = rank_a
            .cmp(&rank_b)
            .then_with(|| optional(number_a, number_b));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// A missing number is before 0.
fn optional(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => numbers(a, b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Order = fn(&str, &str) -> Option<Ordering>;

    /// Each version is before the next one.
    fn rises(order: Order, versions: &[&str]) {
        for (at, a) in versions.iter().enumerate() {
            for (other, b) in versions.iter().enumerate() {
                assert_eq!(order(a, b), Some(at.cmp(&other)), "{a} {b}");
            }
        }
    }

    #[test]
    fn versions_of_debian_are_ordered_as_dpkg_does() {
        rises(
            dpkg,
            &[
                "0~~",
                "0~~a",
                "0~",
                "0",
                "0+b1",
                "0.5.0~rc2+dfsg-1",
                "0.5.0-1",
                "1.0~beta1~svn1245",
                "1.0~beta1",
                "1.0",
                "1.0-1",
                "1.0-1+b1",
                "1.0-1+deb12u1",
                "1.0-1+deb12u9",
                "1.0-1+deb12u10",
                "1.0-1.1",
                "1.0-2~bpo12+1",
                "1.0-2",
                "1.0a-1",
                "1.0+ds1-3",
                "1.9.3-1",
                "1.20.1-3",
                "20191128",
                "1:0.1",
                "2:0",
            ],
        );
        for equal in ["0:1.0-0", "1.0-0", "1.0-", "01.0", "1.00-00"] {
            assert_eq!(dpkg(equal, "1.0"), Some(Ordering::Equal), "{equal}");
        }
        // Numbers of any length.
        let long = "9".repeat(200);
        assert_eq!(dpkg(&long, &format!("1{long}")), Some(Ordering::Less));
        for wrong in [
            "",
            "1:",
            "-1",
            "a:1",
            "1 2",
            "1:0:0-1:1",
            "1_2",
            "99999999999:1",
            "ü",
            &"1".repeat(300),
        ] {
            assert_eq!(dpkg(wrong, "1"), None, "{wrong}");
        }
        assert!(
            dpkg("1:0:0-1", "1:0").is_some(),
            "a colon in a version with an epoch"
        );
    }

    #[test]
    fn versions_of_alpine_are_ordered_as_apk_does() {
        rises(
            apk,
            &[
                "0.1.0_alpha_pre2",
                "0.1.0_alpha",
                "0.1.0_alpha1",
                "0.1.0_alpha2",
                "0.1.0_beta1",
                "0.1.0_pre20060817",
                "0.1.0_rc8",
                "0.1.0",
                "0.1.0-r0",
                "0.1.0-r2",
                "0.1.0-r10",
                "0.1.0_git20230717-r1",
                "0.1.0_p9-r0",
                "0.1.0_p10-r0",
                "0.1.0b-r1",
                "0.1.0c",
                "0.1.0.1",
                "0.1.3_alpha",
                "1.05",
                "1.1",
                "1.1.1a",
                "1.9.3",
                "1.20.1",
                "2.39-r1",
                "006",
                "20050718-r1",
            ],
        );
        rises(
            apk,
            &["1.0-r1", "1.0~1234-r1", "1.0~1234-r2", "1.0~c0ffee-r0"],
        );
        for wrong in [
            "", "1.0bc", "23_foo", "1..2", "1.0-r", "1.0-rc1", "a1", "1.0-1", "1~xyz", ".1", "1.é",
        ] {
            assert_eq!(apk(wrong, "1"), None, "{wrong}");
        }
    }
}
