//! Zero-filled memory: which variable of the new program is that of the old one. Nothing but its place tells.

use crate::harmless::{HarmlessData, OwnString};
use crate::side::{Addresses, Side};
use std::collections::BTreeMap;

/// Pairs before and after an address that its distance is compared with.
const NEIGHBOURS: usize = 4;
/// Most bytes by which a variable is moved because one in front of it is missing: the variable, and the padding behind it.
const MOVED_BY: u64 = 16 + 64;

/// How the programs use zero-filled memory.
#[derive(Default)]
pub struct Zeroed {
    /// For an address of the old program, that of the new one that is used in the same place.
    new_of: BTreeMap<u64, u64>,
    /// The other way round.
    old_of: BTreeMap<u64, u64>,
    /// Variables of the runtime that only one of the programs initialises: the addresses in the old and in the new program.
    unset: Vec<(OwnString, u64, u64)>,
    /// Number of places that only one of the programs stores. What is behind them in zero-filled memory has moved.
    one_sided: u64,
    /// Whether all segments and sections of both programs have the same addresses.
    is_unmoved: bool,
}

impl Zeroed {
    /// `used` are the addresses that both programs use in the same place.
    pub fn of(
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        used: &[(u64, u64)],
        [of_old, of_new]: &[HarmlessData; 2],
    ) -> Self {
        let mut zeroed = Self {
            is_unmoved: old.layout() == new.layout(),
            ..Self::default()
        };
        let mut one_sided = Vec::new();
        for (from, to) in used {
            let variable = match (old.is_stored(*from), new.is_stored(*to)) {
                (false, false) => {
                    zeroed.new_of.entry(*from).or_insert(*to);
                    zeroed.old_of.entry(*to).or_insert(*from);
                    continue;
                }
                (true, true) => continue,
                (true, false) => of_old.header_at(*from),
                (false, true) => of_new.header_at(*to),
            };
            one_sided.push((*from, *to));
            let Some((what, offset)) = variable else {
                continue;
            };
            let starts = (from.checked_sub(offset), to.checked_sub(offset));
            if let (Some(from), Some(to)) = starts {
                zeroed.unset.push((what, from, to));
            }
        }
        zeroed.unset.sort_unstable();
        zeroed.unset.dedup();
        one_sided.sort_unstable();
        one_sided.dedup();
        zeroed.one_sided = one_sided.len() as u64;
        zeroed
    }

    /// Whether two addresses, one of which is in zero-filled memory, are the same variable of the runtime, which only one of the programs initialises.
    pub fn is_unset(&self, old_address: u64, new_address: u64) -> bool {
        const SIZE: u64 = 16;
        let includes =
            |start: u64, address: u64| address.checked_sub(start).filter(|offset| *offset < SIZE);
        self.unset.iter().any(|(what, from, to)| {
            let offsets = (includes(*from, old_address), includes(*to, new_address));
            let is_only = self.unset.iter().filter(|other| other.0 == *what).count() == 1;
            // Nothing else uses the place.
            let is_free = self
                .new_of
                .range(*from..from.saturating_add(SIZE))
                .next()
                .is_none()
                && self
                    .old_of
                    .range(*to..to.saturating_add(SIZE))
                    .next()
                    .is_none();
            offsets.0.is_some() && offsets.0 == offsets.1 && is_only && is_free
        })
    }

    /// Whether two addresses are the same variable.
    pub fn is_same(
        &self,
        (old, new): (&Side<'_, '_>, &Side<'_, '_>),
        old_address: u64,
        new_address: u64,
    ) -> bool {
        if self.is_unmoved {
            return old_address == new_address;
        }
        if !self.is_one_to_one(old_address, new_address) {
            return false;
        }
        let distance = |start: (u64, u64)| {
            let from_start = |start: u64, address: u64| address.wrapping_sub(start);
            from_start(start.0, old_address)
                .wrapping_sub(from_start(start.1, new_address))
                .cast_signed()
                .unsigned_abs()
        };
        match starts((old, new), (old_address, new_address)) {
            Some(starts) => distance(starts) <= MOVED_BY.saturating_mul(self.one_sided),
            None => self.is_as_far(old_address, new_address),
        }
    }

    /// Whether no other address is paired with one of the two, and the order of addresses is the same in both programs.
    fn is_one_to_one(&self, old_address: u64, new_address: u64) -> bool {
        let is_only = |all: &BTreeMap<u64, u64>, address: u64, other: u64| {
            all.get(&address).is_none_or(|known| *known == other)
        };
        let before = self.new_of.range(..old_address).next_back();
        let after = self.new_of.range(old_address.saturating_add(1)..).next();
        is_only(&self.new_of, old_address, new_address)
            && is_only(&self.old_of, new_address, old_address)
            && before.is_none_or(|(_, other)| *other < new_address)
            && after.is_none_or(|(_, other)| *other > new_address)
    }

    /// Whether the distance between two addresses is that of a pair near them, but for padding.
    fn is_as_far(&self, old_address: u64, new_address: u64) -> bool {
        // The padding before a variable may differ in size, by less than its alignment.
        let alignment = 1u64 << (old_address | new_address).trailing_zeros().min(12);
        let is_as_far = |pair: (&u64, &u64)| {
            let distance = new_address.wrapping_sub(old_address);
            let of_pair = pair.1.wrapping_sub(*pair.0);
            distance.wrapping_sub(of_pair).cast_signed().unsigned_abs() < alignment
        };
        let before = self.new_of.range(..old_address).rev().take(NEIGHBOURS);
        let after = self.new_of.range(old_address.saturating_add(1)..);
        let mut near = before.chain(after.take(NEIGHBOURS)).peekable();
        near.peek().is_none() || near.any(is_as_far)
    }
}

/// Where the part of memory starts that two addresses are in: Go's zero-filled variables, or a section without stored bytes.
fn starts(
    (old, new): (&Side<'_, '_>, &Side<'_, '_>),
    (old_address, new_address): (u64, u64),
) -> Option<(u64, u64)> {
    let includes = |range: &Addresses, address: u64| {
        !range.is_empty() && range.start <= address && address <= range.end
    };
    if includes(&old.zeroed, old_address) && includes(&new.zeroed, new_address) {
        return Some((old.zeroed.start, new.zeroed.start));
    }
    let sections = (old.section_at(old_address)?, new.section_at(new_address)?);
    let is_alike = sections.0.name == sections.1.name
        && sections.0.file_size == 0
        && sections.1.file_size == 0;
    is_alike.then_some((sections.0.address, sections.1.address))
}
