//! The released program: its bytes, its record and its checksum.

use crate::bytes::{FileBytes, Limits, ReadAt, Window};
use crate::exe::{self, OpenError};
use crate::go::{self, FoundProgram, Level, Options};
use sha2::{Digest, Sha256};

/// Offset and size of a program: of a slice of a universal file, or the whole file.
pub fn range_of(bytes: &FileBytes, slice: Option<&str>) -> (u64, u64) {
    let window = Window::new(bytes, Limits::default().executable);
    let universal = slice.and_then(|_| exe::universal(&window).ok());
    let slices = universal
        .map(|universal| universal.slices)
        .unwrap_or_default();
    let named = slices.iter().find(|candidate| candidate.arch == slice);
    named.map_or((0, bytes.len()), |slice| (slice.offset, slice.size))
}

/// The program of a file, or of a slice of it; `None`: no Go program.
///
/// # Errors
/// When the file ends too early, or has no such slice.
pub fn program(bytes: &FileBytes, slice: Option<&str>) -> Result<Option<FoundProgram>, String> {
    let options = Options {
        level: Level::Full,
        named: true,
        packages: true,
        ..Options::default()
    };
    let inspection = match go::inspect(bytes, &options) {
        Ok(inspection) => inspection,
        Err(OpenError::NotExecutable) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let slices: Vec<String> = inspection
        .found
        .iter()
        .filter_map(|f| f.slice.clone())
        .collect();
    if let Some(damage) = inspection.damage {
        return Err(damage);
    }
    let is_empty = inspection.found.is_empty();
    let mut found = inspection.found.into_iter();
    match (
        found.find(|f| slice.is_none() || f.slice.as_deref() == slice),
        slice,
    ) {
        (None, Some(slice)) if !is_empty => Err(format!(
            "it has no slice for {slice}; it has {}",
            match slices.is_empty() {
                true => "no slices".to_owned(),
                false => slices.join(", "),
            }
        )),
        (found, _) => Ok(found),
    }
}

/// Bytes read at once.
const PIECE: usize = 256 << 10;

/// SHA-256 in hex.
pub fn sum(reader: &dyn ReadAt) -> Result<String, String> {
    let mut state = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while done < reader.len() {
        let read = reader
            .read_at(&mut buffer, done)
            .map_err(|e| e.to_string())?;
        if read == 0 {
            return Err("it became shorter while it was read".to_owned());
        }
        state.update(buffer.get(..read).unwrap_or_default());
        done += read as u64;
    }
    Ok(state
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
