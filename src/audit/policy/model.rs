//! What a policy says: levels, overrides, waivers, custom rules, expectations. Knows nothing of the rules that there are.

use super::PolicyError;
use super::condition::Condition;
use crate::audit::date::Date;
use crate::audit::finding::{Level, PolicyRef};
use crate::audit::options::Value;
use crate::audit::{glob, keys};
use crate::record::Binary;
use std::collections::BTreeMap;

/// What a policy says about one rule in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Row in the registry.
    pub rule: usize,
    /// `Some(None)`: off; `None`: not said.
    pub level: Option<Option<Level>>,
    /// Options by name.
    pub options: Vec<(&'static str, Value)>,
    /// Where it is said.
    pub at: Option<PolicyRef>,
}

/// A profile of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Profile that it builds on.
    pub extends: Option<String>,
    /// What it changes.
    pub rules: Vec<Setting>,
}

/// Settings for some binaries only. Each list that is given must match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Override {
    /// Globs over paths.
    pub paths: Vec<String>,
    /// Globs over main packages.
    pub packages: Vec<String>,
    /// Globs over ports, `os/arch`.
    pub ports: Vec<String>,
    /// What it changes.
    pub rules: Vec<Setting>,
}

/// Lets findings pass for a reason and a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// Id, code or glob of rules.
    pub rule: String,
    /// Glob over paths.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Last day it holds.
    pub expires: Option<Date>,
    /// Where it is.
    pub at: PolicyRef,
}

/// A rule that the file defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// The user's id.
    pub id: String,
    /// How bad; `None`: off.
    pub level: Option<Level>,
    /// What the finding says.
    pub message: String,
    /// What to do.
    pub help: String,
    /// When it is found.
    pub when: Condition,
    /// Where it is.
    pub at: PolicyRef,
}

/// A value that every binary must have.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Record key, see `docs/policy.md`.
    pub key: String,
    /// Value or glob.
    pub value: String,
}

/// A whole policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// File it came from.
    pub file: Option<String>,
    /// Profile in force.
    pub profile: String,
    /// Profiles of the file.
    pub profiles: BTreeMap<String, Profile>,
    /// `[rules]`.
    pub rules: Vec<Setting>,
    /// `[[overrides]]`.
    pub overrides: Vec<Override>,
    /// `[[waivers]]`.
    pub waivers: Vec<Waiver>,
    /// `[[custom]]`.
    pub custom: Vec<Custom>,
    /// `[expect]` and `--expect`.
    pub expect: Vec<Expectation>,
    /// `[fleet] group-by`.
    pub group_by: Option<Vec<String>>,
    /// `-D`, `-W`, `-A` in order.
    pub(super) command_line: Vec<(String, Option<Level>)>,
}

/// What holds for one rule and some binary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective {
    /// How bad; `None`: off.
    pub level: Option<Level>,
    /// Options that were set.
    pub options: Vec<(&'static str, Value)>,
    /// The last place that said something.
    pub at: Option<PolicyRef>,
    /// The policy file or the command line names this rule; else the level is that of the built-in profile.
    pub is_set: bool,
}

impl Policy {
    /// The policy without a file.
    pub fn built_in() -> Policy {
        Policy {
            profile: "default".into(),
            ..Policy::default()
        }
    }

    /// Adds `KEY=VALUE` of `--expect`.
    pub fn expect(&mut self, pair: &str) -> Result<(), PolicyError> {
        let (key, value) = pair
            .split_once('=')
            .filter(|(k, _)| !k.is_empty())
            .ok_or_else(|| PolicyError::NotAPair(pair.to_owned()))?;
        if !keys::is_known(key) {
            return Err(PolicyError::NoKey {
                key: key.to_owned(),
                hint: keys::hint(key),
            });
        }
        glob::check(value).map_err(|source| PolicyError::Glob {
            value: value.to_owned(),
            source,
        })?;
        self.expect.push(Expectation {
            key: key.into(),
            value: value.into(),
        });
        Ok(())
    }

    /// Numbers of the overrides that match a binary.
    pub fn overrides_of(&self, binary: &Binary) -> Vec<usize> {
        let holds = |list: &[String], text: &str| list.is_empty() || glob::any(list, text);
        let matching = self.overrides.iter().enumerate().filter(|(_, o)| {
            holds(&o.paths, &binary.path)
                && holds(
                    &o.packages,
                    binary.main_package.as_deref().unwrap_or_default(),
                )
                && (o.ports.is_empty() || glob::any(&o.ports, &binary.port_text()))
        });
        matching.map(|(i, _)| i).collect()
    }

    /// Numbers of the overrides that match a deployment file: those that ask for nothing but paths.
    pub fn overrides_of_file(&self, path: &str) -> Vec<usize> {
        let matching = self.overrides.iter().enumerate().filter(|(_, o)| {
            o.packages.is_empty() && o.ports.is_empty() && glob::any(&o.paths, path)
        });
        matching.map(|(i, _)| i).collect()
    }
}

impl Waiver {
    /// True when it covers a finding of that rule at that path.
    pub fn covers(&self, rule: &str, code: &str, path: &str) -> bool {
        self.names(rule, code) && self.is_at(path)
    }

    /// True when it is about that path.
    pub fn is_at(&self, path: &str) -> bool {
        glob::matches(&self.path, path)
    }

    /// True when its path is no glob.
    pub fn is_for_one_path(&self) -> bool {
        glob::is_literal(&self.path)
    }

    /// True when it is about that rule.
    pub fn names(&self, rule: &str, code: &str) -> bool {
        self.rule == code || glob::matches(&self.rule, rule)
    }
}
