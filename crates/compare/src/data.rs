//! Compares everything that is loaded into memory and is not the code of a listed function: constants, types, variables.

mod describe;
mod outside;
mod same;
mod zeroed;

use super::align::{Alignment, Piece, Pointer, Words, align};
use super::code::Pair;
use super::harmless::HarmlessData;
use super::regions::{Excluded, Region, compared_elsewhere, regions};
use super::side::{Addresses, Side};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};
use zeroed::Zeroed;

/// How the data of two programs compare.
pub struct Data {
    alignment: Alignment,
    /// Zero-filled memory, by the code and data that use it.
    zeroed: Zeroed,
    /// Variables of the runtime whose values may differ, of the old and of the new program.
    harmless: [HarmlessData; 2],
    /// Ranges that differ and are reported. Sorted.
    reported: Vec<(Addresses, Addresses)>,
    /// Constants that lie elsewhere, with the number of their contents, of the old and of the new program. Sorted.
    elsewhere: [Vec<(Addresses, usize)>; 2],
    /// Ranges that differ, of the old and of the new program. Sorted, without empty ones.
    different: [Vec<Addresses>; 2],
    /// Ranges of the old and of the new program that other modules compare.
    compared_elsewhere: [Vec<Excluded>; 2],
    /// Equal code that no function table lists: address in the old program, length, address in the new one.
    equal_code: Vec<(u64, u64, u64)>,
    /// Regions of such code in which instructions are equal but for the addresses they use, with the pairs of these addresses.
    moved_code: Vec<MovedCode>,
    /// Whether all segments and sections of both programs have the same addresses.
    is_unmoved: bool,
    /// What is compared, of the old and of the new program.
    compared: [Vec<Addresses>; 2],
    pub differences: Vec<Difference>,
}

/// Code outside of the function table whose instructions are equal but for addresses.
struct MovedCode {
    /// Name of its region.
    name: String,
    pairs: Vec<Pair>,
}

/// Most pairs of addresses of code outside of the function table.
const OUTSIDE_PAIRS_LIMIT: usize = 8 << 20;
/// Most passes of the alignment: pointers that one pass finds are hints for the next.
const PASSES: usize = 3;

/// Whether two addresses are the same place in functions of both programs.
pub type AreSameCode<'f> = dyn Fn(u64, u64) -> bool + 'f;

/// Compares all data. `pairs` are the addresses that equal instructions of both programs use.
pub fn compare(
    old: &Side<'_, '_>,
    new: &Side<'_, '_>,
    pairs: &[Pair],
    are_same_code: &AreSameCode<'_>,
) -> Data {
    let mut data = Data {
        alignment: Alignment::default(),
        zeroed: Zeroed::default(),
        harmless: [HarmlessData::of(old), HarmlessData::of(new)],
        reported: Vec::new(),
        elsewhere: [Vec::new(), Vec::new()],
        different: [Vec::new(), Vec::new()],
        compared_elsewhere: [compared_elsewhere(old), compared_elsewhere(new)],
        equal_code: Vec::new(),
        moved_code: Vec::new(),
        is_unmoved: old.layout() == new.layout(),
        compared: [Vec::new(), Vec::new()],
        differences: Vec::new(),
    };
    let (old_regions, new_regions) = (regions(old), regions(new));
    for (compared, regions) in data.compared.iter_mut().zip([&old_regions, &new_regions]) {
        compared.extend(regions.iter().map(|region| region.addresses.clone()));
    }
    let in_both = data.pair_regions((old, &old_regions), (new, &new_regions));
    let outside = data.moved_code.iter().flat_map(|code| &code.pairs);
    let from_outside: Vec<(u64, u64)> = outside
        .filter(|pair| pair.is_certain)
        .map(|pair| (pair.old, pair.new))
        .collect();
    let mut hints: Vec<(u64, u64)> = pairs.iter().map(|pair| (pair.old, pair.new)).collect();
    hints.extend(&from_outside);
    hints.extend(same_symbols(old, new));
    hints.extend(moduledata_pointers(old, new));
    data.align_regions((old, new), &in_both, hints);
    let from_code = pairs.iter().filter(|pair| pair.is_certain);
    let from_code = from_code.map(|pair| (pair.old, pair.new));
    let from_code = from_code.chain(from_outside);
    // A word that is equal in both, such as a round number, may be no pointer.
    let pointers = data.alignment.pointers.iter();
    let from_data = pointers.filter(|p| p.old != p.new).map(|p| (p.old, p.new));
    let used: Vec<(u64, u64)> = from_code.chain(from_data).collect();
    data.zeroed = Zeroed::of((old, new), &used, &data.harmless);
    data.alignment.runs.append(&mut data.equal_code);
    data.alignment.runs.sort_unstable();
    data.describe(old, new, are_same_code);
    data
}

/// Addresses of the symbols that both programs have, by name.
fn same_symbols(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<(u64, u64)> {
    let mut by_name: HashMap<Vec<u8>, u64> = HashMap::new();
    old.image.symbols::<()>(&mut |symbol| {
        by_name.insert(symbol.name.to_vec(), symbol.address);
        std::ops::ControlFlow::Continue(())
    });
    let mut pairs = Vec::new();
    if by_name.is_empty() {
        return pairs;
    }
    new.image.symbols::<()>(&mut |symbol| {
        if let Some(address) = by_name.get(symbol.name) {
            pairs.push((*address, symbol.address));
        }
        std::ops::ControlFlow::Continue(())
    });
    pairs
}

/// Where the pointers of moduledata lead in both programs, field by field.
fn moduledata_pointers(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<(u64, u64)> {
    let word = old.image.pointer_size();
    let (old_fields, new_fields) = (old.moduledata(), new.moduledata());
    let count = (old_fields.end - old_fields.start) / word.max(1);
    (0..count)
        .filter_map(|i| {
            Some((
                old.image.pointer(old_fields.start + i * word)?,
                new.image.pointer(new_fields.start + i * word)?,
            ))
        })
        .filter(|(old_target, new_target)| old.holds(*old_target) && new.holds(*new_target))
        .collect()
}

/// The bytes of a region as the running program sees them, with the pointers that the loader fills in.
fn loaded_bytes(side: &Side<'_, '_>, addresses: &Addresses) -> Option<Vec<u8>> {
    let image = side.image;
    let mut bytes = image
        .bytes(addresses.start, addresses.end - addresses.start)?
        .to_vec();
    let fixups = image.fixups();
    let size = usize::try_from(image.pointer_size()).ok()?;
    let first = fixups.partition_point(|f| f.0 < addresses.start);
    for (at, value) in fixups
        .get(first..)?
        .iter()
        .take_while(|f| f.0 < addresses.end)
    {
        let at = usize::try_from(at - addresses.start).ok()?;
        let Some(place) = bytes.get_mut(at..at.checked_add(size)?) else {
            continue;
        };
        let value = match image.big_endian {
            true => value.checked_shl(64 - 8 * size as u32)?.to_be_bytes(),
            false => value.to_le_bytes(),
        };
        place.copy_from_slice(value.get(..size)?);
    }
    Some(bytes)
}

impl Data {
    /// Pairs the regions by name, compares those with code, and returns those with data.
    fn pair_regions<'r>(
        &mut self,
        (old, old_regions): (&Side<'_, '_>, &'r [Region]),
        (new, new_regions): (&Side<'_, '_>, &'r [Region]),
    ) -> Vec<(&'r Region, &'r Region)> {
        let mut unmatched: BTreeMap<&str, Vec<&Region>> = BTreeMap::new();
        for region in new_regions.iter().rev() {
            unmatched.entry(&region.name).or_default().push(region);
        }
        let mut in_both = Vec::new();
        for region in old_regions {
            let Some(new_region) = unmatched.get_mut(region.name.as_str()).and_then(Vec::pop)
            else {
                self.add_one_sided(old, region, "old");
                continue;
            };
            match region.is_code {
                true => self.compare_code(old, new, region, new_region),
                false => in_both.push((region, new_region)),
            }
        }
        for region in unmatched.into_values().flatten() {
            self.add_one_sided(new, region, "new");
        }
        in_both
    }

    /// Aligns all regions with data.
    fn align_regions(
        &mut self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        in_both: &[(&Region, &Region)],
        mut hints: Vec<(u64, u64)>,
    ) {
        // A longer text of the runtime may stand behind other texts.
        let is_own_text = |[of_old, of_new]: &[HarmlessData; 2], pair: &(u64, u64)| {
            of_old.text_at(pair.0).is_some() || of_new.text_at(pair.1).is_some()
        };
        hints.retain(|pair| !is_own_text(&self.harmless, pair));
        hints.sort_unstable();
        hints.dedup();
        // Pointers in equal data show where the data they lead to is in the new program.
        for _ in 0..PASSES {
            self.alignment = Alignment::default();
            for (old_region, new_region) in in_both {
                self.align_region(old, new, old_region, new_region, &hints);
            }
            let known = hints.len();
            let found = self.alignment.pointers.iter().map(|p| (p.old, p.new));
            hints.extend(found.filter(|pair| !is_own_text(&self.harmless, pair)));
            hints.sort_unstable();
            hints.dedup();
            if self.alignment.different.is_empty() || hints.len() == known {
                break;
            }
        }
        let all = &mut self.alignment.different;
        all.sort_unstable_by_key(|(from, to)| (from.start, from.end, to.start, to.end));
        for (old_range, new_range) in all {
            for (all, range) in self.different.iter_mut().zip([old_range, new_range]) {
                all.extend(Some(range.clone()).filter(|range| !range.is_empty()));
            }
        }
        for all in &mut self.different {
            all.sort_unstable_by_key(|range| range.start);
        }
    }

    /// Adds a region that one program lacks.
    fn add_one_sided(&mut self, side: &Side<'_, '_>, region: &Region, which: &str) {
        let size = region.addresses.end - region.addresses.start;
        let bytes = side
            .image
            .bytes(region.addresses.start, size)
            .unwrap_or_default();
        // Padding between two tables is not a difference.
        if bytes.iter().all(|byte| matches!(byte, 0 | 0xcc)) && size < 1 << 16 {
            return;
        }
        self.differences.push(Difference {
            part: if region.is_code {
                DifferentPart::Code
            } else {
                DifferentPart::Data
            },
            bytes: size,
            what: format!("{} is only in the {which} program", region.name),
        });
    }

    fn unread(&mut self, name: &str) {
        self.differences.push(Difference {
            part: DifferentPart::Data,
            bytes: 0,
            what: format!("{name} cannot be read in one of the programs"),
        });
    }

    /// Aligns a region that both programs have.
    fn align_region(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_region: &Region,
        new_region: &Region,
        hints: &[(u64, u64)],
    ) {
        let bytes = (
            loaded_bytes(old, &old_region.addresses),
            loaded_bytes(new, &new_region.addresses),
        );
        let (Some(old_bytes), Some(new_bytes)) = bytes else {
            self.unread(&old_region.name);
            return;
        };
        let from = hints.partition_point(|hint| hint.0 < old_region.addresses.start);
        let to = hints.partition_point(|hint| hint.0 < old_region.addresses.end);
        let [old_records, new_records] = self.build_info();
        let is_record = |records: &[u64], address: u64| records.contains(&address);
        let words = Words {
            size: usize::try_from(old.image.pointer_size().max(1)).unwrap_or(8),
            number: &|bytes| old.image.number(bytes),
            // One program may lack the reference that keeps build info.
            are_pointers: &|old_value, new_value| {
                old.holds(old_value)
                    && new.holds(new_value)
                    && is_record(&old_records, old_value) == is_record(&new_records, new_value)
            },
        };
        align(
            &Piece {
                bytes: &old_bytes,
                start: old_region.addresses.start,
            },
            &Piece {
                bytes: &new_bytes,
                start: new_region.addresses.start,
            },
            hints.get(from..to).unwrap_or_default(),
            &words,
            &mut self.alignment,
        );
    }

    /// The address in the new program that the alignment gives for an address of the old one, or for the address after a run.
    fn new_address(&self, address: u64) -> Option<u64> {
        let run = self.run_before(address)?;
        (address <= run.0 + run.1).then(|| run.2 + (address - run.0))
    }

    /// The address in the new program of the byte that is aligned with one of the old program.
    fn aligned(&self, address: u64) -> Option<u64> {
        let run = self.run_before(address)?;
        (address < run.0 + run.1).then(|| run.2 + (address - run.0))
    }

    /// The last run that does not start after an address.
    fn run_before(&self, address: u64) -> Option<&(u64, u64, u64)> {
        let runs = &self.alignment.runs;
        let after = runs.partition_point(|run| run.0 <= address);
        runs.get(after.checked_sub(1)?)
    }

    /// Where build info begins in both programs.
    fn build_info(&self) -> [Vec<u64>; 2] {
        self.compared_elsewhere.each_ref().map(|ranges| {
            let records = ranges.iter().filter(|range| range.is_build_info());
            records.map(|range| range.addresses.start).collect()
        })
    }

    /// Whether all segments and sections of both programs have the same addresses.
    pub fn is_unmoved(&self) -> bool {
        self.is_unmoved
    }

    /// Addresses that are compared as data or as code: of the old program (0) and of the new one (1).
    pub fn compared(&self, program: usize) -> &[Addresses] {
        self.compared.get(program).map_or(&[], Vec::as_slice)
    }

    /// The pointers in data.
    pub fn pointers(&self) -> &[Pointer] {
        &self.alignment.pointers
    }

    /// Whether the alignment has an address of the new program for an address of the old one.
    pub fn is_aligned(&self, address: u64) -> bool {
        self.new_address(address).is_some()
    }
}
