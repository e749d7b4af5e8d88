use crate::glob;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS020",
    id: "goroot-not-allowed",
    summary: "GOROOT is not among those the policy allows",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: "allow",
        kind: ValueKind::Globs,
        default: D::Unset,
        doc: "Globs of allowed GOROOTs; a trimmed or unknown GOROOT is always allowed. Unset: the rule reports nothing.",
    }],
    since: "0.1.0",
    page: include_str!("goroot_not_allowed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(allow) = ctx.options.list_if_set("allow") else {
        return;
    };
    let Some(root) = ctx.binary.goroot.as_ref().and_then(|g| g.value.as_deref()) else {
        return;
    };
    if glob::any(&allow, &root.replace('\\', "/")) {
        return;
    }
    sink.report(
        Report::new(format!(
            "built in GOROOT {root}, which the policy does not allow"
        ))
        .see("goroot.value", root)
        .help(format!(
            "build on the release builder, or leave no GOROOT in the file: `{}`",
            ctx.go_build(&[set("-trimpath", "true")])
        )),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn only_a_goroot_outside_the_list_is_reported() {
        let policy = "[rules]\ngoroot-not-allowed = { allow = [\"/usr/local/go\", \"/opt/hostedtoolcache/go/**\"] }";
        let with = |root: Option<&str>| {
            Setup {
                policy,
                rule: "goroot-not-allowed",
                ..Setup::default()
            }
            .judge(&binary(|b| {
                b.goroot.as_mut().unwrap().value = root.map(str::to_string)
            }))
            .len()
        };
        assert_eq!(with(Some("/home/ann/sdk/go1.27.3")), 1);
        assert_eq!(with(Some("/opt/hostedtoolcache/go/1.27.3/x64")), 0);
        assert_eq!(with(None), 0);
    }
}
