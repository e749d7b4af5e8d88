use super::{one_of, report_spread};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS282",
    id: "mixed-experiments",
    summary: "programs of one release were built with different experiments",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("mixed_experiments.md"),
};

pub fn check(ctx: &RunCtx, sink: &mut Sink) {
    report_spread(
        ctx,
        sink,
        "GOEXPERIMENT",
        |group, spread| {
            // Findings about single programs decide before the majority does.
            if group.plan().of("GOEXPERIMENT").is_some() {
                return "build all as the findings about their experiments say".to_owned();
            }
            let shown = |value: &str| match value {
                "" => "none".to_owned(),
                value => format!("`{value}`"),
            };
            let have = match spread.tie {
                true => one_of(spread, shown),
                false => format!("most have {}", shown(&spread.majority)),
            };
            format!("settle on one GOEXPERIMENT for all ({have}) and rebuild the others")
        },
        |row| Some(row.experiments.clone()),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn the_odd_one_out_is_named() {
        let setup = Setup {
            rule: "mixed-experiments",
            profile: "release",
            ..Setup::default()
        };
        let same = |path: &str| binary(|b| b.path = path.into());
        let odd = change(same("odd"), |b| {
            b.experiments.suffix = vec!["arenas".into()]
        });
        let found = setup.judge_all(&[same("a"), odd.clone(), same("b")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "odd");
        assert!(setup.judge_all(&[same("a"), same("b")]).is_empty());
        let other = change(odd, |b| {
            b.build_info.as_mut().unwrap().main.path = "example.com/other".into()
        });
        assert!(
            setup.judge_all(&[same("a"), other]).is_empty(),
            "another module is another group"
        );
    }
}
