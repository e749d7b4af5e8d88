//! Executable files: every format becomes one [`Image`], an address space over the bytes of the file.
//!
//! Code after this folder reads memory without asking for the format. This folder must never know Go, touch the file system or
//! print.
//!
//! ```
//! use gospect_bytes::Window;
//! use gospect_exe::{FileType, OpenError, open, sniff};
//!
//! assert_eq!(sniff(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), Some(FileType::Elf));
//! let file: &[u8] = b"#!/bin/sh";
//! assert_eq!(open(&Window::new(&file, 1 << 20)).err(), Some(OpenError::NotExecutable));
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod ar;
mod coff_fixups;
pub mod dwarf;
mod dynamic_symbols;
mod elf;
mod elf_fixups;
mod error;
mod fixups;
mod image;
mod layout;
pub mod linkage;
pub mod loader;
mod macho;
mod macho_fixups;
mod macho_universal;
pub use gospect_upx as packed;
mod parts;
mod pe;
mod plan9;
mod sniff;
mod symbols;
mod wasm;
mod wasm_code;
mod xcoff;

pub use ar::{Member, members};
pub use error::{Fault, OpenError};
pub use image::Image;
pub use layout::{Format, Kind, Section, Segment};
pub use macho_universal::{Slice, SliceFault, Universal, slices, universal};
pub use parts::{Part, Parts, parts};
pub use sniff::{FileType, sniff};
pub use symbols::Symbol;
pub use wasm_code::{WasmFunctions, wasm_section};

use gospect_bytes::Window;

/// Opens a thin executable or object file. [`slices`] and [`members`] take universal Mach-O files and archives apart first.
///
/// # Errors
/// [`OpenError::NotExecutable`] when the first bytes are of no known format; [`OpenError::Truncated`] or [`OpenError::Malformed`] when the
/// headers cannot be read at all. Damage further in becomes a [`Fault`] of the image instead.
pub fn open<'a>(window: &'a Window<'_>) -> Result<Image<'a>, OpenError> {
    let head = window.upto(0, 512).ok_or(OpenError::Unreadable)?;
    let image = match sniff(head) {
        Some(FileType::Elf) => elf::open(window),
        Some(FileType::MachO) => macho::open(window),
        Some(FileType::Pe) => pe::open(window),
        Some(FileType::Coff) => pe::open_object(window),
        Some(FileType::Xcoff) => xcoff::open(window),
        Some(FileType::Plan9) => plan9::open(window),
        Some(FileType::Wasm) => wasm::open(window),
        Some(FileType::FatMachO | FileType::Archive) | None => Err(OpenError::NotExecutable),
    };
    image.map(Image::seal)
}
