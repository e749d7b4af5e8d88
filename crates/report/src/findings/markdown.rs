//! Findings as Markdown for a job summary or a pull request comment: counts, a table, details folded away.

use super::builds::Builds;
use super::groups::{self, BELOW, Listing};
use super::subject::{list, subjects};
use super::{Options, clean, count, text, waived};
use crate::image;
use gospect_audit::{Audit, Finding, Level};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Most rows to list; comments and summaries have size limits (GitHub: 64 KiB per comment).
const LISTED: usize = 100;
/// Images that are described.
const IMAGES: usize = 20;
/// Programs that a row names, and that the advice names.
const PROGRAMS: usize = 5;
const FIX_PROGRAMS: usize = 3;
/// Fixes that are listed for a rule, those for most programs first.
const FIXES: usize = 3;

/// Writes the summary: a row for each message of a rule, with the programs that have it. With [`Listing::All`] rows and
/// programs are all listed, with [`Listing::Summary`] a rule has one row.
pub fn render(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let counting: Vec<_> = audit.findings.iter().filter(|f| f.counts()).collect();
    let command = if audit.files > 0 { "lint" } else { "audit" };
    writeln!(
        out,
        "## gospect {command}\n\n{}\n",
        cell(&text::summary(audit))
    )?;
    images(audit, options, out)?;
    if counting.is_empty() {
        return waived_table(audit, options, out);
    }
    let subject = if audit.files > 0 { "file" } else { "program" };
    let all = options.listing == Listing::All;
    if options.listing == Listing::Summary {
        by_rule(subject, &counting, out)?;
    } else {
        let left_out = table(subject, &counting, all, out)?;
        if left_out {
            writeln!(out, "\n`--all` names every {subject} and lists every row.")?;
        }
    }
    writeln!(out, "\n<details><summary>How to fix</summary>\n")?;
    let max_names = if all { usize::MAX } else { FIX_PROGRAMS };
    let builds = Builds::of(&counting);
    let fixes = alike(&counting, |f| {
        (Level::Error, &f.rule, builds.help(f, BELOW))
    });
    let max_fixes = if all { usize::MAX } else { FIXES };
    let mut fixes_of_rule: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left_out = 0usize;
    for findings in &fixes {
        let Some(first) = findings.first().filter(|f| !f.help.is_empty()) else {
            continue;
        };
        let count = fixes_of_rule.entry(&first.rule).or_default();
        if *count >= max_fixes {
            left_out += 1;
            continue;
        }
        *count += 1;
        // The help text is ours and may contain code; names from files in it are escaped as in a cell.
        writeln!(
            out,
            "- **{}** ({}): {}",
            cell(&first.rule),
            cell(&names(findings, max_names)),
            prose(&builds.help(first, BELOW))
        )?;
    }
    if left_out > 0 {
        writeln!(out, "- and {left_out} more; `--all` lists them")?;
    }
    let programs: Vec<_> = builds.programs().collect();
    let max_builds = if all { usize::MAX } else { LISTED };
    for subject in programs.iter().take(max_builds) {
        for line in builds.lines(subject) {
            let name = format!("{}{}", subject.path, subject.place());
            writeln!(out, "- {}: {}", cell(&name), prose(&line))?;
        }
    }
    if let more @ 1.. = programs.len().saturating_sub(max_builds) {
        let more = count(more as u64, "more build");
        writeln!(out, "- and {more}; `--all` lists them")?;
    }
    writeln!(out, "\n</details>")?;
    if audit.counts.waived > 0 {
        writeln!(out)?;
    }
    waived_table(audit, options, out)
}

/// What each image starts, as which user and in which environment.
fn images(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let most = match options.listing {
        Listing::All => usize::MAX,
        Listing::Grouped | Listing::Summary => IMAGES,
    };
    for image in audit.images.iter().take(most) {
        let (name, facts) = (image::name(image), image::line(image));
        writeln!(out, "- {}: {}", cell(&name), cell(&facts))?;
    }
    if let more @ 1.. = audit.images.len().saturating_sub(most) {
        writeln!(
            out,
            "- and {}; `--all` lists them",
            count(more as u64, "more image")
        )?;
    }
    match audit.images.is_empty() {
        true => Ok(()),
        false => writeln!(out),
    }
}

/// What is waived, why, and until when, folded away; nothing if nothing is.
fn waived_table(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let groups = waived::groups(audit);
    if groups.is_empty() {
        return Ok(());
    }
    let all = options.listing == Listing::All;
    let (rows, most) = if all {
        (usize::MAX, usize::MAX)
    } else {
        (LISTED, PROGRAMS)
    };
    writeln!(
        out,
        "<details><summary>{} waived</summary>\n\n| rule | where | until | reason |\n|---|---|---|---|",
        audit.counts.waived
    )?;
    for group in groups.iter().take(rows) {
        let until = group.waived.expires.as_deref().unwrap_or("no end");
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(group.rule),
            cell(&group.places(most)),
            cell(until),
            prose_cell(&group.waived.reason)
        )?;
    }
    if let more @ 1.. = groups.len().saturating_sub(rows) {
        writeln!(out, "\n{} not listed here.", count(more as u64, "more row"))?;
    }
    writeln!(out, "\n</details>")
}

/// One row for each rule.
fn by_rule(subject: &str, findings: &[&Finding], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| | rule | {subject}s | finding |\n|---|---|---|---|")?;
    let groups = groups::by_rule(findings.iter().copied());
    for group in &groups {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            mark(group.level),
            cell(group.rule),
            group.number(),
            prose_cell(&group.message())
        )?;
    }
    writeln!(out, "\nWithout `--summary` the {subject}s are named.")
}

/// Writes a table with one row for each rule and message, however many programs have it: by level, then by number of programs. Returns
/// whether something was left out.
pub(crate) fn table(
    subject: &str,
    findings: &[&Finding],
    all: bool,
    out: &mut dyn Write,
) -> io::Result<bool> {
    writeln!(out, "| | rule | {subject} | finding |\n|---|---|---|---|")?;
    let rows = alike(findings, |f| (f.level, &f.rule, Cow::from(&f.message)));
    let (max_rows, max_names) = if all {
        (usize::MAX, usize::MAX)
    } else {
        (LISTED, PROGRAMS)
    };
    let mut left_out = rows.len() > max_rows;
    for findings in rows.iter().take(max_rows) {
        let Some(first) = findings.first() else {
            continue;
        };
        left_out |= places(findings) > max_names;
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            mark(first.level),
            cell(&first.rule),
            cell(&names(findings, max_names)),
            prose_cell(&first.message)
        )?;
    }
    if let more @ 1.. = rows.len().saturating_sub(max_rows) {
        let more = count(more as u64, "more row");
        writeln!(out, "\n{more} not listed here.")?;
    }
    Ok(left_out)
}

/// The findings in groups of the same key: by level, then by number of programs.
fn alike<'a>(
    findings: &[&'a Finding],
    key: impl Fn(&'a Finding) -> (Level, &'a String, Cow<'a, str>),
) -> Vec<Vec<&'a Finding>> {
    let mut by_key: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        by_key.entry(key(finding)).or_default().push(finding);
    }
    let mut rows: Vec<Vec<&Finding>> = by_key.into_values().collect();
    rows.sort_by_key(|row| Reverse((row.first().map(|f| f.level), places(row))));
    rows
}

/// The number of programs, or of places in files.
fn places(findings: &[&Finding]) -> usize {
    match findings.iter().any(|f| f.region.is_some()) {
        true => findings.len(),
        false => subjects(findings).len(),
    }
}

/// The programs, or the files with their lines, up to a number.
fn names(findings: &[&Finding], max_names: usize) -> String {
    if !findings.iter().any(|f| f.region.is_some()) {
        return list(&subjects(findings), max_names);
    }
    let mut names: Vec<String> = findings.iter().take(max_names).map(|f| place(f)).collect();
    if let more @ 1.. = findings.len().saturating_sub(max_names) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

/// The level as a cell, with an emoji that stands out.
fn mark(level: Level) -> &'static str {
    match level {
        Level::Error => "❌ error",
        Level::Warning => "⚠️ warning",
        Level::Note => "ℹ️ note",
    }
}

/// The path, and the line if there is one.
fn place(finding: &Finding) -> String {
    match &finding.region {
        Some(region) => format!("{}:{}", finding.path, region.line),
        None => finding.path.clone(),
    }
}

/// Text from a file for a table cell: escaped, so that nothing in it is Markdown or HTML.
pub(crate) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|'
            | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // Do not notify people.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

/// Help text: code between backquotes stays code, the rest is escaped. As CommonMark says (0.31.2, section 6.1), a run of
/// backquotes ends at the next run of the same length, and is text where there is none.
pub(crate) fn prose(text: &str) -> String {
    with_code(text, |fence, code| format!("{fence}{code}{fence}"))
}

/// [`prose`] for a table cell, which a bar ends in code too. Code with `<` becomes text, because names from files stand in messages.
pub(crate) fn prose_cell(text: &str) -> String {
    with_code(text, |fence, code| match code.contains('<') {
        true => cell(&format!("{fence}{code}{fence}")),
        false => format!("{fence}{}{fence}", code.replace('|', "\\|")),
    })
}

/// Text with its code written by `code`, which gets the backquotes before and after it, and what is between.
fn with_code(text: &str, code: impl Fn(&str, &str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('`') {
        let (before, from_run) = rest.split_at(start);
        let after_run = from_run.trim_start_matches('`');
        let run = from_run.len() - after_run.len();
        out.push_str(&cell(before));
        match run_of(after_run, run) {
            Some(end) => {
                out.push_str(&code(&from_run[..run], &clean(&after_run[..end])));
                rest = &after_run[end + run..];
            }
            None => {
                out.push_str(&cell(&from_run[..run]));
                rest = after_run;
            }
        }
    }
    out.push_str(&cell(rest));
    out
}

/// Where a run of exactly this many backquotes begins.
fn run_of(text: &str, length: usize) -> Option<usize> {
    let mut from = 0;
    while let Some(start) = text.get(from..)?.find('`') {
        let run = text.get(from + start..)?;
        let size = run.len() - run.trim_start_matches('`').len();
        if size == length {
            return Some(from + start);
        }
        from += start + size;
    }
    None
}

/// Text from a file for an HTML block, such as a summary, in which Markdown means nothing.
pub(crate) fn in_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Do not notify people.
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn backquotes_in_foreign_text_open_no_html() {
        for (text, written) in [
            ("run `go build` now", "run `go build` now"),
            ("a ` b <i>", "a \\` b &lt;i&gt;"),
            // Runs of three do not shift which part is code.
            ("`go x```<img>```y`", "`go x```<img>```y`"),
            ("```<img>` <b> `", "\\`\\`\\`&lt;img&gt;` <b> `"),
            ("``<i>`<b>`", "\\`\\`&lt;i&gt;`<b>`"),
            ("`<i>``<b>", "\\`&lt;i&gt;\\`\\`&lt;b&gt;"),
            ("a``b``c", "a``b``c"),
            ("``", "\\`\\`"),
        ] {
            assert_eq!(prose(text), written);
        }
    }
}
