//! Walks through a container and everything nested in it, and hands over files that may be programs.

use super::place::Place;
use super::stream::{HEAD, SHORT_HEAD, detect, plain_gzip_content};
use super::{ArchiveError, Codec, Feed, Scope, StreamKind, decompress_as};
use crate::foreign;
use gospect_bytes::{KeptRanges, ReadAt, Spill};
use std::io::Read;

mod containers;
mod links;
mod receiver;
mod tar_walk;

pub use receiver::{Candidate, Members, Receiver, Taken, Want};

/// Bodies up to this many bytes stay in memory, longer ones go to a temporary file.
pub const IN_MEMORY: u64 = 8 << 20;

/// The input of a walk.
pub enum Input<'a> {
    /// Bytes with random access: a file or a part of one.
    Random(&'a dyn ReadAt),
    /// A stream that can only be read forward.
    Stream(&'a mut dyn Read),
}

/// A walk through one outermost container.
#[derive(Clone, Copy)]
pub struct Walker<'r> {
    /// Gets the files and problems of the walk.
    pub receiver: &'r dyn Receiver,
    /// Limits and counts of the outermost container.
    pub scope: &'r Scope,
}

/// How deep something is inside containers.
#[derive(Clone, Copy)]
struct Nesting {
    /// Number of containers around it.
    depth: u32,
    /// Whether it is the content of a compressed file, which counts as one level together with an archive in it (`app.tar.gz`).
    in_compressed: bool,
}

impl Nesting {
    fn at(depth: u32) -> Self {
        Self {
            depth,
            in_compressed: false,
        }
    }

    /// The level of the entries of a container at this level.
    fn inner(self) -> Self {
        Self::at(self.depth + 1)
    }
}

impl Walker<'_> {
    /// Walks any input: a container, a compressed file, a plain file. Every problem is reported to the receiver.
    pub fn walk(&self, input: Input<'_>, place: &Place) {
        let nesting = Nesting::at(0);
        let result = match input {
            Input::Random(bytes) => self.read(
                &mut Feed::at(bytes),
                Some(bytes),
                Some(bytes.len()),
                place,
                nesting,
            ),
            Input::Stream(stream) => self.read(&mut Feed::new(stream), None, None, place, nesting),
        };
        if let Err(problem) = result {
            self.receiver.unexamined(place, &problem);
        }
    }

    /// Walks one file of a container that the caller reads itself (an image layer): a nested container is walked, any other file
    /// is offered to the receiver. `depth` counts the containers around it. Returns whether it was handed over as a candidate or
    /// is a container: then hard links to it matter.
    ///
    /// # Errors
    /// When the source of `feed` fails (truncated, corrupt, limit) and the caller cannot continue. Problems of this file alone are
    /// reported to the receiver.
    pub fn file(
        &self,
        feed: &mut Feed<'_>,
        size: u64,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        self.entry(feed, None, size, place, Nesting::at(depth))
    }

    /// Like [`Walker::file`], for a file stored unchanged: nothing is copied.
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
            Nesting::at(depth),
        )
    }

    /// Like [`Walker::file`], for a file that is counted already and whose size is not known.
    ///
    /// # Errors
    /// See [`Walker::file`].
    pub fn stream(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        depth: u32,
    ) -> Result<bool, ArchiveError> {
        let nesting = Nesting::at(depth);
        self.read(feed, None, None, place, nesting)
    }

    /// Counts a file of a container and reads it, unless it is empty, too small, or has too long a name. `random` is the file, if it
    /// can be read at any position.
    fn entry(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: u64,
        place: &Place,
        nesting: Nesting,
    ) -> Result<bool, ArchiveError> {
        self.receiver.entry_seen(place, size);
        if size == 0 {
            self.empty(place);
            return Ok(false);
        }
        if !self.name_fits(place) || self.receiver.too_small(size) {
            return Ok(false);
        }
        self.read(feed, random, Some(size), place, nesting)
    }

    /// Lets the receiver count a file without content.
    pub(super) fn empty(&self, place: &Place) {
        self.receiver.wants(place, &[], Some(0));
    }

    /// Whether the innermost name is within the limit; a longer one is reported by its beginning.
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

    /// Detects the format of any input and continues with its reader. Returns whether a hard link to it matters.
    fn read(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: Option<u64>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<bool, ArchiveError> {
        let Some(kind) = detect(feed)? else {
            return self.offer(feed, random, size, place, nesting);
        };
        if nesting.depth >= self.scope.limits.depth {
            let most = self.scope.limits.depth;
            self.receiver.unexamined(
                place,
                &ArchiveError::limit(format!("a container inside {most} containers")),
            );
            return Ok(true);
        }
        if kind == StreamKind::Codec(Codec::Gzip)
            && nesting.depth > 0
            && let Some(head) = plain_gzip_content(feed, self.scope)
            && self.receiver.wants(place, &head, None) == Want::Skip
        {
            // Decompressing would give the same answer.
            return Ok(false);
        }
        let result = match kind {
            StreamKind::Codec(codec) => self.compressed(codec, feed, place, nesting),
            StreamKind::Format(format) => self
                .container(format, feed, random, place, nesting)
                .map(|()| true),
        };
        match result {
            // Errors of this file are reported here; errors of the source are reported by its reader.
            Err(problem) if !feed.failed() => {
                self.receiver.unexamined(place, &problem);
                Ok(true)
            }
            other => other,
        }
    }

    /// Reads the content of a compressed file.
    fn compressed(
        &self,
        codec: Codec,
        feed: &mut Feed<'_>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<bool, ArchiveError> {
        let mut stream = decompress_as(codec, Feed::new(feed), self.scope)?;
        let mut inner = Feed::new(&mut stream);
        let nesting = Nesting {
            depth: nesting.depth + u32::from(nesting.in_compressed),
            in_compressed: true,
        };
        // An unwanted file is not decompressed to its end, a wanted one has been.
        self.read(&mut inner, None, None, place, nesting)
    }

    /// Asks the receiver about a plain file.
    fn offer(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        size: Option<u64>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<bool, ArchiveError> {
        let head = feed.peek(SHORT_HEAD)?;
        if head.is_empty() {
            self.empty(place);
            return Ok(false);
        }
        let head = match foreign::needs_more(head) {
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
            Want::Whole | Want::KeptRanges(_) => {}
        }
        let most = self.scope.limits.entry_size;
        if let Some(size) = size.filter(|size| nesting.depth > 0 && *size > most) {
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
                if size.is_none()
                    && nesting.depth > 0
                    && self.receiver.below_floor(bytes.len()) =>
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

    /// Keeps what the receiver wants of a file that comes as a stream, in memory or in a temporary file.
    fn keep(
        &self,
        feed: &mut Feed<'_>,
        size: Option<u64>,
        want: &Want,
    ) -> Result<Box<dyn ReadAt>, ArchiveError> {
        let limits = &self.scope.limits;
        let budget = &self.scope.budget;
        Ok(match want {
            Want::KeptRanges(ranges) => {
                let ranges: Vec<_> = std::iter::once(0..HEAD as u64)
                    .chain(ranges.iter().cloned())
                    .collect();
                Box::new(KeptRanges::collect(&[], feed, size, &ranges, budget)?)
            }
            _ => Box::new(Spill::collect(&[], feed, size, IN_MEMORY, budget, limits)?),
        })
    }
}

#[cfg(test)]
mod tests;
