//! One page: figures, what to do, and each vulnerability with the programs that have it.

use super::Options;
use super::levels::numbers;
use super::statement::{statement, versions};
use crate::html::{Page, Place, Places, Row, Table, Tile, Tone};
use crate::sbom::date;
use crate::style::clean;
use gospect_bytes::escape::shell_word;
use gospect_bytes::number::count;
use gospect_vuln::{Finding, Level, Program, Report};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) fn render(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut tiles = vec![Tile::of(
        report.programs.len() as u64,
        "program",
        "programs",
        Tone::Plain,
    )];
    tiles.extend(report.counts().into_iter().map(|(level, number)| {
        let label = match level {
            Level::Symbol => "with linked functions",
            Level::Package => "with linked packages",
            Level::Module => "by version only",
        };
        Tile::of(number as u64, label, label, tone(level))
    }));
    let cleared = report.cleared(Level::Module).count() as u64;
    if cleared > 0 {
        let label = "cleared by VEX";
        tiles.push(Tile::of(cleared, label, label, Tone::Good));
    }
    let database = &report.database;
    let page = Page {
        title: title(report),
        about: vec![
            format!("Judged on {}.", day(options)),
            format!(
                "Database: {}, {}, {}.",
                clean(&database.source),
                database.date.as_deref().unwrap_or("of no date"),
                count(database.entries as u64, "entry", "entries")
            ),
            "Level symbol: the program contains a function that the entry names; package: a package; module: only the version matches."
                .to_owned(),
            listed(report, options.level),
        ],
        tiles,
        tables: [actions(report, options.level), findings(report)]
            .into_iter()
            .filter(|table| !table.rows.is_empty())
            .collect(),
        links: links(report),
        ..Page::default()
    };
    page.write(out)
}

/// `Known vulnerabilities in dist`, with the first targets.
fn title(report: &Report) -> String {
    let mut targets: Vec<&str> = Vec::new();
    for program in &report.programs {
        let target = program.location.target.as_str();
        if !target.is_empty() && !targets.contains(&target) {
            targets.push(target);
        }
    }
    let named: Vec<&str> = targets.iter().take(TARGETS).copied().collect();
    let more = match targets.len().saturating_sub(TARGETS) {
        0 => String::new(),
        more => format!(" and {}", count(more as u64, "more target", "more targets")),
    };
    match named.is_empty() {
        true => "Known vulnerabilities".to_owned(),
        false => format!(
            "Known vulnerabilities in {}{more}",
            clean(&named.join(", "))
        ),
    }
}

/// Most targets that the title names.
const TARGETS: usize = 3;

/// The day of [`Options::time`], such as `2026-11-30`.
fn day(options: &Options) -> String {
    let time = date(options.time);
    let (day, _) = time.split_once('T').unwrap_or((&time, ""));
    day.to_owned()
}

/// What the advice counts, as text and Markdown do, and how to count more.
fn listed(report: &Report, level: Level) -> String {
    let lower = report
        .counts()
        .into_iter()
        .filter(|(other, _)| *other < level);
    let lower: usize = lower.map(|(_, number)| number).sum();
    let level_name = level.name();
    let below = count(lower as u64, "vulnerability", "vulnerabilities");
    let hidden = super::text::hidden(report, level, TARGETS);
    let hidden = hidden.map_or_else(String::new, |text| format!(" {}.", clean(&text)));
    let advice = match (report.actions(level).is_empty(), lower) {
        (true, 0) => format!("Nothing is to be done at level {level_name} and above."),
        (true, _) => format!(
            "Nothing is to be done at level {level_name} and above; `--level module` advises on the {below} below."
        ),
        (false, 0) => format!("The advice is about level {level_name} and above."),
        (false, _) => format!(
            "The advice is about level {level_name} and above; `--level module` adds the {below} below."
        ),
    };
    format!("{advice}{hidden}")
}

/// Links to the pages of entries and their CVEs.
fn links(report: &Report) -> BTreeMap<String, String> {
    let findings = report.programs.iter().flat_map(|program| &program.findings);
    let ids = findings.flat_map(|finding| [Some(finding.id.as_str()), finding.cve()]);
    let ids = ids.flatten();
    ids.filter_map(|id| Some((id.to_owned(), super::page_of(id)?)))
        .collect()
}

fn tone(level: Level) -> Tone {
    match level {
        Level::Symbol => Tone::Bad,
        Level::Package => Tone::Warn,
        Level::Module => Tone::Plain,
    }
}

fn actions(report: &Report, level: Level) -> Table {
    let actions = report.actions(level);
    let rows = actions.iter().map(|action| {
        let what = action.what();
        let what = match action.to {
            Some(to) if !gospect_vuln::is_go(action.module) => {
                format!(
                    "{what}: `go get {}`",
                    shell_word(&format!("{}@{to}", action.module))
                )
            }
            _ => what,
        };
        let ends = action.fixes.iter().map(|(id, places)| Place {
            name: (*id).to_owned(),
            note: match places.first().and_then(|(_, f)| f.summary.as_deref()) {
                Some(summary) => format!("{}: {}", numbers(places), clean(summary)),
                None => numbers(places),
            },
        });
        Row {
            tone: tone(action.level()),
            cells: vec![action.level().name().to_owned(), clean(&what).into_owned()],
            places: ends.collect(),
            ..Row::default()
        }
    });
    Table {
        title: "What to do".to_owned(),
        columns: ["level", "what to do"].map(str::to_owned).to_vec(),
        places: Some(Places {
            heading: "ends",
            many: "vulnerabilities",
        }),
        rows: rows.collect(),
    }
}

/// What makes findings one row: the entry, the module, and whether a VEX document clears them.
type Key<'r> = (&'r str, &'r str, bool);

fn findings(report: &Report) -> Table {
    let is_rated = report.is_rated();
    let mut groups: BTreeMap<Key<'_>, Vec<(&Program, &Finding)>> = BTreeMap::new();
    for program in &report.programs {
        for finding in &program.findings {
            let key = (
                finding.id.as_str(),
                finding.module.as_str(),
                finding.is_cleared(),
            );
            groups.entry(key).or_default().push((program, finding));
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let worst = |places: &[(&Program, &Finding)]| places.iter().map(|(_, f)| f.level).max();
    let severity = |places: &[(&Program, &Finding)]| places.iter().map(|(_, f)| f.severity).max();
    groups.sort_by_key(|((_, _, is_cleared), places)| {
        (
            *is_cleared,
            Reverse(worst(places)),
            Reverse(severity(places)),
            Reverse(places.len()),
        )
    });
    let rows = groups.iter().map(|((id, module, is_cleared), places)| {
        let level = worst(places).unwrap_or(Level::Module);
        let (cve, summary) = places
            .first()
            .map(|(_, f)| {
                (
                    f.cve().unwrap_or_default(),
                    f.summary.as_deref().unwrap_or_default(),
                )
            })
            .unwrap_or_default();
        // Programs may need different versions; the highest fixes all.
        let fixed = places.iter().filter_map(|(_, f)| f.fixed.as_deref());
        let mut fixed: Vec<&str> = fixed.collect();
        fixed.sort_unstable();
        fixed.dedup();
        let mut cells = vec![
            level.name().to_owned(),
            clean(format!("{id} {cve} {summary}").trim()).into_owned(),
            clean(module).into_owned(),
            clean(&fixed.join(", ")).into_owned(),
        ];
        if is_rated {
            let severity = severity(places).flatten().map(|s| s.to_string());
            cells.insert(SEVERITY, severity.unwrap_or_default());
        }
        Row {
            tone: if *is_cleared { Tone::Good } else { tone(level) },
            cells,
            places: places.iter().map(place).collect(),
            summary: Some(numbers(places)),
            ..Row::default()
        }
    });
    let mut columns = vec!["level", "vulnerability", "module", "fixed in"];
    if is_rated {
        columns.insert(SEVERITY, "severity");
    }
    Table {
        title: "Findings".to_owned(),
        columns: columns.into_iter().map(str::to_owned).collect(),
        places: Some(Places {
            heading: "where",
            many: "programs",
        }),
        rows: rows.collect(),
    }
}

/// Index of the column of severities, which exists only if severities are known.
const SEVERITY: usize = 1;

/// A program with the vulnerability: its path and image, what is linked and why that counts.
fn place((program, finding): &(&Program, &Finding)) -> Place {
    let path = match &program.location.image {
        Some(image) => format!("{}: {}", image.reference, program.path),
        None => program.path.clone(),
    };
    Place {
        name: clean(&path).into_owned(),
        note: clean(&format!(
            "{}: {}; {}",
            finding.level.name(),
            versions(finding),
            statement(program, finding).detail
        ))
        .into_owned(),
    }
}
