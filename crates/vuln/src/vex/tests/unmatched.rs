//! Statements that are about no finding.

use super::*;

/// What `--vex` says of a document after one program was judged by it.
fn said_unmatched(documents: &[serde_json::Value]) -> Vec<String> {
    let documents: Vec<Document> = documents
        .iter()
        .map(|document| Document::parse(document.to_string().as_bytes(), "a.json").unwrap())
        .collect();
    let mut statements = Statements::of(&documents);
    assert_eq!(statements.unmatched(), [], "nothing was judged yet");
    statements.apply(&mut judged());
    let unmatched = statements.unmatched();
    unmatched.iter().map(ToString::to_string).collect()
}

#[test]
fn statements_that_match_nothing_are_said_with_what_would_match() {
    let about = |id: &str, product: serde_json::Value| openvex(json!(id), json!([product]));
    let id = "GO-2026-0001";
    for (document, said) in [
        (
            about(id, json!("pkg:golang/example.com/app/v2@v1.0.0")),
            "GO-2026-0001 is about pkg:golang/example.com/app/v2@v1.0.0; dist/app would match as pkg:golang/example.com/app@v1.0.0",
        ),
        (
            about(
                "CVE-2026-0001",
                json!("pkg:golang/golang.org/x/net@v0.29.0"),
            ),
            "CVE-2026-0001 is about pkg:golang/golang.org/x/net@v0.29.0; dist/app would match as pkg:golang/golang.org/x/net@v0.30.0",
        ),
        (
            about(id, json!("pkg:oci/app@sha256%3A13")),
            "GO-2026-0001 is about pkg:oci/app@sha256%3A13; dist/app would match as pkg:oci/app@sha256%3A12?repository_url=registry.example.com/team/app&tag=1.0",
        ),
        (
            about(id, json!("App-of-ours")),
            "GO-2026-0001 is about App-of-ours; dist/app would match as pkg:golang/example.com/app@v1.0.0",
        ),
        (
            about(
                id,
                json!({ "@id": "app", "subcomponents": [{ "@id": "pkg:golang/golang.org/x/net@v0.1.0" }] }),
            ),
            "GO-2026-0001 is about the part pkg:golang/golang.org/x/net@v0.1.0; pkg:golang/golang.org/x/net@v0.30.0 would match",
        ),
        (
            about(
                id,
                json!({ "@id": "app", "hashes": { "sha-256": "cd".repeat(32) } }),
            ),
            &format!(
                "GO-2026-0001 has another digest for app; dist/app has {}",
                "ab".repeat(32)
            ),
        ),
        (
            about("GO-2026-9999", json!("app")),
            "no program has GO-2026-9999",
        ),
    ] {
        let expected = format!("1 of 1 statement matches no finding: {said}");
        assert_eq!(said_unmatched(&[document]), [expected]);
    }
    let matching = about(id, json!("app"));
    assert_eq!(said_unmatched(&[matching]), [""; 0]);
}

#[test]
fn a_long_document_is_said_in_one_line() {
    let statement = |id: String, product: &str| json!({ "vulnerability": id, "products": [product], "status": "fixed" });
    let mut all: Vec<serde_json::Value> = (0..50)
        .map(|n| statement(format!("GO-2020-{n:04}"), "app"))
        .collect();
    all.extend((0..9).map(|_| statement("GO-2026-0001".to_owned(), "pkg:npm/app")));
    all.push(statement(
        "GO-2026-0001".to_owned(),
        "pkg:golang/example.com/app@v1.2.0",
    ));
    all.push(statement("GO-2026-0001".to_owned(), "app"));
    let document = json!({ "@context": "https://openvex.dev/ns/v0.2.0", "statements": all });
    let said = said_unmatched(&[document]);
    let [line] = said.as_slice() else {
        panic!("{said:?}")
    };
    // The nearest product comes first, because it is most likely the one that was meant.
    let start = "60 of 61 statements match no finding: GO-2026-0001 is about pkg:golang/example.com/app@v1.2.0; dist/app would match as";
    assert!(line.starts_with(start), "{line}");
    let end = "7 more are about other products; no program has GO-2020-0000, GO-2020-0001, GO-2020-0002 and 47 more";
    assert!(line.ends_with(end), "{line}");
}

/// `trivy sbom --vex` wants the statements in one file and the components in another.
#[test]
fn a_link_to_another_bill_is_named_as_such() {
    let document = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "vulnerabilities": [{ "id": "CVE-2026-0001", "affects": [{ "ref": "urn:cdx:0123/1#net-7a" }], "analysis": { "state": "not_affected" } }],
    });
    let said = said_unmatched(&[document]);
    let why = "CVE-2026-0001 is about a component of another bill (urn:cdx:0123/1), which the document does not have";
    assert!(said[0].contains(why), "{said:?}");
}
