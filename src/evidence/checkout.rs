//! Reads a checkout without running git: no command of its configuration is executed, and nothing is written.

use crate::source::dir::read_file;
use crate::verify::go_sum::{GoSum, LARGEST};
use crate::verify::source::Checkout;
use gix::bstr::ByteSlice;
use gix::status::UntrackedFiles;
use std::fs;
use std::io;
use std::path::Path;

/// Longest go.mod file (golang.org/x/mod/zip, `MaxGoMod`).
const GO_MOD_MAX: u64 = 16 << 20;
/// Most changed files that are listed.
const CHANGES: usize = 100;

/// Why a folder cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// It is in no work tree of git.
    #[error("not in a checkout of git")]
    NoCheckout,
    /// The repository cannot be read.
    #[error("the checkout cannot be read: {0}")]
    Git(String),
    /// go.mod or a checksum file cannot be read.
    #[error("{file}: {why}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        why: String,
    },
}

fn git(error: impl std::fmt::Display) -> CheckoutError {
    CheckoutError::Git(error.to_string())
}

/// Reads the checkout that a folder is in: commit, tags and changes of the repository, go.mod and go.sum of the folder.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn checkout(folder: &Path) -> Result<Checkout, CheckoutError> {
    let real = fs::canonicalize(folder).map_err(|e| CheckoutError::File {
        file: folder.display().to_string(),
        why: e.to_string(),
    })?;
    let root = real.ancestors().find(|path| path.join(".git").exists());
    let root = root.ok_or(CheckoutError::NoCheckout)?;
    // With reduced trust, filters and other commands in the configuration of the repository are not run.
    let options = gix::open::Options::isolated().with(gix::sec::Trust::Reduced);
    let repository = gix::open_opts(root, options).map_err(git)?;
    let head = repository.head().map_err(git)?;
    let revision = head.id().map(|id| id.to_string());
    let mut tags = Vec::new();
    let references = repository.references().map_err(git)?;
    for reference in references.tags().map_err(git)? {
        let mut reference = reference.map_err(git)?;
        let name = reference.name().shorten().to_str_lossy().into_owned();
        // A tag whose object is missing is not one of this commit.
        let Ok(id) = reference.peel_to_id() else {
            continue;
        };
        if Some(id.to_string()) == revision {
            tags.push(name);
        }
    }
    tags.sort();
    let go_mod = text(&real.join("go.mod"), GO_MOD_MAX)?;
    let mut sums = Vec::new();
    for name in ["go.sum", "go.work.sum"] {
        let path = real.join(name);
        if let Some(text) = text(&path, LARGEST)? {
            let parsed = GoSum::parse(&text).map_err(|e| CheckoutError::File {
                file: path.display().to_string(),
                why: e.to_string(),
            })?;
            sums.push((folder.join(name).display().to_string(), parsed));
        }
    }
    Ok(Checkout {
        folder: folder.display().to_string(),
        revision,
        tags,
        changes: changes(&repository)?,
        go_mod,
        sums,
    })
}

/// The files that `git status --porcelain` lists, untracked ones included: if there are any, the `go` command stamps a build as modified.
fn changes(repository: &gix::Repository) -> Result<Option<Vec<String>>, CheckoutError> {
    if repository.workdir().is_none() {
        return Ok(None);
    }
    let status = repository.status(gix::progress::Discard).map_err(git)?;
    let items = status
        .untracked_files(UntrackedFiles::Collapsed)
        .into_iter(None)
        .map_err(git)?;
    let mut changes = Vec::new();
    for item in items {
        let item = item.map_err(git)?;
        let is_change = match &item {
            gix::status::Item::IndexWorktree(item) => item.summary().is_some(),
            gix::status::Item::TreeIndex(_) => true,
        };
        if is_change && changes.len() < CHANGES {
            changes.push(item.location().to_str_lossy().into_owned());
        }
    }
    changes.sort();
    changes.dedup();
    Ok(Some(changes))
}

/// The text of a file; `None`: the file does not exist.
fn text(path: &Path, most: u64) -> Result<Option<String>, CheckoutError> {
    let wrong = |why: String| CheckoutError::File {
        file: path.display().to_string(),
        why,
    };
    let bytes = match read_file(path, most) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(wrong(e.to_string())),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8 text".to_owned()))?;
    Ok(Some(text))
}
