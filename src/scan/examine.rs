//! One file: opened, sniffed, and handed to whoever can read it.

use super::{Counters, Event, Options, error_text, may_hold_program, path_fields, reader_options};
use crate::bytes::{FileBytes, ReadAt};
use crate::exe::Miss;
use crate::go;
use crate::report::model::{Binary, Location, Unexamined};
use crate::source::dir::Stat;
use crate::source::ordered::Output;
use crate::source::walk::Met;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The first look at a file: enough for every magic, and for all headers of nearly every program.
const HEAD: usize = 8 << 10;

/// What came of a file's content, apart from where the file is: shared by its hard links.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Go programs, with the container part of their place.
    Go(Vec<(Binary, Inner)>),
    /// Nothing of ours, and why.
    NotGo(String),
    /// Not examined: reason and detail.
    Unexamined(&'static str, String),
}

/// The part of a place that is inside the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inner {
    pub slice: Option<String>,
    pub member: Option<String>,
}

type Links = HashMap<(u64, u64), (Arc<OnceLock<Content>>, u64)>;

/// Examines files for one scan.
pub struct Examiner<'e> {
    pub(crate) options: &'e Options,
    pub(crate) counters: &'e Counters,
    /// Files with several names, until all of them were met.
    links: Mutex<Links>,
}

impl<'e> Examiner<'e> {
    pub(crate) fn new(options: &'e Options, counters: &'e Counters) -> Self {
        Self {
            options,
            counters,
            links: Mutex::default(),
        }
    }

    /// A file that a walk met.
    pub(crate) fn met(&self, met: &Met<'_>, target: &str, out: &mut Output<'_, Event>) {
        let content = self.shared(&met.stat, || match met.open() {
            Ok(file) => self.content(file, met.stat.size, false),
            Err(e) => Content::Unexamined("unreadable", error_text(&e)),
        });
        match content {
            Content::NotGo(_) => self.count_not_go(),
            other => self.tell(other, &met.stat, &met.path(), target, out),
        }
    }

    /// An open file.
    pub(crate) fn file(
        &self,
        file: File,
        stat: &Stat,
        path: &Path,
        target: &str,
        named: bool,
        out: &mut Output<'_, Event>,
    ) {
        match self.content(file, stat.size, named) {
            Content::NotGo(why) => {
                self.count_not_go();
                if named {
                    out.push(Event::NotGo {
                        path: path_fields(path).0,
                        why,
                    });
                }
            }
            other => self.tell(other, stat, path, target, out),
        }
    }

    fn count_not_go(&self) {
        self.counters
            .not_go
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// Reads content once for all names of a file. Another thread that meets a second name meanwhile waits.
    fn shared(&self, stat: &Stat, read: impl FnOnce() -> Content) -> Content {
        if stat.links < 2 || stat.id == (0, 0) {
            return read();
        }
        let cell = {
            let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = links.entry(stat.id).or_insert_with(|| (Arc::default(), 0));
            entry.1 += 1;
            let cell = entry.0.clone();
            if entry.1 >= stat.links {
                links.remove(&stat.id);
            }
            cell
        };
        cell.get_or_init(read).clone()
    }

    fn content(&self, file: File, size: u64, named: bool) -> Content {
        let bytes = FileBytes::new(file, size);
        let mut head = [0; HEAD];
        let head = match bytes.read_at(&mut head, 0) {
            Ok(n) => &head[..n],
            Err(e) => return Content::Unexamined("unreadable", error_text(&e)),
        };
        self.add_bytes(head.len() as u64);
        if !may_hold_program(head) {
            return Content::NotGo("not an executable of a format that Go writes".to_owned());
        }
        self.program(&Headed { head, rest: &bytes }, named)
    }

    fn add_bytes(&self, n: u64) {
        self.counters
            .bytes
            .fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    }

    /// Reads what looks like an executable. A panic in a reader is a bug, and costs this file only.
    pub(crate) fn program(&self, reader: &dyn ReadAt, named: bool) -> Content {
        let options = reader_options(self.options, named);
        let inspection = match catch_unwind(AssertUnwindSafe(|| go::inspect(reader, &options))) {
            Ok(Ok(inspection)) => inspection,
            Ok(Err(miss @ Miss::NotExecutable)) => return Content::NotGo(go::miss_text(miss)),
            Ok(Err(miss @ (Miss::Truncated(_) | Miss::Malformed(_)))) => {
                let reason = if matches!(miss, Miss::Truncated(_)) {
                    "truncated"
                } else {
                    "malformed"
                };
                return Content::Unexamined(reason, go::miss_text(miss));
            }
            Ok(Err(Miss::Unreadable)) => {
                return Content::Unexamined("unreadable", "cannot be read".to_owned());
            }
            Err(_) => {
                return Content::Unexamined(
                    "internal-error",
                    "the reader failed; please report this file".to_owned(),
                );
            }
        };
        self.add_bytes(inspection.counts.bytes.saturating_sub(HEAD as u64));
        if inspection.found.is_empty() {
            return match (inspection.packed, inspection.damage) {
                (Some(what), _) => Content::Unexamined("packed", what),
                (None, Some(what)) => Content::Unexamined("truncated", what),
                (None, None) => Content::NotGo("an executable, but not made by Go".to_owned()),
            };
        }
        let found = inspection.found.into_iter().map(|mut f| {
            if self.options.hash {
                f.binary.sha256 = sha256(reader, f.range).ok();
            }
            (
                f.binary,
                Inner {
                    slice: f.slice,
                    member: f.member,
                },
            )
        });
        Content::Go(found.collect())
    }

    fn tell(
        &self,
        content: Content,
        stat: &Stat,
        path: &Path,
        target: &str,
        out: &mut Output<'_, Event>,
    ) {
        let (shown, raw) = path_fields(path);
        let place = Location {
            target: target.to_owned(),
            file: Some(shown.clone()),
            mode: stat.mode,
            uid: stat.owner.map(|o| o.0),
            gid: stat.owner.map(|o| o.1),
            ..Location::default()
        };
        match content {
            Content::Go(found) => {
                for (mut binary, inner) in found {
                    binary.path = match &inner.member {
                        Some(member) => format!("{shown}!{member}"),
                        None => shown.clone(),
                    };
                    binary.path_bytes.clone_from(&raw);
                    binary.location = Location {
                        slice: inner.slice,
                        entry: inner.member.into_iter().collect(),
                        ..place.clone()
                    };
                    out.push(Event::Binary(Box::new(binary)));
                }
            }
            Content::Unexamined(reason, detail) => {
                let thing = Unexamined {
                    path: shown,
                    location: place,
                    reason: reason.to_owned(),
                    detail,
                };
                out.push(Event::Unexamined {
                    thing,
                    fatal: false,
                });
            }
            Content::NotGo(_) => {}
        }
    }
}

/// A reader whose first bytes are already here.
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

fn sha256(reader: &dyn ReadAt, (start, size): (u64, u64)) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    let mut done = 0;
    while done < size {
        let want = usize::try_from(size - done)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let n = reader.read_at(&mut buffer[..want], start + done)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hash.update(&buffer[..n]);
        done += n as u64;
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}
