use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS070",
    id: "goroot-environment",
    summary: "the image sets GOROOT, which changes what `runtime.GOROOT()` returns",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("goroot_environment.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(image) = ctx.image else { return };
    let binary = ctx.binary;
    let tool = binary
        .main_package
        .as_deref()
        .is_some_and(|p| p.starts_with("cmd/"));
    if tool
        || binary.location.started != Some(true)
        || binary.goroot.as_ref().and_then(|g| g.linked) != Some(true)
    {
        return;
    }
    let Some(value) = image
        .env
        .iter()
        .find_map(|e| e.strip_prefix("GOROOT="))
        .filter(|v| !v.is_empty())
    else {
        return;
    };
    sink.report(
        Report::new(format!(
            "ENV GOROOT={value} overrides what runtime.GOROOT() answers"
        ))
        .see("ENV", format!("GOROOT={value}"))
        .see(
            "goroot.runtime",
            binary
                .goroot
                .as_ref()
                .and_then(|g| g.runtime.as_deref())
                .unwrap_or("unknown"),
        )
        .help("delete `ENV GOROOT` from the final stage of the Dockerfile"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_program_that_asks_is_reported() {
        let image = image(|i| i.env = vec!["GOROOT=/usr/local/go".into()]);
        let with = |linked: bool| {
            let b = in_image(
                &image,
                binary(|b| b.goroot.as_mut().unwrap().linked = Some(linked)),
            );
            Setup {
                rule: "goroot-environment",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
            .len()
        };
        assert_eq!((with(true), with(false)), (1, 0));
    }
}
