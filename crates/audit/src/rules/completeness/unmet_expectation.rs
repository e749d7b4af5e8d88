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
        let mut verdicts = have.iter().map(|v| holds(&e.key, &e.value, v));
        let is_met = match e.key.as_str() {
            "version" => verdicts.any(|holds| holds),
            _ => !have.is_empty() && verdicts.all(|holds| holds),
        };
        if is_met {
            continue;
        }
        let shown = if have.is_empty() {
            "nothing".to_string()
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
            Report::new(format!("{} is {}, expected {}", e.key, crate::facts::shorten(&shown), e.value))
                .see(e.key.clone(), crate::facts::shorten(&shown))
                .salient(e.key.clone())
                .help("`gospect scan FILE` shows the whole record; rebuild from the expected source and toolchain"),
        );
    }
}

/// The version of the program. Beside a pseudo-version, which the go command made from a commit without a tag, also that of the
/// variables that hold the program's own version.
fn versions(ctx: &Ctx) -> Vec<String> {
    let Some(main) = ctx.binary.main_version() else {
        return Vec::new();
    };
    let is_pseudo = crate::known::is_pseudo_version(main.value);
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

/// Whether a value is the expected one. A commit may be shortened, as `git log --oneline` prints it.
fn holds(key: &str, expected: &str, value: &str) -> bool {
    let is_short_commit = key == "vcs.revision"
        && expected.len() >= SHORTEST_COMMIT
        && expected.bytes().all(|b| b.is_ascii_hexdigit());
    crate::glob::matches(expected, value)
        || (is_short_commit && value.starts_with(&expected.to_ascii_lowercase()))
}

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
        assert_eq!(with("\"vcs.revision\" = \"0123456\""), 0);
        assert_eq!(with("\"vcs.revision\" = \"012345\""), 1);
        assert_eq!(with("\"vcs.revision\" = \"1234567\""), 1);
        assert_eq!(with("go_version = \"go1.26.1\"\n\"-race\" = \"true\""), 2);
        assert!(judge_one("unmet-expectation", &b).is_empty());
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
        let b = binary(|b| set(b, "-tags", ""));
        assert_eq!(
            message(&b, "\"-tags\" = \"netgo\""),
            "-tags is empty, expected netgo"
        );
    }
}
