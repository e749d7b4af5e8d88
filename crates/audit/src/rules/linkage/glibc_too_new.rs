use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS202",
    id: "glibc-too-new",
    summary: "needs a newer glibc than the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "maximum",
        kind: ValueKind::Number,
        default: D::Unset,
        doc: "Newest glibc that a program may need. Unset: the rule reports nothing.",
    }],
    since: "0.1.0",
    page: include_str!("glibc_too_new.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(maximum) = ctx.options.text("maximum") else {
        return;
    };
    let Some(needed) = ctx.binary.linkage.as_ref().and_then(|l| l.glibc.as_deref()) else {
        return;
    };
    if numbers(needed) <= numbers(maximum) {
        return;
    }
    sink.report(
        Report::new(format!(
            "needs glibc {needed}; the policy promises {maximum}"
        ))
        .see("linkage.glibc", needed)
        .help(format!(
            "build on a system with glibc {maximum}, or `{}`",
            ctx.go_build(&[set("CGO_ENABLED", "0")])
        )),
    );
}

/// The numbers of `2.34`, with or without a leading `GLIBC_`.
fn numbers(text: &str) -> Vec<u32> {
    text.trim_start_matches("GLIBC_")
        .split('.')
        .map(|p| p.parse().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn numbers_are_compared_not_texts() {
        let with = |needed: &str| {
            Setup {
                policy: "[rules]\nglibc-too-new = { maximum = \"2.28\" }",
                rule: "glibc-too-new",
                ..Setup::default()
            }
            .judge(&binary(|b| {
                b.linkage.as_mut().unwrap().glibc = Some(needed.into())
            }))
            .len()
        };
        assert_eq!(
            (with("2.34"), with("2.28"), with("2.3.4"), with("2.4")),
            (1, 0, 0, 0)
        );
    }
}
