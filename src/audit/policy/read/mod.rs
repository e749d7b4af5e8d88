//! Turns the text of a policy file into a [`Policy`]. Goes on after a mistake, so that all are reported at once.

mod custom;
mod rules;

use super::PROFILES;
use super::diagnostic::{Diagnostic, Lines};
use super::model::*;
use crate::audit::date::Date;
use crate::audit::finding::PolicyRef;
use crate::audit::{glob, keys};
use crate::audit::rules::registry::RULES;
use crate::knowledge::nearest;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

type Node<'i> = Spanned<DeValue<'i>>;

pub(super) fn read(text: &str, filename: &str) -> Result<Policy, Vec<Diagnostic>> {
    if text.len() > LONGEST {
        return Err(vec![Diagnostic {
            message: format!("a policy of {} bytes, {LONGEST} are allowed", text.len()),
            file: filename.to_owned(),
            span: 0..0,
            line: 1,
            column: 1,
            label: "too long".to_owned(),
            help: None,
        }]);
    }
    let mut r = Reader {
        file: filename,
        lines: Lines::of(text),
        wrong: Vec::new(),
        unlisted: 0,
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    for e in errors {
        let span = e.span().unwrap_or(0..0);
        r.wrong(span, NOT_TOML.into(), e.message().to_string(), None);
    }
    let policy = r.policy(root.get_ref());
    if r.wrong.is_empty() {
        return Ok(policy);
    }
    // Where the parser and the reader complain of the same text, the reader says what to write instead.
    r.wrong
        .sort_by_key(|d| (d.span.start, d.span.end, d.help.is_none()));
    r.wrong
        .dedup_by(|later, first| later.span == first.span && later.message == NOT_TOML);
    if let (Some(last), 1..) = (r.wrong.last().cloned(), r.unlisted) {
        r.wrong.push(Diagnostic {
            message: format!("{} more mistakes are not listed", r.unlisted),
            label: "the last of those that are".to_owned(),
            help: None,
            ..last
        });
    }
    Err(r.wrong)
}

/// Longest policy: one that lies in the directory of somebody else's program is read unasked.
const LONGEST: usize = 4 << 20;

/// Mistakes of one file that are listed; the rest is counted.
const MISTAKES: usize = 100;

const NOT_TOML: &str = "not valid TOML";

/// Rules of the policy's own that the glob of a waiver is compared with when the policy is read.
const OWN: usize = 200;

/// Profiles that a message names on the way from one to itself.
const WAY: usize = 8;

/// The profiles that lead to themselves, or to one that does. Each is followed once.
fn endless(profiles: &BTreeMap<String, Profile>) -> HashSet<&str> {
    let mut ends: HashMap<&str, bool> = HashMap::new();
    for start in profiles.keys() {
        let mut way = Vec::new();
        let mut on_way = HashSet::new();
        let mut at = Some(start.as_str());
        let mut is_endless = false;
        while let Some((name, profile)) = at.and_then(|name| profiles.get_key_value(name)) {
            if let Some(known) = ends.get(name.as_str()) {
                is_endless = *known;
                break;
            }
            if !on_way.insert(name.as_str()) {
                is_endless = true;
                break;
            }
            way.push(name.as_str());
            at = profile.extends.as_deref();
        }
        ends.extend(way.into_iter().map(|name| (name, is_endless)));
    }
    let endless = ends.into_iter().filter(|(_, is_endless)| *is_endless);
    endless.map(|(name, _)| name).collect()
}

/// `a string`, `an integer`.
fn with_article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

struct Reader<'t> {
    file: &'t str,
    lines: Lines<'t>,
    wrong: Vec<Diagnostic>,
    unlisted: u64,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Range<usize>, message: String, label: String, help: Option<String>) {
        if self.wrong.len() >= MISTAKES {
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

    /// Whether one more mistake would be listed; if not it is counted. To be asked before what is costly to say about one, such as the
    /// nearest name: thousands of unknown ones take seconds.
    fn is_listed(&mut self) -> bool {
        let is_listed = self.wrong.len() < MISTAKES;
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
                let help = nearest(name, known.iter().copied())
                    .map_or(format!("known here: {}", known.join(", ")), |n| {
                        format!("did you mean `{n}`?")
                    });
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
        for (pattern, span) in &list {
            if let Err(e) = glob::check(pattern) {
                self.wrong(
                    span.clone(),
                    format!("the glob `{pattern}` {e}"),
                    "not a glob".into(),
                    None,
                );
            }
        }
        list.into_iter().map(|(p, _)| p).collect()
    }

    fn table<'a, 'i>(&mut self, node: &'a Node<'i>, what: &str) -> Option<&'a DeTable<'i>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.mismatch(node, &format!("a table for {what}"));
        }
        table
    }

    /// Elements of an array of tables, each with its span.
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
                Err(e) => self.wrong(node.span(), e, "not a profile".into(), None),
            }
        }
        for (table, _) in self.tables(root, "overrides") {
            self.only(
                table,
                "an override",
                &["paths", "packages", "ports", "rules"],
            );
            let rules = table
                .get("rules")
                .map(|n| self.rules(n))
                .unwrap_or_default();
            policy.overrides.push(Override {
                paths: self.globs(table, "paths"),
                packages: self.globs(table, "packages"),
                ports: self.globs(table, "ports"),
                rules,
            });
        }
        policy.custom = self
            .tables(root, "custom")
            .into_iter()
            .filter_map(|(t, span)| self.custom(t, &span))
            .collect();
        let own: BTreeSet<String> = policy.custom.iter().map(|c| c.id.clone()).collect();
        policy.waivers = self
            .tables(root, "waivers")
            .into_iter()
            .filter_map(|(t, span)| self.waiver(t, &span, &own))
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

    fn profiles(&mut self, table: &DeTable, policy: &mut Policy) {
        for (key, node) in table {
            let name = key.get_ref().to_string();
            if PROFILES.contains(&name.as_str()) {
                self.wrong(key.span(), format!("the profile `{name}` is built in"), "choose another name".into(), Some(format!("`[profiles.my-{name}]` with `extends = \"{name}\"`, then `profile = \"my-{name}\"`")));
                continue;
            }
            let Some(t) = self.table(node, "a profile") else {
                continue;
            };
            self.only(t, "a profile", &["extends", "rules"]);
            let rules = t.get("rules").map(|n| self.rules(n)).unwrap_or_default();
            let extends = t.get("extends").and_then(|n| self.string(n));
            policy.profiles.insert(name, Profile { extends, rules });
        }
        let names: Vec<String> = PROFILES
            .iter()
            .map(|p| p.to_string())
            .chain(policy.profiles.keys().cloned())
            .collect();
        let known: HashSet<&str> = names.iter().map(String::as_str).collect();
        for (_, node) in table {
            let Some(node) = node.get_ref().as_table().and_then(|t| t.get("extends")) else {
                continue;
            };
            let Some(name) = node.get_ref().as_str() else {
                continue;
            };
            if !known.contains(name) {
                if !self.is_listed() {
                    continue;
                }
                let help = nearest(name, names.iter().map(String::as_str))
                    .map(|n| format!("did you mean `{n}`?"));
                self.wrong(
                    node.span(),
                    format!("there is no profile `{name}`"),
                    "not a profile".into(),
                    help,
                );
            }
        }
        let endless = endless(&policy.profiles);
        for (key, _) in table {
            let name: &str = key.get_ref();
            if !endless.contains(name) {
                continue;
            }
            let mut way = vec![name];
            while let Some(next) = way
                .last()
                .and_then(|n| policy.profiles.get(*n))
                .and_then(|p| p.extends.as_deref())
                .filter(|next| way.len() < WAY && !way.contains(next))
            {
                way.push(next);
            }
            let more = if way.len() < WAY { "" } else { " -> ..." };
            self.wrong(
                key.span(),
                format!("profile `{name}` extends itself"),
                format!("by way of {}{more}", way.join(" -> ")),
                None,
            );
        }
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

    fn waiver(
        &mut self,
        t: &DeTable,
        span: &Range<usize>,
        own: &BTreeSet<String>,
    ) -> Option<Waiver> {
        self.only(t, "a waiver", &["rule", "path", "reason", "expires"]);
        let rule = self.required(t, "rule", "a waiver", span);
        let reason = self.required(t, "reason", "a waiver", span);
        if let (Some(node), Some(rule)) = (t.get("rule"), &rule) {
            let known = RULES
                .iter()
                .any(|r| r.meta.code == rule || glob::matches(rule, r.meta.id))
                || own.contains(rule)
                || own.iter().take(OWN).any(|id| glob::matches(rule, id));
            if !known && self.is_listed() {
                let ids = RULES
                    .iter()
                    .map(|r| r.meta.id)
                    .chain(own.iter().map(String::as_str));
                let help = nearest(rule, ids).map(|n| format!("did you mean `{n}`?"));
                self.wrong(
                    node.span(),
                    format!("there is no rule `{rule}`"),
                    "unknown rule".into(),
                    help,
                );
            }
        }
        if let (Some(node), Some("")) = (t.get("reason"), reason.as_deref().map(str::trim)) {
            self.wrong(
                node.span(),
                "a waiver needs a reason".into(),
                "say why, for whoever reads this next".into(),
                None,
            );
        }
        let path = t.get("path").and_then(|n| {
            let p = self.string(n)?;
            if let Err(e) = glob::check(&p) {
                self.wrong(
                    n.span(),
                    format!("the glob `{p}` {e}"),
                    "not a glob".into(),
                    None,
                );
            }
            Some(p)
        });
        let expires = t.get("expires").and_then(|n| {
            let text = match n.get_ref() {
                DeValue::Datetime(d) => d.to_string(),
                DeValue::String(s) => s.to_string(),
                _ => String::new(),
            };
            let date = Date::parse(&text);
            if date.is_none() {
                self.wrong(
                    n.span(),
                    "`expires` is not a day".into(),
                    "not a day".into(),
                    Some("write it as 2026-12-31".into()),
                );
            }
            date
        });
        Some(Waiver {
            rule: rule?,
            path: path.unwrap_or_else(|| "**".into()),
            reason: reason?,
            expires,
            at: self.at(span),
        })
    }

    fn key(&mut self, key: &str, span: &Range<usize>) {
        if !keys::is_known(key) && self.is_listed() {
            let near = keys::near(key);
            let help = near.map_or(
                "`gospect scan --format json FILE` shows the keys".to_string(),
                |n| format!("did you mean `{n}`?"),
            );
            self.wrong(
                span.clone(),
                format!("`{key}` is not a record key"),
                "unknown key".into(),
                Some(help),
            );
        }
    }

    /// `[expect]`: keys may be quoted whole or written as nested tables (`vcs.revision = …` without quotes).
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
            if let Err(e) = glob::check(&value) {
                self.wrong(
                    node.span(),
                    format!("the value `{value}` {e}"),
                    "not a glob".into(),
                    None,
                );
            }
            out.push(Expectation { key: name, value });
        }
    }
}
