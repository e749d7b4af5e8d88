//! Finds images among the members of an archive, whatever their order: layers are scanned as they come, documents are kept, and
//! after the last member the images are put together.
//!
//! A member is taken because of its name (an OCI layout and `docker save` name blobs by digest), or because an earlier list of
//! images names it. The archive's reader handles all others.

use super::catalog;
use super::layer::{self, LayerScan};
use super::manifest::{CONFIG_MAX, Document, MANIFEST_MAX, Saved};
use super::member_names::{Role, blob_digest, directory, role};
use super::store::{Blob, Blobs, TarMembers, Top, member_name, parse, read_short, tidy, top_of};
use super::{
    Collector, Examine, ImageOptions, ImagePlace, Payload, PlacedProgram, StoreScan, assemble,
};
use crate::archive::tar::{self, Ending, EntryKind, Flow};
use crate::archive::{self, ArchiveError, Feed, Place, Scope, Taken, sniff};
use gospect_bytes::{Part, ReadAt, Use};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::{self, Read};
use std::sync::Arc;

/// Most links that are kept: old `docker save` archives have one for each layer that images share.
const LINKS: usize = 10_000;

/// The images found in an archive.
pub struct ArchiveImages<P> {
    /// The images, sorted by the names of their documents.
    pub scans: Vec<StoreScan<P>>,
    /// Programs in members that belong to no image.
    pub loose: Vec<PlacedProgram<P>>,
    /// Problems in those members.
    pub problems: Vec<(Place, ArchiveError)>,
}

/// Collects the members of one archive that may belong to images.
pub struct ImageCollector<'b, P> {
    /// Place of the archive, and how many containers are around the files of a layer.
    options: ImageOptions,
    /// Examines the files of layers.
    examine: &'b dyn Examine<P>,
    scope: &'b Scope,
    documents: HashMap<String, Vec<u8>>,
    /// Total size of the kept documents in bytes.
    kept: u64,
    /// Names that a list of images gives as layers.
    known: HashSet<String>,
    /// Takes every member, whatever its name: the archive is an image, or begins like one.
    takes_all: bool,
    layers: HashMap<String, Arc<LayerScan<P>>>,
    /// Names of the scanned members in their order.
    order: Vec<String>,
    members: TarMembers,
}

/// Passes the members that a walk reads to an [`ImageCollector`].
pub(super) struct ImageMembers<'m, 'e, P> {
    pub images: ImageCollector<'m, P>,
    pub collector: &'m Collector<'e, P>,
}

impl<P: Payload> archive::Members for ImageMembers<'_, '_, P> {
    fn look_ahead(&mut self, bytes: &dyn ReadAt) {
        self.images.look_ahead(bytes);
    }

    fn take(&mut self, name: &[u8], size: u64, body: &mut Feed<'_>) -> io::Result<Taken> {
        self.images.take(name, size, body)
    }

    fn link(&mut self, name: &[u8], target: &[u8], symbolic: bool) {
        self.images.link(name, target, symbolic);
    }

    fn finish(self: Box<Self>, place: &Place) {
        let ArchiveImages {
            scans,
            loose,
            problems,
        } = self.images.finish();
        self.collector.images(place, loose, problems, scans);
    }
}

impl<'b, P: Payload> ImageCollector<'b, P> {
    /// An empty collector. `scope` is the archive's, so that the limits of the outermost container apply.
    pub fn new(options: ImageOptions, examine: &'b dyn Examine<P>, scope: &'b Scope) -> Self {
        Self {
            options,
            examine,
            scope,
            documents: HashMap::new(),
            kept: 0,
            known: HashSet::new(),
            takes_all: false,
            layers: HashMap::new(),
            order: Vec::new(),
            members: TarMembers::default(),
        }
    }

    /// A collector for an archive that is an image or begins like one: it takes every member, and each layer has its own limits.
    pub fn for_image_archive(
        options: ImageOptions,
        examine: &'b dyn Examine<P>,
        scope: &'b Scope,
    ) -> Self {
        Self {
            takes_all: true,
            ..Self::new(options, examine, scope)
        }
    }

    /// Whether the document that an image at the top of the archive starts from has been read.
    pub fn has_top(&self) -> bool {
        let has = |name: &str| self.documents.contains_key(name);
        has("index.json") || has("manifest.json")
    }

    /// Finds the lists of images in an uncompressed tar with random access, so that layers are recognised whatever their names.
    pub fn look_ahead(&mut self, bytes: &dyn ReadAt) {
        let scope = self.scope.nested();
        let mut lists = Vec::new();
        // The archive's reader reports errors in it.
        let _ = tar::read(
            &mut Feed::at(bytes),
            &scope,
            Ending::Stream,
            &mut |entry, _| {
                if entry.kind == EntryKind::File
                    && entry.plain
                    && entry.size <= MANIFEST_MAX
                    && let Some(name) = tidy(&entry.name)
                    && name.rsplit('/').next() == Some("manifest.json")
                {
                    let mut text = vec![0; usize::try_from(entry.size).unwrap_or(0)];
                    let read = Part::new(bytes, entry.offset, entry.size).read_at(&mut text, 0);
                    if read.is_ok_and(|read| read == text.len()) {
                        lists.push((name, text));
                    }
                }
                Ok(if lists.len() < 1000 {
                    Flow::Continue
                } else {
                    Flow::Stop
                })
            },
        );
        for (name, text) in lists {
            self.add_listed(&name, &text);
        }
    }

    /// Adds the names in a list of images.
    fn add_listed(&mut self, name: &str, text: &[u8]) {
        let Ok(images) = parse::<Vec<Saved>>(text, name) else {
            return;
        };
        let dir = directory(name);
        for image in images.iter().take(1000) {
            for member in image.layers.iter().take(1000).chain([&image.config]) {
                self.known.extend(tidy(format!("{dir}{member}").as_bytes()));
            }
        }
    }

    /// Takes a regular file of the archive if it may belong to an image. Its body is read only if it is taken, or to decide that.
    ///
    /// # Errors
    /// Errors of the source of `body`.
    pub fn take(&mut self, name: &[u8], size: u64, body: &mut Feed<'_>) -> io::Result<Taken> {
        let name = match tidy(name) {
            Some(name) => name,
            // Even a member that no image names may be a program.
            None if self.takes_all => String::from_utf8_lossy(name).into_owned(),
            None => return Ok(Taken::No),
        };
        if name.len() > self.options.limits.path {
            return Ok(Taken::No);
        }
        let role = match role(&name) {
            Some(role) => role,
            None if self.known.contains(&name) || self.takes_all => Role::Blob,
            None => return Ok(Taken::No),
        };
        if size == 0 {
            return Ok(Taken::No);
        }
        let head = body.peek(512)?;
        let kind = sniff(head);
        let is_text =
            kind.is_none() && matches!(head.trim_ascii_start().first(), Some(b'{' | b'['));
        if is_text && role != Role::Layer {
            return self.keep(name, size, body);
        }
        if role == Role::Document && !self.takes_all {
            return Ok(Taken::No);
        }
        let most = self.options.limits.depth;
        // The layer is a container inside the archive.
        if !self.takes_all && self.options.depth > most {
            if kind.is_none() {
                return Ok(Taken::No);
            }
            let error = ArchiveError::limit(format!("a container inside {most} containers"));
            self.examine.entry_seen(size);
            self.order.push(name.clone());
            self.layers.insert(name, Arc::new(LayerScan::unread(error)));
            return Ok(Taken::Yes);
        }
        self.examine.entry_seen(size);
        let blob = Blob {
            key: name.clone(),
            digest: blob_digest(&name),
            size: Some(size),
        };
        let (options, examine) = (&self.options, self.examine);
        let own;
        let scope = match self.takes_all {
            true => {
                own = self.scope.nested();
                &own
            }
            false => self.scope,
        };
        let scan = layer::scan(body, (&blob, false), Some(&name), scope, options, examine);
        // The reader of the source reports its errors.
        if body.failed() {
            body.peek(1)?;
        }
        self.order.push(name.clone());
        self.layers.insert(name, Arc::new(scan));
        Ok(Taken::Yes)
    }

    /// Takes a file at the top of an image if it is a document of one; it is never a program.
    ///
    /// # Errors
    /// Errors of the source of `body`.
    pub fn document(&mut self, name: &[u8], size: u64, body: &mut Feed<'_>) -> io::Result<()> {
        let is_text = matches!(
            body.peek(512)?.trim_ascii_start().first(),
            Some(b'{' | b'[')
        );
        if let Some(name) = tidy(name).filter(|_| is_text) {
            self.keep(name, size, body)?;
        }
        Ok(())
    }

    fn keep(&mut self, name: String, size: u64, body: &mut Feed<'_>) -> io::Result<Taken> {
        let options = &self.options;
        let most = match self.takes_all {
            true => options.limits.metadata,
            false => options
                .limits
                .metadata
                .min(Use::ImageDocuments.share(options.budget.total())),
        };
        if size > CONFIG_MAX.max(MANIFEST_MAX) || self.kept + size > most {
            return Ok(Taken::No);
        }
        self.examine.entry_seen(size);
        let text = read_short(body, CONFIG_MAX.max(MANIFEST_MAX), &name)?;
        self.kept += text.len() as u64 + name.len() as u64 + 64;
        if name.rsplit('/').next() == Some("manifest.json") {
            self.add_listed(&name, &text);
        }
        self.examine.not_a_program(size);
        self.documents.insert(name, text);
        Ok(Taken::Yes)
    }

    /// Remembers a link that may lead to a layer; the archive's reader sees all links too.
    pub fn link(&mut self, name: &[u8], target: &[u8], symbolic: bool) {
        let Some(name) = tidy(name) else { return };
        let is_layer = self.takes_all || self.known.contains(&name) || role(&name).is_some();
        if is_layer && self.members.links.len() < LINKS {
            let target = String::from_utf8_lossy(target);
            self.members.link(name, &target, symbolic);
        }
    }

    /// Puts the images together. Directories with documents of images are named by their path and a final `/`.
    pub fn finish(self) -> ArchiveImages<P> {
        let mut archive_images = ArchiveImages {
            scans: Vec::new(),
            loose: Vec::new(),
            problems: Vec::new(),
        };
        let mut used = HashSet::new();
        let roots = self.roots();
        for root in &roots {
            let scan = self.scan(root, &mut used);
            if !scan.images.is_empty() || !scan.problems.is_empty() {
                archive_images.scans.push(scan);
            }
        }
        // Blobs that no image needs, or only one that was not asked for, are not examined: with random access they would not even
        // be read.
        let is_of_image = |name: &str| {
            let is_member = role(name).is_some() || self.known.contains(name);
            is_member && roots.iter().any(|root| name.starts_with(root.as_str()))
        };
        let left = self.order.iter();
        let left = left.filter(|name| !used.contains(*name) && !is_of_image(name));
        for name in left {
            let Some(layer) = self.layers.get(name) else {
                continue;
            };
            archive_images.loose.extend(layer.loose(name.as_bytes()));
            for problem in &layer.problems {
                let mut place = Place {
                    entries: vec![name.clone().into_bytes()],
                    ..Place::default()
                };
                let inside = problem.entries.iter().skip(usize::from(layer.is_file));
                place.entries.extend(inside.cloned());
                archive_images.problems.push((place, problem.error.clone()));
            }
        }
        archive_images
    }

    /// Directories that contain the first document of an image.
    fn roots(&self) -> BTreeSet<String> {
        let mut roots = BTreeSet::new();
        if self.takes_all && self.has_top() {
            roots.insert(String::new());
        }
        for (name, text) in &self.documents {
            let dir = directory(name);
            let is_root = match name.rsplit('/').next() {
                Some("index.json") => {
                    self.documents.contains_key(&format!("{dir}oci-layout"))
                        && parse::<Document>(text, name).is_ok_and(|d| d.manifests.is_some())
                }
                Some("manifest.json") => {
                    parse::<Vec<Saved>>(text, name).is_ok_and(|images| !images.is_empty())
                }
                _ => false,
            };
            if is_root {
                roots.insert(dir.to_owned());
            }
        }
        roots
    }

    fn scan(&self, root: &str, used: &mut HashSet<String>) -> StoreScan<P> {
        let mut options = self.options.clone();
        if let Some(dir) = root.strip_suffix('/') {
            let ImagePlace {
                name,
                prefix,
                entry,
            } = &mut options.around;
            entry.push(dir.to_owned());
            *name = format!("{name}!{dir}");
            *prefix = match prefix.as_str() {
                "" => format!("{name}!"),
                prefix => format!("{prefix}{dir}!"),
            };
        }
        let rooted = Rooted { images: self, root };
        let catalog = catalog::read(&rooted, &options);
        let mut layers = HashMap::new();
        for plan in catalog.plans.iter().flat_map(|plan| &plan.layers) {
            let member = rooted.resolve(&member_name(&plan.blob));
            if let (Some(_), Some(text)) = (&plan.separate_file, self.documents.get(&member)) {
                let layer = LayerScan::of_text(text, &plan.blob);
                layers.insert(plan.blob.key.clone(), Arc::new(layer));
            } else if let Some(layer) = self.layers.get(&member) {
                layers.insert(plan.blob.key.clone(), Arc::clone(layer));
                used.insert(member);
            }
        }
        // The user did not name these images: when none is for the wanted platform, that is reported and is not a failure.
        let nothing = catalog.plans.is_empty();
        let mut scan = assemble::assemble(catalog, layers, &options);
        if nothing && !self.takes_all {
            scan.problems
                .iter_mut()
                .for_each(|problem| problem.fatal = false);
        }
        scan
    }
}

/// The members below one directory.
struct Rooted<'r, 'b, P> {
    images: &'r ImageCollector<'b, P>,
    root: &'r str,
}

impl<P> Rooted<'_, '_, P> {
    /// The member that a name in the image leads to.
    fn resolve(&self, name: &str) -> String {
        let full = format!("{}{name}", self.root);
        self.images.members.resolve(&full).to_owned()
    }
}

impl<P: Payload> Blobs for Rooted<'_, '_, P> {
    fn top(&self) -> Result<Top, ArchiveError> {
        let documents = &self.images.documents;
        top_of(|name| match name {
            // Other programs write files named `index.json`, too.
            "index.json"
                if !self.images.takes_all
                    && !documents.contains_key(&self.resolve("oci-layout")) =>
            {
                Ok(None)
            }
            name => Ok(documents.get(&self.resolve(name)).cloned()),
        })
    }

    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let document = self.images.documents.get(&self.resolve(&member_name(blob)));
        Ok(document.map(|bytes| Box::new(bytes.as_slice()) as Box<dyn Read + Send>))
    }
}
