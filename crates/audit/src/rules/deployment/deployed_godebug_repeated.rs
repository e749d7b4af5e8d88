use super::{about, fields, read_by_somebody};
use crate::rules::debug_settings::{Repeated, malformed};
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS406",
    id: "deployed-godebug-repeated",
    summary: "one GODEBUG string names a key twice",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("deployed_godebug_repeated.md"),
};

pub fn check(ctx: &FileCtx, sink: &mut Sink) {
    for v in read_by_somebody(ctx, "GODEBUG") {
        let mut pairs = Repeated::default();
        let fields = fields(v);
        for field in fields
            .iter()
            .rev()
            .filter(|f| !f.open && !malformed(f.text))
        {
            let Some((key, value)) = field.text.split_once('=') else {
                continue;
            };
            let Some(what) = pairs.find(key, value) else {
                continue;
            };
            sink.report(
                about(v, what, &[key])
                    .on(field.at)
                    .help(format!("take `{key}={value}` out of {}", v.label)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;

    #[test]
    fn every_earlier_value_is_reported() {
        let text = "GODEBUG=http2server=0,gctrace=1,http2server=1,gctrace=1\n";
        let found = lint("deployed-godebug-repeated", "x.env", text);
        assert_eq!(places(&found), ["1:9-22", "1:23-32"]);
        assert!(found[0].message.contains("http2server=1") && found[1].message.contains("twice"));
        assert!(lint("deployed-godebug-repeated", "x.env", "GODEBUG=a=1,b=1\n").is_empty());
    }
}
