//! JUnit XML: a suite for each program, a case for each finding. Failures are the findings that make the exit code 1; others pass with their text. Waived and
//! accepted findings are skipped, and so is what could not be judged, because CI shows what is skipped. A file that could not be read is an error.

use super::{Options, clean, count};
use gospect_audit::{Audit, Finding, Region};
use std::io::{self, Write};

/// Writes the document.
pub fn render(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let failing = audit.findings.iter().map(|f| f.level >= options.fail_on);
    write(audit, &failing.collect::<Vec<bool>>(), out)
}

/// Writes the document, with one answer for each finding in its order: whether it makes the exit code 1 if it is neither waived nor accepted.
pub fn write(audit: &Audit, failing: &[bool], out: &mut dyn Write) -> io::Result<()> {
    let failing = failing.iter().copied().chain(std::iter::repeat(false));
    let all = audit.findings.iter().zip(failing);
    let all: Vec<Case> = all
        .map(|(finding, failing)| Case {
            finding,
            fails: finding.counts() && failing,
        })
        .collect();
    let failures = |cases: &[Case]| cases.iter().filter(|case| case.fails).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"gospect\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"0\">",
        (all.len() + audit.not_read.len()).max(1),
        failures(&all),
        audit.not_read.len()
    )?;
    if all.is_empty() && audit.not_read.is_empty() {
        writeln!(
            out,
            "  <testsuite name=\"gospect\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0\">"
        )?;
        writeln!(
            out,
            "    <testcase classname=\"gospect\" name=\"{} without findings\" time=\"0\"/>\n  </testsuite>",
            count(
                audit.binaries.max(audit.files),
                if audit.files > 0 { "file" } else { "program" }
            )
        )?;
    }
    for cases in all.chunk_by(|a, b| a.finding.path == b.finding.path) {
        let path = cases.first().map_or("", |case| case.finding.path.as_str());
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\">",
            xml(path),
            cases.len(),
            failures(cases),
            cases.iter().filter(|case| case.skipped().is_some()).count()
        )?;
        for case in cases {
            write_case(path, case, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    for file in &audit.not_read {
        let (path, why) = (xml(&clean(&file.path)), xml(&clean(&file.why)));
        writeln!(
            out,
            "  <testsuite name=\"{path}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\">\n    <testcase classname=\"{path}\" name=\"read\" time=\"0\"><error type=\"unreadable\" message=\"not read: {why}\"/></testcase>\n  </testsuite>"
        )?;
    }
    writeln!(out, "</testsuites>")
}

/// Writes a finding as a test case.
fn write_case(path: &str, case: &Case<'_>, out: &mut dyn Write) -> io::Result<()> {
    let finding = case.finding;
    write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\"{} time=\"0\">",
        xml(path),
        xml(&format!("{}: {}", finding.rule, finding.message)),
        place(finding)
    )?;
    match (case.skipped(), case.fails) {
        (Some(why), _) => write!(out, "<skipped message=\"{}\"/>", xml(&why))?,
        (None, false) => write!(out, "<system-out>{}</system-out>", xml(&body(finding)))?,
        (None, true) => write!(
            out,
            "<failure type=\"{}\" message=\"{}\">{}</failure>",
            finding.level.name(),
            xml(&finding.message),
            xml(&body(finding))
        )?,
    }
    writeln!(out, "</testcase>")
}

/// A finding as a case.
struct Case<'a> {
    finding: &'a Finding,
    /// Whether it makes the exit code 1.
    fails: bool,
}

impl Case<'_> {
    /// Why it is skipped: it is taken back, or says what could not be judged and does not fail.
    fn skipped(&self) -> Option<String> {
        let finding = self.finding;
        match &finding.waived {
            Some(waiver) => Some(format!("waived: {}", waiver.reason)),
            None if finding.accepted => Some("accepted by the baseline".to_owned()),
            None if finding.unanswered && !self.fails => {
                let evidence = finding.evidence.iter();
                let evidence =
                    evidence.map(|e| format!("; {}: {}", clean(&e.source), clean(&e.value)));
                let evidence: String = evidence.collect();
                Some(format!("{}{evidence}", clean(&finding.message)))
            }
            None => None,
        }
    }
}

/// File and line of a case, in the form that most readers of JUnit take.
fn place(finding: &Finding) -> String {
    let attributes =
        |region: &Region| format!(" file=\"{}\" line=\"{}\"", xml(&finding.path), region.line);
    finding.region.as_ref().map(attributes).unwrap_or_default()
}

fn body(finding: &Finding) -> String {
    let mut lines: Vec<String> = vec![format!(
        "{} {} {}",
        finding.level.name(),
        finding.code,
        clean(&finding.message)
    )];
    if let Some(region) = &finding.region {
        lines.push(format!(
            "{}:{}:{}",
            clean(&finding.path),
            region.line,
            region.column
        ));
    }
    lines.extend(
        finding
            .evidence
            .iter()
            .map(|e| format!("{}: {}", clean(&e.source), clean(&e.value))),
    );
    if !finding.help.is_empty() {
        lines.push(format!("fix: {}", clean(&finding.help)));
    }
    lines.join("\n")
}

/// Escapes text for elements and attributes. `clean` has already replaced everything that XML 1.0 cannot hold except line ends,
/// which only bodies have.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if super::needs_escape(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}
