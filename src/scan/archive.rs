//! One archive: what a walk through it found is delivered when all of it was read.

use super::Examiner;
use super::delivery::Delivery;
use super::place::{Inside, Outer};
use super::program::Program;
use crate::bytes::Use;
use crate::bytes::guard::{FAULT, guarded};
use crate::source::archive::{ArchiveError, Input, Place, Reason, Receiver as _, Scope, Walker};
use crate::source::image::{Bounds, Collector, Found, Walked};
use crate::source::packages::Ownership;

/// Hard links to programs that one archive may have; a large record counts for several.
const LINKS: u64 = 20_000;

impl Examiner<'_> {
    /// Walks one archive.
    pub(super) fn archive(
        &self,
        around: &Scope,
        input: Input<'_>,
        outer: &Outer,
        tell: &mut dyn FnMut(Delivery),
    ) {
        let scope = around.nested();
        let bounds = Bounds {
            links: LINKS,
            problems: usize::MAX,
            bytes: Use::ArchiveProblems.share(self.options.memory),
        };
        let options = self.image_options(outer);
        let collector: Collector<'_, Program> =
            Collector::new(self, &options, Walked::Archive, bounds);
        let walker = Walker {
            receiver: &collector,
            scope: &scope,
        };
        if guarded(|| walker.walk(input, &Place::default())).is_none() {
            let fault = ArchiveError::new(Reason::Internal, FAULT);
            collector.unexamined(&Place::default(), &fault);
        }
        let collected = collector.finish();
        // What is in a file of a package belongs to the package.
        let is_open =
            |f: &Found<Program>| matches!(f, Found::Program(item) if item.owned.owner.is_none());
        let owned = match collected.found.iter().any(is_open) {
            true => self.owned(outer),
            false => Ownership::default(),
        };
        for (index, found) in collected.found.into_iter().enumerate() {
            match found {
                Found::Program(item) => {
                    let mut record = item.program.at(outer, &Inside::of(&item.place, None));
                    record.owned = match item.owned.owner {
                        Some(_) => item.owned,
                        None => owned.clone(),
                    };
                    tell(Delivery::record(record, self.given()));
                }
                Found::Problem(place, error) => {
                    // Nothing in it could be read.
                    let fatal = outer.named && index == 0 && place.is_empty();
                    tell(
                        outer
                            .unexamined(&Inside::of(&place, None), &error, fatal)
                            .into(),
                    );
                }
                Found::Images(scans) => {
                    for scan in scans {
                        self.images(scan, outer, tell);
                    }
                }
            }
        }
        if collected.unlisted > 0 {
            let detail = format!(
                "{} more things in it are not examined, and not listed",
                collected.unlisted
            );
            tell(outer.problem(Reason::Limit, &detail, false).into());
        }
    }
}
