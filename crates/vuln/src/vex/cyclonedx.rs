//! The `vulnerabilities` of a CycloneDX bill (1.4 and newer).

use super::affected::{Components, versions_that_are_not};
use super::{Statement, Status, Time, VexError, list, texts};
use serde_json::Value;

/// Most products in all statements of a document: a statement about a library counts for each program that uses it.
const PRODUCTS: usize = 1_000_000;

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let Some(all) = document.get("vulnerabilities").and_then(Value::as_array) else {
        return Err(VexError::Kind);
    };
    let components = Components::of(document);
    let stamp = document
        .get("metadata")
        .and_then(|metadata| metadata.get("timestamp"));
    let of_document = stamp.and_then(|stamp| Time::parse(stamp.as_str()?));
    let mut product_count = 0;
    let mut statements = Vec::new();
    for (index, value) in all.iter().enumerate() {
        let id = value.get("id").and_then(Value::as_str);
        let mut ids: Vec<String> = id.into_iter().map(str::to_owned).collect();
        ids.extend(texts(value.get("references"), "id"));
        if ids.is_empty() {
            return Err(VexError::Statement {
                number: index + 1,
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
                    number: index + 1,
                    what: format!("no such state: {other}"),
                });
            }
        };
        let wrong = |what: &str| VexError::Statement {
            number: index + 1,
            what: what.to_owned(),
        };
        let affected = list(value.get("affects")).ok_or_else(|| wrong("`affects` is no list"))?;
        let references = texts(value.get("affects"), "ref");
        if affected.is_some_and(|affected| affected.len() > references.len()) {
            return Err(wrong("something in `affects` has no `ref`"));
        }
        let mut all_products = Vec::new();
        // Each has a reference.
        for (reference, item) in references.iter().zip(affected.into_iter().flatten()) {
            let mut products = components.products(reference);
            if matches!(status, Status::NotAffected | Status::Fixed)
                && let Some(versions) = versions_that_are_not(item)
            {
                products = products
                    .iter()
                    .flat_map(|product| product.of_versions(&versions))
                    .collect();
            }
            product_count += products.len();
            if product_count > PRODUCTS {
                return Err(VexError::Statement {
                    number: index + 1,
                    what: format!("the document is about more than {PRODUCTS} products"),
                });
            }
            all_products.extend(products);
        }
        let times = ["lastUpdated", "firstIssued"];
        let time = match times.into_iter().find_map(text) {
            None => of_document,
            Some(stamp) => {
                let time = Time::parse(stamp);
                Some(time.ok_or_else(|| wrong("its time is not as RFC 3339 has it"))?)
            }
        };
        let mut why = ["justification", "detail"].into_iter().filter_map(text);
        statements.push(Statement {
            number: index + 1,
            ids,
            // A statement that affects nothing is about nothing.
            products: Some(all_products),
            status,
            justification: why.next().map(str::to_owned),
            detail: why.next().map(str::to_owned),
            // CycloneDX recommends a justification and does not require one.
            lacks_reason: false,
            time,
        });
    }
    Ok(statements)
}
