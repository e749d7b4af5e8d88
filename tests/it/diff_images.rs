//! `gospect diff` of images: what changes for containers is seen, and what does not change is not.

use crate::support::cli::{Output, Scratch, run_in};
use crate::support::fixture;
use crate::support::pack::Member::{File, Moded, SymLink};
use crate::support::pack::{Member, docker_archive, docker_archives, tar};
use serde_json::{Value, json};

const PLATFORM: &str = "linux/amd64";

fn diff(scratch: &Scratch, old: &str, new: &str) -> Output {
    run_in(scratch.path(), &["diff", "--fail-on=worse", old, new])
}

/// An image that starts `app`, with these files.
fn image(config: &Value, files: &[Member]) -> Vec<u8> {
    let mut config = config.clone();
    if config["Entrypoint"].is_null() {
        config["Entrypoint"] = json!(["app"]);
    }
    docker_archive("r.example/app:1", PLATFORM, &config, &[tar(files)])
}

/// Compares two images, and asserts which line says what is worse; an empty one: nothing is.
fn assert_worse(old: &[u8], new: &[u8], line: &str) {
    let scratch = Scratch::new();
    scratch.put("old.tar", old);
    scratch.put("new.tar", new);
    let out = diff(&scratch, "old.tar", "new.tar");
    let marked = out.stdout.lines().filter(|line| line.starts_with(" !"));
    let marked: Vec<_> = marked.map(|line| line.trim_start_matches(" !")).collect();
    match line {
        "" => assert_eq!((out.code, &marked[..]), (Some(0), &[][..])),
        _ => {
            assert_eq!(out.code, Some(1), "{line}: {}", out.stdout);
            assert!(
                marked.iter().any(|seen| seen.contains(line)),
                "{line}: {marked:?}"
            );
        }
    }
}

#[test]
fn an_image_is_compared_with_itself() {
    let scratch = Scratch::new();
    let app = fixture("1.27-linux-amd64-strip");
    let layer = tar(&[File("usr/bin/app", &app)]);
    let user = |user: &str| json!({"Entrypoint": ["app"], "User": user});
    let two = [
        ("r.example/app:1", user("1000")),
        ("r.example/app:2", user("0")),
    ];
    scratch.put(
        "two.tar",
        &docker_archives(&two, PLATFORM, std::slice::from_ref(&layer)),
    );
    let out = diff(&scratch, "two.tar", "two.tar");
    assert_eq!(out.code, Some(0), "{}", out.stdout);
    assert!(
        out.stdout.starts_with("0 programs changed"),
        "{}",
        out.stdout
    );

    // The loss is seen at the image that has it.
    let lost = [
        ("r.example/app:2", user("0")),
        ("r.example/app:1", user("root")),
    ];
    scratch.put("lost.tar", &docker_archives(&lost, PLATFORM, &[layer]));
    let out = diff(&scratch, "two.tar", "lost.tar");
    assert_eq!(out.code, Some(1), "{}", out.stdout);
    assert!(out.stdout.contains("USER 1000 -> root"), "{}", out.stdout);
    assert!(!out.stdout.contains("app:2"), "{}", out.stdout);
}

#[test]
fn a_container_that_no_longer_starts_is_worse() {
    let app = fixture("1.27-linux-amd64-strip");
    let config = json!({"Entrypoint": ["/bin/start"]});
    let link = SymLink("bin/start", "/opt/app");
    let good = image(&config, &[File("opt/app", &app), link]);
    for (files, line) in [
        (
            &[Moded("opt/app", 0o644, &app), link][..],
            "execute bit /opt/app -> (none)",
        ),
        (
            &[File("opt/other", &app), link],
            "started program /opt/app -> not found",
        ),
        (
            &[File("opt/app", &app)],
            "started program /opt/app -> not found",
        ),
    ] {
        let bad = image(&config, files);
        assert_worse(&good, &bad, line);
        assert_worse(&bad, &good, "");
    }
    let wrapped = json!({"Entrypoint": ["tini", "--", "app"]});
    let tini = File("bin/tini", b"#!/bin/sh\n");
    let good = image(&wrapped, &[tini, File("bin/app", &app)]);
    let bad = image(&wrapped, &[tini, File("opt/app", &app)]);
    assert_worse(&good, &bad, "started program /bin/app -> /bin/tini");
}

#[test]
fn fips_mode_that_the_image_no_longer_sets_is_worse() {
    let app = fixture("1.27-linux-amd64-strip");
    let [with, without] = [json!(["GODEBUG=fips140=on"]), json!([])].map(|env| {
        let files = [File("usr/bin/app", &app)];
        image(&json!({"Env": env}), &files)
    });
    assert_worse(&with, &without, "fips140 on (environment) -> (none)");
    assert_worse(&without, &with, "");
}

#[test]
fn certificates_without_content_are_lost() {
    let app = fixture("1.27-linux-amd64-strip");
    let path = "etc/ssl/certs/ca-certificates.crt";
    let of = |content: &[u8]| {
        let files = [File("usr/bin/app", &app), File(path, content)];
        image(&json!({}), &files)
    };
    let line = "CA certificates /etc/ssl/certs -> (none)";
    assert_worse(&of(b"-----BEGIN CERTIFICATE-----\n"), &of(b""), line);
}

#[test]
fn no_report_has_a_secret_of_an_image() {
    let scratch = Scratch::new();
    let app = fixture("1.27-linux-amd64-strip");
    let config = |secret: &str, program: &str| {
        json!({
            "Entrypoint": [program, format!("--password={secret}")],
            "Cmd": ["--token", secret, "--port=80"],
            "Env": [format!("DB={secret}")],
        })
    };
    let files = [File("usr/bin/app", &app)];
    for (name, secret, program) in [
        ("old", "hunter2", "app"),
        ("new", "hunter3", "app"),
        ("broken", "hunter2", "missing"),
    ] {
        let image = image(&config(secret, program), &files);
        scratch.put(&format!("{name}.tar"), &image);
    }
    let texts = ["text", "json", "markdown", "html"];
    for (args, formats) in [
        (&["diff", "old.tar", "new.tar"][..], &texts[..]),
        (&["scan", "old.tar"], &["card", "table", "html"]),
        (&["audit", "--profile=container", "old.tar"], &texts),
        (&["audit", "broken.tar"], &texts),
        (&["audit", "broken.tar"], &["sarif", "github", "junit"]),
    ] {
        for format in formats {
            let out = run_in(scratch.path(), &[args, &["--format", format]].concat());
            assert!(!out.stdout.is_empty(), "{args:?} {format}: {}", out.stderr);
            assert!(
                !out.stdout.contains("hunter"),
                "{args:?} {format}: {}",
                out.stdout
            );
        }
    }
    let out = run_in(scratch.path(), &["diff", "old.tar", "new.tar"]);
    for (key, value) in [
        ("ENTRYPOINT", r#"["app","--password=another value"]"#),
        ("CMD", r#"["--token","another value","--port=80"]"#),
    ] {
        let line = out.stdout.lines().find(|line| line.contains(key));
        assert!(
            line.is_some_and(|line| line.contains(value)),
            "{}",
            out.stdout
        );
    }
}

#[test]
fn a_user_who_becomes_root_in_etc_passwd_is_worse() {
    let app = fixture("1.27-linux-amd64-strip");
    let of = |user: &str, accounts: &[u8]| {
        let files = [File("usr/bin/app", &app), File("etc/passwd", accounts)];
        image(&json!({"User": user}), &files)
    };
    let accounts = b"root:x:0:0\nadmin:x:1000:1000\n";
    let good = of("admin", accounts);
    let bad = of("admin:7", b"root:x:0:0\nadmin:x:0:0\n");
    assert_worse(&good, &bad, "USER admin -> admin:7 (uid 0)");
    assert_worse(&bad, &good, "");
    assert_worse(&good, &of("-0", accounts), "USER admin -> -0");
    assert_worse(&good, &of("1000", accounts), "");

    let scratch = Scratch::new();
    for (image, is_root) in [(&good, false), (&bad, true), (&of("-0", accounts), true)] {
        scratch.put("image.tar", image);
        let args = ["audit", "-A", "all", "-W", "runs-as-root", "image.tar"];
        let out = run_in(scratch.path(), &args);
        assert_eq!(
            out.stdout.contains("warning[runs-as-root]"),
            is_root,
            "{}",
            out.stdout
        );
    }
}
