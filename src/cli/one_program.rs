//! The program of a command that takes one: `why`, `rebuild` and `diff --code`.

#[cfg(feature = "archives")]
use super::config;
use super::error::Error;
use crate::bytes::FileBytes;
use crate::bytes::escape::shell_word;
use crate::report::style::clean;
#[cfg(feature = "archives")]
use crate::scan::{self, Options};
use crate::source::target::{self, Target};
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;

/// Opens a program: a file, a program inside an archive or image (`app.tar.gz!bin/app`), or the only one of an archive or image.
/// `platform` chooses one of an image for several platforms.
///
/// # Errors
/// When it cannot be opened, or is a folder or an archive that holds several programs.
pub fn open(path: &Path, platform: Option<&str>) -> Result<FileBytes, Error> {
    let shown = path.display().to_string();
    let shown = clean(&shown);
    let unread = |why: String| Error::Program {
        path: shown.clone().into_owned(),
        why,
    };
    if path.is_dir() && !path.join("oci-layout").is_file() {
        return Err(unread(format!(
            "a directory, and this command takes one program; `gospect scan {}` lists those in it",
            shell_word(&shown)
        )));
    }
    let text = path.to_str().unwrap_or_default();
    let member = target::member(text);
    let target = Target::parse(OsStr::new(text));
    let file = match &target {
        Ok(Target::Path(_)) if member.is_none() && !path.is_dir() => Some(path.to_owned()),
        Ok(Target::File(file)) => Some(file.clone()),
        Ok(Target::Pid(pid)) => Some(format!("/proc/{pid}/exe").into()),
        _ => None,
    };
    if let Some(file) = file {
        let opened = File::open(file).and_then(FileBytes::open);
        let bytes = opened.map_err(|error| unread(error.to_string()))?;
        if !is_container(&bytes) {
            return Ok(bytes);
        }
    }
    let (holder, name) = member.map_or((text, None), |(holder, name)| (holder, Some(name)));
    copied(holder, name, platform).map_err(unread)
}

/// A copy of a program of an archive or image.
#[cfg(feature = "archives")]
fn copied(holder: &str, name: Option<&str>, platform: Option<&str>) -> Result<FileBytes, String> {
    let target = Target::parse(OsStr::new(holder));
    let target = target.map_err(|error| error.for_command("", false))?;
    let platform = platform.map(config::platform).transpose();
    let options = Options {
        platform: platform.map_err(|error| error.to_string())?,
        ..Options::default()
    };
    let copied = scan::copy(&(holder.to_owned(), target), name, &options);
    copied.map_err(|why| clean(&why.to_string()).into_owned())
}

#[cfg(not(feature = "archives"))]
fn copied(holder: &str, _: Option<&str>, _: Option<&str>) -> Result<FileBytes, String> {
    Err(format!(
        "this build of gospect reads no archives: unpack {holder} first"
    ))
}

#[cfg(feature = "archives")]
fn is_container(bytes: &FileBytes) -> bool {
    use crate::bytes::ReadAt;
    use crate::source::archive::{HEAD, sniff};

    let mut head = vec![0; HEAD];
    let count = bytes.read_at(&mut head, 0).unwrap_or(0);
    sniff(head.get(..count).unwrap_or_default()).is_some()
}

#[cfg(not(feature = "archives"))]
fn is_container(_: &FileBytes) -> bool {
    false
}
