//! Keeps files of a layer that are needed after all layers are read: package databases. A few stay in memory, the others are written to
//! one temporary file for each layer.

use crate::archive::ArchiveError;
use gospect_bytes::{FileBytes, Part, ReadAt, SpillFile, Use};
use std::io::{self, Read};

/// Size of the largest temporary file of one layer, in bytes.
const FILE_LIMIT: u64 = 1 << 30;
/// Most files kept of one layer.
const COUNT_LIMIT: usize = 400_000;

/// The kept files of one layer.
#[derive(Default)]
pub struct KeptFiles {
    /// Contents of the files that are kept in memory.
    memory: Vec<u8>,
    memory_limit: usize,
    /// Where each file is, by number.
    places: Vec<KeptPlace>,
    /// Contents of the other files, while the layer is read.
    written: Option<SpillFile>,
    /// The same, after the layer was read.
    file: Option<FileBytes>,
}

/// Where a kept file is.
#[derive(Clone, Copy)]
struct KeptPlace {
    in_memory: bool,
    offset: u64,
    size: u64,
}

impl KeptFiles {
    /// Empty; `memory` is the memory of the run in bytes.
    pub fn new(memory: u64) -> Self {
        Self {
            memory_limit: usize::try_from(Use::LayerFiles.share(memory)).unwrap_or(usize::MAX),
            ..Self::default()
        }
    }

    /// Keeps a file and returns its number. The inner error concerns this file alone.
    ///
    /// # Errors
    /// Errors of the reader.
    pub fn keep(
        &mut self,
        body: &mut dyn Read,
        size: u64,
    ) -> io::Result<Result<u32, ArchiveError>> {
        let too_large =
            || ArchiveError::limit("the databases of package managers in one layer are too large");
        let number = self.places.len();
        if number >= COUNT_LIMIT {
            return Ok(Err(too_large()));
        }
        let mut body = body.take(size);
        if usize::try_from(size).is_ok_and(|size| self.memory.len() + size <= self.memory_limit) {
            let offset = self.memory.len() as u64;
            body.read_to_end(&mut self.memory)?;
            self.places.push(KeptPlace {
                in_memory: true,
                offset,
                size: self.memory.len() as u64 - offset,
            });
            return Ok(Ok(number as u32));
        }
        let file = self
            .written
            .get_or_insert_with(|| SpillFile::new(FILE_LIMIT));
        let offset = file.len();
        if offset.saturating_add(size) > FILE_LIMIT {
            return Ok(Err(too_large()));
        }
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = body.read(&mut piece)?;
            if read == 0 {
                break;
            }
            if let Err(error) = file.append(piece.get(..read).unwrap_or_default()) {
                return Ok(Err(ArchiveError::from(error)));
            }
        }
        self.places.push(KeptPlace {
            in_memory: false,
            offset,
            size: file.len() - offset,
        });
        Ok(Ok(number as u32))
    }

    /// Ends the reading of the layer: from now on the kept files can be opened.
    pub fn finish(&mut self) {
        self.memory.shrink_to_fit();
        self.file = self.written.take().and_then(SpillFile::into_bytes);
    }

    /// Number of files.
    pub fn count(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// The file with this number.
    pub fn open(&self, number: u32) -> Option<Box<dyn ReadAt + '_>> {
        let place = self.places.get(number as usize)?;
        if place.in_memory {
            let start = usize::try_from(place.offset).ok()?;
            let end = start + usize::try_from(place.size).ok()?;
            return Some(Box::new(self.memory.get(start..end)?));
        }
        let file = self.file.as_ref()?;
        Some(Box::new(Part::new(file, place.offset, place.size)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_one_layer_are_bounded() {
        let mut kept = KeptFiles::new(512);
        let nothing = || io::empty();
        let refused = |kept: Result<u32, ArchiveError>| {
            let error = kept.unwrap_err();
            assert!(
                error.detail.contains("in one layer are too large"),
                "{error:?}"
            );
            assert_eq!(error.reason, crate::archive::Reason::Limit);
        };
        refused(kept.keep(&mut nothing(), FILE_LIMIT + 1).unwrap());
        // Memory that one file uses is not free for the next.
        kept.keep(&mut [1; 4096].as_slice(), 4096).unwrap().unwrap();
        assert_eq!(kept.written.as_ref().unwrap().len(), 4096);
        refused(kept.keep(&mut nothing(), FILE_LIMIT - 4095).unwrap());
        for _ in 1..COUNT_LIMIT {
            kept.keep(&mut nothing(), 0).unwrap().unwrap();
        }
        refused(kept.keep(&mut nothing(), 0).unwrap());
        kept.finish();
        assert_eq!(kept.open(0).unwrap().len(), 4096);
    }

    #[test]
    fn files_come_back_from_memory_and_from_disk() {
        let mut kept = KeptFiles::new(100 * 512);
        let texts = [vec![1; 60], vec![2; 60], vec![3; 30], vec![4; 200_000]];
        for (number, text) in texts.iter().enumerate() {
            let size = text.len() as u64;
            let got = kept.keep(&mut text.as_slice(), size).unwrap().unwrap();
            assert_eq!(got as usize, number);
        }
        kept.finish();
        assert_eq!(kept.memory.len(), 90);
        for (number, text) in (0..).zip(&texts) {
            let file = kept.open(number).unwrap();
            let mut bytes = vec![0; text.len() + 1];
            assert_eq!(file.read_at(&mut bytes, 0).unwrap(), text.len());
            assert_eq!(bytes[..text.len()], text[..]);
        }
        assert!(kept.open(9).is_none());
        let huge = kept.keep(&mut io::empty(), FILE_LIMIT + 1).unwrap();
        assert!(huge.is_err());
    }
}
