//! Reads the members of each container format, including nested containers.

use super::links::Links;
use super::tar_walk::TarWalk;
use super::{IN_MEMORY, Nesting, Taken, Walker};
use crate::archive::place::Place;
use crate::archive::stream::{HEAD, detect};
use crate::archive::tar::{self, Ending, Flow};
use crate::archive::{
    ArchiveError, Feed, Format, StreamKind, cpio, deb, decompress, decompress_as, rpm, sniff, zip,
};
use gospect_bytes::{ReadAt, Spill, Use};
use std::io::{self, Read};

impl Walker<'_> {
    pub(super) fn container(
        &self,
        format: Format,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        match format {
            Format::Tar if random.is_none() && self.receiver.keeps_whole(feed) => {
                self.keep_tar(feed, place, nesting)
            }
            Format::Tar => self.tar(feed, random, place, nesting),
            Format::Cpio => self.cpios(feed, place, nesting),
            Format::Deb => deb::read(feed, self.scope, &mut |member, data| {
                let mut outer = Feed::new(data);
                if member == deb::Member::Control {
                    // A package without a name still counts as a package.
                    if let Some(owner) = deb::control(&mut outer, self.scope) {
                        self.receiver.package(place, owner);
                    }
                    return Ok(());
                }
                let mut plain = decompress(Box::new(&mut outer), self.scope)?;
                let mut inner = Feed::new(&mut plain);
                self.tar(&mut inner, None, place, nesting)?;
                inner.drain()?;
                Ok(())
            }),
            Format::Rpm => self.rpm(feed, place, nesting),
            Format::Zip => match random {
                Some(bytes) => self.zip(bytes, place, nesting),
                None => {
                    let limits = &self.scope.limits;
                    let whole =
                        Spill::collect(&[], feed, None, IN_MEMORY, &self.scope.budget, limits)?;
                    let _held = self.scope.hold();
                    self.zip(&whole, place, nesting)
                }
            },
            Format::ApkV3 => Err(ArchiveError::unsupported(
                "an Alpine package of version 3 (ADB)",
            )),
        }
    }

    /// Keeps a tar archive whose list of members is needed before they are read. One that is too long to keep is read directly.
    fn keep_tar(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        let limits = &self.scope.limits;
        let mut until = UntilError {
            feed,
            left: limits.entry_size,
            error: None,
        };
        let kept = Spill::collect(&[], &mut until, None, IN_MEMORY, &self.scope.budget, limits)?;
        let UntilError { error, left, .. } = until;
        let _held = self.scope.hold();
        if left > 0 {
            let read = self.tar(&mut Feed::at(&kept), Some(&kept), place, nesting);
            // The error of the stream says why it ends too early, and is better than the reader's, which says only that it does.
            return error.map_or(read, Err);
        }
        let whole = Feed::owning(Box::new(Feed::at(&kept).chain(feed)));
        self.tar(&mut { whole }, None, place, nesting)
    }

    /// `random` gives random access to the bytes of `feed`, if there is any: then bodies need no copy.
    fn tar(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        let mut members = self.receiver.members(place, nesting.depth, self.scope);
        if let (Some(members), Some(bytes)) = (&mut members, random) {
            members.look_ahead(bytes);
        }
        let mut walk = TarWalk {
            walker: self,
            place,
            nesting,
            random,
            members,
            links: self.links(),
            may_be_package: true,
        };
        let finish = tar::read(feed, self.scope, Ending::Stream, &mut |entry, body| {
            walk.visit(entry, body)?;
            Ok(Flow::Continue)
        });
        self.report_overflow(&walk.links, place);
        if let Some(members) = walk.members {
            members.finish(place);
        }
        finish.map(|_| ())
    }

    /// cpio archives one after the other, the last of which may be compressed: the kernel reads an initial RAM disk so (Linux,
    /// "initramfs buffer format").
    fn cpios(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        loop {
            self.cpio(feed, &|_| None, place, nesting)?;
            feed.skip_zeros()?;
            let at = feed.offset();
            match detect(feed)? {
                Some(StreamKind::Format(Format::Cpio)) => {}
                Some(StreamKind::Codec(codec)) => {
                    return self.compressed(codec, feed, place, nesting).map(|_| ());
                }
                _ => {
                    let rest = feed.drain()?;
                    return match rest > tar::RECORD {
                        true => Err(ArchiveError::malformed(format!(
                            "{rest} bytes that are not an archive follow its end at offset {at}"
                        ))),
                        false => Ok(()),
                    };
                }
            }
        }
    }

    /// cpio stores several names of one file as entries of which only one, usually the last, has the content.
    fn cpio(
        &self,
        feed: &mut Feed<'_>,
        files: &dyn Fn(u32) -> Option<cpio::Entry>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        let mut links = self.links();
        let mut members = self.receiver.members(place, nesting.depth, self.scope);
        let result = cpio::read(feed, self.scope, files, &mut |entry, body| {
            if !entry.is_file() {
                return Ok(Flow::Continue);
            }
            let child = place.child(&entry.name, Some(entry.mode), Some((entry.uid, entry.gid)));
            let key = Links::file(entry.file);
            if entry.links > 1 && entry.size == 0 {
                match links.target(&key) {
                    Some(of) => self.receiver.alias(of, &child),
                    None => links.wait(key, child),
                }
                return Ok(Flow::Continue);
            }
            let mut feed = Feed::new(body);
            if let Some(members) = &mut members
                && members.take(&entry.name, entry.size, &mut feed)? == Taken::Yes
            {
                return Ok(Flow::Continue);
            }
            if self.entry(&mut feed, None, entry.size, &child, nesting.inner())? {
                for waiting in links.waiting(&key) {
                    self.receiver.alias(&child, &waiting);
                }
                links.found(key, child);
            }
            Ok(Flow::Continue)
        });
        self.report_overflow(&links, place);
        members
            .into_iter()
            .for_each(|members| members.finish(place));
        result
    }

    /// Hard links within their share of the memory.
    fn links(&self) -> Links {
        let most = Use::LinkNames.share(self.scope.budget.total());
        Links::new(self.scope.limits.metadata.min(most))
    }

    fn report_overflow(&self, links: &Links, place: &Place) {
        if links.overflown() {
            let most = links.most();
            self.receiver.unexamined(
                place,
                &ArchiveError::limit(format!("names of hard links beyond {most} bytes")),
            );
        }
    }

    fn rpm(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        nesting: Nesting,
    ) -> Result<(), ArchiveError> {
        let header = rpm::read_header(feed, &self.scope.limits)?;
        if let Some(owner) = header.owner() {
            self.receiver.package(place, owner);
        }
        if header.payload() != b"cpio" {
            let format = String::from_utf8_lossy(header.payload()).into_owned();
            return Err(ArchiveError::unsupported(format!(
                "an RPM payload of format {format:?}"
            )));
        }
        let codec = match sniff(feed.peek(HEAD)?) {
            Some(StreamKind::Codec(codec)) => Some(codec),
            Some(StreamKind::Format(_)) => None,
            None => header.codec(),
        };
        let files = |index| header.file(index);
        match codec {
            None => self.cpio(feed, &files, place, nesting),
            Some(codec) => {
                let mut stream = decompress_as(codec, Feed::new(feed), self.scope)?;
                let mut inner = Feed::new(&mut stream);
                self.cpio(&mut inner, &files, place, nesting)?;
                inner.drain()?;
                Ok(())
            }
        }
    }

    fn zip(&self, bytes: &dyn ReadAt, place: &Place, nesting: Nesting) -> Result<(), ArchiveError> {
        let mut members = self.receiver.members(place, nesting.depth, self.scope);
        let result = zip::read(bytes, self.scope, &mut |entry, content| {
            if !entry.is_file() {
                return Ok(Flow::Continue);
            }
            let child = place.child(&entry.name, entry.mode, None);
            if !self.name_fits(&child) {
                self.receiver.entry_seen(&child, entry.size);
                return Ok(Flow::Continue);
            }
            let body = match content {
                Ok(body) => body,
                Err(problem) => {
                    self.receiver.entry_seen(&child, entry.size);
                    self.receiver.unexamined(&child, &problem);
                    return Ok(Flow::Continue);
                }
            };
            let result = (|| {
                let mut feed = Feed::new(&mut *body);
                // The stored size is a fact, the expanded size a claim.
                let size = entry.size.max(u64::from(entry.packed > 0));
                let taken = match &mut members {
                    Some(members) => members.take(&entry.name, size, &mut feed)?,
                    None => Taken::No,
                };
                if taken == Taken::No {
                    self.receiver.entry_seen(&child, entry.size);
                    if entry.packed == 0 {
                        self.empty(&child);
                    } else if !self.receiver.too_small(entry.packed) {
                        self.read(&mut feed, None, None, &child, nesting.inner())?;
                    }
                }
                drop(feed);
                body.contradiction().map_or(Ok(()), Err)
            })();
            // Each entry is read on its own, so a broken one ends only itself.
            if let Err(problem) = result {
                self.receiver.unexamined(&child, &problem);
            }
            Ok(Flow::Continue)
        });
        members
            .into_iter()
            .for_each(|members| members.finish(place));
        result
    }
}

/// Reads a stream up to a limit and treats an error as its end: the bytes before it are still there.
struct UntilError<'u, 'f> {
    feed: &'u mut Feed<'f>,
    left: u64,
    error: Option<ArchiveError>,
}

impl Read for UntilError<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let out = out.get_mut(..most).unwrap_or_default();
        let count = match self.feed.read(out) {
            Ok(count) => count,
            Err(error) => {
                self.error = Some(error.into());
                0
            }
        };
        self.left -= count as u64;
        Ok(count)
    }
}
