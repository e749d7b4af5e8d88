//! One pass over each layer blob: decompress, digest, note the names, hand over what may be a program.

use super::catalog::{Catalog, LayerPlan};
use super::digest::{Digest, Hasher, Hashing};
use super::kept::KeptFiles;
use super::names::{Kind, Name, Names};
use super::store::{Blob, Blobs};
use super::{Bounds, Collector, Examine, Found, Item, Options, Payload, Scan, Walked};
use crate::bytes::guard::{FAULT, guarded};
use crate::source::archive::tar::{self, Ending, Entry, Flow};
use crate::source::archive::{
    self, ArchiveError, Feed, Place, Reason, Scope, Walker, Want, decompress, place::clean, sniff,
    stream,
};
use crate::source::foreign;
use crate::source::packages::Digests;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::sync::Arc;

/// Problems of one layer that get a line each: as many as have room in this part of the memory, and no more than that. More are counted in one.
const PROBLEMS: usize = 1000;
const PROBLEMS_ROOM: u64 = 1024;
/// What is collected of an archive inside a layer: hard links to programs are full records, and one problem more than is listed shows
/// that there are more.
const BOUNDS: Bounds = Bounds {
    links: 1000,
    problems: PROBLEMS + 1,
    bytes: u64::MAX,
};
/// Names of programs that an archive which is no layer may have, as other archives.
const LOOSE: u64 = 20_000;

/// What one blob held.
pub struct LayerScan<P> {
    /// Its entries.
    pub names: Names,
    /// Files that something was found in, as [`Kind::File`] numbers them.
    pub found: Vec<FoundFile<P>>,
    /// Databases of package managers.
    pub kept: KeptFiles,
    /// What went wrong.
    pub problems: Vec<LayerProblem>,
    /// Bytes of memory that these may still take; `None`: not said.
    room: Option<u64>,
    /// There were more.
    is_cut: bool,
    /// What the blob hashes to, when it was read to its end.
    pub digest: Option<Digest>,
    /// What its tar hashes to, when that was asked for.
    pub diff_id: Option<Digest>,
    /// Bytes of the blob.
    pub size: u64,
    /// The blob is not the tar itself.
    pub compressed: bool,
    /// The blob is no tar but one file, by whose name all places in `found` begin.
    pub is_file: bool,
    /// Images in archives that are files of the layer.
    pub images: Vec<Scan<P>>,
}

/// A file that something was found in.
pub struct FoundFile<P> {
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Mode.
    pub mode: u32,
    /// The programs, in the file itself or in an archive that it is.
    pub programs: Vec<Item<P>>,
    /// Its digests, where somebody may want to compare them.
    pub digests: Option<Box<Digests>>,
    /// Its number among the kept files, for a database of packages.
    pub kept: Option<u32>,
}

impl<P: Payload> FoundFile<P> {
    /// How many usual names it counts for.
    pub fn names(&self) -> u64 {
        self.programs.iter().map(|p| p.program.names()).sum()
    }
}

/// Something wrong in a layer.
#[derive(Clone)]
pub struct LayerProblem {
    /// Names inside the layer, outermost first; empty: the layer itself.
    pub entries: Vec<Vec<u8>>,
    /// What.
    pub error: ArchiveError,
    /// The exit code is 2.
    pub fatal: bool,
}

/// Scans each blob of the catalog once, in parallel.
pub fn scan_all<P: Payload>(
    store: &dyn Blobs,
    catalog: &Catalog,
    options: &Options,
    examine: &dyn Examine<P>,
) -> HashMap<String, Arc<LayerScan<P>>> {
    let mut seen = HashSet::new();
    let plans = catalog.plans.iter().flat_map(|p| &p.layers);
    let unique: Vec<&LayerPlan> = plans
        .filter(|l| l.skip.is_none() && seen.insert(&l.blob.key))
        .collect();
    let scanned: Vec<_> = unique
        .par_iter()
        .map(|l| {
            (
                l.blob.key.clone(),
                Arc::new(scan_blob(store, l, options, examine)),
            )
        })
        .collect();
    scanned.into_iter().collect()
}

fn scan_blob<P: Payload>(
    store: &dyn Blobs,
    plan: &LayerPlan,
    options: &Options,
    examine: &dyn Examine<P>,
) -> LayerScan<P> {
    match store.open(&plan.blob) {
        Ok(Some(mut reader)) => {
            let scope = Scope::new(options.limits, options.budget.clone());
            let layer = match &plan.apart {
                Some(name) => scan_any(&mut reader, &plan.blob, name, &scope, options, examine),
                None => scan(&mut reader, &plan.blob, &scope, options, examine),
            };
            // The entries of archives were counted when they came.
            if layer.is_file {
                examine.entry_seen(layer.size);
            }
            examine.bytes_read(layer.size);
            layer
        }
        Ok(None) => LayerScan::failed(LayerProblem::missing(plan.foreign)),
        Err(error) => LayerScan::failed(LayerProblem {
            entries: Vec::new(),
            error,
            fatal: true,
        }),
    }
}

impl<P> Default for LayerScan<P> {
    fn default() -> Self {
        Self {
            names: Names::default(),
            found: Vec::new(),
            kept: KeptFiles::default(),
            problems: Vec::new(),
            room: None,
            is_cut: false,
            digest: None,
            diff_id: None,
            size: 0,
            compressed: false,
            is_file: false,
            images: Vec::new(),
        }
    }
}

impl<P: Payload> LayerScan<P> {
    /// An empty one that has room for problems.
    fn with_room(options: &Options) -> Self {
        Self {
            room: Some(options.budget.total() / PROBLEMS_ROOM),
            kept: KeptFiles::new(options.budget.total()),
            ..Self::default()
        }
    }

    /// A layer that was not read, and why.
    pub fn unread(error: ArchiveError) -> Self {
        Self::failed(LayerProblem {
            entries: Vec::new(),
            error,
            fatal: false,
        })
    }

    /// A file of an artifact that is text and was kept as such.
    pub fn of_text(text: &[u8], blob: &Blob) -> Self {
        let digest = match blob.digest {
            Some(want) => want.same_of(text),
            None => Digest::of(text),
        };
        let mut scan = Self {
            is_file: true,
            digest: Some(digest),
            size: text.len() as u64,
            ..Self::default()
        };
        if let Some(want) = blob.digest.filter(|want| *want != digest) {
            scan.problem(Vec::new(), wrong_digest(digest, want), true);
        }
        scan
    }

    /// Every program by the names in the blob, hard links included, as an archive of this name has them.
    pub fn loose(&self, name: &[u8]) -> Vec<Item<P>> {
        let mut all = Vec::new();
        let mut add = |item: &Item<P>, entries: Vec<Vec<u8>>| {
            let mut item = item.clone();
            item.place.entries = entries;
            all.push(item);
        };
        if self.is_file {
            for item in self.found.iter().flat_map(|file| &file.programs) {
                let mut entries = item.place.entries.clone();
                if let Some(first) = entries.first_mut() {
                    *first = name.to_vec();
                }
                add(item, entries);
            }
            return all;
        }
        let relative = |path: &[u8]| {
            let path = clean(path);
            let root = path.iter().take_while(|b| **b == b'/').count();
            path.get(root..).unwrap_or_default().to_vec()
        };
        let mut found = HashMap::new();
        let mut names = 0;
        self.names.each(|entry| {
            let path = relative(entry.path);
            let file = match entry.kind {
                Kind::File { found, .. } => found,
                Kind::HardLink(to) => found.get(&relative(to)).copied(),
                _ => None,
            };
            let Some(file) = file else {
                found.remove(&path);
                return;
            };
            let Some(content) = self.found.get(file as usize) else {
                return;
            };
            found.insert(path, file);
            names += content.names();
            if names > LOOSE {
                return;
            }
            for item in &content.programs {
                let mut entries = vec![name.to_vec(), clean(entry.path).to_vec()];
                entries.extend(item.place.entries.iter().skip(1).cloned());
                add(item, entries);
            }
        });
        all
    }

    /// Adds what was collected in the file at `place`. Returns the number of the file, where a program is in it.
    fn collected(
        &mut self,
        collector: Collector<'_, P>,
        place: &Place,
        (uid, gid, mode): (u64, u64, u32),
    ) -> Option<u32> {
        let collected = collector.finish();
        if collected.too_many_links {
            let error = ArchiveError::too_many_links(BOUNDS.links);
            self.problem(place.entries.clone(), error, false);
        }
        let mut programs = Vec::new();
        for found in collected.found {
            match found {
                Found::Program(item) => programs.push(item),
                Found::Problem(place, error) => self.problem(place.entries, error, false),
                Found::Images(scans) => self.images.extend(scans),
            }
        }
        if programs.is_empty() {
            return None;
        }
        self.found.push(FoundFile {
            uid,
            gid,
            mode,
            programs,
            digests: collected.digests,
            kept: None,
        });
        u32::try_from(self.found.len() - 1).ok()
    }

    fn failed(problem: LayerProblem) -> Self {
        Self {
            problems: vec![problem],
            ..Self::default()
        }
    }

    fn problem(&mut self, entries: Vec<Vec<u8>>, error: ArchiveError, fatal: bool) {
        // Path, location and detail say the names each.
        let names = entries.iter().map(Vec::len).sum::<usize>();
        let weight = 800 + 3 * names as u64;
        let left = self.room.and_then(|room| room.checked_sub(weight));
        let has_room = self.room.is_none() || left.is_some();
        if fatal || (has_room && self.problems.len() < PROBLEMS) {
            self.room = self.room.and(left);
            self.problems.push(LayerProblem {
                entries,
                error,
                fatal,
            });
        } else if !self.is_cut {
            self.is_cut = true;
            let error = ArchiveError::limit(format!(
                "more than {} problems in one layer",
                self.problems.len()
            ));
            self.problems.push(LayerProblem {
                entries: Vec::new(),
                error,
                fatal: false,
            });
        }
    }
}

impl LayerProblem {
    /// A blob that is not there; no fault when its publisher keeps it elsewhere.
    pub fn missing(foreign: bool) -> Self {
        let error = match foreign {
            true => ArchiveError::unsupported("the layer is kept elsewhere by its publisher"),
            false => ArchiveError::new(Reason::Unreadable, super::NO_LAYER),
        };
        Self {
            entries: Vec::new(),
            error,
            fatal: !foreign,
        }
    }

    /// A name that has no place in the root.
    pub fn misplaced(path: &[u8], why: &str) -> Self {
        let entries = if path.is_empty() {
            Vec::new()
        } else {
            vec![path.to_vec()]
        };
        Self {
            entries,
            error: ArchiveError::malformed(why),
            fatal: false,
        }
    }
}

/// Reads one layer to its end, in a scope of its own.
pub fn scan<P: Payload>(
    reader: &mut dyn Read,
    blob: &Blob,
    scope: &Scope,
    options: &Options,
    examine: &dyn Examine<P>,
) -> LayerScan<P> {
    scan_blob_as(reader, blob, None, scope, options, examine)
}

/// Reads a blob to its end: a layer when it is a tar archive, whatever its compression, else a file of this name.
pub fn scan_any<P: Payload>(
    reader: &mut dyn Read,
    blob: &Blob,
    name: &str,
    scope: &Scope,
    options: &Options,
    examine: &dyn Examine<P>,
) -> LayerScan<P> {
    scan_blob_as(reader, blob, Some(name), scope, options, examine)
}

fn scan_blob_as<P: Payload>(
    reader: &mut dyn Read,
    blob: &Blob,
    name: Option<&str>,
    scope: &Scope,
    options: &Options,
    examine: &dyn Examine<P>,
) -> LayerScan<P> {
    let mut scan = LayerScan::with_room(options);
    let mut hasher = Some(
        blob.digest
            .map_or_else(Hasher::sha256, |d| Hasher::like(&d)),
    );
    let mut tar_hasher = options.verify_diffid.then(Hasher::sha256);
    let (mut size, mut tar_size) = (0, 0);
    let result = guarded(|| {
        let raw = Hashing {
            inner: &mut *reader,
            hasher: &mut hasher,
            count: &mut size,
        };
        read_tar(
            Box::new(raw),
            name,
            scope,
            &mut tar_hasher,
            &mut tar_size,
            options,
            examine,
            &mut scan,
        )
    });
    let fault = || Err(ArchiveError::new(Reason::Internal, FAULT));
    let result = result.unwrap_or_else(fault);
    scan.kept.finish();
    let complete = result.is_ok();
    // Also after an error: a wrong digest explains a broken stream, not the other way round.
    let rest = io::copy(
        &mut Hashing {
            inner: reader,
            hasher: &mut hasher,
            count: &mut size,
        }
        .take(options.limits.expanded),
        &mut io::sink(),
    );
    scan.size = size;
    if rest.is_ok() {
        scan.digest = hasher.map(Hasher::finish);
    }
    if complete {
        scan.diff_id = tar_hasher.map(Hasher::finish);
    }
    if let Err(error) = result {
        scan.problem(Vec::new(), error, false);
    }
    match rest {
        Err(error) => scan.problem(Vec::new(), error.into(), true),
        Ok(_) => {
            if let (Some(want), Some(got)) = (blob.digest, scan.digest)
                && want != got
            {
                scan.problem(Vec::new(), wrong_digest(got, want), true);
            }
        }
    }
    scan
}

fn wrong_digest(got: Digest, want: Digest) -> ArchiveError {
    ArchiveError::malformed(format!(
        "the layer's digest is {got}, its manifest says {want}"
    ))
}

/// Without a `name` everything is taken for a tar archive.
#[allow(clippy::too_many_arguments)]
fn read_tar<'a, P: Payload>(
    raw: Box<dyn Read + 'a>,
    name: Option<&str>,
    scope: &'a Scope,
    tar_hasher: &'a mut Option<Hasher>,
    tar_size: &'a mut u64,
    options: &Options,
    examine: &dyn Examine<P>,
    scan: &mut LayerScan<P>,
) -> Result<(), ArchiveError> {
    let mut plain = decompress(raw, scope)?;
    scan.compressed = plain.codec().is_some();
    let mut hashing;
    let tar: &mut dyn Read = if tar_hasher.is_some() {
        hashing = Hashing {
            inner: &mut plain,
            hasher: tar_hasher,
            count: tar_size,
        };
        &mut hashing
    } else {
        &mut plain
    };
    let mut feed = Feed::new(tar);
    if let Some(name) = name
        && !is_tar(&mut feed)?
    {
        scan.is_file = true;
        return one_file(&mut feed, name, scope, options, examine, scan);
    }
    let mut files = Files {
        options,
        examine,
        scope,
        head: vec![0; stream::HEAD],
        scan,
    };
    tar::read(&mut feed, scope, Ending::Marker, &mut |entry, body| {
        files.entry(entry, body)
    })?;
    tar::pass_padding(&mut feed)
}

/// Whether a tar archive comes next; one without entries is zeros.
fn is_tar(feed: &mut Feed<'_>) -> io::Result<bool> {
    let head = feed.peek(1024)?;
    let is_empty = head.len() == 1024 && head.iter().all(|byte| *byte == 0);
    Ok(is_empty
        || matches!(
            sniff(head),
            Some(archive::Kind::Format(archive::Format::Tar))
        ))
}

/// What comes next is one file.
fn one_file<P: Payload>(
    feed: &mut Feed<'_>,
    name: &str,
    scope: &Scope,
    options: &Options,
    examine: &dyn Examine<P>,
    scan: &mut LayerScan<P>,
) -> Result<(), ArchiveError> {
    let place = Place {
        entries: vec![name.as_bytes().to_vec()],
        ..Place::default()
    };
    let collector = Collector::new(examine, options, Walked::Artifact, BOUNDS);
    let walker = Walker {
        receiver: &collector,
        scope,
    };
    let read = walker.stream(feed, &place, options.depth);
    scan.collected(collector, &place, (0, 0, 0o644));
    read.map(|_| ())
}

/// Takes the entries of one layer.
struct Files<'s, P> {
    options: &'s Options,
    examine: &'s dyn Examine<P>,
    scope: &'s Scope,
    head: Vec<u8>,
    scan: &'s mut LayerScan<P>,
}

impl<P: Payload> Files<'_, P> {
    fn entry(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Flow> {
        if let tar::Kind::Unread(error) = &entry.kind {
            let mut name = entry.name.clone();
            name.truncate(self.options.limits.path);
            let entries = Some(name).filter(|name| !name.is_empty());
            self.scan
                .problem(entries.into_iter().collect(), error.clone(), false);
            return Ok(Flow::Continue);
        }
        if entry.name.len() > self.options.limits.path {
            let text = format!(
                "a name of {} bytes, {} are allowed",
                entry.name.len(),
                self.options.limits.path
            );
            let name = entry.name.get(..200).unwrap_or(&entry.name).to_vec();
            self.scan
                .problem(vec![name], ArchiveError::limit(text), false);
            return Ok(Flow::Continue);
        }
        let kind = match &entry.kind {
            tar::Kind::File => {
                let found = self.file(entry, body)?;
                Kind::File {
                    found,
                    empty: entry.size == 0,
                }
            }
            tar::Kind::HardLink(to) => Kind::HardLink(to),
            tar::Kind::SymLink(to) => Kind::Symlink(to),
            tar::Kind::Dir => Kind::Dir,
            tar::Kind::Other(_) | tar::Kind::Unread(_) => Kind::Other,
        };
        self.scan.names.push(&Name {
            path: &entry.name,
            kind,
            mode: entry.mode,
        });
        Ok(Flow::Continue)
    }

    /// A database of packages, which counts when all layers are known.
    fn database(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Option<u32>> {
        let kept = match self.scan.kept.keep(body, entry.size)? {
            Ok(kept) => kept,
            Err(error) => {
                self.scan.problem(vec![entry.name.clone()], error, false);
                return Ok(None);
            }
        };
        let found = u32::try_from(self.scan.found.len()).ok();
        self.scan.found.push(FoundFile {
            uid: 0,
            gid: 0,
            mode: 0,
            programs: Vec::new(),
            digests: None,
            kept: Some(kept),
        });
        Ok(found)
    }

    /// Most files are no programs: those cost one short copy of their first bytes.
    fn file(&mut self, entry: &Entry, body: &mut dyn Read) -> io::Result<Option<u32>> {
        self.examine.entry_seen(entry.size);
        if self.examine.keeps(&entry.name) {
            return self.database(entry, body);
        }
        if self.examine.too_small(entry.size) {
            return Ok(None);
        }
        let mut len = fill(body, &mut self.head[..stream::GLANCE])?;
        if stream::needs_more(&self.head[..len]) {
            len += fill(body, &mut self.head[len..])?;
        } else if foreign::may_be_disk(&self.head[..len]) {
            self.head.resize(foreign::DEEP, 0);
            len += fill(body, &mut self.head[len..])?;
            self.head.resize(stream::HEAD.max(len), 0);
        }
        let head = &self.head[..len];
        let place = Place {
            entries: vec![entry.name.clone()],
            mode: Some(entry.mode),
            uid: Some(entry.uid),
            gid: Some(entry.gid),
        };
        let nested = self.options.archives && sniff(head).is_some();
        if !nested && self.examine.wants(&place, head, Some(entry.size)) == Want::Skip {
            return Ok(None);
        }
        let collector = Collector::new(self.examine, self.options, Walked::LayerFile, BOUNDS);
        let mut whole = head.chain(body);
        let mut feed = Feed::new(&mut whole);
        let walker = Walker {
            receiver: &collector,
            scope: self.scope,
        };
        let read = walker.file(&mut feed, entry.size, &place, self.options.depth);
        let owner = (entry.uid, entry.gid, entry.mode);
        let found = self.scan.collected(collector, &place, owner);
        read?;
        Ok(found)
    }
}

/// Reads until `out` is full or the body ends.
fn fill(body: &mut dyn Read, out: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while let Some(rest) = out.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match body.read(rest)? {
            0 => break,
            n => len += n,
        }
    }
    Ok(len)
}
