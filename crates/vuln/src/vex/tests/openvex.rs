//! Statements of OpenVEX.

use super::*;

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
