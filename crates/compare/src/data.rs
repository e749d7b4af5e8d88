//! Everything that is loaded and is no code of the function table: constants, types, variables.

mod describe;

use super::align::{Alignment, Piece, Pointer, Words, align};
use super::code::{Pair, bodies};
use super::regions::{OF_LOADER, Region, holes, regions};
use super::side::{Addresses, Side};
use gospect_record::rebuild::{Difference, DifferentPart};
use std::collections::{BTreeMap, HashMap};

/// How the data of two programs compare.
pub struct Data {
    alignment: Alignment,
    /// Addresses of memory that is zero at the start, by the first pair that names them.
    zeroed: BTreeMap<u64, u64>,
    /// What the old program has that is compared in another way.
    apart: Vec<Addresses>,
    /// Code outside of the function table that is equal.
    code: Vec<(u64, u64, u64)>,
    pub differences: Vec<Difference>,
}

/// Differences around an address that are looked at.
const NEAR: usize = 64;
/// How often data is aligned.
const PASSES: usize = 3;

/// Compares all data; `pairs` are addresses that stand in the same place in code.
pub fn compare(old: &Side<'_, '_>, new: &Side<'_, '_>, pairs: &[Pair]) -> Data {
    let mut data = Data {
        alignment: Alignment::default(),
        zeroed: BTreeMap::new(),
        apart: holes(old),
        code: Vec::new(),
        differences: Vec::new(),
    };
    let sides = (regions(old), regions(new));
    let mut hints: Vec<(u64, u64)> = pairs.iter().map(|pair| (pair.old, pair.new)).collect();
    hints.extend(named(old, new));
    hints.extend(starts(old, new));
    hints.sort_unstable();
    hints.dedup();
    let mut others: BTreeMap<&str, Vec<&Region>> = BTreeMap::new();
    for region in sides.1.iter().rev() {
        others.entry(&region.name).or_default().push(region);
    }
    let mut both = Vec::new();
    for region in &sides.0 {
        let Some(other) = others.get_mut(region.name.as_str()).and_then(Vec::pop) else {
            data.only(old, region, "old");
            continue;
        };
        match region.is_code {
            true => data.code(old, new, region, other),
            false => both.push((region, other)),
        }
    }
    for region in others.into_values().flatten() {
        data.only(new, region, "new");
    }
    // Pointers in data tell where further pieces have gone.
    for _ in 0..PASSES {
        data.alignment = Alignment::default();
        for (region, other) in &both {
            data.region(old, new, region, other, &hints);
        }
        let known = hints.len();
        hints.extend(data.alignment.pointers.iter().map(|p| (p.old, p.new)));
        hints.sort_unstable();
        hints.dedup();
        if data.alignment.different.is_empty() || hints.len() == known {
            break;
        }
    }
    data.alignment
        .different
        .sort_unstable_by_key(|(a, b)| (a.start, a.end, b.start, b.end));
    let of_code = pairs.iter().filter(|pair| pair.is_certain);
    let of_code = of_code.map(|pair| (pair.old, pair.new));
    let of_data = data.alignment.pointers.iter().map(|p| (p.old, p.new));
    for (a, b) in of_code.chain(of_data) {
        if !old.is_stored(a) && !new.is_stored(b) {
            data.zeroed.entry(a).or_insert(b);
        }
    }
    data.alignment.runs.append(&mut data.code);
    data.alignment.runs.sort_unstable();
    data.describe(old, new);
    data
}

/// Variables and constants that have a name in both symbol tables.
fn named(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<(u64, u64)> {
    let mut by_name: HashMap<Vec<u8>, u64> = HashMap::new();
    old.image.symbols::<()>(&mut |symbol| {
        by_name.insert(symbol.name.to_vec(), symbol.address);
        std::ops::ControlFlow::Continue(())
    });
    let mut all = Vec::new();
    if by_name.is_empty() {
        return all;
    }
    new.image.symbols::<()>(&mut |symbol| {
        if let Some(address) = by_name.get(symbol.name) {
            all.push((*address, symbol.address));
        }
        std::ops::ControlFlow::Continue(())
    });
    all
}

/// The tables that moduledata points to.
fn starts(old: &Side<'_, '_>, new: &Side<'_, '_>) -> Vec<(u64, u64)> {
    let word = old.image.pointer_size();
    let (a, b) = (old.moduledata(), new.moduledata());
    let count = (a.end - a.start) / word.max(1);
    (0..count)
        .filter_map(|i| {
            Some((
                old.image.pointer(a.start + i * word)?,
                new.image.pointer(b.start + i * word)?,
            ))
        })
        .filter(|(x, y)| old.holds(*x) && new.holds(*y))
        .collect()
}

/// The bytes of a region as the running program sees them: with the pointers that the loader fills in.
fn filled(side: &Side<'_, '_>, addresses: &Addresses) -> Option<Vec<u8>> {
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
    fn only(&mut self, side: &Side<'_, '_>, region: &Region, which: &str) {
        let size = region.addresses.end - region.addresses.start;
        let bytes = side
            .image
            .bytes(region.addresses.start, size)
            .unwrap_or_default();
        // Filling between two tables.
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

    /// Code that no function table lists: of C, of the dynamic linker.
    fn code(&mut self, old: &Side<'_, '_>, new: &Side<'_, '_>, region: &Region, other: &Region) {
        let bytes = |side: &Side<'_, '_>, range: &Addresses| {
            side.image
                .bytes(range.start, range.end - range.start)
                .map(<[u8]>::to_vec)
        };
        let (a, b) = (bytes(old, &region.addresses), bytes(new, &other.addresses));
        let (Some(a), Some(b)) = (a, b) else {
            self.unread(&region.name);
            return;
        };
        let is_equal = a == b
            || super::parts::is_build_id(&a) && super::parts::is_build_id(&b)
            || bodies(
                (old, &a, region.addresses.start),
                (new, &b, other.addresses.start),
                &mut |_, _, _| {},
            )
            .is_ok();
        if is_equal && a.len() == b.len() {
            let run = (
                region.addresses.start,
                a.len() as u64,
                other.addresses.start,
            );
            self.code.push(run);
        }
        if !is_equal {
            let unequal =
                a.iter().zip(&b).filter(|(x, y)| x != y).count() + a.len().abs_diff(b.len());
            self.differences.push(Difference {
                part: DifferentPart::Code,
                bytes: unequal as u64,
                what: format!("code outside of the function table, in {}", region.name),
            });
        }
    }

    fn unread(&mut self, name: &str) {
        self.differences.push(Difference {
            part: DifferentPart::Data,
            bytes: 0,
            what: format!("{name} cannot be read in one of the programs"),
        });
    }

    fn region(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        region: &Region,
        other: &Region,
        hints: &[(u64, u64)],
    ) {
        let bytes = (
            filled(old, &region.addresses),
            filled(new, &other.addresses),
        );
        let (Some(a), Some(b)) = bytes else {
            self.unread(&region.name);
            return;
        };
        let from = hints.partition_point(|hint| hint.0 < region.addresses.start);
        let to = hints.partition_point(|hint| hint.0 < region.addresses.end);
        let words = Words {
            size: usize::try_from(old.image.pointer_size().max(1)).unwrap_or(8),
            number: &|bytes| old.image.number(bytes),
            are_pointers: &|x, y| old.holds(x) && new.holds(y),
        };
        align(
            &Piece {
                bytes: &a,
                start: region.addresses.start,
            },
            &Piece {
                bytes: &b,
                start: other.addresses.start,
            },
            hints.get(from..to).unwrap_or_default(),
            &words,
            &mut self.alignment,
        );
    }

    /// The address of the new program that an address of the old one became.
    fn became(&self, address: u64) -> Option<u64> {
        let runs = &self.alignment.runs;
        let after = runs.partition_point(|run| run.0 <= address);
        let run = runs.get(after.checked_sub(1)?)?;
        (address <= run.0 + run.1).then(|| run.2 + (address - run.0))
    }

    /// The pointers in data.
    pub fn pointers(&self) -> &[Pointer] {
        &self.alignment.pointers
    }

    /// Whether something is known about what became of an address.
    pub fn knows(&self, address: u64) -> bool {
        self.became(address).is_some()
    }

    /// Whether two addresses are the same place. Where data differs, that is a difference of its own.
    pub fn is_same(&self, old: &Side<'_, '_>, new: &Side<'_, '_>, a: u64, b: u64) -> bool {
        match (old.is_stored(a), new.is_stored(b)) {
            (false, false) => self.is_same_zeroed(a, b),
            (true, true) => {
                // An address may be just before or behind what it belongs to.
                let near = |distance: u64| {
                    self.became(a.wrapping_add(distance)) == Some(b.wrapping_add(distance))
                        || self.became(a.wrapping_sub(distance)) == Some(b.wrapping_sub(distance))
                };
                near(0)
                    || near(1)
                    || near(8)
                    || near(16)
                    || self.is_apart(old, a)
                    || self.is_different(a, b)
            }
            // A variable that is set in one of them only: its value is a difference of the data.
            _ => {
                let all = &self.alignment.different;
                let within = |range: &Addresses, address: u64| {
                    range.contains(&address) || range.start == address
                };
                all.iter().any(|(x, y)| within(x, a) || within(y, b))
            }
        }
    }

    /// Whether two addresses of zeroed memory are the same variable: they are paired once, and as far apart as those of a neighbour.
    fn is_same_zeroed(&self, a: u64, b: u64) -> bool {
        let distance = |pair: (&u64, &u64)| pair.1.wrapping_sub(*pair.0);
        if self.zeroed.get(&a).is_some_and(|other| *other != b) {
            return false;
        }
        let before = self.zeroed.range(..a).next_back().map(distance);
        let after = self.zeroed.range(a + 1..).next().map(distance);
        let own = Some(b.wrapping_sub(a));
        // What is aligned more than its neighbours may be nearer to them or farther.
        let is_aligned = a.is_multiple_of(64) && b.is_multiple_of(64);
        (before.is_none() && after.is_none()) || before == own || after == own || is_aligned
    }

    fn is_different(&self, a: u64, b: u64) -> bool {
        let within =
            |range: &Addresses, address: u64| address >= range.start && address <= range.end;
        let all = &self.alignment.different;
        let after = all.partition_point(|(x, _)| x.start <= a);
        let near = all.get(after.saturating_sub(NEAR)..all.len().min(after + NEAR));
        near.into_iter()
            .flatten()
            .any(|(x, y)| within(x, a) || within(y, b))
    }

    /// Whether an address is in what is compared in another way.
    fn is_apart(&self, side: &Side<'_, '_>, address: u64) -> bool {
        let is_filled = self
            .apart
            .iter()
            .any(|hole| hole.contains(&address) || hole.end == address);
        let name = side.section_name(address);
        is_filled || OF_LOADER.contains(&name.as_str()) || side.rows.at(address).is_some()
    }
}
