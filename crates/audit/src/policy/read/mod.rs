//! Parses a policy file into a [`Policy`]. Continues after a mistake, to report all of them at once.

mod custom;
mod profiles;
mod rules;
mod waivers;

use super::diagnostic::{Diagnostic, Lines};
use super::error::PolicyError;
use super::expectation::Expectation;
use super::model::*;
use crate::finding::PolicyRef;
use crate::options::ValueKind;
use crate::{glob, keys};
use gospect_knowledge::hint;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Node<'i> = Spanned<DeValue<'i>>;

pub(super) fn read(text: &str, filename: &str) -> Result<Policy, Vec<Diagnostic>> {
    if text.len() > LENGTH_LIMIT {
        return Err(vec![Diagnostic {
            message: format!(
                "a policy of {} bytes, {LENGTH_LIMIT} are allowed",
                text.len()
            ),
            file: filename.to_owned(),
            span: 0..0,
            line: 1,
            column: 1,
            label: "too long".to_owned(),
            help: None,
        }]);
    }
    let mut reader = Reader {
        file: filename,
        lines: Lines::of(text),
        custom_ids: BTreeSet::new(),
        read_ids: BTreeSet::new(),
        wrong: Vec::new(),
        unlisted: 0,
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        reader.wrong(span, NOT_TOML.into(), error.message().to_string(), None);
    }
    let policy = reader.policy(root.get_ref());
    if reader.wrong.is_empty() {
        return Ok(policy);
    }
    // Where the parser and this reader report the same text, this reader says what to write instead.
    reader
        .wrong
        .sort_by_key(|d| (d.span.start, d.span.end, d.help.is_none()));
    reader
        .wrong
        .dedup_by(|later, first| later.span == first.span && later.message == NOT_TOML);
    if let (Some(last), 1..) = (reader.wrong.last().cloned(), reader.unlisted) {
        reader.wrong.push(Diagnostic {
            message: format!("{} more mistakes are not listed", reader.unlisted),
            label: "the last of those that are".to_owned(),
            help: None,
            ..last
        });
    }
    Err(reader.wrong)
}

/// Longest policy file. A limit is needed, because the policy file of the current directory is read without the user naming it.
const LENGTH_LIMIT: usize = 4 << 20;

/// Most mistakes of one file to list; further ones are counted.
const MISTAKES_LIMIT: usize = 100;

const NOT_TOML: &str = "not valid TOML";

/// Words of reports and of other tools, and the keys that they mean.
const SYNONYMS: [(&str, &str); 9] = [
    ("fix", "help"),
    ("advice", "help"),
    ("severity", "level"),
    ("name", "id"),
    ("description", "message"),
    ("when", "all"),
    ("until", "expires"),
    ("why", "reason"),
    ("operator", "op"),
];

/// `a string`, `an integer`.
fn with_article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

fn did_you_mean(near: &str) -> String {
    format!("did you mean `{near}`?")
}

/// The ids of custom rules. Reading the rules reports what is wrong with them.
fn custom_ids(root: &DeTable) -> BTreeSet<String> {
    let tables = root
        .get("custom")
        .and_then(|node| node.get_ref().as_array());
    let tables = tables.into_iter().flatten();
    let ids = tables.filter_map(|node| node.get_ref().as_table()?.get("id")?.get_ref().as_str());
    ids.map(str::to_owned).collect()
}

struct Reader<'t> {
    file: &'t str,
    lines: Lines<'t>,
    /// The ids of all custom rules, also of those with mistakes.
    custom_ids: BTreeSet<String>,
    /// The ids of the custom rules that were read.
    read_ids: BTreeSet<String>,
    wrong: Vec<Diagnostic>,
    unlisted: u64,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Range<usize>, message: String, label: String, help: Option<String>) {
        if self.wrong.len() >= MISTAKES_LIMIT {
            self.unlisted += 1;
            return;
        }
        let (line, column) = self.lines.position(span.start);
        self.wrong.push(Diagnostic {
            message,
            file: self.file.to_string(),
            span,
            line,
            column,
            label,
            help,
        });
    }

    /// Whether one more mistake would be listed; if not, it is counted. Call it before looking for the nearest name or anything
    /// else that is slow: for thousands of unknown names that takes seconds.
    fn is_listed(&mut self) -> bool {
        let is_listed = self.wrong.len() < MISTAKES_LIMIT;
        self.unlisted += u64::from(!is_listed);
        is_listed
    }

    fn at(&self, span: &Range<usize>) -> PolicyRef {
        PolicyRef {
            file: self.file.to_string(),
            line: self.lines.line(span.start),
        }
    }

    /// Reports keys that are not in `known`.
    fn only(&mut self, table: &DeTable, what: &str, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) && self.is_listed() {
                let meant = SYNONYMS
                    .iter()
                    .find(|(word, key)| *word == name && known.contains(key));
                let help = meant.map_or_else(
                    || {
                        hint(name, known.iter().copied(), || {
                            format!("known here: {}", known.join(", "))
                        })
                    },
                    |(_, key)| did_you_mean(key),
                );
                self.wrong(
                    key.span(),
                    format!("unknown key `{name}` in {what}"),
                    "not a key of this table".into(),
                    Some(help),
                );
            }
        }
    }

    fn mismatch(&mut self, node: &Node, wanted: &str) {
        let found = node.get_ref().type_str();
        self.wrong(
            node.span(),
            format!("expected {wanted}"),
            format!("this is {}", with_article(found)),
            None,
        );
    }

    fn string(&mut self, node: &Node) -> Option<String> {
        let text = node.get_ref().as_str().map(str::to_string);
        if text.is_none() {
            self.mismatch(node, "a text in quotes");
        }
        text
    }

    fn strings(&mut self, node: &Node) -> Vec<(String, Range<usize>)> {
        match node.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .filter_map(|i| Some((self.string(i)?, i.span())))
                .collect(),
            _ => {
                self.mismatch(node, "a list of texts");
                Vec::new()
            }
        }
    }

    fn globs(&mut self, table: &DeTable, key: &str) -> Vec<String> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        let list = self.strings(node);
        list.iter()
            .for_each(|(pattern, span)| self.glob("glob", pattern, span));
        list.into_iter().map(|(p, _)| p).collect()
    }

    /// Reports a list of an override that is empty: nothing could match it, and it must not stand for everything.
    fn not_empty(&mut self, table: &DeTable, key: &str) {
        let Some(node) = table.get(key) else { return };
        if node
            .get_ref()
            .as_array()
            .is_some_and(|items| items.is_empty())
        {
            self.wrong(
                node.span(),
                format!("`{key}` of an override is empty"),
                "no program matches it".into(),
                Some(format!("leave `{key}` out to mean all programs")),
            );
        }
    }

    /// Globs over ports: one that matches none is a mistake.
    fn ports(&mut self, table: &DeTable) -> Vec<String> {
        let Some(node) = table.get("ports") else {
            return Vec::new();
        };
        let list = self.strings(node);
        for (pattern, span) in &list {
            if let Err(e) = ValueKind::Ports.check(pattern) {
                self.wrong(span.clone(), e.to_string(), "not a port".into(), None);
            }
        }
        list.into_iter().map(|(pattern, _)| pattern).collect()
    }

    /// Checks a glob; the message calls it `what`.
    fn glob(&mut self, what: &str, pattern: &str, span: &Range<usize>) {
        if let Err(e) = glob::check(pattern) {
            let message = format!("the {what} `{pattern}` {e}");
            self.wrong(span.clone(), message, "not a glob".into(), None);
        }
    }

    fn table<'a, 'i>(&mut self, node: &'a Node<'i>, what: &str) -> Option<&'a DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.mismatch(node, &format!("a table for {what}"));
        }
        table
    }

    /// The elements of an array of tables, each with its span.
    fn tables<'a, 'i>(
        &mut self,
        root: &'a DeTable<'i>,
        key: &str,
    ) -> Vec<(&'a DeTable<'i>, Range<usize>)> {
        let Some(node) = root.get(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = node.get_ref() else {
            self.wrong(
                node.span(),
                format!("expected a list of tables for `{key}`"),
                format!("this is {}", with_article(node.get_ref().type_str())),
                Some(format!("write `[[{key}]]`, once for each")),
            );
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|i| Some((self.table(i, key)?, i.span())))
            .collect()
    }

    /// An override: settings and expectations for some programs.
    fn of_some_programs(&mut self, table: &DeTable, span: &Range<usize>) -> Override {
        let known = ["paths", "packages", "ports", "rules", "expect"];
        self.only(table, "an override", &known);
        for key in ["paths", "packages", "ports"] {
            self.not_empty(table, key);
        }
        let rules = table.get("rules").map(|node| self.rules(node));
        let mut expect = Vec::new();
        if let Some(node) = table.get("expect")
            && let Some(table) = self.table(node, "expect")
        {
            self.expectations(table, "", &mut expect);
        }
        let paths = self.globs(table, "paths");
        let paths = paths.iter().map(|path| glob::without_dot(path).to_owned());
        Override {
            paths: paths.collect(),
            packages: self.globs(table, "packages"),
            ports: self.ports(table),
            rules: rules.unwrap_or_default(),
            expect,
            at: self.at(span),
        }
    }

    fn policy(&mut self, root: &DeTable) -> Policy {
        self.only(
            root,
            "the policy",
            &[
                "profile",
                "rules",
                "profiles",
                "overrides",
                "waivers",
                "custom",
                "expect",
                "fleet",
            ],
        );
        self.custom_ids = custom_ids(root);
        let mut policy = Policy {
            file: Some(self.file.to_string()),
            profile: "default".into(),
            ..Policy::default()
        };
        if let Some(node) = root.get("rules") {
            policy.rules = self.rules(node);
        }
        if let Some(table) = root.get("profiles").and_then(|n| self.table(n, "profiles")) {
            self.profiles(table, &mut policy);
        }
        if let Some(node) = root.get("profile")
            && let Some(name) = self.string(node)
        {
            match policy.select_profile(&name) {
                Ok(()) => {}
                Err(e) => self.wrong(node.span(), e.to_string(), "not a profile".into(), None),
            }
        }
        policy.overrides = self
            .tables(root, "overrides")
            .into_iter()
            .map(|(table, span)| self.of_some_programs(table, &span))
            .collect();
        policy.custom = self
            .tables(root, "custom")
            .into_iter()
            .filter_map(|(t, span)| self.custom(t, &span))
            .collect();
        policy.waivers = self
            .tables(root, "waivers")
            .into_iter()
            .filter_map(|(t, span)| self.waiver(t, &span))
            .collect();
        if let Some(table) = root.get("expect").and_then(|n| self.table(n, "expect")) {
            self.expectations(table, "", &mut policy.expect);
        }
        if let Some(table) = root.get("fleet").and_then(|n| self.table(n, "fleet")) {
            self.only(table, "fleet", &["group-by"]);
            policy.group_by = table.get("group-by").map(|n| {
                let keys = self.strings(n);
                keys.iter().for_each(|(k, span)| self.key(k, span));
                keys.into_iter().map(|(k, _)| k).collect()
            });
        }
        policy
    }

    fn required(
        &mut self,
        table: &DeTable,
        key: &str,
        what: &str,
        span: &Range<usize>,
    ) -> Option<String> {
        match table.get(key) {
            Some(node) => self.string(node),
            None => {
                self.wrong(
                    span.clone(),
                    format!("{what} needs `{key}`"),
                    format!("`{key}` is missing"),
                    None,
                );
                None
            }
        }
    }

    fn key(&mut self, key: &str, span: &Range<usize>) {
        if key.starts_with("modules.") && key.contains(['*', '?', '[']) && self.is_listed() {
            self.wrong(
                span.clone(),
                format!("`{key}` names no module: a key is not a glob"),
                "a glob".into(),
                Some("name one module; for several: `module-below-floor` and `denied-module` take globs".into()),
            );
        } else if !keys::is_known(key) && self.is_listed() {
            self.wrong(
                span.clone(),
                format!("`{key}` is not a record key"),
                "unknown key".into(),
                Some(keys::hint(key)),
            );
        }
    }

    /// `[expect]`: keys may be quoted, or written as nested tables (`vcs.revision = …` without quotes).
    fn expectations(&mut self, table: &DeTable, prefix: &str, out: &mut Vec<Expectation>) {
        for (key, node) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let value = match node.get_ref() {
                DeValue::Table(t) if name.len() < 512 => {
                    self.expectations(t, &format!("{name}."), out);
                    continue;
                }
                DeValue::String(s) => s.to_string(),
                DeValue::Boolean(b) => b.to_string(),
                DeValue::Integer(i) => i.as_str().to_string(),
                _ => {
                    self.mismatch(node, "a text, a number, or true or false");
                    continue;
                }
            };
            self.key(&name, &key.span());
            match Expectation::parse(&name, &value) {
                Ok(expectation) => out.push(expectation),
                Err(error) => {
                    let what = match error {
                        PolicyError::Glob { .. } => "not a glob",
                        PolicyError::NeverRecorded { .. } => "not a value of this key",
                        _ => "cannot be ordered",
                    };
                    self.wrong(node.span(), error.to_string(), what.to_owned(), None);
                }
            }
        }
    }
}
