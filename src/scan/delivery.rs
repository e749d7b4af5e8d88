//! What a task hands over: an event, or a record that is read back from the spool when its turn has come.

use super::Event;
use super::spool::Spooled;
use crate::bytes::{SizeInMemory, error_text};
use crate::record::{Binary, Reason, Unexamined, VersionClaim, VersionSource, environment};
use std::io;
use std::sync::Arc;

/// One result of a task.
pub(crate) enum Delivery {
    /// As it is.
    Event(Event),
    /// A record that may be in a temporary file, and what is around its program.
    Record(Spooled, Arc<Surroundings>),
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

impl Delivery {
    /// A record with what is around its program. Where the spool does not count its memory, it becomes an event at once.
    pub(crate) fn of(record: Spooled, surroundings: &Arc<Surroundings>) -> Self {
        let is_counted = record.uncounted() == 0;
        match Self::record(record, surroundings) {
            delivery if is_counted => delivery,
            delivery => delivery.event().into(),
        }
    }

    /// A record with what is around its program.
    pub(crate) fn record(record: Spooled, surroundings: &Arc<Surroundings>) -> Self {
        Self::Record(record, Arc::clone(surroundings))
    }

    /// The event, read back where it waited.
    pub(crate) fn event(self) -> Event {
        let (record, surroundings) = match self {
            Self::Event(event) => return event,
            Self::Record(record, surroundings) => (record, surroundings),
        };
        let (path, location) = (record.path.clone(), record.location.clone());
        match record.into_binary() {
            Ok(mut binary) => {
                surroundings.apply(&mut binary);
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

impl From<Event> for Delivery {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl SizeInMemory for Delivery {
    fn size_in_memory(&self) -> u64 {
        match self {
            Self::Event(event) => event.size_in_memory(),
            Self::Record(record, _) => record.uncounted().max(super::LEAST_RESULT),
        }
    }
}
