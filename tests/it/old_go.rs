//! Programs of Go 1.0 to 1.3, built by those releases (scripts/make-old-fixtures.sh). They have no record and, up to 1.1, not the
//! function table of later releases.

use crate::support::cli::{Scratch, run_in};
use crate::support::old_program;
use serde_json::Value;

fn scan(bytes: &[u8]) -> Value {
    let (code, document) = scan_damaged(bytes);
    assert_eq!(code, Some(0), "{document}");
    document
}

/// The exit code too: 2 if the program ends too early.
fn scan_damaged(bytes: &[u8]) -> (Option<i32>, Value) {
    let s = Scratch::new();
    s.put("app", bytes);
    let out = run_in(s.path(), &["scan", "--format=json", "app"]);
    assert!(matches!(out.code, Some(0 | 2)), "{}", out.stderr);
    (out.code, serde_json::from_str(&out.stdout).unwrap())
}

#[test]
fn releases_main_packages_and_symbols_are_reported() {
    // Name; version; range; main package; port; symbols; debug information.
    type Row = (
        &'static str,
        Option<&'static str>,
        Option<(&'static str, &'static str)>,
        Option<&'static str>,
        &'static str,
        bool,
        bool,
    );
    let tool = Some("example.com/tool");
    let rows: &[Row] = &[
        (
            "go1.0-plain",
            Some("go1.0.3"),
            None,
            tool,
            "linux/amd64",
            true,
            true,
        ),
        (
            "go1.0-strip",
            Some("go1.0.3"),
            None,
            None,
            "/amd64",
            false,
            false,
        ),
        (
            "go1.1-plain",
            Some("go1.1.2"),
            None,
            tool,
            "linux/amd64",
            true,
            true,
        ),
        (
            "go1.1-strip",
            Some("go1.1.2"),
            None,
            None,
            "/amd64",
            false,
            false,
        ),
        (
            "go1.1-silent",
            None,
            Some(("go1.1", "go1.1")),
            Some("nov"),
            "linux/386",
            true,
            false,
        ),
        (
            "go1.1-windows",
            Some("go1.1.2"),
            None,
            tool,
            "windows/386",
            false,
            false,
        ),
        (
            "go1.1-darwin",
            Some("go1.1.2"),
            None,
            tool,
            "darwin/amd64",
            true,
            false,
        ),
        (
            "go1.2-plain",
            Some("go1.2.2"),
            None,
            tool,
            "linux/amd64",
            true,
            true,
        ),
        (
            "go1.2-silent",
            None,
            Some(("go1.2", "go1.2")),
            Some("nov"),
            "linux/amd64",
            false,
            false,
        ),
        (
            "go1.3-w",
            Some("go1.3.3"),
            None,
            tool,
            "linux/amd64",
            true,
            false,
        ),
        (
            "go1.3-silent",
            None,
            Some(("go1.3", "go1.3")),
            Some("nov"),
            "linux/amd64",
            false,
            false,
        ),
        (
            "go1.3-windows",
            None,
            Some(("go1.3", "go1.3")),
            Some("nov"),
            "windows/386",
            false,
            false,
        ),
    ];
    for (name, version, range, main, port, symbols, debug) in rows {
        let document = scan(&old_program(name));
        let b = &document["binaries"][0];
        assert_eq!(
            b["go_version"].as_str(),
            *version,
            "{name}: {:#}",
            b["notes"]
        );
        let have = b.get("go_version_range").map(|r| {
            let text = |key: &str| r[key].as_str().unwrap_or_default().to_owned();
            (text("first"), text("last"))
        });
        let want = range.map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(have, want, "{name}");
        assert_eq!(b["main_package"].as_str(), *main, "{name}");
        let e = &b["executable"];
        let part = |key: &str| e[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(format!("{}/{}", part("os"), part("arch")), *port, "{name}");
        assert_eq!(e["go_symbols"], *symbols, "{name}");
        assert_eq!(e["debug_info"], *debug, "{name}");
        if main.is_some() {
            assert_eq!(b["goroot"]["value"], "/usr/local/go", "{name}");
            assert!(b["linked"]["functions"].as_u64().unwrap() > 200, "{name}");
        }
        let notes = b["notes"].as_array().unwrap();
        let says = |text: &str| notes.iter().any(|n| n.as_str().unwrap().contains(text));
        // Of two contradicting notes one must be wrong.
        assert!(
            !(says("by its function table") && says("no function table")),
            "{name}: {notes:?}"
        );
        let contradicted = b["corroboration"].as_array().unwrap();
        assert!(
            contradicted.iter().all(|c| c["verdict"] != "contradicted"),
            "{name}: {contradicted:?}"
        );
    }
}

#[test]
fn cards_and_audits_say_the_range() {
    let s = Scratch::new();
    s.put("app", &old_program("go1.2-silent"));
    let card = run_in(s.path(), &["scan", "app"]).stdout;
    assert!(
        card.contains("unknown, go1.2 by its tables and files"),
        "{card}"
    );
    let audit = run_in(s.path(), &["audit", "--format=json", "app"]);
    let audit: Value = serde_json::from_str(&audit.stdout).unwrap();
    let found = audit["findings"].as_array().unwrap();
    let unsupported = found.iter().find(|f| f["rule"] == "unsupported-toolchain");
    let message = unsupported.unwrap()["message"].as_str().unwrap();
    assert!(
        message.starts_with("built with go1.2, which has had no fixes since before"),
        "{message}"
    );
}

#[test]
fn damaged_tables_do_no_harm_and_nothing_is_invented() {
    for name in ["go1.0-plain", "go1.1-plain", "go1.1-windows"] {
        let whole = old_program(name);
        for (i, step) in [7, 1013, 4099, 65_537].into_iter().enumerate() {
            let mut bytes = whole.clone();
            for at in (0x1000 + i..bytes.len()).step_by(step * 64) {
                bytes[at] ^= 0x5a;
            }
            let (_, document) = scan_damaged(&bytes);
            let version = document["binaries"][0]["go_version"].as_str();
            assert!(
                version.is_none_or(|v| name.starts_with(v.rsplit_once('.').map_or(v, |p| p.0))
                    || v.starts_with("go1.0")),
                "{name}: {version:?}"
            );
        }
        for part in 1..8 {
            let (code, document) = scan_damaged(&whole[..whole.len() * part / 8]);
            let is_cut = document["reach"]["unexamined"] != 0;
            assert_eq!(code, Some(if is_cut { 2 } else { 0 }), "{name} {part}");
        }
    }
    // In a program of another language the name of a section proves nothing.
    let rust = std::fs::read(env!("CARGO_BIN_EXE_gospect")).unwrap();
    let document = scan(&rust);
    assert_eq!(document["binaries"].as_array().unwrap().len(), 0);
}

#[test]
fn settings_that_old_releases_do_not_record_are_proven_or_unanswered() {
    let s = Scratch::new();
    s.put("app", &old_program("go1.3-w"));
    let audit = |args: &[&str]| {
        let args = [&["audit", "--today=2026-11-22", "-Aall"], args, &["app"]].concat();
        run_in(s.path(), &args)
    };
    let why = "go1.3.3 records no build settings, Go 1.18 and newer do";
    let race = audit(&["-Drace-detector"]);
    assert_eq!(race.code, Some(1), "{}", race.stdout);
    let text = format!("cannot be answered: -race is not recorded; {why}");
    assert!(race.stdout.contains(&text), "{}", race.stdout);
    let tags = audit(&["--expect=-tags=netgo"]);
    let text = format!("-tags cannot be answered, expected netgo: {why}");
    assert!(tags.stdout.contains(&text), "{}", tags.stdout);
    // The packages show whether there is cgo, and the paths whether they were trimmed.
    for holds in [
        &["-Dcgo-enabled"],
        &["--expect=CGO_ENABLED=0"],
        &["--expect=-trimpath=false"],
    ] {
        let out = audit(holds);
        assert_eq!(out.code, Some(0), "{holds:?}: {}", out.stdout);
    }
}
