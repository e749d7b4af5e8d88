//! The go.sum files of `--go-sum`.

use super::error::Error;
use crate::report::style::clean;
use crate::verify::go_sum::{GoSum, LARGEST};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The sums of the files, each with its name.
///
/// # Errors
/// At the first that cannot be read, or is no go.sum file.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<(String, GoSum)>, Error> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<(String, GoSum), Error> {
    let name = path.to_string_lossy().into_owned();
    let not_read = |why: String| Error::NotRead {
        name: clean(&path.to_string_lossy()).into_owned(),
        why,
    };
    let bytes = read(path, LARGEST).map_err(|e| not_read(e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| not_read("is no text in UTF-8".to_owned()))?;
    let sums = GoSum::parse(&text).map_err(|e| not_read(e.to_string()))?;
    Ok((name, sums))
}

/// Reads a whole file of at most `most` bytes.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("longer than {} MiB", most >> 20)));
    }
    Ok(bytes)
}
