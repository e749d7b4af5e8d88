//! Findings of one rule in several programs.

use super::*;

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

pub(super) fn with(name: &str, audit: &Audit, listing: Listing) -> String {
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
    for name in ["third", "fourth"] {
        programs.push(program(&format!("/usr/bin/{name}"), Some(name)));
    }
    let text = text_of(&programs);
    assert_eq!(text.matches("fix: ").count(), 5, "{text}");
    programs.push(program("/usr/bin/z", Some("fifth")));
    let text = text_of(&programs);
    let fixes: Vec<&str> = text.lines().filter(|l| l.contains("fix: ")).collect();
    assert_eq!(fixes.len(), 5, "{text}");
    assert!(
        fixes[0].contains("for /usr/bin/b and 1 more: upgrade the package `second`"),
        "{text}"
    );
    assert!(fixes[4].contains("2 more for 2 other programs"), "{text}");
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

#[test]
fn a_block_of_an_own_rule_says_what_was_found_and_who_asks() {
    let programs = ["a", "b", "c"].map(|path| {
        binary(|b| {
            b.path = path.to_owned();
            set(b, "GOAMD64", "v1");
        })
    });
    let setup = Setup {
        policy: "[[custom]]\nid = \"level\"\nlevel = \"error\"\nmessage = \"GOAMD64 must be v2\"\nall = [{ key = \"GOAMD64\", op = \"!=\", value = \"v2\" }]\n",
        ..Setup::default()
    };
    let audit = setup.audit(&[], &programs);
    let options = Options {
        listing: Listing::Grouped,
        ..Options::default()
    };
    let mut out = Vec::new();
    text::render(&audit, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let start = "error[level] 3 programs: GOAMD64 must be v2\n      a, b, c\n      GOAMD64: v1\n      fix: rebuild: `GOOS=linux GOARCH=amd64 GOAMD64=v2 ";
    assert!(text.starts_with(start), "{text}");
    assert_eq!(text.matches("      asked for at ").count(), 1, "{text}");
}
