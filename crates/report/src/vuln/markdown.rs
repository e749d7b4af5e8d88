//! Markdown for a job page or a comment: counts, what to do, a table.

use super::Options;
use super::statement::versions;
use super::text::{names_of, said_by_distributions};
use crate::findings::Listing;
use crate::findings::markdown::cell;
use gospect_bytes::escape::clean;
use gospect_vuln::{Finding, Program, Report};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Most rows; comments and summaries have size limits (GitHub: 64 KiB per comment).
const LISTED: usize = 100;
/// Programs that a row names.
const NAMED: usize = 5;
/// Most chains of calls, and most vulnerabilities with what distributions say about them.
const CHAINS: usize = 20;

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## gospect vuln\n")?;
    for line in super::text::footer(report, options) {
        writeln!(out, "{}  ", cell(&line))?;
    }
    let actions = report.actions(options.level);
    if actions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### What to do\n")?;
    for action in &actions {
        writeln!(out, "- {}: {}", cell(&action.what()), action.fixes.len())?;
    }
    if options.listing == Listing::Summary {
        return Ok(());
    }
    let (most_rows, most_names) = (options.limit(LISTED), options.limit(NAMED));
    // The column exists only if severities are known.
    let (head, line) = match report.is_rated() {
        true => (" severity |", "---|"),
        false => ("", ""),
    };
    writeln!(
        out,
        "\n| | vulnerability |{head} linked | fixed in | program |\n|---|---|{line}---|---|---|"
    )?;
    let places = actions.iter().flat_map(|action| action.by_severity());
    let rows: Vec<_> = places.flat_map(alike).collect();
    let mut is_cut = rows.len() > most_rows;
    for places in rows.iter().take(most_rows) {
        let Some((_, finding)) = places.first() else {
            continue;
        };
        let names = names_of(places, false);
        let unnamed = names.len().saturating_sub(most_names);
        is_cut |= unnamed > 0;
        let mut named: Vec<String> = names.into_iter().take(most_names).collect();
        if unnamed > 0 {
            named.push(format!("and {unnamed} more"));
        }
        let names = [Some(finding.id.as_str()), finding.cve()];
        let names = names.into_iter().flatten().map(linked);
        let mut name = names.collect::<Vec<_>>().join(" ");
        if let Some(summary) = &finding.summary {
            name = format!("{name}: {}", cell(summary));
        }
        let severity = match report.is_rated() {
            true => {
                let text = finding.severity.map(|s| s.to_string());
                format!(" {} |", cell(&text.unwrap_or_default()))
            }
            false => String::new(),
        };
        writeln!(
            out,
            "| {} | {} |{severity} {} | {} | {} |",
            finding.level.name(),
            name,
            cell(&versions(finding)),
            cell(finding.fixed.as_deref().unwrap_or("no version")),
            cell(&named.join(", "))
        )?;
    }
    if let more @ 1.. = rows.len().saturating_sub(most_rows) {
        writeln!(out, "\n{more} more rows are not listed here.")?;
    }
    if is_cut {
        writeln!(out, "\n`--all` names every program.")?;
    }
    chains(&rows, options.limit(CHAINS), out)?;
    distributions(&rows, options.limit(CHAINS), out)
}

/// An ID as a link to its page, if there is one.
fn linked(id: &str) -> String {
    match super::page_of(id) {
        Some(address) => format!("[{}]({address})", cell(id)),
        None => cell(id),
    }
}

/// The most certain chain of calls of each row, where chains were asked for.
fn chains(rows: &[Vec<(&Program, &Finding)>], most: usize, out: &mut dyn Write) -> io::Result<()> {
    let has_chains = |places: &&Vec<(&Program, &Finding)>| {
        let mut findings = places.iter().map(|(_, finding)| finding);
        findings.any(|finding| finding.chains.is_some())
    };
    let with_chains: Vec<_> = rows.iter().filter(has_chains).collect();
    if !with_chains.is_empty() {
        writeln!(out, "\n### How it is reached")?;
    }
    for places in with_chains.iter().take(most) {
        // With several places the chain says which program it is in.
        match places.as_slice() {
            [(program, finding)] => {
                let place = format!("{} in {}", finding.id, program.path);
                writeln!(out, "\n{}:\n", cell(&place))?;
            }
            [(_, finding), ..] => writeln!(out, "\n{}:\n", cell(&finding.id))?,
            [] => {}
        }
        // Nothing in an indented block ends it, whatever a function is called.
        for line in super::text::chain(places) {
            writeln!(out, "    {}", clean(&line))?;
        }
    }
    if let more @ 1.. = with_chains.len().saturating_sub(most) {
        writeln!(out, "\n`--all` lists {more} more chains of calls.")?;
    }
    Ok(())
}

/// What distributions say about the vulnerability of each row.
fn distributions(
    rows: &[Vec<(&Program, &Finding)>],
    most: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let of_distributions = rows.iter().filter_map(|places| {
        let (_, first) = places.first()?;
        let lines = said_by_distributions(places, most);
        (!lines.is_empty()).then_some((first, lines))
    });
    let of_distributions: Vec<_> = of_distributions.collect();
    if !of_distributions.is_empty() {
        writeln!(out, "\n### What distributions say\n")?;
    }
    for (finding, lines) in of_distributions.iter().take(most) {
        writeln!(
            out,
            "- {}: {}",
            linked(&finding.id),
            cell(&lines.join("; "))
        )?;
    }
    if let more @ 1.. = of_distributions.len().saturating_sub(most) {
        writeln!(out, "- and {more} more; `--all` lists them")?;
    }
    Ok(())
}

/// The places of a vulnerability by level and by what is linked there.
fn alike<'r>(places: &[(&'r Program, &'r Finding)]) -> Vec<Vec<(&'r Program, &'r Finding)>> {
    let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (program, finding) in places {
        let key = (std::cmp::Reverse(finding.level), versions(finding));
        rows.entry(key).or_default().push((*program, *finding));
    }
    rows.into_values().collect()
}
