//! Walks the entries of a tar archive.

use super::links::Links;
use super::{Members, Nesting, Taken, Walker};
use crate::archive::place::{Place, clean};
use crate::archive::tar::{Entry, EntryKind};
use crate::archive::{Feed, deb};
use crate::packages::apk;
use gospect_bytes::{Part, ReadAt};
use std::io::{self, Read};

/// A walk through one tar archive.
pub(super) struct TarWalk<'w> {
    pub(super) walker: &'w Walker<'w>,
    pub(super) place: &'w Place,
    pub(super) nesting: Nesting,
    /// Random access to the bytes of the archive, if there is any: then bodies need no copy.
    pub(super) random: Option<&'w dyn ReadAt>,
    pub(super) members: Option<Box<dyn Members + 'w>>,
    pub(super) links: Links,
    /// Whether all names so far begin with a dot, as they do in the control part at the start of an Alpine package.
    pub(super) may_be_package: bool,
}

impl TarWalk<'_> {
    pub(super) fn visit(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<()> {
        let receiver = self.walker.receiver;
        self.may_be_package &= clean(&entry.name).starts_with(b".");
        if self.may_be_package && clean(&entry.name) == b".PKGINFO" && entry.size <= deb::CONTROL {
            return self.package(entry, body);
        }
        let owner = Some((entry.uid, entry.gid));
        let child = self.place.child(&entry.name, Some(entry.mode), owner);
        match &entry.kind {
            EntryKind::File => self.file(entry, body, child)?,
            EntryKind::HardLink(target) => self.hard_link(&entry.name, target, child),
            EntryKind::SymLink(target) => {
                if let Some(members) = &mut self.members {
                    members.link(&entry.name, target, true);
                }
                self.links.replaced(&Links::name(&entry.name));
            }
            EntryKind::Dir | EntryKind::Other(_) => {
                self.links.replaced(&Links::name(&entry.name));
            }
            EntryKind::Unread(problem) if entry.name.is_empty() => {
                receiver.unexamined(self.place, problem);
            }
            EntryKind::Unread(problem) => {
                if self.walker.name_fits(&child) {
                    receiver.unexamined(&child, problem);
                }
            }
        }
        Ok(())
    }

    /// Reads the description of an Alpine package.
    fn package(&self, entry: &Entry, body: &mut dyn Read) -> io::Result<()> {
        let receiver = self.walker.receiver;
        let mut text = Vec::new();
        body.read_to_end(&mut text)?;
        let child = self.place.child(&entry.name, Some(entry.mode), None);
        receiver.entry_seen(&child, entry.size);
        if let Some(owner) = apk::of_pkginfo(&text) {
            receiver.package(self.place, owner);
        }
        Ok(())
    }

    fn file(&mut self, entry: &Entry, body: &mut dyn Read, child: Place) -> io::Result<()> {
        let part = self
            .random
            .filter(|_| entry.plain)
            .map(|random| Part::new(random, entry.offset, entry.size));
        let part = part.as_ref().filter(|part| part.len() == entry.size);
        let mut feed = match part {
            Some(part) => Feed::at(part),
            None => Feed::new(body),
        };
        let name = Links::name(&entry.name);
        if let Some(members) = &mut self.members
            && members.take(&entry.name, entry.size, &mut feed)? == Taken::Yes
        {
            self.links.replaced(&name);
            return Ok(());
        }
        let random = part.map(|part| part as &dyn ReadAt);
        let nesting = self.nesting.inner();
        let is_candidate = self
            .walker
            .entry(&mut feed, random, entry.size, &child, nesting)?;
        match is_candidate {
            true => self.links.found(name, child),
            // A later file of the same name replaces this one as the target of links.
            false => self.links.replaced(&name),
        }
        Ok(())
    }

    fn hard_link(&mut self, name: &[u8], target: &[u8], child: Place) {
        let (name, target) = (Links::name(name), Links::name(target));
        if name == target {
            return;
        }
        if let Some(members) = &mut self.members {
            members.link(&name, &target, false);
        }
        match self.links.target(&target) {
            // From here on the link is a file of its own: the file that it was made from may be replaced.
            Some(of) => {
                self.walker.receiver.alias(of, &child);
                self.links.found(name, child);
            }
            None => self.links.replaced(&name),
        }
    }
}
