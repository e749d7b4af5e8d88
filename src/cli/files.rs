//! Small files that arguments name.

use super::error::Error;
use crate::report::style::clean;
use crate::source::dir::read_bounded;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a whole file of at most `max_bytes` bytes.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| not_read(path, e.to_string()))?;
    file.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| not_read(path, e.to_string()))?;
    if bytes.len() as u64 > max_bytes {
        return Err(not_read(
            path,
            format!("longer than {} MiB", max_bytes >> 20),
        ));
    }
    Ok(bytes)
}

/// Reads a file that may also be a pipe, as text in UTF-8, of at most `max_bytes` bytes.
pub fn piped_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    let bytes = read_bounded(File::open(path)?, max_bytes)?;
    String::from_utf8(bytes).map_err(|_| io::Error::other("is not UTF-8 text"))
}

/// Reads a file as text in UTF-8.
pub fn text(path: &Path, max_bytes: u64) -> Result<String, Error> {
    let bytes = read(path, max_bytes)?;
    String::from_utf8(bytes).map_err(|_| not_read(path, "is not UTF-8 text".to_owned()))
}

/// The error for a file that cannot be used.
pub fn not_read(path: &Path, why: String) -> Error {
    Error::NotRead {
        name: clean(&path.to_string_lossy()).into_owned(),
        why,
    }
}
