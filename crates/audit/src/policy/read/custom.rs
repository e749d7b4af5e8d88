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
            self.custom_id(id, &node.span());
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

    /// Checks the id of a custom rule.
    fn custom_id(&mut self, id: &str, span: &Range<usize>) {
        let kebab = !id.is_empty()
            && id
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let (message, label) = if !kebab {
            (
                "is not a rule id",
                "lower-case letters, digits and `-` only",
            )
        } else if rule_index(id).is_some() {
            ("is a built-in rule", "choose another id")
        } else if !self.read_ids.insert(id.to_owned()) {
            (
                "is the id of two rules",
                "choose another id, or join both conditions with `any`",
            )
        } else {
            return;
        };
        self.wrong(
            span.clone(),
            format!("`{id}` {message}"),
            label.into(),
            None,
        );
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
        let operator = self.operator(table)?;
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

    /// The operator of a condition; `=` if it names none.
    fn operator(&mut self, table: &DeTable) -> Option<Operator> {
        let Some(node) = table.get("op") else {
            return Some(Operator::Equals);
        };
        let text = self.string(node)?;
        let operator = Operator::parse(&text);
        if operator.is_none() {
            let all: Vec<&str> = Operator::ALL.iter().map(|(s, _)| *s).collect();
            self.wrong(
                node.span(),
                format!("`{text}` is not an operator"),
                "unknown operator".into(),
                Some(format!("one of {}", all.join("  "))),
            );
        }
        operator
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
        if list.is_empty() && node.get_ref().as_array().is_some_and(|all| all.is_empty()) {
            self.wrong(
                node.span(),
                "the list of values is empty".into(),
                match operator.negation() {
                    "" => "no value is in it, so the condition never holds".into(),
                    _ => "no value is in it, so the condition always holds".into(),
                },
                None,
            );
        }
        let list: Vec<(String, Range<usize>)> = list
            .into_iter()
            .map(|(text, span)| (spelling::spelled(key, &text).into_owned(), span))
            .collect();
        for (text, span) in &list {
            self.operand(key, operator, text, span);
        }
        Some(list.into_iter().map(|(text, _)| text).collect())
    }

    /// Checks one value of a condition.
    fn operand(&mut self, key: &str, operator: Operator, text: &str, span: &Range<usize>) {
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
        } else if operator.is_equality() && spelling::is_meant_as_glob(key, text) {
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
}

#[cfg(test)]
mod tests {
    use crate::Policy;

    #[test]
    fn a_rule_that_cannot_mean_what_it_says_is_a_mistake() {
        let one = |test: &str| {
            format!("[[custom]]\nid = \"one\"\nmessage = \"m\"\nall = [{{ key = {test} }}]\n")
        };
        let mistakes = |text: &str| -> Vec<String> {
            let wrong = Policy::load(text, "p.toml").err().unwrap_or_default();
            wrong
                .into_iter()
                .map(|w| format!("{}: {}", w.message, w.label))
                .collect()
        };
        let never = "the list of values is empty: no value is in it, so the condition never holds";
        let always =
            "the list of values is empty: no value is in it, so the condition always holds";
        let glob = |text: &str| {
            format!("no value is `{text}`: this operator compares whole texts: a glob")
        };
        for (test, expected) in [
            ("\"port\", op = \"in\", value = []", vec![never.to_owned()]),
            (
                "\"port\", op = \"!in\", value = []",
                vec![always.to_owned()],
            ),
            (
                "\"port\", op = \"glob\", value = []",
                vec![never.to_owned()],
            ),
            ("\"executable.build_id\", value = \"*\"", vec![glob("*")]),
            ("\"vcs.revision\", value = \"ab?d\"", vec![glob("ab?d")]),
            (
                "\"go_version\", op = \"in\", value = [\"go1.{26,27}.1\"]",
                vec![glob("go1.{26,27}.1")],
            ),
            // Flags may contain any characters.
            ("\"-ldflags\", value = \"-X a.b={c}\"", vec![]),
            (
                "\"executable.build_id\", op = \"glob\", value = \"*\"",
                vec![],
            ),
        ] {
            assert_eq!(mistakes(&one(test)), expected, "{test}");
        }
        let twice = one("\"port\", value = \"linux/amd64\"").repeat(2);
        assert_eq!(
            mistakes(&twice),
            ["`one` is the id of two rules: choose another id, or join both conditions with `any`"]
        );
        let word =
            one("\"port\", value = \"linux/amd64\"").replace("message", "fix = \"x\"\nmessage");
        let wrong = Policy::load(&word, "p.toml").unwrap_err();
        assert_eq!(wrong[0].help.as_deref(), Some("did you mean `help`?"));
    }
}
