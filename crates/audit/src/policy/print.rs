//! `--print-config`: the policy in force, as a policy file that spells everything out.

use super::condition::{Condition, Operator};
use super::expectation::Expectation;
use super::model::{CUSTOM_RULES, Custom, Override, Policy, RuleSetting, SetRule, Waiver};
use crate::finding::Level;
use crate::options::{Default, Value};
use crate::rules::registry::RULES;
use std::fmt::Write;

pub(super) fn print(policy: &Policy) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# Effective policy: profile {}{}",
        policy.profile,
        policy
            .file
            .as_ref()
            .map_or(String::new(), |f| format!(", file {f}"))
    );
    out.push_str("# Every rule with its level and every option with its value.\n\n[rules]\n");
    rules(&mut out, policy);
    if let Some(keys) = &policy.group_by {
        let _ = writeln!(out, "\n[fleet]\ngroup-by = {}", list(keys));
    }
    if !policy.expect.is_empty() {
        out.push_str("\n[expect]\n");
        expectations(&mut out, &policy.expect);
    }
    policy
        .overrides
        .iter()
        .for_each(|o| of_some_programs(&mut out, o));
    policy.waivers.iter().for_each(|w| waiver(&mut out, w));
    for (c, in_force) in policy.custom.iter().zip(policy.custom_levels(&[])) {
        custom(&mut out, c, in_force);
    }
    out
}

fn rules(out: &mut String, policy: &Policy) {
    let rows = RULES.iter().zip(policy.effective(&[]));
    // Each custom rule has its level in its table.
    for (rule, row) in rows.filter(|(rule, _)| rule.meta.id != CUSTOM_RULES) {
        let _ = write!(
            out,
            "{} = {{ level = {}",
            rule.meta.id,
            quote(level(row.level))
        );
        for spec in rule.meta.options {
            let mut options = row.options.iter();
            let set = options.find(|(n, _)| *n == spec.name);
            let set = set.map(|(_, v)| value(v));
            if let Some(text) = set.or_else(|| default(&spec.default)) {
                let _ = write!(out, ", {} = {text}", spec.name);
            }
        }
        out.push_str(" }");
        let _ = match &row.at {
            Some(at) => writeln!(out, "  # {}:{}", at.file, at.line),
            None => writeln!(out),
        };
    }
}

fn of_some_programs(out: &mut String, o: &Override) {
    out.push_str("\n[[overrides]]\n");
    for (name, globs) in [
        ("paths", &o.paths),
        ("packages", &o.packages),
        ("ports", &o.ports),
    ] {
        if !globs.is_empty() {
            let _ = writeln!(out, "{name} = {}", list(globs));
        }
    }
    out.push_str("[overrides.rules]\n");
    o.rules.iter().for_each(|s| setting(out, s));
    if !o.expect.is_empty() {
        out.push_str("[overrides.expect]\n");
        expectations(out, &o.expect);
    }
}

fn waiver(out: &mut String, w: &Waiver) {
    let _ = writeln!(
        out,
        "\n[[waivers]]\nrule = {}\npath = {}\nreason = {}",
        quote(&w.rule),
        quote(&w.path),
        quote(&w.reason)
    );
    for (key, value) in [("vulnerability", &w.vulnerability), ("module", &w.module)] {
        if let Some(value) = value {
            let _ = writeln!(out, "{key} = {}", quote(value));
        }
    }
    if let Some(day) = w.expires {
        let _ = writeln!(out, "expires = {day}");
    }
}

fn custom(out: &mut String, c: &Custom, in_force: Option<Level>) {
    let _ = writeln!(
        out,
        "\n[[custom]]\nid = {}\nlevel = {}\nmessage = {}",
        quote(&c.id),
        quote(level(in_force)),
        quote(&c.message)
    );
    if !c.help.is_empty() {
        let _ = writeln!(out, "help = {}", quote(&c.help));
    }
    let _ = writeln!(out, "{}", joined(&c.when));
}

fn expectations(out: &mut String, all: &[Expectation]) {
    for e in all {
        let _ = writeln!(out, "{} = {}", quote(&e.key), quote(&e.wanted.to_string()));
    }
}

fn setting(out: &mut String, s: &RuleSetting) {
    let name = match &s.rule {
        SetRule::BuiltIn(index) => RULES.get(*index).map(|rule| rule.meta.id),
        SetRule::Custom(id) => Some(id.as_str()),
    };
    let Some(name) = name else {
        return;
    };
    let mut parts: Vec<String> = s
        .level
        .iter()
        .map(|l| format!("level = {}", quote(level(*l))))
        .collect();
    parts.extend(s.options.iter().map(|(n, v)| format!("{n} = {}", value(v))));
    let _ = writeln!(out, "{name} = {{ {} }}", parts.join(", "));
}

fn level(level: Option<Level>) -> &'static str {
    level.map_or("off", Level::name)
}

fn value(v: &Value) -> String {
    match v {
        Value::Flag(b) => b.to_string(),
        Value::Text(t) => quote(t),
        Value::List(l) => list(l),
    }
}

fn default(d: &Default) -> Option<String> {
    match d {
        Default::Unset => None,
        Default::Flag(b) => Some(b.to_string()),
        Default::Text(t) => Some(quote(t)),
        Default::List(l) => Some(list(l)),
    }
}

fn list<S: AsRef<str>>(items: &[S]) -> String {
    format!(
        "[{}]",
        items
            .iter()
            .map(|i| quote(i.as_ref()))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// A TOML basic string.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Custom {
    /// The condition as a policy spells it.
    pub fn condition(&self) -> String {
        joined(&self.when)
    }
}

/// A condition as the content of a TOML table.
fn joined(c: &Condition) -> String {
    match c {
        Condition::All(items) => format!("all = [{}]", inner(items)),
        Condition::Any(items) => format!("any = [{}]", inner(items)),
        Condition::Not(c) => format!("not = {{ {} }}", joined(c)),
        Condition::Test {
            key,
            operator,
            values,
        } => {
            let word = Operator::ALL
                .iter()
                .find(|(_, o)| o == operator)
                .map_or("=", |(s, _)| s);
            let mut out = format!("key = {}, op = {}", quote(key), quote(word));
            match values.as_slice() {
                [] => {}
                [one] => {
                    let _ = write!(out, ", value = {}", quote(one));
                }
                many => {
                    let _ = write!(out, ", value = {}", list(many));
                }
            }
            out
        }
    }
}

fn inner(items: &[Condition]) -> String {
    items
        .iter()
        .map(|c| format!("{{ {} }}", joined(c)))
        .collect::<Vec<_>>()
        .join(", ")
}
