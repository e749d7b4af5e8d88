//! scripts/bench-guard.sh: a build that takes more instructions than the one before is refused.

use crate::support::cli::{Output, Scratch, finish};
use crate::support::needs;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LEAD: &str = "# instructions; rustc version 1.95.0; glibc 2.36; valgrind-3.19.0; x86_64\n";

fn guard(scratch: &Scratch, args: &[&str]) -> Output {
    let mut command = Command::new("sh");
    command.arg(format!("{ROOT}/scripts/bench-guard.sh"));
    finish(command.args(args).current_dir(scratch.path()))
}

#[test]
fn a_loss_is_refused_and_named() {
    if !needs(&["python3"]) {
        return;
    }
    let scratch = Scratch::new();
    let figures = |name: &str, start: u64, facts: u64| {
        let rows = format!("start\t{start}\nfacts of one program\t{facts}\n");
        scratch.put(name, [LEAD, &rows].concat().as_bytes());
    };
    figures("old.tsv", 1_000_000, 5_000_000);
    for (name, start, facts, code, expected) in [
        ("same.tsv", 1_000_000, 5_000_000, 0, ""),
        ("noise.tsv", 1_029_000, 4_990_000, 0, ""),
        (
            "lost.tsv",
            900_000,
            5_160_000,
            1,
            "more than 3 % lost: facts of one program (+3.2 %)",
        ),
        (
            "gained.tsv",
            900_000,
            5_000_000,
            0,
            "gained, renew the figures to keep it: start",
        ),
    ] {
        figures(name, start, facts);
        let out = guard(&scratch, &["old.tsv", name]);
        assert_eq!(out.code, Some(code), "{name}: {}{}", out.stdout, out.stderr);
        assert!(out.stdout.contains(expected), "{name}: {}", out.stdout);
    }
    let lost = guard(&scratch, &["old.tsv", "lost.tsv"]);
    let renewal = "scripts/bench-guard.sh --write old.tsv target/guard/gospect";
    assert!(lost.stdout.contains(renewal), "{}", lost.stdout);
    let wider = guard(&scratch, &["--bound", "4", "old.tsv", "lost.tsv"]);
    assert_eq!(wider.code, Some(0), "{}", wider.stdout);

    // Figures of another compiler are not compared, and a case that one side lacks is reported.
    let other = [
        &LEAD.replace("1.95.0", "1.96.0"),
        "start\t9000000\nfacts of one program\t9\n",
    ]
    .concat();
    scratch.put("other.tsv", other.as_bytes());
    let out = guard(&scratch, &["old.tsv", "other.tsv"]);
    assert_eq!(out.code, Some(0));
    assert!(out.stdout.contains("nothing is refused"), "{}", out.stdout);
    scratch.put("few.tsv", [LEAD, "start\t1000000\n"].concat().as_bytes());
    let out = guard(&scratch, &["old.tsv", "few.tsv"]);
    assert!(
        out.stdout
            .contains("not in the figures, renew them: facts of one program"),
        "{}",
        out.stdout
    );

    scratch.put("broken.tsv", [LEAD, "start 12\n"].concat().as_bytes());
    for (bad, expected) in [
        ("absent", "absent: no such file"),
        ("broken.tsv", "broken.tsv: not two columns"),
    ] {
        let out = guard(&scratch, &["old.tsv", bad]);
        assert_eq!(out.code, Some(2));
        assert!(out.stderr.contains(expected), "{}", out.stderr);
    }
}

/// What is counted is compared: benches/guard.tsv has a figure for every case.
#[test]
fn every_case_has_a_figure() {
    let read = |path: &str| std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
    let script = read("scripts/bench-guard.sh");
    let (_, cases) = script.split_once("CASES = [").unwrap();
    let (cases, _) = cases.split_once("\n]").unwrap();
    let cases = cases.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("(\"")?.split_once('"')?;
        Some(name.to_owned())
    });
    let cases: Vec<String> = cases.collect();
    assert!(cases.len() > 10, "{cases:?}");
    let figures = read("benches/guard.tsv");
    let named = figures
        .lines()
        .skip(1)
        .filter_map(|row| row.split_once('\t'));
    let named: Vec<&str> = named.map(|(name, _)| name).collect();
    assert_eq!(
        named, cases,
        "the head of scripts/bench-guard.sh says how to renew it"
    );
}

/// The counter itself: the same program run twice shows no loss, and what was written can be read again.
#[test]
fn the_same_program_takes_the_same_instructions() {
    if !needs(&["python3", "valgrind"]) {
        return;
    }
    let scratch = Scratch::new();
    let program = env!("CARGO_BIN_EXE_gospect");
    let only = "packed program of another language";
    let out = guard(
        &scratch,
        &["--only", only, "--write", "figures.tsv", program],
    );
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let out = guard(&scratch, &["--only", only, "figures.tsv", program]);
    assert_eq!(out.code, Some(0), "{}{}", out.stdout, out.stderr);
    assert!(out.stdout.contains(only) && !out.stdout.contains("nothing is refused"));
}
