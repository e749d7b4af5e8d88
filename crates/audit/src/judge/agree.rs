//! One advice for programs that belong together: the findings about each are reported before the others are known.

use crate::finding::Finding;
use crate::fix::Build;
use crate::fleet::{Fleet, FleetRow, Group};
use crate::known::GoRelease;
use crate::policy::{Policy, Wanted};
use gospect_record::Location;
use std::collections::HashMap;

/// The key of the module that a `go` line is for.
const MODULE: &str = "build_info.Main.Path";

/// Texts of advice to replace about one program.
type Replaced = Vec<(String, String)>;

/// Lets the findings about the programs of one group advise one toolchain and, for one module, one `go` line: the newest of those in the group.
pub(super) fn on_one_build(
    fleet: &Fleet,
    group_by: &[String],
    policy: &Policy,
    findings: &mut [Finding],
) {
    let is_one_module = group_by.iter().any(|key| key == MODULE);
    let mut replaced: HashMap<&str, (&FleetRow, Replaced)> = HashMap::new();
    for group in fleet.groups() {
        let newest = newest(group).filter(|release| is_allowed(policy, release));
        for row in group.rows() {
            let texts = texts(row, newest, is_one_module.then(|| go_line(group)));
            if !texts.is_empty() {
                replaced.insert(&row.path, (row, texts));
            }
        }
    }
    for finding in findings.iter_mut() {
        let Some((row, texts)) = replaced.get(finding.path.as_str()) else {
            continue;
        };
        if row.location != finding.location {
            continue;
        }
        for (old, new) in texts {
            finding.help = finding.help.replace(old, new);
            if let Some(build) = &mut finding.build {
                build.command = build.command.replace(old, new);
                build.part = build.part.replace(old, new);
            }
        }
    }
    name_builds(findings);
}

/// Names, for findings about a program beside others, the build that the findings about that program alone advise, if it makes the program agree.
fn name_builds(findings: &mut [Finding]) {
    let is_open = |finding: &&mut Finding| {
        let build = finding.build.as_ref();
        build.is_some_and(|build| build.agreement.is_some())
    };
    let (open, known): (Vec<&mut Finding>, Vec<&mut Finding>) =
        findings.iter_mut().partition(is_open);
    if open.is_empty() {
        return;
    }
    let mut commands: HashMap<&str, Vec<(&Location, &str)>> = HashMap::new();
    for finding in &known {
        if let Some(build) = &finding.build {
            let of_path = commands.entry(&finding.path).or_default();
            of_path.push((&finding.location, &build.command));
        }
    }
    for finding in open {
        let wanted = finding.build.take().and_then(|build| build.agreement);
        let of_path = commands.get(finding.path.as_str()).into_iter().flatten();
        let mut own = of_path.filter(|(location, _)| **location == finding.location);
        let reaches = |command: &&str| wanted.as_ref().is_some_and(|w| w.is_reached(command));
        let command = own.next().map(|(_, command)| *command).filter(reaches);
        finding.build = command.map(|command| Build {
            command: command.to_owned(),
            ..Build::default()
        });
    }
}

/// The newest release that programs of the group have or shall have.
pub(crate) fn newest(group: &Group) -> Option<&str> {
    let has = group.rows().iter().filter_map(|r| r.go_version.as_deref());
    let plans = group.rows().iter().filter_map(|r| r.plan.as_deref());
    let all = has.chain(plans.filter_map(|plan| plan.toolchain()));
    all.filter(|version| is_plain(version))
        .max_by_key(|version| GoRelease::parse(version))
}

/// Whether the policy has nothing against a release: it fits all that is expected of releases, and no own rule reads them.
fn is_allowed(policy: &Policy, release: &str) -> bool {
    let names_release = |key: &str| matches!(key, "go_version" | "build_info.GoVersion");
    let mut own = policy.custom.iter().flat_map(|rule| rule.when.keys());
    let mut expected = policy
        .all_expectations()
        .filter(|expected| names_release(&expected.key));
    !own.any(names_release)
        && expected.all(|expected| match expected.wanted {
            Wanted::Value(ref glob) => crate::spelling::matches_glob(glob, release),
            Wanted::Bound(operator, ref limit) => Wanted::holds_bound(operator, limit, release),
        })
}

/// Whether a version is that of a release of the Go project, which GOTOOLCHAIN can name.
fn is_plain(version: &str) -> bool {
    let number = version.strip_prefix("go").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// The newest `go` line that findings about programs of the group propose.
fn go_line(group: &Group) -> Option<u32> {
    let plans = group.rows().iter().filter_map(|r| r.plan.as_deref());
    plans.filter_map(|plan| plan.proposed_go_line()).max()
}

/// What the advice about one program says other than that of its group.
fn texts(row: &FleetRow, newest: Option<&str>, go_line: Option<Option<u32>>) -> Replaced {
    let mut texts = Vec::new();
    let Some(plan) = row.plan.as_deref() else {
        return texts;
    };
    if let (Some(own), Some(newest)) = (plan.toolchain(), newest)
        && GoRelease::parse(newest) > GoRelease::parse(own)
    {
        for end in [" ", "`"] {
            let of = |release: &str| format!("GOTOOLCHAIN={release}{end}");
            texts.push((of(own), of(newest)));
        }
        let of = |release: &str| format!("version = \"{}\"", release.trim_start_matches("go"));
        texts.push((of(own), of(newest)));
    }
    if let (Some(own), Some(Some(line))) = (plan.proposed_go_line(), go_line)
        && own < line
    {
        for end in [" ", "`"] {
            let of = |minor: u32| format!("go mod edit -go=1.{minor}{end}");
            texts.push((of(own), of(line)));
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Binary;

    fn program(path: &str, version: &str, line: &str) -> Binary {
        binary(|b| {
            b.path = path.to_owned();
            b.go_version = Some(version.to_owned());
            b.godebug.language_version = Some(line.to_owned());
        })
    }

    fn help(policy: &'static str, programs: &[Binary], path: &str, rule: &str) -> (String, String) {
        let setup = Setup {
            policy,
            profile: "release",
            ..Setup::default()
        };
        let audit = setup.audit(&[], programs);
        let mut all = audit.findings.into_iter();
        let found = all.find(|f| f.path == path && f.rule == rule);
        let found = found.unwrap_or_else(|| panic!("{path} {rule}"));
        (
            found.help,
            found.build.map(|b| b.command).unwrap_or_default(),
        )
    }

    #[test]
    fn programs_of_a_group_are_told_one_toolchain() {
        let old = program("old", "go1.22.10", "go1.21");
        let new = program("new", "go1.27.3", "go1.21");
        let (alone, _) = help(
            "",
            std::slice::from_ref(&old),
            "old",
            "unsupported-toolchain",
        );
        assert!(alone.contains("GOTOOLCHAIN=go1.26."), "{alone}");
        let both = [old, new];
        let (help_text, command) = help("", &both, "old", "unsupported-toolchain");
        assert!(help_text.contains("GOTOOLCHAIN=go1.27.3 "), "{help_text}");
        assert!(command.starts_with("GOTOOLCHAIN=go1.27.3 "), "{command}");
        // What the policy names stays.
        for (policy, release) in [
            ("[expect]\ngo_version = \"go1.26.10\"\n", "go1.26.10"),
            ("[expect]\ngo_version = \">=1.26.5\"\n", "go1.27.3"),
        ] {
            let (named, _) = help(policy, &both, "old", "unmet-expectation");
            let wanted = format!("GOTOOLCHAIN={release} ");
            assert!(named.contains(&wanted), "{named}");
        }
    }

    #[test]
    fn a_build_counts_what_makes_its_program_agree() {
        let old = program("old", "go1.22.10", "go1.21");
        let new = ["a", "b"].map(|path| program(path, "go1.27.3", "go1.21"));
        let [a, b] = new.clone();
        let (_, own) = help(
            "",
            &[old.clone(), a.clone(), b.clone()],
            "old",
            "unsupported-toolchain",
        );
        let (_, agreed) = help("", &[old.clone(), a, b], "old", "mixed-toolchains");
        assert!(
            own.contains("GOTOOLCHAIN=go1.27.3 ") && own == agreed,
            "{agreed}"
        );
        // Two builds are needed.
        let other = program("older", "go1.22.9", "go1.21");
        let [a, b] = new;
        let c = program("c", "go1.27.3", "go1.21");
        let (_, agreed) = help("", &[old, other, a, b, c], "old", "mixed-toolchains");
        assert_eq!(agreed, "");
    }

    #[test]
    fn a_setting_is_agreed_on_when_the_command_says_it() {
        let with = |path: &str, changes: &[(&str, &str)]| {
            let mut program = program(path, "go1.27.3", "go1.27");
            for (key, value) in changes {
                set(&mut program, key, value);
            }
            program
        };
        let all = [
            with("a", &[("CGO_ENABLED", "0")]),
            with("b", &[("CGO_ENABLED", "0")]),
            with("odd", &[("CGO_ENABLED", "1"), ("-gcflags", "all=-N")]),
        ];
        let setup = Setup {
            profile: "release",
            ..Setup::default()
        };
        let found = setup.audit(&[], &all).findings.into_iter();
        let found = found.filter(|f| f.rule == "mixed-settings");
        let mended: Vec<(bool, String)> = found
            .map(|finding| (finding.build.is_some(), finding.message))
            .collect();
        for (is_mended, message) in &mended {
            assert_eq!(*is_mended, message.contains("-gcflags"), "{message}");
        }
        assert_eq!(mended.len(), 2, "{mended:?}");
    }
}
