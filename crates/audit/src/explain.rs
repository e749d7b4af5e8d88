//! The pages of rules, for `gospect explain`, `docs/rules.md` and the help texts of other formats.

use super::finding::Level;
use super::options::{Default, OptionSpec};
use super::rules::meta::{HEADINGS, Meta};
use super::rules::registry;
use serde_json::{Value, json};
use std::fmt::Write;

/// The page of a rule, by id or code, as Markdown; `None` when there is no such rule.
pub fn explain(name: &str) -> Option<String> {
    registry::find(name).map(|r| markdown(r.meta, 1))
}

/// The page of a rule as a JSON object.
pub fn explain_json(name: &str) -> Option<Value> {
    let rule = registry::find(name)?;
    let meta = rule.meta;
    let options: Vec<Value> = meta.options.iter().map(|option| json!({ "name": option.name, "values": option.kind.describe(), "default": default(&option.default), "doc": option.doc })).collect();
    Some(json!({
        "rule": meta.id, "code": meta.code, "family": rule.family.name(), "summary": meta.summary, "since": meta.since,
        "levels": { "default": word(meta.levels.default), "release": word(meta.levels.release), "container": word(meta.levels.container), "fips": word(meta.levels.fips) },
        "what": meta.section("What"), "why": meta.section("Why"), "example": meta.section("Example"), "fix": meta.section("Fix"), "options": options,
    }))
}

/// The page of a rule. `depth` is the heading level of its title.
fn markdown(meta: &Meta, depth: usize) -> String {
    let (title, part) = ("#".repeat(depth), "#".repeat(depth + 1));
    let levels = &meta.levels;
    let mut out = format!(
        "{title} {}\n\n{}: {}. Since {}. Levels: default {}, release {}, container {}, fips {}.\n",
        meta.id,
        meta.code,
        meta.summary,
        meta.since,
        word(levels.default),
        word(levels.release),
        word(levels.container),
        word(levels.fips)
    );
    for heading in HEADINGS {
        let _ = write!(out, "\n{part} {heading}\n\n{}\n", meta.section(heading));
    }
    let _ = write!(out, "\n{part} Options\n\n");
    if meta.options.is_empty() {
        out.push_str("None.\n");
    }
    for spec in meta.options {
        option(&mut out, spec);
    }
    out
}

fn option(out: &mut String, o: &OptionSpec) {
    let _ = writeln!(
        out,
        "- `{}` ({}; default {}): {}",
        o.name,
        o.kind.describe(),
        default(&o.default),
        o.doc
    );
}

fn default(d: &Default) -> String {
    match d {
        Default::Unset => "not set".into(),
        Default::Flag(b) => format!("`{b}`"),
        Default::Text(t) => format!("`\"{t}\"`"),
        Default::List(l) => format!("`{}`", serde_json::to_string(l).unwrap_or_default()),
    }
}

fn word(level: Option<Level>) -> &'static str {
    level.map_or("off", Level::name)
}

#[cfg(test)]
mod tests {
    use super::super::rules::meta::Family;
    use super::super::rules::registry::RULES;
    use super::*;

    /// The pages of all rules: `docs/rules.md`.
    fn rules_page() -> String {
        let mut out = String::from(
            "# Rules\n\nEvery rule of `gospect audit`, and of `gospect lint` (family deployment), with its level in each built-in profile. This page is made from the rules themselves; `gospect explain RULE` prints the same text.\n\n",
        );
        out.push_str("| code | rule | finds | default | release | container | fips |\n|---|---|---|---|---|---|---|\n");
        for rule in RULES {
            let (meta, levels) = (rule.meta, &rule.meta.levels);
            let _ = writeln!(
                out,
                "| {} | [{}](#{}) | {} | {} | {} | {} | {} |",
                meta.code,
                meta.id,
                meta.id,
                meta.summary,
                word(levels.default),
                word(levels.release),
                word(levels.container),
                word(levels.fips)
            );
        }
        let mut family: Option<Family> = None;
        for rule in RULES {
            if family != Some(rule.family) {
                family = Some(rule.family);
                let _ = write!(out, "\n## Family: {}\n", rule.family.name());
            }
            out.push('\n');
            out.push_str(&markdown(rule.meta, 3));
        }
        out
    }

    #[test]
    fn every_rule_has_a_page_with_all_headings() {
        for r in RULES {
            for page in
                [explain(r.meta.id), explain(&r.meta.code.to_lowercase())].map(Option::unwrap)
            {
                for heading in [
                    "# ",
                    "## What",
                    "## Why",
                    "## Example",
                    "## Fix",
                    "## Options",
                ] {
                    assert!(page.contains(heading), "{} {heading}", r.meta.id);
                }
            }
            assert_eq!(explain_json(r.meta.code).unwrap()["rule"], r.meta.id);
        }
        assert_eq!(explain("nothing"), None);
    }

    /// Run with `GOSPECT_WRITE=1` to write the file.
    #[test]
    fn the_page_of_rules_is_current() {
        test_support::current("docs/rules.md", &rules_page());
    }
}
