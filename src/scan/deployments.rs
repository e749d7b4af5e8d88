//! The pipeline of `lint`: paths in, deployment files out, in the order of the walk at any number of threads.
//!
//! A file is opened when its name tells a kind, or when its name tells nothing and its first lines do. What is in the way (unreadable,
//! huge, binary, a link in a circle) is handed over as [`Passed`] and never costs another file's result.

use super::error_text;
use crate::bytes::guard::guarded;
use crate::bytes::{MEMORY, SizeInMemory, Use};
use crate::deploy::{self, Deployment, Kind, LARGEST, Problem, Values, kind};
use crate::source::dir;
use crate::source::listing::Listing;
use crate::source::queue::{self, Output};
use crate::source::walk::{Met, Rules, Tally, Visit, Walk, Why};
use globset::GlobSet;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Directories that hold what other people wrote, and what version control keeps for itself.
pub const PASSED_OVER: [&str; 7] = [
    "node_modules",
    "vendor",
    "testdata",
    ".git",
    ".hg",
    ".svn",
    ".jj",
];
/// First bytes of a file whose name tells nothing.
const HEAD: usize = 4096;
/// A file whose name tells nothing is not looked into when it is larger: scripts are smaller.
const LARGEST_SCRIPT: u64 = 1 << 20;

/// What to look for, and how.
#[derive(Clone, Debug)]
pub struct Search {
    /// Take every file for this kind.
    pub kind: Option<Kind>,
    /// What the walk passes over.
    pub rules: Rules,
    /// Threads; 0: one for each processor.
    pub jobs: usize,
}

impl Search {
    /// A search that respects `.gitignore` files when `gitignore` says so, and passes over what `exclude` matches: usually
    /// [`PASSED_OVER`] and what a user names.
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

/// What the search met.
#[derive(Clone, Debug)]
pub enum Found {
    /// A file that was read.
    File(Box<Deployment>),
    /// A file that was not.
    Passed(Passed),
}

/// A file that was not read.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Where it is.
    pub path: String,
    /// It was named, not met in a walk.
    pub named: bool,
    /// Why it was not read.
    pub why: NotJudged,
}

impl Found {
    fn passed(path: String, named: bool, why: NotJudged) -> Self {
        Self::Passed(Passed { path, named, why })
    }
}

/// Why a file was not read; the text is the end of a sentence about the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotJudged {
    /// The system refused.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Larger than a deployment file can be.
    #[error("is larger than {} MiB, which no deployment file is", LARGEST >> 20)]
    TooLarge,
    /// It has zero bytes.
    #[error("is no text file; `gospect scan` looks at programs and images")]
    NotText,
    /// On a file system that describes the kernel.
    #[error("is on {0}, a file system of the kernel")]
    OfKernel(&'static str),
    /// A file of variables that another file names.
    #[error("named by {by} and {why}")]
    Named {
        /// The file that names it.
        by: String,
        /// Why it was not read.
        why: Box<NotJudged>,
    },
    /// What it says.
    #[error("{problem}")]
    Problem {
        /// What is wrong.
        problem: Problem,
        /// It looks like a template.
        template: bool,
    },
    /// A symbolic link that is not followed.
    #[error("{0}")]
    Link(&'static str),
    /// A directory without any deployment file.
    #[error("holds no deployment file that its name or content tells; name the files and --kind")]
    Empty,
}

impl NotJudged {
    fn problem(problem: Problem, text: &str) -> Self {
        Self::Problem {
            problem,
            template: text.contains("{{"),
        }
    }
}

impl From<io::Error> for NotJudged {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error_text(&error))
    }
}

impl SizeInMemory for Found {
    fn size_in_memory(&self) -> u64 {
        // What the reader made of a file is about as large as its text again.
        1024 + match self {
            Found::File(file) => 2 * file.source.as_str().len() as u64,
            Found::Passed(_) => 0,
        }
    }
}

/// Reads the files, and those of the directories, in order; `deliver` answers false to stop. `-` is standard input.
///
/// # Errors
/// When threads cannot be started.
pub fn run(
    paths: &[PathBuf],
    search: &Search,
    deliver: &mut dyn FnMut(Found) -> bool,
) -> io::Result<()> {
    let tally = Tally::default();
    let visitor = |path: &PathBuf| Visitor {
        kind: search.kind,
        root: path.canonicalize().unwrap_or_else(|_| path.clone()),
        charts: Mutex::default(),
    };
    let visitors: Vec<Visitor> = paths.iter().map(visitor).collect();
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
            let Found::File(file) = found else {
                return deliver(found);
            };
            if file.path != "-" && !seen.insert(plain(Path::new(&file.path))) {
                return true;
            }
            // Files of variables stand behind the one that names them.
            let more = env_files(&file, &mut seen);
            deliver(Found::File(file)) && more.into_iter().all(&mut *deliver)
        },
    )
}

/// The path without `.` in it, by which two names of one file are told.
fn plain(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|c| !matches!(c, Component::CurDir)).collect()
}

/// Files of variables that a Compose file or an overlay of Kustomize names, beside it.
fn env_files(file: &Deployment, seen: &mut HashSet<PathBuf>) -> Vec<Found> {
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
        let read = text_of(&path).map_err(|why| NotJudged::Named {
            by: file.path.clone(),
            why: Box::new(why),
        });
        let read = read.and_then(|text| {
            guard(&text, || deploy::read(&shown, &text, Some(Kind::Env)))
                .map_err(|problem| NotJudged::problem(problem, &text))
        });
        found.push(match read {
            Ok(file) => Found::File(Box::new(file)),
            Err(why) => Found::passed(shown, false, why),
        });
        seen.insert(key);
    }
    found
}

/// Reads a file. A panic there is a bug, and costs this file only.
#[cfg_attr(not(test), allow(unused_variables))]
fn guard(
    text: &str,
    read: impl FnOnce() -> Result<Deployment, Problem>,
) -> Result<Deployment, Problem> {
    let read = guarded(|| {
        #[cfg(test)]
        crate::bytes::guard::trip::over(text.as_bytes());
        read()
    });
    read.unwrap_or(Err(Problem::Internal))
}

/// The text of a file, or of standard input.
fn text_of(path: &Path) -> Result<String, NotJudged> {
    if path == Path::new("-") {
        return text(&mut io::stdin().lock());
    }
    // A pipe or a device that a name stands for could be without end.
    if std::fs::metadata(path)?.len() > LARGEST {
        return Err(NotJudged::TooLarge);
    }
    text(&mut dir::open_named(path)?)
}

/// All of a text. Bytes that are no UTF-8 are replaced: comments may be in any encoding.
fn text(reader: &mut dyn Read) -> Result<String, NotJudged> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    decoded(bytes)
}

fn decoded(bytes: Vec<u8>) -> Result<String, NotJudged> {
    if bytes.len() as u64 > LARGEST {
        return Err(NotJudged::TooLarge);
    }
    if bytes.contains(&0) {
        return Err(NotJudged::NotText);
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

fn passed_in_walk(path: &Path, why: NotJudged) -> Found {
    Found::passed(path.to_string_lossy().into_owned(), false, why)
}

/// Reads one path of the command line: a file, or the deployment files of a directory.
struct Visitor {
    kind: Option<Kind>,
    /// The directory without links in its path.
    root: PathBuf,
    /// Values of charts by their directory.
    charts: Mutex<HashMap<PathBuf, Arc<Values>>>,
}

impl Visitor {
    fn named<'env>(
        &'env self,
        path: &'env Path,
        rules: &'env Rules,
        tally: &'env Tally,
        out: &mut Output<'env, Found>,
    ) {
        if path.is_dir() {
            return Walk::start(rules, self, tally, path, out);
        }
        let shown = path.to_string_lossy().into_owned();
        let read = text_of(path).and_then(|text| {
            self.read(path, &text)
                .map_err(|problem| NotJudged::problem(problem, &text))
        });
        out.push(match read {
            Ok(file) => Found::File(Box::new(file)),
            Err(why) => Found::passed(shown, true, why),
        });
    }

    /// A file, with the values of the chart that it is a template of.
    fn read(&self, path: &Path, text: &str) -> Result<Deployment, Problem> {
        let values = chart(path).filter(|_| text.contains(".Values"));
        let values = values.map(|folder| self.values(&folder));
        let none = Arc::default();
        let values = values.as_ref().unwrap_or(&none);
        guard(text, || {
            deploy::read_template(&path.to_string_lossy(), text, self.kind, values)
        })
    }

    /// What `values.yaml` of a chart says; read once.
    fn values(&self, folder: &Path) -> Arc<Values> {
        let lock = || self.charts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(folder) {
            return known.clone();
        }
        let text = text_of(&folder.join("values.yaml")).unwrap_or_default();
        // A panic there leaves the values unknown, as a file that is no YAML does.
        let values = guarded(|| deploy::chart_values(&text)).unwrap_or_default();
        let values = Arc::new(values);
        lock().insert(folder.to_owned(), values.clone());
        values
    }

    /// Reads a file whose name tells a kind.
    fn of_known_name(&self, met: &Met<'_>, path: &Path, out: &mut Output<'_, Found>) {
        let read = match met.stat.size > LARGEST {
            true => Err(NotJudged::TooLarge),
            false => met
                .open()
                .map_err(NotJudged::from)
                .and_then(|mut file| text(&mut file)),
        };
        match read {
            Ok(text) => self.judge(path, &text, out),
            Err(why) => out.push(passed_in_walk(path, why)),
        }
    }

    fn judge(&self, path: &Path, text: &str, out: &mut Output<'_, Found>) {
        let shown = path.to_string_lossy();
        let about_go = kind::mentions_go(text) || kind::builds_go(&shown);
        if !about_go {
            // Nothing in it can concern Go: that it was looked at is all there is to say.
            if let kind::Named::Kind(kind) = kind::of_name(&shown) {
                let kind = self.kind.unwrap_or(kind);
                out.push(Found::File(Box::new(Deployment::blank(&shown, kind))));
            }
            return;
        }
        if kind::of_name(&shown) == kind::Named::Yaml && !kind::may_be_known(&shown, text) {
            return;
        }
        match self.read(path, text) {
            Ok(file) => out.push(Found::File(Box::new(file))),
            // What only might have been a deployment file is none.
            Err(Problem::Unknown | Problem::UnknownYaml) => {}
            Err(problem) => out.push(passed_in_walk(path, NotJudged::problem(problem, text))),
        }
    }

    /// Looks into a file whose name tells nothing.
    fn of_other_name(&self, met: &Met<'_>, path: &Path, out: &mut Output<'_, Found>) {
        if met.stat.size > LARGEST_SCRIPT {
            return;
        }
        // One that cannot be opened is of no kind that anybody knows of.
        let Ok(mut file) = met.open() else { return };
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

    fn judge_by_content(&self, path: &Path, text: &str, out: &mut Output<'_, Found>) {
        let shown = path.to_string_lossy();
        // Lines of variables and YAML are told by content only when somebody names the file: too much looks like them.
        let kind = match kind::of_content(text) {
            kind::Named::Kind(kind) => kind,
            kind::Named::Unread(what) if kind::mentions_go(text) => {
                let why = NotJudged::problem(Problem::NotRead(what), text);
                return out.push(passed_in_walk(path, why));
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
            Ok(file) => out.push(Found::File(Box::new(file))),
            Err(Problem::Internal) => {
                let why = NotJudged::problem(Problem::Internal, text);
                out.push(passed_in_walk(path, why));
            }
            // What only looked like one by its content is something else.
            Err(_) => {}
        }
    }
}

/// The chart that a template belongs to: the directory that holds `templates`.
fn chart(path: &Path) -> Option<PathBuf> {
    let folder = path
        .ancestors()
        .find(|a| a.file_name() == Some("templates".as_ref()))?;
    Some(folder.parent()?.to_owned())
}

fn head(file: &mut File, bytes: &mut Vec<u8>) -> io::Result<usize> {
    file.take(HEAD as u64).read_to_end(bytes)
}

impl<'env> Visit<'env, Found> for Visitor {
    fn file(&'env self, met: &Met<'_>, out: &mut Output<'env, Found>) {
        let path = met.path();
        match kind::of_name(&path.to_string_lossy()) {
            kind::Named::Nothing if kind::is_other(&path) => {}
            kind::Named::Nothing => self.of_other_name(met, &path, out),
            _ => self.of_known_name(met, &path, out),
        }
    }

    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, Found>) -> bool {
        false
    }

    fn passed_over(&'env self, path: &Path, why: Why, out: &mut Output<'env, Found>) {
        let why = match why {
            Why::Error(e) => e.into(),
            Why::Pseudo(name) => NotJudged::OfKernel(name),
        };
        out.push(passed_in_walk(path, why));
    }

    /// A link inside the tree leads to what is met anyway; one that leads elsewhere is named.
    fn link(&'env self, path: &Path, out: &mut Output<'env, Found>) {
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
        out.push(passed_in_walk(path, NotJudged::Link(what)));
    }
}
