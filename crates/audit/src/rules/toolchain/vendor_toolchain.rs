use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS005",
    id: "vendor-toolchain",
    summary: "built with a vendor's build of Go",
    levels: levels(OFF, NOTE, OFF, NOTE),
    options: &[allow("Vendor texts that are fine, such as `Red Hat *`.")],
    since: "0.1.0",
    page: include_str!("vendor_toolchain.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(vendor) = ctx.binary.go_vendor.as_deref() else {
        return;
    };
    if ctx.options.allows(vendor) {
        return;
    }
    sink.report(
        Report::new(format!("built with a vendor's Go: {vendor}"))
            .see(
                "go_version_raw",
                ctx.binary.go_version_raw.as_deref().unwrap_or(vendor),
            )
            .help(format!(
                "if that is meant, put {} under `[rules]` in gospect.toml",
                allow_line(META.id, &[vendor])
            )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn an_allowed_vendor_is_not_reported() {
        let b = binary(|b| b.go_vendor = Some("Red Hat 1.22.5-1.el9".into()));
        assert_eq!(
            Setup {
                profile: "release",
                rule: "vendor-toolchain",
                ..Setup::default()
            }
            .judge(&b)
            .len(),
            1
        );
        let allow = "[rules]\nvendor-toolchain = { allow = [\"Red Hat *\"] }";
        assert!(
            Setup {
                profile: "release",
                policy: allow,
                rule: "vendor-toolchain",
                ..Setup::default()
            }
            .judge(&b)
            .is_empty()
        );
        assert!(
            Setup {
                profile: "release",
                rule: "vendor-toolchain",
                ..Setup::default()
            }
            .judge(&binary(|_| ()))
            .is_empty()
        );
    }
}
