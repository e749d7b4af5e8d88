//! Packed executables: finds the packer, and restores what UPX packed.
//!
//! Nothing is run: the compressed blocks are found through UPX's own records and expanded into a copy of the original file.
//! Every size that a file states is checked first, and memory grows only with bytes that were really expanded. Everything works
//! on `&[u8]`, without files, threads or optional dependencies. The LZMA decoder is our own, because general ones keep a window
//! as large as the output in addition to the output.
//!
//! Format facts: UPX 3.9x to 5.x, `src/packhead.cpp`, `p_unix.h`, `p_lx_elf.cpp`, `p_mach.cpp`, `pefile.cpp`,
//! `conf.h` (numbers of methods and formats) and `src/filter/`.
//!
//! ```
//! use gospect_upx::{UnpackError, unpack};
//!
//! // Restore at most this many bytes, whatever the file states.
//! let most = 64 << 20;
//! assert_eq!(unpack(b"no packed file", most), Err(UnpackError::NotPacked));
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod blocks;
mod container;
mod detect;
mod elf;
mod filter;
mod header;
mod lzma;
mod macho;
mod nrv;
mod pe;
mod pe_notes;
mod sink;
mod view;

#[cfg(test)]
mod tests;

pub use detect::{HEAD_WINDOW, TAIL_WINDOW, detect};

use container::Container;
use gospect_bytes::ReadAt;
use std::fmt;

/// A packer, and how it packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packer {
    /// Its usual name: `UPX`, `ASPack`, ...
    pub name: &'static str,
    /// The release that its stub names (`4.22`).
    pub version: Option<String>,
    /// The compression method by the packer's name (`NRV2E_LE32`, `LZMA`).
    pub method: Option<&'static str>,
}

impl fmt::Display for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        if let Some(method) = self.method {
            write!(f, " ({method})")?;
        }
        Ok(())
    }
}

/// A restored executable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The restored file. For ELF and Mach-O this is the original file. For PE it has the original headers and sections, with
    /// imports and base relocations rebuilt from the packer's lists, but not the data after the last section, nor exports,
    /// resources and debug directories that the packer moved.
    pub image: Vec<u8>,
    /// The packer and its method.
    pub packer: Packer,
    /// Whether the packer's checksums of the compressed and the restored bytes were found and match. `false` means that its
    /// header was removed or altered, so there is nothing to compare with.
    pub verified: bool,
    /// Whether everything that the packer keeps was found. `false` means for ELF and Mach-O that only the loaded parts were
    /// found, without section headers, symbols and debug information; for PE that the imports could not be restored.
    pub complete: bool,
}

/// Why an executable could not be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// There is no trace of a supported packer.
    #[error("not packed by a packer that can be undone")]
    NotPacked,
    /// It is packed in an unsupported way, which the text names.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The file ends inside the named part.
    #[error("the packed file ends inside {0}")]
    Truncated(&'static str),
    /// The named part contradicts itself or the rest of the file.
    #[error("the packed file is damaged: {0}")]
    Corrupt(&'static str),
    /// Bytes were restored, but the packer's checksum of the named part differs.
    #[error("the packer's checksum does not match {0}")]
    Checksum(&'static str),
    /// The original is larger than allowed; both numbers are bytes.
    #[error("unpacks to {size} bytes, the limit is {limit}")]
    TooBig {
        /// The stated size.
        size: u64,
        /// The limit.
        limit: u64,
    },
}

/// Restores the executable that UPX packed into `data`, with at most `max_output` bytes.
///
/// # Errors
/// See [`UnpackError`]. Other packers than UPX are [`UnpackError::Unsupported`], with their name.
pub fn unpack(data: &[u8], max_output: u64) -> Result<Unpacked, UnpackError> {
    let (container, mut packer) = upx(data)?;
    let limit = usize::try_from(max_output).unwrap_or(usize::MAX);
    let restored = match container {
        Container::Elf => elf::unpack(data, limit)?,
        Container::Pe => {
            let restored = pe::unpack(data, limit, false)?;
            Restored {
                image: restored.image.into_bytes(),
                method: restored.method,
                verified: restored.verified,
                complete: restored.complete,
            }
        }
        Container::MachO => macho::unpack(data, limit)?,
    };
    packer.method = restored.method.or(packer.method);
    Ok(Unpacked {
        image: restored.image,
        packer,
        verified: restored.verified,
        complete: restored.complete,
    })
}

/// A view of the executable that UPX packed into `data`, for a caller that reads little of it. Blocks of ELF and Mach-O files
/// are expanded when they are read, and the packer's checksums are not verified. Also returns the packer.
///
/// # Errors
/// As [`unpack`]. A damaged block causes an error when it is read.
pub fn glance(data: &[u8], max_output: u64) -> Result<(Box<dyn ReadAt + '_>, Packer), UnpackError> {
    let (container, mut packer) = upx(data)?;
    let limit = usize::try_from(max_output).unwrap_or(usize::MAX);
    let plan = match container {
        Container::Elf => elf::plan(data, limit)?,
        Container::MachO => macho::plan(data, limit)?,
        Container::Pe => {
            let restored = pe::unpack(data, limit, true)?;
            packer.method = restored.method.or(packer.method);
            return Ok((Box::new(restored.image), packer));
        }
    };
    packer.method = plan.method().or(packer.method);
    if plan.complete {
        return Ok((Box::new(plan.lazy()?), packer));
    }
    // The headers refer to parts that are missing, so they are corrected first.
    let restored = match container {
        Container::Elf => elf::unpack(data, limit)?,
        _ => plan.restore()?,
    };
    Ok((Box::new(restored.image), packer))
}

/// The executable that UPX packed into `data`, for a caller that looks at its headers alone: as [`glance`], but `None` where more than the
/// blocks that are read would have to be expanded. `checked`: also where the compressed bytes are not those that the packer summed.
pub fn outline(data: &[u8], max_output: u64, checked: bool) -> Option<Box<dyn ReadAt + '_>> {
    let (container, _) = upx(data).ok()?;
    let limit = usize::try_from(max_output).unwrap_or(usize::MAX);
    let plan = match container {
        Container::Elf => elf::plan(data, limit).ok()?,
        Container::MachO => macho::plan(data, limit).ok()?,
        Container::Pe => return None,
    };
    let is_sound = plan.complete && (!checked || plan.is_as_packed());
    let lazy = is_sound.then(|| plan.lazy().ok()).flatten()?;
    Some(Box::new(lazy))
}

/// The format that UPX packed, and its release and method.
fn upx(data: &[u8]) -> Result<(Container, Packer), UnpackError> {
    let head = data.get(..HEAD_WINDOW.min(data.len())).unwrap_or_default();
    let tail = data
        .get(data.len().saturating_sub(TAIL_WINDOW)..)
        .unwrap_or_default();
    let mut packer = detect(head, tail).ok_or(UnpackError::NotPacked)?;
    if packer.name != detect::UPX {
        return Err(UnpackError::Unsupported(format!(
            "unpacking {}",
            packer.name
        )));
    }
    if packer.version.is_none() {
        packer.version = header::release(data);
    }
    let container = Container::of(head).ok_or(UnpackError::NotPacked)?;
    Ok((container, packer))
}

/// The result of restoring one format.
struct Restored<Image = Vec<u8>> {
    image: Image,
    method: Option<&'static str>,
    verified: bool,
    complete: bool,
}
