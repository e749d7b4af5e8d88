//! Programs and problems as text, for the cache.

use super::PlacedProgram;
use crate::archive::{ArchiveError, Place, Reason};
use crate::packages::Ownership;
use gospect_record::{Changelog, Owner, Word};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A program at its place.
#[derive(Serialize, Deserialize)]
pub struct StoredProgram {
    entries: Vec<Bytes>,
    mode: Option<u32>,
    uid: Option<u64>,
    gid: Option<u64>,
    owner: Option<Owner>,
    note: Option<String>,
    changelog: Option<Changelog>,
    program: String,
}

/// Something that was not examined.
#[derive(Serialize, Deserialize)]
pub struct StoredProblem {
    entries: Vec<Bytes>,
    reason: Word<Reason>,
    detail: String,
}

/// Bytes as text: one character for each, U+0000 to U+00FF.
#[derive(Serialize, Deserialize)]
struct Bytes(String);

impl Bytes {
    fn all(names: &[Vec<u8>]) -> Vec<Self> {
        let text = |name: &Vec<u8>| name.iter().map(|&byte| char::from(byte)).collect();
        names.iter().map(|name| Self(text(name))).collect()
    }

    fn bytes(names: &[Self]) -> Option<Vec<Vec<u8>>> {
        let bytes = |name: &Self| name.0.chars().map(|c| u8::try_from(c).ok()).collect();
        names.iter().map(bytes).collect()
    }
}

/// Whether a problem is in the bytes that were read, and no limit of this run or error of the system.
pub fn is_lasting_problem(error: &ArchiveError) -> bool {
    !matches!(
        error.reason,
        Reason::Limit | Reason::Unreadable | Reason::Internal
    )
}

impl StoredProgram {
    /// The form of a program; `None` if it cannot be written.
    pub fn of<P>(item: &PlacedProgram<P>, encode: &dyn Fn(&P) -> Option<String>) -> Option<Self> {
        Some(Self {
            entries: Bytes::all(&item.place.entries),
            mode: item.place.mode,
            uid: item.place.uid,
            gid: item.place.gid,
            owner: item.owned.owner.as_deref().cloned(),
            note: item.owned.note.as_deref().map(str::to_owned),
            changelog: item.owned.changelog.as_deref().cloned(),
            program: encode(&item.program)?,
        })
    }

    /// The program; `None` if the form is damaged. `decode` reads a program whose name has this many bytes.
    pub fn program<P>(
        &self,
        decode: &dyn Fn(&str, usize) -> Option<P>,
    ) -> Option<PlacedProgram<P>> {
        let place = Place {
            entries: Bytes::bytes(&self.entries)?,
            mode: self.mode,
            uid: self.uid,
            gid: self.gid,
        };
        let program = decode(&self.program, place.len())?;
        Some(PlacedProgram {
            place,
            owned: Ownership {
                owner: self.owner.clone().map(Arc::new),
                note: self.note.as_deref().map(Arc::from),
                changelog: self.changelog.clone().map(Arc::new),
            },
            program,
        })
    }
}

impl StoredProblem {
    /// The form of a problem at these entries.
    pub fn of(entries: &[Vec<u8>], error: &ArchiveError) -> Self {
        Self {
            entries: Bytes::all(entries),
            reason: error.reason.into(),
            detail: error.detail.clone(),
        }
    }

    /// Entries and problem; `None` if the form is damaged.
    pub fn problem(&self) -> Option<(Vec<Vec<u8>>, ArchiveError)> {
        let error = ArchiveError::new(self.reason.known()?, self.detail.clone());
        Some((Bytes::bytes(&self.entries)?, error))
    }
}
