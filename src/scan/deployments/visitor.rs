//! Searches one path of the command line.

use super::{NotReadReason, SearchResult, decoded, guard, text, text_of};
use crate::bytes::guard::guarded;
use crate::deploy::{self, Deployment, Kind, LARGEST, Problem, Values, kind};
use crate::source::listing::Listing;
use crate::source::queue::Output;
use crate::source::walk::{NotExamined, Rules, Tally, Visit, Walk, WalkedFile};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// First bytes that are read of a file whose name shows no kind.
const HEAD: usize = 4096;
/// Largest file that is read without a name that shows its kind: scripts are smaller.
const LARGEST_SCRIPT: u64 = 1 << 20;

fn unread_in_walk(path: &Path, why: NotReadReason) -> SearchResult {
    SearchResult::unread(path.to_string_lossy().into_owned(), false, why)
}

/// Searches one path of the command line: a file or a directory.
pub struct SearchVisitor {
    pub kind: Option<Kind>,
    /// The directory, with no links in its path.
    pub root: PathBuf,
    /// Values of charts, by directory.
    pub charts: Mutex<HashMap<PathBuf, Arc<Values>>>,
}

impl SearchVisitor {
    pub fn named<'env>(
        &'env self,
        path: &'env Path,
        rules: &'env Rules,
        tally: &'env Tally,
        out: &mut Output<'env, SearchResult>,
    ) {
        if path.is_dir() {
            return Walk::start(rules, self, tally, path, out);
        }
        let shown = path.to_string_lossy().into_owned();
        let read = text_of(path).and_then(|text| {
            self.read(path, &text)
                .map_err(|problem| NotReadReason::problem(problem, &text))
        });
        out.push(match read {
            Ok(file) => SearchResult::File(Box::new(file)),
            Err(why) => SearchResult::unread(shown, true, why),
        });
    }

    /// Reads a file; if it is a template of a chart, with the chart's values.
    fn read(&self, path: &Path, text: &str) -> Result<Deployment, Problem> {
        let values = chart(path).filter(|_| text.contains(".Values"));
        let values = values.map(|folder| self.values(&folder));
        let none = Arc::default();
        let values = values.as_ref().unwrap_or(&none);
        guard(text, || {
            deploy::read_template(&path.to_string_lossy(), text, self.kind, values)
        })
    }

    /// The values in `values.yaml` of a chart; read once.
    fn values(&self, folder: &Path) -> Arc<Values> {
        let lock = || self.charts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(folder) {
            return known.clone();
        }
        let text = text_of(&folder.join("values.yaml")).unwrap_or_default();
        // After a panic the values are unknown, as for a file that is not YAML.
        let values = guarded(|| deploy::chart_values(&text)).unwrap_or_default();
        let values = Arc::new(values);
        lock().insert(folder.to_owned(), values.clone());
        values
    }

    /// Reads a file whose name shows its kind.
    fn file_with_known_name(
        &self,
        found: &WalkedFile<'_>,
        path: &Path,
        out: &mut Output<'_, SearchResult>,
    ) {
        let read = match found.stat.size > LARGEST {
            true => Err(NotReadReason::TooLarge),
            false => found
                .open()
                .map_err(NotReadReason::from)
                .and_then(|mut file| text(&mut file)),
        };
        match read {
            Ok(text) => self.judge(path, &text, out),
            Err(why) => out.push(unread_in_walk(path, why)),
        }
    }

    fn judge(&self, path: &Path, text: &str, out: &mut Output<'_, SearchResult>) {
        let shown = path.to_string_lossy();
        let about_go = kind::mentions_go(text) || kind::builds_go(&shown);
        if !about_go {
            // Nothing in it can concern Go, so it only counts as read.
            if let kind::Named::Kind(kind) = kind::of_name(&shown) {
                let kind = self.kind.unwrap_or(kind);
                out.push(SearchResult::File(Box::new(Deployment::blank(
                    &shown, kind,
                ))));
            }
            return;
        }
        if kind::of_name(&shown) == kind::Named::Yaml && !kind::may_be_known(&shown, text) {
            return;
        }
        match self.read(path, text) {
            Ok(file) => out.push(SearchResult::File(Box::new(file))),
            // A file that might have been a deployment file is none.
            Err(Problem::Unknown | Problem::UnknownYaml) => {}
            Err(problem) => out.push(unread_in_walk(path, NotReadReason::problem(problem, text))),
        }
    }

    /// Looks into a file whose name shows no kind.
    fn file_with_other_name(
        &self,
        found: &WalkedFile<'_>,
        path: &Path,
        out: &mut Output<'_, SearchResult>,
    ) {
        if found.stat.size > LARGEST_SCRIPT {
            return;
        }
        // A file that cannot be opened might be of any kind, and most are not deployment files.
        let Ok(mut file) = found.open() else { return };
        let mut bytes = Vec::new();
        if head(&mut file, &mut bytes).is_err() || !kind::may_be_script(&bytes) {
            return;
        }
        if file.take(LARGEST + 1).read_to_end(&mut bytes).is_err() {
            return;
        }
        if let Ok(text) = decoded(bytes) {
            self.judge_by_content(path, &text, out);
        }
    }

    fn judge_by_content(&self, path: &Path, text: &str, out: &mut Output<'_, SearchResult>) {
        let shown = path.to_string_lossy();
        // Files of variables and YAML are recognised by content only if the user names the file: too many others look like them.
        let kind = match kind::of_content(text) {
            kind::Named::Kind(kind) => kind,
            kind::Named::Unread(what) if kind::mentions_go(text) => {
                let why = NotReadReason::problem(Problem::NotRead(what), text);
                return out.push(unread_in_walk(path, why));
            }
            _ => return,
        };
        if kind == Kind::Env {
            return;
        }
        let found = if kind::mentions_go(text) {
            guard(text, || {
                deploy::read(&shown, text, Some(self.kind.unwrap_or(kind)))
            })
        } else {
            Ok(Deployment::blank(&shown, kind))
        };
        match found {
            Ok(file) => out.push(SearchResult::File(Box::new(file))),
            Err(Problem::Internal) => {
                let why = NotReadReason::problem(Problem::Internal, text);
                out.push(unread_in_walk(path, why));
            }
            // A file that only looked like a deployment file is something else.
            Err(_) => {}
        }
    }
}

/// The chart of a template: the directory that contains `templates`.
fn chart(path: &Path) -> Option<PathBuf> {
    let folder = path
        .ancestors()
        .find(|a| a.file_name() == Some("templates".as_ref()))?;
    Some(folder.parent()?.to_owned())
}

fn head(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<usize> {
    file.take(HEAD as u64).read_to_end(bytes)
}

impl<'env> Visit<'env, SearchResult> for SearchVisitor {
    fn file(&'env self, found: &WalkedFile<'_>, out: &mut Output<'env, SearchResult>) {
        let path = found.path();
        match kind::of_name(&path.to_string_lossy()) {
            kind::Named::Nothing if kind::is_other(&path) => {}
            kind::Named::Nothing => self.file_with_other_name(found, &path, out),
            _ => self.file_with_known_name(found, &path, out),
        }
    }

    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, SearchResult>) -> bool {
        false
    }

    fn passed_over(
        &'env self,
        path: &Path,
        why: NotExamined,
        out: &mut Output<'env, SearchResult>,
    ) {
        let why = match why {
            NotExamined::Error(e) => e.into(),
            NotExamined::Pseudo(name) => NotReadReason::OfKernel(name),
        };
        out.push(unread_in_walk(path, why));
    }

    /// A link inside the tree leads to a file that the walk finds anyway; one that leads outside is reported.
    fn link(&'env self, path: &Path, out: &mut Output<'env, SearchResult>) {
        let has_known_name = kind::of_name(&path.to_string_lossy()) != kind::Named::Nothing;
        let what = match path.canonicalize() {
            Ok(target) => {
                let folder = path.parent().and_then(|p| p.canonicalize().ok());
                let above = folder.is_some_and(|f| f.starts_with(&target));
                let directory = target.is_dir();
                match (directory, target.starts_with(&self.root)) {
                    (true, _) if above => "link to a directory that it is in",
                    (true, false) => "link to a directory elsewhere",
                    (false, false) if has_known_name => "link to a file elsewhere",
                    _ => return,
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && !has_known_name => return,
            Err(e) if e.kind() == io::ErrorKind::NotFound => "link to nothing",
            Err(_) => "link in a circle",
        };
        out.push(unread_in_walk(path, NotReadReason::Link(what)));
    }
}
