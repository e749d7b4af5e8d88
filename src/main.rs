//! The `gospect` program. Everything is in the library; this hands over the arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    gospect::cli::run(std::env::args_os().collect())
}
