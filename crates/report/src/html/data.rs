//! The data block of a page, which its script reads.
//!
//! Rows are arrays instead of objects, and refer to tables by index, so 5,000 programs take less than 10 MB.

use super::{Chart, PackageMap, Page, Places, Table, Tile, Tone};
use crate::card;
use crate::document::{Remark, Support};
use crate::flags::{self, Importance};
use crate::place::bracket;
use crate::style::clean;
use crate::terms;
use gospect_record::{Binary, BuildInfo, ImageRef, Module, Setting};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// All data of a page.
#[derive(Serialize)]
pub struct Data<'a> {
    title: &'a str,
    about: &'a [String],
    tiles: &'a [Tile],
    charts: &'a [Chart],
    tables: Vec<TableRows<'a>>,
    maps: &'a [PackageMap],
    /// Texts that the rows refer to.
    strings: Vec<String>,
    /// Path, version, sum, replacement.
    modules: Vec<[String; 4]>,
    /// Key, value.
    settings: Vec<[String; 2]>,
    /// Level, rule, code, message, help, why it is waived, evidence, place: indexes into `strings`.
    remarks: Vec<[usize; 8]>,
    /// Markdown by rule.
    rules: &'a BTreeMap<String, String>,
    binaries: Vec<ProgramRow>,
    /// Addresses by word.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    links: &'a BTreeMap<String, String>,
}

/// A table whose places are indexes into `strings`.
#[derive(Serialize)]
struct TableRows<'a> {
    title: &'a str,
    columns: &'a [String],
    places: Option<Places>,
    rows: Vec<TableRow<'a>>,
}

#[derive(Serialize)]
struct TableRow<'a> {
    tone: Tone,
    cells: &'a [String],
    binary: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    /// Name, note.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<[usize; 2]>,
}

/// One program. Numbers are indexes into `strings` unless stated otherwise.
#[derive(Serialize)]
struct ProgramRow {
    /// Path, image, release, program, version, port.
    t: [usize; 6],
    /// Bytes.
    z: u64,
    /// Support: 1 supported, 0 not, -1 unknown.
    s: i8,
    /// Flags, each with its importance; 0 is the highest.
    f: Vec<(usize, u8)>,
    /// Rows of the card: label, text.
    r: Vec<(usize, usize)>,
    /// Lists of the card: title, lines.
    l: Vec<(usize, Vec<usize>)>,
    /// Modules in ascending order, each as the difference to the one before.
    m: Vec<usize>,
    /// Settings in recorded order.
    e: Vec<usize>,
    /// Findings.
    n: Vec<usize>,
}

/// Texts, each stored once.
#[derive(Default)]
struct Strings {
    indexes: HashMap<String, usize>,
    all: Vec<String>,
}

impl Strings {
    /// The index of a text; control characters are replaced.
    fn id(&mut self, text: &str) -> usize {
        let text = clean(text);
        if let Some(id) = self.indexes.get(text.as_ref()) {
            return *id;
        }
        self.all.push(text.clone().into_owned());
        self.indexes.insert(text.into_owned(), self.all.len() - 1);
        self.all.len() - 1
    }
}

/// Collects the data of a page.
pub fn of_page<'a>(page: &'a Page<'_>) -> Data<'a> {
    let binaries = page
        .document
        .map(|document| document.binaries.as_slice())
        .unwrap_or_default();
    let mut copies: HashMap<Alike<'_>, usize> = HashMap::new();
    for binary in binaries {
        *copies.entry(alike(binary)).or_default() += 1;
    }
    let mut strings = Strings::default();
    let modules = numbered(binaries, |info, add| {
        info.deps.iter().for_each(|m| add(module(m)))
    });
    let mut settings = Settings::default();
    let mut remarks = remarks_by_program(page.remarks);
    let rows = binaries.iter().enumerate().map(|(index, binary)| {
        let info = binary.build_info.as_ref();
        let has_copies = copies.get(&alike(binary)).is_some_and(|n| *n > 1);
        let card = card::content(binary, &page.support);
        ProgramRow {
            t: columns(binary, has_copies).map(|text| strings.id(&text)),
            z: binary.size,
            s: support(page, binary),
            f: flags::of(binary)
                .iter()
                .map(|(text, importance)| (strings.id(text), rank(*importance)))
                .collect(),
            r: card
                .rows
                .iter()
                .map(|(label, text)| (strings.id(label), strings.id(text)))
                .collect(),
            l: card
                .lists
                .iter()
                .map(|(title, lines)| {
                    let title = strings.id(title);
                    (title, lines.iter().map(|line| strings.id(line)).collect())
                })
                .collect(),
            m: module_steps(info, &modules),
            e: info
                .iter()
                .flat_map(|info| &info.settings)
                .map(|setting| settings.id(setting))
                .collect(),
            n: remarks.remove(&index).unwrap_or_default(),
        }
    });
    let rows = rows.collect();
    let remarks = page.remarks.iter().map(|r| remark(r, &mut strings));
    let remarks = remarks.collect();
    let tables = page.tables.iter().map(|t| table(t, &mut strings));
    let tables = tables.collect();
    Data {
        title: &page.title,
        about: &page.about,
        tiles: &page.tiles,
        charts: &page.charts,
        tables,
        maps: &page.maps,
        strings: strings.all,
        modules: modules.into_keys().collect(),
        settings: settings.rows,
        remarks,
        rules: &page.rules,
        binaries: rows,
        links: &page.links,
    }
}

/// The settings of all programs, numbered as they come.
#[derive(Default)]
struct Settings {
    indexes: HashMap<[String; 2], usize>,
    rows: Vec<[String; 2]>,
}

impl Settings {
    fn id(&mut self, setting: &Setting) -> usize {
        let row = [&setting.key, &setting.value].map(|text| clean(text).into_owned());
        *self.indexes.entry(row).or_insert_with_key(|row| {
            self.rows.push(row.clone());
            self.rows.len() - 1
        })
    }
}

/// The indexes of the findings of each program.
fn remarks_by_program(remarks: &[Remark]) -> BTreeMap<usize, Vec<usize>> {
    let mut by_program = BTreeMap::<usize, Vec<usize>>::new();
    for (index, remark) in remarks.iter().enumerate() {
        if let Some(binary) = remark.binary {
            by_program.entry(binary).or_default().push(index);
        }
    }
    by_program
}

/// Whether the release that built a program is supported: 1, 0, or -1 if that is unknown.
fn support(page: &Page<'_>, binary: &Binary) -> i8 {
    let version = binary.go_version.as_ref();
    let support = version.and_then(|version| page.support.get(version));
    match support {
        Some(Support {
            supported: Some(supported),
            ..
        }) => i8::from(*supported),
        _ => -1,
    }
}

/// The numbers of the modules of a program in ascending order, each as the difference to the one before.
fn module_steps(info: Option<&BuildInfo>, modules: &BTreeMap<[String; 4], usize>) -> Vec<usize> {
    let deps = info.iter().flat_map(|info| &info.deps);
    let numbers = deps.filter_map(|dep| modules.get(&module(dep)).copied());
    let mut numbers: Vec<usize> = numbers.collect();
    numbers.sort_unstable();
    let mut previous = 0;
    let steps = numbers
        .into_iter()
        .map(|number| number - std::mem::replace(&mut previous, number));
    steps.collect()
}

fn table<'a>(table: &'a Table, strings: &mut Strings) -> TableRows<'a> {
    let rows = table.rows.iter().map(|row| TableRow {
        tone: row.tone,
        cells: &row.cells,
        binary: row.binary,
        summary: row.summary.as_deref(),
        places: row
            .places
            .iter()
            .map(|place| [strings.id(&place.name), strings.id(&place.note)])
            .collect(),
    });
    TableRows {
        title: &table.title,
        columns: &table.columns,
        places: table.places,
        rows: rows.collect(),
    }
}

/// What programs that look alike have in common: path, image and slice.
type Alike<'b> = (&'b str, Option<&'b ImageRef>, Option<&'b str>);

fn alike(binary: &Binary) -> Alike<'_> {
    let location = &binary.location;
    (
        &binary.path,
        location.image.as_ref(),
        location.slice.as_deref(),
    )
}

/// The cells of the table of programs, which are also searched. Copies in several layers are told apart by these.
fn columns(binary: &Binary, has_copies: bool) -> [String; 6] {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let location = &binary.location;
    let slice = location.slice.clone();
    let layer = location.layer.as_ref().filter(|_| has_copies);
    let layer = layer.map(|layer| format!("layer {}", layer.index));
    let parts: Vec<String> = layer.into_iter().chain(slice).collect();
    let path = terms::main_module(binary)
        .map(|m| m.path.as_str())
        .or(binary.main_package.as_deref());
    [
        format!("{}{}", binary.path, bracket(parts.iter())),
        text(
            location
                .image
                .as_ref()
                .map(|image| image.reference.as_str()),
        ),
        text(binary.go_version.as_deref()),
        text(path),
        text(binary.shown_version()),
        binary.port().unwrap_or_default(),
    ]
}

fn rank(importance: Importance) -> u8 {
    match importance {
        Importance::Alarm => 0,
        Importance::Notice => 1,
        Importance::Plain => 2,
    }
}

fn module(module: &Module) -> [String; 4] {
    let replace = module
        .replace
        .as_deref()
        .map(|r| terms::at_version(&r.path, &r.version))
        .unwrap_or_default();
    [
        &module.path,
        &module.version,
        &terms::built(module).sum,
        &replace,
    ]
    .map(|text| clean(text).into_owned())
}

/// Numbers the items of all programs in sorted order.
fn numbered<T: Ord>(
    binaries: &[Binary],
    each: impl Fn(&BuildInfo, &mut dyn FnMut(T)),
) -> BTreeMap<T, usize> {
    let mut all = BTreeSet::new();
    for info in binaries
        .iter()
        .filter_map(|binary| binary.build_info.as_ref())
    {
        each(info, &mut |item| {
            all.insert(item);
        });
    }
    all.into_iter()
        .enumerate()
        .map(|(index, item)| (item, index))
        .collect()
}

fn remark(remark: &Remark, strings: &mut Strings) -> [usize; 8] {
    [
        remark.level.as_str(),
        &remark.rule,
        &remark.code,
        &remark.message,
        &remark.help,
        remark.waived.as_deref().unwrap_or_default(),
        &remark.evidence.join("; "),
        &remark.place,
    ]
    .map(|text| strings.id(text))
}
