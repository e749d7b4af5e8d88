//! What else is known of vulnerabilities, from files that the user gives: VEX documents, severities, and fixes of distributions.

use super::args::ListArgs;
use super::error::Error;
use super::files::{self, not_read};
use super::vex::{read_all, say_unmatched};
use crate::vuln::Program;
use crate::vuln::database::Database;
use crate::vuln::distribution::{self, DistributionFixes};
use crate::vuln::severity::{self, Severities};
use crate::vuln::vex::{Document, Statements};
use std::path::PathBuf;

/// The files of [`ListArgs`], read.
pub struct Lists {
    pub documents: Vec<Document>,
    /// `None` without `--severity`.
    pub severities: Option<Severities>,
    pub fixes: DistributionFixes,
}

impl Lists {
    /// Reads them, and says which statements lack a reason.
    ///
    /// # Errors
    /// When one of them cannot be read as a whole.
    pub fn read(args: &ListArgs, database: &Database, quiet: bool) -> Result<Self, Error> {
        let severities = read_severities(&args.severity)?;
        Ok(Self {
            documents: read_all(&args.vex, quiet)?,
            severities: (!args.severity.is_empty()).then_some(severities),
            fixes: read_fixes(&args.distribution_fixes, database)?,
        })
    }

    /// Whether a statement names its program by its digest.
    pub fn name_digests(&self) -> bool {
        self.documents.iter().any(Document::names_digests)
    }

    /// What adds them to the findings of programs.
    pub fn adder(&self) -> Adder<'_> {
        Adder {
            lists: self,
            statements: Statements::of(&self.documents),
        }
    }
}

/// Adds what the files say to the findings of all programs of a run.
pub struct Adder<'l> {
    lists: &'l Lists,
    statements: Statements<'l>,
}

impl Adder<'_> {
    /// Adds to the findings of one program.
    pub fn add_to(&mut self, program: &mut Program) {
        self.statements.apply(program);
        program.add_distribution_fixes(&self.lists.fixes);
        if let Some(severities) = &self.lists.severities {
            program.rate(severities);
        }
    }

    /// Says which statements were about no finding.
    pub fn end(self, quiet: bool) {
        if !quiet {
            say_unmatched(&self.statements.unmatched());
        }
    }
}

fn read_severities(paths: &[PathBuf]) -> Result<Severities, Error> {
    let mut severities = Severities::default();
    for path in paths {
        let bytes = files::read(path, severity::LARGEST)?;
        let read = severities.read(&bytes);
        read.map_err(|why| not_read(path, why.to_string()))?;
    }
    Ok(severities)
}

fn read_fixes(paths: &[PathBuf], database: &Database) -> Result<DistributionFixes, Error> {
    let mut fixes = DistributionFixes::default();
    if paths.is_empty() {
        return Ok(fixes);
    }
    let names = database.all_names().map_err(Error::Damaged)?;
    for path in paths {
        let bytes = files::read(path, distribution::LARGEST)?;
        let read = fixes.read(&bytes, &path.to_string_lossy(), &|id| names.contains(id));
        read.map_err(|why| not_read(path, why.to_string()))?;
    }
    Ok(fixes)
}
