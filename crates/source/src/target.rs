//! Targets as users write them: a path, standard input, or a scheme and its argument.

use gospect_bytes::short;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

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
    /// Something after `ps:`.
    #[error("ps: means every process and takes nothing after it; pid:N means one")]
    Processes,
    /// The scheme of a container engine, whose own command can export images.
    #[error("{scheme}: is not read directly; use: {engine} save {image} | gospect scan -")]
    Engine {
        /// The scheme that the user wrote.
        scheme: &'static str,
        /// Command of the engine.
        engine: &'static str,
        /// The image that the user named.
        image: String,
    },
    /// Another tool's scheme for registries.
    #[error("{scheme}// is not a scheme of gospect; write registry:{image}")]
    Registries {
        /// The scheme that the user wrote, with its colon.
        scheme: &'static str,
        /// The image that the user named.
        image: String,
    },
    /// An address of the web.
    #[error("gospect downloads no files; use: curl -L {0} | gospect scan -")]
    Web(String),
}

impl BadTarget {
    /// The message for a command other than `scan`. A command that does not read standard input gets a file.
    pub fn for_command(&self, command: &str, reads_stdin: bool) -> String {
        match self {
            Self::Engine {
                scheme,
                engine,
                image,
            } if !reads_stdin => format!(
                "{scheme}: is not read directly; use: {engine} save -o image.tar {image}, and then image.tar"
            ),
            Self::Web(address) if !reads_stdin => {
                format!("gospect downloads no files; use: curl -LO {address}, and then the file")
            }
            _ => self
                .to_string()
                .replace("gospect scan -", &format!("gospect {command} -")),
        }
    }
}

/// Schemes of container engines, with the command that exports an image.
const ENGINES: [(&str, &str); 6] = [
    ("docker", "docker"),
    ("docker-daemon", "docker"),
    ("podman", "podman"),
    ("containers-storage", "podman"),
    ("nerdctl", "nerdctl"),
    ("containerd", "nerdctl"),
];

/// Schemes of other tools that are followed by `//` and an image in a registry.
const REGISTRIES: [&str; 2] = ["docker:", "oci:"];

/// What to say about a target in the words of another tool.
fn foreign(text: &OsStr) -> Option<BadTarget> {
    let text = text.to_str()?;
    for scheme in REGISTRIES {
        let image = text.strip_prefix(scheme).and_then(|t| t.strip_prefix("//"));
        if let Some(image) = image.filter(|image| !image.is_empty()) {
            let image = image.to_owned();
            if scheme == "docker:" && !names_host(&image) {
                return Some(BadTarget::Engine {
                    scheme: "docker",
                    engine: "docker",
                    image,
                });
            }
            return Some(BadTarget::Registries { scheme, image });
        }
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        return Some(BadTarget::Web(text.to_owned()));
    }
    let (name, image) = text.split_once(':')?;
    let (scheme, engine) = ENGINES.into_iter().find(|(scheme, _)| *scheme == name)?;
    Some(BadTarget::Engine {
        scheme,
        engine,
        image: image.to_owned(),
    })
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
        if let Some(bad) = foreign(text) {
            return Err(bad);
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
            _ => Ok(Self::Path(text.into())),
        }
    }
}

/// The target and the name inside it, if the text is how reports name a program in an archive or image: `app.tar.gz!bin/app`. `None`
/// if there is a file of this name, or no such archive or image.
pub fn member(text: &str) -> Option<(&str, &str)> {
    if Path::new(text).exists() {
        return None;
    }
    let mut parts = text.match_indices('!').filter_map(|(mark, _)| {
        let (holder, name) = (text.get(..mark)?, text.get(mark + 1..)?);
        Some((holder, name)).filter(|(_, name)| !name.is_empty())
    });
    parts.find(|(holder, _)| match Target::parse(OsStr::new(holder)) {
        Ok(Target::Path(path) | Target::Archive(path)) => {
            path.is_file() || path.join("oci-layout").is_file()
        }
        Ok(Target::DockerArchive(path, _) | Target::OciArchive(path, _)) => path.is_file(),
        Ok(Target::OciDir(path, _)) => path.is_dir(),
        Ok(Target::Registry(name)) => name.contains('/'),
        _ => false,
    })
}

/// What the user may have meant by a path that does not exist: an image of an archive or a layout, or one of a registry.
pub fn missing_path_hint(text: &str) -> Option<String> {
    for (colon, _) in text.rmatch_indices(':') {
        let (path, reference) = (text.get(..colon)?, text.get(colon + 1..)?);
        let here = PathBuf::from(path);
        if here.join("oci-layout").is_file() {
            return Some(format!(
                "an image of a layout is written oci-dir:{path}:{reference}"
            ));
        }
        if here.is_file() {
            return Some(format!(
                "an image of an archive is written docker-archive:{path}:{reference}, or oci-archive: for an OCI layout in a tar"
            ));
        }
    }
    if !reads_like_image(text) {
        return None;
    }
    Some(match names_host(text) {
        true => format!("an image of a registry is written registry:{text}"),
        false => format!(
            "an image of Docker is read with `docker save {text} | gospect scan -`, one of a registry with its host: registry:HOST/{text}"
        ),
    })
}

/// Whether the name of an image begins with a registry: `ghcr.io/app`, `localhost:5000/app`, or a host with a port alone.
fn names_host(image: &str) -> bool {
    let first = image.split('/').next().unwrap_or_default();
    let (host, port) = first.split_once(':').unwrap_or((first, ""));
    let has_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match image.len() > first.len() {
        true => host.contains('.') || has_port || host == "localhost",
        false => has_port && (host.contains('.') || host == "localhost"),
    }
}

/// Whether a text is the name of an image with its registry (`ghcr.io/x/y`) or its tag (`alpine:3.20`).
fn reads_like_image(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    let first = text.split('/').next().unwrap_or_default();
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
        || !text.chars().all(is_plain)
        || PathBuf::from(first).exists()
    {
        return false;
    }
    let host = first.split(':').next().unwrap_or_default();
    let domain = host.rsplit_once('.').map_or("", |(_, domain)| domain);
    let is_host = domain.len() >= 2 && domain.bytes().all(|b| b.is_ascii_alphabetic());
    let name = text.rsplit('/').next().unwrap_or_default();
    // One letter before a colon is a drive.
    let is_tagged = name
        .split_once(':')
        .is_some_and(|(name, tag)| (name.len() > 1 || text.contains('/')) && !tag.is_empty());
    is_tagged || (is_host && text.len() > first.len() + 1)
}

/// The schemes, without the colon.
pub const SCHEMES: [&str; 11] = [
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
];

/// Only known schemes are split off; a colon after anything else is part of a path.
fn split_scheme(text: &OsStr) -> Option<(&'static str, OsString)> {
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
    fn words_of_other_tools_are_translated() {
        for (text, want) in [
            (
                "containers-storage:app:1",
                "podman save app:1 | gospect audit -",
            ),
            ("docker-daemon:app:1", "docker save app:1 | gospect audit -"),
            ("containerd:app", "nerdctl save app | gospect audit -"),
            (
                "docker://example.org/app:1",
                "write registry:example.org/app:1",
            ),
            (
                "oci://example.org/app:1",
                "write registry:example.org/app:1",
            ),
            (
                "https://example.org/app.tgz",
                "curl -L https://example.org/app.tgz | gospect audit -",
            ),
        ] {
            let message = parse(text).unwrap_err().for_command("audit", true);
            assert!(message.ends_with(want), "{message}");
        }
        let message = parse("podman:app").unwrap_err().for_command("diff", false);
        assert!(message.ends_with("podman save -o image.tar app, and then image.tar"));
        // Without a host no registry has it.
        let message = parse("docker://app:1.2").unwrap_err().to_string();
        assert!(message.ends_with("docker save app:1.2 | gospect scan -"));
        for path in ["./docker:app", "C:/x", "dockerfile:x"] {
            assert_eq!(parse(path), Ok(Target::Path(path.into())));
        }
    }

    #[test]
    fn a_missing_path_that_names_an_image_gets_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let layout = folder.path().join("layout");
        std::fs::create_dir(&layout).unwrap();
        std::fs::write(layout.join("oci-layout"), "{}").unwrap();
        let tar = folder.path().join("image.tar");
        std::fs::write(&tar, "").unwrap();
        let hint = |text: &str| missing_path_hint(text).unwrap_or_default();
        let of = |path: &std::path::Path, name: &str| hint(&format!("{}:{name}", path.display()));
        assert!(of(&layout, "1.2").ends_with(&format!("oci-dir:{}:1.2", layout.display())));
        let of_tar = of(&tar, "host.test:5000/app:1");
        assert!(
            of_tar.contains(&format!(
                "docker-archive:{}:host.test:5000/app:1,",
                tar.display()
            )),
            "{of_tar}"
        );
        for image in ["alpine:3.20", "library/app:latest"] {
            let hint = hint(image);
            let save = format!("`docker save {image} | gospect scan -`");
            assert!(hint.contains(&save), "{hint}");
            assert!(hint.ends_with(&format!("registry:HOST/{image}")), "{hint}");
        }
        for image in ["ghcr.io/x/y", "localhost:5000/a:1", "localhost:5999"] {
            assert!(
                hint(image).ends_with(&format!("registry:{image}")),
                "{image}"
            );
        }
        for path in [
            "dist/app",
            "dist-1.2/app",
            "C:/x/y",
            "./a:b",
            "/usr/bin/nothing",
            "app",
            "no such:x",
        ] {
            assert_eq!(hint(path), "", "{path}");
        }
    }

    #[test]
    fn a_program_inside_is_named_as_reports_name_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).display().to_string();
        for name in ["a.tar", "odd!name.tar", "file!x"] {
            std::fs::write(path(name), "").unwrap();
        }
        let named =
            |text: &str| member(text).map(|(holder, name)| (holder.to_owned(), name.to_owned()));
        for (holder, name) in [
            (path("a.tar"), "bin/app"),
            (path("a.tar"), "inner.zip!bin/app"),
            (path("odd!name.tar"), "app"),
            (format!("archive:{}", path("a.tar")), "app"),
            (
                format!("docker-archive:{}:app:1.0", path("a.tar")),
                "/usr/bin/app",
            ),
            ("registry:host.test/app:1.0".to_owned(), "/usr/bin/app"),
        ] {
            let text = format!("{holder}!{name}");
            assert_eq!(named(&text), Some((holder, name.to_owned())), "{text}");
        }
        for text in [
            path("file!x"),
            path("none.tar!app"),
            path("a.tar!"),
            path("a.tar"),
            "-!x".to_owned(),
        ] {
            assert_eq!(named(&text), None, "{text}");
        }
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
