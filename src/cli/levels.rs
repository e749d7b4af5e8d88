//! `-D`, `-W` and `-A`: the only arguments whose order counts, even among each other.

use crate::audit::policy::PolicyError;
use crate::audit::{Level, Policy};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// Rule or glob with its level (`None`: off), in the order of the command line.
#[derive(Clone, Debug, Default)]
pub struct Levels(Vec<(String, Option<Level>)>);

const FLAGS: [(&str, char, Option<Level>, &str); 3] = [
    (
        "deny",
        'D',
        Some(Level::Error),
        "Make findings of RULE errors; RULE is a name, a code, a family, a glob or `all`",
    ),
    (
        "warn",
        'W',
        Some(Level::Warning),
        "Make findings of RULE warnings",
    ),
    ("allow", 'A', None, "Turn RULE off"),
];

impl Levels {
    /// Adds them to the policy; the last one wins. Returns what is wrong with those that cannot be added.
    pub fn apply(&self, policy: &mut Policy) -> Vec<PolicyError> {
        let added = self.0.iter();
        let added = added.map(|(rule, level)| policy.set_level(rule, *level));
        added.filter_map(Result::err).collect()
    }
}

impl FromArgMatches for Levels {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (name, _, level, _) in FLAGS {
            let rules = matches.get_many::<String>(name).into_iter().flatten();
            let places = matches.indices_of(name).into_iter().flatten();
            for (list, position) in rules.zip(places) {
                // A glob has its own commas in braces.
                let is_list = !list.contains('{');
                let names = list.split(|c| c == ',' && is_list).map(str::trim);
                all.extend(names.map(|rule| (position, rule.to_owned(), level)));
            }
        }
        all.sort_by_key(|(position, ..)| *position);
        Ok(Self(
            all.into_iter()
                .map(|(_, rule, level)| (rule, level))
                .collect(),
        ))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Levels {
    fn augment_args(command: Command) -> Command {
        command.args(FLAGS.map(|(name, short, _, help)| {
            Arg::new(name)
                .short(short)
                .long(name)
                .value_name("RULE")
                .action(ArgAction::Append)
                .help(help)
                .help_heading(super::headings::JUDGING)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
