//! Puts an entry together from its header and the extensions in front of it.

use super::header::{Header, Magic};
use super::pax::Pax;
use super::sparse;
use super::{Entry, EntryKind, bad_size};
use crate::archive::{ArchiveError, Feed, Scope};
use std::ops::Range;

/// The largest size that a header can state without GNU's base-256: eleven octal digits.
const OCTAL_MAX: u64 = (1 << 33) - 1;

/// An entry put together from a header and its extensions.
pub(super) struct Assembled {
    pub(super) entry: Entry,
    pub(super) holes: Holes,
    /// Offset of the end of the stored bytes.
    pub(super) end: u64,
    /// Stored bytes from the current position of the feed.
    pub(super) stored: u64,
}

/// How the content of an entry is stored.
pub(super) enum Holes {
    /// In one piece.
    None,
    /// As these segments of a sparse file.
    Around(Vec<Range<u64>>),
    /// As a sparse file whose map cannot be read.
    Unknown,
}

/// Puts an entry together from a header and its extensions; contradictions are added to `wrong`.
pub(super) fn assemble(
    feed: &mut Feed<'_>,
    header: &Header,
    pax: &Pax,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    scope: &Scope,
    wrong: &mut Vec<ArchiveError>,
) -> Result<Assembled, ArchiveError> {
    let mut number = |key: &[u8]| {
        pax.number(key).unwrap_or_else(|error| {
            wrong.push(error);
            None
        })
    };
    let [extended, uid, gid] = [b"size".as_slice(), b"uid", b"gid"].map(&mut number);
    let name = pax
        .bytes(b"GNU.sparse.name")
        .or(pax.bytes(b"path"))
        .map(<[u8]>::to_vec)
        .or(long_name)
        .unwrap_or_else(|| header.name());
    let link = pax
        .bytes(b"linkpath")
        .map(<[u8]>::to_vec)
        .or(long_link)
        .unwrap_or_else(|| header.link());
    let kind = kind(header, &name, link, extended.is_some())?;
    let mut stored = stored_size(header, &kind, extended, wrong)?;
    let end = feed
        .offset()
        .checked_add(stored)
        .ok_or_else(|| bad_size(&name))?;
    let mut size = stored;
    let mut holes = Holes::None;
    let mut end = end;
    if kind == EntryKind::File {
        let before = feed.offset();
        match sparse::map(feed, header, pax, &mut stored, scope) {
            Ok(None) => {}
            Ok(Some((expanded, map))) => {
                // The old format stores blocks of its map before the content.
                if header.flag() == b'S' {
                    end = end.saturating_add(feed.offset() - before);
                }
                size = expanded;
                holes = Holes::Around(map);
            }
            // The start of the content is known unless the map is stored before it.
            Err(error) if !feed.failed() && header.flag() != b'S' => {
                wrong.push(error);
                holes = Holes::Unknown;
                stored = end.saturating_sub(feed.offset());
            }
            Err(error) => return Err(error),
        }
    }
    let entry = Entry {
        mode: header.mode(),
        uid: uid.unwrap_or_else(|| header.uid()),
        gid: gid.unwrap_or_else(|| header.gid()),
        size,
        offset: feed.offset(),
        plain: matches!(holes, Holes::None),
        name,
        kind,
    };
    Ok(Assembled {
        entry,
        holes,
        end,
        stored,
    })
}

/// The kind of an entry. `has_size`: an extended header states its size.
fn kind(
    header: &Header,
    name: &[u8],
    link: Vec<u8>,
    has_size: bool,
) -> Result<EntryKind, ArchiveError> {
    Ok(match header.flag() {
        0 if header.magic() == Magic::V7 && name.last() == Some(&b'/') => EntryKind::Dir,
        0 | b'0' | b'7' | b'S' => EntryKind::File,
        b'1' => EntryKind::HardLink(link),
        b'2' => EntryKind::SymLink(link),
        b'5' => EntryKind::Dir,
        other @ (b'3' | b'4' | b'6') => EntryKind::Other(other),
        // Volume labels, parts of multi-volume files, directory listings. Some readers extract them as files, so they count when
        // they have content.
        other @ (b'V' | b'M' | b'D' | b'N') if header.size()? == 0 && !has_size => {
            EntryKind::Other(other)
        }
        // Readers treat every other type as a file (POSIX.1-2017, pax, "typeflag").
        _ => EntryKind::File,
    })
}

/// The number of stored bytes: what the extended header states, or else the header. Contradictions are added to `wrong`.
fn stored_size(
    header: &Header,
    kind: &EntryKind,
    extended: Option<u64>,
    wrong: &mut Vec<ArchiveError>,
) -> Result<u64, ArchiveError> {
    let in_header = header.size()?;
    if *kind == EntryKind::File {
        let stored = extended.unwrap_or(in_header);
        // Writers put zero into the header when its digits do not suffice. Any other difference makes readers disagree on the
        // size.
        if stored != in_header && (in_header != 0 || stored <= OCTAL_MAX) {
            wrong.push(ArchiveError::malformed(format!(
                "states {in_header} bytes in its header and {stored} in the extended one"
            )));
        }
        return Ok(stored);
    }
    if in_header > 0 && !matches!(kind, EntryKind::HardLink(_)) {
        // Writers often state the size of a link's target; content after it would be read as the next header.
        wrong.push(ArchiveError::malformed(format!(
            "states {in_header} bytes and is of a type without content"
        )));
    }
    Ok(0)
}
