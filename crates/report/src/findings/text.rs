//! Findings for people: by program, worst first, each with its evidence and what to type.

use super::{Options, clean, count};
use crate::flow::flow;
use gospect_audit::{Audit, Finding, Level, Region};
use std::io::{self, Write};

/// Writes the findings that count, then their number.
pub fn render(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = |code: &str, text: &str| {
        if options.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    };
    let mut last: Option<&str> = None;
    for f in audit.findings.iter().filter(|f| f.counts()) {
        if last != Some(&f.path) {
            if last.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "{}{}", paint("1", &clean(&f.path)), place(f))?;
            last = Some(&f.path);
        }
        let code = match f.level {
            Level::Error => "1;31",
            Level::Warning => "35",
            Level::Note => "1",
        };
        let line = |indent: usize, code: &str, head: &str, text: &str| {
            let first = indent + head.chars().count() + 1;
            let text = flow(text, first, 8, options.width);
            let gap = if text.starts_with('\n') { "" } else { " " };
            format!("{}{}{gap}{text}\n", " ".repeat(indent), paint(code, head))
        };
        let head = format!("{}[{}]", f.level.name(), f.rule);
        write!(out, "{}", line(2, code, &head, &clean(&f.message)))?;
        if let Some(r) = &f.region {
            source(f, r, &paint, code, options.width, out)?;
        }
        for e in &f.evidence {
            let source = format!("{}:", clean(&e.source));
            write!(out, "{}", line(6, "2", &source, &clean(&e.value)))?;
        }
        if !f.help.is_empty() {
            write!(out, "{}", line(6, "32", "fix:", &clean(&f.help)))?;
        }
        if let Some(p) = &f.policy {
            writeln!(
                out,
                "      {}",
                paint("2", &format!("asked for at {}:{}", clean(&p.file), p.line))
            )?;
        }
    }
    if last.is_some() {
        writeln!(out)?;
    }
    writeln!(out, "{}", flow(&summary(audit), 0, 0, options.width))?;
    if last.is_some() {
        writeln!(out, "`gospect explain RULE` says more about a rule.")?;
    }
    Ok(())
}

/// The place in the file, the line, and marks below the part that the finding is about.
fn source(
    f: &Finding,
    r: &Region,
    paint: &dyn Fn(&str, &str) -> String,
    code: &str,
    columns: Option<usize>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = format!("{}:{}:{}", clean(&f.path), r.line, r.column);
    writeln!(out, "      {}", paint("2", &place))?;
    // Marks only line up below a line in which every character takes one column.
    let plain = !r.text.is_empty()
        && r.text
            .bytes()
            .all(|b| b == b'\t' || (0x20..0x7f).contains(&b));
    if !plain {
        return Ok(());
    }
    let number = r.line.to_string();
    let width = r.text.len();
    let byte = |column: u32| {
        usize::try_from(column)
            .unwrap_or(1)
            .saturating_sub(1)
            .min(width)
    };
    let start = byte(r.column);
    let end = if r.line == r.end_line {
        byte(r.end_column)
    } else {
        width
    };
    // The part of a long line around the marks.
    let room = columns.map_or(width, |c| c.saturating_sub(9 + number.len()).max(20));
    let from = if end <= room {
        0
    } else {
        start.saturating_sub(room / 4)
    };
    let shown = r.text.get(from..width.min(from + room)).unwrap_or_default();
    let (start, end) = (start - from, (end - from).min(room));
    let gutter = paint("2", &format!("{number} |"));
    writeln!(out, "      {gutter} {}", shown.replace('\t', " "))?;
    let gutter = paint("2", &format!("{} |", " ".repeat(number.len())));
    let marks = paint(code, &"^".repeat(end.saturating_sub(start).max(1)));
    writeln!(out, "      {gutter} {}{marks}", " ".repeat(start))
}

/// Image, layer and role, if there are any.
fn place(f: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(image) = &f.location.image
        && image.reference != f.path
    {
        parts.push(format!("image {}", clean(&image.reference)));
        parts.extend(image.platform.as_ref().map(|p| clean(p).into_owned()));
        parts.extend(
            f.location
                .layer
                .as_ref()
                .map(|l| format!("layer {}", l.index)),
        );
    }
    if let Some(slice) = &f.location.slice {
        parts.push(format!("slice {}", clean(slice)));
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!("  ({})", parts.join(", "))
    }
}

/// `2 programs`, `1 file`.
fn subjects(audit: &Audit) -> String {
    let left = audit.not_read.len();
    match (audit.files, audit.binaries) {
        (0, 0) if left > 0 => count(left as u64, "file"),
        (1.., 0) if left > 0 => format!("{}, {left} not read", count(audit.files, "file")),
        (1.., 0) => count(audit.files, "file"),
        _ => count(audit.binaries, "program"),
    }
}

/// One line with the number of programs and of findings by level.
pub(super) fn summary(audit: &Audit) -> String {
    let c = &audit.counts;
    let mut parts: Vec<String> = [(c.error, "error"), (c.warning, "warning"), (c.note, "note")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, w)| count(n, w))
        .collect();
    if parts.is_empty() && audit.files == 0 && !audit.not_read.is_empty() {
        parts.push("nothing was read".into());
    } else if parts.is_empty() {
        parts.push("no findings".into());
    }
    for (n, word) in [
        (c.waived, "waived"),
        (c.accepted, "accepted by the baseline"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {word}"));
        }
    }
    format!(
        "{} in {} (profile {}, {})",
        parts.join(", "),
        subjects(audit),
        clean(&audit.profile),
        audit.today
    )
}
