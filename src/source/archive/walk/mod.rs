//! Goes through a container and everything nested in it, and hands over what may be a program.

use super::place::Place;
use super::stream::{GLANCE, HEAD, glance, plain_in_gzip};
use super::{ArchiveError, Codec, Feed, Kind, Scope, decompress_as};
use crate::bytes::{ReadAt, Spill, Windows};
use crate::source::foreign;
use std::io::Read;

mod containers;
mod links;
mod receiver;

pub use receiver::{Candidate, Members, Receiver, Taken, Want};

/// Bodies up to this stay in memory, longer ones go to a temporary file.
pub const IN_MEMORY: u64 = 8 << 20;

/// What to walk.
pub enum Input<'a> {
    /// Positioned bytes: a file, a part of one.
    Random(&'a dyn ReadAt),
    /// A stream that can only be read forward.
    Stream(&'a mut dyn Read),
}

/// A walk through one outermost container.
#[derive(Clone, Copy)]
pub struct Walker<'r> {
    /// Told what is met.
    pub receiver: &'r dyn Receiver,
    /// Shared limits and counts.
    pub scope: &'r Scope,
}

/// How deep a file is, and whether it is the content of a compressed file at that depth: `app.tar.gz` is one level.
#[derive(Clone, Copy)]
struct Level {
    depth: u32,
    unpacked: bool,
}

impl Level {
    fn inner(self) -> Self {
        Self {
            depth: self.depth + 1,
            unpacked: false,
        }
    }
}

impl Walker<'_> {
    /// Walks the input, whatever it is: a container, a compressed file, a plain file. Everything that is wrong is told
    /// to the receiver.
    pub fn walk(&self, input: Input<'_>, place: &Place) {
        let level = Level {
            depth: 0,
            unpacked: false,
        };
        let result = match input {
            Input::Random(bytes) => self.item(
                &mut Feed::at(bytes),
                Some(bytes),
                Some(bytes.len()),
                place,
                level,
            ),
            Input::Stream(stream) => self.item(&mut Feed::new(stream), None, None, place, level),
        };
        if let Err(problem) = result {
            self.receiver.unexamined(place, &problem);
        }
    }

    /// One file of a container that the caller reads itself (an image layer): nested containers in it are walked,
    /// anything else is offered to the receiver. `depth` counts the containers around it. Returns whether it was
    /// handed over as candidate or is a container, so that the caller can tell of hard links to it.
    ///
    /// # Errors
    /// When `feed`'s source fails (truncated, corrupt, limit): the caller cannot go on. Problems of the file alone are
    /// told to the receiver.
    pub fn file(
        &self,
        feed: &mut Feed<'_>,
        size: u64,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        self.entry(
            feed,
            None,
            size,
            place,
            Level {
                depth,
                unpacked: false,
            },
        )
    }

    /// As [`Walker::file`], for a file whose bytes are stored as they are: nothing of it is copied.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    pub fn part(
        &self,
        bytes: &dyn ReadAt,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        self.entry(
            &mut Feed::at(bytes),
            Some(bytes),
            bytes.len(),
            place,
            Level {
                depth,
                unpacked: false,
            },
        )
    }

    /// As [`Walker::file`], for a file that was counted and whose size is not known.
    ///
    /// # Errors
    /// As [`Walker::file`].
    pub fn stream(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        let level = Level {
            depth,
            unpacked: false,
        };
        self.item(feed, None, None, place, level)
    }

    fn entry(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: u64,
        place: &Place,
        level: Level,
    ) -> Result<bool, ArchiveError> {
        self.receiver.entry_seen(place, size);
        if size == 0 || !self.name_fits(place) || self.receiver.too_small(size) {
            return Ok(false);
        }
        self.item(feed, random, Some(size), place, level)
    }

    /// Whether the innermost name is within the limit; if not, that is told by its beginning.
    fn name_fits(&self, place: &Place) -> bool {
        let most = self.scope.limits.path;
        let Some(name) = place.entries.last().filter(|n| n.len() > most) else {
            return true;
        };
        let problem = ArchiveError::limit(format!(
            "a name of {} bytes, {most} are allowed",
            name.len()
        ));
        let mut short = place.clone();
        if let Some(last) = short.entries.last_mut() {
            last.truncate(most);
        }
        self.receiver.unexamined(&short, &problem);
        false
    }

    /// Anything: tells what it is and goes on accordingly.
    fn item(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: Option<u64>,
        place: &Place,
        level: Level,
    ) -> Result<bool, ArchiveError> {
        let Some(kind) = glance(feed)? else {
            return self.offer(feed, random, size, place, level);
        };
        if level.depth >= self.scope.limits.depth {
            let most = self.scope.limits.depth;
            self.receiver.unexamined(
                place,
                &ArchiveError::limit(format!("a container inside {most} containers")),
            );
            return Ok(true);
        }
        if kind == Kind::Codec(Codec::Gzip)
            && level.depth > 0
            && let Some(head) = plain_in_gzip(feed, self.scope)
            && self.receiver.wants(place, &head, None) == Want::Skip
        {
            // The decompressor would come to the same answer.
            return Ok(false);
        }
        let result = match kind {
            Kind::Codec(codec) => self.compressed(codec, feed, place, level),
            Kind::Format(format) => self
                .container(format, feed, random, place, level)
                .map(|()| true),
        };
        match result {
            // The fault of what is read from here is told here; that of the source belongs to whoever reads that.
            Err(problem) if !feed.failed() => {
                self.receiver.unexamined(place, &problem);
                Ok(true)
            }
            other => other,
        }
    }

    fn compressed(
        &self,
        codec: Codec,
        feed: &mut Feed<'_>,
        place: &Place,
        level: Level,
    ) -> Result<bool, ArchiveError> {
        let mut stream = decompress_as(codec, Feed::new(feed), self.scope)?;
        let mut inner = Feed::new(&mut stream);
        let level = Level {
            depth: level.depth + u32::from(level.unpacked),
            unpacked: true,
        };
        // What nobody wants is not decompressed to its end, and what is wanted has been.
        self.item(&mut inner, None, None, place, level)
    }

    /// A plain file: asks the receiver.
    fn offer(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: Option<u64>,
        place: &Place,
        level: Level,
    ) -> Result<bool, ArchiveError> {
        let head = feed.peek(GLANCE)?;
        if head.is_empty() {
            return Ok(false);
        }
        let head = match foreign::may_be_disk(head) {
            true => feed.peek(foreign::DEEP)?,
            false => head,
        };
        let want = self.receiver.wants(place, head, size);
        match want {
            Want::Skip => return Ok(false),
            Want::Name(format) => {
                let problem = ArchiveError::unsupported(foreign::detail(format));
                self.receiver.unexamined(place, &problem);
                return Ok(false);
            }
            Want::Whole | Want::Windows(_) => {}
        }
        let most = self.scope.limits.entry_size;
        if let Some(size) = size.filter(|size| level.depth > 0 && *size > most) {
            self.receiver.unexamined(
                place,
                &ArchiveError::limit(format!("{size} bytes, {most} are allowed")),
            );
            return Ok(false);
        }
        if let Some(bytes) = random {
            self.receiver.candidate(&Candidate { place, bytes });
            return Ok(true);
        }
        match self.keep(feed, size, &want) {
            Ok(bytes)
                if size.is_none() && level.depth > 0 && self.receiver.below_floor(bytes.len()) =>
            {
                Ok(false)
            }
            Ok(bytes) => {
                self.receiver.candidate(&Candidate {
                    place,
                    bytes: &*bytes,
                });
                Ok(true)
            }
            Err(problem) if feed.failed() => Err(problem),
            Err(problem) => {
                self.receiver.unexamined(place, &problem);
                Ok(false)
            }
        }
    }

    fn keep(
        &self,
        feed: &mut Feed<'_>,
        size: Option<u64>,
        want: &Want,
    ) -> Result<Box<dyn ReadAt>, ArchiveError> {
        let limits = &self.scope.limits;
        let budget = &self.scope.budget;
        Ok(match want {
            Want::Windows(ranges) => {
                let ranges: Vec<_> = std::iter::once(0..HEAD as u64)
                    .chain(ranges.iter().cloned())
                    .collect();
                Box::new(Windows::collect(&[], feed, size, &ranges, budget)?)
            }
            _ => Box::new(Spill::collect(&[], feed, size, IN_MEMORY, budget, limits)?),
        })
    }
}

#[cfg(test)]
mod tests;
