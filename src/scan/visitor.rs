//! Scans one target: detects its kind and handles what a walk finds in it.

use super::event::WaitingEvent;
use super::examine::{self, Examiner};
use super::place::{Inside, Opened};
use super::{Counters, Options, error_text};
use crate::bytes::guard::guarded;
#[cfg(target_os = "linux")]
use crate::knowledge::nearest;
use crate::record::Location;
use crate::record::{Reason, Unexamined};
use crate::source::dir;
use crate::source::listing::FileKind;
use crate::source::listing::Listing;
use crate::source::queue::Output;
use crate::source::target::{SCHEMES, Target, missing_path_hint};
use crate::source::walk::{NotExamined, Visit, Walk, WalkedFile};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(feature = "archives")]
use {super::container, std::io};
/// Scans one target.
pub(super) struct Visitor<'e> {
    examiner: &'e Examiner<'e>,
    target: &'e str,
    /// Whether something was examined or reported as not examined.
    examined: AtomicBool,
    /// Links with an existing target that came before anything else. They matter only if nothing else comes.
    links: AtomicU64,
}

impl<'e> Visitor<'e> {
    pub(super) fn new(examiner: &'e Examiner<'e>, target: &'e str) -> Self {
        Self {
            examiner,
            target,
            examined: AtomicBool::new(false),
            links: AtomicU64::new(0),
        }
    }

    /// Counts the target, which is one file.
    fn count_file(&self) {
        let files = &self.examiner.counters.tally.files;
        files.fetch_add(1, Ordering::Relaxed);
    }

    fn note_examined(&self) {
        if !self.examined.load(Ordering::Relaxed) {
            self.examined.store(true, Ordering::Relaxed);
        }
    }

    /// The problem of a target whose directories contain only links: nothing in it was examined.
    pub(super) fn nothing_but_links(&self) -> Option<Unexamined> {
        let links = self.links.load(Ordering::Relaxed);
        if self.examined.load(Ordering::Relaxed) || links == 0 {
            return None;
        }
        let path = Path::new(self.target.strip_prefix("dir:").unwrap_or(self.target));
        let holds = match links {
            1 => "1 symbolic link, which is not followed".to_owned(),
            _ => format!("{links} symbolic links, which are not followed"),
        };
        let detail = format!("nothing to look at but {holds}; --follow enters them");
        Some(self.thing(path, Reason::Link, &detail))
    }
}

impl<'e> Visitor<'e> {
    /// Delivers everything in the target.
    pub(super) fn target<'env>(
        &'env self,
        target: &'env Target,
        options: &'env Options,
        counters: &'env Counters,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        match target {
            Target::Path(path) | Target::File(path) => match std::fs::metadata(path) {
                Ok(m) if m.is_dir() && matches!(target, Target::Path(_)) => {
                    Walk::start(&options.rules, self, &counters.tally, path, out);
                }
                Ok(m) => {
                    let whole = matches!(target, Target::File(_));
                    self.named_file(path, &dir::stat_of(&m), whole, out);
                }
                Err(e) => {
                    let mut why = error_text(&e);
                    if e.kind() == std::io::ErrorKind::NotFound
                        && matches!(target, Target::Path(_))
                        && let Some(hint) =
                            scheme_hint(self.target).or_else(|| missing_path_hint(self.target))
                    {
                        why = format!("{why}; {hint}");
                    }
                    self.fatal(path, Reason::Unreadable, &why, out);
                }
            },
            Target::Dir(path) => match std::fs::metadata(path) {
                Ok(m) if m.is_dir() => {
                    Walk::start(&options.rules, self, &counters.tally, path, out)
                }
                Ok(_) => self.fatal(
                    path,
                    Reason::Unsupported,
                    "no directory; leave out dir: to scan it",
                    out,
                ),
                Err(e) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
            },
            #[cfg(target_os = "linux")]
            Target::Pid(pid) => match crate::source::process::one(*pid) {
                Ok(found) => self.processes(&found, out),
                Err(e) => self.fatal(
                    Path::new(self.target),
                    Reason::Unreadable,
                    &error_text(&e),
                    out,
                ),
            },
            #[cfg(target_os = "linux")]
            Target::Processes => match crate::source::process::all() {
                Ok(found) => self.processes(&found, out),
                Err(e) => self.fatal(Path::new("/proc"), Reason::Unreadable, &error_text(&e), out),
            },
            #[cfg(feature = "archives")]
            other => {
                if guarded(|| self.container_target(other, out)).is_none() {
                    let opened = Opened {
                        named: true,
                        ..Opened::nameless(self.target)
                    };
                    out.push(examine::fault(&opened));
                }
            }
            #[cfg(not(feature = "archives"))]
            _ => self.fatal(
                Path::new(self.target),
                Reason::Unsupported,
                "built without archives",
                out,
            ),
        }
    }

    /// Examines a file that the user named; with `whole` it is not unpacked.
    fn named_file<'env>(
        &'env self,
        path: &Path,
        stat: &dir::Stat,
        whole: bool,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        match (stat.kind, dir::open_named(path)) {
            (FileKind::File, Ok(file)) => {
                self.count_file();
                let opened = Opened::file(path, self.target, true);
                if guarded(|| self.examiner.named(file, stat, whole, &opened, out)).is_none() {
                    out.push(examine::fault(&opened));
                }
            }
            (FileKind::File, Err(e)) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
            (FileKind::Dir, _) => self.fatal(
                path,
                Reason::Unsupported,
                "a directory, no file; use dir: to walk it",
                out,
            ),
            _ => self.fatal(
                path,
                Reason::Unreadable,
                "not a regular file or directory; pipe it in with `-`",
                out,
            ),
        }
    }

    #[cfg(feature = "archives")]
    fn container_target<'env>(
        &'env self,
        target: &'env Target,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        use crate::source::archive::Feed;
        let examiner = self.examiner;
        let mut deliver = |event| out.push(event);
        let (path, reference) = match target {
            Target::Stdin => {
                self.count_file();
                let mut stdin = Counted(io::stdin().lock(), &examiner.counters.bytes);
                let mut opened = Opened::nameless(self.target);
                opened.shown = "-".to_owned();
                return examiner.stream(&mut Feed::new(&mut stdin), None, &opened, &mut deliver);
            }
            #[cfg(feature = "registry")]
            Target::Registry(name) => {
                let mut opened = Opened::nameless(self.target);
                opened.shown.clone_from(name);
                return examiner.registry(name, &opened, &mut deliver);
            }
            Target::OciDir(path, reference) => {
                let opened = Opened {
                    reference: reference.clone(),
                    ..Opened::file(path, self.target, true)
                };
                return examiner.image_directory(path, &opened, &mut deliver);
            }
            Target::DockerArchive(path, reference) | Target::OciArchive(path, reference) => {
                (path, Some(reference.clone()))
            }
            Target::Archive(path) => (path, None),
            _ => {
                return self.fatal(
                    Path::new(self.target),
                    Reason::Unsupported,
                    "this kind of target is not read here",
                    out,
                );
            }
        };
        if path.is_dir() {
            let hint = "a directory, no archive; use dir: to walk it, oci-dir: for an OCI layout";
            return self.fatal(path, Reason::Unsupported, hint, out);
        }
        let bytes = dir::open_named(path).and_then(crate::bytes::FileBytes::open);
        let opened = Opened {
            image: reference.is_some(),
            reference: reference.flatten(),
            ..Opened::file(path, self.target, true)
        };
        match bytes {
            Ok(bytes) if container::is_container(&bytes) => {
                self.count_file();
                examiner.container(&bytes, &opened, &mut deliver);
            }
            Ok(_) => self.fatal(path, Reason::Unsupported, container::NO_CONTAINER, out),
            Err(e) => self.fatal(path, Reason::Unreadable, &error_text(&e), out),
        }
    }

    #[cfg(target_os = "linux")]
    fn processes(
        &self,
        found: &crate::source::process::Processes,
        out: &mut Output<'_, WaitingEvent>,
    ) {
        for process in &found.list {
            let opened = Opened::file(&process.path, self.target, false);
            self.examiner
                .guard(&opened, &mut |event| out.push(event), |deliver| {
                    self.examiner.process(process, self.target, deliver);
                });
        }
        for (pid, detail) in &found.unexamined {
            let target = format!("pid:{pid}");
            let thing = Unexamined {
                path: target.clone(),
                location: Location {
                    target,
                    pid: Some(*pid),
                    ..Location::default()
                },
                reason: Reason::Unreadable.into(),
                detail: detail.clone(),
            };
            let fatal = false;
            out.push(WaitingEvent::Unexamined { thing, fatal });
        }
    }

    fn fatal(&self, path: &Path, reason: Reason, detail: &str, out: &mut Output<'_, WaitingEvent>) {
        let thing = self.thing(path, reason, detail);
        out.push(WaitingEvent::Unexamined { thing, fatal: true });
    }

    fn thing(&self, path: &Path, reason: Reason, detail: &str) -> Unexamined {
        Opened::file(path, self.target, false).thing(&Inside::default(), reason, detail)
    }
}

impl<'env> Visit<'env, WaitingEvent> for Visitor<'_> {
    fn file(&'env self, found: &WalkedFile<'_>, out: &mut Output<'env, WaitingEvent>) {
        self.note_examined();
        self.examiner.walked_file(found, self.target, out);
    }

    #[cfg(feature = "archives")]
    fn directory(
        &'env self,
        path: &Path,
        names: &Listing,
        out: &mut Output<'env, WaitingEvent>,
    ) -> bool {
        let has = |name: &str| names.has(name);
        let may_be_image =
            (has("oci-layout") && has("index.json")) || (has("manifest.json") && has("version"));
        if !self.examiner.options.archives
            || !may_be_image
            || !crate::source::image::is_image_directory(path)
        {
            return false;
        }
        self.note_examined();
        let path = path.to_owned();
        out.task(move |out| {
            let opened = Opened::file(&path, self.target, false);
            self.examiner
                .guard(&opened, &mut |event| out.push(event), |deliver| {
                    self.examiner.image_directory(&path, &opened, deliver);
                });
        });
        true
    }

    #[cfg(not(feature = "archives"))]
    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, WaitingEvent>) -> bool {
        false
    }

    fn unfollowed_link(&'env self, leads: &dyn Fn() -> bool) {
        if !self.examined.load(Ordering::Relaxed) && leads() {
            self.links.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn passed_over(
        &'env self,
        path: &Path,
        why: NotExamined,
        out: &mut Output<'env, WaitingEvent>,
    ) {
        self.note_examined();
        let thing = match why {
            NotExamined::Error(e) => self.thing(path, Reason::Unreadable, &error_text(&e)),
            NotExamined::Pseudo(name) => self.thing(
                path,
                Reason::Pseudo,
                &format!("{name} describes the kernel and stores no files"),
            ),
        };
        let root = self.target.strip_prefix("dir:").unwrap_or(self.target);
        let fatal = Path::new(&*path.to_string_lossy()) == Path::new(root);
        out.push(WaitingEvent::Unexamined { thing, fatal });
    }
}

/// Counts the bytes read.
#[cfg(feature = "archives")]
struct Counted<'c, R>(R, &'c AtomicU64);

#[cfg(feature = "archives")]
impl<R: io::Read> io::Read for Counted<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(out)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// What to say about a path that begins with a misspelt scheme.
fn scheme_hint(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':').filter(|(word, _)| word.len() > 2)?;
    // The short ones are near to too many names.
    let near = nearest(scheme, SCHEMES.into_iter().filter(|known| known.len() > 4))?;
    Some(format!("did you mean {near}:{rest}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_scheme_gets_the_right_one() {
        let hint = |text| scheme_hint(text).unwrap_or_default();
        assert_eq!(
            hint("docker-archve:x.tar"),
            "did you mean docker-archive:x.tar?"
        );
        assert_eq!(
            hint("registy:ghcr.io/x"),
            "did you mean registry:ghcr.io/x?"
        );
        for other in ["app:1.2", "dind:1", "alpine:3.20", "C:/x", "dist/app"] {
            assert_eq!(hint(other), "");
        }
    }
}
