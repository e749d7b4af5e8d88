//! The diff for a pull request comment: a table of the important changes, the rest folded away, within the size limits of
//! forges.

use super::groups::{Group, Rest, groups, heading};
use super::{packages, sign, size, summary, values};
use crate::findings::Listing;
use crate::findings::markdown::{cell, in_html};
use gospect_audit::diff::{Change, Class, Diff};
use gospect_bytes::number::count;
use std::io::{self, Write};

/// Most programs, and most changes of a program, to list.
const PROGRAMS: usize = 50;
const CHANGES: usize = 60;

/// Most programs that the heading of shared changes names.
const NAMES: usize = 12;

/// Writes the comment; `names` are the two targets. With [`Listing::All`] the changes of each program are listed in full, with
/// [`Listing::Summary`] only what is for the worse.
pub fn render(
    diff: &Diff,
    names: [&str; 2],
    listing: Listing,
    out: &mut dyn Write,
) -> io::Result<()> {
    let [old, new] = names.map(cell);
    writeln!(
        out,
        "## gospect diff: {old} to {new}\n\n{}.\n",
        summary(diff)
    )?;
    let counts: Vec<(Class, usize)> = Class::ALL
        .into_iter()
        .map(|c| (c, diff.count(c)))
        .filter(|(_, n)| *n > 0)
        .collect();
    if counts.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = counts.iter().map(|(c, _)| c.name()).collect();
    let numbers = counts.iter().map(|(class, number)| match class {
        Class::Vulnerability => vulnerabilities(diff),
        _ => number.to_string(),
    });
    let numbers: Vec<String> = numbers.collect();
    writeln!(
        out,
        "| {} |\n|{}\n| {} |",
        names.join(" | "),
        "---|".repeat(names.len()),
        numbers.join(" | ")
    )?;
    let (groups, rests) = groups(diff, listing);
    worse(&groups, &rests, out)?;
    if listing == Listing::Summary {
        return writeln!(
            out,
            "\nWithout `--summary` the other changes are listed too."
        );
    }
    for group in groups.iter().take(PROGRAMS) {
        let heading = in_html(&heading(group, NAMES));
        open(&heading, group.changes.len(), out)?;
        changes(&group.changes, out)?;
        writeln!(out, "\n</details>")?;
    }
    let is_compared = |rest: &&Rest<'_>| rest.pair.old.is_some() && rest.pair.new.is_some();
    let mut whole = rests
        .iter()
        .filter(|rest| !is_compared(rest))
        .take(PROGRAMS);
    if let Some(first) = whole.next() {
        writeln!(out)?;
        for rest in std::iter::once(first).chain(whole) {
            let word = match rest.pair.old {
                None => "added",
                Some(_) => "removed",
            };
            writeln!(out, "- {word}: {}", program_name(rest))?;
        }
    }
    for rest in rests.iter().filter(is_compared).take(PROGRAMS) {
        program(rest, !groups.is_empty(), out)?;
    }
    let compared = rests.iter().filter(is_compared).count();
    let left_out = |number: usize| number.saturating_sub(PROGRAMS);
    if let more @ 1.. = left_out(compared) + left_out(rests.len() - compared) {
        let more = count(more as u64, "more program", "more programs");
        writeln!(out, "\n{more}; `gospect diff --format json` has all.")?;
    }
    writeln!(
        out,
        "\n`+` new, `-` gone, `^` newer, `v` older, `~` changed; what is for the worse stands under \"Look at these first\"."
    )?;
    if diff.count(Class::Vulnerability) == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "\nVulnerabilities: `symbol`, a vulnerable function is linked; `package`, only another function of its package; `module`, only the version matches."
    )
}

/// How many vulnerabilities are gone, and how many are new or more of which is linked: `−127 / +4`.
fn vulnerabilities(diff: &Diff) -> String {
    let all = diff.changes().filter(|c| c.class == Class::Vulnerability);
    let (mut gone, mut more, mut less) = (0, 0, 0);
    for change in all {
        match (&change.new, change.worse) {
            (None, _) => gone += 1,
            (_, true) => more += 1,
            (_, false) => less += 1,
        }
    }
    match less {
        0 => format!("−{gone} / +{more}"),
        less => format!("−{gone} / +{more}, {less} linked less"),
    }
}

/// The key of a change, that of a vulnerability with a link to its entry.
fn key_cell(change: &Change) -> String {
    let linked = || {
        let (id, module) = change.key.split_once(' ')?;
        let address = crate::vuln::address(id)?;
        Some(format!("[{}]({address}) {}", cell(id), cell(module)))
    };
    let linked = (change.class == Class::Vulnerability).then(linked);
    linked.flatten().unwrap_or_else(|| cell(&change.key))
}

/// Writes the changes for the worse.
fn worse(groups: &[Group<'_>], rests: &[Rest<'_>], out: &mut dyn Write) -> io::Result<()> {
    let shared = groups.iter().flat_map(|group| {
        let programs = cell(&heading(group, 3));
        let worse = group.changes.iter().filter(|c| c.worse);
        worse.map(move |c| (programs.clone(), *c))
    });
    let alone = rests.iter().flat_map(|rest| {
        let worse = rest.changes.iter().filter(|c| c.worse);
        worse.map(|c| (program_name(rest), *c))
    });
    let worse: Vec<_> = shared.chain(alone).collect();
    if worse.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n### Look at these first\n\n| program | what | change |\n|---|---|---|"
    )?;
    for (programs, c) in worse.iter().take(CHANGES) {
        writeln!(
            out,
            "| {programs} | {} {} | {} |",
            c.class.name(),
            key_cell(c),
            cell(&values(c))
        )?;
    }
    match worse.len().checked_sub(CHANGES) {
        Some(more @ 1..) => writeln!(out, "\n{more} more."),
        _ => Ok(()),
    }
}

/// Path and port of a program.
fn program_name(rest: &Rest<'_>) -> String {
    format!("{} ({})", cell(&rest.name), cell(&rest.pair.port))
}

/// Opens a part that is folded away; the heading is HTML.
fn open(heading: &str, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let number = count(number as u64, "change", "changes");
    writeln!(out, "\n<details><summary>{heading}: {number}</summary>\n")
}

/// Writes one program with the changes that it shares with no other.
fn program(rest: &Rest<'_>, has_groups: bool, out: &mut dyn Write) -> io::Result<()> {
    let pair = rest.pair;
    let size = size(pair);
    let name = program_name(rest);
    if has_groups && rest.changes.is_empty() && pair.packages.is_none() {
        return match size.is_empty() {
            true => Ok(()),
            false => writeln!(out, "\n{name}: size {}", cell(&size)),
        };
    }
    let heading = format!("{} ({})", in_html(&rest.name), in_html(&pair.port));
    open(&heading, rest.changes.len(), out)?;
    changes(&rest.changes, out)?;
    if !size.is_empty() {
        writeln!(out, "\nSize: {}", cell(&size))?;
    }
    for (sign, label, text) in pair.packages.iter().flat_map(packages::lines) {
        writeln!(out, "\n{} {label} {}", cell(sign), cell(&text))?;
    }
    writeln!(out, "\n</details>")
}

/// Writes changes as a table.
fn changes(all: &[&Change], out: &mut dyn Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | what | key | change |\n|---|---|---|---|")?;
    for c in all.iter().take(CHANGES) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(sign(c.direction)),
            c.class.name(),
            key_cell(c),
            cell(&values(c))
        )?;
    }
    match all.len().checked_sub(CHANGES) {
        Some(more @ 1..) => writeln!(out, "\n{more} more."),
        _ => Ok(()),
    }
}
