use crate::rules::debug_settings::malformed;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS074",
    id: "godebug-malformed",
    summary: "part of the GODEBUG in the environment is not KEY=VALUE",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[],
    since: "0.2.0",
    page: include_str!("godebug_malformed.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let text = ctx.binary.godebug.environment.as_deref();
    for field in text.unwrap_or_default().split(',').filter(|f| malformed(f)) {
        sink.report(
            Report::new(format!("Go ignores `{field}` in GODEBUG: it is no KEY=VALUE"))
                .see("GODEBUG (environment)", field)
                .salient(field)
                .help("settings are separated by a comma and nothing else: `GODEBUG=gctrace=1,http2server=0`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn blanks_semicolons_and_bare_words() {
        let with = |text: &str| {
            let b = binary(|b| b.godebug.environment = Some(text.into()));
            judge_one("godebug-malformed", &b).len()
        };
        assert_eq!(with("gctrace=1;a=2, http2server=0,gctrace"), 3);
        assert_eq!(with("gctrace=1,,cpu.avx2=off"), 0);
    }
}
