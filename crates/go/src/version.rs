//! The build info alone, as `go version` shows it.

use super::identify::identify;
use super::tables::Tables;
use super::written::buildinfo::{self, Blob};
use super::written::modinfo::ModInfo;
use gospect_bytes::{Limits, Part, ReadAt, Window};
use gospect_exe::packed;
use gospect_exe::{
    self as exe, FileType, Format, Image, Kind, OpenError, Section, Slice, SliceFault,
};
use std::fmt;

/// Version and module text of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawBuildInfo {
    /// Toolchain version as recorded.
    pub version: Vec<u8>,
    /// Module text without framing, empty when there is none.
    pub modinfo: Vec<u8>,
}

impl RawBuildInfo {
    /// The lines below the version, as `go version -m` prints them without its tabs.
    pub fn to_text(&self) -> Vec<u8> {
        ModInfo::parse(&self.modinfo).to_text()
    }

    /// The object that `go version -m -json` prints.
    pub fn to_json(&self) -> Vec<u8> {
        let version = String::from_utf8_lossy(&self.version);
        let info = ModInfo::parse(&self.modinfo).to_record(&version);
        let mut out = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
        // Writing plain structs to memory cannot fail.
        let _ = serde::Serialize::serialize(&info, &mut serializer);
        escape_html(out)
    }
}

/// Go's encoder escapes `<`, `>`, `&` and the two Unicode line separators.
fn escape_html(json: Vec<u8>) -> Vec<u8> {
    let text = match String::from_utf8(json) {
        Ok(text) => text,
        Err(e) => return e.into_bytes(),
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            _ => out.push(c),
        }
    }
    out.into_bytes()
}

/// Why there is no build info, in the words of Go's reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBuildInfo {
    /// Unknown format, or damaged headers.
    Format,
    /// An executable without build info.
    NotGo,
    /// The module text cannot be parsed.
    ModInfo(String),
}

impl fmt::Display for NoBuildInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format => f.write_str("unrecognized file format"),
            Self::NotGo => f.write_str("not a Go executable"),
            Self::ModInfo(problem) => f.write_str(problem),
        }
    }
}

/// How hard to look for build info.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Only where the reader of Go 1.27 looks.
    LikeGo,
    /// Everywhere.
    Full,
}

/// Reads the build info of one file; of a universal file that of the first slice.
///
/// # Errors
/// [`NoBuildInfo`], as Go's reader would choose it.
pub fn read(
    reader: &dyn ReadAt,
    limits: &Limits,
    effort: Effort,
) -> Result<RawBuildInfo, NoBuildInfo> {
    let window = Window::new(reader, limits.executable);
    let head = window.upto(0, 512).ok_or(NoBuildInfo::Format)?;
    if head.len() < 16 {
        return Err(NoBuildInfo::Format);
    }
    match exe::sniff(head) {
        // Go knows universal files with 32-bit offsets only.
        Some(FileType::FatMachO) if effort == Effort::Full || head.get(3) == Some(&0xbe) => {
            let universal = exe::universal(&window).map_err(|_| NoBuildInfo::Format)?;
            let opens = |slice: &Slice| is_macho(reader, slice, limits);
            // A header that Go refuses is refused for named files too. In a sound one, this reader finds more in a slice than
            // Go does.
            let is_refused = universal.faults.iter().any(|fault| match fault {
                SliceFault::Empty(slice) | SliceFault::Outside(slice) => !opens(slice),
                fault => fault.is_refused_by_go(),
            });
            let all = || universal.named.iter().all(opens);
            if is_refused || (effort == Effort::LikeGo && !all()) {
                return Err(NoBuildInfo::Format);
            }
            let named = universal.named.first().filter(|s| opens(s));
            let first = named.or(universal.slices.first());
            let first = first.ok_or(NoBuildInfo::Format)?;
            let part = Part::new(reader, first.offset, first.size);
            let window = Window::new(&part, limits.executable);
            of_image(&exe::open(&window).map_err(refusal)?, limits, effort)
        }
        Some(FileType::Archive) if effort == Effort::Full => {
            let members = exe::members(&window).map_err(|_| NoBuildInfo::Format)?.0;
            let found = members.iter().find_map(|member| {
                let part = Part::new(reader, member.offset, member.size);
                let window = Window::new(&part, limits.executable);
                let image = exe::open(&window).ok()?;
                of_image(&image, limits, effort).ok()
            });
            found.ok_or(NoBuildInfo::Format)
        }
        Some(FileType::FatMachO | FileType::Archive) | None => Err(NoBuildInfo::Format),
        Some(_) => {
            let refused = match of_image(&exe::open(&window).map_err(refusal)?, limits, effort) {
                Ok(record) => return Ok(record),
                Err(refused) => refused,
            };
            if effort == Effort::LikeGo {
                return Err(refused);
            }
            unpacked(&window, limits).ok_or(refused)
        }
    }
}

/// Whether a slice opens as a Mach-O file. `NewFatFile` of src/debug/macho/fat.go (Go 1.27) fails if one does not, but allows
/// slices that overlap or run past the end of the file.
fn is_macho(reader: &dyn ReadAt, slice: &Slice, limits: &Limits) -> bool {
    let part = Part::new(reader, slice.offset, slice.size);
    let window = Window::new(&part, limits.executable);
    let is_thin = window.upto(0, 512).and_then(exe::sniff) == Some(FileType::MachO);
    is_thin && exe::open(&window).is_ok()
}

/// The build info of the program in a packed file.
fn unpacked(window: &Window<'_>, limits: &Limits) -> Option<RawBuildInfo> {
    let head = window.get(0, window.len().min(packed::HEAD_WINDOW as u64))?;
    packed::detect(head, &[])?;
    let unpacked = packed::unpack(window.get(0, window.len())?, limits.unpacked).ok()?;
    let inner = Window::new(&unpacked.image, limits.executable);
    of_image(&exe::open(&inner).ok()?, limits, Effort::Full).ok()
}

fn refusal(_: OpenError) -> NoBuildInfo {
    NoBuildInfo::Format
}

fn of_image(
    image: &Image<'_>,
    limits: &Limits,
    effort: Effort,
) -> Result<RawBuildInfo, NoBuildInfo> {
    let record = match effort {
        Effort::LikeGo => {
            let blob =
                buildinfo::find_in_section(image, limits.build_info).map_err(|_| why_not(image))?;
            if !go_reads(image, &blob) {
                return Err(why_not(image));
            }
            RawBuildInfo {
                version: blob.version.to_vec(),
                modinfo: blob.modinfo.unwrap_or_default().to_vec(),
            }
        }
        Effort::Full => {
            let tables = Tables::new(image, *limits);
            let found = identify(&tables, true).ok_or_else(|| why_not(image))?;
            let version = found.version.ok_or_else(|| why_not(image))?;
            RawBuildInfo {
                version: version.to_vec(),
                modinfo: found.modinfo.unwrap_or_default().to_vec(),
            }
        }
    };
    match ModInfo::parse(&record.modinfo).problems.first() {
        Some(p) => Err(NoBuildInfo::ModInfo(format!(
            "could not parse Go build info: line {}: {}",
            p.line, p.error
        ))),
        None => Ok(record),
    }
}

/// Whether Go's reader finds this blob too. It does not read wasm, nor objects other than Mach-O. It needs the symbol table of
/// an XCOFF file, aligns by file offset in a Plan 9 file, and does not relocate pointers.
fn go_reads(image: &Image<'_>, blob: &Blob<'_>) -> bool {
    match image.format {
        Format::Wasm => false,
        Format::Xcoff => image.has_symbol_table(),
        Format::Plan9 => image
            .segment_at(blob.address)
            .is_some_and(|s| (s.offset + (blob.address - s.address)).is_multiple_of(16)),
        Format::MachO if image.kind == Kind::Object => {
            // Go takes the segment for a straight copy of the file.
            let skew = |s: &Section<'_>| s.offset.wrapping_sub(s.address);
            let section = image.section(b"__go_buildinfo");
            section.map(skew) == image.sections.first().map(skew)
        }
        _ => {
            image.kind != Kind::Object
                && (blob.inline
                    || blob
                        .address
                        .checked_add(16)
                        .and_then(|at| image.word(at))
                        .is_some_and(|w| w != 0))
        }
    }
}

/// The error of Go's reader for an executable without build info. It cannot read the section of an object, which has no
/// address. In a PE file whose data section is larger in memory than in the file it runs off the end of the section, and
/// reports an unknown format.
fn why_not(image: &Image<'_>) -> NoBuildInfo {
    const CHUNK: u64 = 1 << 20;
    let unknown = match image.format {
        Format::Wasm => true,
        Format::Pe if image.kind == Kind::Object => true,
        Format::Elf if image.kind == Kind::Object => image.section(b".go.buildinfo").is_some(),
        Format::Xcoff => !image.has_symbol_table(),
        Format::Pe => image.first_writable_section().is_some_and(|s| {
            let last = s.size.saturating_sub(1) / CHUNK * CHUNK;
            last > s.file_size.saturating_sub(1)
        }),
        _ => false,
    };
    if unknown || !image.faults.is_empty() {
        NoBuildInfo::Format
    } else {
        NoBuildInfo::NotGo
    }
}
