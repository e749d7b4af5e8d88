use crate::rules::prelude::*;
use crate::secrets::{self, RecordedText};

pub const META: Meta = Meta {
    code: "GS110",
    id: "credential-in-flags",
    summary: "a credential is recorded in the program",
    levels: levels(ERROR, ERROR, ERROR, ERROR),
    options: &[],
    since: "0.1.0",
    page: include_str!("credential_in_flags.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    secrets::each_text(ctx.binary, &mut |RecordedText { source, text }| {
        for hit in secrets::credentials(text) {
            sink.report(
                Report::new(format!("{} in {source}", hit.kind))
                    .see(source, hit.redacted.clone())
                    .salient(hit.kind)
                    .salient(source)
                    .help("revoke it, hand it to the program at run time instead (environment or secret store), and rebuild without it"),
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn a_token_is_reported_and_never_shown() {
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let b = binary(|b| set(b, "-ldflags", &format!("-s -X main.token={token}")));
        let found = judge_one("credential-in-flags", &b);
        assert_eq!(found.len(), 1);
        let all = serde_json::to_string(&found).unwrap();
        assert!(!all.contains(&token) && !all.contains(&token[8..]), "{all}");
        assert!(
            judge_one(
                "credential-in-flags",
                &binary(|b| set(
                    b,
                    "-ldflags",
                    "-X main.version=1.2.3 -X main.url=https://example.com/a@b"
                ))
            )
            .is_empty()
        );
    }
}
