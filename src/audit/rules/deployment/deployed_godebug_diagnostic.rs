use super::settings;
use crate::audit::known;
use crate::audit::rules::prelude::*;
use crate::record::GodebugStatus;

pub const META: Meta = Meta {
    code: "GS405",
    id: "deployed-godebug-diagnostic",
    summary: "a deployment file leaves a diagnostic GODEBUG setting on",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[OptionSpec {
        name: "allow",
        kind: Kind::Texts,
        default: D::List(&[]),
        doc: "Settings that may be on.",
    }],
    since: "0.2.0",
    page: include_str!("deployed_godebug_diagnostic.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    let allow = ctx.options.list("allow");
    for s in settings(ctx, GodebugStatus::Ok) {
        let (key, value) = (s.setting.key.as_str(), s.setting.value.as_str());
        if !s.variable.reader.runs() || matches!(value, "" | "0") || allow.contains(&key) {
            continue;
        }
        if let Some(cost) = known::diagnostic(key) {
            let cost = cost.trim_end_matches('.');
            sink.report(s.report(format!(
                "diagnostic setting `GODEBUG={key}={value}` is on: {cost}"
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn traces_of_programs_are_named_those_of_builds_are_not() {
        let text = "GODEBUG=gctrace=1,schedtrace=0\n";
        assert_eq!(
            places(&lint("deployed-godebug-diagnostic", "x.env", text)),
            ["1:9-18"]
        );
        let build = "#!/bin/sh\nGODEBUG=gctrace=1 go build -trimpath\n";
        assert!(lint("deployed-godebug-diagnostic", "x.sh", build).is_empty());
    }
}
