//! What is expected of programs, and what is reported about it.

use crate::testing::*;

#[test]
fn keys_settings_and_modules_can_be_expected() {
    let b = binary(|b| dep(b, "golang.org/x/net", "v0.40.0", None));
    let with = |table: &str| {
        Setup {
            policy: &format!("[expect]\n{table}"),
            rule: "unmet-expectation",
            ..Setup::default()
        }
        .judge(&b)
        .len()
    };
    assert_eq!(
        with(
            "go_version = \"go1.27.3\"\n\"vcs.revision\" = \"0123*\"\n\"modules.golang.org/x/net\" = \"v0.40.0\"\n\"executable.arch\" = \"amd64\""
        ),
        0
    );
    assert_eq!(with("version = \"v1.2.3\""), 0);
    assert_eq!(with("version = \"1.2.3\""), 0);
    assert_eq!(with("version = \"1.2.*\""), 0);
    assert_eq!(with("version = \"vv1.2.3\""), 1);
    assert_eq!(with("version = \"1.2\""), 1);
    assert_eq!(with("\"modules.golang.org/x/net\" = \"0.40.0\""), 0);
    assert_eq!(with("go_version = \"1.27.3\""), 0);
    assert_eq!(with("go_version = \"1.27.*\""), 0);
    assert_eq!(with("go_version = \"v1.27.3\""), 1);
    assert_eq!(with("\"vcs.revision\" = \"0123456\""), 0);
    assert_eq!(with("\"vcs.revision\" = \"012345\""), 1);
    assert_eq!(with("\"vcs.revision\" = \"1234567\""), 1);
    assert_eq!(with("go_version = \"go1.26.1\"\n\"-race\" = \"true\""), 2);
    assert!(judge_one("unmet-expectation", &b).is_empty());
}

#[test]
fn too_few_digits_of_a_commit_are_named() {
    let help = |commit: &str| {
        let found = Setup {
            policy: &format!("[expect]\n\"vcs.revision\" = \"{commit}\""),
            rule: "unmet-expectation",
            ..Setup::default()
        }
        .judge(&binary(|_| {}));
        found[0].help.clone()
    };
    assert!(help("012345").starts_with("give 7 or more digits of the commit"));
    assert!(help("9999999").starts_with("check out `9999999`"));
}

#[test]
fn the_advice_is_the_build_that_is_expected() {
    let b = binary(|b| {
        b.go_version = Some("go1.25.1".to_owned());
        unset(b, "-trimpath");
        b.goroot.as_mut().unwrap().trimmed = Some(false);
        unset(b, "vcs.modified");
    });
    let newest = format!("go_version = \"{}\"", crate::known::newest_release_of(27));
    for (table, help) in [
        ("go_version = \"1.26.2\"", "`gospect scan FILE`"),
        (&newest, "GOTOOLCHAIN=go1.27."),
        ("go_version = \">=1.27.1\"", "GOTOOLCHAIN=go1.27."),
        (
            "go_version = \">=1.99\"",
            "the newest Go that gospect knows is go1.",
        ),
        ("version = \"v9.9.9\"", "check out `v9.9.9` without changes"),
        ("\"vcs.modified\" = false", " -buildvcs"),
        ("\"-trimpath\" = true", "go build -trimpath"),
        ("CGO_ENABLED = 1", "CGO_ENABLED=1 "),
        ("\"-tags\" = \"netgo\"", " -tags=netgo "),
        ("go_version = \"1.27.*\"", "GOTOOLCHAIN=go1.27."),
        (
            "main_package = \"example.com/*\"",
            "`main_package=example.com/**` holds",
        ),
    ] {
        let found = Setup {
            policy: &format!("[expect]\n{table}"),
            rule: "unmet-expectation",
            ..Setup::default()
        }
        .judge(&b);
        assert!(found[0].help.contains(help), "{table}: {}", found[0].help);
    }
}

#[test]
fn a_bound_compares_releases_versions_and_numbers() {
    let b = binary(|b| {
        dep(b, "golang.org/x/net", "v0.40.0", None);
        b.linkage.as_mut().unwrap().glibc = Some("2.9".to_owned());
    });
    for (pair, is_met) in [
        ("go_version>=go1.27", true),
        ("go_version>=1.27.3", true),
        ("go_version>1.27.3", false),
        ("go_version>=go1.27.10", false),
        ("go_version<1.100", true),
        ("modules.golang.org/x/net>=v0.9.0", true),
        ("modules.golang.org/x/net<=v0.39.9", false),
        ("version>=1.2.3", true),
        ("version>v1.10.0", false),
        ("linkage.glibc<=2.28", true),
        // What has no value, or one of another kind, is not above or below anything.
        ("modules.golang.org/x/text>=v0.1.0", false),
        ("main_package>=v0.1.0", false),
    ] {
        let mut policy = crate::Policy::built_in();
        policy.expect(pair).unwrap();
        let mut auditor = crate::Auditor::new(&policy, crate::Date::parse("2026-11-30").unwrap());
        auditor.binary(&b);
        let findings = auditor.finish().findings;
        let unmet = findings.iter().find(|f| f.rule == "unmet-expectation");
        assert_eq!(unmet.is_none(), is_met, "{pair}: {unmet:?}");
        // The printed policy means the same.
        let printed = crate::Policy::load(&policy.print_config(), "p.toml").unwrap();
        assert_eq!(printed.expect, policy.expect, "{pair}");
    }
    let message = |pair: &str| {
        let mut policy = crate::Policy::built_in();
        policy.expect(pair).unwrap_err().to_string()
    };
    assert!(message("go_version>=latest").contains("`latest` is neither a version"));
    assert!(message("go_verison>=go1.27").contains("`go_verison` is not a record key"));
    assert!(message("go_version").contains("KEY>=VALUE"));
}

#[test]
fn an_unknown_version_is_shown_as_it_is_recorded() {
    let b = binary(|b| {
        b.build_info.as_mut().unwrap().main.version = "(devel)".to_owned();
        b.versions = Some(Vec::new());
    });
    let found = Setup {
        policy: "[expect]\nversion = \"v1.4.2\"",
        rule: "unmet-expectation",
        ..Setup::default()
    }
    .judge(&b);
    assert_eq!(found[0].message, "version is (devel), expected v1.4.2");
}

#[test]
fn overrides_expect_of_some_programs_only() {
    let policy = "[expect]\nversion = \"v9\"\n-race = \"true\"\n[[overrides]]\npaths = [\"dist/app\"]\n[overrides.expect]\nversion = \"v1.2.3\"\n\"modules.golang.org/x/net\" = \">=v0.50.0\"\n";
    let policy = policy.replace("-race", "\"-race\"");
    let app = binary(|b| dep(b, "golang.org/x/net", "v0.40.0", None));
    let other = binary(|b| b.path = "dist/other".to_owned());
    let judge = |policy: &crate::Policy| {
        let today = crate::Date::parse("2026-11-30").unwrap();
        let mut auditor = crate::Auditor::new(policy, today);
        auditor.binary(&app);
        auditor.binary(&other);
        let audit = auditor.finish();
        let unmet = audit
            .findings
            .iter()
            .filter(|f| f.rule == "unmet-expectation");
        let said = unmet.map(|f| format!("{} {}", f.path, f.message));
        (said.collect::<Vec<_>>(), audit.expected)
    };
    let mut policy = crate::Policy::load(&policy, "p.toml").unwrap();
    // The override replaces the version that `[expect]` wants, and adds a key.
    let (said, expected) = judge(&policy);
    assert_eq!(
        said,
        [
            "dist/app -race is not set, expected true",
            "dist/app modules.golang.org/x/net is v0.40.0, expected >=v0.50.0",
            "dist/other -race is not set, expected true",
            "dist/other version is v1.2.3, expected v9",
        ]
    );
    assert_eq!((expected.expectations, expected.programs), (4, 2));
    // The printed policy means the same.
    let printed = crate::Policy::load(&policy.print_config(), "p.toml").unwrap();
    assert_eq!(judge(&printed), (said.clone(), expected));
    // The command line counts for all programs.
    policy.expect("version=v2").unwrap();
    let (with, _) = judge(&policy);
    assert_eq!(with.len(), said.len() + 2, "{with:?}");
    // A mistake is one at its place.
    let wrong = "[[overrides]]\npaths = [\"a\"]\nexpect = { go_verison = \"1.26\" }\n";
    let mistakes = crate::Policy::load(wrong, "p.toml").unwrap_err();
    assert_eq!(mistakes[0].message, "`go_verison` is not a record key");
}

#[test]
fn a_baseline_accepts_one_expected_value() {
    let b = binary(|_| {});
    let judge = |version: &str, baseline: Option<crate::Baseline>| {
        Setup {
            policy: &format!("[expect]\nversion = \"{version}\""),
            rule: "unmet-expectation",
            baseline,
            ..Setup::default()
        }
        .judge(&b)
    };
    let mut baseline = crate::Baseline::default();
    judge("v9.9.9", None)
        .iter()
        .for_each(|f| baseline.accept(f));
    let counting = |version: &str| {
        let found = judge(version, Some(baseline.clone()));
        found.iter().filter(|f| f.counts()).count()
    };
    assert_eq!((counting("v9.9.9"), counting("v8.8.8")), (0, 1));
}

#[test]
fn beside_a_pseudo_version_the_variables_of_the_program_count() {
    let b = |module: &str, variable: &str| {
        binary(|b| {
            b.build_info.as_mut().unwrap().main.version = module.to_owned();
            b.versions = Some(vec![gospect_record::VersionClaim {
                value: "1.4.2".to_owned(),
                source: gospect_record::VersionSource::XFlag.into(),
                name: Some(variable.to_owned()),
            }]);
        })
    };
    let met = |binary: &gospect_record::Binary| {
        let setup = Setup {
            policy: "[expect]\nversion = \"1.4.2\"\n",
            rule: "unmet-expectation",
            ..Setup::default()
        };
        setup.judge(binary).is_empty()
    };
    let pseudo = "v0.0.0-20261130101112-0123456789ab+dirty";
    assert!(met(&b(pseudo, "main.version")));
    assert!(met(&b(pseudo, "example.com/app/internal/build.Version")));
    // A tag is the version, whatever a variable says; and a variable of another module is not about this program.
    assert!(!met(&b("v1.4.1", "main.version")));
    assert!(!met(&b(pseudo, "example.com/other.kubectlVersion")));
}

#[test]
fn a_missing_value_is_put_in_words() {
    let message = |b: &gospect_record::Binary, table: &str| {
        let found = Setup {
            policy: &format!("[expect]\n{table}"),
            rule: "unmet-expectation",
            ..Setup::default()
        }
        .judge(b);
        assert_eq!(found.len(), 1, "{table}");
        found[0].message.clone()
    };
    let b = gopath(&["golang.org/x/sys/unix"]);
    assert_eq!(
        message(&b, "\"modules.golang.org/x/sys\" = \"v0.*\""),
        "modules.golang.org/x/sys is of unknown version, expected v0.*"
    );
    assert_eq!(
        message(&b, "\"settings.-tags\" = \"netgo\""),
        "settings.-tags is not recorded, expected netgo"
    );
    let b = binary(|b| set(b, "-tags", ""));
    assert_eq!(
        message(&b, "\"-tags\" = \"netgo\""),
        "-tags is empty, expected netgo"
    );
}

#[test]
fn an_unrecorded_setting_is_proven_or_cannot_be_answered() {
    let messages = |b: &gospect_record::Binary, table: &str| {
        let found = Setup {
            policy: &format!("[expect]\n{table}"),
            rule: "unmet-expectation",
            ..Setup::default()
        }
        .judge(b);
        found.into_iter().map(|f| f.message).collect::<Vec<_>>()
    };
    let mut old = gopath(&["runtime/cgo"]);
    old.go_version = Some("go1.17.13".to_owned());
    old.build_info.as_mut().unwrap().settings.clear();
    let why = "go1.17.13 records no build settings, Go 1.18 and newer do";
    for (table, message) in [
        ("CGO_ENABLED = 1", None),
        (
            "CGO_ENABLED = 0",
            Some("CGO_ENABLED is 1, expected 0".to_owned()),
        ),
        ("\"-trimpath\" = true", None),
        (
            "\"-race\" = false",
            Some(format!("-race cannot be answered, expected false: {why}")),
        ),
        (
            "\"vcs.revision\" = \"0123456\"",
            Some(format!(
                "vcs.revision cannot be answered, expected 0123456: {why}"
            )),
        ),
    ] {
        assert_eq!(messages(&old, table), Vec::from_iter(message), "{table}");
    }
    assert_eq!(messages(&binary(|_| ()), "\"-race\" = false"), [""; 0]);
    assert_eq!(messages(&binary(|_| ()), "executable.os = \"*\""), [""; 0]);
    let slashes = binary(|b| b.executable.build_id = Some("a/b/c/d".to_owned()));
    assert_eq!(messages(&slashes, "executable.build_id = \"*\""), [""; 0]);
}

/// Go records GOAMD64 for amd64 only, so no build could meet the expectation elsewhere.
#[test]
fn a_setting_of_other_architectures_is_not_expected() {
    let on = |arch: &str, level: Option<&str>| {
        binary(|b| {
            b.executable.arch = Some(arch.to_owned());
            unset(b, "GOAMD64");
            if let Some(level) = level {
                set(b, "GOAMD64", level);
            }
        })
    };
    let setup = Setup {
        policy: "[expect]\nGOAMD64 = \"v2\"\n[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\nall = [{ key = \"GOAMD64\", op = \"!=\", value = \"v2\" }]\n",
        ..Setup::default()
    };
    let reported = |program: &gospect_record::Binary| {
        let audit = setup.audit(&[], std::slice::from_ref(program));
        let rules = audit.findings.iter().map(|f| f.rule.clone());
        let rules: Vec<String> = rules
            .filter(|rule| matches!(rule.as_str(), "own" | "unmet-expectation"))
            .collect();
        (rules, audit.expected.other_architectures)
    };
    assert_eq!(reported(&on("arm64", None)), (vec![], 1));
    assert_eq!(reported(&on("amd64", Some("v2"))), (vec![], 0));
    let both = ["unmet-expectation", "own"].map(str::to_owned).to_vec();
    assert_eq!(reported(&on("amd64", Some("v1"))), (both.clone(), 0));
    assert_eq!(reported(&on("amd64", None)).0.len(), 2);
}
