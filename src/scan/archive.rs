//! Scans one archive: its programs are delivered after all of it has been read.

use super::Examiner;
use super::event::WaitingEvent;
use super::place::{Inside, Opened};
use super::program::Program;
use crate::bytes::Use;
use crate::bytes::guard::{FAULT, guarded};
use crate::source::archive::{ArchiveError, Input, Place, Reason, Receiver as _, Scope, Walker};
use crate::source::image::{
    ArchiveResults, CollectLimits, Collected, Collector, Examine, MOST_NAMES, WalkItem, Walked,
};
use crate::source::packages::Ownership;
use std::cell::Cell;

impl Examiner<'_> {
    /// Walks one archive.
    pub(super) fn archive(
        &self,
        around: &Scope,
        input: Input<'_>,
        results: Option<&ArchiveResults<'_, Program>>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        let scope = around.nested();
        let bounds = CollectLimits {
            links: MOST_NAMES,
            problems: usize::MAX,
            bytes: Use::ArchiveProblems.share(self.options.memory),
        };
        let options = self.image_options(opened);
        // Taken when the walk begins, which is once.
        let input = Cell::new(Some(input));
        let walk = |examine: &dyn Examine<Program>| {
            let collector = Collector::new(examine, &options, Walked::Archive, bounds);
            let walker = Walker {
                receiver: &collector,
                scope: &scope,
            };
            let walked = input.take();
            let walked = walked.map(|input| guarded(|| walker.walk(input, &Place::default())));
            if walked.flatten().is_none() {
                let fault = ArchiveError::new(Reason::Internal, FAULT);
                collector.unexamined(&Place::default(), &fault);
            }
            collector.finish()
        };
        let collected = match results {
            Some(results) => results.collect(&walk),
            None => walk(&self.contained()),
        };
        self.collected(collected, opened, deliver);
    }

    /// Delivers what was found in one archive.
    pub(super) fn collected(
        &self,
        collected: Collected<Program>,
        opened: &Opened,
        deliver: &mut dyn FnMut(WaitingEvent),
    ) {
        // A file inside a package belongs to that package.
        let is_open = |f: &WalkItem<Program>| matches!(f, WalkItem::Program(item) if item.owned.owner.is_none());
        let owned = match collected.found.iter().any(is_open) {
            true => self.owned(opened),
            false => Ownership::default(),
        };
        for (index, found) in collected.found.into_iter().enumerate() {
            match found {
                WalkItem::Program(item) => {
                    let owned = match item.owned.owner {
                        Some(_) => item.owned,
                        None => owned.clone(),
                    };
                    let program = opened.locate(item.program, &Inside::of(&item.place, None));
                    deliver(WaitingEvent::Program(
                        program.map(|record| record.with(owned, self.given())),
                    ));
                }
                WalkItem::Problem(place, error) => {
                    let inside = Inside::of(&place, None);
                    let is_all = opened.named && index == 0 && place.is_empty();
                    let fatal = is_all || opened.is_fatal(&inside, error.reason);
                    deliver(opened.unexamined(&inside, &error, fatal));
                }
                WalkItem::Images(scans) => {
                    for scan in scans {
                        self.images(scan, opened, deliver);
                    }
                }
            }
        }
        if collected.unlisted > 0 {
            let detail = format!(
                "{} more things in it are not examined, and not listed",
                collected.unlisted
            );
            deliver(opened.problem(Reason::Limit, &detail, false));
        }
    }
}
