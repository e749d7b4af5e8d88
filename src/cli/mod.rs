//! The command line: arguments → configuration → one file for each command → exit code.
//!
//! Only this folder prints. It calls the library, shows the results and turns them into an exit code.

/// Prints a message for the user on standard error. Text from files must be cleaned first. A failure to print is ignored.
macro_rules! say {
    ($($text:tt)*) => {{
        $crate::cli::captured::message(format!($($text)*));
    }};
}

mod args;
mod audit;
mod cache;
mod captured;
#[cfg(feature = "registry")]
mod catalog;
#[cfg(feature = "verify")]
mod checkouts;
mod config;
mod database;
mod dates;
mod db;
mod diff;
mod error;
mod exit;
mod explain;
mod files;
mod fips;
mod go_flags;
mod go_sum;
mod headings;
mod init;
mod input;
#[cfg(unix)]
mod interrupt;
mod levels;
mod lines;
mod lint;
mod lists;
mod one_program;
mod output;
mod packages;
mod policy;
mod profile;
mod progress;
#[cfg(feature = "verify")]
mod provenance;
mod ps;
mod rebuild;
mod sbom;
mod scan;
mod shell;
mod terminal;
mod tips;
mod topics;
mod values;
#[cfg(feature = "verify")]
mod verify;
mod version;
mod vex;
mod vuln;
mod why;

use crate::report::style::clean;
use crate::source::target::{BadTarget, Target};
use args::{Cli, Command};
use clap::{FromArgMatches, Subcommand};
use error::Error;
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

/// Printed when gospect is started without arguments.
const HINT: &str = "\
gospect X-rays compiled Go programs. Type one of:

  gospect scan DIR             list every Go program under DIR
  gospect scan FILE            everything about one program
  gospect audit DIR            what is wrong, and how to fix it
  gospect vuln DIR             which known vulnerabilities are linked
  gospect verify DIR           whether they are what they claim to be
  gospect lint Dockerfile      what is wrong with what starts them
  gospect diff OLD NEW         what changed between two releases
  gospect version -m FILE      the same as `go version -m FILE`, without Go

`gospect help` lists all commands, `gospect help COMMAND` explains one.
";

pub use captured::{Ended, run as run_captured};
pub use error::Failure;
pub use terminal::Stdout;

/// Commands that compare or search programs by name, and so need files instead of standard input.
const NEED_FILES: [&str; 2] = ["diff", "why"];

/// Runs the program and returns its exit code.
pub fn run(args: Vec<OsString>, stdout: Stdout) -> u8 {
    terminal::remember(stdout);
    exit_code(args)
}

fn exit_code(mut args: Vec<OsString>) -> u8 {
    if args.get(1).is_some_and(|first| is_target(first)) {
        args.insert(1, "scan".into());
    }
    // `go version` has its own style of flags (`-json`), so the general parser never sees this command.
    if args.get(1).is_some_and(|a| a == "version") {
        return version::run(args.get(2..).unwrap_or_default());
    }
    if args.len() <= 1 {
        captured::failed(Failure::Usage);
        say!("{}", HINT.trim_end());
        return exit::Exit::Failed.into();
    }
    if let [_, help, topic] = args.as_slice()
        && help == "help"
        && let Some(answer) = help_topic(&topic.to_string_lossy())
    {
        return ended(answer.map(|()| exit::Exit::Fine), None);
    }
    let command = args.get(1).map(|a| a.to_string_lossy().into_owned());
    let parsed = args::command_for(command.as_deref()).try_get_matches_from(args);
    let cli = match parsed.and_then(|mut m| Cli::from_arg_matches_mut(&mut m)) {
        Ok(cli) => cli,
        Err(error) => return not_parsed(error, command.as_deref()).into(),
    };
    ended(dispatch(cli.command), command.as_deref())
}

/// Prints help that was asked for, or what is wrong with the arguments.
fn not_parsed(error: clap::Error, command: Option<&str>) -> exit::Exit {
    let error = tips::for_error(error, command);
    let help = !error.use_stderr();
    let text = error.render().to_string();
    // The message quotes arguments, which may come from a list of files.
    if text
        .lines()
        .any(|line| matches!(clean(line), Cow::Owned(_)))
    {
        text.lines().for_each(|line| say!("{}", clean(line)));
    } else if !captured::is_on() {
        let _ = error.print();
    } else if help {
        let _ = output::print(text.as_bytes());
    } else {
        say!("{}", text.trim_end());
    }
    match help {
        true => exit::Exit::Fine,
        false => {
            captured::failed(Failure::Usage);
            exit::Exit::Failed
        }
    }
}

/// Runs a command.
fn dispatch(command: Command) -> Result<exit::Exit, Error> {
    match command {
        Command::Scan(args) => scan::run(&args),
        Command::Ps(args) => ps::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Sbom(args) => sbom::run(&args),
        Command::Fips(args) => fips::run(&args),
        Command::Packages(args) => packages::run(&args),
        Command::Db(args) => db::run(&args),
        #[cfg(feature = "registry")]
        Command::Catalog(args) => catalog::run(&args),
        Command::Cache(args) => cache::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Why(args) => why::run(&args),
        Command::Rebuild(args) => rebuild::run(&args),
        Command::Vuln(args) => vuln::run(&args),
        #[cfg(feature = "verify")]
        Command::Verify(args) => verify::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Completions(args) => shell::completions(&args),
        Command::Man(args) => shell::man(&args),
        Command::Version(_) => Err(Error::VersionNotFirst),
    }
}

/// Reports an error of the command with this name, and returns the exit code.
fn ended(result: Result<exit::Exit, Error>, command: Option<&str>) -> u8 {
    let error = match result {
        Ok(exit) => return exit.into(),
        Err(error) => error,
    };
    captured::failed(error.failure());
    let text = match (&error, command) {
        (Error::Target(bad), Some(command)) => {
            bad.for_command(command, !NEED_FILES.contains(&command))
        }
        _ => error.to_string(),
    };
    say!("gospect: {}", clean(&error::plain(&text)));
    exit::Exit::Failed.into()
}

/// Whether the first argument names something to scan instead of a command: `gospect dist/` is `gospect scan dist/`. The name
/// of a command is never a target; a file of that name is written `./scan`.
fn is_target(first: &OsStr) -> bool {
    let is_command = |name: &str| name == "help" || Command::has_subcommand(name);
    if first.to_str().is_some_and(is_command) {
        return false;
    }
    match Target::parse(first) {
        Ok(Target::Path(path)) => {
            !first.as_encoded_bytes().starts_with(b"-") && std::fs::symlink_metadata(path).is_ok()
        }
        Ok(_) => true,
        // An empty argument comes from an empty variable of the shell, and is not a target.
        Err(BadTarget::Empty) => false,
        Err(_) => true,
    }
}

/// Shows `gospect help TOPIC`; `None` if `name` is a command, whose help the parser prints.
fn help_topic(name: &str) -> Option<Result<(), Error>> {
    if let Some(text) = topics::text(name) {
        return Some(output::print(text.as_bytes()));
    }
    let commands = args::command();
    let known: Vec<&str> = commands
        .get_subcommands()
        .map(clap::Command::get_name)
        .chain(["help"])
        .collect();
    if known.contains(&name) || name.starts_with('-') {
        return None;
    }
    let near = crate::knowledge::nearest(name, known.into_iter().chain(topics::NAMES));
    let name = crate::report::style::clean(name);
    let hint = match near {
        Some(near) => format!("did you mean `gospect help {near}`?"),
        None => "`gospect help` lists them; `gospect explain` lists rules and settings".to_owned(),
    };
    Some(Err(Error::NoName {
        what: "command or topic",
        name: name.into_owned(),
        hint,
    }))
}
