//! The pipeline of `lint`: paths in, deployment files out, in the order of the walk at any number of threads.
//!
//! A file is opened if its name shows its kind; a file whose name shows none is opened to look at its first lines. A file that
//! cannot be used (unreadable, huge, binary, a circular link) is delivered as [`UnreadFile`] and never costs another file's
//! result.

use super::error_text;
use crate::bytes::guard::guarded;
use crate::bytes::{MEMORY, SizeInMemory, Use};
use crate::deploy::{self, Deployment, Kind, LARGEST, Problem, Values, kind};
use crate::source::dir;
use crate::source::listing::Listing;
use crate::source::queue::{self, Output};
use crate::source::walk::{NotExamined, Rules, Tally, Visit, Walk, WalkedFile};
use globset::GlobSet;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Directories with files that other people wrote, and those of version control.
pub const PASSED_OVER: [&str; 7] = [
    "node_modules",
    "vendor",
    "testdata",
    ".git",
    ".hg",
    ".svn",
    ".jj",
];
/// First bytes that are read of a file whose name shows no kind.
const HEAD: usize = 4096;
/// Largest file that is read without a name that shows its kind: scripts are smaller.
const LARGEST_SCRIPT: u64 = 1 << 20;

/// What to search for, and how.
#[derive(Clone, Debug)]
pub struct Search {
    /// Treats every file as this kind.
    pub kind: Option<Kind>,
    /// Rules of the walk.
    pub rules: Rules,
    /// Threads; 0 means one for each processor.
    pub jobs: usize,
}

impl Search {
    /// A search that respects `.gitignore` files if `gitignore` is set, and passes over files that `exclude` matches: usually
    /// [`PASSED_OVER`] and the user's patterns.
    pub fn new(gitignore: bool, exclude: Option<GlobSet>) -> Search {
        Search {
            kind: None,
            jobs: 0,
            rules: Rules {
                min_size: 0,
                gitignore,
                links: true,
                exclude,
                ..Rules::default()
            },
        }
    }
}

/// A result of the search.
#[derive(Clone, Debug)]
pub enum SearchResult {
    /// A file that was read.
    File(Box<Deployment>),
    /// A file that was not read.
    NotRead(UnreadFile),
}

/// A file that was not read.
#[derive(Clone, Debug)]
pub struct UnreadFile {
    /// Path of the file.
    pub path: String,
    /// Whether the user named it; otherwise the walk found it.
    pub named: bool,
    /// Why it was not read.
    pub why: NotReadReason,
}

impl SearchResult {
    fn unread(path: String, named: bool, why: NotReadReason) -> Self {
        Self::NotRead(UnreadFile { path, named, why })
    }
}

/// Why a file was not read; its text continues a sentence about the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReadReason {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Larger than a deployment file can be.
    #[error("is larger than {} MiB, which no deployment file is", LARGEST >> 20)]
    TooLarge,
    /// It contains zero bytes.
    #[error("is no text file; `gospect scan` looks at programs and images")]
    NotText,
    /// It is on a file system that describes the kernel.
    #[error("is on {0}, a file system of the kernel")]
    OfKernel(&'static str),
    /// It is a file of variables that another file refers to.
    #[error("named by {by} and {why}")]
    Named {
        /// The file that refers to it.
        by: String,
        /// Why it was not read.
        why: Box<NotReadReason>,
    },
    /// Its contents are wrong.
    #[error("{problem}")]
    Problem {
        /// The problem.
        problem: Problem,
        /// Whether it looks like a template.
        template: bool,
    },
    /// A symbolic link that is not followed.
    #[error("{0}")]
    Link(&'static str),
    /// A directory without a single deployment file.
    #[error("holds no deployment file that its name or content tells; name the files and --kind")]
    Empty,
}

impl NotReadReason {
    fn problem(problem: Problem, text: &str) -> Self {
        Self::Problem {
            problem,
            template: text.contains("{{"),
        }
    }
}

impl From<io::Error> for NotReadReason {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error_text(&error))
    }
}

impl SizeInMemory for SearchResult {
    fn size_in_memory(&self) -> u64 {
        // The reader's data about a file is about as large as its text.
        1024 + match self {
            SearchResult::File(file) => 2 * file.source.as_str().len() as u64,
            SearchResult::NotRead(_) => 0,
        }
    }
}

/// Reads the files, and those in the directories, in order. When `deliver` returns false, the search stops. `-` is standard input.
///
/// # Errors
/// When threads cannot be started.
pub fn run(
    paths: &[PathBuf],
    search: &Search,
    deliver: &mut dyn FnMut(SearchResult) -> bool,
) -> io::Result<()> {
    let tally = Tally::default();
    let visitor = |path: &PathBuf| SearchVisitor {
        kind: search.kind,
        root: path.canonicalize().unwrap_or_else(|_| path.clone()),
        charts: Mutex::default(),
    };
    let visitors: Vec<SearchVisitor> = paths.iter().map(visitor).collect();
    let mut seen: HashSet<PathBuf> = HashSet::new();
    queue::run(
        search.jobs,
        Use::Results.share(MEMORY),
        |out| {
            for (path, visitor) in paths.iter().zip(&visitors) {
                let (rules, tally) = (&search.rules, &tally);
                out.task(move |out| visitor.named(path, rules, tally, out));
            }
        },
        &mut |found| {
            let SearchResult::File(file) = found else {
                return deliver(found);
            };
            if file.path != "-" && !seen.insert(plain(Path::new(&file.path))) {
                return true;
            }
            // Files of variables come after the file that refers to them.
            let more = env_files(&file, &mut seen);
            deliver(SearchResult::File(file)) && more.into_iter().all(&mut *deliver)
        },
    )
}

/// The path without `.` components, to recognise two names of one file.
fn plain(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|c| !matches!(c, Component::CurDir)).collect()
}

/// Files of variables beside a Compose file or a Kustomize overlay that refers to them.
fn env_files(file: &Deployment, seen: &mut HashSet<PathBuf>) -> Vec<SearchResult> {
    if !matches!(file.kind, Kind::Compose | Kind::Kustomize) {
        return Vec::new();
    }
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    for name in &file.env_files {
        let name = Path::new(name.as_str());
        let path = folder.join(name);
        if name.is_absolute() || name.to_string_lossy().contains('$') {
            continue;
        }
        let key = plain(&path);
        if seen.contains(&key) {
            continue;
        }
        let shown = path.to_string_lossy().into_owned();
        let read = text_of(&path).map_err(|why| NotReadReason::Named {
            by: file.path.clone(),
            why: Box::new(why),
        });
        let read = read.and_then(|text| {
            guard(&text, || deploy::read(&shown, &text, Some(Kind::Env)))
                .map_err(|problem| NotReadReason::problem(problem, &text))
        });
        found.push(match read {
            Ok(file) => SearchResult::File(Box::new(file)),
            Err(why) => SearchResult::unread(shown, false, why),
        });
        seen.insert(key);
    }
    found
}

/// Reads a file. A panic is a bug and costs only this file.
#[cfg_attr(not(test), allow(unused_variables))]
fn guard(
    text: &str,
    read: impl FnOnce() -> Result<Deployment, Problem>,
) -> Result<Deployment, Problem> {
    let read = guarded(|| {
        #[cfg(debug_assertions)]
        crate::bytes::guard::test_panic::on_bytes(text.as_bytes());
        read()
    });
    read.unwrap_or(Err(Problem::Internal))
}

/// The text of a file or of standard input.
fn text_of(path: &Path) -> Result<String, NotReadReason> {
    if path == Path::new("-") {
        return text(&mut io::stdin().lock());
    }
    // A named FIFO or device could be endless.
    if std::fs::metadata(path)?.len() > LARGEST {
        return Err(NotReadReason::TooLarge);
    }
    text(&mut dir::open_named(path)?)
}

/// Reads a text to its end. Bytes that are not UTF-8 are replaced: comments may be in any encoding.
fn text(reader: &mut dyn Read) -> Result<String, NotReadReason> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    decoded(bytes)
}

fn decoded(bytes: Vec<u8>) -> Result<String, NotReadReason> {
    if bytes.len() as u64 > LARGEST {
        return Err(NotReadReason::TooLarge);
    }
    if bytes.contains(&0) {
        return Err(NotReadReason::NotText);
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn unread_in_walk(path: &Path, why: NotReadReason) -> SearchResult {
    SearchResult::unread(path.to_string_lossy().into_owned(), false, why)
}

/// Searches one path of the command line: a file or a directory.
struct SearchVisitor {
    kind: Option<Kind>,
    /// The directory, with no links in its path.
    root: PathBuf,
    /// Values of charts, by directory.
    charts: Mutex<HashMap<PathBuf, Arc<Values>>>,
}

impl SearchVisitor {
    fn named<'env>(
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
        // After a panic the values are unknown, as for a file that is no YAML.
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
        // A file that cannot be opened might be of any kind, and most are no deployment files.
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
