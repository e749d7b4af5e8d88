//! The functions of both programs: paired by name, and their instructions compared with addresses normalised.

use super::code::{Pair, bodies};
use super::data::Data;
use super::side::Side;
use gospect_record::rebuild::{Difference, DifferentPart, FunctionChange, FunctionDifference};
use std::collections::HashMap;

/// How a function of the old program differs.
#[derive(Clone, Debug)]
struct Differs {
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
    differing: HashMap<usize, Differs>,
    /// Addresses that stand in the same place.
    pub pairs: Vec<Pair>,
    /// Bytes of the functions that differ.
    pub different_bytes: u64,
    in_both: u64,
}

/// Most pointers that lead elsewhere to list.
const POINTERS_SHOWN: usize = 20;
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
            functions.body(old, new, i, partner);
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
    fn body(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>, i: usize, partner: usize) {
        let (Some(a), Some(b)) = (old.code(i), new.code(partner)) else {
            self.differs(i, 0, "its code is not in the file".to_owned());
            return;
        };
        let (starts, partner_start) = (old.rows.all.get(i), new.rows.all.get(partner));
        let (Some(from), Some(to)) = (starts, partner_start) else {
            return;
        };
        let before = self.pairs.len();
        let result = bodies(
            (old, a, from.start),
            (new, b, to.start),
            &mut |x, y, is_certain| {
                self.pairs.push(Pair {
                    old: x,
                    new: y,
                    is_certain,
                    function: i as u32,
                });
            },
        );
        if let Err(at) = result {
            let what = match (a.len(), b.len()) {
                (x, y) if x == y => format!("other instructions from byte {at} on"),
                (x, y) => format!("other instructions from byte {at} on, {x} and {y} bytes"),
            };
            // Only what stands in front of the difference is in its place.
            self.differs(i, at as u64, what);
        }
        if self.pairs.len() > PAIRS_LIMIT {
            self.pairs.truncate(before);
            self.differs(
                i,
                0,
                "not compared: more references than any honest program".to_owned(),
            );
        }
    }

    fn differs(&mut self, function: usize, at: u64, what: String) {
        self.differing
            .entry(function)
            .or_insert(Differs { at, what });
    }

    /// Checks that paired addresses are the same things: functions that are partners, or data in its place.
    pub fn check(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>, data: &Data) {
        let pairs = std::mem::take(&mut self.pairs);
        for pair in &pairs {
            if self.differing.contains_key(&(pair.function as usize)) {
                continue;
            }
            let is_same = self.is_same(old, new, data, pair.old, pair.new);
            if !is_same && (pair.is_certain || old.is_telling(pair.old) && data.knows(pair.old)) {
                let what = format!(
                    "refers to {} in place of {}",
                    target(new, pair.new),
                    target(old, pair.old)
                );
                self.differs(pair.function as usize, 0, what);
            }
        }
        self.pairs = pairs;
        let bytes = |i: &usize| old.rows.all.get(*i).map_or(0, |row| row.end - row.start);
        let changed: u64 = self.differing.keys().map(bytes).sum();
        let removed = self
            .partners
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_none())
            .map(|(i, _)| bytes(&i));
        let added = self
            .added
            .iter()
            .filter_map(|i| new.rows.all.get(*i))
            .map(|row| row.end - row.start);
        self.different_bytes = changed + removed.sum::<u64>() + added.sum::<u64>();
    }

    /// Whether two addresses are the same thing: a place in functions that are partners, or in data.
    fn is_same(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        data: &Data,
        from: u64,
        to: u64,
    ) -> bool {
        let (a, b) = match (old.rows.at(from), new.rows.at(to)) {
            (Some(a), Some(b)) => (a, b),
            (None, None) => return data.is_same(old, new, from, to),
            _ => return false,
        };
        let (Some(x), Some(y)) = (old.rows.all.get(a), new.rows.all.get(b)) else {
            return false;
        };
        // In a function that differs, places may have moved.
        let may_move = self.differing.contains_key(&a) && x.start != from;
        let is_partner = self.partners.get(a).copied().flatten() == Some(b);
        is_partner && (may_move || from - x.start == to - y.start)
    }

    /// Pointers in data that lead to something else.
    pub fn pointers(&self, old: &Side<'_, '_>, new: &Side<'_, '_>, data: &Data) -> Vec<Difference> {
        let wrong = data.pointers().iter().filter(|pointer| {
            // The same number in both may be no pointer.
            let is_certain = pointer.old != pointer.new;
            let is_variable = old.image.segment_at(pointer.at).is_some_and(|s| s.writable);
            let is_telling = is_variable && old.is_telling(pointer.old);
            let counts = is_certain || is_telling && data.knows(pointer.old);
            counts && !self.is_same(old, new, data, pointer.old, pointer.new)
        });
        let word = old.image.pointer_size();
        wrong
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
        let mut changed: Vec<(&usize, &Differs)> = self.differing.iter().collect();
        changed.sort_by_key(|(i, _)| **i);
        for (i, differs) in changed {
            let start = old.rows.all.get(*i).map_or(0, |row| row.start);
            all.push(FunctionDifference {
                function: old.name(*i),
                change: FunctionChange::Changed,
                place: old.place(*i, start + differs.at),
                what: differs.what.clone(),
            });
        }
        let removed = self
            .partners
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_none());
        let one = |side: &Side<'_, '_>, i: usize, change| FunctionDifference {
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
        all.extend(removed.map(|(i, _)| one(old, i, FunctionChange::Removed)));
        all.extend(
            self.added
                .iter()
                .map(|i| one(new, *i, FunctionChange::Added)),
        );
        all
    }
}

/// What an address leads to, for people.
fn target(side: &Side<'_, '_>, address: u64) -> String {
    match side.rows.at(address) {
        Some(function) => side.name(function),
        None => format!("{address:#x} in {}", side.section_name(address)),
    }
}
