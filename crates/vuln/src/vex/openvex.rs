//! OpenVEX 0.2.0 and the older 0.0.x, whose products are plain strings.

use super::purl::Pattern;
use super::{Digests, Names, Product, Statement, Status, Time, VexError, list, texts};
use serde_json::Value;

pub(super) fn statements(document: &Value) -> Result<Vec<Statement>, VexError> {
    let of_document = time(document).ok_or(VexError::Time)?;
    let all = list(document.get("statements")).ok_or(VexError::Statements)?;
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
        let products = products(value).map_err(wrong)?;
        let time = time(value).ok_or_else(|| wrong("its time is not as RFC 3339 has it"))?;
        let why = [
            "justification",
            "impact_statement",
            "status_notes",
            "action_statement",
        ];
        let mut why = why
            .into_iter()
            .filter_map(text)
            .filter(|why| !why.is_empty());
        // "A justification or an impact statement" (0.2.0, "Status Justifications").
        let has_reason = ["justification", "impact_statement"]
            .into_iter()
            .any(|key| {
                let reason = text(key);
                reason.is_some_and(|reason| !reason.is_empty())
            });
        statements.push(Statement {
            number: index + 1,
            ids,
            products,
            status,
            justification: why.next().map(str::to_owned),
            detail: why.next().map(str::to_owned),
            lacks_reason: status == Status::NotAffected && !has_reason,
            time: time.or(of_document),
        });
    }
    Ok(statements)
}

/// The time of a statement or document; `Some(None)`: it has none. `None`: it is malformed.
fn time(value: &Value) -> Option<Option<Time>> {
    let stamp = value.get("last_updated").or_else(|| value.get("timestamp"));
    match stamp {
        None | Some(Value::Null) => Some(None),
        Some(stamp) => Time::parse(stamp.as_str()?).map(Some),
    }
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

/// The products of a statement; `Ok(None)`: it has no list of them, so that every product is meant.
///
/// # Errors
/// What is wrong with them.
fn products(statement: &Value) -> Result<Option<Vec<Product>>, &'static str> {
    let listed = list(statement.get("products")).ok_or("`products` is no list")?;
    // In 0.0.x the parts are a sibling of the products.
    let parts =
        parts(statement.get("subcomponents")).ok_or("`subcomponents` is no list of names")?;
    // An empty list is about nothing; what generated it found nothing.
    let Some(listed) = listed else {
        return Ok(None);
    };
    let malformed = "an identifier, a digest or a part of a product has the wrong type";
    let mut products = Vec::new();
    for value in listed {
        let mut product = product(value).ok_or(malformed)?;
        if let Some(parts) = &parts {
            let own = product.parts.get_or_insert_default();
            own.extend(parts.iter().cloned());
        }
        products.push(product);
    }
    Ok(Some(products))
}

/// A product; `None`: it is malformed.
fn product(value: &Value) -> Option<Product> {
    let hashes = match value.get("hashes") {
        None | Some(Value::Null) => None,
        Some(hashes) => Some(hashes.as_object()?),
    };
    let sha256 = match hashes.and_then(|hashes| hashes.get("sha-256")) {
        None => Vec::new(),
        Some(digest) => vec![digest.as_str()?.to_owned()],
    };
    let mut digests = Digests {
        sha256,
        are_there: hashes.is_some_and(|hashes| !hashes.is_empty()),
    };
    let names = names(value)?;
    digests.add_of_files(&names);
    Some(Product {
        names,
        digests,
        parts: parts(value.get("subcomponents"))?,
    })
}

impl Digests {
    /// Adds those that stand in the names of files, as grype writes them: `pkg:generic/NAME@sha256:…`.
    fn add_of_files(&mut self, names: &Names) {
        let purls = names.0.iter().filter_map(|name| Pattern::parse(name));
        for file in purls.filter(|purl| purl.kind() == "generic") {
            let digest = file.version().and_then(|v| v.strip_prefix("sha256:"));
            let Some(digest) = digest else {
                continue;
            };
            let is_known = self
                .sha256
                .iter()
                .any(|known| known.eq_ignore_ascii_case(digest));
            match (is_known, self.are_there) {
                (true, _) => {}
                (false, false) => self.sha256.push(digest.to_owned()),
                // Two different digests are those of no file.
                (false, true) => self.sha256.clear(),
            }
            self.are_there = true;
        }
    }
}

/// The parts of a product; `Some(None)`: there is no list, so that the whole product is meant. `None`: the list is malformed.
fn parts(value: Option<&Value>) -> Option<Option<Vec<Names>>> {
    let Some(listed) = list(value)? else {
        return Some(None);
    };
    let parts: Option<Vec<Names>> = listed.iter().map(names).collect();
    parts.map(Some)
}

/// The names of a product or a part: a text itself, or its `@id` and its identifiers. `None`: they are malformed.
fn names(value: &Value) -> Option<Names> {
    if let Some(name) = value.as_str() {
        return Some(Names(vec![name.to_owned()]));
    }
    let keys = value.as_object()?;
    let mut names = Vec::new();
    if let Some(id) = keys.get("@id").filter(|id| !id.is_null()) {
        names.push(id.as_str()?.to_owned());
    }
    if let Some(identifiers) = keys.get("identifiers").filter(|value| !value.is_null()) {
        for identifier in identifiers.as_object()?.values() {
            names.push(identifier.as_str()?.to_owned());
        }
    }
    Some(Names(names))
}
