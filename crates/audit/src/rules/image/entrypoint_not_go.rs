use super::entrypoint;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS235",
    id: "entrypoint-not-go",
    summary: "the image starts something other than the Go programs audited",
    levels: levels(OFF, OFF, NOTE, OFF),
    options: &[OptionSpec {
        name: "allow",
        kind: ValueKind::Globs,
        default: D::List(&["**/tini", "**/dumb-init", "**/catatonit"]),
        doc: "Programs that may be started instead; they usually start the Go program.",
    }],
    since: "0.1.0",
    page: include_str!("entrypoint_not_go.md"),
};

pub fn check(ctx: &ImageCtx, sink: &mut Sink) {
    let Some(path) = ctx
        .image
        .rootfs
        .started
        .as_ref()
        .and_then(|s| s.path.as_deref())
    else {
        return;
    };
    if ctx.binaries.is_empty() || ctx.binaries.iter().any(|b| b.started) || ctx.options.allows(path)
    {
        return;
    }
    let program = ctx
        .binaries
        .iter()
        .find(|b| b.visible)
        .map_or("/app", |b| b.path.as_str());
    sink.report(
        Report::new(format!(
            "the image starts {path}, which is none of the Go programs audited"
        ))
        .see("rootfs.started", path)
        .salient(path)
        .help(format!(
            "start the program itself: {}, or allow it: {}",
            entrypoint(program),
            allow_line(META.id, &[path])
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Started;

    #[test]
    fn a_script_is_reported_and_an_init_not() {
        let judge = |path: &str, started: bool| {
            let image = image(|i| {
                i.rootfs.started = Some(Started {
                    command: path.into(),
                    path: Some(path.into()),
                    executable: Some(true),
                })
            });
            let b = change(in_image(&image, binary(|_| ())), |b| {
                b.location.started = Some(started)
            });
            Setup {
                profile: "container",
                rule: "entrypoint-not-go",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
            .len()
        };
        assert_eq!(
            (
                judge("/entry.sh", false),
                judge("/sbin/tini", false),
                judge("/app", true)
            ),
            (1, 0, 0)
        );
    }
}
