//! The result as an in-toto statement (<https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>): unsigned, for cosign or an action
//! to sign.

use crate::record::rebuild::Rebuild;
use serde_json::{Value, json};

/// The type of the predicate; docs/rebuild.md describes it.
const PREDICATE: &str = "https://github.com/gospect/gospect/blob/main/docs/rebuild.md#attestation";

/// Makes the statement about the rebuild of the released program.
pub fn statement(result: &Rebuild, version: &str) -> Value {
    let name = result.program.rsplit('/').next().unwrap_or_default();
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": name, "digest": { "sha256": result.sha256.released } }],
        "predicateType": PREDICATE,
        "predicate": {
            "rebuilder": { "name": "gospect", "version": version },
            "verdict": result.verdict,
            "rebuilt": result.sha256.rebuilt.as_ref().map(|sum| json!({ "sha256": sum })),
            "functions": result.functions,
            "differences": result.differences,
            "explanations": result.explanations,
            "recipe": result.recipe,
            "assumed": result.assumed,
        },
    })
}
