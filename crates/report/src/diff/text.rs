//! The diff for people: short, by program, with the most important changes marked.

use super::groups::{OwnChanges, groups, heading};
use super::{packages, sentence, sign, size, summary, values};
use crate::findings::{Listing, Options, clean};
use crate::flow::flow;
use gospect_audit::diff::{Change, Class, Diff, Direction};
use gospect_bytes::number::count;
use std::io::{self, Write};

/// The column where the values of a change begin.
const INDENT: usize = 15;
/// Most modules to list for one program, unless all are wanted; further ones are only counted.
const MODULES: usize = 30;

/// What the marks mean.
const MARKS: &str = "`^` newer, `v` older, `+` new, `-` gone, `~` changed; `gospect explain CLASS` says more, such as `gospect explain linkage`.";

/// Most programs that the heading of shared changes names.
const NAMES: usize = 6;

/// Writes changes that several programs share, the programs with what is left, then a summary.
pub fn render(diff: &Diff, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (groups, programs) = groups(diff, options.listing);
    let mut body = Vec::new();
    for group in &groups {
        let head = flow(&clean(&heading(group, NAMES)), 0, 4, options.width);
        writeln!(body, "{}", paint(options, "1", &head))?;
        write_changes(&group.changes, options, &mut body)?;
        if group.is_same_bytes() {
            write_same_bytes(options, &mut body)?;
        }
    }
    let has_changes = diff
        .all()
        .any(|pair| !pair.changes.is_empty() && pair.old.is_some() && pair.new.is_some());
    let is_short = !groups.is_empty() || options.listing == Listing::Summary;
    for program in &programs {
        write_program(program, is_short, options, &mut body)?;
    }
    out.write_all(&body)?;
    let counts: Vec<String> = Class::ALL
        .into_iter()
        .map(|c| (c, diff.count(c)))
        // The numbers of programs in front have these two.
        .filter(|(c, n)| *n > 0 && !matches!(c, Class::Added | Class::Removed))
        .map(|(c, n)| format!("{} {n}", c.name()))
        .collect();
    if !body.is_empty() {
        writeln!(out)?;
    }
    let mut text = summary(diff);
    if !counts.is_empty() {
        text = format!("{text}: {}", counts.join(", "));
    }
    writeln!(out, "{}", flow(&text, 0, 0, options.width))?;
    let worse = diff.changes().filter(|change| change.worse).count();
    if worse > 0 {
        let worse = count(worse as u64, "change", "changes");
        writeln!(
            out,
            "{worse} for the worse, marked `!`: look at them first."
        )?;
    }
    if has_changes && options.listing != Listing::Summary {
        writeln!(out, "{}", flow(MARKS, 0, 0, options.width))?;
    }
    match (options.listing, diff.all().next().is_none()) {
        (_, true) | (Listing::All, _) => Ok(()),
        (Listing::Summary, _) => {
            writeln!(out, "Without `--summary` the other changes are listed too.")
        }
        (Listing::Grouped, _) if groups.is_empty() => Ok(()),
        (Listing::Grouped, _) => writeln!(out, "`--all` lists all changes of each program."),
    }
}

/// Writes one program with the changes that it shares with no other. One of which only the size is left takes one line.
fn write_program(
    program: &OwnChanges<'_>,
    has_groups: bool,
    options: &Options,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pair = program.pair;
    let what = if pair.is_image() { "image " } else { "" };
    let head = format!("{what}{}  ({})", clean(&program.name), clean(&pair.port));
    match (&pair.old, &pair.new) {
        (None, _) => return writeln!(out, "{} {head}", paint(options, "32", "added  ")),
        (_, None) => return writeln!(out, "{} {head}", paint(options, "31", "removed")),
        _ => {}
    }
    let size = size(pair);
    if has_groups && program.changes.is_empty() && pair.packages.is_none() {
        return match size.is_empty() {
            true => Ok(()),
            false => writeln!(out, "{}  size {size}", paint(options, "1", &head)),
        };
    }
    writeln!(out, "{}", paint(options, "1", &head))?;
    write_changes(&program.changes, options, out)?;
    if pair.same_bytes {
        write_same_bytes(options, out)?;
    }
    if !size.is_empty() {
        writeln!(out, "  {} size       {size}", paint(options, "2", "~"))?;
    }
    for (sign, label, text) in pair.packages.iter().flat_map(packages::lines) {
        let text = flow(&clean(&text), INDENT, INDENT, options.width);
        let sign = paint(options, "2", sign);
        writeln!(out, "  {sign} {label:<10} {}", text.trim_start())?;
    }
    Ok(())
}

fn write_same_bytes(options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "  {} content    same bytes", paint(options, "2", "="))
}

/// Writes changes, one a line.
fn write_changes(all: &[&Change], options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let is_module = |change: &Change| change.class == Class::Module && !change.worse;
    // A line that says `1 more` takes as much space as the module itself.
    let shown = match all.iter().filter(|change| is_module(change)).count() {
        n if n <= MODULES + 1 || options.listing == Listing::All => n,
        _ => MODULES,
    };
    let mut modules = 0usize;
    let mut explained = Vec::new();
    for change in all {
        if is_module(change) {
            modules += 1;
            if modules > shown {
                continue;
            }
        }
        let color = match (change.worse, change.direction) {
            (true, _) => "1;31",
            (_, Direction::Up | Direction::Added) => "32",
            (_, Direction::Removed | Direction::Down) => "35",
            _ => "0",
        };
        let mark = if change.worse { "!" } else { " " };
        let key = clean(&change.key);
        let values = flow(
            &clean(&values(change)),
            INDENT + key.chars().count() + 1,
            INDENT,
            options.width,
        );
        writeln!(
            out,
            " {mark}{} {:<10} {}{}{values}",
            paint(options, color, sign(change.direction)),
            change.class.name(),
            paint(options, "1", &key),
            if values.starts_with('\n') { "" } else { " " },
        )?;
        // What a module can do is said by the change itself.
        let meaning = change
            .meaning()
            .filter(|_| change.class != Class::Capability);
        if let Some(meaning) = meaning.filter(|meaning| !explained.contains(meaning)) {
            explained.push(meaning);
            let text = flow(&sentence(&meaning), INDENT, INDENT, options.width);
            writeln!(
                out,
                "{}{}",
                " ".repeat(INDENT),
                paint(options, "2", text.trim_start())
            )?;
        }
    }
    if let Some(more @ 1..) = modules.checked_sub(shown) {
        let more = count(more as u64, "more module", "more modules");
        writeln!(out, "    ... and {more}; `--all` lists them")?;
    }
    Ok(())
}

fn paint(options: &Options, code: &str, text: &str) -> String {
    match options.color {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
