//! Statements that are about no finding: most often the product is named otherwise than the program names itself.

use super::purl::Pattern;
use super::{Document, Names, Statement, Use};
use std::fmt;

/// The start of a link to a component of another bill (CycloneDX, "BOM-Link").
const LINK: &str = "urn:cdx:";

/// Most statements of a document that a message explains.
const EXPLAINED: usize = 3;

/// A document with statements that are about no finding. As text: `1 of 2 statements matches no finding: …`, with the reason of the first ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The name of the document.
    pub source: String,
    /// Number of its statements.
    pub statements: usize,
    /// Number of those that are about no finding.
    pub unmatched: usize,
    /// Statements about vulnerabilities of the programs, but of other products: their ID, and what does not match.
    pub other_products: Vec<(String, Mismatch)>,
    /// IDs, one for each statement, that no program has.
    pub other_vulnerabilities: Vec<String>,
}

/// What does not match in a product of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// What the document names.
    pub stated: String,
    /// What would match.
    pub wanted: Wanted,
    /// How near the two are.
    pub nearness: Nearness,
}

/// What a document would have to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// The statement names no product that could be compared.
    #[default]
    Nothing,
    /// The program or the module by this name (a purl, or else the path of the program); the path of the program.
    Product(String, String),
    /// The module of the finding as a part of the program, by this purl.
    Part(String),
    /// The program with this digest; `None`: its digest is not known. With its path.
    Digest(Option<String>, String),
}

/// How near a name is to the one that would match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// They have nothing in common.
    #[default]
    Far,
    /// They are of one kind.
    Kind,
    /// One path is the start of the other, as where the major version is left out.
    Path,
    /// Only the version or a qualifier differs, or the part, or the digest.
    Name,
}

impl Mismatch {
    /// None of the names is that of the program.
    pub(super) fn of_product<'n>(
        names: impl Iterator<Item = &'n String>,
        candidates: Vec<String>,
        path: &str,
    ) -> Self {
        let (stated, wanted, nearness) = nearest(names, candidates);
        Self {
            stated,
            wanted: Wanted::Product(wanted, path.to_owned()),
            nearness,
        }
    }

    /// It is the program, but none of the parts is the module.
    pub(super) fn of_part<'n>(
        names: impl Iterator<Item = &'n String>,
        candidates: Vec<String>,
    ) -> Self {
        let (stated, wanted, _) = nearest(names, candidates);
        Self {
            stated,
            wanted: Wanted::Part(wanted),
            nearness: Nearness::Name,
        }
    }

    /// The digest is another one.
    pub(super) fn of_digest(names: &Names, digest: Option<&str>, path: &str) -> Self {
        Self {
            stated: names.0.first().cloned().unwrap_or_default(),
            wanted: Wanted::Digest(digest.map(str::to_owned), path.to_owned()),
            nearness: Nearness::Name,
        }
    }
}

/// The name and the candidate that are nearest to one another, the first of equally near ones.
fn nearest<'n>(
    names: impl Iterator<Item = &'n String>,
    candidates: Vec<String>,
) -> (String, String, Nearness) {
    let mut nearest = None;
    for name in names {
        for candidate in &candidates {
            let nearness = Nearness::of(name, candidate);
            if nearest.is_none_or(|(_, _, kept)| nearness > kept) {
                nearest = Some((name, candidate, nearness));
            }
        }
    }
    match nearest {
        Some((name, candidate, nearness)) => (name.clone(), candidate.clone(), nearness),
        None => (
            String::new(),
            candidates.into_iter().next().unwrap_or_default(),
            Nearness::Far,
        ),
    }
}

impl Nearness {
    fn of(stated: &str, candidate: &str) -> Self {
        let (Some(stated), Some(candidate)) = (Pattern::parse(stated), Pattern::parse(candidate))
        else {
            return Self::Far;
        };
        let (stated_name, candidate_name) = (stated.name(), candidate.name());
        let is_start = |start: &str, whole: &str| {
            let rest = whole.strip_prefix(start);
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        if stated_name == candidate_name {
            return Self::Name;
        }
        if is_start(&stated_name, &candidate_name) || is_start(&candidate_name, &stated_name) {
            return Self::Path;
        }
        match stated.kind() == candidate.kind() {
            true => Self::Kind,
            false => Self::Far,
        }
    }
}

impl Unmatched {
    /// The statements of a document that are about no finding; `None`: all are about one.
    pub(super) fn of(document: &Document, uses: &[Use]) -> Option<Self> {
        let mut unmatched = Self {
            source: document.source.clone(),
            statements: document.statements.len(),
            unmatched: 0,
            other_products: Vec::new(),
            other_vulnerabilities: Vec::new(),
        };
        for (statement, seen) in document.statements.iter().zip(uses) {
            match seen {
                Use::Matched => continue,
                Use::NoVulnerability => {
                    let id = first_id(statement);
                    unmatched.other_vulnerabilities.push(id);
                }
                Use::OtherProduct(mismatch) => {
                    let id = first_id(statement);
                    unmatched.other_products.push((id, mismatch.clone()));
                }
            }
            unmatched.unmatched += 1;
        }
        // The nearest first, because they are most likely meant for these programs.
        let nearest_first =
            |(_, mismatch): &(String, Mismatch)| std::cmp::Reverse(mismatch.nearness);
        unmatched.other_products.sort_by_key(nearest_first);
        (unmatched.unmatched > 0).then_some(unmatched)
    }
}

fn first_id(statement: &Statement) -> String {
    statement.ids.first().cloned().unwrap_or_default()
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stated = &self.stated;
        if let Some((bill, _)) = stated.split_once('#').filter(|_| stated.starts_with(LINK)) {
            return write!(
                out,
                "is about a component of another bill ({bill}), which the document does not have"
            );
        }
        match &self.wanted {
            Wanted::Nothing => out.write_str("names no product"),
            Wanted::Product(name, path) if name == path => {
                write!(out, "is about {stated}; the program is {path}")
            }
            Wanted::Product(name, path) => {
                write!(out, "is about {stated}; {path} would match as {name}")
            }
            Wanted::Part(purl) => write!(out, "is about the part {stated}; {purl} would match"),
            Wanted::Digest(Some(digest), path) => {
                write!(out, "has another digest for {stated}; {path} has {digest}")
            }
            Wanted::Digest(None, path) => {
                write!(
                    out,
                    "has a digest for {stated}; that of {path} is not known"
                )
            }
        }
    }
}

impl fmt::Display for Unmatched {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unmatched, all) = (self.unmatched, self.statements);
        let matches = match unmatched {
            1 => "matches",
            _ => "match",
        };
        let statements = match all {
            1 => "statement",
            _ => "statements",
        };
        write!(
            out,
            "{unmatched} of {all} {statements} {matches} no finding: "
        )?;
        let mut reasons: Vec<String> = Vec::new();
        for (id, mismatch) in self.other_products.iter().take(EXPLAINED) {
            reasons.push(format!("{id} {mismatch}"));
        }
        let more = self.other_products.len().saturating_sub(EXPLAINED);
        if more > 0 {
            reasons.push(format!("{more} more are about other products"));
        }
        let ids = self.other_vulnerabilities.iter().take(EXPLAINED);
        let ids: Vec<&str> = ids.map(String::as_str).collect();
        let more = self.other_vulnerabilities.len().saturating_sub(EXPLAINED);
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !ids.is_empty() {
            reasons.push(format!("no program has {}{more}", ids.join(", ")));
        }
        out.write_str(&reasons.join("; "))
    }
}
