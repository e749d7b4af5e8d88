//! `gospect explain`.

mod terms;

use super::args::ExplainArgs;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use super::policy;
use super::profile::Profile;
use crate::audit::Level;
use crate::audit::explain as rules;
use crate::audit::policy::{Custom, FILE_NAME, PROFILES, Policy};
use crate::audit::rules::Rule;
use crate::audit::rules::registry::RULES;
use crate::knowledge::{explain as knowledge, godebug, goexperiment, meant, variables};
use crate::report::style::{Look, Tone};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

pub fn run(args: &ExplainArgs) -> Result<Exit, Error> {
    let text = match &args.name {
        None => list(&args.format),
        Some(name) => {
            let policy = policy_of(args)?;
            let levels = policy.custom_levels(&[]);
            let mut own = policy.custom.iter().zip(levels);
            match own.find(|(rule, _)| rule.id == name.trim()) {
                Some((rule, level)) => explain_own_rule(rule, level, &args.format),
                None => explain(name, &policy, &args.format)?,
            }
        }
    };
    let mut output = Output::open(&args.output)?;
    let text = match args.format.as_str() {
        "text" => format_text(&text, &output.look),
        _ => text,
    };
    output.write(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Fine)
}

/// The policy file named, or that of the current directory, which has rules and profiles of the user. A file that cannot be read
/// or has mistakes matters only if it was named.
fn policy_of(args: &ExplainArgs) -> Result<Policy, Error> {
    let here = PathBuf::from(FILE_NAME);
    let path = args.policy.as_ref().unwrap_or(&here);
    if args.policy.is_none() && !path.is_file() {
        return Ok(Policy::built_in());
    }
    match policy::read(path, &args.output, args.policy.is_some()) {
        Err(_) if args.policy.is_none() => Ok(Policy::built_in()),
        read => read,
    }
}

/// What the policy says about a rule of the user.
fn explain_own_rule(rule: &Custom, level: Option<Level>, format: &str) -> String {
    let level = level.map_or("off", Level::name);
    let place = format!("{}:{}", rule.at.file, rule.at.line);
    let condition = rule.condition();
    let help = match rule.help.as_str() {
        "" => "the rule has no `help`: write what to do there, so that findings say it",
        help => help,
    };
    match format {
        "json" => pretty(&json!({ "name": rule.id, "explanations": [{
            "kind": "custom rule", "rule": rule.id, "level": level, "message": rule.message, "help": rule.help, "condition": condition, "file": rule.at.file, "line": rule.at.line,
        }] })),
        "markdown" => format!(
            "# {}\n\nA rule of your own, at {place}, level {level}: {}\n\nCondition: `{condition}`\n\n{help}\n",
            rule.id, rule.message
        ),
        _ => format!(
            "Rule {}\nA rule of your own, at {place}.\n\nLevel:      {level}\nMessage:    {}\nCondition:  {condition}\nTo do:      {help}\n",
            rule.id, rule.message
        ),
    }
}

/// Explains everything with this name: a rule, a profile and a setting may share it.
fn explain(asked: &str, policy: &Policy, format: &str) -> Result<String, Error> {
    let name = plain(asked);
    let rule = rules::explain(name);
    let profile = Profile::find(name, policy);
    let known = knowledge::explain(name);
    let family = family(name);
    let terms = terms::named(asked.trim());
    if rule.is_none()
        && profile.is_none()
        && known.is_empty()
        && family.is_empty()
        && terms.is_empty()
    {
        let names = RULES.iter().flat_map(|r| [r.meta.id, r.meta.code]);
        let own = policy.custom.iter().map(|rule| rule.id.as_str());
        let own = own.chain(policy.profiles.keys().map(String::as_str));
        let names = names.chain(own).chain(PROFILES);
        let words = terms::notes().into_iter().chain(terms::changes());
        // Short ones are near to too many names.
        let names = names.chain(words.filter(|word| word.len() > 4));
        let near = meant(name, names.chain(knowledge::names()));
        return Err(Error::NothingCalled {
            name: asked.to_owned(),
            hint: match near {
                Some(near) => format!("did you mean `gospect explain {near}`?"),
                None => {
                    "`gospect explain` lists the rules, profiles, variables, GODEBUG settings and experiments; a rule or profile of your own needs --policy FILE".to_owned()
                }
            },
        });
    }
    Ok(match format {
        "json" => {
            let rule = rules::explain_json(name).map(|mut value| {
                if let Value::Object(map) = &mut value {
                    map.insert("kind".to_owned(), json!("rule"));
                }
                value
            });
            let families = family.first().map(|_| {
                let rules: Vec<&str> = family.iter().map(|rule| rule.meta.id).collect();
                json!({ "kind": "family", "family": name, "rules": rules })
            });
            let terms = terms.iter();
            let terms = terms
                .map(|term| json!({ "kind": term.kind, "name": term.name, "text": term.text }));
            let all: Vec<Value> = rule
                .into_iter()
                .chain(families)
                .chain(profile.iter().map(Profile::json))
                .chain(known.iter().map(|e| json!(e)))
                .chain(terms)
                .collect();
            pretty(&json!({ "name": name, "explanations": all }))
        }
        "markdown" => {
            let pages = rule
                .into_iter()
                .chain(family_page(name, &family, "# Rules of", "- "))
                .chain(profile.iter().map(Profile::markdown))
                .chain(known.iter().map(|e| e.to_markdown()))
                .chain(
                    terms
                        .iter()
                        .map(|term| format!("# {}\n\n{}\n", term.name, term.text)),
                );
            pages.collect::<Vec<_>>().join("\n")
        }
        _ => {
            let pages = rule
                .map(|page| text_of(&page) + &levels_of(name))
                .into_iter()
                .chain(family_page(name, &family, "Rules of", "  "))
                .chain(profile.iter().map(Profile::text))
                .chain(known.iter().map(|e| e.to_text()))
                .chain(
                    terms
                        .iter()
                        .map(|term| format!("{} {}\n{}\n", term.kind, term.name, term.text)),
                );
            pages.collect::<Vec<_>>().join("\n")
        }
    })
}

/// The rules of the family with this name; none if there is no such family.
fn family(name: &str) -> Vec<&'static Rule> {
    RULES
        .iter()
        .filter(|rule| rule.family.name() == name)
        .collect()
}

/// A list of the rules of a family, below a heading and with a mark before each.
fn family_page(name: &str, rules: &[&Rule], heading: &str, mark: &str) -> Option<String> {
    let mut page = format!(
        "{heading} the family {name}\n\n`-D`, `-W` and `-A {name}` set the level of all of them.\n\n"
    );
    for rule in rules {
        let _ = writeln!(page, "{mark}{:<32} {}", rule.meta.id, rule.meta.summary);
    }
    (!rules.is_empty()).then_some(page)
}

/// The name in text that people paste: `GODEBUG=panicnil=1`, `panicnil=1`, `GOEXPERIMENT=norangefunc`.
fn plain(asked: &str) -> &str {
    let name = asked.trim();
    let name = name
        .strip_prefix("GODEBUG=")
        .or_else(|| name.strip_prefix("GOEXPERIMENT="))
        .unwrap_or(name);
    let name = name.split_once('=').map_or(name, |(key, _)| key);
    match name.strip_prefix("no") {
        Some(turned_off)
            if knowledge::explain(name).is_empty() && rules::explain(name).is_none() =>
        {
            if goexperiment::experiment(turned_off).is_some() {
                turned_off
            } else {
                name
            }
        }
        _ => name,
    }
}

/// Says how to change the level of a rule.
fn levels_of(name: &str) -> String {
    format!(
        "`-D`, `-W` and `-A {name}` make it an error, a warning or nothing; a policy file does so for good: gospect help policy\n"
    )
}

/// Formats text for reading: wrapped to the terminal's width, indented, with highlighted headings and labels.
fn format_text(text: &str, look: &Look) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_start = true;
    for line in text.lines() {
        // Text in columns continues in its column, and a list item below its text.
        let body = line.trim_start();
        let indent = line.len() - body.len();
        let body_start = match line.rfind("  ").filter(|gap| *gap >= indent) {
            Some(gap) => gap + 2,
            None if body.starts_with("- ") => indent + 2,
            None => indent,
        };
        let (head, rest) = line.split_at(body_start);
        let is_title = (is_start || rest.ends_with(':')) && head.trim().is_empty();
        let rest = if is_title {
            look.paint(Tone::Title, rest)
        } else {
            rest.to_owned()
        };
        let head = match head.strip_suffix(|c| c == ' ') {
            Some(label) if label.trim_end().ends_with(':') => look.paint(Tone::Label, head),
            _ => head.to_owned(),
        };
        look.wrap(&mut out, &head, &rest);
        is_start = line.is_empty() && is_start;
    }
    look.finish(&out).into_owned()
}

/// Markdown as text: without heading marks, and indented below headings.
fn text_of(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let (mut in_code, mut indent, mut after_heading) = (false, "", false);
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#').trim();
        match (in_code, line.starts_with('#')) {
            (false, true) if line.starts_with("## ") => {
                indent = "  ";
                let _ = writeln!(out, "{heading}:");
            }
            (false, true) => {
                let _ = writeln!(out, "Rule {heading}");
            }
            _ if line.starts_with("```") => {}
            _ if line.is_empty() => {
                if !after_heading {
                    out.push('\n');
                }
                continue;
            }
            (true, _) => {
                let _ = writeln!(out, "{indent}  {line}");
            }
            _ => {
                let _ = writeln!(out, "{indent}{line}");
            }
        }
        after_heading = line.starts_with("## ");
    }
    if indent.is_empty() || !out.ends_with("\n\n") {
        out.push('\n');
    }
    out
}

/// Lists everything that can be explained.
fn list(format: &str) -> String {
    let settings: Vec<&str> = godebug::table().settings.iter().map(|s| s.name).collect();
    let experiments: Vec<&str> = goexperiment::table()
        .experiments
        .iter()
        .map(|e| e.name)
        .collect();
    let variables = variables::table().variables.iter();
    let variables: Vec<&str> = variables.map(|v| v.name.as_str()).collect();
    let (notes, changes) = (terms::notes(), terms::changes());
    let others = [
        ("Profiles of the policy", PROFILES.to_vec()),
        ("Variables of the environment", variables.clone()),
        ("GODEBUG settings", settings.clone()),
        ("Experiments", experiments.clone()),
        ("Notes of `gospect scan`", notes.clone()),
        ("Changes of `gospect diff`", changes.clone()),
    ];
    match format {
        "json" => {
            let rules: Vec<Value> = RULES
                .iter()
                .map(|rule| json!({ "code": rule.meta.code, "rule": rule.meta.id, "family": rule.family.name(), "summary": rule.meta.summary }))
                .collect();
            pretty(
                &json!({ "rules": rules, "profiles": PROFILES, "variables": variables, "godebug": settings, "goexperiment": experiments, "notes": notes, "changes": changes }),
            )
        }
        "markdown" => {
            let mut out = String::from("## Rules\n\n");
            for rule in RULES {
                let _ = writeln!(
                    out,
                    "- `{}` ({}): {}",
                    rule.meta.id, rule.meta.code, rule.meta.summary
                );
            }
            for (title, names) in others {
                let _ = writeln!(out, "\n## {title}\n");
                for name in names {
                    let _ = writeln!(out, "- `{name}`");
                }
            }
            out
        }
        _ => {
            let mut out = String::from("Rules of `gospect audit`, and of `gospect lint` (GS4..)\n");
            for rule in RULES {
                let _ = writeln!(
                    out,
                    "  {} {:<28} {}",
                    rule.meta.code, rule.meta.id, rule.meta.summary
                );
            }
            for (title, names) in others {
                let _ = write!(out, "\n{title}\n{}", wrapped(&names));
            }
            out.push_str("\n`gospect explain NAME` explains one.\n");
            out
        }
    }
}

/// Wraps words to lines of at most 80 columns.
fn wrapped(words: &[&str]) -> String {
    let mut out = String::new();
    let mut used = 0;
    for word in words {
        if used == 0 || used + 1 + word.len() > 80 {
            out.push_str(if used == 0 { "  " } else { "\n  " });
            used = 2;
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += word.len();
    }
    out.push('\n');
    out
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_list_is_explained_in_every_format() {
        let policy = Policy::built_in();
        let all: Value = serde_json::from_str(&list("json")).unwrap();
        let names = |key: &str| all[key].as_array().unwrap().clone();
        let rules = names("rules").into_iter().map(|r| r["rule"].clone());
        let profiles = names("profiles").into_iter().chain([json!("toolchain")]);
        let settings = names("godebug").into_iter().chain(names("goexperiment"));
        let settings = settings.chain(names("variables"));
        let words = names("notes").into_iter().chain(names("changes"));
        for name in rules.chain(profiles).chain(settings).chain(words) {
            let name = name.as_str().unwrap();
            for format in ["text", "markdown"] {
                assert!(
                    explain(name, &policy, format).unwrap().contains(name),
                    "{name}"
                );
                assert!(name == "toolchain" || list(format).contains(name), "{name}");
            }
            let json: Value =
                serde_json::from_str(&explain(name, &policy, "json").unwrap()).unwrap();
            assert!(
                !json["explanations"].as_array().unwrap().is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_family_lists_its_rules() {
        let policy = Policy::built_in();
        let text = explain("toolchain", &policy, "text").unwrap();
        assert!(text.starts_with("Rules of the family toolchain"), "{text}");
        assert!(text.contains("unsupported-toolchain") && !text.contains("dirty-tree"));
    }

    #[test]
    fn what_people_paste_is_understood() {
        for (pasted, name) in [
            ("GODEBUG=asynctimerchan=1", "asynctimerchan"),
            ("panicnil=1", "panicnil"),
            ("GOEXPERIMENT=noswissmap", "swissmap"),
            (" netdns ", "netdns"),
            ("notacat", "notacat"),
        ] {
            assert_eq!(plain(pasted), name);
        }
        let policy = Policy::built_in();
        let error = explain("asynctimerchn", &policy, "text")
            .unwrap_err()
            .to_string();
        assert!(error.contains("asynctimerchan"), "{error}");
        let error = explain("dirty-tre", &policy, "text")
            .unwrap_err()
            .to_string();
        assert!(error.contains("dirty-tree"), "{error}");
        assert!(
            explain("qqqqqqqq", &policy, "text")
                .unwrap_err()
                .to_string()
                .contains("lists")
        );
    }
}
