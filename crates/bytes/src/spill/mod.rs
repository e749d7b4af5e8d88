//! Temporary files for what does not fit in memory. They have no name where the system allows that, and go away with the value
//! that writes them.
//!
//! All use one file type, [`SpillFile`]: [`Spill`] holds the body of one archive entry, [`SpillStore`] records that wait for their
//! turn, [`SpillText`] text that is written last.

#[cfg(feature = "spill")]
mod body;
mod text;

#[cfg(feature = "spill")]
pub use body::{KeptRanges, Spill};
pub use text::SpillText;

#[cfg(feature = "spill")]
use super::FileBytes;
#[cfg(feature = "spill")]
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
#[cfg(feature = "spill")]
use std::io::{BufWriter, Read, Seek, SeekFrom};
#[cfg(feature = "spill")]
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many unused files are kept for the next bodies, and their greatest length.
const SPARES: usize = 4;
const SPARE_SIZE: u64 = 256 << 20;

/// A temporary file, created when the first byte is written.
#[derive(Debug)]
pub struct SpillFile {
    file: Option<File>,
    /// Bytes written so far, and the most that may be written.
    end: u64,
    most: u64,
    /// Offsets of released places, by the size of the place.
    #[cfg(feature = "spill")]
    free: BTreeMap<u64, Vec<u64>>,
    #[cfg(feature = "spill")]
    places: usize,
}

impl SpillFile {
    /// A file of at most `most` bytes.
    pub fn new(most: u64) -> Self {
        Self {
            file: None,
            end: 0,
            most,
            #[cfg(feature = "spill")]
            free: BTreeMap::new(),
            #[cfg(feature = "spill")]
            places: 0,
        }
    }

    /// Bytes that were appended.
    #[cfg(feature = "spill")]
    pub fn len(&self) -> u64 {
        self.end
    }

    /// Whether nothing was appended.
    #[cfg(feature = "spill")]
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// `FileTooLarge` when the file would exceed its limit; errors of the system say that they are about a temporary file.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes.len() as u64)?;
        self.file()?.write_all(bytes).map_err(named)
    }

    /// Reserves `bytes` at the end.
    fn extend(&mut self, bytes: u64) -> io::Result<()> {
        let end = self.end.saturating_add(bytes);
        if end > self.most {
            return Err(too_long(self.most));
        }
        self.end = end;
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(temporary().map_err(named)?)),
        }
    }

    /// Copies everything that was appended.
    ///
    /// # Errors
    /// Errors of the file and of the writer.
    fn copy_to(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            io::Seek::rewind(file).map_err(named)?;
            io::copy(file, out)?;
        }
        Ok(())
    }
}

/// A temporary file for pieces that are stored and released in any order. Clones share the file.
#[cfg(feature = "spill")]
#[derive(Clone, Debug)]
pub struct SpillStore(Arc<Mutex<SpillFile>>);

/// A piece in a [`SpillStore`]; dropping it releases its place.
#[cfg(feature = "spill")]
#[derive(Debug)]
pub struct Stored {
    store: SpillStore,
    place: SpillPlace,
}

#[cfg(feature = "spill")]
impl SpillStore {
    /// A store of at most `most` bytes.
    pub fn new(most: u64) -> Self {
        Self(Arc::new(Mutex::new(SpillFile::new(most))))
    }

    /// Stores the `len` bytes that `write` writes.
    ///
    /// # Errors
    /// See [`SpillFile::append`].
    pub fn store(
        &self,
        len: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Stored> {
        let place = self.lock().store(len, write)?;
        Ok(Stored {
            store: self.clone(),
            place,
        })
    }

    fn lock(&self) -> MutexGuard<'_, SpillFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is kept in it.
    pub fn is_empty(&self) -> bool {
        self.lock().end == 0
    }
}

#[cfg(feature = "spill")]
impl Stored {
    /// Reads the piece.
    ///
    /// # Errors
    /// When the file can no longer be read.
    pub fn load(&self) -> io::Result<Vec<u8>> {
        self.store.lock().load(&self.place)
    }
}

#[cfg(feature = "spill")]
impl Drop for Stored {
    fn drop(&mut self) {
        self.store.lock().release(&self.place);
    }
}

/// The place of a piece in a [`SpillFile`].
#[cfg(feature = "spill")]
#[derive(Debug)]
struct SpillPlace {
    offset: u64,
    len: u64,
}

#[cfg(feature = "spill")]
impl SpillPlace {
    /// The size reserved: one of a few sizes, so that a released place fits the next piece.
    fn size(&self) -> u64 {
        self.len.next_power_of_two().max(MIN_RESERVED)
    }
}

/// The smallest size reserved: a block of most file systems.
#[cfg(feature = "spill")]
const MIN_RESERVED: u64 = 4 << 10;

#[cfg(feature = "spill")]
impl SpillFile {
    /// Writes `len` bytes to a released place, or at the end.
    ///
    /// # Errors
    /// See [`Self::append`].
    fn store(
        &mut self,
        len: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<SpillPlace> {
        let mut place = SpillPlace { offset: 0, len };
        let released = self.free.get_mut(&place.size()).and_then(Vec::pop);
        place.offset = match released {
            Some(offset) => offset,
            None => {
                self.extend(place.size())?;
                self.end - place.size()
            }
        };
        self.places += 1;
        match self.write_at(place.offset, write) {
            Ok(()) => Ok(place),
            Err(error) => {
                self.release(&place);
                Err(error)
            }
        }
    }

    fn write_at(
        &mut self,
        offset: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.file()?;
        file.seek(SeekFrom::Start(offset)).map_err(named)?;
        let mut writer = BufWriter::with_capacity(64 << 10, file);
        write(&mut writer)
            .and_then(|()| writer.flush())
            .map_err(named)
    }

    /// Reads a stored piece.
    ///
    /// # Errors
    /// Errors of the file.
    fn load(&mut self, place: &SpillPlace) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(place.len).map_err(io::Error::other)?];
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.seek(SeekFrom::Start(place.offset))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Releases a place. When no place is in use any more, the file is cut to nothing and its disk space is free.
    fn release(&mut self, place: &SpillPlace) {
        self.places -= 1;
        if self.places > 0 {
            self.free
                .entry(place.size())
                .or_default()
                .push(place.offset);
            return;
        }
        self.free.clear();
        self.end = 0;
        // If the file cannot be cut, its bytes are overwritten later.
        let _ = self.file.as_ref().map(|file| file.set_len(0));
    }

    /// The appended bytes, for reading at any position.
    pub fn into_bytes(self) -> Option<FileBytes> {
        Some(FileBytes::new(self.file?, self.end))
    }
}

/// Temporary files of bodies that are gone: overwriting their pages costs a fraction of writing new ones.
#[derive(Debug, Default)]
pub(super) struct SpareFiles(Mutex<Vec<File>>);

#[cfg_attr(not(feature = "spill"), allow(dead_code))]
impl SpareFiles {
    /// An empty file of at most `most` bytes. Bytes that an earlier body left in it are beyond its end or get overwritten.
    fn spill(&self, most: u64) -> io::Result<SpillFile> {
        let mut spill = SpillFile::new(most);
        spill.file = self.lock().pop();
        if let Some(file) = &mut spill.file {
            io::Seek::rewind(file).map_err(named)?;
        }
        Ok(spill)
    }

    /// Keeps a file of `len` bytes for a later body.
    fn give_back(&self, file: File, len: u64) {
        let mut files = self.lock();
        if len <= SPARE_SIZE && files.len() < SPARES {
            files.push(file);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<File>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_long(most: u64) -> io::Error {
    let text = format!("longer than {most} bytes");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

fn named(error: io::Error) -> io::Error {
    let text = format!("cannot use a temporary file: {error}");
    io::Error::new(error.kind(), text)
}

#[cfg(feature = "spill")]
fn temporary() -> io::Result<File> {
    tempfile::tempfile()
}

#[cfg(not(feature = "spill"))]
fn temporary() -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, feature = "spill"))]
mod tests {
    use super::*;

    #[test]
    fn released_places_are_reused_and_the_last_one_empties_the_file() {
        let mut file = SpillFile::new(64 << 10);
        let store = |file: &mut SpillFile, byte: u8, len: usize| {
            file.store(len as u64, |out| out.write_all(&vec![byte; len]))
        };
        let small = store(&mut file, 1, 10).unwrap();
        let large = store(&mut file, 2, 9000).unwrap();
        assert_eq!(file.load(&large).unwrap(), vec![2; 9000]);
        file.release(&large);
        let again = store(&mut file, 3, 10_000).unwrap();
        assert_eq!((again.offset, file.end), (large.offset, 20 << 10));
        assert_eq!(file.load(&small).unwrap(), vec![1; 10]);
        let error = store(&mut file, 4, 60_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        let failed = file.store(10, |_| Err(io::ErrorKind::StorageFull.into()));
        assert!(failed.is_err());
        file.release(&small);
        assert_eq!(file.load(&again).unwrap(), vec![3; 10_000]);
        file.release(&again);
        assert_eq!((file.end, file.places), (0, 0));
    }
}
