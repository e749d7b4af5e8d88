//! Compares what decides how programs are loaded and where they start.

use super::side::Side;
use gospect_exe::{Format, Segment, wasm_section};
use gospect_record::Checksum;
use gospect_record::rebuild::{Difference, DifferentPart};

/// Sections of a WebAssembly module that decide what is run, besides code and data (core specification, 5.5.2).
const WASM_SECTIONS: [(u8, &str); 8] = [
    (1, "types of functions"),
    (2, "imports"),
    (3, "functions of the types"),
    (4, "tables"),
    (6, "globals"),
    (7, "exports"),
    (8, "function to start with"),
    (9, "functions in the tables"),
];

/// Compares what decides how the programs are loaded, and the bytes after their ends.
pub fn loading(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut differ = |bytes: u64, what: String| {
        all.push(Difference {
            part: DifferentPart::Data,
            bytes,
            what,
        });
    };
    let permissions = |side: &Side<'_, '_>| -> Vec<(bool, bool)> {
        let segments = side
            .image
            .segments
            .iter()
            .filter(|s| !s.discardable && s.size > 0);
        segments.map(|s| (s.writable, s.executable)).collect()
    };
    if permissions(old) != permissions(new) {
        differ(0, "segments with other permissions".to_owned());
    }
    let (old_start, new_start) = (start(old), start(new));
    if old_start != new_start {
        differ(
            0,
            format!("it starts in {new_start} and not in {old_start}"),
        );
    }
    for (id, what) in WASM_SECTIONS {
        let (old_bytes, new_bytes) = (wasm_section(old.image, id), wasm_section(new.image, id));
        if old_bytes != new_bytes {
            let size = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
            differ(
                size(old_bytes).max(size(new_bytes)) as u64,
                format!("other {what}"),
            );
        }
    }
    if old.facts.binary.linkage != new.facts.binary.linkage {
        differ(
            0,
            "it is linked with other libraries, or for another loader".to_owned(),
        );
    }
    let fips_checksum = |side: &Side<'_, '_>| {
        let fips = side.facts.binary.fips.as_ref()?;
        fips.checksum.as_ref()?.known()
    };
    let checksums = [fips_checksum(old), fips_checksum(new)];
    if checksums[0] != checksums[1] && checksums.contains(&Some(Checksum::Invalid)) {
        differ(
            32,
            "the sum of the FIPS 140 module is wrong in one of them".to_owned(),
        );
    }
    let bytes_after_end = |side: &Side<'_, '_>| -> Vec<u8> {
        let window = side.image.window();
        let end = side
            .facts
            .end
            .unwrap_or_else(|| window.len())
            .min(window.len());
        window
            .get(end, window.len() - end)
            .unwrap_or_default()
            .to_vec()
    };
    let (old_bytes, new_bytes) = (bytes_after_end(old), bytes_after_end(new));
    if old_bytes != new_bytes {
        differ(
            old_bytes.len().max(new_bytes.len()) as u64,
            "bytes after the end of the executable".to_owned(),
        );
    }
    all
}

/// The function in which the program starts, and the offset of the entry in it.
fn start(side: &Side<'_, '_>) -> String {
    let Some(address) = entry(side) else {
        return "no place that is known".to_owned();
    };
    let function = side
        .rows
        .at(address)
        .and_then(|i| Some((i, side.rows.all.get(i)?)));
    match function {
        Some((i, row)) if row.start == address => side.name(i),
        Some((i, row)) => format!("byte {} of {}", address - row.start, side.name(i)),
        // Code of C, which is compared without names.
        None if side.image.segment_at(address).is_some() => {
            "code outside of the function table".to_owned()
        }
        None => "nowhere".to_owned(),
    }
}

/// The address at which the program starts; WebAssembly modules have exports instead.
fn entry(side: &Side<'_, '_>) -> Option<u64> {
    let image = side.image;
    let window = image.window();
    let number = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    match image.format {
        Format::Elf => number(24, image.pointer_size()),
        Format::Pe => {
            let optional = pe_optional_header(side)?;
            pe_base(side)?.checked_add(number(optional.checked_add(16)?, 4)?)
        }
        Format::MachO => macho_entry(side),
        _ => None,
    }
}

/// The address at which a PE file is loaded (`ImageBase`).
pub fn pe_base(side: &Side<'_, '_>) -> Option<u64> {
    let image = side.image;
    let window = image.window();
    let number = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    if image.format != Format::Pe {
        return None;
    }
    let optional = pe_optional_header(side)?;
    match image.bits {
        64 => number(optional.checked_add(24)?, 8),
        _ => number(optional.checked_add(28)?, 4),
    }
}

/// Offset of the optional header of a PE file (`e_lfanew` and 24 bytes: the signature and the file header).
fn pe_optional_header(side: &Side<'_, '_>) -> Option<u64> {
    let image = side.image;
    image.number(image.window().get(0x3c, 4)?).checked_add(24)
}

/// The entry that the load commands of a Mach-O file name: an offset in the file (`LC_MAIN`), or registers (`LC_UNIXTHREAD`;
/// xnu, EXTERNAL_HEADERS/mach-o/loader.h).
fn macho_entry(side: &Side<'_, '_>) -> Option<u64> {
    const LC_UNIXTHREAD: u64 = 0x5;
    const LC_MAIN: u64 = 0x8000_0028;
    /// More commands than this are not looked at.
    const COMMANDS: u64 = 4096;
    let image = side.image;
    let window = image.window();
    let number = |at: u64, size: u64| window.get(at, size).map(|b| image.number(b));
    let mut at = if image.bits == 64 { 32 } else { 28 };
    for _ in 0..number(16, 4)?.min(COMMANDS) {
        let size = number(at + 4, 4)?;
        match number(at, 4)? {
            LC_MAIN => {
                let offset = number(at + 8, 8)?;
                let holds = |s: &&Segment| offset.checked_sub(s.offset).is_some_and(|o| o < s.size);
                let segment = image.segments.iter().find(holds)?;
                return segment.address.checked_add(offset - segment.offset);
            }
            LC_UNIXTHREAD => {
                // After the command, flavor and count: the registers, with the program counter at its place in the flavor of the architecture.
                let (place, width) = match image.arch? {
                    "amd64" => (16, 8),
                    "arm64" => (32, 8),
                    "386" => (10, 4),
                    _ => (15, 4),
                };
                return number(at.checked_add(16 + place * width)?, width);
            }
            _ => at = at.checked_add(size.max(8))?,
        }
    }
    None
}
