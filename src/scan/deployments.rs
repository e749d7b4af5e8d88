//! The pipeline of `lint`: paths in, deployment files out, in the order of the walk at any number of threads.
//!
//! A file is opened if its name shows its kind; a file whose name shows none is opened to look at its first lines. A file that
//! cannot be used (unreadable, huge, binary, a circular link) is delivered as [`UnreadFile`] and never costs another file's
//! result.

mod result;
mod visitor;

pub use result::{NotReadReason, SearchResult, UnreadFile};

use crate::bytes::guard::guarded;
use crate::bytes::{MEMORY, Use};
use crate::deploy::{self, Deployment, Kind, LARGEST, Problem};
use crate::source::dir;
use crate::source::queue;
use crate::source::walk::{Rules, Tally};
use globset::GlobSet;
use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Mutex;
use visitor::SearchVisitor;

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
