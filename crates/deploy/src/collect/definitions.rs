//! The variables that `-X` sets in the builds of a file.

use super::super::facts::Definition;
use super::super::release::Toolchain;
use super::super::text::Text;
use super::Collector;
use gospect_knowledge::ldflags;
use std::collections::HashSet;

/// Most definitions that are read from one word.
const MOST_DEFINED: usize = 200;

impl Definition {
    /// The place of a definition in the text that it comes from.
    fn of(
        target: &str,
        value: &str,
        text: &Text,
        scope: &str,
        go: Option<&Toolchain>,
    ) -> Definition {
        let whole = format!("{target}={value}");
        let from = text.as_str().find(&whole);
        let value = match from {
            Some(at) => text.slice(at + target.len() + 1..at + whole.len()),
            None => Text::fixed(value, text.whole()),
        };
        Definition {
            target: target.to_owned(),
            value,
            at: text.find(&whole),
            scope: scope.to_owned(),
            go: go.cloned(),
        }
    }
}

impl Collector {
    /// The definitions in commands and in variables with flags. Those that a command takes from a variable are listed once.
    pub(super) fn definitions(&self) -> Vec<Definition> {
        let mut found = Vec::new();
        let mut reported: HashSet<(String, String)> = HashSet::new();
        let flags = self.variables.iter().filter(|v| v.name.ends_with("FLAGS"));
        for v in flags {
            let text = v.value.as_str().replace("-ldflags=", " ");
            for (target, value) in ldflags::definitions(&text).into_iter().take(MOST_DEFINED) {
                found.push(Definition::of(
                    &target,
                    &value,
                    &v.value,
                    &v.scope,
                    v.go.as_ref(),
                ));
                reported.insert((target, value));
            }
        }
        for c in &self.commands {
            let link = if c.verb() == "tool" {
                c.arguments()
            } else {
                &[]
            };
            let words = c.flag("ldflags").into_iter().map(|w| (w, ""));
            for (word, before) in words.chain(link.iter().map(|w| (w, "-X "))) {
                let flags = word.as_str();
                let flags = flags.split_once("ldflags=").map_or(flags, |(_, f)| f);
                let all = ldflags::definitions(&format!("{before}{flags}"));
                for (target, value) in all.into_iter().take(MOST_DEFINED) {
                    let known = word.dynamic && reported.contains(&(target.clone(), value.clone()));
                    if !known {
                        found.push(Definition::of(
                            &target,
                            &value,
                            &word.text,
                            &c.scope,
                            c.go.as_ref(),
                        ));
                    }
                }
            }
        }
        found
    }
}
