//! Files of a layer that are needed after all layers are read: package databases. A few stay in memory, the others go to one
//! temporary file for each layer.

use crate::archive::ArchiveError;
use gospect_bytes::{FileBytes, Part, ReadAt, SpillFile, Use};
use std::io::{self, Read};

/// Longest temporary file of one layer, in bytes.
const FILE: u64 = 1 << 30;
/// Most files kept of one layer.
const COUNT: usize = 400_000;
/// The kept files of one layer.
#[derive(Default)]
pub struct KeptFiles {
    memory: Vec<u8>,
    most: usize,
    places: Vec<(bool, u64, u64)>,
    written: Option<SpillFile>,
    file: Option<FileBytes>,
}

impl KeptFiles {
    /// Empty; `memory` is the memory of the run in bytes.
    pub fn new(memory: u64) -> Self {
        Self {
            most: usize::try_from(Use::LayerFiles.share(memory)).unwrap_or(usize::MAX),
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
        if number >= COUNT {
            return Ok(Err(too_large()));
        }
        let mut body = body.take(size);
        if usize::try_from(size).is_ok_and(|size| self.memory.len() + size <= self.most) {
            let from = self.memory.len() as u64;
            body.read_to_end(&mut self.memory)?;
            let len = self.memory.len() as u64 - from;
            self.places.push((true, from, len));
            return Ok(Ok(number as u32));
        }
        let file = self.written.get_or_insert_with(|| SpillFile::new(FILE));
        let from = file.len();
        if from.saturating_add(size) > FILE {
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
        self.places.push((false, from, file.len() - from));
        Ok(Ok(number as u32))
    }

    /// Called after the layer is read: from now on its files can be opened.
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
        let (in_memory, from, len) = *self.places.get(number as usize)?;
        if in_memory {
            let from = usize::try_from(from).ok()?;
            let bytes = self.memory.get(from..from + usize::try_from(len).ok()?)?;
            return Some(Box::new(bytes));
        }
        Some(Box::new(Part::new(self.file.as_ref()?, from, len)))
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
        refused(kept.keep(&mut nothing(), FILE + 1).unwrap());
        // Memory that one file uses is not free for the next.
        kept.keep(&mut [1; 4096].as_slice(), 4096).unwrap().unwrap();
        assert_eq!(kept.written.as_ref().unwrap().len(), 4096);
        refused(kept.keep(&mut nothing(), FILE - 4095).unwrap());
        for _ in 1..COUNT {
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
        let huge = kept.keep(&mut io::empty(), FILE + 1).unwrap();
        assert!(huge.is_err());
    }
}
