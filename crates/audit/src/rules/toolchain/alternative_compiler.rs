use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS009",
    id: "alternative-compiler",
    summary: "built with another compiler than Go's own",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("alternative_compiler.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(compiler) = ctx.setting("-compiler").filter(|c| *c != "gc") else {
        return;
    };
    sink.report(
        Report::new(format!("built with the compiler {compiler}"))
            .see("-compiler", compiler)
            .help(format!(
                "build with Go's own compiler: `{}`",
                ctx.go_build(&[set("-compiler", "gc")])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_compiler_other_than_gc_is_reported() {
        assert_eq!(
            judge_one(
                "alternative-compiler",
                &binary(|b| set(b, "-compiler", "gccgo"))
            )
            .len(),
            1
        );
        assert!(
            judge_one(
                "alternative-compiler",
                &binary(|b| set(b, "-compiler", "gc"))
            )
            .is_empty()
        );
    }
}
