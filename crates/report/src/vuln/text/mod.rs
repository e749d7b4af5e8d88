//! For people: what to do, then each vulnerability with what is linked and where.

mod action;
mod places;

pub(super) use action::{chain, said_by_distributions};
pub(super) use places::names_of;

use super::Options;
use crate::findings::Listing;
use crate::flow::flow;

use gospect_bytes::escape::clean;
use gospect_bytes::number::count;
use gospect_vuln::{Level, Program, Report, UnjudgedReason};
use places::some;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Most functions, and most places, to name for one vulnerability.
const NAMED: usize = 4;

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let actions = report.actions(options.level);
    let writer = action::Writer::new(options);
    for action in &actions {
        writer.action(action, out)?;
    }
    if options.listing == Listing::Summary && !actions.is_empty() {
        writeln!(out)?;
    }
    let mut lines = footer(report, options);
    if !actions.is_empty() && options.listing != Listing::All {
        lines.push("`--all` names every program and function.".to_owned());
    }
    for line in lines {
        writeln!(out, "{}", flow(&clean(&line), 0, 2, options.width))?;
    }
    Ok(())
}

/// Modules that are retracted or deprecated, each once with the programs that have it, and how many are not known.
fn module_notes(report: &Report, most: usize) -> Vec<String> {
    let mut programs_of: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut unknown: BTreeSet<&str> = BTreeSet::new();
    for program in &report.programs {
        let Some(notes) = &program.module_notes else {
            continue;
        };
        unknown.extend(notes.unknown.iter().map(String::as_str));
        for note in &notes.notes {
            let (module, said_by) = (&note.module, &note.said_by);
            let with_reason = |reason: &String| match reason.as_str() {
                "" => String::new(),
                reason => format!(": {reason}"),
            };
            let rows = [
                note.retracted.as_ref().map(|reason| {
                    format!(
                        "retracted: {module} {}{}",
                        note.version,
                        with_reason(reason)
                    )
                }),
                note.deprecated
                    .as_ref()
                    .map(|reason| format!("deprecated: {module}{}", with_reason(reason))),
            ];
            for row in rows.into_iter().flatten() {
                let unchecked = note.unchecked.as_ref();
                let unchecked = unchecked.map(|why| format!(", not checked: {why}"));
                let row = format!(
                    "{row} (go.mod of {said_by}{})",
                    unchecked.unwrap_or_default()
                );
                programs_of.entry(row).or_default().push(&program.path);
            }
        }
    }
    let mut lines: Vec<String> = programs_of
        .into_iter()
        .map(|(row, programs)| format!("{row}; in {}", some(&programs, most)))
        .collect();
    if !unknown.is_empty() {
        let unknown: Vec<&str> = unknown.into_iter().collect();
        let what = "not known whether they are retracted or deprecated";
        lines.push(format!("{what}: {}", some(&unknown, most)));
    }
    lines
}

/// Counts, what could not be judged, what VEX documents exclude, and the database used.
pub(super) fn footer(report: &Report, options: &Options) -> Vec<String> {
    let (level, most) = (options.level, options.limit(NAMED));
    let mut lines = count_lines(report, level);
    lines.extend(hidden(report, level, most));
    lines.extend(report.cleared(level).map(|(program, finding)| {
        let vex = finding.vex.as_ref();
        let why = vex
            .and_then(|vex| vex.justification.as_deref())
            .unwrap_or("no reason given");
        let source = vex.map_or("", |vex| &vex.source);
        let id = &finding.id;
        format!("cleared by VEX: {id} in {}: {why} ({source})", program.path)
    }));
    for (why, (modules, programs)) in report.unjudged() {
        let modules: Vec<&str> = modules.into_iter().collect();
        let programs: Vec<&str> = programs.into_iter().collect();
        let modules = match modules.as_slice() {
            [] => String::new(),
            modules => format!("{}; ", some(modules, most)),
        };
        lines.push(format!(
            "{}: {modules}in {}",
            sentence(why),
            some(&programs, most)
        ));
    }
    lines.extend(module_notes(report, most));
    lines.extend(without_chains(report, most));
    if !report.unexamined.is_empty() {
        lines.push(format!(
            "not examined: {} (`gospect scan` on the same targets shows each with the reason)",
            report.unexamined.len()
        ));
    }
    lines.extend(distributions_to_ask(report, level, most));
    let database = &report.database;
    let date = database
        .date
        .as_deref()
        .map_or("of no date", |date| date.get(..10).unwrap_or(date));
    lines.push(format!(
        "database: {}, {date}, {}",
        database.source,
        count(database.entries as u64, "entry", "entries")
    ));
    lines
}

/// How many vulnerabilities are at this level or above, and how many are below it and not listed.
fn count_lines(report: &Report, level: Level) -> Vec<String> {
    let mut lines = Vec::new();
    let counts = report.counts();
    let programs = count(report.programs.len() as u64, "program", "programs");
    let listed: usize = counts
        .iter()
        .filter(|(counted, _)| *counted >= level)
        .map(|(_, number)| number)
        .sum();
    // The level of symbols includes entries that name no function, so the text does not mention functions.
    let (is_linked, linked) = match level {
        Level::Symbol => ("is linked", "linked"),
        Level::Package => ("has a linked package", "with a linked package"),
        Level::Module => ("is of a linked module", "of linked modules"),
    };
    lines.push(match listed {
        0 => format!("no known vulnerability {is_linked} in {programs}"),
        listed => format!(
            "{} {linked}, in {} of {programs}",
            count(listed as u64, "vulnerability", "vulnerabilities"),
            report.affected(level)
        ),
    });
    let mut below = counts
        .iter()
        .filter(|(counted, number)| *counted < level && *number > 0);
    let texts = below.clone().map(|(counted, number)| match counted {
        Level::Package => format!("{number} with only a package linked"),
        _ => format!("{number} where only the version of a module matches"),
    });
    let texts: Vec<String> = texts.collect();
    if let Some((lowest, _)) = below.next_back() {
        lines.push(format!(
            "not listed (`--level {}` lists them): {}",
            lowest.name(),
            texts.join(", ")
        ));
    }
    lines
}

/// Vulnerabilities of programs that a later layer hides: nothing starts them, and no rebuild takes them out of the image.
pub(in crate::vuln) fn hidden(report: &Report, level: Level, most: usize) -> Option<String> {
    let (programs, number) = report.hidden(level);
    let paths: Vec<&str> = programs.iter().map(|p| p.path.as_str()).collect();
    (number > 0).then(|| {
        format!(
            "not counted, because a later layer hides the program and nothing starts it: {} in {}; to take it out of the image: `gospect explain shadowed-copy`",
            count(number as u64, "vulnerability", "vulnerabilities"),
            some(&paths, most)
        )
    })
}

/// Why there are no chains of calls, with the programs that have none.
fn without_chains(report: &Report, most: usize) -> impl Iterator<Item = String> {
    let mut programs_by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for program in &report.programs {
        if let Some(why) = &program.without_chains {
            let programs = programs_by_reason.entry(why).or_default();
            programs.push(&program.path);
        }
    }
    let reasons = programs_by_reason.into_iter();
    reasons.map(move |(why, programs)| {
        format!("no chains of calls for {}: {why}", some(&programs, most))
    })
}

/// The distributions to ask about programs with vulnerabilities; `None`: their changelogs say what is fixed, or no package owns such a program.
fn distributions_to_ask(report: &Report, level: Level, most: usize) -> Option<String> {
    let is_open = |program: &&Program| {
        let mut counting = program.counting(level);
        counting.any(|finding| finding.said_by_distribution().is_empty())
    };
    let owners = report
        .programs
        .iter()
        .filter(is_open)
        .filter_map(|program| {
            let owner = program.owner.as_ref()?;
            let distribution = owner.distribution.as_deref().unwrap_or("a distribution");
            Some(format!(
                "{} is {} {} of {distribution}",
                program.path, owner.name, owner.version
            ))
        });
    let owners: Vec<String> = owners.collect();
    let owners: Vec<&str> = owners.iter().map(String::as_str).collect();
    (!owners.is_empty()).then(|| {
        format!(
            "distributions fix without changing versions; ask them: {}",
            some(&owners, most)
        )
    })
}

/// What a reason means for the reader.
pub(super) fn sentence(why: UnjudgedReason) -> &'static str {
    match why {
        UnjudgedReason::NoVersion => "not judged by version, because none is recorded",
        UnjudgedReason::Devel => {
            "not judged, because it was built from a work tree without a version"
        }
        UnjudgedReason::NoModules => {
            "judged by linked packages, because the program does not list its modules"
        }
        UnjudgedReason::NoFunctions => "judged without the functions that no function table names",
        UnjudgedReason::VendorToolchain => {
            "judged by a release that somebody else changed and may have fixed"
        }
        UnjudgedReason::Contradicted => {
            "judged by every version that may be linked, because the program contradicts its record"
        }
        UnjudgedReason::FipsModule => {
            "not judged where a frozen FIPS 140 module is linked, which has only the fixes of its time"
        }
    }
}
