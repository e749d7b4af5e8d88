//! The file of one cached result.

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How the names of temporary files begin.
pub const TEMPORARY: &str = "new-";

/// Bytes of the checksum at the start of a file.
const CHECKSUM_SIZE: usize = 32;

/// The file of an entry.
pub struct EntryFile {
    /// Name of its file.
    pub name: String,
    /// Length of its file.
    pub bytes: u64,
    /// When it was written or last read.
    pub last_used: SystemTime,
}

/// Reads an entry; `None` if it is absent, damaged or longer than `longest` bytes.
pub fn read(path: &Path, longest: u64) -> Option<Vec<u8>> {
    let file = open_plain(path).ok()?;
    let mut bytes = Vec::new();
    // A Deflate stream is hardly longer than its content.
    file.take(longest + longest / 8 + 1024)
        .read_to_end(&mut bytes)
        .ok()?;
    let (sum, packed) = bytes.split_at_checked(CHECKSUM_SIZE)?;
    if Sha256::digest(packed)[..] != *sum {
        return None;
    }
    let mut content = Vec::new();
    DeflateDecoder::new(packed)
        .take(longest + 1)
        .read_to_end(&mut content)
        .ok()?;
    (content.len() as u64 <= longest).then_some(content)
}

/// Writes an entry. `number` is one that this process has not used for a temporary file.
pub fn write(folder: &Path, name: &str, number: u64, content: &[u8]) -> io::Result<()> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(content)?;
    let packed = packed.finish()?;
    write_whole(folder, name, number, &mut |out| {
        out.write_all(&Sha256::digest(&packed))?;
        out.write_all(&packed)
    })
}

/// Writes a file under a temporary name and then gives it its name.
pub fn write_whole(
    folder: &Path,
    name: &str,
    number: u64,
    content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // On a shared file system two machines may have processes with the same number, so that the time is part of the name.
    let salt = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |now| now.as_nanos());
    let temporary = folder.join(format!(
        "{TEMPORARY}{}-{number}-{salt:x}",
        std::process::id()
    ));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    let written = content(&mut file).and_then(|()| {
        drop(file);
        fs::rename(&temporary, folder.join(name))
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Sets the time of the last use, if the last one is longer ago than `fresh`. A folder that cannot be written to stays as it is.
pub fn mark_used(path: &Path, fresh: Duration) {
    let now = SystemTime::now();
    let is_old = |file: &File| {
        let used = file.metadata().and_then(|m| m.modified());
        used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > fresh))
    };
    if let Ok(file) = File::open(path)
        && is_old(&file)
    {
        let _ = OpenOptions::new()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(now));
    }
}

/// The entries of a folder, none if there is no such folder.
pub fn list(folder: &Path) -> io::Result<Vec<EntryFile>> {
    let mut all = Vec::new();
    for item in names(folder)? {
        let item = item?;
        let name = item.file_name().to_string_lossy().into_owned();
        let is_entry =
            name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_entry {
            continue;
        }
        match item.metadata() {
            Ok(meta) if meta.is_file() => all.push(EntryFile {
                name,
                bytes: meta.len(),
                last_used: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            }),
            // Another process removed it, or it is something else.
            _ => {}
        }
    }
    Ok(all)
}

/// Removes temporary files that are older than `age`.
pub fn remove_abandoned(folder: &Path, age: Duration) -> io::Result<()> {
    let now = SystemTime::now();
    for item in names(folder)? {
        let item = item?;
        let is_old = || {
            let written = item.metadata().and_then(|m| m.modified());
            written.is_ok_and(|written| now.duration_since(written).is_ok_and(|old| old > age))
        };
        if item.file_name().to_string_lossy().starts_with(TEMPORARY) && is_old() {
            let _ = fs::remove_file(item.path());
        }
    }
    Ok(())
}

/// The names in a folder; none if it does not exist.
fn names(folder: &Path) -> io::Result<Box<dyn Iterator<Item = io::Result<fs::DirEntry>>>> {
    match fs::read_dir(folder) {
        Ok(items) => Ok(Box::new(items)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Box::new(std::iter::empty())),
        Err(e) => Err(e),
    }
}

/// Opens a file that is not a link, device or FIFO.
pub fn open_plain(path: &Path) -> io::Result<File> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    File::open(path)
}
