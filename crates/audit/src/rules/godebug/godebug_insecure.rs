use super::judge;
use crate::rules::debug_settings::INSECURE;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS061",
    id: "godebug-insecure",
    summary: "a GODEBUG value that somebody set weakens security",
    levels: levels(WARN, ERROR, WARN, ERROR),
    options: &[allow_texts(
        "Settings that may be weak, as `KEY` or `KEY=VALUE`.",
    )],
    since: "0.1.0",
    page: include_str!("godebug_insecure.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    judge(ctx, sink, &INSECURE);
}

#[cfg(test)]
mod tests {
    use super::super::setting;
    use crate::testing::*;

    #[test]
    fn a_weak_value_is_reported_wherever_it_comes_from() {
        for origin in ["recorded", "baked", "environment"] {
            let b = binary(|b| {
                b.godebug.effective = Some(vec![setting("x509negativeserial", "1", origin, "ok")])
            });
            assert_eq!(judge_one("godebug-insecure", &b).len(), 1, "{origin}");
            let policy = "[rules]\ngodebug-insecure = { allow = [\"x509negativeserial=1\"] }";
            assert!(
                Setup {
                    policy,
                    rule: "godebug-insecure",
                    ..Setup::default()
                }
                .judge(&b)
                .is_empty()
            );
        }
        let fine = binary(|b| {
            b.godebug.effective = Some(vec![
                setting("x509negativeserial", "0", "recorded", "ok"),
                setting("madvdontneed", "1", "recorded", "ok"),
            ])
        });
        assert!(judge_one("godebug-insecure", &fine).is_empty());
    }

    #[test]
    fn a_value_that_is_also_built_in_must_go_twice() {
        let help = |built_in: &[(&str, &str)]| {
            let pairs = built_in.iter();
            let pairs = pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            let b = binary(|b| {
                b.godebug.language_version = Some("1.21".into());
                b.godebug.recorded = Some("tlssha1=1".into());
                b.godebug.baked_pairs = Some(pairs.clone().collect());
                b.godebug.effective = Some(vec![setting("tlssha1", "1", "environment", "ok")]);
            });
            judge_one("godebug-insecure", &b).remove(0).help
        };
        let alone = "take `tlssha1=1` out of GODEBUG in the environment";
        assert_eq!(help(&[("tlssha1", "0")]), alone);
        let both = help(&[("tlssha1", "1")]);
        let start = format!("{alone}; it is built into the program too: raise the `go` line");
        assert!(both.starts_with(&start), "{both}");
    }

    #[test]
    fn settings_of_an_old_go_line_are_left_to_the_other_rule() {
        let b = binary(|b| {
            b.godebug.language_version = Some("1.22".into());
            b.godebug.effective = Some(vec![setting("x509negativeserial", "1", "recorded", "ok")]);
        });
        assert!(judge_one("godebug-insecure", &b).is_empty());
        assert_eq!(judge_one("godebug-legacy-defaults", &b).len(), 1);
    }
}
