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

use super::document::Remark;
use super::model::{
    Binary, BuildInfoSource, End, ImageRecord, LayerRecord, Line, Location, Module, Run,
    Unexamined, Verdict,
};
use super::{csv, terms};
use crate::bytes::base64;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::io;
use std::sync::Arc;

pub mod cyclonedx;
pub mod purl;
pub mod spdx;

#[cfg(test)]
mod tests;

/// What a bill is made of.
pub struct Input<'a> {
    /// What was scanned.
    pub inventory: &'a Inventory,
    /// Findings to note, beside [`Inventory::programs`]; empty when nothing was judged.
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

/// The components of a bill, each once: of the records only what the bill says of them.
pub struct Inventory {
    run: Run,
    end: End,
    images: Vec<ImageRecord>,
    unexamined: Vec<Unexamined>,
    programs: Vec<Program>,
    modules: Vec<Part<Key>>,
    numbers: HashMap<Arc<Key>, u32>,
    toolchains: BTreeMap<String, Vec<u32>>,
    /// Bytes of memory that may still be taken.
    room: u64,
}

/// The bill would take more memory than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A module, and the numbers of the programs whose records name it.
struct Part<K> {
    key: Arc<K>,
    /// What its name ends with.
    digest: [u8; ID],
    users: Vec<u32>,
}

impl<K> Part<K> {
    /// Its name in the bill.
    fn id(&self) -> String {
        format!("module-{}", hex(&self.digest))
    }
}

/// One binary with what it depends on.
struct Program {
    path: String,
    location: Location,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    sha256: Option<String>,
    /// How the record was found. The confidence orders the ways; it is no probability.
    found: (f64, &'static str),
    /// A record lists every module that is linked in; without one nobody knows.
    is_complete: bool,
    modules: Vec<u32>,
    toolchain: Option<String>,
    properties: Vec<(String, String)>,
}

/// One image with the programs of each layer, by number.
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
    programs: Vec<usize>,
}

/// What makes two modules the same component: what was built, and what it stands for when replaced.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    path: Box<str>,
    version: Box<str>,
    sum: Box<str>,
    replaces: Option<(Box<str>, Box<str>)>,
    directory: Option<Box<str>>,
}

impl Key {
    fn new(module: &Module) -> Self {
        let original = Some((module.path.as_str().into(), module.version.as_str().into()));
        match module.replace.as_deref() {
            None => Self::plain(module, None),
            // A directory: the go command gives it no version, or `(devel)`.
            Some(by) if by.version.is_empty() || by.version == "(devel)" => Self {
                path: module.path.as_str().into(),
                version: "".into(),
                sum: "".into(),
                replaces: original,
                directory: Some(by.path.as_str().into()),
            },
            Some(by) => Self::plain(by, original),
        }
    }

    fn plain(module: &Module, replaces: Option<(Box<str>, Box<str>)>) -> Self {
        Self {
            path: module.path.as_str().into(),
            version: module.version.as_str().into(),
            sum: module.sum.as_str().into(),
            replaces,
            directory: None,
        }
    }

    fn digest(&self) -> [u8; ID] {
        let replaces = self
            .replaces
            .as_ref()
            .map(|(path, version)| (path, version));
        let parts = (
            &self.path,
            &self.version,
            &self.sum,
            replaces,
            &self.directory,
        );
        digest(&format!("{parts:?}"))
    }

    /// Bytes of memory with all that is kept beside it.
    fn weight(&self) -> usize {
        let replaces = self
            .replaces
            .iter()
            .map(|(path, version)| path.len() + version.len() + 32);
        let directory = self.directory.iter().map(|d| d.len() + 16);
        let texts = self.path.len() + self.version.len() + self.sum.len();
        texts + replaces.chain(directory).sum::<usize>() + 320
    }

    /// Facts that neither format has a field for.
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        if !self.sum.is_empty() {
            all.push(("gospect:h1", self.sum.to_string()));
        }
        if let Some((path, version)) = &self.replaces {
            all.push(("gospect:replaces", terms::at_version(path, version)));
        }
        if let Some(directory) = &self.directory {
            all.push(("gospect:replaced_by_directory", directory.to_string()));
        }
        all
    }
}

impl Inventory {
    /// An empty one that takes about `memory` bytes.
    pub fn new(run: Run, memory: u64) -> Self {
        Self {
            run,
            end: End::default(),
            images: Vec::new(),
            unexamined: Vec::new(),
            programs: Vec::new(),
            modules: Vec::new(),
            numbers: HashMap::new(),
            toolchains: BTreeMap::new(),
            room: memory,
        }
    }

    /// Whether the records have all facts, by which rules can judge.
    pub fn has_all_facts(&self) -> bool {
        self.run.facts == "full"
    }

    /// Path and place of each binary, in the order in which they came.
    pub fn programs(&self) -> impl Iterator<Item = (&str, &Location)> {
        self.programs.iter().map(|p| (p.path.as_str(), &p.location))
    }

    /// Takes in one line of a scan.
    ///
    /// # Errors
    /// When it does not fit into the memory any more; what is there is no whole bill then.
    pub fn push(&mut self, line: &Line) -> Result<(), Full> {
        match line {
            Line::Run(run) => self.run = run.clone(),
            Line::Image(image) => {
                self.take(image.weight())?;
                self.images.push((**image).clone());
            }
            Line::Binary(binary) => self.binary(binary)?,
            Line::Unexamined(thing) => {
                self.take(thing.weight())?;
                self.unexamined.push(thing.clone());
            }
            Line::End(end) => {
                self.end = end.clone();
                self.sort();
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: u64) -> Result<(), Full> {
        self.room = self.room.checked_sub(bytes).ok_or(Full)?;
        Ok(())
    }

    fn binary(&mut self, binary: &Binary) -> Result<(), Full> {
        let number = u32::try_from(self.programs.len()).map_err(|_| Full)?;
        let mut modules = Vec::new();
        for module in binary.build_info.iter().flat_map(|info| &info.deps) {
            modules.push(self.module(module)?);
        }
        // A record that names a module twice is one use of it.
        modules.sort_unstable();
        modules.dedup();
        for module in &modules {
            if let Some(part) = self.modules.get_mut(*module as usize) {
                part.users.push(number);
            }
        }
        if let Some(version) = &binary.go_version {
            self.toolchains
                .entry(version.clone())
                .or_default()
                .push(number);
        }
        let properties = properties(binary);
        let texts = properties
            .iter()
            .map(|(name, value)| name.len() + value.len() + 80);
        let name = name(binary).to_owned();
        let version = terms::shown_version(binary).map(str::to_owned);
        let purl = program_purl(binary);
        let facts = name.len()
            + [&version, &purl]
                .into_iter()
                .flatten()
                .map(String::len)
                .sum::<usize>();
        let own = size_of::<Program>() + 5 * binary.path.len() + facts + 1024;
        self.take((own + texts.sum::<usize>() + 12 * modules.len()) as u64)?;
        self.programs.push(Program {
            path: binary.path.clone(),
            location: binary.location.clone(),
            name,
            version,
            purl,
            sha256: binary.sha256.clone(),
            found: found(binary),
            is_complete: binary.build_info.is_some(),
            modules,
            toolchain: binary.go_version.clone(),
            properties,
        });
        Ok(())
    }

    /// The number of a module.
    fn module(&mut self, module: &Module) -> Result<u32, Full> {
        let key = Key::new(module);
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        self.take(key.weight() as u64)?;
        let number = u32::try_from(self.modules.len()).map_err(|_| Full)?;
        let key = Arc::new(key);
        self.modules.push(Part {
            digest: key.digest(),
            key: Arc::clone(&key),
            users: Vec::new(),
        });
        self.numbers.insert(key, number);
        Ok(number)
    }

    /// Puts the modules into their order and gives them the numbers of it.
    fn sort(&mut self) {
        self.numbers.clear();
        let mut order: Vec<u32> = (0..self.modules.len() as u32).collect();
        let key = |n: &u32| self.modules.get(*n as usize).map(|part| &part.key);
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut places = vec![0_u32; order.len()];
        for (new, old) in order.iter().enumerate() {
            if let Some(place) = places.get_mut(*old as usize) {
                *place = new as u32;
            }
        }
        self.modules.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        for program in &mut self.programs {
            for number in &mut program.modules {
                *number = places.get(*number as usize).copied().unwrap_or(*number);
            }
        }
    }

    /// What the scan was pointed at.
    fn subject(&self) -> String {
        self.run.targets.join(" ")
    }

    /// Programs outside images, with their numbers.
    fn loose(&self) -> impl Iterator<Item = usize> {
        let programs = self.programs.iter().enumerate();
        programs
            .filter(|(_, program)| program.location.image.is_none())
            .map(|(number, _)| number)
    }

    /// The name of a program in the bill.
    fn id_of(&self, number: usize) -> String {
        self.programs.get(number).map_or_else(String::new, |p| {
            id("binary", &format!("{number} {:?} {}", p.location, p.path))
        })
    }

    /// The names of what a program depends on.
    fn depends(&self, program: &Program) -> Vec<String> {
        let modules = program.modules.iter();
        let modules = modules.filter_map(|n| Some(self.modules.get(*n as usize)?.id()));
        let toolchain = program
            .toolchain
            .iter()
            .map(|version| id("stdlib", version));
        let mut all: Vec<String> = modules.chain(toolchain).collect();
        all.sort_unstable();
        all
    }
}

/// What is said of a thing that was not examined.
fn not_examined(thing: &Unexamined) -> String {
    format!("{}: {} ({})", thing.path, thing.reason, thing.detail)
}

/// How the record of a binary was found.
fn found(binary: &Binary) -> (f64, &'static str) {
    match binary.build_info_source {
        _ if !terms::claims(binary, Verdict::Contradicted).is_empty() => {
            (0.3, "contradicted by other evidence in the file")
        }
        Some(BuildInfoSource::Section) => (1.0, "build info in its section"),
        Some(BuildInfoSource::Segment) => (0.9, "build info in the data segment"),
        Some(BuildInfoSource::LinkerStrings) => (0.9, "the linker's strings"),
        Some(BuildInfoSource::Scan) => (0.7, "found by searching the file"),
        None => (0.5, "names and strings in the file"),
    }
}

/// Findings by the number of the program that they are about; those about the whole have none.
struct Remarks<'a>(HashMap<Option<usize>, Vec<&'a Remark>>);

impl<'a> Remarks<'a> {
    fn new(remarks: &'a [Remark]) -> Self {
        let mut all: HashMap<_, Vec<&Remark>> = HashMap::new();
        for remark in remarks {
            all.entry(remark.binary).or_default().push(remark);
        }
        Self(all)
    }

    /// As names and values.
    fn of(&self, number: Option<usize>) -> impl Iterator<Item = (String, String)> {
        self.0.get(&number).into_iter().flatten().map(|remark| {
            let waived = remark.waived.as_deref();
            let waived = waived.map(|why| format!(" (waived: {why})"));
            (
                format!("gospect:finding:{}", remark.rule),
                format!(
                    "{}: {}{}",
                    remark.level,
                    remark.message,
                    waived.unwrap_or_default()
                ),
            )
        })
    }
}

/// Every image, also those without a Go binary, with the layers that brought one.
fn images(inventory: &Inventory) -> Vec<Image<'_>> {
    let mut images: Vec<Image> = Vec::new();
    let mut known = BTreeMap::new();
    let records = inventory
        .images
        .iter()
        .map(|r| ((&r.reference, &r.digest, &r.platform), Some(r), None));
    let programs = inventory.programs.iter().enumerate();
    let programs = programs.filter_map(|(number, program)| {
        let image = program.location.image.as_ref()?;
        Some((
            (&image.reference, &image.digest, &image.platform),
            None,
            Some((number, program)),
        ))
    });
    for (name, record, found) in records.chain(programs) {
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
        let (Some((number, program)), Some(image)) = (found, images.get_mut(*position)) else {
            continue;
        };
        let layer = program.location.layer.as_ref();
        let index = layer.map(|layer| layer.index);
        let position = *layers.entry(index).or_insert_with(|| {
            image.layers.push(Layer {
                id: id("layer", &format!("{} {index:?}", image.id)),
                index,
                digest: layer.and_then(|layer| layer.digest.as_deref()),
                record: record
                    .zip(index)
                    .and_then(|(record, index)| record.layers.get(index as usize)),
                programs: Vec::new(),
            });
            image.layers.len() - 1
        });
        if let Some(layer) = image.layers.get_mut(position) {
            layer.programs.push(number);
        }
    }
    for image in &mut images {
        image.layers.sort_by_key(|layer| layer.index);
    }
    images
}

impl Layer<'_> {
    fn number(&self) -> String {
        self.index
            .map_or_else(|| "unknown".to_owned(), |index| index.to_string())
    }

    fn name(&self) -> String {
        self.digest
            .map_or_else(|| format!("layer {}", self.number()), str::to_owned)
    }

    /// As names and values.
    fn properties(&self) -> Vec<(String, String)> {
        let by = self.record.and_then(|record| record.created_by.clone());
        let by = by.map(|by| ("gospect:created_by".to_owned(), by));
        let number = ("gospect:layer".to_owned(), self.number());
        std::iter::once(number).chain(by).collect()
    }
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

/// Everything the record says about a binary as names and values: the columns of the CSV form, the build settings and the
/// verdicts.
fn properties(binary: &Binary) -> Vec<(String, String)> {
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

/// Takes what is written and keeps its digest.
#[derive(Default)]
struct Digesting(Sha256);

impl Digesting {
    /// The digest of a value as JSON without white space, in hex.
    fn of(value: &impl serde::Serialize) -> io::Result<String> {
        let mut out = io::BufWriter::new(Self::default());
        serde_json::to_writer(&mut out, value).map_err(io::Error::from)?;
        let digest = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(hex(&digest.0.finalize()))
    }
}

impl io::Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes of a digest that a name has.
const ID: usize = 10;

/// A name that stays the same as long as what it names does.
fn id(kind: &str, content: &str) -> String {
    format!("{kind}-{}", hex(&digest(content)))
}

fn digest(content: &str) -> [u8; ID] {
    let mut short = [0; ID];
    let whole = Sha256::digest(content);
    short.copy_from_slice(&whole.as_slice()[..ID]);
    short
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
