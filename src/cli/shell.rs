//! `gospect completions` and `gospect man`: both generated from the argument definitions that `--help` uses.

use super::args::{self, CompletionsArgs, ManArgs};
use super::error::Error;
use super::exit::Exit;
use super::output::print;
use super::topics;
use super::values::choices;
use crate::audit::diff::Class;
use crate::audit::policy::PROFILES;
use crate::audit::rules::registry::RULES;
use crate::knowledge;
use clap::{Arg, Command};
use clap_complete::Shell;
use std::fmt::Write;
use std::sync::OnceLock;

/// Prints completions for a shell.
pub fn completions(wanted: &CompletionsArgs) -> Result<Exit, Error> {
    let mut script = Vec::new();
    let mut command = completed();
    clap_complete::generate(wanted.shell, &mut command, "gospect", &mut script);
    if wanted.shell == Shell::Fish {
        script.extend(fish_positionals(&command).bytes());
    }
    print(&script)?;
    Ok(Exit::Fine)
}

/// The command line with suggested words for arguments that accept any text.
fn completed() -> Command {
    let rules = || RULES.iter().map(|rule| (rule.meta.id, rule.meta.summary));
    let names = || rules().chain(knowledge::explain::names().into_iter().map(|n| (n, "")));
    let profiles = || PROFILES.map(|name| (name, ""));
    let mut root = args::command().disable_help_subcommand(true);
    // Clap wants these words to live as long as the program.
    static COMMANDS: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let about = |c: &Command| c.get_about().map_or_else(String::new, |a| a.to_string());
    let commands = root.get_subcommands();
    let commands = commands.map(|c| (c.get_name().to_owned(), about(c)));
    let commands = COMMANDS.get_or_init(|| commands.collect()).iter();
    let commands = commands.map(|(name, about)| (name.as_str(), about.as_str()));
    let help = commands.chain(topics::NAMES.map(|name| (name, "a topic")));
    let name = Arg::new("name").value_parser(choices(help));
    let help = Command::new("help").about("Print the long help of a command or topic");
    root = root.subcommand(help.arg(name));
    // Building adds the arguments of every command and the full names that generators need.
    root.build();
    for (command, arg, words) in [
        ("audit", "deny", choices(rules())),
        ("audit", "warn", choices(rules())),
        ("audit", "allow", choices(rules())),
        ("audit", "profile", choices(profiles())),
        ("lint", "deny", choices(rules())),
        ("lint", "warn", choices(rules())),
        ("lint", "allow", choices(rules())),
        ("lint", "profile", choices(profiles())),
        (
            "diff",
            "fail_on",
            choices(
                Class::ALL
                    .map(|c| (c.name(), ""))
                    .into_iter()
                    .chain([("worse", "every change marked `!`"), ("any", "all of them")]),
            ),
        ),
        ("explain", "name", choices(names())),
    ] {
        root = root.mut_subcommand(command, |c| c.mut_arg(arg, |a| a.value_parser(words)));
    }
    root
}

/// Completions of positional words, which the fish generator leaves out.
fn fish_positionals(root: &Command) -> String {
    let mut script = String::new();
    for command in root.get_subcommands() {
        for value in command.get_positionals().flat_map(Arg::get_possible_values) {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
            let doc = value
                .get_help()
                .map_or_else(String::new, |h| quoted(&h.to_string()));
            let _ = writeln!(
                script,
                "complete -c gospect -n '__fish_gospect_using_subcommand {}' -f -a '{}' -d '{doc}'",
                command.get_name(),
                quoted(value.get_name()),
            );
        }
    }
    script
}

/// Prints one page or writes all of them.
pub fn man(wanted: &ManArgs) -> Result<Exit, Error> {
    let root = args::command().disable_help_subcommand(true);
    if let Some(directory) = &wanted.directory {
        let failed = Error::write(format!("pages into {}", directory.display()));
        std::fs::create_dir_all(directory).map_err(&failed)?;
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
        .map_err(Error::write("the page"))?;
    print(&page)?;
    Ok(Exit::Fine)
}

fn subcommand(mut root: Command, name: &str) -> Result<Command, Error> {
    // Building fills in the full names (`gospect audit`) and the common arguments.
    root.build();
    let names: Vec<String> = root
        .get_subcommands()
        .map(|c| c.get_name().to_owned())
        .collect();
    match root.find_subcommand(name) {
        Some(command) => Ok(command.clone()),
        None => {
            let hint = knowledge::hint(name, names.iter().map(String::as_str), || {
                format!("there are: {}", names.join(", "))
            });
            Err(Error::NoName {
                what: "command",
                name: name.to_owned(),
                hint,
            })
        }
    }
}
