//! What the search for deployment files delivers.

use crate::bytes::SizeInMemory;
use crate::deploy::{Deployment, LARGEST, Problem};
use crate::scan::error_text;
use std::io;

/// A result of the search.
#[derive(Clone, Debug)]
pub enum SearchResult {
    /// A file that was read.
    File(Box<Deployment>),
    /// A file that was not read.
    NotRead(UnreadFile),
}

/// A file that was not read.
#[derive(Clone, Debug)]
pub struct UnreadFile {
    /// Path of the file.
    pub path: String,
    /// Whether the user named it; otherwise the walk found it.
    pub named: bool,
    /// Why it was not read.
    pub why: NotReadReason,
}

impl SearchResult {
    pub(super) fn unread(path: String, named: bool, why: NotReadReason) -> Self {
        Self::NotRead(UnreadFile { path, named, why })
    }
}

/// Why a file was not read; its text continues a sentence about the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReadReason {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Larger than a deployment file can be.
    #[error("is larger than {} MiB, which no deployment file is", LARGEST >> 20)]
    TooLarge,
    /// It contains zero bytes.
    #[error("is not a text file; `gospect scan` looks at programs and images")]
    NotText,
    /// It is on a file system that describes the kernel.
    #[error("is on {0}, a file system of the kernel")]
    OfKernel(&'static str),
    /// It is a file of variables that another file refers to.
    #[error("named by {by} and {why}")]
    Named {
        /// The file that refers to it.
        by: String,
        /// Why it was not read.
        why: Box<NotReadReason>,
    },
    /// Its contents are wrong.
    #[error("{problem}")]
    Problem {
        /// The problem.
        problem: Problem,
        /// Whether it looks like a template.
        template: bool,
    },
    /// A symbolic link that is not followed.
    #[error("{0}")]
    Link(&'static str),
    /// A directory without a single deployment file.
    #[error("holds no deployment file that its name or content tells; name the files and --kind")]
    Empty,
}

impl NotReadReason {
    pub(super) fn problem(problem: Problem, text: &str) -> Self {
        Self::Problem {
            problem,
            template: text.contains("{{"),
        }
    }
}

impl From<io::Error> for NotReadReason {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error_text(&error))
    }
}

impl SizeInMemory for SearchResult {
    fn size_in_memory(&self) -> u64 {
        // The reader's data about a file is about as large as its text.
        1024 + match self {
            SearchResult::File(file) => 2 * file.source.as_str().len() as u64,
            SearchResult::NotRead(_) => 0,
        }
    }
}
