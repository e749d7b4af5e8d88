//! Is this a Go program, and which one: the record, from the best place that still has it.
//!
//! The order is that of trust. The blob where Go's own reader looks; the blob in another writable segment; the linker-set strings, reached
//! through the function table and the module data that point at each other; a scan for the framed module text. What is left of programs
//! older than the record (Go 1.12) or robbed of it is a version string, and the function table. A magic inside data proves nothing:
//! everything after the first place asks that the program around it is Go.

use super::age::Age;
use super::buildinfo::{self, NoBlob};
use super::compiler::{self, Compiler, Foreign};
use super::gosymtab::Gosymtab;
use super::linker_strings::LinkerStrings;
use super::modinfo;
use super::moduledata::Moduledata;
use super::pclntab::{self, Pclntab};
use crate::bytes::Limits;
use crate::exe::{Format, Image, Kind, Segment};
use crate::record::BuildInfoSource;
use memchr::memmem;
use std::cell::OnceCell;
use std::ops::ControlFlow;

/// Function tables that are held against the module data where no section says which it is.
const TABLES: usize = 8;

/// The tables of one program, each found on first use.
pub struct Tables<'i> {
    image: &'i Image<'i>,
    limits: Limits,
    pclntab: OnceCell<Option<Pclntab>>,
    gosymtab: OnceCell<Option<Gosymtab>>,
    moduledata: OnceCell<Option<Moduledata>>,
    strings: OnceCell<LinkerStrings<'i>>,
}

impl<'i> Tables<'i> {
    /// Nothing is read yet.
    pub fn new(image: &'i Image<'i>, limits: Limits) -> Self {
        Self {
            image,
            limits,
            pclntab: OnceCell::new(),
            gosymtab: OnceCell::new(),
            moduledata: OnceCell::new(),
            strings: OnceCell::new(),
        }
    }

    /// The program they are of.
    pub fn image(&self) -> &'i Image<'i> {
        self.image
    }

    /// The function table.
    pub fn pclntab(&self) -> Option<&Pclntab> {
        self.pclntab
            .get_or_init(|| {
                // A program may hold another as data: the one whose module data points at its table is the one that runs.
                let mut first = None;
                let mut tries = 0;
                let found = Pclntab::find_that(self.image, &mut |table| {
                    tries += 1;
                    first.get_or_insert(*table);
                    let module = Moduledata::find(self.image, table);
                    let runs = module.is_some();
                    if runs {
                        let _ = self.moduledata.set(module);
                    }
                    runs || tries == TABLES
                });
                match self.moduledata.get() {
                    None if first.is_some() => first,
                    _ => found,
                }
            })
            .as_ref()
    }

    /// The symbol table of Go 1.0 to 1.2.
    pub fn gosymtab(&self) -> Option<&Gosymtab> {
        self.gosymtab
            .get_or_init(|| Gosymtab::find(self.image))
            .as_ref()
    }

    /// Whether the sections are those of Go 1.0 or 1.1 after `-ldflags=-s`: of both tables only the names are left. Later releases need
    /// theirs to run.
    pub fn is_stripped_old(&self) -> bool {
        let image = self.image;
        let both = |symbols: &[u8], lines: &[u8]| {
            image.section(symbols).is_some_and(|s| s.size == 0)
                && image.section(lines).is_some_and(|s| s.size == 0)
        };
        (both(b".gosymtab", b".gopclntab") || both(b"__gosymtab", b"__gopclntab"))
            && self.pclntab().is_none()
            && go_note(image).is_none()
            && !image.sections.iter().any(|s| is_newer(&s.name))
    }

    /// The module data.
    pub fn moduledata(&self) -> Option<&Moduledata> {
        // Looking for the one may find the other.
        let table = self.pclntab();
        self.moduledata
            .get_or_init(|| Moduledata::find(self.image, table?))
            .as_ref()
    }

    /// The linker-set strings.
    pub fn strings(&self) -> &LinkerStrings<'i> {
        self.strings.get_or_init(|| match self.moduledata() {
            Some(module) => LinkerStrings::read(self.image, module, self.limits.build_info),
            None => LinkerStrings::default(),
        })
    }
}

/// The record of one Go program as found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'i> {
    /// Recorded toolchain version.
    pub version: Option<&'i [u8]>,
    /// Module text without framing.
    pub modinfo: Option<&'i [u8]>,
    /// Where the two came from; `None` when there is no record.
    pub source: Option<BuildInfoSource>,
    /// Whether the strings stand in the blob itself, which makes them a copy of their own.
    pub inline: bool,
    /// Whether the module text of the blob stands between its marks.
    pub framed: bool,
    /// What was odd.
    pub notes: Vec<String>,
    /// Set when a compiler other than gc made the program.
    pub foreign: Option<Foreign>,
}

/// Identifies a program. `named` asks for every effort, also on files that show no sign of Go; without it those cost nothing more.
///
/// `None`: not a Go program.
pub fn identify<'i>(tables: &Tables<'i>, named: bool) -> Option<Identity<'i>> {
    let image = tables.image;
    let limit = tables.limits.build_info;
    let mut notes = Vec::new();
    match buildinfo::find_in_section(image, limit) {
        Ok(blob) => return Some(found(blob, BuildInfoSource::Section, notes)),
        Err(NoBlob::Broken) => {
            notes.push("build info: the blob where Go looks cannot be decoded".to_owned())
        }
        Err(NoBlob::Absent) => {}
    }
    if let Some(foreign) = compiler::foreign(image) {
        return Some(by_other_compiler(image, foreign, limit, notes));
    }
    if !named && notes.is_empty() && !may_be_go(image) {
        return None;
    }
    // From here on the program must prove to be Go by itself.
    let table = tables.pclntab();
    let build_id_note = go_note(image).is_some();
    // Go 1.0 and 1.1 had other tables.
    let is_old = table.is_none() && (tables.gosymtab().is_some() || tables.is_stripped_old());
    if table.is_none() && !build_id_note && notes.is_empty() && !is_old {
        return None;
    }
    if let Ok(blob) = buildinfo::find_in_segments(image, limit) {
        return Some(found(blob, BuildInfoSource::Segment, notes));
    }
    let strings = tables.strings();
    if let Some(text) = strings.modinfo() {
        let version = version_of(tables);
        return Some(Identity {
            version,
            modinfo: Some(text),
            source: Some(BuildInfoSource::LinkerStrings),
            notes,
            ..Identity::default()
        });
    }
    if table.is_some()
        && let Some(text) = scan_for_modinfo(image, tables.pclntab(), limit)
    {
        let version = version_of(tables);
        return Some(Identity {
            version,
            modinfo: Some(text),
            source: Some(BuildInfoSource::Scan),
            notes,
            ..Identity::default()
        });
    }
    let version = version_of(tables);
    if table.is_none() && version.is_none() && !build_id_note && !is_old {
        return None;
    }
    if version.is_some() {
        notes.push(
            "no build info: the toolchain version comes from the program's own strings".to_owned(),
        );
    } else {
        let evidence = match tables.gosymtab() {
            _ if table.is_some() => "function table",
            Some(_) => "symbol table",
            None if build_id_note => "build ID",
            None => "sections'",
        };
        let evidence = match evidence {
            "sections'" => "the names of its sections".to_owned(),
            other => format!("its {other}"),
        };
        notes.push(format!(
            "no build info and no version string: Go by {evidence} alone"
        ));
    }
    Some(Identity {
        version,
        modinfo: None,
        source: None,
        notes,
        ..Identity::default()
    })
}

/// The other compilers write no blob and none of gc's tables. gccgo keeps the framed module text in read-only data, when `go build` ran it.
fn by_other_compiler<'i>(
    image: &'i Image<'_>,
    mut foreign: Foreign,
    limit: u64,
    mut notes: Vec<String>,
) -> Identity<'i> {
    let name = foreign.compiler.name();
    let mut modinfo = None;
    if foreign.compiler == Compiler::Gccgo {
        modinfo = scan_for_modinfo(image, None, limit);
        foreign.version = compiler::gccgo_version(image);
    }
    if foreign.version.is_none() {
        notes.push(format!("built by {name}: the program does not hold the Go release that its standard library is of"));
    }
    Identity {
        source: modinfo.map(|_| BuildInfoSource::Scan),
        modinfo,
        notes,
        foreign: Some(foreign),
        ..Identity::default()
    }
}

fn found(
    blob: buildinfo::Blob<'_>,
    source: BuildInfoSource,
    mut notes: Vec<String>,
) -> Identity<'_> {
    notes
        .extend(blob.too_long.map(|length| {
            format!("build info: its text of {length} bytes is longer than is read")
        }));
    Identity {
        version: Some(blob.version),
        modinfo: blob.modinfo,
        source: Some(source),
        inline: blob.inline,
        framed: blob.framed,
        notes,
        foreign: None,
    }
}

/// Whether the headers leave any chance that this is Go. Linkers keep section names, so a file with a section table and none of Go's
/// names in it is not, unless it has no names at all, or is static and may be the work of Go's own linker, which never
/// writes unwind tables: its names may have been changed.
fn may_be_go(image: &Image<'_>) -> bool {
    match image.format {
        Format::Wasm => {
            image
                .sections
                .iter()
                .any(|s| matches!(&*s.name, b"go:buildid" | b"go.buildid" | b"producers"))
                || image.sections.is_empty()
        }
        Format::Pe | Format::Xcoff | Format::Plan9 => true,
        Format::Elf | Format::MachO => {
            let named = image.sections.iter().any(|s| is_go_name(&s.name));
            let bare = image.sections.iter().all(|s| s.name.is_empty());
            let alone = image.format == Format::Elf
                && image.interpreter.is_none()
                && !image.is_dynamic()
                && image.kind != Kind::Object
                && !image.sections.iter().any(|s| &*s.name == b".eh_frame");
            named || bare || alone || go_note(image).is_some()
        }
    }
}

/// Whether a section has a name that releases after Go 1.1 brought.
fn is_newer(name: &[u8]) -> bool {
    [
        &b".itablink"[..],
        b"__itablink",
        b".go.buildinfo",
        b"__go_buildinfo",
    ]
    .contains(&name)
}

/// Whether a section has a name, or a part of one, that only Go's tools give. Most names of a system are seen through at two letters: to
/// prepare a search for each of these parts in each name is what takes the time in a tree of other programs.
fn is_go_name(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 5] = [b"gopclntab", b".go.", b"__go_", b"gosymtab", b"note.go."];
    let has_go = name.windows(2).any(|w| w == b"go");
    has_go && PARTS.iter().any(|p| memmem::find(name, p).is_some())
        || name.windows(8).any(|w| w == b"typelink")
}

/// The Go build ID in the ELF notes segments: name `Go\0\0`, type 4 (src/cmd/link/internal/ld/elf.go).
pub fn go_note<'i>(image: &'i Image<'_>) -> Option<&'i [u8]> {
    image.notes.iter().find_map(|&(offset, size)| {
        let bytes = image.window().get(offset, size.min(4096))?;
        let mut rest = bytes;
        while rest.len() >= 12 {
            let name_size = image.number(&rest[..4]);
            let text_size = image.number(&rest[4..8]);
            let kind = image.number(&rest[8..12]);
            let text = 12usize
                .checked_add(usize::try_from(name_size.checked_next_multiple_of(4)?).ok()?)?;
            let end = text.checked_add(usize::try_from(text_size).ok()?)?;
            if kind == 4 && rest.get(12..16) == Some(b"Go\0\0") {
                return rest.get(text..end);
            }
            rest = rest.get(end.checked_next_multiple_of(4)?..)?;
        }
        None
    })
}

/// The module text between its framing, in read-only or writable data. Code is looked at only where a format keeps it in one segment with
/// the data; the function table holds names alone and is left out, as is what the running program does not read.
fn scan_for_modinfo<'i>(
    image: &'i Image<'_>,
    table: Option<&Pclntab>,
    limit: u64,
) -> Option<&'i [u8]> {
    let split = image.segments.iter().any(|s| !s.executable && !s.writable);
    let table = table.map(|t| t.address);
    let parts = image
        .segments
        .iter()
        .filter(|s| !(s.discardable || split && s.executable))
        .map(|s| match table {
            Some(table) if s.address < table && table < s.end() => Segment {
                size: table - s.address,
                ..*s
            },
            _ => *s,
        });
    let start = memmem::Finder::new(&modinfo::START);
    for part in parts {
        let mut places = Vec::new();
        image.scan::<()>(&part, 15, &mut |base, bytes| {
            places.extend(start.find_iter(bytes).map(|i| base + i as u64));
            if places.len() > 64 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        places.dedup();
        if let Some(text) = places.into_iter().find_map(|a| framed_at(image, a, limit)) {
            return Some(text);
        }
    }
    None
}

/// The framed module text at an address, read in growing pieces until its end is there.
fn framed_at<'i>(image: &'i Image<'_>, address: u64, limit: u64) -> Option<&'i [u8]> {
    let mut size = 16 << 10;
    loop {
        let bytes = image.bytes_upto(address, size)?;
        if let Some(end) = memmem::find(bytes, &modinfo::END) {
            let text = modinfo::unframe(bytes.get(..end + 16)?)?;
            // Every module text starts with one of these lines; the constants inside cmd/go itself are followed by neither.
            let starts = [&b"path\t"[..], b"mod\t", b"build\t"];
            return starts.iter().any(|s| text.starts_with(s)).then_some(text);
        }
        if (bytes.len() as u64) < size || size >= limit {
            return None;
        }
        size = size.saturating_mul(8).min(limit);
    }
}

/// The toolchain's version from the program's strings: `runtime.buildVersion` among the linker-set ones, else any string header in
/// writable data whose text is a plain release.
fn version_of<'i>(tables: &Tables<'i>) -> Option<&'i [u8]> {
    let image = tables.image;
    let strings = tables.strings();
    let set: Vec<&[u8]> = strings.versions().collect();
    let fits = |v: &&[u8]| is_release(v) && tables.pclntab().is_none_or(|t| fits_layout(v, t));
    if let Some(version) = set.iter().copied().find(fits).or(set.first().copied()) {
        return Some(version);
    }
    // Symbol tables are large: asked only when the strings do not tell.
    if let Some(address) = image
        .has_symbol_table()
        .then(|| image.symbol_address(b"runtime.buildVersion"))
        .flatten()
        && let Some(text) = image
            .go_string(address, 256)
            .filter(|t| buildinfo::looks_like_go(t))
    {
        return Some(text);
    }
    if tables.moduledata().is_none()
        && let Some(age) = Age::of_tables(tables)
            .filter(|age| age.has(0) || age.has(1) || age.has(2) || age.has(3))
        && let Some(text) = constant_version(image, &age)
    {
        return Some(text);
    }
    let ranges: Vec<(u64, u64)> = match tables.moduledata() {
        Some(module) => vec![module.data],
        None => image
            .segments
            .iter()
            .filter(|s| s.writable)
            .map(|s| (s.address, s.end()))
            .collect(),
    };
    let mut room = HEADERS_LIMIT;
    ranges.iter().find_map(|&(from, to)| {
        let size = to.saturating_sub(from).min(room);
        room -= size;
        headers_in(image, from, size).find(fits)
    })
}

/// The version that programs of Go 1.0 to 1.3 hold where anything asks for it: `runtime.theVersion` is a constant, which lies as text behind
/// its string header among the read-only data. A program may hold other such constants, so that only one release may be left.
fn constant_version<'i>(image: &'i Image<'_>, age: &Age) -> Option<&'i [u8]> {
    const LAST: u32 = 3;
    let mut room = HEADERS_LIMIT;
    let mut found: Vec<&[u8]> = Vec::new();
    for segment in image
        .segments
        .iter()
        .filter(|s| !s.writable && !s.discardable)
    {
        let size = segment.size.min(room);
        room -= size;
        for text in constants_in(image, segment.address, size) {
            let minor = minor_of(text);
            if is_release(text)
                && minor.is_some_and(|m| m <= LAST && age.has(m))
                && !found.contains(&text)
            {
                found.push(text);
            }
            if found.len() > 8 {
                return None;
            }
        }
    }
    // `go1.2` is also a build tag; what says more is the version.
    if found
        .iter()
        .any(|t| t.iter().filter(|b| **b == b'.').count() > 1)
    {
        found.retain(|t| t.iter().filter(|b| **b == b'.').count() > 1);
    }
    match found.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// 2 of `go1.2.1`; 0 of `go1`.
fn minor_of(version: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(version).ok()?.strip_prefix("go1")?;
    let Some(rest) = text.strip_prefix('.') else {
        return text.is_empty().then_some(0);
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// Texts right behind their string header: a pointer to them, then the length, which had 4 bytes up to Go 1.0.
fn constants_in<'i>(image: &'i Image<'_>, from: u64, size: u64) -> impl Iterator<Item = &'i [u8]> {
    let data = image.bytes_upto(from, size).unwrap_or_default();
    let word = usize::try_from(image.pointer_size()).unwrap_or(8);
    memchr::memmem::find_iter(data, b"go1").filter_map(move |at| {
        [word, 4].into_iter().find_map(|width| {
            let header = at.checked_sub(word + width)?;
            let pointer = image.number(data.get(header..header + word)?);
            let length = image.number(data.get(header + word..at)?);
            let here = pointer == from.checked_add(at as u64)? && (3..=32).contains(&length);
            here.then(|| data.get(at..at.checked_add(usize::try_from(length).ok()?)?))?
        })
    })
}

/// Bytes of data that are searched for string headers, all ranges together: segments may lie on top of each other.
const HEADERS_LIMIT: u64 = 64 << 20;

/// Texts of string headers in `size` bytes of data that are short enough for a version.
fn headers_in<'i>(image: &'i Image<'_>, from: u64, size: u64) -> impl Iterator<Item = &'i [u8]> {
    let word = image.pointer_size();
    let start = from.checked_next_multiple_of(word).unwrap_or(from);
    let data = image
        .bytes_upto(start, size.saturating_sub(start - from))
        .unwrap_or_default();
    let step = usize::try_from(word).unwrap_or(8);
    let at = move |i: usize| data.get(i..i + step).map_or(0, |b| image.number(b));
    (0..data.len() / step).filter_map(move |i| {
        let (pointer, length) = (at(i * step), at((i + 1) * step));
        let text = (4..=32)
            .contains(&length)
            .then(|| image.bytes(pointer, length))
            .flatten()?;
        text.starts_with(b"go1").then_some(text)
    })
}

/// `go1`, then digits and dots, and at most an `rc` or `beta` number.
fn is_release(version: &[u8]) -> bool {
    let Some(rest) = version.strip_prefix(b"go1") else {
        return false;
    };
    let plain = rest
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let tail = rest.get(plain..).unwrap_or_default();
    let tail = tail
        .strip_prefix(b"rc")
        .or(tail.strip_prefix(b"beta"))
        .unwrap_or(tail);
    (rest.is_empty() || rest[0] == b'.' || plain == 0) && tail.iter().all(u8::is_ascii_digit)
}

/// Whether the table is of the age that a release writes.
fn fits_layout(version: &[u8], table: &Pclntab) -> bool {
    let digits: String = version
        .iter()
        .skip(4)
        .take_while(|b| b.is_ascii_digit())
        .map(|&b| char::from(b))
        .collect();
    let (first, last) = table.layout.minors();
    digits
        .parse::<u32>()
        .is_ok_and(|minor| minor >= first && last.is_none_or(|l| minor <= l))
}

/// The Go build ID: in an ELF note, a wasm section, or at the start of the text (src/cmd/internal/buildid/buildid.go).
pub fn build_id(image: &Image<'_>) -> Option<String> {
    let text = match image.format {
        Format::Elf => go_note(image)?.to_vec(),
        Format::Wasm => {
            let section = image
                .section(b"go:buildid")
                .or_else(|| image.section(b"go.buildid"))?;
            image
                .window()
                .get(section.offset, section.file_size.min(256))?
                .to_vec()
        }
        _ => {
            let (address, size) = text_build_id(image)?;
            image.bytes(address, size)?.to_vec()
        }
    };
    let text = String::from_utf8(text).ok()?;
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())).then_some(text)
}

/// Address and size of the build ID at the start of the text, where the formats that have neither notes nor custom sections keep it.
pub(super) fn text_build_id(image: &Image<'_>) -> Option<(u64, u64)> {
    const MARK: &[u8] = b"\xff Go build ID: \"";
    if matches!(image.format, Format::Elf | Format::Wasm) {
        return None;
    }
    let segments = image.segments.iter().filter(|s| s.executable);
    let first: Option<&Segment> = segments.min_by_key(|s| s.offset);
    // Mach-O text follows the load commands; its section says where.
    let text = image.section(b"__text").map(|s| s.address);
    let start = text.or(first.map(|s| s.address))?;
    let bytes = image.bytes_upto(start, 512)?;
    let at = memmem::find(bytes, MARK)? + MARK.len();
    let size = memchr::memchr(b'"', bytes.get(at..)?)?;
    Some((start.checked_add(at as u64)?, size as u64))
}

/// Whether the file holds a section of Go's function table, by name. Cheap, and no proof.
pub fn names_function_table(image: &Image<'_>) -> bool {
    pclntab::SECTIONS.iter().any(|n| image.section(n).is_some())
}
