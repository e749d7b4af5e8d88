//! Container images: `docker save` archives, OCI layouts and archives, registries, read layer by layer.
//!
//! ```text
//! store ──▶ catalog ──▶ layer (each blob once, in parallel) ──▶ assemble (overlay of names) ──▶ ImageScan
//! ```
//!
//! A layer is decompressed, digested and searched in one pass. Which of its files the container sees is decided afterwards, from
//! names alone. Must never: know Go (that is the task of [`Examine`]), keep content, write anything.

mod accounts;
mod archive_results;
mod assemble;
mod catalog;
mod collect;
mod command;
pub(crate) mod digest;
mod digester;
mod kept;
mod layer;
#[doc(hidden)]
pub mod manifest;
mod member_names;
mod members;
pub(crate) mod names;
pub(crate) mod overlay;
mod owners;
mod pipe;
mod rootfs;
pub(crate) mod store;
mod stored;
mod stream;

pub use archive_results::ArchiveResults;
pub use collect::{
    CollectLimits, Collected, Collector, MOST_NAMES, PlacedProgram, WalkItem, Walked,
};
pub use command::EnvironmentChange;
#[cfg(feature = "registry")]
pub use digest::Digest;
pub use manifest::Platform;
use member_names::may_have_odd_names;
use members::ImageCollector;
use stream::looks_like_member;
pub use stream::{begins_like_image, scan_stream, scan_stream_in};

use super::archive::{ArchiveError, Candidate, Members, Place, Scope, Want};
use super::cache::Cache;
use gospect_bytes::{Budget, Limits, ReadAt};
use gospect_record::{FoundProgram, ImageRecord, ImageRef, LayerRef};
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::{Archive, Blobs, LayoutDirectory};

/// Beginning of the message that lists the available platforms when the wanted one is missing.
pub const OTHER_PLATFORM: &str = "no image for ";
/// Message for a missing layer.
pub(crate) const NO_LAYER: &str = "the layer is missing";

/// The result of examining a candidate. It is carried along unopened; only its size matters here.
pub trait Payload: Clone + Send + Sync {
    /// How many names of usual size it counts as where their number is limited: 1, or more for a large result.
    fn names(&self) -> u64 {
        1
    }
}

impl<R: Payload> Payload for FoundProgram<R> {
    fn names(&self) -> u64 {
        self.record.names()
    }
}

/// Examines the files of an image. Called from several threads.
pub trait Examine<P>: Sync {
    /// Counts a regular file of a layer, or an entry of an archive in it.
    fn entry_seen(&self, _size: u64) {}

    /// Whether a file of this size is too small to be or hold a program: then it is skipped unread.
    fn too_small(&self, _size: u64) -> bool {
        false
    }
    /// Whether a file of an archive in a layer is in fact too small ([`crate::archive::Receiver::below_floor`]).
    fn below_floor(&self, _size: u64) -> bool {
        false
    }

    /// Counts a file that was kept although it is not a program.
    fn not_a_program(&self, _size: u64) {}

    /// What is needed of a file, decided from its first bytes.
    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want;

    /// Whether the file of this name in the root belongs to a package database and owners of programs are wanted.
    fn keeps(&self, _name: &[u8]) -> bool {
        false
    }

    /// Whether digests of a program at this path are needed, to compare with package databases.
    fn digests(&self, _name: &[u8]) -> bool {
        false
    }

    /// Counts bytes read from a store, before decompression.
    fn bytes_read(&self, _count: u64) {}

    /// The programs in a candidate; empty if there are none. Problems come before the programs.
    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<P, ArchiveError>>;

    /// Results of layers and archives from earlier runs, if they are kept.
    fn cache(&self) -> Option<&dyn LayerCache<P>> {
        None
    }
}

/// Results of layers and archives from earlier runs. Called from several threads.
pub trait LayerCache<P>: Sync {
    /// What a result depends on besides the bytes: the version of the readers, and the options.
    fn settings(&self) -> &str;

    /// Where results are kept; `None`: nowhere.
    fn folder(&self) -> Option<&Cache>;

    /// A program as text; `None` if it cannot be written.
    fn encode(&self, program: &P) -> Option<String>;

    /// The program in a text that [`Self::encode`] made; `name_length` is the length of its name in the layer or archive, in bytes.
    fn decode(&self, text: &str, name_length: usize) -> Option<P>;

    /// Reads a layer or archive by `read`, with an examiner that counts for it alone.
    fn count(&self, read: &mut dyn FnMut(&dyn Examine<P>)) -> LayerCounts;

    /// Adds the counts of a layer or archive to those of the run.
    fn add(&self, counts: &LayerCounts);
}

/// Counts of one layer or archive, for the last line of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerCounts {
    /// Regular files, and entries of archives.
    pub files: u64,
    /// Files below the size floor.
    pub below_min_size: u64,
    /// Files that were looked at and are not Go.
    pub not_go: u64,
    /// Files that hold at least one Go program.
    pub go_files: u64,
    /// Bytes read from the store, before decompression.
    pub bytes: u64,
}

/// Where an image or an archive is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePlace {
    /// The name that people use: prefix of references that have no name of their own, and path of problems.
    pub name: String,
    /// Prefix of every path, for images inside something: the path of the container, and `!`.
    pub prefix: String,
    /// Names of the containers around it, outermost first.
    pub entry: Vec<String>,
}

/// Options of an image scan.
#[derive(Clone, Debug)]
pub struct ImageOptions {
    /// All limits.
    pub limits: Limits,
    /// Memory shared by all threads.
    pub budget: Budget,
    /// Only this platform; `None` scans all.
    pub platform: Option<Platform>,
    /// Only the image with this tag, name or manifest digest; `None` scans all.
    pub reference: Option<String>,
    /// Also hash the uncompressed layers and compare them with the configuration.
    pub verify_diffid: bool,
    /// Read the changelogs of packages that own programs.
    pub changelogs: bool,
    /// Look into archives that are files of a layer.
    pub archives: bool,
    /// Where the image is.
    pub around: ImagePlace,
    /// How many containers are around the files of a layer, including the layer.
    pub depth: u32,
}

impl ImageOptions {
    /// Default options for an image that people call `name`.
    pub fn new(name: &str) -> Self {
        Self {
            limits: Limits::default(),
            budget: Budget::default(),
            platform: None,
            reference: None,
            verify_diffid: false,
            changelogs: false,
            archives: true,
            around: ImagePlace {
                name: name.to_owned(),
                ..ImagePlace::default()
            },
            depth: 1,
        }
    }
}

/// A problem: something that was not examined.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageProblem {
    /// Its path for people.
    pub path: String,
    /// Names of the containers around it and its own, outermost first.
    pub entry: Vec<String>,
    /// The image that it is in.
    pub image: Option<ImageRef>,
    /// The layer that it is in.
    pub layer: Option<LayerRef>,
    /// The problem.
    pub error: ArchiveError,
    /// A wrong digest, a missing layer, an unreadable image: exit code 2.
    pub fatal: bool,
}

/// A program in a layer of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Layered<P> {
    /// The program at its place in the root.
    pub item: PlacedProgram<P>,
    /// The layer that added it.
    pub layer: LayerRef,
    /// False if a later layer deletes or replaces it; `None` for artifacts, and when it is not known.
    pub visible: Option<bool>,
    /// Whether the image starts it; `None` for artifacts, and when it is not known.
    pub started: Option<bool>,
}

/// The contents of one image for one platform.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageScan<P> {
    /// Where the image is.
    pub around: ImagePlace,
    /// The image record.
    pub record: ImageRecord,
    /// What ENTRYPOINT and CMD change in the environment before the program starts that `record.rootfs.started` names.
    pub environment_changes: Vec<EnvironmentChange>,
    /// Set for an artifact: named files, but no image that can be started. Its record has only reference, digest and layers.
    pub artifact: bool,
    /// Every copy of every program in every layer, sorted by path and layer.
    pub programs: Vec<Layered<P>>,
    /// Problems, sorted by layer.
    pub problems: Vec<ImageProblem>,
}

/// The contents of a source of images.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreScan<P> {
    /// The images in the order of their index.
    pub images: Vec<ImageScan<P>>,
    /// Programs of a stream that is not an image.
    pub loose: Vec<PlacedProgram<P>>,
    /// Set when the stream has no document that names images: then it is an ordinary archive, unless an image was asked for.
    pub not_image: bool,
    /// Problems that concern no single image.
    pub problems: Vec<ImageProblem>,
}

impl<P> Default for StoreScan<P> {
    fn default() -> Self {
        Self {
            images: Vec::new(),
            loose: Vec::new(),
            not_image: false,
            problems: Vec::new(),
        }
    }
}

impl<P> StoreScan<P> {
    /// Adds the error that ended the archive. If there is no image, it is fatal.
    fn end(&mut self, error: Option<&ArchiveError>, options: &ImageOptions) {
        let nothing = self.images.is_empty();
        self.problems
            .extend(error.map(|error| problem(options, error, nothing)));
    }
}

/// Scans the images in a directory: an OCI layout, or a `dir:` directory of `skopeo copy`.
pub fn scan_directory<P: Payload>(
    path: &Path,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
    match LayoutDirectory::open(path) {
        Ok(store) => scan_store(&store, options, examine),
        Err(error) => failed(options, &error),
    }
}

/// Scans the images in an uncompressed tar with random access: `docker save` or an OCI archive.
pub fn scan_archive<P: Payload>(
    bytes: &dyn ReadAt,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
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

/// Whether an uncompressed tar is an image; stops at the first member that belongs to none.
pub fn is_image_archive(bytes: &dyn ReadAt, options: &ImageOptions) -> bool {
    matches!(Archive::open(bytes, options, true), Ok(Some(store)) if store.is_image())
}

/// Whether a directory is an OCI layout, a `dir:` directory of `skopeo copy`, or a `docker-dir` of `podman save`.
pub fn is_image_directory(path: &Path) -> bool {
    let has = |name: &str| path.join(name).is_file();
    (has("oci-layout") && has("index.json"))
        || (has("manifest.json") && has("version") && store::is_copied(path))
}

/// Scans all images of a store.
pub(crate) fn scan_store<P: Payload>(
    store: &dyn Blobs,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
    let catalog = catalog::read(store, options);
    let layers = layer::scan_all(store, &catalog, options, examine);
    let mut scan = assemble::assemble(catalog, layers, options);
    // If there is no image, this problem is the reason for it and is fatal.
    let nothing = scan.images.is_empty();
    scan.problems.iter_mut().for_each(|p| p.fatal |= nothing);
    scan
}

pub(super) fn failed<P>(options: &ImageOptions, error: &ArchiveError) -> StoreScan<P> {
    StoreScan {
        problems: vec![problem(options, error, true)],
        ..StoreScan::default()
    }
}

/// A problem of the whole source.
fn problem(options: &ImageOptions, error: &ArchiveError, fatal: bool) -> ImageProblem {
    ImageProblem {
        path: options.around.name.clone(),
        entry: options.around.entry.clone(),
        image: None,
        layer: None,
        error: error.clone(),
        fatal,
    }
}

/// Takes the members of images out of an archive and passes the result to the archive's collector.
fn members<'m, P: Payload>(
    collector: &'m Collector<'_, P>,
    options: ImageOptions,
    examine: &'m dyn Examine<P>,
    scope: &'m Scope,
) -> Box<dyn Members + 'm> {
    Box::new(members::ImageMembers {
        images: ImageCollector::new(options, examine, scope),
        collector,
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
