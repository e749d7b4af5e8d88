//! The whole diff as one JSON document.

use super::super::each::Each;
use gospect_audit::diff::{Class, Diff, Pair, Side};
use gospect_record::rebuild::Comparison;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The fields are in alphabetical order, like the keys of the other documents.
#[derive(Serialize)]
struct Document<'d, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'d Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_not_compared: Option<u64>,
    counts: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<Value>,
    pairs: P,
    schema: &'static str,
    unchanged: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities_below: Option<u64>,
}

/// Writes the document: `pairs` with all changes, `counts` by class, `unchanged`, and how many of those were not compared byte
/// by byte.
pub fn render(diff: &Diff, out: &mut dyn Write) -> io::Result<()> {
    let counts = Class::ALL
        .into_iter()
        .map(|c| (c.name().to_string(), diff.count(c).into()))
        .collect();
    let document = Document {
        code: diff.code.as_ref(),
        content_not_compared: super::content_not_compared(diff),
        counts,
        images: diff.images.iter().map(image).collect(),
        pairs: Each(|| diff.pairs.iter().map(|pair| json!(pair))),
        schema: "gospect-diff/1",
        unchanged: diff.unchanged,
        vulnerabilities_below: Some(diff.vulnerabilities_below).filter(|n| *n > 0),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// An image: its names, the platform and the changes of its configuration.
fn image(pair: &Pair) -> Value {
    let name = |side: &Option<Side>| side.as_ref().map(|side| side.path.clone());
    json!({
        "old": name(&pair.old),
        "new": name(&pair.new),
        "platform": pair.port,
        "changes": pair.changes,
    })
}
