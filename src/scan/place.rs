//! How places are written down: paths as text, and as bytes where text cannot hold them.

use crate::bytes::base64;
use std::path::Path;

/// Where something stands that was opened, and what is found in it is told by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outer {
    /// The target as given.
    pub target: String,
    /// Its file; `None` for streams and registries.
    pub file: Option<String>,
    /// The name for a person.
    pub shown: String,
    /// The raw path in base64 when it is not UTF-8.
    pub raw: Option<Vec<u8>>,
    /// It was named by the user: nothing readable in it at all is a failure.
    pub named: bool,
    /// The target asks for an image: anything else is refused.
    pub image: bool,
    /// Only the image of this name, for targets that ask for one.
    pub reference: Option<String>,
    /// Whose packages it may belong to.
    pub packages: Packages,
}

/// Which database of packages is asked about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Packages {
    /// That of the nearest directory above it.
    #[default]
    Nearest,
    /// That of a root in which the file has its path: a process may live in another root.
    #[cfg(target_os = "linux")]
    Of(std::path::PathBuf),
    /// None: what runs is no longer on disk.
    #[cfg(target_os = "linux")]
    No,
}

impl Outer {
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
            packages: Packages::Nearest,
        }
    }

    /// Its file.
    #[cfg(unix)]
    pub(crate) fn path(&self) -> Option<std::path::PathBuf> {
        use std::os::unix::ffi::OsStrExt as _;
        let shown = self.file.as_ref()?;
        Some(match &self.raw {
            Some(raw) => Path::new(std::ffi::OsStr::from_bytes(raw)).to_owned(),
            None => Path::new(shown).to_owned(),
        })
    }

    /// A stream or a remote thing.
    pub(crate) fn nameless(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            shown: target.to_owned(),
            named: true,
            ..Self::default()
        }
    }
}

/// The path for a person, always with `/`, and its raw bytes in base64 when it is not UTF-8.
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
