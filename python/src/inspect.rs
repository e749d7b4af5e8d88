//! Records of the programs in a file that is in memory.

use gospect::exe::OpenError;
use gospect::go::{self, Level, Options};
use gospect::record::Binary;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// The Go programs of an executable, each as the JSON of its record, and what was wrong with the file.
///
/// # Errors
/// `ValueError`, when the bytes are not an executable or cannot be read as one.
#[pyfunction]
pub fn inspect(
    py: Python<'_>,
    bytes: &Bound<'_, PyBytes>,
    all_facts: bool,
    symbols: bool,
    hash: bool,
) -> PyResult<(Vec<String>, Vec<String>)> {
    let options = Options {
        level: match all_facts {
            true => Level::Full,
            false => Level::BuildInfo,
        },
        named: true,
        symbols,
        packages: symbols,
        digests: match hash {
            true => go::Digests::Program,
            false => go::Digests::None,
        },
        ..Options::default()
    };
    let bytes = bytes.as_bytes();
    let inspection = py
        .detach(|| go::inspect(&bytes, &options))
        .map_err(|error| PyValueError::new_err(reason(&error)))?;
    let mut faults = inspection.faults;
    faults.extend(inspection.damage);
    faults.extend(
        inspection
            .packed
            .map(|packer| format!("packed by {packer}")),
    );
    let records = inspection.found.into_iter();
    let records = records.map(|program| json(&program.into_record()));
    Ok((records.collect::<PyResult<_>>()?, faults))
}

fn reason(error: &OpenError) -> String {
    match error {
        OpenError::NotExecutable => "not an executable".to_owned(),
        other => other.to_string(),
    }
}

fn json(record: &Binary) -> PyResult<String> {
    serde_json::to_string(record).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
