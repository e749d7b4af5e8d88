use super::{by_role, folded, image};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS230",
    id: "missing-loader",
    summary: "the dynamic loader is not in the image: the program cannot start",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("missing_loader.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(image) = image(ctx) else { return };
    let Some(loader) = ctx
        .binary
        .linkage
        .as_ref()
        .and_then(|l| l.interpreter.as_deref())
    else {
        return;
    };
    if image
        .rootfs
        .loaders
        .iter()
        .any(|l| folded(l) == folded(loader))
    {
        return;
    }
    let there = if image.rootfs.loaders.is_empty() {
        "none".to_string()
    } else {
        image.rootfs.loaders.join(", ")
    };
    let report = Report::new(format!(
        "{loader} is not in the image: the program cannot start"
    ))
    .see("linkage.interpreter", loader)
    .see("rootfs.loaders", there)
    .help(format!(
        "`{}`, or a final stage with that C library",
        // A position-independent program names a loader even if no C is linked in.
        ctx.go_build(&[set("CGO_ENABLED", "0"), set("-buildmode", "exe")])
    ));
    sink.report(by_role(ctx, report));
}

#[cfg(test)]
mod tests {
    use crate::Level;
    use crate::testing::*;

    #[test]
    fn a_missing_loader_is_fatal_for_what_is_started() {
        let judge = |loaders: &[&str], started: bool| {
            let image =
                image(|i| i.rootfs.loaders = loaders.iter().map(|s| s.to_string()).collect());
            let b = in_image(
                &image,
                binary(|b| {
                    b.linkage.as_mut().unwrap().interpreter =
                        Some("/lib64/ld-linux-x86-64.so.2".into())
                }),
            );
            let b = change(b, |b| b.location.started = Some(started));
            Setup {
                rule: "missing-loader",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
        };
        assert_eq!(
            judge(&["/lib/ld-musl-x86_64.so.1"], true)[0].level,
            Level::Error
        );
        assert_eq!(judge(&[], false)[0].level, Level::Warning);
        assert!(judge(&["/usr/lib64/ld-linux-x86-64.so.2"], true).is_empty());
    }
}
