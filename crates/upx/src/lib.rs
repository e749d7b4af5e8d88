//! Packed executables: naming the packer, and restoring what UPX packed.
//!
//! Nothing is run: the compressed blocks are found through UPX's own records and expanded into a copy of the original
//! file. Every size that a file claims is checked before it is believed, and memory grows only with bytes that were
//! really expanded. All of it works on `&[u8]`, without files, threads or optional dependencies. The LZMA decoder is our own
//! because general ones keep a window as large as the output beside it.
//!
//! Format facts: UPX 3.9x to 5.x, `src/packhead.cpp`, `p_unix.h`, `p_lx_elf.cpp`, `p_mach.cpp`, `pefile.cpp`,
//! `conf.h` (numbers of methods and formats) and `src/filter/`.
//!
//! ```
//! use gospect_upx::{UnpackError, unpack};
//!
//! // At most so many bytes are restored, whatever the file states.
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

/// A packer and what is known of how it packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packer {
    /// Its usual name: `UPX`, `ASPack`, ...
    pub name: &'static str,
    /// Release, as the packer's stub states it (`4.22`).
    pub version: Option<String>,
    /// Compression method, in the packer's own terms (`NRV2E_LE32`, `LZMA`).
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
    /// The file image. ELF and Mach-O: the original file. PE: the original headers and sections with
    /// imports and base relocations made anew from the packer's lists; not what followed the last section, nor exports,
    /// resources and debug directories that the packer moved.
    pub image: Vec<u8>,
    /// Who packed it, and how.
    pub packer: Packer,
    /// The packer's checksums over the compressed and the restored bytes were found and match. `false`: its header was
    /// removed or altered, so there is nothing to compare with.
    pub verified: bool,
    /// Everything that the packer keeps is there. `false`, for ELF and Mach-O: only what is loaded was found, and section
    /// headers, symbols and debug information are missing; for PE: the imports could not be restored.
    pub complete: bool,
}

/// Why an executable could not be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// No trace of a packer that can be undone.
    #[error("not packed by a packer that can be undone")]
    NotPacked,
    /// Packed in a way that is not handled here; what it is.
    #[error("{0} is not supported")]
    Unsupported(String),
    /// The file ends inside the named part.
    #[error("the packed file ends inside {0}")]
    Truncated(&'static str),
    /// The named part contradicts itself or the rest of the file.
    #[error("the packed file is damaged: {0}")]
    Corrupt(&'static str),
    /// Bytes were restored, but the packer's checksum over the named part differs.
    #[error("the packer's checksum does not match {0}")]
    Checksum(&'static str),
    /// The original is larger than allowed. Both in bytes.
    #[error("unpacks to {size} bytes, the limit is {limit}")]
    TooBig {
        /// Claimed size.
        size: u64,
        /// The limit given.
        limit: u64,
    },
}

/// Restores the executable that UPX packed into `data`, in at most `max_output` bytes.
///
/// # Errors
/// See [`UnpackError`]. Packers other than UPX are [`UnpackError::Unsupported`] with their name.
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

/// The executable that UPX packed into `data`, for a caller that reads little of it. Blocks of ELF and Mach-O files are expanded when they
/// are read, and nothing is checked against the packer's sums. Also says who packed it.
///
/// # Errors
/// As [`unpack`]; what is wrong with a block shows when it is read.
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

/// What UPX packed, and which UPX.
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

/// What each container's restorer returns.
struct Restored<Image = Vec<u8>> {
    image: Image,
    method: Option<&'static str>,
    verified: bool,
    complete: bool,
}
