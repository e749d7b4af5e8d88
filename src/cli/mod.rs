//! The command line: arguments → configuration → one file per command → exit code.
//!
//! Only this folder prints. What is found is the library's business; here it is asked for, shown, and turned into an exit code.

mod args;
mod exit;
mod output;
mod ps;
mod scan;
mod version;

use args::{Cli, Command};
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program and says how it went.
pub fn run(args: Vec<OsString>) -> ExitCode {
    // `go version` has flags of its own style (`-json`), so its stand-in never goes through the general parser.
    if args.get(1).is_some_and(|a| a == "version") {
        return version::run(args.get(2..).unwrap_or_default());
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let help = !error.use_stderr();
            let _ = error.print();
            return if help {
                exit::Exit::Fine
            } else {
                exit::Exit::Failed
            }
            .into();
        }
    };
    let result = match cli.command {
        Command::Scan(args) => scan::run(&args),
        Command::Ps(args) => ps::run(&args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(message) => {
            eprintln!("gospect: {message}");
            exit::Exit::Failed.into()
        }
    }
}
