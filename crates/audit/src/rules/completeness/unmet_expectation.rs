use crate::facts;
use crate::known::{self, GoRelease};
use crate::policy::Wanted;
use crate::policy::condition::Operator;
use crate::rules::prelude::*;
use gospect_record::main_version::Closeness;

pub const META: Meta = Meta {
    code: "GS262",
    id: "unmet-expectation",
    summary: "a record key does not have the value expected",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("unmet_expectation.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.hidden() {
        return;
    }
    for e in ctx.expect {
        let have = match e.key.as_str() {
            "version" => versions(ctx),
            key => ctx.record.values(key),
        };
        let mut verdicts = have.iter().map(|value| match &e.wanted {
            Wanted::Value(expected) => holds(&e.key, expected, value),
            Wanted::Bound(operator, limit) => Wanted::holds_bound(*operator, limit, value),
        });
        let is_met = match e.key.as_str() {
            "version" => verdicts.any(|holds| holds),
            _ => !have.is_empty() && verdicts.all(|holds| holds),
        };
        if is_met {
            continue;
        }
        let recorded = ctx.binary.shown_version().filter(|_| e.key == "version");
        let shown = if have.is_empty() {
            recorded.unwrap_or("not recorded").to_owned()
        } else if have.iter().all(|v| v.is_empty()) {
            // A module without a version, or a setting that is not recorded.
            match e.key.starts_with("modules.") {
                true => "of unknown version".to_string(),
                false => "empty".to_string(),
            }
        } else {
            have.join(", ")
        };
        sink.report(
            Report::new(format!(
                "{} is {}, expected {}",
                e.key,
                facts::shorten(&shown),
                e.wanted
            ))
            .see(e.key.clone(), facts::shorten(&shown))
            .salient(e.key.clone())
            // A baseline accepts that this value is missing, not that any later one is.
            .salient(e.wanted.to_string())
            .help(match slash_stops(&e.wanted, &have) {
                Some(wider) => {
                    format!("in globs `*` stops at `/`: `{}={wider}` holds", e.key)
                }
                None => advice(ctx, &e.key, &e.wanted, have.is_empty()),
            }),
        );
    }
}

/// The version of the program. Beside a pseudo-version, which the go command made from a commit without a tag, also that of the
/// variables that hold the program's own version.
fn versions(ctx: &Ctx) -> Vec<String> {
    let Some(main) = ctx.binary.main_version() else {
        return Vec::new();
    };
    let is_pseudo = known::is_pseudo_version(main.value);
    let is_own = |name: &str| ctx.binary.closeness(name) == Some(Closeness::Own);
    let claims = ctx.binary.versions.iter().flatten();
    let mut own: Vec<String> = claims
        .filter(|claim| is_pseudo && claim.name.as_deref().is_some_and(is_own))
        .map(|claim| claim.value.clone())
        .collect();
    own.sort_unstable();
    own.dedup();
    match own.is_empty() {
        true => vec![main.value.to_owned()],
        false => own,
    }
}

/// Whether a value is the expected one. A commit may be shortened, as `git log --oneline` prints it; a version may have a leading
/// `v` on one side only, as tags have it and variables often do not.
fn holds(key: &str, expected: &str, value: &str) -> bool {
    let is_short_commit = is_hexadecimal_commit(key, expected) && expected.len() >= SHORTEST_COMMIT;
    let without_v = |version: &str| {
        let number = version.strip_prefix('v');
        let number = number.filter(|n| n.starts_with(|c: char| c.is_ascii_digit()));
        number.map(str::to_owned)
    };
    crate::glob::matches(expected, value)
        || (is_short_commit && value.starts_with(&expected.to_ascii_lowercase()))
        || (crate::spelling::is_version(key)
            && match (without_v(expected), without_v(value)) {
                (Some(expected), None) => crate::glob::matches(&expected, value),
                (None, Some(value)) => crate::glob::matches(expected, &value),
                _ => false,
            })
}

/// Whether the expectation is a commit, or the beginning of one, in hexadecimal digits.
fn is_hexadecimal_commit(key: &str, expected: &str) -> bool {
    key == "vcs.revision" && expected.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The expected glob with `**` for each `*`, if that matches the values.
fn slash_stops(wanted: &Wanted, have: &[String]) -> Option<String> {
    let Wanted::Value(glob) = wanted else {
        return None;
    };
    if !glob.contains('*') || glob.contains("**") || have.is_empty() {
        return None;
    }
    let wider = glob.replace('*', "**");
    let matches = have.iter().all(|value| crate::glob::matches(&wider, value));
    matches.then_some(wider)
}

/// What to do about an expectation that does not hold.
fn advice(ctx: &Ctx, key: &str, wanted: &Wanted, is_absent: bool) -> String {
    let rebuild = "`gospect scan FILE` shows the whole record; rebuild from the expected source and toolchain";
    let with = |change: BuildChange| format!("rebuild: `{}`", ctx.go_build(&[change]));
    match (key.strip_prefix("settings.").unwrap_or(key), wanted) {
        (key, Wanted::Value(commit))
            if is_hexadecimal_commit(key, commit) && commit.len() < SHORTEST_COMMIT =>
        {
            format!("give {SHORTEST_COMMIT} or more digits of the commit; {rebuild}")
        }
        ("go_version" | "build_info.GoVersion", Wanted::Value(release)) => {
            // Other rules ask for the newest patch, and the command can name only one release.
            match known::release_to_reach(release) == *release
                && GoRelease::parse(release).is_some()
            {
                true => with(set("GOTOOLCHAIN", release.clone())),
                false => rebuild.to_owned(),
            }
        }
        ("go_version" | "build_info.GoVersion", Wanted::Bound(Operator::AtLeast, release)) => {
            if GoRelease::parse(release).is_some_and(|r| r.minor > known::newest_minor()) {
                let newest = known::newest_release();
                return format!("the newest Go that gospect knows is {newest}; {rebuild}");
            }
            with(set("GOTOOLCHAIN", known::release_to_reach(release)))
        }
        ("vcs.modified" | "vcs.revision", Wanted::Value(_)) if is_absent => {
            with(set("-buildvcs", "true"))
        }
        ("version" | "vcs.revision", Wanted::Value(named)) if !named.contains(GLOB) => format!(
            "check out `{}` without changes, then `{}`",
            facts::shorten(named),
            ctx.go_build(&[])
        ),
        ("vcs.modified", Wanted::Value(value)) if value == "false" => format!(
            "`git status --porcelain` shows what is changed; commit or ignore, then `{}`",
            ctx.go_build(&[])
        ),
        (key, Wanted::Value(value)) if WHOLE_SETTINGS.contains(&key) && !value.contains(GLOB) => {
            with(match (key.starts_with('-'), value.as_str()) {
                (true, "false") => drop(key),
                _ => set(key, value.clone()),
            })
        }
        _ => rebuild.to_owned(),
    }
}

/// Characters that make a value a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// Build settings that are one word, which the next build can simply have.
const WHOLE_SETTINGS: [&str; 12] = [
    "-buildmode",
    "-race",
    "-trimpath",
    "CGO_ENABLED",
    "GO386",
    "GOAMD64",
    "GOARM",
    "GOARM64",
    "GOFIPS140",
    "GOMIPS",
    "GOPPC64",
    "GORISCV64",
];

/// Fewest digits of a shortened commit: the least that git prints by itself.
const SHORTEST_COMMIT: usize = 7;

#[cfg(test)]
mod tests {
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
            ("\"-tags\" = \"netgo\"", "`gospect scan FILE`"),
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
            let mut auditor =
                crate::Auditor::new(&policy, crate::Date::parse("2026-11-30").unwrap());
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
                "dist/app -race is not recorded, expected true",
                "dist/app modules.golang.org/x/net is v0.40.0, expected >=v0.50.0",
                "dist/other -race is not recorded, expected true",
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
}
