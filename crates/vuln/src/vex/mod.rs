//! VEX documents: which findings they dismiss, and why.
//!
//! Supported are OpenVEX 0.2.0 (github.com/openvex/spec) and the `vulnerabilities` of CycloneDX 1.4 and newer (cyclonedx.org/capabilities/vex). A statement applies to a
//! finding when it names its ID or an alias, and a product that is the program, the image it is in, or the module itself. Nothing that it says of the product may contradict
//! the program: a digest must be that of the program, and all purls of one kind must fit.

mod affected;
mod bill;
mod bill_programs;
mod components;
mod cyclonedx;
mod justification;
mod matching;
mod openvex;
mod purl;
mod scanner_version;
mod time;
mod unmatched;
mod written;

pub use bill::Bill;
pub use justification::Justification;
pub use scanner_version::scanner_version;
pub use unmatched::{Mismatch, Unmatched};
pub use written::{image_names, is_of_every_version, name_of_every_version, written_products};

use super::finding::{Finding, Program, Status, Vex, is_go};
use super::modules::is_of_files;
use gospect_record::purl as names;
use matching::AboutProgram;
use serde_json::Value;
use time::Time;

/// The longest document that is read, in bytes.
pub const LARGEST: u64 = 64 << 20;

/// Why a document cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VexError {
    /// It is not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another kind.
    #[error(
        "neither OpenVEX (`@context` of openvex.dev) nor CycloneDX (`bomFormat`: CycloneDX with `vulnerabilities`)"
    )]
    Kind,
    /// It is not a bill of materials.
    #[error("not a CycloneDX bill in JSON (`bomFormat`: CycloneDX)")]
    NoBill,
    /// A bill without a serial number.
    #[error(
        "the bill has no `serialNumber` (`urn:uuid:…`), so no statement can name its components"
    )]
    NoSerial,
    /// The time of an OpenVEX document is malformed.
    #[error("the time of the document is not as RFC 3339 has it")]
    Time,
    /// The statements of an OpenVEX document are not a list.
    #[error("`statements` is no list")]
    Statements,
    /// A statement is malformed.
    #[error("statement {number}: {what}")]
    Statement {
        /// From 1.
        number: usize,
        /// What is wrong.
        what: String,
    },
}

/// A VEX document.
#[derive(Clone, Debug, Default)]
pub struct Document {
    source: String,
    statements: Vec<Statement>,
}

/// A statement about some vulnerabilities in some products.
#[derive(Clone, Debug)]
struct Statement {
    /// Its number in the document, from 1.
    number: usize,
    /// The vulnerabilities, by ID.
    ids: Vec<String>,
    /// The products; `None`: every product.
    products: Option<Vec<Product>>,
    status: Status,
    /// The first thing that it gives as a reason.
    justification: Option<String>,
    /// The second.
    detail: Option<String>,
    /// Whether its format requires a reason that is not there.
    lacks_reason: bool,
    /// When it was made; of contradictory statements the latest counts.
    time: Option<Time>,
}

/// A product, and the parts of it that a statement is about.
#[derive(Clone, Debug, Default)]
struct Product {
    names: Names,
    digests: Digests,
    /// Its parts; `None`: the whole product.
    parts: Option<Vec<Names>>,
}

/// The names of one thing: purls, references of images, paths.
#[derive(Clone, Debug, Default)]
struct Names(Vec<String>);

/// The digests of a file.
#[derive(Clone, Debug, Default)]
struct Digests {
    /// Hex SHA-256.
    sha256: Vec<String>,
    /// Whether there are any, of whatever algorithm.
    are_there: bool,
}

impl Document {
    /// Reads a document. `source` is its name in findings.
    ///
    /// # Errors
    /// When it is neither OpenVEX nor CycloneDX, or a statement is malformed.
    pub fn parse(text: &[u8], source: &str) -> Result<Self, VexError> {
        let value: Value = serde_json::from_slice(text)?;
        let context = value.get("@context").and_then(Value::as_str);
        let format = value.get("bomFormat").and_then(Value::as_str);
        let statements = match (context, format) {
            (Some(context), _) if context.contains("openvex") => openvex::statements(&value)?,
            (_, Some("CycloneDX")) => cyclonedx::statements(&value)?,
            _ => return Err(VexError::Kind),
        };
        Ok(Self {
            source: source.to_owned(),
            statements,
        })
    }

    /// Whether a statement names a product by its digest.
    pub fn names_digests(&self) -> bool {
        let products = self.statements.iter().flat_map(|s| &s.products);
        products
            .flatten()
            .any(|product| !product.digests.sha256.is_empty())
    }

    /// The numbers, from 1, of the statements that say `not_affected` without the reason that OpenVEX requires.
    pub fn without_reason(&self) -> Vec<usize> {
        let lacking = self.statements.iter().filter(|s| s.lacks_reason);
        lacking.map(|statement| statement.number).collect()
    }

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Documents, and which of their statements were about a finding so far.
#[derive(Clone, Debug, Default)]
pub struct Statements<'d> {
    documents: &'d [Document],
    /// What is known of each statement of each document.
    uses: Vec<Vec<Use>>,
    /// Whether a program was judged by them.
    has_judged: bool,
}

/// Whether a statement was about a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Use {
    /// No finding has one of its IDs.
    #[default]
    NoVulnerability,
    /// Findings have one of its IDs, but in other products: why it is not about the nearest of them.
    OtherProduct(Mismatch),
    /// It was about a finding.
    Matched,
}

impl<'d> Statements<'d> {
    /// The statements of these documents.
    pub fn of(documents: &'d [Document]) -> Self {
        let no_use = |document: &Document| vec![Use::default(); document.statements.len()];
        Self {
            documents,
            uses: documents.iter().map(no_use).collect(),
            has_judged: false,
        }
    }

    /// Marks the findings of a program that they are about. Of several statements the latest counts; of those that are equally old, or have no time, the one
    /// that asks for most.
    pub fn apply(&mut self, program: &mut Program) {
        if self.documents.is_empty() {
            return;
        }
        self.has_judged = true;
        let about = AboutProgram::of(program);
        let mut vex_of_finding = Vec::new();
        for finding in &program.findings {
            let about = about.finding(finding);
            let mut fitting: Vec<(&Document, &Statement)> = Vec::new();
            for (document, uses) in self.documents.iter().zip(&mut self.uses) {
                for (statement, seen) in document.statements.iter().zip(uses) {
                    if !statement.names_vulnerability(finding) {
                        continue;
                    }
                    if statement.is_about_product(&about) {
                        *seen = Use::Matched;
                        fitting.push((document, statement));
                    } else if *seen != Use::Matched {
                        seen.note(statement.mismatch(&about));
                    }
                }
            }
            let times = fitting.iter().filter_map(|(_, statement)| statement.time);
            let latest = times.max();
            let counting = fitting
                .into_iter()
                .filter(|(_, statement)| statement.time.is_none() || statement.time == latest);
            let strictest = counting.max_by_key(|(_, statement)| statement.status.gravity());
            vex_of_finding.push(strictest.map(|(document, statement)| Vex {
                status: statement.status,
                justification: statement.justification.clone(),
                detail: statement.detail.clone(),
                source: document.source.clone(),
            }));
        }
        for (finding, vex) in program.findings.iter_mut().zip(vex_of_finding) {
            if vex.is_some() {
                finding.vex = vex;
            }
        }
    }

    /// The documents with statements that were about no finding of any program; empty if there was no program.
    pub fn unmatched(&self) -> Vec<Unmatched> {
        let documents = self.documents.iter().zip(&self.uses);
        let unmatched = documents.filter_map(|(document, uses)| Unmatched::of(document, uses));
        unmatched.filter(|_| self.has_judged).collect()
    }
}

impl Use {
    /// Keeps the nearer of two mismatches, the first of equally near ones.
    fn note(&mut self, mismatch: Mismatch) {
        match self {
            Self::OtherProduct(kept) if kept.nearness >= mismatch.nearness => {}
            _ => *self = Self::OtherProduct(mismatch),
        }
    }
}

/// Marks the findings of one program that documents have statements about, see [`Statements::apply`].
pub fn apply(documents: &[Document], program: &mut Program) {
    Statements::of(documents).apply(program);
}

/// The purls of a program: of its main module (its main package if no module is recorded), of its image, and of the package that installed it.
pub fn products(program: &Program) -> Vec<String> {
    let version = program.version.as_deref().unwrap_or_default();
    let main = program
        .main_module
        .as_deref()
        .or(program.main_package.as_deref());
    let main = main.filter(|path| !is_of_files(path)).unwrap_or_default();
    let mut purls: Vec<String> = names::of_module(main, version).into_iter().collect();
    if let Some(image) = &program.location.image {
        purls.extend(image_purl(&image.reference, image.digest.as_deref()));
    }
    purls.extend(program.owner.as_ref().and_then(names::of_package));
    purls
}

/// The purl of an image: `pkg:oci/NAME@sha256%3A…?repository_url=HOST/PATH/NAME` (purl type definition `oci`); `None` for one that has no digest.
fn image_purl(reference: &str, digest: Option<&str>) -> Option<String> {
    let digest = digest?;
    let name = reference.split('@').next().unwrap_or_default();
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name.get(slash..)?.split_once(':') {
        Some((last, tag)) => (name.get(..slash + last.len())?, Some(tag)),
        None => (name, None),
    };
    let last = repository.get(slash..)?.to_lowercase();
    if last.is_empty() {
        return None;
    }
    let mut purl = String::from("pkg:oci/");
    names::encode(&last, &mut purl);
    purl.push('@');
    purl.push_str(&digest.replacen(':', "%3A", 1));
    purl.push_str("?repository_url=");
    purl.push_str(&repository.to_lowercase());
    if let Some(tag) = tag {
        purl.push_str("&tag=");
        names::encode(tag, &mut purl);
    }
    Some(purl)
}

/// The purls of the module of a finding, as linked and as replaced. Some scanners write a `v` before the version of the standard library, others do not.
pub fn module_purls(finding: &Finding) -> Vec<String> {
    let version = finding.version.as_deref().unwrap_or_default();
    if is_go(&finding.module) {
        let bare = version.strip_prefix("go").unwrap_or(version);
        return [bare.to_owned(), format!("v{bare}")]
            .iter()
            .filter_map(|version| names::of_module(&finding.module, version))
            .collect();
    }
    let mut purls: Vec<String> = names::of_module(&finding.module, version)
        .into_iter()
        .collect();
    if let Some((path, version)) = finding.replaced.as_deref().and_then(|r| r.rsplit_once('@')) {
        purls.extend(names::of_module(path, version));
    }
    purls
}

/// The items of a list; `Some(None)`: there is none. `None`: it is something else.
fn list(value: Option<&Value>) -> Option<Option<&Vec<Value>>> {
    match value {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_array().map(Some),
    }
}

/// The texts of an array of strings or of objects that have one under `key`.
fn texts(list: Option<&Value>, key: &str) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let one = |value: &Value| {
        let text = value.as_str().or_else(|| value.get(key)?.as_str());
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    list.filter_map(one).collect()
}

#[cfg(test)]
mod tests;
