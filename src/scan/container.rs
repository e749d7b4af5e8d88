//! Archives, images and streams: files inside them are examined like files of a directory, and reported with their place inside.

use super::event::WaitingEvent;
use super::own_output::own_output;
use super::place::{Inside, Opened, is_damage};
use super::program::{Content, Program};
use super::surroundings::Surroundings;
use super::{Examiner, error_text};
use crate::bytes::{ReadAt, Spill};
use crate::exe;
use crate::record::{ImageRef, Location, Unexamined, environment};
use crate::source::archive::HEAD;
use crate::source::archive::{
    ArchiveError, Feed, Format, Input, Reason, Scope, StreamKind, decompress_as, sniff,
};
use crate::source::foreign;
use crate::source::image::{self, ArchiveResults, ImagePlace, ImageScan};
use std::path::Path;
use std::sync::Arc;

/// The label with an image's version (OCI image specification, annotations).
const VERSION_LABEL: &str = "org.opencontainers.image.version";

/// The kind of container that these first bytes belong to.
pub(crate) fn container_kind(head: &[u8]) -> Option<StreamKind> {
    sniff(head)
}

/// The message for a file that the user named as an archive and that is none.
pub(super) const NO_CONTAINER: &str =
    "no archive: neither compressed, nor a tar with entries, nor another known container";
const NO_IMAGE: &str = "no image is in it";

/// Whether a file is a container or compressed.
pub(super) fn is_container(bytes: &dyn ReadAt) -> bool {
    let mut head = vec![0; HEAD];
    let count = bytes.read_at(&mut head, 0).unwrap_or(0);
    sniff(head.get(..count).unwrap_or_default()).is_some()
}

/// Whether a container must be decompressed or read to its end: its digest is soon computed. Of the others only the entries that
/// matter are read.
fn is_read_whole(kind: StreamKind) -> bool {
    matches!(
        kind,
        StreamKind::Codec(_) | StreamKind::Format(Format::Deb | Format::Rpm)
    )
}

impl Examiner<'_> {
    /// Scans a file that is a container or compressed.
    pub(crate) fn container(
        &self,
        bytes: &dyn ReadAt,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let options = self.image_options(opened);
        let mut head = [0; 512];
        let head = bytes
            .read_at(&mut head, 0)
            .ok()
            .and_then(|n| head.get(..n))
            .unwrap_or_default();
        match sniff(head) {
            // If the user asked for an image, members that belong to no image are no obstacle.
            Some(StreamKind::Format(Format::Tar))
                if opened.image || image::is_image_archive(bytes, &options) =>
            {
                let scan =
                    self.with_threads(|| image::scan_archive(bytes, &options, &self.contained()));
                return self.images(scan, opened, deliver);
            }
            kind => {
                let contained = self.contained();
                let results = match kind.is_some_and(is_read_whole) && !opened.image {
                    true => ArchiveResults::of(bytes, &contained, &options),
                    false => None,
                };
                let results = results.as_ref();
                match (results.and_then(ArchiveResults::known), kind) {
                    (Some(known), _) => self.collected(known, opened, deliver),
                    (None, Some(StreamKind::Codec(_))) => {
                        self.stream(&mut Feed::at(bytes), results, opened, deliver);
                    }
                    (None, _) if opened.image => {
                        deliver(opened.problem(Reason::Unsupported, NO_IMAGE, true));
                    }
                    (None, _) => {
                        let scope = Scope::new(self.options.limits, self.budget.clone());
                        self.archive(&scope, Input::Random(bytes), results, opened, deliver);
                    }
                }
            }
        }
        self.add_bytes(bytes.len());
    }

    /// Scans a stream of unknown format: a program, an archive or an image, compressed or not.
    pub(crate) fn stream(
        &self,
        feed: &mut Feed<'_>,
        results: Option<&ArchiveResults<'_, Program>>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let head = match feed.peek(HEAD) {
            Ok(head) => head.to_vec(),
            Err(e) => {
                return deliver(opened.problem(Reason::Unreadable, &error_text(&e), true));
            }
        };
        let scope = Scope::new(self.options.limits, self.budget.clone());
        match sniff(&head) {
            Some(StreamKind::Codec(codec)) => {
                match decompress_as(codec, Feed::owning(Box::new(feed)), &scope) {
                    Ok(inner) => {
                        let mut inner = Feed::owning(Box::new(inner));
                        match inner.peek(512).map(sniff) {
                            // An image inside a compressed stream is scanned as it comes.
                            Ok(Some(StreamKind::Format(_))) => {
                                self.uncompressed(&scope, &mut inner, results, opened, deliver);
                            }
                            Ok(_) if opened.image => {
                                deliver(opened.problem(Reason::Unsupported, NO_IMAGE, true));
                            }
                            Ok(_) => {
                                let input = Input::Stream(&mut inner);
                                self.archive(&scope, input, results, opened, deliver);
                            }
                            Err(e) => {
                                let problem = ArchiveError::from(e);
                                deliver(opened.problem(
                                    problem.reason,
                                    &problem.detail,
                                    opened.named,
                                ));
                            }
                        }
                    }
                    Err(e) => deliver(opened.problem(e.reason, &e.detail, opened.named)),
                }
            }
            Some(StreamKind::Format(_)) => {
                self.uncompressed(&scope, feed, results, opened, deliver);
            }
            None => self.lone_program(&head, feed, opened, deliver),
        }
    }

    /// Scans the output of `around`, which may hold memory.
    fn uncompressed(
        &self,
        around: &Scope,
        feed: &mut Feed<'_>,
        results: Option<&ArchiveResults<'_, Program>>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        if opened.image || image::begins_like_image(feed).unwrap_or(false) {
            let options = self.image_options(opened);
            let scan = image::scan_stream_in(around, feed, &options, &self.contained());
            return self.images(scan, opened, deliver);
        }
        self.archive(around, Input::Stream(feed), results, opened, deliver);
    }

    /// Keeps a program that comes as a stream, in memory or in a temporary file, and reads it.
    fn lone_program(
        &self,
        head: &[u8],
        feed: &mut Feed<'_>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        const IN_MEMORY: u64 = 8 << 20;
        let content = if exe::sniff(head).is_some() {
            match Spill::collect(
                &[],
                feed,
                None,
                IN_MEMORY,
                &self.budget,
                &self.options.limits,
            ) {
                Ok(bytes) => self.program(&bytes, true, self.counters),
                Err(e) => {
                    let problem = ArchiveError::from(e);
                    Content::Unexamined(problem.reason, problem.detail)
                }
            }
        } else {
            let deep = match foreign::needs_more(head) {
                true => feed.peek(foreign::DEEP).unwrap_or_default(),
                false => head,
            };
            match foreign::name(deep, b"") {
                Some(format) => Content::Unexamined(Reason::Unsupported, foreign::detail(format)),
                None => Content::NotGo(own_output(head, opened.shown.as_bytes()).unwrap_or_else(
                    || "neither an executable, an archive nor an image".to_owned(),
                )),
            }
        };
        self.deliver(content, None, opened, deliver);
    }

    /// Scans a directory that is an OCI layout.
    pub(crate) fn image_directory(
        &self,
        path: &Path,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let options = self.image_options(opened);
        let scan = self.with_threads(|| image::scan_directory(path, &options, &self.contained()));
        self.images(scan, opened, deliver);
    }

    /// Scans an image in a registry.
    #[cfg(feature = "registry")]
    pub(crate) fn registry(
        &self,
        name: &str,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let settings = crate::source::registry::Settings {
            insecure_http: self.options.insecure_http,
            ..Default::default()
        };
        let options = self.image_options(opened);
        let scan = self.with_threads(|| {
            crate::source::registry::scan(name, &settings, &options, &self.contained())
        });
        self.images(scan, opened, deliver);
    }

    pub(super) fn image_options(&self, opened: &Opened) -> image::ImageOptions {
        image::ImageOptions {
            limits: self.options.limits,
            budget: self.budget.clone(),
            platform: self.options.platform.clone(),
            reference: opened.reference.clone(),
            verify_diffid: self.options.verify_diffid,
            changelogs: self.options.symbols,
            archives: self.options.archives,
            ..image::ImageOptions::new(&opened.shown)
        }
    }

    /// Runs parallel work on as many threads as the scan has, and not on one for each processor.
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

    /// Delivers everything that a source of images gave.
    pub(super) fn images(
        &self,
        scan: image::StoreScan<Program>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        if scan.not_image && opened.image {
            return deliver(opened.problem(Reason::Unsupported, NO_IMAGE, true));
        }
        for image in scan.images {
            self.image(image, opened, deliver);
        }
        // Paths of members that belong to no image have no prefix.
        let root = ImagePlace::default();
        for item in scan.loose {
            let program = opened.locate(item.program, &Inside::of(&item.place, Some(&root)));
            deliver(WaitingEvent::Program(
                program.map(|record| record.with(item.owned, self.given())),
            ));
        }
        deliver_problems(scan.problems, opened, deliver);
    }

    fn image(
        &self,
        image: ImageScan<Program>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let mut variables: Vec<(String, String)> = image
            .record
            .env
            .iter()
            .filter_map(|e| e.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned())))
            .collect();
        variables.extend(self.options.environment.iter().cloned());
        let version = image.record.labels.get(VERSION_LABEL);
        let label = version.map(|version| (VERSION_LABEL, version.clone()));
        let mut changed = variables.clone();
        let changes = image.environment_changes.iter();
        changes.for_each(|change| change.apply(&mut changed));
        let start = match image.environment_changes.is_empty() {
            true => environment::EnvironmentSource::Image,
            false => environment::EnvironmentSource::Start,
        };
        let surroundings = |variables, environment| {
            Arc::new(Surroundings {
                variables,
                environment,
                label: label.clone(),
            })
        };
        let at_start = surroundings(changed, start);
        let surroundings = surroundings(variables, environment::EnvironmentSource::Image);
        let hidden = Arc::new(Surroundings {
            variables: Vec::new(),
            environment: environment::EnvironmentSource::Image,
            label: None,
        });
        let reference = ImageRef {
            reference: image.record.reference.clone(),
            digest: image.record.digest.clone(),
            platform: image.record.platform.clone(),
        };
        if !image.artifact {
            deliver(WaitingEvent::Image(Box::new(image.record)));
        }
        for layered in image.programs {
            let item = layered.item;
            let inside = Inside::of(&item.place, Some(&image.around));
            let mut program = opened.locate(item.program, &inside);
            let location = &mut program.place.location;
            location.image = Some(reference.clone());
            location.layer = Some(layered.layer);
            location.visible = layered.visible;
            location.started = layered.started;
            // Nothing starts a copy that a later layer hides, so no environment acts on it.
            let around = match (layered.visible, layered.started) {
                (Some(false), _) => &hidden,
                (_, Some(true)) => &at_start,
                (_, Some(false) | None) => &surroundings,
            };
            deliver(WaitingEvent::Program(
                program.map(|record| record.with(item.owned, around)),
            ));
        }
        deliver_problems(image.problems, opened, deliver);
    }
}

/// Reports the problems of images.
fn deliver_problems(
    problems: Vec<image::ImageProblem>,
    opened: &Opened,
    deliver: &mut dyn FnMut(WaitingEvent),
) {
    for problem in problems {
        let reason = problem.error.reason;
        let location = opened.place(&Inside::default(), None, None).location;
        let thing = Unexamined {
            path: problem.path,
            location: Location {
                entry: problem.entry,
                image: problem.image,
                layer: problem.layer,
                ..location
            },
            reason: reason.into(),
            detail: problem.error.detail,
        };
        let is_itself = thing.location.entry.is_empty();
        let fatal = problem.fatal || (opened.named && is_itself && is_damage(reason));
        deliver(WaitingEvent::Unexamined { thing, fatal });
    }
}
