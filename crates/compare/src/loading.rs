//! Compares what decides how programs are loaded and where they start.

use super::pages::outside_of_segments;
use super::records::{FIPS_NAME, record_ranges};
use super::side::Side;
use gospect_exe::loader::{self, Statement};
use gospect_exe::{Format, Segment, wasm_section};
use gospect_go::tables::pclntab::Layout;
use gospect_record::Checksum;
use gospect_record::rebuild::{Difference, DifferentPart};

/// Sections of a WebAssembly module that decide what is run, besides code and data (core specification, 5.5.2).
const WASM_SECTIONS: [(u8, &str); 10] = [
    (1, "types of functions"),
    (2, "imports"),
    (3, "functions of the types"),
    (4, "tables"),
    (6, "globals"),
    (7, "exports"),
    (8, "function to start with"),
    (9, "functions in the tables"),
    (12, "number of pieces of data"),
    (13, "exceptions"),
];

/// Whether an address of the old program and one of the new program are the same place.
pub type AreSame<'f> = dyn Fn(u64, u64) -> bool + 'f;

/// Compares what decides how the programs are loaded, and the bytes after their ends.
pub fn loading(old: &Side<'_, '_>, new: &Side<'_, '_>, are_same: &AreSame<'_>) -> Vec<Difference> {
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
    } else if let (Some(from), Some(to)) = (entry(old), entry(new))
        && !are_same(from, to)
    {
        differ(0, format!("it starts at {to:#x} and not at {from:#x}"));
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
    all.extend(wasm_memory(old, new));
    all.extend(xcoff_loader(old, new));
    all.extend(statements(old, new, are_same));
    let mut differ = |bytes: u64, what: String| {
        all.push(Difference {
            part: DifferentPart::Data,
            bytes,
            what,
        });
    };
    if old.facts.binary.linkage != new.facts.binary.linkage {
        differ(
            0,
            "it is linked with other libraries, or for another loader".to_owned(),
        );
    }
    if let Some(what) = fips(old, new, are_same) {
        differ(32, what.to_owned());
    }
    let are_fitting = |unit| table_fits(old, unit) && table_fits(new, unit);
    if !UNIT_SIZES.into_iter().any(are_fitting) {
        differ(
            0,
            "moduledata describes another function table than the header of the table does"
                .to_owned(),
        );
    }
    if let Some(what) = outside_of_segments(old).or(outside_of_segments(new)) {
        differ(0, what.to_owned());
    }
    let (old_bytes, new_bytes) = (bytes_after_end(old), bytes_after_end(new));
    if old_bytes != new_bytes {
        differ(
            old_bytes.len().max(new_bytes.len()) as u64,
            "bytes after the end of the executable".to_owned(),
        );
    }
    all
}

fn bytes_after_end<'t>(side: &Side<'t, '_>) -> &'t [u8] {
    let window = side.image.window();
    let end = side.facts.end.unwrap_or(window.len()).min(window.len());
    window.get(end, window.len() - end).unwrap_or_default()
}

/// Compares the section of XCOFF files by which the loader of AIX binds names to places. It lies in no segment, and is not taken apart.
fn xcoff_loader(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Option<Difference> {
    let section = |side: &Side<'_, '_>| {
        let image = side.image;
        let section = image.section(b".loader");
        let section = section.filter(|_| image.format == Format::Xcoff)?;
        let bytes = image.window().get(section.offset, section.file_size);
        Some(bytes.map(<[u8]>::to_vec))
    };
    let (from, to) = (section(old), section(new));
    (from != to).then(|| Difference {
        part: DifferentPart::Data,
        bytes: 0,
        what: "the loader is told otherwise: .loader is not taken apart".to_owned(),
    })
}

/// Compares the memory section of WebAssembly modules. Go's linker gives the program some memory behind its data, in whole pages
/// (src/cmd/link/internal/wasm/asm.go, `writeMemorySec`), so that longer data may need a page more.
fn wasm_memory(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Option<Difference> {
    const MEMORY: u8 = 5;
    const PAGE: u64 = 64 << 10;
    /// One memory without a maximum.
    const PLAIN: [u8; 2] = [1, 0];
    let section = |side: &Side<'_, '_>| wasm_section(side.image, MEMORY).map(<[u8]>::to_vec);
    let (from, to) = (section(old), section(new));
    if from == to {
        return None;
    }
    // Bytes behind the data; the number of pages is a LEB128.
    let spare = |side: &Side<'_, '_>, section: Option<&[u8]>| {
        let pages = section?.strip_prefix(&PLAIN)?;
        let (last, front) = pages.split_last()?;
        let is_whole = last & 0x80 == 0 && front.iter().all(|byte| byte & 0x80 != 0);
        let count = pages.iter().rev().try_fold(0u64, |count, byte| {
            count.checked_mul(128)?.checked_add(u64::from(byte & 0x7f))
        })?;
        count
            .checked_mul(PAGE)?
            .checked_sub(side.zeroed.end)
            .filter(|_| is_whole)
    };
    let spares = (spare(old, from.as_deref()), spare(new, to.as_deref()));
    let is_same = match spares {
        (Some(of_old), Some(of_new)) => of_old.abs_diff(of_new) < PAGE,
        _ => false,
    };
    (!is_same).then(|| Difference {
        part: DifferentPart::Data,
        bytes: 0,
        what: "other size of the memory".to_owned(),
    })
}

/// Compares the records of the FIPS 140 module: its sum, and the ranges that the sum is over (src/crypto/internal/fips140/check/check.go).
fn fips(old: &Side<'_, '_>, new: &Side<'_, '_>, are_same: &AreSame<'_>) -> Option<&'static str> {
    /// The record starts with its mark; the sum and the pointers follow.
    const SUM: std::ops::Range<u64> = 16..48;
    /// The record itself, then start and end of four ranges.
    const POINTERS: u64 = 9;
    let checksum = |side: &Side<'_, '_>| {
        let fips = side.facts.binary.fips.as_ref()?;
        fips.checksum.as_ref()?.known()
    };
    let checksums = [checksum(old), checksum(new)];
    if checksums[0] != checksums[1] && checksums.contains(&Some(Checksum::Invalid)) {
        return Some("the sum of the FIPS 140 module is wrong in one of them");
    }
    let record = |side: &Side<'_, '_>| {
        let mut ranges = record_ranges(side).into_iter();
        Some(ranges.find(|(_, what)| *what == FIPS_NAME)?.0.start)
    };
    let (from, to) = match (record(old), record(new)) {
        (Some(from), Some(to)) => (from, to),
        (None, None) => return None,
        _ => return Some("only one of them has a record of the FIPS 140 module"),
    };
    let sum = |side: &Side<'_, '_>, at: u64| {
        let bytes = side.image.bytes(at + SUM.start, SUM.end - SUM.start);
        bytes.map(<[u8]>::to_vec)
    };
    // Two sums that hold may differ: the module has addresses too.
    if checksums != [Some(Checksum::Valid); 2] && sum(old, from) != sum(new, to) {
        return Some("other sum of the FIPS 140 module");
    }
    let word = old.image.pointer_size();
    let is_other = |i: u64| {
        let at = SUM.end + i * word;
        let pointers = (old.image.pointer(from + at), new.image.pointer(to + at));
        match pointers {
            (Some(of_old), Some(of_new)) if i == 0 => of_old != from || of_new != to,
            (Some(of_old), Some(of_new)) => {
                !(of_old == 0 && of_new == 0 || are_same(of_old, of_new))
            }
            _ => true,
        }
    };
    (0..POINTERS)
        .any(is_other)
        .then_some("the sum of the FIPS 140 module is over other data")
}

/// What the length of the files of units in moduledata counts: bytes up to Go 1.25, then elements of four bytes (src/cmd/link/internal/ld/symtab.go, `cutab`).
const UNIT_SIZES: [u64; 2] = [1, 4];

/// Whether the runtime finds the parts of the function table by moduledata where this comparison found them by the header of the table
/// (src/runtime/symtab.go, `pcHeader` and `moduledata`, Go 1.16 and newer). `unit` is one of [`UNIT_SIZES`].
fn table_fits(side: &Side<'_, '_>, unit: u64) -> bool {
    /// Names, files of units, files, values by address, functions: each a slice in moduledata, and an offset in the header.
    const PARTS: u64 = 5;
    /// The part with the files of units; the others count bytes.
    const UNITS: u64 = 1;
    /// The parts are aligned, at most to this.
    const ALIGNMENT: u64 = 64;
    let (Some(module), Some(table)) = (side.tables.moduledata(), side.tables.pclntab()) else {
        return true;
    };
    if table.layout == Layout::Go12 {
        return true;
    }
    let word = side.image.pointer_size();
    let field = |i: u64| {
        side.image
            .pointer(module.address.checked_add(i.checked_mul(word)?)?)
    };
    let number = |i: u64| {
        side.image
            .word(module.address.checked_add(i.checked_mul(word)?)?)
    };
    // Behind eight bytes: numbers of functions and files, since Go 1.18 where the code starts, then the offsets.
    let offset = |i: u64| {
        side.image
            .word(table.address.checked_add(8)?.checked_add(i * word)?)
    };
    let names = table.names.0.checked_sub(table.address);
    let Some(first) = [2, 3]
        .into_iter()
        .find(|i| names.is_some() && offset(*i) == names)
    else {
        return true;
    };
    let part = |i: u64| table.address.checked_add(offset(first + i)?);
    let fits = |i: u64| {
        let (start, length) = (field(1 + 3 * i)?, number(2 + 3 * i)?);
        let size = if i == UNITS { unit } else { 1 };
        let end = start.checked_add(length.checked_mul(size)?)?;
        let is_whole = match i + 1 < PARTS {
            true => {
                let next = part(i + 1)?;
                end <= next && next - end < ALIGNMENT
            }
            false => true,
        };
        Some(start == part(i)? && is_whole && number(3 + 3 * i)? == length)
    };
    let functions = || {
        let at = 1 + 3 * PARTS;
        // The last entry of the table is its end.
        let count = offset(0)?.checked_add(1)?;
        Some(field(at)? == part(PARTS - 1)? && number(at + 1)? == count && number(at + 2)? == count)
    };
    (0..PARTS).all(|i| fits(i) == Some(true)) && functions() == Some(true)
}

/// Compares the instructions for the loaders, one by one in their order: which names are bound to which places, and what runs before the entry point.
fn statements(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    are_same: &AreSame<'_>,
) -> Option<Difference> {
    let differ = |what: String| {
        Some(Difference {
            part: DifferentPart::Data,
            bytes: 0,
            what,
        })
    };
    let (of_old, of_new) = (loader::statements(old.image), loader::statements(new.image));
    if let Some(missing) = of_old.missing.or(of_new.missing) {
        return differ(format!(
            "what the loader is told cannot be compared: {missing}"
        ));
    }
    // No section is there; such a number is a header or no address at all.
    let is_fixed = |from: u64, to: u64| {
        from == to && old.is_outside_sections(from) && new.is_outside_sections(to)
    };
    let is_equal = |from: &Statement, to: &Statement| {
        let mut addresses = from.addresses.iter().zip(&to.addresses);
        from.what == to.what
            && from.numbers == to.numbers
            && from.addresses.len() == to.addresses.len()
            && addresses.all(|(from, to)| is_fixed(*from, *to) || are_same(*from, *to))
    };
    let unequal = of_old
        .all
        .iter()
        .zip(&of_new.all)
        .find(|(from, to)| !is_equal(from, to));
    match unequal {
        Some((from, to)) if from.what == to.what => {
            let place = to.addresses.first();
            let place = place.map_or(String::new(), |place| format!(" at {place:#x}"));
            differ(format!(
                "the loader is told otherwise: {}{place}",
                from.what
            ))
        }
        Some((from, to)) => differ(format!(
            "the loader is told otherwise: {} is {}",
            from.what, to.what
        )),
        None if of_old.all.len() != of_new.all.len() => differ(format!(
            "the loader is told {} things and not {}",
            of_new.all.len(),
            of_old.all.len()
        )),
        None => None,
    }
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
            let optional = side.pe_optional_header()?;
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
    let optional = side.pe_optional_header()?;
    match image.bits {
        64 => number(optional.checked_add(24)?, 8),
        _ => number(optional.checked_add(28)?, 4),
    }
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
