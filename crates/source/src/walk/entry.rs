//! Decides what a walk does with one entry: visit it, or pass it over and count it.

use super::Rules;
use super::rules::is_text;
use super::visit::Visit;
use super::{Walk, join};
use crate::dir::{Dir, Stat};
use crate::ignored::Ignored;
use crate::listing::FileKind;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of entries that were skipped.
#[derive(Clone, Copy, Default)]
pub(super) struct PassedCounts {
    files: u64,
    below_min_size: u64,
    links: u64,
}

impl PassedCounts {
    pub(super) fn add(&mut self, other: Self) {
        self.files += other.files;
        self.below_min_size += other.below_min_size;
        self.links += other.links;
    }
}

/// The stat of an entry; `None` for a directory, whose kind is known from the listing.
pub(super) type EntryStat = io::Result<Option<Stat>>;

/// Where a link leads.
pub(super) enum LinkTarget {
    /// To a file or directory that may be visited; its path without links, if needed.
    Allowed(Option<PathBuf>),
    /// To an excluded one.
    Excluded,
}

/// A directory whose entries are being looked at.
#[derive(Clone, Copy)]
pub(super) struct ParentDir<'a> {
    pub(super) dir: &'a Dir,
    pub(super) path: &'a Path,
    pub(super) real: Option<&'a Path>,
    pub(super) ignored: Option<&'a Ignored>,
}

impl<'env, V> Walk<'env, V> {
    /// The stat of an entry; `None` if it is skipped, which `tally` counts.
    pub(super) fn look<T>(
        &self,
        around: ParentDir<'_>,
        name: &OsStr,
        kind: Option<FileKind>,
        tally: &mut PassedCounts,
    ) -> Option<EntryStat>
    where
        V: Visit<'env, T>,
    {
        let Rules { follow, links, .. } = *self.rules;
        let ParentDir { dir, path, .. } = around;
        if self.excluded(path, around.real, name) {
            return None;
        }
        if around
            .ignored
            .is_some_and(|i| i.covers(name, kind == Some(FileKind::Dir)))
        {
            return None;
        }
        // A directory needs no stat, a link needs one only when followed, a special file never.
        let stat = match kind {
            Some(FileKind::Dir) => return Some(Ok(None)),
            Some(FileKind::Special) => return None,
            Some(FileKind::Link) if !follow && !links => {
                self.link(dir, name, tally);
                return None;
            }
            Some(FileKind::File | FileKind::Link) | None => match dir.stat(name, follow) {
                Ok(stat) => stat,
                // A dangling link is not a file.
                Err(_) if kind == Some(FileKind::Link) => return None,
                Err(e) => return Some(Err(e)),
            },
        };
        if stat.kind == FileKind::Link {
            self.link(dir, name, tally);
        }
        if follow
            && kind != Some(FileKind::File)
            && matches!(self.link_target(&join(path, name)), LinkTarget::Excluded)
        {
            return None;
        }
        if stat.kind == FileKind::File {
            tally.files += 1;
            if stat.size < self.rules.min_size || (self.rules.likely && is_text(name)) {
                tally.below_min_size += 1;
                return None;
            }
        }
        let is_wanted = matches!(stat.kind, FileKind::File | FileKind::Dir)
            || stat.kind == FileKind::Link && links;
        is_wanted.then_some(Ok(Some(stat)))
    }

    fn link<T>(&self, dir: &Dir, name: &OsStr, tally: &mut PassedCounts)
    where
        V: Visit<'env, T>,
    {
        tally.links += 1;
        let least = self.rules.min_size;
        self.visitor.unfollowed_link(&|| {
            let stat = dir.stat(name, true);
            stat.is_ok_and(|stat| match stat.kind {
                FileKind::File => stat.size >= least,
                kind => kind == FileKind::Dir,
            })
        });
    }

    /// Decides whether an exclusion covers a link's target or a directory around it.
    pub(super) fn link_target(&self, path: &Path) -> LinkTarget {
        let (Some(globs), Some((root, real_root))) = (&self.rules.exclude, &self.root) else {
            return LinkTarget::Allowed(None);
        };
        let Ok(real) = std::fs::canonicalize(path) else {
            return LinkTarget::Allowed(None);
        };
        let excludes = |path: &Path| self.tally.excludes(globs, path);
        let by_name = |path: &Path| path.file_name().is_some_and(|n| excludes(Path::new(n)));
        let is_excluded = match real.strip_prefix(real_root) {
            // Naming the root overrides exclusions of the directories around it.
            Ok(inside) => inside
                .ancestors()
                .filter(|part| !part.as_os_str().is_empty())
                .any(|part| {
                    by_name(part)
                        || excludes(&join(root, part.as_os_str()))
                        || excludes(&real_root.join(part))
                }),
            Err(_) => real.ancestors().any(|part| by_name(part) || excludes(part)),
        };
        if is_excluded {
            LinkTarget::Excluded
        } else {
            LinkTarget::Allowed(Some(real))
        }
    }

    pub(super) fn count(&self, passed: PassedCounts) {
        let add = |sum: &AtomicU64, count| {
            if count > 0 {
                sum.fetch_add(count, Ordering::Relaxed);
            }
        };
        add(&self.tally.files, passed.files);
        add(&self.tally.below_min_size, passed.below_min_size);
        add(&self.tally.links, passed.links);
    }

    pub(super) fn excluded(&self, here: &Path, real: Option<&Path>, name: &OsStr) -> bool {
        let Some(globs) = &self.rules.exclude else {
            return false;
        };
        self.tally.excludes(globs, Path::new(name))
            || self.tally.excludes(globs, &join(here, name))
            || real.is_some_and(|real| self.tally.excludes(globs, &join(real, name)))
    }
}
