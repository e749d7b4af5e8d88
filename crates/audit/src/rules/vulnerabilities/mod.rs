//! Known vulnerabilities. These rules run if the auditor has a database, see [`crate::Auditor::with_vulnerabilities`].

pub mod stale_vulnerability_database;
pub mod vulnerabilities_unjudged;
pub mod vulnerable_fleet;
pub mod vulnerable_module;
pub mod vulnerable_package;
pub mod vulnerable_symbol;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Vulnerabilities;

use super::prelude::{Ctx, D, OptionSpec, Report, Sink, ValueKind};
use crate::finding::Evidence;
use gospect_vuln::{Finding, Level};

/// Most functions or packages to list as evidence.
const LISTED: usize = 10;

/// The option to ignore vulnerabilities without a fix.
const ONLY_FIXED: OptionSpec = OptionSpec {
    name: "only-fixed",
    kind: ValueKind::Flag,
    default: D::Flag(false),
    doc: "Whether to report only what a newer version fixes.",
};

/// The option to report only what is exploited.
const ONLY_EXPLOITED: OptionSpec = OptionSpec {
    name: "only-exploited",
    kind: ValueKind::Flag,
    default: D::Flag(false),
    doc: "Whether to report only what a list of `--severity` says is exploited. Without a list of exploited ones everything is reported.",
};

/// The options of the rules about one level.
const OPTIONS: &[OptionSpec] = &[ONLY_FIXED, ONLY_EXPLOITED];

/// Reports the findings of one level. `what` says what is linked, with `MODULE` for the module and its version.
fn report_level(ctx: &Ctx, sink: &mut Sink, level: Level, what: &str) {
    // Nothing starts a hidden copy, which `shadowed-copy` reports.
    let Some(program) = ctx.vulnerabilities.filter(|_| !ctx.hidden()) else {
        return;
    };
    let only_fixed = ctx.options.flag(ONLY_FIXED.name);
    let only_exploited = ctx.knows_exploited && ctx.options.flag(ONLY_EXPLOITED.name);
    let is_exploited = |f: &Finding| f.severity.is_some_and(|severity| severity.exploited);
    let found = program.findings.iter().filter(|f| f.level == level);
    let found = found.filter(|f| !only_exploited || is_exploited(f));
    for finding in found.filter(|f| !only_fixed || f.fixed.is_some()) {
        sink.report(report(finding, what));
    }
}

fn report(finding: &Finding, what: &str) -> Report {
    let id = &finding.id;
    let version = finding.version.as_deref().unwrap_or("of unknown version");
    let cve = finding
        .cve()
        .map_or(String::new(), |cve| format!(" ({cve})"));
    let summary = finding.summary.as_deref();
    let summary = summary.map_or(String::new(), |s| format!(", {s}"));
    let module = &finding.module;
    let severity = finding.severity.map_or(String::new(), |s| format!("; {s}"));
    let mut report = Report::new(format!(
        "{id}{cve}{summary}: {}{severity}",
        what.replace("MODULE", &format!("{module} {version}"))
    ))
    .see(Evidence::VULNERABILITY, id)
    .see(Evidence::MODULE, module)
    .salient(id)
    .salient(module)
    .help(finding.advice());
    if let Some(reason) = finding.cleared_by() {
        report = report.waived(reason);
    }
    for alias in &finding.aliases {
        report = report.see(Evidence::VULNERABILITY, alias);
    }
    if let Some(replaced) = &finding.replaced {
        report = report.see("in place of", replaced);
    }
    for text in finding.said_by_distribution() {
        report = report.see(Evidence::DISTRIBUTION, text);
    }
    let (word, list) = match finding.symbols.as_slice() {
        [] => ("package", &finding.packages),
        _ => ("function", &finding.symbols),
    };
    for name in list.iter().take(LISTED) {
        report = report.see(word, name);
    }
    match list.len().checked_sub(LISTED) {
        None | Some(0) => report,
        Some(more) => report.see(word, format!("{more} more")),
    }
}

#[cfg(test)]
mod tests;
