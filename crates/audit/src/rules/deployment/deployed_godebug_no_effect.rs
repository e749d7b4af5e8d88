use super::judge;
use crate::rules::debug_settings::NO_EFFECT;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS404",
    id: "deployed-godebug-no-effect",
    summary: "a deployment file sets a GODEBUG value that changes nothing",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_no_effect.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    judge(ctx, sink, &NO_EFFECT);
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn defaults_and_nonsense_are_named() {
        let text = "GODEBUG=gcstoptheworld=0,gctrace=yes,madvdontneed=1,schedtrace=1000\n";
        let found = lint("deployed-godebug-no-effect", "x.env", text);
        assert_eq!(places(&found), ["1:9-25", "1:26-37", "1:38-52"]);
        assert!(
            found[1].message.contains("gctrace=yes"),
            "{}",
            found[1].message
        );
        assert!(
            lint(
                "deployed-godebug-no-effect",
                "x.env",
                "GODEBUG=gcstoptheworld=1\n"
            )
            .is_empty()
        );
        let off = "FROM scratch\nENV GODEBUG=fips140=off\nCMD [\"/a\"]\n";
        assert!(lint("deployed-godebug-no-effect", "Dockerfile", off).is_empty());
    }
}
