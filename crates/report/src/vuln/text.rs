//! For people: what to do, then each vulnerability with what is linked and where.

use super::Options;
use super::levels::by_level;
use super::statement::versions;
use crate::chain::verdict;
use crate::findings::Listing;
use crate::flow::flow;

use gospect_bytes::escape::clean;
use gospect_bytes::number::count;
use gospect_vuln::{Finding, Level, Program, Report, UnjudgedReason};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Most functions, and most places, to name for one vulnerability.
const NAMED: usize = 4;

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let paint = |code: &str, text: &str| match options.color {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_owned(),
    };
    let wrap = |indent: usize, text: &str| {
        let text = flow(text, indent, indent + 2, options.width);
        format!("{}{text}\n", " ".repeat(indent))
    };
    let most = options.limit(NAMED);
    let actions = report.actions(options.level);
    for action in &actions {
        let head = format!("{}: {}", action.what(), ends(action.to, action.fixes.len()));
        writeln!(out, "{}", paint("1", &clean(&head)))?;
        if options.listing == Listing::Summary {
            continue;
        }
        for places in action.by_severity() {
            let Some((_, first)) = places.first() else {
                continue;
            };
            let worst = places.iter().map(|(_, f)| f.level).max();
            let level = worst.unwrap_or(first.level);
            let code = match level {
                Level::Symbol => "1;31",
                Level::Package => "33",
                Level::Module => "2",
            };
            let names = [first.id.as_str(), first.cve().unwrap_or_default()];
            let names = names.join(" ");
            let summary = first.summary.as_deref().unwrap_or_default();
            let head = format!("{} {summary}", names.trim_end());
            let line = wrap(
                2,
                clean(&format!("{} {}", level.name(), head.trim_end())).trim_end(),
            );
            out.write_all(
                line.replacen(level.name(), &paint(code, level.name()), 1)
                    .as_bytes(),
            )?;
            write!(out, "{}", wrap(6, &clean(&linked(places, most))))?;
            if let Some(severity) = first.severity {
                write!(out, "{}", wrap(6, &clean(&severity.to_string())))?;
            }
            for line in said_by_distributions(places, most) {
                write!(out, "{}", wrap(6, &clean(&line)))?;
            }
            for line in chain(places) {
                writeln!(out, "{}{}", " ".repeat(6), clean(&line))?;
            }
            let fixed = match first.fixed.as_deref() {
                Some(fixed) => format!("; fixed in {fixed}"),
                None => String::new(),
            };
            let mut lines: Vec<String> = by_level(places)
                .into_iter()
                .map(|(same, programs)| match same {
                    _ if same == level => format!("in {}", places_of(&programs, most)),
                    Level::Module => format!("by version only in {}", places_of(&programs, most)),
                    _ => format!("only its package in {}", places_of(&programs, most)),
                })
                .collect();
            if let Some(last) = lines.last_mut() {
                last.push_str(&fixed);
            }
            for line in lines {
                write!(out, "{}", wrap(6, &clean(&line)))?;
            }
        }
        writeln!(out)?;
    }
    if options.listing == Listing::Summary && !actions.is_empty() {
        writeln!(out)?;
    }
    for line in footer(report, options) {
        write!(out, "{}", wrap(0, &clean(&line)))?;
    }
    match actions.is_empty() || options.listing == Listing::All {
        true => Ok(()),
        false => write!(
            out,
            "{}",
            wrap(0, "`--all` names every program and function.")
        ),
    }
}

/// `ends 4 of them`.
fn ends(to: Option<&str>, number: usize) -> String {
    match (to, number) {
        (Some(_), 1) => "ends 1 vulnerability".to_owned(),
        (Some(_), number) => format!("ends {number} vulnerabilities"),
        (None, number) => count(number as u64, "vulnerability", "vulnerabilities"),
    }
}

/// The vulnerable code that is linked into any of the programs.
fn linked(places: &[(&Program, &Finding)], most: usize) -> String {
    let mut symbols: Vec<&str> = Vec::new();
    let mut packages: Vec<&str> = Vec::new();
    for (_, finding) in places {
        symbols.extend(finding.symbols.iter().map(String::as_str));
        packages.extend(finding.packages.iter().map(String::as_str));
    }
    for list in [&mut symbols, &mut packages] {
        list.sort_unstable();
        list.dedup();
    }
    match (symbols.is_empty(), packages.is_empty()) {
        (false, _) => format!("links {}", some(&symbols, most)),
        (true, false) => format!("links package {}", some(&packages, most)),
        (true, true) => "only the version matches".to_owned(),
    }
}

/// What the lists of distributions and the changelogs of packages say, each once.
pub(super) fn said_by_distributions(places: &[(&Program, &Finding)], most: usize) -> Vec<String> {
    let fixes = places.iter().flat_map(|(_, f)| f.said_by_distribution());
    let mut fixes: Vec<String> = fixes.collect();
    fixes.sort_unstable();
    fixes.dedup();
    fixes.truncate(most);
    fixes
}

/// The most certain chain of calls that any of the programs has, and what it proves.
pub(super) fn chain(places: &[(&Program, &Finding)]) -> Vec<String> {
    let asked = places
        .iter()
        .find_map(|(program, finding)| Some((program, finding.chains.as_ref()?)));
    let with_chain = places
        .iter()
        .find_map(|(program, finding)| Some((program, finding.chains.as_ref()?.first()?)));
    let Some((program, chain)) = with_chain else {
        let nothing = "nothing was seen to lead there".to_owned();
        return asked.map(|_| nothing).into_iter().collect();
    };
    let head = match places.len() {
        1 => "reached by".to_owned(),
        _ => format!("reached in {} by", program.path),
    };
    let steps = chain.iter().map(|step| {
        let place = match (&step.file, step.line) {
            (Some(file), Some(line)) => format!("  {file}:{line}"),
            _ => String::new(),
        };
        format!("  {:<6} {}{place}", step.word(), step.function)
    });
    let verdict = format!("  {}", verdict(chain));
    let lines = std::iter::once(head).chain(steps);
    lines.chain([verdict]).collect()
}

/// The first items of a list, at most `most`, and the number of others.
fn some(list: &[&str], most: usize) -> String {
    let shown = list.get(..most.min(list.len())).unwrap_or_default();
    match list.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The first places: path, version, and image and layer, or in how many images or layers the path has it.
fn places_of(places: &[(&Program, &Finding)], most: usize) -> String {
    let all = names_of(places, true);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    some(&all, most)
}

/// The paths of programs with their places, those in most places first; `with_version` adds what is linked.
pub(super) fn names_of(places: &[(&Program, &Finding)], with_version: bool) -> Vec<String> {
    let mut by_path: BTreeMap<(&str, String), (usize, Vec<&Program>)> = BTreeMap::new();
    for (number, (program, finding)) in places.iter().enumerate() {
        let version = if with_version {
            versions(finding)
        } else {
            String::new()
        };
        let empty = || (number, Vec::new());
        let (_, programs) = by_path
            .entry((&program.path, version))
            .or_insert_with(empty);
        programs.push(program);
    }
    let mut by_path: Vec<_> = by_path.into_iter().collect();
    by_path.sort_by_key(|(_, (first, programs))| (std::cmp::Reverse(programs.len()), *first));
    let named = by_path.into_iter().map(|((path, version), (_, programs))| {
        let mut parts = vec![version];
        match programs.as_slice() {
            [program] => parts.extend(place_of(program)),
            programs => parts.push(number_of_places(programs)),
        }
        parts.retain(|part| !part.is_empty());
        match parts.is_empty() {
            true => path.to_owned(),
            false => format!("{path} ({})", parts.join(", ")),
        }
    });
    named.collect()
}

/// Image and layer of a program, and whether it is hidden.
fn place_of(program: &Program) -> Vec<String> {
    let location = &program.location;
    let image = location.image.as_ref();
    let image = image.map(|image| format!("image {}", image.reference));
    let layer = location.layer.as_ref();
    let layer = layer.map(|layer| format!("layer {}", layer.index));
    let is_hidden = location.visible == Some(false);
    let hidden = is_hidden.then(|| "hidden by a later layer".to_owned());
    [image, layer, hidden].into_iter().flatten().collect()
}

/// `3 images`, or how many of what else.
fn number_of_places(programs: &[&Program]) -> String {
    let image = |program: &&Program| {
        let image = program.location.image.as_ref()?;
        let digest = image.digest.clone().unwrap_or_default();
        Some((image.reference.clone(), digest, image.platform.clone()))
    };
    let images: BTreeSet<_> = programs.iter().filter_map(image).collect();
    match images.len() {
        0 => format!("{} times", programs.len()),
        1 => format!("{} layers", programs.len()),
        images => format!("{images} images"),
    }
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
        "database: {}, {date}, {} entries",
        database.source, database.entries
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
        UnjudgedReason::FipsModule => {
            "not judged where a frozen FIPS 140 module is linked, which has only the fixes of its time"
        }
    }
}
