//! The result of a task: an event, or a record that is read back from the spool when its turn comes.

use super::Event;
use super::spool::Spooled;
use crate::bytes::{SizeInMemory, error_text};
use crate::record::{Binary, Reason, Unexamined, VersionClaim, VersionSource, environment};
use std::io;
use std::sync::Arc;

/// One result of a task.
pub(crate) enum Delivery {
    /// An event.
    Event(Event),
    /// A record that may be in a temporary file, and the surroundings of its program.
    Record(Spooled, Arc<Surroundings>),
}

/// Facts about the surroundings of the programs in one container.
pub(crate) struct Surroundings {
    /// The environment in which they start.
    pub variables: Vec<(String, String)>,
    /// Where that environment was found.
    pub place: environment::EnvironmentSource,
    /// Name and value of a label that states a version.
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
    /// A record with its surroundings. If the spool does not count its memory, it becomes an event at once.
    pub(crate) fn of(record: Spooled, surroundings: &Arc<Surroundings>) -> Self {
        let is_counted = record.uncounted() == 0;
        match Self::record(record, surroundings) {
            delivery if is_counted => delivery,
            delivery => delivery.event().into(),
        }
    }

    /// A record with its surroundings.
    pub(crate) fn record(record: Spooled, surroundings: &Arc<Surroundings>) -> Self {
        Self::Record(record, Arc::clone(surroundings))
    }

    /// The event; reads the record back if it waited.
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
            Err(e) => lost_record(path, location, &e),
        }
    }
}

fn lost_record(path: String, location: crate::record::Location, error: &io::Error) -> Event {
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
