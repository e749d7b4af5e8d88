//! The result of one pass over a layer: names, programs, package databases, digests, problems.

use super::digest::Digest;
use super::kept::KeptFiles;
use super::names::{NameKind, Names};
use super::store::Blob;
use super::{
    CollectLimits, Collector, ImageOptions, MOST_NAMES, Payload, PlacedProgram, StoreScan, WalkItem,
};
use crate::archive::place::{Place, clean};
use crate::archive::{ArchiveError, Reason};
use crate::packages::Digests;
use gospect_bytes::Use;
use std::collections::HashMap;

mod blobs;
mod read;
mod stored;
#[cfg(test)]
mod tests;

pub use blobs::scan_all;
pub use read::scan;

/// Most problems of one layer that are reported one by one, within their share of the memory. One more line counts the others.
const PROBLEMS_LIMIT: usize = 1000;
/// Limits on an archive inside a layer: hard links to programs become full records. One problem more than is listed shows that
/// there are more.
const ARCHIVE_LIMITS: CollectLimits = CollectLimits {
    links: 1000,
    problems: PROBLEMS_LIMIT + 1,
    bytes: u64::MAX,
};

/// The contents of one blob.
pub struct LayerScan<P> {
    /// Entries of the layer.
    pub names: Names,
    /// Files in which something was found, with the numbers used in [`NameKind::File`].
    pub found: Vec<FoundFile<P>>,
    /// Package databases.
    pub kept: KeptFiles,
    /// Problems in the layer.
    pub problems: Vec<LayerProblem>,
    /// Bytes of memory left for problems; `None`: no limit.
    problem_memory: Option<u64>,
    /// Set when there were more problems.
    is_cut: bool,
    /// Digest of the blob, if it was read to its end.
    pub digest: Option<Digest>,
    /// Digest of the tar, if it was asked for.
    pub diff_id: Option<Digest>,
    /// Size of the blob in bytes.
    pub size: u64,
    /// Whether the blob is compressed.
    pub compressed: bool,
    /// Set when the blob is one file and no tar; all places in `found` begin with its name.
    pub is_file: bool,
    /// Images in archives that are files of the layer.
    pub images: Vec<StoreScan<P>>,
}

/// A file in which something was found.
pub struct FoundFile<P> {
    /// Owner.
    pub uid: u64,
    /// Group.
    pub gid: u64,
    /// Mode.
    pub mode: u32,
    /// The programs: the file itself, or those in the archive that it is.
    pub programs: Vec<PlacedProgram<P>>,
    /// Digests of the file, if they may be compared with a package database.
    pub digests: Option<Box<Digests>>,
    /// Number among the kept files, for a package database.
    pub kept: Option<u32>,
}

impl<P: Payload> FoundFile<P> {
    /// How many names of usual size the file counts as.
    pub fn names(&self) -> u64 {
        self.programs.iter().map(|p| p.program.names()).sum()
    }
}

/// A problem in a layer.
#[derive(Clone)]
pub struct LayerProblem {
    /// Names inside the layer, outermost first; empty for the layer itself.
    pub entries: Vec<Vec<u8>>,
    /// The problem.
    pub error: ArchiveError,
    /// Whether it leads to exit code 2.
    pub fatal: bool,
}

impl<P> Default for LayerScan<P> {
    fn default() -> Self {
        Self {
            names: Names::default(),
            found: Vec::new(),
            kept: KeptFiles::default(),
            problems: Vec::new(),
            problem_memory: None,
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
    /// An empty scan whose problems and package databases have their share of the memory.
    fn with_limits(options: &ImageOptions) -> Self {
        Self {
            problem_memory: Some(Use::LayerProblems.share(options.budget.total())),
            kept: KeptFiles::new(options.budget.total()),
            ..Self::default()
        }
    }

    /// A layer that was not read, and why.
    pub fn unread(error: ArchiveError) -> Self {
        Self::failed(LayerProblem::of_layer(error, false))
    }

    /// A text file of an artifact that was kept as such.
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

    /// Every program by its names in the blob, including hard links, as in an archive named `name`.
    pub fn loose(&self, name: &[u8]) -> Vec<PlacedProgram<P>> {
        let mut all = Vec::new();
        let mut add = |item: &PlacedProgram<P>, entries: Vec<Vec<u8>>| {
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
                NameKind::File { found, .. } => found,
                NameKind::HardLink(to) => found.get(&relative(to)).copied(),
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
            if names > MOST_NAMES {
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

    /// Adds the results for the file at `place`. Returns the file's number if a program is in it.
    fn collected(
        &mut self,
        collector: Collector<'_, P>,
        place: &Place,
        (uid, gid, mode): (u64, u64, u32),
    ) -> Option<u32> {
        let collected = collector.finish();
        if collected.too_many_links {
            let error = ArchiveError::too_many_links(ARCHIVE_LIMITS.links);
            self.problem(place.entries.clone(), error, false);
        }
        let mut programs = Vec::new();
        for found in collected.found {
            match found {
                WalkItem::Program(item) => programs.push(item),
                WalkItem::Problem(place, error) => self.problem(place.entries, error, false),
                WalkItem::Images(scans) => self.images.extend(scans),
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
        // Path, location and detail each contain the names.
        let names = entries.iter().map(Vec::len).sum::<usize>();
        let size = 800 + 3 * names as u64;
        let left = self
            .problem_memory
            .and_then(|memory| memory.checked_sub(size));
        let fits = self.problem_memory.is_none() || left.is_some();
        if fatal || (fits && self.problems.len() < PROBLEMS_LIMIT) {
            self.problem_memory = self.problem_memory.and(left);
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
            self.problems.push(LayerProblem::of_layer(error, false));
        }
    }
}

impl LayerProblem {
    /// A problem of the layer as a whole.
    pub fn of_layer(error: ArchiveError, fatal: bool) -> Self {
        Self {
            entries: Vec::new(),
            error,
            fatal,
        }
    }

    /// A missing blob; no fault if its publisher hosts it elsewhere.
    pub fn missing(foreign: bool) -> Self {
        let error = match foreign {
            true => ArchiveError::unsupported("the layer is kept elsewhere by its publisher"),
            false => ArchiveError::new(Reason::Unreadable, super::NO_LAYER),
        };
        Self::of_layer(error, !foreign)
    }

    /// A name that has no place in the root.
    pub fn misplaced(path: &[u8], why: &str) -> Self {
        let entry = Some(path.to_vec()).filter(|path| !path.is_empty());
        Self {
            entries: entry.into_iter().collect(),
            error: ArchiveError::malformed(why),
            fatal: false,
        }
    }
}

fn wrong_digest(got: Digest, want: Digest) -> ArchiveError {
    ArchiveError::malformed(format!(
        "the layer's digest is {got}, its manifest says {want}"
    ))
}
