use super::effective;
use crate::rules::prelude::*;
use crate::{glob, majors};
use std::collections::BTreeMap;

pub const META: Meta = Meta {
    code: "GS137",
    id: "denied-module",
    summary: "a module that the policy denies is linked in",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[
        OptionSpec {
            name: "deny",
            kind: ValueKind::Globs,
            default: D::List(&[]),
            doc: "Module paths that must not be linked in; `GLOB@VERSION` denies one version.",
        },
        OptionSpec {
            name: "allow",
            kind: ValueKind::Globs,
            default: D::Unset,
            doc: "If set, every other module is denied.",
        },
    ],
    since: "0.1.0",
    page: include_str!("denied_module.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let deny = ctx.options.list("deny");
    let allow = ctx.options.list_if_set("allow");
    if deny.is_empty() && allow.is_none() {
        return;
    }
    not_recorded(ctx, &deny, allow.as_deref(), sink);
    let Some(build) = &ctx.binary.build_info else {
        return;
    };
    for m in build.deps.iter().map(effective) {
        let with_version = format!("{}@{}", m.path, m.version);
        let by = deny.iter().find(|d| {
            glob::matches(
                d,
                if d.contains('@') {
                    &with_version
                } else {
                    &m.path
                },
            )
        });
        let message = match (by, &allow) {
            (Some(by), _) => format!("{} {} is denied by `{by}`", m.path, m.version),
            (None, Some(allow)) if !glob::any(allow, &m.path) => {
                format!("{} {} is not among the modules allowed", m.path, m.version)
            }
            _ => continue,
        };
        sink.report(
            Report::new(message)
                .see("module", format!("{} {}", m.path, m.version))
                .salient(m.path.clone())
                .help(format!(
                    "`go mod why -m {}` says who needs it",
                    argument(&m.path)
                )),
        );
    }
}

/// Reports denied packages from the function table, where the build info lists no or not all modules. A path denies a package
/// whose module has, or may have, that path. Versions are unknown there; `modules-unknown` says so.
fn not_recorded(ctx: &Ctx, deny: &[&str], allow: Option<&[&str]>, sink: &mut Sink) {
    let rows = ctx.binary.stand_ins();
    let open = majors::are_open(ctx.binary.module_list());
    let mut groups: BTreeMap<&str, (String, Vec<&str>)> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.is_own) {
        let paths = deny.iter().filter(|d| !d.contains('@'));
        let by = paths
            .filter_map(|d| {
                row.module_paths()
                    .find(|path| glob::matches(d, path))
                    .map(|path| (path, d))
            })
            .next();
        let group = row.group();
        let (name, message) = match (by, allow) {
            (Some((path, by)), _) => {
                let name = if path.len() > group.len() {
                    path
                } else {
                    group
                };
                (name, format!("{name} is denied by `{by}`"))
            }
            // `modules-unknown` reports those that may have another, allowed major version.
            (None, Some(allow)) if open && allow.iter().any(|a| majors::may_match(a, row)) => {
                continue;
            }
            (None, Some(allow)) if !row.module_paths().any(|path| glob::any(allow, path)) => {
                (group, format!("{group} is not among the modules allowed"))
            }
            _ => continue,
        };
        let (_, packages) = groups.entry(name).or_insert_with(|| (message, Vec::new()));
        packages.push(row.package);
    }
    for (name, (message, packages)) in groups {
        let mut report = Report::new(format!("{message}; its version is not known"))
            .salient(name)
            .help("the function table shows it: look for the import in the source and replace it");
        for package in packages.iter().take(PACKAGES) {
            report = report.see("function table", *package);
        }
        if let Some(more) = packages
            .len()
            .checked_sub(PACKAGES)
            .filter(|more| *more > 0)
        {
            report = report.see("and", format!("{more} more packages"));
        }
        sink.report(report);
    }
}

/// Most packages to list in one finding.
const PACKAGES: usize = 5;

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn without_a_list_the_function_table_answers() {
        let b = gopath(&[
            "example.com/app/lib",
            "github.com/dgrijalva/jwt-go/request",
            "github.com/x/y/v3/z",
            "example.org/odd/pkg",
            "fmt",
        ]);
        let with = |options: &str| {
            let found = Setup {
                policy: &format!("[rules]\ndenied-module = {{ {options} }}"),
                rule: "denied-module",
                ..Setup::default()
            }
            .judge(&b);
            found.into_iter().map(|f| f.message).collect::<Vec<_>>()
        };
        assert_eq!(
            with("deny = [\"github.com/dgrijalva/*\"]"),
            [
                "github.com/dgrijalva/jwt-go is denied by `github.com/dgrijalva/*`; its version is not known"
            ]
        );
        for (options, count) in [
            ("deny = [\"github.com/x/y\"]", 0),
            ("deny = [\"github.com/x/y/v3\"]", 1),
            ("deny = [\"github.com/dgrijalva/jwt-go/request\"]", 1),
            ("deny = [\"github.com/dgrijalva/jwt-go@v3.2.0\"]", 0),
            ("deny = [\"example.org/odd\"]", 1),
            ("deny = [\"example.com/app/lib\"]", 0),
            ("allow = [\"github.com/**\"]", 1),
            ("allow = [\"github.com/**\", \"example.org/odd\"]", 0),
            ("allow = []", 3),
        ] {
            assert_eq!(with(options).len(), count, "{options}: {:?}", with(options));
        }
    }

    #[test]
    fn code_that_a_list_does_not_explain_is_asked_too() {
        let b = binary(|b| {
            b.linked.as_mut().unwrap().not_recorded = vec!["github.com/a/b/c".into()];
        });
        let found = Setup {
            policy: "[rules]\ndenied-module = { deny = [\"github.com/a/b\"] }",
            rule: "denied-module",
            ..Setup::default()
        }
        .judge(&b);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn paths_versions_and_replacements_are_matched() {
        let b = binary(|b| {
            dep(b, "github.com/dgrijalva/jwt-go", "v3.2.0", None);
            dep(b, "example.com/lib", "v1.2.3", None);
            dep(
                b,
                "example.com/a",
                "v1.0.0",
                Some(("example.com/evil", "v1.0.0")),
            );
        });
        let with = |options: &str| {
            Setup {
                policy: &format!("[rules]\ndenied-module = {{ {options} }}"),
                rule: "denied-module",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("deny = [\"github.com/dgrijalva/*\"]"), 1);
        assert_eq!(with("deny = [\"example.com/lib@v1.2.4\"]"), 0);
        assert_eq!(
            with("deny = [\"example.com/lib@v1.2.*\", \"example.com/evil\"]"),
            2
        );
        assert_eq!(with("allow = [\"example.com/**\", \"golang.org/x/*\"]"), 1);
        assert!(judge_one("denied-module", &b).is_empty());
    }
}
