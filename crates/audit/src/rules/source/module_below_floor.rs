use super::effective;
use crate::rules::prelude::*;
use crate::{glob, known};
use gospect_record::Module;

pub const META: Meta = Meta {
    code: "GS138",
    id: "module-below-floor",
    summary: "a dependency is older than the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "minimum",
        kind: ValueKind::Floors,
        default: D::List(&[]),
        doc: "`MODULE-GLOB@VERSION` each: the oldest version of these modules that may be linked in.",
    }],
    since: "0.1.0",
    page: include_str!("module_below_floor.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let floors = ctx.options.list("minimum");
    let Some(build) = ctx
        .binary
        .build_info
        .as_ref()
        .filter(|_| !floors.is_empty())
    else {
        return;
    };
    let floors: Vec<(&str, &str)> = floors.iter().filter_map(|f| f.rsplit_once('@')).collect();
    for module in &build.deps {
        let linked = effective(module);
        for &(pattern, floor) in &floors {
            let is_of = |module: &Module| glob::matches(pattern, &module.path);
            if is_of(linked) && known::is_module_version(&linked.version) {
                if known::compare_modules(&linked.version, floor).is_lt() {
                    sink.report(below(linked, &linked.version, floor));
                }
            } else if is_of(module) || is_of(linked) {
                sink.report(unknown(module, floor));
            }
        }
    }
    let others = ctx
        .binary
        .linked
        .iter()
        .flat_map(|linked| &linked.other_versions);
    for other in others {
        for (pattern, floor) in &floors {
            let is_below = known::compare_modules(&other.version, floor).is_lt();
            let modules = build.deps.iter().flat_map(|m| [m, effective(m)]);
            let mut modules = modules.filter(|module| module.path == other.path);
            if is_below
                && glob::matches(pattern, &other.path)
                && let Some(module) = modules.next()
            {
                sink.report(
                    below(module, &other.version, floor)
                        .see("source files", format!("{} {}", other.path, other.version)),
                );
            }
        }
    }
}

fn below(module: &Module, version: &str, floor: &str) -> Report {
    Report::new(format!(
        "{} {version} is below the floor {floor}",
        module.path
    ))
    .see("module", format!("{} {}", module.path, module.version))
    .salient(module.path.clone())
    .help(format!(
        "`go get {} && go mod tidy`, then rebuild",
        argument(&format!("{}@{floor}", module.path))
    ))
}

/// A module whose version cannot be held against the floor: a folder or another module is linked in its place.
fn unknown(module: &Module, floor: &str) -> Report {
    let linked = effective(module);
    let place = match linked.version.as_str() {
        "" => linked.path.clone(),
        version => format!("{} {version}", linked.path),
    };
    let (message, help) = match module.replace {
        Some(_) => (
            format!(
                "{} is replaced by {place}, which cannot be held against the floor {floor}",
                module.path
            ),
            "take the `replace` out of go.mod, or accept what it puts in place with a waiver for this module",
        ),
        None => (
            format!("{place} cannot be held against the floor {floor}"),
            "link a released version of it, or accept it with a waiver for this module",
        ),
    };
    Report::new(message)
        .see("module", format!("{} {}", module.path, module.version))
        .salient(module.path.clone())
        .help(help)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn the_order_is_that_of_modules() {
        let with = |version: &str| {
            let b = binary(|b| dep(b, "golang.org/x/crypto", version, None));
            Setup {
                policy: "[rules]\nmodule-below-floor = { minimum = [\"golang.org/x/*@v0.31.0\"] }",
                rule: "module-below-floor",
                ..Setup::default()
            }
            .judge(&b)
            .iter()
            .filter(|f| f.message.contains("crypto"))
            .count()
        };
        assert_eq!(
            (with("v0.9.0"), with("v0.31.0"), with("v0.100.0")),
            (1, 0, 0)
        );
        assert_eq!(with("v0.31.0-rc.1"), 1);
        assert_eq!(with("v0.0.0-20210921155107-089bfa567519"), 1);
    }

    #[test]
    fn what_has_no_version_to_compare_does_not_pass() {
        let found = |replacement: Option<(&str, &str)>, seen: Option<&str>| {
            let b = binary(|b| {
                dep(b, "golang.org/x/crypto", "v0.40.0", replacement);
                b.linked.get_or_insert_default().other_versions = seen
                    .map(|version| gospect_record::ModuleVersion {
                        path: "golang.org/x/crypto".to_owned(),
                        version: version.to_owned(),
                    })
                    .into_iter()
                    .collect();
            });
            let setup = Setup {
                policy: "[rules]\nmodule-below-floor = { minimum = [\"golang.org/x/crypto@v0.31.0\"] }",
                rule: "module-below-floor",
                ..Setup::default()
            };
            let messages = setup.judge(&b).into_iter().map(|f| f.message);
            messages.collect::<Vec<_>>()
        };
        assert_eq!(found(None, None), [""; 0]);
        assert_eq!(
            found(Some(("./crypto", "")), None),
            [
                "golang.org/x/crypto is replaced by ./crypto, which cannot be held against the floor v0.31.0"
            ]
        );
        assert_eq!(
            found(Some(("example.com/fork", "v1.0.0")), None),
            [
                "golang.org/x/crypto is replaced by example.com/fork v1.0.0, which cannot be held against the floor v0.31.0"
            ]
        );
        assert_eq!(
            found(Some(("golang.org/x/crypto", "v0.31.0")), None),
            [""; 0]
        );
        assert_eq!(
            found(None, Some("v0.17.0")),
            ["golang.org/x/crypto v0.17.0 is below the floor v0.31.0"]
        );
    }
}
