//! Compares the parts that are not executed (build info, build ID, symbols, debug information, signature, headers), and what decides how the program is loaded.

use super::ProgramFacts;
use super::loading::loading;
use super::side::{Addresses, Side};
use gospect_exe::{Format, Part, parts};
use gospect_record::rebuild::{Difference, DifferentPart};
use gospect_record::{BuildInfo, Module};

/// The start of build info (src/debug/buildinfo/buildinfo.go).
const BUILD_INFO: &[u8] = b"\xff Go buildinf:";
/// What [`record_ranges`] calls build info.
pub const BUILD_INFO_NAME: &str = "build info";
/// The start of `crypto/internal/fips140/check.Linkinfo` (src/crypto/internal/fips140/check/check.go, Go 1.24).
const FIPS: &[u8] = b"\xff Go fipsinfo \xff\x00";
/// Size of the header of build info, before its texts.
const HEADER: u64 = 32;

/// Addresses of build info and of the checksum record of the FIPS module. Their facts are compared, not their bytes.
pub fn record_ranges(side: &Side<'_, '_>) -> Vec<(Addresses, &'static str)> {
    let mut all = Vec::new();
    let image = side.image;
    for segment in image
        .segments
        .iter()
        .filter(|s| !s.discardable && !s.executable)
    {
        let Some(bytes) = image.bytes(segment.address, segment.size) else {
            continue;
        };
        for (mark, size) in [
            (BUILD_INFO, HEADER),
            (FIPS, 16 + 32 + 9 * image.pointer_size()),
        ] {
            for at in memchr::memmem::find_iter(bytes, mark) {
                let start = segment.address + at as u64;
                if start.is_multiple_of(8) {
                    let is_record = mark == BUILD_INFO;
                    let (end, what) = match is_record {
                        true => (end_of_build_info(bytes, at), BUILD_INFO_NAME),
                        false => (None, "the FIPS 140 record"),
                    };
                    let end = end.map_or(start + size, |end| segment.address + end);
                    all.push((start..end, what));
                }
            }
        }
    }
    all
}

/// The end of build info whose texts follow its header (flag 2), counted from the start of `bytes`.
fn end_of_build_info(bytes: &[u8], at: usize) -> Option<u64> {
    const IN_PLACE: u8 = 2;
    if bytes.get(at + 15)? & IN_PLACE == 0 {
        return None;
    }
    let mut next = at + usize::try_from(HEADER).ok()?;
    for _ in 0..2 {
        let (mut length, mut shift) = (0u64, 0);
        loop {
            let byte = *bytes.get(next)?;
            next += 1;
            length |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        next = next.checked_add(usize::try_from(length).ok()?)?;
    }
    // Build info is padded to its alignment.
    let end = next.checked_next_multiple_of(16)?;
    (next <= bytes.len()).then_some(end.min(bytes.len()) as u64)
}

/// Data that may differ without an effect on the program: texts of build info, and paths of the build host.
pub struct HarmlessData {
    ranges: Vec<(Addresses, DifferentPart, &'static str)>,
    /// Addresses of build info.
    records: Vec<u64>,
}

impl HarmlessData {
    pub fn of(side: &Side<'_, '_>) -> Self {
        let image = side.image;
        let mut ranges = Vec::new();
        let strings = side.tables.strings();
        let modinfo = strings.modinfo();
        let goroot = goroot(side);
        for string in &strings.all {
            let is_version = string.text.starts_with(b"go1.") || string.text.starts_with(b"devel ");
            let is_modinfo = modinfo.is_some_and(|inner| {
                string.text.len() > inner.len() && contains(string.text, inner)
            });
            let known = if is_modinfo {
                (
                    DifferentPart::Record,
                    "the build info that the program reads itself",
                )
            } else if is_version {
                (
                    DifferentPart::Record,
                    "the version of the toolchain that the program reads itself",
                )
            } else if Some(string.text) == goroot.as_deref() {
                (DifferentPart::Paths, "GOROOT of the build host")
            } else {
                continue;
            };
            let word = image.pointer_size();
            let text = image.pointer(string.address).unwrap_or_default();
            ranges.push((text..text + string.text.len() as u64 + 1, known.0, known.1));
            ranges.push((string.address..string.address + 2 * word, known.0, known.1));
        }
        let places = record_ranges(side).into_iter();
        Self {
            ranges,
            records: places.map(|place| place.0.start).collect(),
        }
    }

    /// Whether a range is `go:buildinfo.ref`, a pointer that keeps build info in the program (src/cmd/link/internal/ld/data.go, `buildinfo`).
    fn is_reference(&self, side: &Side<'_, '_>, range: &Addresses) -> bool {
        let word = side.image.pointer_size();
        let is_word = range.end - range.start == word && range.start.is_multiple_of(word);
        is_word
            && side
                .image
                .pointer(range.start)
                .is_some_and(|to| self.records.contains(&to))
    }

    /// The part that a range belongs to: `Some(None)` for padding, `None` when it is not harmless.
    pub fn part(
        &self,
        side: &Side<'_, '_>,
        range: &Addresses,
    ) -> Option<Option<(DifferentPart, &'static str)>> {
        let size = range.end.saturating_sub(range.start);
        let bytes = match size {
            0 => return Some(None),
            _ => side.image.bytes(range.start, size)?,
        };
        if self.is_reference(side, range) {
            return Some(Some((
                DifferentPart::Record,
                "the reference that keeps build info",
            )));
        }
        let mut found = None;
        for (at, byte) in (range.start..).zip(bytes) {
            if *byte == 0 && found.is_none() {
                continue;
            }
            match self.ranges.iter().find(|known| known.0.contains(&at)) {
                Some(known) => found = Some((known.1, known.2)),
                None if *byte == 0 => {}
                None => return None,
            }
        }
        Some(found)
    }
}

fn contains(text: &[u8], inner: &[u8]) -> bool {
    memchr::memmem::find(text, inner).is_some()
}

/// The default GOROOT: the value of its variable, else the first string that looks like a GOROOT.
fn goroot(side: &Side<'_, '_>) -> Option<Vec<u8>> {
    let address = side.image.symbol_address(b"runtime.defaultGOROOT");
    let strings = &side.tables.strings().all;
    let by_name = address.and_then(|at| strings.iter().find(|s| s.address == at));
    let is_path = |text: &[u8]| text.starts_with(b"/") || text.get(1..3) == Some(b":\\");
    let looks_like_goroot = |text: &[u8]| {
        let last = text
            .rsplit(|b| matches!(b, b'/' | b'\\'))
            .next()
            .unwrap_or_default();
        is_path(text) && (last.starts_with(b"go") || contains(text, b"/toolchain@"))
    };
    let found = by_name.or_else(|| strings.iter().find(|s| looks_like_goroot(s.text)));
    found.map(|s| s.text.to_vec())
}

/// Compares the parts that are not executed, and what decides how the program is loaded.
pub fn compare(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    records: &[ProgramFacts; 2],
) -> Vec<Difference> {
    let [a, b] = records;
    let mut all = Vec::new();
    let empty = BuildInfo::default();
    let (x, y) = (a.binary.build_info.as_ref(), b.binary.build_info.as_ref());
    all.extend(build_info(x.unwrap_or(&empty), y.unwrap_or(&empty)));
    let ids = (&a.binary.executable.build_id, &b.binary.executable.build_id);
    if ids.0 != ids.1 {
        let text = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        all.push(Difference {
            part: DifferentPart::BuildId,
            bytes: text(ids.0)
                .bytes()
                .zip(text(ids.1).bytes())
                .filter(|(x, y)| x != y)
                .count() as u64,
            what: build_id(&text(ids.0), &text(ids.1)),
        });
    }
    all.extend(not_loaded(old, new));
    all.extend(loading(old, new, records));
    all
}

/// Which parts of the build ID differ: action of the link, action and content of the main package, content of the program
/// (src/cmd/go/internal/work/buildid.go).
fn build_id(old: &str, new: &str) -> String {
    let names = [
        "the inputs of the link",
        "the inputs of the main package",
        "the compiled main package",
        "the program",
    ];
    let (a, b): (Vec<&str>, Vec<&str>) = (old.split('/').collect(), new.split('/').collect());
    if a.len() != names.len() || b.len() != names.len() {
        return format!("Go build ID: `{old}` is `{new}`");
    }
    let differing: Vec<&str> = names
        .iter()
        .zip(a.iter().zip(&b))
        .filter(|(_, (x, y))| x != y)
        .map(|(name, _)| *name)
        .collect();
    format!("Go build ID: other hash of {}", differing.join(", "))
}

/// Lines of the build info that differ, as `go version -m` prints them.
fn build_info(old: &BuildInfo, new: &BuildInfo) -> Vec<Difference> {
    let (a, b) = (build_info_lines(old), build_info_lines(new));
    let mut all = Vec::new();
    let key = |line: &str| -> String {
        let mut words = line.split(['\t', '=']);
        let kind = words.next().unwrap_or_default();
        match kind {
            "go" | "path" => kind.to_owned(),
            _ => format!("{kind}\t{}", words.next().unwrap_or_default()),
        }
    };
    let short = |line: &str| line.replace('\t', " ");
    for line in a.iter().filter(|line| !b.contains(line)) {
        let other = b
            .iter()
            .find(|other| key(other) == key(line) && !a.contains(other));
        all.push(Difference {
            part: DifferentPart::Record,
            bytes: line.len().max(other.map_or(0, |o| o.len())) as u64,
            what: match other {
                Some(other) => format!("`{}` is `{}`", short(line), short(other)),
                None => format!("`{}` is only in the old program", short(line)),
            },
        });
    }
    let is_new = |line: &&String| {
        !a.contains(line)
            && !a
                .iter()
                .any(|other| key(other) == key(line) && !b.contains(other))
    };
    all.extend(b.iter().filter(is_new).map(|line| Difference {
        part: DifferentPart::Record,
        bytes: line.len() as u64,
        what: format!("`{}` is only in the new program", short(line)),
    }));
    all
}

/// The lines of build info.
fn build_info_lines(info: &BuildInfo) -> Vec<String> {
    let module = |kind: &str, module: &Module| {
        format!(
            "{kind}\t{}\t{}\t{}",
            module.path, module.version, module.sum
        )
    };
    let mut all = vec![
        format!("go\t{}", info.go_version),
        format!("path\t{}", info.path),
        module("mod", &info.main),
    ];
    for dep in &info.deps {
        all.push(module("dep", dep));
        all.extend(
            dep.replace
                .as_deref()
                .map(|other| module(&format!("=> of {}", dep.path), other)),
        );
    }
    all.extend(
        info.settings
            .iter()
            .map(|s| format!("build\t{}={}", s.key, s.value)),
    );
    all
}

/// Compares the parts of the files that are not loaded into memory, and the headers.
fn not_loaded(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<Difference> {
    let (a, b) = (bytes_by_part(old), bytes_by_part(new));
    let mut all = Vec::new();
    for (part, what) in [
        (DifferentPart::Symbols, "symbol table"),
        (
            DifferentPart::Debug,
            "symbols for debuggers and debug information",
        ),
        (DifferentPart::Signature, "signature"),
        (
            DifferentPart::Layout,
            "headers and tables of the loader: sizes and places",
        ),
        (DifferentPart::BuildId, "build ID notes"),
    ] {
        let of_part = |parts: &[(DifferentPart, Vec<u8>)]| -> Vec<u8> {
            parts
                .iter()
                .filter(|(kind, _)| *kind == part)
                .flat_map(|(_, bytes)| bytes.iter().copied())
                .collect()
        };
        let (x, y) = (of_part(&a), of_part(&b));
        if x != y {
            let unequal =
                x.iter().zip(&y).filter(|(x, y)| x != y).count() + x.len().abs_diff(y.len());
            let what = match (x.is_empty(), y.is_empty()) {
                (true, false) => format!("{what}: only in the new program"),
                (false, true) => format!("{what}: only in the old program"),
                _ => what.to_owned(),
            };
            all.push(Difference {
                part,
                bytes: unequal as u64,
                what,
            });
        }
    }
    all
}

/// The bytes of a file that are not loaded into memory, by part.
fn bytes_by_part(side: &Side<'_, '_>) -> Vec<(DifferentPart, Vec<u8>)> {
    let image = side.image;
    let window = image.window();
    let mut all = Vec::new();
    let is_elf = image.format == Format::Elf;
    if is_elf {
        for section in image
            .sections
            .iter()
            .filter(|s| s.address == 0 && s.file_size > 0)
        {
            let name = section.name.as_ref();
            let part = match name {
                b".symtab" | b".strtab" => DifferentPart::Symbols,
                b".shstrtab" => DifferentPart::Layout,
                _ => DifferentPart::Debug,
            };
            let bytes = window
                .get(section.offset, section.file_size)
                .unwrap_or_default();
            all.push((part, bytes.to_vec()));
        }
        for note in image
            .sections
            .iter()
            .filter(|s| s.name.as_ref() == b".note.gnu.build-id")
        {
            let bytes = window.get(note.offset, note.file_size).unwrap_or_default();
            all.push((DifferentPart::BuildId, bytes.to_vec()));
        }
    }
    for (offset, size, part) in parts(image).runs() {
        let part = match part {
            Part::Debug if !is_elf => DifferentPart::Debug,
            Part::Signature => DifferentPart::Signature,
            Part::Other => DifferentPart::Layout,
            _ => continue,
        };
        let bytes = window.get(offset, size).unwrap_or_default();
        all.push((part, bytes.to_vec()));
    }
    all
}
