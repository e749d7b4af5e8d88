//! Findings as one JSON document: `findings` as in the contract, counts, profile and day.

use super::super::each::Each;
use super::Options;
use gospect_audit::{Audit, Expected};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The fields are in alphabetical order, like the keys of the other documents.
#[derive(Serialize)]
struct Document<'a, F> {
    binaries: u64,
    counts: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<Value>,
    files: u64,
    findings: F,
    not_read: Value,
    profile: &'a str,
    schema: &'static str,
    today: &'a str,
    tool: Value,
}

/// Writes the document.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        binaries: audit.binaries,
        counts: json!(audit.counts),
        expected: expected(audit.expected),
        files: audit.files,
        findings: Each(|| audit.findings.iter().map(|f| json!(f))),
        not_read: json!(audit.not_read),
        profile: &audit.profile,
        schema: "gospect-audit/1",
        today: &audit.today,
        tool: json!({ "name": "gospect", "version": env!("CARGO_PKG_VERSION") }),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// How much was expected of how many programs, and how many hidden ones were left out; `None`: nothing was expected.
fn expected(expected: Expected) -> Option<Value> {
    let Expected {
        expectations,
        programs,
        hidden,
        other_architectures,
    } = expected;
    let is_asked = expectations > 0 || hidden > 0;
    is_asked
        .then(|| json!({ "expectations": expectations, "programs": programs, "hidden": hidden, "other_architectures": other_architectures }))
}
