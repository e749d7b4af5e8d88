//! The level and options of each rule: from profiles, `[rules]`, overrides and the command line; later ones win.

use super::model::{CUSTOM_RULES, Custom, Effective, Policy, RuleSetting, SetRule};
use super::{PROFILES, PolicyError};
use crate::finding::Level;
use crate::rules::Rule;
use crate::rules::meta::Family;
use crate::rules::registry::RULES;
use crate::{glob, keys};
use gospect_knowledge::{hint, nearest};
use std::collections::HashMap;

/// Rules whose questions another rule answers with `cannot be judged`, and that rule.
const COMPANIONS: [(&str, &str); 15] = [
    ("denied-module", MODULES_UNKNOWN),
    ("local-replace", MODULES_UNKNOWN),
    ("missing-sum", MODULES_UNKNOWN),
    ("mixed-dependencies", MODULES_UNKNOWN),
    ("module-below-floor", MODULES_UNKNOWN),
    ("module-not-linked", MODULES_UNKNOWN),
    ("module-sum-conflict", MODULES_UNKNOWN),
    ("replaced-module", MODULES_UNKNOWN),
    ("unversioned-dependency", MODULES_UNKNOWN),
    ("unversioned-main", MODULES_UNKNOWN),
    ("module-sum-mismatch", "module-sum-unknown"),
    ("vulnerable-symbol", VULNERABILITIES_UNJUDGED),
    ("vulnerable-package", VULNERABILITIES_UNJUDGED),
    ("vulnerable-module", VULNERABILITIES_UNJUDGED),
    ("vulnerable-fleet", VULNERABILITIES_UNJUDGED),
];
const MODULES_UNKNOWN: &str = "modules-unknown";
const VULNERABILITIES_UNJUDGED: &str = "vulnerabilities-unjudged";

/// The rule that reports cgo, which linked packages prove where it is not recorded.
const CGO: &str = "cgo-enabled";

/// The rule that reports expectations that do not hold.
const EXPECTATIONS: &str = "unmet-expectation";

impl Policy {
    /// Chooses the profile, as `--profile` does.
    pub fn select_profile(&mut self, name: &str) -> Result<(), PolicyError> {
        if !PROFILES.contains(&name) && !self.profiles.contains_key(name) {
            let names = PROFILES
                .iter()
                .copied()
                .chain(self.profiles.keys().map(String::as_str));
            let hint = nearest(name, names.clone())
                .map_or(String::new(), |n| format!("; did you mean `{n}`?"));
            return Err(PolicyError::NoProfile {
                name: name.to_owned(),
                hint,
                known: names.collect::<Vec<_>>().join(", "),
            });
        }
        self.profile = name.to_string();
        Ok(())
    }

    /// Sets the level of a rule, overriding everything else, as `-D` (error), `-W` (warning) and `-A` (`None`) do. `name` is an
    /// id, a code, a family, a glob over ids, or `all`.
    pub fn set_level(&mut self, name: &str, level: Option<Level>) -> Result<(), PolicyError> {
        let known = name == "all"
            || RULES
                .iter()
                .any(|r| selects(name, r.meta.id, r.meta.code, r.family.name()))
            || self.custom.iter().any(|c| glob::matches(name, &c.id));
        if !known {
            let ids = RULES
                .iter()
                .map(|r| r.meta.id)
                .chain(self.custom.iter().map(|c| c.id.as_str()));
            return Err(PolicyError::NoRule {
                name: name.to_owned(),
                hint: hint(name, ids, || "`gospect explain` lists all rules".to_owned()),
            });
        }
        self.command_line.push((name.to_string(), level));
        Ok(())
    }

    /// The settings of every rule, in the order of the registry. `overrides` are the numbers of the overrides to apply.
    pub fn effective(&self, overrides: &[usize]) -> Vec<Effective> {
        let chain = self.chain();
        let base = chain.last().map_or("default", |name| name.as_str());
        let mut rows: Vec<Effective> = RULES
            .iter()
            .map(|rule| {
                let levels = &rule.meta.levels;
                let level = match base {
                    "release" => levels.release,
                    "container" => levels.container,
                    "fips" => levels.fips,
                    _ => levels.default,
                };
                Effective {
                    level,
                    ..Effective::default()
                }
            })
            .collect();
        // An option does not turn a rule on that a setting has turned off.
        let mut is_turned_off = vec![false; rows.len()];
        for setting in self.settings(&chain, overrides) {
            let SetRule::BuiltIn(index) = setting.rule else {
                continue;
            };
            let (Some(row), Some(is_off)) = (rows.get_mut(index), is_turned_off.get_mut(index))
            else {
                continue;
            };
            if let Some(level) = setting.level {
                row.level = level;
                *is_off = level.is_none();
            }
            for (name, value) in &setting.options {
                row.options.retain(|(n, _)| n != name);
                row.options.push((name, value.clone()));
            }
            // Setting an option of a rule turns it on.
            if row.level.is_none() && !*is_off && !setting.options.is_empty() {
                row.level = Some(Level::Warning);
            }
            row.at = setting.at.clone().or(row.at.take());
            row.is_set = true;
        }
        let before: Vec<Option<Level>> = rows.iter().map(|row| row.level).collect();
        for (name, level) in &self.command_line {
            for (row, rule) in rows.iter_mut().zip(RULES) {
                let is_selected = name == "all"
                    || selects(name, rule.meta.id, rule.meta.code, rule.family.name());
                let is_of_policy = rule.meta.id == EXPECTATIONS && self.expects();
                if is_selected && !(is_of_policy && turns_all_off(name, *level)) {
                    (row.level, row.at) = (*level, None);
                    // Families and globs name rules too; all rules at once name none.
                    row.is_set = row.is_set || !is_everything(name);
                }
            }
        }
        self.keep_companions(&mut rows, &before, overrides);
        if self.expected_on_command_line > 0
            && let Some(row) = rule_index(EXPECTATIONS).and_then(|index| rows.get_mut(index))
            && row.level.is_none()
        {
            (row.level, row.at) = (Some(Level::Error), None);
        }
        rows
    }

    /// Keeps the rules that say what cannot be judged of rules which the command line names, and of custom rules, when `-A all` alone turned them off:
    /// otherwise `-A all -D denied-module` would pass a program whose modules are unknown. `before` are the levels without the
    /// command line.
    fn keep_companions(
        &self,
        rows: &mut [Effective],
        before: &[Option<Level>],
        overrides: &[usize],
    ) {
        let asks =
            |name: &str, is_named: &dyn Fn(&str) -> bool| !is_everything(name) && is_named(name);
        let custom = self.custom_levels(overrides).into_iter().flatten();
        let of_custom = custom.map(|_| MODULES_UNKNOWN);
        let of_rules = COMPANIONS.iter().filter_map(|(id, companion)| {
            let (index, rule) = RULES.iter().enumerate().find(|(_, r)| r.meta.id == *id)?;
            let mut names = self.command_line.iter();
            let is_named = names.any(|(name, _)| {
                asks(name, &|name| {
                    names_rule(name, rule) || name.contains('*') && glob::matches(name, id)
                })
            });
            let is_on = rows.get(index).is_some_and(|row| row.level.is_some());
            (is_named && is_on).then_some(*companion)
        });
        let companions: Vec<&str> = of_rules.chain(of_custom).collect();
        for id in companions {
            let Some((index, rule)) = RULES.iter().enumerate().find(|(_, r)| r.meta.id == id)
            else {
                continue;
            };
            let mut names = self.command_line.iter();
            let is_decided = names.any(|(name, _)| {
                !is_everything(name) && selects(name, id, rule.meta.code, rule.family.name())
            });
            let level = before.get(index).copied().flatten();
            if let Some(row) = rows.get_mut(index)
                && row.level.is_none()
                && level.is_some()
                && !is_decided
            {
                (row.level, row.is_companion) = (level, true);
            }
        }
    }

    /// Whether it expects anything of any program.
    pub(super) fn expects(&self) -> bool {
        self.all_expectations().next().is_some()
    }

    /// Whether expectations are looked at in every program: neither the policy nor an override turns their rule off.
    pub fn checks_expectations(&self) -> bool {
        let row = rule_index(EXPECTATIONS);
        let is_on = |overrides: &[usize]| {
            let rows = self.effective(overrides);
            row.and_then(|row| rows.get(row)?.level).is_some()
        };
        is_on(&[]) && (0..self.overrides.len()).all(|number| is_on(&[number]))
    }

    /// Whether it names a rule about known vulnerabilities and does not turn it off: then programs are compared with a database.
    pub fn asks_vulnerabilities(&self) -> bool {
        self.asks(Family::Vulnerabilities)
    }

    /// Whether it names a rule about what packages can do and does not turn it off: then the code of programs is read.
    pub fn asks_capabilities(&self) -> bool {
        self.asks(Family::Capabilities)
    }

    /// Whether it reads something that the packages of a program answer.
    pub fn asks_packages(&self) -> bool {
        let every: Vec<usize> = (0..self.overrides.len()).collect();
        let is_on = |overrides: &[usize]| {
            let rows = self.effective(overrides);
            rule_index(CGO).is_some_and(|row| rows.get(row).is_some_and(|row| row.level.is_some()))
        };
        let mut keys = self.keys();
        self.reads("packages")
            || keys.any(keys::is_proven_by_packages)
            || is_on(&[])
            || is_on(&every)
    }

    /// Every key that an expectation, a rule of its own or `group-by` reads.
    fn keys(&self) -> impl Iterator<Item = &str> {
        let conditions = self.custom.iter().flat_map(|rule| rule.when.keys());
        let expected = self.all_expectations().map(|e| e.key.as_str());
        let groups = self.group_by.iter().flatten().map(String::as_str);
        conditions.chain(expected).chain(groups)
    }

    /// Whether an expectation, a rule of its own or `group-by` reads this key of records, or a key below it.
    pub fn reads(&self, key: &str) -> bool {
        self.keys().any(|read| {
            let rest = read.strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    fn asks(&self, family: Family) -> bool {
        let overrides: Vec<usize> = (0..self.overrides.len()).collect();
        let rows = [self.effective(&[]), self.effective(&overrides)];
        let asks = |(row, rule): (&Effective, &Rule)| {
            row.is_set && row.level.is_some() && rule.family == family
        };
        rows.iter().any(|rows| rows.iter().zip(RULES).any(asks))
    }

    /// The level of every custom rule, in the order of the file; `None`: off. `overrides` are the numbers of the overrides to
    /// apply.
    pub fn custom_levels(&self, overrides: &[usize]) -> Vec<Option<Level>> {
        let chain = self.chain();
        let mut set: HashMap<&str, Option<Level>> = HashMap::new();
        let mut set_for_all = None;
        let all = rule_index(CUSTOM_RULES);
        for setting in self.settings(&chain, overrides) {
            match (&setting.rule, setting.level) {
                (SetRule::Custom(id), Some(level)) => drop(set.insert(id, level)),
                (SetRule::BuiltIn(index), Some(level)) if Some(*index) == all => {
                    set_for_all = Some(level);
                }
                _ => {}
            }
        }
        let row = all.and_then(|index| RULES.get(index));
        let names_all = |name: &str| {
            row.is_some_and(|row| selects(name, row.meta.id, row.meta.code, row.family.name()))
        };
        let level_of = |custom: &Custom| {
            let mut typed = self.command_line.iter().rev();
            let typed = typed.find(|(name, level)| {
                let is_named = name == "all" || glob::matches(name, &custom.id) || names_all(name);
                is_named && !turns_all_off(name, *level)
            });
            let typed = typed.map(|(_, level)| *level);
            let set = set.get(custom.id.as_str()).copied();
            typed.or(set).or(set_for_all).unwrap_or(custom.level)
        };
        self.custom.iter().map(level_of).collect()
    }

    /// The settings that apply, later ones winning: those of the profiles in `chain`, of `[rules]`, and of these overrides.
    fn settings<'a>(
        &'a self,
        chain: &'a [String],
        overrides: &'a [usize],
    ) -> impl Iterator<Item = &'a RuleSetting> {
        let profiles = chain
            .iter()
            .rev()
            .filter_map(|n| self.profiles.get(n))
            .flat_map(|p| &p.rules);
        let chosen = overrides
            .iter()
            .filter_map(|i| self.overrides.get(*i))
            .flat_map(|o| &o.rules);
        profiles.chain(&self.rules).chain(chosen)
    }

    /// The profiles, from the selected one to the built-in one that it is based on.
    pub(super) fn chain(&self) -> Vec<String> {
        let mut names = vec![self.profile.clone()];
        // Reading the policy refused profiles that extend themselves.
        while let Some(next) = names
            .last()
            .filter(|_| names.len() <= self.profiles.len() + 1)
            .and_then(|n| self.profiles.get(n))
            .map(|p| p.extends.clone().unwrap_or_else(|| "default".into()))
        {
            names.push(next);
        }
        names
    }
}

/// Whether a name on the command line means all rules, and so names none.
fn is_everything(name: &str) -> bool {
    matches!(name, "all" | "*" | "**")
}

/// Whether this argument turns off all rules at once. It means those of the catalogue: what a policy says itself stays on until it is named.
fn turns_all_off(name: &str, level: Option<Level>) -> bool {
    level.is_none() && is_everything(name)
}

/// Whether a name is the id or the code of this rule.
pub(super) fn names_rule(name: &str, rule: &Rule) -> bool {
    name == rule.meta.id || name.eq_ignore_ascii_case(rule.meta.code)
}

/// Whether `name` selects this rule.
fn selects(name: &str, id: &str, code: &str, family: &str) -> bool {
    name == id
        || name.eq_ignore_ascii_case(code)
        || name == family
        || (name.contains('*') && glob::matches(name, id))
}

/// The row of a rule, by id or code.
pub(super) fn rule_index(name: &str) -> Option<usize> {
    RULES
        .iter()
        .position(|r| r.meta.id == name || r.meta.code == name)
}
