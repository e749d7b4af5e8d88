//! `gospect completions` and `gospect man`: both made from the same description of the arguments as `--help`.

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::exit::Exit;
use super::output::write_failed;
use clap::{Command, CommandFactory};
use std::io::Write;

/// Prints the completions of a shell.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, String> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gospect", &mut script);
    print(&script)
}

/// Prints one page, or writes all.
pub fn man(args: &ManArgs) -> Result<Exit, String> {
    let root = Cli::command().disable_help_subcommand(true);
    if let Some(directory) = &args.directory {
        let failed = |e| format!("cannot write pages into {}: {e}", directory.display());
        std::fs::create_dir_all(directory).map_err(failed)?;
        clap_mangen::generate_to(root, directory).map_err(failed)?;
        return Ok(Exit::Fine);
    }
    let mut page = Vec::new();
    let command = match &args.command {
        None => root,
        Some(name) => subcommand(root, name)?,
    };
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|e| format!("cannot make the page: {e}"))?;
    print(&page)
}

fn subcommand(mut root: Command, name: &str) -> Result<Command, String> {
    // Building fills in the full names (`gospect audit`) and the common arguments.
    root.build();
    let names: Vec<String> = root
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    match root.find_subcommand(name) {
        Some(command) => Ok(command.clone()),
        None => {
            let near = crate::knowledge::nearest(name, names.iter().map(String::as_str));
            Err(match near {
                Some(near) => format!("there is no command `{name}`; did you mean `{near}`?"),
                None => format!(
                    "there is no command `{name}`; there are: {}",
                    names.join(", ")
                ),
            })
        }
    }
}

fn print(bytes: &[u8]) -> Result<Exit, String> {
    if let Err(e) = std::io::stdout().write_all(bytes) {
        write_failed(&e)?;
    }
    Ok(Exit::Fine)
}
