use super::*;
use gospect_audit::{Baseline, Level};
use serde_json::Value;
use test_support::audits::*;

/// Text that tries to break out of every format.
const HOSTILE: &str =
    "a\x1b[31m\n::error::x,y:z%0A</failure>]]>|`<b>@all\u{202e}\"'&\u{0}\u{fffe}é";

/// Findings of each level, one waived, one accepted, one custom, in places with hostile names.
fn audit() -> Audit {
    let hostile = binary(|b| {
        b.path = format!("dist/{HOSTILE}");
        b.location.file = Some(b.path.clone());
        set(b, "-race", "true");
        set(b, "GOAMD64", "v3");
        dep(b, "example.com/evil", HOSTILE, None);
    });
    let plain = binary(|b| {
        set(b, "-race", "true");
        set(b, "-cover", "true");
        set(b, "-gcflags", "all=-N -l");
        set(b, "vcs.modified", "true");
    });
    let policy = "[[waivers]]\nrule = \"race-detector\"\npath = \"dist/app\"\nreason = \"tests <&>\"\n[[waivers]]\nrule = \"GS001\"\nreason = \"unused\"\n[rules]\ndirty-tree = \"error\"\ndenied-module = { deny = [\"example.com/evil\"] }\n[[custom]]\nid = \"mine\"\nlevel = \"note\"\nmessage = \"m\"\nall = [{ key = \"-cover\", value = \"true\" }]\n";
    let setup = Setup {
        policy,
        ..Setup::default()
    };
    let mut baseline = Baseline::default();
    setup
        .judge(&plain)
        .iter()
        .filter(|f| f.rule == "coverage-instrumented")
        .for_each(|f| baseline.accept(f));
    Setup {
        baseline: Some(baseline),
        ..setup
    }
    .audit(&[], &[hostile, plain])
}

fn rendered(name: &str, audit: &Audit) -> String {
    let mut out = Vec::new();
    (format(name).unwrap().render)(audit, &Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_and_markdown_list_what_is_waived_why_and_until_when() {
    let programs = ["dist/a", "dist/b"].map(|path| {
        binary(|b| {
            b.path = path.to_owned();
            set(b, "-race", "true");
        })
    });
    let policy = "[[waivers]]\nrule = \"race-detector\"\nreason = \"debug build (OPS-7)\"\nexpires = 2027-03-31\n";
    let setup = Setup {
        policy,
        ..Setup::default()
    };
    let audit = setup.audit(&[], &programs);
    let with = |name: &str, listing| {
        let options = Options {
            listing,
            ..Options::default()
        };
        let mut out = Vec::new();
        (format(name).unwrap().render)(&audit, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let line = "waived: 2 findings of race-detector at dist/a, dist/b until 2027-03-31: debug build (OPS-7)\n";
    let text = with("text", Listing::All);
    assert!(text.contains(line), "{text}");
    let short = with("text", Listing::Grouped);
    assert!(!short.contains("OPS-7"), "{short}");
    assert!(short.contains("`--all` lists"), "{short}");
    // Also where no other finding is left.
    let row = "| race-detector | dist/a, dist/b | 2027-03-31 | debug build \\(OPS-7\\) |";
    let markdown = with("markdown", Listing::Grouped);
    assert!(markdown.contains(row), "{markdown}");
}

#[test]
fn every_format_shows_what_counts_and_nothing_escapes() {
    let a = audit();
    assert!(
        a.counts.error >= 2
            && a.counts.warning >= 2
            && a.counts.note >= 2
            && a.counts.waived == 1
            && a.counts.accepted == 1,
        "{:?}",
        a.counts
    );
    for f in FORMATS {
        let text = rendered(f.name, &a);
        assert!(
            text.contains("denied-module") && text.contains("dirty-tree") && text.contains("mine"),
            "{}",
            f.name
        );
        assert!(
            !text.contains('\x1b') && !text.contains('\u{202e}') || f.name == "json",
            "{}",
            f.name
        );
        assert_eq!(text, rendered(f.name, &audit()), "{} is repeatable", f.name);
        assert!(text.ends_with('\n'));
    }
    let mut out = Vec::new();
    text::render(
        &a,
        &Options {
            color: true,
            ..Options::default()
        },
        &mut out,
    )
    .unwrap();
    let coloured = String::from_utf8(out).unwrap();
    assert!(
        coloured.contains("\x1b[1;31merror[dirty-tree]\x1b[0m") && !coloured.contains("\x1b[31m\n")
    );
}

#[test]
fn text_is_grouped_and_says_what_to_do() {
    let text = rendered("text", &audit());
    let app = text
        .split("\n\n")
        .find(|p| p.starts_with("dist/app\n"))
        .unwrap();
    assert!(
        app.contains("error[dirty-tree]")
            && app.contains("fix: `git status")
            && app.contains("asked for at gospect.toml:9")
            && app.contains("vcs.modified: true")
    );
    assert!(!app.contains("race-detector"), "waived");
    assert!(
        text.contains(
            "1 waived, 1 accepted by the baseline in 2 programs (profile default, 2026-11-22)"
        ),
        "{text}"
    );
    let none = Setup::default().audit(&[], &[binary(|_| ())]);
    assert_eq!(
        rendered("text", &none),
        "no findings in 1 program (profile default, 2026-11-22)\n"
    );
}

#[test]
fn text_fits_the_terminal() {
    let mut out = Vec::new();
    let options = Options {
        width: Some(60),
        ..Options::default()
    };
    text::render(&audit(), &options, &mut out).unwrap();
    let narrow = String::from_utf8(out).unwrap();
    let wide = rendered("text", &audit());
    let letters = |t: &str| t.split_whitespace().collect::<String>();
    assert_eq!(letters(&narrow), letters(&wide), "nothing is lost");
    let long = |l: &&str| l.chars().count() > 60 && l.trim_start().contains(' ');
    assert!(wide.lines().filter(long).count() > 3);
    assert_eq!(narrow.lines().find(long), None);
}

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

/// Blocks of several programs do not push the worst finding of one program down.
#[test]
fn grouped_text_begins_with_the_worst_level() {
    let mut programs: Vec<_> = ["a", "b", "c", "d"]
        .map(|name| {
            binary(|b| {
                b.path = format!("dist/{name}");
                set(b, "-race", "true");
            })
        })
        .into();
    programs.push(binary(|b| {
        b.path = "dist/z".to_owned();
        set(b, "vcs.modified", "true");
        set(b, "-cover", "true");
    }));
    let policy = "[rules]\ndirty-tree = \"error\"\nrace-detector = \"warning\"\ncoverage-instrumented = \"warning\"\n";
    let setup = Setup {
        policy,
        ..Setup::default()
    };
    let options = Options {
        listing: Listing::Grouped,
        ..Options::default()
    };
    let mut out = Vec::new();
    let audit = setup.audit(&[], &programs);
    (format("text").unwrap().render)(&audit, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(text.starts_with("dist/z\n  error[dirty-tree]"), "{text}");
    // All findings of a program stand together, then come the blocks.
    assert!(at("warning[coverage-instrumented]") < at("warning[race-detector] 4 programs"));
    assert_eq!(text.matches("dist/z\n").count(), 1, "{text}");
    let levels: Vec<&str> = text
        .lines()
        .filter(|line| {
            line.starts_with("error[") || line.starts_with("warning[") || line.starts_with("note[")
        })
        .collect();
    let first_note = levels.iter().position(|line| line.starts_with("note["));
    let after = first_note.map_or(&[][..], |at| &levels[at..]);
    assert!(after.iter().all(|line| line.starts_with("note[")), "{text}");
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
    assert_eq!(text.lines().count(), counting);
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

#[test]
fn findings_of_a_rule_in_several_programs_are_one_block() {
    let at = |path: &str, amd64: &str| {
        binary(|b| {
            b.path = path.to_owned();
            set(b, "-race", "true");
            set(b, "GOAMD64", amd64);
        })
    };
    let all = ["a", "b", "c", "d", "e"].map(|path| at(path, "v3"));
    let text = |programs: &[gospect_record::Binary], listing| {
        let audit = Setup::default().audit(&[], programs);
        let options = Options {
            listing,
            ..Options::default()
        };
        let mut out = Vec::new();
        text::render(&audit, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let grouped = text(&all, Listing::Grouped);
    assert_eq!(grouped.matches("[race-detector]").count(), 1, "{grouped}");
    assert!(
        grouped.contains("[race-detector] 5 programs: "),
        "{grouped}"
    );
    assert!(grouped.contains("      a, b, c and 2 more\n"), "{grouped}");
    assert!(grouped.contains("`--all` lists every finding"), "{grouped}");
    // Two programs are not several: then nothing is shortened.
    let two = text(&all[..2], Listing::Grouped);
    assert_eq!(two, text(&all[..2], Listing::All));
    assert_eq!(
        text(&all, Listing::All).matches("[race-detector]").count(),
        5
    );
    let summary = text(&all, Listing::Summary);
    assert!(
        summary.contains("[race-detector] 5 programs: "),
        "{summary}"
    );
    assert!(
        !summary.contains("fix:") && summary.contains("in 5 programs"),
        "{summary}"
    );
}

#[test]
fn a_summary_counts_findings_that_are_more_than_programs() {
    let setup = Setup {
        policy: "[expect]\nversion = \"v9\"\ngo_version = \"go1.1\"\n",
        rule: "unmet-expectation",
        ..Setup::default()
    };
    let audit = setup.audit(&[], &[binary(|_| {})]);
    let text = with("text", &audit, Listing::Summary);
    assert!(
        text.starts_with("error[unmet-expectation] 2 findings in 1 program\n"),
        "{text}"
    );
    let markdown = with("markdown", &audit, Listing::Summary);
    assert!(
        markdown.contains("| unmet-expectation | 1 (2 findings) |"),
        "{markdown}"
    );
}

/// A program at this place of an image, with a finding.
fn in_image(path: &str, reference: &str, layer: u32) -> gospect_record::Binary {
    binary(|b| {
        b.path = path.to_owned();
        b.location.target = "images.tar".to_owned();
        b.location.image = Some(gospect_record::ImageRef {
            reference: reference.to_owned(),
            platform: Some("linux/amd64".to_owned()),
            digest: None,
        });
        b.location.layer = Some(gospect_record::LayerRef {
            index: layer,
            digest: None,
        });
        set(b, "-race", "true");
    })
}

fn with(name: &str, audit: &Audit, listing: Listing) -> String {
    let options = Options {
        listing,
        ..Options::default()
    };
    let mut out = Vec::new();
    (format(name).unwrap().render)(audit, &options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn programs_with_one_path_in_two_images_are_two_programs() {
    let one = in_image("/bin/app", "one:1", 0);
    let two = in_image("/bin/app", "two:1", 3);
    let audit = Setup::default().audit(&[], &[one.clone(), two.clone()]);
    let text = with("text", &audit, Listing::Grouped);
    for (reference, layer) in [("one:1", 0), ("two:1", 3)] {
        let head = format!("/bin/app (image {reference}, linux/amd64, layer {layer})\n");
        assert_eq!(text.matches(&head).count(), 1, "{text}");
    }
    // Two files with an image of one name.
    let mut twin = one.clone();
    twin.location.target = "other.tar".to_owned();
    let audit = Setup::default().audit(&[], &[one.clone(), twin]);
    let text = with("text", &audit, Listing::All);
    for target in ["images.tar", "other.tar"] {
        let head = format!("/bin/app (image one:1, linux/amd64, layer 0) in {target}\n");
        assert_eq!(text.matches(&head).count(), 1, "{text}");
    }
    // Three places make a block, and the path is named once.
    let three = in_image("/bin/app", "three:1", 1);
    let audit = Setup::default().audit(&[], &[one, two, three]);
    let text = with("text", &audit, Listing::Grouped);
    assert!(text.contains("[race-detector] 3 programs: "), "{text}");
    assert!(text.contains("      /bin/app (3 images)\n"), "{text}");
    let markdown = with("markdown", &audit, Listing::Grouped);
    assert!(
        markdown.contains("| race-detector | /bin/app \\(3 images\\) |"),
        "{markdown}"
    );
}

#[test]
fn an_image_that_has_all_programs_of_a_block_is_named_once() {
    let programs = ["/a", "/b", "/c", "/d"].map(|path| in_image(path, "one:1", 0));
    let text = with(
        "text",
        &Setup::default().audit(&[], &programs),
        Listing::Grouped,
    );
    let line =
        "      /a (layer 0), /b (layer 0), /c (layer 0) and 1 more (image one:1, linux/amd64)\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn markdown_has_a_row_for_what_programs_have_alike() {
    let programs: Vec<_> = (0..7)
        .map(|n| {
            binary(|b| {
                b.path = format!("dist/app{n}");
                set(b, "-race", "true");
            })
        })
        .collect();
    let audit = Setup::default().audit(&[], &programs);
    let rows = |text: &str| text.matches("| race-detector |").count();
    let short = with("markdown", &audit, Listing::Grouped);
    assert_eq!(rows(&short), 1, "{short}");
    assert!(
        short.contains("dist/app3, dist/app4 and 2 more |")
            && short.contains("`--all` names every"),
        "{short}"
    );
    let fix = "- **race-detector** (dist/app0, dist/app1, dist/app2 and 4 more): ";
    assert!(short.contains(fix), "{short}");
    let all = with("markdown", &audit, Listing::All);
    assert_eq!(rows(&all), 1, "{all}");
    assert!(
        all.contains("dist/app6 |") && !all.contains(" more") && !all.contains("`--all`"),
        "{all}"
    );
    let summary = with("markdown", &audit, Listing::Summary);
    assert!(summary.contains("| race-detector | 7 |"), "{summary}");
}

#[test]
fn a_block_names_the_programs_of_each_fix() {
    let program = |path: &str, package: Option<&str>| {
        binary(|b| {
            b.path = path.to_owned();
            set(b, "-race", "true");
            b.owner = package.map(|name| gospect_record::Owner {
                name: name.to_owned(),
                version: "1".to_owned(),
                ..Default::default()
            });
        })
    };
    let mut programs = vec![
        program("/usr/bin/a", Some("first")),
        program("/usr/bin/b", Some("second")),
        program("/usr/bin/c", Some("second")),
        program("/usr/bin/d", None),
    ];
    let text_of = |programs: &[_]| {
        with(
            "text",
            &Setup::default().audit(&[], programs),
            Listing::Grouped,
        )
    };
    // One advice takes no more space than the line that would count it.
    let text = text_of(&programs);
    assert_eq!(text.matches("fix: ").count(), 3, "{text}");
    assert!(!text.contains("more for"), "{text}");
    programs.push(program("/usr/bin/e", Some("third")));
    let text = text_of(&programs);
    let fixes: Vec<&str> = text.lines().filter(|l| l.contains("fix: ")).collect();
    assert_eq!(fixes.len(), 3, "{text}");
    assert!(
        fixes[0].contains("for /usr/bin/b and 1 more: upgrade the package `second`"),
        "{text}"
    );
    assert!(fixes[2].contains("2 more for 2 other programs"), "{text}");
}

#[test]
fn markdown_lists_the_fixes_that_serve_most_programs() {
    let programs: Vec<_> = (0..9)
        .map(|number| {
            binary(|b| {
                b.path = format!("/usr/bin/app{number}");
                set(b, "-race", "true");
                b.owner = Some(gospect_record::Owner {
                    name: format!("package{}", number / 2),
                    version: "1".to_owned(),
                    ..Default::default()
                });
            })
        })
        .collect();
    let audit = Setup::default().audit(&[], &programs);
    let fixes = |text: &str| text.matches("- **race-detector**").count();
    let short = with("markdown", &audit, Listing::Grouped);
    assert_eq!(fixes(&short), 3, "{short}");
    assert!(
        short.contains("- and 2 more; `--all` lists them"),
        "{short}"
    );
    assert!(!short.contains("package4"), "one program: {short}");
    let all = with("markdown", &audit, Listing::All);
    assert_eq!(fixes(&all), 5, "{all}");
    assert!(!all.contains(" more"), "{all}");
}
