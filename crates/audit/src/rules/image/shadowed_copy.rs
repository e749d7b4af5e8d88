use crate::rules::prelude::*;

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
    let b = ctx.binary;
    let mut report = Report::new(format!("{} bytes of a hidden {} program are in a lower layer", b.size, b.go_version.as_deref().unwrap_or("Go")))
        .help("use a fresh final stage: `FROM scratch` and `COPY --from=build ...`, or remove the file in the RUN line that made it");
    if let Some(layer) = &b.location.layer {
        report = report.see(
            "location.layer",
            format!("{} {}", layer.index, layer.digest.as_deref().unwrap_or("")),
        );
        if let Some(by) = ctx
            .image
            .and_then(|i| i.layers.get(layer.index as usize))
            .and_then(|l| l.created_by.clone())
        {
            report = report.see("created by", by);
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
                    b.location.visible = visible
                })],
            )
            .len()
        };
        assert_eq!(
            (judge(Some(false)), judge(Some(true)), judge(None)),
            (1, 0, 0)
        );
    }
}
