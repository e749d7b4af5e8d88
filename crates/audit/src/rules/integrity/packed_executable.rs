use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS163",
    id: "packed-executable",
    summary: "the program is packed",
    levels: levels(NOTE, WARN, WARN, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("packed_executable.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(packer) = ctx.binary.executable.packed.as_deref() else {
        return;
    };
    sink.report(
        Report::new(format!("packed with {packer}"))
            .see("executable.packed", packer)
            .help(format!(
                "do not pack: `{}`; `-ldflags='-s -w'` leaves out symbols and debug information, where a smaller file is wanted",
                ctx.go_build(&[])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_packer_is_named() {
        let found = judge_one(
            "packed-executable",
            &binary(|b| b.executable.packed = Some("UPX 4.2".into())),
        );
        assert!(found[0].message.contains("UPX 4.2"));
        assert!(judge_one("packed-executable", &binary(|_| ())).is_empty());
    }
}
