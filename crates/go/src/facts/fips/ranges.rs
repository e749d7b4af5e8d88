//! Whether the ranges under the checksum are those of the module. The checksum alone does not tell: it may be over anything.
//!
//! The linker puts the module between symbols of one byte each, `go:textfipsstart` and `go:textfipsend` and likewise for data, so no range is empty. Those
//! of code are also in the function table, which stripping leaves (src/cmd/link/internal/ld/fips140.go, `loadfips`, Go 1.24 to 1.27).

use crate::tables::Tables;
use crate::tables::pclntab::{Layout, Pclntab};
use gospect_exe::Image;

/// What stands in the function table where the code of the module begins, and where it ends.
const MARKS: [&[u8]; 2] = [b"go:textfipsstart\0", b"go:textfipsend\0"];

/// What is wrong with the ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They are not those that the linker wrote.
    Altered(&'static str),
    /// Nothing says what they should be.
    Unknown,
}

/// Compares the ranges, first address and the one after the last of each, with what the linker left in the program.
pub(super) fn fault(tables: &Tables<'_>, ranges: &[(u64, u64); 4]) -> Option<Fault> {
    if ranges.iter().any(|(start, end)| start == end) {
        return Some(Fault::Altered("a range is empty"));
    }
    let overlaps = |i: usize, a: &(u64, u64)| {
        let others = ranges.iter().skip(i + 1);
        others.into_iter().any(|b| a.0 < b.1 && b.0 < a.1)
    };
    if ranges
        .iter()
        .enumerate()
        .any(|(i, range)| overlaps(i, range))
    {
        return Some(Fault::Altered("a range overlaps another"));
    }
    let image = tables.image();
    let [text, _, variables @ ..] = ranges;
    let is_variable =
        |(start, _): &(u64, u64)| image.segment_at(*start).is_some_and(|s| s.writable);
    if !variables.iter().all(is_variable) {
        return Some(Fault::Altered(
            "a range of variables is not among the variables",
        ));
    }
    let Some(functions) = tables.pclntab().and_then(|t| FunctionTable::of(tables, *t)) else {
        return Some(Fault::Unknown);
    };
    let is_marked = |(address, mark): (u64, &[u8])| functions.begins_as(address, mark);
    let mut bounds = [text.0, text.1].into_iter().zip(MARKS);
    match bounds.all(is_marked) {
        true => None,
        false => Some(Fault::Altered(
            "the range of code is not the one that the linker marked in the function table",
        )),
    }
}

/// The function table, of which only a few entries are read.
struct FunctionTable<'t> {
    image: &'t Image<'t>,
    table: Pclntab,
    /// Address from which functions are counted.
    text: u64,
}

impl<'t> FunctionTable<'t> {
    fn of(tables: &'t Tables<'_>, table: Pclntab) -> Option<Self> {
        let text = match tables.moduledata() {
            Some(module) => module.text.0,
            None => table.text_start.filter(|start| *start != 0)?,
        };
        // No older release has the module.
        (table.layout == Layout::Go120).then_some(Self {
            image: tables.image(),
            table,
            text,
        })
    }

    /// Whether a function begins at an address, and its name begins so.
    fn begins_as(&self, address: u64, name: &[u8]) -> bool {
        let Some(wanted) = address.checked_sub(self.text) else {
            return false;
        };
        let (mut low, mut high) = (0, self.table.functions);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(distance) = self.number(self.entry(middle)) else {
                return false;
            };
            match distance < wanted {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        // Functions without code share an address.
        let mut same = (low..self.table.functions).take_while(|number| {
            let distance = self.number(self.entry(*number));
            distance == Some(wanted)
        });
        same.any(|number| self.is_named(number, name).unwrap_or_default())
    }

    /// Distance of an entry from the start of the table: address and structure of a function, 4 bytes each.
    fn entry(&self, number: u64) -> u64 {
        number.saturating_mul(8)
    }

    /// A number of four bytes at a distance from the start of the table.
    fn number(&self, distance: u64) -> Option<u64> {
        let address = self.table.function_table.0.checked_add(distance)?;
        Some(self.image.number(self.image.bytes(address, 4)?))
    }

    fn is_named(&self, number: u64, name: &[u8]) -> Option<bool> {
        let structure = self.number(self.entry(number).checked_add(4)?)?;
        let at = self.number(structure.checked_add(4)?)?;
        let address = self.table.names.0.checked_add(at)?;
        Some(self.image.bytes(address, name.len() as u64)? == name)
    }
}
