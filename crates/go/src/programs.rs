//! The Go programs of one file, each with its tables, for questions that no record answers.

use super::identify::identify;
use super::tables::Tables;
use gospect_bytes::{Limits, Part, ReadAt, Window};
use gospect_exe::{self as exe, FileType, OpenError, packed};

/// Visits each Go program of a file: the file itself, the slices of a universal Mach-O file with their architecture, and what a packed
/// file unpacks to. Gives the number of programs. Archives of objects have none: an object has no function table.
///
/// # Errors
/// [`OpenError::NotExecutable`] for everything that is not an executable; other misses when the headers are damaged.
pub fn programs(
    reader: &dyn ReadAt,
    limits: Limits,
    visit: &mut dyn FnMut(Option<&str>, &Tables<'_>),
) -> Result<usize, OpenError> {
    let window = Window::new(reader, limits.executable);
    let head = window.upto(0, 512).ok_or(OpenError::Unreadable)?;
    match exe::sniff(head).ok_or(OpenError::NotExecutable)? {
        FileType::FatMachO => {
            let universal = exe::universal(&window)?;
            let mut count = 0;
            for slice in &universal.slices {
                let part = Part::new(reader, slice.offset, slice.size);
                let window = Window::new(&part, limits.executable);
                count += one(&window, limits, slice.arch, visit)?;
            }
            Ok(count)
        }
        FileType::Archive => Ok(0),
        _ => one(&window, limits, None, visit),
    }
}

fn one(
    window: &Window<'_>,
    limits: Limits,
    slice: Option<&str>,
    visit: &mut dyn FnMut(Option<&str>, &Tables<'_>),
) -> Result<usize, OpenError> {
    let image = exe::open(window)?;
    let tables = Tables::new(&image, limits);
    if identify(&tables, true).is_some() {
        visit(slice, &tables);
        return Ok(1);
    }
    let data = window.get(0, window.len()).ok_or(OpenError::Unreadable)?;
    let Ok(unpacked) = packed::unpack(data, limits.unpacked) else {
        return Ok(0);
    };
    let inner = Window::new(&unpacked.image, limits.executable);
    let image = exe::open(&inner)?;
    let tables = Tables::new(&image, limits);
    let is_go = identify(&tables, true).is_some();
    if is_go {
        visit(slice, &tables);
    }
    Ok(usize::from(is_go))
}
