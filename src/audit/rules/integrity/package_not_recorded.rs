use crate::audit::glob;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS166",
    id: "package-not-recorded",
    family: Family::Integrity,
    summary: "the program has code of modules that are not recorded",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Globs,
        default: D::List(&[]),
        doc: "Names that are fine.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "The function table names packages that no recorded module explains.",
        why: "That code is invisible to scanners that read the record. It comes from build systems that record only part, or the record was edited.",
        example: "Bazel targets with dependencies outside go.mod; a `dep` line deleted from the record.",
        fix: "Build with the `go` command in module mode, which records every module it links: `go build`.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(linked) = ctx.binary.linked.as_ref().filter(|l| l.functions > 0) else {
        return;
    };
    let allow = ctx.options.list("allow").unwrap_or_default();
    let names: Vec<&str> = linked
        .not_recorded
        .iter()
        .map(String::as_str)
        .filter(|n| !glob::any(&allow, n))
        .collect();
    if names.is_empty() {
        return;
    }
    let mut report = Report::new(format!(
        "{} package prefixes in the program belong to no recorded module",
        names.len()
    ))
    .help("build in module mode with the `go` command: `go build -trimpath`");
    for name in &names {
        report = report.see("linked.not_recorded", *name).salient(*name);
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;
    use crate::report::model::Linked;

    #[test]
    fn names_are_listed_and_a_missing_table_says_nothing() {
        let with = |functions: u64, policy: &str| {
            let b = binary(|b| {
                b.linked = Some(Linked {
                    functions,
                    not_recorded: vec!["example.com/a".into(), "example.com/b".into()],
                    ..Linked::default()
                })
            });
            Setup {
                profile: "release",
                policy,
                rule: "package-not-recorded",
                ..Setup::default()
            }
            .judge(&b)
        };
        let found = with(100, "");
        assert_eq!((found.len(), found[0].evidence.len()), (1, 2));
        assert!(with(0, "").is_empty());
        assert!(
            with(
                100,
                "[rules]\npackage-not-recorded = { allow = [\"example.com/*\"] }"
            )
            .is_empty()
        );
    }
}
