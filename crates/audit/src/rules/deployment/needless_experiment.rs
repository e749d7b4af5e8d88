use super::{about, fields, judged, read_by_builds};
use crate::rules::prelude::*;
use gospect_knowledge::{TableRow, goexperiment};

pub const META: Meta = Meta {
    code: "GS418",
    id: "needless-experiment",
    summary: "a build sets a GOEXPERIMENT that its Go release has anyway",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[],
    since: "0.2.0",
    page: include_str!("needless_experiment.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_builds(ctx, "GOEXPERIMENT") {
        let judge = ctx.judge(false, v.go.as_ref());
        let fields = fields(v);
        let words: Vec<&str> = fields.iter().map(|f| f.text).collect();
        let (TableRow::Own(minor), false) = (
            TableRow::of(&judge.version),
            judge.guessed || judge.at_least,
        ) else {
            continue;
        };
        if fields.iter().any(|f| f.text == "none" || f.open) {
            continue;
        }
        for field in &fields {
            let word = &field.text;
            let (name, asked) = match goexperiment::known(word, minor) {
                Some(_) => (*word, true),
                None => (word.strip_prefix("no").unwrap_or(word), false),
            };
            // If an experiment is both on and off, the last one counts, and may be needed.
            let other = |w: &&&str| w.strip_prefix("no").unwrap_or(w) == name;
            if words.iter().filter(other).count() != 1
                || goexperiment::everywhere(name, minor) != Some(asked)
            {
                continue;
            }
            let state = if asked { "on" } else { "off" };
            let message = format!(
                "`{word}` is needless: {} has `{name}` {state} by default",
                judge.name()
            );
            let report = about(v, message, &[name]).on(field.at).help(format!(
                "take `{word}` out; `gospect explain {}` says which releases know it",
                argument(name)
            ));
            sink.report(judged(report, &judge));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use crate::Level;

    #[test]
    fn an_experiment_that_is_the_default_is_needless() {
        let id = "needless-experiment";
        let docker = |go: &str, value: &str| {
            let text =
                format!("FROM golang:{go}\nENV GOEXPERIMENT={value}\nRUN go build -trimpath\n");
            places(&lint(id, "Dockerfile", &text))
        };
        assert_eq!(docker("1.25", "swissmap,arenas"), ["2:18-26"]);
        assert_eq!(docker("1.27", "jsonv2"), ["2:18-24"]);
        assert_eq!(docker("1.25", "arenas,nojsonv2"), ["2:25-33"]);
        for needed in [
            "nojsonv2",
            "arenas",
            "none,jsonv2",
            "nojsonv2,jsonv2",
            // Not on every port.
            "dwarf5",
            "nodwarf5",
            // An experiment that never existed, or one that another rule reports.
            "gorootnew",
            "regabi",
            "$X",
            "",
        ] {
            assert!(docker("1.27", needed).is_empty(), "{needed}");
        }
        let text = "FROM golang:1.27\nARG GOEXPERIMENT=jsonv2\nRUN go build\n";
        assert_eq!(lint(id, "Dockerfile", text)[0].level, Level::Note);
        let untold = "#!/bin/sh\nGOEXPERIMENT=jsonv2 go build -trimpath\n";
        assert!(lint(id, "b.sh", untold).is_empty(), "of which release?");
    }
}
