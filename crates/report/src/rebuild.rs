//! The result of a rebuild, and the comparison of the code of two programs: as text, JSON, Markdown and a page.

mod page;

pub(crate) use page::comparison as comparison_page;
pub use page::html;

use super::findings::markdown::{cell, prose_cell};
use super::style::{Look, Tone, clean};
use gospect_bytes::number::{count, thousands};
use gospect_record::rebuild::{
    Comparison, Counts, Difference, FunctionChange, FunctionDifference, Outcome, Rebuild,
};
use gospect_record::why::shown;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Differences and functions that the text lists; JSON has them all.
const SHOWN: usize = 20;

/// Writes the result for a reader.
///
/// # Errors
/// When the output cannot be written.
pub fn text(result: &Rebuild, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    let program = clean(&result.program);
    let _ = writeln!(
        text,
        "{}: {}",
        look.paint(Tone::Title, &program),
        look.paint(tone(result.verdict), result.verdict.as_str())
    );
    if let Some(why) = &result.why {
        let _ = writeln!(text, "  {}", clean(why));
    }
    let _ = writeln!(text, "  released sha256 {}", result.sha256.released);
    if let Some(rebuilt) = &result.sha256.rebuilt {
        let _ = writeln!(text, "  rebuilt  sha256 {rebuilt}");
    }
    if let Some(counts) = result
        .functions
        .filter(|_| result.verdict != Outcome::NotBuilt)
    {
        let _ = writeln!(text, "  {}", sentence(counts, &result.differences));
    }
    list_texts(&mut text, "why", &result.explanations, look);
    differences(&mut text, &result.differences, &result.changed, look);
    list_texts(
        &mut text,
        "assumed, because the program does not say",
        &result.assumed,
        look,
    );
    out.write_all(look.finish(&text).as_bytes())
}

/// Writes the comparison of the code of two programs for a reader.
///
/// # Errors
/// When the output cannot be written.
pub fn comparison_text(result: &Comparison, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    let counts = counts(result);
    let _ = writeln!(
        text,
        "{}: {}; {}",
        look.paint(Tone::Title, "code"),
        look.paint(tone(result.verdict), result.verdict.as_str()),
        sentence(counts, &result.differences)
    );
    list_texts(&mut text, "why", &result.explanations, look);
    differences(&mut text, &result.differences, &result.changed, look);
    if result.more_changed > 0 {
        let _ = writeln!(
            text,
            "    {} more functions differ",
            thousands(result.more_changed)
        );
    }
    out.write_all(look.finish(&text).as_bytes())
}

/// The functions of a comparison, counted.
pub fn counts(result: &Comparison) -> Counts {
    Counts {
        equal: result.functions_equal,
        all: result.functions,
    }
}

fn tone(verdict: Outcome) -> Tone {
    match verdict {
        Outcome::Identical | Outcome::SameCode => Tone::Good,
        Outcome::Different => Tone::Bad,
        Outcome::NotBuilt => Tone::Warn,
    }
}

/// `11,402 of 11,402 functions equal; only the record and the build ID differ`.
fn sentence(counts: Counts, differences: &[Difference]) -> String {
    let mut parts: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
    parts.dedup();
    let equal = format!(
        "{} of {} functions equal",
        thousands(counts.equal),
        thousands(counts.all)
    );
    let is_harmless = differences.iter().all(|d| d.part.is_harmless());
    let only = if is_harmless { "only " } else { "" };
    match parts.split_last() {
        None => equal,
        Some((last, [])) => format!("{equal}; {only}the {last} differs"),
        Some((last, rest)) => format!("{equal}; {only}{} and {last} differ", rest.join(", ")),
    }
}

/// Lists texts that may contain names of the programs.
fn list_texts(text: &mut String, title: &str, lines: &[String], look: &Look) {
    let lines = lines.iter().map(|line| clean(line).into_owned());
    list(text, title, lines, look);
}

/// Lists lines below a title; nothing without lines.
fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>, look: &Look) {
    for (index, line) in lines.enumerate() {
        if index == 0 {
            let _ = writeln!(text, "  {}:", look.paint(Tone::Label, title));
        }
        let _ = writeln!(text, "    {line}");
    }
}

fn differences(
    text: &mut String,
    differences: &[Difference],
    changed: &[FunctionDifference],
    look: &Look,
) {
    let lines = differences.iter().take(SHOWN).map(|d| {
        let bytes = match d.bytes {
            0 => String::new(),
            n => format!(" ({})", count(n, "byte", "bytes")),
        };
        format!("{:<9} {}{bytes}", d.part.as_str(), clean(&d.what))
    });
    list(text, "differences", lines, look);
    if differences.len() > SHOWN {
        let _ = writeln!(
            text,
            "    {} more; --format json lists all",
            differences.len() - SHOWN
        );
    }
    let lines = changed.iter().take(SHOWN).map(|f| {
        let place = f
            .place
            .as_ref()
            .map_or(String::new(), |place| format!(" ({})", clean(place)));
        format!(
            "{} {}{place}: {}",
            sign(f.change),
            clean(&shown(&f.function)),
            clean(&f.what)
        )
    });
    list(text, "functions", lines, look);
    if changed.len() > SHOWN {
        text.push_str("    more; --format json lists them\n");
    }
}

fn sign(change: FunctionChange) -> char {
    match change {
        FunctionChange::Changed => '~',
        FunctionChange::Added => '+',
        FunctionChange::Removed => '-',
    }
}

/// Writes one JSON document.
///
/// # Errors
/// When the output cannot be written.
pub fn json(result: &Rebuild, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, result)?;
    out.write_all(b"\n")
}

/// Writes the verdict for the summary of a job.
///
/// # Errors
/// When the output cannot be written.
pub fn markdown(result: &Rebuild, out: &mut dyn Write) -> io::Result<()> {
    let verdict = result.verdict.as_str();
    writeln!(out, "## gospect rebuild: {verdict}\n")?;
    writeln!(
        out,
        "| | |\n|---|---|\n| program | {} |",
        cell(&result.program)
    )?;
    writeln!(out, "| released sha256 | `{}` |", result.sha256.released)?;
    if let Some(rebuilt) = &result.sha256.rebuilt {
        writeln!(out, "| rebuilt sha256 | `{rebuilt}` |")?;
    }
    if let Some(counts) = result.functions {
        writeln!(
            out,
            "| functions | {} |",
            sentence(counts, &result.differences)
        )?;
    }
    if let Some(why) = &result.why {
        writeln!(out, "\n{}", cell(why))?;
    }
    for line in &result.explanations {
        writeln!(out, "\n{}", cell(line))?;
    }
    table(&result.differences, &result.changed, out)?;
    if !result.assumed.is_empty() {
        writeln!(
            out,
            "\n<details><summary>Assumed, because the program does not say</summary>\n"
        )?;
        for line in &result.assumed {
            writeln!(out, "- {}", cell(line))?;
        }
        writeln!(out, "\n</details>")?;
    }
    Ok(())
}

/// Writes the comparison of the code of two programs for a comment.
///
/// # Errors
/// When the output cannot be written.
pub fn comparison_markdown(result: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n### Code: {}\n\n{}.",
        result.verdict.as_str(),
        sentence(counts(result), &result.differences)
    )?;
    for line in &result.explanations {
        writeln!(out, "\n{}", cell(line))?;
    }
    table(&result.differences, &result.changed, out)
}

fn table(
    differences: &[Difference],
    changed: &[FunctionDifference],
    out: &mut dyn Write,
) -> io::Result<()> {
    if !differences.is_empty() {
        writeln!(out, "\n| part | bytes | what |\n|---|---|---|")?;
    }
    for difference in differences.iter().take(SHOWN) {
        writeln!(
            out,
            "| {} | {} | {} |",
            difference.part.as_str(),
            thousands(difference.bytes),
            prose_cell(&difference.what)
        )?;
    }
    if differences.len() > SHOWN {
        writeln!(out, "\n{} more.", differences.len() - SHOWN)?;
    }
    if !changed.is_empty() {
        writeln!(out, "\n| function | where | what |\n|---|---|---|")?;
    }
    for function in changed.iter().take(SHOWN) {
        writeln!(
            out,
            "| {} {} | {} | {} |",
            sign(function.change),
            cell(&shown(&function.function)),
            cell(function.place.as_deref().unwrap_or_default()),
            prose_cell(&function.what)
        )?;
    }
    Ok(())
}
