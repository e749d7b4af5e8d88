use crate::rules::debug_settings::Repeated;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS073",
    id: "godebug-repeated",
    summary: "GODEBUG of the environment names a key twice",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("godebug_repeated.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let text = ctx.binary.godebug.environment.as_deref();
    let mut pairs = Repeated::default();
    for (key, value) in text
        .unwrap_or_default()
        .rsplit(',')
        .filter_map(|f| f.split_once('='))
    {
        let Some(what) = pairs.find(key, value) else {
            continue;
        };
        sink.report(
            Report::new(what)
                .see("GODEBUG (environment)", format!("{key}={value}"))
                .salient(key)
                .help(format!(
                    "take `{key}={value}` out of GODEBUG in the environment"
                )),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;

    #[test]
    fn every_earlier_value_is_reported() {
        let with = |text: &str| {
            let b = binary(|b| b.godebug.environment = Some(text.into()));
            judge_one("godebug-repeated", &b)
        };
        let found = with("http2server=0,gctrace=1,http2server=1,gctrace=1");
        assert_eq!(found.len(), 2);
        assert!(
            found
                .iter()
                .any(|f| f.message.contains("overridden by `http2server=1`"))
        );
        assert!(with("a=1,b=1").is_empty());
    }
}
