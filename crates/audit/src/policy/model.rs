//! The content of a policy: levels, overrides, waivers, custom rules, expectations. Does not know the rules.

use super::condition::Condition;
use super::error::PolicyError;
use super::expectation::Expectation;
use crate::date::Date;
use crate::finding::{Evidence, Level, PolicyRef};
use crate::options::Value;
use crate::{glob, keys};
use gospect_record::Binary;
use std::collections::BTreeMap;

/// The rule that a setting of a policy is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetRule {
    /// A rule of the registry, by its row.
    BuiltIn(usize),
    /// A custom rule of the policy, by its id. It has a level and no options.
    Custom(String),
}

/// The settings of one rule in one place of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSetting {
    /// The rule.
    pub rule: SetRule,
    /// The level. `Some(None)`: off; `None`: not set.
    pub level: Option<Option<Level>>,
    /// Options by name.
    pub options: Vec<(&'static str, Value)>,
    /// Where it is set.
    pub at: Option<PolicyRef>,
}

/// A profile in the policy file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// The profile that it extends.
    pub extends: Option<String>,
    /// Its settings.
    pub rules: Vec<RuleSetting>,
}

/// Settings for some programs only. Each list that is present must match.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Globs over paths.
    pub paths: Vec<String>,
    /// Globs over main packages.
    pub packages: Vec<String>,
    /// Globs over ports, `os/arch`.
    pub ports: Vec<String>,
    /// Its settings.
    pub rules: Vec<RuleSetting>,
    /// What these programs must say. Of `[expect]` it replaces what has the same keys.
    pub expect: Vec<Expectation>,
    /// Where it is.
    pub at: PolicyRef,
}

/// Accepts findings, with a reason and for a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiver {
    /// Id, code or glob of rules.
    pub rule: String,
    /// Glob over paths, without `./` at its start.
    pub path: String,
    /// Only vulnerabilities with this ID or alias.
    pub vulnerability: Option<String>,
    /// Glob over modules: only vulnerabilities in these.
    pub module: Option<String>,
    /// The reason.
    pub reason: String,
    /// The last day on which it applies.
    pub expires: Option<Date>,
    /// Where it is.
    pub at: PolicyRef,
}

/// The rule that stands for all custom rules.
pub(super) const CUSTOM_RULES: &str = "custom-rule";

/// A custom rule of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Custom {
    /// The user's id.
    pub id: String,
    /// Its level; `None`: off.
    pub level: Option<Level>,
    /// The message of the finding.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The condition for a finding.
    pub when: Condition,
    /// Where it is.
    pub at: PolicyRef,
}

/// A whole policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// The file that it comes from.
    pub file: Option<String>,
    /// The selected profile.
    pub profile: String,
    /// Profiles of the file.
    pub profiles: BTreeMap<String, Profile>,
    /// `[rules]`.
    pub rules: Vec<RuleSetting>,
    /// `[[overrides]]`.
    pub overrides: Vec<Override>,
    /// `[[waivers]]`.
    pub waivers: Vec<Waiver>,
    /// `[[custom]]`.
    pub custom: Vec<Custom>,
    /// `[expect]`, then `--expect`.
    pub expect: Vec<Expectation>,
    /// `[fleet] group-by`.
    pub group_by: Option<Vec<String>>,
    /// `-D`, `-W` and `-A` in their order.
    pub(super) command_line: Vec<(String, Option<Level>)>,
    /// How many of the last expectations are those of the command line.
    pub(super) expected_on_command_line: usize,
}

/// The settings of one rule for some programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effective {
    /// The level; `None`: off.
    pub level: Option<Level>,
    /// Options that were set.
    pub options: Vec<(&'static str, Value)>,
    /// The last place that set something.
    pub at: Option<PolicyRef>,
    /// Whether the policy file or the command line names this rule; otherwise the level comes from the built-in profile.
    pub is_set: bool,
    /// On only for what other rules, which the command line names, cannot answer: it was turned off together with all rules.
    pub is_companion: bool,
}

impl Policy {
    /// The policy to use without a file.
    pub fn built_in() -> Policy {
        Policy {
            profile: "default".into(),
            ..Policy::default()
        }
    }

    /// Adds the `KEY=VALUE`, or `KEY>=VALUE` with another sign of order, of `--expect`. Expectations then count even if the policy
    /// or `-A` turns their rule off.
    ///
    /// # Errors
    /// When the text has another form, the key is none of a record, or the value is no glob, version or number.
    pub fn expect(&mut self, pair: &str) -> Result<(), PolicyError> {
        let not_a_pair = || PolicyError::NotAPair(pair.to_owned());
        let at = pair.find(['=', '<', '>']).ok_or_else(not_a_pair)?;
        let (key, rest) = pair.split_at(at);
        if key.is_empty() {
            return Err(not_a_pair());
        }
        if !keys::is_known(key) {
            return Err(PolicyError::NoKey {
                key: key.to_owned(),
                hint: keys::hint(key),
            });
        }
        // `==` of programming languages means the same.
        let text = rest
            .strip_prefix("==")
            .or_else(|| rest.strip_prefix('='))
            .unwrap_or(rest);
        self.expect.push(Expectation::parse(key, text)?);
        self.expected_on_command_line += 1;
        Ok(())
    }

    /// What the programs that match these overrides must say: `[expect]`, of each key the last override that has it instead, and all of the command line.
    pub fn expectations(&self, overrides: &[usize]) -> Vec<Expectation> {
        let of_file = self
            .expect
            .len()
            .saturating_sub(self.expected_on_command_line);
        let (of_file, of_command_line) = self.expect.split_at_checked(of_file).unwrap_or_default();
        let mut all = of_file.to_vec();
        for expectations in overrides
            .iter()
            .filter_map(|number| self.overrides.get(*number))
        {
            let expectations = &expectations.expect;
            all.retain(|kept| !expectations.iter().any(|e| e.key == kept.key));
            all.extend(expectations.iter().cloned());
        }
        all.extend(of_command_line.iter().cloned());
        all
    }

    /// Everything that any program must say.
    pub(crate) fn all_expectations(&self) -> impl Iterator<Item = &Expectation> {
        let of_overrides = self.overrides.iter().flat_map(|o| &o.expect);
        self.expect.iter().chain(of_overrides)
    }

    /// The numbers of the overrides that match a program.
    pub fn overrides_of(&self, binary: &Binary) -> Vec<usize> {
        let holds = |list: &[String], text: &str| list.is_empty() || glob::any(list, text);
        let matching = self.overrides.iter().enumerate().filter(|(_, o)| {
            holds(&o.paths, glob::without_dot(&binary.path))
                && holds(
                    &o.packages,
                    binary.main_package.as_deref().unwrap_or_default(),
                )
                && (o.ports.is_empty() || glob::any(&o.ports, &binary.port_text()))
        });
        matching.map(|(i, _)| i).collect()
    }

    /// The numbers of the overrides that match a deployment file: only those that have nothing but paths.
    pub fn overrides_of_file(&self, path: &str) -> Vec<usize> {
        let matching = self.overrides.iter().enumerate().filter(|(_, o)| {
            o.packages.is_empty()
                && o.ports.is_empty()
                && glob::any(&o.paths, glob::without_dot(path))
        });
        matching.map(|(i, _)| i).collect()
    }
}

impl Waiver {
    /// Whether it covers a finding of that rule at that path.
    pub fn covers(&self, rule: &str, code: &str, path: &str) -> bool {
        self.names(rule, code) && self.is_at(path)
    }

    /// Whether its path matches.
    pub fn is_at(&self, path: &str) -> bool {
        glob::matches(&self.path, glob::without_dot(path))
    }

    /// Where it applies, to follow the rule in a sentence: ` at PATH`, or nothing if it has no path.
    pub fn place(&self) -> String {
        match self.path.as_str() {
            "**" => String::new(),
            path => format!(" at {path}"),
        }
    }

    /// Whether its path is not a glob.
    pub fn is_for_one_path(&self) -> bool {
        glob::is_literal(&self.path)
    }

    /// Whether a finding with this evidence is one of those that it is about.
    pub fn is_about(&self, evidence: &[Evidence]) -> bool {
        let of = |source: &str, fits: &dyn Fn(&str) -> bool| {
            let mut evidence = evidence.iter();
            evidence.any(|e| e.source == source && fits(&e.value))
        };
        let named = self.vulnerability.as_ref();
        let module = self.module.as_ref();
        named.is_none_or(|name| of(Evidence::VULNERABILITY, &|id| id.eq_ignore_ascii_case(name)))
            && module.is_none_or(|glob| of(Evidence::MODULE, &|path| glob::matches(glob, path)))
    }

    /// Whether it names that rule.
    pub fn names(&self, rule: &str, code: &str) -> bool {
        self.rule == code || glob::matches(&self.rule, rule)
    }
}
