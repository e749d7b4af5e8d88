use crate::rules::prelude::*;
use gospect_record::ExecutableKind;

pub const META: Meta = Meta {
    code: "GS200",
    id: "not-pie",
    summary: "not position independent",
    levels: levels(OFF, OFF, OFF, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("not_pie.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.binary.linkage.as_ref().and_then(|l| l.pie) != Some(false)
        || ctx.binary.executable.kind == ExecutableKind::Object
    {
        return;
    }
    sink.report(
        Report::new("not position independent")
            .see("linkage.pie", "false")
            .help(format!("`{}`", ctx.go_build(&[set("-buildmode", "pie")]))),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn reported_only_if_the_policy_turns_it_on() {
        let with = |pie| {
            Setup {
                policy: "[rules]\nnot-pie = \"warning\"",
                rule: "not-pie",
                ..Setup::default()
            }
            .judge(&binary(|b| b.linkage.as_mut().unwrap().pie = pie))
            .len()
        };
        assert_eq!((with(Some(false)), with(Some(true)), with(None)), (1, 0, 0));
    }
}
