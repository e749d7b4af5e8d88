//! Vulnerabilities as findings of an audit, for the formats that both share.

use super::Options;
use super::statement::versions;
use gospect_audit::{self as audit, Audit, Counts, Evidence, Level as Severity, Waived};
use gospect_record::Location;
use gospect_vuln::severity::Severity as Rating;
use gospect_vuln::{Finding, Level, Program, Report};

/// The codes of the rules `vulnerable-symbol`, `vulnerable-package` and `vulnerable-module`.
fn code(level: Level) -> &'static str {
    match level {
        Level::Symbol => "GS701",
        Level::Package => "GS702",
        Level::Module => "GS703",
    }
}

/// The findings of at least a level of each program and what could not be judged about it, then what was not examined; and which of them fail.
pub(super) fn with_unjudged(
    report: &Report,
    level: Level,
    options: &Options,
) -> (Audit, Vec<bool>) {
    let of_program = report.programs.iter().flat_map(|program| {
        let listed = program.findings.iter().filter(move |f| f.level >= level);
        let fails = |f: &Finding| options.fails(f) && !program.is_hidden();
        let listed = listed.map(move |f| (audit_finding(program, f), fails(f)));
        let unjudged = program.unjudged.iter().map(|row| {
            let evidence = row.module.iter().map(|module| Evidence {
                source: "module".to_owned(),
                value: module.clone(),
            });
            let place = (program.path.as_str(), &program.location);
            let message = super::text::sentence(row.why).to_owned();
            (
                unanswered(
                    ("vulnerabilities-unjudged", "GS704"),
                    place,
                    message,
                    evidence.collect(),
                ),
                false,
            )
        });
        listed.chain(unjudged)
    });
    let unexamined = report.unexamined.iter().map(|unexamined| {
        let evidence = vec![Evidence {
            source: unexamined.reason.as_str().to_owned(),
            value: unexamined.detail.clone(),
        }];
        let place = (unexamined.path.as_str(), &unexamined.location);
        let message = format!("not examined: {}", unexamined.reason);
        (
            unanswered(("unexamined-file", "GS263"), place, message, evidence),
            false,
        )
    });
    let (findings, failing): (Vec<_>, Vec<_>) = of_program.chain(unexamined).unzip();
    let audit = Audit {
        counts: Counts::of(&findings),
        findings,
        binaries: report.programs.len() as u64,
        ..Audit::default()
    };
    (audit, failing)
}

/// The severities of the findings of [`with_unjudged`], in its order.
pub(super) fn severities(report: &Report, level: Level) -> Vec<Option<Rating>> {
    let of_program = report.programs.iter().flat_map(|program| {
        let listed = program.findings.iter().filter(move |f| f.level >= level);
        let unjudged = program.unjudged.iter().map(|_| None);
        listed.map(|f| f.severity).chain(unjudged)
    });
    of_program
        .chain(report.unexamined.iter().map(|_| None))
        .collect()
}

/// A finding that says what could not be judged.
fn unanswered(
    (rule, code): (&str, &str),
    (path, location): (&str, &Location),
    message: String,
    evidence: Vec<Evidence>,
) -> audit::Finding {
    audit::Finding {
        rule: rule.to_owned(),
        code: code.to_owned(),
        level: Severity::Note,
        fingerprint: audit::fingerprint(
            rule,
            &audit::identity(path, location),
            std::slice::from_ref(&message),
        ),
        message,
        path: path.to_owned(),
        location: location.clone(),
        region: None,
        evidence,
        help: String::new(),
        build: None,
        policy: None,
        waived: None,
        accepted: false,
        unanswered: true,
    }
}

fn audit_finding(program: &Program, finding: &Finding) -> audit::Finding {
    let severity = match finding.level {
        _ if program.is_hidden() => Severity::Note,
        Level::Symbol => Severity::Error,
        Level::Package => Severity::Warning,
        Level::Module => Severity::Note,
    };
    let what = match finding.level {
        Level::Symbol if !finding.symbols.is_empty() => "vulnerable functions of it are linked",
        Level::Symbol | Level::Package => "a vulnerable package of it is linked",
        Level::Module => "only the version matches",
    };
    let severity_text = finding.severity.map(|severity| format!("; {severity}"));
    let of_distribution = finding.said_by_distribution();
    let of_distribution: String = of_distribution
        .iter()
        .map(|text| format!("; {text}"))
        .collect();
    let name = finding
        .cve()
        .map_or(finding.id.clone(), |cve| format!("{} ({cve})", finding.id));
    let summary = finding
        .summary
        .as_deref()
        .map_or(String::new(), |s| format!(": {s}"));
    let evidence_of = |source: &str, list: &[String]| {
        let evidence = |value: &String| Evidence {
            source: source.to_owned(),
            value: value.clone(),
        };
        list.iter().map(evidence).collect::<Vec<_>>()
    };
    let evidence = match finding.symbols.as_slice() {
        [] => evidence_of("package", &finding.packages),
        symbols => evidence_of("function", symbols),
    };
    audit::Finding {
        rule: finding.id.clone(),
        code: code(finding.level).to_owned(),
        level: severity,
        message: format!(
            "{name} in {}{summary}; {what}{}{of_distribution}{}",
            versions(finding),
            severity_text.unwrap_or_default(),
            match program.is_hidden() {
                true => "; a later layer hides the program, so that nothing starts it",
                false => "",
            },
        ),
        path: program.path.clone(),
        location: program.location.clone(),
        region: None,
        evidence,
        help: match program.is_hidden() {
            true => "take the program out of the image: `gospect explain shadowed-copy`".to_owned(),
            false => finding.advice(),
        },
        build: None,
        policy: None,
        waived: finding.cleared_by().map(|reason| Waived {
            reason,
            expires: None,
        }),
        accepted: false,
        unanswered: false,
        fingerprint: audit::fingerprint(
            &finding.id,
            &audit::identity(&program.path, &program.location),
            std::slice::from_ref(&finding.module),
        ),
    }
}
