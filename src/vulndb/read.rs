//! Folders and zip files of OSV documents.

use super::error::LoadError;
use super::layout::{self, Plan};
use crate::bytes::{Budget, FileBytes, Limits, ReadAt};
use crate::source::archive::tar::Flow;
use crate::source::archive::{ArchiveError, Scope, zip};
use crate::vuln::database::{About, Builder, Database, Rejected, parse};
use serde::Deserialize;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Longest document.
pub(super) const DOCUMENT_MAX: u64 = 4 << 20;
/// Longest list of entries, or table in the compact form.
pub(super) const LIST_MAX: u64 = 64 << 20;
/// Most bytes of all documents together.
pub(super) const TOTAL_MAX: u64 = 256 << 20;
/// Most documents of one database.
pub(super) const DOCUMENTS: usize = 200_000;
/// Most entries of a zip.
const ENTRIES: u64 = 1_000_000;

/// The place of the documents.
enum Holder<'a> {
    Folder(PathBuf),
    Zip(&'a dyn ReadAt),
    /// Names and contents of fetched documents.
    #[cfg_attr(not(feature = "registry"), allow(dead_code))]
    Memory(&'a [(String, Vec<u8>)]),
}

/// Reads a database: the compact form, a zip file or a folder. `source` is its name in reports.
///
/// # Errors
/// When any part of it cannot be read: an incomplete database would hide vulnerabilities.
pub fn read_file(path: &Path, source: &str, summaries: bool) -> Result<Database, LoadError> {
    let failed = |e: &io::Error| LoadError::io(source, e);
    let kind = fs::metadata(path).map_err(|e| failed(&e))?;
    if kind.is_dir() {
        let whole = fs::canonicalize(path).map_err(|e| failed(&e))?;
        let date = layout::module_date(&whole.to_string_lossy());
        return gather(&Holder::Folder(path.to_owned()), source, date, summaries);
    }
    if !kind.is_file() {
        return Err(LoadError::Nothing(source.to_owned()));
    }
    let file = File::open(path).map_err(|e| failed(&e))?;
    let bytes = FileBytes::open(file).map_err(|e| failed(&e))?;
    let mut head = [0; 4];
    let count = bytes.read_at(&mut head, 0).map_err(|e| failed(&e))?;
    match head.get(..count).unwrap_or_default() {
        b"gspv" => {
            let data = read_all(&mut File::open(path).map_err(|e| failed(&e))?, LIST_MAX);
            let data = data.map_err(|e| failed(&e))?;
            Database::open(data).map_err(|why| LoadError::damaged(source, why))
        }
        b"PK\x03\x04" => {
            let date = layout::module_date(&path.to_string_lossy());
            let date = date.or_else(|| file_date(path));
            gather(&Holder::Zip(&bytes), source, date, summaries)
        }
        _ => Err(LoadError::Nothing(source.to_owned())),
    }
}

/// The date of a zip file in the module cache, whose name is only the version: `…/golang.org/x/vulndb/@v/v0.0.0-….zip`.
fn file_date(path: &Path) -> Option<String> {
    layout::version_date(&path.file_name()?.to_string_lossy())
}

/// Reads a zip in memory.
///
/// # Errors
/// As [`read_file`].
#[cfg(feature = "registry")]
pub fn read_zip(
    bytes: &dyn ReadAt,
    source: &str,
    date: Option<String>,
    summaries: bool,
) -> Result<Database, LoadError> {
    gather(&Holder::Zip(bytes), source, date, summaries)
}

/// Reads documents that were fetched one by one.
#[cfg(feature = "registry")]
pub(super) fn read_documents(
    files: &[(String, Vec<u8>)],
    source: &str,
) -> Result<Database, LoadError> {
    gather(&Holder::Memory(files), source, None, true)
}

fn read_all(from: &mut dyn Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(ArchiveError::limit(format!("is longer than {max_bytes} bytes")).into());
    }
    Ok(bytes)
}

impl Holder<'_> {
    /// The names of all files that may be documents.
    fn names(&self, source: &str) -> Result<Vec<String>, LoadError> {
        let mut names = Vec::new();
        match self {
            Self::Folder(root) => {
                // Only the folders of known layouts are listed, so that circular links do no harm.
                for folder in ["", "ID", "index", "data/osv"] {
                    let path = root.join(folder);
                    let items = match fs::read_dir(&path) {
                        Ok(items) => items,
                        Err(e) if !folder.is_empty() && is_absent(&e) => continue,
                        Err(e) => return Err(LoadError::io(&path.to_string_lossy(), &e)),
                    };
                    for item in items {
                        let item = item.map_err(|e| LoadError::io(source, &e))?;
                        let name = item.file_name().to_string_lossy().into_owned();
                        let separator = if folder.is_empty() { "" } else { "/" };
                        if name.ends_with(".json") {
                            names.push(format!("{folder}{separator}{name}"));
                        }
                        limit(names.len(), source)?;
                    }
                }
            }
            Self::Zip(bytes) => visit(*bytes, source, &mut |entry, _| {
                if entry.name.ends_with(b".json") {
                    names.push(String::from_utf8_lossy(&entry.name).into_owned());
                }
                Ok(())
            })?,
            Self::Memory(files) => names.extend(files.iter().map(|(name, _)| name.clone())),
        }
        Ok(names)
    }

    /// Calls `receive` with the content of each wanted file, in any order.
    fn each(
        &self,
        wanted: &HashSet<&str>,
        source: &str,
        receive: Receive<'_>,
    ) -> Result<(), LoadError> {
        match self {
            Self::Folder(root) => {
                let mut sorted: Vec<&str> = wanted.iter().copied().collect();
                sorted.sort_unstable();
                for name in sorted {
                    let path = root.join(name);
                    let bytes =
                        open_file(&path).and_then(|mut f| read_all(&mut f, max_bytes(name)));
                    let bytes = bytes.map_err(|e| document(source, name, &e))?;
                    receive(name, &bytes)?;
                }
                Ok(())
            }
            Self::Zip(bytes) => {
                let mut failed = None;
                visit(*bytes, source, &mut |entry, content| {
                    let name = String::from_utf8_lossy(&entry.name);
                    if failed.is_some() || !wanted.contains(&*name) {
                        return Ok(());
                    }
                    let read = content
                        .map_err(io::Error::from)
                        .and_then(|body| read_all(body, max_bytes(&name)));
                    let taken = read
                        .map_err(|e| document(source, &name, &e))
                        .and_then(|bytes| receive(&name, &bytes));
                    failed = taken.err();
                    Ok(())
                })?;
                failed.map_or(Ok(()), Err)
            }
            Self::Memory(files) => {
                let mut wanted = files.iter().filter(|(n, _)| wanted.contains(n.as_str()));
                wanted.try_for_each(|(name, bytes)| receive(name, bytes))
            }
        }
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The limit for a file: lists may be longer than documents.
fn max_bytes(name: &str) -> u64 {
    match name.contains("index/") {
        true => LIST_MAX,
        false => DOCUMENT_MAX,
    }
}

/// Opens a regular file. Opening a pipe would wait for a writer.
fn open_file(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    File::open(path)
}

fn document(source: &str, name: &str, error: &io::Error) -> LoadError {
    LoadError::Document {
        place: source.to_owned(),
        document: name.to_owned(),
        why: match error
            .get_ref()
            .and_then(|e| e.downcast_ref::<ArchiveError>())
        {
            Some(archive_error) => archive_error.detail.clone(),
            None => crate::bytes::error_text(error),
        },
    }
}

fn limit(count: usize, source: &str) -> Result<(), LoadError> {
    if count > DOCUMENTS {
        let why = format!("more than {DOCUMENTS} documents");
        return Err(LoadError::too_much(source, why));
    }
    Ok(())
}

/// Takes the name and the content of a document.
type Receive<'t> = &'t mut dyn FnMut(&str, &[u8]) -> Result<(), LoadError>;

type Visit<'v> = &'v mut dyn FnMut(&zip::Entry, zip::EntryContent<'_, '_>) -> io::Result<()>;

/// Visits the entries of a zip.
fn visit(bytes: &dyn ReadAt, source: &str, receive: Visit<'_>) -> Result<(), LoadError> {
    let limits = Limits {
        expanded: TOTAL_MAX,
        entries: ENTRIES,
        ..Limits::default()
    };
    let scope = Scope::new(limits, Budget::new(TOTAL_MAX));
    zip::read(bytes, &scope, &mut |entry, content| {
        receive(entry, content).map(|()| Flow::Continue)
    })
    .map_err(|e| LoadError::archive(source, e))
}

#[derive(Deserialize)]
struct IndexDb {
    modified: String,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

/// Reads every document, and makes the database.
fn gather(
    holder: &Holder<'_>,
    source: &str,
    date: Option<String>,
    summaries: bool,
) -> Result<Database, LoadError> {
    let names = holder.names(source)?;
    let plan = layout::plan(&names);
    limit(plan.documents.len(), source)?;
    if plan.documents.is_empty() {
        return Err(LoadError::Nothing(source.to_owned()));
    }
    let mut date = date.or_else(|| plan.documents.first().and_then(|n| layout::module_date(n)));
    let Plan {
        documents,
        index_db,
        list,
    } = &plan;
    let wanted = documents.iter().chain(index_db).chain(list);
    let wanted: HashSet<&str> = wanted.map(String::as_str).collect();
    let mut builder = Builder::default();
    let mut listed: Vec<Listed> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut total = 0u64;
    holder.each(&wanted, source, &mut |name, bytes| {
        let wrong = |why: String| LoadError::Document {
            place: source.to_owned(),
            document: name.to_owned(),
            why,
        };
        total += bytes.len() as u64;
        if total > TOTAL_MAX {
            let why = format!("documents of more than {TOTAL_MAX} bytes");
            return Err(LoadError::too_much(source, why));
        }
        if index_db.as_deref() == Some(name) {
            let index_db: IndexDb =
                serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
            date.get_or_insert(index_db.modified);
            return Ok(());
        }
        if list.as_deref() == Some(name) {
            listed = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
            return Ok(());
        }
        if !seen.insert(name.to_owned()) {
            return Err(wrong("is there twice".to_owned()));
        }
        let Some(document) = parse(bytes).map_err(|e| wrong(e.to_string()))? else {
            return Ok(());
        };
        if document.id != layout::stem(name) {
            return Err(wrong(format!("is about {}", document.id)));
        }
        builder.add(document).map_err(|why| rejected(source, why))
    })?;
    let stems: HashSet<&str> = documents.iter().map(|name| layout::stem(name)).collect();
    if let Some(missing) = listed.iter().find(|e| !stems.contains(e.id.as_str())) {
        return Err(LoadError::Document {
            place: source.to_owned(),
            document: "index/vulns.json".to_owned(),
            why: format!("lists {}, which does not exist", missing.id),
        });
    }
    let about = About {
        source: source.to_owned(),
        date: date.or_else(|| builder.newest().map(str::to_owned)),
    };
    builder
        .finish(&about, summaries)
        .map_err(|why| rejected(source, why))
}

fn rejected(source: &str, why: Rejected) -> LoadError {
    LoadError::Rejected {
        place: source.to_owned(),
        why,
    }
}
