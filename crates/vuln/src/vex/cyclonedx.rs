//! The `vulnerabilities` of a CycloneDX bill (1.4 and newer).

use super::{Product, Statement, Status, VexError, texts};
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let Some(all) = document.get("vulnerabilities").and_then(Value::as_array) else {
        return Err(VexError::Kind);
    };
    let mut purls = HashMap::new();
    let metadata = document.get("metadata").and_then(|m| m.get("component"));
    let mut open: Vec<&Value> = metadata.into_iter().collect();
    open.extend(list(document, "components"));
    while let Some(component) = open.pop() {
        let text = |key: &str| component.get(key).and_then(Value::as_str);
        if let (Some(reference), Some(purl)) = (text("bom-ref"), text("purl")) {
            purls.insert(reference, purl);
        }
        open.extend(list(component, "components"));
    }
    let mut found = Vec::new();
    for (at, value) in all.iter().enumerate() {
        let id = value.get("id").and_then(Value::as_str);
        let mut ids: Vec<String> = id.into_iter().map(str::to_owned).collect();
        ids.extend(texts(value.get("references"), "id"));
        if ids.is_empty() {
            return Err(VexError::Statement {
                number: at + 1,
                what: "it has no `id`".to_owned(),
            });
        }
        let Some(analysis) = value.get("analysis") else {
            continue;
        };
        let text = |key: &str| analysis.get(key).and_then(Value::as_str);
        let status = match text("state") {
            Some("resolved" | "resolved_with_pedigree") => Status::Fixed,
            Some("exploitable") => Status::Affected,
            Some("false_positive" | "not_affected") => Status::NotAffected,
            Some("in_triage") | None => Status::UnderInvestigation,
            Some(other) => {
                return Err(VexError::Statement {
                    number: at + 1,
                    what: format!("no such state: {other}"),
                });
            }
        };
        let named = texts(value.get("affects"), "ref")
            .into_iter()
            .map(|reference| {
                // A link to the component of another bill: `urn:cdx:SERIAL/VERSION#REF`.
                let local = match reference.split_once('#') {
                    Some((link, local)) if link.starts_with("urn:cdx:") => local.to_owned(),
                    _ => reference.clone(),
                };
                let purl = purls.get(local.as_str()).map(|purl| (*purl).to_owned());
                Product {
                    names: vec![purl.unwrap_or(local)],
                    ..Product::default()
                }
            });
        let times = ["lastUpdated", "firstIssued"];
        found.push(Statement {
            ids,
            products: named.collect(),
            status,
            justification: ["justification", "detail"]
                .into_iter()
                .find_map(text)
                .map(str::to_owned),
            time: times
                .into_iter()
                .find_map(text)
                .unwrap_or_default()
                .to_owned(),
        });
    }
    Ok(found)
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
