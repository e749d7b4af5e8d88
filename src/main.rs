//! The `gospect` program: passes the arguments to the library.

#![deny(unsafe_code)]

#[cfg(unix)]
mod closed_output;

use gospect::cli::Stdout;
use std::process::ExitCode;

/// musl's allocator has a single lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(unix)]
    let closed = closed_output::was_closed();
    #[cfg(not(unix))]
    let closed = false;
    let stdout = if closed { Stdout::Closed } else { Stdout::Open };
    gospect::cli::run(std::env::args_os().collect(), stdout).into()
}
