//! `gospect diff`: its output in every format, and its exit codes.

use crate::support::cli::{Output, Scratch, run_in};
use crate::support::pack::{Member, docker_archive, tar, zip};
use serde_json::Value;

/// The same program built by two Go releases, each in its own directory.
fn place() -> Scratch {
    let scratch = Scratch::new();
    for (dir, id) in [
        ("old", "1.26-linux-amd64-strip"),
        ("new", "1.27-linux-amd64-strip"),
    ] {
        scratch.put(&format!("{dir}/app"), &crate::support::fixture(id));
    }
    scratch
}

fn diff(s: &Scratch, args: &[&str]) -> Output {
    run_in(s.path(), &[&["diff"], args].concat())
}

#[test]
fn exit_codes() {
    let s = place();
    std::fs::create_dir(s.path().join("empty")).unwrap();
    for (args, want) in [
        (&["old", "new"][..], 0),
        (&["--fail-on=toolchain", "old", "new"], 1),
        (&["--fail-on=any", "old", "new"], 1),
        (&["--fail-on=any", "old", "old"], 0),
        (&["--fail-on=content,version", "old", "old"], 0),
        (&["--fail-on=removed,added", "old", "new"], 0),
        (&["--fail-on=removed", "old", "empty"], 1),
        (&["--fail-on=added", "--fail-on=removed", "empty", "new"], 1),
        (&["old", "empty"], 0),
        (&["--fail-on=any", "old", "missing"], 2),
        (&["--fail-on=everything", "old", "new"], 2),
        (&["--facts=build-info", "old", "new"], 2),
        (&["old"], 2),
        (&["old", "new", "new"], 2),
        (&["records:-", "-"], 2),
    ] {
        let out = diff(&s, args);
        assert_eq!(out.code, Some(want), "{args:?}: {}", out.stderr);
    }
    // Standard error says what failed, also when the report goes to a file.
    let written = diff(
        &s,
        &["--fail-on=toolchain,added", "-o", "report", "old", "new"],
    );
    let message = "gospect: failed on: toolchain (";
    assert!(written.stderr.contains(message), "{}", written.stderr);
    assert!(!written.stderr.contains("added"), "{}", written.stderr);
    let quiet = diff(&s, &["--quiet", "--fail-on=toolchain", "old", "new"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(1), ""));
    let typo = diff(&s, &["--fail-on=toolchian", "old", "new"]);
    assert!(typo.stderr.contains("`toolchain`"), "{}", typo.stderr);
}

#[test]
fn every_format_names_the_program_and_both_releases() {
    let s = place();
    for format in ["text", "json", "markdown", "html"] {
        let out = diff(&s, &["--format", format, "old", "new"]);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        for word in ["app", "go1.26.6", "go1.27.3"] {
            assert!(out.stdout.contains(word), "{format}: {word}");
        }
        if format == "json" {
            serde_json::from_str::<Value>(&out.stdout).unwrap();
        }
        let file = diff(&s, &["--format", format, "-o", "out", "old", "new"]);
        assert_eq!(file.stdout, "", "{format}");
        assert_eq!(
            std::fs::read(s.path().join("out")).unwrap(),
            out.raw,
            "{format}"
        );
    }
}

/// Class and key of every change, in the order of the document.
fn changes(out: &Output) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(&out.stdout).expect(&out.stderr);
    let pairs = document["pairs"].as_array().unwrap().iter();
    let changes = pairs.flat_map(|p| p["changes"].as_array().unwrap());
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    changes
        .map(|c| (text(&c["class"]), text(&c["key"])))
        .collect()
}

/// Keys of the changes of one class.
fn keys_of<'c>(changes: &'c [(String, String)], class: &str) -> Vec<&'c str> {
    let of_class = changes.iter().filter(|c| c.0 == class);
    of_class.map(|c| c.1.as_str()).collect()
}

#[test]
fn two_builds_of_other_code_are_not_unchanged() {
    let s = Scratch::new();
    s.put("old/app", &crate::support::fixture("1.27-linux-amd64-one"));
    s.put(
        "new/app",
        &crate::support::fixture("1.27-linux-amd64-one-other"),
    );
    s.put("same/app", &crate::support::fixture("1.27-linux-amd64-one"));
    let out = diff(&s, &["--format=json", "--fail-on=any", "old", "new"]);
    assert_eq!(out.code, Some(1));
    // The constant is in the code; the build ID in the record changes with it.
    let found = changes(&out);
    assert_eq!(keys_of(&found, "content"), ["record", "code"], "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    for format in ["text", "markdown", "html"] {
        let args = ["--format", format, "--fail-on=content", "old", "new"];
        let out = diff(&s, &args);
        assert_eq!(out.code, Some(1), "{format}");
        assert!(out.stdout.contains("content"), "{format}: {}", out.stdout);
        assert!(out.stdout.contains("code"), "{format}: {}", out.stdout);
    }
    let out = diff(&s, &["--fail-on=any", "old", "same"]);
    assert_eq!(
        (out.code, out.stdout.as_str()),
        (Some(0), "0 programs changed, 1 unchanged (same bytes)\n")
    );
    assert_eq!(out.stderr, "");
}

#[test]
fn a_version_that_only_the_program_holds_is_compared() {
    let s = Scratch::new();
    for (old, new, key) in [
        ("one", "two", "main.version"),
        ("one-strip", "two-strip", "linker string"),
    ] {
        s.put(
            "old",
            &crate::support::fixture(&format!("1.27-linux-amd64-{old}")),
        );
        s.put(
            "new",
            &crate::support::fixture(&format!("1.27-linux-amd64-{new}")),
        );
        for class in ["version", "any"] {
            let fail_on = format!("--fail-on={class}");
            let out = diff(&s, &["--format=json", &fail_on, "old", "new"]);
            assert_eq!(out.code, Some(1), "{old} {class}");
            assert_eq!(keys_of(&changes(&out), "version"), [key]);
        }
        let text = diff(&s, &["old", "new"]).stdout;
        assert!(text.contains(&format!("{key} 1.0.0 -> 2.0.0")), "{text}");
    }
    // The same version, with and without a symbol that names its variable.
    s.put("old", &crate::support::fixture("1.27-linux-amd64-one"));
    s.put(
        "new",
        &crate::support::fixture("1.27-linux-amd64-one-strip"),
    );
    let out = diff(&s, &["--format=json", "--fail-on=version", "old", "new"]);
    assert_eq!(out.code, Some(0), "{}", out.stdout);
}

#[test]
fn one_patched_byte_is_reported_with_its_part_in_every_format() {
    let s = Scratch::new();
    for id in [
        "1.27-linux-amd64-w",
        "1.27-linux-amd64-trimstrip",
        "1.27-linux-386-w",
        "1.27-darwin-arm64-w",
        "1.27-windows-amd64-w",
        "1.27-windows-386-strip",
        "1.27-aix-ppc64-w",
        "1.27-plan9-amd64-w",
        "1.27-js-wasm-hello",
    ] {
        let whole = crate::support::fixture(id);
        s.put("old", &whole);
        let mut parts = std::collections::BTreeSet::new();
        // The first eighths contain code, the last ones data and symbols. The headers at the start are left alone, so that the
        // file stays a Go program.
        for eighth in 1..8 {
            let mut bytes = whole.to_vec();
            let at = bytes.len() / 8 * eighth + 3;
            bytes[at] ^= 1;
            s.put("new", &bytes);
            let out = diff(&s, &["--format=json", "--fail-on=content", "old", "new"]);
            assert_eq!(out.code, Some(1), "{id} at {at:#x}: {}", out.stdout);
            let found = changes(&out);
            let content = keys_of(&found, "content");
            assert_eq!(content.len(), 1, "{id} at {at:#x}: {found:?}");
            parts.insert(content[0].to_owned());
        }
        assert!(parts.contains("code"), "{id}: {parts:?}");
        // All but the variables of a Plan 9 program is in its text segment.
        let more = parts.contains("data") || parts.contains("debug");
        assert!(more || id.contains("plan9"), "{id}: {parts:?}");
        let mut longer = whole.to_vec();
        longer.push(0);
        s.put("new", &longer);
        let out = diff(&s, &["--format=json", "--fail-on=any", "old", "new"]);
        assert_eq!(out.code, Some(1), "{id} with a byte after it");
        assert!(!keys_of(&changes(&out), "content").is_empty(), "{id}");
    }
}

#[test]
fn a_signature_is_a_part_of_its_own() {
    let s = Scratch::new();
    let whole = crate::support::fixture("1.27-darwin-arm64-w");
    s.put("old", &whole);
    let mut bytes = whole.to_vec();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    s.put("new", &bytes);
    let out = diff(&s, &["--format=json", "old", "new"]);
    assert_eq!(keys_of(&changes(&out), "content"), ["signature"]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(
        document["pairs"][0]["parts"],
        serde_json::json!(["signature"])
    );
    assert_eq!(document["pairs"][0]["changes"][0]["worse"], false);
}

#[test]
fn bytes_around_the_slices_of_a_universal_file_are_compared() {
    let s = Scratch::new();
    let slices = [
        crate::support::fixture("1.27-darwin-amd64-strip"),
        crate::support::fixture("1.27-darwin-arm64-trimstrip"),
    ];
    let fat = crate::support::derive::fat(&[&slices[0], &slices[1]]);
    s.put("old", &fat);
    let mut bytes = fat.clone();
    bytes.push(7);
    s.put("new", &bytes);
    let out = diff(&s, &["--format=json", "--fail-on=any", "old", "new"]);
    assert_eq!(out.code, Some(1));
    assert_eq!(
        changes(&out),
        [("content".to_owned(), "container".to_owned())]
    );
    // Changing a byte of the second slice changes only that slice.
    let mut bytes = fat;
    let at = bytes.len() - slices[1].len() / 2;
    bytes[at] ^= 1;
    s.put("new", &bytes);
    let out = diff(&s, &["--format=json", "old", "new"]);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(document["unchanged"], 1);
    assert_eq!(document["pairs"][0]["port"], "darwin/arm64");
}

#[test]
fn members_of_archives_images_and_trees_are_compared_by_their_bytes() {
    let s = Scratch::new();
    for (dir, id) in [("old", "one"), ("new", "one-other")] {
        let app = crate::support::fixture(&format!("1.27-linux-amd64-{id}"));
        let same = crate::support::fixture("1.27-linux-amd64-hello-trimstrip");
        let both = tar(&[
            Member::File("bin/app", &app),
            Member::File("bin/tool", &same),
        ]);
        s.put(&format!("{dir}.tar"), &both);
        s.put(
            &format!("{dir}.tar.gz"),
            &crate::support::derive::gzip(&both),
        );
        s.put(&format!("{dir}.zip"), &zip("app", &app));
        let config = serde_json::json!({"Entrypoint": ["/bin/app"]});
        let image = docker_archive("app:1", "linux/amd64", &config, &[both]);
        s.put(&format!("{dir}-image.tar"), &image);
        s.put(&format!("{dir}/tree/app"), &app);
        s.put(&format!("{dir}/tree/tool"), &same);
    }
    for (suffix, unchanged) in [
        (".tar", 1),
        (".tar.gz", 1),
        (".zip", 0),
        ("-image.tar", 1),
        ("", 1),
    ] {
        let (old, new) = (format!("old{suffix}"), format!("new{suffix}"));
        let out = diff(&s, &["--format=json", "--fail-on=any", &old, &new]);
        assert_eq!(out.code, Some(1), "{suffix}: {}", out.stderr);
        assert_eq!(
            keys_of(&changes(&out), "content"),
            ["record", "code"],
            "{suffix}"
        );
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(document["unchanged"], unchanged, "{suffix}");
        let message = "gospect: failed on: content (1 program)\n";
        assert_eq!(out.stderr, message, "{suffix}");
        let out = diff(&s, &["--fail-on=any", &old, &old]);
        assert_eq!(out.code, Some(0), "{suffix}: {}", out.stdout);
    }
}

#[test]
fn records_are_compared_as_far_as_their_facts_go() {
    let s = Scratch::new();
    s.put("old", &crate::support::fixture("1.27-linux-amd64-one"));
    s.put(
        "new",
        &crate::support::fixture("1.27-linux-amd64-one-other"),
    );
    for (name, file, hash) in [
        ("plain.ndjson", "old", None),
        ("hash.ndjson", "old", Some("--hash")),
        ("other.ndjson", "new", Some("--hash")),
    ] {
        let args = ["scan", "--format=ndjson", "-o", name, file];
        let out = run_in(
            s.path(),
            &[&args[..], &hash.into_iter().collect::<Vec<_>>()].concat(),
        );
        assert_eq!(out.code, Some(0), "{}", out.stderr);
    }
    for (old, new, code, keys) in [
        (
            "records:hash.ndjson",
            "records:other.ndjson",
            1,
            &["sha256"][..],
        ),
        ("records:hash.ndjson", "new", 1, &["sha256"]),
        ("records:hash.ndjson", "old", 0, &[]),
        // The bytes were not compared, and `any` asks for them.
        ("records:plain.ndjson", "old", 2, &[]),
        ("records:plain.ndjson", "records:plain.ndjson", 2, &[]),
    ] {
        let out = diff(&s, &["--format=json", "--fail-on=any", old, new]);
        assert_eq!(out.code, Some(code), "{old} {new}: {}", out.stderr);
        assert_eq!(keys_of(&changes(&out), "content"), keys, "{old} {new}");
    }
    let out = diff(&s, &["records:plain.ndjson", "old"]);
    let message = "content of 1 program among the unchanged not compared";
    assert!(out.stderr.contains(message), "{}", out.stderr);
    assert!(out.stderr.contains("--hash"), "{}", out.stderr);
    // The report says so in every format.
    for (format, message) in [
        ("json", "\"content_not_compared\": 1"),
        ("text", "1 unchanged (content of 1 not compared"),
        ("markdown", "1 unchanged (content of 1 not compared"),
        ("html", "1 unchanged (content of 1 not compared"),
    ] {
        let out = diff(&s, &["--format", format, "records:plain.ndjson", "old"]);
        assert_eq!(out.code, Some(0), "{format}");
        assert!(out.stdout.contains(message), "{format}: {}", out.stdout);
        let out = diff(&s, &["--format", format, "records:hash.ndjson", "old"]);
        assert!(!out.stdout.contains("content of"), "{format}");
    }
    let module = diff(&s, &["--fail-on=module", "records:plain.ndjson", "old"]);
    assert_eq!(module.code, Some(0), "{}", module.stderr);
    // Asking for the class by name must not pass silently.
    for args in [
        &["--fail-on=content"][..],
        &["--fail-on=any"],
        &["--strict"],
    ] {
        let out = diff(&s, &[args, &["records:plain.ndjson", "old"]].concat());
        assert_eq!(out.code, Some(2), "{args:?}");
    }
    let quiet = diff(&s, &["--quiet", "records:plain.ndjson", "old"]);
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_gate_does_not_pass_when_a_side_has_no_program() {
    let s = place();
    std::fs::create_dir(s.path().join("empty")).unwrap();
    let records = run_in(s.path(), &["scan", "--hash", "--format=ndjson", "old"]).stdout;
    s.put("old.ndjson", records.as_bytes());
    for (args, want) in [
        (&["--fail-on=worse", "empty", "new"][..], 3),
        (&["--fail-on=worse", "old", "empty"], 3),
        (&["--fail-on=any", "empty", "empty"], 3),
        (&["--fail-on=worse", "old.ndjson", "new"], 3),
        (&["--fail-on=worse", "records:old.ndjson", "old"], 0),
        (&["--fail-on=worse", "--allow-none", "empty", "new"], 0),
        (&["--fail-on=added", "--allow-none", "empty", "new"], 1),
        (&["--fail-on=added", "empty", "new"], 1),
        (&["--fail-on=worse", "empty", "missing"], 2),
        (&["empty", "new"], 0),
    ] {
        let out = diff(&s, args);
        assert_eq!(out.code, Some(want), "{args:?}: {}", out.stderr);
    }
    let forgotten = diff(&s, &["--fail-on=worse", "old.ndjson", "new"]);
    let said =
        "old.ndjson: not a Go program: looks like records of a scan: write records:old.ndjson";
    assert!(forgotten.stderr.contains(said), "{}", forgotten.stderr);
    // A side that could not be read makes no report.
    for args in [["old", "missing"], ["missing", "old"]] {
        let out = diff(&s, &args);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{args:?}");
    }
    let unknown = diff(&s, &["--fail-on=foo", "old", "new"]);
    assert!(unknown.stderr.contains("any, worse"), "{}", unknown.stderr);
}

#[test]
fn programs_of_one_side_are_said_beside_worse() {
    let s = place();
    s.put(
        "old/other",
        &crate::support::fixture("1.27-linux-amd64-one"),
    );
    s.put(
        "new2/app",
        &std::fs::read(s.path().join("old/app")).unwrap(),
    );
    let out = diff(&s, &["--fail-on=worse", "old", "new2"]);
    let said = "1 program removed, which `worse` does not count; `--fail-on worse,removed` does";
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(out.stderr.contains(said), "{}", out.stderr);
    let out = diff(&s, &["--fail-on=worse,removed", "old", "new2"]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    let out = diff(&s, &["--fail-on=worse", "new2", "old"]);
    let said = "1 program added, which `worse` does not count; `--fail-on worse,added` does";
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(out.stderr.contains(said), "{}", out.stderr);
    let said = "modules and vulnerabilities of 1 new program not counted";
    assert!(!out.stderr.contains(said), "{}", out.stderr);
    let out = diff(&s, &["--fail-on=module", "new2", "old"]);
    assert!(out.stderr.contains(said), "{}", out.stderr);
    let out = diff(&s, &["--fail-on=module,added", "new2", "old"]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    assert!(!out.stderr.contains(said), "{}", out.stderr);
}
