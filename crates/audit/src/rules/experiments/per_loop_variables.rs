use crate::rules::prelude::*;
use gospect_record::Loopvar;

pub const META: Meta = Meta {
    code: "GS043",
    id: "per-loop-variables",
    summary: "the main module still has one variable per loop",
    levels: levels(OFF, NOTE, OFF, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("per_loop_variables.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let experiments = &ctx.binary.experiments;
    if experiments.loopvar != Some(Loopvar::PerLoop.into())
        || ctx.release.is_none_or(|r| r.minor < 22)
    {
        return;
    }
    let mut report = Report::new("loops of the main module share one variable over all iterations")
        .see("experiments.loopvar", "per-loop")
        .help(format!(
            "`go mod edit -go=1.{} && go test ./...` in the main module",
            ctx.go_line(22)
        ));
    if let Some(line) = &ctx.binary.godebug.language_version {
        report = report.see("go line", line.clone()).see(
            "inferred from",
            "the recorded GODEBUG defaults; go.work and `default=go1.N` look the same there",
        );
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_new_toolchain_with_an_old_line_is_reported() {
        let with = |version: &str, loopvar: &str| {
            let b = binary(|b| {
                b.go_version = Some(version.into());
                b.experiments.loopvar = Some(loopvar.into());
            });
            Setup {
                profile: "release",
                rule: "per-loop-variables",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("go1.27.3", "per-loop"), 1);
        assert_eq!(with("go1.27.3", "per-iteration"), 0);
        assert_eq!(with("go1.19.8", "per-loop"), 0);
    }
}
