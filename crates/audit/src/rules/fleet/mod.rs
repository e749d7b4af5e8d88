//! Whether programs of a run that belong together agree. `[fleet] group-by` of the policy says which belong together.

pub mod mixed_dependencies;
pub mod mixed_experiments;
pub mod mixed_revisions;
pub mod mixed_settings;
pub mod mixed_toolchains;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Fleet;

use super::prelude::{Report, RunCtx, Sink};
use crate::facts::NOT_SET;
use crate::fix::Agreement;
use crate::fleet::{FleetRow, Group, Spread};
use gospect_bytes::number;

/// Most paths to list as evidence for one value.
const PATHS: usize = 4;

/// The report that modules and settings did not all fit in memory.
pub(super) fn not_compared(ctx: &RunCtx) -> Option<Report> {
    let count = ctx.fleet.not_compared;
    let report = Report::new(format!(
        "modules and settings of {} were not all compared with those of the others",
        number::count(count, "program", "programs")
    ))
    .salient("not compared")
    .unanswered()
    .help("raise `--memory`, or audit directories one by one");
    (count > 0).then_some(report)
}

/// Reports a group whose programs differ in one value: those that differ, with the majority as evidence.
fn report_spread(
    ctx: &RunCtx,
    sink: &mut Sink,
    what: &str,
    help: impl Fn(&Group, &Spread) -> String,
    value: impl Fn(&FleetRow) -> Option<String>,
    agreement: impl Fn(&str) -> Option<Agreement>,
) {
    for group in ctx.fleet.groups() {
        let Some(spread) = Spread::of(group, &value) else {
            continue;
        };
        let report = describe(group, &spread, what).help(help(group, &spread));
        // Only if one program differs does one build make all agree.
        let is_one = !spread.tie && spread.odd_count() == 1;
        let agreement = is_one.then(|| agreement(&spread.majority)).flatten();
        sink.report(match agreement {
            Some(agreement) => report.agreed_by(agreement),
            None => report,
        });
    }
}

/// Lists equally frequent values, for the user to choose: `a`, `b` or not set.
fn one_of(spread: &Spread, shown: impl Fn(&str) -> String) -> String {
    let most = spread.majority_count;
    let tied = spread.odd.iter().rev().filter(|o| o.1.len() == most);
    let mut values = vec![shown(&spread.majority)];
    values.extend(tied.take(PATHS).map(|o| shown(&o.0)));
    values.sort();
    values.join(" or ")
}

/// The word for a value that is not there: a flag is not set.
fn missing(what: &str) -> &'static str {
    match what.starts_with('-') {
        true => NOT_SET,
        false => "none",
    }
}

/// The advice to choose one value of `what` for all programs.
fn settle(what: &str, spread: &Spread) -> String {
    let shown = |value: &str| match value {
        "" => missing(what).to_owned(),
        value => format!("`{value}`"),
    };
    let have = match spread.tie {
        true => one_of(spread, shown),
        false => format!("most have {}", shown(&spread.majority)),
    };
    format!("settle on one {what} for all ({have}) and rebuild the others")
}

fn describe(group: &Group, spread: &Spread, what: &str) -> Report {
    let show = |v: &str| {
        if v.is_empty() {
            missing(what).to_string()
        } else {
            v.to_string()
        }
    };
    let message = match spread.tie {
        false => format!(
            "{} of {} programs of {} {} another {what} than the rest",
            spread.odd_count(),
            spread.total(),
            group.name(),
            if spread.odd_count() == 1 {
                "has"
            } else {
                "have"
            }
        ),
        true => format!(
            "the {} programs of {} do not agree on one {what}",
            spread.total(),
            group.name()
        ),
    };
    let mut report = Report::new(message)
        .see(
            match spread.rows.as_slice() {
                tied if spread.tie => paths(tied),
                _ => format!("{} of {}", spread.majority_count, spread.total()),
            },
            show(&spread.majority),
        )
        .salient(what)
        .salient(group.name());
    for (value, rows) in &spread.odd {
        report = report.see(paths(rows), show(value));
    }
    match spread.odd.first().and_then(|(_, rows)| rows.first()) {
        Some(row) => report.at(row.path.clone(), row.location.clone()),
        None => report,
    }
}

/// The paths of the first programs.
fn paths(rows: &[&FleetRow]) -> String {
    let mut paths: Vec<&str> = rows.iter().take(PATHS).map(|r| r.path.as_str()).collect();
    let more = format!("and {} more", rows.len().saturating_sub(PATHS));
    if rows.len() > PATHS {
        paths.push(&more);
    }
    paths.join(", ")
}

#[cfg(test)]
mod testing {
    use crate::testing::*;
    use gospect_record::Binary;

    /// Checks that a rule reports the one program of three that `make_odd` changes, and nothing about programs of another module.
    pub fn names_the_program_that_differs(rule: &'static str, make_odd: impl FnOnce(&mut Binary)) {
        let setup = Setup {
            rule,
            profile: "release",
            ..Setup::default()
        };
        let same = |path: &str| binary(|b| b.path = path.into());
        let odd = change(same("odd"), make_odd);
        let found = setup.judge_all(&[same("a"), odd.clone(), same("b")]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "odd");
        assert!(setup.judge_all(&[same("a"), same("b")]).is_empty());
        let other = change(odd, |b| {
            b.build_info.as_mut().unwrap().main.path = "example.com/other".into()
        });
        assert!(
            setup.judge_all(&[same("a"), other]).is_empty(),
            "another module is another group"
        );
    }
}
