//! Debian packages: an `ar` file with `debian-binary`, `control.tar*` and `data.tar*` (deb(5)).

use super::place::clean;
use super::problem::shown;
use super::tar::{self, Ending, Flow};
use super::{ArchiveError, Feed, Scope, decompress};
use crate::packages::dpkg;
use gospect_record::Owner;
use std::io::{self, Read};

/// Longest control file that is read.
pub(super) const CONTROL: u64 = 1 << 20;

/// A member of a package that is a tar archive with any compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// `control.tar*`: describes the package.
    Control,
    /// `data.tar*`: holds its files.
    Data,
}

/// Passes the control and data members to `visit`, and skips all others.
///
/// # Errors
/// What is wrong with the package; an error of `visit` comes out unchanged. A package without a data member is malformed.
pub fn read(
    feed: &mut Feed<'_>,
    scope: &Scope,
    visit: &mut dyn FnMut(Member, &mut dyn Read) -> io::Result<()>,
) -> Result<(), ArchiveError> {
    let magic = feed.take_array::<8>()?;
    if magic.as_ref() != Some(b"!<arch>\n") {
        return Err(ArchiveError::malformed("not an ar file"));
    }
    let mut found = false;
    while let Some(header) = feed.take_array::<60>()? {
        scope.entry()?;
        let at = feed.offset() - 60;
        let (name, size) = member(&header).ok_or_else(|| {
            ArchiveError::malformed(format!("not an ar member header at offset {at}"))
        })?;
        let end = feed.offset() + size;
        if name.starts_with(b"data.tar") {
            found = true;
            visit(Member::Data, &mut (&mut *feed).take(size))?;
        } else if name.starts_with(b"control.tar") {
            visit(Member::Control, &mut (&mut *feed).take(size))?;
        }
        let left = end.saturating_sub(feed.offset());
        if feed.skip(left)? < left {
            return Err(ArchiveError::truncated(format!(
                "the package ends inside member {}",
                shown(name)
            )));
        }
        feed.skip(size % 2)?;
    }
    if !found {
        return Err(ArchiveError::malformed(
            "a Debian package without a data member",
        ));
    }
    Ok(())
}

/// Name and size of a member: name 16, date 12, uid 6, gid 6, mode 8, size 10, two end bytes.
fn member(header: &[u8; 60]) -> Option<(&[u8], u64)> {
    let name = header.get(..16)?.trim_ascii_end();
    let digits = std::str::from_utf8(header.get(48..58)?).ok()?.trim_end();
    let valid = header.ends_with(b"`\n")
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit());
    Some((
        name.strip_suffix(b"/").unwrap_or(name),
        valid.then(|| digits.parse().ok())??,
    ))
}

/// The package that a control member describes; `None` when it does not say.
pub fn control(member: &mut Feed<'_>, scope: &Scope) -> Option<Owner> {
    let mut plain = decompress(Box::new(member), scope).ok()?;
    let mut owner = None;
    // Errors in it are ignored: they hide no program.
    let _ = tar::read(
        &mut Feed::new(&mut plain),
        scope,
        Ending::Marker,
        &mut |entry, body| {
            if clean(&entry.name) == b"control" && owner.is_none() {
                let mut text = Vec::new();
                body.take(CONTROL).read_to_end(&mut text)?;
                owner = dpkg::of_control(&text);
            }
            Ok(Flow::Continue)
        },
    );
    owner
}
