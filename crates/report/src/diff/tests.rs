use super::*;
use crate::findings::{Listing, Options};
use gospect_audit::diff::{Diff, diff};
use test_support::audits::*;

fn sample() -> Diff {
    let old = [
        binary(|b| b.go_version = Some("go1.27.3".into())),
        binary(|b| {
            (b.path, b.main_package) = ("dist/gone".into(), Some("example.com/gone".into()))
        }),
    ];
    let new = [
        binary(|b| {
            b.go_version = Some("go1.26.1".into());
            b.size = 6_000_000;
            dep(b, "example.com/a|b<i>@x\x1b", "v1.0.0", None);
        }),
        binary(|b| (b.path, b.main_package) = ("dist/new".into(), Some("example.com/new".into()))),
    ];
    diff(&old, &new)
}

fn text_of_diff(diff: &Diff, options: &Options) -> String {
    let mut out = Vec::new();
    text::render(diff, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text_of(render: impl Fn(&Diff, &mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    render(&sample(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_marks_what_got_worse() {
    let text = text_of(|d, out| text::render(d, &Options::default(), out));
    assert!(
        text.contains(" !v toolchain  go_version go1.27.3 -> go1.26.1"),
        "{text}"
    );
    assert!(text.contains("added   dist/new") && text.contains("removed dist/gone"));
    assert!(text.contains("5.0 MB -> 6.0 MB (+20.0%)"));
    assert!(
        text.contains("1 program changed, 1 added, 1 removed, 0 unchanged: toolchain 1, module 1"),
        "{text}"
    );
    assert!(!text.contains('\x1b'));
    let color = Options {
        color: true,
        ..Options::default()
    };
    assert!(text_of(|d, out| text::render(d, &color, out)).contains("\x1b[1;31mv\x1b[0m"));
}

#[test]
fn text_fits_the_terminal_and_counts_one_as_one() {
    let old = [binary(|b| {
        dep(
            b,
            &format!("example.com/{}", "a".repeat(40)),
            "v1.0.0",
            None,
        )
    })];
    let new = [binary(|b| {
        b.size += 1;
        dep(
            b,
            &format!("example.com/{}", "a".repeat(40)),
            "v1.0.1-0.20261019134151-8c1c52a2ab3d",
            None,
        );
    })];
    let diff = diff(&old, &new);
    for columns in [80, 120, 200] {
        let options = Options {
            color: false,
            width: Some(columns),
            ..Options::default()
        };
        let mut out = Vec::new();
        text::render(&diff, &options, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.lines().all(|l| l.chars().count() <= columns), "{text}");
        assert!(
            text.contains("\n1 program changed, 0 unchanged: module 1\n`^` newer"),
            "{text}"
        );
        assert!(
            text.contains("5,000,000 bytes -> 5,000,001 bytes"),
            "{text}"
        );
        let wrapped = text.contains("\n               v1.0.1-0.2026");
        assert_eq!(wrapped, columns == 80, "{text}");
    }
    let mut out = Vec::new();
    markdown::render(&diff, ["old", "new"], Listing::Grouped, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("1 program changed") && text.contains(": 1 change</summary>"),
        "{text}"
    );
    // In an HTML block a backslash of Markdown would be seen.
    let headings = text.lines().filter(|line| line.contains("<summary>"));
    assert!(headings.clone().count() > 0);
    for heading in headings {
        assert!(!heading.contains('\\'), "{heading}");
        assert!(heading.contains("(linux/amd64)"), "{heading}");
    }
}

#[test]
fn json_is_complete() {
    let v: serde_json::Value =
        serde_json::from_str(&text_of(|d, out| json::render(d, out))).unwrap();
    assert_eq!(
        (
            v["counts"]["toolchain"].as_u64(),
            v["counts"]["any"].as_u64()
        ),
        (Some(1), None)
    );
    let changes: usize = v["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["changes"].as_array().unwrap().len())
        .sum();
    assert_eq!(changes, sample().changes().count());
    assert_eq!(v["pairs"][0]["changes"][0]["direction"], "down");
}

#[test]
fn markdown_leads_with_what_matters() {
    let text = text_of(|d, out| markdown::render(d, ["old", "new"], Listing::Grouped, out));
    let first = text.find("Look at these first").unwrap();
    assert!(first < text.find("<details>").unwrap());
    assert!(
        text.contains(
            "| dist/app (linux/amd64) | toolchain go\\_version | go1.27.3 -&gt; go1.26.1 |"
        ),
        "{text}"
    );
    assert!(
        text.contains("\n- removed: dist/gone (linux/amd64)\n- added: dist/new (linux/amd64)\n"),
        "{text}"
    );
    assert!(!text.contains("<i>") && !text.contains("@x") && text.contains("a\\|b"));
    let same = {
        let mut out = Vec::new();
        markdown::render(&Diff::default(), ["old", "new"], Listing::Grouped, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert!(same.contains("0 programs changed"));
}

/// Three ports of a release that changed alike, one of which lost -trimpath too.
fn ports() -> Diff {
    let release = |go: &str, trimmed: &[&str]| {
        let program = |arch: &str| {
            binary(|b| {
                b.path = format!("dist/app-{arch}");
                b.executable.arch = Some(arch.into());
                b.go_version = Some(go.into());
                set(b, "-trimpath", "true");
                if !trimmed.contains(&arch) {
                    unset(b, "-trimpath");
                }
                set(b, "-tags", if go == "go1.27.3" { "new" } else { "old" });
            })
        };
        ["amd64", "arm64", "riscv64"].map(program)
    };
    let old = release("go1.26.1", &["amd64", "arm64", "riscv64"]);
    diff(&old, &release("go1.27.3", &["amd64", "riscv64"]))
}

/// A program of this release.
fn of(go: &str) -> gospect_record::Binary {
    binary(|b| b.go_version = Some(go.to_owned()))
}

fn markdown_of(diff: &Diff) -> String {
    let mut out = Vec::new();
    markdown::render(diff, ["v1", "v2"], Listing::Grouped, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn changes_of_several_programs_are_shown_once() {
    let render = |listing| {
        let mut out = Vec::new();
        let options = Options {
            listing,
            ..Options::default()
        };
        text::render(&ports(), &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = render(Listing::Grouped);
    let head = "3 programs: dist/app-amd64, dist/app-arm64, dist/app-riscv64\n";
    assert!(text.starts_with(head), "{text}");
    assert_eq!(
        text.matches("go_version go1.26.1 -> go1.27.3").count(),
        1,
        "{text}"
    );
    assert!(
        text.contains("\ndist/app-arm64  (linux/arm64)\n !- setting    -trimpath true -> (none)\n"),
        "{text}"
    );
    assert!(!text.contains("\ndist/app-amd64"), "{text}");
    assert!(
        text.ends_with("`--all` lists all changes of each program.\n"),
        "{text}"
    );
    let all = render(Listing::All);
    assert_eq!(
        all.matches("go_version go1.26.1 -> go1.27.3").count(),
        3,
        "{all}"
    );
    assert!(!all.contains("--all"), "{all}");

    let markdown = |listing| {
        let mut out = Vec::new();
        markdown::render(&ports(), ["v1", "v2"], listing, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let text = markdown(Listing::Grouped);
    assert!(text.starts_with("## gospect diff: v1 to v2\n"), "{text}");
    assert!(
        text.contains("| dist/app-arm64 (linux/arm64) | setting -trimpath |"),
        "{text}"
    );
    assert!(
        text.contains("<summary>3 programs: dist/app-amd64, dist/app-arm64, dist/app-riscv64: "),
        "{text}"
    );
    assert_eq!(text.matches("<details>").count(), 2, "{text}");
    assert!(
        text.ends_with("stands under \"Look at these first\".\n"),
        "{text}"
    );
    assert_eq!(markdown(Listing::All).matches("<details>").count(), 3);
    // Nothing refers to a part that is not there.
    let better = diff(&[of("go1.26.1")], &[of("go1.27.3")]);
    let added = diff(&[], &[of("go1.27.3")]);
    for (diff, end) in [
        (better, "`~` changed.\n"),
        (added, "- added: dist/app (linux/amd64)\n"),
    ] {
        let text = markdown_of(&diff);
        assert!(
            text.ends_with(end) && !text.contains("these first"),
            "{text}"
        );
    }

    // The summary has what is for the worse, and counts.
    let short = render(Listing::Summary);
    let first = "dist/app-arm64  (linux/arm64)\n !- setting    -trimpath true -> (none)\n";
    assert!(short.starts_with(first), "{short}");
    assert!(!short.contains("go_version"), "{short}");
    assert!(
        short.contains("3 programs changed, 0 unchanged: toolchain 3, setting 4")
            && short.contains("for the worse, marked `!`")
            && short.ends_with("Without `--summary` the other changes are listed too.\n"),
        "{short}"
    );
    // Without a change for the worse nothing stands above the counts.
    let better = diff(&[of("go1.26.1")], &[of("go1.27.3")]);
    let options = Options {
        listing: Listing::Summary,
        ..Options::default()
    };
    let text = text_of_diff(&better, &options);
    assert!(text.starts_with("1 program changed"), "{text}");
    // What fails the run is there.
    let mut failing = better.clone();
    failing.failing = vec![gospect_audit::diff::Class::Toolchain];
    let text = text_of_diff(&failing, &options);
    assert!(text.contains("go1.26.1 -> go1.27.3"), "{text}");
    let mut page = Vec::new();
    markdown::render(&failing, ["old", "new"], Listing::Summary, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("go1.26.1 -&gt; go1.27.3"), "{page}");

    let short = markdown(Listing::Summary);
    assert!(
        short.contains("| dist/app-arm64 (linux/arm64) | setting -trimpath |")
            && !short.contains("<details>"),
        "{short}"
    );
}

#[test]
fn what_is_for_the_worse_stands_first_among_shared_changes() {
    let release = |trimmed: bool| {
        ["amd64", "arm64"].map(|arch| {
            binary(|b| {
                b.path = format!("app-{arch}");
                set(b, "-tags", if trimmed { "old" } else { "new" });
                set(b, "-trimpath", "true");
                if !trimmed {
                    unset(b, "-trimpath");
                }
            })
        })
    };
    let diff = diff(&release(true), &release(false));
    let mut out = Vec::new();
    let options = Options {
        listing: Listing::Grouped,
        ..Options::default()
    };
    text::render(&diff, &options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let second = text.lines().nth(1).unwrap();
    assert_eq!(second, " !- setting    -trimpath true -> (none)", "{text}");
    assert!(text.contains("-tags old -> new"), "{text}");
}

/// A program of an image, in this layer.
fn in_layer(layer: u32, size: u64) -> gospect_record::Binary {
    binary(|b| {
        b.path = "/opt/keep".into();
        b.size = size;
        b.go_version = Some(format!("go1.26.{size}"));
        b.location.visible = Some(layer > 0);
        b.location.layer = Some(gospect_record::LayerRef {
            index: layer,
            digest: None,
        });
        b.location.image = Some(gospect_record::ImageRef {
            reference: "app:1".into(),
            ..Default::default()
        });
    })
}

#[test]
fn copies_in_several_layers_differ_in_every_format() {
    let old = [in_layer(0, 1), in_layer(1, 2)];
    let new = [in_layer(0, 3), in_layer(1, 4)];
    let several = diff(&old, &new);
    let one = diff(&old[..1], &new[..1]);
    let texts = |diff: &Diff| {
        let [mut text, mut page, mut json] = [const { Vec::new() }; 3];
        let mut comment = Vec::new();
        text::render(diff, &Options::default(), &mut text).unwrap();
        markdown::render(diff, ["old", "new"], Listing::All, &mut comment).unwrap();
        html::render(diff, ["old", "new"], &mut page).unwrap();
        json::render(diff, &mut json).unwrap();
        [text, comment, page, json].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let [text, comment, page, json] = texts(&several);
    for (text, names) in [
        (text, ["/opt/keep (layer 0)", "/opt/keep (layer 1)"]),
        (comment, ["/opt/keep (layer 0)", "/opt/keep (layer 1)"]),
        (page, ["/opt/keep (layer 0)", "/opt/keep (layer 1)"]),
        (json, ["\"index\": 0", "\"index\": 1"]),
    ] {
        for name in names {
            assert!(text.contains(name), "{name}: {text}");
        }
    }
    // One of its path needs no more than that.
    assert!(texts(&one)[..3].iter().all(|text| !text.contains("(layer")));
}

#[test]
fn a_comment_counts_and_explains_vulnerabilities() {
    let change = |key: &str, old: Option<&str>, new: Option<&str>, worse, fixed: Option<&str>| {
        gospect_audit::diff::Change {
            class: Class::Vulnerability,
            key: key.to_owned(),
            direction: Direction::Changed,
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
            worse,
            fixed: fixed.map(str::to_owned),
            said: Vec::new(),
        }
    };
    let mut found = sample();
    found.pairs[0].changes = vec![
        change("GO-2026-0001 stdlib", Some("symbol"), None, false, None),
        change("GO-2026-0002 stdlib", Some("module"), None, false, None),
        change(
            "GO-2026-0003 stdlib",
            None,
            Some("symbol"),
            true,
            Some("go1.26.9"),
        ),
        change(
            "X-1 example.com/a",
            Some("symbol"),
            Some("module"),
            false,
            None,
        ),
    ];
    let mut out = Vec::new();
    markdown::render(&found, ["old", "new"], Listing::Grouped, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("−2 / +1, 1 linked less"), "{text}");
    let row = "vulnerability [GO-2026-0003](https://pkg.go.dev/vuln/GO-2026-0003) stdlib | \\(none\\) -&gt; symbol, fixed in go1.26.9 |";
    assert!(text.contains(row), "{text}");
    assert!(text.contains("vulnerability | X-1 example.com/a"), "{text}");
    assert!(text.contains("`package`, only another function of its package"));
    // Nothing about levels where there are no vulnerabilities.
    let plain = text_of(|d, out| markdown::render(d, ["old", "new"], Listing::Grouped, out));
    assert!(!plain.contains("`module`"), "{plain}");
}

#[test]
fn vulnerabilities_do_not_push_other_changes_down() {
    let of = |trimmed: bool| {
        binary(|b| match trimmed {
            true => set(b, "-trimpath", "true"),
            false => unset(b, "-trimpath"),
        })
    };
    let mut diff = diff(&[of(true)], &[of(false)]);
    let changes = &mut diff.pairs[0].changes;
    let of_entry = |number: usize, fixed: &str| gospect_audit::diff::Change {
        class: gospect_audit::diff::Class::Vulnerability,
        key: format!("GO-2026-000{number} stdlib"),
        old: None,
        new: Some("symbol".to_owned()),
        worse: true,
        fixed: Some(fixed.to_owned()),
        ..changes[0].clone()
    };
    let fixes = ["go1.26.9", "go1.26.10", "go1.25.8", "go1.26.2"].into_iter();
    let entries: Vec<_> = fixes
        .enumerate()
        .map(|(n, fixed)| of_entry(n, fixed))
        .collect();
    changes.splice(0..0, entries);
    let page = |diff: &gospect_audit::diff::Diff, listing| {
        let mut page = Vec::new();
        markdown::render(diff, ["old", "new"], listing, &mut page).unwrap();
        String::from_utf8(page).unwrap()
    };
    let short = page(&diff, Listing::Grouped);
    let at = |part: &str| {
        short
            .find(part)
            .unwrap_or_else(|| panic!("{part}: {short}"))
    };
    assert!(
        at("| setting -trimpath |") < at("| 4 vulnerabilities of stdlib | "),
        "{short}"
    );
    at(
        "(https://pkg.go.dev/vuln/GO-2026-0002) and 1 more: \\(none\\) -&gt; symbol, all fixed in go1.26.10 |",
    );
    assert!(!short.contains("| vulnerability [GO-2026-0003]"), "{short}");
    let long = page(&diff, Listing::All);
    assert!(long.contains("| vulnerability [GO-2026-0003]"), "{long}");
    // Three have a row each.
    diff.pairs[0].changes.remove(0);
    assert!(page(&diff, Listing::Grouped).contains("| vulnerability [GO-2026-0003]"));
}
