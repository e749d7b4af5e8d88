//! One page: figures, what to do, every finding.

use super::Options;
use super::statement::{statement, versions};
use crate::html::{Page, Row, Table, Tile, Tone};
use gospect_vuln::{Level, Report};
use std::io::{self, Write};

/// Index of the column of severities, which exists only if severities are known.
const SEVERITY: usize = 3;

pub(super) fn render(report: &Report, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let is_rated = report.is_rated();
    let tone = |level: Level| match level {
        Level::Symbol => Tone::Bad,
        Level::Package => Tone::Warn,
        Level::Module => Tone::Plain,
    };
    let tile = |label: String, n: usize, tone: Tone| Tile {
        label,
        value: n.to_string(),
        tone: if n == 0 { Tone::Plain } else { tone },
        filter: None,
    };
    let mut tiles = vec![tile(
        "programs".to_owned(),
        report.programs.len(),
        Tone::Plain,
    )];
    let counts = report.counts().into_iter();
    tiles.extend(counts.map(|(level, n)| tile(format!("{} level", level.name()), n, tone(level))));
    let cleared = report.cleared(Level::Module).count();
    tiles.push(tile("taken back by VEX".to_owned(), cleared, Tone::Good));
    let actions = report.actions(Level::Module);
    let actions = actions.iter().map(|action| Row {
        tone: tone(action.level()),
        cells: vec![
            action.level().name().to_owned(),
            action.what(),
            action.ends.len().to_string(),
            action.ends.keys().copied().collect::<Vec<_>>().join(", "),
        ],
        binary: None,
    });
    let findings = report.programs.iter().flat_map(|program| {
        program.findings.iter().map(move |finding| Row {
            tone: match finding.is_cleared() {
                true => Tone::Good,
                false => tone(finding.level),
            },
            cells: {
                let mut cells = vec![
                    finding.level.name().to_owned(),
                    finding.id.clone(),
                    finding.cve().unwrap_or_default().to_owned(),
                    versions(finding),
                    finding.fixed.clone().unwrap_or_default(),
                    program.path.clone(),
                    statement(finding).detail,
                ];
                if is_rated {
                    let severity = finding.severity.map(|s| s.to_string());
                    cells.insert(SEVERITY, severity.unwrap_or_default());
                }
                cells
            },
            binary: None,
        })
    });
    let mut columns = vec!["level", "id", "CVE", "linked", "fixed in", "program", "why"];
    if is_rated {
        columns.insert(SEVERITY, "severity");
    }
    let table = |title: &str, columns: &[&str], rows: Vec<Row>| Table {
        title: title.to_owned(),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        rows,
    };
    let database = &report.database;
    let page = Page {
        title: "Known vulnerabilities".to_owned(),
        about: vec![format!(
            "database: {}, {}, {} entries",
            database.source,
            database.date.as_deref().unwrap_or("of no date"),
            database.entries
        )],
        tiles,
        tables: vec![
            table(
                "What to do",
                &["level", "action", "ends", "vulnerabilities"],
                actions.collect(),
            ),
            table("Findings", &columns, findings.collect()),
        ],
        ..Page::default()
    };
    page.write(out)
}
