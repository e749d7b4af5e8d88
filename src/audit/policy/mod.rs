//! Policy: which rules matter how much, here.
//!
//! A policy is the built-in profile it extends, then the profiles of its file, then `[rules]`, then the overrides that
//! match a binary, then the command line; later settings win. `read` turns the text of `gospect.toml` into it and
//! reports every mistake with its place; nothing else looks at TOML.
//!
//! Must never: read a file (the caller hands the text), guess at a misspelt name.

pub mod condition;
pub mod diagnostic;
mod print;
mod read;
pub mod schema;

pub use diagnostic::Diagnostic;

use super::date::Date;
use super::finding::{Level, PolicyRef};
use super::glob;
use super::options::Value;
use super::rules::registry::{self, RULES};
use crate::record::Binary;
use condition::Condition;
use std::collections::BTreeMap;

/// The commented file that `gospect init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");
/// Name of the policy file that is looked for.
pub const FILE_NAME: &str = "gospect.toml";
/// The built-in profiles.
pub const PROFILES: [&str; 4] = ["default", "release", "container", "fips"];

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
    /// Record key, see [`super::keys`].
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
    command_line: Vec<(String, Option<Level>)>,
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

    /// Reads a policy file; `filename` is for messages only. All mistakes are reported, not just the first; beyond a hundred they are counted.
    pub fn load(text: &str, filename: &str) -> Result<Policy, Vec<Diagnostic>> {
        read::read(text, filename)
    }

    /// Chooses the profile, as `--profile` does. The error names the profiles there are.
    pub fn select_profile(&mut self, name: &str) -> Result<(), String> {
        if !PROFILES.contains(&name) && !self.profiles.contains_key(name) {
            let names = PROFILES
                .iter()
                .copied()
                .chain(self.profiles.keys().map(String::as_str));
            let hint = crate::knowledge::nearest(name, names.clone())
                .map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(format!(
                "there is no profile `{name}`{hint} (there are: {})",
                names.collect::<Vec<_>>().join(", ")
            ));
        }
        self.profile = name.to_string();
        Ok(())
    }

    /// Sets the level of a rule over everything else, as `-D` (error), `-W` (warning) and `-A` (`None`) do. `name` is an
    /// id, a code, a family, a glob over ids, or `all`.
    pub fn set_level(&mut self, name: &str, level: Option<Level>) -> Result<(), String> {
        let known = name == "all"
            || RULES
                .iter()
                .any(|r| selects(name, r.meta.id, r.meta.code, r.meta.family.name()))
            || self.custom.iter().any(|c| glob::matches(name, &c.id));
        if !known {
            let ids = RULES
                .iter()
                .map(|r| r.meta.id)
                .chain(self.custom.iter().map(|c| c.id.as_str()));
            let hint = crate::knowledge::nearest(name, ids)
                .map_or("`gospect explain` lists all rules".to_string(), |n| {
                    format!("did you mean `{n}`?")
                });
            return Err(format!("there is no rule `{name}`; {hint}"));
        }
        self.command_line.push((name.to_string(), level));
        Ok(())
    }

    /// Adds `KEY=VALUE` of `--expect`. The error says what is wrong with it.
    pub fn expect(&mut self, pair: &str) -> Result<(), String> {
        let (key, value) = pair
            .split_once('=')
            .filter(|(k, _)| !k.is_empty())
            .ok_or_else(|| format!("`{pair}` is not KEY=VALUE"))?;
        check_key(key)?;
        glob::check(value).map_err(|e| format!("the value `{value}` {e}"))?;
        self.expect.push(Expectation {
            key: key.into(),
            value: value.into(),
        });
        Ok(())
    }

    /// What holds for every rule, in the order of the registry, with the overrides of these numbers.
    pub fn effective(&self, overrides: &[usize]) -> Vec<Effective> {
        let chain = self.chain();
        let base = chain.last().map_or("default", |n| n.as_str());
        let mut rows: Vec<Effective> = RULES
            .iter()
            .map(|r| {
                let l = &r.meta.levels;
                let level = match base {
                    "release" => l.release,
                    "container" => l.container,
                    "fips" => l.fips,
                    _ => l.default,
                };
                Effective {
                    level,
                    ..Effective::default()
                }
            })
            .collect();
        let mut said_off = vec![false; rows.len()];
        let profiles = chain
            .iter()
            .rev()
            .filter_map(|n| self.profiles.get(n))
            .flat_map(|p| &p.rules);
        let chosen = overrides
            .iter()
            .filter_map(|i| self.overrides.get(*i))
            .flat_map(|o| &o.rules);
        for s in profiles.chain(&self.rules).chain(chosen) {
            let (Some(row), Some(off)) = (rows.get_mut(s.rule), said_off.get_mut(s.rule)) else {
                continue;
            };
            if let Some(level) = s.level {
                row.level = level;
                *off = level.is_none();
            }
            for (name, value) in &s.options {
                row.options.retain(|(n, _)| n != name);
                row.options.push((name, value.clone()));
            }
            // Who gives options to a rule wants to hear it.
            if row.level.is_none() && !*off && !s.options.is_empty() {
                row.level = Some(Level::Warning);
            }
            row.at = s.at.clone().or(row.at.take());
            row.is_set = true;
        }
        for (name, level) in &self.command_line {
            for (row, rule) in rows.iter_mut().zip(RULES) {
                if name == "all"
                    || selects(name, rule.meta.id, rule.meta.code, rule.meta.family.name())
                {
                    (row.level, row.at) = (*level, None);
                    row.is_set = row.is_set
                        || name == rule.meta.id
                        || name.eq_ignore_ascii_case(rule.meta.code);
                }
            }
        }
        rows
    }

    /// Level of a custom rule with the command line applied.
    pub fn custom_level(&self, custom: &Custom) -> Option<Level> {
        let named = self
            .command_line
            .iter()
            .rev()
            .find(|(n, _)| n == "all" || glob::matches(n, &custom.id));
        named.map_or(custom.level, |(_, level)| *level)
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

    /// Profiles from the one in force to the built-in one it ends in.
    fn chain(&self) -> Vec<String> {
        let mut out = vec![self.profile.clone()];
        // One that leads to itself is refused when the policy is read.
        while let Some(next) = out
            .last()
            .filter(|_| out.len() <= self.profiles.len() + 1)
            .and_then(|n| self.profiles.get(n))
            .map(|p| p.extends.clone().unwrap_or_else(|| "default".into()))
        {
            out.push(next);
        }
        out
    }

    /// The policy in force as a policy file, for `--print-config`: every rule with its level and every option with its value.
    pub fn print_config(&self) -> String {
        print::print(self)
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

/// True when `name` means this rule.
fn selects(name: &str, id: &str, code: &str, family: &str) -> bool {
    name == id
        || name.eq_ignore_ascii_case(code)
        || name == family
        || (name.contains('*') && glob::matches(name, id))
}

fn check_key(key: &str) -> Result<(), String> {
    if super::keys::is_known(key) {
        return Ok(());
    }
    Err(match super::keys::near(key) {
        Some(near) => format!("`{key}` is not a record key; did you mean `{near}`?"),
        None => {
            format!("`{key}` is not a record key; `gospect scan --format json FILE` shows the keys")
        }
    })
}

/// Row of a rule, by id or code.
fn rule_index(name: &str) -> Option<usize> {
    registry::RULES
        .iter()
        .position(|r| r.meta.id == name || r.meta.code == name)
}

#[cfg(test)]
mod tests;
