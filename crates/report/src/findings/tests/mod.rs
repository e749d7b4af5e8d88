mod builds;
mod formats;
mod groups;

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
