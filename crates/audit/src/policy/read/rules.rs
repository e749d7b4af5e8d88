//! `[rules]`: levels and options of rules.

use super::{Node, Reader};
use crate::finding::Level;
use crate::options::{OptionSpec, Value, ValueKind};
use crate::policy::levels::rule_index;
use crate::policy::model::{RuleSetting, SetRule};
use crate::rules::registry::RULES;
use gospect_knowledge::{hint, nearest};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

impl Reader<'_> {
    pub(super) fn rules(&mut self, node: &Node) -> Vec<RuleSetting> {
        let Some(table) = self.table(node, "rules") else {
            return Vec::new();
        };
        let mut out = Vec::new();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let custom = || {
                let id = self.custom_ids.get(name)?;
                Some(SetRule::Custom(id.clone()))
            };
            let Some(rule) = rule_index(name).map(SetRule::BuiltIn).or_else(custom) else {
                if !self.is_listed() {
                    continue;
                }
                let ids = RULES.iter().map(|r| r.meta.id);
                let ids = ids.chain(self.custom_ids.iter().map(String::as_str));
                let help = match name.contains('*') || RULES.iter().any(|r| r.family.name() == name) {
                    true => "name each rule here; -D, -W and -A take globs and families, waivers take globs".into(),
                    false => hint(name, ids, || "`gospect explain` lists all rules".into()),
                };
                self.wrong(
                    key.span(),
                    format!("there is no rule `{name}`"),
                    "unknown rule".into(),
                    Some(help),
                );
                self.meant(name, value);
                continue;
            };
            let specs = match rule {
                SetRule::BuiltIn(index) => RULES.get(index).map_or(&[][..], |r| r.meta.options),
                SetRule::Custom(_) => &[],
            };
            let mut setting = RuleSetting {
                rule,
                level: None,
                options: Vec::new(),
                at: Some(self.at(&key.span())),
            };
            match value.get_ref() {
                DeValue::String(_) => setting.level = self.level(value),
                DeValue::Table(t) => {
                    self.rule_table(name, t, specs, &mut setting);
                }
                _ => self.mismatch(value, "a level or a table with `level` and options"),
            }
            out.push(setting);
        }
        // In the order of the file: of two entries for one rule (by id and by code) the later one wins.
        out.sort_by_key(|s| s.at.as_ref().map_or(0, |a| a.line));
        out
    }

    /// Checks the value of an unknown rule as that of the rule with the nearest name, to report all mistakes at once.
    fn meant(&mut self, name: &str, value: &Node) {
        let meant = nearest(name, RULES.iter().map(|r| r.meta.id)).and_then(rule_index);
        match (value.get_ref(), meant) {
            (DeValue::String(_), _) => {
                self.level(value);
            }
            (DeValue::Table(table), Some(rule)) => {
                let mut unused = RuleSetting {
                    rule: SetRule::BuiltIn(rule),
                    level: None,
                    options: Vec::new(),
                    at: None,
                };
                if let Some(rule) = RULES.get(rule) {
                    self.rule_table(rule.meta.id, table, rule.meta.options, &mut unused);
                }
            }
            _ => {}
        }
    }

    fn rule_table(
        &mut self,
        name: &str,
        t: &DeTable,
        specs: &'static [OptionSpec],
        setting: &mut RuleSetting,
    ) {
        for (key, value) in t {
            let option: &str = key.get_ref();
            if option == "level" {
                setting.level = self.level(value);
                continue;
            }
            let Some(spec) = specs.iter().find(|s| s.name == option) else {
                if !self.is_listed() {
                    continue;
                }
                let known = specs.iter().map(|s| s.name).chain(["level"]);
                let help = hint(option, known.clone(), || {
                    format!("it has: {}", known.collect::<Vec<_>>().join(", "))
                });
                self.wrong(
                    key.span(),
                    format!("rule `{name}` has no option `{option}`"),
                    "unknown option".into(),
                    Some(help),
                );
                continue;
            };
            if let Some(v) = self.option(spec, value) {
                setting.options.push((spec.name, v));
            }
        }
    }

    fn option(&mut self, spec: &OptionSpec, node: &Node) -> Option<Value> {
        let check = |r: &mut Self, text: &str, span: Range<usize>| {
            if let Err(e) = spec.kind.check(text) {
                r.wrong(span, e.to_string(), format!("option `{}`", spec.name), None);
            }
        };
        match (spec.kind, node.get_ref()) {
            (ValueKind::Flag, DeValue::Boolean(b)) => Some(Value::Flag(*b)),
            (kind, DeValue::Array(_)) if kind.is_list() => {
                let list = self.strings(node);
                list.iter()
                    .for_each(|(text, span)| check(self, text, span.clone()));
                Some(Value::List(list.into_iter().map(|(t, _)| t).collect()))
            }
            (ValueKind::Choice(_) | ValueKind::Release | ValueKind::Number, DeValue::String(s)) => {
                check(self, s, node.span());
                Some(Value::Text(s.to_string()))
            }
            (kind, _) => {
                self.mismatch(node, &format!("{} for `{}`", kind.describe(), spec.name));
                None
            }
        }
    }

    pub(super) fn level(&mut self, node: &Node) -> Option<Option<Level>> {
        let text = self.string(node)?;
        if text == "off" {
            return Some(None);
        }
        let level = Level::parse(&text);
        if level.is_none() && self.is_listed() {
            let words = ["error", "warning", "note", "off"];
            let help = hint(&text, words, || "one of error, warning, note, off".into());
            self.wrong(
                node.span(),
                format!("`{text}` is not a level"),
                "unknown level".into(),
                Some(help),
            );
        }
        level.map(Some)
    }
}
