//! The `gospect` program. Everything is in the library; this hands over the arguments.

use std::process::ExitCode;

/// The one of musl has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    gospect::cli::run(std::env::args_os().collect())
}
