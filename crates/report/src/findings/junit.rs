//! JUnit XML: a suite for each program, a case for each finding. Errors and warnings are failures, notes pass with their text,
//! and waived or accepted findings are skipped.

use super::{Options, clean};
use gospect_audit::{Audit, Finding, Level, Region};
use std::io::{self, Write};

/// Writes the document.
pub fn render(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for f in &audit.findings {
        match suites.last_mut().filter(|s| s.0 == f.path) {
            Some(s) => s.1.push(f),
            None => suites.push((&f.path, vec![f])),
        }
    }
    let failures = |list: &[&Finding]| {
        list.iter()
            .filter(|f| f.counts() && f.level > Level::Note)
            .count()
    };
    let skipped = |list: &[&Finding]| list.iter().filter(|f| !f.counts()).count();
    let all: Vec<&Finding> = audit.findings.iter().collect();
    let clean_run = all.is_empty();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"gospect\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"0\">",
        all.len().max(1),
        failures(&all)
    )?;
    if clean_run {
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
    for (path, list) in &suites {
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"0\">",
            xml(path),
            list.len(),
            failures(list),
            skipped(list)
        )?;
        for f in list {
            write!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\"{} time=\"0\">",
                xml(path),
                xml(&format!("{}: {}", f.rule, f.message)),
                place(f)
            )?;
            let body = body(f);
            match (&f.waived, f.accepted, f.level) {
                (Some(w), _, _) => write!(
                    out,
                    "<skipped message=\"{}\"/>",
                    xml(&format!("waived: {}", w.reason))
                )?,
                (None, true, _) => write!(out, "<skipped message=\"accepted by the baseline\"/>")?,
                (None, false, Level::Note) => {
                    write!(out, "<system-out>{}</system-out>", xml(&body))?
                }
                (None, false, level) => write!(
                    out,
                    "<failure type=\"{}\" message=\"{}\">{}</failure>",
                    level.name(),
                    xml(&f.message),
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
fn place(f: &Finding) -> String {
    let of = |r: &Region| format!(" file=\"{}\" line=\"{}\"", xml(&f.path), r.line);
    f.region.as_ref().map(of).unwrap_or_default()
}

fn body(f: &Finding) -> String {
    let mut lines: Vec<String> = vec![format!(
        "{} {} {}",
        f.level.name(),
        f.code,
        clean(&f.message)
    )];
    if let Some(r) = &f.region {
        lines.push(format!("{}:{}:{}", clean(&f.path), r.line, r.column));
    }
    lines.extend(
        f.evidence
            .iter()
            .map(|e| format!("{}: {}", clean(&e.source), clean(&e.value))),
    );
    if !f.help.is_empty() {
        lines.push(format!("fix: {}", clean(&f.help)));
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
