use super::unix_image;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS237",
    id: "missing-zoneinfo",
    summary: "the program loads time zones, the image has none",
    levels: levels(OFF, WARN, WARN, OFF),
    options: &[],
    since: "0.1.0",
    page: include_str!("missing_zoneinfo.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let (Some(image), Some(linked)) = (unix_image(ctx), ctx.binary.linked.as_ref()) else {
        return;
    };
    let set = image.env.iter().any(|e| e.starts_with("ZONEINFO="));
    if ctx.binary.location.started != Some(true)
        || !linked.load_location
        || linked.tzdata
        || set
        || !image.rootfs.zoneinfo.is_empty()
    {
        return;
    }
    sink.report(
        Report::new("no time zone data in the image: time.LoadLocation fails")
            .see("linked.load_location", "true")
            .see("rootfs.zoneinfo", "none")
            .help(format!(
                "`{}`, or copy /usr/share/zoneinfo into the final stage",
                ctx.go_build(&[BuildChange::With(ListSetting::Tags, "timetzdata".into())])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Linked;

    #[test]
    fn zones_may_be_in_the_image_or_in_the_program() {
        let judge = |zoneinfo: &[&str], tzdata: bool, uses: bool| {
            let image =
                image(|i| i.rootfs.zoneinfo = zoneinfo.iter().map(|s| s.to_string()).collect());
            let b = in_image(
                &image,
                binary(|b| {
                    b.linked = Some(Linked {
                        functions: 1,
                        load_location: uses,
                        tzdata,
                        ..Linked::default()
                    })
                }),
            );
            Setup {
                profile: "container",
                rule: "missing-zoneinfo",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
            .len()
        };
        assert_eq!(judge(&[], false, true), 1);
        assert_eq!(
            judge(&["/usr/share/zoneinfo"], false, true)
                + judge(&[], true, true)
                + judge(&[], false, false),
            0
        );
    }
}
