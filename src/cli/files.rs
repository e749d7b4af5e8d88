//! Small files that arguments name.

use super::error::Error;
use crate::report::style::clean;
use crate::source::dir::read_bounded;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file of at most `most` bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| not_read(path, e.to_string()))?;
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| not_read(path, e.to_string()))?;
    if bytes.len() as u64 > most {
        return Err(not_read(path, format!("longer than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// Reads a file that may also be a pipe, as text in UTF-8, of at most `most` bytes.
pub fn piped_text(path: &Path, most: u64) -> io::Result<String> {
    let bytes = read_bounded(File::open(path)?, most)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("is no text in UTF-8"))
}

/// Reads a file as text in UTF-8.
pub fn text(path: &Path, most: u64) -> Result<String, Error> {
    let bytes = read(path, most)?;
    String::from_utf8(bytes).map_err(|_| not_read(path, "is no text in UTF-8".to_owned()))
}

/// The error for a file that cannot be used.
pub fn not_read(path: &Path, why: String) -> Error {
    Error::NotRead {
        name: clean(&path.to_string_lossy()).into_owned(),
        why,
    }
}
