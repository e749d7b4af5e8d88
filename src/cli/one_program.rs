//! The file of a command that takes one program: `why` and `rebuild`.

use super::error::Error;
use crate::bytes::FileBytes;
use crate::bytes::escape::shell_word;
use crate::report::style::clean;
use std::fs::File;
use std::path::Path;

/// Opens a program.
///
/// # Errors
/// When it cannot be opened, or is a folder or an archive, which may hold several programs.
pub fn open(path: &Path) -> Result<FileBytes, Error> {
    let shown = path.display().to_string();
    let shown = clean(&shown);
    let unread = |why: String| Error::Program {
        path: shown.clone().into_owned(),
        why,
    };
    let several = |holder: &str| {
        unread(format!(
            "{holder}, and this command takes one program file: unpack it first; `gospect scan {}` lists those in it",
            shell_word(&shown)
        ))
    };
    // The name that other commands print for a program in an archive or image.
    let holder = path.to_str().and_then(holder_of).map(clean);
    if let Some(holder) = holder.filter(|_| !path.exists()) {
        return Err(unread(format!(
            "this command takes a file, and no program inside one: unpack {holder} first"
        )));
    }
    if path.is_dir() {
        return Err(unread(format!(
            "a directory, and this command takes one program file; `gospect scan {}` lists those in it",
            shell_word(&shown)
        )));
    }
    let bytes = File::open(path)
        .and_then(FileBytes::open)
        .map_err(|error| unread(error.to_string()))?;
    match is_container(&bytes) {
        true => Err(several("an archive, an image or a compressed file")),
        false => Ok(bytes),
    }
}

/// The file in the name of a program in an archive or image: `rel.tar.gz!bin/app`, `archive:rel.tar.gz!bin/app`.
fn holder_of(name: &str) -> Option<&str> {
    let (holder, _) = name.split_once('!')?;
    let scheme = holder.split_once(':').map(|(_, path)| path);
    let is_file = |holder: &&str| Path::new(holder).is_file();
    [holder].into_iter().chain(scheme).find(is_file)
}

#[cfg(feature = "archives")]
fn is_container(bytes: &FileBytes) -> bool {
    use crate::bytes::ReadAt;
    use crate::source::archive::{HEAD, sniff};

    let mut head = vec![0; HEAD];
    let count = bytes.read_at(&mut head, 0).unwrap_or(0);
    sniff(head.get(..count).unwrap_or_default()).is_some()
}

#[cfg(not(feature = "archives"))]
fn is_container(_: &FileBytes) -> bool {
    false
}
