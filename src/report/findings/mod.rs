//! Findings of an audit, one file per format.
//!
//! Must never: judge, read a file, print. Waived and accepted findings are shown as such where the format can say so and
//! left out where it cannot.

pub mod github;
pub mod gitlab;
pub mod json;
pub mod junit;
pub mod markdown;
#[cfg(feature = "cli")]
pub mod page;
pub mod remarks;
pub mod sarif;
pub mod text;

use crate::audit::Audit;
use crate::bytes::escape::acts;
use std::borrow::Cow;
use std::io::{self, Write};

/// How findings are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Colours in text.
    pub color: bool,
    /// Columns of the terminal that text goes to; `None`: no terminal, nothing is wrapped.
    pub width: Option<usize>,
}

/// Writes an audit in one format.
pub type Render = fn(&Audit, &Options, &mut dyn Write) -> io::Result<()>;

/// One format of `audit`.
pub struct Format {
    /// As given to `--format`.
    pub name: &'static str,
    /// Extension of a file that holds it, without the dot.
    pub extension: &'static str,
    /// One line for `--help`.
    pub doc: &'static str,
    /// Writes it.
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

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

/// Text from a file made harmless for a terminal or a page: characters that act are written out.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .flat_map(|c| {
                if acts(c) {
                    c.escape_unicode().collect::<Vec<_>>()
                } else {
                    vec![c]
                }
            })
            .collect(),
    )
}

/// The file that a finding is in, as far as there is one: what CI systems can link to.
fn file(finding: &crate::audit::Finding) -> &str {
    let l = &finding.location;
    match (&l.file, &l.image) {
        (Some(file), _) => file,
        (None, Some(image)) => &image.reference,
        (None, None) if finding.path.is_empty() => &l.target,
        (None, None) => finding.path.split('!').next().unwrap_or(&finding.path),
    }
}

/// `1 error`, `2 errors`.
fn count(n: u64, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
