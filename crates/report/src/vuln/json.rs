//! One JSON document with the keys of the contract.

use super::Options;
use crate::each::Each;
use gospect_vuln::{REPORT_SCHEMA, Report, Source};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(Serialize)]
struct Document<'r, P, U> {
    schema: &'static str,
    tool: Value,
    database: &'r Source,
    programs: P,
    unexamined: U,
}

pub(super) fn render(report: &Report, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: REPORT_SCHEMA,
        tool: json!({ "name": "gospect", "version": env!("CARGO_PKG_VERSION") }),
        database: &report.database,
        programs: Each(|| report.programs.iter()),
        unexamined: Each(|| report.unexamined.iter()),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
