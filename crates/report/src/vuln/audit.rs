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

/// Findings of at least this level.
pub(super) fn audit(report: &Report, level: Level) -> Audit {
    let findings: Vec<audit::Finding> = report
        .programs
        .iter()
        .flat_map(|program| {
            let listed = program.findings.iter().filter(|f| f.level >= level);
            listed.map(|found| finding(program, found))
        })
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
    let vex = found.vex.as_ref().filter(|_| found.is_cleared());
    audit::Finding {
        rule: found.id.clone(),
        code: code(found.level).to_owned(),
        level: severity,
        message: format!("{name} in {}{summary}; {what}", versions(found)),
        path: program.path.clone(),
        location: program.location.clone(),
        region: None,
        evidence,
        help: found.advice(),
        policy: None,
        waived: vex.map(|vex| Waived {
            reason: format!(
                "{} ({})",
                vex.justification.as_deref().unwrap_or(vex.status.name()),
                vex.source
            ),
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
