//! The forms of lists.
//!
//! | list | form |
//! |---|---|
//! | secdb | `distroversion`, `urlprefix`, `reponame`, and `packages`, each with `pkg.name` and `pkg.secfixes`: version to IDs; version `0`: never affected (wiki.alpinelinux.org, "Security fixes in APKBUILD") |
//! | tracker | source package to ID to `releases`, each with `status` and `fixed_version`; `0`: never affected (security-tracker.debian.org/tracker/data/json) |
//! | OSV | one document, an array of documents, or documents one after the other (<https://ossf.github.io/osv-schema/>) |

use super::super::expand::{ExpandError, expanded};
use super::osv::{Osv, OsvList};
use super::rows::{Row, Rows, TooManyRows};
use super::{DISTRIBUTIONS, LARGEST, Naming, Until};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Longest secdb, and longest OSV document: they are read as a whole. Real ones have 2 MB.
const WHOLE: usize = 64 << 20;

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub enum FixListError {
    /// It cannot be decompressed, or is too large.
    #[error(transparent)]
    Expand(#[from] ExpandError),
    /// It is no JSON, or not of its form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is JSON of another form.
    #[error(
        "is not a list of fixes: neither a secdb, nor the JSON of Debian's security tracker, nor OSV documents"
    )]
    OtherForm,
    /// A list of a distribution that is not known here.
    #[error("a secdb of an unknown distribution: its urlprefix is {0:?}")]
    Distribution(String),
    /// A secdb of Alpine that does not say its release.
    #[error("a secdb without distroversion")]
    NoRelease,
    /// A list that is read as a whole and is too large for that.
    #[error("is longer than {} MiB", WHOLE >> 20)]
    TooLong,
    /// It has no item about a distribution that is known here.
    #[error("says nothing about packages of Debian, Ubuntu, Alpine, Wolfi or Chainguard")]
    Nothing,
    /// All lists together have too many rows.
    #[error(transparent)]
    TooManyRows(#[from] TooManyRows),
}

/// The rows of a list about the wanted vulnerabilities.
pub(super) fn read(
    bytes: &[u8],
    is_wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<Row>, FixListError> {
    let bytes = expanded(bytes, LARGEST)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut rows = Rows {
        is_wanted,
        kept: Vec::new(),
        has_items: false,
    };
    match form(bytes)? {
        Form::Secdb if bytes.len() > WHOLE => return Err(FixListError::TooLong),
        Form::Secdb => rows.secdb(serde_json::from_slice(bytes)?)?,
        Form::Tracker => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            Tracker(&mut rows).deserialize(&mut json)?;
            json.end()?;
        }
        Form::Osv => {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            OsvList(&mut rows).deserialize(&mut json)?;
            json.end()?;
        }
        Form::OsvLines => {
            let documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Osv>();
            for document in documents {
                document?.add_to(&mut rows);
            }
        }
    }
    match rows.has_items {
        true => Ok(rows.kept),
        false => Err(FixListError::Nothing),
    }
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Secdb,
    Tracker,
    /// An array of documents.
    Osv,
    /// Documents one after the other.
    OsvLines,
}

/// Tells the form by the first key that only one form has.
fn form(bytes: &[u8]) -> Result<Form, FixListError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Ok(Form::Osv);
    }
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    // Where the form is known, the rest is not read, which is an error for the reader of JSON and not for us.
    let read = json.deserialize_any(Keys(&mut found));
    match (found, read) {
        (Some(form), _) => Ok(form),
        (None, Err(why)) if !why.is_data() => Err(why.into()),
        (None, _) => Err(FixListError::OtherForm),
    }
}

/// Looks at the keys of a document.
struct Keys<'f>(&'f mut Option<Form>);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            *self.0 = match &*key {
                "packages" | "distroversion" | "apkurl" => Some(Form::Secdb),
                "affected" | "schema_version" => Some(Form::OsvLines),
                _ => map.next_value::<Inner>()?.0,
            };
            if self.0.is_some() {
                break;
            }
        }
        Ok(())
    }
}

/// A value that may be a package of the tracker: an object whose first key is an ID.
struct Inner(Option<Form>);

impl<'de> Deserialize<'de> for Inner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FirstKey;
        impl<'de> Visitor<'de> for FirstKey {
            type Value = Inner;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inner, A::Error> {
                let Some(first) = map.next_key::<Cow<'de, str>>()? else {
                    return Ok(Inner(None));
                };
                let is_id = first.starts_with("CVE-") || first.starts_with("TEMP-");
                let form = is_id.then_some(Form::Tracker);
                map.next_value::<IgnoredAny>()?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Inner(form))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inner, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Inner(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Inner, E> {
                Ok(Inner(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<Inner, E> {
                Ok(Inner(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Inner, E> {
                Ok(Inner(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<Inner, E> {
                Ok(Inner(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<Inner, E> {
                Ok(Inner(None))
            }

            fn visit_unit<E>(self) -> Result<Inner, E> {
                Ok(Inner(None))
            }
        }
        deserializer.deserialize_any(FirstKey)
    }
}

#[derive(Deserialize)]
struct Secdb<'t> {
    #[serde(borrow, default)]
    distroversion: Option<Cow<'t, str>>,
    #[serde(borrow, default)]
    urlprefix: Cow<'t, str>,
    #[serde(borrow, default)]
    reponame: Cow<'t, str>,
    #[serde(borrow)]
    packages: Vec<SecdbItem<'t>>,
}

#[derive(Deserialize)]
struct SecdbItem<'t> {
    #[serde(borrow)]
    pkg: SecdbPackage<'t>,
}

#[derive(Deserialize)]
struct SecdbPackage<'t> {
    #[serde(borrow)]
    name: Cow<'t, str>,
    #[serde(borrow, default)]
    secfixes: Option<Secfixes<'t>>,
}

/// The IDs that each version fixes.
type Secfixes<'t> = HashMap<Cow<'t, str>, Option<Vec<Cow<'t, str>>>>;

impl Rows<'_> {
    fn secdb(&mut self, list: Secdb<'_>) -> Result<(), FixListError> {
        // Alpine and Wolfi have their name in the address, Chainguard has it in that of its repository.
        let names = [&list.urlprefix, &list.reponame];
        let mut known = DISTRIBUTIONS.iter().filter(|d| d.naming != Naming::Whole);
        let distribution = known.find(|d| names.iter().any(|name| name.contains(d.id)));
        let distribution = distribution
            .ok_or_else(|| FixListError::Distribution(list.urlprefix.chars().take(80).collect()))?;
        let release = distribution.release(list.distroversion.as_deref());
        let release = release.ok_or(FixListError::NoRelease)?;
        self.has_items = true;
        for SecdbItem { pkg } in list.packages {
            let fixes = pkg.secfixes.into_iter().flatten();
            for (version, texts) in fixes {
                // A text may have several IDs of one vulnerability, and remarks.
                let texts = texts
                    .iter()
                    .flatten()
                    .flat_map(|text| text.split_whitespace());
                let ids: Vec<&str> = texts.filter(|id| (self.is_wanted)(id)).collect();
                for id in ids {
                    let until = Until::Fixed(version.clone().into_owned());
                    self.keep(&release, &pkg.name, id, None, until);
                }
                if self.is_full() {
                    return Err(TooManyRows.into());
                }
            }
        }
        Ok(())
    }
}

/// The names of the releases of Debian and their `VERSION_ID` (<https://www.debian.org/releases/>). Testing and unstable have none.
const DEBIAN: [(&str, &str); 8] = [
    ("wheezy", "7"),
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
];

#[derive(Deserialize)]
struct TrackerEntry<'t> {
    #[serde(borrow, default)]
    releases: HashMap<Cow<'t, str>, TrackerRelease<'t>>,
}

#[derive(Deserialize)]
struct TrackerRelease<'t> {
    #[serde(borrow)]
    status: Cow<'t, str>,
    #[serde(borrow, default)]
    fixed_version: Option<Cow<'t, str>>,
}

/// The whole list: packages.
struct Tracker<'r, 'w>(&'r mut Rows<'w>);

impl<'de> DeserializeSeed<'de> for Tracker<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tracker<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(package) = map.next_key::<Cow<'de, str>>()? {
            map.next_value_seed(TrackerPackage(self.0, package))?;
        }
        Ok(())
    }
}

/// One package: its vulnerabilities.
struct TrackerPackage<'r, 'w, 'de>(&'r mut Rows<'w>, Cow<'de, str>);

impl<'de> DeserializeSeed<'de> for TrackerPackage<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TrackerPackage<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of the vulnerabilities of {}", self.1)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(rows, package) = self;
        while let Some(id) = map.next_key::<Cow<'de, str>>()? {
            rows.has_items = true;
            if !(rows.is_wanted)(&id) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let entry: TrackerEntry<'de> = map.next_value()?;
            for (name, said) in &entry.releases {
                let Some((_, number)) = DEBIAN.iter().find(|(known, _)| known == name) else {
                    continue;
                };
                let until = match (&*said.status, &said.fixed_version) {
                    ("resolved", Some(fixed)) => Until::Fixed(fixed.clone().into_owned()),
                    ("open", _) => Until::Open,
                    _ => continue,
                };
                let debian = DISTRIBUTIONS.iter().find(|d| d.id == "debian");
                if let Some(release) = debian.and_then(|d| d.release(Some(number))) {
                    rows.keep(&release, &package, &id, None, until);
                }
            }
            if rows.is_full() {
                return Err(A::Error::custom(TooManyRows));
            }
        }
        Ok(())
    }
}
