//! Statements under names that say something of several programs.

use super::*;
use gospect_record::Binary;

/// Two commands of one module, or a command for two ports: what one lacks, another may have.
#[test]
fn what_programs_share_is_stated_only_if_all_agree() {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0",
            &["golang.org/x/net/html: Parse"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0",
            &["golang.org/x/net/html: Absent"],
        ),
        entry("GO-2026-0003", NET, "introduced 0", &[]),
    ]);
    let judged = |name: &str, functions: &[&str]| {
        let mut binary = program(&[(NET, "v0.30.0")], &[("golang.org/x/net/html", functions)]);
        binary.path = format!("dist/{name}");
        binary.location.file = Some(binary.path.clone());
        binary.sha256 = Some(name.repeat(16));
        judge(&binary, &database).unwrap()
    };
    let report = |programs: Vec<Program>| Report {
        programs,
        ..Report::default()
    };
    let (one, two) = (judged("one1", &["Parse"]), judged("two2", &["Other"]));
    let app = "pkg:golang/example.com/app@v1.0.0";
    // The digests of the programs of which a status of the entry is stated by the name of the module.
    let stated = |report: &Report, id: &str, status: &str| -> Vec<String> {
        let value = document("openvex", report);
        let statements = value["statements"].as_array().unwrap().clone();
        let fitting = statements
            .iter()
            .filter(|s| s["vulnerability"]["name"] == id && s["status"] == status);
        let products = fitting.flat_map(|s| s["products"].as_array().unwrap());
        let named = products.filter(|product| product["@id"] == app);
        let digest =
            |product: &Value| product["hashes"]["sha-256"].as_str().unwrap()[..4].to_owned();
        named.map(digest).collect()
    };
    let both = report(vec![two.clone(), one.clone()]);
    assert_eq!(stated(&both, "GO-2026-0001", "affected"), ["one1"]);
    assert!(stated(&both, "GO-2026-0001", "not_affected").is_empty());
    assert_eq!(
        stated(&both, "GO-2026-0002", "not_affected"),
        ["two2", "one1"]
    );
    assert!(
        !document("openvex", &both)
            .to_string()
            .contains("\"products\":[]")
    );
    let alone = report(vec![two.clone()]);
    assert_eq!(stated(&alone, "GO-2026-0001", "not_affected"), ["two2"]);
    // Neither document clears the other program, and the first one clears its own.
    for (written, mut program, clears) in [
        (&both, one.clone(), false),
        (&alone, one, false),
        (&both, two.clone(), true),
        (&alone, two, true),
    ] {
        for format in ["openvex", "cyclonedx-vex"] {
            let text = document(format, written).to_string();
            let read = vex::Document::parse(text.as_bytes(), "ours.json").unwrap();
            vex::apply(&[read], &mut program);
            let mut findings = program.findings.iter();
            let finding = findings.find(|f| f.id == "GO-2026-0001").unwrap();
            assert_eq!(finding.is_cleared(), clears, "{format} {}", program.path);
        }
    }
}

const APP: &str = "example.com/app";

/// A program of the module [`APP`] in this version.
fn version_of_app(version: &str, functions: &[&str]) -> Binary {
    let mut binary = program(
        &[(NET, "v0.30.0")],
        &[
            ("golang.org/x/net/html", functions),
            ("example.com/app/api", functions),
        ],
    );
    binary.path = format!("dist/{version}");
    binary.location.file = Some(binary.path.clone());
    binary.sha256 = Some("ab".repeat(32));
    let info = binary.build_info.as_mut().unwrap();
    info.main.version = version.to_owned();
    binary
}

/// A program that uses the module [`APP`].
fn user_of_app(version: &str, functions: &[&str]) -> Binary {
    let mut binary = program(&[(APP, version)], &[("example.com/app/api", functions)]);
    binary.path = "dist/user".to_owned();
    let info = binary.build_info.as_mut().unwrap();
    info.main.path = "example.com/user".to_owned();
    binary
}

/// The names under which `GO-2026-0001` is said to be not affected.
fn cleared(programs: &[Binary]) -> Vec<String> {
    cleared_with(programs, false)
}

fn cleared_with(programs: &[Binary], unversioned: bool) -> Vec<String> {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0",
            &["golang.org/x/net/html: Parse"],
        ),
        entry(
            "GO-2026-0002",
            APP,
            "introduced 0",
            &["example.com/app/api: Parse"],
        ),
    ]);
    let programs = programs
        .iter()
        .map(|binary| judge(binary, &database).unwrap());
    let report = Report {
        programs: programs.collect(),
        ..Report::default()
    };
    let options = Options {
        unversioned,
        ..options(Level::Symbol, Listing::Grouped)
    };
    let text = with_options("openvex", &report, &options);
    let value: Value = serde_json::from_str(&text).unwrap();
    let statements = value["statements"].as_array().unwrap().iter();
    let cleared = statements.filter(|s| s["status"] == "not_affected");
    let names = cleared.flat_map(|s| {
        let id = s["vulnerability"]["name"].as_str().unwrap();
        let products = s["products"].as_array().unwrap().iter();
        products.map(move |product| format!("{id} {}", product["@id"].as_str().unwrap()))
    });
    let mut names: Vec<String> = names.filter(|name| name.contains("pkg:golang/")).collect();
    names.sort();
    names
}

/// A purl without a version names every version.
#[test]
fn a_name_without_a_version_is_cleared_only_when_asked() {
    let devel = || version_of_app("(devel)", &["Other"]);
    let same = version_of_app("v1.0.0", &["Other"]);
    let none: [&str; 0] = [];
    assert_eq!(cleared(&[devel()]), none);
    let own = [
        "GO-2026-0001 pkg:golang/example.com/app@v1.0.0",
        "GO-2026-0002 pkg:golang/example.com/app@v1.0.0",
    ];
    assert_eq!(cleared(&[devel(), same]), own);
}

#[test]
fn a_name_without_a_version_says_nothing_that_another_version_contradicts() {
    let cleared = |programs: &[Binary]| cleared_with(programs, true);
    let devel = || version_of_app("(devel)", &["Other"]);
    // Of the module itself most versions were not looked at.
    let bare = ["GO-2026-0001 pkg:golang/example.com/app"];
    assert_eq!(cleared(&[devel()]), bare);
    let same = version_of_app("v1.0.0", &["Other"]);
    let own = [
        "GO-2026-0001 pkg:golang/example.com/app",
        "GO-2026-0001 pkg:golang/example.com/app@v1.0.0",
        "GO-2026-0002 pkg:golang/example.com/app@v1.0.0",
    ];
    assert_eq!(cleared(&[devel(), same.clone()]), own);
    let none: [&str; 0] = [];
    assert_eq!(
        cleared(&[devel(), version_of_app("v1.0.0", &["Parse"])]),
        none
    );
    let other = version_of_app("v2.0.0", &["Parse"]);
    assert_eq!(cleared(&[same, other]), own[1..]);
}

/// Scanners ask about the vulnerable module alone before they ask about the program that uses it.
#[test]
fn what_a_program_lacks_is_not_denied_of_it_as_a_library() {
    let own = "GO-2026-0002 pkg:golang/example.com/app@v1.0.0";
    let app = || version_of_app("v1.0.0", &["Other"]);
    assert!(cleared(&[app()]).contains(&own.to_owned()));
    for (version, functions, is_cleared) in [
        ("v1.0.0", "Other", true),
        ("v1.0.0", "Parse", false),
        ("v0.9.0", "Parse", true),
    ] {
        let names = cleared(&[app(), user_of_app(version, &[functions])]);
        assert_eq!(
            names.contains(&own.to_owned()),
            is_cleared,
            "{version} {functions}"
        );
    }
}
