use super::judge;
use crate::rules::debug_settings::UNKNOWN;
use crate::rules::prelude::*;

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
    judge(ctx, sink, &UNKNOWN);
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
