//! VEX documents: which findings they dismiss, and why.
//!
//! Supported are OpenVEX 0.2.0 (github.com/openvex/spec) and the `vulnerabilities` of CycloneDX 1.4 and newer (cyclonedx.org/capabilities/vex). A statement applies to a
//! finding when it names its ID or an alias, and a product that is the program, the image it is in, or the module itself. Nothing that it says of the product may contradict
//! the program: a digest must be that of the program, and all purls of one kind must fit.

mod bill;
mod cyclonedx;
mod matching;
mod openvex;
mod purl;
mod time;
mod written;

pub use bill::Bill;
pub use written::written_products;

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
    /// The vulnerabilities, by ID.
    ids: Vec<String>,
    /// The products; `None`: every product.
    products: Option<Vec<Product>>,
    status: Status,
    justification: Option<String>,
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

    /// Number of statements.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Marks the findings of a program that documents have statements about. Of several statements the latest counts; of those that are equally old, or have
/// no time, the one that asks for most.
pub fn apply(documents: &[Document], program: &mut Program) {
    if documents.is_empty() {
        return;
    }
    let about = AboutProgram::of(program);
    let mut vex_of_finding = Vec::new();
    for finding in &program.findings {
        let about = about.finding(finding);
        let all = documents.iter().flat_map(|document| {
            let statements = document.statements.iter();
            statements.map(move |statement| (document, statement))
        });
        let fitting: Vec<(&Document, &Statement)> = all
            .filter(|(_, statement)| statement.is_about(&about))
            .collect();
        let times = fitting.iter().filter_map(|(_, statement)| statement.time);
        let latest = times.max();
        let counting = fitting
            .into_iter()
            .filter(|(_, statement)| statement.time.is_none() || statement.time == latest);
        let strictest = counting.max_by_key(|(_, statement)| statement.status.gravity());
        vex_of_finding.push(strictest.map(|(document, statement)| Vex {
            status: statement.status,
            justification: statement.justification.clone(),
            source: document.source.clone(),
        }));
    }
    for (finding, vex) in program.findings.iter_mut().zip(vex_of_finding) {
        if vex.is_some() {
            finding.vex = vex;
        }
    }
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
