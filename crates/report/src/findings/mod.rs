//! Formats of audit findings, with a file for each.
//!
//! Must never judge, read a file, or print. Waived and accepted findings are marked as such, and left out in formats that
//! cannot mark them.

mod builds;
pub mod github;
pub mod gitlab;
mod groups;
pub mod json;
pub mod junit;
pub mod markdown;
#[cfg(feature = "formats")]
pub mod page;
pub mod remarks;
pub mod sarif;
mod subject;
pub mod text;
mod waived;

pub use groups::Listing;

use gospect_audit::{Audit, Level};
use gospect_bytes::escape::needs_escape;
use std::borrow::Cow;
use std::io::{self, Write};

/// Options for writing findings.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether to colour the text.
    pub color: bool,
    /// Columns of the terminal; `None`: not a terminal, do not wrap.
    pub width: Option<usize>,
    /// How text lists the findings.
    pub listing: Listing,
    /// The level from which on findings make the exit code 1, and so are failures in JUnit.
    pub fail_on: Level,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            width: None,
            listing: Listing::default(),
            fail_on: Level::Error,
        }
    }
}

/// Writes an audit in one format.
pub type Render = fn(&Audit, &Options, &mut dyn Write) -> io::Result<()>;

/// A format of `audit`.
pub struct Format {
    /// The name for `--format`.
    pub name: &'static str,
    /// File name extension, without the dot.
    pub extension: &'static str,
    /// One line for `--help`.
    pub doc: &'static str,
    /// The function that writes it.
    pub render: Render,
}

/// The formats of `audit`.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        extension: "txt",
        doc: "grouped by program, with evidence and fix",
        render: text::render,
    },
    Format {
        name: "json",
        extension: "json",
        doc: "everything, one document",
        render: json::render,
    },
    Format {
        name: "sarif",
        extension: "sarif",
        doc: "SARIF 2.1.0, for code scanning",
        render: sarif::render,
    },
    Format {
        name: "junit",
        extension: "xml",
        doc: "JUnit, for test reports",
        render: junit::render,
    },
    Format {
        name: "github",
        extension: "txt",
        doc: "GitHub workflow annotations",
        render: github::render,
    },
    Format {
        name: "gitlab",
        extension: "json",
        doc: "GitLab code quality",
        render: gitlab::render,
    },
    Format {
        name: "markdown",
        extension: "md",
        doc: "summary for a job page or a comment",
        render: markdown::render,
    },
];

/// The format with this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

/// Text from a file with control characters replaced, for terminals and pages.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .flat_map(|c| {
                if needs_escape(c) {
                    c.escape_unicode().collect::<Vec<_>>()
                } else {
                    vec![c]
                }
            })
            .collect(),
    )
}

/// The file that a finding is in, if any, to which CI systems can link.
fn file(finding: &gospect_audit::Finding) -> &str {
    let location = &finding.location;
    match (&location.file, &location.image) {
        (Some(file), _) => file,
        (None, Some(image)) => &image.reference,
        (None, None) if finding.path.is_empty() => &location.target,
        (None, None) => finding.path.split('!').next().unwrap_or(&finding.path),
    }
}

/// `1 error`, `2 errors`.
fn count(n: u64, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
