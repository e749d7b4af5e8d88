//! The functions of both programs: paired by name, and their instructions compared with addresses normalised.

use super::code::{Pair, bodies};
use super::data::Data;
use super::side::{Addresses, Side, size};
use gospect_record::rebuild::{Difference, DifferentPart, FunctionChange, FunctionDifference};
use std::collections::HashMap;

/// How a function of the old program differs.
#[derive(Clone, Debug)]
struct BodyDifference {
    /// Offset of the first instruction that differs.
    at: u64,
    what: String,
}

/// The functions of both programs.
pub struct Functions {
    /// The function of the new program of the same name, for each of the old one.
    partners: Vec<Option<usize>>,
    /// Functions of the new program that the old one lacks.
    added: Vec<usize>,
    /// Functions of the old program whose partner differs.
    differing: HashMap<usize, BodyDifference>,
    /// Addresses that equal instructions of both programs use.
    pub pairs: Vec<Pair>,
    /// Bytes of the functions that differ.
    pub different_bytes: u64,
    /// Number of functions that both programs have.
    in_both: u64,
}

/// Most pointers with another target that are listed.
const POINTERS_SHOWN: usize = 20;
/// Bytes between two pointers of a type or of a list of texts.
const NEAR: u64 = 64;
/// Most pairs to keep; the largest programs known have three million references.
const PAIRS_LIMIT: usize = 24 << 20;

/// Pairs and compares all functions.
pub fn compare(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Functions {
    let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for i in (0..new.rows.all.len()).rev() {
        by_name
            .entry(new.rows.name(i).unwrap_or_default())
            .or_default()
            .push(i);
    }
    let mut functions = Functions {
        partners: Vec::with_capacity(old.rows.all.len()),
        added: Vec::new(),
        differing: HashMap::new(),
        pairs: Vec::new(),
        different_bytes: 0,
        in_both: 0,
    };
    for i in 0..old.rows.all.len() {
        let name = old.rows.name(i).unwrap_or_default();
        // Several functions of one name are paired in their order.
        let partner = by_name.get_mut(name).and_then(Vec::pop);
        functions.partners.push(partner);
        if let Some(partner) = partner {
            functions.in_both += 1;
            functions.compare_bodies(old, new, i, partner);
        }
    }
    functions.added = by_name.into_values().flatten().collect();
    functions.added.sort_unstable();
    functions.pairs.sort_unstable();
    functions
        .pairs
        .dedup_by_key(|pair| (pair.old, pair.new, pair.is_certain));
    functions
}

impl Functions {
    /// Compares the code of a function with that of its partner.
    fn compare_bodies(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>, i: usize, partner: usize) {
        let (Some(old_code), Some(new_code)) = (old.code(i), new.code(partner)) else {
            self.add_difference(i, 0, "its code is not in the file".to_owned());
            return;
        };
        let rows = (old.rows.all.get(i), new.rows.all.get(partner));
        let (Some(old_row), Some(new_row)) = rows else {
            return;
        };
        let before = self.pairs.len();
        let result = bodies(
            (old, old_code, old_row.start),
            (new, new_code, new_row.start),
            &mut |old_address, new_address, is_certain| {
                self.pairs.push(Pair {
                    old: old_address,
                    new: new_address,
                    is_certain,
                    function: i as u32,
                });
            },
        );
        if let Err(at) = result {
            let what = match (old_code.len(), new_code.len()) {
                (old_size, new_size) if old_size == new_size => {
                    format!("other instructions from byte {at} on")
                }
                (old_size, new_size) => {
                    format!("other instructions from byte {at} on, {old_size} and {new_size} bytes")
                }
            };
            self.add_difference(i, at as u64, what);
        }
        if self.pairs.len() > PAIRS_LIMIT {
            self.pairs.truncate(before);
            self.add_difference(
                i,
                0,
                "not compared: more references than any honest program".to_owned(),
            );
        }
    }

    /// Notes how a function differs; the first reason counts.
    fn add_difference(&mut self, function: usize, at: u64, what: String) {
        self.differing
            .entry(function)
            .or_insert(BodyDifference { at, what });
    }

    /// Checks that paired addresses lead to the same functions or data in both programs; a function that uses others differs.
    pub fn check(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>, data: &Data) {
        let pairs = std::mem::take(&mut self.pairs);
        for pair in &pairs {
            if self.differing.contains_key(&(pair.function as usize)) {
                continue;
            }
            // The headers of the file are in memory too, and nothing refers to them: that is a small number.
            let is_number = pair.old == pair.new && old.is_outside_sections(pair.old);
            let is_same = is_number || self.is_same(old, new, data, pair.old, pair.new);
            if !is_same
                && (pair.is_certain || old.is_likely_address(pair.old) && data.is_aligned(pair.old))
            {
                let (old_target, new_target) = (target(old, pair.old), target(new, pair.new));
                let what = match old_target == new_target {
                    true => format!(
                        "refers to {old_target}, where the other program has something else"
                    ),
                    false => format!("refers to {new_target} in place of {old_target}"),
                };
                self.add_difference(pair.function as usize, 0, what);
            }
        }
        self.pairs = pairs;
        let bytes = |i: &usize| old.code_size(*i);
        let changed: u64 = self.differing.keys().map(bytes).sum();
        let removed = self
            .partners
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_none())
            .map(|(i, _)| bytes(&i));
        let added = self.added.iter().map(|i| new.code_size(*i));
        self.different_bytes = changed + removed.sum::<u64>() + added.sum::<u64>();
    }

    /// Whether two addresses are the same place in functions that are partners, or in data.
    pub fn is_same(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        data: &Data,
        old_address: u64,
        new_address: u64,
    ) -> bool {
        match (old.rows.at(old_address), new.rows.at(new_address)) {
            (None, None) => data.is_same(old, new, old_address, new_address),
            _ => self.is_same_code(old, new, old_address, new_address),
        }
    }

    /// Whether two addresses are the same place in functions that are partners.
    pub fn is_same_code(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_address: u64,
        new_address: u64,
    ) -> bool {
        let functions = (old.rows.at(old_address), new.rows.at(new_address));
        let (Some(old_function), Some(new_function)) = functions else {
            return false;
        };
        let rows = (
            old.rows.all.get(old_function),
            new.rows.all.get(new_function),
        );
        let (Some(old_row), Some(new_row)) = rows else {
            return false;
        };
        // In a function that differs, instructions may have moved.
        let may_move = self.differing.contains_key(&old_function) && old_row.start != old_address;
        let is_partner = self.partners.get(old_function).copied().flatten() == Some(new_function);
        is_partner && (may_move || old_address - old_row.start == new_address - new_row.start)
    }

    /// Pointers in data that lead to other functions or data.
    pub fn changed_pointers(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        data: &Data,
    ) -> Vec<Difference> {
        let mut moved: Vec<u64> = data
            .pointers()
            .iter()
            .filter(|p| p.old != p.new)
            .map(|p| p.at)
            .collect();
        moved.sort_unstable();
        let is_among_pointers = |at: u64| {
            let first = moved.partition_point(|other| other.saturating_add(NEAR) < at);
            moved
                .get(first)
                .is_some_and(|other| *other <= at.saturating_add(NEAR))
        };
        let changed = data.pointers().iter().filter(|pointer| {
            // A word that is equal in both may be a number and no pointer.
            let is_certain = pointer.old != pointer.new;
            let is_likely = old.is_likely_address(pointer.old)
                && new.is_likely_address(pointer.new)
                && !old.without_pointers.contains(&pointer.at);
            let is_code = old.rows.at(pointer.old).is_some();
            let is_variable = old.image.segment_at(pointer.at).is_some_and(|s| s.writable);
            let counts = match is_variable {
                true => {
                    data.is_aligned(pointer.old) || is_code || old.zeroed.contains(&pointer.old)
                }
                // Among constants are bitmaps, which have no pointers around them.
                false => (data.is_aligned(pointer.old) || is_code) && is_among_pointers(pointer.at),
            };
            let is_same = match (is_code, new.rows.at(pointer.new)) {
                (false, None) => data.is_same_pointer((old, new), pointer),
                _ => self.is_same_code(old, new, pointer.old, pointer.new),
            };
            (is_certain || is_likely && counts) && !is_same
        });
        let word = old.image.pointer_size();
        changed
            .take(POINTERS_SHOWN)
            .map(|pointer| Difference {
                part: DifferentPart::Data,
                bytes: word,
                what: format!(
                    "{}: the pointer at {:#x} leads to {} in place of {}",
                    old.section_name(pointer.at),
                    pointer.at,
                    target(new, pointer.new),
                    target(old, pointer.old)
                ),
            })
            .collect()
    }

    /// Words of moduledata that lead to other functions or data, or are other numbers: the runtime finds initialisers, types and tables of the garbage
    /// collector by them.
    pub fn changed_moduledata(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        data: &Data,
    ) -> Vec<Difference> {
        let word = old.image.pointer_size();
        let (old_fields, new_fields) = (old.moduledata(), new.moduledata());
        let count = (old_fields.end - old_fields.start) / word.max(1);
        let values = (0..count).filter_map(|i| {
            let at = old_fields.start + i * word;
            let new_value = new.image.pointer(new_fields.start + i * word)?;
            Some((at, old.image.pointer(at)?, new_value))
        });
        // The first fields are the parts of the function table, which are compared themselves, then `minpc` and `maxpc`.
        let after_table = old_fields.start + old.moduledata_text_field() * word;
        let bounds = after_table - 2 * word;
        // The end of a range is not an address in it.
        let is_address = |side: &Side<'_, '_>, value: u64| {
            side.holds(value) || value.checked_sub(1).is_some_and(|last| side.holds(last))
        };
        let is_number = |side: &Side<'_, '_>, value: u64| {
            side.is_outside_sections(value) && side.is_outside_sections(value.saturating_sub(1))
        };
        let (old_table, new_table) = (old.function_table(), new.function_table());
        let changed = values.filter(|(at, old_value, new_value)| {
            let are_parts = old_table.contains(old_value) && new_table.contains(new_value);
            match (is_address(old, *old_value), is_address(new, *new_value)) {
                // Starts and lengths of the parts of the table, which `loading` compares with the table.
                _ if *at < bounds && (are_parts || !old.is_table_pointer(*at)) => false,
                // The headers of the file are in memory too, and nothing leads there.
                _ if old_value == new_value
                    && is_number(old, *old_value)
                    && is_number(new, *new_value) =>
                {
                    false
                }
                // No field behind them leads there: that is a length.
                _ if *at >= after_table && are_parts && old_value == new_value => false,
                (true, true) => {
                    let is_end = *old_value == old.zeroed.end && *new_value == new.zeroed.end;
                    let is_same_end = is_end && is_as_long(&old.zeroed, &new.zeroed);
                    !is_same_end && !self.is_same(old, new, data, *old_value, *new_value)
                }
                _ if *at < bounds => old_value != new_value,
                // The end of the code is an address without anything at it.
                _ if *at < after_table => {
                    let from_end =
                        |side: &Side<'_, '_>, value: u64| value.wrapping_sub(side.text().end);
                    from_end(old, *old_value) != from_end(new, *new_value)
                }
                _ => old_value != new_value,
            }
        });
        changed
            .map(|(at, old_value, new_value)| Difference {
                part: DifferentPart::Data,
                bytes: word,
                what: format!("moduledata at {at:#x}: {old_value:#x} is {new_value:#x}"),
            })
            .collect()
    }

    /// Number of functions of both together.
    pub fn count(&self) -> u64 {
        (self.partners.len() + self.added.len()) as u64
    }

    /// Number of functions that are equal.
    pub fn equal(&self) -> u64 {
        self.in_both - self.differing.len() as u64
    }

    /// The functions that differ: changed ones in the order of their addresses, then removed, then added ones.
    pub fn changed(&self, old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<FunctionDifference> {
        let mut all = Vec::new();
        let mut changed: Vec<(&usize, &BodyDifference)> = self.differing.iter().collect();
        changed.sort_by_key(|(i, _)| **i);
        for (i, difference) in changed {
            let start = old.rows.all.get(*i).map_or(0, |row| row.start);
            all.push(FunctionDifference {
                function: old.name(*i),
                change: FunctionChange::Changed,
                // Places in WebAssembly are numbers of blocks, which the offset does not tell.
                place: old.place(*i, start + if old.is_wasm() { 0 } else { difference.at }),
                what: difference.what.clone(),
            });
        }
        let removed = self
            .partners
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_none());
        let one_sided = |side: &Side<'_, '_>, i: usize, change| FunctionDifference {
            function: side.name(i),
            change,
            place: side
                .rows
                .all
                .get(i)
                .and_then(|row| side.place(i, row.start)),
            what: match change {
                FunctionChange::Added => "only in the new program".to_owned(),
                _ => "only in the old program".to_owned(),
            },
        };
        all.extend(removed.map(|(i, _)| one_sided(old, i, FunctionChange::Removed)));
        all.extend(
            self.added
                .iter()
                .map(|i| one_sided(new, *i, FunctionChange::Added)),
        );
        all
    }
}

/// Whether two ranges have the same length, but for padding.
fn is_as_long(old_range: &Addresses, new_range: &Addresses) -> bool {
    const PADDING: u64 = 64;
    size(old_range).abs_diff(size(new_range)) < PADDING
}

/// The function or section that an address is in, for people.
fn target(side: &Side<'_, '_>, address: u64) -> String {
    match side.rows.at(address) {
        Some(function) => side.name(function),
        None => format!("{address:#x} in {}", side.section_name(address)),
    }
}
