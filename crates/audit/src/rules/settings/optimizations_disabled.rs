use crate::facts::words;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS103",
    id: "optimizations-disabled",
    summary: "optimisations or inlining were switched off",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("optimizations_disabled.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(flags) = ctx.setting("-gcflags") else {
        return;
    };
    // In `all=-N -l` and `pattern=-N`, the pattern is part of the first word.
    let off: Vec<String> = words(flags)
        .into_iter()
        .map(|w| match w.split_once('=') {
            Some((pattern, flag)) if !pattern.starts_with('-') => flag.to_string(),
            _ => w,
        })
        .filter(|w| matches!(w.as_str(), "-N" | "-l" | "-N=true" | "-l=true"))
        .collect();
    if off.is_empty() {
        return;
    }
    sink.report(
        Report::new(format!("compiled with {}", off.join(" ")))
            .see("-gcflags", flags)
            .help(format!(
                "rebuild without -gcflags: `{}`",
                ctx.go_build(&[drop("-gcflags")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn each_spelling_is_seen() {
        for (flags, n) in [
            ("all=-N -l", 1),
            ("-N", 1),
            ("-l", 1),
            ("example.com/...=-N", 1),
            ("-lang=go1.20", 0),
            ("-m", 0),
            ("all=-d=checkptr", 0),
            ("", 0),
        ] {
            assert_eq!(
                judge_one(
                    "optimizations-disabled",
                    &binary(|b| set(b, "-gcflags", flags))
                )
                .len(),
                n,
                "{flags}"
            );
        }
    }
}
