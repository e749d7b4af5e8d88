//! Software bills of materials.
//!
//! Both formats say the same. The target contains images, an image contains layers, a layer contains programs, and a program
//! depends on its modules and on the standard library. Each module is listed once, however many programs use it.
//!
//! * A replaced module is listed as its replacement, which was built. A replacement by a directory has no version and no purl;
//!   the replaced path is listed without a version, because it is unknown which code it was.
//! * An `h1:` sum is the SHA-256 of a list of the module's files with their hashes (golang.org/x/mod/sumdb/dirhash). It is
//!   listed as the hash of the module, as in other generators for Go, and as the text that Go writes, which says what kind of
//!   hash it is: no single file has it.
//! * Serial number and namespace derive from the content, and the caller gives the time: the same input gives the same bytes.

use super::document::Remark;
use super::{csv, terms};
use gospect_bytes::{base64, calendar};
use gospect_knowledge::modules;
use gospect_record::purl;
use gospect_record::{Binary, BuildInfoSource, Unexamined, Verdict, Word};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::io;

mod component;
pub mod cyclonedx;
mod images;
mod inventory;
pub mod licences;
pub mod spdx;
pub mod spec;

#[cfg(test)]
mod tests;

use images::BillImage;
pub use inventory::Inventory;

/// The input of a bill.
pub struct Input<'a> {
    /// The version of CycloneDX.
    pub spec: spec::CycloneDx,
    /// The version of SPDX.
    pub spdx: spec::Spdx,
    /// What was scanned.
    pub inventory: &'a Inventory,
    /// Findings to include, in the order of [`Inventory::programs`]; empty when no rules were run.
    pub remarks: &'a [Remark],
    /// Licences of modules, if somebody looked for them.
    pub licences: Option<&'a licences::Licences>,
    /// The `vulnerabilities` of CycloneDX, made by `report::vuln::cyclonedx::of_bill`; SPDX has no place for them.
    pub vulnerabilities: &'a [serde_json::Value],
    /// What the bill is about, in the words of the user.
    pub subject: Subject<'a>,
    /// Seconds since 1970: `SOURCE_DATE_EPOCH`, or the current time.
    pub time: u64,
}

/// The name and the version of what a bill is about, such as those of a release.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// `None`: the targets as they were given, or the name of the only image.
    pub name: Option<&'a str>,
    /// `None`: the digest of the only image, or none.
    pub version: Option<&'a str>,
}

impl Subject<'_> {
    /// Whether the user names something.
    fn is_given(self) -> bool {
        self.name.is_some() || self.version.is_some()
    }

    /// Whether the bill is about an application: a release that has a name, or one program. A single image is none.
    fn is_application(self, inventory: &Inventory, images: &[BillImage]) -> bool {
        only_image(inventory, images).is_none()
            && (self.name.is_some() || inventory.programs.len() == 1)
    }
}

/// The image that holds everything in the bill.
fn only_image<'i, 'a>(
    inventory: &Inventory,
    images: &'i [BillImage<'a>],
) -> Option<&'i BillImage<'a>> {
    match images {
        [image] if inventory.outside_images().next().is_none() => Some(image),
        _ => None,
    }
}

/// A format of `sbom`.
pub struct Format {
    /// The name for `--format`.
    pub name: &'static str,
    /// File name extension, without the first dot.
    pub extension: &'static str,
    /// The versions of its specification that can be written, oldest first.
    pub versions: &'static [&'static str],
    /// The function that writes it.
    pub write: fn(&Input, &mut dyn io::Write) -> io::Result<()>,
}

/// The formats of `sbom`.
pub static FORMATS: &[Format] = &[
    Format {
        name: "cyclonedx",
        extension: "cdx.json",
        versions: &["1.4", "1.5", "1.6", "1.7"],
        write: cyclonedx::write,
    },
    Format {
        name: "spdx",
        extension: "spdx.json",
        versions: &["2.3", "3.0"],
        write: spdx::write,
    },
];

/// The text on something that was not examined.
fn not_examined(thing: &Unexamined) -> String {
    format!("{}: {} ({})", thing.path, thing.reason, thing.detail)
}

/// How a component was found that no build info names.
const FUNCTION_TABLE: &str = "function table";
/// The same, with its confidence.
const BY_FUNCTIONS: (f64, &str) = (0.6, FUNCTION_TABLE);

/// How the modules of a program are known, with a confidence.
fn evidence_of_modules(binary: &Binary) -> (f64, &'static str) {
    match binary.build_info_source.as_ref().and_then(Word::known) {
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

/// Findings by the number of their program; those about the whole scan have none.
struct Remarks<'a>(HashMap<Option<usize>, Vec<&'a Remark>>);

impl<'a> Remarks<'a> {
    fn new(remarks: &'a [Remark]) -> Self {
        let mut all: HashMap<_, Vec<&Remark>> = HashMap::new();
        for remark in remarks {
            all.entry(remark.binary).or_default().push(remark);
        }
        Self(all)
    }

    /// The findings as pairs of name and value.
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

/// CSV columns that have a field in the bill or are among the settings.
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
    "function_table",
    "claims_confirmed",
    "claims_contradicted",
];

/// All facts of a program as pairs of name and value: the columns of the CSV format, the build settings and the verdicts.
fn properties(binary: &Binary) -> Vec<(String, String)> {
    let columns = csv::COLUMNS
        .iter()
        .filter(|c| !ELSEWHERE.contains(&c.name))
        .filter_map(|c| Some((format!("gospect:{}", c.name), c.of(binary)?)));
    let mut all: Vec<_> = columns.filter(|(_, value)| !value.is_empty()).collect();
    let list = binary.module_list();
    if let Some(why) = list.why().filter(|_| list.is_unknown()) {
        all.push(("gospect:modules".to_owned(), format!("unknown ({why})")));
    }
    if binary.main_version().is_none() {
        all.push((
            "gospect:version".to_owned(),
            format!("unknown: {}", binary.why_no_version()),
        ));
    }
    for setting in binary.build_info.iter().flat_map(|info| &info.settings) {
        all.push((
            format!("gospect:setting:{}", setting.key),
            setting.value.clone(),
        ));
    }
    for claim in binary.corroboration.iter().flatten() {
        let verdict = match claim.verdict.known() {
            Some(Verdict::Contradicted) => format!(
                "contradicted: recorded {}, observed {}; {}",
                claim.recorded.as_deref().unwrap_or("nothing"),
                claim.observed.as_deref().unwrap_or("nothing"),
                claim.how
            ),
            _ => claim.verdict.to_string(),
        };
        all.push((format!("gospect:claim:{}", claim.claim), verdict));
    }
    all
}

/// The name of a program: its main module, main package, or file name.
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

/// The purl of a program: that of its main module, with the version of the program. Without a recorded module, the certain
/// beginning of its module path, as for dependencies; otherwise the import path of the main package.
fn program_purl(binary: &Binary) -> Option<String> {
    let version = binary.main_version().map_or("", |version| version.value);
    if let Some(module) = terms::main_module(binary) {
        return purl::of_module(&terms::built(module).path, version);
    }
    let package = binary.main_package.as_deref()?;
    // `main` and `command-line-arguments` are not import paths.
    let domain = package.split('/').next().is_some_and(|d| d.contains('.'));
    let path = modules::prefix(package).unwrap_or(package);
    domain.then(|| purl::of_module(path, version)).flatten()
}

/// The 32 bytes of an `h1:` sum in hex; `None` for any other text.
fn sha256_of_sum(sum: &str) -> Option<String> {
    let bytes = base64::decode(sum.strip_prefix("h1:")?.as_bytes())?;
    (bytes.len() == 32).then(|| hex(&bytes))
}

/// The hex digits of a digest text `sha256:...`.
fn sha256_of(digest: Option<&str>) -> Option<&str> {
    let hex = digest?.strip_prefix("sha256:")?;
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then_some(hex)
}

/// A writer that computes the digest of what is written.
#[derive(Default)]
struct Digesting(Sha256);

impl Digesting {
    /// The digest, in hex, of a value as JSON without white space.
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

/// Bytes of the digest in an id.
const ID: usize = 10;

/// An id that depends only on the content.
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

/// Formats seconds since 1970 as `2026-11-22T10:00:00Z`.
pub(crate) fn date(seconds: u64) -> String {
    // The format has no room for years after 9999.
    let seconds = seconds.min(253_402_300_799);
    let (year, month, day) = calendar::civil(seconds / calendar::DAY);
    let rest = seconds % calendar::DAY;
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}
