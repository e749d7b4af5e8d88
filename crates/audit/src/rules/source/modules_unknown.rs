use super::unanswered::unanswered;
use crate::rules::integrity::missing_build_info;
use crate::rules::prelude::*;
use gospect_bytes::number;
use gospect_record::ModuleList;
use gospect_record::StandIn;
use std::collections::BTreeSet;

pub const META: Meta = Meta {
    code: "GS142",
    id: "modules-unknown",
    summary: "the modules of the program are unknown, so not every rule about them can be answered",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("modules_unknown.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let list = ctx.binary.module_list();
    let rows = ctx.binary.stand_ins();
    if list == ModuleList::Empty || (list == ModuleList::Recorded && rows.is_empty()) {
        return;
    }
    let asked = unanswered(ctx, &rows);
    let own = ctx.other(META.id).map(|(own, _)| own);
    // `package-not-recorded` reports gaps that no rule needs.
    let is_only_for_others =
        list == ModuleList::Recorded || own.is_some_and(|own| own.is_companion);
    if is_only_for_others && asked.is_empty() {
        return;
    }
    let why = list.why().unwrap_or("the record does not explain all code");
    let has_names = ctx.binary.has_package_names();
    let groups: BTreeSet<&str> = rows
        .iter()
        .filter(|s| !s.is_own)
        .map(StandIn::group)
        .collect();
    let dependencies = number::count(groups.len() as u64, "dependency", "dependencies");
    let mut report = match asked.as_slice() {
        [] if has_names && !groups.is_empty() => Report::new(format!(
            "{dependencies} of unknown version in the function table: {why}"
        )),
        [] => Report::new(format!("the modules of the program are unknown: {why}")),
        [one] => Report::new(format!("{one} cannot be answered: {why}")),
        [one, more @ ..] => Report::new(format!(
            "{one} and {} more cannot be answered: {why}",
            more.len()
        )),
    };
    report = report.see("module_list", why).unanswered();
    for one in &asked {
        report = report
            .see("not answered", one.as_str())
            .salient(one.as_str());
    }
    if has_names {
        report = report.see("function table", dependencies);
    } else if list.is_unknown() {
        report = report.see("function table", "none, or its names are made up");
    }
    let is_raised = !asked.is_empty() && !own.is_some_and(|own| own.is_set);
    let help = match list {
        ModuleList::Distribution => "it is part of Go: judge it by its Go release".to_owned(),
        ModuleList::Bazel => missing_build_info::BAZEL.to_owned(),
        _ => format!(
            "build in module mode: `{}`",
            ctx.go_build(&[set("GO111MODULE", "on")])
        ),
    };
    // A note is accepted already.
    let is_note = !is_raised && own.is_some_and(|own| own.level == Some(Level::Note));
    report = match is_note || list == ModuleList::Distribution {
        true => report.help(help),
        false => report.help(format!(
            "{help}; or accept it: `modules-unknown = \"note\"` for these paths"
        )),
    };
    if is_raised {
        report = report.at_least(Level::Error);
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::{Finding, Level};
    use gospect_record::{Binary, ModuleList};

    fn judge(b: &Binary, profile: &str, policy: &str) -> Option<Finding> {
        let setup = Setup {
            profile,
            policy,
            rule: "modules-unknown",
            ..Setup::default()
        };
        let mut found = setup.judge(b);
        assert!(found.len() < 2);
        found.pop()
    }

    #[test]
    fn unknown_modules_are_a_note_or_a_warning_until_a_rule_needs_versions() {
        let b = gopath(&["golang.org/x/crypto/ssh", "github.com/x/y"]);
        let level = |profile: &str, policy: &str| judge(&b, profile, policy).map(|f| f.level);
        // `missing-build-info` says that no modules are recorded; this rule says what that leaves unknown.
        let message = judge(&b, "default", "").map(|found| found.message);
        assert_eq!(
            message.as_deref(),
            Some("2 dependencies of unknown version in the function table: built in GOPATH mode")
        );
        assert_eq!(level("default", ""), Some(Level::Note));
        assert_eq!(level("release", ""), Some(Level::Warning));
        for policy in [
            "denied-module = { deny = [\"github.com/x/y@v1.0.0\"] }",
            "module-below-floor = { minimum = [\"golang.org/x/crypto@v0.31.0\"] }",
            "module-below-floor = { minimum = [\"golang.org/x/*@v0.31.0\"] }",
            "missing-sum = \"error\"",
            "replaced-module = \"error\"",
            "local-replace = \"warning\"",
            "unversioned-dependency = \"error\"",
            "module-sum-conflict = \"error\"",
        ] {
            let policy = format!("[rules]\n{policy}");
            assert_eq!(level("default", &policy), Some(Level::Error), "{policy}");
            let accepted = format!("{policy}\nmodules-unknown = \"note\"");
            assert_eq!(level("default", &accepted), Some(Level::Note), "{policy}");
        }
        for policy in [
            "denied-module = { deny = [\"github.com/x/z@v1.0.0\", \"github.com/x/w\"] }",
            "denied-module = { allow = [\"github.com/x/**\"] }",
            "module-below-floor = { minimum = [\"golang.org/x/net@v0.31.0\"] }",
            "missing-sum = \"off\"",
        ] {
            let policy = format!("[rules]\n{policy}");
            assert_eq!(level("default", &policy), Some(Level::Note), "{policy}");
        }
    }

    #[test]
    fn a_path_does_not_tell_the_major_version_in_gopath_mode() {
        let b = gopath(&[
            "github.com/evil/nov/sub",
            "github.com/evil/lib/v2/sub",
            "gopkg.in/odd.v2",
        ]);
        for (rule, error) in [
            (
                "denied-module = { deny = [\"github.com/evil/nov/v3\"] }",
                true,
            ),
            (
                "denied-module = { deny = [\"github.com/evil/nov/v*\"] }",
                true,
            ),
            (
                "denied-module = { deny = [\"github.com/evil/nov/v3@v3.1.0\"] }",
                true,
            ),
            ("denied-module = { deny = [\"github.com/evil/lib\"] }", true),
            (
                "denied-module = { deny = [\"github.com/evil/other/v3\"] }",
                false,
            ),
            ("denied-module = { deny = [\"gopkg.in/odd.v3\"] }", false),
            (
                "module-below-floor = { minimum = [\"github.com/evil/nov/v3@v3.1.0\"] }",
                true,
            ),
            (
                "denied-module = { allow = [\"github.com/evil/nov\", \"github.com/evil/lib/**\", \"gopkg.in/*\"] }",
                true,
            ),
            (
                "denied-module = { allow = [\"github.com/evil/**\", \"gopkg.in/odd.v2\"] }",
                false,
            ),
        ] {
            let found = judge(&b, "default", &format!("[rules]\n{rule}")).unwrap();
            assert_eq!(found.level == Level::Error, error, "{rule}: {found:?}");
        }
        for (key, operator, value, error) in [
            ("modules.github.com/evil/nov/v3", "exists", "", true),
            ("modules.github.com/evil/lib", "missing", "", true),
            ("modules.github.com/evil/other/v3", "exists", "", false),
            (
                "build_info.Deps.Path",
                "=",
                ", value = \"github.com/evil/nov/v3\"",
                true,
            ),
            (
                "build_info.Deps.Path",
                "contains",
                ", value = \"nov/v3\"",
                true,
            ),
            (
                "build_info.Deps.Path",
                "contains",
                ", value = \"other/v3\"",
                false,
            ),
        ] {
            let policy = format!(
                "[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\nall = [{{ key = \"{key}\", op = \"{operator}\"{value} }}]"
            );
            let found = judge(&b, "default", &policy).unwrap();
            assert_eq!(found.level == Level::Error, error, "{policy}: {found:?}");
        }
        // A program built in module mode names the major version.
        let recorded = binary(|b| dep(b, "github.com/evil/nov", "v1.0.0", None));
        let rule = "[rules]\ndenied-module = { deny = [\"github.com/evil/nov/v3\"] }";
        assert_eq!(judge(&recorded, "default", rule), None);
    }

    #[test]
    fn a_damaged_list_only_proves_what_it_names() {
        let b = change(gopath(&["github.com/x/y"]), |b| {
            b.module_list = Some(ModuleList::Cut.into());
            dep(b, "example.com/lib", "v1.2.3", None);
        });
        for (rule, error) in [
            ("denied-module = { deny = [\"example.com/evil\"] }", true),
            ("denied-module = { deny = [\"example.com/lib\"] }", false),
            (
                "denied-module = { deny = [\"example.com/lib@v1.2.*\"] }",
                false,
            ),
            (
                "denied-module = { deny = [\"example.com/lib@v9.9.9\"] }",
                false,
            ),
            (
                "denied-module = { deny = [\"example.com/*@v9.9.9\"] }",
                true,
            ),
            ("denied-module = { allow = [\"**\"] }", true),
        ] {
            let found = judge(&b, "default", &format!("[rules]\n{rule}")).unwrap();
            assert_eq!(found.level == Level::Error, error, "{rule}: {found:?}");
        }
    }

    #[test]
    fn without_package_names_every_path_is_unanswered() {
        let mut b = gopath(&[]);
        b.packages = None;
        for policy in [
            "denied-module = { deny = [\"github.com/x/w\"] }",
            "denied-module = { allow = [\"github.com/x/y\"] }",
            "module-below-floor = { minimum = [\"golang.org/x/net@v0.31.0\"] }",
        ] {
            let found = judge(&b, "default", &format!("[rules]\n{policy}")).unwrap();
            assert_eq!(found.level, Level::Error, "{policy}");
        }
    }

    #[test]
    fn custom_rules_may_be_unanswered_too() {
        let b = gopath(&["golang.org/x/crypto/ssh"]);
        for (key, operator, value, error) in [
            ("modules.golang.org/x/crypto", "<", "v0.31.0", true),
            ("modules.golang.org/x/net", "<", "v0.31.0", false),
            ("modules.golang.org/x/crypto", "exists", "", false),
            ("build_info.Deps.Path", "glob", "golang.org/x/*", false),
            ("build_info.Deps.Version", "=", "v1.0.0", true),
        ] {
            let value = match value {
                "" => String::new(),
                text if operator == "glob" => format!(", value = [\"{text}\"]"),
                text => format!(", value = \"{text}\""),
            };
            let policy = format!(
                "[[custom]]\nid = \"own\"\nlevel = \"error\"\nmessage = \"m\"\nall = [{{ key = \"{key}\", op = \"{operator}\"{value} }}]"
            );
            let found = judge(&b, "default", &policy).unwrap();
            assert_eq!(found.level == Level::Error, error, "{policy}: {found:?}");
        }
    }

    #[test]
    fn advice_fits_the_builder_and_the_level() {
        let of = |list: ModuleList| {
            change(gopath(&["golang.org/x/crypto/ssh"]), |b| {
                b.module_list = Some(list.into());
            })
        };
        let help = |list, profile: &str| judge(&of(list), profile, "").unwrap().help;
        let accept = "; or accept it: `modules-unknown = \"note\"` for these paths";
        for list in [ModuleList::Gopath, ModuleList::Bazel, ModuleList::NoRecord] {
            let note = help(list, "default");
            assert_eq!(help(list, "release"), format!("{note}{accept}"));
            assert_eq!(
                note.contains("rules_go"),
                list == ModuleList::Bazel,
                "{note}"
            );
            assert_ne!(note.contains("go build"), list == ModuleList::Bazel);
        }
        let asked = judge(
            &of(ModuleList::Bazel),
            "default",
            "[rules]\nmissing-sum = \"error\"",
        );
        assert!(asked.unwrap().help.ends_with(accept));
    }

    #[test]
    fn only_gaps_that_another_rule_asks_about_are_reported() {
        let floor = "[rules]\nmodule-below-floor = { minimum = [\"golang.org/x/crypto@v0.31.0\"] }";
        assert_eq!(judge(&binary(|_| ()), "release", floor), None);
        let gap = binary(|b| {
            b.linked.as_mut().unwrap().not_recorded = vec!["golang.org/x/crypto/ssh".into()];
        });
        assert_eq!(judge(&gap, "release", ""), None);
        assert_eq!(
            judge(&gap, "default", floor).map(|f| f.level),
            Some(Level::Error)
        );
        let empty = binary(|b| b.module_list = Some(ModuleList::Empty.into()));
        assert_eq!(judge(&empty, "default", floor), None);
    }
}
