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
        "GO-2026-0001 (CVE-2026-0001), Summary of GO-2026-0001: vulnerable code is linked of golang.org/x/sys v0.37.0"
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
    for (day, old) in [("2026-11-22", false), ("2026-12-06", true)] {
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
