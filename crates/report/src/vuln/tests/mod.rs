mod pages;
mod shared;
mod statements;
mod text;

use super::*;
use gospect_record::{FunctionSource, Owner};
use gospect_vuln::{Program, Report, Source, judge, vex};
use serde_json::{Value, json};
use test_support::vulns::{database, entry, functions_of, program};

/// Text that tries to break out of every format.
const HOSTILE: &str = "a\x1b[31m\n::error::x,y:z%0A</failure>]]>|`<b>@all\u{202e}\"'&\u{0}é";

const NET: &str = "golang.org/x/net";

fn report() -> Report {
    let database = database(&[
        entry(
            "GO-2026-0001",
            NET,
            "introduced 0, fixed 0.38.0",
            &["golang.org/x/net/html: Parse"],
        ),
        entry(
            "GO-2026-0002",
            NET,
            "introduced 0, fixed 0.36.0",
            &["golang.org/x/net/html: Parse", "golang.org/x/net/http2: F"],
        ),
        entry(
            "GO-2026-0003",
            NET,
            "introduced 0, fixed 0.40.0",
            &["golang.org/x/net/html: Absent"],
        ),
        entry(
            "GO-2026-0004",
            NET,
            "introduced 0",
            &["golang.org/x/net/html: Parse"],
        ),
        entry("GO-2026-0005", NET, "introduced 0", &[]),
        entry(
            "GO-2026-0006",
            "stdlib",
            "introduced 0, fixed 1.24.6",
            &["net/http: Serve"],
        ),
        entry(
            "GO-2026-0007",
            "stdlib",
            "introduced 0, fixed 1.24.4",
            &["net/http: Other"],
        ),
        entry(
            "GO-2026-0008",
            "example.com/gopath",
            "introduced 0, fixed 2.0.0",
            &["example.com/gopath: F"],
        ),
    ]);
    let linked: &[(&str, &[&str])] = &[
        ("golang.org/x/net/html", &["Parse"]),
        ("net/http", &["Serve"]),
    ];
    let first = program(&[(NET, "v0.30.0")], linked);
    let mut second = first.clone();
    second.path = HOSTILE.to_owned();
    second.owner = Some(Owner {
        name: "app".into(),
        version: "1".into(),
        distribution: Some("debian".into()),
        ..Owner::default()
    });
    let mut old = program(&[], &[("example.com/gopath", &["F"])]);
    old.path = "dist/old".to_owned();
    old.build_info = None;
    old.main_package = None;
    old.module_list = None;
    old.functions = Some(functions_of(
        &[("example.com/gopath", &["F"])],
        FunctionSource::SymbolTable,
        false,
    ));
    let programs = [first, second, old];
    let programs = programs
        .iter()
        .map(|binary| judge(binary, &database).unwrap());
    Report {
        database: Source::of(&database),
        programs: programs.collect(),
        ..Report::default()
    }
}

fn rendered(name: &str, report: &Report, level: Level) -> String {
    listed(name, report, level, Listing::Grouped)
}

fn listed(name: &str, report: &Report, level: Level, listing: Listing) -> String {
    with_options(name, report, &options(level, listing))
}

fn options(level: Level, listing: Listing) -> Options {
    Options {
        listing,
        color: false,
        width: None,
        level,
        time: 0,
        bill: None,
        fail_severity: Vec::new(),
        unversioned: false,
    }
}

fn with_options(name: &str, report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    (format(name).unwrap().render)(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn document(name: &str, report: &Report) -> Value {
    serde_json::from_str(&rendered(name, report, Level::Symbol)).unwrap()
}

#[test]
fn every_format_names_the_entry_and_nothing_escapes() {
    let report = report();
    for format in FORMATS {
        let text = rendered(format.name, &report, Level::Symbol);
        assert!(text.contains("GO-2026-0001"), "{}", format.name);
        let acts = text.contains('\x1b') || text.contains('\u{202e}');
        let escapes_itself = text.starts_with('{') || format.name == "html";
        assert!(!acts || escapes_itself, "{}", format.name);
        assert_eq!(
            text,
            rendered(format.name, &self::report(), Level::Symbol),
            "{}",
            format.name
        );
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn json_has_the_keys_of_the_contract() {
    let value = document("json", &report());
    assert_eq!(value["schema"], "gospect-vuln/1");
    for key in ["source", "date", "entries"] {
        assert!(value["database"].get(key).is_some(), "{key}");
    }
    for program in value["programs"].as_array().unwrap() {
        for key in [
            "path",
            "location",
            "go_version",
            "main_package",
            "findings",
            "unjudged",
        ] {
            assert!(program.get(key).is_some(), "{key}");
        }
        for finding in program["findings"].as_array().unwrap() {
            for key in [
                "id", "aliases", "module", "version", "replaced", "level", "symbols", "packages",
                "fixed", "reviewed", "vex",
            ] {
                assert!(finding.get(key).is_some(), "{key}");
            }
        }
        for row in program["unjudged"].as_array().unwrap() {
            assert!(row.get("module").is_some() && row.get("why").is_some());
        }
    }
}

#[test]
fn only_what_has_a_fix() {
    let mut report = report();
    report.only_fixed();
    assert!(
        report
            .programs
            .iter()
            .flat_map(|p| &p.findings)
            .all(|f| f.fixed.is_some())
    );
    assert!(!rendered("text", &report, Level::Module).contains("no version of"));
}

/// The parts of the schema that belong to the record are those of its own schema.
#[test]
fn the_document_is_as_the_schema_says() {
    let read = |name: &str| -> Value {
        let place = test_support::root().join("docs").join(name);
        serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap()
    };
    let (schema, record) = (read("vuln.schema.json"), read("record.schema.json"));
    test_support::schema::whole(&schema, &schema, &document("json", &report())).unwrap();
    let mut full = rated();
    let step = gospect_record::why::Step {
        function: "main.main".to_owned(),
        file: None,
        line: None,
        by: gospect_record::why::By::Root,
        go: false,
    };
    full.programs[0].findings[0].chains = Some(vec![vec![step]]);
    full.programs[1].without_chains = Some("why".to_owned());
    test_support::schema::whole(&schema, &schema, &document("json", &full)).unwrap();
    for (name, part) in schema["$defs"].as_object().unwrap() {
        if let Some(own) = record["$defs"].get(name) {
            assert_eq!(part, own, "{name}: copy it from record.schema.json");
        }
    }
}

fn rated() -> Report {
    let mut report = report();
    let mut severities = gospect_vuln::severity::Severities::default();
    let scores = b"cve,cvss\nCVE-2026-0002,9.8\nCVE-2026-0001,5.0\nCVE-2026-0006,7.5\n";
    severities.read(scores).unwrap();
    let exploited = br#"{"vulnerabilities":[{"cveID":"CVE-2026-0006"}]}"#;
    severities.read(exploited).unwrap();
    report.rate(&severities);
    report
}

/// What lists say is in every format that has a place for it, and what is worst comes first.
#[test]
fn severities_are_in_all_formats() {
    let report = rated();
    let ids: Vec<&str> = report.programs[0]
        .findings
        .iter()
        .map(|f| f.id.as_str())
        .collect();
    let first = ["GO-2026-0006", "GO-2026-0002", "GO-2026-0001"];
    assert_eq!(ids[..3], first, "{ids:?}");
    let sarif = document("sarif", &report);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let rule = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap();
    let properties = &rule("GO-2026-0006")["properties"];
    assert_eq!(properties["security-severity"], "7.5");
    assert_eq!(properties["severity"]["exploited"], true);
    let without = &rule("GO-2026-0004")["properties"];
    assert!(without.get("security-severity").is_none());
    let words: Vec<(String, String)> = document("gitlab", &report)
        .as_array()
        .unwrap()
        .iter()
        .take(4)
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            (text("check_name"), text("severity"))
        })
        .collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        words,
        [
            pair("GO-2026-0006", "blocker"),
            pair("GO-2026-0002", "critical"),
            pair("GO-2026-0001", "minor"),
            pair("GO-2026-0004", "critical"),
        ]
    );
    for (format, text) in [
        ("junit", "exploited, CVSS 7.5"),
        ("github", "exploited, CVSS 7.5"),
        ("markdown", "| exploited, CVSS 7.5 |"),
        ("html", "exploited, CVSS 7.5"),
        ("text", "exploited, CVSS 7.5"),
    ] {
        let rendered = rendered(format, &report, Level::Symbol);
        assert!(rendered.contains(text), "{format}: {rendered}");
        let before = rendered.find("GO-2026-0006");
        assert!(before < rendered.find("GO-2026-0001"), "{format}");
        let plain = self::rendered(format, &self::report(), Level::Symbol);
        assert!(!plain.contains("everity |") && !plain.contains("CVSS"));
    }
}

/// Where the database has summaries, each format shows them.
#[test]
fn every_format_has_the_title_of_an_entry() {
    let report = report();
    for format in FORMATS {
        let text = rendered(format.name, &report, Level::Symbol);
        assert!(text.contains("Summary of GO-2026-0001"), "{}", format.name);
    }
}

#[test]
fn junit_fails_where_a_condition_of_severity_fails() {
    let report = report();
    let text = |fail_severity| {
        let options = Options {
            fail_severity,
            ..options(Level::Symbol, Listing::Grouped)
        };
        with_options("junit", &report, &options)
    };
    // What could not be judged is neither passed nor failed.
    let failures = |fail_severity| {
        let text = text(fail_severity);
        let [failures, cases, skipped] =
            ["<failure ", "<testcase", "<skipped "].map(|part| text.matches(part).count());
        (failures, cases - skipped)
    };
    let (all, cases) = failures(Vec::new());
    assert!(all == cases && cases > 0);
    let text = text(Vec::new());
    let reasons = report.programs.iter().flat_map(|program| &program.unjudged);
    let unjudged = reasons.count() + report.unexamined.len();
    assert!(
        unjudged > 0 && text.matches("<skipped ").count() == unjudged,
        "{text}"
    );
    let github = rendered("github", &report, Level::Symbol);
    let notices = github
        .matches("title=vulnerabilities-unjudged (GS704)")
        .count()
        + github.matches("title=unexamined-file (GS263)").count();
    assert_eq!(notices, unjudged, "{github}");
    let sarif = document("sarif", &report);
    let results = sarif["runs"][0]["results"].as_array().unwrap().iter();
    let open = ["vulnerabilities-unjudged", "unexamined-file"].map(Value::from);
    let open = results.filter(|result| open.contains(&result["ruleId"]));
    assert_eq!(open.count(), unjudged, "{sarif:#}");
    let gitlab = document("gitlab", &report);
    let rows = gitlab.as_array().unwrap().iter();
    let names = ["vulnerabilities-unjudged", "unexamined-file"].map(|n| json!(n));
    let rows = rows.filter(|row| names.contains(&row["check_name"]));
    assert_eq!(rows.count(), unjudged);
    // Nothing of the report has a severity.
    let exploited = gospect_vuln::severity::Condition::parse("exploited").unwrap();
    assert_eq!(failures(vec![exploited]), (0, cases));
}
