use crate::rules::prelude::*;
use gospect_verify::sums::{Sum, SumVerdict};

pub const META: Meta = Meta {
    code: "GS144",
    id: "module-sum-unknown",
    summary: "nobody who was asked knows the checksum of a module",
    levels: levels(WARN, WARN, WARN, WARN),
    options: &[],
    since: "0.2.0",
    page: include_str!("module_sum_unknown.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let recorded = ctx.sums.unwrap_or_default().iter();
    let recorded: Vec<&Sum> = recorded.filter(|sum| sum.recorded.is_some()).collect();
    let unknown = recorded
        .iter()
        .filter(|sum| sum.verdict == SumVerdict::Unknown);
    let unknown: Vec<&&Sum> = unknown.collect();
    if unknown.is_empty() {
        return;
    }
    let mut report = Report::new(format!(
        "{} of {} checksums are not in the given go.sum files",
        unknown.len(),
        recorded.len()
    ))
    .salient("unknown")
    .unanswered()
    .help("give the go.sum of the revision that it was built from, or ask the checksum database: `gospect verify`");
    for sum in unknown {
        report = report.see("module", format!("{} {}", sum.module, sum.version));
    }
    sink.report(report);
}
