//! The diff for a pull request comment: a table of the important changes, the rest folded away, within the size limits of
//! forges.

use super::groups::{Group, OwnChanges, groups, heading};
use super::{packages, sentence, sign, size, summary, values};
use crate::findings::Listing;
use crate::findings::markdown::{cell, in_html, prose};
use gospect_audit::diff::{Change, Class, Diff, Pair};
use gospect_bytes::number::count;
use gospect_knowledge::{GoVersion, semver};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Most programs, and most changes of a program, to list, unless all are wanted.
const PROGRAMS: usize = 50;
const CHANGES: usize = 60;

/// Most programs that the heading of shared changes names.
const NAMES: usize = 12;

/// Writes the comment; `names` are the two targets. With [`Listing::All`] the changes of each program are listed in full, with
/// [`Listing::Summary`] only what is for the worse or fails the run.
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
    let (groups, programs) = groups(diff, listing);
    let (max_programs, max_changes) = match listing {
        Listing::All => (usize::MAX, usize::MAX),
        Listing::Grouped | Listing::Summary => (PROGRAMS, CHANGES),
    };
    // A summary has no other changes, see `groups`.
    let is_first = |change: &Change| change.worse || listing == Listing::Summary;
    write_first(&groups, &programs, &is_first, max_changes, out)?;
    if listing == Listing::Summary {
        return writeln!(
            out,
            "\nWithout `--summary` the other changes are listed too."
        );
    }
    for group in groups.iter().take(max_programs) {
        let heading = in_html(&heading(group, NAMES));
        open_details(&heading, group.changes.len(), out)?;
        write_changes(&group.changes, max_changes, out)?;
        if group.is_same_bytes() {
            writeln!(out, "\nSame bytes.")?;
        }
        writeln!(out, "\n</details>")?;
    }
    let is_compared =
        |program: &&OwnChanges<'_>| program.pair.old.is_some() && program.pair.new.is_some();
    let mut one_sided = programs
        .iter()
        .filter(|program| !is_compared(program))
        .take(max_programs);
    if let Some(first) = one_sided.next() {
        writeln!(out)?;
        for program in std::iter::once(first).chain(one_sided) {
            let word = match program.pair.old {
                None => "added",
                Some(_) => "removed",
            };
            writeln!(out, "- {word}: {}", program_name(program))?;
        }
    }
    for program in programs.iter().filter(is_compared).take(max_programs) {
        write_program(program, !groups.is_empty(), max_changes, out)?;
    }
    let compared = programs.iter().filter(is_compared).count();
    let left_out = |number: usize| number.saturating_sub(max_programs);
    if let more @ 1.. = left_out(compared) + left_out(programs.len() - compared) {
        let more = count(more as u64, "more program", "more programs");
        writeln!(out, "\n{more}; `--all` lists all.")?;
    }
    let is_marked = |pair: &Pair| {
        let is_compared = pair.old.is_some() && pair.new.is_some();
        is_compared && !pair.changes.is_empty()
    };
    if diff.all().any(is_marked) {
        let worse = match diff.changes().any(|change| change.worse) {
            true => "; what is for the worse stands under \"Look at these first\"",
            false => "",
        };
        writeln!(
            out,
            "\n`+` new, `-` gone, `^` newer, `v` older, `~` changed{worse}."
        )?;
    }
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

/// Writes the changes to look at first.
fn write_first(
    groups: &[Group<'_>],
    programs: &[OwnChanges<'_>],
    is_first: &dyn Fn(&Change) -> bool,
    max_changes: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let shared = groups.iter().flat_map(|group| {
        let programs = cell(&heading(group, 3));
        let first = group.changes.iter().filter(|change| is_first(change));
        first.map(move |change| (programs.clone(), *change))
    });
    let alone = programs.iter().flat_map(|program| {
        let first = program.changes.iter().filter(|change| is_first(change));
        first.map(|change| (program_name(program), *change))
    });
    let mut first: Vec<_> = shared.chain(alone).collect();
    // One older toolchain brings many vulnerabilities, which would hide the rest.
    first.sort_by_key(|(_, change)| change.class == Class::Vulnerability);
    if first.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n### Look at these first\n\n| program | what | change | meaning (rule) |\n|---|---|---|---|"
    )?;
    let rows = rows(&first, max_changes == usize::MAX);
    for (programs, changes) in rows.iter().take(max_changes) {
        let Some(change) = changes.first() else {
            continue;
        };
        let meaning = change.meaning().as_ref().map(sentence);
        let (what, values) = match changes.as_slice() {
            [_] => (
                format!("{} {}", change.class.name(), key_cell(change)),
                cell(&values(change)),
            ),
            several => many(several),
        };
        writeln!(
            out,
            "| {programs} | {what} | {values} | {} |",
            meaning.as_deref().map(prose).unwrap_or_default()
        )?;
    }
    match rows.len().checked_sub(max_changes) {
        Some(more @ 1..) => writeln!(out, "\n{more} more; `--all` lists them."),
        _ => Ok(()),
    }
}

/// Programs, and their changes that have one row.
type Row<'a> = (&'a str, Vec<&'a Change>);

/// From this number on, vulnerabilities of one module that came alike have one row.
const SEVERAL: usize = 4;
/// Most vulnerabilities that such a row names.
const IDS: usize = 3;

/// The rows of a table of changes; with `all` each change has its own.
fn rows<'a>(changes: &'a [(String, &'a Change)], all: bool) -> Vec<Row<'a>> {
    let alike = |change: &'a Change| {
        let (_, module) = change.key.split_once(' ')?;
        let is_vulnerability = change.class == Class::Vulnerability && !all;
        is_vulnerability.then_some((module, &change.old, &change.new))
    };
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut row_of: BTreeMap<_, usize> = BTreeMap::new();
    for (programs, change) in changes {
        let Some(key) = alike(change) else {
            rows.push((programs, vec![*change]));
            continue;
        };
        let number = *row_of.entry((programs, key)).or_insert(rows.len());
        match rows.get_mut(number) {
            Some((_, row)) => row.push(*change),
            None => rows.push((programs, vec![*change])),
        }
    }
    let rows = rows
        .into_iter()
        .flat_map(|(programs, row)| match row.len() {
            n if n < SEVERAL => row
                .into_iter()
                .map(|change| (programs, vec![change]))
                .collect(),
            _ => vec![(programs, row)],
        });
    rows.collect()
}

/// The order of two Go releases or module versions.
fn order(a: &str, b: &str) -> Ordering {
    match (GoVersion::parse(a), GoVersion::parse(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        _ => semver::compare(a, b),
    }
}

/// What several vulnerabilities of a module are, and which.
fn many(changes: &[&Change]) -> (String, String) {
    let module = changes
        .first()
        .and_then(|change| change.key.split_once(' '));
    let module = module.map_or("", |(_, module)| module);
    let ids = changes.iter().take(IDS).filter_map(|change| {
        let (id, _) = change.key.split_once(' ')?;
        Some(match crate::vuln::address(id) {
            Some(address) => format!("[{}]({address})", cell(id)),
            None => cell(id),
        })
    });
    let ids: Vec<String> = ids.collect();
    let level = changes.first().map(|change| Change {
        fixed: None,
        said: Vec::new(),
        ..(*change).clone()
    });
    let level = level.as_ref().map(values).unwrap_or_default();
    let fixed = changes.iter().map(|change| change.fixed.as_deref());
    let fixed = match fixed.collect::<Option<Vec<&str>>>() {
        Some(all) => {
            let last = all.into_iter().max_by(|a, b| order(a, b));
            format!(", all fixed in {}", last.unwrap_or_default())
        }
        None => String::new(),
    };
    (
        format!("{} vulnerabilities of {}", changes.len(), cell(module)),
        format!(
            "{} and {} more: {}",
            ids.join(", "),
            changes.len() - ids.len(),
            cell(&format!("{level}{fixed}"))
        ),
    )
}

/// Path and port of a program.
fn program_name(program: &OwnChanges<'_>) -> String {
    let what = if program.pair.is_image() {
        "image "
    } else {
        ""
    };
    format!(
        "{what}{} ({})",
        cell(&program.name),
        cell(&program.pair.port)
    )
}

/// Opens a part that is folded away; the heading is HTML.
fn open_details(heading: &str, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let number = count(number as u64, "change", "changes");
    writeln!(out, "\n<details><summary>{heading}: {number}</summary>\n")
}

/// Writes one program with the changes that it shares with no other.
fn write_program(
    program: &OwnChanges<'_>,
    has_groups: bool,
    max_changes: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pair = program.pair;
    let size = size(pair);
    let name = program_name(program);
    if has_groups && program.changes.is_empty() && pair.packages.is_none() {
        return match size.is_empty() {
            true => Ok(()),
            false => writeln!(out, "\n{name}: size {}", cell(&size)),
        };
    }
    let what = if pair.is_image() { "image " } else { "" };
    let heading = format!("{what}{} ({})", in_html(&program.name), in_html(&pair.port));
    open_details(&heading, program.changes.len(), out)?;
    write_changes(&program.changes, max_changes, out)?;
    if pair.same_bytes {
        writeln!(out, "\nSame bytes.")?;
    }
    if !size.is_empty() {
        writeln!(out, "\nSize: {}", cell(&size))?;
    }
    for (sign, label, text) in pair.packages.iter().flat_map(packages::lines) {
        writeln!(out, "\n{} {label} {}", cell(sign), cell(&text))?;
    }
    writeln!(out, "\n</details>")
}

/// Writes changes as a table.
fn write_changes(all: &[&Change], max_changes: usize, out: &mut dyn Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "| | what | key | change |\n|---|---|---|---|")?;
    for change in all.iter().take(max_changes) {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(sign(change.direction)),
            change.class.name(),
            key_cell(change),
            cell(&values(change))
        )?;
    }
    match all.len().checked_sub(max_changes) {
        Some(more @ 1..) => writeln!(out, "\n{more} more; `--all` lists them."),
        _ => Ok(()),
    }
}
