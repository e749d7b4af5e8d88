//! Examines one file: opens it, detects its format and passes it to the right reader.

use super::event::WaitingEvent;
use super::links::Links;
use super::options::Options;
use super::place::{Inside, Opened};
use super::program::Content;
#[cfg(feature = "archives")]
use super::program::Program;
#[cfg(feature = "archives")]
use super::spool::Spool;
use super::spool::WaitingRecord;
use super::surroundings::Surroundings;
use super::{Counters, error_text};
use crate::bytes::guard::{FAULT, guarded};
use crate::bytes::{Budget, FileBytes, Use};
use crate::go;
use crate::record::{Binary, Reason, Unexamined, environment};
#[cfg(feature = "archives")]
use crate::source::archive::ArchiveError;
use crate::source::dir::Stat;
use crate::source::packages::Ownership;
use crate::source::queue::Output;
use crate::source::walk::WalkedFile;
use std::fs::File;
#[cfg(feature = "archives")]
use std::io;
use std::sync::Arc;
#[cfg(feature = "archives")]
use std::sync::OnceLock;

/// The result for a file or entry whose reader panicked.
pub(super) fn fault(opened: &Opened) -> WaitingEvent {
    let thing = opened.thing(&Inside::default(), Reason::Internal, FAULT);
    let fatal = opened.named;
    WaitingEvent::Unexamined { thing, fatal }
}

/// Examines files for one scan.
pub struct Examiner<'e> {
    pub(crate) options: &'e Options,
    pub(crate) counters: &'e Counters,
    /// Memory that all threads share for parts of executables.
    pub(super) executables: Budget,
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
            links: Links::new(options.memory),
            given: Arc::new(Surroundings {
                variables: options.environment.clone(),
                environment: environment::EnvironmentSource::Given,
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
        out: &mut Output<'env, WaitingEvent>,
    ) {
        if guarded(|| self.look_at(found, target, out)).is_none() {
            out.push(fault(&Opened::file(&found.path(), target, false)));
        }
    }

    fn look_at<'env>(
        &'env self,
        found: &WalkedFile<'_>,
        target: &'env str,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        let name = found.name().as_encoded_bytes();
        let content = self.read_once(&found.stat, || match found.open() {
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
            Content::Container | Content::Packed => self.add_task(found, target, out),
            other => {
                let opened = Opened::file(&found.path(), target, false);
                self.deliver(other, Some(&found.stat), &opened, &mut |event| {
                    out.push(event)
                });
            }
        }
    }

    /// Makes a task for work that takes long.
    fn add_task<'env>(
        &'env self,
        found: &WalkedFile<'_>,
        target: &'env str,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        let (path, stat) = (found.path(), found.stat);
        match found.open() {
            Ok(file) => {
                let bytes = FileBytes::new(file, stat.size);
                out.task(move |out| {
                    let opened = Opened::file(&path, target, false);
                    self.guard(
                        &opened,
                        &mut |event| out.push(event),
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
                    &mut |event| out.push(event),
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
        out: &mut Output<'_, WaitingEvent>,
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
            content => self.deliver(content, Some(stat), opened, &mut |event| out.push(event)),
        }
    }

    /// Reads one file or entry. If a reader panics, results delivered before remain, and the rest is reported as not examined.
    pub(crate) fn guard(
        &self,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
        work: impl FnOnce(&mut dyn FnMut(WaitingEvent)),
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
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        self.container(bytes, opened, deliver);
    }

    #[cfg(not(feature = "archives"))]
    fn open_container(&self, _: &FileBytes, _: &Opened, _: &mut dyn FnMut(WaitingEvent)) {
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
        self.counters.count_not_go();
    }

    /// Reads content once for all names of a file.
    fn read_once(&self, stat: &Stat, read: impl FnOnce() -> Content) -> Content {
        if stat.links < 2 || stat.id == (0, 0) {
            return read();
        }
        let read = || self.spool_for_links(read());
        self.links.once(stat.id, stat.links, read, |content| {
            self.may_be_kept(content)
        })
    }

    /// Keeps programs whose file has other names, which may come much later, in the spool, like programs in containers. If there
    /// is no room, the program is delivered at once and read again for its next name.
    #[cfg(feature = "archives")]
    fn spool_for_links(&self, content: Content) -> Content {
        let Content::Go(programs, rest) = content else {
            return content;
        };
        if self.spool.is_half_full() {
            return Content::Go(programs, rest);
        }
        let spooled = |program: Program| {
            let spooled = program.map(|record| match record.uncounted() {
                0 => Ok(record),
                _ => Ok(self.spool.put_or_keep(record.open()?)),
            });
            spooled.transpose()
        };
        match programs.into_iter().map(spooled).collect::<io::Result<_>>() {
            Ok(programs) => Content::Go(programs, rest),
            Err(e) => Content::Unexamined(Reason::Unreadable, error_text(&e)),
        }
    }

    #[cfg(not(feature = "archives"))]
    fn spool_for_links(&self, content: Content) -> Content {
        content
    }

    /// Whether content may be kept for further names: all its memory must be counted, and room for archives must remain.
    #[cfg(feature = "archives")]
    fn may_be_kept(&self, content: &Content) -> bool {
        let Content::Go(programs, _) = content else {
            return true;
        };
        let is_counted = |program: &Program| program.record.uncounted() == 0;
        !self.spool.is_half_full() && programs.iter().all(is_counted)
    }

    #[cfg(not(feature = "archives"))]
    fn may_be_kept(&self, _: &Content) -> bool {
        true
    }

    /// Puts a record into the spool, with a name of this many bytes; one that is already there is left alone.
    #[cfg(feature = "archives")]
    pub(crate) fn spooled(&self, program: Program, name: usize) -> Result<Program, ArchiveError> {
        let unreadable = |e| ArchiveError::new(Reason::Unreadable, error_text(&e));
        let spooled = program.map(|record| match record.uncounted() {
            0 => Ok(record),
            _ => self.spool.put(record.open().map_err(unreadable)?, name),
        });
        spooled.transpose()
    }

    pub(crate) fn add_bytes(&self, n: u64) {
        self.counters.add_bytes(n);
    }

    /// Puts a record into the spool if a few like it would fill the memory, wherever it comes from. If the spool has no room, it
    /// stays in memory.
    #[cfg(feature = "archives")]
    pub(super) fn spool_if_large(&self, record: Box<Binary>) -> WaitingRecord {
        if !self.spool.is_large(&record) {
            return record.into();
        }
        self.spool.put_or_keep(record)
    }

    #[cfg(not(feature = "archives"))]
    pub(super) fn spool_if_large(&self, record: Box<Binary>) -> WaitingRecord {
        record.into()
    }

    /// Delivers the content of a file, or of a stream that was one program.
    pub(crate) fn deliver(
        &self,
        content: Content,
        stat: Option<&Stat>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let inside = Inside {
            mode: stat.and_then(|s| s.mode),
            uid: stat.and_then(|s| s.owner).map(|o| o.0),
            gid: stat.and_then(|s| s.owner).map(|o| o.1),
            ..Inside::default()
        };
        let not_examined = |reason: Reason, detail: &str, deliver: &mut dyn FnMut(WaitingEvent)| {
            let thing = opened.thing(&inside, reason, detail);
            let fatal = opened.is_fatal(&inside, reason);
            deliver(WaitingEvent::Unexamined { thing, fatal });
        };
        match content {
            Content::Go(programs, rest) => {
                if !programs.is_empty() {
                    self.counters.count_go_file();
                }
                let owned = match stat {
                    Some(_) => self.owned(opened),
                    None => Ownership::default(),
                };
                for program in programs {
                    let program = opened.locate(program, &inside);
                    deliver(WaitingEvent::Program(
                        program.map(|record| record.with(owned.clone(), self.given())),
                    ));
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
                    deliver(WaitingEvent::NotGo { path, why });
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
