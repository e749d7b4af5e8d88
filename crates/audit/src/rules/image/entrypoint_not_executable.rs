use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS234",
    id: "entrypoint-not-executable",
    summary: "the program that the image starts has no execute bit",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("entrypoint_not_executable.md"),
};

pub fn check(ctx: &ImageCtx, sink: &mut Sink) {
    let Some(started) = ctx
        .image
        .rootfs
        .started
        .as_ref()
        .filter(|s| s.executable == Some(false))
    else {
        return;
    };
    let path = started.path.as_deref().unwrap_or(&started.command);
    sink.report(
        Report::new(format!(
            "{path} has no execute bit: the container cannot start"
        ))
        .see("rootfs.started", path)
        .salient(path)
        .help(format!("`COPY --chmod=0755 ... {path}` in the Dockerfile")),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Started;

    #[test]
    fn only_a_known_lack_is_reported() {
        let judge = |executable| {
            let image = image(|i| {
                i.rootfs.started = Some(Started {
                    command: "/app".into(),
                    path: Some("/app".into()),
                    executable,
                })
            });
            Setup {
                rule: "entrypoint-not-executable",
                ..Setup::default()
            }
            .judge_image(&image, &[])
            .len()
        };
        assert_eq!(
            (judge(Some(false)), judge(Some(true)), judge(None)),
            (1, 0, 0)
        );
    }
}
