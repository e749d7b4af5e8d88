//! The diff for people: short, by program, with the most important changes marked.

use super::{packages, path, sign, size, summary, values};
use crate::findings::{Options, clean};
use crate::flow::flow;
use gospect_audit::diff::{Class, Diff, Direction};
use gospect_bytes::number::count;
use std::io::{self, Write};

/// The column where the values of a change begin.
const INDENT: usize = 15;
/// Most modules to list for one program; further ones are only counted. `json` has all of them.
const MODULES: usize = 30;

/// Writes the programs with changes, then a summary.
pub fn render(diff: &Diff, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = |code: &str, text: &str| {
        if options.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    };
    for pair in &diff.pairs {
        let whole = pair
            .changes
            .iter()
            .find(|c| matches!(c.class, Class::Added | Class::Removed));
        let head = format!("{}  ({})", clean(path(pair)), clean(&pair.port));
        match whole.map(|c| c.class) {
            Some(Class::Added) => {
                writeln!(out, "{} {head}", paint("32", "added  "))?;
                continue;
            }
            Some(_) => {
                writeln!(out, "{} {head}", paint("31", "removed"))?;
                continue;
            }
            None => writeln!(out, "{}", paint("1", &head))?,
        }
        let mut modules = 0usize;
        for c in &pair.changes {
            if c.class == Class::Module && !c.worse {
                modules += 1;
                if modules > MODULES {
                    continue;
                }
            }
            let code = match (c.worse, c.direction) {
                (true, _) => "1;31",
                (_, Direction::Up | Direction::Added) => "32",
                (_, Direction::Removed | Direction::Down) => "35",
                _ => "0",
            };
            let mark = if c.worse { "!" } else { " " };
            let key = clean(&c.key);
            let values = flow(
                &clean(&values(c)),
                INDENT + key.chars().count() + 1,
                INDENT,
                options.width,
            );
            writeln!(
                out,
                " {mark}{} {:<10} {}{}{values}",
                paint(code, sign(c.direction)),
                c.class.name(),
                paint("1", &key),
                if values.starts_with('\n') { "" } else { " " },
            )?;
        }
        if let Some(more @ 1..) = modules.checked_sub(MODULES) {
            let more = count(more as u64, "more module", "more modules");
            writeln!(out, "    ... and {more}; `--format json` has all")?;
        }
        let size = size(pair);
        if !size.is_empty() {
            writeln!(out, "  {} size       {size}", paint("2", "~"))?;
        }
        for (sign, label, text) in pair.packages.iter().flat_map(packages::lines) {
            let text = flow(&clean(&text), INDENT, INDENT, options.width);
            writeln!(
                out,
                "  {} {label:<10} {}",
                paint("2", sign),
                text.trim_start()
            )?;
        }
    }
    let counts: Vec<String> = Class::ALL
        .into_iter()
        .map(|c| (c, diff.count(c)))
        .filter(|(_, n)| *n > 0)
        .map(|(c, n)| format!("{} {n}", c.name()))
        .collect();
    if !diff.pairs.is_empty() {
        writeln!(out)?;
    }
    let mut text = summary(diff);
    if !counts.is_empty() {
        text = format!("{text}: {}", counts.join(", "));
    }
    writeln!(out, "{}", flow(&text, 0, 0, options.width))
}
