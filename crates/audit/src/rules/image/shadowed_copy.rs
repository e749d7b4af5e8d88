use crate::rules::prelude::*;
use gospect_bytes::number;

pub const META: Meta = Meta {
    code: "GS238",
    id: "shadowed-copy",
    summary: "a copy of a program that a later layer hides still ships",
    levels: levels(NOTE, WARN, WARN, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("shadowed_copy.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    if !ctx.hidden() {
        return;
    }
    let binary = ctx.binary;
    let mut report = Report::new(format!("a hidden {} program of {} is in a lower layer", binary.go_version.as_deref().unwrap_or("Go"), number::bytes(binary.size)))
        .help("use a fresh final stage: `FROM scratch` and `COPY --from=build ...`, or remove the file in the RUN line that made it");
    if let Some(layer) = &binary.location.layer {
        report = report.see(
            "location.layer",
            format!("{} {}", layer.index, layer.digest.as_deref().unwrap_or("")),
        );
        if let Some(by) = ctx
            .image
            .and_then(|i| i.layers.get(layer.index as usize))
            .and_then(|l| l.created_by.clone())
        {
            let line = crate::shorten(&by);
            report = report.see("created by", by).help(format!("use a fresh final stage: `FROM scratch` and `COPY --from=build ...`, or remove the file in the line that made its layer: `{line}`"));
        }
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_hidden_copies_are_reported() {
        let image = image(|_| ());
        let judge = |visible| {
            Setup {
                rule: "shadowed-copy",
                ..Setup::default()
            }
            .judge_image(
                &image,
                &[change(in_image(&image, binary(|_| ())), |b| {
                    (b.location.visible, b.size) = (visible, 1_220_768);
                })],
            )
        };
        let found = judge(Some(false));
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .message
                .ends_with("program of 1.2 MB is in a lower layer"),
            "{}",
            found[0].message
        );
        assert!(judge(Some(true)).is_empty() && judge(None).is_empty());
    }

    #[test]
    fn the_advice_names_the_line_that_made_the_layer() {
        let image = image(|image| {
            image.layers = vec![gospect_record::LayerRecord {
                created_by: Some("RUN curl -O https://example.test/app".to_owned()),
                ..Default::default()
            }];
        });
        let hidden = change(in_image(&image, binary(|_| ())), |b| {
            b.location.visible = Some(false);
            b.location.layer = Some(gospect_record::LayerRef::default());
        });
        let found = Setup {
            rule: "shadowed-copy",
            ..Setup::default()
        }
        .judge_image(&image, &[hidden]);
        let help = &found[0].help;
        assert!(
            help.ends_with("its layer: `RUN curl -O https://example.test/app`"),
            "{help}"
        );
    }
}
