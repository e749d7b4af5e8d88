use super::*;
use crate::testing::{database, entry, program};
use crate::{Program, judge};
use gospect_record::ImageRef;
use serde_json::json;

const MODULE: &str = "golang.org/x/net";

/// A program in an image that has one finding, `GO-2026-0001`.
fn judged() -> Program {
    let database = database(&[entry(
        "GO-2026-0001",
        MODULE,
        "introduced 0",
        &["golang.org/x/net/html: Parse"],
    )]);
    let mut binary = program(
        &[(MODULE, "v0.30.0")],
        &[("golang.org/x/net/html", &["Parse"])],
    );
    binary.sha256 = Some("ab".repeat(32));
    binary.main_package = Some("example.com/app/cmd/app".to_owned());
    binary.location.image = Some(ImageRef {
        reference: "registry.example.com/Team/app:1.0".to_owned(),
        digest: Some("sha256:12".to_owned()),
        platform: None,
    });
    judge(&binary, &database).unwrap()
}

pub(super) fn marked(document: &serde_json::Value) -> Option<Vex> {
    let mut program = judged();
    let document = Document::parse(document.to_string().as_bytes(), "a.json").unwrap();
    apply(&[document], &mut program);
    program.findings[0].vex.clone()
}

fn openvex(vulnerability: serde_json::Value, products: serde_json::Value) -> serde_json::Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{
            "vulnerability": vulnerability, "products": products, "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
        }],
    })
}

#[test]
fn a_statement_is_about_what_it_names() {
    let name = || json!({ "name": "CVE-2026-0001" });
    for (vulnerability, products, fits) in [
        (
            name(),
            json!([{ "@id": "pkg:golang/example.com/app@v1.0.0" }]),
            true,
        ),
        (
            name(),
            json!([{ "@id": "pkg:golang/example.com/app@v1.1.0" }]),
            false,
        ),
        (
            name(),
            json!([{ "@id": "pkg:golang/golang.org/x/net@v0.30.0" }]),
            true,
        ),
        (
            name(),
            json!([{ "@id": "pkg:golang/golang.org/x/text" }]),
            false,
        ),
        (
            name(),
            json!([{ "@id": "pkg:oci/app@sha256%3A12?repository_url=registry.example.com%2Fteam%2Fapp" }]),
            true,
        ),
        (name(), json!([{ "@id": "pkg:oci/app@sha256%3A13" }]), false),
        (
            name(),
            json!([{ "@id": "x", "hashes": { "sha-256": "AB".repeat(32) } }]),
            true,
        ),
        (
            name(),
            json!([{ "@id": "x", "identifiers": { "purl": "pkg:golang/example.com/app" } }]),
            true,
        ),
        (
            name(),
            json!([{ "@id": "pkg:golang/example.com/app", "subcomponents": [{ "@id": "pkg:golang/golang.org/x/net" }] }]),
            true,
        ),
        (
            name(),
            json!([{ "@id": "pkg:golang/example.com/app", "subcomponents": [{ "@id": "pkg:golang/golang.org/x/text" }] }]),
            false,
        ),
        (name(), json!(["dist/app"]), true),
        (json!({ "name": "GO-2026-0001" }), json!(["app"]), true),
        (
            json!({ "name": "x", "aliases": ["GO-2026-0001"] }),
            json!(["app"]),
            true,
        ),
        (
            json!({ "@id": "https://pkg.go.dev/vuln/GO-2026-0001" }),
            json!(["app"]),
            true,
        ),
        (json!("GO-2026-0001"), json!(["app"]), true),
        (json!({ "name": "GO-2026-0002" }), json!(["app"]), false),
        (json!({ "name": "GO-2026-0001" }), json!(["other"]), false),
    ] {
        let document = openvex(vulnerability, products);
        let vex = marked(&document);
        assert_eq!(vex.is_some(), fits, "{document}");
        if let Some(vex) = vex {
            assert_eq!(vex.status, Status::NotAffected);
            assert_eq!(
                vex.justification.as_deref(),
                Some("vulnerable_code_not_in_execute_path")
            );
            assert_eq!(vex.source, "a.json");
        }
    }
}

#[test]
fn a_program_is_its_main_module_and_its_package() {
    for (product, fits) in [
        ("pkg:golang/example.com/app@v1.0.0", true),
        ("pkg:golang/example.com/app/cmd/app@v1.0.0", true),
        ("pkg:golang/example.com/app/cmd/other@v1.0.0", false),
    ] {
        let document = openvex(json!("GO-2026-0001"), json!([product]));
        assert_eq!(marked(&document).is_some(), fits, "{product}");
    }
    let own = products(&judged());
    assert_eq!(own[0], "pkg:golang/example.com/app@v1.0.0");
    assert!(own[1].starts_with("pkg:oci/app@sha256%3A12?"), "{own:?}");
    assert_eq!(own.len(), 2);
}

#[test]
fn a_product_that_contradicts_the_program_is_another_one() {
    let (own, other) = ("ab".repeat(32), "cd".repeat(32));
    let app = "pkg:golang/example.com/app@v1.0.0";
    for (product, fits) in [
        (json!({ "@id": app, "hashes": { "sha-256": own } }), true),
        (json!({ "@id": app, "hashes": { "sha-256": other } }), false),
        (
            json!({ "@id": "app", "hashes": { "sha-256": other } }),
            false,
        ),
        // The digest in the name of a file, as grype has it.
        (
            json!({ "@id": format!("pkg:generic/app@sha256:{other}"), "identifiers": { "purl": app } }),
            false,
        ),
        (
            json!({ "@id": app, "identifiers": { "purl": format!("pkg:generic/x@sha256%3A{other}") } }),
            false,
        ),
        (
            json!({ "@id": format!("pkg:generic/x@sha256%3A{own}"), "identifiers": { "purl": app } }),
            true,
        ),
        (
            json!({ "@id": format!("pkg:generic/x@sha256:{other}"), "hashes": { "sha-256": own } }),
            false,
        ),
        // What cannot be compared proves nothing.
        (json!({ "@id": app, "hashes": { "sha-512": own } }), false),
        (json!({ "@id": app, "identifiers": { "purl": app } }), true),
        (
            json!({ "@id": app, "identifiers": { "purl": "pkg:golang/example.com/other@v1" } }),
            false,
        ),
        (
            json!({ "@id": "app", "identifiers": { "purl": "pkg:golang/example.com/other@v1" } }),
            false,
        ),
        (
            json!({ "@id": app, "identifiers": { "cpe23": "cpe:2.3:a:x:y" } }),
            true,
        ),
        // The program is for linux, and its package is cmd/app.
        (json!(format!("{app}?goos=windows")), false),
        (json!(format!("{app}?goos=linux&goarch=amd64")), true),
        (json!(format!("{app}?type=module")), true),
        (json!(format!("{app}?variant=fips")), false),
        (json!(format!("{app}#cmd/app")), true),
        (json!(format!("{app}#cmd/other")), false),
        (json!("pkg:golang/golang.org/x/net@v0.30.0#http2"), false),
        (
            json!("pkg:golang/golang.org/x/net@v0.30.0?goos=windows"),
            false,
        ),
        (json!("pkg:oci/app?arch=arm64"), false),
        (json!("pkg:oci/app@sha256:12?arch=arm64"), true),
    ] {
        let document = openvex(json!("GO-2026-0001"), json!([product]));
        assert_eq!(marked(&document).is_some(), fits, "{product}");
    }
}

/// An empty list is what a generator writes that found nothing.
#[test]
fn a_statement_about_an_empty_list_is_about_nothing() {
    let app = "pkg:golang/example.com/app@v1.0.0";
    for (products, fits) in [
        (json!([]), false),
        (json!([{ "@id": app, "subcomponents": [] }]), false),
        (json!([{ "@id": app, "subcomponents": null }]), true),
        (json!(null), true),
    ] {
        let document = openvex(json!("GO-2026-0001"), products);
        assert_eq!(marked(&document).is_some(), fits, "{document}");
    }
}

#[test]
fn parts_are_named_in_any_way() {
    let product = |part: serde_json::Value| json!([{ "@id": "app", "subcomponents": [part] }]);
    for (part, fits) in [
        (
            json!({ "identifiers": { "purl": "pkg:golang/golang.org/x/net" } }),
            true,
        ),
        (
            json!({ "identifiers": { "purl": "pkg:golang/golang.org/x/text" } }),
            false,
        ),
        (json!("pkg:golang/golang.org/x/net@v0.30.0"), true),
        (json!({ "hashes": { "sha-256": "12" } }), false),
        (json!({}), false),
    ] {
        let document = openvex(json!("GO-2026-0001"), product(part.clone()));
        assert_eq!(marked(&document).is_some(), fits, "{part}");
    }
}

#[test]
fn programs_made_of_files_have_no_purl() {
    for path in ["command-line-arguments", "command-line-arguments.test"] {
        let program = Program {
            main_package: Some(path.to_owned()),
            ..Program::default()
        };
        assert_eq!(products(&program), Vec::<String>::new(), "{path}");
        assert_eq!(written_products(&program), Vec::<String>::new(), "{path}");
    }
    let mut program = judged();
    program.main_package = Some("command-line-arguments".to_owned());
    program.main_module = None;
    let product = json!(["pkg:golang/command-line-arguments"]);
    let document = openvex(json!("GO-2026-0001"), product).to_string();
    apply(
        &[Document::parse(document.as_bytes(), "a").unwrap()],
        &mut program,
    );
    assert_eq!(program.findings[0].vex, None);
}

/// Times are compared as times; of equally old statements, and of those without a time, the graver one counts.
#[test]
fn a_graver_statement_gives_way_only_to_a_newer_one() {
    let (clear, affected) = ("not_affected", "affected");
    for (first, second, counts) in [
        (
            ("2026-01-01T10:00:00+05:00", clear),
            ("2026-01-01T08:00:00Z", affected),
            affected,
        ),
        (
            ("2026-01-01T10:00:00-05:00", clear),
            ("2026-01-01T11:00:00Z", affected),
            clear,
        ),
        (
            ("2026-01-01T08:00:00Z", affected),
            ("2026-01-01T10:00:00+02:00", clear),
            affected,
        ),
        (
            ("2026-01-01T08:00:00Z", affected),
            ("2026-01-01T08:00:00.5Z", clear),
            clear,
        ),
        (("", affected), ("2026-01-01T08:00:00Z", clear), affected),
        (("", clear), ("2026-01-01T08:00:00Z", affected), affected),
    ] {
        for (first, second) in [(first, second), (second, first)] {
            let mut document = openvex(json!("GO-2026-0001"), json!(["app"]));
            document.as_object_mut().unwrap().remove("timestamp");
            let statements = document["statements"].as_array_mut().unwrap();
            let mut statement = statements.remove(0);
            for (time, status) in [first, second] {
                statement["status"] = json!(status);
                statement["timestamp"] = match time {
                    "" => serde_json::Value::Null,
                    time => json!(time),
                };
                statements.push(statement.clone());
            }
            let status = marked(&document).unwrap().status;
            assert_eq!(status.name(), counts, "{first:?} {second:?}");
        }
    }
}

#[test]
fn the_latest_statement_counts() {
    let mut document = openvex(json!({ "name": "GO-2026-0001" }), json!(["app"]));
    let mut later = document["statements"][0].clone();
    later["status"] = json!("affected");
    later["timestamp"] = json!("2026-05-01T00:00:00Z");
    document["statements"]
        .as_array_mut()
        .unwrap()
        .insert(0, later);
    let vex = marked(&document).unwrap();
    assert_eq!(vex.status, Status::Affected);
    let mut program = judged();
    let document = Document::parse(document.to_string().as_bytes(), "a").unwrap();
    apply(&[document], &mut program);
    assert!(!program.findings[0].is_cleared());
    assert_eq!(program.counting(crate::Level::Symbol).count(), 1);
}

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

#[test]
fn what_is_no_vex_is_refused_in_one_line() {
    for text in [
        "",
        "[",
        "{}",
        "[]",
        r#"{"bomFormat":"CycloneDX"}"#,
        r#"{"@context":"https://openvex.dev/ns","statements":[{}]}"#,
        r#"{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"x"}]}"#,
        r#"{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"x","status":"maybe"}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"x","analysis":{"state":"maybe"}}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"x","analysis":{"state":"in_triage"},"affects":"app"}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"x","analysis":{"state":"in_triage"},"affects":[{}]}]}"#,
        r#"{"bomFormat":"CycloneDX","vulnerabilities":[{"id":"x","analysis":{"state":"in_triage","lastUpdated":"soon"}}]}"#,
        r#"{"@context":"https://openvex.dev/ns","statements":{}}"#,
        r#"{"@context":"https://openvex.dev/ns","timestamp":"yesterday"}"#,
    ] {
        let error = Document::parse(text.as_bytes(), "a")
            .unwrap_err()
            .to_string();
        assert!(
            !error.contains('\n') && !error.is_empty(),
            "{text}: {error}"
        );
    }
    // A list that is none must not be taken for one that names nothing, which is about everything.
    for keys in [
        json!({ "products": "pkg:golang/a.b/c" }),
        json!({ "products": { "@id": "app" } }),
        json!({ "products": [1] }),
        json!({ "products": [{ "@id": 1 }] }),
        json!({ "products": [{ "@id": "app", "identifiers": "app" }] }),
        json!({ "products": [{ "@id": "app", "hashes": "ab" }] }),
        json!({ "products": [{ "@id": "app", "hashes": { "sha-256": 1 } }] }),
        json!({ "products": [{ "@id": "app", "subcomponents": "net" }] }),
        json!({ "products": [{ "@id": "app", "subcomponents": [null] }] }),
        json!({ "products": ["app"], "subcomponents": "net" }),
        json!({ "products": ["app"], "timestamp": "2026-01-01T08:00" }),
    ] {
        let mut document = openvex(json!("GO-2026-0001"), json!(["app"]));
        let statement = document["statements"][0].as_object_mut().unwrap();
        statement.extend(keys.as_object().unwrap().clone());
        let error = Document::parse(document.to_string().as_bytes(), "a").unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("statement 1: "), "{keys}: {error}");
    }
    let empty = r#"{"@context":"https://openvex.dev/ns/v0.2.0"}"#;
    assert!(Document::parse(empty.as_bytes(), "a").unwrap().is_empty());
}

#[test]
fn purls_of_images() {
    for (reference, digest, purl) in [
        (
            "registry.example.com:5000/Team/App:1.0",
            Some("sha256:12"),
            Some(
                "pkg:oci/app@sha256%3A12?repository_url=registry.example.com:5000/team/app&tag=1.0",
            ),
        ),
        (
            "app",
            Some("sha256:12"),
            Some("pkg:oci/app@sha256%3A12?repository_url=app"),
        ),
        (
            "a/b@sha256:12",
            Some("sha256:12"),
            Some("pkg:oci/b@sha256%3A12?repository_url=a/b"),
        ),
        ("app:1", None, None),
        ("", Some("sha256:12"), None),
    ] {
        assert_eq!(
            image_purl(reference, digest).as_deref(),
            purl,
            "{reference}"
        );
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

#[test]
fn a_reason_keeps_its_word_and_its_text() {
    let mut document = openvex(json!("GO-2026-0001"), json!(["app"]));
    let vex = |document: &serde_json::Value| {
        let parsed = Document::parse(document.to_string().as_bytes(), "a.json").unwrap();
        let without_reason = parsed.without_reason();
        (marked(document).unwrap(), without_reason)
    };
    let statement = "/statements/0";
    let set = |document: &mut serde_json::Value, key: &str, value: serde_json::Value| {
        document.pointer_mut(statement).unwrap()[key] = value;
    };
    set(&mut document, "impact_statement", json!("never parses"));
    let (both, lacking) = vex(&document);
    let justification = both.justification.as_deref();
    assert_eq!(justification, Some("vulnerable_code_not_in_execute_path"));
    assert_eq!(both.detail.as_deref(), Some("never parses"));
    assert_eq!(lacking, [0; 0]);
    set(&mut document, "justification", json!(null));
    let (prose, lacking) = vex(&document);
    assert_eq!(prose.justification.as_deref(), Some("never parses"));
    assert_eq!((prose.detail, lacking), (None, vec![]));
    // Notes are no reason, and an empty text is none.
    set(&mut document, "impact_statement", json!(""));
    set(&mut document, "status_notes", json!("later"));
    assert_eq!(vex(&document).1, [1]);
    // Other statuses need none.
    set(&mut document, "status", json!("fixed"));
    assert_eq!(vex(&document).1, [0; 0]);
}
