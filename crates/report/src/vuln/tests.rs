use super::*;
use gospect_record::{FunctionSource, Owner};
use gospect_vuln::{Report, Source, judge, vex};
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
        unexamined: Vec::new(),
    }
}

fn rendered(name: &str, report: &Report, level: Level) -> String {
    let options = Options {
        color: false,
        width: None,
        level,
        time: 0,
    };
    let mut out = Vec::new();
    (format(name).unwrap().render)(report, &options, &mut out).unwrap();
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
fn text_says_what_to_do_and_what_that_ends() {
    let report = report();
    let text = rendered("text", &report, Level::Symbol);
    let heads: Vec<&str> = text.lines().filter(|l| !l.starts_with(' ')).collect();
    assert_eq!(
        heads.get(..3).unwrap(),
        [
            "upgrade golang.org/x/net to v0.38.0: ends 2 vulnerabilities",
            "",
            "rebuild with go1.24.6: ends 1 vulnerability"
        ],
        "{text}"
    );
    for line in [
        "  symbol GO-2026-0001 CVE-2026-0001 Summary of GO-2026-0001\n      links golang.org/x/net/html.Parse\n      in dist/app (golang.org/x/net v0.30.0), ",
        "; fixed in v0.36.0\n",
        "no version of golang.org/x/net ends these: 2 vulnerabilities\n",
        "5 vulnerabilities linked, in 2 of 3 programs\n",
        "not listed (`--level package` lists them): 3 with only a package linked\n",
        "judged by linked packages, because the program does not list its modules: example.com/gopath; in dist/old\n",
        "judged without functions, because there is no function table: example.com/gopath, stdlib; in dist/old\n",
        "distributions fix without changing versions; ask them: ",
        "database: test, 2026-11-05, 8 entries\n",
    ] {
        assert!(text.contains(line), "{line}\n---\n{text}");
    }
    assert!(!text.contains("GO-2026-0003"));
    let all = rendered("text", &report, Level::Module);
    assert!(
        all.contains("GO-2026-0003") && !all.contains("not listed"),
        "{all}"
    );
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

/// The statement on an entry in the program `dist/app`.
fn statement<'v>(value: &'v Value, id: &str) -> &'v Value {
    let statements = value["statements"].as_array().unwrap();
    let own = "pkg:golang/example.com/app@v1.0.0";
    statements
        .iter()
        .find(|s| s["vulnerability"]["name"] == id && s["products"][0]["@id"] == own)
        .unwrap_or_else(|| panic!("{id} in {value:#}"))
}

#[test]
fn openvex_states_only_what_is_proven() {
    let value = document("openvex", &report());
    assert_eq!(value["@context"], "https://openvex.dev/ns/v0.2.0");
    for (id, status) in [
        ("GO-2026-0001", "affected"),
        ("GO-2026-0003", "not_affected"),
        ("GO-2026-0004", "affected"),
        ("GO-2026-0005", "under_investigation"),
        ("GO-2026-0006", "affected"),
        ("GO-2026-0007", "not_affected"),
    ] {
        let statement = statement(&value, id);
        assert_eq!(statement["status"], status, "{id}");
        assert_eq!(
            statement.get("action_statement").is_some(),
            status == "affected",
            "{id}"
        );
        let justification = statement.get("justification");
        let clear = status == "not_affected";
        assert_eq!(
            justification.is_some_and(|j| j == "vulnerable_code_not_present"),
            clear,
            "{id}"
        );
    }
    let parts = &statement(&value, "GO-2026-0006")["products"][0]["subcomponents"];
    assert_eq!(parts[0]["@id"], "pkg:golang/stdlib@1.24.2");
    assert_eq!(parts[1]["@id"], "pkg:golang/stdlib@v1.24.2");
    // Nothing is cleared in a program whose functions are unknown.
    for statement in value["statements"].as_array().unwrap() {
        let products = statement["products"].as_array().unwrap();
        if products.iter().any(|p| p["@id"] == "dist/old") {
            assert_eq!(statement["status"], "under_investigation", "{statement:#}");
        }
    }
}

#[test]
fn what_vex_takes_back_does_not_count_and_is_shown() {
    let mut report = report();
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "statements": [{
            "vulnerability": { "name": "GO-2026-0001" }, "products": ["dist/app"], "status": "not_affected",
            "justification": "vulnerable_code_not_in_execute_path",
        }],
    });
    let document = vex::Document::parse(document.to_string().as_bytes(), "ours.json").unwrap();
    report.programs.truncate(1);
    vex::apply(&[document], &mut report.programs[0]);
    let text = rendered("text", &report, Level::Symbol);
    assert!(
        text.contains("taken back: GO-2026-0001 in dist/app: vulnerable_code_not_in_execute_path (ours.json)\n"),
        "{text}"
    );
    assert!(text.contains("4 vulnerabilities linked"), "{text}");
    let sarif = self::document("sarif", &report);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let suppressed = results.iter().filter(|r| r.get("suppressions").is_some());
    assert_eq!(suppressed.count(), 1);
    for result in results {
        let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
        let at = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(rules[at]["id"], result["ruleId"]);
    }
    report.programs[0]
        .findings
        .retain(|f| f.id == "GO-2026-0001");
    assert!(!report.fails(Level::Module));
}

#[test]
fn cyclonedx_refers_to_its_components() {
    let value = document("cyclonedx-vex", &report());
    let components = value["components"].as_array().unwrap();
    let names: Vec<&Value> = components.iter().map(|c| &c["bom-ref"]).collect();
    let all = value["vulnerabilities"].as_array().unwrap();
    assert!(all.len() >= 8);
    for one in all {
        for affects in one["affects"].as_array().unwrap() {
            assert!(names.contains(&&affects["ref"]), "{one:#}");
        }
    }
    let states: Vec<&str> = all
        .iter()
        .map(|v| v["analysis"]["state"].as_str().unwrap())
        .collect();
    for state in ["exploitable", "not_affected", "in_triage"] {
        assert!(states.contains(&state), "{states:?}");
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
    for (name, part) in schema["$defs"].as_object().unwrap() {
        if let Some(own) = record["$defs"].get(name) {
            assert_eq!(part, own, "{name}: copy it from record.schema.json");
        }
    }
}
