use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS207",
    id: "setuid-binary",
    summary: "a Go program with the setuid or setgid bit",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow("Paths that may have the bit.")],
    since: "0.1.0",
    page: include_str!("setuid_binary.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(mode) = ctx.binary.location.mode.filter(|m| m & 0o6000 != 0) else {
        return;
    };
    if ctx.hidden() || ctx.options.allows(&ctx.binary.path) {
        return;
    }
    let bit = match mode & 0o6000 {
        0o4000 => "setuid",
        0o2000 => "setgid",
        _ => "setuid and setgid",
    };
    sink.report(
        Report::new(format!("runs with its owner's rights ({bit})"))
            .see("location.mode", format!("{mode:04o}"))
            .salient(bit)
            .help("`chmod ug-s FILE`; for one privilege: `setcap cap_net_bind_service=+ep FILE`"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn setuid_and_setgid_are_reported() {
        let with = |mode| judge_one("setuid-binary", &binary(|b| b.location.mode = mode)).len();
        assert_eq!(
            (
                with(Some(0o4755)),
                with(Some(0o2755)),
                with(Some(0o755)),
                with(None)
            ),
            (1, 1, 0, 0)
        );
    }
}
