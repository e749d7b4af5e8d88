use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS109",
    id: "fips-module-not-allowed",
    summary: "the FIPS 140 module is not one that the policy allows",
    levels: levels(OFF, OFF, OFF, ERROR),
    options: &[OptionSpec {
        name: "allow",
        kind: ValueKind::Globs,
        default: D::List(&["v*"]),
        doc: "Allowed module versions, such as `v1.0.0*`; `latest` is what Go builds from its own tree.",
    }],
    since: "0.1.0",
    page: include_str!("fips_module_not_allowed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(fips) = &ctx.binary.fips else { return };
    let Some(module) = fips.module.as_deref() else {
        return;
    };
    if ctx.options.allows(module) {
        return;
    }
    sink.report(
        Report::new(format!("FIPS 140 module is {module}"))
            .see("fips.module", module)
            .salient(module)
            .help(format!("`{}`", ctx.go_build(&[set("GOFIPS140", "v1.0.0")]))),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Fips;

    #[test]
    fn a_floating_module_is_reported() {
        let with = |module: &str, policy: &str| {
            let b = binary(|b| {
                b.fips = Some(Fips {
                    module: Some(module.into()),
                    ..Fips::default()
                })
            });
            Setup {
                profile: "fips",
                policy,
                rule: "fips-module-not-allowed",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with("latest", ""), 1);
        assert_eq!(with("v1.0.0-c2097c7c", ""), 0);
        assert_eq!(
            with(
                "v1.26.0",
                "[rules]\nfips-module-not-allowed = { allow = [\"v1.0.0*\"] }"
            ),
            1
        );
    }
}
