//! For people: a paragraph for each program, with every row that is not equal.

use super::{Database, Summary, counts};
use crate::flow::flow;
use crate::place::Place;
use crate::style::{Look, Tone, clean};
use gospect_verify::check::{Check, Provenance, SourceMatch, Verdict};
use gospect_verify::sums::{ModuleKind, Sum, SumVerdict};
use gospect_verify::{Outcome, Program};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Most rows of one kind that are listed one by one; more are counted, by the reason why they are unknown.
const LISTED: usize = 3;

/// Writes a program. With `all`, every unknown sum has a line of its own.
pub(super) fn program(
    program: &Program,
    all: bool,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let outcome = program.outcome();
    let tone = match outcome {
        Outcome::NothingToCompare => Tone::Dim,
        Outcome::Equal => Tone::Good,
        Outcome::Incomplete => Tone::Warn,
        Outcome::Different => Tone::Bad,
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{}{}: {}",
        look.paint(Tone::Title, &clean(&program.path)),
        Place::of(&program.path, &program.location).text(),
        look.paint(tone, word(outcome))
    );
    let line = |indent: usize, text: &str| -> String {
        let text = clean(text);
        let text = flow(&text, indent, indent + 2, look.width);
        format!("{}{text}\n", " ".repeat(indent))
    };
    text.push_str(&line(2, &sums(program)));
    let counted_reasons = match all {
        true => BTreeMap::new(),
        false => counted(&program.sums),
    };
    let is_counted = |sum: &&Sum| {
        let why = reason(sum);
        why.is_some_and(|why| counted_reasons.contains_key(why))
    };
    let named = program.sums.iter().filter(|sum| is_named(sum));
    for sum in named.filter(|sum| !is_counted(sum)) {
        text.push_str(&line(4, &sum_line(sum)));
        if sum.verdict == SumVerdict::Different && sum.why.is_none() {
            let recorded = sum.recorded.as_deref().unwrap_or("none");
            let expected = sum.expected.as_deref().unwrap_or("none");
            let source = sum.source.as_deref().unwrap_or("nobody");
            text.push_str(&line(6, &format!("recorded {recorded}")));
            text.push_str(&line(6, &format!("{source} has {expected}")));
        }
    }
    for (why, number) in &counted_reasons {
        let row = format!("{number} unknown: {why}; --all lists them");
        text.push_str(&line(4, &row));
    }
    for provenance in &program.provenance {
        text.push_str(&line(2, &provenance_line(provenance)));
        for check in &provenance.checks {
            text.push_str(&line(4, &check_line(check)));
        }
    }
    if let Some(source) = &program.source {
        text.push_str(&line(2, &source_line(source)));
        let not_equal = source.checks.iter().filter(|c| c.verdict != Verdict::Equal);
        for check in not_equal {
            text.push_str(&line(4, &check_line(check)));
        }
    }
    text.push('\n');
    out.write_all(look.finish(&text).as_bytes())
}

/// The outcome for the head of a paragraph.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NothingToCompare => "nothing to compare",
        Outcome::Equal => "equal",
        Outcome::Incomplete => "not wholly known",
        Outcome::Different => "DIFFERENT",
    }
}

/// Why a sum is unknown; `None`: it is known, or its line says more than the reason.
fn reason(sum: &Sum) -> Option<&str> {
    let is_plain = sum.verdict == SumVerdict::Unknown
        && sum.kind == ModuleKind::Dependency
        && !sum.second_copy;
    sum.why.as_deref().filter(|_| is_plain)
}

/// The reasons that more sums have than are listed, with their number.
fn counted(sums: &[Sum]) -> BTreeMap<&str, usize> {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for why in sums.iter().filter_map(reason) {
        *numbers.entry(why).or_default() += 1;
    }
    numbers.retain(|_, number| *number > LISTED);
    numbers
}

/// Whether a row is listed, not only counted.
fn is_named(sum: &Sum) -> bool {
    let is_odd = matches!(sum.verdict, SumVerdict::Different | SumVerdict::Unknown);
    let is_replaced = matches!(
        sum.kind,
        ModuleKind::Replacement | ModuleKind::LocalReplacement | ModuleKind::Toolchain
    );
    is_odd || is_replaced || sum.second_copy
}

/// `sums: 63 equal (sum.golang.org), 1 private (GONOSUMDB or GOPRIVATE), 1 none recorded`.
pub(super) fn sums(program: &Program) -> String {
    let mut parts = Vec::new();
    for verdict in SumVerdict::ALL {
        let rows = program.sums.iter().filter(|sum| sum.verdict == verdict);
        let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
        let mut number = 0;
        for row in rows {
            number += 1;
            if let Some(source) = row.source.as_deref().filter(|_| row.recorded.is_some()) {
                *sources.entry(source).or_default() += 1;
            }
        }
        if number == 0 {
            continue;
        }
        let mut rows = program.sums.iter().filter(|sum| sum.verdict == verdict);
        let word = match verdict {
            SumVerdict::NoneRecorded if rows.all(|sum| sum.kind == ModuleKind::Main) => {
                parts.push("none for the main module".to_owned());
                continue;
            }
            SumVerdict::NoneRecorded => "without a recorded sum",
            other => other.name(),
        };
        let sources: Vec<&str> = sources.into_keys().collect();
        parts.push(match sources.is_empty() {
            true => format!("{number} {word}"),
            false => format!("{number} {word} ({})", sources.join("; ")),
        });
    }
    match parts.is_empty() {
        true => "sums: no module is recorded".to_owned(),
        false => format!("sums: {}", parts.join(", ")),
    }
}

/// One module in a line.
pub(super) fn sum_line(sum: &Sum) -> String {
    let mut text = format!("{} {}", sum.verdict.name(), sum.module);
    if !sum.version.is_empty() {
        text.push_str(&format!(" {}", sum.version));
    }
    match (sum.kind, sum.replaced.as_deref()) {
        (ModuleKind::Main, _) => text.push_str(" (main module)"),
        (ModuleKind::Replacement, Some(original)) => {
            text.push_str(&format!(" (in place of {original})"))
        }
        (ModuleKind::LocalReplacement, Some(folder)) => {
            text.push_str(&format!(" (replaced by the folder {folder})"));
        }
        (ModuleKind::Toolchain, _) => {
            text.push_str(" (the toolchain; programs do not record its sum)");
        }
        _ => {}
    }
    if sum.second_copy {
        text.push_str(", in the second copy of the record");
    }
    if let Some(why) = &sum.why {
        text.push_str(&format!(": {why}"));
    }
    text
}

/// A document, and the result of checking its signature.
pub(super) fn provenance_line(provenance: &Provenance) -> String {
    let signer = provenance.signature.by.as_deref();
    let signer = signer.map_or(String::new(), |signer| format!(" ({signer})"));
    format!(
        "provenance {}: {}; {}{signer}",
        provenance.document,
        provenance.verdict.name(),
        provenance.signature.done
    )
}

/// The verdict about a checkout.
pub(super) fn source_line(source: &SourceMatch) -> String {
    format!(
        "source {}: {}; {}",
        source.folder,
        source.verdict.name(),
        source.sentence
    )
}

/// One comparison in a line.
pub(super) fn check_line(check: &Check) -> String {
    let mut text = format!("{} {}", check.verdict.name(), check.what.name());
    match (&check.recorded, &check.expected, check.verdict) {
        (Some(recorded), _, Verdict::Equal) => text.push_str(&format!(" {recorded}")),
        (None, Some(expected), Verdict::Equal) => text.push_str(&format!(" {expected}")),
        // Both say the same, but nothing confirms it.
        (Some(recorded), Some(expected), _) if recorded == expected => {
            text.push_str(&format!(" {recorded}"));
        }
        (Some(recorded), Some(expected), _) => {
            text.push_str(&format!(": the program has {recorded}, not {expected}"));
        }
        (Some(recorded), None, _) => text.push_str(&format!(": only the program says {recorded}")),
        (None, Some(expected), _) => {
            text.push_str(&format!(": {expected}; the program does not say"))
        }
        (None, None, _) => {}
    }
    if let Some(why) = &check.why {
        text.push_str(&format!(" ({why})"));
    }
    text
}

pub(super) fn end(
    summary: Summary,
    database: &Database,
    look: Look,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut text = format!("{}\n", counts(summary));
    if let Some(line) = database_line(database) {
        let _ = writeln!(text, "{}", look.paint(Tone::Dim, &line));
    }
    out.write_all(look.finish(&text).as_bytes())
}

/// `sum.golang.org: 63 module versions looked up`.
pub(super) fn database_line(database: &Database) -> Option<String> {
    let name = database.name.as_deref()?;
    let asked = gospect_bytes::number::count(database.asked, "module version", "module versions");
    let how = match database.mode.as_str() {
        "offline" => " in the module cache",
        _ => "",
    };
    let failed = match database.failed {
        0 => String::new(),
        failed => format!(", {failed} without an answer that holds"),
    };
    Some(format!("{name}: {asked} looked up{how}{failed}"))
}
