//! Places as records state them: paths as text, and also as bytes if they are not UTF-8.

#[cfg(feature = "archives")]
use super::event::WaitingEvent;
use crate::bytes::base64;
use crate::record::{FoundProgram, Location, ProgramPlace, Reason, Unexamined};
#[cfg(feature = "archives")]
use crate::source::{
    archive::{ArchiveError, Place},
    image::ImagePlace,
};
use std::path::Path;

/// A file or stream that was opened; results inside it are named after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Opened {
    /// The target as given.
    pub target: String,
    /// Path of the file; `None` for streams and registries.
    pub file: Option<String>,
    /// Its name for people.
    pub shown: String,
    /// The raw path in base64 if it is not UTF-8.
    pub raw: Option<Vec<u8>>,
    /// The user named it: if nothing in it can be read, the scan has failed.
    pub named: bool,
    /// The user asked for an image: anything else is refused.
    pub image: bool,
    /// Only the image of this name, if the user asked for one.
    pub reference: Option<String>,
    /// The package database in which owners are looked up.
    pub packages: PackageDatabase,
}

/// The package database in which the owner of a file is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum PackageDatabase {
    /// That of the nearest root above the file.
    #[default]
    Nearest,
    /// That of this root, in which the file has its path: a process may have another root.
    #[cfg(target_os = "linux")]
    Of(std::path::PathBuf),
    /// None: the program is no longer on disk.
    #[cfg(target_os = "linux")]
    No,
}

impl Opened {
    /// A file.
    pub(crate) fn file(path: &Path, target: &str, named: bool) -> Self {
        let (shown, raw) = path_fields(path);
        let raw = raw.map(|_| path.as_os_str().as_encoded_bytes().to_vec());
        Self {
            target: target.to_owned(),
            file: Some(shown.clone()),
            shown,
            raw,
            named,
            image: false,
            reference: None,
            packages: PackageDatabase::Nearest,
        }
    }

    /// Path of the file.
    #[cfg(unix)]
    pub(crate) fn path(&self) -> Option<std::path::PathBuf> {
        use std::os::unix::ffi::OsStrExt as _;
        let shown = self.file.as_ref()?;
        Some(match &self.raw {
            Some(raw) => Path::new(std::ffi::OsStr::from_bytes(raw)).to_owned(),
            None => Path::new(shown).to_owned(),
        })
    }

    /// A stream or a remote target.
    pub(crate) fn nameless(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            shown: target.to_owned(),
            named: true,
            ..Self::default()
        }
    }
}

/// A place inside an opened file or stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Inside<'a> {
    /// Replaces the file name at the start of paths: paths of an image begin at its root.
    pub prefix: Option<&'a str>,
    /// Names of the containers around an image.
    pub around: &'a [String],
    /// Names inside containers, outermost first.
    pub names: &'a [Vec<u8>],
    /// Permission bits.
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
}

#[cfg(feature = "archives")]
impl<'a> Inside<'a> {
    /// A place in an archive or in an image.
    pub(crate) fn of(place: &'a Place, image: Option<&'a ImagePlace>) -> Self {
        Self {
            prefix: image.map(|image| image.prefix.as_str()),
            around: image.map_or(&[], |image| &image.entry),
            names: &place.entries,
            mode: place.mode,
            uid: place.uid,
            gid: place.gid,
        }
    }
}

impl Opened {
    /// Sets the place of a program.
    pub(crate) fn locate<R>(
        &self,
        program: FoundProgram<R>,
        inside: &Inside<'_>,
    ) -> FoundProgram<R> {
        FoundProgram {
            place: self.place(inside, program.slice.as_deref(), program.member.as_deref()),
            ..program
        }
    }

    /// The place of something inside, with the slice and the member that it is in.
    pub(crate) fn place(
        &self,
        inside: &Inside<'_>,
        slice: Option<&str>,
        member: Option<&str>,
    ) -> ProgramPlace {
        let mut path = match (inside.prefix, &self.raw) {
            (Some(prefix), _) => prefix.as_bytes().to_vec(),
            (None, Some(raw)) => raw.clone(),
            (None, None) => self.shown.clone().into_bytes(),
        };
        let mut entry = inside.around.to_vec();
        let names = inside.names.iter().map(Vec::as_slice);
        let names = names.chain(member.map(str::as_bytes));
        for (index, name) in names.enumerate() {
            if index > 0 || inside.prefix.is_none() {
                path.push(b'!');
            }
            path.extend_from_slice(name);
            entry.push(String::from_utf8_lossy(name).into_owned());
        }
        let (path, path_bytes) = match String::from_utf8(path) {
            Ok(text) => (text, None),
            Err(e) => (
                String::from_utf8_lossy(e.as_bytes()).into_owned(),
                Some(base64::encode(e.as_bytes())),
            ),
        };
        let location = Location {
            target: self.target.clone(),
            file: self.file.clone(),
            entry,
            mode: inside.mode,
            uid: inside.uid,
            gid: inside.gid,
            slice: slice.map(str::to_owned),
            ..Location::default()
        };
        ProgramPlace {
            path,
            path_bytes,
            location,
        }
    }

    /// Whether a problem makes the scan fail: the user named this file, and it ends too early or is damaged, so that nobody knows
    /// what else was in it. Something damaged inside a whole archive is only reported.
    pub(crate) fn is_fatal(&self, inside: &Inside<'_>, reason: Reason) -> bool {
        let is_itself = inside.names.is_empty() && inside.around.is_empty();
        self.named && is_itself && is_damage(reason)
    }

    /// A record of something inside that was not examined.
    pub(crate) fn thing(&self, inside: &Inside<'_>, reason: Reason, detail: &str) -> Unexamined {
        let ProgramPlace { path, location, .. } = self.place(inside, None, None);
        Unexamined {
            path,
            location,
            reason: reason.into(),
            detail: detail.to_owned(),
        }
    }

    #[cfg(feature = "archives")]
    pub(crate) fn unexamined(
        &self,
        inside: &Inside<'_>,
        error: &ArchiveError,
        fatal: bool,
    ) -> WaitingEvent {
        let thing = self.thing(inside, error.reason, &error.detail);
        WaitingEvent::Unexamined { thing, fatal }
    }

    /// A record that the whole file or stream was not examined.
    #[cfg(feature = "archives")]
    pub(crate) fn problem(&self, reason: Reason, detail: &str, fatal: bool) -> WaitingEvent {
        let thing = self.thing(&Inside::default(), reason, detail);
        WaitingEvent::Unexamined { thing, fatal }
    }
}

/// Whether content is missing or wrong, and not only refused.
pub(super) fn is_damage(reason: Reason) -> bool {
    matches!(reason, Reason::Truncated | Reason::Malformed)
}

/// The path for people, always with `/`, and its raw bytes in base64 if it is not UTF-8.
pub fn path_fields(path: &Path) -> (String, Option<String>) {
    match path.to_str() {
        Some(text) if cfg!(windows) => (text.replace('\\', "/"), None),
        Some(text) => (text.to_owned(), None),
        None => (
            path.to_string_lossy().into_owned(),
            Some(base64::encode(path.as_os_str().as_encoded_bytes())),
        ),
    }
}
