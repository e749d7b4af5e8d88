use crate::finding::Evidence;
use crate::rules::prelude::*;
use gospect_vuln::{Unjudged, UnjudgedReason};

pub const META: Meta = Meta {
    code: "GS704",
    id: "vulnerabilities-unjudged",
    summary: "known vulnerabilities cannot be judged, or not exactly",
    levels: levels(NOTE, WARN, NOTE, NOTE),
    options: &[],
    since: "0.2.0",
    page: include_str!("vulnerabilities_unjudged.md"),
};

pub fn check(ctx: &Ctx, sink: &mut Sink) {
    let rows = ctx.vulnerabilities.map_or(&[][..], |p| &p.unjudged);
    for why in UnjudgedReason::ALL {
        let with_reason: Vec<&Unjudged> = rows.iter().filter(|row| row.why == why).collect();
        if with_reason.is_empty() {
            continue;
        }
        let (message, help) = text(why);
        let mut report = Report::new(message).salient(why.name());
        report = report.unanswered().help(help);
        for row in &with_reason {
            if let Some(module) = &row.module {
                report = report.see(Evidence::MODULE, module);
            }
            if !row.entries.is_empty() {
                report = report.see("may apply", row.entries.join(", "));
            }
        }
        sink.report(report);
    }
}

/// The sentence and the advice.
fn text(why: UnjudgedReason) -> (&'static str, &'static str) {
    match why {
        UnjudgedReason::NoVersion => (
            "vulnerabilities are not judged by version: none is recorded",
            "build with modules that have versions",
        ),
        UnjudgedReason::Devel => (
            "vulnerabilities are not judged: built from a work tree without a version",
            "build from a tag, or set the version with `-ldflags -X`",
        ),
        UnjudgedReason::NoModules => (
            "vulnerabilities are judged by linked packages: the program does not list its modules",
            "build with modules, so that versions are recorded",
        ),
        UnjudgedReason::NoFunctions => (
            "vulnerabilities are judged without functions: their names are not known",
            "write records with `gospect scan --symbols`, or audit the program itself",
        ),
        UnjudgedReason::VendorToolchain => (
            "vulnerabilities of the standard library are judged by a release that somebody else changed",
            "ask who made the toolchain which fixes it has",
        ),
        UnjudgedReason::Contradicted => (
            "vulnerabilities are judged by every version that may be linked: the program contradicts its record",
            "find out who changed the record, or build the program again: `gospect audit` lists the contradictions",
        ),
        UnjudgedReason::FipsModule => (
            "vulnerabilities of a frozen FIPS 140 module are not judged: it has only the fixes of its time",
            "read these entries, or build with a newer GOFIPS140",
        ),
    }
}
