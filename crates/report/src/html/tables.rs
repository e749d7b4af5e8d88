//! Tables of a scan above that of the programs: images, their layers, packages of the distribution, and what was not examined.

use super::{Place, Places, Row, Table, Tone};
use crate::image;
use crate::style::clean;
use gospect_bytes::number;
use gospect_record::{Binary, Document, ImageRecord, ImageRef, Unexamined};
use std::collections::BTreeMap;

const PROGRAMS: Option<Places> = Some(Places {
    heading: "programs",
    many: "programs",
});

/// The tables that have rows.
pub(super) fn of(document: &Document) -> Vec<Table> {
    let tables = [
        images(document),
        layers(document),
        owners(document),
        unexamined(&document.unexamined),
    ];
    let tables = tables.into_iter().filter(|table| !table.rows.is_empty());
    tables.collect()
}

fn table(title: &str, columns: &[&str], places: Option<Places>, rows: Vec<Row>) -> Table {
    Table {
        title: title.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        places,
        rows,
    }
}

fn cells<const N: usize>(texts: [&str; N]) -> Vec<String> {
    let texts = texts.into_iter().map(|text| clean(text).into_owned());
    texts.collect()
}

fn images(document: &Document) -> Table {
    let rows = document.images.iter().map(|record| {
        let facts = image::facts(record);
        let fact = |name: &str| {
            let fact = facts.iter().find(|fact| fact.0 == name);
            fact.map_or("", |fact| fact.1.as_str())
        };
        Row {
            cells: cells([
                &record.reference,
                record.platform.as_deref().unwrap_or_default(),
                fact("starts"),
                fact("as"),
                fact("ENV"),
                fact("version"),
                &record.layers.len().to_string(),
                fact("ID"),
                record.digest.as_deref().unwrap_or_default(),
            ]),
            ..Row::default()
        }
    });
    let columns = [
        "image", "platform", "starts", "user", "ENV", "version", "layers", "ID", "digest",
    ];
    table("Images", &columns, None, rows.collect())
}

/// What tells the images of a run apart.
type Key<'d> = (&'d str, Option<&'d str>, Option<&'d str>);

fn key_of(image: &ImageRecord) -> Key<'_> {
    (
        &image.reference,
        image.digest.as_deref(),
        image.platform.as_deref(),
    )
}

fn key_of_reference(image: &ImageRef) -> Key<'_> {
    (
        &image.reference,
        image.digest.as_deref(),
        image.platform.as_deref(),
    )
}

/// The layers in which programs are, the lowest first with the number 0 as in records: what made them, and the programs.
fn layers(document: &Document) -> Table {
    let mut programs: BTreeMap<(Key<'_>, u32), Vec<Place>> = BTreeMap::new();
    for binary in &document.binaries {
        let location = &binary.location;
        if let (Some(image), Some(layer)) = (&location.image, &location.layer) {
            let key = (key_of_reference(image), layer.index);
            let places = programs.entry(key).or_default();
            places.push(Place {
                name: clean(&binary.path).into_owned(),
                note: match location.visible {
                    Some(false) => "deleted or replaced by a later layer".to_owned(),
                    _ => String::new(),
                },
            });
        }
    }
    let mut rows = Vec::new();
    for image in &document.images {
        for (number, layer) in (0u32..).zip(&image.layers) {
            let Some(places) = programs.remove(&(key_of(image), number)) else {
                continue;
            };
            rows.push(Row {
                cells: cells([
                    &image.reference,
                    image.platform.as_deref().unwrap_or_default(),
                    &number.to_string(),
                    layer.created_by.as_deref().unwrap_or_default(),
                    &layer.size.map(number::bytes).unwrap_or_default(),
                    layer.digest.as_deref().unwrap_or_default(),
                ]),
                places,
                ..Row::default()
            });
        }
    }
    let columns = ["image", "platform", "layer", "made by", "size", "digest"];
    table("Layers with programs", &columns, PROGRAMS, rows)
}

/// The packages of distributions that own programs.
fn owners(document: &Document) -> Table {
    let mut owners: BTreeMap<Vec<String>, Vec<Place>> = BTreeMap::new();
    let owned = |binary: &Binary| {
        let owner = binary.owner.as_ref()?;
        let release = [&owner.distribution, &owner.release];
        let release: Vec<&str> = release.into_iter().flatten().map(String::as_str).collect();
        Some(cells([
            &owner.name,
            &owner.version,
            &owner.kind.to_string(),
            &release.join(" "),
        ]))
    };
    for binary in &document.binaries {
        if let Some(cells) = owned(binary) {
            owners.entry(cells).or_default().push(Place {
                name: clean(&binary.path).into_owned(),
                note: String::new(),
            });
        }
    }
    let rows = owners.into_iter().map(|(cells, places)| Row {
        cells,
        places,
        ..Row::default()
    });
    let columns = ["package", "version", "kind", "distribution"];
    table("Owned by packages", &columns, PROGRAMS, rows.collect())
}

fn unexamined(things: &[Unexamined]) -> Table {
    let rows = things.iter().map(|thing| Row {
        tone: Tone::Warn,
        cells: cells([&thing.reason, &thing.path, &thing.detail]),
        ..Row::default()
    });
    let columns = ["reason", "path", "detail"];
    table("Not examined", &columns, None, rows.collect())
}

/// The table of what was not examined; `None`: everything was.
#[cfg(feature = "verify")]
pub(crate) fn of_unexamined(things: &[Unexamined]) -> Option<Table> {
    Some(unexamined(things)).filter(|table| !table.rows.is_empty())
}
