//! Known vulnerabilities in programs, with a file for each format.
//!
//! Must never judge, read a file, or print.

mod audit;
pub mod cyclonedx;
#[cfg(feature = "formats")]
mod html;
mod json;
mod levels;
mod markdown;
pub mod openvex;
mod sarif;
mod shared;
mod statement;
mod text;
mod unseen;

use crate::findings::{self, Listing};
use gospect_vuln::severity::Condition;
use gospect_vuln::vex::Bill;
use gospect_vuln::{Finding, Level, Report};
use std::io::{self, Write};

/// Options for writing a report.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to colour the text.
    pub color: bool,
    /// Columns of the terminal; `None`: not a terminal, do not wrap.
    pub width: Option<usize>,
    /// Findings below this level are only counted, in formats for people.
    pub level: Level,
    /// How much text and Markdown list.
    pub listing: Listing,
    /// Time of VEX documents, in seconds since 1970.
    pub time: u64,
    /// The bill whose components CycloneDX VEX names; `None`: the document has components of its own.
    pub bill: Option<Bill>,
    /// The conditions of `--fail-severity`: a finding that is listed makes the exit code 1 if it meets one of them, or if there are none. Those are the failures in
    /// JUnit.
    pub fail_severity: Vec<Condition>,
    /// OpenVEX says `not_affected` also under the name of a module without a version, for programs that record none. Scanners take that name for every
    /// version, so such a document is for this build only.
    pub unversioned: bool,
}

impl Options {
    /// Whether a finding that is listed makes the exit code 1.
    fn fails(&self, finding: &Finding) -> bool {
        let mut conditions = self.fail_severity.iter();
        self.fail_severity.is_empty() || conditions.any(|c| c.holds(finding.severity))
    }

    /// How many of a list to name if that is limited to `most`.
    fn limit(&self, most: usize) -> usize {
        match self.listing {
            Listing::All => usize::MAX,
            Listing::Grouped | Listing::Summary => most,
        }
    }
}

/// A format of `vuln`.
pub struct Format {
    /// The name for `--format`.
    pub name: &'static str,
    /// One line for `--help`.
    pub doc: &'static str,
    /// The function that writes it.
    pub render: fn(&Report, &Options, &mut dyn Write) -> io::Result<()>,
}

/// The formats of `vuln`.
pub static FORMATS: &[Format] = &[
    Format {
        name: "text",
        doc: "grouped by what to do about them",
        render: text::render,
    },
    Format {
        name: "json",
        doc: "everything, at all levels, one document",
        render: json::render,
    },
    Format {
        name: "sarif",
        doc: "SARIF 2.1.0, for code scanning; all levels",
        render: sarif::render,
    },
    Format {
        name: "openvex",
        doc: "OpenVEX 0.2.0: statements that other scanners read; all levels",
        render: openvex::render,
    },
    Format {
        name: "cyclonedx-vex",
        doc: "CycloneDX with vulnerabilities and their analysis; all levels",
        render: cyclonedx::render,
    },
    Format {
        name: "markdown",
        doc: "summary for a job page or a comment",
        render: markdown::render,
    },
    #[cfg(feature = "formats")]
    Format {
        name: "html",
        doc: "one page that needs no network; all levels",
        render: html::render,
    },
    Format {
        name: "junit",
        doc: "JUnit, for test reports",
        render: |report, options, out| {
            let (audit, failing) = audit::with_unjudged(report, options.level, options);
            findings::junit::write(&audit, &failing, out)
        },
    },
    Format {
        name: "github",
        doc: "GitHub workflow annotations",
        render: |report, options, out| {
            let (audit, _) = audit::with_unjudged(report, options.level, options);
            findings::github::render(&audit, &findings::Options::default(), out)
        },
    },
    Format {
        name: "gitlab",
        doc: "GitLab code quality",
        render: |report, options, out| {
            let (audit, _) = audit::with_unjudged(report, options.level, options);
            let severities = audit::severities(report, options.level);
            findings::gitlab::write_rated(&audit, &severities, out)
        },
    },
];

/// The format with this name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|f| f.name == name)
}

/// The page of an entry of the Go vulnerability database, or of GitHub's advisories.
pub(crate) fn address(id: &str) -> Option<String> {
    let is_id = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let base = match id.split('-').next() {
        Some("GO") => "https://pkg.go.dev/vuln/",
        Some("GHSA") => "https://github.com/advisories/",
        _ => return None,
    };
    is_id.then(|| format!("{base}{id}"))
}

/// The page of an entry or of one of its aliases, for links: that of [`address`], for a CVE that of NVD.
fn page_of(id: &str) -> Option<String> {
    let is_cve = id.strip_prefix("CVE-").is_some_and(|number| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte == b'-';
        !number.is_empty() && number.bytes().all(is_digit)
    });
    let of_cve = is_cve.then(|| format!("https://nvd.nist.gov/vuln/detail/{id}"));
    of_cve.or_else(|| address(id))
}

#[cfg(test)]
mod tests;
