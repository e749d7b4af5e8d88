//! JUnit XML: a suite for each program, a case for each finding. Errors and warnings are failures, notes pass with their text,
//! and waived or accepted findings are skipped.

use super::{Options, clean};
use gospect_audit::{Audit, Finding, Level, Region};
use std::io::{self, Write};

/// Writes the document.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for finding in &audit.findings {
        match suites.last_mut().filter(|suite| suite.0 == finding.path) {
            Some(suite) => suite.1.push(finding),
            None => suites.push((&finding.path, vec![finding])),
        }
    }
    let failures = |findings: &[&Finding]| {
        findings
            .iter()
            .filter(|finding| finding.counts() && finding.level > Level::Note)
            .count()
    };
    let skipped =
        |findings: &[&Finding]| findings.iter().filter(|finding| !finding.counts()).count();
    let all: Vec<&Finding> = audit.findings.iter().collect();
    let has_no_findings = all.is_empty();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"gospect\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"0\">",
        all.len().max(1),
        failures(&all)
    )?;
    if has_no_findings {
        writeln!(
            out,
            "  <testsuite name=\"gospect\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0\">"
        )?;
        writeln!(
            out,
            "    <testcase classname=\"gospect\" name=\"{} {} without findings\" time=\"0\"/>\n  </testsuite>",
            audit.binaries.max(audit.files),
            if audit.files > 0 { "files" } else { "programs" }
        )?;
    }
    for (path, findings) in &suites {
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\">",
            xml(path),
            findings.len(),
            failures(findings),
            skipped(findings)
        )?;
        for finding in findings {
            write!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\"{} time=\"0\">",
                xml(path),
                xml(&format!("{}: {}", finding.rule, finding.message)),
                place(finding)
            )?;
            let body = body(finding);
            match (&finding.waived, finding.accepted, finding.level) {
                (Some(waiver), _, _) => write!(
                    out,
                    "<skipped message=\"{}\"/>",
                    xml(&format!("waived: {}", waiver.reason))
                )?,
                (None, true, _) => write!(out, "<skipped message=\"accepted by the baseline\"/>")?,
                (None, false, Level::Note) => {
                    write!(out, "<system-out>{}</system-out>", xml(&body))?
                }
                (None, false, level) => write!(
                    out,
                    "<failure type=\"{}\" message=\"{}\">{}</failure>",
                    level.name(),
                    xml(&finding.message),
                    xml(&body)
                )?,
            }
            writeln!(out, "</testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
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
