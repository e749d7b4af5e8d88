//! What a new user reads: hints after a slip, and texts that name what can be typed next.

use crate::support::cli::{Scratch, run_in};
use crate::support::pack::{Member, docker_archive, tar};
use serde_json::{Value, json};

/// An archive of `docker save` with one program.
fn image(scratch: &Scratch, name: &str, tag: &str) {
    let program = crate::support::fixture("1.27-linux-amd64-trimstrip");
    let layer = tar(&[Member::File("usr/bin/app", &program)]);
    let config = json!({ "Entrypoint": ["/usr/bin/app"] });
    let archive = docker_archive(tag, "linux/amd64", &config, &[layer]);
    scratch.put(name, &archive);
}

#[test]
fn a_path_that_names_an_image_is_answered_with_the_target_to_write() {
    let s = Scratch::new();
    image(&s, "image.tar", "example.test/app:1");
    for command in ["scan", "audit", "sbom", "vuln"] {
        let out = run_in(s.path(), &[command, "image.tar:example.test/app:1"]);
        assert_eq!(out.code, Some(2), "{command}");
        let hint = "docker-archive:image.tar:example.test/app:1";
        assert!(out.stderr.contains(hint), "{command}: {}", out.stderr);
    }
    let fine = run_in(
        s.path(),
        &["scan", "docker-archive:image.tar:example.test/app:1"],
    );
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    let out = run_in(s.path(), &["scan", "ghcr.io/x/y:1"]);
    assert!(
        out.stderr.contains("registry:ghcr.io/x/y:1"),
        "{}",
        out.stderr
    );
    let plain = run_in(s.path(), &["scan", "dist/app"]);
    assert!(
        plain.stderr.ends_with("No such file or directory\n"),
        "{}",
        plain.stderr
    );
}

#[test]
fn a_name_that_no_image_has_is_answered_with_the_names_that_there_are() {
    let s = Scratch::new();
    image(&s, "image.tar", "example.test/app:1");
    let out = run_in(
        s.path(),
        &["scan", "docker-archive:image.tar:example.test/app:2"],
    );
    assert_eq!(out.code, Some(2));
    let want = "no image is called example.test/app:2; there is example.test/app:1";
    assert!(out.stderr.contains(want), "{}", out.stderr);
}

#[test]
fn one_path_in_two_images_is_two_programs() {
    let s = Scratch::new();
    image(&s, "one.tar", "example.test/one:1");
    image(&s, "two.tar", "example.test/two:1");
    let out = run_in(
        s.path(),
        &[
            "audit",
            "--today=2026-11-22",
            "--expect",
            "go_version=go1.1",
            "one.tar",
            "two.tar",
        ],
    );
    for name in ["one", "two"] {
        let head = format!("/usr/bin/app (image example.test/{name}:1, linux/amd64, layer 0)\n");
        assert_eq!(out.stdout.matches(&head).count(), 1, "{}", out.stdout);
    }
    let markdown = run_in(
        s.path(),
        &[
            "audit",
            "--today=2026-11-22",
            "--expect",
            "go_version=go1.1",
            "--format=markdown",
            "one.tar",
            "two.tar",
        ],
    );
    let row = "| unmet-expectation | /usr/bin/app \\(2 images\\) |";
    assert!(markdown.stdout.contains(row), "{}", markdown.stdout);
}

#[test]
fn a_rule_of_the_user_is_explained_from_its_policy() {
    let s = Scratch::new();
    let program = s.put_fixture("1.27-linux-amd64-trimstrip");
    let program = program.to_str().unwrap();
    let policy = "[[custom]]\nid = \"no-windows\"\nlevel = \"error\"\nmessage = \"we ship no such port\"\nhelp = \"leave it out of the release\"\nall = [{ key = \"executable.os\", op = \"=\", value = \"linux\" }]\n";
    s.put("gospect.toml", policy.as_bytes());
    for format in ["text", "json", "markdown"] {
        let out = run_in(s.path(), &["explain", "no-windows", "--format", format]);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        for part in [
            "we ship no such port",
            "leave it out of the release",
            "gospect.toml",
        ] {
            assert!(out.stdout.contains(part), "{format}: {}", out.stdout);
        }
    }
    s.put("other.toml", policy.as_bytes());
    std::fs::remove_file(s.path().join("gospect.toml")).unwrap();
    let none = run_in(s.path(), &["explain", "no-windows"]);
    assert!(
        none.code == Some(2) && none.stderr.contains("--policy FILE"),
        "{}",
        none.stderr
    );
    let audit = run_in(
        s.path(),
        &[
            "audit",
            "--today=2026-11-22",
            "--policy",
            "other.toml",
            program,
        ],
    );
    let next = "`gospect explain --policy other.toml RULE`";
    assert!(
        audit.stdout.contains(next),
        "{}{}",
        audit.stdout,
        audit.stderr
    );
    let named = run_in(
        s.path(),
        &["explain", "--policy", "other.toml", "no-windows"],
    );
    assert!(
        named.stdout.contains("we ship no such port"),
        "{}",
        named.stderr
    );
}

/// Which target cannot be read is said once, on standard error. A table of nothing says nothing.
#[test]
fn a_target_that_cannot_be_read_is_reported_once() {
    let s = Scratch::new();
    s.put("text", b"no program");
    for command in [
        &["scan"][..],
        &["scan", "--format=card"],
        &["audit"],
        &["fips"],
        &["packages"],
        &["vuln"],
        &["verify", "--sumdb=off", "--go-sum=text"],
    ] {
        for target in ["absent", "dir:absent", "file:absent", "dir:text"] {
            let args = [command, &["--quiet", target]].concat();
            let out = run_in(s.path(), &args);
            let result = (out.code, out.stdout.as_str(), out.stderr.lines().count());
            assert_eq!(result, (Some(2), "", 1), "{args:?}: {}", out.stderr);
        }
    }
    // What else was looked at is shown, and data has a row for the target.
    let both = run_in(s.path(), &["scan", "absent", "text"]);
    assert_eq!(both.code, Some(2));
    assert!(
        both.stdout.contains("absent: No such file"),
        "{}",
        both.stdout
    );
    let json = run_in(s.path(), &["scan", "--format=json", "dir:absent"]);
    assert!(json.stdout.contains("\"unreadable\""), "{}", json.stdout);
}

#[test]
fn every_mistake_in_rules_and_expectations_of_the_command_line_is_named() {
    let s = Scratch::new();
    let args = [
        "audit",
        "--profile=relase",
        "-D",
        "dirty-tre",
        "-A",
        "no-such-rule",
        "--expect=go_versio=1",
        "--expect=vcs.revision",
        "--expect=go_version=[",
        ".",
    ];
    let out = run_in(s.path(), &args);
    assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""));
    let lines: Vec<&str> = out.stderr.lines().collect();
    assert_eq!(lines.len(), 6, "{}", out.stderr);
    let wrong = [
        "relase",
        "dirty-tre",
        "no-such-rule",
        "go_versio",
        "vcs.revision",
        "`[`",
    ];
    for (line, wrong) in lines.iter().zip(wrong) {
        assert!(
            line.starts_with("gospect: ") && line.contains(wrong),
            "{line}"
        );
    }
}

#[test]
fn typing_mistakes_are_answered_with_what_was_meant() {
    let s = Scratch::new();
    for (args, says) in [
        (&["packages", "--summary", "x"][..], "an option of audit"),
        (&["diff", "--fail-on=", "a", "b"], "--fail-on"),
        (&["diff", "--fail-on= ,", "a", "b"], "--fail-on"),
        (&["explain", "missing-vcs"], "missing-vcs-stamp"),
        (&["scan", "--json", "x"], "write --format json"),
    ] {
        let out = run_in(s.path(), args);
        assert_eq!(out.code, Some(2), "{args:?}: {}", out.stderr);
        assert!(out.stderr.contains(says), "{args:?}: {}", out.stderr);
    }
}

#[test]
fn a_profile_is_explained_with_the_level_of_every_rule() {
    let s = Scratch::new();
    let policy = "[profiles.nightly]\nextends = \"release\"\n[profiles.nightly.rules]\nno-windows = \"error\"\ndirty-tree = \"off\"\n[[custom]]\nid = \"no-windows\"\nmessage = \"m\"\nall = [{ key = \"executable.os\", op = \"=\", value = \"windows\" }]\n";
    s.put("gospect.toml", policy.as_bytes());
    let levels = |name: &str| {
        let out = run_in(s.path(), &["explain", "--format=json", name]);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        let all: Value = serde_json::from_str(&out.stdout).unwrap();
        let explanations = all["explanations"].as_array().unwrap().clone();
        let mut profiles = explanations.into_iter().filter(|e| e["kind"] == "profile");
        profiles.next().unwrap()["rules"].clone()
    };
    let has = |levels: &Value, level: &str, rule: &str| {
        levels[level]
            .as_array()
            .unwrap()
            .iter()
            .any(|id| id == rule)
    };
    let release = levels("release");
    assert!(has(&release, "error", "dirty-tree"), "{release}");
    assert!(has(&release, "warning", "no-windows"), "{release}");
    let nightly = levels("nightly");
    assert!(has(&nightly, "off", "dirty-tree"), "{nightly}");
    assert!(has(&nightly, "error", "no-windows"), "{nightly}");
    let text = run_in(s.path(), &["explain", "nightly"]);
    assert!(text.stdout.contains("extends `release`"), "{}", text.stdout);
    let typo = run_in(s.path(), &["explain", "nightli"]);
    assert!(
        typo.stderr.contains("gospect explain nightly"),
        "{}",
        typo.stderr
    );
}

#[test]
fn a_name_that_is_not_in_the_program_gets_the_one_that_is() {
    let s = Scratch::new();
    let program = s.put_fixture("1.27-linux-amd64-trimstrip");
    let program = program.to_str().unwrap();
    let out = run_in(s.path(), &["why", "--format=json", program, "runtim"]);
    assert_eq!(out.code, Some(0));
    assert!(
        out.stderr.contains("did you mean `runtime`?"),
        "{}",
        out.stderr
    );
    let text = run_in(s.path(), &["why", program, "runtim"]);
    assert_eq!(text.stderr, "", "the answer itself has it");
    assert!(text.stdout.contains("names like it"), "{}", text.stdout);
    s.put("text", b"no program");
    let none = run_in(s.path(), &["why", "text", "os"]);
    assert_eq!(none.code, Some(3), "{}", none.stderr);
}

#[test]
fn a_gate_on_what_is_for_the_worse_catches_a_lost_trimpath() {
    let s = Scratch::new();
    let trimmed = s.put_fixture("1.27-linux-amd64-trimstrip");
    let program = std::fs::read(&trimmed).unwrap();
    let changed = crate::support::derive::edit_blob(&program, "-trimpath=true", "-trimpath=nope");
    s.put("old/app", &program);
    s.put("new/app", &changed);
    let gate = |words: &str, old: &str, new: &str| {
        let out = run_in(s.path(), &["diff", "--fail-on", words, old, new]);
        assert!(out.code.is_some_and(|code| code < 2), "{}", out.stderr);
        (out.code == Some(1), out.stdout)
    };
    let (failed, text) = gate("worse,removed", "old", "new");
    assert!(
        failed && text.contains("for the worse, marked `!`"),
        "{text}"
    );
    assert!(!gate("worse", "old", "old").0);
    assert!(!gate("module", "old", "new").0);
    let unknown = run_in(s.path(), &["diff", "--fail-on", "wrose", "old", "new"]);
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
}

#[test]
fn a_message_about_a_file_has_its_path_once_and_no_number_of_the_system() {
    let s = Scratch::new();
    let program = s.put_fixture("1.27-linux-amd64-trimstrip");
    let program = program.to_str().unwrap();
    for args in [
        &["scan", "nowhere/x"][..],
        &["audit", "--policy", "nowhere/x", program],
        &["audit", "--baseline", "nowhere/x", program],
        &["audit", "--go-sum", "nowhere/x", program],
        &["vuln", "--vex", "nowhere/x", program],
        &["vuln", "--db", "nowhere/x", program],
        &["why", "nowhere/x", "main.main"],
        &["rebuild", "nowhere/x"],
        &["sbom", "-o", "nowhere/x", program],
        &["diff", "nowhere/x", program],
        &["lint", "nowhere/x"],
    ] {
        let out = run_in(s.path(), args);
        assert_eq!(out.code, Some(2), "{args:?}: {}", out.stderr);
        let about = out.stderr.lines().filter(|line| line.contains("nowhere/x"));
        let about: Vec<&str> = about.collect();
        assert_eq!(about.len(), 1, "{args:?}: {}", out.stderr);
        assert_eq!(
            about[0].matches("nowhere/x").count(),
            1,
            "{args:?}: {}",
            about[0]
        );
        assert!(!about[0].contains("os error"), "{args:?}: {}", about[0]);
    }
}

#[test]
fn a_word_for_a_record_key_is_answered_with_the_key() {
    let s = Scratch::new();
    let program = s.put_fixture("1.27-linux-amd64-trimstrip");
    let program = program.to_str().unwrap();
    for (pair, key) in [
        ("tag=v1", "`version`"),
        ("commit=0123456", "`vcs.revision`"),
        ("trimpath=true", "`-trimpath`"),
        ("CGO_ENABLD=0", "`CGO_ENABLED`"),
    ] {
        let out = run_in(s.path(), &["audit", "--expect", pair, program]);
        assert_eq!(out.code, Some(2), "{pair}");
        assert!(
            out.stderr.contains(&format!("did you mean {key}?")),
            "{}",
            out.stderr
        );
    }
}
