//! Why there is no database.

use crate::bytes::error_text;
use crate::source::archive::ArchiveError;
use crate::vuln::database::{Damaged, Rejected};
use std::io;

/// Each text names the place and what is wrong with it, in one line.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error("{place}: {why}")]
    Unreadable {
        /// The file, folder or address.
        place: String,
        /// The message of the system, the archive reader or the server.
        why: String,
    },
    /// A document is malformed.
    #[error("{place}: {document}: {why}")]
    Document {
        /// The file or folder.
        place: String,
        /// The name of the document.
        document: String,
        /// What is wrong with it.
        why: String,
    },
    /// The place has no vulnerability database.
    #[error("{0}: there is none; looked for GO-*.json, ID/, data/osv and zip files of these")]
    Nothing(String),
    /// No database can be made of the documents.
    #[error("{place}: {why}")]
    Rejected {
        /// The file or folder.
        place: String,
        /// What is wrong with them.
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
    /// There is more than the limits allow.
    #[error("{place}: {why}")]
    TooMuch {
        /// The file or folder.
        place: String,
        /// The size and the limit.
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
