//! The program in a packed executable.

use super::{NotRead, RecordSize, read, read_large};
use crate::identify::rules_out;
use crate::options::{Digests, Level, Options};
use gospect_bytes::{ReadAt, Window};
use gospect_exe::packed::{self, Packer, UnpackError};
use gospect_exe::{self as exe, OpenError};
use gospect_record::Binary;

/// The packer by the first bytes; for a named file also by the last bytes, where packed libraries name it.
pub fn packer(window: &Window<'_>, named: bool) -> Option<Packer> {
    let head = window.get(0, window.len().min(packed::HEAD_WINDOW as u64))?;
    let tail = if named {
        let size = window.len().min(packed::TAIL_WINDOW as u64);
        window.get(window.len() - size, size).unwrap_or_default()
    } else {
        &[]
    };
    packed::detect(head, tail)
}

/// Why a packed program gave no record.
#[derive(Debug, thiserror::Error)]
pub enum NotUnpacked {
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    #[error(transparent)]
    Open(OpenError),
}

/// The record of the program in a packed file; `None` when it is not Go.
pub fn unpack(window: &Window<'_>, options: &Options<'_>) -> Result<Option<Binary>, NotUnpacked> {
    let data = window
        .get(0, window.len())
        .ok_or(NotUnpacked::Open(OpenError::Unreadable))?;
    window.take_budget();
    let limit = options.limits.unpacked;
    if is_surely_other(data, options) {
        return Ok(None);
    }
    let (reader, packer, notes): (Box<dyn ReadAt + '_>, _, Vec<&str>) = match options.level {
        Level::BuildInfo => {
            let (reader, packer) = packed::glance(data, limit)?;
            (reader, packer, vec![])
        }
        Level::Full => {
            let unpacked = packed::unpack(data, limit)?;
            let doubts = [
                (
                    !unpacked.verified,
                    "the packer's checksums could not be checked",
                ),
                (
                    !unpacked.complete,
                    "only the loaded parts of the program could be restored",
                ),
            ];
            let notes = doubts.iter().filter(|d| d.0).map(|d| d.1).collect();
            (Box::new(unpacked.image), unpacked.packer, notes)
        }
    };
    // The digests are those of the packed file.
    let options = Options {
        digests: Digests::None,
        ..*options
    };
    let mut inner = Window::new(&*reader, options.limits.executable);
    let read = |inner: &Window<'_>, size| read(&exe::open(inner)?, size, &options);
    let mut program = read(&inner, RecordSize::Usual);
    if let Err(NotRead::TooLarge) = program {
        program = read_large(&mut inner, &options, |inner| read(inner, RecordSize::Any));
    }
    let program = match program {
        Ok(program) => program,
        Err(NotRead::Open(error)) => return Err(NotUnpacked::Open(error)),
        Err(NotRead::TooLarge) => None,
    };
    Ok(program.map(|(mut binary, _)| {
        binary.size = window.len();
        binary.executable.packed = Some(packer.name.to_owned());
        let lead = format!("read from the program that {packer} unpacks to");
        binary.notes.push(lead);
        binary.notes.extend(notes.into_iter().map(str::to_owned));
        binary
    }))
}

/// Whether the first blocks of a packed file tell that the program in it is not Go: a packed program of another language costs next to
/// nothing.
fn is_surely_other(data: &[u8], options: &Options<'_>) -> bool {
    let Some(reader) = packed::outline(data, options.limits.unpacked, options.level == Level::Full)
    else {
        return false;
    };
    let window = Window::new(&*reader, options.limits.executable);
    exe::open(&window).is_ok_and(|image| rules_out(&image))
}
