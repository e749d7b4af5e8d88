//! OpenVEX 0.2.0 and the older 0.0.x, whose products are plain strings.

use super::{Product, Statement, Status, VexError, texts};
use serde_json::Value;

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let time = |value: &Value| {
        let stamp = value.get("last_updated").or_else(|| value.get("timestamp"));
        stamp.and_then(Value::as_str).map(str::to_owned)
    };
    let of_document = time(document).unwrap_or_default();
    let all = document.get("statements").and_then(Value::as_array);
    let mut statements = Vec::new();
    for (index, value) in all.into_iter().flatten().enumerate() {
        let wrong = |what: &str| VexError::Statement {
            number: index + 1,
            what: what.to_owned(),
        };
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let ids = ids(value.get("vulnerability"));
        if ids.is_empty() {
            return Err(wrong("it names no vulnerability"));
        }
        let status = match text("status") {
            Some("not_affected") => Status::NotAffected,
            Some("affected") => Status::Affected,
            Some("fixed") => Status::Fixed,
            Some("under_investigation") => Status::UnderInvestigation,
            Some(other) => return Err(wrong(&format!("no such status: {other}"))),
            None => return Err(wrong("it has no `status`")),
        };
        let products = value.get("products").and_then(Value::as_array);
        let listed: Vec<Product> = products.into_iter().flatten().map(product).collect();
        // In 0.0.x the parts are a sibling of the products.
        let parts = texts(value.get("subcomponents"), "@id");
        let products = listed.into_iter().map(|p| Product {
            parts: [p.parts.as_slice(), &parts].concat(),
            ..p
        });
        let why = [
            "justification",
            "impact_statement",
            "status_notes",
            "action_statement",
        ];
        statements.push(Statement {
            ids,
            products: products.collect(),
            status,
            justification: why.into_iter().find_map(text).map(str::to_owned),
            time: time(value).unwrap_or_else(|| of_document.clone()),
        });
    }
    Ok(statements)
}

fn ids(vulnerability: Option<&Value>) -> Vec<String> {
    let Some(value) = vulnerability else {
        return Vec::new();
    };
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let name = value.as_str().or_else(|| text("name"));
    let id = text("@id").and_then(|id| id.rsplit('/').next());
    let mut ids: Vec<String> = name.into_iter().chain(id).map(str::to_owned).collect();
    ids.extend(texts(value.get("aliases"), "name"));
    ids.retain(|id| !id.is_empty());
    ids
}

fn product(value: &Value) -> Product {
    if let Some(name) = value.as_str() {
        return Product {
            names: vec![name.to_owned()],
            ..Product::default()
        };
    }
    let id = value.get("@id").and_then(Value::as_str);
    let mut names: Vec<String> = id.into_iter().map(str::to_owned).collect();
    let identifiers = value.get("identifiers").and_then(Value::as_object);
    let identifiers = identifiers.into_iter().flatten();
    names.extend(
        identifiers
            .filter_map(|(_, v)| v.as_str())
            .map(str::to_owned),
    );
    let sum = value.get("hashes").and_then(|h| h.get("sha-256"));
    Product {
        names,
        sha256: sum
            .and_then(Value::as_str)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        parts: texts(value.get("subcomponents"), "@id"),
    }
}
