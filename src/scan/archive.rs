//! One archive: what a walk through it meets is told when all of it was read, because a later name may be a link to an earlier one.

use super::container::placed;
use super::examine::{Content, Inner};
use super::place::Outer;
use super::told::Told;
use super::{Event, Examiner};
use crate::bytes::base64;
use crate::bytes::guard::{FAULT, guarded};
use crate::record::{Location, Owner, Unexamined};
use crate::source::archive::{
    ArchiveError, Candidate, Input, Place, Reason, Receiver, Scope, Walker, Want, forget,
};
use crate::source::image::{self, Examine, Host, Scan};
use crate::source::packages::Ownership;
use crate::source::shelf::Shelved;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Hard links to programs that one archive may have; a large record counts for several.
const LINKS: u64 = 20_000;

/// Which part of the memory things not examined in one archive may take.
const PROBLEMS: u64 = 16;

impl Examiner<'_> {
    /// Walks one archive.
    pub(super) fn archive(
        &self,
        around: &Scope,
        input: Input<'_>,
        outer: &Outer,
        tell: &mut dyn FnMut(Told),
    ) {
        let scope = around.nested();
        let met = Met {
            examiner: self,
            outer,
            found: Mutex::default(),
        };
        let walker = Walker {
            receiver: &met,
            scope: &scope,
        };
        if guarded(|| walker.walk(input, &Place::default())).is_none() {
            met.unexamined(
                &Place::default(),
                &ArchiveError::new(Reason::Internal, FAULT),
            );
        }
        let found = met
            .found
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let surroundings = self.given();
        // What is in a file of a package belongs to the package.
        let open =
            |noted: &Noted| matches!(noted, Noted::Program(record) if record.owned.owner.is_none());
        let owned = match found.all.iter().any(open) {
            true => self.owned(outer),
            false => Ownership::default(),
        };
        let unlisted = found.unlisted;
        for one in found.all {
            tell(match one {
                Noted::Program(mut record) => {
                    if record.owned.owner.is_none() {
                        record.owned = owned.clone();
                    }
                    Told::later(record, &surroundings)
                }
                Noted::Other(event) => event.into(),
                Noted::Images(scans) => {
                    scans
                        .into_iter()
                        .for_each(|scan| self.images(scan, outer, tell));
                    continue;
                }
            });
        }
        if unlisted > 0 {
            let detail = format!("{unlisted} more things in it are not examined, and not listed");
            tell(self.problem(outer, Reason::Limit.as_str(), &detail, false));
        }
    }
}

/// Takes what a walk through one archive meets.
struct Met<'m> {
    examiner: &'m Examiner<'m>,
    outer: &'m Outer,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    all: Vec<Noted>,
    /// Where in `all` it is what was told of an entry, for hard links to it; what is in it stands behind it.
    by_entry: BTreeMap<Vec<Vec<u8>>, (usize, usize)>,
    /// Packages: the archive itself, or in it.
    packages: BTreeMap<Vec<Vec<u8>>, Arc<Owner>>,
    /// Names of programs that are hard links.
    links: u64,
    /// Bytes of memory that things not examined take.
    problems: u64,
    /// Things not examined that are not listed.
    unlisted: u64,
}

/// What is told at the end.
#[derive(Clone)]
enum Noted {
    Program(Shelved),
    Other(Event),
    Images(Vec<Scan>),
}

impl Met<'_> {
    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Path for a person, names as text, and the raw path where text cannot hold it.
    fn path(&self, place: &Place) -> (String, Vec<String>, Option<String>) {
        let entries: Vec<String> = place
            .entries
            .iter()
            .map(|e| String::from_utf8_lossy(e).into_owned())
            .collect();
        let mut path = self.outer.shown.clone();
        for entry in &entries {
            path.push('!');
            path.push_str(entry);
        }
        let odd = self.outer.raw.is_some()
            || place
                .entries
                .iter()
                .any(|e| std::str::from_utf8(e).is_err());
        let raw = odd.then(|| {
            let mut bytes = self
                .outer
                .raw
                .clone()
                .unwrap_or_else(|| self.outer.shown.clone().into_bytes());
            for entry in &place.entries {
                bytes.push(b'!');
                bytes.extend_from_slice(entry);
            }
            base64::encode(&bytes)
        });
        (path, entries, raw)
    }

    fn location(&self, place: &Place, entries: Vec<String>) -> Location {
        Location {
            target: self.outer.target.clone(),
            file: self.outer.file.clone(),
            entry: entries,
            mode: place.mode,
            uid: place.uid,
            gid: place.gid,
            ..Location::default()
        }
    }

    /// Lists what is not examined, as long as there is memory for it: an archive may hold a million broken programs.
    fn not_examined(&self, place: &Place, reason: &str, detail: &str) {
        let (path, entries, _) = self.path(place);
        let thing = Unexamined {
            path,
            location: self.location(place, entries),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
        };
        let mut all = self.lock();
        let nothing = place.entries.is_empty() && all.all.is_empty();
        all.problems += thing.weight();
        if all.problems > self.examiner.options.memory / PROBLEMS && !place.entries.is_empty() {
            all.unlisted += 1;
            return;
        }
        let first = all.all.len();
        all.all.push(Noted::Other(Event::Unexamined {
            thing,
            fatal: self.outer.named && nothing,
        }));
        all.note(place, first);
    }

    /// What of a file with programs is not examined.
    fn rest(&self, place: &Place, inner: &Inner) {
        for (reason, detail) in &inner.rest {
            self.not_examined(place, reason, detail);
        }
    }

    fn add(&self, place: &Place, found: impl IntoIterator<Item = Shelved>) {
        let (path, entries, raw) = self.path(place);
        let mut all = self.lock();
        let first = all.all.len();
        for mut binary in found {
            let member = binary.location.entry.pop();
            binary.path = match &member {
                Some(member) => format!("{path}!{member}"),
                None => path.clone(),
            };
            binary.path_bytes.clone_from(&raw);
            binary.owned.owner = place.within(&all.packages).cloned();
            let slice = binary.location.slice.take();
            binary.location = self.location(place, entries.iter().cloned().chain(member).collect());
            binary.location.slice = slice;
            all.all.push(Noted::Program(binary));
        }
        all.note(place, first);
    }
}

impl Found {
    /// Remembers that what was told from `first` on is about this entry.
    fn note(&mut self, place: &Place, first: usize) {
        let last = self.all.len();
        if last == first || place.is_empty() {
            return;
        }
        match self.by_entry.get_mut(&place.entries) {
            // More of the same: another program of the file.
            Some(range) if range.1 == first => range.1 = last,
            Some(range) => *range = (first, last),
            None => {
                self.by_entry.insert(place.entries.clone(), (first, last));
            }
        }
    }
}

impl Receiver for Met<'_> {
    fn entry_seen(&self, place: &Place, _size: u64) {
        #[cfg(test)]
        crate::bytes::guard::trip::over(&place.entries.concat());
        Examine::entry_seen(self.examiner, 0);
        let mut all = self.lock();
        forget(&mut all.by_entry, place);
        forget(&mut all.packages, place);
    }

    fn package(&self, place: &Place, owner: Owner) {
        let mut all = self.lock();
        all.packages.insert(place.entries.clone(), Arc::new(owner));
    }

    fn too_small(&self, size: u64) -> bool {
        self.examiner.too_small(size)
    }

    fn below_floor(&self, size: u64) -> bool {
        self.examiner.below_floor(size)
    }

    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
        self.examiner.want(place, head, size)
    }

    fn candidate(&self, candidate: &Candidate<'_>) {
        match self.examiner.kept_program(candidate.bytes) {
            Content::Go(found) => {
                let mut kept = Vec::new();
                for (binary, inner) in found {
                    self.rest(candidate.place, &inner);
                    match self.examiner.shelf.put(binary, candidate.place.len()) {
                        Ok(record) => kept.push(placed((record, inner))),
                        Err(error) => self.unexamined(candidate.place, &error),
                    }
                }
                self.add(candidate.place, kept);
            }
            Content::NotGo(_) => self.examiner.count_not_go(),
            Content::Unexamined(reason, detail) => {
                self.not_examined(candidate.place, reason, &detail);
            }
            Content::Waiting(kept) => {
                for (_, inner) in &kept {
                    self.rest(candidate.place, inner);
                }
                self.add(candidate.place, kept.into_iter().map(placed));
            }
            Content::Container | Content::Packed => {}
        }
    }

    fn alias(&self, of: &Place, place: &Place) {
        let mut all = self.lock();
        if all.links > LINKS {
            return;
        }
        let same = all.by_entry.range(of.entries.clone()..);
        let same = same.take_while(|(entries, _)| entries.starts_with(&of.entries));
        let mut copies = Vec::new();
        let mut count = 0;
        // A container may have much in it.
        for (entries, &(from, to)) in same {
            if all.links + count > LINKS {
                break;
            }
            // What stands behind the names of the entry itself is inside it.
            let inside = entries.get(of.entries.len()..).unwrap_or_default();
            for noted in all.all.get(from..to).unwrap_or_default() {
                count += match noted {
                    Noted::Program(record) => record.names(),
                    Noted::Other(_) | Noted::Images(_) => 1,
                };
                copies.push((inside.to_vec(), noted.clone()));
            }
        }
        all.links += count;
        let within = all.links <= LINKS;
        // Links mean the last file of a name.
        forget(&mut all.by_entry, place);
        drop(all);
        if !within {
            self.unexamined(&Place::default(), &ArchiveError::too_many_links(LINKS));
            return;
        }
        for (inside, noted) in copies {
            let mut there = place.clone();
            let depth = of.entries.len() + inside.len();
            there.entries.extend(inside);
            match noted {
                Noted::Program(mut record) => {
                    if there.entries.len() > place.entries.len() {
                        let location = &record.location;
                        (there.mode, there.uid, there.gid) =
                            (location.mode, location.uid, location.gid);
                    }
                    // What is left is a member of an archive that the reader of programs opens.
                    record.location.entry = record.location.entry.split_off(depth);
                    self.add(&there, [record]);
                }
                Noted::Other(Event::Unexamined { thing, .. }) => {
                    self.not_examined(&there, &thing.reason, &thing.detail);
                }
                Noted::Other(_) | Noted::Images(_) => {}
            }
        }
    }

    fn host(&self, place: &Place) -> Option<Host<'_>> {
        let (path, entry, _) = self.path(place);
        let options = image::Options {
            entry,
            // Paths of an image that is the whole target begin at its root.
            prefix: match place.is_empty() {
                true => String::new(),
                false => format!("{path}!"),
            },
            name: path,
            reference: None,
            ..self.examiner.image_options(self.outer)
        };
        Some(Host {
            options,
            examine: self.examiner,
        })
    }

    fn record(&self, place: &Place, record: Shelved) {
        self.add(place, [record]);
    }

    fn images(&self, _place: &Place, scans: Vec<Scan>) {
        self.lock().all.push(Noted::Images(scans));
    }

    fn unexamined(&self, place: &Place, problem: &ArchiveError) {
        self.not_examined(place, problem.reason.as_str(), &problem.detail);
    }
}
