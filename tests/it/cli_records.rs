//! `records:` targets: every command gives the same result for the records of a scan as for the files.

use crate::support::cli::{Output, Scratch, command, finish, run_in};
use crate::support::fixture;
use crate::support::pack::Member::{File, HardLink};
use crate::support::pack::{docker_archive, gzip, tar, zip};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

fn place() -> Scratch {
    let scratch = Scratch::new();
    for id in [
        "1.27-linux-amd64-deps",
        "1.27-linux-amd64-fips",
        "1.21-linux-amd64-strip",
        "c-linux-amd64",
    ] {
        let path = scratch.put_fixture(id);
        let to = scratch.path().join("dist").join(id);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(path, to).unwrap();
    }
    scratch
}

/// An image with a hidden copy and a missing library, and a directory with archives, one of them broken.
fn containers() -> Scratch {
    let s = Scratch::new();
    let [old, new, cgo] = [
        "1.21-linux-amd64-strip",
        "1.27-linux-amd64-strip",
        "1.27-linux-amd64-cgo",
    ]
    .map(fixture);
    let layers = [
        tar(&[File("app", &old), File("tool", &cgo)]),
        tar(&[
            File("app", &new),
            File("lib64/ld-linux-x86-64.so.2", b"\x7fELF"),
        ]),
    ];
    let config = json!({
        "Entrypoint": ["/app"], "Env": ["GODEBUG=asynctimerchan=1", "GOFLAGS=-mod=mod"],
        "Labels": {"org.opencontainers.image.version": "v1.0.0"},
    });
    s.put(
        "shop.tar",
        &docker_archive("shop:1.2", "linux/arm64", &config, &layers),
    );
    s.put(
        "dist/app_1.2.3.tar.gz",
        &gzip(&tar(&[
            File("bin/app", &new),
            HardLink("bin/twin", "bin/app"),
        ])),
    );
    s.put("dist/tools.zip", &zip("cgo", &cgo));
    let broken = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[7; 40_000]].concat();
    s.put("dist/broken.tar.gz", &broken);
    s
}

fn run(s: &Scratch, args: &[&str]) -> Output {
    finish(
        command()
            .current_dir(s.path())
            .env("SOURCE_DATE_EPOCH", "1795392000")
            .args(args),
    )
}

fn save(s: &Scratch, target: &str, name: &str) -> String {
    let out = run(s, &["scan", "--format=ndjson", "-o", name, target]);
    assert!(out.stdout.is_empty());
    std::fs::read_to_string(s.path().join(name)).unwrap()
}

const COMMANDS: &[&[&str]] = &[
    &["scan"],
    &["scan", "--format=card"],
    &["scan", "--format=table"],
    &["scan", "--format=json"],
    &["scan", "--format=ndjson"],
    &["scan", "--format=csv"],
    &["scan", "--format=html"],
    &["scan", "--require"],
    &["audit", "--today=2026-11-22"],
    &["audit", "--today=2026-11-22", "--fail-on=note"],
    &["audit", "--today=2026-11-22", "--format=json"],
    &["audit", "--today=2026-11-22", "--format=sarif"],
    &["audit", "--today=2026-11-22", "--format=junit"],
    &["audit", "--today=2026-11-22", "--format=github"],
    &["audit", "--today=2026-11-22", "--format=gitlab"],
    &["audit", "--today=2026-11-22", "--format=markdown"],
    &["audit", "--today=2026-11-22", "--format=html"],
    &["sbom"],
    &["sbom", "--format=spdx"],
    &["fips"],
    &["fips", "--format=json"],
];

#[test]
fn a_saved_scan_gives_the_same_bytes_and_the_same_code() {
    let s = place();
    for target in [
        "dist",
        "dist/1.27-linux-amd64-deps",
        "dist/c-linux-amd64",
        "missing",
    ] {
        same(&s, target);
    }
}

#[test]
fn a_saved_scan_of_an_image_or_of_archives_gives_the_same_too() {
    let s = containers();
    for target in ["shop.tar", "docker-archive:shop.tar:shop:1.2", "dist", "."] {
        same(&s, target);
    }
    let results = Scratch::new();
    let saved = ["0", "1"].map(|name| results.path().join(name).display().to_string());
    for pair in [["shop.tar", "dist"], ["dist", "."]] {
        for (name, target) in saved.iter().zip(pair) {
            // Equal bytes are told by digests.
            run(
                &s,
                &["scan", "--hash", "--format=ndjson", "-o", name, target],
            );
        }
        for format in ["text", "json", "markdown"] {
            let diff = |sides: [&str; 2]| {
                let out = run(
                    &s,
                    &[
                        "diff",
                        "--fail-on=any",
                        "--format",
                        format,
                        sides[0],
                        sides[1],
                    ],
                );
                (out.code, out.stdout)
            };
            let direct = diff(pair);
            assert_eq!(direct.0, Some(1), "{pair:?}");
            assert_eq!(
                direct,
                diff([
                    &*format!("records:{}", saved[0]),
                    &*format!("records:{}", saved[1])
                ]),
                "{pair:?} {format}"
            );
        }
    }
}

/// Runs every command on the target and on its records.
fn same(s: &Scratch, target: &str) {
    // Outside the scanned directory.
    let results = Scratch::new();
    let name = results.path().join("saved.ndjson").display().to_string();
    save(s, target, &name);
    for args in COMMANDS {
        let direct = run(s, &[args, &[target][..]].concat());
        let saved = run(s, &[args, &[&*format!("records:{name}")][..]].concat());
        assert_eq!(
            direct.code, saved.code,
            "{args:?} {target}: {}",
            saved.stderr
        );
        let direct = without_largest_packages(&direct.stdout);
        assert_eq!(direct, saved.stdout, "{args:?} {target}");
    }
}

/// A card without its largest packages: only records that were written with `--symbols` have packages.
fn without_largest_packages(text: &str) -> String {
    let mut sections = text.split("\n\n").collect::<Vec<_>>();
    sections.retain(|section| !section.starts_with("  largest packages ("));
    sections.join("\n\n")
}

#[test]
fn either_side_of_a_diff_may_be_records() {
    let s = place();
    save(&s, "dist/1.27-linux-amd64-deps", "old.ndjson");
    save(&s, "dist/1.21-linux-amd64-strip", "new.ndjson");
    let files = ["dist/1.27-linux-amd64-deps", "dist/1.21-linux-amd64-strip"];
    for format in ["text", "json", "markdown"] {
        let diff = |old, new| run(&s, &["diff", "--fail-on=any", "--format", format, old, new]);
        let direct = diff(files[0], files[1]);
        assert_eq!(direct.code, Some(1), "{}", direct.stderr);
        for [old, new] in [
            ["records:old.ndjson", files[1]],
            [files[0], "records:new.ndjson"],
            ["records:old.ndjson", "records:new.ndjson"],
        ] {
            let saved = diff(old, new);
            assert_eq!(
                (saved.code, saved.stdout),
                (Some(1), direct.stdout.clone()),
                "{format}"
            );
        }
    }
}

#[test]
fn records_come_through_a_pipe() {
    let s = place();
    let text = save(&s, "dist", "saved.ndjson");
    let mut child = command()
        .current_dir(s.path())
        .args(["scan", "--format=json", "records:-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.stdout, run(&s, &["scan", "--format=json", "dist"]).raw);
}

#[test]
fn records_and_files_are_judged_together() {
    let s = place();
    save(&s, "dist/1.27-linux-amd64-deps", "saved.ndjson");
    let out = run(
        &s,
        &[
            "scan",
            "--format=json",
            "records:saved.ndjson",
            "dist/1.21-linux-amd64-strip",
        ],
    );
    let all: serde_json::Value = serde_json::from_str(&out.stdout).unwrap();
    let paths: Vec<_> = all["binaries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["path"].clone())
        .collect();
    assert_eq!(
        paths,
        ["dist/1.27-linux-amd64-deps", "dist/1.21-linux-amd64-strip"]
    );
    assert_eq!(all["targets"].as_array().unwrap().len(), 2);
    assert_eq!(all["reach"]["go"], 2);
    assert_eq!(all["summary"]["go_versions"]["go1.21.13"], 1);
}

#[test]
fn readable_lines_of_a_broken_stream_are_reported_and_the_fault_with_its_line() {
    let s = place();
    s.put("good", &fixture("1.27-linux-amd64-fips"));
    let text = save(&s, "dist", "saved.ndjson");
    let lines: Vec<&str> = text.lines().collect();
    let n = lines.len();
    // Content; line of the error; its message; whether programs before and after it are reported.
    for (content, line, word, is_reported) in [
        (lines[..n - 1].join("\n"), n, "end", true),
        (
            text.replacen("gospect/1", "gospect/7", 1),
            1,
            "gospect/7",
            false,
        ),
        (
            text.replacen("\"type\":\"binary\"", "\"type\":\"binary\",,", 1),
            2,
            "not a record",
            true,
        ),
        (lines[1..].join("\n"), 1, "run", false),
        (String::new(), 1, "nothing", false),
        (format!("{text}{text}"), n + 1, "follows", true),
    ] {
        s.put("bad.ndjson", content.as_bytes());
        for args in [
            &["scan"][..],
            &["audit"],
            &["sbom"],
            &["fips"],
            &["diff", "dist"],
        ] {
            let out = run(&s, &[args, &["records:bad.ndjson"][..]].concat());
            assert_eq!(out.code, Some(2), "{args:?} {word}");
            let says = |error: &str| {
                error.contains(&format!("records:bad.ndjson: line {line}:")) && error.contains(word)
            };
            assert!(out.stderr.lines().any(says), "{args:?}: {}", out.stderr);
        }
        // A second target is reported whatever the first one is, in every format.
        for format in ["ndjson", "json", "csv", "table", "html"] {
            let format_flag = format!("--format={format}");
            let out = run(&s, &["scan", &format_flag, "records:bad.ndjson", "good"]);
            assert_eq!(out.code, Some(2), "{format} {word}");
            assert!(
                out.stdout.contains("good"),
                "{format} {word}: {}",
                out.stdout
            );
            let first = "1.27-linux-amd64-deps";
            let is_table = format == "table" || word == "not a record";
            assert!(
                out.stdout.contains(first) == is_reported || is_table,
                "{format} {word}: {}",
                out.stdout
            );
        }
        let out = run(&s, &["scan", "--format=json", "records:bad.ndjson", "good"]);
        let document: Value = serde_json::from_str(&out.stdout).unwrap();
        // The `end` line also counts the program whose line is invalid.
        let lost = u64::from(word == "not a record");
        let binaries = document["binaries"].as_array().unwrap().len() as u64 + lost;
        assert_eq!(document["reach"]["go"].as_u64(), Some(binaries), "{word}");
        let unexamined = document["unexamined"].as_array().unwrap();
        assert!(
            unexamined.iter().any(|u| u["path"] == "records:bad.ndjson"),
            "{word}: {unexamined:?}"
        );
    }
    let out = run_in(s.path(), &["audit", "records:missing.ndjson"]);
    assert_eq!(out.code, Some(2));
    // The same for other named inputs: lists, their lines, baselines.
    s.put("list", b"good\ndocker:x\n");
    for args in [
        &["scan", "--files-from=list", "--format=ndjson"][..],
        &["scan", "--files-from=no-list", "--format=ndjson", "good"],
        &[
            "audit",
            "--baseline=no-baseline",
            "--format=json",
            "-W",
            "all",
            "good",
        ],
    ] {
        let out = run_in(s.path(), args);
        assert_eq!(out.code, Some(2), "{args:?}: {}", out.stderr);
        assert!(out.stdout.contains("good"), "{args:?}: {}", out.stderr);
    }
}

#[test]
fn build_info_alone_is_not_enough_to_judge() {
    let s = place();
    run(
        &s,
        &[
            "scan",
            "--facts=build-info",
            "--format=ndjson",
            "-o",
            "small.ndjson",
            "dist",
        ],
    );
    for args in [&["audit"][..], &["fips"], &["diff", "dist"]] {
        let out = run(&s, &[args, &["records:small.ndjson"][..]].concat());
        assert_eq!(out.code, Some(2), "{args:?}");
        assert!(out.stderr.contains("build info"), "{}", out.stderr);
    }
    assert_eq!(run(&s, &["scan", "records:small.ndjson"]).code, Some(0));
    assert_eq!(run(&s, &["sbom", "records:small.ndjson"]).code, Some(0));
    let env = run(
        &s,
        &["scan", "--env=GODEBUG=gctrace=1", "records:small.ndjson"],
    );
    assert_eq!(env.code, Some(2));
    assert!(env.stderr.contains("--env"), "{}", env.stderr);
}
