//! Records that wait: what is found in a container is told when all of it was read. While they are few they stay in memory, beyond that
//! they go to a private temporary file.

use super::archive::{ArchiveError, Reason};
use crate::bytes::error_text;
use crate::record::{Binary, Location};
use crate::source::packages::Ownership;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The temporary file of one scan holds no more than this.
const FILE: u64 = 8 << 30;

const BUFFER: usize = 64 << 10;

/// Bytes of memory for a record that waits, without its name.
const NAME: u64 = 1200;

/// Where all containers of one scan keep their records.
#[derive(Clone, Debug)]
pub struct Shelf {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes of memory for all records that wait; twice as many for their names and places.
    memory: u64,
    /// Bytes of the temporary file.
    file: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_memory: u64,
    /// What stays in memory of every record.
    names: u64,
    file: Option<File>,
    /// Where the file ends.
    end: u64,
    /// Parts of the file that nobody asks for any more: length by offset, none beside another or at the end.
    free: BTreeMap<u64, u64>,
}

impl State {
    /// Takes a part of the file, a free one where there is one.
    fn take(&mut self, len: u64) -> u64 {
        let fit = self.free.iter().find(|(_, free)| **free >= len);
        let Some((&offset, &free)) = fit else {
            self.end += len;
            return self.end - len;
        };
        self.free.remove(&offset);
        if free > len {
            self.free.insert(offset + len, free - len);
        }
        offset
    }

    /// Gives a part of the file back.
    fn give(&mut self, mut offset: u64, mut len: u64) {
        if let Some((&before, &free)) = self.free.range(..offset).next_back()
            && before + free == offset
        {
            self.free.remove(&before);
            (offset, len) = (before, free + len);
        }
        if let Some(behind) = self.free.remove(&(offset + len)) {
            len += behind;
        }
        if offset + len == self.end {
            self.end = offset;
            // What is not given back to the disk is used anew.
            let _ = self.file.as_ref().map(|file| file.set_len(offset));
        } else {
            self.free.insert(offset, len);
        }
    }
}

/// A program at one of its places. The names of one program share one record, so that another name costs no more than the name.
#[derive(Clone)]
pub struct Shelved {
    /// As in [`Binary::path`].
    pub path: String,
    /// As in [`Binary::path_bytes`].
    pub path_bytes: Option<String>,
    /// As in [`Binary::location`].
    pub location: Location,
    /// Whose the file of that name is.
    pub owned: Ownership,
    record: Arc<Record>,
}

struct Record {
    kept: Option<Kept>,
    weight: u64,
    name: u64,
    home: Option<Arc<Shared>>,
}

enum Kept {
    Memory(Box<Binary>),
    /// JSON in the temporary file.
    File {
        offset: u64,
        len: u64,
    },
}

impl Shelf {
    /// A shelf that takes about an eighth of `memory` bytes.
    pub fn new(memory: u64) -> Self {
        Self::with_file(memory / 8, FILE)
    }

    fn with_file(memory: u64, file: u64) -> Self {
        let shared = Shared {
            memory,
            file,
            state: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Whether a record is so large that it had better not wait in memory, wherever it is from.
    pub fn is_large(&self, binary: &Binary) -> bool {
        binary.weight() > self.shared.memory / 4
    }

    /// Keeps a record. Its path and location stay at hand, and so does a `name` of that many bytes in the container.
    ///
    /// # Errors
    /// When it does not fit into memory and cannot be written to the temporary file either, or too many wait.
    pub fn put(&self, binary: Binary, name: usize) -> Result<Shelved, ArchiveError> {
        self.try_put(binary, name).map_err(|(error, _)| error)
    }

    /// The same, and the record comes back when it finds no place.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn try_put(
        &self,
        mut binary: Binary,
        name: usize,
    ) -> Result<Shelved, (ArchiveError, Box<Binary>)> {
        let weight = binary.weight();
        let name = match self.shared.name(name) {
            Ok(name) => name,
            Err(error) => return Err((error, Box::new(binary))),
        };
        let path = std::mem::take(&mut binary.path);
        let path_bytes = binary.path_bytes.take();
        let location = std::mem::take(&mut binary.location);
        let fits = weight <= self.shared.memory / 4 && {
            let mut state = self.shared.lock();
            let fits = state.in_memory + weight <= self.shared.memory;
            state.in_memory += if fits { weight } else { 0 };
            fits
        };
        let kept = if fits {
            Kept::Memory(Box::new(binary))
        } else {
            match self.shared.store(&binary) {
                Ok(kept) => kept,
                Err(error) => {
                    self.shared.lock().names -= name;
                    (binary.path, binary.path_bytes) = (path, path_bytes);
                    binary.location = location;
                    return Err((error, Box::new(binary)));
                }
            }
        };
        Ok(Shelved {
            path,
            path_bytes,
            location,
            owned: Ownership::default(),
            record: Arc::new(Record {
                kept: Some(kept),
                weight,
                name,
                home: Some(Arc::clone(&self.shared)),
            }),
        })
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for what stays in memory of a record.
    fn name(&self, bytes: usize) -> Result<u64, ArchiveError> {
        // Path and location say the name each, and what finds it again once more.
        let bytes = NAME + 3 * bytes as u64;
        let room = self.memory.saturating_mul(2);
        let mut state = self.lock();
        if state.names + bytes > room {
            return Err(ArchiveError::limit(format!(
                "the names of the programs that wait take more than {room} bytes"
            )));
        }
        state.names += bytes;
        Ok(bytes)
    }

    /// Writes a record behind the others.
    fn store(&self, binary: &Binary) -> Result<Kept, ArchiveError> {
        let failed = |e: io::Error| {
            ArchiveError::new(
                Reason::Unreadable,
                format!(
                    "its record does not fit into memory, and cannot be written to a temporary file: {}",
                    error_text(&e)
                ),
            )
        };
        let mut count = Counting(0);
        serde_json::to_writer(&mut count, binary).map_err(|e| failed(e.into()))?;
        let len = count.0;
        let mut state = self.lock();
        let offset = state.take(len);
        let written = if offset + len > self.file {
            Err(ArchiveError::limit(format!(
                "the records that wait take more than {} bytes",
                self.file
            )))
        } else {
            write_at(&mut state.file, offset, binary).map_err(failed)
        };
        match written {
            Ok(()) => Ok(Kept::File { offset, len }),
            Err(error) => {
                state.give(offset, len);
                Err(error)
            }
        }
    }

    fn load(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut text = vec![0; usize::try_from(len).map_err(io::Error::other)?];
        let mut state = self.lock();
        let file = state.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut text)?;
        Ok(text)
    }
}

/// Counts what is written: a record in text is as large again, so it is not made in memory first.
struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_at(file: &mut Option<File>, offset: u64, binary: &Binary) -> io::Result<()> {
    let file = match file {
        Some(file) => file,
        none => none.insert(tempfile::tempfile()?),
    };
    file.seek(SeekFrom::Start(offset))?;
    let mut writer = BufWriter::with_capacity(BUFFER, file);
    serde_json::to_writer(&mut writer, binary)?;
    writer.flush()
}

impl Drop for Record {
    fn drop(&mut self) {
        let Some(home) = &self.home else { return };
        let mut state = home.lock();
        state.names -= self.name;
        match &self.kept {
            Some(Kept::File { offset, len }) => state.give(*offset, *len),
            _ => state.in_memory -= self.weight,
        }
    }
}

impl Record {
    fn binary(&self) -> io::Result<Binary> {
        match &self.kept {
            Some(Kept::Memory(binary)) => Ok((**binary).clone()),
            Some(Kept::File { offset, len }) => {
                let home = self.home.as_ref().ok_or(io::ErrorKind::NotFound)?;
                serde_json::from_slice(&home.load(*offset, *len)?).map_err(io::Error::from)
            }
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Shelved {
    /// The whole record.
    ///
    /// # Errors
    /// When it went to a temporary file that cannot be read any more.
    pub fn binary(&self) -> io::Result<Binary> {
        self.clone().into_binary()
    }

    /// The same, without a copy where this is the last name of a record in memory.
    ///
    /// # Errors
    /// As [`Self::binary`].
    pub fn into_binary(self) -> io::Result<Binary> {
        let mut binary = match Arc::try_unwrap(self.record) {
            Ok(mut last) => match last.kept.take() {
                Some(Kept::Memory(binary)) => *binary,
                other => {
                    last.kept = other;
                    last.binary()?
                }
            },
            Err(shared) => shared.binary()?,
        };
        binary.path = self.path;
        binary.path_bytes = self.path_bytes;
        binary.location = self.location;
        self.owned.apply(&mut binary);
        Ok(binary)
    }

    /// Bytes of memory that the record takes beyond what the shelf answers for.
    pub fn weight(&self) -> u64 {
        match self.record.home {
            Some(_) => 0,
            None => self.record.weight,
        }
    }

    /// How many usual names this one counts for where their number is limited: one, and one more for every 64 KiB of the record.
    pub fn names(&self) -> u64 {
        1 + (self.record.weight >> 16)
    }
}

/// A record that stays in memory whatever it takes.
impl From<Binary> for Shelved {
    fn from(mut binary: Binary) -> Self {
        Self {
            path: std::mem::take(&mut binary.path),
            path_bytes: binary.path_bytes.take(),
            location: std::mem::take(&mut binary.location),
            owned: Ownership::default(),
            record: Arc::new(Record {
                weight: binary.weight(),
                name: 0,
                kept: Some(Kept::Memory(Box::new(binary))),
                home: None,
            }),
        }
    }
}

impl fmt::Debug for Shelved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.binary() {
            Ok(binary) => binary.fmt(f),
            Err(e) => e.fmt(f),
        }
    }
}

impl PartialEq for Shelved {
    fn eq(&self, other: &Self) -> bool {
        match (self.binary(), other.binary()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{BuildInfo, Module};

    fn binary(deps: usize) -> Binary {
        let dep = |i: usize| Module {
            path: format!("example.com/m{i}"),
            version: "v1.0.0".to_owned(),
            ..Module::default()
        };
        Binary {
            path: format!("bin/{deps}"),
            build_info: Some(BuildInfo {
                deps: (0..deps).map(dep).collect(),
                ..BuildInfo::default()
            }),
            notes: vec!["\u{202e}\"quoted\"\n".to_owned()],
            ..Binary::default()
        }
    }

    #[test]
    fn records_come_back_as_they_were_wherever_they_waited() {
        let shelf = Shelf::with_file(4 * binary(100).weight(), 1 << 20);
        let all: Vec<Binary> = [0, 10, 3000, 40, 100, 100, 100, 100].map(binary).into();
        assert!(shelf.is_large(&all[2]) && !shelf.is_large(&all[4]));
        let kept: Vec<Shelved> = all
            .iter()
            .map(|b| shelf.put(b.clone(), 10).unwrap())
            .collect();
        let in_file = |s: &Shelved| matches!(s.record.kept, Some(Kept::File { .. }));
        assert_eq!(
            kept.iter().map(in_file).collect::<Vec<_>>(),
            [false, false, true, false, false, false, false, true]
        );
        for (kept, binary) in kept.iter().zip(&all) {
            assert_eq!(kept.binary().unwrap(), *binary);
            assert_eq!(*kept, Shelved::from(binary.clone()));
        }
        let mut other = kept[2].clone();
        other.path = "another name".to_owned();
        drop(kept);
        let other = other.into_binary().unwrap();
        assert_eq!(
            (other.path.as_str(), other.build_info),
            ("another name", all[2].build_info.clone())
        );
        let state = shelf.shared.lock();
        assert_eq!((state.in_memory, state.end, state.names), (0, 0, 0));
    }

    #[test]
    fn the_file_has_an_end_and_is_used_anew() {
        let mut shelf = Shelf::with_file(1 << 20, 100 << 10);
        Arc::get_mut(&mut shelf.shared)
            .unwrap()
            .state
            .get_mut()
            .unwrap()
            .in_memory = 1 << 20;
        let mut kept = Vec::new();
        let error = loop {
            match shelf.put(binary(100), 10) {
                Ok(one) => kept.push(one),
                Err(error) => break error,
            }
        };
        assert!((5..50).contains(&kept.len()), "{}", kept.len());
        assert_eq!(error.reason, Reason::Limit);
        kept.clear();
        assert_eq!(
            shelf.put(binary(100), 10).unwrap().binary().unwrap(),
            binary(100)
        );
    }

    #[test]
    fn names_have_an_end_too() {
        let shelf = Shelf::with_file(12_000, 1 << 20);
        let mut kept = Vec::new();
        let error = loop {
            match shelf.put(binary(0), 100) {
                Ok(one) => kept.push(one),
                Err(error) => break error,
            }
        };
        assert_eq!((kept.len(), error.reason), (16, Reason::Limit));
        // Another name of a record is in the account of whoever keeps it.
        let other = kept[0].clone();
        kept.clear();
        assert!(shelf.put(binary(0), 100).is_ok());
        drop(other);
        assert_eq!(shelf.shared.lock().names, 0);
    }
}
