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
    #[test]
    fn names_are_listed_and_a_missing_table_says_nothing() {
        super::super::tests::check_list("module-not-linked", |linked| &mut linked.not_linked);
    }
}
