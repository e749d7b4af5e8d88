//! Goes through a container and everything nested in it, and hands over what may be a program.

use super::stream::{GLANCE, HEAD, glance, plain_in_gzip};
use super::tar::{self, Ending, Flow};
use super::{
    ArchiveError, Codec, Feed, Format, Kind, Scope, cpio, deb, decompress_as, rpm, sniff, zip,
};
use crate::bytes::{Part, ReadAt, Spill, Windows};
use crate::record::Owner;
use crate::source::foreign;
use crate::source::image::{self, Bag, Host, Scan, Taken};
use crate::source::packages::apk;
use crate::source::shelf::Shelved;
use links::Links;
pub(crate) use links::forget;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;

mod links;

/// Bodies up to this stay in memory, longer ones go to a temporary file.
pub const IN_MEMORY: u64 = 8 << 20;

/// What to walk.
pub enum Input<'a> {
    /// Positioned bytes: a file, a part of one.
    Random(&'a dyn ReadAt),
    /// A stream that can only be read forward.
    Stream(&'a mut dyn Read),
}

/// Where an entry is, and what its container says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Names inside containers, outermost first, as stored but without a leading `./`. Compression alone and the inner
    /// archives of a package (`data.tar.xz`) add no name; empty when the input itself is one (compressed) file.
    pub entries: Vec<Vec<u8>>,
    /// Permission and set-id bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
}

impl Place {
    /// Bytes of its names.
    pub fn len(&self) -> usize {
        self.entries.iter().map(Vec::len).sum()
    }

    /// Whether the input itself is meant.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is known of the innermost container around this place, or of the place itself.
    pub(crate) fn within<'t, T>(&self, known: &'t BTreeMap<Vec<Vec<u8>>, T>) -> Option<&'t T> {
        if known.is_empty() {
            return None;
        }
        (0..=self.entries.len())
            .rev()
            .find_map(|depth| known.get(self.entries.get(..depth)?))
    }

    /// An entry of the container at this place.
    fn child(&self, name: &[u8], mode: Option<u32>, owner: Option<(u64, u64)>) -> Self {
        let mut entries = self.entries.clone();
        entries.push(clean(name).to_vec());
        Self {
            entries,
            mode: mode.map(|m| m & 0o7777),
            uid: owner.map(|o| o.0),
            gid: owner.map(|o| o.1),
        }
    }
}

/// A name without leading `./`.
pub fn clean(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"./").filter(|rest| !rest.is_empty()) {
        name = rest;
    }
    name
}

/// What to do with a file, decided by its first bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Nothing.
    Skip,
    /// Nothing, but it is told as not examined: it is of a format of this name, which is not read.
    Name(&'static str),
    /// All of it: kept in memory, or in a temporary file when large.
    Whole,
    /// Its first 8 KiB and these ranges: the rest is passed over without being kept, and where the container tells the
    /// size, what lies behind the last range is not even decompressed or checked. Reading elsewhere is an error of
    /// kind `Unsupported`.
    Windows(Vec<Range<u64>>),
}

/// Something that may be a program.
pub struct Candidate<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// Its bytes, readable during the call.
    pub bytes: &'a dyn ReadAt,
}

/// Who is told what a walk meets. Calls come in the order of the container, on the thread that walks. They must not
/// wait for the memory budget: the walk may hold some of it.
pub trait Receiver: Sync {
    /// A regular file inside a container; the input itself is not one. Hard links are told by [`Receiver::alias`] alone.
    fn entry_seen(&self, place: &Place, size: u64);

    /// Whether a file of this size (as stored, compressed or not) cannot be of interest nor hold anything that is: then
    /// it is passed over unread.
    fn too_small(&self, _size: u64) -> bool {
        false
    }

    /// Whether a file that was taken out of a container, and turned out to have this size, is too small to be of interest: what a container
    /// states about it was not believed.
    fn below_floor(&self, _size: u64) -> bool {
        false
    }
    /// What to do with a file that is neither compressed nor a container. `head` are its first bytes, at least 112
    /// where it has them; `size` is unknown for what comes out of a decompressor.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// The container at `place` is a package: told before what is in it.
    fn package(&self, _place: &Place, _owner: Owner) {}

    /// A file that was wanted.
    fn candidate(&self, candidate: &Candidate<'_>);

    /// Another name (a hard link) of a file at `of` that was handed over as candidate, or is a container.
    fn alias(&self, of: &Place, place: &Place);

    /// How images among the members of the archive at `place` are to be read; `None`: as other members.
    fn host(&self, _place: &Place) -> Option<Host<'_>> {
        None
    }

    /// A program in a member that might have been of an image and is not; it was read already.
    fn record(&self, _place: &Place, _record: Shelved) {}

    /// Images among the members of the archive at `place`.
    fn images(&self, _place: &Place, _scans: Vec<Scan>) {}

    /// A thing that was not, or not wholly, examined: an entry, or the container at `place` from some point on.
    fn unexamined(&self, place: &Place, problem: &ArchiveError);
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

    fn container(
        &self,
        format: Format,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        place: &Place,
        level: Level,
    ) -> Result<(), ArchiveError> {
        match format {
            Format::Tar if random.is_none() && image::may_have_odd_names(feed) => {
                self.kept_tar(feed, place, level)
            }
            Format::Tar => self.tar(feed, random, place, level),
            Format::Cpio => self.cpios(feed, place, level),
            Format::Deb => deb::read(feed, self.scope, &mut |member, data| {
                let mut outer = Feed::new(data);
                if member == deb::Member::Control {
                    // A package without a name is a package all the same.
                    if let Some(owner) = deb::control(&mut outer, self.scope) {
                        self.receiver.package(place, owner);
                    }
                    return Ok(());
                }
                let mut plain = super::decompress(Box::new(&mut outer), self.scope)?;
                let mut inner = Feed::new(&mut plain);
                self.tar(&mut inner, None, place, level)?;
                inner.drain()?;
                Ok(())
            }),
            Format::Rpm => self.rpm(feed, place, level),
            Format::Zip => match random {
                Some(bytes) => self.zip(bytes, place, level),
                None => {
                    let limits = &self.scope.limits;
                    let whole =
                        Spill::collect(&[], feed, None, IN_MEMORY, &self.scope.budget, limits)?;
                    let _held = self.scope.hold();
                    self.zip(&whole, place, level)
                }
            },
            Format::ApkV3 => Err(ArchiveError::unsupported(
                "an Alpine package of version 3 (ADB)",
            )),
        }
    }

    /// Members of an image among those of the archive at `place`, where the receiver wants to know of images.
    fn bag(&self, place: &Place, level: Level) -> Option<Bag<'_>> {
        let mut host = self.receiver.host(place)?;
        host.options.depth = level.depth.saturating_add(2);
        Some(Bag::new(host, self.scope))
    }

    fn tell_images(&self, bag: Option<Bag<'_>>, place: &Place) {
        let Some(bagged) = bag.map(Bag::finish) else {
            return;
        };
        let below = |inner: Place| {
            let mut there = inner;
            there.entries.splice(0..0, place.entries.iter().cloned());
            there
        };
        for (inner, record) in bagged.loose {
            self.receiver.record(&below(inner), record);
        }
        for (inner, problem) in bagged.problems {
            self.receiver.unexamined(&below(inner), &problem);
        }
        if !bagged.scans.is_empty() {
            self.receiver.images(place, bagged.scans);
        }
    }

    /// A tar archive that may be an image whose members have names of their own: it is kept, so that its list of images can be found before
    /// the layers are read. What is too long to be kept is read as it comes.
    fn kept_tar(
        &self,
        feed: &mut Feed<'_>,
        place: &Place,
        level: Level,
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
            let read = self.tar(&mut Feed::at(&kept), Some(&kept), place, level);
            // Why it ends too early is better known than that it does.
            return error.map_or(read, Err);
        }
        let whole = Feed::owning(Box::new(Feed::at(&kept).chain(feed)));
        self.tar(&mut { whole }, None, place, level)
    }

    /// `random` are the bytes under `feed` when they are positioned: then bodies need no copy.
    fn tar(
        &self,
        feed: &mut Feed<'_>,
        random: Option<&dyn ReadAt>,
        place: &Place,
        level: Level,
    ) -> Result<(), ArchiveError> {
        let mut links = self.links();
        // The control part of an Alpine package comes first, all its names begin with a dot.
        let mut may_be_package = true;
        let mut bag = self.bag(place, level);
        if let (Some(bag), Some(bytes)) = (&mut bag, random) {
            bag.look_ahead(bytes);
        }
        let finish = tar::read(feed, self.scope, Ending::Stream, &mut |entry, body| {
            may_be_package &= clean(&entry.name).starts_with(b".");
            if may_be_package && clean(&entry.name) == b".PKGINFO" && entry.size <= deb::CONTROL {
                let mut text = Vec::new();
                body.read_to_end(&mut text)?;
                self.receiver.entry_seen(
                    &place.child(&entry.name, Some(entry.mode), None),
                    entry.size,
                );
                if let Some(owner) = apk::of_pkginfo(&text) {
                    self.receiver.package(place, owner);
                }
                return Ok(Flow::Continue);
            }
            let child = place.child(&entry.name, Some(entry.mode), Some((entry.uid, entry.gid)));
            match &entry.kind {
                tar::Kind::File => {
                    let part = random
                        .filter(|_| entry.plain)
                        .map(|r| Part::new(r, entry.offset, entry.size));
                    let part = part.as_ref().filter(|part| part.len() == entry.size);
                    let mut feed = match part {
                        Some(part) => Feed::at(part),
                        None => Feed::new(body),
                    };
                    if let Some(bag) = &mut bag
                        && bag.take(&entry.name, entry.size, &mut feed)? == Taken::Yes
                    {
                        links.replaced(&Links::name(&entry.name));
                        return Ok(Flow::Continue);
                    }
                    let random = part.map(|part| part as &dyn ReadAt);
                    let found = self.entry(&mut feed, random, entry.size, &child, level.inner())?;
                    if found {
                        links.found(Links::name(&entry.name), child);
                    } else {
                        // A later file of the same name replaces it as the target of links.
                        links.replaced(&Links::name(&entry.name));
                    }
                }
                tar::Kind::HardLink(target) => {
                    let (name, target) = (Links::name(&entry.name), Links::name(target));
                    if name == target {
                        return Ok(Flow::Continue);
                    }
                    if let Some(bag) = &mut bag {
                        bag.link(&name, &target, false);
                    }
                    match links.target(&target) {
                        // From here on the link is a file of its own: what it was made from may be replaced.
                        Some(of) => {
                            self.receiver.alias(of, &child);
                            links.found(name, child);
                        }
                        None => links.replaced(&name),
                    }
                }
                tar::Kind::SymLink(target) => {
                    if let Some(bag) = &mut bag {
                        bag.link(&entry.name, target, true);
                    }
                    links.replaced(&Links::name(&entry.name));
                }
                tar::Kind::Dir | tar::Kind::Other(_) => {
                    links.replaced(&Links::name(&entry.name));
                }
                tar::Kind::Unread(problem) if entry.name.is_empty() => {
                    self.receiver.unexamined(place, problem);
                }
                tar::Kind::Unread(problem) => {
                    if self.name_fits(&child) {
                        self.receiver.unexamined(&child, problem);
                    }
                }
            }
            Ok(Flow::Continue)
        });
        self.tell_overflow(&links, place);
        self.tell_images(bag, place);
        finish.map(|_| ())
    }

    /// cpio archives one after the other, the last of which may be compressed, as the kernel takes them from an initial RAM disk (Linux,
    /// "initramfs buffer format").
    fn cpios(&self, feed: &mut Feed<'_>, place: &Place, level: Level) -> Result<(), ArchiveError> {
        loop {
            self.cpio(feed, &|_| None, place, level)?;
            feed.skip_zeros()?;
            let at = feed.offset();
            match glance(feed)? {
                Some(Kind::Format(Format::Cpio)) => {}
                Some(Kind::Codec(codec)) => {
                    return self.compressed(codec, feed, place, level).map(|_| ());
                }
                _ => {
                    let rest = feed.drain()?;
                    return match rest > tar::RECORD {
                        true => Err(ArchiveError::malformed(format!(
                            "{rest} bytes that are no archive follow its end at offset {at}"
                        ))),
                        false => Ok(()),
                    };
                }
            }
        }
    }

    /// cpio holds several names of one file as entries of which only one, usually the last, has the content.
    fn cpio(
        &self,
        feed: &mut Feed<'_>,
        files: &dyn Fn(u32) -> Option<cpio::Entry>,
        place: &Place,
        level: Level,
    ) -> Result<(), ArchiveError> {
        let mut links = self.links();
        let mut bag = self.bag(place, level);
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
            if let Some(bag) = &mut bag
                && bag.take(&entry.name, entry.size, &mut feed)? == Taken::Yes
            {
                return Ok(Flow::Continue);
            }
            if self.entry(&mut feed, None, entry.size, &child, level.inner())? {
                for waiting in links.waiting(&key) {
                    self.receiver.alias(&child, &waiting);
                }
                links.found(key, child);
            }
            Ok(Flow::Continue)
        });
        self.tell_overflow(&links, place);
        self.tell_images(bag, place);
        result
    }

    /// Links in an eighth of the memory.
    fn links(&self) -> Links {
        let most = self.scope.budget.total() / 8;
        Links::new(self.scope.limits.metadata.min(most))
    }

    fn tell_overflow(&self, links: &Links, place: &Place) {
        if links.overflown() {
            let most = links.most();
            self.receiver.unexamined(
                place,
                &ArchiveError::limit(format!("names of hard links beyond {most} bytes")),
            );
        }
    }

    fn rpm(&self, feed: &mut Feed<'_>, place: &Place, level: Level) -> Result<(), ArchiveError> {
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
            Some(Kind::Codec(codec)) => Some(codec),
            Some(Kind::Format(_)) => None,
            None => header.codec(),
        };
        let files = |index| header.file(index);
        match codec {
            None => self.cpio(feed, &files, place, level),
            Some(codec) => {
                let mut stream = decompress_as(codec, Feed::new(feed), self.scope)?;
                let mut inner = Feed::new(&mut stream);
                self.cpio(&mut inner, &files, place, level)?;
                inner.drain()?;
                Ok(())
            }
        }
    }

    fn zip(&self, bytes: &dyn ReadAt, place: &Place, level: Level) -> Result<(), ArchiveError> {
        let mut bag = self.bag(place, level);
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
                // What is kept of it is a fact, what it expands to a claim.
                let size = entry.size.max(u64::from(entry.packed > 0));
                let taken = match &mut bag {
                    Some(bag) => bag.take(&entry.name, size, &mut feed)?,
                    None => Taken::No,
                };
                if taken == Taken::No {
                    self.receiver.entry_seen(&child, entry.size);
                    if entry.packed > 0 && !self.receiver.too_small(entry.packed) {
                        self.item(&mut feed, None, None, &child, level.inner())?;
                    }
                }
                drop(feed);
                body.contradiction().map_or(Ok(()), Err)
            })();
            // Each entry is read on its own, so one that is broken ends nothing but itself.
            if let Err(problem) = result {
                self.receiver.unexamined(&child, &problem);
            }
            Ok(Flow::Continue)
        });
        self.tell_images(bag, place);
        result
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

/// Reads a stream up to so many bytes, and for its end what goes wrong: what came before is there all the same.
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
        let room = out.get_mut(..most).unwrap_or_default();
        let count = match self.feed.read(room) {
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

#[cfg(test)]
mod tests;
