//! The command that builds a Bazel program again with changes.

use super::command::{Repeat, quoted, repeated, value, words_of};
use super::{BuildChange, ListSetting, Plan};
use gospect_record::Binary;

/// The command that builds a Bazel program again. Flags are those of rules_go (its docs, "Build modes",
/// `@rules_go//go/config`), which always trims paths. Changes without a flag come as text before the command. The caller puts
/// backquotes around the whole, so the text closes them and opens them again.
pub(super) fn command(binary: &Binary, plan: &Plan) -> String {
    let mut before = String::new();
    let mut flags = String::new();
    let mut tags = false;
    for change in plan.changes() {
        let config = |name: &str| format!(" --@rules_go//go/config:{name}");
        match change {
            BuildChange::Set(key, value) => match (key.as_str(), value.as_str()) {
                ("GOTOOLCHAIN", release) => before.push_str(&format!(
                    "go_sdk.download(version = \"{}\")` in MODULE.bazel, then `",
                    repeated(release.trim_start_matches("go"))
                )),
                ("CGO_ENABLED", "0") => flags.push_str(&config("pure")),
                ("-buildmode", "pie") => flags.push_str(&config("linkmode=pie")),
                ("-trimpath" | "GOOS" | "GOARCH" | "GO111MODULE" | "GOWORK" | "-mod", _) => {}
                (key, value) => before.push_str(&format!(
                    "{key}={}` in the configuration of rules_go, then `",
                    repeated(value)
                )),
            },
            BuildChange::Drop(key) => match key.as_str() {
                "-race" | "-msan" => {
                    flags.push_str(&config(&format!("{}=false", key.trim_start_matches('-'))));
                }
                key => before.push_str(&format!(
                    "{key}` out of the configuration of rules_go, then `"
                )),
            },
            BuildChange::With(ListSetting::Tags, _)
            | BuildChange::Without(ListSetting::Tags, _) => tags = true,
            BuildChange::With(list, word) => before.push_str(&format!(
                "{}` in {}, then `",
                repeated(word),
                bazel_list(*list)
            )),
            BuildChange::Without(list, word) => before.push_str(&format!(
                "{}` out of {}, then `",
                repeated(word),
                bazel_list(*list)
            )),
        }
    }
    if tags {
        let recorded = binary.build_info.as_ref().and_then(|b| b.setting("-tags"));
        let all = words_of(binary, plan, ListSetting::Tags, recorded).unwrap_or_default();
        flags.push_str(&format!(" --@rules_go//go/config:tags={}", quoted(&all)));
    }
    let asked = |key: &str, is: &Option<String>| {
        value(binary, plan, key, Repeat::Never).or_else(|| is.clone())
    };
    if let (Some(os), Some(arch)) = (
        asked("GOOS", &binary.executable.os),
        asked("GOARCH", &binary.executable.arch),
    ) {
        let platform = format!("@rules_go//go/toolchain:{os}_{arch}");
        flags.push_str(&format!(" --platforms={}", quoted(&platform)));
    }
    format!("{before}bazel build{flags} //...")
}

/// Where go_binary and the SDK take the words of a list.
fn bazel_list(list: ListSetting) -> &'static str {
    match list {
        ListSetting::Tags => "`gotags` of go_binary",
        ListSetting::Experiments => "`experiments` of go_sdk.download",
        ListSetting::LinkFlags => "`gc_linkopts` of go_binary",
        ListSetting::CgoLinkFlags => "`clinkopts` of go_library",
    }
}
