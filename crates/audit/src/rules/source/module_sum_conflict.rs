use crate::rules::fleet::not_compared;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS139",
    id: "module-sum-conflict",
    summary: "the same module version has different checksums in two programs",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("module_sum_conflict.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    for conflict in ctx.fleet.sum_conflicts() {
        let mut report = Report::new(format!("{} {} has {} different checksums in this run", conflict.module, conflict.version, conflict.sums.len() as u64 + conflict.more))
            .salient(conflict.module.clone())
            .salient(conflict.version.clone())
            .help(format!("`curl -s {}` tells the right one; then `go clean -modcache` on the builder that is wrong", argument(&format!("https://sum.golang.org/lookup/{}@{}", conflict.module, conflict.version))))
            .at(conflict.place.0.clone(), conflict.place.1.clone());
        for (sum, path, count) in &conflict.sums {
            report = report.see(
                sum.clone(),
                if *count > 1 {
                    format!("{path} and {} more", count - 1)
                } else {
                    path.clone()
                },
            );
        }
        if conflict.more > 0 {
            report = report.see("and", format!("{} more", conflict.more));
        }
        sink.report(report);
    }
    if let Some(report) = not_compared(ctx) {
        sink.report(report.at_most(Level::Warning));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn one_version_with_two_sums_is_an_error() {
        let with_sum = |path: &str, sum: &str| {
            binary(|b| {
                b.path = path.into();
                dep(b, "example.com/lib", "v1.2.3", None);
                b.build_info.as_mut().unwrap().deps.last_mut().unwrap().sum = sum.into();
            })
        };
        let setup = Setup {
            rule: "module-sum-conflict",
            ..Setup::default()
        };
        let found = setup.judge_all(&[
            with_sum("a", "h1:A"),
            with_sum("b", "h1:B"),
            with_sum("c", "h1:A"),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "b", "the odd one out");
        assert_eq!(found[0].level, crate::Level::Error);
        assert!(
            setup
                .judge_all(&[
                    with_sum("a", "h1:A"),
                    with_sum("b", "h1:A"),
                    with_sum("c", "")
                ])
                .is_empty()
        );
    }
}
