//! Collects what a walk finds in one archive, or in one file of a layer. The result is complete only when the walk is over,
//! because a later name may be a hard link to an earlier one.

use super::{Examine, ImageOptions, ImagePlace, Payload, StoreScan};
use crate::archive::{
    ArchiveError, Candidate, Feed, Members, Place, Receiver, Scope, Want, forget,
};
use crate::packages::{Digests, Ownership};
use gospect_record::Owner;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most names (hard links) of programs in one archive or image; a large record counts as several.
///
/// A number and no share of a [`Budget`](gospect_bytes::Budget), because it limits the output: each name becomes a whole record, of
/// 64 KiB at most for each name that it counts as. In memory all names of a program share one record, which is counted where it
/// waits; a further name takes about 1 KB.
pub const MOST_NAMES: u64 = 20_000;

/// A program at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedProgram<P> {
    /// Place of the program.
    pub place: Place,
    /// The package that the program belongs to.
    pub owned: Ownership,
    /// The result of examining it.
    pub program: P,
}

/// A result of a walk.
#[derive(Clone, Debug, PartialEq)]
pub enum WalkItem<P> {
    /// A program.
    Program(PlacedProgram<P>),
    /// An entry that was not or not completely examined.
    Problem(Place, ArchiveError),
    /// Images among the members of an archive.
    Images(Vec<StoreScan<P>>),
}

/// The kind of thing that is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// An archive that is a target or a file of a directory.
    Archive,
    /// A file of a layer, by its absolute path in the root.
    LayerFile,
    /// A layer of an artifact: a file, not a file system.
    Artifact,
}

/// Limits on the results of one archive.
#[derive(Clone, Copy, Debug)]
pub struct CollectLimits {
    /// Hard links to programs; a large record counts as several.
    pub links: u64,
    /// Number of problems.
    pub problems: usize,
    /// Bytes of memory for problems.
    pub bytes: u64,
}

/// All results of a walk.
pub struct Collected<P> {
    /// The results, in the order they were found.
    pub found: Vec<WalkItem<P>>,
    /// Number of problems beyond the limits.
    pub unlisted: u64,
    /// Set when there were more hard links to programs than the limit.
    pub too_many_links: bool,
    /// Digests of the file itself, if it is a program that a package may own.
    pub digests: Option<Box<Digests>>,
}

impl<P> Default for Collected<P> {
    fn default() -> Self {
        Self {
            found: Vec::new(),
            unlisted: 0,
            too_many_links: false,
            digests: None,
        }
    }
}

struct State<P> {
    found: Vec<WalkItem<P>>,
    /// Indexes into `found` by entry, for hard links to it. Results inside an entry come after it in this order.
    by_entry: BTreeMap<Vec<Vec<u8>>, Vec<usize>>,
    /// Packages by place: the archive itself, or packages inside it.
    packages: BTreeMap<Vec<Vec<u8>>, Arc<Owner>>,
    /// Hard links to programs so far.
    links: u64,
    /// Number of problems, and the memory that they take.
    problems: usize,
    problem_bytes: u64,
    unlisted: u64,
    digests: Option<Box<Digests>>,
}

impl<P: Payload> State<P> {
    fn add(&mut self, place: &Place, found: WalkItem<P>) {
        if !place.is_empty() {
            let index = self.found.len();
            let entry = self.by_entry.entry(place.entries.clone());
            entry.or_default().push(index);
        }
        self.found.push(found);
    }

    fn program(&mut self, mut item: PlacedProgram<P>) {
        if item.owned.owner.is_none() {
            item.owned.owner = item.place.within(&self.packages).cloned();
        }
        self.add(&item.place.clone(), WalkItem::Program(item));
    }

    /// Adds a problem while there is memory for it: an archive may hold a million broken programs.
    fn problem(&mut self, place: &Place, problem: &ArchiveError, bounds: &CollectLimits) {
        // Path and location of the problem both hold the names; the location also allocates each.
        let names = place
            .entries
            .iter()
            .map(|e| 2 * e.len() + 40)
            .sum::<usize>();
        self.problems += 1;
        self.problem_bytes += (800 + names + problem.detail.len()) as u64;
        let is_over = self.problems > bounds.problems || self.problem_bytes > bounds.bytes;
        if is_over && !place.is_empty() {
            self.unlisted += 1;
        } else {
            self.add(place, WalkItem::Problem(place.clone(), problem.clone()));
        }
    }
}

/// Collects the results of a walk.
pub struct Collector<'e, P> {
    examine: &'e dyn Examine<P>,
    options: ImageOptions,
    walked: Walked,
    bounds: CollectLimits,
    state: Mutex<State<P>>,
}

impl<'e, P: Payload> Collector<'e, P> {
    /// An empty collector. `options` apply to images inside what is walked, and give its place.
    pub fn new(
        examine: &'e dyn Examine<P>,
        options: &ImageOptions,
        walked: Walked,
        bounds: CollectLimits,
    ) -> Self {
        Self {
            examine,
            options: options.clone(),
            walked,
            bounds,
            state: Mutex::new(State {
                found: Vec::new(),
                by_entry: BTreeMap::new(),
                packages: BTreeMap::new(),
                links: 0,
                problems: 0,
                problem_bytes: 0,
                unlisted: 0,
                digests: None,
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All results.
    pub fn finish(self) -> Collected<P> {
        let state = self.state.into_inner();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        Collected {
            too_many_links: state.links > self.bounds.links,
            found: state.found,
            unlisted: state.unlisted,
            digests: state.digests,
        }
    }

    /// Adds the images found among the members of the archive at `place`.
    pub(super) fn images(
        &self,
        place: &Place,
        loose: Vec<PlacedProgram<P>>,
        problems: Vec<(Place, ArchiveError)>,
        scans: Vec<StoreScan<P>>,
    ) {
        let mut state = self.lock();
        for mut item in loose {
            item.place = item.place.below(place);
            state.program(item);
        }
        for (inner, problem) in problems {
            state.problem(&inner.below(place), &problem, &self.bounds);
        }
        if !scans.is_empty() {
            state.found.push(WalkItem::Images(scans));
        }
    }

    /// The place of an image in the archive at `place`.
    fn around(&self, place: &Place) -> ImagePlace {
        let around = &self.options.around;
        if place.is_empty() {
            return around.clone();
        }
        let names = place.entries.iter();
        let mut names: Vec<String> = names
            .map(|e| String::from_utf8_lossy(e).into_owned())
            .collect();
        if self.walked == Walked::LayerFile
            && let Some(first) = names.first_mut()
        {
            *first = format!("/{}", first.trim_start_matches('/'));
        }
        let path = names.join("!");
        let name = format!("{}!{path}", around.name);
        ImagePlace {
            prefix: match self.walked {
                Walked::Archive => format!("{name}!"),
                _ => format!("{}{path}!", around.prefix),
            },
            name,
            entry: around.entry.iter().cloned().chain(names).collect(),
        }
    }
}

impl<P: Payload> Receiver for Collector<'_, P> {
    fn entry_seen(&self, place: &Place, size: u64) {
        #[cfg(debug_assertions)]
        gospect_bytes::guard::test_panic::on_bytes(&place.entries.concat());
        let mut state = self.lock();
        forget(&mut state.by_entry, place);
        forget(&mut state.packages, place);
        drop(state);
        // A file of a layer has been counted by the layer's reader.
        if self.walked == Walked::Archive || place.entries.len() > 1 {
            self.examine.entry_seen(size);
        }
    }

    fn too_small(&self, size: u64) -> bool {
        self.examine.too_small(size)
    }

    fn below_floor(&self, size: u64) -> bool {
        self.examine.below_floor(size)
    }

    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
        self.examine.wants(place, head, size)
    }

    fn package(&self, place: &Place, owner: Owner) {
        let mut state = self.lock();
        state
            .packages
            .insert(place.entries.clone(), Arc::new(owner));
    }

    fn candidate(&self, candidate: &Candidate<'_>) {
        let place = candidate.place;
        let programs = self.examine.examine(candidate);
        let digests = match place.entries.as_slice() {
            [name]
                if self.walked != Walked::Archive
                    && !programs.is_empty()
                    && self.examine.digests(name) =>
            {
                Digests::of(candidate.bytes).ok().map(Box::new)
            }
            _ => None,
        };
        let mut state = self.lock();
        state.digests = digests;
        for program in programs {
            match program {
                Ok(program) => state.program(PlacedProgram {
                    place: place.clone(),
                    owned: Ownership::default(),
                    program,
                }),
                Err(problem) => state.problem(place, &problem, &self.bounds),
            }
        }
    }

    fn alias(&self, of: &Place, place: &Place) {
        let mut state = self.lock();
        let most = self.bounds.links;
        if state.links > most {
            return;
        }
        let targets = state.by_entry.range(of.entries.clone()..);
        let targets = targets.take_while(|(entries, _)| entries.starts_with(&of.entries));
        let mut copies = Vec::new();
        let mut links = state.links;
        // A container may hold several results.
        for (entries, indexes) in targets {
            if links > most {
                break;
            }
            let inside = entries.get(of.entries.len()..).unwrap_or_default();
            let mut link = place.clone();
            link.entries.extend_from_slice(inside);
            for found in indexes.iter().filter_map(|index| state.found.get(*index)) {
                let mut link = link.clone();
                match found {
                    WalkItem::Program(item) => {
                        links += item.program.names();
                        if !inside.is_empty() {
                            let at = &item.place;
                            (link.mode, link.uid, link.gid) = (at.mode, at.uid, at.gid);
                        }
                        copies.push(WalkItem::Program(PlacedProgram {
                            place: link,
                            ..item.clone()
                        }));
                    }
                    WalkItem::Problem(_, problem) => {
                        links += 1;
                        copies.push(WalkItem::Problem(link, problem.clone()));
                    }
                    WalkItem::Images(_) => {}
                }
            }
        }
        state.links = links;
        // A later link to this name leads to the new file.
        forget(&mut state.by_entry, place);
        if links > most {
            if self.walked == Walked::Archive {
                let problem = ArchiveError::too_many_links(most);
                state.problem(&Place::default(), &problem, &self.bounds);
            }
            return;
        }
        for found in copies {
            match found {
                WalkItem::Program(item) => state.program(item),
                WalkItem::Problem(place, problem) => state.problem(&place, &problem, &self.bounds),
                WalkItem::Images(_) => {}
            }
        }
    }

    fn keeps_whole(&self, feed: &mut Feed<'_>) -> bool {
        super::may_have_odd_names(feed)
    }

    fn members<'s>(
        &'s self,
        place: &Place,
        depth: u32,
        scope: &'s Scope,
    ) -> Option<Box<dyn Members + 's>> {
        let options = ImageOptions {
            around: self.around(place),
            reference: None,
            depth: depth.saturating_add(2),
            ..self.options.clone()
        };
        Some(super::members(self, options, self.examine, scope))
    }

    fn unexamined(&self, place: &Place, problem: &ArchiveError) {
        self.lock().problem(place, problem, &self.bounds);
    }
}
