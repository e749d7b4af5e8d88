use super::not_compared;
use crate::fleet::Group;
use crate::rules::prelude::*;
use gospect_bytes::number;

pub const META: Meta = Meta {
    code: "GS284",
    id: "mixed-dependencies",
    summary: "programs of one release have different versions of a dependency",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: &[allow("Modules that may differ.")],
    since: "0.1.0",
    page: include_str!("mixed_dependencies.md"),
};

/// Most modules to list in one finding.
const MODULES: usize = 20;

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for group in ctx.fleet.groups() {
        let mixed: Vec<_> = group
            .mixed_modules()
            .into_iter()
            .filter(|m| !ctx.options.allows(&m.module))
            .collect();
        unknown(group, sink);
        let Some(first) = mixed.first() else { continue };
        let mut report = Report::new(format!(
            "programs of {} have different versions of {}",
            group.name(),
            number::count(mixed.len() as u64, "dependency", "dependencies")
        ))
        .salient(group.name())
        .help("`go get MODULE@VERSION` in every go.mod of the repository, then rebuild all");
        for m in mixed.iter().take(MODULES) {
            let mut versions: Vec<String> = m
                .versions
                .iter()
                .map(|(v, path)| format!("{v} ({path})"))
                .collect();
            if m.more > 0 {
                versions.push(format!("and {} more", m.more));
            }
            report = report.see(m.module.clone(), versions.join(", "));
        }
        if mixed.len() > MODULES {
            report = report.see("and", format!("{} more", mixed.len() - MODULES));
        }
        sink.report(report.at(first.place.path.clone(), first.place.location.clone()));
    }
    if let Some(report) = not_compared(ctx) {
        sink.report(report.at_most(Level::Note));
    }
}

/// Reports the programs of a group whose modules were not compared; without a finding they do not necessarily agree.
fn unknown(group: &Group, sink: &mut Sink) {
    let rows = group.rows().iter().filter(|row| row.modules_unknown);
    let paths: Vec<&str> = rows.clone().map(|row| row.path.as_str()).collect();
    let Some(first) = rows.clone().next() else {
        return;
    };
    let report = Report::new(format!(
        "{} of {} programs of {} {} no list of modules: their dependencies were not compared",
        paths.len(),
        group.rows().len(),
        group.name(),
        if paths.len() == 1 { "has" } else { "have" }
    ))
    .see("module_list", "unknown")
    .see(
        "programs",
        paths
            .into_iter()
            .take(MODULES)
            .collect::<Vec<_>>()
            .join(", "),
    )
    .salient("unknown")
    .unanswered()
    .salient(group.name())
    .help("build them in module mode: `GO111MODULE=on go build`")
    .at_most(Level::Note)
    .at(first.path.clone(), first.location.clone());
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn dependencies_of_different_versions_are_counted() {
        let one = |path: &str, versions: &[&str]| {
            binary(|b| {
                b.path = path.into();
                b.build_info.as_mut().unwrap().main.path = "github.com/me/app".into();
                for (number, version) in versions.iter().enumerate() {
                    dep(b, &format!("example.com/d{number}"), version, None);
                }
            })
        };
        let setup = Setup {
            rule: "mixed-dependencies",
            ..Setup::default()
        };
        for (versions, wanted) in [
            (["v2.0.0", "v1.0.0"], "1 dependency"),
            (["v2.0.0", "v2.0.0"], "2 dependencies"),
        ] {
            let all = [one("a", &["v1.0.0", "v1.0.0"]), one("b", &versions)];
            let found = setup.judge_all(&all);
            let wanted = format!("different versions of {wanted}");
            assert!(found[0].message.ends_with(&wanted), "{}", found[0].message);
        }
    }

    #[test]
    fn programs_without_a_list_are_said_to_be_unknown() {
        let one = |path: &str| {
            change(gopath(&["github.com/x/y"]), |b| {
                b.path = path.into();
                b.main_package = Some("github.com/me/app/cmd/a".into());
            })
        };
        let listed = binary(|b| {
            b.build_info.as_mut().unwrap().main.path = "github.com/me/app".into();
        });
        let setup = Setup {
            rule: "mixed-dependencies",
            ..Setup::default()
        };
        let found = setup.judge_all(&[one("a"), listed, one("b")]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .message
                .starts_with("2 of 3 programs of github.com/me/app have no list")
        );
    }

    #[test]
    fn differing_modules_are_listed_once() {
        let with = |path: &str, version: &str| {
            binary(|b| {
                b.path = path.into();
                dep(b, "golang.org/x/net", version, None);
            })
        };
        let setup = Setup {
            rule: "mixed-dependencies",
            ..Setup::default()
        };
        let found = setup.judge_all(&[
            with("a", "v0.40.0"),
            with("b", "v0.39.0"),
            with("c", "v0.40.0"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].evidence[0].value.contains("v0.39.0 (b)"),
            "{:?}",
            found[0].evidence
        );
        assert!(
            setup
                .judge_all(&[with("a", "v0.40.0"), with("b", "v0.40.0")])
                .is_empty()
        );
    }
}
