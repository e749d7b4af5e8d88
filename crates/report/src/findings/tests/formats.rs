//! What each format must have.

use super::*;

#[test]
fn json_has_the_keys_of_the_contract() {
    let v: Value = serde_json::from_str(&rendered("json", &audit())).unwrap();
    for f in v["findings"].as_array().unwrap() {
        for key in [
            "rule",
            "code",
            "level",
            "message",
            "path",
            "location",
            "evidence",
            "help",
            "policy",
            "waived",
            "fingerprint",
        ] {
            assert!(f.get(key).is_some(), "{key}");
        }
    }
    assert!(
        v["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|f| f["waived"]["reason"] == "tests <&>")
    );
}

#[test]
fn sarif_results_point_at_their_rules() {
    let v: Value = serde_json::from_str(&rendered("sarif", &audit())).unwrap();
    let run = &v["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(
        rules.len() > gospect_audit::rules::registry::RULES.len(),
        "the custom rule is there"
    );
    for r in run["results"].as_array().unwrap() {
        assert_eq!(
            rules[r["ruleIndex"].as_u64().unwrap() as usize]["id"],
            r["ruleId"]
        );
        let uri = r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            .as_str()
            .unwrap();
        assert!(
            uri.bytes()
                .all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b)),
            "{uri}"
        );
        assert_eq!(
            r["partialFingerprints"]["gospectFingerprint/v1"]
                .as_str()
                .unwrap()
                .len(),
            32
        );
    }
    let states: Vec<&str> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["baselineState"].as_str().unwrap())
        .collect();
    assert_eq!(states.iter().filter(|s| **s == "unchanged").count(), 1);
    assert!(
        run["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["suppressions"][0]["kind"] == "external")
    );
}

/// Lets `scripts/validate-sarif.py` check a real document against the official schema.
#[test]
fn a_sample_of_each_format_can_be_kept() {
    if let Some(directory) = std::env::var_os("GOSPECT_SAMPLES") {
        for f in FORMATS {
            std::fs::write(
                std::path::Path::new(&directory).join(format!("{}.{}", f.name, f.extension)),
                rendered(f.name, &audit()),
            )
            .unwrap();
        }
    }
    assert!(format("sarif").is_some() && format("pdf").is_none());
}

#[test]
fn junit_counts_and_stays_well_formed() {
    let text = rendered("junit", &audit());
    let count = |s: &str| text.matches(s).count();
    assert_eq!(
        (count("<testcase"), count("</testcase>")),
        (count("<testcase"), count("<testcase"))
    );
    assert_eq!(count("<skipped"), 2);
    assert_eq!(count("<failure "), count("</failure>"));
    assert!(
        text.contains("&lt;/failure&gt;") && !text.contains('\u{0}') && !text.contains('\u{fffe}')
    );
    let none = rendered("junit", &Setup::default().audit(&[], &[binary(|_| ())]));
    assert!(none.contains("\"1 program without findings\""), "{none}");
    let two = [binary(|_| ()), binary(|b| b.path = "dist/b".to_owned())];
    let none = rendered("junit", &Setup::default().audit(&[], &two));
    assert!(none.contains("\"2 programs without findings\""), "{none}");
}

/// What does not make the exit code 1 passes, with its text.
#[test]
fn junit_fails_where_the_exit_code_is_1() {
    let audit = audit();
    let counts = audit.counts;
    let all = counts.error + counts.warning + counts.note;
    for (fail_on, failures) in [
        (Level::Error, counts.error),
        (Level::Warning, counts.error + counts.warning),
        (Level::Note, all),
    ] {
        let options = Options {
            fail_on,
            ..Options::default()
        };
        let mut out = Vec::new();
        (format("junit").unwrap().render)(&audit, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let count = |part: &str| text.matches(part).count() as u64;
        assert_eq!(count("<failure "), failures, "{fail_on:?}");
        assert_eq!(count("<system-out>"), all - failures, "{fail_on:?}");
        let head = text.lines().nth(1).unwrap();
        let number = format!("failures=\"{failures}\"");
        assert!(head.contains(&number), "{head}");
        assert_eq!(audit.fails(fail_on), failures > 0);
    }
}

#[test]
fn junit_shows_what_could_not_be_judged_as_skipped() {
    let old = binary(|b| {
        b.go_version = Some("go1.16.15".to_owned());
        b.build_info.as_mut().unwrap().settings.clear();
    });
    let policy = "[rules]\nrace-detector = \"warning\"\n";
    let setup = Setup {
        policy,
        ..Setup::default()
    };
    let mut audit = setup.audit(&[], &[old]);
    let render = |audit: &Audit, fail_on| {
        let options = Options {
            fail_on,
            ..Options::default()
        };
        let mut out = Vec::new();
        (format("junit").unwrap().render)(audit, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let why =
        "message=\"cannot be answered: -race is not recorded; go1.16.15 records no build settings";
    let text = render(&audit, Level::Error);
    assert!(text.contains(&format!("<skipped {why}")), "{text}");
    assert!(text.contains(" skipped=\"1\""), "{text}");
    // Where it makes the exit code 1 it is a failure.
    let text = render(&audit, Level::Warning);
    assert!(
        text.contains(&format!("<failure type=\"warning\" {why}")),
        "{text}"
    );
    audit.not_read.push(gospect_audit::NotRead {
        path: "Dockerfile".to_owned(),
        why: "Permission denied".to_owned(),
    });
    let text = render(&audit, Level::Error);
    assert!(
        text.contains(" errors=\"1\"") && text.contains("message=\"not read: Permission denied\""),
        "{text}"
    );
}

#[test]
fn github_commands_cannot_be_forged() {
    let text = rendered("github", &audit());
    for line in text.lines() {
        assert!(
            line.starts_with("::error file=")
                || line.starts_with("::warning file=")
                || line.starts_with("::notice file="),
            "{line}"
        );
        let (properties, _) = line[2..].split_once("::").unwrap();
        assert_eq!(properties.matches(',').count(), 1, "{properties}");
    }
    let counting = audit().findings.iter().filter(|f| f.counts()).count();
    let of_findings = text.lines().filter(|line| !line.contains("title=build::"));
    assert_eq!(of_findings.count(), counting);
}

#[test]
fn gitlab_fingerprints_are_unique() {
    let b = binary(|b| set(b, "-race", "true"));
    let twice = Setup::default().audit(&[], &[b.clone(), b]);
    let v: Value = serde_json::from_str(&rendered("gitlab", &twice)).unwrap();
    let rows = v.as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert_ne!(rows[0]["fingerprint"], rows[1]["fingerprint"]);
    assert!(rows.iter().all(|r| r["severity"] == "major"
        && r["location"]["lines"]["begin"] == 1
        && r["location"]["path"] == "dist/app"));
}

#[test]
fn code_in_markdown_cells_stays_code() {
    for (text, cell) in [
        ("`GODEBUG=a=1` kills", "`GODEBUG=a=1` kills"),
        ("`a|b_c` | d_e", "`a\\|b_c` \\| d\\_e"),
        ("a`<b>` c", "a\\`&lt;b&gt;\\` c"),
        ("one ` only", "one \\` only"),
    ] {
        assert_eq!(crate::findings::markdown::prose_cell(text), cell);
    }
}

#[test]
fn markdown_cells_hold_no_markup_from_files() {
    let text = rendered("markdown", &audit());
    assert!(!text.contains("<b>") && !text.contains("@all"));
    for row in text
        .lines()
        .filter(|l| l.starts_with("| ") && !l.starts_with("| |"))
    {
        assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    }
    assert_eq!(
        audit()
            .findings
            .iter()
            .filter(|f| f.level == Level::Error && f.counts())
            .count(),
        text.matches("❌").count()
    );
}
