use super::judge;
use crate::rules::debug_settings::NO_EFFECT;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS064",
    id: "godebug-no-effect",
    summary: "a GODEBUG value that changes nothing",
    levels: levels(NOTE, NOTE, NOTE, NOTE),
    options: &[],
    since: "0.1.0",
    page: include_str!("godebug_no_effect.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    judge(ctx, sink, &NO_EFFECT);
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

    #[test]
    fn a_value_without_effect_is_named() {
        let b = binary(|b| {
            b.godebug.effective = Some(vec![setting(
                "gcstoptheworld",
                "0",
                "environment",
                "no-effect",
            )])
        });
        assert_eq!(
            Setup {
                profile: "container",
                rule: "godebug-no-effect",
                ..Setup::default()
            }
            .judge(&b)
            .len(),
            1
        );
        assert!(
            Setup {
                profile: "container",
                rule: "godebug-no-effect",
                ..Setup::default()
            }
            .judge(&binary(|_| ()))
            .is_empty()
        );
    }
}
