//! Vulnerabilities as findings of an audit, for the formats that both share.

use super::statement::versions;
use gospect_audit::{self as audit, Audit, Counts, Evidence, Level as Severity, Waived};
use gospect_vuln::{Finding, Level, Program, Report};

/// The codes of the rules `vulnerable-symbol`, `vulnerable-package` and `vulnerable-module`.
fn code(level: Level) -> &'static str {
    match level {
        Level::Symbol => "GS701",
        Level::Package => "GS702",
        Level::Module => "GS703",
    }
}

/// The findings of at least this level, with their programs.
pub(super) fn listed(report: &Report, level: Level) -> impl Iterator<Item = (&Program, &Finding)> {
    report.programs.iter().flat_map(move |program| {
        let listed = program.findings.iter().filter(move |f| f.level >= level);
        listed.map(move |found| (program, found))
    })
}

/// The findings of [`listed`], in the same order.
pub(super) fn audit(report: &Report, level: Level) -> Audit {
    let listed = listed(report, level);
    let findings: Vec<audit::Finding> = listed
        .map(|(program, found)| finding(program, found))
        .collect();
    Audit {
        counts: Counts::of(&findings),
        findings,
        binaries: report.programs.len() as u64,
        ..Audit::default()
    }
}

fn finding(program: &Program, found: &Finding) -> audit::Finding {
    let severity = match found.level {
        Level::Symbol => Severity::Error,
        Level::Package => Severity::Warning,
        Level::Module => Severity::Note,
    };
    let what = match found.level {
        Level::Symbol if !found.symbols.is_empty() => "vulnerable functions of it are linked",
        Level::Symbol | Level::Package => "a vulnerable package of it is linked",
        Level::Module => "only the version matches",
    };
    let severity_text = found.severity.map(|severity| format!("; {severity}"));
    let owner_fix = found.owner_fix.as_ref().map(|fix| format!("; {fix}"));
    let name = found
        .cve()
        .map_or(found.id.clone(), |cve| format!("{} ({cve})", found.id));
    let summary = found
        .summary
        .as_deref()
        .map_or(String::new(), |s| format!(": {s}"));
    let seen = |source: &str, list: &[String]| {
        let evidence = |value: &String| Evidence {
            source: source.to_owned(),
            value: value.clone(),
        };
        list.iter().map(evidence).collect::<Vec<_>>()
    };
    let evidence = match found.symbols.as_slice() {
        [] => seen("package", &found.packages),
        symbols => seen("function", symbols),
    };
    audit::Finding {
        rule: found.id.clone(),
        code: code(found.level).to_owned(),
        level: severity,
        message: format!(
            "{name} in {}{summary}; {what}{}{}",
            versions(found),
            severity_text.unwrap_or_default(),
            owner_fix.unwrap_or_default()
        ),
        path: program.path.clone(),
        location: program.location.clone(),
        region: None,
        evidence,
        help: found.advice(),
        policy: None,
        waived: found.cleared_by().map(|reason| Waived {
            reason,
            expires: None,
        }),
        accepted: false,
        fingerprint: audit::fingerprint(
            &found.id,
            &audit::identity(&program.path, &program.location),
            std::slice::from_ref(&found.module),
        ),
    }
}
