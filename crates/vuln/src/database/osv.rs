//! Reads the facts of one OSV document (<https://ossf.github.io/osv-schema/>).
//!
//! Unknown keys are ignored. Known keys must have the form that OSV gives them, and a document that contradicts itself is refused as a whole,
//! because a vulnerability that is only half understood gives wrong answers.

use super::{Order, Review};
use gospect_bytes::escape;
use gospect_knowledge::semver::Semver;
use serde::Deserialize;
use std::cmp::Ordering;

/// Longest path, symbol or version.
const TEXT_MAX: usize = 4096;
/// Longest ID.
const ID_MAX: usize = 128;
/// Longest summary that is kept, in bytes.
const SUMMARY_MAX: usize = 1024;
/// The ecosystem of Go modules, in letters of any case.
const GO: &str = "Go";

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON, or does not have the form of OSV.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The value of this key is not an ID.
    #[error("{0} is not the ID of a vulnerability")]
    Id(&'static str),
    /// This text cannot be compared or shown.
    #[error("{0} is empty, too long, or has spaces or invisible characters in it")]
    Text(&'static str),
    /// `ecosystem_specific` does not have the form of the Go vulnerability database.
    #[error("ecosystem_specific: {0}")]
    EcosystemSpecific(#[source] serde_json::Error),
    /// An entry of the Go vulnerability database that is about no module.
    #[error("no item of `affected` is about a package of the ecosystem Go")]
    Ecosystem,
    /// A range of a type that OSV does not define.
    #[error("a range of the type {0:?}")]
    RangeType(String),
    /// An event with no version, or with several.
    #[error("an event that is not exactly one of introduced, fixed, last_affected and limit")]
    Event,
    /// A range without events.
    #[error("a range without events")]
    NoEvents,
    /// A version in a range of semantic versions that is not a semantic version.
    #[error("{0:?} is not a semantic version")]
    Version(String),
    /// A range whose first event is not its beginning.
    #[error("a range that ends at {0} without beginning before it")]
    NoBeginning(String),
    /// A range that contains no version.
    #[error("a range that begins and is fixed at {0}")]
    EmptyRange(String),
}

/// The facts of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// `GO-2024-2687`, `GHSA-…`.
    pub id: String,
    /// IDs of the same vulnerability in other databases.
    pub aliases: Vec<String>,
    /// Who reviewed it.
    pub review: Review,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// One line about it.
    pub summary: String,
    /// When it last changed; `None`: unknown, as in the module golang.org/x/vulndb.
    pub modified: Option<String>,
    /// Go modules only.
    pub(super) affected: Vec<Module>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) ranges: Vec<Span>,
    pub(super) custom_ranges: Vec<Span>,
    pub(super) versions: Vec<String>,
    pub(super) packages: Vec<Import>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) order: Order,
    /// Kind as [`super::Event`] orders them, and version.
    pub(super) events: Vec<(usize, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) path: String,
    pub(super) goos: Vec<String>,
    pub(super) goarch: Vec<String>,
    /// Sorted, each once.
    pub(super) symbols: Vec<String>,
}

/// A list that Go writes as `null` when it is empty.
type List<T> = Option<Vec<T>>;

#[derive(Deserialize)]
struct RawDocument {
    id: String,
    #[serde(default)]
    modified: Option<String>,
    #[serde(default)]
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: List<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    affected: List<RawAffected>,
    #[serde(default)]
    database_specific: Option<RawReview>,
}

#[derive(Deserialize)]
struct RawReview {
    #[serde(default)]
    review_status: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawAffected {
    /// A document may affect things without one, such as the commits of a repository.
    #[serde(default)]
    package: Option<RawPackage>,
    #[serde(default)]
    ranges: List<RawRange>,
    #[serde(default)]
    versions: List<String>,
    #[serde(default)]
    ecosystem_specific: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawPackage {
    #[serde(default)]
    ecosystem: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct RawRange {
    r#type: String,
    #[serde(default)]
    events: List<RawEvent>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(default)]
    introduced: Option<String>,
    #[serde(default)]
    fixed: Option<String>,
    #[serde(default)]
    last_affected: Option<String>,
    #[serde(default)]
    limit: Option<String>,
}

/// Specific to Go: <https://go.dev/doc/security/vuln/database#schema>.
#[derive(Default, Deserialize)]
struct RawGo {
    #[serde(default)]
    imports: List<RawImport>,
    #[serde(default)]
    custom_ranges: List<RawRange>,
}

#[derive(Deserialize)]
struct RawImport {
    path: String,
    #[serde(default)]
    goos: List<String>,
    #[serde(default)]
    goarch: List<String>,
    #[serde(default)]
    symbols: List<String>,
}

/// Whether the ID is one of the Go vulnerability database.
pub(super) fn is_go_entry(id: &str) -> bool {
    id.starts_with("GO-")
}

/// Reads a document; `None`: it is not about Go modules.
///
/// # Errors
/// What is wrong with it; the message does not name the document.
pub fn parse(json: &[u8]) -> Result<Option<Document>, DocumentError> {
    let raw: RawDocument = serde_json::from_slice(json)?;
    let is_id = |id: &str| {
        !id.is_empty()
            && id.len() <= ID_MAX
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
    };
    if !is_id(&raw.id) {
        return Err(DocumentError::Id("its `id`"));
    }
    let is_go_entry = self::is_go_entry(&raw.id);
    let mut aliases = raw.aliases.unwrap_or_default();
    if !aliases.iter().all(|alias| is_id(alias)) {
        return Err(DocumentError::Id("one of its `aliases`"));
    }
    let mut seen = std::collections::HashSet::from([raw.id.clone()]);
    aliases.retain(|alias| seen.insert(alias.clone()));
    let (mut affected, mut is_about_others) = (Vec::new(), false);
    for item in raw.affected.unwrap_or_default() {
        let is_go = |package: &&RawPackage| package.ecosystem.eq_ignore_ascii_case(GO);
        let Some(package) = item.package.as_ref().filter(is_go) else {
            is_about_others = true;
            continue;
        };
        let name = text(&package.name, "a module path")?.to_owned();
        affected.push(module(item, name, is_go_entry)?);
    }
    match affected.is_empty() {
        true if !is_go_entry => return Ok(None),
        true if is_about_others => return Err(DocumentError::Ecosystem),
        _ => {}
    }
    let status = raw.database_specific.and_then(|d| d.review_status);
    Ok(Some(Document {
        review: match status.as_ref().and_then(|s| s.as_str()) {
            _ if !is_go_entry => Review::Foreign,
            Some("REVIEWED") => Review::Reviewed,
            _ => Review::Unreviewed,
        },
        id: raw.id,
        aliases,
        withdrawn: raw.withdrawn.is_some(),
        summary: one_line(&raw.summary.unwrap_or_default()),
        // Go writes the year 1 for an unknown time.
        modified: raw.modified.filter(|day| !day.starts_with("0001-")),
        affected,
    }))
}

/// The first line, cut to [`SUMMARY_MAX`] bytes.
fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim_end();
    let mut end = line.len().min(SUMMARY_MAX);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line[..end].to_owned()
}

/// A name that can be compared and shown: not empty, no spaces, nothing invisible.
fn text<'t>(text: &'t str, what: &'static str) -> Result<&'t str, DocumentError> {
    let is_forbidden = |c: char| c.is_whitespace() || escape::needs_escape(c);
    if text.is_empty() || text.len() > TEXT_MAX || text.chars().any(is_forbidden) {
        return Err(DocumentError::Text(what));
    }
    Ok(text)
}

fn texts(list: List<String>, what: &'static str) -> Result<Vec<String>, DocumentError> {
    let list = list.unwrap_or_default();
    for item in &list {
        text(item, what)?;
    }
    Ok(list)
}

fn module(item: RawAffected, path: String, is_go_entry: bool) -> Result<Module, DocumentError> {
    // Only entries of the Go vulnerability database are known to have this form.
    let go = match item.ecosystem_specific {
        Some(value) if is_go_entry && !value.is_null() => {
            serde_json::from_value(value).map_err(DocumentError::EcosystemSpecific)?
        }
        _ => RawGo::default(),
    };
    let mut ranges = Vec::new();
    for range in item.ranges.unwrap_or_default() {
        let order = match range.r#type.as_str() {
            "SEMVER" => Order::Semver,
            "ECOSYSTEM" => Order::Other,
            // Ranges of commits do not tell which versions are affected.
            "GIT" => continue,
            other => return Err(DocumentError::RangeType(other.to_owned())),
        };
        ranges.push(span(range, order, is_go_entry)?);
    }
    let mut custom_ranges = Vec::new();
    for range in go.custom_ranges.unwrap_or_default() {
        custom_ranges.push(span(range, Order::Other, is_go_entry)?);
    }
    let mut packages = Vec::new();
    for import in go.imports.unwrap_or_default() {
        let mut symbols = texts(import.symbols, "a symbol")?;
        symbols.sort_unstable();
        symbols.dedup();
        packages.push(Import {
            path: text(&import.path, "a package path")?.to_owned(),
            goos: texts(import.goos, "a GOOS")?,
            goarch: texts(import.goarch, "a GOARCH")?,
            symbols,
        });
    }
    Ok(Module {
        path,
        ranges,
        custom_ranges,
        versions: texts(item.versions, "a version")?,
        packages,
    })
}

fn span(range: RawRange, order: Order, is_go_entry: bool) -> Result<Span, DocumentError> {
    let mut events = Vec::new();
    for event in range.events.unwrap_or_default() {
        let kinds = [
            event.introduced,
            event.fixed,
            event.last_affected,
            event.limit,
        ];
        let mut stated = kinds
            .into_iter()
            .enumerate()
            .filter_map(|(kind, version)| Some((kind, version?)));
        let (Some((kind, version)), None) = (stated.next(), stated.next()) else {
            return Err(DocumentError::Event);
        };
        text(&version, "a version")?;
        events.push((kind, version));
    }
    if events.is_empty() {
        return Err(DocumentError::NoEvents);
    }
    let contradiction = match order {
        Order::Semver => contradiction(&events),
        Order::Other => None,
    };
    match contradiction {
        None => Ok(Span { order, events }),
        Some(why) if is_go_entry => Err(why),
        // Other databases use versions without a defined order; such ranges are not judged by order.
        Some(_) => Ok(Span {
            order: Order::Other,
            events,
        }),
    }
}

/// Kinds of events, numbered as in [`Span::events`].
const INTRODUCED: usize = 0;
const FIXED: usize = 1;
const LIMIT: usize = 3;

/// What is wrong with the events of a range of semantic versions.
fn contradiction(events: &[(usize, String)]) -> Option<DocumentError> {
    let with_v: Vec<(usize, &str, String)> = events
        .iter()
        .filter(|(kind, _)| *kind != LIMIT)
        .map(|(kind, version)| (*kind, version.as_str(), format!("v{version}")))
        .collect();
    let mut parsed = Vec::new();
    for (kind, version, text) in &with_v {
        // The schema defines `0` as before every version.
        let order = match *version {
            "0" => None,
            _ => match Semver::parse(text) {
                Some(order) => Some(order),
                None => return Some(DocumentError::Version((*version).to_owned())),
            },
        };
        parsed.push((*kind, *version, order));
    }
    let by_version = |a: &Option<Semver<'_>>, b: &Option<Semver<'_>>| match (a, b) {
        (Some(a), Some(b)) => a.compare(b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    parsed.sort_by(|a, b| by_version(&a.2, &b.2).then(a.0.cmp(&b.0)));
    let Some((kind, version, _)) = parsed.first() else {
        return Some(DocumentError::NoEvents);
    };
    if *kind != INTRODUCED {
        return Some(DocumentError::NoBeginning((*version).to_owned()));
    }
    for pair in parsed.windows(2) {
        if let [(INTRODUCED, version, from), (kind, _, to)] = pair
            && *kind == FIXED
            && by_version(from, to) == Ordering::Equal
        {
            return Some(DocumentError::EmptyRange((*version).to_owned()));
        }
    }
    None
}
