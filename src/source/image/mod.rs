//! Container images: `docker save` archives, OCI layouts and archives, registries, read layer by layer.
//!
//! ```text
//! store ──▶ catalog ──▶ layer (each blob once, in parallel) ──▶ assemble (overlay of names) ──▶ ImageScan
//! ```
//!
//! A layer is decompressed, digested and searched in one pass; which of its files the container sees is decided
//! afterwards over names alone. Must never: know Go (that is what [`Examine`] is for), keep content, write anything.

mod assemble;
mod bag;
mod catalog;
mod collect;
mod command;
pub mod digest;
mod kept;
mod layer;
pub mod manifest;
pub mod names;
pub mod overlay;
mod owners;
mod rootfs;
pub mod store;
mod stream;

use bag::{Bag, may_have_odd_names};
pub use collect::{Bounds, Collected, Collector, Found, Item, Walked};
#[cfg(feature = "registry")]
pub use digest::Digest;
pub use manifest::Platform;
pub use stream::{begins_like_image, looks_like_member, scan_stream, scan_stream_in};

use super::archive::{ArchiveError, Candidate, Members, Place, Scope, Want};
use crate::bytes::{Budget, Limits, ReadAt};
use crate::record::{ImageRecord, ImageRef, LayerRef};
use std::path::Path;
use store::{Archive, Blobs, Directory};

/// How the detail begins that says which platforms there are instead of the wanted one.
pub const OTHER_PLATFORM: &str = "no image for ";
/// The detail of a layer that is not there.
pub const NO_LAYER: &str = "the layer is missing";

/// What a scan makes of a candidate: it is carried to its places here, and nothing of it is looked at but its size.
pub trait Payload: Clone + Send + Sync {
    /// How many usual names it counts for where their number is limited: 1, and more for what takes much memory.
    fn names(&self) -> u64 {
        1
    }
}

/// What is asked of the files in an image. Calls come from several threads.
pub trait Examine<P>: Sync {
    /// A regular file of a layer, or an entry of an archive in it, that is looked at; for the counts.
    fn entry_seen(&self, _size: u64) {}

    /// Whether a file of this size cannot be of interest nor hold anything that is: then it is passed over unread.
    fn too_small(&self, _size: u64) -> bool {
        false
    }
    /// Whether a file of an archive in a layer turned out to be too small ([`crate::source::archive::Receiver::below_floor`]).
    fn below_floor(&self, _size: u64) -> bool {
        false
    }

    /// A file that was kept although it is no program; for the counts.
    fn passed(&self, _size: u64) {}

    /// What is needed of a file, by its first bytes.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// Whether a file of this name in the root is a database of packages, and the owners of programs are asked for.
    fn keeps(&self, _name: &[u8]) -> bool {
        false
    }

    /// Whether digests of a program at this path are needed, to compare with what package managers know.
    fn digests(&self, _name: &[u8]) -> bool {
        false
    }

    /// Bytes that came from a store, as stored; for the counts.
    fn bytes_read(&self, _count: u64) {}

    /// The programs in a candidate: none when it is not of interest. What of it could not be read stands before them.
    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<P, ArchiveError>>;
}

/// Where an image, or an archive, is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// What a person calls it: prefix of references without a name of their own, path of its problems.
    pub name: String,
    /// Stands before every path, for images inside something: the path of what they are in, and `!`.
    pub prefix: String,
    /// Names of the containers around it, outermost first.
    pub entry: Vec<String>,
}

/// How to scan an image.
#[derive(Clone, Debug)]
pub struct Options {
    /// All limits.
    pub limits: Limits,
    /// Memory shared by all threads.
    pub budget: Budget,
    /// Only this platform; `None`: all.
    pub platform: Option<Platform>,
    /// Only the image of this tag, name or manifest digest; `None`: all.
    pub reference: Option<String>,
    /// Hash the uncompressed layers too and compare them with the configuration.
    pub verify_diffid: bool,
    /// Look into archives that are files of a layer.
    pub archives: bool,
    /// Where it is.
    pub around: Around,
    /// Containers around the files of a layer, the layer included.
    pub depth: u32,
}

impl Options {
    /// Defaults for an image that a person calls `name`.
    pub fn new(name: &str) -> Self {
        Self {
            limits: Limits::default(),
            budget: Budget::default(),
            platform: None,
            reference: None,
            verify_diffid: false,
            archives: true,
            around: Around {
                name: name.to_owned(),
                ..Around::default()
            },
            depth: 1,
        }
    }
}

/// A thing that was not examined.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its path for a person.
    pub path: String,
    /// Names of the containers around it and its own, outermost first.
    pub entry: Vec<String>,
    /// The image it is in.
    pub image: Option<ImageRef>,
    /// The layer it is in.
    pub layer: Option<LayerRef>,
    /// What.
    pub error: ArchiveError,
    /// A wrong digest, a missing layer, an unreadable image: the exit code is 2.
    pub fatal: bool,
}

/// A program in a layer of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Layered<P> {
    /// The program, at its place in the root.
    pub item: Item<P>,
    /// The layer that brought it.
    pub layer: LayerRef,
    /// False when a later layer deletes or replaces it; `None` for artifacts, and where that is not known.
    pub visible: Option<bool>,
    /// Whether it is what the image starts; `None` for artifacts, and where that is not known.
    pub started: Option<bool>,
}

/// What one image (one platform) holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageScan<P> {
    /// Where it is.
    pub around: Around,
    /// Its record.
    pub record: ImageRecord,
    /// It is an artifact: files with names, but no image that could be started. Its record has only reference, digest and layers.
    pub artifact: bool,
    /// Every copy of every program in every layer, by path and layer.
    pub programs: Vec<Layered<P>>,
    /// What was not examined, by layer.
    pub problems: Vec<Problem>,
}

/// What a source of images holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan<P> {
    /// The images in the order of their index.
    pub images: Vec<ImageScan<P>>,
    /// Programs of a stream that turned out to be no image.
    pub loose: Vec<Item<P>>,
    /// The stream had no document that names images: an ordinary archive, unless an image was asked for.
    pub not_image: bool,
    /// Problems of no single image.
    pub problems: Vec<Problem>,
}

impl<P> Default for Scan<P> {
    fn default() -> Self {
        Self {
            images: Vec::new(),
            loose: Vec::new(),
            not_image: false,
            problems: Vec::new(),
        }
    }
}

impl<P> Scan<P> {
    /// Notes that the archive itself broke off; without any image that is why nothing could be read.
    fn end(&mut self, error: Option<&ArchiveError>, options: &Options) {
        let nothing = self.images.is_empty();
        self.problems
            .extend(error.map(|error| problem(options, error, nothing)));
    }
}

/// Scans the images of a directory: an OCI layout, or what `skopeo copy` writes to `dir:`.
pub fn scan_directory<P: Payload>(
    path: &Path,
    options: &Options,
    examine: &dyn Examine<P>,
) -> Scan<P> {
    match Directory::open(path) {
        Ok(store) => scan_store(&store, options, examine),
        Err(error) => failed(options, &error),
    }
}

/// Scans the images of an uncompressed tar that can be read at any position: `docker save`, an OCI archive.
pub fn scan_archive<P: Payload>(
    bytes: &dyn ReadAt,
    options: &Options,
    examine: &dyn Examine<P>,
) -> Scan<P> {
    match Archive::open(bytes, options, false) {
        Ok(Some(store)) => {
            let mut scan = scan_store(&store, options, examine);
            scan.end(store.broken(), options);
            scan
        }
        Ok(None) => failed(
            options,
            &ArchiveError::unsupported("no image: neither manifest.json nor index.json is in it"),
        ),
        Err(error) => failed(options, &error),
    }
}

/// Whether an uncompressed tar is an image; stops at the first member that no image has.
pub fn is_image_archive(bytes: &dyn ReadAt, options: &Options) -> bool {
    matches!(Archive::open(bytes, options, true), Ok(Some(store)) if store.is_image())
}

/// Whether a directory is an OCI layout, or what `skopeo copy` writes to `dir:` and `podman save` as `docker-dir`.
pub fn is_image_directory(path: &Path) -> bool {
    let has = |name: &str| path.join(name).is_file();
    (has("oci-layout") && has("index.json"))
        || (has("manifest.json") && has("version") && store::is_copied(path))
}

/// Scans everything that a store has.
pub fn scan_store<P: Payload>(
    store: &dyn Blobs,
    options: &Options,
    examine: &dyn Examine<P>,
) -> Scan<P> {
    let catalog = catalog::read(store, options);
    let layers = layer::scan_all(store, &catalog, options, examine);
    let mut scan = assemble::assemble(catalog, layers, options);
    // Without any image, what went wrong is why nothing could be read.
    let nothing = scan.images.is_empty();
    scan.problems.iter_mut().for_each(|p| p.fatal |= nothing);
    scan
}

pub(super) fn failed<P>(options: &Options, error: &ArchiveError) -> Scan<P> {
    Scan {
        problems: vec![problem(options, error, true)],
        ..Scan::default()
    }
}

/// A problem of the whole source.
fn problem(options: &Options, error: &ArchiveError, fatal: bool) -> Problem {
    Problem {
        path: options.around.name.clone(),
        entry: options.around.entry.clone(),
        image: None,
        layer: None,
        error: error.clone(),
        fatal,
    }
}

/// Takes the parts of images among the members of an archive, and tells the collector of that archive.
fn members<'m, P: Payload>(
    collector: &'m Collector<'_, P>,
    options: Options,
    examine: &'m dyn Examine<P>,
    scope: &'m Scope,
) -> Box<dyn Members + 'm> {
    Box::new(bag::ImageMembers {
        bag: Bag::new(options, examine, scope),
        collector,
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
