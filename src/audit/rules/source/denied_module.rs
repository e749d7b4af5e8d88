use super::effective;
use crate::audit::glob;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS137",
    id: "denied-module",
    family: Family::Source,
    summary: "a module that the policy denies is linked in",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[
        OptionSpec {
            name: "deny",
            kind: Kind::Globs,
            default: D::List(&[]),
            doc: "Module paths that must not be there; `GLOB@VERSION` denies one version.",
        },
        OptionSpec {
            name: "allow",
            kind: Kind::Globs,
            default: D::Unset,
            doc: "If set, every other module is denied.",
        },
    ],
    since: "0.1.0",
    doc: Doc {
        what: "A recorded dependency (or what replaced it) matches `deny`, or `allow` is set and it matches none of it.",
        why: "Licences, retracted versions, libraries you have moved away from: the list is yours.",
        example: "`denied-module = { deny = [\"github.com/dgrijalva/jwt-go\", \"example.com/lib@v1.2.3\"] }`.",
        fix: "Find who needs it: `go mod why -m MODULE`; then replace or update that.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let deny = ctx.options.list("deny").unwrap_or_default();
    let allow = ctx.options.list("allow");
    if deny.is_empty() && allow.is_none() {
        return;
    }
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
                .help(format!("`go mod why -m {}` says who needs it", m.path)),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

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
