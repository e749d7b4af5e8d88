use crate::testing::{Setup, binary};
use crate::{Auditor, Date, Finding, Policy};
use gospect_record::{Binary, FunctionSource};
use gospect_vuln::database::Database;
use test_support::vulns::{database, entry, functions_of};

const SYS: &str = "golang.org/x/sys";

fn small() -> Database {
    database(&[
        entry(
            "GO-2026-0001",
            SYS,
            "introduced 0, fixed 0.40.0",
            &["golang.org/x/sys/unix: Open"],
        ),
        entry(
            "GO-2026-0002",
            SYS,
            "introduced 0",
            &["golang.org/x/sys/unix: Absent"],
        ),
        entry(
            "GO-2026-0003",
            SYS,
            "introduced 0",
            &["golang.org/x/sys/windows: Open"],
        ),
        entry(
            "GO-2026-0004",
            "stdlib",
            "introduced 0, fixed 1.27.4",
            &["os: Open"],
        ),
    ])
}

fn program() -> Binary {
    let linked: &[(&str, &[&str])] = &[("golang.org/x/sys/unix", &["Open"]), ("os", &["Open"])];
    binary(|b| b.functions = Some(functions_of(linked, FunctionSource::FunctionTable, true)))
}

/// Findings of the family as `rule message`, with waived ones in brackets.
fn judged(policy: &str, binary: &Binary) -> Vec<Finding> {
    let policy = Policy::load(policy, "gospect.toml").unwrap();
    let database = small();
    let today = Date::parse("2026-11-22").unwrap();
    let mut auditor = Auditor::new(&policy, today).with_vulnerabilities(&database);
    auditor.binary(binary);
    let found = auditor.finish().findings;
    found
        .into_iter()
        .filter(|f| f.code.starts_with("GS7") || f.rule == "unused-waiver")
        .collect()
}

fn short(findings: &[Finding]) -> Vec<String> {
    let short = |f: &Finding| {
        let id = f.evidence.iter().find(|e| e.source == "vulnerability");
        let id = id.map_or(String::new(), |e| format!(" {}", e.value));
        let waived = if f.waived.is_some() { " waived" } else { "" };
        format!("{}[{}]{id}{waived}", f.level.name(), f.rule)
    };
    findings.iter().map(short).collect()
}

#[test]
fn each_level_is_a_rule() {
    let found = judged("profile = \"release\"", &program());
    assert_eq!(
        short(&found),
        [
            "error[vulnerable-symbol] GO-2026-0001",
            "error[vulnerable-symbol] GO-2026-0004",
            "warning[vulnerable-package] GO-2026-0002",
            "note[vulnerable-module] GO-2026-0003",
        ]
    );
    assert_eq!(
        found[0].message,
        "GO-2026-0001 (CVE-2026-0001), Summary of GO-2026-0001: vulnerable code of golang.org/x/sys v0.37.0 is linked"
    );
    assert_eq!(
        found[0].help,
        "upgrade golang.org/x/sys to v0.40.0 or newer"
    );
    let function = found[0].evidence.iter().find(|e| e.source == "function");
    assert_eq!(function.unwrap().value, "golang.org/x/sys/unix.Open");
    let only = judged(
        "[rules]\nvulnerable-package = { level = \"error\", only-fixed = true }",
        &program(),
    );
    assert!(!short(&only).iter().any(|f| f.contains("GO-2026-0002")));
}

#[test]
fn without_a_database_nothing_is_said() {
    let setup = Setup {
        policy: "profile = \"release\"",
        ..Setup::default()
    };
    assert!(
        setup
            .judge(&program())
            .iter()
            .all(|f| !f.code.starts_with("GS7"))
    );
}

#[test]
fn waivers_name_a_vulnerability_or_a_module() {
    for (waiver, waived) in [
        ("rule = \"vulnerable-symbol\"", 2),
        (
            "rule = \"vulnerable-symbol\"\nvulnerability = \"GO-2026-0001\"",
            1,
        ),
        (
            "rule = \"vulnerable-*\"\nvulnerability = \"CVE-2026-0001\"",
            1,
        ),
        ("rule = \"vulnerable-*\"\nmodule = \"golang.org/x/*\"", 2),
        ("rule = \"vulnerable-*\"\nmodule = \"stdlib\"", 1),
        (
            "rule = \"vulnerable-*\"\nmodule = \"stdlib\"\nvulnerability = \"GO-2026-0001\"",
            0,
        ),
        (
            "rule = \"vulnerable-symbol\"\nvulnerability = \"GO-2026-0009\"",
            0,
        ),
        (
            "rule = \"vulnerable-symbol\"\nvulnerability = \"GO-2026-0001\"\nexpires = 2026-01-01",
            0,
        ),
    ] {
        for path in ["", "path = \"dist/app\"\n", "path = \"dist/*\"\n"] {
            let policy = format!("[[waivers]]\n{waiver}\n{path}reason = \"r\"\n");
            let found = judged(&policy, &program());
            let count = found.iter().filter(|f| f.waived.is_some()).count();
            assert_eq!(count, waived, "{policy}");
            let unused = found.iter().any(|f| f.rule == "unused-waiver");
            assert_eq!(
                unused,
                waived == 0 && !policy.contains("expires"),
                "{policy}"
            );
        }
    }
    // Two waivers for one path, each for one vulnerability.
    let policy = "[[waivers]]\nrule = \"vulnerable-symbol\"\npath = \"dist/app\"\nvulnerability = \"GO-2026-0001\"\nreason = \"a\"\n[[waivers]]\nrule = \"vulnerable-symbol\"\npath = \"dist/app\"\nvulnerability = \"GO-2026-0004\"\nreason = \"b\"\n";
    let found = judged(policy, &program());
    assert!(
        found
            .iter()
            .filter(|f| f.rule == "vulnerable-symbol")
            .all(|f| f.waived.is_some())
    );
}

#[test]
fn an_old_database_and_an_inexact_judgement_are_said() {
    let database = small();
    let policy = Policy::load("profile = \"release\"", "gospect.toml").unwrap();
    for (day, old) in [
        ("2026-11-22", false),
        ("2026-12-06", true),
        ("2026-01-01", true),
    ] {
        let today = Date::parse(day).unwrap();
        let mut auditor = Auditor::new(&policy, today).with_vulnerabilities(&database);
        let mut binary = program();
        binary.functions = None;
        auditor.binary(&binary);
        let found = auditor.finish().findings;
        let has = |rule: &str| found.iter().any(|f| f.rule == rule);
        assert_eq!(has("stale-vulnerability-database"), old, "{day}");
        assert!(has("vulnerabilities-unjudged"));
    }
}

/// The messages of `vulnerable-fleet` for these programs.
fn fleet(policy: &str, programs: &[Binary]) -> Vec<Finding> {
    let policy = format!("[rules]\nvulnerable-fleet = {policy}\n");
    let policy = Policy::load(&policy, "gospect.toml").unwrap();
    let database = small();
    let today = Date::parse("2026-11-22").unwrap();
    let mut auditor = Auditor::new(&policy, today).with_vulnerabilities(&database);
    programs.iter().for_each(|one| auditor.binary(one));
    let found = auditor.finish().findings.into_iter();
    found.filter(|f| f.code == "GS706").collect()
}

fn in_image(number: usize, path: &str) -> Binary {
    let mut binary = program();
    binary.path = path.to_owned();
    binary.location.image = Some(gospect_record::ImageRef {
        reference: format!("shop/app{number}:1.0"),
        digest: Some(format!("sha256:{number}")),
        platform: Some("linux/amd64".to_owned()),
    });
    binary
}

#[test]
fn a_vulnerability_of_several_images_is_said_once() {
    let mut programs: Vec<Binary> = (10..22).map(|n| in_image(n, "/app")).collect();
    // Two programs of one image count once, and hidden ones not at all.
    programs.push(in_image(10, "/other"));
    let mut hidden = in_image(30, "/app");
    hidden.location.visible = Some(false);
    programs.push(hidden);
    let found = fleet("\"warning\"", &programs);
    let messages: Vec<&str> = found.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "GO-2026-0001 (CVE-2026-0001) of golang.org/x/sys is in 12 images: shop/app10:1.0, shop/app11:1.0, shop/app12:1.0, shop/app13:1.0 and 8 more",
            "GO-2026-0004 (CVE-2026-0004) of stdlib is in 12 images: shop/app10:1.0, shop/app11:1.0, shop/app12:1.0, shop/app13:1.0 and 8 more",
        ]
    );
    assert_eq!(
        found[0].help,
        "upgrade golang.org/x/sys to v0.40.0 or newer"
    );
    let images = found[0].evidence.iter().filter(|e| e.source == "image");
    assert_eq!(images.count(), 10);
    // Images and programs outside of them.
    programs.truncate(2);
    programs.push(program());
    let found = fleet("\"warning\"", &programs);
    assert!(
        found[0]
            .message
            .ends_with("is in 2 images and 1 program: shop/app10:1.0, shop/app11:1.0, dist/app"),
        "{}",
        found[0].message
    );
    // The levels below, and a higher number of places.
    let modules = fleet("{ linked = \"module\" }", &programs);
    assert_eq!(modules.len(), 4);
    assert_eq!(fleet("{ linked = \"package\" }", &programs).len(), 3);
    assert!(fleet("\"note\"", &programs[..1]).is_empty());
    assert!(fleet("{ least = \"4\" }", &programs).is_empty());
    assert_eq!(fleet("{ least = \"3\" }", &programs).len(), 2);
}

/// Releases of Go are fixed one by one, so the advice names each that a program of the fleet needs.
#[test]
fn a_fleet_of_several_releases_gets_all_fixes() {
    let database = database(&[entry(
        "GO-2026-0004",
        "stdlib",
        "introduced 0, fixed 1.26.9, introduced 1.27.0, fixed 1.27.4",
        &["os: Open"],
    )]);
    let policy = Policy::load("[rules]\nvulnerable-fleet = \"note\"\n", "gospect.toml").unwrap();
    let today = Date::parse("2026-11-22").unwrap();
    let mut auditor = Auditor::new(&policy, today).with_vulnerabilities(&database);
    for (number, release) in ["go1.26.3", "go1.27.3"].iter().enumerate() {
        let mut binary = in_image(number, "/app");
        binary.go_version = Some((*release).to_owned());
        binary.go_version_raw = binary.go_version.clone();
        auditor.binary(&binary);
    }
    let found = auditor.finish().findings;
    let found: Vec<&Finding> = found.iter().filter(|f| f.code == "GS706").collect();
    assert_eq!(found[0].help, "rebuild with go1.26.10, go1.27.4 or newer");
}

#[test]
fn statements_of_vex_documents_waive() {
    let vex = serde_json::json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "x", "author": "a", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "statements": [{
            "vulnerability": { "name": "CVE-2026-0001" }, "status": "not_affected", "justification": "vulnerable_code_not_in_execute_path",
            "products": [{ "@id": "pkg:golang/golang.org/x/sys" }],
        }],
    });
    let document = gospect_vuln::vex::Document::parse(vex.to_string().as_bytes(), "a.json");
    let documents = [document.unwrap()];
    let database = small();
    let policy = Policy::load("profile = \"release\"", "gospect.toml").unwrap();
    let today = Date::parse("2026-11-22").unwrap();
    let mut auditor = Auditor::new(&policy, today)
        .with_vulnerabilities(&database)
        .with_statements(&documents);
    auditor.binary(&program());
    auditor.binary(&in_image(1, "/app"));
    let audit = auditor.finish();
    let of = |id: &str| {
        let mut found = audit.findings.iter();
        found
            .find(|f| f.code == "GS701" && f.message.starts_with(id))
            .unwrap()
    };
    let waived = of("GO-2026-0001").waived.as_ref().unwrap();
    assert_eq!(
        waived.reason,
        "vulnerable_code_not_in_execute_path (a.json)"
    );
    assert!(of("GO-2026-0004").waived.is_none());
    assert_eq!(audit.unmatched_statements, []);
    let fleet: Vec<&Finding> = audit
        .findings
        .iter()
        .filter(|f| f.code == "GS706")
        .collect();
    assert_eq!(fleet.len(), 1, "{fleet:#?}");
    assert!(fleet[0].message.starts_with("GO-2026-0004"));
}
