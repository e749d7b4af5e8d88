use super::{by_role, image};
use crate::rules::prelude::*;
use gospect_record::ExecutableKind;

pub const META: Meta = Meta {
    code: "GS232",
    id: "platform-mismatch",
    summary: "the program is for another platform than its image",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[allow(
        "Paths of programs that are shipped for other platforms.",
    )],
    since: "0.1.0",
    page: include_str!("platform_mismatch.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(image) = image(ctx) else { return };
    let Some(platform) = image.platform.as_deref() else {
        return;
    };
    let mut parts = platform.split('/');
    let (Some(os), Some(arch)) = (parts.next(), parts.next()) else {
        return;
    };
    let executable = &ctx.binary.executable;
    let (Some(have_os), Some(have_arch)) = (executable.os.as_deref(), executable.arch.as_deref())
    else {
        return;
    };
    let runs =
        have_arch == arch || matches!((have_arch, arch), ("386", "amd64") | ("arm", "arm64"));
    if have_os == os && runs
        || executable.kind == ExecutableKind::Object
        || ctx.options.allows(&ctx.binary.path)
    {
        return;
    }
    let report = Report::new(format!("a {have_os}/{have_arch} program in a {platform} image"))
        .see("executable", ctx.binary.port_text())
        .see("image.platform", platform)
        .salient(ctx.binary.port_text())
        .help(format!("build it for the image: `{}`; in a Dockerfile `ARG TARGETOS TARGETARCH` and `GOOS=$TARGETOS GOARCH=$TARGETARCH go build`", ctx.go_build(&[set("GOOS", os), set("GOARCH", arch)])));
    let started = ctx.binary.location.started == Some(true);
    sink.report(if started {
        by_role(ctx, report)
    } else {
        report.at_most(Level::Note)
    });
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::*;

    #[test]
    fn a_program_for_another_platform_is_reported() {
        let judge = |platform: &str, os: &str, arch: &str, started: bool| {
            let image = image(|i| i.platform = Some(platform.into()));
            let b = in_image(
                &image,
                binary(|b| {
                    (b.executable.os, b.executable.arch) = (Some(os.into()), Some(arch.into()))
                }),
            );
            Setup {
                rule: "platform-mismatch",
                ..Setup::default()
            }
            .judge_image(&image, &[change(b, |b| b.location.started = Some(started))])
        };
        assert_eq!(
            judge("linux/arm64/v8", "linux", "amd64", true)[0].level,
            Level::Error
        );
        assert_eq!(
            judge("linux/amd64", "windows", "amd64", false)[0].level,
            Level::Note
        );
        assert!(judge("linux/amd64", "linux", "386", true).is_empty());
        assert!(judge("linux/arm64/v8", "linux", "arm64", true).is_empty());
    }
}
