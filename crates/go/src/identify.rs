//! Whether a file is a Go program, and its build info from the best place that still has it.
//!
//! Places are tried in order of trust: the blob where Go's own reader looks; a blob in another writable segment; the linker
//! strings, which are reached through the function table and moduledata; a scan for the framed module text. Programs older than
//! build info (Go 1.12), or with it removed, still have a version string and the function table. Data may contain a magic by
//! chance, so every place but the first also requires signs of Go in the rest of the program.

use super::tables::pclntab::Pclntab;
use super::tables::{Tables, build_version};
use super::written::build_id::go_note;
use super::written::buildinfo::{self, NoBlob};
use super::written::compiler::{self, Compiler, Foreign};
use super::written::modinfo;
use gospect_exe::{Format, Image, Kind, Segment};
use gospect_record::BuildInfoSource;
use memchr::memmem;
use std::ops::ControlFlow;

/// The build info of one Go program as found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'i> {
    /// Recorded toolchain version.
    pub version: Option<&'i [u8]>,
    /// Module text without framing.
    pub modinfo: Option<&'i [u8]>,
    /// Where the two came from; `None` when there is no build info.
    pub source: Option<BuildInfoSource>,
    /// Whether the strings are in the blob itself, which makes them copies.
    pub inline: bool,
    /// Whether the module text in the blob has its frame.
    pub framed: bool,
    /// Anything unusual.
    pub notes: Vec<String>,
    /// Set when another compiler than gc made the program.
    pub foreign: Option<Foreign>,
}

/// Identifies a program; `None` when it is not Go. `named` makes every effort, even for files that show no sign of Go; without
/// it such files cost nothing more.
pub fn identify<'i>(tables: &Tables<'i>, named: bool) -> Option<Identity<'i>> {
    let image = tables.image();
    let limit = tables.limits().build_info;
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
    // From here on the program must show other signs of Go.
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
        let version = build_version(tables);
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
        let version = build_version(tables);
        return Some(Identity {
            version,
            modinfo: Some(text),
            source: Some(BuildInfoSource::Scan),
            notes,
            ..Identity::default()
        });
    }
    let version = build_version(tables);
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

/// Other compilers write no blob and none of gc's tables. gccgo keeps the framed module text in read-only data if `go build`
/// ran it.
fn by_other_compiler<'i>(
    image: &'i Image<'_>,
    mut foreign: Foreign,
    limit: u64,
    mut notes: Vec<String>,
) -> Identity<'i> {
    let name = foreign.compiler.as_str();
    let mut modinfo = None;
    if foreign.compiler == Compiler::Gccgo {
        modinfo = scan_for_modinfo(image, None, limit);
        foreign.version = compiler::gccgo_version(image);
    }
    if foreign.version.is_none() {
        notes.push(format!(
            "built by {name}: the program does not name the Go release of its standard library"
        ));
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

/// Whether the headers allow that this is Go. Linkers keep section names, so a file with a section table but without Go's names
/// is not Go, with two exceptions: it has no section names at all, or it is static and has no unwind tables. Go's own linker
/// never writes unwind tables, so such a file may be its work with changed names.
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

/// Whether the headers of a program out of a packed file leave no room for Go, so that its code and data need not be expanded to look for a
/// function table. Two things must say so. All sections have names, and none is Go's. And nearly all code has unwind information, which
/// neither Go's compiler nor its linker writes: what C, C++ or Rust make has an entry for each function, a few hundred bytes apart, while the
/// runtime of Go alone is some hundred thousand bytes without one. Names are easily changed; where the two disagree, everything is looked at.
pub fn rules_out(image: &Image<'_>) -> bool {
    let is_other = image.format == Format::Elf
        && image.kind != Kind::Object
        && image.faults.is_empty()
        && !image.sections.is_empty()
        && image
            .sections
            .iter()
            .all(|s| s.size == 0 || !s.name.is_empty());
    is_other && is_unwound(image) && !may_be_go(image) && compiler::foreign(image).is_none()
}

/// Whether there are as many entries of unwind information as the code of other languages has.
fn is_unwound(image: &Image<'_>) -> bool {
    /// Bytes of code for an entry: Rust and C++ have 200 to 250, C up to 400.
    const MAX_BYTES_OF_CODE: u64 = 512;
    let code = image.segments.iter().filter(|s| s.executable);
    let code = code.fold(0u64, |sum, s| sum.saturating_add(s.size));
    let entries = image.unwind_entries.unwrap_or(0);
    code > 0 && code / MAX_BYTES_OF_CODE < entries
}

/// Whether a section name, or part of it, shows that Go's tools wrote it. Two letters rule out most names of other programs; a
/// search for each word in each name takes too long in trees of other programs.
fn is_go_name(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 5] = [b"gopclntab", b".go.", b"__go_", b"gosymtab", b"note.go."];
    let has_go = name.windows(2).any(|w| w == b"go");
    has_go && PARTS.iter().any(|p| memmem::find(name, p).is_some())
        || name.windows(8).any(|w| w == b"typelink")
}

/// Scans read-only and writable data for the framed module text. Code is searched only where a format has code and data in one
/// segment. The function table, which holds only names, and discardable parts are skipped.
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

/// The framed module text at an address, read in growing pieces until its end appears.
fn framed_at<'i>(image: &'i Image<'_>, address: u64, limit: u64) -> Option<&'i [u8]> {
    let mut size = 16 << 10;
    loop {
        let bytes = image.bytes_upto(address, size)?;
        if let Some(end) = memmem::find(bytes, &modinfo::END) {
            let text = modinfo::unframe(bytes.get(..end + 16)?)?;
            // Every module text starts with one of these lines; nothing like it follows the constants inside cmd/go itself.
            let starts = [&b"path\t"[..], b"mod\t", b"build\t"];
            return starts.iter().any(|s| text.starts_with(s)).then_some(text);
        }
        if (bytes.len() as u64) < size || size >= limit {
            return None;
        }
        size = size.saturating_mul(8).min(limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_bytes::Window;
    use gospect_exe::{self as exe, packed};

    /// A program in Rust that its publisher packed: what is read of it is little, whatever its size.
    #[test]
    fn the_first_blocks_of_a_packed_program_rule_out_go() {
        let file = include_bytes!("../../../testdata/packed/upx-5.21-lzma-arm");
        for checked in [false, true] {
            let inner = packed::outline(file, 64 << 20, checked).unwrap();
            let window = Window::new(&*inner, 64 << 20);
            let image = exe::open(&window).unwrap();
            assert!(rules_out(&image));
            let read = window.counts().bytes;
            assert!(read < 32 << 10 && read < inner.len() / 8, "{read} bytes");
        }
        let mut spoiled = file.to_vec();
        spoiled[200_000] ^= 1;
        assert!(packed::outline(&spoiled, 64 << 20, true).is_none());
    }
}
