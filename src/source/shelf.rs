//! Records that wait: what is found in a container is told when all of it was read. While they are few they stay in memory, beyond that
//! they go to a private temporary file.

use super::archive::{ArchiveError, Reason};
use crate::bytes::error_text;
use crate::report::model::{Binary, Location};
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The temporary file of one scan holds no more than this.
const FILE: u64 = 8 << 30;

const BUFFER: usize = 64 << 10;

/// Where all containers of one scan keep their records.
#[derive(Clone, Debug)]
pub struct Shelf {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes of memory for all records that wait.
    memory: u64,
    /// Bytes of the temporary file.
    file: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_memory: u64,
    file: Option<File>,
    /// Where the next record goes in the file.
    end: u64,
    /// Records in the file that somebody may still ask for.
    in_file: u64,
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
    record: Arc<Record>,
}

struct Record {
    kept: Option<Kept>,
    weight: u64,
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

    /// Keeps a record. Its path and location stay at hand.
    ///
    /// # Errors
    /// When it does not fit into memory and cannot be written to the temporary file either.
    pub fn put(&self, mut binary: Binary) -> Result<Shelved, ArchiveError> {
        let weight = binary.weight();
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
            self.shared.store(&binary)?
        };
        Ok(Shelved {
            path,
            path_bytes,
            location,
            record: Arc::new(Record {
                kept: Some(kept),
                weight,
                home: Some(Arc::clone(&self.shared)),
            }),
        })
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut state = self.lock();
        if state.in_file == 0 {
            state.end = 0;
        }
        let offset = state.end;
        let file = match &mut state.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(failed)?),
        };
        // Not made in memory first: a record in text is as large again.
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut writer = BufWriter::with_capacity(BUFFER, &mut *file);
        serde_json::to_writer(&mut writer, binary).map_err(|e| failed(e.into()))?;
        writer.flush().map_err(failed)?;
        drop(writer);
        let end = file.stream_position().map_err(failed)?;
        if end > self.file {
            return Err(ArchiveError::limit(format!(
                "the records that wait take more than {} bytes",
                self.file
            )));
        }
        state.end = end;
        state.in_file += 1;
        Ok(Kept::File {
            offset,
            len: end - offset,
        })
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

impl Drop for Record {
    fn drop(&mut self) {
        let Some(home) = &self.home else { return };
        let mut state = home.lock();
        match &self.kept {
            Some(Kept::File { .. }) => state.in_file -= 1,
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
        Ok(binary)
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
            record: Arc::new(Record {
                weight: binary.weight(),
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
    use crate::report::model::{BuildInfo, Module};

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
        let kept: Vec<Shelved> = all.iter().map(|b| shelf.put(b.clone()).unwrap()).collect();
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
        assert_eq!((state.in_memory, state.in_file), (0, 0));
    }

    #[test]
    fn the_file_has_an_end_and_is_used_anew() {
        let shelf = Shelf::with_file(0, 100 << 10);
        let mut kept = Vec::new();
        let error = loop {
            match shelf.put(binary(100)) {
                Ok(one) => kept.push(one),
                Err(error) => break error,
            }
        };
        assert!((5..50).contains(&kept.len()), "{}", kept.len());
        assert_eq!(error.reason, Reason::Limit);
        kept.clear();
        assert_eq!(
            shelf.put(binary(100)).unwrap().binary().unwrap(),
            binary(100)
        );
    }
}
