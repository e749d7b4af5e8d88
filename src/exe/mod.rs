//! Executable files: every format becomes one [`Image`], an address space over the bytes of the file.
//!
//! Code after this folder reads memory without asking for the format. This folder must never know Go, touch the file system or
//! print.

mod ar;
mod coff_fixups;
pub mod dwarf;
mod elf;
mod elf_fixups;
mod error;
mod fixups;
mod image;
mod layout;
pub mod linkage;
mod macho;
mod macho_fixups;
mod macho_universal;
pub mod packed;
mod parts;
mod pe;
mod plan9;
mod sniff;
mod symbols;
mod wasm;
mod xcoff;

pub use ar::{Member, members};
pub use error::{Fault, Miss};
pub use image::Image;
pub use layout::{Format, Kind, Section, Segment};
pub use macho_universal::{Slice, SliceFault, Universal, slices, universal};
pub use parts::{Part, Parts, parts};
pub use sniff::{Shape, sniff};
pub use symbols::Symbol;

use crate::bytes::Window;

/// Opens a thin executable or object file. [`slices`] and [`members`] take universal Mach-O files and archives apart first.
///
/// # Errors
/// [`Miss::NotExecutable`] when the first bytes are of no known format; [`Miss::Truncated`] or [`Miss::Malformed`] when the
/// headers cannot be read at all. Damage further in becomes a [`Fault`] of the image instead.
pub fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, Miss> {
    let head = window.upto(0, 512).ok_or(Miss::Unreadable)?;
    let image = match sniff(head) {
        Some(Shape::Elf) => elf::open(window),
        Some(Shape::MachO) => macho::open(window),
        Some(Shape::Pe) => pe::open(window),
        Some(Shape::Coff) => pe::open_object(window),
        Some(Shape::Xcoff) => xcoff::open(window),
        Some(Shape::Plan9) => plan9::open(window),
        Some(Shape::Wasm) => wasm::open(window),
        Some(Shape::FatMachO | Shape::Archive) | None => Err(Miss::NotExecutable),
    };
    image.map(Image::seal)
}
