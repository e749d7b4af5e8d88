use crate::audit::glob;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS005",
    id: "vendor-toolchain",
    family: Family::Toolchain,
    summary: "built with a vendor's build of Go",
    levels: levels(OFF, NOTE, OFF, NOTE),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Globs,
        default: D::List(&[]),
        doc: "Vendor texts that are fine, such as `Red Hat *`.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "The recorded Go version carries a vendor's text, so the toolchain may hold patches that Go's own releases lack.",
        why: "Forks change crypto, defaults and fix dates; dates of support and tables of settings describe Go's own releases.",
        example: "`go1.22.5 (Red Hat 1.22.5-1.el9)`.",
        fix: "If the vendor is meant, allow it: `vendor-toolchain = { allow = [\"Red Hat *\"] }`. Else build with a toolchain from go.dev: `GOTOOLCHAIN=go1.27.3 go build`.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(vendor) = ctx.binary.go_vendor.as_deref() else {
        return;
    };
    if glob::any(&ctx.options.list("allow").unwrap_or_default(), vendor) {
        return;
    }
    sink.report(
        Report::new(format!("built with a vendor's Go: {vendor}"))
            .see("go_version_raw", ctx.binary.go_version_raw.as_deref().unwrap_or(vendor))
            .help(format!("if that is meant, put `vendor-toolchain = {{ allow = [\"{vendor}\"] }}` under `[rules]` in gospect.toml")),
    );
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn an_allowed_vendor_is_quiet() {
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
