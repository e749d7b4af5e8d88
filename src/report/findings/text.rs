//! Findings for a person: by program, worst first, each with what was seen and what to type.

use super::{Options, clean, count};
use crate::audit::{Audit, Finding, Level};
use std::io::{self, Write};

/// Writes the findings that count, then how many there are.
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
            Level::Warning => "33",
            Level::Note => "36",
        };
        writeln!(
            out,
            "  {} {}",
            paint(code, &format!("{}[{}]", f.level.name(), f.rule)),
            clean(&f.message)
        )?;
        for e in &f.evidence {
            writeln!(
                out,
                "      {} {}",
                paint("2", &format!("{}:", clean(&e.source))),
                clean(&e.value)
            )?;
        }
        if !f.help.is_empty() {
            writeln!(out, "      {} {}", paint("32", "fix:"), clean(&f.help))?;
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
    writeln!(out, "{}", summary(audit))?;
    if last.is_some() {
        writeln!(out, "`gospect explain RULE` says more about a rule.")?;
    }
    Ok(())
}

/// Image, layer and role, where they apply.
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

/// One line: how many programs, how many findings of each level.
pub(super) fn summary(audit: &Audit) -> String {
    let c = &audit.counts;
    let mut parts: Vec<String> = [(c.error, "error"), (c.warning, "warning"), (c.note, "note")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, w)| count(n, w))
        .collect();
    if parts.is_empty() {
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
        count(audit.binaries, "program"),
        clean(&audit.profile),
        audit.today
    )
}
