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
        unexamined: Vec::new(),
    }
}

fn rendered(name: &str, report: &Report, level: Level) -> String {
    listed(name, report, level, Listing::Grouped)
}

fn listed(name: &str, report: &Report, level: Level, listing: Listing) -> String {
    let options = Options {
        listing,
        color: false,
        width: None,
        level,
        time: 0,
        bill: None,
        fail_severity: Vec::new(),
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
            "rebuild with go1.26.10: ends 1 vulnerability"
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
        "judged without the functions that no function table names: example.com/gopath, stdlib; in dist/old\n",
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

/// `--all` shortens nothing, and `--summary` has one line for each upgrade; formats for machines are the same.
#[test]
fn all_lists_every_program_and_a_summary_only_what_to_do() {
    let mut report = report();
    let first = report.programs.first().unwrap().clone();
    for number in 0..120 {
        let mut program = first.clone();
        program.path = format!("dist/copy{number:03}");
        report.programs.push(program);
    }
    let of = |format: &str, listing| listed(format, &report, Level::Symbol, listing);
    for format in ["text", "markdown"] {
        let grouped = of(format, Listing::Grouped);
        assert!(grouped.contains(" more"), "{grouped}");
        assert!(grouped.contains("`--all` names every program"), "{grouped}");
        let all = of(format, Listing::All);
        assert!(!all.contains(" more") && !all.contains("--all"), "{all}");
        for number in 0..120 {
            assert!(all.contains(&format!("dist/copy{number:03}")), "{format}");
        }
        let summary = of(format, Listing::Summary);
        assert!(!summary.contains("GO-2026-0001"), "{summary}");
        assert!(summary.contains("upgrade golang.org/x/net to v0.38.0: "));
        assert!(summary.contains("5 vulnerabilities linked, in 122 of 123 programs"));
    }
    let heads = "upgrade golang.org/x/net to v0.38.0: ends 2 vulnerabilities\nrebuild with go1.26.10: ends 1 vulnerability\n";
    assert!(of("text", Listing::Summary).starts_with(heads));
    for format in ["json", "sarif", "openvex", "junit"] {
        let grouped = of(format, Listing::Grouped);
        assert_eq!(grouped, of(format, Listing::All), "{format}");
        assert_eq!(grouped, of(format, Listing::Summary), "{format}");
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

#[test]
fn findings_that_vex_clears_do_not_count_and_are_shown() {
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
        text.contains("cleared by VEX: GO-2026-0001 in dist/app: vulnerable_code_not_in_execute_path (ours.json)\n"),
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

/// Statements on a bill name its components, the CVE is their ID, and where programs differ the worst counts.
#[test]
fn statements_on_a_bill_name_its_components() {
    let serial = "3e671687-395b-41f5-a30f-a58921a69b79";
    let bill = json!({
        "bomFormat": "CycloneDX", "serialNumber": format!("urn:uuid:{serial}"), "version": 1,
        "components": [
            { "bom-ref": "net", "purl": "pkg:golang/golang.org/x/net@v0.30.0" },
            { "bom-ref": "std", "purl": "pkg:golang/stdlib@1.24.2" },
        ],
    });
    let bill = vex::Bill::parse(bill.to_string().as_bytes()).unwrap();
    let mut report = report();
    // The second program links no function of GO-2026-0001.
    let finding = &mut report.programs[1].findings;
    let finding = finding.iter_mut().find(|f| f.id == "GO-2026-0001").unwrap();
    (finding.symbols, finding.absent) = (Vec::new(), true);
    let options = Options {
        listing: Listing::Grouped,
        color: false,
        width: None,
        level: Level::Symbol,
        time: 0,
        bill: Some(bill),
        fail_severity: Vec::new(),
    };
    let mut out = Vec::new();
    (format("cyclonedx-vex").unwrap().render)(&report, &options, &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    let rows = document["vulnerabilities"].as_array().unwrap();
    let row = |id: &str| rows.iter().find(|row| row["id"] == id).unwrap();
    let net = format!("urn:cdx:{serial}/1#net");
    for (id, state, affected) in [
        ("CVE-2026-0001", "exploitable", &net),
        ("CVE-2026-0003", "not_affected", &net),
        ("CVE-2026-0005", "in_triage", &net),
        // The third program has no function table.
        (
            "CVE-2026-0007",
            "in_triage",
            &format!("urn:cdx:{serial}/1#std"),
        ),
    ] {
        let row = row(id);
        assert_eq!(row["analysis"]["state"], state, "{id}");
        assert_eq!(row["affects"], json!([{ "ref": affected }]), "{id}");
        assert_eq!(row["references"][0]["id"], id.replace("CVE", "GO"));
    }
    assert!(document.get("components").is_none());
}

/// The decision of a document that was given, with one key of its statement set to another value, as a format writes it.
fn decision(format: &str, keys: &[(&str, &str)]) -> Value {
    let mut given = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "statements": [{
            "vulnerability": "GO-2026-0001", "products": ["dist/app"], "status": "not_affected",
        }],
    });
    for (key, value) in keys {
        given["statements"][0][*key] = json!(value);
    }
    let given = vex::Document::parse(given.to_string().as_bytes(), "my.json").unwrap();
    let mut report = report();
    report.programs.truncate(1);
    vex::apply(&[given], &mut report.programs[0]);
    let written = document(format, &report);
    let rows = match format {
        "openvex" => &written["statements"],
        _ => &written["vulnerabilities"],
    };
    let is_it = |row: &&Value| {
        let id = row.pointer("/vulnerability/name").or_else(|| row.get("id"));
        id == Some(&json!("GO-2026-0001"))
    };
    let row = rows.as_array().unwrap().iter().find(is_it).unwrap();
    match format {
        "openvex" => row.clone(),
        _ => row["analysis"].clone(),
    }
}

#[test]
fn own_decisions_keep_their_justification() {
    let word = ("justification", "vulnerable_code_not_in_execute_path");
    let text = ("impact_statement", "never parses");
    let openvex = decision("openvex", &[word]);
    assert_eq!(openvex["status"], "not_affected");
    assert_eq!(openvex["justification"], word.1);
    let cyclonedx = decision("cyclonedx-vex", &[word]);
    assert_eq!(cyclonedx["state"], "not_affected");
    assert_eq!(cyclonedx["justification"], "code_not_reachable");
    let detail = format!("{} (my.json)", word.1);
    assert_eq!(cyclonedx["detail"], detail);
    // A text beside the word is kept too.
    let openvex = decision("openvex", &[word, text]);
    assert_eq!(openvex["justification"], word.1);
    assert_eq!(openvex["impact_statement"], "never parses (my.json)");
    let cyclonedx = decision("cyclonedx-vex", &[word, text]);
    assert_eq!(cyclonedx["detail"], "never parses (my.json)");
    // Prose is no word, and a word that only the other format has stands in the text.
    let prose = decision("openvex", &[text]);
    assert_eq!(prose.get("justification"), None);
    assert_eq!(prose["impact_statement"], "never parses (my.json)");
    let only_openvex = "vulnerable_code_cannot_be_controlled_by_adversary";
    let cyclonedx = decision("cyclonedx-vex", &[("justification", only_openvex), text]);
    assert_eq!(cyclonedx.get("justification"), None);
    let detail = format!("{only_openvex}: never parses (my.json)");
    assert_eq!(cyclonedx["detail"], detail);
    // Only what is not affected has a justification.
    let fixed = decision("openvex", &[word, ("status", "fixed")]);
    assert_eq!(fixed.get("justification"), None);
    assert_eq!(fixed["status_notes"], format!("{} (my.json)", word.1));
}

/// A decision that was written is read again as it was.
#[test]
fn decisions_survive_both_formats() {
    let mut report = report();
    report.programs.truncate(1);
    let given = json!({
        "bomFormat": "CycloneDX",
        "vulnerabilities": [{
            "id": "GO-2026-0001", "affects": [{ "ref": "dist/app" }],
            "analysis": { "state": "not_affected", "justification": "code_not_reachable" },
        }],
    });
    let given = vex::Document::parse(given.to_string().as_bytes(), "my.json").unwrap();
    vex::apply(&[given], &mut report.programs[0]);
    for format in ["openvex", "cyclonedx-vex"] {
        let text = document(format, &report).to_string();
        let again = vex::Document::parse(text.as_bytes(), "ours.json").unwrap();
        assert!(again.without_reason().is_empty(), "{format}");
        let mut program = report.programs[0].clone();
        vex::apply(&[again], &mut program);
        let mut findings = program.findings.iter();
        let finding = findings.find(|f| f.id == "GO-2026-0001").unwrap();
        let word = finding
            .vex
            .as_ref()
            .and_then(|vex| vex.justification.as_deref());
        let word = word.and_then(vex::Justification::parse).unwrap();
        assert_eq!(word.cyclonedx(), Some("code_not_reachable"), "{format}");
    }
}

#[test]
fn junit_fails_where_a_condition_of_severity_fails() {
    let report = report();
    let failures = |fail_severity| {
        let options = Options {
            listing: Listing::Grouped,
            color: false,
            width: None,
            level: Level::Symbol,
            time: 0,
            bill: None,
            fail_severity,
        };
        let mut out = Vec::new();
        (format("junit").unwrap().render)(&report, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        (
            text.matches("<failure ").count(),
            text.matches("<testcase").count(),
        )
    };
    let (all, cases) = failures(Vec::new());
    assert!(all == cases && cases > 0);
    // Nothing of the report has a severity.
    let exploited = gospect_vuln::severity::Condition::parse("exploited").unwrap();
    assert_eq!(failures(vec![exploited]), (0, cases));
}

/// What is said of one program does not reach another that has the same module.
#[test]
fn a_cyclonedx_document_speaks_of_each_program_for_itself() {
    let mut report = report();
    report.programs[1].main_module = Some("example.com/second".to_owned());
    report.programs[1].main_package = report.programs[1].main_module.clone();
    let findings = &mut report.programs[1].findings;
    let finding = findings
        .iter_mut()
        .find(|f| f.id == "GO-2026-0001")
        .unwrap();
    (finding.symbols, finding.absent) = (Vec::new(), true);
    let text = rendered("cyclonedx-vex", &report, Level::Symbol);
    let document = vex::Document::parse(text.as_bytes(), "own").unwrap();
    for program in &mut report.programs {
        vex::apply(std::slice::from_ref(&document), program);
    }
    let cleared = |number: usize| {
        let findings = report.programs[number].findings.iter();
        let mut cleared = findings.filter(|f| f.is_cleared());
        cleared.any(|f| f.id == "GO-2026-0001")
    };
    assert_eq!((cleared(0), cleared(1)), (false, true));
}

/// `--why`: the most certain chain of any program stands under the finding.
#[test]
fn text_shows_chains_of_calls() {
    use gospect_record::why::{By, Step};
    let step = |function: &str, line: u32, by: By| Step {
        function: function.to_owned(),
        file: Some("app.go".to_owned()),
        line: Some(line),
        by,
        go: false,
    };
    let mut report = report();
    report.programs[1].findings[0].chains = Some(vec![vec![
        step("main.main", 7, By::Root),
        step("golang.org/x/net/html.Parse", 90, By::Value),
    ]]);
    report.programs[0].findings[1].chains = Some(Vec::new());
    report.programs[2].without_chains = Some("it is in an image".to_owned());
    let text = rendered("text", &report, Level::Symbol);
    let chain = " by\n        root   main.main  app.go:7\n        value  golang.org/x/net/html.Parse  app.go:90\n        by a function value: whether that step is taken depends on what happens at run time\n";
    assert!(text.contains(chain), "{text}");
    assert!(
        text.contains("      nothing was seen to lead there\n"),
        "{text}"
    );
    assert!(
        text.contains("no chains of calls for dist/old: it is in an image\n"),
        "{text}"
    );
    assert!(!rendered("text", &self::report(), Level::Symbol).contains("reached"));
    let page = rendered("markdown", &report, Level::Symbol);
    let head = "### How it is reached\n";
    let block = " by\n      root   main.main  app.go:7\n      value  golang.org/x/net/html.Parse  app.go:90\n      by a function value: ";
    assert!(page.contains(head) && page.contains(block), "{page}");
    assert!(
        page.contains("    nothing was seen to lead there\n"),
        "{page}"
    );
    assert!(page.contains("no chains of calls for dist/old"), "{page}");
    assert!(!rendered("markdown", &self::report(), Level::Symbol).contains(head));
}

#[test]
fn each_program_is_listed_at_its_own_level() {
    let database = database(&[entry(
        "GO-2026-0001",
        NET,
        "introduced 0, fixed 0.38.0",
        &["golang.org/x/net/html: Parse"],
    )]);
    let linking = |path: &str, linked: &[(&str, &[&str])]| {
        let mut binary = program(&[(NET, "v0.30.0")], linked);
        binary.path = path.to_owned();
        judge(&binary, &database).unwrap()
    };
    let linked = linking("links", &[("golang.org/x/net/html", &["Parse"])]);
    let package = linking("package", &[("golang.org/x/net/html", &["Other"])]);
    let versions = ["version1", "version2"].map(|path| linking(path, &[("fmt", &["Println"])]));
    let report_of = |programs: &[Program]| Report {
        programs: programs.to_vec(),
        ..Report::default()
    };
    let mut programs = vec![package.clone(), linked.clone()];
    programs.extend(versions.clone());
    let mixed = report_of(&programs);
    let page = rendered("html", &mixed, Level::Symbol);
    let numbers = "1 program links it, 1 links only its package, 2 by version only";
    // Once for the row of the finding, once for what the upgrade ends.
    assert!(
        page.contains(&format!(r#""summary":"{numbers}""#)),
        "{page}"
    );
    let page = rendered("html", &mixed, Level::Module);
    assert!(page.contains(&format!("{numbers}: Summary of GO-2026-0001")));
    let text = rendered("text", &mixed, Level::Module);
    let version = "(golang.org/x/net v0.30.0)";
    let places = format!(
        "\n      in links {version}\n      only its package in package {version}\n      by version only in version1 {version}, version2 {version}; fixed in v0.38.0\n"
    );
    assert!(text.contains(&places), "{text}");
    let markdown = rendered("markdown", &mixed, Level::Module);
    for row in [
        ("symbol", "links"),
        ("package", "package"),
        ("module", "version1, version2"),
    ] {
        let (level, names) = row;
        let has_row = |line: &str| {
            line.starts_with(&format!("| {level} ")) && line.ends_with(&format!("| {names} |"))
        };
        assert!(markdown.lines().any(has_row), "{row:?} {markdown}");
    }

    // One level alone.
    let page = rendered("html", &report_of(&versions), Level::Symbol);
    assert!(page.contains(r#""summary":"2 programs by version only""#));
    let text = rendered("text", &report_of(&versions), Level::Module);
    assert!(text.contains("\n      in version1 "), "{text}");
    let page = rendered("html", &report_of(&[linked.clone(), linked]), Level::Symbol);
    assert!(page.contains(r#""summary":"2 programs link it""#));
}

/// The data block of the page.
#[cfg(feature = "formats")]
fn page(report: &Report, level: Level) -> (String, Value) {
    let html = rendered("html", report, level);
    let data = html.split("application/json\">").nth(1);
    let data = data.unwrap().split("</script>").next().unwrap();
    let data = serde_json::from_str(data).unwrap();
    (html, data)
}

/// The page gives the advice of text and Markdown, and says what it leaves out.
#[cfg(feature = "formats")]
#[test]
fn the_page_advises_as_text_and_markdown_do() {
    let report = report();
    for level in Level::ALL {
        let (_, data) = page(&report, level);
        let tables = data["tables"].as_array().unwrap();
        let advice = tables.iter().find(|t| t["title"] == "What to do").unwrap();
        let rows = advice["rows"].as_array().unwrap();
        let rows: Vec<(String, usize)> = rows
            .iter()
            .map(|row| {
                let what = row["cells"][1].as_str().unwrap();
                let what = what.split(": `go get").next().unwrap();
                (what.to_owned(), row["places"].as_array().unwrap().len())
            })
            .collect();
        let text = rendered("text", &report, level);
        let markdown = rendered("markdown", &report, level);
        for (what, number) in &rows {
            let what = what.as_str();
            let in_text = text.lines().find(|line| line.starts_with(what)).unwrap();
            assert!(
                in_text.contains(&format!(" {number} vulnerabilit")),
                "{in_text}"
            );
            let end = format!(": {number}");
            let mut lines = markdown.lines().filter(|line| line.starts_with("- "));
            assert!(lines.any(|line| line.ends_with(&end)), "{markdown}");
        }
        assert_eq!(rows.len(), report.actions(level).len());
        let about = data["about"].to_string();
        let says_more = about.contains("`--level module` also counts");
        // Nothing in the report is found by the version alone.
        assert_eq!(says_more, level == Level::Symbol, "{about}");
    }
}

#[cfg(feature = "formats")]
#[test]
fn the_page_names_target_and_day_and_links_entries() {
    let mut report = report();
    for (number, program) in report.programs.iter_mut().enumerate() {
        program.location.target = format!("dist/{number}");
    }
    let (html, data) = page(&report, Level::Symbol);
    assert!(
        html.contains("<title>Known vulnerabilities in dist/0, dist/1"),
        "{}",
        data["title"]
    );
    assert!(data["about"].to_string().contains("Judged on 1970-01-01."));
    let links = &data["links"];
    assert_eq!(
        links["GO-2026-0001"],
        "https://pkg.go.dev/vuln/GO-2026-0001"
    );
    assert_eq!(
        links["CVE-2026-0001"],
        "https://nvd.nist.gov/vuln/detail/CVE-2026-0001"
    );
}

#[test]
fn markdown_links_entries_and_only_entries() {
    let mut report = report();
    let markdown = rendered("markdown", &report, Level::Symbol);
    let linked = "[GO-2026-0001](https://pkg.go.dev/vuln/GO-2026-0001) [CVE-2026-0001](https://nvd.nist.gov/vuln/detail/CVE-2026-0001)";
    assert!(markdown.contains(linked), "{markdown}");
    // What is no ID cannot become an address.
    for id in ["GO-](https://x", "CVE-2026-1)[x", "CVE-", "EXAMPLE-1"] {
        for program in &mut report.programs {
            for finding in &mut program.findings {
                finding.id = id.to_owned();
                finding.aliases = vec![id.to_owned()];
            }
        }
        let markdown = rendered("markdown", &report, Level::Symbol);
        assert!(!markdown.contains("]("), "{markdown}");
    }
}
