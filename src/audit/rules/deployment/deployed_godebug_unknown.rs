use super::settings;
use crate::audit::known;
use crate::audit::rules::prelude::*;
use crate::record::GodebugStatus;

pub const META: Meta = Meta {
    code: "GS402",
    id: "deployed-godebug-unknown",
    summary: "a deployment file sets a GODEBUG key that the Go release does not know",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_unknown.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for s in settings(ctx, GodebugStatus::Unknown) {
        let key = &s.setting.key;
        let mut report = s.report(format!(
            "GODEBUG key `{key}` does nothing: {} does not know it",
            s.judge.name()
        ));
        if let Some(near) =
            crate::knowledge::nearest(key, known::debug_names()).filter(|n| n != key)
        {
            report = report.help(format!(
                "did you mean `{near}={}`? See `gospect explain {near}`",
                s.setting.value
            ));
        }
        sink.report(report);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn a_typing_mistake_gets_the_right_name() {
        let text = "FROM golang:1.27\nENV GODEBUG=gctraces=1,mmap=1,gctrace=1\nCMD /a\n";
        let found = lint("deployed-godebug-unknown", "Dockerfile", text);
        assert_eq!(places(&found), ["2:13-23", "2:24-30"]);
        assert!(found[0].help.contains("`gctrace=1`"), "{}", found[0].help);
        assert!(
            found[1].help.contains("take `mmap=1` out"),
            "{}",
            found[1].help
        );
        let early = "FROM golang:1.22\nENV GODEBUG=asynctimerchan=1\nCMD /a\n";
        assert_eq!(
            lint("deployed-godebug-unknown", "Dockerfile", early).len(),
            1,
            "came with 1.23"
        );
    }
}
