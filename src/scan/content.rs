//! Reads what a file contains: decides by its first bytes, and reads an executable.

use super::examine::Examiner;
use super::options::reader_options;
use super::own_output::own_output;
use super::program::Content;
use super::{Counters, error_text};
use crate::bytes::guard::{FAULT, guarded};
use crate::bytes::{FileBytes, ReadAt};
use crate::exe::{self, OpenError};
use crate::go;
use crate::record::Reason;
#[cfg(feature = "archives")]
use crate::source::foreign;
use std::io;

/// First bytes read of a likely program: enough for every magic number, and for all headers of nearly every program.
const HEAD: usize = 8 << 10;
/// First bytes read of other files: enough for every magic number. Most files of a tree are text, and reading less of each saves
/// time.
const SHORT_HEAD: usize = 512;

/// The message for the remaining programs of a file.
pub(crate) fn left_out_note(count: u64) -> String {
    format!("{count} more programs of the file: their records take more memory than there is")
}

impl Examiner<'_> {
    /// What the first bytes say of a file that is not a program.
    pub(super) fn detect(&self, bytes: &FileBytes, name: &[u8]) -> Option<Content> {
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
        // Report no failure to unpack to a user who asked not to unpack.
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
        Some(Content::NotGo(own_output(head, name).unwrap_or_else(
            || "not an executable of a format that Go writes".to_owned(),
        )))
    }

    /// Reads a file; one that the user `named` is also unpacked.
    pub(super) fn content(&self, bytes: &FileBytes, name: &[u8], named: bool) -> Content {
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
        self.program(&Headed { head, rest: bytes }, named, self.counters)
    }

    /// Reads a file that looks like an executable, and adds what was read of it to `counters`.
    pub(crate) fn program(&self, reader: &dyn ReadAt, named: bool, counters: &Counters) -> Content {
        let options = reader_options(self.options, &self.executables, named);
        self.content_of(reader, inspect(reader, &options), counters)
    }

    /// The same for a result that answers later questions too.
    #[cfg(feature = "archives")]
    pub(crate) fn program_to_keep(&self, reader: &dyn ReadAt, counters: &Counters) -> Content {
        let options = go::Options {
            asked: None,
            ..reader_options(self.options, &self.executables, false)
        };
        self.content_of(reader, inspect(reader, &options), counters)
    }

    fn fault() -> Content {
        Content::Unexamined(Reason::Internal, FAULT.to_owned())
    }

    /// The content, from the result of [`inspect`].
    #[cfg_attr(not(feature = "archives"), allow(unused_variables))]
    fn content_of(
        &self,
        reader: &dyn ReadAt,
        inspected: Option<Result<go::Inspection, OpenError>>,
        counters: &Counters,
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
        counters.add_bytes(inspection.counts.bytes.saturating_sub(HEAD as u64));
        if inspection.found.is_empty() {
            let refusal = inspection.limit_reached.map(|why| why.to_string());
            let refusal =
                refusal.or((inspection.left_out > 0).then(|| left_out_note(inspection.left_out)));
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
        if inspection.left_out > 0 {
            rest.push((Reason::Limit, left_out_note(inspection.left_out)));
        }
        let programs = inspection.found.into_iter();
        let programs = programs.map(|program| program.map(|record| self.spool_if_large(record)));
        Content::Go(programs.collect(), rest)
    }
}

/// What the Go reader finds in a file; `None` if it panicked, which is a bug that costs only this file.
fn inspect(
    reader: &dyn ReadAt,
    options: &go::Options<'_>,
) -> Option<Result<go::Inspection, OpenError>> {
    guarded(|| {
        #[cfg(debug_assertions)]
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
