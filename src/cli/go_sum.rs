//! The go.sum files of `--go-sum`.

use super::error::Error;
use super::files;
use crate::verify::go_sum::{GoSum, LARGEST};
use std::path::{Path, PathBuf};

/// The checksums of the files, each with its name.
///
/// # Errors
/// For the first file that cannot be read, or is not a go.sum file.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<(String, GoSum)>, Error> {
    paths.iter().map(|path| read_one(path)).collect()
}

fn read_one(path: &Path) -> Result<(String, GoSum), Error> {
    let text = files::text(path, LARGEST)?;
    let sums = GoSum::parse(&text).map_err(|e| files::not_read(path, e.to_string()))?;
    Ok((path.to_string_lossy().into_owned(), sums))
}
