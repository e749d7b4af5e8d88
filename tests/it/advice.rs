//! Advice is consistent: a report never advises something in one place and the opposite in another. These tests read every finding
//! of every stored program, under policies that turn on all rules, like a person: which flags and variables a command sets, and
//! which are to be dropped.

use crate::support::cli::{Scratch, run_in};
use crate::support::fixtures;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every rule as an error, with options that make most of them report.
const STRICT: &str = r#"
[rules]
symbols-policy = { level = "error", symbols = "strip", debug-info = "strip" }
build-mode-not-allowed = { level = "error", allow = ["pie"] }
build-tag-policy = { level = "error", deny = ["debug"], require = ["netgo"] }
cpu-level-too-high = { level = "error", maximum = ["GOAMD64=v2"] }
below-toolchain-floor = { level = "error", minimum = "go1.27" }
goroot-not-allowed = { level = "error", allow = ["/nowhere"] }
fips-off = { level = "error", mode = "on" }
glibc-too-new = { level = "error", maximum = "2.2" }
"#;

const KEEP: &str = r#"
[rules]
symbols-policy = { level = "error", symbols = "keep", debug-info = "keep" }
build-mode-not-allowed = { level = "error", allow = ["exe"] }
not-pie = "off"
fips-off = "off"
"#;

/// What the commands in backquotes set: flags and variables with their values, and words of lists.
fn sets(command: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Some(at) = command.find("go build") else {
        return out;
    };
    let mut rest = command;
    let mut quoted = String::new();
    let mut words: Vec<String> = Vec::new();
    // Shell words: separated by blanks unless in single quotes.
    let mut open = false;
    for c in rest.chars() {
        match c {
            '\'' => open = !open,
            ' ' if !open => words.push(std::mem::take(&mut quoted)),
            c => quoted.push(c),
        }
    }
    words.push(quoted);
    rest = &command[at..];
    assert!(rest.starts_with("go build"));
    for word in words {
        let word = word.as_str();
        let is_variable = word.split_once('=').is_some_and(|(k, _)| {
            !k.is_empty()
                && k.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        });
        if !word.starts_with('-') && !is_variable {
            continue;
        }
        let (key, value) = word.split_once('=').unwrap_or((word, "true"));
        out.entry(key.to_owned())
            .or_default()
            .insert(value.to_owned());
    }
    out
}

/// The flags and variables that a text says to leave out.
fn drops(help: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let words: Vec<&str> = help
        .split([' ', ','])
        .map(|w| w.trim_matches(|c: char| "`;:()".contains(c)))
        .collect();
    for pair in words.windows(2) {
        if matches!(pair[0], "drop" | "without" | "delete") && pair[1].starts_with('-') {
            out.insert(pair[1].to_owned());
        }
    }
    out
}

fn helps(
    targets: &[&str],
    policy: &str,
    profile: &str,
    s: &Scratch,
) -> Vec<(String, String, String)> {
    s.put("p.toml", policy.as_bytes());
    let mut args = vec![
        "audit",
        "--policy=p.toml",
        "--format=json",
        "--profile",
        profile,
    ];
    args.extend(targets);
    let out = run_in(s.path(), &args);
    let document: Value =
        serde_json::from_str(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", out.stderr));
    let text = |f: &Value, key: &str| f[key].as_str().unwrap_or_default().to_owned();
    document["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (text(f, "path"), text(f, "rule"), text(f, "help")))
        .collect()
}

#[test]
fn fixes_of_one_report_never_contradict() {
    let s = Scratch::new();
    let mut seen = 0;
    let all_on = ["-W", "all", "dist"];
    for f in fixtures() {
        s.put(&format!("dist/{}", f.id), &f.bytes());
    }
    for (policy, profile) in [
        (STRICT, "release"),
        (STRICT, "fips"),
        (KEEP, "release"),
        ("", "default"),
        ("", "container"),
    ] {
        // For each program: what commands set, by rule, and what is to be dropped.
        let mut set: BTreeMap<(String, String), BTreeMap<String, BTreeSet<String>>> =
            BTreeMap::new();
        let mut gone: BTreeMap<(String, String), String> = BTreeMap::new();
        let all = helps(&all_on, policy, profile, &s);
        for (path, rule, help) in &all {
            seen += 1;
            assert!(
                !help.contains("asks for two things at once"),
                "{path}: {rule}: {help}"
            );
            for key in drops(help) {
                gone.insert((path.clone(), key), rule.clone());
            }
            for (i, command) in help.split('`').enumerate() {
                if i % 2 == 0 {
                    continue;
                }
                for (key, values) in sets(command) {
                    for value in values {
                        let by_value = set.entry((path.clone(), key.clone())).or_default();
                        by_value.entry(value).or_default().insert(rule.clone());
                    }
                }
            }
        }
        for ((path, key), by_value) in &set {
            // A finding about a group of programs is reported at one of them and says how to build all: it names only what
            // differs.
            assert!(
                by_value.len() == 1,
                "{profile}: {path}: {key}: {by_value:#?}"
            );
            if let Some(rule) = gone.get(&(path.clone(), key.clone())) {
                panic!("{profile}: {path}: {rule} drops {key}, which {by_value:?} sets");
            }
        }
    }
    assert!(seen > 2000, "{seen}");
}

#[test]
fn advice_names_a_flag_once() {
    let s = Scratch::new();
    for f in fixtures() {
        s.put(&format!("dist/{}", f.id), &f.bytes());
    }
    let mut seen = 0;
    for (policy, profile) in [(STRICT, "release"), (KEEP, "release"), ("", "container")] {
        s.put("p.toml", policy.as_bytes());
        let args = ["audit", "--policy=p.toml", "--all", "--profile", profile];
        let out = run_in(s.path(), &[&args[..], &["-W", "all", "dist"]].concat());
        for fix in out.stdout.lines().filter(|l| l.contains("the build below")) {
            seen += 1;
            let words = fix.split([' ', ',', ':', ';']);
            let mut flags: Vec<&str> = words
                .map(|word| word.trim_matches('`'))
                .filter(|word| word.starts_with('-') && !word.starts_with("--"))
                .filter(|word| *word != "-ldflags")
                .collect();
            let count = flags.len();
            flags.sort_unstable();
            flags.dedup();
            assert_eq!(flags.len(), count, "{fix}");
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_group_is_not_told_to_undo_what_its_programs_are_told_to_do() {
    let s = Scratch::new();
    // Two untrimmed programs and a trimmed one: most of them are wrong.
    for (name, id) in [
        ("a", "1.27-linux-amd64-w"),
        ("b", "1.27-linux-amd64-strip"),
        ("c", "1.27-linux-amd64-trimstrip"),
    ] {
        s.put(&format!("dist/{name}"), &crate::support::fixture(id));
    }
    for profile in ["default", "release"] {
        let all = helps(&["dist"], "", profile, &s);
        let mixed = all
            .iter()
            .find(|f| f.1 == "mixed-settings" && f.2.contains("-trimpath"));
        let (_, _, help) = mixed.unwrap_or_else(|| panic!("{all:#?}"));
        assert!(
            help.contains("rebuild with -trimpath") && !help.contains("rebuild without"),
            "{help}"
        );
    }
}

#[test]
fn commands_repeat_what_the_program_was_built_with() {
    let s = Scratch::new();
    s.put("app", &crate::support::fixture("1.27-linux-amd64-tags"));
    let all = helps(&["app"], "[rules]\nnot-pie = \"error\"\n", "default", &s);
    let (_, _, help) = all.iter().find(|f| f.1 == "not-pie").unwrap();
    assert!(
        help.contains("-tags=debug,netgo")
            && help.contains("CGO_ENABLED=0")
            && help.contains("-trimpath")
            && help.contains("-buildmode=pie"),
        "{help}"
    );
}

#[test]
fn hints_never_propose_what_was_typed() {
    let s = Scratch::new();
    s.put(
        "p.toml",
        b"[rules]\nnot-pie = \"warn\"\nnot-piee = \"warning\"\n[profile.relase]\n",
    );
    for args in [
        &["audit", "--policy=p.toml", "."][..],
        &["audit", "-D", "not-piee", "."],
        &["explain", "gctarce"],
        &["explain", "GCTRACE "],
        &["help", "scann"],
        &["diff", "--fail-on=toolchian", "a", "b"],
        &["audit", "--profile=releas", "."],
    ] {
        let out = run_in(s.path(), args);
        let text = out.stderr + &out.stdout;
        for part in text.split("did you mean").skip(1) {
            let proposed = part.split('`').nth(1).unwrap_or_default();
            let proposed = proposed.rsplit(' ').next().unwrap_or_default();
            assert!(
                !args.contains(&proposed) && !text.contains(&format!("no rule `{proposed}`")),
                "{args:?}: {text}"
            );
        }
    }
}
