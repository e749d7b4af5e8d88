use crate::rules::prelude::*;
use gospect_record::{Crypto, FipsMode};

pub const META: Meta = Meta {
    code: "GS108",
    id: "fips-off",
    summary: "the program does not run in FIPS 140 mode",
    levels: levels(OFF, OFF, OFF, ERROR),
    options: &[OptionSpec {
        name: "mode",
        kind: ValueKind::Choice(&["on", "only"]),
        default: D::Text("on"),
        doc: "Required mode: `on`, or `only`, which also rejects other algorithms.",
    }],
    since: "0.1.0",
    page: include_str!("fips_off.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    // Nothing starts a hidden copy.
    if ctx.hidden() {
        return;
    }
    let fips = ctx.binary.fips.as_ref();
    let mode = fips.and_then(|f| f.mode.as_ref());
    // Other validated modules (BoringCrypto, OpenSSL) have modes of their own that the file does not show.
    let other = fips
        .and_then(|f| f.crypto.as_ref())
        .is_some_and(|c| *c != Crypto::Go);
    let enough = match ctx.options.text("mode") {
        Some("only") => mode.is_some_and(|m| *m == FipsMode::Only),
        _ => mode.is_some_and(|m| *m == FipsMode::On || *m == FipsMode::Only),
    };
    if enough || (other && mode.is_none()) {
        return;
    }
    let now = mode.map_or("off", |m| m);
    let wanted = ctx.options.text("mode").unwrap_or("on");
    // Go has the module since 1.24.
    let mut changes = vec![set("GOFIPS140", "v1.0.0")];
    if ctx.release.is_some_and(|release| release.minor < 24) {
        changes.push(set("GOTOOLCHAIN", crate::known::newest_release()));
    }
    let command = ctx.go_build(&changes);
    sink.report(
        Report::new(format!(
            "FIPS 140 mode is {now}; the policy asks for {wanted}"
        ))
        .see("fips.mode", now)
        .see(
            "GOFIPS140",
            ctx.setting("GOFIPS140").unwrap_or("not recorded"),
        )
        .help(match wanted {
            "only" => format!("`go mod edit -godebug=fips140=only && {command}`"),
            _ => format!("`{command}`, and no fips140=off in GODEBUG"),
        }),
    );
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Fips;

    #[test]
    fn a_mode_below_the_wanted_one_is_reported() {
        let with = |mode: Option<&str>, crypto: &str, policy: &str| {
            let b = binary(|b| {
                b.fips = Some(Fips {
                    mode: mode.map(Into::into),
                    crypto: Some(crypto.into()),
                    ..Fips::default()
                })
            });
            Setup {
                profile: "fips",
                policy,
                rule: "fips-off",
                ..Setup::default()
            }
            .judge(&b)
            .len()
        };
        assert_eq!(with(Some("off"), "go", ""), 1);
        assert_eq!(with(Some("on"), "go", ""), 0);
        assert_eq!(
            with(Some("on"), "go", "[rules]\nfips-off = { mode = \"only\" }"),
            1
        );
        assert_eq!(with(None, "boringcrypto", ""), 0);
        assert!(judge_one("fips-off", &binary(|_| ())).is_empty());
    }
}
