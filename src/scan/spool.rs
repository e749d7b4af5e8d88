//! Keeps records until they are delivered: those of a container are delivered after all of it has been read. A few records wait in memory, the
//! others in a temporary file.

use super::surroundings::Surroundings;
use crate::bytes::Grant;
use crate::record::Binary;
use crate::source::packages::Ownership;
use std::fmt;
use std::io;
use std::sync::Arc;
#[cfg(feature = "archives")]
use {
    crate::bytes::{Budget, SpillStore, Stored, Use, error_text},
    crate::source::archive::{ArchiveError, Reason},
    serde::{Deserialize, Serialize},
    std::io::Write,
};

#[cfg(feature = "archives")]
/// Most bytes of the temporary file of one scan.
const FILE_LIMIT: u64 = 8 << 30;

#[cfg(feature = "archives")]
/// Bytes of memory counted for a waiting record, without its name.
const RECORD_OVERHEAD: u64 = 1200;

#[cfg(feature = "archives")]
/// Keeps the waiting records of all containers of one scan.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    records: Budget,
    names: Budget,
    file: SpillStore,
    /// Most bytes of the file.
    file_limit: u64,
}

/// A record that waits to be delivered. All names of a program share it, so that another name costs only the name.
#[derive(Clone)]
pub(crate) struct WaitingRecord {
    record: Arc<Record>,
    /// The package that owns the file with this name; added when the record is opened, like the next field.
    owned: Ownership,
    surroundings: Option<Arc<Surroundings>>,
}

struct Record {
    /// Size in memory.
    size: u64,
    storage: Storage,
    /// Memory for place and owner of the program; `None` if not counted.
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
        Self::with_file(memory, FILE_LIMIT)
    }

    fn with_file(memory: u64, file_limit: u64) -> Self {
        Self {
            records: Budget::of(memory, Use::WaitingRecords),
            names: Budget::of(memory, Use::WaitingNames),
            file: SpillStore::new(file_limit),
            file_limit,
        }
    }

    /// Whether a record is so large that it goes to the file even if nothing else waits.
    pub fn is_large(&self, binary: &Binary) -> bool {
        binary.size_in_memory() > self.records.total() / 4
    }

    /// Keeps a record; `name_length` is the length of its name in the container, in bytes.
    ///
    /// # Errors
    /// When it neither fits into memory nor can be written to the temporary file, or too many records wait.
    pub fn put(
        &self,
        binary: Box<Binary>,
        name_length: usize,
    ) -> Result<WaitingRecord, ArchiveError> {
        self.try_put(binary, name_length)
            .map_err(|(error, _)| error)
    }

    /// Whether more than half of the memory for names is used. The rest is for archives, which have no alternative.
    pub fn is_half_full(&self) -> bool {
        self.names.used() > self.names.total() / 2
    }

    /// Keeps a record that is in no container. If the budget is used up, it stays in memory uncounted.
    pub fn put_or_keep(&self, binary: Box<Binary>) -> WaitingRecord {
        let spooled = self.try_put(binary, 0);
        spooled.unwrap_or_else(|(_, binary)| WaitingRecord::from(binary))
    }

    /// Like [`Self::put`], but returns the record if the budget is used up.
    ///
    /// # Errors
    /// See [`Self::put`].
    fn try_put(
        &self,
        binary: Box<Binary>,
        name_length: usize,
    ) -> Result<WaitingRecord, (ArchiveError, Box<Binary>)> {
        // Path and location hold the name once each, and so does the reference to the record.
        let Some(name_grant) = self
            .names
            .try_take(RECORD_OVERHEAD + 3 * name_length as u64)
        else {
            let error = ArchiveError::limit(format!(
                "the names of the programs that wait take more than {} bytes",
                self.names.total()
            ));
            return Err((error, binary));
        };
        let size = binary.size_in_memory();
        let grant = match self.is_large(&binary) {
            true => None,
            false => self.records.try_take(size),
        };
        let storage = match grant {
            Some(grant) => Storage::Memory(binary, Some(grant)),
            None => match self.store(&binary) {
                Ok(stored) => Storage::File(stored),
                Err(error) => return Err((error, binary)),
            },
        };
        Ok(WaitingRecord::new(Record {
            size,
            storage,
            _name: Some(name_grant),
        }))
    }

    /// Writes a record to the temporary file. Its length is computed first: the text would take as much memory as the record.
    fn store(&self, binary: &Binary) -> Result<Stored, ArchiveError> {
        let mut length = Length(0);
        let stored = StoredRecord {
            record: binary,
            call_chains: &binary.call_chains,
        };
        let written = serde_json::to_writer(&mut length, &stored)
            .map_err(io::Error::from)
            .and_then(|()| {
                let write = |out: &mut dyn Write| Ok(serde_json::to_writer(out, &stored)?);
                self.file.store(length.0, write)
            });
        written.map_err(|error| match error.kind() {
            io::ErrorKind::FileTooLarge => ArchiveError::limit(format!(
                "the records that wait take more than {} bytes",
                self.file_limit
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

/// A record in the temporary file, with the fields that its JSON for users does not have.
#[cfg(feature = "archives")]
#[derive(Serialize, Deserialize)]
struct StoredRecord<R, C> {
    record: R,
    call_chains: C,
}

impl Storage {
    fn take(self) -> io::Result<Box<Binary>> {
        match self {
            Self::Memory(binary, _) => Ok(binary),
            #[cfg(feature = "archives")]
            Self::File(_) => self.copy(),
        }
    }

    fn copy(&self) -> io::Result<Box<Binary>> {
        match self {
            Self::Memory(binary, _) => Ok(binary.clone()),
            #[cfg(feature = "archives")]
            Self::File(stored) => {
                let stored: StoredRecord<Box<Binary>, _> = serde_json::from_slice(&stored.load()?)?;
                Ok(Box::new(Binary {
                    call_chains: stored.call_chains,
                    ..*stored.record
                }))
            }
        }
    }
}

impl WaitingRecord {
    fn new(record: Record) -> Self {
        Self {
            record: Arc::new(record),
            owned: Ownership::default(),
            surroundings: None,
        }
    }

    /// Adds facts from around the program. A record that no budget counts is completed at once, so that its size can be
    /// counted; another one when it is opened.
    pub fn with(mut self, owned: Ownership, surroundings: &Arc<Surroundings>) -> Self {
        self.owned = owned;
        self.surroundings = Some(Arc::clone(surroundings));
        if self.uncounted() == 0 {
            return self;
        }
        match Arc::try_unwrap(self.record) {
            Ok(Record {
                storage: Storage::Memory(mut binary, None),
                ..
            }) => {
                complete(&mut binary, &self.owned, self.surroundings.as_deref());
                binary.into()
            }
            Ok(record) => Self {
                record: Arc::new(record),
                ..self
            },
            Err(record) => Self { record, ..self },
        }
    }

    /// The whole record, without a copy if this is the last name of a record in memory.
    ///
    /// # Errors
    /// When its temporary file can no longer be read.
    pub fn open(self) -> io::Result<Box<Binary>> {
        let mut binary = match Arc::try_unwrap(self.record) {
            Ok(last) => last.storage.take()?,
            Err(shared) => shared.storage.copy()?,
        };
        complete(&mut binary, &self.owned, self.surroundings.as_deref());
        Ok(binary)
    }

    /// Bytes of memory that the record takes and no budget counts.
    pub fn uncounted(&self) -> u64 {
        match self.record.storage {
            Storage::Memory(_, None) => self.record.size,
            _ => 0,
        }
    }
}

/// Adds facts from around the program to its record.
fn complete(binary: &mut Binary, owned: &Ownership, surroundings: Option<&Surroundings>) {
    if let Some(owner) = &owned.owner {
        binary.owner = Some((**owner).clone());
    }
    if let Some(changelog) = &owned.changelog {
        binary.owner_changelog = Some((**changelog).clone());
    }
    if let Some(note) = &owned.note {
        binary.notes.push(note.to_string());
    }
    if let Some(surroundings) = surroundings {
        surroundings.apply(binary);
    }
}

#[cfg(feature = "archives")]
impl crate::source::image::Payload for WaitingRecord {
    /// One, plus one for every 64 KiB of the record.
    fn names(&self) -> u64 {
        1 + (self.record.size >> 16)
    }
}

/// A record that stays in memory whatever its size.
impl From<Box<Binary>> for WaitingRecord {
    fn from(binary: Box<Binary>) -> Self {
        Self::new(Record {
            size: binary.size_in_memory(),
            storage: Storage::Memory(binary, None),
            _name: None,
        })
    }
}

impl fmt::Debug for WaitingRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a record of {} bytes", self.record.size)
    }
}

#[cfg(all(test, feature = "archives"))]
mod tests {
    use super::*;
    use crate::record::{BuildInfo, Module};

    fn binary(deps: usize) -> Box<Binary> {
        let dep = |i: usize| Module {
            path: format!("example.com/m{i}"),
            version: "v1.0.0".to_owned(),
            ..Module::default()
        };
        Box::new(Binary {
            path: format!("bin/{deps}"),
            build_info: Some(BuildInfo {
                deps: (0..deps).map(dep).collect(),
                ..BuildInfo::default()
            }),
            notes: vec!["\u{202e}\"quoted\"\n".to_owned()],
            ..Binary::default()
        })
    }

    #[test]
    fn records_come_back_as_they_were_wherever_they_waited() {
        let spool = Spool::with_file(8 * 4 * binary(100).size_in_memory(), 1 << 20);
        let all: Vec<Box<Binary>> = [0, 10, 3000, 40, 100, 100, 100, 100].map(binary).into();
        assert!(spool.is_large(&all[2]) && !spool.is_large(&all[4]));
        let kept: Vec<WaitingRecord> = all
            .iter()
            .map(|b| spool.put(b.clone(), 10).unwrap())
            .collect();
        let in_file = |s: &WaitingRecord| matches!(s.record.storage, Storage::File(_));
        assert_eq!(
            kept.iter().map(in_file).collect::<Vec<_>>(),
            [false, false, true, false, false, false, false, true]
        );
        for (kept, binary) in kept.iter().zip(&all) {
            assert_eq!(kept.clone().open().unwrap(), *binary);
        }
        let other_name = kept[2].clone();
        drop(kept);
        assert_eq!(other_name.open().unwrap(), all[2]);
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
            spool.put(binary(100), 10).unwrap().open().unwrap(),
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
        let in_memory = spool.put_or_keep(binary(0));
        assert!(in_memory.uncounted() > 0);
        assert_eq!(in_memory.open().unwrap(), binary(0));
        // Another name of a record counts for its holder.
        let other = kept[0].clone();
        kept.clear();
        assert!(spool.put(binary(0), 100).is_ok());
        drop(other);
        assert_eq!(spool.names.used(), 0);
        assert!(!spool.is_half_full());
    }
}
