//! Exit codes: 2 takes precedence over 1, and 1 over 3, for every command and every combination of failures.

use crate::support::cli::{Scratch, run_in};
use crate::support::pack::Member::File;
use crate::support::pack::{docker_archive, tar};
use crate::support::{derive, fixture};
use serde_json::json;
use test_support::archives::gzip;

const OLD: &str = "1.21-linux-amd64-strip";
const DAY: &str = "--today=2026-11-22";

/// `go`, an old program; `fips` and `spoilt`; `text`, not Go; `dir`, a program and a file below the minimum size; `broken`, a
/// program beside a truncated archive; `empty`; an image with a layer of another digest; truncated records; `cut...`, what ends too
/// early; `cuts`, a program beside one that ends too early.
fn place() -> Scratch {
    let s = Scratch::new();
    let old = fixture(OLD);
    s.put("go", &old);
    s.put("fips", &fixture("1.27-linux-amd64-fips-v1"));
    s.put(
        "spoilt",
        &derive::spoil_fips_sum(&fixture("1.27-linux-amd64-fips-v1")),
    );
    s.put("text", b"no program at all");
    s.put("dir/app", &old);
    s.put("dir/note", b"small");
    s.put("broken/app", &old);
    s.put(
        "broken/a.tar.gz",
        &[&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[7; 40_000]].concat(),
    );
    std::fs::create_dir(s.path().join("empty")).unwrap();
    let layer = tar(&[File("app", &old), File("etc/motd", b"a word of welcome")]);
    let image = docker_archive(
        "shop:1.2",
        "linux/amd64",
        &json!({"Entrypoint": ["/app"]}),
        &[layer],
    );
    s.put("image.tar", &image);
    let at = memchr::memmem::find(&image, b"a word of welcome").unwrap();
    let mut changed = image;
    changed[at] ^= 1;
    s.put("changed.tar", &changed);
    let release = tar(&[File("first", &old), File("second", &old)]);
    let cut = release.len() - old.len() / 2;
    s.put("cut.tar", &release[..cut]);
    let packed = gzip(&release);
    s.put("cut.tgz", &packed[..packed.len() * 3 / 4]);
    // The parts of the program that say what it is are there.
    s.put("cut", &old[..old.len() * 9 / 10]);
    s.put("cuts/cut", &old[..old.len() * 9 / 10]);
    s.put("cuts/go", &old);
    let layer = tar(&[File("app", &old), File("other", &old)]);
    let cut = layer.len() - old.len() / 2;
    let layers = [layer[..cut].to_vec()];
    let entrypoint = json!({"Entrypoint": ["/app"]});
    s.put(
        "cut-layer.tar",
        &docker_archive("shop:1.2", "linux/amd64", &entrypoint, &layers),
    );
    let saved = run_in(s.path(), &["scan", "--format=ndjson", "go"]).stdout;
    s.put("whole.ndjson", saved.as_bytes());
    let hashed = run_in(s.path(), &["scan", "--hash", "--format=ndjson", "go"]).stdout;
    s.put("hashed.ndjson", hashed.as_bytes());
    let end = saved.trim_end().rfind('\n').unwrap();
    s.put("cut.ndjson", &saved.as_bytes()[..end]);
    let failed = run_in(s.path(), &["scan", "--format=ndjson", "go", "missing"]).stdout;
    s.put("failed.ndjson", failed.as_bytes());
    s
}

fn check(s: &Scratch, args: &[&str], want: i32) {
    let out = run_in(s.path(), args);
    assert_eq!(
        out.code,
        Some(want),
        "{args:?}\n{}{}",
        out.stdout,
        out.stderr
    );
    // Codes 2 and 3 come with a message.
    assert!(want < 2 || !out.stderr.is_empty(), "{args:?}");
}

/// Targets (with flags that every command has), their code without findings, and with findings.
const TARGETS: &[(&[&str], i32, i32)] = &[
    (&["go"], 0, 1),
    (&["dir"], 0, 1),
    (&["--strict", "dir"], 0, 1),
    (&["broken"], 0, 1),
    (&["--strict", "broken"], 2, 2),
    (&["text"], 3, 3),
    (&["--strict", "text"], 3, 3),
    (&["empty"], 3, 3),
    (&["text", "empty"], 3, 3),
    (&["go", "text", "empty"], 0, 1),
    (&["missing"], 2, 2),
    (&["go", "missing"], 2, 2),
    (&["text", "missing"], 2, 2),
    (&["image.tar"], 0, 1),
    (&["changed.tar"], 2, 2),
    (&["go", "changed.tar"], 2, 2),
    (&["cut"], 2, 2),
    (&["file:cut"], 2, 2),
    (&["cut.tar"], 2, 2),
    (&["cut.tgz"], 2, 2),
    (&["cut-layer.tar"], 2, 2),
    (&["go", "cut.tgz"], 2, 2),
    (&["cuts"], 0, 1),
    (&["docker-archive:image.tar:shop:9.9"], 2, 2),
    (&["docker:shop"], 2, 2),
    (&["records:whole.ndjson"], 0, 1),
    (&["records:cut.ndjson"], 2, 2),
    (&["go", "records:cut.ndjson"], 2, 2),
    (&["records:failed.ndjson"], 2, 2),
    (&["records:text"], 2, 2),
    (&["--no-such-flag", "go"], 2, 2),
    (&["--jobs=none", "go"], 2, 2),
];

#[test]
fn each_command_ends_as_its_targets_do() {
    let s = place();
    for (targets, quiet, found) in TARGETS {
        let with = |args: &[&str], want| check(&s, &[args, targets].concat(), want);
        with(&["audit", DAY, "-Aall"], *quiet);
        with(&["audit", DAY, "-Dunsupported-toolchain"], *found);
        with(&["sbom"], *quiet);
        with(&["fips"], *quiet);
        with(&["scan", "--require"], *quiet);
        // "Not Go" is a result, unless a program was required.
        with(&["scan"], if *quiet == 3 { 0 } else { *quiet });
    }
}

#[test]
fn a_checksum_that_does_not_match_is_1_and_2_beats_it() {
    let s = place();
    for (targets, want) in [
        (&["fips"][..], 0),
        (&["spoilt"], 1),
        (&["fips", "spoilt", "text"], 1),
        (&["spoilt", "missing"], 2),
        (&["--strict", "spoilt", "broken"], 2),
    ] {
        check(&s, &[&["fips"], targets].concat(), want);
    }
}

#[test]
fn a_difference_counts_when_asked_for_and_2_beats_it() {
    let s = place();
    for (args, want) in [
        (&["go", "fips"][..], 0),
        (&["--fail-on=any", "go", "fips"], 1),
        (&["--fail-on=any", "go", "go"], 0),
        // Without digests it is unknown whether something changed.
        (&["--fail-on=any", "go", "records:whole.ndjson"], 2),
        (&["--fail-on=module", "go", "records:whole.ndjson"], 0),
        (&["--fail-on=any", "go", "records:hashed.ndjson"], 0),
        (&["--fail-on=any", "go", "missing"], 2),
        (&["--fail-on=any", "missing", "go"], 2),
        (&["--fail-on=any", "go", "changed.tar"], 2),
        (&["--fail-on=any", "go", "records:cut.ndjson"], 2),
        (&["go", "cut"], 2),
        (&["cut.tgz", "go"], 2),
        (&["--fail-on=any", "--strict", "go", "broken"], 2),
        (&["--fail-on=any", "go", "broken"], 0),
        (&["--fail-on=nothing", "go", "go"], 2),
        (&["go"], 2),
    ] {
        check(&s, &[&["diff"], args].concat(), want);
    }
}

#[test]
fn a_program_that_ends_too_early_is_2_for_each_command() {
    let s = place();
    for args in [
        &["why", "cut", "os.Exit"][..],
        &["why", "--format=json", "cut", "os.Exit"],
        &["rebuild", "cut"],
        &["rebuild", "--recipe", "cut"],
        &["packages", "cut"],
        &["vuln", DAY, "cut"],
        &["verify", "--sumdb=offline", "cut"],
    ] {
        check(&s, args, 2);
    }
    let audit = run_in(s.path(), &["audit", DAY, "cut"]);
    assert!(
        audit.stdout.contains("[unexamined-file]"),
        "{}",
        audit.stdout
    );
}

#[test]
fn threshold_level_waiver_and_baseline_decide_together() {
    const LEVELS: [&str; 3] = ["note", "warning", "error"];
    let s = place();
    let base = run_in(
        s.path(),
        &["audit", DAY, "--write-baseline=base.json", "go"],
    );
    assert_eq!(base.code, Some(0), "{}", base.stderr);
    let waiver = |path: &str, expires: &str| {
        format!(
            "[[waivers]]\nrule = \"unsupported-toolchain\"\npath = \"{path}\"\nreason = \"r\"\nexpires = {expires}\n"
        )
    };
    for (level, name) in LEVELS.iter().enumerate() {
        let rule = format!("[rules]\nunsupported-toolchain = \"{name}\"\n");
        for (threshold, fail_on) in LEVELS.iter().enumerate() {
            let counts = i32::from(level >= threshold);
            for (policy, baseline, want) in [
                (String::new(), None, counts),
                (waiver("go", "2026-11-22"), None, 0),
                (waiver("other", "2026-11-22"), None, counts),
                (waiver("go", "2026-11-21"), None, counts),
                (String::new(), Some("--baseline=base.json"), 0),
                (waiver("go", "2026-11-22"), Some("--baseline=base.json"), 0),
                (waiver("go", "2026-11-21"), Some("--baseline=base.json"), 0),
            ] {
                s.put("policy.toml", format!("{rule}{policy}").as_bytes());
                let fail_on = format!("--fail-on={fail_on}");
                let mut args = vec!["audit", DAY, "--policy=policy.toml", &fail_on];
                // Findings about the waiver itself do not matter here.
                args.extend(["-Aexpired-waiver", "-Aunused-waiver", "-Agodebug*"]);
                args.extend(baseline);
                args.push("go");
                check(&s, &args, want);
                args.push("missing");
                check(&s, &args, 2);
            }
        }
    }
}

#[test]
fn a_baseline_is_not_written_over_a_failure() {
    let s = place();
    check(
        &s,
        &["audit", DAY, "--write-baseline=b.json", "go", "missing"],
        2,
    );
    assert!(!s.path().join("b.json").exists());
    check(
        &s,
        &["audit", DAY, "--write-baseline=no/such/b.json", "go"],
        2,
    );
    check(
        &s,
        &["audit", DAY, "--write-baseline=b.json", "-Dall", "go"],
        0,
    );
    check(&s, &["audit", DAY, "--write-baseline=b.json", "text"], 3);
}
