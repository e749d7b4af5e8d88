use crate::rules::prelude::*;
use gospect_record::Location;

pub const META: Meta = Meta {
    code: "GS261",
    id: "missing-path",
    summary: "a file or entry that should be a Go program is not there",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "paths",
        kind: ValueKind::Globs,
        default: D::List(&[]),
        doc: "Globs over paths as they are printed (`dist/*.tar.gz!app`); each must match a Go program.",
    }],
    since: "0.1.0",
    page: include_str!("missing_path.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for pattern in ctx.options.list("paths") {
        if ctx
            .fleet
            .visible()
            .any(|row| crate::glob::matches(pattern, &row.path))
        {
            continue;
        }
        let target = ctx.fleet.target();
        sink.report(
            Report::new(format!("no Go program at {pattern}"))
                .see("programs there", ctx.fleet.visible().count().to_string())
                .salient(pattern)
                .help(format!(
                    "`gospect scan {}` lists what is there",
                    if target.is_empty() {
                        "TARGET".to_owned()
                    } else {
                        argument(target)
                    }
                ))
                .at(
                    target,
                    Location {
                        target: target.to_string(),
                        ..Location::default()
                    },
                ),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn each_glob_needs_a_match() {
        let setup = Setup {
            policy: "[rules]\nmissing-path = { paths = [\"**/*_linux.tar.gz!app\", \"**/*_windows.zip!app.exe\"] }",
            rule: "missing-path",
            ..Setup::default()
        };
        let found = setup.judge_all(&[binary(|b| b.path = "dist/x_linux.tar.gz!app".into())]);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("windows"));
    }
}
