//! What rules need besides a level, and which rules that are switched on by name do not have it.

use super::idle::{IdleRule, Input, Judged, Lack};
use super::levels::{names_rule, rule_index};
use super::model::{Policy, SetRule};
use crate::finding::PolicyRef;
use crate::options::{Default, OptionSpec, Value, ValueKind};
use crate::rules::registry::RULES;
use crate::rules::{Check, Rule};

/// Rules that report nothing until one of these options is set.
const NEED_OPTIONS: [(&str, &[&str]); 11] = [
    ("below-toolchain-floor", &["minimum"]),
    ("build-mode-not-allowed", &["allow"]),
    ("build-tag-policy", &["deny", "require"]),
    ("capability-not-allowed", &["allowed"]),
    ("denied-module", &["deny", "allow"]),
    ("glibc-too-new", &["maximum"]),
    ("goroot-not-allowed", &["allow"]),
    ("missing-path", &["paths"]),
    ("missing-port", &["ports"]),
    ("module-below-floor", &["minimum"]),
    ("symbols-policy", &["symbols", "debug-info"]),
];

/// Rules that report nothing without something that a command is given.
const NEED_INPUT: [(&str, Input); 4] = [
    ("capability-gained", Input::Baseline),
    ("module-sum-mismatch", Input::GoSum),
    ("module-sum-unknown", Input::GoSum),
    ("unmet-expectation", Input::Expectation),
];

/// The declaration of an option.
fn option(rule: &str, name: &str) -> Option<&'static OptionSpec> {
    let rule = RULES.iter().find(|row| row.meta.id == rule)?;
    rule.meta.options.iter().find(|spec| spec.name == name)
}

/// The lack of options, with the first of them as an example.
fn lack_of(rule: &str, names: &'static [&'static str]) -> Lack {
    let spec = names.first().and_then(|name| option(rule, name));
    let example = spec.map(|spec| format!("{} = {}", spec.name, example(spec.kind)));
    Lack::Options {
        names,
        example: example.unwrap_or_default(),
    }
}

/// A value of an option as a policy spells it.
fn example(kind: ValueKind) -> String {
    match kind {
        ValueKind::Flag => "true".to_owned(),
        ValueKind::Release => "\"go1.26\"".to_owned(),
        ValueKind::Number => "\"2.28\"".to_owned(),
        ValueKind::Choice(words) => format!("\"{}\"", words.first().unwrap_or(&"WORD")),
        ValueKind::Choices(words) => format!("[\"{}\"]", words.first().unwrap_or(&"WORD")),
        ValueKind::Texts => "[\"TEXT\"]".to_owned(),
        ValueKind::Globs => "[\"GLOB\"]".to_owned(),
        ValueKind::Ports => "[\"linux/amd64\"]".to_owned(),
        ValueKind::Floors => "[\"golang.org/x/crypto@v0.31.0\"]".to_owned(),
        ValueKind::Pairs => "[\"NAME=VALUE\"]".to_owned(),
        ValueKind::Grants(words) => {
            format!("[\"GLOB={}\"]", words.first().unwrap_or(&"CAPABILITY"))
        }
    }
}

impl Policy {
    /// The rules that the command line or the policy file switches on by name, and that can report nothing in a command which
    /// judges `judged` and has `given`. Families, globs, profiles and `all` name no single rule, and a policy may serve both commands.
    pub fn idle_rules(&self, judged: Judged, given: &[Input]) -> Vec<IdleRule> {
        let rows = self.effective(&[]);
        let every: Vec<usize> = (0..self.overrides.len()).collect();
        let rows_of_overrides = self.effective(&every);
        let all = RULES.iter().zip(rows).zip(rows_of_overrides);
        all.filter_map(|((rule, row), overridden)| {
            let level = row.level.max(overridden.level)?;
            let by_command_line = self.names_on_command_line(rule);
            let at = self.switched_on_at(rule);
            if !by_command_line && at.is_none() {
                return None;
            }
            let options = || row.options.iter().chain(&overridden.options);
            let lacks = lacks_judged(rule, judged).filter(|_| by_command_line);
            let lacks = match lacks {
                None if lacks_judged(rule, judged).is_some() => None,
                None => self.lacks(rule, options, given),
                lacks => lacks,
            };
            Some(IdleRule {
                rule: rule.meta.id,
                level,
                at: at.filter(|_| !by_command_line),
                lacks: lacks?,
            })
        })
        .collect()
    }

    /// Whether `-D` or `-W` names this one rule, and no later argument turns it off.
    fn names_on_command_line(&self, rule: &Rule) -> bool {
        let named = self.command_line.iter().rev();
        let mut named = named.filter(|(name, _)| names_rule(name, rule));
        named.next().is_some_and(|(_, level)| level.is_some())
    }

    /// The line of `[rules]` or an override that gives this rule a level.
    fn switched_on_at(&self, rule: &Rule) -> Option<PolicyRef> {
        let of_overrides = self.overrides.iter().flat_map(|o| &o.rules);
        let mut settings = self.rules.iter().chain(of_overrides);
        let built_in = rule_index(rule.meta.id).map(SetRule::BuiltIn);
        let is_on = |level: Option<Option<_>>| level.is_some_and(|level| level.is_some());
        let setting = settings.find(|s| Some(&s.rule) == built_in.as_ref() && is_on(s.level))?;
        setting.at.clone()
    }

    /// What a rule of this command lacks.
    fn lacks<'o, O>(&self, rule: &Rule, options: impl Fn() -> O, given: &[Input]) -> Option<Lack>
    where
        O: Iterator<Item = &'o (&'static str, Value)>,
    {
        let id = rule.meta.id;
        if let Some((_, names)) = NEED_OPTIONS.iter().find(|(rule, _)| *rule == id) {
            let is_set = |name: &&str| {
                let mut values = options().filter(|(set, _)| set == name);
                values.any(|(_, value)| says_something(id, name, value))
            };
            return (!names.iter().any(is_set)).then(|| lack_of(id, names));
        }
        let (_, input) = NEED_INPUT.iter().find(|(rule, _)| *rule == id)?;
        let has = match input {
            Input::Expectation => self.expects(),
            input => given.contains(input),
        };
        (!has).then_some(Lack::Input(*input))
    }
}

/// Whether a value makes its rule report something. An empty list is the default of most options; where the default is no list at
/// all, it allows nothing.
fn says_something(rule: &str, name: &str, value: &Value) -> bool {
    let is_unset_by_default =
        option(rule, name).is_some_and(|spec| matches!(spec.default, Default::Unset));
    match value {
        Value::List(list) => is_unset_by_default || !list.is_empty(),
        Value::Flag(_) | Value::Text(_) => true,
    }
}

/// The command whose rule it is, if that is the other one.
fn lacks_judged(rule: &Rule, judged: Judged) -> Option<Lack> {
    let own = match rule.check {
        Check::Deployment(_) => Judged::Files,
        Check::Binary(_) | Check::Image(_) | Check::Run(_) => Judged::Programs,
        Check::Engine => return None,
    };
    (own != judged).then_some(Lack::Judged(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;

    fn idle(policy: &str, denied: &[&str], given: &[Input]) -> Vec<String> {
        let mut policy = Policy::load(policy, "p.toml").unwrap();
        policy.set_level("all", None).unwrap();
        for name in denied {
            policy.set_level(name, Some(Level::Error)).unwrap();
        }
        let idle = policy.idle_rules(Judged::Programs, given);
        idle.iter().map(|rule| rule.rule.to_owned()).collect()
    }

    #[test]
    fn a_rule_without_what_it_needs_is_idle() {
        for (policy, denied, given, idle_rules) in [
            (
                "",
                "below-toolchain-floor",
                &[][..],
                &["below-toolchain-floor"][..],
            ),
            ("", "GS002", &[], &["below-toolchain-floor"]),
            (
                "[rules]\nbelow-toolchain-floor = { minimum = \"go1.26\" }",
                "GS002",
                &[],
                &[],
            ),
            (
                "[[overrides]]\npaths = [\"a\"]\n[overrides.rules]\nmissing-port = { ports = [\"linux/amd64\"] }",
                "missing-port",
                &[],
                &[],
            ),
            ("", "missing-port", &[], &["missing-port"]),
            (
                "[rules]\nmissing-port = { ports = [] }",
                "missing-port",
                &[],
                &["missing-port"],
            ),
            (
                "[rules]\ndenied-module = { allow = [] }",
                "denied-module",
                &[],
                &[],
            ),
            (
                "[rules]\ndenied-module = { deny = [] }",
                "denied-module",
                &[],
                &["denied-module"],
            ),
            ("", "module-sum-mismatch", &[], &["module-sum-mismatch"]),
            ("", "module-sum-mismatch", &[Input::GoSum], &[]),
            (
                "",
                "capability-gained",
                &[Input::GoSum],
                &["capability-gained"],
            ),
            ("", "unmet-expectation", &[], &["unmet-expectation"]),
            ("[expect]\nversion = \"v1\"", "unmet-expectation", &[], &[]),
            (
                "[[overrides]]\npaths = [\"a\"]\nexpect = { version = \"v1\" }",
                "unmet-expectation",
                &[],
                &[],
            ),
            (
                "",
                "deployed-godebug-fatal",
                &[],
                &["deployed-godebug-fatal"],
            ),
            // These name no single rule.
            ("", "toolchain", &[], &[]),
            ("", "missing-p*", &[], &[]),
            ("", "all", &[], &[]),
            ("", "race-detector", &[], &[]),
        ] {
            assert_eq!(
                idle(policy, &[denied], given),
                idle_rules,
                "{policy} {denied}"
            );
        }
    }

    #[test]
    fn a_level_in_the_policy_says_its_line() {
        let text = "[rules]\nrace-detector = \"error\"\nglibc-too-new = \"error\"\nmissing-path = \"off\"\ndeployed-godebug-fatal = \"error\"\n";
        let policy = Policy::load(text, "p.toml").unwrap();
        let idle = policy.idle_rules(Judged::Programs, &[]);
        let [rule] = idle.as_slice() else {
            panic!("{idle:?}")
        };
        assert_eq!(rule.at.as_ref().map(|at| at.line), Some(3));
        assert_eq!(
            rule.to_string(),
            "glibc-too-new reports nothing without `maximum`; in a policy: `glibc-too-new = { maximum = \"2.28\" }`"
        );
        assert!(policy.idle_rules(Judged::Files, &[]).is_empty());
    }

    #[test]
    fn every_rule_that_an_unset_option_silences_is_in_the_table() {
        for rule in RULES {
            let named = NEED_OPTIONS.iter().find(|(id, _)| *id == rule.meta.id);
            let silent = rule
                .meta
                .options
                .iter()
                .filter(|o| o.doc.contains("reports nothing"));
            for spec in silent {
                assert!(
                    named.is_some_and(|(_, names)| names.contains(&spec.name)),
                    "{}",
                    rule.meta.id
                );
            }
        }
        for (id, names) in NEED_OPTIONS {
            assert!(names.iter().all(|name| option(id, name).is_some()), "{id}");
            let rule = IdleRule {
                rule: id,
                at: None,
                level: Level::Error,
                lacks: lack_of(id, names),
            };
            // The example in the message is a policy that ends it.
            let text = rule.to_string();
            let example = text.rsplit('`').nth(1).unwrap();
            let policy = format!("[rules]\n{example}\n");
            assert_eq!(idle(&policy, &[id], &[]), [""; 0], "{policy}");
        }
        for (id, _) in NEED_INPUT {
            assert!(rule_index(id).is_some(), "{id}");
        }
    }
}
