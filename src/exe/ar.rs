//! `ar` archives: the members of a c-archive that may be objects with Go code in them.

use super::image::Miss;
use crate::bytes::Window;
use object::read::archive::ArchiveFile;

/// Members beyond this many are not looked at.
const MEMBERS_LIMIT: usize = 100_000;

/// One member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, lossy.
    pub name: String,
    /// Offset of its content in the file.
    pub offset: u64,
    /// Bytes of content.
    pub size: u64,
}

/// The members of an archive with content, in file order.
///
/// A Go package archive (`__.PKGDEF` first) holds compiler output and never a linked program: it gives no members.
///
/// # Errors
/// When the archive cannot be walked; what was found before is lost, since a broken chain of headers ends the walk.
pub fn members(window: &Window<'_>) -> Result<Vec<Member>, Miss> {
    let archive = ArchiveFile::parse(window).map_err(|_| Miss::Malformed("ar archive"))?;
    let mut members = Vec::new();
    for member in archive.members() {
        let Ok(member) = member else { break };
        if member.name() == b"__.PKGDEF" {
            return Ok(Vec::new());
        }
        let (offset, size) = member.file_range();
        if members.len() >= MEMBERS_LIMIT {
            break;
        }
        if member.is_thin()
            || size == 0
            || offset
                .checked_add(size)
                .is_none_or(|end| end > window.len())
        {
            continue;
        }
        members.push(Member {
            name: String::from_utf8_lossy(member.name()).into_owned(),
            offset,
            size,
        });
    }
    Ok(members)
}
