//! Statements in OpenVEX and CycloneDX, and statements that clear findings.

use super::*;

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
        bill: Some(bill),
        ..options(Level::Symbol, Listing::Grouped)
    };
    let text = with_options("cyclonedx-vex", &report, &options);
    let document: Value = serde_json::from_str(&text).unwrap();
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
