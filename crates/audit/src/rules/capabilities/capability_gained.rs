use super::{NAMES, report, stands_for};
use crate::capabilities::{of_modules, with_version};
use crate::rules::prelude::*;

/// The option that narrows the rule.
const WATCH: &str = "watch";

pub const META: Meta = Meta {
    code: "GS751",
    id: "capability-gained",
    summary: "a module can do more than at the time of the baseline",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[OptionSpec {
        name: WATCH,
        kind: ValueKind::Choices(&NAMES),
        default: D::List(&NAMES),
        doc: "The capabilities to report.",
    }],
    since: "0.2.0",
    page: include_str!("capability_gained.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let Some(baseline) = ctx.baseline else { return };
    let (Some(before), Some(now)) = (baseline.capabilities(ctx.binary), of_modules(ctx.binary))
    else {
        return;
    };
    let watched = ctx.options.list(WATCH);
    for (module, capabilities) in now {
        let known = before.get(module);
        for (name, found) in capabilities {
            let is_known = known.is_some_and(|known| known.contains(name));
            if is_known || !watched.iter().any(|word| stands_for(word, name)) {
                continue;
            }
            let versioned = with_version(ctx.binary, module);
            let package = found.chain.first().map_or(module, String::as_str);
            sink.report(report(module, &versioned, found, " now").help(format!(
                "read what changed in {module}, from {package} on; if it is meant, write the baseline again with `--write-baseline`"
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::baseline::Baseline;
    use crate::testing::*;
    use gospect_record::{Binary, LinkedPackage, PackageCapability};

    fn program(names: Option<&[&str]>) -> Binary {
        binary(|b| {
            b.packages = Some(vec![LinkedPackage {
                path: "example.com/tool/in".into(),
                module: Some("example.com/tool".into()),
                capabilities: names.map(|names| {
                    let found = |name: &&str| PackageCapability {
                        capability: (*name).into(),
                        direct: true,
                        certain: *name != "CGO",
                        chain: vec!["example.com/tool/in.F".into(), "os.StartProcess".into()],
                    };
                    names.iter().map(found).collect()
                }),
                ..LinkedPackage::default()
            }]);
        })
    }

    fn judged(before: Option<&[&str]>, now: Option<&[&str]>, policy: &str) -> Vec<String> {
        let mut baseline = Baseline::default();
        baseline.record(&program(before));
        // A baseline is read back from its file.
        let baseline = Baseline::parse(&baseline.to_json()).unwrap();
        let setup = Setup {
            rule: "capability-gained",
            baseline: Some(baseline),
            policy,
            ..Setup::default()
        };
        let found = setup.judge(&program(now));
        found.into_iter().map(|f| f.message).collect()
    }

    #[test]
    fn only_what_is_new_is_reported() {
        assert_eq!(
            judged(Some(&["FILES"]), Some(&["FILES", "EXEC", "CGO"]), ""),
            [
                "example.com/tool can now start processes (EXEC)",
                "example.com/tool may now call C code (CGO)"
            ]
        );
        assert_eq!(judged(Some(&["EXEC"]), Some(&["EXEC"]), "").len(), 0);
        assert_eq!(judged(Some(&["EXEC"]), Some(&[]), "").len(), 0);
        assert_eq!(judged(Some(&[]), Some(&["EXEC"]), "").len(), 1);
        let only = "[rules]\ncapability-gained = { watch = [\"MODIFY_SYSTEM_STATE\"] }\n";
        let now = ["EXEC", "MODIFY_SYSTEM_STATE/ENV"];
        assert_eq!(judged(Some(&[]), Some(&now), only).len(), 1);
    }

    #[test]
    fn unknown_capabilities_are_no_gain() {
        assert_eq!(judged(None, Some(&["EXEC"]), "").len(), 0);
        assert_eq!(judged(Some(&["EXEC"]), None, "").len(), 0);
        assert!(judge_one("capability-gained", &program(Some(&["EXEC"]))).is_empty());
    }
}
