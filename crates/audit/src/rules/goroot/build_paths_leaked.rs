use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS025",
    id: "build-paths-leaked",
    summary: "paths of the build host are in the file",
    levels: levels(OFF, WARN, NOTE, NOTE),
    options: &[
        OptionSpec {
            name: "kinds",
            kind: ValueKind::Choices(&[
                "goroot",
                "home",
                "temp",
                "ci",
                "module-cache",
                "workspace",
                "other",
            ]),
            default: D::List(&["home", "temp", "ci", "workspace"]),
            doc: "Kinds of paths to report.",
        },
        allow("Prefixes that may be there."),
    ],
    since: "0.1.0",
    page: include_str!("build_paths_leaked.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(paths) = &ctx.binary.paths else {
        return;
    };
    let kinds = ctx.options.list("kinds");
    let leaks: Vec<_> = paths
        .iter()
        .filter(|p| kinds.contains(&p.kind.as_str()))
        .filter(|p| {
            !ctx.options.allows(&p.prefix) && !ctx.options.allows(p.prefix.trim_end_matches('/'))
        })
        .collect();
    if leaks.is_empty() {
        return;
    }
    let total = leaks.iter().fold(0_u64, |n, p| n.saturating_add(p.count));
    let mut kinds: Vec<&str> = leaks.iter().map(|p| p.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut report = Report::new(format!(
        "{total} build-host path{} in the file ({})",
        if total == 1 { "" } else { "s" },
        kinds.join(", ")
    ))
    .salient(kinds.join(","));
    let in_flags = leaks
        .iter()
        .any(|p| p.found_in.contains("FLAGS") || p.found_in.contains("-ldflags"));
    // Paths of C sources stay in the debug information whatever the flags of the go command.
    let only_debug = leaks.iter().all(|p| p.found_in == "dwarf");
    report = report.help(match in_flags {
        _ if only_debug => format!(
            "`{}`",
            ctx.go_build(&[BuildChange::With(ListSetting::LinkFlags, "-w".into())])
        ),
        true => format!(
            "`{}`: it also keeps -ldflags and CGO_*FLAGS out of the record",
            ctx.go_build(&[set("-trimpath", "true")])
        ),
        false => format!("`{}`", ctx.go_build(&[set("-trimpath", "true")])),
    });
    for p in leaks {
        report = report.see(
            format!("{} in {}", p.kind, p.found_in),
            format!("{} ({}x), such as {}", p.prefix, p.count, p.example),
        );
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::PathLeak;

    fn leak(kind: &str, prefix: &str) -> PathLeak {
        PathLeak {
            prefix: prefix.into(),
            kind: kind.into(),
            count: 7,
            example: format!("{prefix}x.go"),
            found_in: "pclntab".into(),
        }
    }

    #[test]
    fn each_prefix_is_evidence_and_allowed_ones_are_not() {
        let b = binary(|b| {
            b.paths = Some(vec![
                leak("home", "/home/ann/"),
                leak("ci", "/builds/x/"),
                leak("module-cache", "/go/pkg/mod/"),
            ])
        });
        let found = Setup {
            profile: "release",
            rule: "build-paths-leaked",
            ..Setup::default()
        }
        .judge(&b);
        assert_eq!((found.len(), found[0].evidence.len()), (1, 2));
        assert!(found[0].message.starts_with("14 "));
        let policy = "[rules]\nbuild-paths-leaked = { level = \"error\", allow = [\"/home/*\", \"/builds/**\"] }";
        assert!(
            Setup {
                policy,
                rule: "build-paths-leaked",
                ..Setup::default()
            }
            .judge(&b)
            .is_empty()
        );
    }
}
