//! Vulnerabilities of CycloneDX documents, and links to bills.

use super::*;

#[test]
fn cyclonedx_refers_to_components() {
    let document = |reference: &str, state: &str| {
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": { "component": { "type": "application", "bom-ref": "root", "purl": "pkg:golang/example.com/app@v1.0.0" } },
            "components": [{ "bom-ref": "a", "components": [{ "bom-ref": "net", "purl": "pkg:golang/golang.org/x/net@v0.30.0" }] }],
            "vulnerabilities": [{ "id": "CVE-2026-0001", "affects": [{ "ref": reference }], "analysis": { "state": state, "detail": "d" } }],
        })
    };
    for (reference, state, status) in [
        ("net", "not_affected", Some(Status::NotAffected)),
        ("root", "resolved", Some(Status::Fixed)),
        ("urn:cdx:0123/1#net", "exploitable", Some(Status::Affected)),
        (
            "pkg:golang/golang.org/x/net@v0.30.0",
            "in_triage",
            Some(Status::UnderInvestigation),
        ),
        ("a", "not_affected", None),
    ] {
        let vex = marked(&document(reference, state));
        assert_eq!(vex.map(|vex| vex.status), status, "{reference}");
    }
}

/// A library that stands in a document with its program is meant as part of that program, whose purl or digest says which it is.
#[test]
fn a_library_of_one_program_says_nothing_about_another() {
    let document = |purl: &str, sum: &str| {
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "components": [
                { "type": "application", "bom-ref": "app", "purl": purl, "hashes": [{ "alg": "SHA-256", "content": sum }] },
                { "type": "library", "bom-ref": "net", "purl": "pkg:golang/golang.org/x/net@v0.30.0" },
                { "type": "library", "bom-ref": "other", "purl": "pkg:golang/golang.org/x/text@v0.30.0" },
            ],
            "dependencies": [{ "ref": "app", "dependsOn": ["net"] }, { "ref": "other", "dependsOn": ["net"] }],
            "vulnerabilities": [{ "id": "CVE-2026-0001", "affects": [{ "ref": "net" }], "analysis": { "state": "not_affected" } }],
        })
    };
    let (own, sum) = ("ab".repeat(32), "cd".repeat(32));
    for (purl, sum, fits) in [
        // The digest of another file is another program, whatever its name.
        ("pkg:golang/example.com/app@v1.0.0", &sum, false),
        ("pkg:golang/example.com/app@v1.0.0", &own, true),
        ("pkg:golang/example.com/other@v1.0.0", &sum, false),
        ("pkg:golang/example.com/other@v1.0.0", &own, true),
        ("pkg:golang/example.com/app@v2.0.0", &sum, false),
    ] {
        let vex = marked(&document(purl, sum));
        assert_eq!(vex.is_some(), fits, "{purl} {sum}");
    }
    let text = document("pkg:golang/example.com/app@v1.0.0", &own).to_string();
    assert!(
        Document::parse(text.as_bytes(), "a")
            .unwrap()
            .names_digests()
    );
}

#[test]
fn a_document_about_too_many_products_is_refused() {
    let users: Vec<_> = (0..1_001)
        .map(|n| json!({ "type": "application", "bom-ref": format!("app{n}"), "purl": "pkg:golang/a.b/c" }))
        .collect();
    let uses: Vec<_> = (0..1_001)
        .map(|n| json!({ "ref": format!("app{n}"), "dependsOn": ["net"] }))
        .collect();
    let affects = vec![json!({ "ref": "net" }); 1_000];
    let mut components = users;
    components.push(json!({ "type": "library", "bom-ref": "net", "purl": "pkg:golang/a.b/net" }));
    let document = json!({
        "bomFormat": "CycloneDX", "components": components, "dependencies": uses,
        "vulnerabilities": [{ "id": "CVE-2026-0001", "affects": affects, "analysis": { "state": "not_affected" } }],
    });
    let error = Document::parse(document.to_string().as_bytes(), "a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "statement 1: the document is about more than 1000000 products"
    );
}

#[test]
fn bills_are_referred_to_by_links() {
    let serial = "3e671687-395b-41f5-a30f-a58921a69b79";
    let bill = |serial: &str| {
        json!({
            "bomFormat": "CycloneDX", "serialNumber": serial, "version": 3,
            "components": [
                { "bom-ref": "pkg:golang/golang.org/x/net@v0.30.0", "purl": "pkg:golang/golang.org/x/net@v0.30.0" },
                { "bom-ref": "image", "components": [{ "bom-ref": "a b+c/d", "purl": "pkg:golang/golang.org/x/net@0.30.0" }] },
                { "bom-ref": "older", "purl": "pkg:golang/golang.org/x/net@v0.29.0" },
            ],
        })
        .to_string()
    };
    let links = Bill::parse(bill(&format!("urn:uuid:{serial}")).as_bytes());
    let wanted = ["pkg:golang/golang.org/x/net@v0.30.0".to_owned()];
    assert_eq!(
        links.unwrap().links(&wanted),
        [
            format!("urn:cdx:{serial}/3#a%20b%2Bc%2Fd"),
            format!("urn:cdx:{serial}/3#pkg:golang%2Fgolang.org%2Fx%2Fnet%40v0.30.0"),
        ]
    );
    for text in [
        "",
        "{}",
        "[]",
        r#"{"bomFormat":"SPDX"}"#,
        r#"{"bomFormat":"CycloneDX"}"#,
        &bill("urn:uuid:1"),
        &bill(serial),
    ] {
        let error = Bill::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(!error.is_empty() && !error.contains('\n'), "{text}");
    }
}
