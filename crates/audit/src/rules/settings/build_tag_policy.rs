use crate::glob;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS106",
    id: "build-tag-policy",
    summary: "a build tag is set that must not be, or one is missing",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[
        OptionSpec {
            name: "deny",
            kind: ValueKind::Globs,
            default: D::List(&[]),
            doc: "Tags that must not be set.",
        },
        OptionSpec {
            name: "require",
            kind: ValueKind::Texts,
            default: D::List(&[]),
            doc: "Tags that must be set.",
        },
    ],
    since: "0.1.0",
    page: include_str!("build_tag_policy.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(build) = ctx
        .binary
        .build_info
        .as_ref()
        .filter(|b| !b.settings.is_empty())
    else {
        return;
    };
    let text = build.setting("-tags").unwrap_or_default();
    let tags: Vec<&str> = text.split([',', ' ']).filter(|t| !t.is_empty()).collect();
    let deny = ctx.options.list("deny");
    for tag in tags.iter().filter(|t| glob::any(&deny, t)) {
        sink.report(
            Report::new(format!("build tag `{tag}` must not be set"))
                .see("-tags", text)
                .salient(*tag)
                .help(format!(
                    "take `{tag}` out of -tags: `{}`",
                    ctx.go_build(&[BuildChange::Without(ListSetting::Tags, (*tag).to_owned())])
                )),
        );
    }
    for tag in ctx.options.list("require") {
        if !tags.contains(&tag) {
            sink.report(
                Report::new(format!("build tag `{tag}` is missing"))
                    .see("-tags", text)
                    .salient(tag)
                    .help(format!(
                        "`{}`",
                        ctx.go_build(&[BuildChange::With(ListSetting::Tags, tag.to_owned())])
                    )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn denied_and_missing_tags_are_reported() {
        let policy = "[rules]\nbuild-tag-policy = { deny = [\"debug*\"], require = [\"netgo\"] }";
        let with = |tags: &str| {
            Setup {
                policy,
                rule: "build-tag-policy",
                ..Setup::default()
            }
            .judge(&binary(|b| set(b, "-tags", tags)))
            .len()
        };
        assert_eq!(with("debugtool,osusergo"), 2);
        assert_eq!(with("osusergo,netgo"), 0);
        assert!(judge_one("build-tag-policy", &binary(|b| set(b, "-tags", "debug"))).is_empty());
    }
}
