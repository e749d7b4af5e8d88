//! Targets as users write them: a path, standard input, or a scheme and its argument.

use gospect_bytes::short;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A parsed target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path whose kind is found from its content.
    Path(PathBuf),
    /// Standard input.
    Stdin,
    /// One file that is not unpacked.
    File(PathBuf),
    /// A directory to walk.
    Dir(PathBuf),
    /// An archive.
    Archive(PathBuf),
    /// A `docker save` archive, and the reference of the image wanted.
    DockerArchive(PathBuf, Option<String>),
    /// A tar of an OCI layout, and the tag wanted.
    OciArchive(PathBuf, Option<String>),
    /// An OCI layout directory, and the tag wanted.
    OciDir(PathBuf, Option<String>),
    /// A registry reference.
    Registry(String),
    /// A process.
    Pid(u32),
    /// Every process that can be seen: `ps:`, and what `gospect ps` asks for.
    Processes,
    /// The NDJSON of an earlier scan; `None` reads it from standard input.
    Records(Option<PathBuf>),
}

/// Why a target cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// The text is empty.
    #[error("a target is empty: is a variable of the shell not set? `.` is the current directory")]
    Empty,
    /// `registry:` without a reference, or with one that is not UTF-8.
    #[error("registry: needs HOST/NAME[:TAG|@DIGEST]")]
    Registry,
    /// `pid:` without a number.
    #[error("pid: needs a process number")]
    Pid,
    /// Something behind `ps:`.
    #[error("ps: is every process and takes nothing behind it; pid:N is one")]
    Processes,
    /// The scheme of a container engine, whose own command can export images.
    #[error("{engine}: is not read directly; use: {engine} save {image} | gospect scan -")]
    Engine {
        /// Name of the engine and of its command.
        engine: &'static str,
        /// The image that the user named.
        image: String,
    },
}

impl Target {
    /// Parses a target as given on the command line.
    ///
    /// # Errors
    /// [`BadTarget`], saying what to do instead, for a refused scheme or an unusable argument.
    pub fn parse(text: &OsStr) -> Result<Self, BadTarget> {
        if text.is_empty() {
            return Err(BadTarget::Empty);
        }
        if text == "-" {
            return Ok(Self::Stdin);
        }
        let Some((scheme, rest)) = split_scheme(text) else {
            return Ok(Self::Path(text.into()));
        };
        let path = || PathBuf::from(&rest);
        match scheme {
            "file" => Ok(Self::File(path())),
            "dir" => Ok(Self::Dir(path())),
            "archive" => Ok(Self::Archive(path())),
            "docker-archive" => Ok(with_reference(&rest, Self::DockerArchive)),
            "oci-archive" => Ok(with_reference(&rest, Self::OciArchive)),
            "oci-dir" | "oci" => Ok(with_reference(&rest, Self::OciDir)),
            "registry" => match rest.to_str() {
                Some(name) if !name.is_empty() => Ok(Self::Registry(name.to_owned())),
                _ => Err(BadTarget::Registry),
            },
            "pid" => rest
                .to_str()
                .and_then(|n| n.parse().ok())
                .map(Self::Pid)
                .ok_or(BadTarget::Pid),
            "ps" if rest.is_empty() => Ok(Self::Processes),
            "ps" => Err(BadTarget::Processes),
            "records" => Ok(Self::Records(if rest == "-" { None } else { Some(path()) })),
            "docker" | "podman" => Err(BadTarget::Engine {
                engine: scheme,
                image: rest.to_string_lossy().into_owned(),
            }),
            _ => Ok(Self::Path(text.into())),
        }
    }
}

/// Only known schemes are split off; a colon after anything else is part of a path.
fn split_scheme(text: &OsStr) -> Option<(&'static str, OsString)> {
    const SCHEMES: [&str; 13] = [
        "file",
        "dir",
        "archive",
        "docker-archive",
        "oci-archive",
        "oci-dir",
        "oci",
        "registry",
        "pid",
        "ps",
        "records",
        "docker",
        "podman",
    ];
    let bytes = text.as_encoded_bytes();
    let colon = short::find(b':', bytes)?;
    let scheme = SCHEMES
        .into_iter()
        .find(|s| s.as_bytes() == &bytes[..colon])?;
    Some((scheme, tail(text, colon + 1)))
}

/// Splits `PATH[:REFERENCE]`: at first the whole text as an existing path, then the longest prefix that exists, then the part
/// before the first colon.
fn with_reference(rest: &OsStr, make: fn(PathBuf, Option<String>) -> Target) -> Target {
    let whole = PathBuf::from(rest);
    let bytes = rest.as_encoded_bytes();
    if whole.exists() || short::find(b':', bytes).is_none() {
        return make(whole, None);
    }
    let colons: Vec<usize> = (0..bytes.len()).filter(|i| bytes[*i] == b':').collect();
    let existing = colons
        .iter()
        .rev()
        .copied()
        .find(|&c| PathBuf::from(head(rest, c)).exists());
    let at = existing.or(colons.first().copied()).unwrap_or(bytes.len());
    make(
        PathBuf::from(head(rest, at)),
        Some(tail(rest, at + 1).to_string_lossy().into_owned()),
    )
}

// Every platform lets an OsStr be cut at an ASCII colon, but only Unix without unsafe code; elsewhere this goes through text.
#[cfg(unix)]
fn head(text: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(text.as_bytes().get(..at).unwrap_or_default()).to_owned()
}

#[cfg(unix)]
fn tail(text: &OsStr, at: usize) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(text.as_bytes().get(at..).unwrap_or_default()).to_owned()
}

#[cfg(not(unix))]
fn head(text: &OsStr, at: usize) -> OsString {
    text.to_string_lossy().get(..at).unwrap_or_default().into()
}

#[cfg(not(unix))]
fn tail(text: &OsStr, at: usize) -> OsString {
    text.to_string_lossy().get(at..).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Target, BadTarget> {
        Target::parse(OsStr::new(text))
    }

    #[test]
    fn schemes_and_paths() {
        assert_eq!(parse("-"), Ok(Target::Stdin));
        assert_eq!(parse("dist/app"), Ok(Target::Path("dist/app".into())));
        assert_eq!(parse("./x:y"), Ok(Target::Path("./x:y".into())));
        assert_eq!(parse("C:/x"), Ok(Target::Path("C:/x".into())));
        assert_eq!(parse("pid:12"), Ok(Target::Pid(12)));
        assert_eq!(parse("records:-"), Ok(Target::Records(None)));
        assert_eq!(
            parse("oci-dir:no-such:1.2"),
            Ok(Target::OciDir("no-such".into(), Some("1.2".into())))
        );
        assert_eq!(
            parse("docker-archive:no.tar:host:5000/app:1"),
            Ok(Target::DockerArchive(
                "no.tar".into(),
                Some("host:5000/app:1".into())
            ))
        );
        assert_eq!(
            parse("registry:localhost:5000/a:1"),
            Ok(Target::Registry("localhost:5000/a:1".into()))
        );
    }

    #[test]
    fn refusals_say_what_to_do() {
        for text in ["", "docker:app", "podman:app", "pid:x", "registry:"] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.contains(':') && message.len() > 20, "{message}");
        }
        assert!(
            parse("docker:app")
                .unwrap_err()
                .to_string()
                .contains("docker save app | gospect scan -")
        );
    }
}
