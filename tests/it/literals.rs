//! Functions that were inlined and of which only function literals are linked: no VEX document may say that their code is absent.

use crate::support::cli::{Scratch, run};
use serde_json::{Value, json};
use std::path::Path;

/// The module of the program, which has every version.
const MODULE: &str = "example.com/literals";

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// An entry about one package of the module, below its path, and its symbols.
fn entry(number: usize, package: &str, symbols: &[&str]) -> Value {
    let mut imports = json!({ "path": format!("{MODULE}/{package}") });
    if !symbols.is_empty() {
        imports["symbols"] = json!(symbols);
    }
    json!({
        "schema_version": "1.3.1", "id": format!("GO-2026-{number:04}"), "modified": "2026-01-02T03:04:05Z",
        "affected": [{
            "package": { "name": MODULE, "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
            "ecosystem_specific": { "imports": [imports] },
        }],
    })
}

/// What is asked about, with the status from Go 1.21 on and in Go 1.20, whose literals do not name inlined functions.
const ASKED: &[(&str, &[&str], &str, &str)] = &[
    ("gives", &["Handler"], "affected", "under_investigation"),
    (
        "methods",
        &["Server.Handler"],
        "affected",
        "under_investigation",
    ),
    ("generic", &["Same"], "affected", "affected"),
    ("used", &["Used"], "affected", "affected"),
    // A value receiver: the names of Go 1.21 to 1.26 may be those of two functions.
    (
        "methods",
        &["Value.Opener"],
        "under_investigation",
        "under_investigation",
    ),
    // Inlined in a function that was inlined itself.
    (
        "inner",
        &["Plain"],
        "under_investigation",
        "under_investigation",
    ),
    ("outer", &["Wrapped"], "under_investigation", "not_affected"),
    // A package that is linked counts whole, and may be linked if it has no function.
    ("gives", &[], "linked", "linked"),
    ("outer", &[], "under_investigation", "under_investigation"),
    // A function of the same name that is in another package, one that nothing calls, and a type.
    ("used", &["Handler"], "not_affected", "not_affected"),
    ("gives", &["Unused"], "not_affected", "under_investigation"),
    ("elsewhere", &["Dial"], "not_affected", "not_affected"),
];

/// The status of each of [`ASKED`]; `linked` if only a package counts.
fn statuses(scratch: &Scratch, target: &str) -> Vec<String> {
    let database = text(&scratch.path().join("db"));
    let ask = |format: &str| -> Value {
        let args = [
            "vuln",
            "--quiet",
            "--cache=off",
            "--exit-zero",
            "--db",
            &database,
            "--format",
            format,
            target,
        ];
        let out = run(&args);
        let value = serde_json::from_str(&out.stdout);
        value.unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr))
    };
    let (document, found) = (ask("openvex"), ask("json"));
    let findings = found["programs"][0]["findings"].as_array().unwrap();
    let status = |number: usize| {
        let id = format!("GO-2026-{number:04}");
        let level = &findings.iter().find(|f| f["id"] == *id).unwrap()["level"];
        let mut statements = document["statements"].as_array().unwrap().iter();
        let statement = statements.find(|s| s["vulnerability"]["name"] == *id);
        let status = statement.unwrap()["status"].as_str().unwrap();
        match status {
            "under_investigation" if level == "symbol" => "linked".to_owned(),
            status => status.to_owned(),
        }
    };
    (0..ASKED.len()).map(status).collect()
}

#[test]
fn functions_of_which_only_literals_are_left_are_not_absent() {
    let scratch = Scratch::new();
    for (number, (package, symbols, ..)) in ASKED.iter().enumerate() {
        let entry = entry(number, package, symbols);
        let name = format!("db/GO-2026-{number:04}.json");
        scratch.put(&name, entry.to_string().as_bytes());
    }
    for id in [
        "1.20-linux-amd64-literals",
        "1.21-linux-amd64-literals",
        "1.26-linux-amd64-literals",
        "1.26-linux-amd64-literals-place",
        "1.27-linux-amd64-literals",
    ] {
        let program = text(&scratch.put_fixture(id));
        let found = statuses(&scratch, &program);
        for ((package, symbols, since_1_21, in_1_20), status) in ASKED.iter().zip(&found) {
            let want = match (id.get(..4), *symbols) {
                (Some("1.20"), _) => in_1_20,
                // Its literals are called after their own function.
                (Some("1.27"), ["Value.Opener" | "Plain"]) => "affected",
                // The compiler leaves nothing at all of a function that only calls another.
                (Some("1.27"), ["Wrapped"]) => "not_affected",
                _ => since_1_21,
            };
            assert_eq!(status, want, "{id}: {package} {symbols:?}");
        }
        let records = run(&[
            "scan",
            "--quiet",
            "--symbols",
            "--hash",
            "--format=ndjson",
            &program,
        ])
        .stdout;
        let records = scratch.put("records.ndjson", records.as_bytes());
        let of_records = statuses(&scratch, &format!("records:{}", text(&records)));
        assert_eq!(of_records, found, "{id}");
    }
}
