use super::judge;
use crate::rules::debug_settings::INSECURE;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS401",
    id: "deployed-godebug-insecure",
    summary: "a deployment file sets a GODEBUG value that weakens security",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow_texts(
        "Settings that may be weak, as `KEY` or `KEY=VALUE`.",
    )],
    since: "0.2.0",
    page: include_str!("deployed_godebug_insecure.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    judge(ctx, sink, &INSECURE);
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn weak_values_are_named_unless_allowed() {
        let text = "[Service]\nEnvironment=GODEBUG=x509negativeserial=1,http2client=0\n";
        let found = lint("deployed-godebug-insecure", "a.service", text);
        assert_eq!(places(&found), ["2:21-41"]);
        let policy = "[rules]\ndeployed-godebug-insecure = { allow = [\"x509negativeserial\"] }";
        assert!(lint_by(policy, "deployed-godebug-insecure", "a.service", text).is_empty());
    }
}
