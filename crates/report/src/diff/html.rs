//! The diff as one self-contained page: figures, the changes to look at first, the others, programs, and code by module. A change that several programs share is one row.

use super::groups::key;
use super::names::Names;
use super::{compared, size, summary};
use crate::html::{Bar, Chart, Page, Place, Places, Row, Table, Tile, Tone};
use crate::rebuild::comparison_page;
use crate::style::clean;
use gospect_audit::diff::{Change, Class, Diff, ModuleChange, Pair};
use gospect_bytes::number::{bytes, thousands};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Most modules in the chart of code; the table has all.
const CHART_MODULES: usize = 12;

/// Writes the page; `names` are the two targets.
///
/// # Errors
/// Those of the writer.
pub fn render(diff: &Diff, names: [&str; 2], out: &mut dyn Write) -> io::Result<()> {
    let worse = diff.changes().filter(|c| c.worse).count() as u64;
    let tiles = [
        Tile::of(
            compared(diff) as u64,
            "program changed",
            "programs changed",
            Tone::Plain,
        ),
        Tile::of(
            diff.unchanged,
            "program unchanged",
            "programs unchanged",
            Tone::Good,
        ),
        Tile::of(
            diff.changes().count() as u64,
            "change",
            "changes",
            Tone::Plain,
        ),
        Tile::of(worse, "to look at first", "to look at first", Tone::Bad),
    ];
    let (first, others) = changes(diff);
    let modules = modules(diff);
    let tables = [
        change_table("Look at these first", first),
        change_table("Changes", others),
        programs(diff),
        code_table(&modules),
        package_table(diff),
    ];
    let mut about = vec![format!("{}.", summary(diff))];
    let tiles = tiles.into_iter();
    let mut tiles: Vec<Tile> = tiles
        .filter(|tile| tile.value != "0" || tile.label.starts_with("program"))
        .collect();
    let mut tables = Vec::from(tables);
    if let Some(code) = &diff.code {
        let (lines, verdict, code_tables) = comparison_page(code);
        about.extend(lines);
        tiles.push(verdict);
        tables.extend(code_tables);
    }
    Page {
        title: format!("{} → {}", clean(names[0]), clean(names[1])),
        about,
        tiles,
        charts: [classes(diff), code_chart(&modules)]
            .into_iter()
            .filter(|chart| !chart.bars.is_empty())
            .collect(),
        tables: tables
            .into_iter()
            .filter(|table| !table.rows.is_empty())
            .collect(),
        links: links(diff),
        ..Page::default()
    }
    .write(out)
}

fn classes(diff: &Diff) -> Chart {
    let counts = Class::ALL
        .into_iter()
        .map(|class| (class, diff.count(class)));
    let bars = counts.filter(|(_, number)| *number > 0);
    let bars = bars.map(|(class, number)| Bar {
        label: class.name().to_owned(),
        value: number as u64,
        text: thousands(number as u64),
        ..Bar::default()
    });
    Chart {
        title: "Changes by class".to_owned(),
        bars: bars.collect(),
    }
}

/// A program as rows name it.
fn name(names: &Names<'_>, pair: &Pair) -> String {
    let name = names.name(pair);
    match pair.port.as_str() {
        "" => clean(&name).into_owned(),
        port => clean(&format!("{name} ({port})")).into_owned(),
    }
}

const PROGRAMS: Option<Places> = Some(Places {
    heading: "where",
    many: "programs",
});

fn place(name: String) -> Place {
    Place {
        name,
        note: String::new(),
    }
}

/// The changes to look at first, and the others: each once, those of most programs first.
fn changes(diff: &Diff) -> (Vec<Row>, Vec<Row>) {
    let names = Names::of(diff);
    let mut indexes = BTreeMap::new();
    let mut groups: Vec<(&Change, Vec<&Pair>)> = Vec::new();
    for pair in diff.all() {
        for change in &pair.changes {
            let index = *indexes.entry(key(change)).or_insert_with(|| {
                groups.push((change, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, pairs)) = groups.get_mut(index) {
                pairs.push(pair);
            }
        }
    }
    groups.sort_by_key(|(change, pairs)| (Reverse(pairs.len()), change.class));
    let (first, others): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|(change, _)| change.worse);
    let rows = |groups: Vec<(&Change, Vec<&Pair>)>| {
        let rows = groups
            .into_iter()
            .map(|(change, pairs)| row(change, &pairs, &names));
        rows.collect()
    };
    (rows(first), rows(others))
}

fn row(change: &Change, pairs: &[&Pair], names: &Names<'_>) -> Row {
    let text = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or_default();
        // What a module can do is a sentence.
        match change.class {
            Class::Capability => clean(value).into_owned(),
            _ => clean(&gospect_audit::shorten(value)).into_owned(),
        }
    };
    Row {
        tone: if change.worse { Tone::Bad } else { Tone::Plain },
        cells: vec![
            change.class.name().to_owned(),
            clean(&change.key).into_owned(),
            text(&change.old),
            with_fix(change, text(&change.new)),
        ],
        places: pairs.iter().map(|pair| place(name(names, pair))).collect(),
        ..Row::default()
    }
}

/// The new value, with what is known of the vulnerability.
fn with_fix(change: &Change, value: String) -> String {
    format!("{value}{}", clean(&super::known_of(change)))
}

/// Links to the pages of vulnerabilities.
fn links(diff: &Diff) -> BTreeMap<String, String> {
    let changes = diff
        .changes()
        .filter(|change| change.class == Class::Vulnerability);
    let ids = changes.filter_map(|change| Some(change.key.split_once(' ')?.0));
    ids.filter_map(|id| Some((id.to_owned(), crate::vuln::address(id)?)))
        .collect()
}

fn change_table(title: &str, rows: Vec<Row>) -> Table {
    Table {
        title: title.to_owned(),
        columns: ["class", "what", "old", "new"].map(str::to_owned).to_vec(),
        places: PROGRAMS,
        rows,
    }
}

fn programs(diff: &Diff) -> Table {
    let names = Names::of(diff);
    let columns = ["program", "old Go", "new Go", "changes", "parts", "size"];
    Table {
        title: "Programs".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        places: None,
        rows: diff
            .pairs
            .iter()
            .map(|pair| program(pair, &names))
            .collect(),
    }
}

fn program(pair: &Pair, names: &Names<'_>) -> Row {
    let go = |side: &Option<gospect_audit::diff::Side>| {
        let version = side.as_ref().and_then(|side| side.go_version.as_deref());
        clean(version.unwrap_or_default()).into_owned()
    };
    let (tone, what) = match (&pair.old, &pair.new) {
        (None, _) => (Tone::Good, "added: "),
        (_, None) => (Tone::Warn, "removed: "),
        _ => (Tone::Plain, ""),
    };
    Row {
        tone,
        cells: vec![
            format!("{what}{}", name(names, pair)),
            go(&pair.old),
            go(&pair.new),
            pair.changes.len().to_string(),
            pair.parts.as_deref().unwrap_or_default().join(", "),
            size(pair),
        ],
        ..Row::default()
    }
}

/// The code of one module in all programs: bytes before and after, and the programs where it changed.
struct ModuleCode {
    path: String,
    old: u64,
    new: u64,
    places: Vec<Place>,
}

/// Modules whose code changed in size, the largest change first.
fn modules(diff: &Diff) -> Vec<ModuleCode> {
    let names = Names::of(diff);
    let mut all: BTreeMap<Option<&str>, ModuleCode> = BTreeMap::new();
    for pair in &diff.pairs {
        for change in pair.packages.iter().flat_map(|p| &p.modules) {
            let ModuleChange {
                path,
                old_bytes,
                new_bytes,
            } = change;
            let module = all.entry(path.as_deref()).or_insert_with(|| ModuleCode {
                path: clean(path.as_deref().unwrap_or("module not known")).into_owned(),
                old: 0,
                new: 0,
                places: Vec::new(),
            });
            module.old = module.old.saturating_add(*old_bytes);
            module.new = module.new.saturating_add(*new_bytes);
            module.places.push(Place {
                name: name(&names, pair),
                note: format!("{} → {}", bytes(*old_bytes), bytes(*new_bytes)),
            });
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|module| Reverse(module.old.abs_diff(module.new)));
    all
}

fn signed(module: &ModuleCode) -> String {
    let sign = if module.new < module.old { "−" } else { "+" };
    format!("{sign}{}", bytes(module.old.abs_diff(module.new)))
}

fn code_chart(modules: &[ModuleCode]) -> Chart {
    let bars = modules.iter().take(CHART_MODULES).map(|module| Bar {
        label: module.path.clone(),
        value: module.old.abs_diff(module.new),
        text: signed(module),
        tone: if module.new > module.old {
            Tone::Warn
        } else {
            Tone::Good
        },
        filter: None,
    });
    Chart {
        title: "Code that grew or shrank".to_owned(),
        bars: bars.collect(),
    }
}

fn code_table(modules: &[ModuleCode]) -> Table {
    let rows = modules.iter().map(|module| Row {
        cells: vec![
            module.path.clone(),
            bytes(module.old),
            bytes(module.new),
            signed(module),
        ],
        places: module.places.clone(),
        ..Row::default()
    });
    Table {
        title: "Code by module".to_owned(),
        columns: ["module", "old", "new", "change"]
            .map(str::to_owned)
            .to_vec(),
        places: PROGRAMS,
        rows: rows.collect(),
    }
}

/// Packages that programs link in now, or no longer.
fn package_table(diff: &Diff) -> Table {
    let names = Names::of(diff);
    let mut all: BTreeMap<(&str, &str), Vec<Place>> = BTreeMap::new();
    for pair in &diff.pairs {
        if let Some(changes) = &pair.packages {
            for (what, packages) in [("gained", &changes.gained), ("lost", &changes.lost)] {
                for package in packages {
                    let places = all.entry((what, package)).or_default();
                    places.push(place(name(&names, pair)));
                }
            }
        }
    }
    let rows = all.into_iter().map(|((what, package), places)| Row {
        cells: vec![what.to_owned(), clean(package).into_owned()],
        places,
        ..Row::default()
    });
    Table {
        title: "Packages gained and lost".to_owned(),
        columns: ["what", "package"].map(str::to_owned).to_vec(),
        places: PROGRAMS,
        rows: rows.collect(),
    }
}
