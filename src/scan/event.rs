//! The results of a scan.

use super::program::Program;
use super::spool::WaitingRecord;
use crate::bytes::{SizeInMemory, error_text};
use crate::record::{Binary, FoundProgram, ImageRecord, Reason, Unexamined};
use std::io;

/// One result; results come in the order in which they are shown. `R` is the record of a program, or what stands for it while
/// it waits to be delivered.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // What is not examined is rare; a box for it would be in everybody's way.
pub enum Event<R = Box<Binary>> {
    /// An image; comes before its programs.
    Image(Box<ImageRecord>),
    /// A Go program; [`FoundProgram::into_record`] gives its record.
    Program(FoundProgram<R>),
    /// Something that was not examined.
    Unexamined {
        /// Path and reason.
        thing: Unexamined,
        /// Set if the scan has failed: for a target that could not be read at all, a wrong digest, a missing layer.
        fatal: bool,
    },
    /// A file that the user named and that is not a Go program.
    NotGo {
        /// Path as given.
        path: String,
        /// What it is instead.
        why: String,
    },
}

/// A result that waits for the results before it.
pub(crate) type WaitingEvent = Event<WaitingRecord>;

/// Least memory counted for a waiting result: what it holds beside its record is not counted exactly.
pub(crate) const LEAST_RESULT: u64 = 8 << 10;

impl WaitingEvent {
    /// The result with its record, which is read back if it waited in a temporary file.
    pub(super) fn open(self) -> Event {
        match self {
            Self::Image(image) => Event::Image(image),
            Self::Program(program) => opened(program),
            Self::Unexamined { thing, fatal } => Event::Unexamined { thing, fatal },
            Self::NotGo { path, why } => Event::NotGo { path, why },
        }
    }
}

fn opened(program: Program) -> Event {
    let FoundProgram {
        place,
        slice,
        member,
        record,
    } = program;
    match record.open() {
        Ok(record) => Event::Program(FoundProgram {
            place,
            slice,
            member,
            record,
        }),
        Err(error) => Event::Unexamined {
            thing: Unexamined {
                path: place.path,
                location: place.location,
                reason: Reason::Unreadable.into(),
                detail: lost_record(&error),
            },
            fatal: true,
        },
    }
}

fn lost_record(error: &io::Error) -> String {
    format!(
        "its record cannot be read back from a temporary file: {}",
        error_text(error)
    )
}

/// A result whose record is in memory.
impl From<Event> for WaitingEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Image(image) => Self::Image(image),
            Event::Program(program) => Self::Program(program.map(WaitingRecord::from)),
            Event::Unexamined { thing, fatal } => Self::Unexamined { thing, fatal },
            Event::NotGo { path, why } => Self::NotGo { path, why },
        }
    }
}

impl SizeInMemory for WaitingEvent {
    fn size_in_memory(&self) -> u64 {
        let size = match self {
            Self::Image(image) => image.size_in_memory(),
            Self::Program(program) => program.record.uncounted(),
            Self::Unexamined { thing, .. } => thing.size_in_memory(),
            Self::NotGo { path, why } => (path.len() + why.len()) as u64,
        };
        size.max(LEAST_RESULT)
    }
}
