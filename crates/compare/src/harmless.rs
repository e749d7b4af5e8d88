//! Data that may differ although both programs do the same: texts of build info, and paths of the build host.
//!
//! Only the runtime's own variables have such texts. The code that reads them shows which they are, because a value of `-X` can look like any of them.

use super::records::record_ranges;
use super::side::{Addresses, Side};
use gospect_go::calls::decode::{Code, Reference, decoder};
use gospect_go::tables::inlining;
use gospect_record::rebuild::DifferentPart;

/// A variable of the runtime whose text may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnString {
    ModuleText,
    Version,
    Goroot,
}

impl OwnString {
    fn part(self) -> DifferentPart {
        match self {
            Self::ModuleText | Self::Version => DifferentPart::Record,
            Self::Goroot => DifferentPart::Paths,
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::ModuleText => "the build info that the program reads itself",
            Self::Version => "the version of the toolchain that the program reads itself",
            Self::Goroot => "GOROOT of the build host",
        }
    }
}

/// Where such a variable is.
struct Variable {
    what: OwnString,
    /// Pointer and length.
    header: Addresses,
    /// Its text with the NUL after it; empty if another variable has the text too.
    text: Addresses,
}

/// Where one program has such data.
pub struct HarmlessData {
    variables: Vec<Variable>,
    /// Addresses of build info.
    records: Vec<u64>,
}

impl HarmlessData {
    pub fn of(side: &Side<'_, '_>) -> Self {
        let word = side.image.pointer_size();
        let text_of = |address: u64, size: usize| {
            let start = side.image.pointer(address).unwrap_or_default();
            start..start.saturating_add(size as u64 + 1)
        };
        let own = own_strings(side);
        let all = &side.tables.strings().all;
        let others = all.iter().filter(|s| own.iter().all(|o| o.1 != s.address));
        let others: Vec<Addresses> = others.map(|s| text_of(s.address, s.text.len())).collect();
        let variables = own.into_iter().filter_map(|(what, address)| {
            let string = all.iter().find(|s| s.address == address)?;
            let text = text_of(address, string.text.len());
            let is_shared = |other: &Addresses| other.start < text.end && text.start < other.end;
            Some(Variable {
                what,
                header: address..address.saturating_add(2 * word),
                text: match others.iter().any(is_shared) {
                    true => text.start..text.start,
                    false => text,
                },
            })
        });
        let records = record_ranges(side).into_iter();
        Self {
            variables: variables.collect(),
            records: records.map(|(addresses, _)| addresses.start).collect(),
        }
    }

    /// The variable whose header includes an address, and the offset in it.
    pub fn header_at(&self, address: u64) -> Option<(OwnString, u64)> {
        let mut all = self.variables.iter();
        let variable = all.find(|v| v.header.contains(&address))?;
        Some((variable.what, address - variable.header.start))
    }

    /// The variable whose text includes an address, and the offset in it.
    pub fn text_at(&self, address: u64) -> Option<(OwnString, u64)> {
        let mut all = self.variables.iter();
        let variable = all.find(|v| v.text.contains(&address))?;
        Some((variable.what, address - variable.text.start))
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
        let mut belongs_to = None;
        for (address, byte) in (range.start..).zip(bytes) {
            if *byte == 0 && belongs_to.is_none() {
                continue;
            }
            match self.header_at(address).or(self.text_at(address)) {
                Some((what, _)) => belongs_to = Some((what.part(), what.what())),
                None if *byte == 0 => {}
                None => return None,
            }
        }
        Some(belongs_to)
    }
}

/// The runtime's own linker strings, by address of their headers: those that its code reads, and the symbols of the file.
fn own_strings(side: &Side<'_, '_>) -> Vec<(OwnString, u64)> {
    let strings = &side.tables.strings().all;
    let header = |address: u64| {
        let after = strings.partition_point(|s| s.address <= address);
        let string = strings.get(after.checked_sub(1)?)?;
        let size = 2 * side.image.pointer_size();
        (address - string.address < size).then_some(string)
    };
    let mut all = Vec::new();
    // It reads both, so that the linker keeps them (src/runtime/proc.go).
    let start = (0..side.rows.all.len()).find(|i| side.rows.name(*i) == Some(b"runtime.schedinit"));
    for target in start
        .map(|i| function_references(side, i))
        .unwrap_or_default()
    {
        let Some(string) = header(target) else {
            continue;
        };
        let modinfo = side.tables.strings().modinfo();
        let is_modinfo = modinfo.is_some_and(|inner| {
            string.text.len() > inner.len() && memchr::memmem::find(string.text, inner).is_some()
        });
        let is_version = [b"go1.".as_slice(), b"devel "]
            .iter()
            .any(|start| string.text.starts_with(start));
        match (is_modinfo, is_version) {
            (true, _) => all.push((OwnString::ModuleText, string.address)),
            (_, true) => all.push((OwnString::Version, string.address)),
            _ => {}
        }
    }
    let goroot = goroot(side).and_then(|address| header(address).filter(|s| s.address == address));
    all.extend(goroot.map(|string| (OwnString::Goroot, string.address)));
    all.sort_unstable_by_key(|own| own.1);
    all.dedup_by_key(|own| own.1);
    all
}

/// The addresses that a function uses.
fn function_references(side: &Side<'_, '_>, function: usize) -> Vec<u64> {
    let row = side.rows.all.get(function);
    let code = side.code(function).zip(row);
    code.map_or_else(Vec::new, |(code, row)| references(side, code, row.start))
}

/// The addresses that some code uses, in the order of its instructions.
fn references(side: &Side<'_, '_>, bytes: &[u8], start: u64) -> Vec<u64> {
    let mut all = Vec::new();
    let Some(decode) = decoder(side.image.arch.unwrap_or_default()) else {
        return all;
    };
    let code = Code {
        bytes,
        start,
        big_endian: side.image.big_endian,
        toc: gospect_go::calls::toc(side.image),
        imported: side.imported(),
    };
    decode(code, &mut |_, reference| match reference {
        Reference::Address(address) | Reference::Part(address) => all.push(address),
        Reference::Call(_) | Reference::Jump(_) => {}
    });
    all
}

/// The header of the variable that `runtime.GOROOT` returns, or another address if it is not set: the first variable that the code of the function uses,
/// wherever it was inlined. Where the code cannot be read, the string with the GOROOT that the source files show.
fn goroot(side: &Side<'_, '_>) -> Option<u64> {
    /// The result may be loaded after the instructions that the inline tree assigns to the function.
    const TAIL: u64 = 64;
    /// The function is no more than a call, a comparison and the loads.
    const MAX_LENGTH: u64 = 1024;
    let image = side.image;
    let minor = side.build_info().go_version;
    let minor = minor.strip_prefix("go1.").and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
    });
    let ranges = inlining::ranges(side.tables, b"runtime.GOROOT", minor);
    let Some(ranges) = ranges.filter(|_| !side.is_wasm()) else {
        return by_files(side);
    };
    let is_variable = |address: &u64| {
        side.zeroed.contains(address)
            || image
                .segment_at(*address)
                .is_some_and(|s| s.writable && !s.executable)
    };
    let mut found = None;
    for range in ranges {
        let end = range.end.saturating_add(TAIL).min(range.function_end);
        let size = end.saturating_sub(range.start).min(MAX_LENGTH);
        let code = image.bytes(range.start, size)?;
        let used = references(side, code, range.start);
        let Some(address) = used.into_iter().find(is_variable) else {
            continue;
        };
        let strings = &side.tables.strings().all;
        // The length may be read first.
        let headers = [address, address.saturating_sub(image.pointer_size())];
        let is_header = |a: &u64| strings.iter().any(|s| s.address == *a);
        let header = headers.into_iter().find(is_header)?;
        if found.is_some_and(|other| other != header) {
            return None;
        }
        found = Some(header);
    }
    found
}

/// The linker string with the GOROOT that the source files show.
fn by_files(side: &Side<'_, '_>) -> Option<u64> {
    let goroot = side.facts.binary.goroot.as_ref()?;
    let (value, runtime) = (goroot.value.as_ref()?, goroot.runtime.as_ref()?);
    let strings = side.tables.strings().all.iter();
    let mut equal = strings.filter(|s| s.text == runtime.as_bytes() && value == runtime);
    let first = equal.next()?;
    equal.next().is_none().then_some(first.address)
}
