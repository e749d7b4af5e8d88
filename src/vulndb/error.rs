//! Why there is no database.

use crate::bytes::error_text;
use crate::source::archive::ArchiveError;
use crate::vuln::database::{Damaged, Rejected};
use std::io;

/// Each names what was looked at and what is wrong with it, in one line.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{place}: {why}")]
    Unreadable {
        /// The file, folder or address.
        place: String,
        /// What the system, the archive or the server says.
        why: String,
    },
    /// A document in it is not what it should be.
    #[error("{place}: {document}: {why}")]
    Document {
        /// The file or folder.
        place: String,
        /// Its name in there.
        document: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is nothing like a vulnerability database.
    #[error("{0}: there is none; looked for GO-*.json, ID/, data/osv and zip files of these")]
    Nothing(String),
    /// The documents make no database.
    #[error("{place}: {why}")]
    Rejected {
        /// The file or folder.
        place: String,
        /// What is wrong with them together.
        why: Rejected,
    },
    /// The compact form is damaged.
    #[error("{place}: {why}")]
    Damaged {
        /// The file.
        place: String,
        /// What is wrong with it.
        why: Damaged,
    },
    /// More than is read.
    #[error("{place}: {why}")]
    TooMuch {
        /// The file or folder.
        place: String,
        /// How much, and how much is allowed.
        why: String,
    },
}

impl LoadError {
    pub(super) fn io(place: &str, error: &io::Error) -> Self {
        Self::Unreadable {
            place: place.to_owned(),
            why: error_text(error),
        }
    }

    pub(super) fn archive(place: &str, error: ArchiveError) -> Self {
        Self::Unreadable {
            place: place.to_owned(),
            why: error.detail,
        }
    }

    pub(super) fn damaged(place: &str, why: Damaged) -> Self {
        Self::Damaged {
            place: place.to_owned(),
            why,
        }
    }

    pub(super) fn too_much(place: &str, why: String) -> Self {
        Self::TooMuch {
            place: place.to_owned(),
            why,
        }
    }
}
