//! Records that wait: programs of a container are delivered after all of it has been read. A few records wait in memory, the
//! others in a temporary file.

use super::place::apply;
use crate::bytes::Grant;
use crate::record::{Binary, Location};
use crate::source::packages::Ownership;
use std::fmt;
use std::io;
use std::sync::Arc;
#[cfg(feature = "archives")]
use {
    crate::bytes::{Budget, SpillStore, Stored, Use, error_text},
    crate::source::archive::{ArchiveError, Reason},
    std::io::Write,
};

#[cfg(feature = "archives")]
/// Most bytes of the temporary file of one scan.
const FILE: u64 = 8 << 30;

#[cfg(feature = "archives")]
/// Bytes of memory counted for a waiting record, without its name.
const NAME: u64 = 1200;

#[cfg(feature = "archives")]
/// Keeps the waiting records of all containers of one scan.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    records: Budget,
    names: Budget,
    file: SpillStore,
    /// Most bytes of the file.
    most: u64,
}

/// A program at one of its places. All names of a program share its record, so that another name costs only the name.
#[derive(Clone)]
pub(crate) struct Spooled {
    /// See [`Binary::path`].
    pub path: String,
    /// See [`Binary::path_bytes`].
    pub path_bytes: Option<String>,
    /// See [`Binary::location`].
    pub location: Location,
    /// The package that owns the file with this name.
    pub owned: Ownership,
    record: Arc<Record>,
}

struct Record {
    size: u64,
    kept: Storage,
    /// For the fields of [`Spooled`] other than the record; `None` if not counted.
    _name: Option<Grant>,
}

enum Storage {
    /// In memory, counted if there is a grant.
    Memory(Box<Binary>, Option<Grant>),
    /// As JSON in the temporary file.
    #[cfg(feature = "archives")]
    File(Stored),
}

#[cfg(feature = "archives")]
impl Spool {
    /// A spool for a scan with `memory` bytes.
    pub fn new(memory: u64) -> Self {
        Self::with_file(memory, FILE)
    }

    fn with_file(memory: u64, most: u64) -> Self {
        Self {
            records: Budget::of(memory, Use::WaitingRecords),
            names: Budget::of(memory, Use::WaitingNames),
            file: SpillStore::new(most),
            most,
        }
    }

    /// Whether a record is so large that it goes to the file even if nothing else waits.
    pub fn is_large(&self, binary: &Binary) -> bool {
        binary.size_in_memory() > self.records.total() / 4
    }

    /// Keeps a record. Its path and location stay in memory; `name` is the length of its name in the container.
    ///
    /// # Errors
    /// When it neither fits into memory nor can be written to the temporary file, or too many records wait.
    pub fn put(&self, binary: Binary, name: usize) -> Result<Spooled, ArchiveError> {
        self.try_put(binary, name).map_err(|(error, _)| error)
    }

    /// Whether more than half of the room for names is used: the rest is for archives, which cannot do without.
    pub fn is_half_full(&self) -> bool {
        self.names.used() > self.names.total() / 2
    }

    /// Keeps a record that is in no container. If there is no room, it stays in memory uncounted.
    pub fn put_or_keep(&self, binary: Binary) -> Spooled {
        let spooled = self.try_put(binary, 0);
        spooled.unwrap_or_else(|(_, binary)| Spooled::from(*binary))
    }

    /// Like [`Self::put`], but returns the record if there is no room.
    ///
    /// # Errors
    /// See [`Self::put`].
    fn try_put(
        &self,
        mut binary: Binary,
        name: usize,
    ) -> Result<Spooled, (ArchiveError, Box<Binary>)> {
        // Path and location hold the name once each, and so does the reference to the record.
        let Some(name) = self.names.try_take(NAME + 3 * name as u64) else {
            let error = ArchiveError::limit(format!(
                "the names of the programs that wait take more than {} bytes",
                self.names.total()
            ));
            return Err((error, Box::new(binary)));
        };
        let size = binary.size_in_memory();
        let grant = match self.is_large(&binary) {
            true => None,
            false => self.records.try_take(size),
        };
        let path = std::mem::take(&mut binary.path);
        let path_bytes = binary.path_bytes.take();
        let location = std::mem::take(&mut binary.location);
        let kept = match grant {
            Some(grant) => Storage::Memory(Box::new(binary), Some(grant)),
            None => match self.store(&binary) {
                Ok(stored) => Storage::File(stored),
                Err(error) => {
                    (binary.path, binary.path_bytes) = (path, path_bytes);
                    binary.location = location;
                    return Err((error, Box::new(binary)));
                }
            },
        };
        Ok(Spooled {
            path,
            path_bytes,
            location,
            owned: Ownership::default(),
            record: Arc::new(Record {
                size,
                kept,
                _name: Some(name),
            }),
        })
    }

    /// Writes a record to the temporary file. Its length is computed first: the text would take as much memory as the record.
    fn store(&self, binary: &Binary) -> Result<Stored, ArchiveError> {
        let mut length = Length(0);
        let stored = serde_json::to_writer(&mut length, binary)
            .map_err(io::Error::from)
            .and_then(|()| {
                let write = |out: &mut dyn Write| Ok(serde_json::to_writer(out, binary)?);
                self.file.store(length.0, write)
            });
        stored.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => ArchiveError::limit(format!(
                "the records that wait take more than {} bytes",
                self.most
            )),
            _ => ArchiveError::new(
                Reason::Unreadable,
                format!(
                    "its record does not fit into memory: {}",
                    error_text(&error)
                ),
            ),
        })
    }
}

#[cfg(feature = "archives")]
/// Counts the bytes written.
struct Length(u64);

#[cfg(feature = "archives")]
impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Storage {
    fn into_binary(self) -> io::Result<Binary> {
        match self {
            Self::Memory(binary, _) => Ok(*binary),
            #[cfg(feature = "archives")]
            Self::File(_) => self.binary(),
        }
    }

    fn binary(&self) -> io::Result<Binary> {
        match self {
            Self::Memory(binary, _) => Ok((**binary).clone()),
            #[cfg(feature = "archives")]
            Self::File(stored) => Ok(serde_json::from_slice(&stored.load()?)?),
        }
    }
}

impl Spooled {
    /// The whole record.
    ///
    /// # Errors
    /// When its temporary file can no longer be read.
    fn binary(&self) -> io::Result<Binary> {
        self.clone().into_binary()
    }

    /// The whole record, without a copy if this is the last name of a record in memory.
    ///
    /// # Errors
    /// See [`Self::binary`].
    pub fn into_binary(self) -> io::Result<Binary> {
        let mut binary = match Arc::try_unwrap(self.record) {
            Ok(last) => last.kept.into_binary()?,
            Err(shared) => shared.kept.binary()?,
        };
        binary.path = self.path;
        binary.path_bytes = self.path_bytes;
        binary.location = self.location;
        apply(&self.owned, &mut binary);
        Ok(binary)
    }

    /// Bytes of memory that the record takes and no budget counts.
    pub fn uncounted(&self) -> u64 {
        match self.record.kept {
            Storage::Memory(_, None) => self.record.size,
            _ => 0,
        }
    }

    /// How many names of usual size it counts as where their number is limited: one, plus one for every 64 KiB of the record.
    #[cfg(feature = "archives")]
    pub fn names(&self) -> u64 {
        1 + (self.record.size >> 16)
    }
}

/// A record that stays in memory whatever its size.
impl From<Binary> for Spooled {
    fn from(mut binary: Binary) -> Self {
        Self {
            path: std::mem::take(&mut binary.path),
            path_bytes: binary.path_bytes.take(),
            location: std::mem::take(&mut binary.location),
            owned: Ownership::default(),
            record: Arc::new(Record {
                size: binary.size_in_memory(),
                kept: Storage::Memory(Box::new(binary), None),
                _name: None,
            }),
        }
    }
}

impl fmt::Debug for Spooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.binary() {
            Ok(binary) => binary.fmt(f),
            Err(e) => e.fmt(f),
        }
    }
}

impl PartialEq for Spooled {
    fn eq(&self, other: &Self) -> bool {
        match (self.binary(), other.binary()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        }
    }
}

#[cfg(all(test, feature = "archives"))]
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
        let spool = Spool::with_file(8 * 4 * binary(100).size_in_memory(), 1 << 20);
        let all: Vec<Binary> = [0, 10, 3000, 40, 100, 100, 100, 100].map(binary).into();
        assert!(spool.is_large(&all[2]) && !spool.is_large(&all[4]));
        let kept: Vec<Spooled> = all
            .iter()
            .map(|b| spool.put(b.clone(), 10).unwrap())
            .collect();
        let in_file = |s: &Spooled| matches!(s.record.kept, Storage::File(_));
        assert_eq!(
            kept.iter().map(in_file).collect::<Vec<_>>(),
            [false, false, true, false, false, false, false, true]
        );
        for (kept, binary) in kept.iter().zip(&all) {
            assert_eq!(kept.binary().unwrap(), *binary);
            assert_eq!(*kept, Spooled::from(binary.clone()));
        }
        let mut other = kept[2].clone();
        other.path = "another name".to_owned();
        drop(kept);
        let other = other.into_binary().unwrap();
        assert_eq!(
            (other.path.as_str(), other.build_info),
            ("another name", all[2].build_info.clone())
        );
        assert_eq!((spool.records.used(), spool.names.used()), (0, 0));
        assert!(spool.file.is_empty());
    }

    #[test]
    fn the_file_is_bounded_and_its_space_is_reused() {
        let spool = Spool::with_file(8 << 20, 100 << 10);
        let _used_up = spool.records.try_take(1 << 20).unwrap();
        let mut kept = Vec::new();
        let error = loop {
            match spool.put(binary(100), 10) {
                Ok(one) => kept.push(one),
                Err(error) => break error,
            }
        };
        assert!((3..50).contains(&kept.len()), "{}", kept.len());
        assert_eq!(error.reason, Reason::Limit);
        kept.clear();
        assert_eq!(
            spool.put(binary(100), 10).unwrap().binary().unwrap(),
            binary(100)
        );
    }

    #[test]
    fn names_are_bounded_too() {
        let spool = Spool::with_file(8 * 12_000, 1 << 20);
        let mut kept = Vec::new();
        let error = loop {
            match spool.put(binary(0), 100) {
                Ok(one) => kept.push(one),
                Err(error) => break error,
            }
        };
        assert_eq!((kept.len(), error.reason), (16, Reason::Limit));
        assert!(spool.is_half_full());
        let at_hand = spool.put_or_keep(binary(0));
        assert!(at_hand.uncounted() > 0);
        assert_eq!(at_hand.into_binary().unwrap(), binary(0));
        // Another name of a record counts for its holder.
        let other = kept[0].clone();
        kept.clear();
        assert!(spool.put(binary(0), 100).is_ok());
        drop(other);
        assert_eq!(spool.names.used(), 0);
        assert!(!spool.is_half_full());
    }
}
