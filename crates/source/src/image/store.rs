//! Where blobs come from: a directory, a tar with random access, a registry.

use super::digest::Digest;
use super::manifest::{Document, MANIFEST_MAX, Saved};
use super::{ImageOptions, looks_like_member};
use crate::archive::tar::{self, Ending, EntryKind, Flow};
use crate::archive::{ArchiveError, Feed, Reason, Scope};
use gospect_bytes::{Part, ReadAt};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most manifests and indexes of one source.
pub const DOCUMENTS: usize = 10_000;

/// Identifies a blob of a store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Blob {
    /// Its name in the store: the digest, or the name of a member.
    pub key: String,
    /// The expected digest, if known.
    pub digest: Option<Digest>,
    /// The length, if known.
    pub size: Option<u64>,
}

impl Blob {
    /// A blob with this digest.
    pub fn of(digest: Digest, size: Option<u64>) -> Self {
        Self {
            key: digest.to_string(),
            digest: Some(digest),
            size,
        }
    }
}

/// The document that lists the images.
pub enum Top {
    /// The index of an OCI layout, or the document that a registry gave; the digest is set if the document is a blob itself.
    Document(Vec<u8>, Option<Digest>),
    /// `manifest.json` of `docker save`.
    Saved(Vec<Saved>),
}

/// A store of blobs.
pub trait Blobs: Sync {
    /// The first document.
    ///
    /// # Errors
    /// When it cannot be read.
    fn top(&self) -> Result<Top, ArchiveError>;

    /// Opens a blob as a stream; `None` if it does not exist.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError>;

    /// Whether a blob is what its digest says without being read: a result of an earlier run then needs no request.
    fn is_remote(&self) -> bool {
        false
    }

    /// Most manifests and indexes that are read from the store.
    fn most_documents(&self) -> usize {
        DOCUMENTS
    }

    /// Opens a manifest as a stream; registries keep manifests apart from blobs.
    ///
    /// # Errors
    /// See [`Blobs::open`].
    fn open_manifest<'a>(
        &'a self,
        blob: &Blob,
    ) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        self.open(blob)
    }
}

/// Reads all of a short stream.
///
/// # Errors
/// Errors of the stream; a limit when it is longer than `most`.
pub(crate) fn read_short(
    reader: &mut dyn Read,
    most: u64,
    what: &str,
) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(ArchiveError::limit(format!(
            "{what} is longer than {most} bytes"
        )));
    }
    Ok(bytes)
}

/// Parses JSON; the message calls it `what`.
///
/// # Errors
/// `malformed`.
pub fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], what: &str) -> Result<T, ArchiveError> {
    serde_json::from_slice(bytes)
        .map_err(|e| ArchiveError::malformed(format!("{what} is not what it should be: {e}")))
}

/// A store in a directory.
pub struct LayoutDirectory {
    root: PathBuf,
    /// Set for `dir:` of `skopeo`: blobs are beside `manifest.json`, named by their hex digits.
    flat: bool,
}

impl LayoutDirectory {
    /// Opens a directory of either form.
    ///
    /// # Errors
    /// When it has neither form.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        if !std::fs::metadata(path)?.is_dir() {
            return Err(ArchiveError::unsupported(
                "a file, no image directory; use oci-archive: for an archive of one",
            ));
        }
        if path.join("index.json").is_file() {
            return Ok(Self {
                root: path.to_owned(),
                flat: false,
            });
        }
        if path.join("manifest.json").is_file() {
            return Ok(Self {
                root: path.to_owned(),
                flat: true,
            });
        }
        Err(ArchiveError::unsupported(
            "no image directory: neither index.json nor manifest.json is in it",
        ))
    }
}

/// Whether the directory's version file says that it holds an image.
pub(super) fn is_copied(path: &Path) -> bool {
    const SAYS: &[u8] = b"Directory Transport Version:";
    let file = open_regular(&path.join("version")).ok().flatten();
    let mut text = Vec::new();
    file.is_some_and(|file| file.take(SAYS.len() as u64).read_to_end(&mut text).is_ok())
        && text == SAYS
}

impl Blobs for LayoutDirectory {
    fn top(&self) -> Result<Top, ArchiveError> {
        let name = if self.flat {
            "manifest.json"
        } else {
            "index.json"
        };
        let mut file = open_regular(&self.root.join(name))?.ok_or_else(|| missing(name))?;
        let bytes = read_short(&mut file, MANIFEST_MAX, name)?;
        let digest = self.flat.then(|| Digest::of(&bytes));
        Ok(Top::Document(bytes, digest))
    }

    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let Some(digest) = blob.digest else {
            return Ok(None);
        };
        let path = match self.flat {
            true => self.root.join(digest.hex()),
            false => self
                .root
                .join("blobs")
                .join(digest.algorithm())
                .join(digest.hex()),
        };
        Ok(open_regular(&path)?.map(|file| Box::new(file) as Box<dyn Read + Send>))
    }
}

/// Opens a regular file only: opening a FIFO would block.
fn open_regular(path: &Path) -> Result<Option<File>, ArchiveError> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => Ok(Some(File::open(path)?)),
        Ok(_) => Err(ArchiveError::malformed("a blob is not a regular file")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn missing(name: &str) -> ArchiveError {
    ArchiveError::new(Reason::Unreadable, format!("{name} is missing"))
}

/// A store in a tar with random access: only the headers of members are read to find the blobs.
pub struct Archive<'a> {
    bytes: &'a dyn ReadAt,
    members: TarMembers,
    /// The error at which the list of members ends.
    broken: Option<ArchiveError>,
}

/// The members of a tar, by name.
#[derive(Default)]
pub(super) struct TarMembers {
    pub files: HashMap<String, (u64, u64)>,
    pub links: HashMap<String, String>,
}

impl TarMembers {
    /// Follows links from name to name, by which old `docker save` archives share layers.
    pub fn resolve<'m>(&'m self, name: &'m str) -> &'m str {
        let mut name = name;
        for _ in 0..8 {
            match self.links.get(name) {
                Some(to) => name = to,
                None => break,
            }
        }
        name
    }

    /// Adds a link; the target of a symbolic link is relative to its directory.
    pub fn link(&mut self, name: String, target: &str, symbolic: bool) {
        let dir = name.rsplit_once('/').map_or("", |(dir, _)| dir);
        let full = if symbolic && !target.starts_with('/') {
            format!("{dir}/{target}")
        } else {
            target.to_owned()
        };
        let Some(full) = tidy(full.as_bytes()) else {
            return;
        };
        self.links.insert(name, full);
    }
}

/// A member's name without `./` and double slashes; `None` if it leads out of the archive or is not UTF-8.
pub(super) fn tidy(name: &[u8]) -> Option<String> {
    let parts = super::overlay::clean(name).ok()?;
    String::from_utf8(parts.join(&b'/')).ok()
}

impl<'a> Archive<'a> {
    /// Finds the members. With `strict` it returns `None` when the first file cannot belong to an image.
    ///
    /// # Errors
    /// When the tar is broken.
    pub fn open(
        bytes: &'a dyn ReadAt,
        options: &ImageOptions,
        strict: bool,
    ) -> Result<Option<Self>, ArchiveError> {
        let mut members = TarMembers::default();
        let scope = Scope::new(options.limits, options.budget.clone());
        let mut feed = Feed::at(bytes);
        let (mut alien, mut begun) = (false, false);
        let mut unread = None;
        let read = tar::read(&mut feed, &scope, Ending::Marker, &mut |entry, _| {
            if let EntryKind::Unread(error) = &entry.kind {
                unread.get_or_insert_with(|| error.clone());
                return Ok(Flow::Continue);
            }
            let Some(name) = tidy(&entry.name).filter(|name| name.len() <= options.limits.path)
            else {
                return Ok(Flow::Continue);
            };
            // As for a stream, the first file decides: later layers may have any name.
            let decided = begun;
            begun |= looks_like_member(&name) && !name.is_empty() && entry.kind != EntryKind::Dir;
            if !looks_like_member(&name) && !decided {
                alien = true;
                if strict {
                    return Ok(Flow::Stop);
                }
            }
            match &entry.kind {
                EntryKind::File if entry.plain => {
                    members.files.insert(name, (entry.offset, entry.size));
                }
                EntryKind::HardLink(to) | EntryKind::SymLink(to) => {
                    let symbolic = matches!(entry.kind, EntryKind::SymLink(_));
                    members.link(name, &String::from_utf8_lossy(to), symbolic);
                }
                _ => {}
            }
            Ok(Flow::Continue)
        });
        // A truncated archive still has the members before the cut; missing ones are reported later.
        let has_top = |m: &TarMembers| {
            m.files.contains_key("index.json") || m.files.contains_key("manifest.json")
        };
        match read {
            _ if strict && alien => Ok(None),
            Err(error) if !has_top(&members) => Err(error),
            _ if !has_top(&members) => Ok(None),
            other => Ok(Some(Self {
                bytes,
                members,
                broken: other.err().or(unread),
            })),
        }
    }

    /// Whether its first document is an image's and all members belong to it.
    pub fn is_image(&self) -> bool {
        let others = |listed: &[&str]| {
            let mut names = self.members.files.keys();
            names.any(|name| !looks_like_member(name) && !listed.contains(&name.as_str()))
        };
        match self.top() {
            Ok(Top::Document(bytes, _)) => {
                self.members.files.contains_key("oci-layout")
                    && parse::<Document>(&bytes, "index.json").is_ok_and(|d| d.manifests.is_some())
                    && !others(&[])
            }
            Ok(Top::Saved(saved)) => {
                let layers = saved.iter().flat_map(|image| &image.layers);
                let listed = layers.chain(saved.iter().map(|image| &image.config));
                let listed: Vec<&str> = listed.map(String::as_str).collect();
                !saved.is_empty() && !others(&listed)
            }
            Err(_) => false,
        }
    }

    /// The error in the archive after the members that were found.
    pub fn broken(&self) -> Option<&ArchiveError> {
        self.broken.as_ref()
    }

    fn member(&self, name: &str) -> Option<PartReader<'a>> {
        let (offset, size) = *self.members.files.get(self.members.resolve(name))?;
        Some(PartReader {
            part: Part::new(self.bytes, offset, size),
            at: 0,
            claimed: size,
        })
    }
}

impl Blobs for Archive<'_> {
    fn top(&self) -> Result<Top, ArchiveError> {
        top_of(|name| {
            let Some(mut member) = self.member(name) else {
                return Ok(None);
            };
            read_short(&mut member, MANIFEST_MAX, name).map(Some)
        })
    }

    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let name = member_name(blob);
        Ok(self
            .member(&name)
            .map(|reader| Box::new(reader) as Box<dyn Read + Send>))
    }
}

/// The member that holds a blob: the key, or the path of the digest in an OCI layout.
pub(super) fn member_name(blob: &Blob) -> String {
    match Digest::parse(&blob.key) {
        Some(digest) => format!("blobs/{}/{}", digest.algorithm(), digest.hex()),
        None => tidy(blob.key.as_bytes()).unwrap_or_default(),
    }
}

/// The first document: that of the OCI layout if there is one; since Docker 25 archives have both forms.
pub(super) fn top_of(
    member: impl Fn(&str) -> Result<Option<Vec<u8>>, ArchiveError>,
) -> Result<Top, ArchiveError> {
    if let Some(bytes) = member("index.json")? {
        return Ok(Top::Document(bytes, None));
    }
    let bytes = member("manifest.json")?.ok_or_else(|| missing("manifest.json"))?;
    Ok(Top::Saved(parse(&bytes, "manifest.json")?))
}

/// Reads a part sequentially.
struct PartReader<'a> {
    part: Part<'a>,
    at: u64,
    claimed: u64,
}

impl Read for PartReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.part.read_at(out, self.at)?;
        self.at += n as u64;
        if n == 0 && !out.is_empty() && self.at < self.claimed {
            let text = format!(
                "the archive ends after {} of {} bytes of a member",
                self.at, self.claimed
            );
            return Err(ArchiveError::truncated(text).into());
        }
        Ok(n)
    }
}
