use crate::audit::glob;
use crate::audit::keys::DEPENDENCIES;
use crate::audit::options::Options;
use crate::audit::policy::condition::Condition;
use crate::audit::rules::integrity::missing_build_info;
use crate::audit::rules::prelude::*;
use crate::audit::rules::registry;
use crate::report::model::ModuleList;
use crate::report::stand_ins::StandIn;

pub const META: Meta = Meta {
    code: "GS142",
    id: "modules-unknown",
    family: Family::Source,
    summary: "the modules of the program are unknown, so not every rule about them can be answered",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.2.0",
    doc: Doc {
        what: "The record lists no modules (GOPATH mode, Bazel, no record), or its list cannot be read. Rules that match paths are answered from the packages of the function table. What asks for a version, a checksum or a replacement cannot be answered. Where the policy file or the command line sets such a rule, this is an error; a level that the policy gives this rule itself comes first.",
        why: "A rule that cannot look must not pass: the denied version may be there.",
        example: "All Go programs of Debian, which are built in GOPATH mode; `module-below-floor = { minimum = [\"golang.org/x/crypto@v0.31.0\"] }` and a program that links golang.org/x/crypto in an unknown version.",
        fix: "Build in module mode, `GO111MODULE=on go build`, or ask who built it: the package of a distribution says which versions it was built with. To accept it: `modules-unknown = \"note\"` in an `[[overrides]]` for these paths.",
    },
};

/// What a rule needs of modules that only a record has.
struct Needs {
    /// The rule.
    id: &'static str,
    /// Which part of the record.
    what: &'static str,
}

/// Rules that ask for more than paths whatever their options are. `denied-module` and `module-below-floor` are asked one entry at a time.
const NEEDS: [Needs; 8] = [
    Needs {
        id: "missing-sum",
        what: "checksums",
    },
    Needs {
        id: "module-sum-conflict",
        what: "checksums",
    },
    Needs {
        id: "replaced-module",
        what: "replacements",
    },
    Needs {
        id: "local-replace",
        what: "replacements",
    },
    Needs {
        id: "unversioned-dependency",
        what: "versions",
    },
    Needs {
        id: "unversioned-main",
        what: "the version of the main module",
    },
    Needs {
        id: "mixed-dependencies",
        what: "versions",
    },
    Needs {
        id: "module-not-linked",
        what: "the list of modules",
    },
];

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let list = ctx.binary.module_list();
    let rows = ctx.binary.stand_ins();
    if list == ModuleList::Empty || (list == ModuleList::Recorded && rows.is_empty()) {
        return;
    }
    let asked = unanswered(ctx, &rows);
    // `package-not-recorded` tells of gaps that nobody asks about.
    if list == ModuleList::Recorded && asked.is_empty() {
        return;
    }
    let why = list.why().unwrap_or("the record does not explain all code");
    let mut report = match asked.as_slice() {
        [] => Report::new(format!("the modules of the program are unknown: {why}")),
        [one] => Report::new(format!("{one} cannot be answered: {why}")),
        [one, more @ ..] => Report::new(format!(
            "{one} and {} more cannot be answered: {why}",
            more.len()
        )),
    };
    report = report.see("module_list", why);
    for one in &asked {
        report = report
            .see("not answered", one.as_str())
            .salient(one.as_str());
    }
    if ctx.binary.has_package_names() {
        let groups: std::collections::BTreeSet<&str> = rows
            .iter()
            .filter(|s| !s.is_own)
            .map(StandIn::group)
            .collect();
        report = report.see("function table", format!("{} dependencies", groups.len()));
    } else if list.is_unknown() {
        report = report.see("function table", "none, or its names are made up");
    }
    let own = registry::position(META.code).and_then(|i| ctx.rules.get(i));
    let is_raised = !asked.is_empty() && !own.is_some_and(|own| own.is_set);
    let help = match list {
        ModuleList::Distribution => "it is part of Go: judge it by its Go release",
        ModuleList::Bazel => missing_build_info::BAZEL,
        _ => "build in module mode: `GO111MODULE=on go build`",
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

/// What the policy asks of the modules and nobody can tell.
fn unanswered(ctx: &Ctx, rows: &[StandIn<'_>]) -> Vec<String> {
    let list = ctx.binary.module_list();
    let others: Vec<&StandIn<'_>> = rows.iter().filter(|row| !row.is_own).collect();
    // Without names a path may be there or not.
    let has_names = list == ModuleList::Recorded || ctx.binary.has_package_names();
    let may_be_there = |pattern: &str| {
        !has_names
            || others
                .iter()
                .any(|row| row.module_paths().any(|path| glob::matches(pattern, path)))
    };
    let mut asked = Vec::new();
    let rule = |id: &str| {
        let row = registry::RULES.iter().position(|r| r.meta.id == id);
        let row = row
            .and_then(|i| ctx.rules.get(i))
            .filter(|row| row.is_set && row.level.is_some());
        row.zip(registry::find(id))
    };
    let lists = |id: &str, option: &str| -> Vec<String> {
        let Some((row, rule)) = rule(id) else {
            return Vec::new();
        };
        let options = Options {
            specs: rule.meta.options,
            set: &row.options,
        };
        let all = options.list(option).unwrap_or_default();
        all.into_iter().map(str::to_owned).collect()
    };
    for entry in lists("denied-module", "deny") {
        let pattern = entry.rsplit_once('@').map(|(path, _)| path);
        if pattern.map_or(!has_names, may_be_there) {
            asked.push(format!("denied-module `{entry}`"));
        }
    }
    if !has_names
        && rule("denied-module")
            .is_some_and(|(row, _)| row.options.iter().any(|(name, _)| *name == "allow"))
    {
        asked.push("denied-module `allow`".to_owned());
    }
    for floor in lists("module-below-floor", "minimum") {
        if floor
            .rsplit_once('@')
            .is_some_and(|(path, _)| may_be_there(path))
        {
            asked.push(format!("module-below-floor `{floor}`"));
        }
    }
    if list != ModuleList::Recorded {
        for needs in NEEDS {
            if rule(needs.id).is_some() {
                asked.push(format!("{} ({})", needs.id, needs.what));
            }
        }
    }
    for custom in &ctx.policy.custom {
        if ctx.policy.custom_level(custom).is_some() {
            let keys = conditions(&custom.when, &may_be_there, has_names);
            asked.extend(
                keys.into_iter()
                    .map(|key| format!("{} (`{key}`)", custom.id)),
            );
        }
    }
    asked
}

/// Keys of a condition that ask for what only a record has.
fn conditions<'c>(
    when: &'c Condition,
    may_be_there: &dyn Fn(&str) -> bool,
    has_names: bool,
) -> Vec<&'c str> {
    match when {
        Condition::All(list) | Condition::Any(list) => list
            .iter()
            .flat_map(|c| conditions(c, may_be_there, has_names))
            .collect(),
        Condition::Not(c) => conditions(c, may_be_there, has_names),
        Condition::Test { key, operator, .. } => {
            let asks = match key.strip_prefix("modules.") {
                Some(_) if operator.is_unary() => !has_names,
                Some(path) => may_be_there(path),
                None if key == DEPENDENCIES => !has_names,
                None => {
                    key.starts_with("build_info.Deps")
                        || key == "build_info.Main.Version"
                        || key == "build_info.Main.Sum"
                }
            };
            asks.then_some(key.as_str()).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;
    use crate::audit::{Finding, Level};
    use crate::report::model::{Binary, ModuleList};

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
    fn it_is_a_note_or_a_warning_until_a_rule_asks_for_more_than_paths() {
        let b = gopath(&["golang.org/x/crypto/ssh", "github.com/x/y"]);
        let level = |profile: &str, policy: &str| judge(&b, profile, policy).map(|f| f.level);
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
            "denied-module = { allow = [\"github.com/x/y\"] }",
            "module-below-floor = { minimum = [\"golang.org/x/net@v0.31.0\"] }",
            "missing-sum = \"off\"",
        ] {
            let policy = format!("[rules]\n{policy}");
            assert_eq!(level("default", &policy), Some(Level::Note), "{policy}");
        }
    }

    #[test]
    fn without_names_no_path_can_be_asked() {
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
    fn own_rules_are_asked_too() {
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
                b.module_list = Some(list);
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
    fn a_whole_list_says_nothing_and_gaps_count_where_they_are_asked() {
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
        let empty = binary(|b| b.module_list = Some(ModuleList::Empty));
        assert_eq!(judge(&empty, "default", floor), None);
    }
}
