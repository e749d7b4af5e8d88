use super::judge;
use crate::rules::debug_settings::DIAGNOSTIC;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS405",
    id: "deployed-godebug-diagnostic",
    summary: "a deployment file leaves a diagnostic GODEBUG setting on",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow_texts("Settings that may be on.")],
    since: "0.2.0",
    page: include_str!("deployed_godebug_diagnostic.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    judge(ctx, sink, &DIAGNOSTIC);
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
