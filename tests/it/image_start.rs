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
    for line in [
        "1 program that a later layer of the image hides: not held against expectations",
        "1 expectation holds for 1 program",
    ] {
        assert!(out.stderr.contains(line), "{}", out.stderr);
    }
}
