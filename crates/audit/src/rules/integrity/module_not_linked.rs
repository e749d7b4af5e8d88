use super::of_functions;
use crate::rules::prelude::*;

pub const META: Meta = Meta {
    code: "GS165",
    id: "module-not-linked",
    summary: "recorded modules have no code in the program",
    levels: levels(OFF, NOTE, OFF, OFF),
    options: &[allow("Names that are fine.")],
    since: "0.1.0",
    page: include_str!("module_not_linked.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let report = of_functions(
        ctx,
        "linked.not_linked",
        |l| &l.not_linked,
        |n, s| format!("{n} recorded module{s} without a function in the program"),
    );
    if let Some(report) = report {
        sink.report(report.help(
            "`go mod why -m MODULE` says who imports it; if that is right, nothing needs doing",
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use gospect_record::Linked;

    #[test]
    fn names_are_listed_and_a_missing_table_says_nothing() {
        let with = |functions: u64, policy: &str| {
            let b = binary(|b| {
                b.linked = Some(Linked {
                    functions,
                    not_linked: vec!["example.com/a".into(), "example.com/b".into()],
                    ..Linked::default()
                })
            });
            Setup {
                profile: "release",
                policy,
                rule: "module-not-linked",
                ..Setup::default()
            }
            .judge(&b)
        };
        let found = with(100, "");
        assert_eq!((found.len(), found[0].evidence.len()), (1, 2));
        assert!(with(0, "").is_empty());
        assert!(
            with(
                100,
                "[rules]\nmodule-not-linked = { allow = [\"example.com/*\"] }"
            )
            .is_empty()
        );
    }
}
