//! The parts of memory that are compared as data, or as code that no function table lists.

use super::parts::record_ranges;
use super::side::{Addresses, Side};
use gospect_exe::{Format, Segment};

/// A part of memory to compare.
pub struct Region {
    pub name: String,
    pub addresses: Addresses,
    pub is_code: bool,
}

/// Sections that the loader uses, or that contain only addresses of other things. Not they are compared, but what they lead to.
pub const OF_LOADER: [&str; 33] = [
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
    ".got",
    ".got.plt",
    ".interp",
    ".eh_frame",
    ".eh_frame_hdr",
    ".idata",
    ".edata",
    ".reloc",
    ".pdata",
    ".xdata",
    "__got",
    "__nl_symbol_ptr",
    "__la_symbol_ptr",
    ".note.go.buildid",
    ".note.gnu.build-id",
    ".note.gnu.property",
    ".loader",
    ".go.buildinfo",
    "__go_buildinfo",
    ".go.module",
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
        let is_text = matches!(
            name.as_str(),
            ".text" | "__text" | ".plt" | "__stubs" | "__symbol_stub1" | ".init" | ".fini"
        );
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

/// Ranges that other modules compare: functions, function table, moduledata, build info, the checksum record of the FIPS module.
pub fn compared_elsewhere(side: &Side<'_, '_>) -> Vec<Addresses> {
    let mut all = vec![side.text(), side.function_table(), side.moduledata()];
    all.extend(record_ranges(side));
    all.retain(|range| !range.is_empty());
    all.sort_by_key(|range| range.start);
    all
}

/// The parts of a region outside the excluded ranges, in order. They keep its name, and from the second on get a number.
fn without(region: Region, excluded: &[Addresses]) -> Vec<Region> {
    let mut left = vec![region.addresses.clone()];
    for gap in excluded {
        left = left
            .into_iter()
            .flat_map(|range| {
                [
                    range.start..range.end.min(gap.start),
                    range.start.max(gap.end)..range.end,
                ]
            })
            .filter(|range| range.start < range.end)
            .collect();
        left.dedup();
    }
    let parts = left.into_iter().enumerate();
    parts
        .map(|(i, addresses)| Region {
            name: match i {
                0 => region.name.clone(),
                i => format!("{} {}", region.name, i + 1),
            },
            addresses,
            is_code: region.is_code,
        })
        .collect()
}
