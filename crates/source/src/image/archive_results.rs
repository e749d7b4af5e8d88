//! Results of archives from earlier runs: an archive whose result is in the cache is only read to compute its digest.

use super::collect::{Collected, WalkItem};
use super::digest::{Digest, Hasher};
use super::stored::{StoredProblem, StoredProgram, is_lasting_problem};
use super::{Examine, ImageOptions, LayerCache, LayerCounts, Payload};
use crate::archive::Place;
use crate::cache::Cache;
use gospect_bytes::ReadAt;
use serde::{Deserialize, Serialize};

/// Version of the stored form; part of the name of every entry.
const FORM: u32 = 1;

/// Smaller archives are read again, which takes hardly longer than to compute their digest.
const MIN_SIZE: u64 = 1 << 20;

/// The entry of one archive in the cache.
pub struct ArchiveResults<'c, P> {
    cache: &'c dyn LayerCache<P>,
    folder: &'c Cache,
    name: String,
    options: &'c ImageOptions,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    counts: LayerCounts,
    items: Vec<StoredItem>,
}

#[derive(Serialize, Deserialize)]
enum StoredItem {
    Program(Box<StoredProgram>),
    /// A problem, and mode, user and group of its place.
    Problem(StoredProblem, Option<u32>, Option<u64>, Option<u64>),
}

impl<'c, P: Payload> ArchiveResults<'c, P> {
    /// Reads the archive once to compute its digest. `None`: without a cache, for a short archive, and if it cannot be read.
    pub fn of(
        bytes: &dyn ReadAt,
        examine: &'c dyn Examine<P>,
        options: &'c ImageOptions,
    ) -> Option<Self> {
        let cache = examine.cache()?;
        let folder = cache.folder()?;
        let digest = (bytes.len() >= MIN_SIZE).then(|| digest(bytes)).flatten()?;
        let name = format!(
            "archive {FORM} {digest} {} {} {:?} {} {}",
            options.archives,
            options.depth,
            options.limits,
            options.budget.total(),
            cache.settings()
        );
        Some(Self {
            cache,
            folder,
            name,
            options,
        })
    }

    /// The result of an earlier run; its counts are added to those of this one.
    pub fn known(&self) -> Option<Collected<P>> {
        let bytes = self.folder.get(&self.name)?;
        let _memory = self.options.budget.take(bytes.len() as u64);
        let known = self.decode(&bytes);
        if known.is_none() {
            self.folder.reject_hit();
        }
        let (collected, counts) = known?;
        self.cache.add(&counts);
        Some(collected)
    }

    /// Reads the archive by `read`, and puts the result into the cache.
    pub fn collect(&self, read: &dyn Fn(&dyn Examine<P>) -> Collected<P>) -> Collected<P> {
        let mut collected = None;
        let counts = self
            .cache
            .count(&mut |examine| collected = Some(read(examine)));
        self.cache.add(&counts);
        let collected = collected.unwrap_or_default();
        if let Some(bytes) = self.encode(&collected, counts) {
            self.folder.put(&self.name, &bytes);
        }
        collected
    }

    fn encode(&self, collected: &Collected<P>, counts: LayerCounts) -> Option<Vec<u8>> {
        if collected.unlisted > 0 || collected.too_many_links {
            return None;
        }
        let items = collected.found.iter().map(|item| match item {
            WalkItem::Program(item) => {
                let encode = |program: &P| self.cache.encode(program);
                Some(StoredItem::Program(Box::new(StoredProgram::of(
                    item, &encode,
                )?)))
            }
            WalkItem::Problem(place, error) => is_lasting_problem(error).then(|| {
                let problem = StoredProblem::of(&place.entries, error);
                StoredItem::Problem(problem, place.mode, place.uid, place.gid)
            }),
            // Images in archives are rare, and are read again.
            WalkItem::Images(_) => None,
        });
        let items = items.collect::<Option<_>>()?;
        serde_json::to_vec(&Stored { counts, items }).ok()
    }

    fn decode(&self, bytes: &[u8]) -> Option<(Collected<P>, LayerCounts)> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let decode = |text: &str, name_length: usize| self.cache.decode(text, name_length);
        let found = stored.items.iter().map(|item| match item {
            StoredItem::Program(program) => Some(WalkItem::Program(program.program(&decode)?)),
            StoredItem::Problem(problem, mode, uid, gid) => {
                let (entries, error) = problem.problem()?;
                let place = Place {
                    entries,
                    mode: *mode,
                    uid: *uid,
                    gid: *gid,
                };
                Some(WalkItem::Problem(place, error))
            }
        });
        let collected = Collected {
            found: found.collect::<Option<_>>()?,
            ..Collected::default()
        };
        Some((collected, stored.counts))
    }
}

/// SHA-256 of the whole file.
fn digest(bytes: &dyn ReadAt) -> Option<Digest> {
    let mut hasher = Hasher::sha256();
    let mut piece = vec![0; 256 << 10];
    let mut offset = 0;
    while offset < bytes.len() {
        let read = bytes
            .read_at(&mut piece, offset)
            .ok()
            .filter(|read| *read > 0)?;
        hasher.update(piece.get(..read)?);
        offset += read as u64;
    }
    Some(hasher.finish())
}
