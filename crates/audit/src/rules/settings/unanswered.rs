//! Rules that a policy asks for, about a build setting that nothing in the program says.

use crate::keys::BuildSetting;
use crate::rules::prelude::*;

/// The settings that rules ask for.
const ASKED: [(&str, &[&str]); 8] = [
    ("build-tag-policy", &["-tags"]),
    ("cgo-enabled", &["CGO_ENABLED"]),
    ("coverage-instrumented", &["-cover"]),
    ("dirty-tree", &["vcs.modified"]),
    ("optimizations-disabled", &["-gcflags"]),
    ("race-detector", &["-race"]),
    ("sanitizer", &["-msan", "-asan"]),
    ("untrimmed-paths", &["-trimpath"]),
];

/// The rule that reports programs without a commit.
const NO_COMMIT: &str = "missing-vcs-stamp";

/// Reports that the running rule, which found nothing, cannot be answered.
pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some((_, keys)) = ASKED.iter().find(|(rule, _)| *rule == ctx.rule) else {
        return;
    };
    let unknown = keys.iter().find_map(|key| Some((*key, why(ctx, key)?)));
    let Some((key, why)) = unknown else { return };
    sink.report(
        Report::new(format!("cannot be answered: {key} is not recorded; {why}"))
            .see(key, "not recorded")
            .salient(key)
            .unanswered()
            .help(help(ctx, key)),
    );
}

/// Why nothing says the setting; `None`: something does, or another rule reports it.
fn why(ctx: &Ctx, key: &str) -> Option<String> {
    let is_reported = || {
        ctx.other(NO_COMMIT)
            .is_some_and(|(row, _)| row.level.is_some())
    };
    match BuildSetting::of(ctx.binary, key) {
        BuildSetting::Unset if key == "vcs.modified" && !is_reported() => {
            Some("the program was built without a commit".to_owned())
        }
        BuildSetting::Unknown(why) => Some(why),
        _ => None,
    }
}

/// How a build records the setting.
pub fn help(ctx: &Ctx, key: &str) -> String {
    use crate::rules::integrity::missing_build_info::BAZEL;
    if ctx.is_bazel() {
        return BAZEL.to_owned();
    }
    let change = match key.starts_with("vcs") && ctx.release.is_some_and(|r| r.minor >= 18) {
        true => set("-buildvcs", "true"),
        false => set("GOTOOLCHAIN", crate::known::newest_release()),
    };
    let build = ctx.go_build(&[change]);
    format!("build with a `go` command that records it: `{build}`")
}
