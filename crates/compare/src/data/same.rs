//! Whether two addresses, one of each program, are the same thing.

use super::{AreSameCode, Data};
use crate::align::Pointer;
use crate::loading::pe_base;
use crate::regions::{Excluded, OF_LOADER};
use crate::side::{Addresses, Side, size};

/// Differences before and after an address that are searched for one that includes it.
const NEIGHBOURS: usize = 64;
/// Longest range that may be offsets, in offsets of 32 bits.
const MOST_OFFSETS: u64 = 4;
/// Bytes of the largest constant that instructions of Go programs read at once.
const LARGEST_CONSTANT: u64 = 32;
/// Bytes that are looked at for the ends of a run of zeros.
const ZEROS: u64 = 4096;

impl Data {
    /// Whether two addresses are the same place. Addresses in data whose difference is reported count as the same: more differences would say nothing more.
    pub fn is_same(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_address: u64,
        new_address: u64,
    ) -> bool {
        match (old.is_stored(old_address), new.is_stored(new_address)) {
            (false, false) => self.zeroed.is_same((old, new), old_address, new_address),
            (true, true) => self.is_same_stored((old, new), old_address, new_address),
            // A variable that only one program initialises.
            _ => {
                self.zeroed.is_unset(old_address, new_address)
                    || self.is_reported(old_address, new_address)
            }
        }
    }

    /// The same for the pointer at an address of the old program. The texts that may differ are read by their own variables only.
    pub fn is_same_pointer(
        &self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        pointer: &Pointer,
    ) -> bool {
        let variable = self.harmless[0].header_at(pointer.at);
        variable.is_some_and(|(_, offset)| offset == 0)
            && self.is_same_text(pointer.old, pointer.new)
            || self.is_same(old, new, pointer.old, pointer.new)
    }

    /// Whether two addresses are the start of the text of one variable of the runtime, of which nothing else uses the text.
    pub fn is_same_text(&self, old_address: u64, new_address: u64) -> bool {
        let [of_old, of_new] = &self.harmless;
        let text = of_old.text_at(old_address);
        text.is_some_and(|(_, offset)| offset == 0) && text == of_new.text_at(new_address)
    }

    fn is_same_stored(
        &self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        old_address: u64,
        new_address: u64,
    ) -> bool {
        let [of_old, of_new] = &self.harmless;
        if self.aligned(old_address) == Some(new_address) {
            return true;
        }
        if of_old.text_at(old_address).is_some() || of_new.text_at(new_address).is_some() {
            return false;
        }
        let headers = (of_old.header_at(old_address), of_new.header_at(new_address));
        // The address may be just before or after the variable that it belongs to, in padding.
        let near = |distance: u64| {
            self.new_address(old_address.wrapping_add(distance))
                == Some(new_address.wrapping_add(distance))
                || self.new_address(old_address.wrapping_sub(distance))
                    == Some(new_address.wrapping_sub(distance))
        };
        let is_near = || [0, 1, 8, 16].into_iter().any(near);
        headers.0.is_some() && headers.0 == headers.1
            || self.is_reported(old_address, new_address)
            || self.is_elsewhere(old_address, new_address)
            || self.is_compared_elsewhere(old, new, old_address, new_address)
            || self.are_same_zeros(old, new, old_address, new_address)
            || !self.differs_at(0, old_address) && !self.differs_at(1, new_address) && is_near()
    }

    /// Whether an address of the old program (0) or of the new one (1) is in a range that differs.
    fn differs_at(&self, program: usize, address: u64) -> bool {
        let all = self.different.get(program).map_or(&[][..], Vec::as_slice);
        let after = all.partition_point(|range| range.start <= address);
        let last = after.checked_sub(1).and_then(|i| all.get(i));
        last.is_some_and(|range| range.contains(&address))
    }

    /// Whether two addresses are the same place in constants of the same contents that lie elsewhere.
    fn is_elsewhere(&self, old_address: u64, new_address: u64) -> bool {
        let [of_old, of_new] = &self.elsewhere;
        let place = |all: &[(Addresses, usize)], address: u64| {
            let after = all.partition_point(|(range, _)| range.start <= address);
            let (range, contents) = all.get(after.checked_sub(1)?)?;
            range
                .contains(&address)
                .then(|| (*contents, address - range.start))
        };
        let place_in_old = place(of_old, old_address);
        place_in_old.is_some() && place_in_old == place(of_new, new_address)
    }

    /// Whether two addresses are in the same run of zeros, far enough from what follows: there constants that are zero have moved by less
    /// than what follows them, because they are aligned. Zeros that are writable may be pointers that the loader fills in, each another one.
    fn are_same_zeros(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_address: u64,
        new_address: u64,
    ) -> bool {
        let (Some(old_run), Some(new_run)) = (zeros(old, old_address), zeros(new, new_address))
        else {
            return false;
        };
        let is_far = |run: &Addresses, address: u64| run.end - address >= LARGEST_CONSTANT;
        let starts = old_run
            .start
            .checked_sub(1)
            .map(|before| self.new_address(before));
        let is_start = starts.flatten() == new_run.start.checked_sub(1);
        is_far(&old_run, old_address)
            && is_far(&new_run, new_address)
            && (is_start || self.new_address(old_run.end) == Some(new_run.end))
    }

    /// Whether one of two addresses is in data whose difference is reported.
    fn is_reported(&self, old_address: u64, new_address: u64) -> bool {
        let within =
            |range: &Addresses, address: u64| address >= range.start && address <= range.end;
        let all = &self.reported;
        let after = all.partition_point(|(old_range, _)| old_range.start <= old_address);
        let near = all.get(after.saturating_sub(NEIGHBOURS)..all.len().min(after + NEIGHBOURS));
        near.into_iter().flatten().any(|(old_range, new_range)| {
            within(old_range, old_address) || within(new_range, new_address)
        })
    }

    /// Whether two ranges that differ are offsets of 32 bits from a table that moduledata points to, and lead to the same thing; the runtime has many such offsets
    /// (src/runtime/symtab.go `funcdata`, src/runtime/stack.go `stackObjectRecord`, src/internal/abi/type.go `NameOff`).
    pub(super) fn are_offsets(
        &self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        are_same_code: &AreSameCode<'_>,
        bases: &[(u64, u64)],
        old_range: &Addresses,
        new_range: &Addresses,
    ) -> bool {
        let (old_start, new_start) = (old_range.start & !3, new_range.start & !3);
        if size(old_range) != size(new_range)
            || old_range.start - old_start != new_range.start - new_start
        {
            return false;
        }
        let word = |side: &Side<'_, '_>, at: u64| {
            side.image
                .bytes(at, 4)
                .map(|bytes| side.image.number(bytes))
        };
        let count = (old_range.end - old_start).div_ceil(4);
        count <= MOST_OFFSETS
            && (0..count).all(|i| {
                let (Some(old_offset), Some(new_offset)) =
                    (word(old, old_start + 4 * i), word(new, new_start + 4 * i))
                else {
                    return false;
                };
                old_offset == new_offset
                    || bases.iter().any(|(old_base, new_base)| {
                        let (old_target, new_target) = (
                            old_base.wrapping_add(old_offset),
                            new_base.wrapping_add(new_offset),
                        );
                        self.new_address(old_target) == Some(new_target)
                            || are_same_code(old_target, new_target)
                    })
            })
    }

    /// Whether two ranges that differ are words of the import table of PE files, which the loader replaces, and name the same functions (Microsoft PE
    /// format, "Import Lookup Table").
    pub(super) fn are_imports(
        &self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        old_range: &Addresses,
        new_range: &Addresses,
    ) -> bool {
        let word = old.image.pointer_size();
        let (old_start, new_start) = (
            old_range.start - old_range.start % word,
            new_range.start - new_range.start % word,
        );
        let is_alike = size(old_range) == size(new_range)
            && old_range.start - old_start == new_range.start - new_start;
        let count = (old_range.end - old_start).div_ceil(word);
        is_alike
            && (0..count).all(|i| {
                let names = (
                    imported_name(old, old_start + i * word),
                    imported_name(new, new_start + i * word),
                );
                names.0.is_some() && names.0 == names.1
            })
    }

    /// Whether both addresses are in the same range that another module compares.
    fn is_compared_elsewhere(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_address: u64,
        new_address: u64,
    ) -> bool {
        let [of_old, of_new] = &self.compared_elsewhere;
        let range_at = |ranges: &[Excluded], address: u64| {
            let includes = |range: &Excluded| range.addresses.contains(&address);
            let ends = |range: &Excluded| range.addresses.end == address;
            let including = ranges.iter().position(includes);
            including.or_else(|| ranges.iter().position(ends))
        };
        match (range_at(of_old, old_address), range_at(of_new, new_address)) {
            (Some(old_index), Some(new_index)) => {
                match (of_old.get(old_index), of_new.get(new_index)) {
                    (Some(old_range), Some(new_range)) => {
                        old_range.is_same_place(new_range, old_address, new_address)
                    }
                    _ => false,
                }
            }
            (None, None) => {
                let (of_old, of_new) = (old.section_at(old_address), new.section_at(new_address));
                match (of_old, of_new) {
                    // What the tables of the loader say is compared; a reference leads to the same entry of them.
                    (Some(from), Some(to)) => {
                        from.name == to.name
                            && OF_LOADER
                                .iter()
                                .any(|name| name.as_bytes() == from.name.as_ref())
                            && old_address - from.address == new_address - to.address
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// The run of constant zeros that an address is in; `None`: it is in none, or in a very long one.
fn zeros(side: &Side<'_, '_>, address: u64) -> Option<Addresses> {
    let segment = side
        .image
        .segment_at(address)
        .filter(|segment| !segment.writable)?;
    let first = address.saturating_sub(ZEROS).max(segment.address);
    let front = side.image.bytes(first, address - first)?;
    let back = side.image.bytes_upto(address, ZEROS)?;
    let before = front.iter().rev().take_while(|byte| **byte == 0).count() as u64;
    let behind = back.iter().take_while(|byte| **byte == 0).count() as u64;
    let is_whole = before < ZEROS && behind > 0 && behind < ZEROS;
    is_whole.then(|| address - before..address + behind)
}

/// The function that a word of the import table names, by the offset of its name from the start of the image.
fn imported_name<'t>(side: &Side<'t, '_>, at: u64) -> Option<&'t [u8]> {
    /// Longest name of a function.
    const MAX_LENGTH: u64 = 4096;
    let base = pe_base(side)?;
    let size = side.image.pointer_size();
    let offset = side.image.number(side.image.bytes(at, size)?);
    let name = base.checked_add(offset)?;
    if offset == 0 || side.section_name(name) != ".idata" {
        return None;
    }
    // The name is after a hint of two bytes.
    let bytes = side.image.bytes_upto(name.checked_add(2)?, MAX_LENGTH)?;
    bytes.get(..memchr::memchr(0, bytes)?)
}
