//! What `gospect explain` says about a profile of the policy: which rules are on, and how much they matter.

use crate::audit::policy::{self, Policy};
use crate::audit::rules::registry::RULES;
use crate::audit::{Level, policy::PROFILES};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A rule of a profile: its id, what it finds, and its level (`None`: off).
struct Row {
    id: String,
    finds: String,
    level: Option<Level>,
}

/// A profile, built-in or from the policy file.
pub struct Profile {
    name: String,
    /// What it is for; `None` for a profile of the user.
    purpose: Option<&'static str>,
    /// The profile that it extends; `None` for a built-in one.
    extends: Option<String>,
    rows: Vec<Row>,
}

/// The levels that rules may have, with the headings of their lists.
const LISTS: [(Option<Level>, &str); 4] = [
    (Some(Level::Error), "Errors"),
    (Some(Level::Warning), "Warnings"),
    (Some(Level::Note), "Notes"),
    (None, "Off"),
];

impl Profile {
    /// The profile of this name, of those that the policy file has and of the built-in ones. `[rules]` and overrides are left out:
    /// they apply to every profile.
    pub fn find(name: &str, file: &Policy) -> Option<Self> {
        let own = file.profiles.get(name);
        if own.is_none() && !PROFILES.contains(&name) {
            return None;
        }
        let mut alone = Policy::built_in();
        name.clone_into(&mut alone.profile);
        alone.profiles.clone_from(&file.profiles);
        alone.custom.clone_from(&file.custom);
        let built_in = RULES.iter().zip(alone.effective(&[]));
        let built_in = built_in.map(|(rule, row)| Row {
            id: rule.meta.id.to_owned(),
            finds: rule.meta.summary.to_owned(),
            level: row.level,
        });
        let custom = alone.custom.iter().zip(alone.custom_levels(&[]));
        let custom = custom.map(|(rule, level)| Row {
            id: rule.id.clone(),
            finds: rule.message.clone(),
            level,
        });
        Some(Self {
            name: name.to_owned(),
            purpose: policy::purpose(name),
            extends: own.map(|own| own.extends.clone().unwrap_or_else(|| "default".to_owned())),
            rows: built_in.chain(custom).collect(),
        })
    }

    /// What it is for, or what it extends.
    fn about(&self) -> String {
        match (&self.extends, self.purpose) {
            (Some(extends), _) => format!("A profile of your own, which extends `{extends}`."),
            (None, Some(purpose)) => format!("For {purpose}."),
            (None, None) => String::new(),
        }
    }

    fn of_level(&self, level: Option<Level>) -> Vec<&Row> {
        self.rows.iter().filter(|row| row.level == level).collect()
    }

    /// Adds the rules of each level that has some. Rules that are off are only named: then the last argument of `add` is false.
    fn add_lists(&self, out: &mut String, add: impl Fn(&mut String, &str, &[&Row], bool)) {
        for (level, heading) in LISTS {
            let rows = self.of_level(level);
            if !rows.is_empty() {
                add(out, heading, &rows, level.is_some());
            }
        }
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "# Profile {}\n\n{} `gospect audit --profile {} TARGET` chooses it, and so does `profile = \"{}\"` in the policy file.\n",
            self.name,
            self.about(),
            self.name,
            self.name
        );
        self.add_lists(&mut out, |out, heading, rows, is_listed| {
            let _ = writeln!(out, "\n## {heading}\n");
            if !is_listed {
                let ids: Vec<String> = rows.iter().map(|row| format!("`{}`", row.id)).collect();
                let _ = writeln!(out, "{}", ids.join(", "));
                return;
            }
            for row in rows {
                let _ = writeln!(out, "- `{}`: {}", row.id, row.finds);
            }
        });
        out
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = format!(
            "Profile {}\n{}\n`--profile {}` chooses it, and so does `profile = \"{}\"` in the policy file.\n",
            self.name,
            self.about(),
            self.name,
            self.name
        );
        self.add_lists(&mut out, |out, heading, rows, is_listed| {
            let _ = writeln!(out, "\n{heading}:");
            if !is_listed {
                let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
                let _ = writeln!(out, "  {}", ids.join(", "));
                return;
            }
            for row in rows {
                let _ = writeln!(out, "  {:<28}  {}", row.id, row.finds);
            }
        });
        out
    }

    /// As a JSON object.
    pub fn json(&self) -> Value {
        let ids = |level: Option<Level>| -> Vec<&str> {
            let rows = self.of_level(level);
            rows.iter().map(|row| row.id.as_str()).collect()
        };
        json!({
            "kind": "profile",
            "profile": self.name,
            "for": self.purpose,
            "extends": self.extends,
            "rules": {
                "error": ids(Some(Level::Error)),
                "warning": ids(Some(Level::Warning)),
                "note": ids(Some(Level::Note)),
                "off": ids(None),
            },
        })
    }
}
