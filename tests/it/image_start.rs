//! What ENTRYPOINT and CMD change in the environment of the program that they start.

use crate::support::cli::{Scratch, command, finish};
use crate::support::fixture;
use crate::support::pack::Member::File;
use crate::support::pack::{docker_archive, tar};
use serde_json::json;

/// What the error about a GODEBUG setting that kills the program says to do, if `audit` reports one for `/app` of this image.
fn advice(scratch: &Scratch, entrypoint: &[&str], env: &[&str]) -> Option<String> {
    let app = fixture("1.27-linux-amd64-strip");
    let members = [
        File("app", &app),
        File("bin/sh", b"#!"),
        File("usr/bin/env", b"#!"),
        File("sbin/tini", b"#!"),
        File("other", &app),
    ];
    let config = json!({ "Entrypoint": entrypoint, "Env": env });
    let image = docker_archive("app:1", "linux/amd64", &config, &[tar(&members)]);
    scratch.put("app.tar", &image);
    let out =
        finish(
            command()
                .current_dir(scratch.path())
                .args(["audit", "--format=json", "app.tar"]),
        );
    let document: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    let fatal = findings.iter().find(|finding| {
        finding["rule"] == "godebug-fatal" && finding["path"].as_str().unwrap().ends_with("/app")
    });
    fatal.map(|finding| finding["help"].as_str().unwrap().to_owned())
}

#[test]
fn the_program_starts_with_what_entrypoint_sets_and_without_what_it_takes_out() {
    let scratch = Scratch::new();
    let of = |entrypoint: &[&str], env: &[&str]| advice(&scratch, entrypoint, env);
    let bad = "GODEBUG=asynctimerchan=1";
    for (entrypoint, env) in [
        (&["/usr/bin/env", bad, "/app"][..], &[][..]),
        (&["sh", "-c", "GODEBUG=asynctimerchan=1 exec /app"], &[]),
        (&["tini", "--", "env", bad, "/app"], &[]),
        (&["env", "-S", "GODEBUG=asynctimerchan=1 /app"], &[]),
        (&["env", bad, "/app"], &["GODEBUG=asynctimerchan=0"]),
    ] {
        let help = of(entrypoint, env).unwrap_or_else(|| panic!("{entrypoint:?}"));
        assert!(help.contains("out of the ENTRYPOINT or CMD"), "{help}");
    }
    let help = of(&["/app"], &[bad]).unwrap();
    assert!(help.contains("`ENV GODEBUG=`"), "{help}");
    for entrypoint in [
        &["env", "-u", "GODEBUG", "/app"][..],
        &["env", "-i", "/app"],
        &["env", "GODEBUG=asynctimerchan=0", "/app"],
    ] {
        assert_eq!(of(entrypoint, &[bad]), None, "{entrypoint:?}");
    }
}

#[test]
fn expectations_say_which_hidden_programs_they_leave_out() {
    let scratch = Scratch::new();
    let old = fixture("1.21-linux-amd64-strip");
    let new = fixture("1.27-linux-amd64-strip");
    let layers = [&old, &new].map(|app| tar(&[File("app", app)]));
    let config = json!({ "Entrypoint": ["/app"] });
    let image = docker_archive("app:1", "linux/amd64", &config, &layers);
    scratch.put("app.tar", &image);
    let args = ["audit", "-A", "all", "--expect=go_version>=1.27", "app.tar"];
    let out = finish(command().current_dir(scratch.path()).args(args));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let with_format = args.iter().copied().chain(["--format=json"]);
    let document = finish(command().current_dir(scratch.path()).args(with_format)).stdout;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let expected =
        json!({ "expectations": 1, "programs": 1, "hidden": 1, "other_architectures": 0 });
    assert_eq!(document["expected"], expected);
    for line in [
        "1 program hidden by a later layer, and so never started: not held against expectations",
        "1 expectation holds for 1 program",
    ] {
        assert!(out.stderr.contains(line), "{}", out.stderr);
    }
}

#[test]
fn a_comparison_of_images_says_what_their_configurations_change() {
    let scratch = Scratch::new();
    let app = fixture("1.27-linux-amd64-strip");
    let layer = tar(&[
        File("app", &app),
        File("etc/ssl/certs/ca-certificates.crt", b"x"),
    ]);
    let image = |name: &str, config: serde_json::Value| {
        let archive = docker_archive(
            "r.example/app:1",
            "linux/amd64",
            &config,
            std::slice::from_ref(&layer),
        );
        scratch.put(name, &archive);
    };
    image(
        "old.tar",
        json!({ "Entrypoint": ["/app"], "User": "65532" }),
    );
    image(
        "new.tar",
        json!({ "Entrypoint": ["/app", "serve"], "Env": ["TOKEN=s3cret"] }),
    );
    let diff = |args: &[&str]| {
        finish(
            command()
                .current_dir(scratch.path())
                .args(["diff", "old.tar", "new.tar"])
                .args(args),
        )
    };
    let out = diff(&["--fail-on", "worse"]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    for text in [
        "image r.example/app:1  (linux/amd64)",
        "!~ image      USER 65532 -> root",
        "the container runs as root",
        r#"ENTRYPOINT ["/app"] -> ["/app","serve"]"#,
        "ENV TOKEN (none) -> a value",
        "1 image changed, 0 programs changed, 1 unchanged (same bytes): image 3",
    ] {
        assert!(out.stdout.contains(text), "{text}:\n{}", out.stdout);
    }
    assert!(
        out.stderr.contains("failed on: worse (1 image)"),
        "{}",
        out.stderr
    );
    for format in ["markdown", "html", "json"] {
        let out = diff(&["--format", format, "--fail-on=image"]);
        assert_eq!(out.code, Some(1), "{}", out.stderr);
        assert!(out.stdout.contains("65532"), "{format}: {}", out.stdout);
        assert!(!out.stdout.contains("s3cret"), "{format}");
    }
    let out = diff(&["--format=json"]);
    let document: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(document["images"][0]["changes"][0]["worse"], true);
    assert_eq!(document["pairs"], json!([]));
}

#[test]
fn vulnerabilities_of_a_hidden_program_are_said_and_do_not_count() {
    let scratch = Scratch::new();
    let old = fixture("1.19-linux-amd64-strip");
    let layers = [
        tar(&[File("app", &old)]),
        tar(&[File("app", b"#!/bin/sh\n")]),
    ];
    let image = docker_archive("app:1", "linux/amd64", &json!({}), &layers);
    scratch.put("app.tar", &image);
    let run = |args: &[&str]| {
        finish(
            command()
                .current_dir(scratch.path())
                .args(args)
                .args(["--cache=off", "app.tar"]),
        )
    };
    let out = run(&["vuln"]);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    let line = out
        .stdout
        .lines()
        .find(|l| l.starts_with("not counted, because a later layer"));
    let line = line.unwrap_or_else(|| panic!("{}", out.stdout));
    assert!(line.contains("1 vulnerability in /app;"), "{line}");
    assert!(!out.stdout.contains("rebuild with"), "{}", out.stdout);
    let out = run(&["sbom", "--vulns"]);
    let bill: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    let all = bill["vulnerabilities"].as_array().unwrap();
    let detail = |v: &serde_json::Value| v["analysis"]["detail"].as_str().unwrap().to_owned();
    assert!(all.iter().all(|v| v["analysis"]["state"] != "exploitable"));
    assert!(
        all.iter()
            .any(|v| detail(v).starts_with("a later layer of the image hides"))
    );
    let out = run(&["vuln", "--format=openvex"]);
    assert!(!out.stdout.contains("\"affected\""), "{}", out.stdout);
    let out = run(&["audit", "-D", "vulnerabilities", "--format=json"]);
    assert!(!out.stdout.contains("vulnerable-symbol"), "{}", out.stdout);
}

#[test]
fn a_program_of_the_same_bytes_is_said_to_be_so() {
    let scratch = Scratch::new();
    let (old, new) = (
        fixture("1.21-linux-amd64-strip"),
        fixture("1.27-linux-amd64-strip"),
    );
    let layers = [&old, &new].map(|app| tar(&[File("app", app)]));
    for (env, text) in [
        (json!({}), "0 programs changed, 1 unchanged (same bytes)"),
        (
            json!({ "Env": ["GODEBUG=http2client=0"] }),
            "  = content    same bytes",
        ),
    ] {
        scratch.put(
            "app.tar",
            &docker_archive("app:1", "linux/amd64", &env, &layers),
        );
        scratch.put("app", &new);
        let args = ["diff", "app", "app.tar!/app"];
        let out = finish(command().current_dir(scratch.path()).args(args));
        assert!(out.stdout.contains(text), "{text}: {}", out.stdout);
        let hidden =
            "app.tar!/app: 1 program hidden by a later layer, and so never started: not compared";
        assert!(out.stderr.contains(hidden), "{}", out.stderr);
    }
    // Programs with one change in common.
    let layer = tar(&[File("app", &new), File("tool", &new)]);
    let env = json!({ "Env": ["GODEBUG=http2client=0"] });
    scratch.put(
        "two.tar",
        &docker_archive("app:1", "linux/amd64", &env, &[layer]),
    );
    scratch.put("dist/app", &new);
    scratch.put("dist/tool", &new);
    for args in [
        &["diff", "dist", "two.tar"][..],
        &["diff", "--summary", "dist", "two.tar"],
    ] {
        let out = finish(command().current_dir(scratch.path()).args(args));
        let text = "2 programs changed (the same bytes), 0 unchanged";
        assert!(out.stdout.contains(text), "{text}: {}", out.stdout);
        let lines = out.stdout.matches("  = content    same bytes").count();
        assert_eq!(lines, usize::from(args.len() == 3), "{}", out.stdout);
    }
}
