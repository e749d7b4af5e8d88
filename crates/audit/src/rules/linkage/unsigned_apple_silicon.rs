use crate::rules::prelude::*;
use gospect_record::{ExecutableKind, Format};

pub const META: Meta = Meta {
    code: "GS205",
    id: "unsigned-apple-silicon",
    summary: "a program for Apple silicon without any signature: the kernel kills it",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("unsigned_apple_silicon.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let executable = &ctx.binary.executable;
    let program = matches!(
        executable.kind.known(),
        Some(ExecutableKind::Exe | ExecutableKind::Pie)
    );
    if executable.format != Format::MachO
        || executable.os.as_deref() != Some("darwin")
        || executable.arch.as_deref() != Some("arm64")
        || !program
    {
        return;
    }
    if ctx.binary.linkage.as_ref().and_then(|l| l.signed) == Some(false) {
        sink.report(
            Report::new("darwin/arm64 program without a signature: macOS kills it at start")
                .see("linkage.signed", "false")
                .help("`codesign --force --sign - FILE` (on Linux: `rcodesign sign FILE`)"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_apple_silicon_programs_need_a_signature() {
        let with = |arch: &str, kind: &str, signed| {
            judge_one(
                "unsigned-apple-silicon",
                &binary(|b| {
                    (
                        b.executable.format,
                        b.executable.os,
                        b.executable.arch,
                        b.executable.kind,
                    ) = (
                        "macho".into(),
                        Some("darwin".into()),
                        Some(arch.into()),
                        kind.into(),
                    );
                    b.linkage.as_mut().unwrap().signed = signed;
                }),
            )
            .len()
        };
        assert_eq!(with("arm64", "pie", Some(false)), 1);
        assert_eq!(
            with("arm64", "pie", Some(true))
                + with("arm64", "pie", None)
                + with("amd64", "exe", Some(false))
                + with("arm64", "object", Some(false)),
            0
        );
    }
}
