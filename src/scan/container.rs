//! Archives, images and streams: what is inside them is examined as files are, and told with the place inside.

use super::delivery::{Delivery, Surroundings};
use super::place::{Inside, Outer};
use super::program::{Content, Program};
use super::{Event, Examiner, error_text};
use crate::bytes::{ReadAt, Spill};
use crate::exe;
use crate::go::Level;
use crate::record::{ImageRef, Location, Unexamined, environment};
use crate::source::archive::stream::HEAD;
use crate::source::archive::{
    ArchiveError, Candidate, Feed, Format, Input, Kind, Place, Reason, Scope, Want, decompress_as,
    sniff,
};
use crate::source::foreign;
use crate::source::image::{self, Around, Examine, ImageScan};
use crate::source::packages;
use std::path::Path;
use std::sync::Arc;

/// The label that names an image's version (OCI image spec, annotations).
const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// No compressor makes a program smaller than this part of its size: machine code and tables come down to a quarter.
const BEST_RATIO: u64 = 8;

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
    pub(crate) fn container(
        &self,
        bytes: &dyn ReadAt,
        outer: &Outer,
        tell: &mut dyn FnMut(Delivery),
    ) {
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
            _ if outer.image => tell(outer.problem(Reason::Unsupported, NO_IMAGE, true).into()),
            _ => {
                let scope = Scope::new(self.options.limits, self.budget.clone());
                self.archive(&scope, Input::Random(bytes), outer, tell);
            }
        }
        self.add_bytes(bytes.len());
    }

    /// A stream of unknown kind: a program, an archive, an image, compressed or not.
    pub(crate) fn stream(
        &self,
        feed: &mut Feed<'_>,
        outer: &Outer,
        tell: &mut dyn FnMut(Delivery),
    ) {
        let head = match feed.peek(HEAD) {
            Ok(head) => head.to_vec(),
            Err(e) => {
                return tell(
                    outer
                        .problem(Reason::Unreadable, &error_text(&e), true)
                        .into(),
                );
            }
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
                                tell(outer.problem(Reason::Unsupported, NO_IMAGE, true).into());
                            }
                            Ok(_) => self.archive(&scope, Input::Stream(&mut inner), outer, tell),
                            Err(e) => {
                                let problem = ArchiveError::from(e);
                                tell(
                                    outer
                                        .problem(problem.reason, &problem.detail, outer.named)
                                        .into(),
                                );
                            }
                        }
                    }
                    Err(e) => tell(outer.problem(e.reason, &e.detail, outer.named).into()),
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
        tell: &mut dyn FnMut(Delivery),
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
        tell: &mut dyn FnMut(Delivery),
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
                    Content::Unexamined(problem.reason, problem.detail)
                }
            }
        } else {
            let deep = match foreign::may_be_disk(head) {
                true => feed.peek(foreign::DEEP).unwrap_or_default(),
                false => head,
            };
            match foreign::name(deep, b"") {
                Some(format) => Content::Unexamined(Reason::Unsupported, foreign::detail(format)),
                None => Content::NotGo("neither an executable, an archive nor an image".to_owned()),
            }
        };
        self.tell(content, None, outer, tell);
    }

    /// A directory that is an OCI layout.
    pub(crate) fn image_directory(
        &self,
        path: &Path,
        outer: &Outer,
        tell: &mut dyn FnMut(Delivery),
    ) {
        let options = self.image_options(outer);
        let scan = self.with_threads(|| image::scan_directory(path, &options, self));
        self.images(scan, outer, tell);
    }

    /// An image of a registry.
    #[cfg(feature = "registry")]
    pub(crate) fn registry(&self, name: &str, outer: &Outer, tell: &mut dyn FnMut(Delivery)) {
        let settings = crate::source::registry::Settings {
            insecure_http: self.options.insecure_http,
            ..Default::default()
        };
        let options = self.image_options(outer);
        let scan =
            self.with_threads(|| crate::source::registry::scan(name, &settings, &options, self));
        self.images(scan, outer, tell);
    }

    pub(super) fn image_options(&self, outer: &Outer) -> image::Options {
        image::Options {
            limits: self.options.limits,
            budget: self.budget.clone(),
            platform: self.options.platform.clone(),
            reference: outer.reference.clone(),
            verify_diffid: self.options.verify_diffid,
            archives: self.options.archives,
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
    pub(super) fn images(
        &self,
        scan: image::Scan<Program>,
        outer: &Outer,
        tell: &mut dyn FnMut(Delivery),
    ) {
        if scan.not_image && outer.image {
            return tell(outer.problem(Reason::Unsupported, NO_IMAGE, true).into());
        }
        for image in scan.images {
            self.image(image, outer, tell);
        }
        // Paths of members of a stream begin where those of an image would.
        let root = Around::default();
        for item in scan.loose {
            let mut record = item
                .program
                .at(outer, &Inside::of(&item.place, Some(&root)));
            record.owned = item.owned;
            tell(Delivery::record(record, self.given()));
        }
        tell_problems(scan.problems, outer, tell);
    }

    fn image(&self, image: ImageScan<Program>, outer: &Outer, tell: &mut dyn FnMut(Delivery)) {
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
        let reference = ImageRef {
            reference: image.record.reference.clone(),
            digest: image.record.digest.clone(),
            platform: image.record.platform.clone(),
        };
        if !image.artifact {
            tell(Event::Image(Box::new(image.record)).into());
        }
        for layered in image.programs {
            let item = layered.item;
            let inside = Inside::of(&item.place, Some(&image.around));
            let mut record = item.program.at(outer, &inside);
            record.owned = item.owned;
            record.location.image = Some(reference.clone());
            record.location.layer = Some(layered.layer);
            record.location.visible = layered.visible;
            record.location.started = layered.started;
            tell(Delivery::record(record, &surroundings));
        }
        tell_problems(image.problems, outer, tell);
    }

    /// Whether a stored file is too small even for a compressed program of [`crate::source::walk::Rules::min_size`].
    pub(super) fn too_small(&self, size: u64) -> bool {
        self.below(size, self.options.rules.min_size / BEST_RATIO)
    }

    /// Whether a file that came out of a container is smaller than what is looked at.
    pub(super) fn below_floor(&self, size: u64) -> bool {
        self.below(size, self.options.rules.min_size)
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
    pub(super) fn want(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
        let name = place.entries.last().map(Vec::as_slice).unwrap_or_default();
        if size.is_some_and(|s| self.below(s, self.options.rules.min_size)) {
            return Want::Skip;
        }
        if exe::sniff(head).is_some() {
            return Want::Whole;
        }
        if self.options.archives
            && let Some(format) = foreign::name(head, name)
        {
            return Want::Name(format);
        }
        self.count_not_go();
        Want::Skip
    }

    /// A program that was kept. All facts of a large one take memory of their own, about a quarter of its size: the budget
    /// gates how many are read at once.
    pub(super) fn kept_program(&self, bytes: &dyn ReadAt) -> Content {
        let all = self.options.level == Level::Full;
        let _gate = all.then(|| self.facts.take(bytes.len() / 4));
        self.program(bytes, false)
    }
}

impl Examine<Program> for Examiner<'_> {
    fn entry_seen(&self, _size: u64) {
        self.counters
            .tally
            .files
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    fn too_small(&self, size: u64) -> bool {
        Examiner::too_small(self, size)
    }

    fn below_floor(&self, size: u64) -> bool {
        Examiner::below_floor(self, size)
    }

    fn wants(&self, place: &Place, head: &[u8], size: Option<u64>) -> Want {
        #[cfg(test)]
        crate::bytes::guard::trip::over(&place.entries.concat());
        self.want(place, head, size)
    }

    fn keeps(&self, name: &[u8]) -> bool {
        self.options.level == Level::Full && packages::is_part(name)
    }

    fn digests(&self, name: &[u8]) -> bool {
        self.options.level == Level::Full && packages::may_be_owned(name)
    }

    fn passed(&self, size: u64) {
        if !self.below(size, self.options.rules.min_size) {
            self.count_not_go();
        }
    }

    fn bytes_read(&self, count: u64) {
        self.add_bytes(count);
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<Program, ArchiveError>> {
        let problem = |(reason, detail): (Reason, String)| Err(ArchiveError::new(reason, detail));
        match self.kept_program(candidate.bytes) {
            Content::Go(programs, rest) => {
                let name = candidate.place.len();
                let kept = programs
                    .into_iter()
                    .map(|program| self.spooled(program, name));
                rest.into_iter().map(problem).chain(kept).collect()
            }
            Content::Unexamined(reason, detail) => vec![problem((reason, detail))],
            Content::NotGo(_) => {
                self.count_not_go();
                Vec::new()
            }
            Content::Container | Content::Packed => Vec::new(),
        }
    }
}

/// What of images was not examined.
fn tell_problems(problems: Vec<image::Problem>, outer: &Outer, tell: &mut dyn FnMut(Delivery)) {
    for problem in problems {
        let (_, _, location) = outer.locate(&Inside::default(), None, None);
        let thing = Unexamined {
            path: problem.path,
            location: Location {
                entry: problem.entry,
                image: problem.image,
                layer: problem.layer,
                ..location
            },
            reason: problem.error.reason.into(),
            detail: problem.error.detail,
        };
        let fatal = problem.fatal;
        tell(Event::Unexamined { thing, fatal }.into());
    }
}
