//! Tests every rule through the command on real programs and images: one with a finding and one without, each level, a waiver, its
//! options, every format, and saved records instead of the files.

mod builds;
mod images;
mod runs;
mod scene;
mod settings;

use crate::support::cli::{Output, Scratch, run_in};
use gospect::audit::rules::Check;
use gospect::audit::rules::registry::RULES;
use scene::Scene;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Mutex;

const DAY: &str = "--today=2026-11-22";
const FORMATS: [&str; 8] = [
    "text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
];
/// Reported after waivers are applied, so no waiver can accept them.
const NOT_WAIVABLE: [&str; 2] = ["expired-waiver", "unused-waiver"];

/// One rule: where it must report, where it must not, and what its options change.
pub struct Row {
    rule: &'static str,
    /// Id of the findings, if it is not the rule's.
    id: &'static str,
    /// Path of the finding.
    subject: &'static str,
    bad: Scene,
    good: Scene,
    /// Scenes with other options, and whether the rule reports there.
    variants: Vec<(Scene, bool)>,
}

pub fn row(rule: &'static str, subject: &'static str, bad: Scene, good: Scene) -> Row {
    Row {
        rule,
        id: rule,
        subject,
        bad,
        good,
        variants: Vec::new(),
    }
}

impl Row {
    fn speaks(mut self, scene: Scene) -> Row {
        self.variants.push((scene, true));
        self
    }

    fn silent(mut self, scene: Scene) -> Row {
        self.variants.push((scene, false));
        self
    }

    fn called(mut self, id: &'static str) -> Row {
        self.id = id;
        self
    }
}

fn rows() -> Vec<Row> {
    [
        builds::rows(),
        settings::rows(),
        images::rows(),
        runs::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A scene on disk, scanned once.
struct Set {
    scratch: Scratch,
    target: &'static str,
}

impl Set {
    fn new(scene: &Scene) -> Set {
        let scratch = Scratch::new();
        let target = scene.place(&scratch);
        let set = Set { scratch, target };
        let records = set.run(
            &["scan", "--quiet", "--format=ndjson", "-o", "saved.ndjson"],
            &scene.scan,
            target,
        );
        assert_eq!(records.code, Some(0), "{}", records.stderr);
        if let Some(before) = &scene.before {
            let old = Set::new(before);
            let path = set.scratch.path().join("base.json");
            let flag = format!("--write-baseline={}", path.display());
            let written = old.run(
                &["audit", DAY, "--quiet", &flag],
                &[],
                "records:saved.ndjson",
            );
            assert_eq!(written.code, Some(0), "{}", written.stderr);
        }
        set
    }

    fn run(&self, args: &[&str], more: &[String], target: &str) -> Output {
        let mut all: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        all.extend_from_slice(more);
        all.push(target.to_owned());
        run_in(self.scratch.path(), &all)
    }

    /// Writes the policy of a scene with this level and these tables, and audits the records with it.
    fn audit(
        &self,
        rule: &str,
        scene: &Scene,
        level: Option<&str>,
        more: &str,
        args: &[&str],
    ) -> Output {
        self.put_policy(rule, scene, level, more);
        self.audit_of("records:saved.ndjson", scene, &[], args)
    }

    fn put_policy(&self, rule: &str, scene: &Scene, level: Option<&str>, more: &str) {
        let mut inline: Vec<String> = level
            .map(|l| format!("level = \"{l}\""))
            .into_iter()
            .collect();
        inline.extend(Some(scene.options.clone()).filter(|o| !o.is_empty()));
        let rules = match inline.is_empty() {
            true => String::new(),
            false => format!("[rules]\n{rule} = {{ {} }}\n", inline.join(", ")),
        };
        self.scratch.put(
            "policy.toml",
            format!("{rules}{more}{}", scene.policy).as_bytes(),
        );
    }

    fn audit_of(&self, target: &str, scene: &Scene, scan: &[String], args: &[&str]) -> Output {
        let mut all = vec!["audit", DAY, "--quiet", "--policy=policy.toml"];
        if scene.before.is_some() {
            all.push("--baseline=base.json");
        }
        all.extend_from_slice(args);
        self.run(&all, &[scene.audit.clone(), scan.to_vec()].concat(), target)
    }
}

fn document(out: &Output) -> Value {
    serde_json::from_str(&out.stdout)
        .unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr))
}

fn findings_of<'v>(document: &'v Value, id: &str) -> Vec<&'v Value> {
    let all = document["findings"].as_array().unwrap();
    all.iter().filter(|f| f["rule"] == id).collect()
}

/// Runs `check` for every row on all processors and names the rows that failed.
fn each(check: fn(&Row)) {
    let left = Mutex::new(rows());
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(row) = left.lock().unwrap().pop() else {
                        return;
                    };
                    let done =
                        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&row)));
                    if done.is_err() {
                        failed.lock().unwrap().push(row.rule);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    assert!(failed.is_empty(), "failed: {failed:?}");
}

#[test]
fn every_rule_and_every_option_has_a_row() {
    let rows = rows();
    let mut had = BTreeSet::new();
    for row in &rows {
        assert!(had.insert(row.rule), "{} twice", row.rule);
    }
    // Rules on deployment files are not triggered by programs; `tests/it/cli_lint.rs` tests them. `findings-left-out` concerns
    // findings of other rules, which are off here; `tests/it/large_records.rs` tests it. Rules about known vulnerabilities need a database
    // and report nothing without one; `tests/it/vuln.rs` tests them.
    let about_programs = || {
        RULES.iter().filter(|rule| {
            !matches!(rule.check, Check::Deployment(_))
                && rule.meta.id != "findings-left-out"
                && rule.family.name() != "vulnerabilities"
        })
    };
    for rule in about_programs() {
        let row = rows.iter().find(|r| r.rule == rule.meta.id);
        let row = row.unwrap_or_else(|| panic!("{} has no row", rule.meta.id));
        for option in rule.meta.options {
            let name = format!("{} =", option.name);
            let scenes = [&row.bad, &row.good]
                .into_iter()
                .chain(row.variants.iter().map(|v| &v.0));
            assert!(
                scenes.into_iter().any(|s| s.options.contains(&name)),
                "{}: no row sets {}",
                rule.meta.id,
                option.name
            );
        }
    }
    assert_eq!(had.len(), about_programs().count());
}

#[test]
fn each_rule_reports_where_it_must_and_nowhere_else() {
    each(|row| {
        let on = format!("-W{}", row.id);
        let args = ["-Aall", &on, "--format=json"];
        let speaks = |set: &Set, scene: &Scene| {
            let out = set.audit(row.rule, scene, None, "", &args);
            assert_eq!(out.code, Some(0), "{}: {}", row.rule, out.stderr);
            // The files give the same output, byte for byte.
            let direct = set.audit_of(set.target, scene, &scene.scan, &args);
            assert_eq!(out.stdout, direct.stdout, "{}", row.rule);
            document(&out)
        };
        let bad = Set::new(&row.bad);
        let seen = speaks(&bad, &row.bad);
        let findings = findings_of(&seen, row.id);
        assert!(!findings.is_empty(), "{} is silent: {seen:#}", row.rule);
        assert!(
            findings.iter().any(|f| f["path"] == row.subject),
            "{}: not at {}: {findings:#?}",
            row.rule,
            row.subject
        );
        for f in &findings {
            let text = |key: &str| f[key].as_str().unwrap_or_default();
            assert!(
                !text("message").is_empty() && !text("help").is_empty(),
                "{f:#}"
            );
            assert!(!f["evidence"].as_array().unwrap().is_empty(), "{f:#}");
            assert!(text("fingerprint").len() >= 16, "{f:#}");
        }
        let good = Set::new(&row.good);
        let seen = speaks(&good, &row.good);
        assert!(
            findings_of(&seen, row.id).is_empty(),
            "{} must be silent: {seen:#}",
            row.rule
        );
        for (scene, want) in &row.variants {
            let seen = speaks(&Set::new(scene), scene);
            assert_eq!(
                !findings_of(&seen, row.id).is_empty(),
                *want,
                "{} with {}: {seen:#}",
                row.rule,
                scene.options
            );
        }
    });
}

#[test]
fn levels_waivers_and_formats_hold_for_each_rule() {
    each(|row| {
        let set = Set::new(&row.bad);
        let audit =
            |level, more: &str, args: &[&str]| set.audit(row.rule, &row.bad, level, more, args);
        let levels = |out: &Output| -> BTreeSet<String> {
            let document = document(out);
            let found = findings_of(&document, row.id);
            found
                .iter()
                .map(|f| f["level"].as_str().unwrap().to_owned())
                .collect()
        };
        let [deny, warn, allow] = ["D", "W", "A"].map(|f| format!("-{f}{}", row.id));
        // Expectations of the command line are an error though their rule is off.
        let is_expecting = row.bad.audit.iter().any(|f| f.starts_with("--expect"));
        let off = match is_expecting {
            true => ("error", 1),
            false => ("", 0),
        };
        for (flag, level, code) in [
            (&deny, "error", 1),
            (&warn, "warning", 0),
            (&allow, off.0, off.1),
        ] {
            let out = audit(None, "", &["-Aall", flag, "--format=json"]);
            assert_eq!(out.code, Some(code), "{} {flag}: {}", row.rule, out.stderr);
            let want: BTreeSet<String> = Some(level.to_owned())
                .filter(|l| !l.is_empty())
                .into_iter()
                .collect();
            assert_eq!(levels(&out), want, "{} {flag}", row.rule);
        }
        // The level in the policy, with none on the command line; a custom rule has its level in its own table.
        if row.rule == row.id {
            for (level, want) in [("note", 1), ("off", usize::from(is_expecting))] {
                let out = audit(Some(level), "", &["--format=json"]);
                assert_eq!(
                    levels(&out).len(),
                    want,
                    "{} {level}: {}",
                    row.rule,
                    out.stderr
                );
                let audited = document(&out);
                if is_expecting && level == "off" {
                    continue;
                }
                for f in findings_of(&audited, row.id) {
                    assert_eq!(f["level"], "note", "{f:#}");
                    assert_eq!(f["policy"]["file"], "policy.toml", "{f:#}");
                }
            }
        }
        if !NOT_WAIVABLE.contains(&row.rule) {
            let waiver = format!(
                "[[waivers]]\nrule = \"{}\"\npath = \"{}\"\nreason = \"known, T-7\"\nexpires = 2027-01-01\n",
                row.id,
                if row.subject.contains(['[', '*']) {
                    "**"
                } else {
                    row.subject
                },
            );
            let out = audit(
                None,
                &waiver,
                &["-Aall", &deny, "-Wunused-waiver", "--format=json"],
            );
            let audited = document(&out);
            let at: Vec<_> = findings_of(&audited, row.id)
                .into_iter()
                .filter(|f| f["path"] == row.subject)
                .collect();
            for f in &at {
                assert_eq!(f["waived"]["reason"], "known, T-7", "{f:#}");
                assert_eq!(f["waived"]["expires"], "2027-01-01", "{f:#}");
            }
            assert_eq!(audited["counts"]["waived"], at.len(), "{}", row.rule);
            assert!(
                findings_of(&audited, "unused-waiver").is_empty(),
                "{audited:#}"
            );
            let elsewhere = findings_of(&audited, row.id).len() > at.len();
            assert_eq!(
                out.code,
                Some(i32::from(elsewhere)),
                "{}: {}",
                row.rule,
                out.stderr
            );
        }
        for format in FORMATS {
            let out = audit(None, "", &["-Aall", &deny, "--format", format]);
            assert_eq!(out.code, Some(1), "{} {format}", row.rule);
            carries(row, format, &out.stdout);
        }
    });
}

/// Whether the output of a format contains the finding where its readers look for it.
fn carries(row: &Row, format: &str, text: &str) {
    let there = match format {
        "json" => !findings_of(&serde_json::from_str(text).unwrap(), row.id).is_empty(),
        "sarif" => {
            let log: Value = serde_json::from_str(text).unwrap();
            let run = &log["runs"][0];
            let results = run["results"].as_array().unwrap();
            results.iter().any(|r| {
                let index = r["ruleIndex"].as_u64().unwrap() as usize;
                r["ruleId"] == row.id
                    && r["level"] == "error"
                    && run["tool"]["driver"]["rules"][index]["id"] == row.id
            })
        }
        "gitlab" => {
            let report: Value = serde_json::from_str(text).unwrap();
            let all = report.as_array().unwrap();
            all.iter()
                .any(|f| f["check_name"] == row.id && f["severity"] == "critical")
        }
        "text" => text.contains(&format!("error[{}]", row.id)) && text.contains(row.subject),
        "junit" => {
            text.contains(&format!("name=\"{}: ", row.id))
                && text.contains("<failure type=\"error\"")
        }
        "github" => text
            .lines()
            .any(|l| l.starts_with("::error file=") && l.contains(&format!("title={} (", row.id))),
        "markdown" => text.contains(&format!("| {} |", row.id)),
        _ => text.contains(row.id),
    };
    assert!(there, "{} in {format}: {text}", row.rule);
}
