//! The parts of memory that are compared as data, or as code that no function table lists.

use super::records::{BUILD_INFO_NAME, record_ranges};
use super::side::{Addresses, Side};
use gospect_exe::{Format, Segment};

/// A part of memory to compare.
pub struct Region {
    pub name: String,
    pub addresses: Addresses,
    pub is_code: bool,
}

/// Sections that the loader uses, build IDs, and build info. `loading` compares what they say, statement by statement, and `unexplained` the bytes of them that
/// no statement is read from.
pub const OF_LOADER: [&str; 26] = [
    ".dynsym",
    ".dynstr",
    ".rela",
    ".rela.dyn",
    ".rela.plt",
    ".rel",
    ".rel.dyn",
    ".rel.plt",
    ".hash",
    ".gnu.hash",
    ".gnu.version",
    ".gnu.version_r",
    ".dynamic",
    ".eh_frame",
    ".eh_frame_hdr",
    ".idata",
    ".edata",
    ".reloc",
    ".rsrc",
    ".pdata",
    ".xdata",
    ".note.go.buildid",
    ".note.gnu.build-id",
    ".loader",
    ".go.buildinfo",
    "__go_buildinfo",
];

/// Sections with code, of linkers for ELF and Mach-O files. All that is executable in PE files counts as code.
const OF_CODE: [&str; 14] = [
    ".text",
    ".init",
    ".fini",
    ".plt",
    ".plt.got",
    ".plt.sec",
    ".plt.bnd",
    ".iplt",
    "__libc_freeres_fn",
    "__text",
    "__stubs",
    "__auth_stubs",
    "__symbol_stub1",
    "__stub_helper",
];

/// The data of a program by sections, or by segments where there are none.
pub fn regions(side: &Side<'_, '_>) -> Vec<Region> {
    let image = side.image;
    let is_loaded = |segment: &&Segment| !segment.discardable;
    let mut all = Vec::new();
    let loaded = image
        .sections
        .iter()
        .filter(|s| s.address != 0 && s.file_size > 0);
    for section in loaded {
        let name = String::from_utf8_lossy(&section.name).into_owned();
        let Some(segment) = image.segment_at(section.address).filter(is_loaded) else {
            continue;
        };
        let is_text = OF_CODE.contains(&name.as_str());
        if OF_LOADER.contains(&name.as_str()) {
            continue;
        }
        let end = section
            .address
            .saturating_add(section.size.min(section.file_size))
            .min(segment.end());
        all.push(Region {
            is_code: segment.executable
                && (is_text || !matches!(image.format, Format::MachO | Format::Elf)),
            addresses: section.address..end,
            name,
        });
    }
    if all.is_empty() {
        for (i, segment) in image.segments.iter().filter(is_loaded).enumerate() {
            all.push(Region {
                name: format!("segment {i}"),
                addresses: segment.address..segment.end(),
                is_code: segment.executable,
            });
        }
    }
    let excluded = compared_elsewhere(side);
    all.into_iter()
        .flat_map(|region| without(region, &excluded))
        .collect()
}

/// A range that another module compares.
pub struct Excluded {
    pub addresses: Addresses,
    what: &'static str,
}

const MODULEDATA: &str = "moduledata";

impl Excluded {
    /// Whether it is build info.
    pub fn is_build_info(&self) -> bool {
        self.what == BUILD_INFO_NAME
    }

    /// Whether an address in this range is the same place as an address in a range of the other program: as far from the start, or at the end.
    pub fn is_same_place(&self, other: &Self, address: u64, other_address: u64) -> bool {
        let offset = address.wrapping_sub(self.addresses.start);
        let is_same_offset = offset == other_address.wrapping_sub(other.addresses.start);
        let are_ends = address == self.addresses.end && other_address == other.addresses.end;
        self.what == other.what && (is_same_offset || are_ends)
    }
}

/// Ranges that other modules compare: build ID, functions, function table, moduledata, build info, the checksum record of the FIPS module.
pub fn compared_elsewhere(side: &Side<'_, '_>) -> Vec<Excluded> {
    let mut all = vec![
        (side.build_id.clone().unwrap_or_default(), "the build ID"),
        (side.text(), "functions"),
        (side.function_table(), "the function table"),
        (side.moduledata(), MODULEDATA),
    ];
    all.extend(record_ranges(side));
    all.retain(|range| !range.0.is_empty());
    all.sort_by_key(|range| range.0.start);
    all.into_iter()
        .map(|(addresses, what)| Excluded { addresses, what })
        .collect()
}

/// The parts of a region outside the excluded ranges, in order. They are named by the range in front of them, because a program may lack some of the parts
/// that another one has.
fn without(region: Region, excluded: &[Excluded]) -> Vec<Region> {
    let part = |addresses: Addresses, name: String| Region {
        name,
        addresses,
        is_code: region.is_code,
    };
    let mut left = Vec::new();
    let (mut start, end) = (region.addresses.start, region.addresses.end);
    let mut name = region.name.clone();
    for range in excluded {
        let (from, to) = (range.addresses.start, range.addresses.end);
        if to <= start || from >= end {
            continue;
        }
        left.push(part(start..from.max(start), name));
        start = to;
        name = format!("{} after {}", region.name, range.what);
    }
    left.push(part(start..end.max(start), name));
    left.retain(|part| !part.addresses.is_empty());
    left
}
