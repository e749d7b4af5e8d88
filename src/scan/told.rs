//! What a task hands over: an event, or a record that waits on the shelf until its turn has come.

use super::Event;
use super::program::Shelved;
use crate::bytes::{SizeInMemory, error_text};
use crate::record::{Binary, Reason, Unexamined, VersionClaim, VersionSource, environment};
use std::io;
use std::sync::Arc;

/// One result of a task.
pub(crate) enum Told {
    /// As it is.
    Now(Event),
    /// A record that waits elsewhere.
    Later(Later),
}

/// A record that waits, and what is to be made of it when its turn has come.
pub(crate) struct Later {
    record: Shelved,
    surroundings: Arc<Surroundings>,
}

/// What is around the programs of one container.
pub(crate) struct Surroundings {
    /// The environment they start in.
    pub variables: Vec<(String, String)>,
    /// Where that was found.
    pub place: environment::Place,
    /// A version that a label claims: its name and value.
    pub label: Option<(&'static str, String)>,
}

impl Surroundings {
    fn apply(&self, binary: &mut Binary) {
        environment::assume(binary, &self.variables, self.place);
        if let (Some(claims), Some((name, version))) = (&mut binary.versions, &self.label) {
            claims.push(VersionClaim {
                value: version.clone(),
                source: VersionSource::ImageLabel.into(),
                name: Some((*name).to_owned()),
            });
        }
    }
}

impl Told {
    /// A record with what is around its program: at once where the record is at hand.
    pub(crate) fn of(record: Shelved, surroundings: &Arc<Surroundings>) -> Self {
        let at_hand = record.weight() > 0;
        match Self::later(record, surroundings) {
            later if at_hand => later.event().into(),
            later => later,
        }
    }

    /// A record that waits until its turn has come.
    pub(crate) fn later(record: Shelved, surroundings: &Arc<Surroundings>) -> Self {
        Self::Later(Later {
            record,
            surroundings: Arc::clone(surroundings),
        })
    }

    /// The event, read back where it waited.
    pub(crate) fn event(self) -> Event {
        match self {
            Self::Now(event) => event,
            Self::Later(later) => later.event(),
        }
    }
}

impl Later {
    fn event(self) -> Event {
        let (path, location) = (self.record.path.clone(), self.record.location.clone());
        match self.record.into_binary() {
            Ok(mut binary) => {
                self.surroundings.apply(&mut binary);
                Event::Binary(Box::new(binary))
            }
            Err(e) => lost(path, location, &e),
        }
    }
}

fn lost(path: String, location: crate::record::Location, error: &io::Error) -> Event {
    Event::Unexamined {
        thing: Unexamined {
            path,
            location,
            reason: Reason::Unreadable.into(),
            detail: format!(
                "its record cannot be read back from a temporary file: {}",
                error_text(error)
            ),
        },
        fatal: true,
    }
}

impl From<Event> for Told {
    fn from(event: Event) -> Self {
        Self::Now(event)
    }
}

impl SizeInMemory for Told {
    fn size_in_memory(&self) -> u64 {
        match self {
            Self::Now(event) => event.size_in_memory(),
            Self::Later(later) => later.record.weight().max(super::LEAST_RESULT),
        }
    }
}
