use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS040",
    id: "experiment-not-allowed",
    summary: "an experiment was switched on or off without permission",
    levels: levels(NOTE, WARN, NOTE, WARN),
    options: &[OptionSpec {
        name: "allow",
        kind: ValueKind::Globs,
        default: D::List(&["boringcrypto", "strictfipsruntime", "systemcrypto"]),
        doc: "Experiments that may differ from the defaults of the release; a leading `no` means switched off.",
    }],
    since: "0.1.0",
    page: include_str!("experiment_not_allowed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let experiments = &ctx.binary.experiments;
    let odd: Vec<&str> = experiments
        .suffix
        .iter()
        .map(String::as_str)
        .filter(|name| !ctx.options.allows(name))
        .collect();
    if odd.is_empty() {
        return;
    }
    let without: Vec<BuildChange> = odd
        .iter()
        .map(|name| BuildChange::Without(ListSetting::Experiments, (*name).to_owned()))
        .collect();
    let mut report = Report::new(format!("built with GOEXPERIMENT={}", odd.join(",")))
        .see(
            "go_version_raw",
            ctx.binary.go_version_raw.as_deref().unwrap_or_default(),
        )
        .salient(odd.join(","))
        .help(format!(
            "`{}`, or allow it: {}",
            ctx.go_build(&without),
            allow_line(META.id, &odd)
        ));
    if let Some(setting) = &experiments.setting {
        report = report.see("GOEXPERIMENT", setting.clone());
    }
    sink.report(report);
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_suffix_is_reported_unless_allowed() {
        let b = binary(|b| b.experiments.suffix = vec!["arenas".into(), "nogreenteagc".into()]);
        let found = judge_one("experiment-not-allowed", &b);
        assert!(found[0].message.ends_with("arenas,nogreenteagc"));
        let policy = "[rules]\nexperiment-not-allowed = { allow = [\"arenas\", \"no*\"] }";
        assert!(
            Setup {
                policy,
                rule: "experiment-not-allowed",
                ..Setup::default()
            }
            .judge(&b)
            .is_empty()
        );
        assert!(judge_one("experiment-not-allowed", &binary(|_| ())).is_empty());
    }
}
