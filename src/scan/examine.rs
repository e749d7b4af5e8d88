//! Examines one file: opens it, detects its format and passes it to the right reader.

use super::delivery::{Delivery, Surroundings};
use super::digest;
use super::links::Links;
use super::options::{Options, reader_options};
use super::place::{Inside, Opened};
use super::program::{Content, Program};
#[cfg(feature = "archives")]
use super::spool::Spool;
use super::spool::Spooled;
use super::{Counters, Event, error_text};
use crate::bytes::guard::{FAULT, guarded};
use crate::bytes::{Budget, FileBytes, ReadAt, Use};
use crate::exe::{self, OpenError};
use crate::go;
use crate::record::{Binary, Reason, Unexamined, environment};
#[cfg(feature = "archives")]
use crate::source::archive::ArchiveError;
use crate::source::dir::Stat;
#[cfg(feature = "archives")]
use crate::source::foreign;
use crate::source::packages::Ownership;
use crate::source::queue::Output;
use crate::source::walk::WalkedFile;
use std::fs::File;
use std::io;
#[cfg(feature = "archives")]
use std::sync::OnceLock;
use std::sync::{Arc, Mutex, PoisonError};

/// First bytes read of a likely program: enough for every magic number, and for all headers of nearly every program.
const HEAD: usize = 8 << 10;
/// First bytes read of other files: enough for every magic number. Most files of a tree are text, and reading less of each saves
/// time.
const SHORT_HEAD: usize = 512;

/// The message for the remaining programs of a file.
pub(crate) fn left_out_note(count: u64) -> String {
    format!("{count} more programs of the file: their records take more memory than there is")
}

/// The result for a file or entry whose reader panicked.
pub(super) fn fault(opened: &Opened) -> Delivery {
    let thing = opened.thing(&Inside::default(), Reason::Internal, FAULT);
    let fatal = opened.named;
    Event::Unexamined { thing, fatal }.into()
}

/// Examines files for one scan.
pub struct Examiner<'e> {
    pub(crate) options: &'e Options,
    pub(crate) counters: &'e Counters,
    /// Memory that all threads share for parts of executables.
    executables: Budget,
    /// Held while an unusually large record is made.
    large: Mutex<()>,
    /// Files with several names, until all names have been found.
    links: Links,
    /// What the user says about the programs.
    given: Arc<Surroundings>,
    /// Package databases.
    #[cfg(unix)]
    owners: super::owners::Owners,
    /// Memory that all threads share for contents of containers.
    #[cfg(feature = "archives")]
    pub(crate) budget: Budget,
    /// Records that wait for their turn.
    #[cfg(feature = "archives")]
    pub(crate) spool: Spool,
    /// The same amount again for facts of programs in containers. A thread waits for it before it waits for `executables`, never
    /// after.
    #[cfg(feature = "archives")]
    pub(crate) facts: Budget,
    /// Threads for parallel work inside one task; started when first needed.
    #[cfg(feature = "archives")]
    pub(crate) layers: OnceLock<Option<rayon::ThreadPool>>,
}

impl<'e> Examiner<'e> {
    pub(crate) fn new(options: &'e Options, counters: &'e Counters) -> Self {
        Self {
            options,
            counters,
            executables: Budget::for_threads(options.memory, Use::Executables, options.threads()),
            large: Mutex::default(),
            links: Links::default(),
            given: Arc::new(Surroundings {
                variables: options.environment.clone(),
                place: environment::EnvironmentSource::Given,
                label: None,
            }),
            #[cfg(unix)]
            owners: super::owners::Owners::default(),
            #[cfg(feature = "archives")]
            budget: Budget::of(options.memory, Use::Containers),
            #[cfg(feature = "archives")]
            spool: Spool::new(options.memory),
            #[cfg(feature = "archives")]
            facts: Budget::of(options.memory, Use::Facts),
            #[cfg(feature = "archives")]
            layers: OnceLock::new(),
        }
    }

    /// Examines a file of a walk. A container becomes a task of its own, so that several are read at once.
    pub(crate) fn walked_file<'env>(
        &'env self,
        found: &WalkedFile<'_>,
        target: &'env str,
        out: &mut Output<'env, Delivery>,
    ) {
        if guarded(|| self.look_at(found, target, out)).is_none() {
            out.push(fault(&Opened::file(&found.path(), target, false)));
        }
    }

    fn look_at<'env>(
        &'env self,
        found: &WalkedFile<'_>,
        target: &'env str,
        out: &mut Output<'env, Delivery>,
    ) {
        let name = found.name().as_encoded_bytes();
        let content = self.shared(&found.stat, || match found.open() {
            Ok(file) => {
                let bytes = FileBytes::new(file, found.stat.size);
                // An executable file, or one named like a library, is likely a program, which is then read without a first look.
                let likely =
                    found.stat.mode.is_none_or(|mode| mode & 0o111 != 0) || found.is_library();
                let known = if likely {
                    None
                } else {
                    self.detect(&bytes, name)
                };
                known.unwrap_or_else(|| self.content(&bytes, name, false))
            }
            Err(e) => Content::Unexamined(Reason::Unreadable, error_text(&e)),
        });
        match content {
            Content::NotGo(_) => self.count_not_go(),
            Content::Container | Content::Packed => self.later(found, target, out),
            other => {
                let opened = Opened::file(&found.path(), target, false);
                self.deliver(other, Some(&found.stat), &opened, &mut |delivery| {
                    out.push(delivery)
                });
            }
        }
    }

    /// Makes a task for work that takes long.
    fn later<'env>(
        &'env self,
        found: &WalkedFile<'_>,
        target: &'env str,
        out: &mut Output<'env, Delivery>,
    ) {
        let (path, stat) = (found.path(), found.stat);
        match found.open() {
            Ok(file) => {
                let bytes = FileBytes::new(file, stat.size);
                out.task(move |out| {
                    let opened = Opened::file(&path, target, false);
                    self.guard(
                        &opened,
                        &mut |delivery| out.push(delivery),
                        |deliver| match self.content(&bytes, opened.shown.as_bytes(), true) {
                            Content::Container => self.open_container(&bytes, &opened, deliver),
                            content => self.deliver(content, Some(&stat), &opened, deliver),
                        },
                    );
                });
            }
            Err(e) => {
                let content = Content::Unexamined(Reason::Unreadable, error_text(&e));
                self.deliver(
                    content,
                    Some(&stat),
                    &Opened::file(&path, target, false),
                    &mut |delivery| out.push(delivery),
                );
            }
        }
    }

    /// Examines a file that the user named. With `whole` it is never unpacked.
    pub(crate) fn named(
        &self,
        file: File,
        stat: &Stat,
        whole: bool,
        opened: &Opened,
        out: &mut Output<'_, Delivery>,
    ) {
        let bytes = FileBytes::new(file, stat.size);
        let content = match self.content(&bytes, opened.shown.as_bytes(), true) {
            Content::Container if whole => {
                Content::NotGo("an archive or compressed; file: takes nothing apart".to_owned())
            }
            content => content,
        };
        match content {
            Content::Container => self.open_container(&bytes, opened, &mut |e| out.push(e)),
            content => self.deliver(content, Some(stat), opened, &mut |delivery| {
                out.push(delivery)
            }),
        }
    }

    /// Reads one file or entry. If a reader panics, results delivered before remain, and the rest is reported as not found.
    pub(crate) fn guard(
        &self,
        opened: &Opened,
        deliver: &mut dyn FnMut(Delivery),
        work: impl FnOnce(&mut dyn FnMut(Delivery)),
    ) {
        if guarded(|| work(deliver)).is_none() {
            deliver(fault(opened));
        }
    }

    #[cfg(feature = "archives")]
    fn open_container(
        &self,
        bytes: &FileBytes,
        opened: &Opened,
        deliver: &mut dyn FnMut(Delivery),
    ) {
        self.container(bytes, opened, deliver);
    }

    #[cfg(not(feature = "archives"))]
    fn open_container(&self, _: &FileBytes, _: &Opened, _: &mut dyn FnMut(Delivery)) {
        self.count_not_go();
    }

    /// The package that owns a file, if all facts are wanted.
    pub(crate) fn owned(&self, opened: &Opened) -> Ownership {
        #[cfg(unix)]
        if self.options.level == go::Level::Full {
            return self.owners.of(opened, self.options).unwrap_or_default();
        }
        Ownership::default()
    }

    /// Problems with the databases that were opened.
    pub(crate) fn broken_databases(&self) -> Vec<Unexamined> {
        #[cfg(unix)]
        return self.owners.problems();
        #[cfg(not(unix))]
        Vec::new()
    }

    pub(crate) fn count_not_go(&self) {
        self.counters
            .not_go
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Reads content once for all names of a file.
    fn shared(&self, stat: &Stat, read: impl FnOnce() -> Content) -> Content {
        if stat.links < 2 || stat.id == (0, 0) {
            return read();
        }
        let read = || self.wait(read());
        self.links
            .once(stat.id, stat.links, read, |content| self.may_wait(content))
    }

    /// Keeps programs whose file has other names, which may come much later, in the spool, like programs in containers. If there
    /// is no room, the program is delivered at once and read again for its next name.
    #[cfg(feature = "archives")]
    fn wait(&self, content: Content) -> Content {
        let Content::Go(programs, rest) = content else {
            return content;
        };
        if self.spool.is_half_full() {
            return Content::Go(programs, rest);
        }
        let wait = |program: Program| match program.record.uncounted() {
            0 => Ok(program),
            _ => Ok(Program {
                record: self.spool.put_or_keep(program.record.into_binary()?),
                ..program
            }),
        };
        match programs.into_iter().map(wait).collect::<io::Result<_>>() {
            Ok(programs) => Content::Go(programs, rest),
            Err(e) => Content::Unexamined(Reason::Unreadable, error_text(&e)),
        }
    }

    #[cfg(not(feature = "archives"))]
    fn wait(&self, content: Content) -> Content {
        content
    }

    /// Whether content may be kept for further names: all its memory must be counted, and room for archives must remain.
    #[cfg(feature = "archives")]
    fn may_wait(&self, content: &Content) -> bool {
        let Content::Go(programs, _) = content else {
            return true;
        };
        let is_counted = |program: &Program| program.record.uncounted() == 0;
        !self.spool.is_half_full() && programs.iter().all(is_counted)
    }

    #[cfg(not(feature = "archives"))]
    fn may_wait(&self, _: &Content) -> bool {
        true
    }

    /// Puts a record into the spool, with a name of this many bytes; one that is already there is left alone.
    #[cfg(feature = "archives")]
    pub(crate) fn spooled(&self, program: Program, name: usize) -> Result<Program, ArchiveError> {
        if program.record.uncounted() == 0 {
            return Ok(program);
        }
        let unreadable = |e| ArchiveError::new(Reason::Unreadable, error_text(&e));
        let binary = program.record.into_binary().map_err(unreadable)?;
        let record = self.spool.put(binary, name)?;
        Ok(Program { record, ..program })
    }

    /// What the first bytes say of a file that is no program.
    fn detect(&self, bytes: &FileBytes, name: &[u8]) -> Option<Content> {
        let mut head = [0; SHORT_HEAD];
        let read = bytes.read_at(&mut head, 0).ok()?;
        let content = self.no_program(bytes, &head[..read], name)?;
        self.add_bytes(read as u64);
        Some(content)
    }

    #[cfg_attr(not(feature = "archives"), allow(unused_variables))]
    fn no_program(&self, bytes: &FileBytes, head: &[u8], name: &[u8]) -> Option<Content> {
        #[cfg(feature = "archives")]
        if self.options.archives && super::container::container_kind(head).is_some() {
            return Some(Content::Container);
        }
        if exe::sniff(head).is_some() {
            return None;
        }
        // A user who wants nothing unpacked is not told what could not be unpacked.
        #[cfg(feature = "archives")]
        if self.options.archives
            && bytes.len() >= self.options.rules.min_size
            && let Ok(Some(format)) = foreign::name_of(bytes, head, name)
        {
            return Some(Content::Unexamined(
                Reason::Unsupported,
                foreign::detail(format),
            ));
        }
        Some(Content::NotGo(
            "not an executable of a format that Go writes".to_owned(),
        ))
    }

    fn content(&self, bytes: &FileBytes, name: &[u8], named: bool) -> Content {
        let mut head = [0; HEAD];
        let head = match bytes.read_at(&mut head, 0) {
            Ok(n) => &head[..n],
            Err(e) => return Content::Unexamined(Reason::Unreadable, error_text(&e)),
        };
        self.add_bytes(head.len() as u64);
        if let Some(content) = self.no_program(bytes, head, name) {
            return content;
        }
        // Only if unpacking would be the next step.
        if !named && exe::packed::detect(head, &[]).is_some() {
            return Content::Packed;
        }
        self.program(&Headed { head, rest: bytes }, named)
    }

    pub(crate) fn add_bytes(&self, n: u64) {
        self.counters
            .bytes
            .fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    }

    /// Reads a file that looks like an executable.
    pub(crate) fn program(&self, reader: &dyn ReadAt, named: bool) -> Content {
        let options = reader_options(self.options, &self.executables, named);
        let refusing = go::Options {
            refuse_large: true,
            ..options
        };
        match inspect(reader, &refusing) {
            Some(Ok(inspection)) if inspection.too_large => {}
            other => return self.content_of(reader, other),
        }
        // Reads files with large records one at a time, each on a thread that ends with it: the allocator keeps freed memory for
        // each thread.
        let _one = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let alone = || self.content_of(reader, inspect(reader, &options));
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().spawn_scoped(scope, alone);
            match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(content) => content.unwrap_or_else(|_| Self::fault()),
                Err(_) => alone(),
            }
        })
    }

    fn fault() -> Content {
        Content::Unexamined(Reason::Internal, FAULT.to_owned())
    }

    /// The content, from the result of [`inspect`].
    fn content_of(
        &self,
        reader: &dyn ReadAt,
        inspected: Option<Result<go::Inspection, OpenError>>,
    ) -> Content {
        let inspection = match inspected {
            Some(Ok(inspection)) => inspection,
            Some(Err(error @ OpenError::NotExecutable)) => {
                return Content::NotGo(error.to_string());
            }
            Some(Err(error @ (OpenError::Truncated(_) | OpenError::Malformed(_)))) => {
                let reason = if matches!(error, OpenError::Truncated(_)) {
                    Reason::Truncated
                } else {
                    Reason::Malformed
                };
                return Content::Unexamined(reason, error.to_string());
            }
            Some(Err(OpenError::Unreadable)) => {
                return Content::Unexamined(Reason::Unreadable, "cannot be read".to_owned());
            }
            None => return Self::fault(),
        };
        self.add_bytes(inspection.counts.bytes.saturating_sub(HEAD as u64));
        if inspection.found.is_empty() {
            let refusal = inspection.limit_reached.map(|why| why.to_string());
            let refusal =
                refusal.or((inspection.untold > 0).then(|| left_out_note(inspection.untold)));
            #[cfg(feature = "archives")]
            if self.options.archives
                && inspection.packed.is_none()
                && let Some(format) = inspection.end.and_then(|end| foreign::behind(reader, end))
            {
                return Content::Unexamined(Reason::Unsupported, foreign::detail(format));
            }
            return match (inspection.packed, inspection.damage, refusal) {
                (Some(what), ..) => Content::Unexamined(Reason::Packed, what),
                (None, Some(what), _) => Content::Unexamined(Reason::Truncated, what),
                (None, None, Some(what)) => Content::Unexamined(Reason::Limit, what),
                (None, None, None) => {
                    Content::NotGo("an executable, but not made by Go".to_owned())
                }
            };
        }
        let mut rest = Vec::new();
        rest.extend(inspection.damage.map(|what| (Reason::Truncated, what)));
        if inspection.untold > 0 {
            rest.push((Reason::Limit, left_out_note(inspection.untold)));
        }
        let around = self
            .options
            .parts
            .then(|| digest::around(reader, inspection.found.iter().map(|f| f.range)))
            .flatten();
        let found = inspection.found.into_iter().enumerate();
        let programs = found.map(|(i, mut f)| {
            if self.options.hash {
                let parts = f.parts.as_ref();
                if let Ok((whole, parts)) = digest::of(reader, f.range, parts) {
                    f.binary.sha256 = Some(whole);
                    f.binary.parts = self.options.parts.then_some(parts);
                }
            }
            if let (0, Some(around)) = (i, &around) {
                f.binary.parts.get_or_insert_default().push(around.clone());
            }
            Program {
                slice: f.slice,
                member: f.member,
                record: self.at_hand(f.binary),
            }
        });
        Content::Go(programs.collect(), rest)
    }

    /// Puts a record into the spool if a few like it would fill the memory, wherever it comes from. If the spool has no room, it
    /// stays in memory.
    #[cfg(feature = "archives")]
    fn at_hand(&self, binary: Binary) -> Spooled {
        if !self.spool.is_large(&binary) {
            return binary.into();
        }
        self.spool.put_or_keep(binary)
    }

    #[cfg(not(feature = "archives"))]
    fn at_hand(&self, binary: Binary) -> Spooled {
        binary.into()
    }

    /// Delivers the content of a file, or of a stream that was one program.
    pub(crate) fn deliver(
        &self,
        content: Content,
        stat: Option<&Stat>,
        opened: &Opened,
        deliver: &mut dyn FnMut(Delivery),
    ) {
        let inside = Inside {
            mode: stat.and_then(|s| s.mode),
            uid: stat.and_then(|s| s.owner).map(|o| o.0),
            gid: stat.and_then(|s| s.owner).map(|o| o.1),
            ..Inside::default()
        };
        let not_examined = |reason: Reason, detail: &str, deliver: &mut dyn FnMut(Delivery)| {
            let thing = opened.thing(&inside, reason, detail);
            let fatal = false;
            deliver(Event::Unexamined { thing, fatal }.into());
        };
        match content {
            Content::Go(programs, rest) => {
                let owned = match stat {
                    Some(_) => self.owned(opened),
                    None => Ownership::default(),
                };
                for program in programs {
                    let mut record = program.at(opened, &inside);
                    record.owned = owned.clone();
                    deliver(Delivery::of(record, self.given()));
                }
                for (reason, detail) in rest {
                    not_examined(reason, &detail, deliver);
                }
            }
            Content::Unexamined(reason, detail) => not_examined(reason, &detail, deliver),
            Content::NotGo(why) => {
                self.count_not_go();
                if opened.named {
                    let path = opened.shown.clone();
                    deliver(Event::NotGo { path, why }.into());
                }
            }
            Content::Container | Content::Packed => {}
        }
    }

    /// What the user says about the programs.
    pub(crate) fn given(&self) -> &Arc<Surroundings> {
        &self.given
    }
}

/// What the Go reader finds in a file; `None` if it panicked, which is a bug that costs only this file.
fn inspect(
    reader: &dyn ReadAt,
    options: &go::Options<'_>,
) -> Option<Result<go::Inspection, OpenError>> {
    guarded(|| {
        #[cfg(test)]
        crate::bytes::guard::test_panic::on_file(reader);
        go::inspect(reader, options)
    })
}

/// A reader whose first bytes have been read already.
struct Headed<'a> {
    head: &'a [u8],
    rest: &'a dyn ReadAt,
}

impl ReadAt for Headed<'_> {
    fn len(&self) -> u64 {
        self.rest.len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let inside = usize::try_from(offset)
            .ok()
            .and_then(|o| self.head.get(o..o.checked_add(buf.len())?));
        match inside {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(buf.len())
            }
            None => self.rest.read_at(buf, offset),
        }
    }
}
