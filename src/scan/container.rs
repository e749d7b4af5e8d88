//! Archives, images and streams: what is inside them is examined as files are, and told with the place inside.

use super::examine::{Content, Inner, untold};
use super::place::Outer;
use super::told::{Surroundings, Told};
use super::{Event, Examiner, error_text};
use crate::bytes::{ReadAt, Spill, base64};
use crate::exe;
use crate::go::{Level, environment};
use crate::report::model::{Location, Unexamined};
use crate::source::archive::forget;
use crate::source::archive::stream::HEAD;
use crate::source::archive::{
    ArchiveError, Candidate, Feed, Format, Input, Kind, Place, Reason, Receiver, Scope, Walker,
    Want, decompress_as, sniff,
};
use crate::source::image::{self, Examine, ImageScan};
use crate::source::shelf::Shelved;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The label that names an image's version (OCI image spec, annotations).
const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// No compressor makes a program smaller than this part of its size: machine code and tables come down to a quarter.
const BEST_RATIO: u64 = 8;

/// Hard links to programs that one archive may have; a large record counts for several.
const LINKS: u64 = 20_000;

/// Which part of the memory things not examined in one archive may take.
const PROBLEMS: u64 = 16;

/// What kind of container a file is, by its first bytes.
pub(crate) fn container_kind(head: &[u8]) -> Option<Kind> {
    sniff(head)
}

/// What is wrong with a file that was named as an archive and is none.
pub(super) const NO_CONTAINER: &str =
    "no archive: neither compressed, nor a tar with entries, nor another known container";
const NO_IMAGE: &str = "no image is in it";

/// Whether a file is a container or compressed.
pub(super) fn is_container(bytes: &dyn ReadAt) -> bool {
    let mut head = vec![0; HEAD];
    let count = bytes.read_at(&mut head, 0).unwrap_or(0);
    sniff(head.get(..count).unwrap_or_default()).is_some()
}

impl Examiner<'_> {
    /// A file that is a container or compressed.
    pub(crate) fn container(&self, bytes: &dyn ReadAt, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        let options = self.image_options(outer);
        let mut head = [0; 512];
        let head = bytes
            .read_at(&mut head, 0)
            .ok()
            .and_then(|n| head.get(..n))
            .unwrap_or_default();
        match sniff(head) {
            // Who asks for an image gets it read in spite of members that no image has.
            Some(Kind::Format(Format::Tar))
                if outer.image || image::is_image_archive(bytes, &options) =>
            {
                let scan = self.with_threads(|| image::scan_archive(bytes, &options, self));
                return self.images(scan, outer, tell);
            }
            Some(Kind::Codec(_)) => self.stream(&mut Feed::at(bytes), outer, tell),
            _ if outer.image => tell(self.problem(outer, "unsupported", NO_IMAGE, true)),
            _ => {
                let scope = Scope::new(self.options.limits, self.budget.clone());
                self.archive(&scope, Input::Random(bytes), outer, tell);
            }
        }
        self.add_bytes(bytes.len());
    }

    /// A stream of unknown kind: a program, an archive, an image, compressed or not.
    pub(crate) fn stream(&self, feed: &mut Feed<'_>, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        let head = match feed.peek(HEAD) {
            Ok(head) => head.to_vec(),
            Err(e) => return tell(self.problem(outer, "unreadable", &error_text(&e), true)),
        };
        let scope = Scope::new(self.options.limits, self.budget.clone());
        match sniff(&head) {
            Some(Kind::Codec(codec)) => {
                match decompress_as(codec, Feed::owning(Box::new(feed)), &scope) {
                    Ok(inner) => {
                        let mut inner = Feed::owning(Box::new(inner));
                        match inner.peek(512).map(sniff) {
                            // An image inside a compressed stream is read as it comes.
                            Ok(Some(Kind::Format(_))) => {
                                self.uncompressed(&scope, &mut inner, outer, tell);
                            }
                            Ok(_) if outer.image => {
                                tell(self.problem(outer, "unsupported", NO_IMAGE, true));
                            }
                            Ok(_) => self.archive(&scope, Input::Stream(&mut inner), outer, tell),
                            Err(e) => {
                                let problem = ArchiveError::from(e);
                                tell(self.problem(
                                    outer,
                                    problem.reason.as_str(),
                                    &problem.detail,
                                    outer.named,
                                ));
                            }
                        }
                    }
                    Err(e) => tell(self.problem(outer, e.reason.as_str(), &e.detail, outer.named)),
                }
            }
            Some(Kind::Format(_)) => self.uncompressed(&scope, feed, outer, tell),
            None => self.lone_program(&head, feed, outer, tell),
        }
    }

    /// What comes out of `around`, which may hold memory for it.
    fn uncompressed(
        &self,
        around: &Scope,
        feed: &mut Feed<'_>,
        outer: &Outer,
        tell: &mut dyn FnMut(Told),
    ) {
        if outer.image || image::begins_like_image(feed).unwrap_or(false) {
            let options = self.image_options(outer);
            let scan = image::scan_stream_in(around, feed, &options, self);
            return self.images(scan, outer, tell);
        }
        self.archive(around, Input::Stream(feed), outer, tell);
    }

    /// A program that comes as a stream is kept, in memory or in a temporary file.
    fn lone_program(
        &self,
        head: &[u8],
        feed: &mut Feed<'_>,
        outer: &Outer,
        tell: &mut dyn FnMut(Told),
    ) {
        const IN_MEMORY: u64 = 8 << 20;
        self.counters
            .tally
            .files
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let content = if exe::sniff(head).is_some() {
            match Spill::collect(
                &[],
                feed,
                None,
                IN_MEMORY,
                &self.budget,
                &self.options.limits,
            ) {
                Ok(bytes) => self.program(&bytes, true),
                Err(e) => {
                    let problem = ArchiveError::from(e);
                    Content::Unexamined(problem.reason.as_str(), problem.detail)
                }
            }
        } else {
            Content::NotGo("neither an executable, an archive nor an image".to_owned())
        };
        self.tell(content, None, outer, tell);
    }

    /// A directory that is an OCI layout.
    pub(crate) fn image_directory(&self, path: &Path, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        let options = self.image_options(outer);
        let scan = self.with_threads(|| image::scan_directory(path, &options, self));
        self.images(scan, outer, tell);
    }

    /// An image of a registry.
    #[cfg(feature = "registry")]
    pub(crate) fn registry(&self, name: &str, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        let settings = crate::source::registry::Settings {
            insecure_http: self.options.insecure_http,
            ..Default::default()
        };
        let options = self.image_options(outer);
        let scan =
            self.with_threads(|| crate::source::registry::scan(name, &settings, &options, self));
        self.images(scan, outer, tell);
    }

    fn image_options(&self, outer: &Outer) -> image::Options {
        image::Options {
            limits: self.options.limits,
            budget: self.budget.clone(),
            platform: self.options.platform.clone(),
            reference: outer.reference.clone(),
            verify_diffid: self.options.verify_diffid,
            archives: self.options.archives,
            file: outer.file.clone(),
            target: outer.target.clone(),
            ..image::Options::new(&outer.shown)
        }
    }

    /// Runs work that is parallel in itself on the threads of the scan, not on the processors of the machine.
    fn with_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        let pool = self.layers.get_or_init(|| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(self.options.threads())
                .build()
                .ok()
        });
        match pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Everything that a source of images gave.
    fn images(&self, scan: image::Scan, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        if scan.not_image && outer.image {
            return tell(self.problem(outer, "unsupported", NO_IMAGE, true));
        }
        for image in scan.images {
            self.image(image, tell);
        }
        let surroundings = self.given();
        for record in scan.loose {
            tell(Told::later(record, &surroundings));
        }
        scan.problems.into_iter().map(listed).for_each(tell);
    }

    fn image(&self, image: ImageScan, tell: &mut dyn FnMut(Told)) {
        let mut variables: Vec<(String, String)> = image
            .record
            .env
            .iter()
            .filter_map(|e| e.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            .collect();
        variables.extend(self.options.environment.iter().cloned());
        let version = image.record.labels.get(VERSION_LABEL);
        let surroundings = Arc::new(Surroundings {
            variables,
            place: environment::Place::Image,
            label: version.map(|version| (VERSION_LABEL, version.clone())),
        });
        tell(Event::Image(Box::new(image.record)).into());
        for record in image.binaries {
            tell(Told::later(record, &surroundings));
        }
        image.problems.into_iter().map(listed).for_each(tell);
    }

    /// What the user says of the programs.
    pub(crate) fn given(&self) -> Arc<Surroundings> {
        Arc::new(Surroundings {
            variables: self.options.environment.clone(),
            place: environment::Place::Given,
            label: None,
        })
    }

    fn archive(&self, around: &Scope, input: Input<'_>, outer: &Outer, tell: &mut dyn FnMut(Told)) {
        let scope = around.nested();
        let met = Met {
            examiner: self,
            outer,
            found: Mutex::default(),
        };
        Walker {
            receiver: &met,
            scope: &scope,
        }
        .walk(input, &Place::default());
        let found = met
            .found
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let surroundings = self.given();
        let unlisted = found.unlisted;
        for one in found.all {
            tell(match one {
                Noted::Program(record) => Told::later(record, &surroundings),
                Noted::Other(event) => event.into(),
            });
        }
        if unlisted > 0 {
            let detail = format!("{unlisted} more things in it are not examined, and not listed");
            tell(self.problem(outer, Reason::Limit.as_str(), &detail, false));
        }
    }

    fn problem(&self, outer: &Outer, reason: &str, detail: &str, fatal: bool) -> Told {
        let location = Location {
            target: outer.target.clone(),
            file: outer.file.clone(),
            ..Location::default()
        };
        let thing = Unexamined {
            path: outer.shown.clone(),
            location,
            reason: reason.to_owned(),
            detail: detail.to_owned(),
        };
        Event::Unexamined { thing, fatal }.into()
    }

    /// Whether a stored file is too small even for a compressed program of [`crate::source::walk::Rules::min_size`].
    fn too_small(&self, size: u64) -> bool {
        self.below(size, self.options.rules.min_size / BEST_RATIO)
    }

    /// Counts what is below the size from which files are looked at.
    fn below(&self, size: u64, least: u64) -> bool {
        let below = size < least;
        if below {
            self.counters
                .tally
                .below_min_size
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        below
    }

    /// What is needed of a file inside a container.
    fn want(&self, head: &[u8], size: Option<u64>) -> Want {
        if size.is_some_and(|s| self.below(s, self.options.rules.min_size)) {
            return Want::Skip;
        }
        if exe::sniff(head).is_some() {
            return Want::Whole;
        }
        self.count_not_go();
        Want::Skip
    }

    /// A program that was kept. All facts of a large one take memory of their own, about a quarter of its size: the budget
    /// gates how many are read at once.
    fn kept_program(&self, bytes: &dyn ReadAt) -> Content {
        let all = self.options.level == Level::Full;
        let _gate = all.then(|| self.facts.take(bytes.len() / 4));
        self.program(bytes, false)
    }
}

impl Examine for Examiner<'_> {
    fn entry_seen(&self, _size: u64) {
        self.counters
            .tally
            .files
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn too_small(&self, size: u64) -> bool {
        Examiner::too_small(self, size)
    }

    fn wants(&self, _place: &Place, head: &[u8], size: Option<u64>) -> Want {
        self.want(head, size)
    }

    fn bytes_read(&self, count: u64) {
        self.add_bytes(count);
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<Shelved, ArchiveError>> {
        let name = candidate.place.len();
        let rest = |inner: &Inner| {
            (inner.untold > 0).then(|| Err(ArchiveError::limit(untold(inner.untold))))
        };
        let mut all = Vec::new();
        match self.kept_program(candidate.bytes) {
            Content::Go(found) => {
                for (binary, inner) in found {
                    let more = rest(&inner);
                    let record = self.shelf.put(binary, name);
                    all.push(record.map(|record| placed((record, inner))));
                    all.extend(more);
                }
            }
            Content::Waiting(kept) => {
                for (record, inner) in kept {
                    let more = rest(&inner);
                    all.push(Ok(placed((record, inner))));
                    all.extend(more);
                }
            }
            Content::NotGo(_) => self.count_not_go(),
            Content::Unexamined(reason, detail) => {
                all.push(Err(ArchiveError::new(Reason::of(reason), detail)));
            }
            Content::Container | Content::Packed => {}
        }
        all
    }
}

/// A program with the part of its place that is inside its file.
fn placed((mut record, inner): (Shelved, Inner)) -> Shelved {
    record.location.slice = inner.slice;
    record.location.entry = inner.member.into_iter().collect();
    record
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
}

fn listed(problem: image::Problem) -> Told {
    Told::Now(Event::Unexamined {
        thing: problem.unexamined,
        fatal: problem.fatal,
    })
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

    /// Programs of a file that are not told.
    fn rest(&self, place: &Place, inner: &Inner) {
        if inner.untold > 0 {
            let problem = ArchiveError::limit(untold(inner.untold));
            Receiver::unexamined(self, place, &problem);
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
        Examine::entry_seen(self.examiner, 0);
        forget(&mut self.lock().by_entry, place);
    }

    fn too_small(&self, size: u64) -> bool {
        self.examiner.too_small(size)
    }

    fn wants(&self, _place: &Place, head: &[u8], size: Option<u64>) -> Want {
        self.examiner.want(head, size)
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
                    Noted::Other(_) => 1,
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
                Noted::Other(_) => {}
            }
        }
    }

    fn unexamined(&self, place: &Place, problem: &ArchiveError) {
        self.not_examined(place, problem.reason.as_str(), &problem.detail);
    }
}
