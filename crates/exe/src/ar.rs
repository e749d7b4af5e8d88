//! `ar` archives: the members of a c-archive that may be objects with Go code in them.

use super::error::OpenError;
use gospect_bytes::Window;
use object::read::archive::{ArchiveFile, ArchiveMember};

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

/// Prefixes of the symbols that cgo exports to the C linker. The index of a c-archive lists them with the members that hold
/// them (src/cmd/cgo/out.go and src/runtime/cgo, Go 1.5 to 1.27).
const CGO: [&[u8]; 2] = [b"_cgo", b"crosscall2"];

/// The members of an archive that may hold Go, in file order: those whose symbols in the archive's index are cgo's, or all of
/// them when there is no index.
///
/// A Go package archive (`__.PKGDEF` first) holds compiler output and never a linked program: it gives no members.
///
/// The second value says why members may be missing: a member with a wrong size hides those after it.
///
/// # Errors
/// When the member headers cannot be read.
pub fn members(window: &Window<'_>) -> Result<(Vec<Member>, Option<OpenError>), OpenError> {
    const BROKEN: OpenError = OpenError::Malformed("ar member");
    const CUT: OpenError = OpenError::Truncated("ar member");
    let error = OpenError::Malformed("ar archive");
    let archive = ArchiveFile::parse(window).map_err(|_| error)?;
    let mut members = Vec::new();
    let mut wrong = None;
    if let Ok(Some(symbols)) = archive.symbols() {
        if index(window)
            .is_some_and(|index| CGO.iter().all(|c| memchr::memmem::find(index, c).is_none()))
        {
            return Ok((members, None));
        }
        let mut last = None;
        let cgo = CGO.map(memchr::memmem::Finder::new);
        for symbol in symbols {
            let Ok(symbol) = symbol else { break };
            let is_cgo = cgo.iter().any(|c| c.find(symbol.name()).is_some());
            if !is_cgo || last == Some(symbol.offset().0) {
                continue;
            }
            last = Some(symbol.offset().0);
            match archive.member(symbol.offset()) {
                Ok(member) => match usable(&member, window) {
                    Some(member) => members.push(member),
                    None if member.is_thin() => {}
                    None => wrong = Some(CUT),
                },
                Err(_) => wrong = Some(BROKEN),
            }
            if members.len() >= MEMBERS_LIMIT {
                break;
            }
        }
        members.sort_by_key(|m| m.offset);
        // Members are read one by one, so overlapping members would cause the same bytes to be read over and over.
        let mut end = 0;
        members.retain(|m| {
            let apart = m.offset >= end;
            if apart {
                end = m.offset + m.size;
            }
            apart
        });
        return Ok((members, wrong));
    }
    for member in archive.members() {
        let Ok(member) = member else {
            wrong = Some(BROKEN);
            break;
        };
        if member.name() == b"__.PKGDEF" {
            return Ok((Vec::new(), None));
        }
        if members.len() >= MEMBERS_LIMIT {
            wrong = Some(OpenError::Malformed(
                "ar archive of more members than are looked at",
            ));
            break;
        }
        let (offset, size) = member.file_range();
        if !member.is_thin() && offset.saturating_add(size) > window.len() {
            wrong = Some(CUT);
        }
        members.extend(usable(&member, window));
    }
    Ok((members, wrong))
}

/// The symbol index, which is the first member in all archives but those of AIX. Two searches over all of it cost much less
/// than two for each name: C++ libraries have a hundred thousand names.
fn index<'w>(window: &'w Window<'_>) -> Option<&'w [u8]> {
    const MAGIC: u64 = 8;
    const HEADER: u64 = 60;
    let header = window.get(MAGIC, HEADER)?;
    if !header.starts_with(b"/") && !header.starts_with(b"__.SYMDEF") {
        return None;
    }
    let size = std::str::from_utf8(header.get(48..58)?).ok()?;
    window.get(MAGIC + HEADER, size.trim_end().parse().ok()?)
}

/// The member, if its content is inside the file.
fn usable(member: &ArchiveMember<'_>, window: &Window<'_>) -> Option<Member> {
    let (offset, size) = member.file_range();
    let inside = offset
        .checked_add(size)
        .is_some_and(|end| end <= window.len());
    let name = String::from_utf8_lossy(member.name()).into_owned();
    (inside && size > 0 && !member.is_thin()).then_some(Member { name, offset, size })
}
