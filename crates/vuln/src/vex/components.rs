//! The components of a CycloneDX document.

use serde_json::Value;

/// All components of a document, nested ones included.
pub(super) fn components(document: &Value) -> Vec<&Value> {
    let metadata = document.get("metadata").and_then(|m| m.get("component"));
    let mut pending: Vec<&Value> = metadata.into_iter().collect();
    pending.extend(nested(document));
    let mut all = Vec::new();
    while let Some(component) = pending.pop() {
        all.push(component);
        pending.extend(nested(component));
    }
    all
}

fn nested(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.get("components").and_then(Value::as_array);
    list.into_iter().flatten()
}
