//! A program inside an archive or image, copied out of it, for commands that read more of a program than its record.

use super::{Event, Member, Named, Options, run};
use crate::bytes::{FileBytes, ReadAt, SpillFile};
use crate::go::{self, Digests, Level};
use crate::record::Location;
use crate::source::target::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The program that is to be copied, by its digest.
#[derive(Debug)]
pub struct Copying {
    sha256: String,
    /// Its copy, or why there is none.
    copy: Mutex<Option<io::Result<SpillFile>>>,
}

/// Why a program was not copied.
#[derive(Debug, thiserror::Error)]
pub enum NotCopied {
    /// Standard input would have to be read twice.
    #[error("standard input is read only once: write it to a file first")]
    Stdin,
    /// There is no such program, or it cannot be read.
    #[error("{0}")]
    Unread(String),
    /// Several programs fit.
    #[error("{} Go programs fit: {}{}; {how}", .names.len(), .names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", "), if .names.len() > LISTED { ", ..." } else { "" })]
    Several {
        /// What tells them apart.
        names: Vec<String>,
        /// How to name one.
        how: String,
    },
    /// It cannot be read, or the copy cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Programs that a message names.
const LISTED: usize = 5;
/// Bytes copied at once.
const PIECE: usize = 256 << 10;

/// Copies the program `name` of a target, or without a name its only program, into a temporary file. Reads the target twice:
/// for the list of its programs, and for the bytes of one.
///
/// # Errors
/// See [`NotCopied`].
pub fn copy(target: &Named, name: Option<&str>, options: &Options) -> Result<FileBytes, NotCopied> {
    if matches!(target.1, Target::Stdin | Target::Records(_)) {
        return Err(NotCopied::Stdin);
    }
    let member = name.map(|name| Member {
        target: target.0.clone(),
        name: name.to_owned(),
    });
    let mut options = Options {
        level: Level::BuildInfo,
        hash: true,
        members: member.into_iter().collect(),
        ..options.clone()
    };
    let sha256 = digest_of(target, name, &options)?;
    let copying = Arc::new(Copying {
        sha256,
        copy: Mutex::new(None),
    });
    options.copying = Some(Arc::clone(&copying));
    options.members.clear();
    run(std::slice::from_ref(target), &options, &mut |_| true)?;
    let copy = copying.lock().take();
    let bytes = copy.transpose()?.and_then(SpillFile::into_bytes);
    bytes.ok_or_else(|| NotCopied::Unread("it changed while it was read".to_owned()))
}

/// The digest of the one program that is meant.
fn digest_of(target: &Named, name: Option<&str>, options: &Options) -> Result<String, NotCopied> {
    let mut programs: Vec<(Location, Option<String>)> = Vec::new();
    let mut problem = None;
    run(std::slice::from_ref(target), options, &mut |event| {
        match event {
            Event::Program(program) => {
                programs.push((program.place.location, program.record.sha256));
            }
            Event::Unexamined { thing, .. } => {
                problem.get_or_insert(thing.detail);
            }
            Event::NotGo { why, .. } => {
                problem.get_or_insert(why);
            }
            Event::Image(_) => {}
        }
        true
    })?;
    // A copy that a later layer hides is meant only if there is no other.
    let is_visible = |location: &Location| location.visible != Some(false);
    if programs.iter().any(|(location, _)| is_visible(location)) {
        programs.retain(|(location, _)| is_visible(location));
    }
    // The slices of one file are one program.
    let mut files = BTreeMap::new();
    for (location, sha256) in &programs {
        files.entry(file_of(location)).or_insert((location, sha256));
    }
    let distinct: BTreeSet<_> = files.values().map(|(_, sha256)| *sha256).collect();
    if distinct.len() > 1 {
        let names = files.values();
        let names: BTreeSet<String> = names.map(|f| name_of(f.0, name.is_some())).collect();
        let first = names.first().cloned().unwrap_or_default();
        return Err(NotCopied::Several {
            how: match name {
                None => format!("name one, as `{}!{first}`", target.0),
                Some(_) => "choose one with --platform, or name one image".to_owned(),
            },
            names: names.into_iter().collect(),
        });
    }
    let sum = distinct.into_iter().next().cloned().flatten();
    sum.ok_or_else(|| {
        let why = problem.unwrap_or_default();
        NotCopied::Unread(match why.as_str() {
            "" => "no Go program is in it".to_owned(),
            _ => why,
        })
    })
}

/// Where the file is: in which image and layer, and under which name.
fn file_of(location: &Location) -> (Option<&str>, Option<&str>, Option<u32>, &[String]) {
    let image = location.image.as_ref();
    (
        image.map(|image| image.reference.as_str()),
        image.and_then(|image| image.platform.as_deref()),
        location.layer.as_ref().map(|layer| layer.index),
        &location.entry,
    )
}

/// What tells a program from others that fit: its name, or if that was asked for image and platform.
fn name_of(location: &Location, is_asked_for: bool) -> String {
    let name = location.entry.join("!");
    let image = location.image.as_ref().filter(|_| is_asked_for);
    image.map_or(name, |image| {
        let platform = image.platform.as_deref().unwrap_or("no platform");
        format!("{} ({platform})", image.reference)
    })
}

impl Copying {
    /// Copies a file if it is the wanted program.
    pub(super) fn see(&self, bytes: &dyn ReadAt) {
        if self.lock().is_some() || !self.is_wanted(bytes) {
            return;
        }
        let copy = copied(bytes);
        self.lock().get_or_insert(copy);
    }

    /// Whether the file, or a program of it, has the digest.
    fn is_wanted(&self, bytes: &dyn ReadAt) -> bool {
        let options = go::Options {
            level: Level::BuildInfo,
            digests: Digests::Program,
            ..go::Options::default()
        };
        let inspection = crate::bytes::guard::guarded(|| go::inspect(bytes, &options));
        let found = inspection.and_then(Result::ok).map(|read| read.found);
        let mut found = found.into_iter().flatten();
        found.any(|program| program.record.sha256.as_deref() == Some(self.sha256.as_str()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<io::Result<SpillFile>>> {
        self.copy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copied(bytes: &dyn ReadAt) -> io::Result<SpillFile> {
    let mut file = SpillFile::new(bytes.len());
    let mut buffer = vec![0; PIECE];
    let mut at = 0;
    while at < bytes.len() {
        let read = bytes.read_at(&mut buffer, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.append(buffer.get(..read).unwrap_or_default())?;
        at += read as u64;
    }
    Ok(file)
}
