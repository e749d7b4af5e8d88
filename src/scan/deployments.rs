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
use std::fmt;
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

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotJudged {
    /// The system refused, or it is no text of a bearable size.
    Unreadable(String),
    /// What it says.
    Problem {
        /// What is wrong.
        problem: Problem,
        /// It looks like a template.
        template: bool,
    },
    /// A symbolic link that is not followed.
    Link(&'static str),
    /// A directory without any deployment file.
    Empty,
}

impl fmt::Display for NotJudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => f.write_str(why),
            Self::Problem { problem, .. } => problem.fmt(f),
            Self::Link(what) => f.write_str(what),
            Self::Empty => f.write_str(
                "holds no deployment file that its name or content tells; name the files and --kind",
            ),
        }
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
        let text = text_of(&path);
        found.push(match text {
            Ok(text) => match guard(&text, || deploy::read(&shown, &text, Some(Kind::Env))) {
                Ok(file) => Found::File(Box::new(file)),
                Err(problem) => passed(shown, false, problem, &text),
            },
            Err(why) => Found::Passed(Passed {
                path: shown,
                named: false,
                why: NotJudged::Unreadable(format!("named by {} and {why}", file.path)),
            }),
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

fn passed(path: String, named: bool, problem: Problem, text: &str) -> Found {
    let template = text.contains("{{");
    Found::Passed(Passed {
        path,
        named,
        why: NotJudged::Problem { problem, template },
    })
}

/// The text of a file, or of standard input.
fn text_of(path: &Path) -> Result<String, String> {
    if path == Path::new("-") {
        return text(&mut io::stdin().lock());
    }
    // A pipe or a device that a name stands for could be without end.
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if meta.len() > LARGEST {
        return Err(too_large());
    }
    let mut file = dir::open_named(path).map_err(unreadable)?;
    text(&mut file)
}

/// All of a text. Bytes that are no UTF-8 are replaced: comments may be in any encoding.
fn text(reader: &mut dyn Read) -> Result<String, String> {
    let mut bytes = Vec::new();
    let result = reader.take(LARGEST + 1).read_to_end(&mut bytes);
    result.map_err(unreadable)?;
    decoded(bytes)
}

fn decoded(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 > LARGEST {
        return Err(too_large());
    }
    if bytes.contains(&0) {
        return Err("is no text file; `gospect scan` looks at programs and images".to_owned());
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

#[allow(clippy::needless_pass_by_value)] // An argument of `map_err`.
fn unreadable(e: io::Error) -> String {
    format!("cannot be read: {}", error_text(&e))
}

fn too_large() -> String {
    format!(
        "is larger than {} MiB, which no deployment file is",
        LARGEST >> 20
    )
}

/// Sees one path of the command line through.
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
        let found = match text_of(path) {
            Ok(text) => match self.read(path, &text) {
                Ok(file) => Found::File(Box::new(file)),
                Err(problem) => passed(shown, true, problem, &text),
            },
            Err(why) => Found::Passed(Passed {
                path: shown,
                named: true,
                why: NotJudged::Unreadable(why),
            }),
        };
        out.push(found);
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

    fn unreadable(path: &Path, why: String, out: &mut Output<'_, Found>) {
        out.push(Found::Passed(Passed {
            path: path.to_string_lossy().into_owned(),
            named: false,
            why: NotJudged::Unreadable(why),
        }));
    }

    /// Reads a file whose name tells a kind.
    fn told(&self, met: &Met<'_>, path: &Path, out: &mut Output<'_, Found>) {
        if met.stat.size > LARGEST {
            return Self::unreadable(path, too_large(), out);
        }
        let read = met.open().map_err(unreadable);
        match read.and_then(|mut file| text(&mut file)) {
            Ok(text) => self.judge(path, &text, out),
            Err(why) => Self::unreadable(path, why, out),
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
            Err(problem) => out.push(passed(shown.into_owned(), false, problem, text)),
        }
    }

    /// Looks into a file whose name tells nothing.
    fn untold(&self, met: &Met<'_>, path: &Path, out: &mut Output<'_, Found>) {
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
                let problem = Problem::NotRead(what);
                return out.push(passed(shown.into_owned(), false, problem, text));
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
                out.push(passed(shown.into_owned(), false, Problem::Internal, text))
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
            kind::Named::Nothing => self.untold(met, &path, out),
            _ => self.told(met, &path, out),
        }
    }

    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, Found>) -> bool {
        false
    }

    fn passed_over(&'env self, path: &Path, why: Why, out: &mut Output<'env, Found>) {
        let why = match why {
            Why::Error(e) => unreadable(e),
            Why::Pseudo(name) => format!("is on {name}, a file system of the kernel"),
        };
        Self::unreadable(path, why, out);
    }

    /// A link inside the tree leads to what is met anyway; one that leads elsewhere is named.
    fn link(&'env self, path: &Path, out: &mut Output<'env, Found>) {
        let told = kind::of_name(&path.to_string_lossy()) != kind::Named::Nothing;
        let what = match path.canonicalize() {
            Ok(target) => {
                let folder = path.parent().and_then(|p| p.canonicalize().ok());
                let above = folder.is_some_and(|f| f.starts_with(&target));
                let directory = target.is_dir();
                match (directory, target.starts_with(&self.root)) {
                    (true, _) if above => "link to a directory that it is in",
                    (true, false) => "link to a directory elsewhere",
                    (false, false) if told => "link to a file elsewhere",
                    _ => return,
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound && !told => return,
            Err(e) if e.kind() == io::ErrorKind::NotFound => "link to nothing",
            Err(_) => "link in a circle",
        };
        out.push(Found::Passed(Passed {
            path: path.to_string_lossy().into_owned(),
            named: false,
            why: NotJudged::Link(what),
        }));
    }
}
