use super::{copy, entrypoint};
use crate::rules::prelude::*;
use gospect_record::arguments::shown_arguments;

pub const META: Meta = Meta {
    code: "GS233",
    id: "entrypoint-missing",
    summary: "the program that the image starts is not in it",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("entrypoint_missing.md"),
};

pub fn check(ctx: &ImageCtx, sink: &mut Sink) {
    let Some(started) = ctx
        .image
        .rootfs
        .started
        .as_ref()
        .filter(|s| s.path.is_none())
    else {
        return;
    };
    // In shell form it may have arguments.
    let command = &shown_arguments(std::slice::from_ref(&started.command)).concat();
    let mut report = Report::new(format!(
        "`{command}` is not in the image: the container cannot start"
    ))
    .see(
        "ENTRYPOINT",
        shown_arguments(&ctx.image.entrypoint).join(" "),
    )
    .see("CMD", shown_arguments(&ctx.image.cmd).join(" "))
    .salient(started.command.clone());
    let base = command.rsplit('/').next().unwrap_or(command);
    let near = ctx
        .binaries
        .iter()
        .find(|b| b.visible && b.path.rsplit('/').next() == Some(base));
    report = match near {
        Some(b) => report.see("found instead", b.path.clone()).help(entrypoint(&b.path)),
        None if base == "sh" => report.help("there is no shell in this image: write ENTRYPOINT in exec form, `ENTRYPOINT [\"/app\"]`"),
        None => report.help(format!("copy the program there in the final stage: {}", copy(&format!("/out/{base}"), command))),
    };
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Started;

    #[test]
    fn the_help_names_where_the_file_is() {
        let judge = |path: Option<&str>| {
            let image = image(|i| {
                i.rootfs.started = Some(Started {
                    command: "/app".into(),
                    path: path.map(Into::into),
                    executable: None,
                })
            });
            let b = change(in_image(&image, binary(|_| ())), |b| {
                b.path = "/usr/local/bin/app".into()
            });
            Setup {
                rule: "entrypoint-missing",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
        };
        assert!(judge(None)[0].help.contains("/usr/local/bin/app"));
        assert!(judge(Some("/app")).is_empty());
    }
}
