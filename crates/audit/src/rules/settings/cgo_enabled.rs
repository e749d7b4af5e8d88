use crate::keys::BuildSetting;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS104",
    id: "cgo-enabled",
    summary: "built with cgo",
    levels: levels(OFF, OFF, OFF, OFF),
    options: &[allow("Main packages that may use cgo.")],
    since: "0.1.0",
    page: include_str!("cgo_enabled.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let main = ctx.binary.main_package.as_deref().unwrap_or_default();
    let seen = match BuildSetting::of(ctx.binary, "CGO_ENABLED") {
        BuildSetting::Recorded("1") => ("CGO_ENABLED", "1"),
        BuildSetting::Proven { value: "1", by } => ("packages", by),
        _ => return,
    };
    if ctx.options.allows(main) {
        return;
    }
    sink.report(
        Report::new("built with cgo")
            .see(seen.0, seen.1)
            .help(format!("`{}`", ctx.go_build(&[set("CGO_ENABLED", "0")]))),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn reported_only_if_the_policy_turns_it_on() {
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
