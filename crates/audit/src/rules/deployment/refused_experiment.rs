use super::{about, fields, judged, read_by_builds};
use crate::rules::experiments::unknown_experiment::VENDORS;
use crate::rules::prelude::*;
use gospect_knowledge::{TableRow, goexperiment};

pub const META: Meta = Meta {
    code: "GS415",
    id: "refused-experiment",
    summary: "a build sets a GOEXPERIMENT that its Go release does not know",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("refused_experiment.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_builds(ctx, "GOEXPERIMENT") {
        let judge = ctx.judge(false, v.go.as_ref());
        let Some(minor) = TableRow::of(&judge.version).minor() else {
            continue;
        };
        for field in fields(v) {
            let word = field.text;
            let known = |name: &str| {
                matches!(name, "" | "none" | "regabi")
                    || VENDORS.contains(&name)
                    || goexperiment::known(name, minor).is_some()
            };
            let real = |n: &&str| known(n) || goexperiment::experiment(n).is_some();
            let name = word.strip_prefix("no").filter(real).unwrap_or(word);
            if known(name) || field.open {
                continue;
            }
            let ever = goexperiment::experiment(name).is_some();
            let help = match goexperiment::hint(name, minor) {
                _ if ever => {
                    format!(
                        "take it out; `gospect explain {}` says which releases know it",
                        argument(name)
                    )
                }
                Some(near) => format!("did you mean `{near}`? See `gospect explain {near}`"),
                None => format!("take `{word}` out: no release knows it"),
            };
            let message = format!(
                "{} has no experiment `{name}`: the go command stops",
                judge.name()
            );
            let mut report = judged(about(v, message, &[name]), &judge)
                .on(field.at)
                .help(help);
            if judge.guessed && ever {
                report = report.at_most(Level::Warning);
            }
            sink.report(report);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::Level;

    #[test]
    fn names_that_stop_the_go_command() {
        let text = "FROM golang:1.27\nARG GOEXPERIMENT=arenas,unified,nojsonv2,gorootnew,none\n";
        let found = lint("refused-experiment", "Dockerfile", text);
        assert_eq!(places(&found), ["2:25-32", "2:42-51"]);
        assert_eq!(found[0].level, Level::Error);
        let guess = "#!/bin/sh\nGOEXPERIMENT=unified go build -trimpath\n";
        assert_eq!(
            lint("refused-experiment", "b.sh", guess)[0].level,
            Level::Warning
        );
        let deployed = "GOEXPERIMENT=gorootnew\n";
        assert!(
            lint("refused-experiment", "x.env", deployed).is_empty(),
            "nobody reads it"
        );
    }
}
