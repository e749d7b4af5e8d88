use super::{NAMES, report, stands_for};
use crate::capabilities::{of_modules, with_version};
use crate::glob;
use crate::rules::prelude::*;

/// The option with the rows.
const ALLOWED: &str = "allowed";

pub const META: Meta = Meta {
    code: "GS752",
    id: "capability-not-allowed",
    summary: "a module can do what the policy does not allow",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: ALLOWED,
        kind: ValueKind::Grants(&NAMES),
        default: D::List(&[]),
        doc: "What modules may do; the first row whose glob matches a module counts, and modules without a row may do anything.",
    }],
    since: "0.2.0",
    page: include_str!("capability_not_allowed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let rows = ctx.options.list(ALLOWED);
    let modules = of_modules(ctx.binary).filter(|_| !rows.is_empty());
    for (module, capabilities) in modules.unwrap_or_default() {
        let mut pairs = rows.iter().filter_map(|row| row.split_once('='));
        let Some((pattern, words)) = pairs.find(|(pattern, _)| glob::matches(pattern, module))
        else {
            continue;
        };
        let is_allowed = |name: &str| words.split(',').any(|word| stands_for(word.trim(), name));
        for (name, found) in capabilities {
            if is_allowed(name) {
                continue;
            }
            let versioned = with_version(ctx.binary, module);
            sink.report(
                report(module, &versioned, found, "")
                    .see("allowed", format!("{pattern}={words}"))
                    .help(format!(
                        "remove what leads there, or add {name} to the row `{pattern}` of `{ALLOWED}` in the policy"
                    )),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::Policy;
    use crate::testing::*;
    use gospect_record::{Binary, LinkedPackage, PackageCapability};

    fn program() -> Binary {
        let row = |module: &str, names: &[&str]| LinkedPackage {
            path: module.to_owned(),
            module: Some(module.to_owned()),
            capabilities: Some(
                names
                    .iter()
                    .map(|name| PackageCapability {
                        capability: (*name).into(),
                        direct: true,
                        certain: true,
                        chain: vec![format!("{module}.F"), "os.StartProcess".into()],
                    })
                    .collect(),
            ),
            ..LinkedPackage::default()
        };
        binary(|b| {
            b.packages = Some(vec![
                row("example.com/own/app", &["EXEC", "FILES"]),
                row("example.com/tool", &["EXEC", "MODIFY_SYSTEM_STATE/ENV"]),
                row("std", &["EXEC"]),
            ]);
        })
    }

    fn judged(rows: &str) -> Vec<String> {
        let policy = format!("[rules]\ncapability-not-allowed = {{ allowed = [{rows}] }}\n");
        let setup = Setup {
            rule: "capability-not-allowed",
            policy: &policy,
            ..Setup::default()
        };
        let found = setup.judge(&program());
        found.into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn the_first_row_that_matches_counts() {
        assert_eq!(judged("").len(), 0);
        assert_eq!(
            judged("\"example.com/own/**=EXEC,FILES\", \"**=\""),
            [
                "example.com/tool can change environment variables (MODIFY_SYSTEM_STATE/ENV)",
                "example.com/tool can start processes (EXEC)"
            ]
        );
        assert_eq!(
            judged("\"example.com/tool=MODIFY_SYSTEM_STATE, FILES\"").len(),
            1
        );
        assert_eq!(judged("\"example.com/other/**=\"").len(), 0);
    }

    #[test]
    fn a_malformed_row_is_an_error_of_the_policy() {
        for (row, why) in [
            ("example.com/tool", "MODULE-GLOB=CAPABILITY"),
            ("example.com/tool=EXCE", "EXEC"),
            ("=EXEC", "MODULE-GLOB=CAPABILITY"),
        ] {
            let text = format!("[rules]\ncapability-not-allowed = {{ allowed = [\"{row}\"] }}\n");
            let error = Policy::load(&text, "gospect.toml").unwrap_err();
            let error = format!("{error:?}");
            assert!(error.contains(why), "{row}: {error}");
        }
    }
}
