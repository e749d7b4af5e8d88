//! Documents of both formats held against one finding.

use super::*;
use crate::testing::{database, entry, program};
use crate::{Program, judge};
use gospect_record::ImageRef;
use serde_json::json;

mod cyclonedx;
mod openvex;
mod unmatched;

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
