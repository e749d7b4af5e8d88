use super::*;
use crate::finding::Level;
use crate::testing::*;
use gospect_record::{Owner, OwnerSource, Word};

#[test]
fn an_honest_program_has_no_findings_in_any_profile_but_fips() {
    for profile in ["default", "release", "container"] {
        let found = Setup {
            profile,
            ..Setup::default()
        }
        .judge(&binary(|_| ()));
        assert!(found.is_empty(), "{profile}: {found:#?}");
    }
    let fips = Setup {
        profile: "fips",
        ..Setup::default()
    }
    .judge(&binary(|_| ()));
    assert_eq!(
        fips.iter().map(|f| f.rule.as_str()).collect::<Vec<_>>(),
        ["fips-off"]
    );
}

#[test]
fn waivers_pass_expire_and_are_missed() {
    let b = binary(|b| set(b, "-race", "true"));
    let with = |expires: &str, path: &str| {
        let policy = format!(
            "[[waivers]]\nrule = \"race-*\"\npath = \"{path}\"\nreason = \"test\"\nexpires = {expires}\n"
        );
        Setup {
            policy: &policy,
            ..Setup::default()
        }
        .audit(&[], std::slice::from_ref(&b))
    };
    let good = with("2026-12-31", "**/app");
    assert_eq!(
        (good.counts.waived, good.counts.warning, good.findings.len()),
        (1, 0, 1)
    );
    assert_eq!(
        good.findings[0].waived.as_ref().unwrap().expires.as_deref(),
        Some("2026-12-31")
    );
    assert!(!good.fails(Level::Note));
    let old = with("2026-11-21", "**/app");
    assert_eq!((old.counts.waived, old.counts.warning), (0, 2));
    assert!(
        old.findings
            .iter()
            .any(|f| f.rule == "expired-waiver" && f.policy.as_ref().unwrap().line == 1)
    );
    let last_day = with("2026-11-22", "**/app");
    assert_eq!(last_day.counts.waived, 1, "the last day still holds");
    let missed = with("2026-12-31", "elsewhere");
    assert_eq!((missed.counts.note, missed.counts.warning), (1, 1));
    let message = |audit: &Audit| {
        let mut about = audit
            .findings
            .iter()
            .filter(|f| f.rule.ends_with("-waiver"));
        about.next().map(|f| f.message.clone())
    };
    let expected = "the waiver for race-* at elsewhere covers nothing";
    assert_eq!(message(&missed).as_deref(), Some(expected));
    // A waiver for every path names none.
    let expected = "the waiver for race-* ran out on 2026-11-21 and would cover 1 finding";
    assert_eq!(
        message(&with("2026-11-21", "**")).as_deref(),
        Some(expected)
    );
}

#[test]
fn overrides_custom_rules_and_the_command_line_apply_in_order() {
    let text = "[rules]\nrace-detector = \"note\"\n[[overrides]]\npaths = [\"dist/*\"]\npackages = [\"example.com/**\"]\nports = [\"linux/*\"]\n[overrides.rules]\nrace-detector = \"error\"\n[[custom]]\nid = \"old-net\"\nlevel = \"error\"\nmessage = \"old\"\nhelp = \"go get\"\nall = [{ key = \"modules.golang.org/x/net\", op = \"<\", value = \"v0.41.0\" }, { not = { key = \"port\", value = \"plan9/386\" } }]\n";
    let b = binary(|b| {
        set(b, "-race", "true");
        dep(b, "golang.org/x/net", "v0.40.0", None);
    });
    let found = Setup {
        policy: text,
        ..Setup::default()
    }
    .judge(&b);
    let race = found.iter().find(|f| f.rule == "race-detector").unwrap();
    assert_eq!(
        (race.level, race.policy.as_ref().unwrap().line),
        (Level::Error, 8)
    );
    let own = found.iter().find(|f| f.rule == "old-net").unwrap();
    assert_eq!(
        (own.code.as_str(), own.level, own.help.as_str()),
        ("GS900", Level::Error, "go get")
    );
    let elsewhere = Setup {
        policy: text,
        ..Setup::default()
    }
    .judge(&change(b.clone(), |b| b.path = "bin/app".into()));
    assert_eq!(
        elsewhere
            .iter()
            .find(|f| f.rule == "race-detector")
            .unwrap()
            .level,
        Level::Note
    );
    let mut policy = Policy::load(text, "gospect.toml").unwrap();
    policy.set_level("all", None).unwrap();
    policy.set_level("GS100", Some(Level::Warning)).unwrap();
    let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
    auditor.binary(&b);
    let audit = auditor.finish();
    // A rule of the policy itself is none of the catalogue.
    let rules: Vec<&str> = audit.findings.iter().map(|f| f.rule.as_str()).collect();
    assert_eq!(rules, ["old-net", "race-detector"]);
    policy.set_level("old-net", None).unwrap();
    let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
    auditor.binary(&b);
    let audit = auditor.finish();
    assert_eq!(audit.findings.len(), 1);
    assert!(audit.fails(Level::Warning) && !audit.fails(Level::Error));
    assert!(
        policy
            .set_level("race-detecter", None)
            .unwrap_err()
            .to_string()
            .contains("race-detector")
    );
}

/// A custom rule has a level of its own, which profiles, `[rules]`, overrides and the command line change, in this order.
#[test]
fn the_level_of_a_custom_rule_is_set_wherever_that_of_another_rule_is() {
    let rule = "[[custom]]\nid = \"raced\"\nlevel = \"note\"\nmessage = \"m\"\nall = [{ key = \"-race\", value = \"true\" }]\n";
    let profile = "[profiles.ours.rules]\nraced = \"warning\"\n";
    let rules = "[rules]\nraced = { level = \"error\" }\n";
    let elsewhere =
        "[[overrides]]\npaths = [\"elsewhere/*\"]\n[overrides.rules]\nraced = \"off\"\n";
    let here = elsewhere.replace("elsewhere", "dist");
    let raced = binary(|b| set(b, "-race", "true"));
    for (parts, expected) in [
        (&[rule][..], Some(Level::Note)),
        (
            &["profile = \"ours\"\n", rule, profile],
            Some(Level::Warning),
        ),
        (&[rule, profile], Some(Level::Note)),
        (
            &["profile = \"ours\"\n", rule, profile, rules],
            Some(Level::Error),
        ),
        (&[rule, rules, elsewhere], Some(Level::Error)),
        (&[rule, rules, &here], None),
    ] {
        let text = parts.concat();
        let load = |text: &str| Policy::load(text, "gospect.toml").unwrap();
        let level = |policy: &Policy| {
            let mut auditor = Auditor::new(policy, Date::parse("2026-11-22").unwrap());
            auditor.binary(&raced);
            let audit = auditor.finish();
            let found = audit.findings.into_iter().find(|f| f.rule == "raced");
            found.map(|f| f.level)
        };
        let mut policy = load(&text);
        assert_eq!(level(&policy), expected, "{text}");
        let printed = policy.print_config();
        assert_eq!(level(&load(&printed)), expected, "{printed}");
        policy.set_level("raced", Some(Level::Warning)).unwrap();
        assert_eq!(level(&policy), Some(Level::Warning), "{text}");
    }
}

/// The name and the code of the rule for all of them, and its family, act on each custom rule; its own id is stronger in a policy.
#[test]
fn custom_rule_names_all_custom_rules() {
    let own = "[[custom]]\nid = \"raced\"\nlevel = \"note\"\nmessage = \"m\"\nall = [{ key = \"-race\", value = \"true\" }]\n";
    let raced = binary(|b| set(b, "-race", "true"));
    let level = |policy: &Policy| {
        let mut auditor = Auditor::new(policy, Date::parse("2026-11-22").unwrap());
        auditor.binary(&raced);
        let mut found = auditor.finish().findings.into_iter();
        found.find(|f| f.rule == "raced").map(|f| f.level)
    };
    let load = |rules: &str| Policy::load(&format!("{rules}{own}"), "gospect.toml").unwrap();
    for name in [
        "custom-rule",
        "GS900",
        "gs900",
        "policy",
        "custom-*",
        "raced",
    ] {
        let mut policy = load("");
        policy.set_level(name, None).unwrap();
        assert_eq!(level(&policy), None, "{name}");
        policy.set_level(name, Some(Level::Error)).unwrap();
        assert_eq!(level(&policy), Some(Level::Error), "{name}");
    }
    for (rules, expected) in [
        ("custom-rule = \"off\"\n", None),
        ("GS900 = \"error\"\n", Some(Level::Error)),
        (
            "raced = \"warning\"\ncustom-rule = \"off\"\n",
            Some(Level::Warning),
        ),
    ] {
        let policy = load(&format!("[rules]\n{rules}"));
        assert_eq!(level(&policy), expected, "{rules}");
    }
}

/// The rules are worked out once for all programs that match the same overrides.
#[test]
fn rules_are_looked_up_once_for_all_alike() {
    let text = "[[overrides]]\npaths = [\"**\"]\n[overrides.rules]\nrace-detector = \"note\"\n";
    let policy = Policy::load(text, "p.toml").unwrap();
    let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
    for i in 0..1000 {
        auditor.binary(&binary(|b| b.path = format!("p{i}")));
    }
    assert_eq!(auditor.special.len(), 1);
}

/// Settings at run time are nothing to a program that nothing can start.
#[test]
fn hidden_copies_have_no_findings_about_run_time_settings() {
    let found = |visible: Option<bool>| {
        let b = binary(|b| {
            b.location.visible = visible;
            b.environment = Some(
                [("GOGC", "x"), ("GOMEMLIMIT", "1XB")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            );
            set(b, "-race", "true");
        });
        let found = Setup::default().judge(&b);
        let rules = found.into_iter().map(|f| f.rule);
        let known = [
            "environment-value-ignored",
            "memory-limit-malformed",
            "race-detector",
        ];
        rules.filter(|rule| known.contains(&rule.as_str())).count()
    };
    assert_eq!((found(Some(true)), found(None)), (3, 3));
    assert_eq!(found(Some(false)), 1);
}

#[test]
fn a_path_may_begin_with_a_dot_or_not() {
    let judged = |waived: &str, path: &str| {
        let policy = format!(
            "[[waivers]]\nrule = \"race-detector\"\npath = \"{waived}\"\nreason = \"r\"\n[[overrides]]\npaths = [\"{waived}\"]\nrules = {{ coverage-instrumented = \"off\" }}\n"
        );
        let setup = Setup {
            policy: &policy,
            ..Setup::default()
        };
        setup.judge(&binary(|b| {
            b.path = path.to_owned();
            set(b, "-race", "true");
            set(b, "-cover", "true");
        }))
    };
    for (waived, path) in [
        ("dist/app", "dist/app"),
        ("dist/app", "./dist/app"),
        ("./dist/app", "dist/app"),
        ("././dist/*", "./dist/app"),
        ("**/dist/app", "/build/dist/app"),
    ] {
        let found = judged(waived, path);
        let race = found.iter().find(|f| f.rule == "race-detector").unwrap();
        assert!(race.waived.is_some(), "{waived} {path}");
        assert_eq!(race.path, path);
        let mut rules = found.iter().map(|f| f.rule.as_str());
        assert!(
            !rules.any(|rule| ["coverage-instrumented", "unused-waiver"].contains(&rule)),
            "{waived} {path}"
        );
    }
    // The advice names the paths that the waiver was compared with, and the glob that fits them if one part of the path does.
    for (waived, path, advised) in [
        (
            "dist/app",
            "/build/dist/app",
            "write `path = \"**/dist/app\"`",
        ),
        ("dist/app", "app", "write `path = \"**/app\"`"),
        ("dist/", "dist/sub/app", "write `path = \"dist/**\"`"),
        ("out/./ap*", "/build/app", "write `path = \"**/ap*\"`"),
        (
            "dist/*",
            "/build/other",
            "`**/` in front matches any directory",
        ),
        (
            "dist/tool",
            "dist/app",
            "`**/` in front matches any directory",
        ),
    ] {
        let found = judged(waived, path);
        let unused = found.iter().find(|f| f.rule == "unused-waiver").unwrap();
        let help = &unused.help;
        let place = format!("its rule has findings at {path}");
        assert!(help.contains(advised) && help.contains(&place), "{help}");
        let glob = help.strip_prefix("write `path = \"");
        if let Some((glob, _)) = glob.and_then(|rest| rest.split_once('"')) {
            let found = judged(glob, path);
            assert!(found.iter().any(|f| f.waived.is_some()), "{glob} {path}");
        }
    }
}

#[test]
fn a_rule_asked_for_by_name_says_what_it_cannot_judge() {
    let text = "[rules]\ndenied-module = { deny = [\"github.com/x/y@v1.0.0\"] }\n\
        [[custom]]\nid = \"no-old-crypto\"\nmessage = \"m\"\nall = [{ key = \"modules.golang.org/x/crypto\", op = \"<\", value = \"v0.31.0\" }]\n";
    let program = gopath(&["golang.org/x/crypto/ssh", "github.com/x/y"]);
    let judged = |names: &[(&str, Option<Level>)]| -> Vec<(String, Level)> {
        let mut policy = Policy::load(text, "p.toml").unwrap();
        for (name, level) in names {
            policy.set_level(name, *level).unwrap();
        }
        let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
        auditor.binary(&program);
        let findings = auditor.finish().findings.into_iter();
        findings.map(|f| (f.rule, f.level)).collect()
    };
    let unknown = || vec![("modules-unknown".to_owned(), Level::Error)];
    let (off, error) = (("all", None), Some(Level::Error));
    assert_eq!(judged(&[off, ("no-old-crypto", error)]), unknown());
    assert_eq!(judged(&[off, ("denied-module", error)]), unknown());
    assert_eq!(judged(&[off, ("GS137", error)]), unknown());
    assert_eq!(judged(&[off, ("missing-sum", error)]), unknown());
    // The policy's own rule stays on.
    assert_eq!(judged(&[off]), unknown());
    // Nothing that is unknown here was asked for, or it was turned off by its own name.
    let own = ("no-old-crypto", None);
    assert_eq!(judged(&[off, own]), []);
    assert_eq!(judged(&[off, own, ("race-detector", error)]), []);
    assert_eq!(
        judged(&[off, own, ("denied-module", error), ("denied-module", None)]),
        []
    );
    assert_eq!(
        judged(&[off, ("denied-module", error), ("modules-unknown", None)]),
        []
    );
}

/// A waiver takes its own change out of the advice, and none that another finding needs.
#[test]
fn a_waiver_leaves_the_changes_that_other_findings_need() {
    let text = "[[waivers]]\nrule = \"missing-build-info\"\nreason = \"r\"\n";
    let program = change(gopath(&["github.com/x/y"]), |b| set(b, "-race", "true"));
    let setup = Setup {
        policy: text,
        profile: "release",
        ..Setup::default()
    };
    let findings = setup.audit(&[], &[program]).findings;
    let waived = |f: &&Finding| f.waived.is_some();
    assert_eq!(findings.iter().filter(waived).count(), 1);
    let builds = findings.iter().filter(|f| f.help.contains("go build"));
    let builds: Vec<&str> = builds.map(|f| f.help.as_str()).collect();
    assert!(builds.len() > 2, "{builds:?}");
    assert!(
        builds.iter().all(|help| help.contains("`GO111MODULE=on ")),
        "{builds:?}"
    );
}

/// Each waiver is compared with each path once; most waivers name the only path that they cover.
#[test]
fn thousands_of_waivers_and_findings_are_brought_together() {
    let count = 4000;
    let mut text = String::new();
    for i in 0..count {
        text +=
            &format!("[[waivers]]\nrule = \"race-detector\"\npath = \"p{i}\"\nreason = \"r\"\n");
    }
    let policy = Policy::load(&text, "p.toml").unwrap();
    assert_eq!(policy.waivers[count - 1].at.line, 4 * count - 3);
    let mut auditor = Auditor::new(&policy, Date::parse("2026-11-22").unwrap());
    for i in (0..count + 5).rev() {
        auditor.binary(&binary(|b| {
            b.path = format!("p{i}");
            set(b, "-race", "true");
        }));
    }
    let audit = auditor.finish();
    let race = audit.findings.iter().filter(|f| f.rule == "race-detector");
    let (waived, left): (Vec<_>, Vec<_>) = race.partition(|f| f.waived.is_some());
    assert_eq!((waived.len(), left.len()), (count, 5));
}

#[test]
fn programs_of_packages_are_upgraded_and_not_rebuilt() {
    let owner = |how| Owner {
        name: "docker.io".into(),
        version: "20.10.24+dfsg1-1".into(),
        distribution: Some("debian".into()),
        release: Some("12".into()),
        how: Word::Known(how),
        ..Owner::default()
    };
    let built = binary(|b| {
        unset(b, "-trimpath");
        b.goroot.as_mut().unwrap().trimmed = Some(false);
        set(b, "vcs.modified", "true");
    });
    let installed = |how| {
        let mut b = built.clone();
        b.owner = Some(owner(how));
        b
    };
    let helps = |b: &Binary| -> Vec<String> {
        let setup = Setup {
            profile: "release",
            ..Setup::default()
        };
        let audit = setup.audit(&[], std::slice::from_ref(b));
        audit.findings.into_iter().map(|f| f.help).collect()
    };
    let builds = |helps: &[String]| {
        helps
            .iter()
            .filter(|help| help.contains("go build"))
            .count()
    };
    let own = helps(&built);
    assert!(builds(&own) > 1, "{own:?}");
    let brought = helps(&installed(OwnerSource::Dpkg));
    assert_eq!(builds(&brought), 0, "{brought:?}");
    let upgrade = "upgrade the package `docker.io` of debian 12 (20.10.24+dfsg1-1 is installed)";
    let upgrades = brought.iter().filter(|help| help.starts_with(upgrade));
    assert!(upgrades.count() >= builds(&own), "{brought:?}");
    // A package file is scanned by the person who built it.
    assert_eq!(helps(&installed(OwnerSource::Package)), own);
}
