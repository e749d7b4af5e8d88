//! Compares code that no function table lists: code of C, of stubs that lead to libraries, and of start files.
//!
//! Where nothing has moved, its bytes are compared. Elsewhere its instructions, and each address that they use must be the same thing in both programs.

use super::{Data, MovedCode, OUTSIDE_PAIRS_LIMIT};
use crate::code::{Pair, bodies};
use crate::regions::Region;
use crate::side::{Addresses, Side, is_build_id};
use gospect_record::rebuild::{Difference, DifferentPart};

/// Architectures on which all addresses that C code uses are in its instructions. Elsewhere it finds data by a register that points to a table.
const TAKEN_APART: [&str; 2] = ["amd64", "arm64"];
/// Most differences that are listed.
const SHOWN: usize = 20;

/// Whether two addresses, of the old and of the new program, are the same place.
type AreSame<'f> = dyn Fn(u64, u64) -> bool + 'f;

impl Data {
    /// Compares two regions of code that no function table lists.
    pub(super) fn compare_code(
        &mut self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        old_region: &Region,
        new_region: &Region,
    ) {
        let bytes = |side: &Side<'_, '_>, range: &Addresses| {
            side.image
                .bytes(range.start, range.end - range.start)
                .map(<[u8]>::to_vec)
        };
        let both = (
            bytes(old, &old_region.addresses),
            bytes(new, &new_region.addresses),
        );
        let (Some(old_code), Some(new_code)) = both else {
            self.unread(&old_region.name);
            return;
        };
        let (old_start, new_start) = (old_region.addresses.start, new_region.addresses.start);
        let is_padding = |code: &[u8]| code.iter().all(|byte| matches!(byte, 0 | 0xcc));
        let mut reason = "";
        let is_equal = if is_build_id(&old_code) && is_build_id(&new_code) {
            true
        } else if self.is_unmoved {
            old_code == new_code
        } else if is_padding(&old_code) && is_padding(&new_code) {
            true
        } else if !TAKEN_APART.contains(&old.image.arch.unwrap_or_default()) {
            reason = ": moved, and not taken apart";
            false
        } else {
            self.compare_moved(
                (old, &old_code, old_start),
                (new, &new_code, new_start),
                &old_region.name,
            )
        };
        // Code that differs is reported here; what uses it does not differ for that.
        if old_code.len() == new_code.len() {
            let run = (old_start, old_code.len() as u64, new_start);
            self.equal_code.push(run);
        }
        if !is_equal {
            let unequal = old_code
                .iter()
                .zip(&new_code)
                .filter(|(old_byte, new_byte)| old_byte != new_byte)
                .count()
                + old_code.len().abs_diff(new_code.len());
            self.differences.push(Difference {
                part: DifferentPart::Code,
                bytes: unequal as u64,
                what: format!(
                    "code outside of the function table, in {}{reason}",
                    old_region.name
                ),
            });
        }
    }

    /// Whether the instructions of two pieces of code are equal but for addresses; these are kept to be checked when all data is aligned.
    fn compare_moved(
        &mut self,
        old: (&Side<'_, '_>, &[u8], u64),
        new: (&Side<'_, '_>, &[u8], u64),
        name: &str,
    ) -> bool {
        let mut pairs = Vec::new();
        let result = bodies(old, new, &mut |old_address, new_address, is_certain| {
            pairs.push(Pair {
                old: old_address,
                new: new_address,
                is_certain,
                function: 0,
            });
        });
        pairs.sort_unstable();
        pairs.dedup();
        let is_equal = result.is_ok() && pairs.len() <= OUTSIDE_PAIRS_LIMIT;
        if is_equal {
            let name = name.to_owned();
            self.moved_code.push(MovedCode { name, pairs });
        }
        is_equal
    }

    /// Code outside of the function table that has moved, and uses other addresses in place of those of the old program.
    pub fn changed_code(
        &self,
        old: &Side<'_, '_>,
        new: &Side<'_, '_>,
        are_same: &AreSame<'_>,
    ) -> Vec<Difference> {
        let changed = self.moved_code.iter().flat_map(|code| {
            let other = code.pairs.iter().filter(|pair| {
                let is_number = pair.old == pair.new && old.is_outside_sections(pair.old);
                let is_address =
                    pair.is_certain || old.is_likely_address(pair.old) && self.is_aligned(pair.old);
                is_address && !is_number && !are_same(pair.old, pair.new)
            });
            other.map(move |pair| (code, pair))
        });
        changed
            .take(SHOWN)
            .map(|(code, pair)| Difference {
                part: DifferentPart::Code,
                bytes: old.image.pointer_size(),
                what: format!(
                    "code outside of the function table, in {}: it uses {:#x} in {} in place of {:#x} in {}",
                    code.name,
                    pair.new,
                    new.section_name(pair.new),
                    pair.old,
                    old.section_name(pair.old)
                ),
            })
            .collect()
    }
}
