use super::unix_image;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS236",
    id: "missing-ca-bundle",
    summary: "the program verifies certificates, the image has no CA bundle",
    levels: levels(NOTE, WARN, WARN, WARN),
    options: &[],
    since: "0.1.0",
    page: include_str!("missing_ca_bundle.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let (Some(image), Some(linked)) = (unix_image(ctx), ctx.binary.linked.as_ref()) else {
        return;
    };
    let set = image
        .env
        .iter()
        .any(|e| e.starts_with("SSL_CERT_FILE=") || e.starts_with("SSL_CERT_DIR="));
    if ctx.binary.location.started != Some(true)
        || !linked.system_roots
        || linked.embedded_roots
        || set
        || !image.rootfs.ca_bundles.is_empty()
    {
        return;
    }
    sink.report(
        Report::new("no CA bundle in the image: HTTPS requests fail")
            .see("linked.system_roots", "true")
            .see("rootfs.ca_bundles", "none")
            .help("`COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/` in the final stage"),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Linked;

    #[test]
    fn roots_may_come_from_four_places() {
        let judge = |bundle: bool, env: bool, embedded: bool, uses: bool| {
            let image = image(|i| {
                i.rootfs.ca_bundles = if bundle {
                    vec!["/etc/ssl/certs/ca-certificates.crt".into()]
                } else {
                    vec![]
                };
                i.env = if env {
                    vec!["SSL_CERT_FILE=/x".into()]
                } else {
                    vec![]
                };
            });
            let b = in_image(
                &image,
                binary(|b| {
                    b.linked = Some(Linked {
                        functions: 1,
                        system_roots: uses,
                        embedded_roots: embedded,
                        ..Linked::default()
                    })
                }),
            );
            Setup {
                profile: "container",
                rule: "missing-ca-bundle",
                ..Setup::default()
            }
            .judge_image(&image, &[b])
            .len()
        };
        assert_eq!(judge(false, false, false, true), 1);
        assert_eq!(
            judge(true, false, false, true)
                + judge(false, true, false, true)
                + judge(false, false, true, true)
                + judge(false, false, false, false),
            0
        );
    }
}
