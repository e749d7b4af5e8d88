//! The `vulnerabilities` of a CycloneDX bill (1.4 and newer).

use super::components::components;
use super::{Digests, Names, Product, Statement, Status, Time, VexError, list, texts};
use serde_json::Value;
use std::collections::HashMap;

/// Most products in all statements of a document: a statement about a library counts for each program that uses it.
const PRODUCTS: usize = 1_000_000;

/// A component as far as statements need it.
#[derive(Default)]
struct Component<'d> {
    purl: Option<&'d str>,
    digests: Digests,
    /// Whether it is a product, not a library.
    is_product: bool,
    /// References of the components that depend on it.
    users: Vec<&'d str>,
}

/// The components of a document by their references.
fn by_reference(document: &Value) -> HashMap<&str, Component<'_>> {
    let mut by_id: HashMap<&str, Component> = HashMap::new();
    for component in components(document) {
        let text = |key: &str| component.get(key).and_then(Value::as_str);
        let Some(reference) = text("bom-ref") else {
            continue;
        };
        let hashes = component.get("hashes").and_then(Value::as_array);
        let hashes = hashes.map_or(&[][..], Vec::as_slice);
        let sums = hashes.iter().filter(|hash| {
            let kind = hash.get("alg").and_then(Value::as_str);
            kind == Some("SHA-256")
        });
        let sums = sums.filter_map(|hash| hash.get("content")?.as_str());
        let digests = Digests {
            sha256: sums.map(str::to_owned).collect(),
            are_there: !hashes.is_empty(),
        };
        by_id.insert(
            reference,
            Component {
                purl: text("purl"),
                digests,
                is_product: !matches!(text("type"), Some("library" | "framework") | None),
                users: Vec::new(),
            },
        );
    }
    let rows = document.get("dependencies").and_then(Value::as_array);
    for row in rows.into_iter().flatten() {
        let Some(user) = row.get("ref").and_then(Value::as_str) else {
            continue;
        };
        let uses = row.get("dependsOn").and_then(Value::as_array);
        for used in uses.into_iter().flatten().filter_map(Value::as_str) {
            if let Some(component) = by_id.get_mut(used) {
                component.users.push(user);
            }
        }
    }
    by_id
}

/// The products that a reference means: a program or image, or for a library the programs of the document that use it.
fn products(reference: &str, components: &HashMap<&str, Component<'_>>) -> Vec<Product> {
    // A link to the component of another bill: `urn:cdx:SERIAL/VERSION#REF`.
    let local = match reference.split_once('#') {
        Some((link, local)) if link.starts_with("urn:cdx:") => super::purl::decode(local),
        _ => reference.to_owned(),
    };
    let component = components.get(local.as_str());
    let name = component.and_then(|c| c.purl).unwrap_or(&local).to_owned();
    let users = component.map_or(&[][..], |c| &c.users).iter();
    let users = users.filter_map(|user| components.get(user));
    let named = users.filter(|user| user.is_product);
    let named = named.filter(|user| user.purl.is_some() || user.digests.are_there);
    let of_users: Vec<Product> = named
        .map(|user| Product {
            names: Names(user.purl.iter().map(|purl| (*purl).to_owned()).collect()),
            digests: user.digests.clone(),
            parts: Some(vec![Names(vec![name.clone()])]),
        })
        .collect();
    if !of_users.is_empty() {
        return of_users;
    }
    vec![Product {
        digests: component.map_or_else(Digests::default, |c| c.digests.clone()),
        names: Names(vec![name]),
        parts: None,
    }]
}

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let Some(all) = document.get("vulnerabilities").and_then(Value::as_array) else {
        return Err(VexError::Kind);
    };
    let components = by_reference(document);
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
        for reference in &references {
            let products = products(reference, &components);
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
            products: Some(all_products).filter(|products| !products.is_empty()),
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
