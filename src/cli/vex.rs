//! The VEX documents of `--vex`.

use super::error::Error;
use super::files::{self, not_read};
use crate::report::style::clean;
use crate::vuln::vex::{self, Document, Unmatched};
use std::path::{Path, PathBuf};

/// Most statements that a message names by their numbers.
const NAMED: usize = 5;

/// Reads the documents, and says which statements lack a reason that their format requires.
pub fn read_all(paths: &[PathBuf], quiet: bool) -> Result<Vec<Document>, Error> {
    let mut documents = Vec::new();
    for path in paths {
        let document = read(path)?;
        let numbers = document.without_reason();
        if !numbers.is_empty() && !quiet {
            say!(
                "gospect: {}: not_affected without a `justification` or an `impact_statement`, which OpenVEX requires: {}",
                clean(&path.to_string_lossy()),
                named(&numbers)
            );
        }
        documents.push(document);
    }
    Ok(documents)
}

fn read(path: &Path) -> Result<Document, Error> {
    let name = path.to_string_lossy();
    let bytes = files::read(path, vex::LARGEST)?;
    Document::parse(&bytes, &name).map_err(|e| not_read(path, e.to_string()))
}

/// `statement 2`, `statements 1, 2, 3, 4, 5 and 7 more`.
fn named(numbers: &[usize]) -> String {
    let first: Vec<String> = numbers.iter().take(NAMED).map(usize::to_string).collect();
    let first = first.join(", ");
    match (numbers.len(), numbers.len().saturating_sub(NAMED)) {
        (1, _) => format!("statement {first}"),
        (_, 0) => format!("statements {first}"),
        (_, more) => format!("statements {first} and {more} more"),
    }
}

/// Says which statements were about no finding.
pub fn say_unmatched(unmatched: &[Unmatched]) {
    for document in unmatched {
        let source = clean(&document.source).into_owned();
        say!("gospect: {source}: {}", clean(&document.to_string()));
    }
}
