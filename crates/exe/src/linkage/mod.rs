//! How a program is linked: loader, libraries, search path, hardening, minimum system, signature.
//!
//! `goblin` reads the few tables that say so. Its whole-file parsers go through every section, symbol and import of a file, so
//! it is given single structures from the window: a large program costs a handful of small reads.

mod elf;
mod macho;
mod pe;
#[cfg(test)]
mod tests;
mod xcoff;

use super::image::Image;
use super::layout::{Format, Kind};
use goblin::container::Endian;
use gospect_record::Linkage;

/// Libraries and search paths beyond this many are left out.
const NAMES_LIMIT: usize = 1024;
/// Longest library name or path taken.
const NAME_LIMIT: u64 = 4096;

/// Describes the linkage. `None` means that the format does not record it or that it could not be read. Everything is `None`
/// for relocatable objects, which are not linked yet. `static` means that neither a loader nor a library is needed. A signature
/// is only said to be present; it is not verified.
pub fn describe(image: &Image<'_>) -> Linkage {
    if image.kind == Kind::Object {
        return Linkage::default();
    }
    let linkage = match image.format {
        Format::Elf => elf::describe(image),
        Format::MachO => macho::describe(image),
        Format::Pe => pe::describe(image),
        Format::Xcoff => xcoff::describe(image),
        Format::Plan9 | Format::Wasm => None,
    };
    linkage.unwrap_or_default()
}

fn endian(image: &Image<'_>) -> Endian {
    if image.big_endian {
        Endian::Big
    } else {
        Endian::Little
    }
}

/// Whether any segment is both writable and executable.
fn has_writable_code(image: &Image<'_>) -> bool {
    image.segments.iter().any(|s| s.writable && s.executable)
}

/// The NUL-terminated text at an address.
fn text_at(image: &Image<'_>, address: u64) -> Option<String> {
    // Most names are short; the second try is for search paths.
    [256, NAME_LIMIT]
        .iter()
        .find_map(|&limit| text(image.bytes_upto(address, limit)?))
}

/// The text before the first NUL.
fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.get(..memchr::memchr(0, bytes)?)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// The entries of a search path as the record has them.
fn search_path(entries: Vec<String>) -> Option<Vec<String>> {
    let entries: Vec<String> = entries.into_iter().filter(|e| !e.is_empty()).collect();
    let directories: Vec<String> = entries
        .iter()
        .flat_map(|e| e.split(':'))
        .map(str::to_owned)
        .collect();
    (!directories.is_empty()).then_some(directories)
}
