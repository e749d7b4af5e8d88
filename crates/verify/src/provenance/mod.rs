//! Provenance documents: statements about how a file was built, compared with the record.
//!
//! Supported are in-toto statements (<https://github.com/in-toto/attestation/tree/main/spec>), bare, in DSSE envelopes or in Sigstore bundles, one document or one line
//! each, with SLSA provenance v0.2 or v1 (<https://slsa.dev/spec>) as predicate, and Sigstore bundles that sign a whole file. This module does not check signatures: it reads what a document says,
//! whoever wrote it.

mod document;
mod judge;
mod slsa;

pub use document::{Content, Document, DocumentError, Envelope, FileSignature, LARGEST, read};
pub use judge::{Digest, Digests, about_others, concerns, is_about_the_build, judge};
pub use slsa::{Claims, claims};

use serde::Deserialize;
use std::collections::BTreeMap;

/// The type of the payload of an envelope with a statement.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The values of `_type` of the two versions of in-toto statements (in-toto/attestation, `spec/v0.1` and `spec/v1`).
const STATEMENT_TYPES: [&str; 2] = [
    "https://in-toto.io/Statement/v0.1",
    "https://in-toto.io/Statement/v1",
];

/// An in-toto statement.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Statement {
    /// Which specification it follows.
    #[serde(rename = "_type")]
    pub kind: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    /// The type of its predicate.
    #[serde(rename = "predicateType")]
    pub predicate_type: String,
    /// Its content.
    #[serde(default)]
    pub predicate: serde_json::Value,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Subject {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its digests in hex, by algorithm.
    #[serde(default)]
    pub digest: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests;
