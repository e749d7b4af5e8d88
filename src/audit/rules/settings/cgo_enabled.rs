use crate::audit::glob;
use crate::audit::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS104",
    id: "cgo-enabled",
    family: Family::Settings,
    summary: "built with cgo",
    levels: levels(OFF, OFF, OFF, OFF),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Globs,
        default: D::List(&[]),
        doc: "Main packages that may use cgo.",
    }],
    since: "0.1.0",
    doc: Doc {
        what: "`CGO_ENABLED=1` is recorded. Off in every profile; switch it on where C code must not be linked.",
        why: "A cgo program needs a C compiler to build again, usually needs a C library at run time, and its C code is not covered by Go's memory safety.",
        example: "`CGO_ENABLED=1`, because the builder happened to have gcc.",
        fix: "`CGO_ENABLED=0 go build`.",
    },
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let main = ctx.binary.main_package.as_deref().unwrap_or_default();
    if ctx.setting("CGO_ENABLED") != Some("1")
        || glob::any(&ctx.options.list("allow").unwrap_or_default(), main)
    {
        return;
    }
    sink.report(
        Report::new("built with cgo")
            .see("CGO_ENABLED", "1")
            .help(format!("`{}`", ctx.go_build(&[set("CGO_ENABLED", "0")]))),
    );
}

#[cfg(test)]
mod tests {
    use crate::audit::testing::*;

    #[test]
    fn speaks_when_the_policy_asks() {
        let b = binary(|b| set(b, "CGO_ENABLED", "1"));
        assert!(judge_one("cgo-enabled", &b).is_empty());
        assert_eq!(
            Setup {
                policy: "[rules]\ncgo-enabled = \"error\"",
                rule: "cgo-enabled",
                ..Setup::default()
            }
            .judge(&b)
            .len(),
            1
        );
        let policy = "[rules]\ncgo-enabled = { level = \"error\", allow = [\"example.com/**\"] }";
        assert!(
            Setup {
                policy,
                rule: "cgo-enabled",
                ..Setup::default()
            }
            .judge(&b)
            .is_empty()
        );
    }
}
