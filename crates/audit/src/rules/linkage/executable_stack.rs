use crate::rules::prelude::*;
use gospect_record::{ExecutableKind, Format};

pub const META: Meta = Meta {
    code: "GS206",
    id: "executable-stack",
    summary: "data or stack may be executed",
    levels: levels(OFF, WARN, NOTE, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("executable_stack.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if ctx.binary.linkage.as_ref().and_then(|l| l.nx) != Some(false)
        || ctx.binary.executable.kind == ExecutableKind::Object
    {
        return;
    }
    sink.report(
        Report::new("stack or data may be executed")
            .see("linkage.nx", "false")
            .help(if ctx.binary.executable.format == Format::Elf {
                format!(
                    "`{}`",
                    ctx.go_build(&[BuildChange::With(
                        ListSetting::CgoLinkFlags,
                        "-Wl,-z,noexecstack".into()
                    )])
                )
            } else {
                format!(
                    "build with a supported Go, whose linker marks the file: `{}`",
                    ctx.go_build(&[set("GOTOOLCHAIN", crate::known::newest_release())])
                )
            }),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_known_lack_is_reported() {
        let with = |nx| {
            Setup {
                profile: "release",
                rule: "executable-stack",
                ..Setup::default()
            }
            .judge(&binary(|b| b.linkage.as_mut().unwrap().nx = nx))
            .len()
        };
        assert_eq!((with(Some(false)), with(Some(true)), with(None)), (1, 0, 0));
    }
}
