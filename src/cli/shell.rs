//! `gospect completions` and `gospect man`: both made from the same description of the arguments as `--help`.

use super::args::{self, CompletionsArgs, ManArgs};
use super::exit::Exit;
use super::output::print;
use clap::Command;

/// Prints the completions of a shell.
pub fn completions(wanted: &CompletionsArgs) -> Result<Exit, String> {
    let mut script = Vec::new();
    clap_complete::generate(wanted.shell, &mut args::command(), "gospect", &mut script);
    print(&script)?;
    Ok(Exit::Fine)
}

/// Prints one page, or writes all.
pub fn man(wanted: &ManArgs) -> Result<Exit, String> {
    let root = args::command().disable_help_subcommand(true);
    if let Some(directory) = &wanted.directory {
        let failed = |e| format!("cannot write pages into {}: {e}", directory.display());
        std::fs::create_dir_all(directory).map_err(failed)?;
        clap_mangen::generate_to(root, directory).map_err(failed)?;
        return Ok(Exit::Fine);
    }
    let mut page = Vec::new();
    let command = match &wanted.command {
        None => root,
        Some(name) => subcommand(root, name)?,
    };
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|e| format!("cannot make the page: {e}"))?;
    print(&page)?;
    Ok(Exit::Fine)
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
