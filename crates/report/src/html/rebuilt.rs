//! Results of `gospect rebuild` on the page of a scan or an audit.

use super::{Page, Row, Table, Tile, Tone};
use crate::style::clean;
use gospect_bytes::number::thousands;
use gospect_record::rebuild::{Outcome, SCHEMA};
use gospect_record::{Binary, Document};
use serde::Deserialize;
use std::fmt;

/// What the page shows of a document of `gospect rebuild --format json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Rebuilt {
    schema: String,
    program: String,
    verdict: Outcome,
    why: Option<String>,
    sha256: Released,
    functions: Option<Functions>,
    #[serde(default)]
    explanations: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Released {
    released: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Functions {
    equal: u64,
    all: u64,
}

/// Why a document is not taken.
#[derive(Debug)]
pub enum NotRebuilt {
    /// It is not JSON, or lacks a key.
    Json(serde_json::Error),
    /// It states another schema.
    Schema(String),
}

impl fmt::Display for NotRebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(why) => write!(f, "no result of `gospect rebuild --format json`: {why}"),
            Self::Schema(other) => {
                write!(f, "its schema is `{other}`, and this reads `{SCHEMA}`")
            }
        }
    }
}

impl std::error::Error for NotRebuilt {}

impl Rebuilt {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not a result of a rebuild.
    pub fn parse(text: &str) -> Result<Self, NotRebuilt> {
        let rebuilt: Self = serde_json::from_str(text).map_err(NotRebuilt::Json)?;
        match rebuilt.schema.as_str() {
            SCHEMA => Ok(rebuilt),
            other => Err(NotRebuilt::Schema(clean(other).into_owned())),
        }
    }

    /// The program of the scan that was built again: the one with the same digest, and never one that only has the same name.
    fn program<'d>(&self, document: &'d Document) -> Option<(usize, &'d Binary)> {
        let mut programs = document.binaries.iter().enumerate();
        programs.find(|(_, b)| b.sha256.as_deref() == Some(self.sha256.released.as_str()))
    }

    fn row(&self, document: &Document) -> Row {
        let (binary, name, remark) = match self.program(document) {
            Some((index, binary)) => (Some(index), binary.path.as_str(), ""),
            None => (
                None,
                self.program.as_str(),
                "not among the programs of this page",
            ),
        };
        let functions = match self.functions {
            Some(functions) => format!(
                "{} of {}",
                thousands(functions.equal),
                thousands(functions.all)
            ),
            None => String::new(),
        };
        let why = self.why.iter().chain(&self.explanations);
        let mut why: Vec<&str> = why.map(String::as_str).collect();
        why.extend(Some(remark).filter(|remark| !remark.is_empty()));
        let cells = [
            self.verdict.as_str(),
            name,
            functions.as_str(),
            &why.join("; "),
        ];
        Row {
            tone: tone(self.verdict),
            cells: cells.map(|text| clean(text).into_owned()).to_vec(),
            binary,
            ..Row::default()
        }
    }
}

fn tone(verdict: Outcome) -> Tone {
    match verdict {
        Outcome::Identical | Outcome::SameCode => Tone::Good,
        Outcome::Different => Tone::Bad,
        Outcome::NotBuilt => Tone::Warn,
    }
}

impl Page<'_> {
    /// Adds results of rebuilds, as a figure for each verdict and a table; programs are found by their digest, so records need one.
    pub fn add_rebuilt(&mut self, results: &[Rebuilt]) {
        let Some(document) = self.document else {
            return;
        };
        for (verdict, label) in [
            (Outcome::Different, "built again: different"),
            (Outcome::NotBuilt, "not built again"),
            (Outcome::SameCode, "built again: same code"),
            (Outcome::Identical, "built again: identical"),
        ] {
            let number = results.iter().filter(|r| r.verdict == verdict).count();
            if number > 0 {
                let tile = Tile::of(number as u64, label, label, tone(verdict));
                self.tiles.push(tile);
            }
        }
        let rows: Vec<Row> = results.iter().map(|result| result.row(document)).collect();
        if !rows.is_empty() {
            let columns = ["verdict", "program", "equal functions", "why"];
            let table = Table {
                title: "Built again".to_owned(),
                columns: columns.map(str::to_owned).to_vec(),
                places: None,
                rows,
            };
            self.tables.insert(0, table);
        }
    }
}
