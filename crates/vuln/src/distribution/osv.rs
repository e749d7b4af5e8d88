//! OSV documents about packages of distributions (<https://ossf.github.io/osv-schema/>).

use super::rows::{Rows, TooManyRows};
use super::{DISTRIBUTIONS, Distribution, Release, Until};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use std::fmt;

#[derive(Deserialize)]
pub(super) struct Osv {
    id: String,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    upstream: Option<Vec<String>>,
    #[serde(default)]
    affected: Option<Vec<OsvAffected>>,
}

#[derive(Deserialize)]
struct OsvAffected {
    #[serde(default)]
    package: Option<OsvPackage>,
    #[serde(default)]
    ranges: Option<Vec<OsvRange>>,
}

#[derive(Deserialize)]
struct OsvPackage {
    ecosystem: String,
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    r#type: String,
    #[serde(default)]
    events: Vec<OsvEvent>,
}

#[derive(Deserialize)]
struct OsvEvent {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
}

/// An array of documents.
pub(super) struct OsvList<'r, 'w>(pub(super) &'r mut Rows<'w>);

impl<'de> DeserializeSeed<'de> for OsvList<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for OsvList<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of OSV documents")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(document) = list.next_element::<Osv>()? {
            document.add_to(self.0);
            if self.0.is_full() {
                return Err(A::Error::custom(TooManyRows));
            }
        }
        Ok(())
    }
}

/// The release of an ecosystem of OSV, such as `Debian:12`, `Ubuntu:22.04:LTS`, `Alpine:v3.20` or `Wolfi`. Those of Ubuntu Pro have versions of their own, so they
/// are not the release itself.
fn release_of(ecosystem: &str) -> Option<Release> {
    let mut parts = ecosystem.split(':');
    let name = parts.next()?;
    let distribution: &'static Distribution = DISTRIBUTIONS.iter().find(|d| d.ecosystem == name)?;
    let version = parts.next();
    match (version, parts.next()) {
        (Some("Pro"), _) => None,
        (_, None | Some("LTS")) => distribution.release(version),
        _ => None,
    }
}

impl Osv {
    /// Adds the rows of the document.
    pub(super) fn add_to(self, rows: &mut Rows<'_>) {
        let affected = self.affected.unwrap_or_default();
        let mut items: Vec<(Release, OsvPackage, Vec<OsvRange>)> = Vec::new();
        for one in affected {
            let Some(package) = one.package else {
                continue;
            };
            if let Some(release) = release_of(&package.ecosystem) {
                items.push((release, package, one.ranges.unwrap_or_default()));
            }
        }
        rows.has_items |= !items.is_empty();
        if self.withdrawn.is_some() {
            return;
        }
        let own = DISTRIBUTIONS.iter().find_map(|d| {
            self.id
                .strip_prefix(&format!("{}-", d.ecosystem.to_ascii_uppercase()))
        });
        let others = self.aliases.iter().chain(&self.upstream).flatten();
        let ids = std::iter::once(own.unwrap_or(&self.id)).chain(others.map(String::as_str));
        let mut ids: Vec<&str> = ids.filter(|id| (rows.is_wanted)(id)).collect();
        ids.sort_unstable();
        ids.dedup();
        for (release, package, ranges) in &items {
            for (from, until) in ranges.iter().flat_map(spans) {
                for id in &ids {
                    rows.keep(release, &package.name, id, from, until.clone());
                }
            }
        }
    }
}

/// The spans of a range, whose events are in the order of versions ("Events" in the schema). A range of commits has none.
fn spans(range: &OsvRange) -> Vec<(Option<&str>, Until)> {
    if range.r#type != "ECOSYSTEM" {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let mut from: Option<&str> = None;
    for event in &range.events {
        let until = match (&event.introduced, &event.fixed, &event.last_affected) {
            (Some(introduced), _, _) => {
                if let Some(open) = from.replace(introduced) {
                    spans.push((open, Until::Open));
                }
                continue;
            }
            (None, Some(fixed), _) => Until::Fixed(fixed.clone()),
            (None, None, Some(last)) => Until::Last(last.clone()),
            (None, None, None) => continue,
        };
        if let Some(from) = from.take() {
            spans.push((from, until));
        }
    }
    spans.extend(from.map(|from| (from, Until::Open)));
    spans
        .into_iter()
        .map(|(from, until)| ((from != "0").then_some(from), until))
        .collect()
}
