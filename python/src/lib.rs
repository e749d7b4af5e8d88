//! The native part of the Python package `gospect`: runs commands with captured output, and inspects bytes.
//!
//! It passes text on: arguments as the command line has them, results as the JSON that commands write. `python/gospect` turns both into what
//! Python users expect. Nothing here prints, and the interpreter is released while Rust works.
#![forbid(unsafe_code)]

mod inspect;
mod stream;

use pyo3::prelude::*;

/// The module `gospect._native`.
#[pymodule]
mod _native {
    use gospect::cli::{Failure, Stdout};
    use pyo3::prelude::*;
    use pyo3::types::PyBytes;
    use std::ffi::OsString;
    use std::io::Write;

    #[pymodule_export]
    use super::inspect::inspect;
    #[pymodule_export]
    use super::stream::Stream;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add(
            "RECORD_SCHEMA",
            include_str!("../../docs/record.schema.json"),
        )
    }

    /// Runs the command `gospect` with its own standard streams, and returns the exit code.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>, is_output_open: bool) -> u8 {
        let stdout = match is_output_open {
            true => Stdout::Open,
            false => Stdout::Closed,
        };
        py.detach(|| {
            let code = gospect::cli::run(arguments, stdout);
            // Rust flushes it only at the end of a Rust `main`.
            let _ = std::io::stdout().flush();
            code
        })
    }

    /// Runs a command to its end: exit code, output, messages, and the kind of failure or `None`.
    #[pyfunction]
    fn run<'py>(
        py: Python<'py>,
        arguments: Vec<OsString>,
    ) -> (u8, Bound<'py, PyBytes>, Vec<String>, Option<&'static str>) {
        let output = super::stream::Kept::default();
        let ended = py.detach(|| gospect::cli::run_captured(arguments, Box::new(output.clone())));
        let failure = ended.failure.map(failure_name);
        (
            ended.code,
            PyBytes::new(py, &output.take()),
            ended.messages,
            failure,
        )
    }

    /// The module that a package certainly belongs to, by its path; `None`: its path does not tell.
    #[pyfunction]
    fn module_of(package: &str) -> Option<String> {
        gospect::knowledge::modules::prefix(package).map(str::to_owned)
    }

    /// The name of a kind of failure, which `gospect/_errors.py` turns into an exception.
    pub(super) fn failure_name(failure: Failure) -> &'static str {
        match failure {
            Failure::Usage => "usage",
            Failure::Policy => "policy",
            Failure::Database => "database",
            Failure::Input => "input",
            Failure::Output => "output",
            Failure::System => "system",
        }
    }
}
