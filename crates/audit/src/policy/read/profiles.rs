//! `[profiles]`: what each profile extends and changes.

use super::{Reader, did_you_mean};
use crate::policy::PROFILES;
use crate::policy::model::{Policy, Profile};
use gospect_knowledge::nearest;
use std::collections::{BTreeMap, HashMap, HashSet};
use toml::de::DeTable;

/// Most profiles of a cycle to name in a message.
const CYCLE_LIMIT: usize = 8;

/// The profiles that extend themselves, directly or through others, and those that extend one of these. Each profile is
/// followed once.
fn endless(profiles: &BTreeMap<String, Profile>) -> HashSet<&str> {
    let mut ends: HashMap<&str, bool> = HashMap::new();
    for start in profiles.keys() {
        let mut chain = Vec::new();
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
            chain.push(name.as_str());
            at = profile.extends.as_deref();
        }
        ends.extend(chain.into_iter().map(|name| (name, is_endless)));
    }
    let endless = ends.into_iter().filter(|(_, is_endless)| *is_endless);
    endless.map(|(name, _)| name).collect()
}

impl Reader<'_> {
    pub(super) fn profiles(&mut self, table: &DeTable, policy: &mut Policy) {
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
                let help = nearest(name, names.iter().map(String::as_str)).map(did_you_mean);
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
            let mut chain = vec![name];
            while let Some(next) = chain
                .last()
                .and_then(|n| policy.profiles.get(*n))
                .and_then(|p| p.extends.as_deref())
                .filter(|next| chain.len() < CYCLE_LIMIT && !chain.contains(next))
            {
                chain.push(next);
            }
            let more = if chain.len() < CYCLE_LIMIT {
                ""
            } else {
                " -> ..."
            };
            self.wrong(
                key.span(),
                format!("profile `{name}` extends itself"),
                format!("by way of {}{more}", chain.join(" -> ")),
                None,
            );
        }
    }
}
