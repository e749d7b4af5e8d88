//! `[[custom]]`: custom rules with their conditions.

use super::{Node, Reader};
use crate::finding::Level;
use crate::options::ValueKind;
use crate::policy::condition::{Condition, Operator, is_ordered};
use crate::policy::levels::rule_index;
use crate::policy::model::Custom;
use crate::spelling;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Deepest nesting of `all`, `any` and `not`.
const DEPTH_LIMIT: usize = 16;

impl Reader<'_> {
    pub(super) fn custom(&mut self, table: &DeTable, span: &Range<usize>) -> Option<Custom> {
        self.only(
            table,
            "a custom rule",
            &["id", "level", "message", "help", "all", "any", "not"],
        );
        let id = self.required(table, "id", "a custom rule", span);
        let message = self.required(table, "message", "a custom rule", span);
        if let (Some(node), Some(id)) = (table.get("id"), &id) {
            let kebab = !id.is_empty()
                && id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if !kebab {
                self.wrong(
                    node.span(),
                    format!("`{id}` is not a rule id"),
                    "lower-case letters, digits and `-` only".into(),
                    None,
                );
            } else if rule_index(id).is_some() {
                self.wrong(
                    node.span(),
                    format!("`{id}` is a built-in rule"),
                    "choose another id".into(),
                    None,
                );
            }
        }
        let level = table
            .get("level")
            .map_or(Some(Some(Level::Warning)), |n| self.level(n));
        let help = table
            .get("help")
            .and_then(|n| self.string(n))
            .unwrap_or_default();
        let when = self.joined(table, span, 0);
        Some(Custom {
            id: id?,
            level: level?,
            message: message?,
            help,
            when: when?,
            at: self.at(span),
        })
    }

    /// Reads `all`, `any` or `not` of a table.
    fn joined(&mut self, table: &DeTable, span: &Range<usize>, depth: usize) -> Option<Condition> {
        let given: Vec<&str> = ["all", "any", "not"]
            .into_iter()
            .filter(|k| table.contains_key(*k))
            .collect();
        let [word] = given.as_slice() else {
            self.wrong(
                span.clone(),
                "a condition needs exactly one of `all`, `any`, `not`".into(),
                format!("{} given", given.len()),
                Some("`all = [{ key = \"go_version\", op = \"<\", value = \"go1.26\" }]`".into()),
            );
            return None;
        };
        let node = table.get(*word)?;
        if depth >= DEPTH_LIMIT {
            self.wrong(
                node.span(),
                format!("conditions are nested more than {DEPTH_LIMIT} deep"),
                "too deep".into(),
                None,
            );
            return None;
        }
        if *word == "not" {
            return self
                .condition(node, depth + 1)
                .map(|c| Condition::Not(Box::new(c)));
        }
        let DeValue::Array(items) = node.get_ref() else {
            self.mismatch(node, "a list of conditions");
            return None;
        };
        if items.is_empty() {
            self.wrong(
                node.span(),
                format!("`{word}` is empty"),
                "give at least one condition".into(),
                None,
            );
            return None;
        }
        let read: Vec<Option<Condition>> =
            items.iter().map(|i| self.condition(i, depth + 1)).collect();
        let list = read.into_iter().collect::<Option<Vec<_>>>()?;
        Some(if *word == "all" {
            Condition::All(list)
        } else {
            Condition::Any(list)
        })
    }

    fn condition(&mut self, node: &Node, depth: usize) -> Option<Condition> {
        let table = self.table(node, "a condition")?;
        let span = node.span();
        if !table.contains_key("key") {
            self.only(
                table,
                "a condition",
                &["key", "op", "value", "all", "any", "not"],
            );
            return self.joined(table, &span, depth);
        }
        self.only(table, "a condition", &["key", "op", "value"]);
        let key = self.required(table, "key", "a condition", &span)?;
        if let Some(n) = table.get("key") {
            self.key(&key, &n.span());
        }
        let operator = match table.get("op") {
            None => Operator::Equals,
            Some(n) => {
                let text = self.string(n)?;
                let operator = Operator::parse(&text);
                if operator.is_none() {
                    let all: Vec<&str> = Operator::ALL.iter().map(|(s, _)| *s).collect();
                    self.wrong(
                        n.span(),
                        format!("`{text}` is not an operator"),
                        "unknown operator".into(),
                        Some(format!("one of {}", all.join("  "))),
                    );
                }
                operator?
            }
        };
        let values = match (table.get("value"), operator.is_unary()) {
            (None, true) => Vec::new(),
            (Some(n), true) => {
                self.wrong(
                    n.span(),
                    "this operator takes no value".into(),
                    "remove it".into(),
                    None,
                );
                return None;
            }
            (None, false) => {
                self.wrong(
                    span,
                    "this condition needs `value`".into(),
                    "`value` is missing".into(),
                    None,
                );
                return None;
            }
            (Some(n), false) => self.operands(n, &key, operator)?,
        };
        Some(Condition::Test {
            key,
            operator,
            values,
        })
    }

    fn operands(&mut self, node: &Node, key: &str, operator: Operator) -> Option<Vec<String>> {
        let list = match node.get_ref() {
            DeValue::String(s) => vec![(s.to_string(), node.span())],
            DeValue::Boolean(b) => vec![(b.to_string(), node.span())],
            DeValue::Integer(i) => vec![(i.as_str().to_string(), node.span())],
            DeValue::Array(_) if operator.takes_list() => self.strings(node),
            _ => {
                self.mismatch(
                    node,
                    if operator.takes_list() {
                        "a text or a list of texts"
                    } else {
                        "a text, a number, or true or false"
                    },
                );
                return None;
            }
        };
        let list: Vec<(String, Range<usize>)> = list
            .into_iter()
            .map(|(text, span)| (spelling::spelled(key, &text).into_owned(), span))
            .collect();
        for (text, span) in &list {
            let release = match operator.is_order() && spelling::is_go_release(key) {
                true => ValueKind::Release.check(text),
                false => Ok(()),
            };
            if let Err(e) = release {
                self.wrong(
                    span.clone(),
                    e.to_string(),
                    "cannot be ordered".into(),
                    None,
                );
            } else if operator.is_order() && !is_ordered(text) {
                self.wrong(
                    span.clone(),
                    format!("`{text}` is neither a Go release, a module version nor a number"),
                    "cannot be ordered".into(),
                    None,
                );
            }
            let is_glob = matches!(operator, Operator::Glob | Operator::NotGlob);
            if is_glob {
                self.glob("glob", text, span);
            } else if operator.is_equality() && text.contains('*') {
                self.wrong(
                    span.clone(),
                    format!("no value is `{text}`: this operator compares whole texts"),
                    "a glob".into(),
                    Some(format!("write `op = \"{}glob\"`", operator.negation())),
                );
            }
            if (is_glob || operator.is_equality())
                && let Some(why) = spelling::never_recorded(key, text)
            {
                self.wrong(
                    span.clone(),
                    format!("no record has `{key}` `{text}`"),
                    why,
                    None,
                );
            }
        }
        Some(list.into_iter().map(|(table, _)| table).collect())
    }
}
