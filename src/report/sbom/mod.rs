//! Software bills of materials.
//!
//! Both formats say the same: what was scanned holds images, an image holds layers, a layer holds binaries, and a
//! binary depends on its modules and on the standard library. Modules stand once, however many binaries use them.
//!
//! * A replaced module is listed as what was really built. A replacement by a directory has no version and no purl of
//!   its own, so the replaced path stands there without a version: nobody knows which code it was.
//! * An `h1:` sum is a SHA-256 of a list of the module's files with their hashes (golang.org/x/mod/sumdb/dirhash). It
//!   stands as hash of the module, as the other generators for Go have it, and as the text that Go writes, which says
//!   what it is a hash of: no single file has it.
//! * Serial number and namespace come from the content and the time from the caller: same input, same bytes.

use super::document::{Document, Remark};
use super::model::{Binary, LayerRecord, Module, Verdict};
use super::{csv, terms};
use crate::bytes::base64;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io;

pub mod cyclonedx;
pub mod purl;
pub mod spdx;

#[cfg(test)]
mod tests;

/// What a bill is made of.
pub struct Input<'a> {
    /// The scan.
    pub document: &'a Document,
    /// Findings to note; empty when nothing was judged.
    pub remarks: &'a [Remark],
    /// Seconds since 1970 (`SOURCE_DATE_EPOCH`, else now).
    pub time: u64,
}

/// One format of `sbom`.
pub struct Format {
    /// As given to `--format`.
    pub name: &'static str,
    /// Extension of a file that holds it, without the first dot.
    pub extension: &'static str,
    /// Writes the bill.
    pub write: fn(&Input, &mut dyn io::Write) -> io::Result<()>,
}

/// The formats of `sbom`.
pub static FORMATS: &[Format] = &[
    Format {
        name: "cyclonedx",
        extension: "cdx.json",
        write: cyclonedx::write,
    },
    Format {
        name: "spdx",
        extension: "spdx.json",
        write: spdx::write,
    },
];

/// The components of a bill, each once and in a fixed order.
struct Inventory<'a> {
    /// What the scan was pointed at.
    subject: String,
    modules: BTreeMap<Key<'a>, Part<'a>>,
    toolchains: BTreeMap<&'a str, Part<'a>>,
    binaries: Vec<Entry<'a>>,
    images: Vec<Image<'a>>,
}

/// A module or a toolchain, and the binaries whose records name it.
struct Part<'a> {
    id: String,
    users: Vec<&'a Binary>,
}

impl<'a> Part<'a> {
    fn new(kind: &str, content: &str) -> Self {
        Self {
            id: id(kind, content),
            users: Vec::new(),
        }
    }

    fn used_by(&mut self, binary: &'a Binary) -> String {
        self.users.push(binary);
        self.id.clone()
    }
}

/// One binary with what it depends on.
struct Entry<'a> {
    id: String,
    binary: &'a Binary,
    depends: Vec<String>,
    properties: Vec<(String, String)>,
}

/// One image with the binaries of each layer, by index into [`Inventory::binaries`].
struct Image<'a> {
    id: String,
    reference: &'a str,
    digest: Option<&'a str>,
    platform: Option<&'a str>,
    layers: Vec<Layer<'a>>,
}

struct Layer<'a> {
    id: String,
    index: Option<u32>,
    digest: Option<&'a str>,
    record: Option<&'a LayerRecord>,
    binaries: Vec<usize>,
}

/// What makes two modules the same component: what was built, and what it stands for when replaced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    path: &'a str,
    version: &'a str,
    sum: &'a str,
    replaces: Option<(&'a str, &'a str)>,
    directory: Option<&'a str>,
}

impl<'a> Key<'a> {
    fn new(module: &'a Module) -> Self {
        let original = (module.path.as_str(), module.version.as_str());
        match module.replace.as_deref() {
            None => Self::plain(module, None),
            // A directory: the go command gives it no version, or `(devel)`.
            Some(by) if by.version.is_empty() || by.version == "(devel)" => Self {
                path: &module.path,
                version: "",
                sum: "",
                replaces: Some(original),
                directory: Some(&by.path),
            },
            Some(by) => Self::plain(by, Some(original)),
        }
    }

    fn plain(module: &'a Module, replaces: Option<(&'a str, &'a str)>) -> Self {
        Self {
            path: &module.path,
            version: &module.version,
            sum: &module.sum,
            replaces,
            directory: None,
        }
    }

    /// Facts that neither format has a field for.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        if !self.sum.is_empty() {
            all.push(("gospect:h1", self.sum.to_owned()));
        }
        if let Some((path, version)) = self.replaces {
            all.push(("gospect:replaces", terms::at_version(path, version)));
        }
        if let Some(directory) = self.directory {
            all.push(("gospect:replaced_by_directory", directory.to_owned()));
        }
        all
    }
}

impl<'a> Inventory<'a> {
    fn new(input: &Input<'a>) -> Self {
        let document = input.document;
        let mut modules = BTreeMap::new();
        let mut toolchains = BTreeMap::new();
        let mut remarks = BTreeMap::<usize, Vec<&Remark>>::new();
        for remark in input.remarks {
            remarks
                .entry(remark.binary.unwrap_or(usize::MAX))
                .or_default()
                .push(remark);
        }
        let mut binaries = Vec::with_capacity(document.binaries.len());
        for (index, binary) in document.binaries.iter().enumerate() {
            let mut depends = BTreeSet::new();
            for module in binary.build_info.iter().flat_map(|info| &info.deps) {
                let key = Key::new(module);
                // A record that names a module twice is one use of it.
                let part = modules
                    .entry(key)
                    .or_insert_with(|| Part::new("module", &format!("{:?}", key.parts())));
                if !depends.contains(&part.id) {
                    depends.insert(part.used_by(binary));
                }
            }
            if let Some(version) = binary.go_version.as_deref() {
                let part = toolchains
                    .entry(version)
                    .or_insert_with(|| Part::new("stdlib", version));
                depends.insert(part.used_by(binary));
            }
            binaries.push(Entry {
                id: id(
                    "binary",
                    &format!("{index} {:?} {}", binary.location, binary.path),
                ),
                binary,
                depends: depends.into_iter().collect(),
                properties: properties(
                    binary,
                    remarks.get(&index).map(Vec::as_slice).unwrap_or_default(),
                ),
            });
        }
        let images = images(document);
        Self {
            subject: document.run.targets.join(" "),
            modules,
            toolchains,
            binaries,
            images,
        }
    }

    /// Indexes of binaries outside images.
    fn loose(&self) -> impl Iterator<Item = usize> {
        (0..self.binaries.len()).filter(|i| {
            self.binaries
                .get(*i)
                .is_some_and(|e| e.binary.location.image.is_none())
        })
    }
}

impl Key<'_> {
    fn parts(&self) -> impl std::fmt::Debug {
        (
            self.path,
            self.version,
            self.sum,
            self.replaces,
            self.directory,
        )
    }
}

/// Every image, also those without a Go binary, with the layers that brought one.
fn images(document: &Document) -> Vec<Image<'_>> {
    let mut images: Vec<Image> = Vec::new();
    let mut known = BTreeMap::new();
    let records = document
        .images
        .iter()
        .map(|r| ((&r.reference, &r.digest, &r.platform), Some(r), None));
    let binaries = document
        .binaries
        .iter()
        .enumerate()
        .filter_map(|(index, binary)| {
            let image = binary.location.image.as_ref()?;
            Some((
                (&image.reference, &image.digest, &image.platform),
                None,
                Some((index, binary)),
            ))
        });
    for (name, record, found) in records.chain(binaries) {
        let (position, layers, record) = &mut *known.entry(name).or_insert_with(|| {
            images.push(Image {
                id: id("image", &format!("{name:?}")),
                reference: name.0,
                digest: name.1.as_deref(),
                platform: name.2.as_deref(),
                layers: Vec::new(),
            });
            (images.len() - 1, BTreeMap::new(), record)
        });
        let (Some((index, binary)), Some(image)) = (found, images.get_mut(*position)) else {
            continue;
        };
        let number = binary.location.layer.as_ref().map(|layer| layer.index);
        let position = *layers.entry(number).or_insert_with(|| {
            image.layers.push(Layer {
                id: id("layer", &format!("{} {number:?}", image.id)),
                index: number,
                digest: binary
                    .location
                    .layer
                    .as_ref()
                    .and_then(|layer| layer.digest.as_deref()),
                record: record
                    .zip(number)
                    .and_then(|(record, number)| record.layers.get(number as usize)),
                binaries: Vec::new(),
            });
            image.layers.len() - 1
        });
        if let Some(layer) = image.layers.get_mut(position) {
            layer.binaries.push(index);
        }
    }
    for image in &mut images {
        image.layers.sort_by_key(|layer| layer.index);
    }
    images
}

/// Columns that the bill has in fields of its own or among the settings.
const ELSEWHERE: &[&str] = &[
    "main_module",
    "main_version",
    "sha256",
    "go_version",
    "cgo_enabled",
    "trimpath",
    "buildmode",
    "tags",
    "ldflags",
    "vcs",
    "vcs_revision",
    "vcs_time",
    "vcs_modified",
    "image",
    "image_digest",
    "platform",
    "layer",
    "layer_digest",
    "claims_confirmed",
    "claims_contradicted",
];

/// Everything the record says about a binary as names and values: the columns of the CSV form, the build settings,
/// the verdicts, and the findings.
fn properties(binary: &Binary, remarks: &[&Remark]) -> Vec<(String, String)> {
    let columns = csv::COLUMNS
        .iter()
        .filter(|c| !ELSEWHERE.contains(&c.name))
        .filter_map(|c| Some((format!("gospect:{}", c.name), c.of(binary)?)));
    let mut all: Vec<_> = columns.filter(|(_, value)| !value.is_empty()).collect();
    for setting in binary.build_info.iter().flat_map(|info| &info.settings) {
        all.push((
            format!("gospect:setting:{}", setting.key),
            setting.value.clone(),
        ));
    }
    for claim in binary.corroboration.iter().flatten() {
        let verdict = match claim.verdict {
            Verdict::Confirmed => "confirmed".to_owned(),
            Verdict::Unverifiable => "unverifiable".to_owned(),
            Verdict::Contradicted => format!(
                "contradicted: recorded {}, observed {}; {}",
                claim.recorded.as_deref().unwrap_or("nothing"),
                claim.observed.as_deref().unwrap_or("nothing"),
                claim.how
            ),
        };
        all.push((format!("gospect:claim:{}", claim.claim), verdict));
    }
    for remark in remarks {
        let waived = remark
            .waived
            .as_deref()
            .map(|why| format!(" (waived: {why})"))
            .unwrap_or_default();
        all.push((
            format!("gospect:finding:{}", remark.rule),
            format!("{}: {}{waived}", remark.level, remark.message),
        ));
    }
    all
}

/// What to call the program of a binary: main module, main package, or file name.
fn name(binary: &Binary) -> &str {
    let module = terms::main_module(binary).map(|module| module.path.as_str());
    let package = binary
        .main_package
        .as_deref()
        .filter(|package| !package.is_empty());
    module.or(package).unwrap_or_else(|| {
        binary
            .path
            .rsplit(['/', '!'])
            .next()
            .unwrap_or(&binary.path)
    })
}

/// The purl of the program of a binary.
fn program_purl(binary: &Binary) -> Option<String> {
    let module = terms::main_module(binary)?;
    let built = terms::built(module);
    purl::of_module(&built.path, &built.version)
}

/// The 32 bytes of an `h1:` sum in hex; `None` for anything else.
fn sha256_of_sum(sum: &str) -> Option<String> {
    let bytes = base64::decode(sum.strip_prefix("h1:")?.as_bytes())?;
    (bytes.len() == 32).then(|| hex(&bytes))
}

/// Hex SHA-256 of a digest text `sha256:...`.
fn sha256_of(digest: Option<&str>) -> Option<&str> {
    let hex = digest?.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then_some(hex)
}

/// A name that stays the same as long as what it names does.
fn id(kind: &str, content: &str) -> String {
    format!("{kind}-{}", hex(&Sha256::digest(content).as_slice()[..10]))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `2026-11-22T10:00:00Z` for seconds since 1970. Days to a date after Howard Hinnant's `civil_from_days`.
fn date(seconds: u64) -> String {
    // Years past 9999 do not fit the form.
    let seconds = seconds.min(253_402_300_799);
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}
