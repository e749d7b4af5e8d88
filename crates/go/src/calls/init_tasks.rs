//! The functions that the runtime calls before `main.main`, by the list in moduledata (`moduledata.inittasks` of
//! src/runtime/symtab.go, `initTask` of src/runtime/proc.go; Go 1.21 to 1.27). Names do not matter, so obfuscated programs have it too.

use crate::tables::Tables;
use crate::tables::rows::Rows;
use gospect_exe::Image;
use std::ops::RangeInclusive;

/// Word numbers in moduledata at which the list may stand: 58 since Go 1.21, 59 in Go 1.26, 56 in Go 1.27.
const PLACES: RangeInclusive<u64> = 54..=62;
/// Most tasks of one program; each package has one at most.
const TASKS_LIMIT: u64 = 1 << 17;

/// The numbers of the functions, in the order of their calls; none where there is no such list.
pub fn read(tables: &Tables<'_>, rows: &Rows<'_, '_>) -> Vec<u32> {
    let image = tables.image();
    let Some(module) = tables.moduledata() else {
        return Vec::new();
    };
    let lists = PLACES.filter_map(|place| {
        let at = |word: u64| module.address.checked_add(word * image.pointer_size());
        let field = |word: u64| image.pointer(at(word)?);
        let (start, length, capacity) = (field(place)?, field(place + 1)?, field(place + 2)?);
        (length == capacity && (1..=TASKS_LIMIT).contains(&length)).then_some((start, length))
    });
    let mut valid = lists.filter_map(|(start, length)| functions(image, rows, start, length));
    valid.next().unwrap_or_default()
}

/// The functions of all tasks; `None` if this is not a list of tasks. There are at most as many as the program has.
fn functions(image: &Image<'_>, rows: &Rows<'_, '_>, start: u64, length: u64) -> Option<Vec<u32>> {
    let word = image.pointer_size();
    image.bytes(start, length.checked_mul(word)?)?;
    let mut all = Vec::new();
    for i in 0..length {
        // State, number of functions, functions.
        let task = image.pointer(start.checked_add(i * word)?)?;
        let number = |at: u64| image.bytes(at, 4).map(|b| image.number(b));
        let count = number(task.checked_add(4)?)?;
        if number(task)? != 0 || count == 0 || all.len() as u64 + count > rows.all.len() as u64 {
            return None;
        }
        for function in 0..count {
            let pc = image.pointer(task.checked_add(8 + function * word)?)?;
            all.push(u32::try_from(rows.starting(pc)?).ok()?);
        }
    }
    Some(all)
}
