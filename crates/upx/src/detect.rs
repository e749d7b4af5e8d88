//! Finds the packer of a file from its first and last bytes.

use super::container::Container;
use super::header::{self, PackHeader, method_name};
use super::{Packer, elf, macho, pe};

/// Bytes at the start of a file that [`detect`] needs.
pub const HEAD_WINDOW: usize = 8 << 10;
/// Bytes at the end of a file that [`detect`] needs.
pub const TAIL_WINDOW: usize = 16 << 10;

/// The name under which UPX is reported.
pub(super) const UPX: &str = "UPX";

/// Prefixes of PE section names that only one packer writes, in the order in which they are tried.
const SECTION_NAMES: &[(&str, &str)] = &[
    ("UPX0", UPX),
    ("UPX1", UPX),
    (".UPX0", UPX),
    (".UPX1", UPX),
    (".MPRESS1", "MPRESS"),
    (".MPRESS2", "MPRESS"),
    (".aspack", "ASPack"),
    (".ASPack", "ASPack"),
    ("ASPack", "ASPack"),
    (".vmp0", "VMProtect"),
    (".vmp1", "VMProtect"),
    (".vmp2", "VMProtect"),
    (".themida", "Themida"),
    ("Themida", "Themida"),
    (".winlice", "WinLicense"),
    (".enigma1", "Enigma"),
    (".enigma2", "Enigma"),
    (".petite", "Petite"),
    (".nsp0", "NsPack"),
    (".nsp1", "NsPack"),
    ("PEC2", "PECompact"),
    ("PECompac", "PECompact"),
    (".Upack", "Upack"),
    (".RLPack", "RLPack"),
    ("kkrunchy", "kkrunchy"),
    (".svkp", "SVKP"),
    ("PEPACK!!", "PEPack"),
    (".WWPACK", "WWPack"),
    ("WWP32", "WWPack"),
    (".perplex", "Perplex"),
    ("pebundle", "PEBundle"),
    ("PEBundle", "PEBundle"),
];

/// The packer of an executable with the first bytes `head` (up to [`HEAD_WINDOW`]) and the last bytes `tail` (up to
/// [`TAIL_WINDOW`]; may be empty). `None` for no known packer.
///
/// For programs the head is enough. The tail adds UPX's release for ELF and Mach-O, and is the only sign of shared libraries
/// packed by UPX. A packer's text in the data of a program is not a sign: records are only looked for where the packer puts them,
/// and must be consistent.
pub fn detect(head: &[u8], tail: &[u8]) -> Option<Packer> {
    let head = head.get(..HEAD_WINDOW.min(head.len()))?;
    match Container::of(head)? {
        Container::Elf => stream(elf::start(head).map(|start| start.method), tail),
        Container::MachO => stream(macho::start(head).map(|start| start.method), tail),
        Container::Pe => portable(head),
    }
}

/// UPX in ELF and Mach-O: by the start of the stream in the head, or by the record at the end of the file.
fn stream(method: Option<u8>, tail: &[u8]) -> Option<Packer> {
    let tail = tail.get(tail.len().saturating_sub(TAIL_WINDOW)..)?;
    let method = method.or_else(|| last_record(tail).map(|record| record.method))?;
    Some(Packer {
        name: UPX,
        version: header::release(tail),
        method: method_name(method),
    })
}

/// The end record at the very end of the file, with its magic: 36 bytes, followed only by zeros.
fn last_record(tail: &[u8]) -> Option<PackHeader> {
    // The offset after the record may end with zero bytes itself, if it is below 2^24.
    let end = tail.iter().rposition(|byte| *byte != 0)? + 1;
    (0..4).find_map(|zeros| {
        let at = (end + zeros).checked_sub(header::LEN + 4)?;
        (tail.get(at..at + 4)? == header::MAGIC).then(|| PackHeader::read(tail, at))?
    })
}

fn portable(head: &[u8]) -> Option<Packer> {
    let pe = pe::Pe::read(head)?;
    let sections = pe.sections();
    if let Some((end, record)) = pe::record(head) {
        // The release comes before the record and ends with a zero byte.
        let before = head.get(..end - header::LEN).unwrap_or_default();
        let text = before
            .strip_suffix(&[0])
            .and_then(|text| text.get(text.len().saturating_sub(4)..));
        let version = text.and_then(header::number);
        return Some(Packer {
            name: UPX,
            version,
            method: method_name(record.method),
        });
    }
    let named = SECTION_NAMES.iter().find(|(prefix, _)| {
        sections
            .iter()
            .any(|section| section.name.starts_with(prefix.as_bytes()))
    });
    let name = named
        .map(|(_, name)| *name)
        .or_else(|| fsg(head, &sections))?;
    Some(Packer {
        name,
        version: None,
        method: None,
    })
}

/// FSG names no section, but has a signature among the headers.
fn fsg(head: &[u8], sections: &[pe::Section]) -> Option<&'static str> {
    let nameless = !sections.is_empty() && sections.iter().all(|section| section.name == [0; 8]);
    let headers = head.get(..0x200.min(head.len()))?;
    (nameless && memchr::memmem::find(headers, b"FSG!").is_some()).then_some("FSG")
}
