//! Figures and charts of a scan, all counted from the records.

use super::{Bar, Chart, PackageMap, Page, Tile, Tone, tables};
use crate::document::{Remark, Support, SupportTable};
use crate::packages::program::Program;
use crate::reach::reach_text;
use crate::style::clean;
use crate::terms;
use gospect_bytes::number::{count, thousands};
use gospect_record::Document;
use gospect_record::{Binary, Verdict};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Most bars in a chart; one more bar counts the rest.
const BARS: usize = 12;

/// The page of a scan.
pub fn page<'a>(document: &'a Document, support: &SupportTable, remarks: &'a [Remark]) -> Page<'a> {
    let run = &document.run;
    let targets = run
        .targets
        .iter()
        .map(|target| clean(target))
        .collect::<Vec<_>>()
        .join(" ");
    let kind = if remarks.is_empty() { "Scan" } else { "Audit" };
    let reach = &document.end.reach;
    Page {
        title: format!("{kind} of {targets}"),
        about: vec![
            reach_text(reach),
            format!(
                "{} {}; knows Go up to {} as of {}; facts: {}.",
                run.tool.name,
                run.tool.version,
                run.knowledge.newest_go,
                run.knowledge.date,
                run.facts
            ),
        ],
        tiles: tiles(document, support, remarks),
        charts: [
            releases(document, support),
            findings(remarks),
            spread(document),
            ports(document),
        ]
        .into_iter()
        .filter(|chart| !chart.bars.is_empty())
        .collect(),
        tables: tables::of(document),
        maps: document
            .binaries
            .iter()
            .filter(|binary| binary.packages.is_some())
            .map(|binary| PackageMap::of(&Program::of(binary)))
            .collect(),
        document: Some(document),
        support: support.clone(),
        remarks,
        rules: BTreeMap::new(),
        links: BTreeMap::new(),
    }
}

fn tiles(document: &Document, support: &SupportTable, remarks: &[Remark]) -> Vec<Tile> {
    let binaries = &document.binaries;
    let count_of =
        |is_counted: &dyn Fn(&Binary) -> bool| binaries.iter().filter(|b| is_counted(b)).count();
    let unsupported = |b: &Binary| {
        let row = b
            .go_version
            .as_ref()
            .and_then(|version| support.get(version));
        row.is_some_and(|row| row.supported == Some(false))
    };
    let count_at = |level: &str| {
        remarks
            .iter()
            .filter(|r| r.level == level && r.waived.is_none())
            .count()
    };
    let releases: BTreeSet<_> = binaries
        .iter()
        .filter_map(|b| b.go_version.as_ref())
        .collect();
    let contradicted = |b: &Binary| !terms::claims(b, Verdict::Contradicted).is_empty();
    let modified = |b: &Binary| terms::setting(b, "vcs.modified") == Some("true");
    let without_record = |b: &Binary| b.build_info.is_none();
    let without_list = |b: &Binary| b.module_list().is_unknown();
    // Words for one and for many, number, tone, filter of the table of programs.
    #[rustfmt::skip]
    let figures = [
        (["Go program", "Go programs"], binaries.len(), Tone::Plain, ""),
        (["error", "errors"], count_at("error"), Tone::Bad, "level:error"),
        (["warning", "warnings"], count_at("warning"), Tone::Warn, "level:warning"),
        (["note", "notes"], count_at("note"), Tone::Plain, "level:note"),
        (["Go release", "Go releases"], releases.len(), Tone::Plain, ""),
        (["on unsupported Go"; 2], count_of(&unsupported), Tone::Warn, "is:unsupported"),
        (["contradicted"; 2], count_of(&contradicted), Tone::Bad, "flag:!contradicted"),
        (["from a modified tree"; 2], count_of(&modified), Tone::Warn, "flag:dirty"),
        (["without a module record"; 2], count_of(&without_record), Tone::Warn, "flag:no-record"),
        (["without a list of modules"; 2], count_of(&without_list), Tone::Warn, "flag:no-modules"),
        (["not examined"; 2], document.unexamined.len(), Tone::Warn, ""),
    ];
    let mut tiles = Vec::new();
    for ([one, many], count, tone, filter) in figures {
        // A scan always says how many programs it found.
        if count == 0 && !tiles.is_empty() {
            continue;
        }
        tiles.push(Tile {
            filter: (!filter.is_empty()).then(|| filter.to_owned()),
            ..Tile::of(count as u64, one, many, tone)
        });
    }
    tiles
}

/// Programs by minor Go release, newest first, coloured by the support of that release.
fn releases(document: &Document, support: &SupportTable) -> Chart {
    let mut counts = BTreeMap::<&str, (u64, BTreeSet<&str>)>::new();
    for version in document
        .binaries
        .iter()
        .filter_map(|b| b.go_version.as_deref())
    {
        let row = counts.entry(minor(version)).or_default();
        row.0 += 1;
        row.1.insert(version);
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by(|a, b| terms::compare_releases(b.0, a.0));
    let bars = rows.into_iter().map(|(release, (number, versions))| {
        let row = versions.iter().find_map(|version| support.get(*version));
        Bar {
            label: clean(release).into_owned(),
            value: number,
            text: format!(
                "{}{}",
                thousands(number),
                row.map(|r| format!(", {}", r.text)).unwrap_or_default()
            ),
            tone: match row {
                Some(Support {
                    supported: Some(true),
                    ..
                }) => Tone::Good,
                Some(Support {
                    supported: Some(false),
                    ..
                }) => Tone::Warn,
                _ => Tone::Plain,
            },
            filter: filter("go", release),
        }
    });
    Chart {
        title: "Go releases".into(),
        bars: folded(bars.collect()),
    }
}

/// The minor release: `go1.27` of `go1.27.3` and of `go1.27rc1`; any other text unchanged.
fn minor(version: &str) -> &str {
    let Some((major, rest)) = version.split_once('.') else {
        return version;
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    match digits {
        0 => version,
        _ => version.get(..major.len() + 1 + digits).unwrap_or(version),
    }
}

fn findings(remarks: &[Remark]) -> Chart {
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    for remark in remarks.iter().filter(|remark| remark.waived.is_none()) {
        *counts.entry((&remark.rule, &remark.level)).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|((rule, level), number)| {
        (Reverse(tone_of(level) as u8), Reverse(*number), *rule)
    });
    let bars = rows.into_iter().map(|((rule, level), number)| Bar {
        label: clean(rule).into_owned(),
        value: number,
        text: format!("{} ({level})", thousands(number)),
        tone: tone_of(level),
        filter: filter("rule", rule),
    });
    Chart {
        title: "Findings by rule".into(),
        bars: folded(bars.collect()),
    }
}

fn tone_of(level: &str) -> Tone {
    match level {
        "error" => Tone::Bad,
        "warning" => Tone::Warn,
        _ => Tone::Plain,
    }
}

/// Modules that occur in several versions, those with most versions first.
fn spread(document: &Document) -> Chart {
    let mut modules = BTreeMap::<&str, (BTreeSet<&str>, u64)>::new();
    for info in document
        .binaries
        .iter()
        .filter_map(|b| b.build_info.as_ref())
    {
        // A replacement by a directory has no version to compare.
        for built in info
            .deps
            .iter()
            .map(terms::built)
            .filter(|module| !module.version.is_empty())
        {
            let row = modules.entry(&built.path).or_default();
            row.0.insert(&built.version);
            row.1 += 1;
        }
    }
    let mut rows: Vec<_> = modules
        .into_iter()
        .filter(|(_, (versions, _))| versions.len() > 1)
        .collect();
    rows.sort_by_key(|(path, (versions, number))| {
        (Reverse(versions.len()), Reverse(*number), *path)
    });
    rows.truncate(BARS);
    let bars = rows.into_iter().map(|(path, (versions, number))| Bar {
        label: clean(path).into_owned(),
        value: versions.len() as u64,
        text: format!(
            "{} (in {})",
            versions.len(),
            count(number, "program", "programs")
        ),
        tone: Tone::Plain,
        filter: filter("module", path),
    });
    Chart {
        title: "Modules in most versions".into(),
        bars: bars.collect(),
    }
}

fn ports(document: &Document) -> Chart {
    let mut counts = BTreeMap::<String, u64>::new();
    for port in document.binaries.iter().filter_map(Binary::port) {
        *counts.entry(port).or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(port, number)| (Reverse(*number), port.clone()));
    let bars = rows.into_iter().map(|(port, number)| Bar {
        label: clean(&port).into_owned(),
        value: number,
        text: thousands(number),
        tone: Tone::Plain,
        filter: filter("port", &port),
    });
    Chart {
        title: "Platforms".into(),
        bars: folded(bars.collect()),
    }
}

/// A search term for the table; `None` when quoting cannot express the value.
fn filter(key: &str, value: &str) -> Option<String> {
    let value = clean(value);
    match (value.contains('"'), value.contains(char::is_whitespace)) {
        (true, _) => None,
        (false, true) => Some(format!("{key}:\"{value}\"")),
        (false, false) => Some(format!("{key}:{value}")),
    }
}

/// Folds all bars after the first [`BARS`] into one.
fn folded(mut bars: Vec<Bar>) -> Vec<Bar> {
    if bars.len() > BARS + 1 {
        let rest = bars.split_off(BARS);
        let sum = rest.iter().map(|bar| bar.value).sum();
        // No length of its own, because it would dwarf the other bars.
        bars.push(Bar {
            label: format!("{} more", rest.len()),
            text: thousands(sum),
            ..Bar::default()
        });
    }
    bars
}
