//! Words of the output that are neither rules nor settings: notes of the table of `scan`, and classes of changes of `diff`.

use crate::audit::diff::{Class, Meaning, WORSE};
use crate::report::flags;

/// Such a word.
pub(super) struct Term {
    pub kind: &'static str,
    pub name: &'static str,
    pub text: String,
}

/// Everything that has this name.
pub(super) fn named(name: &str) -> Vec<Term> {
    note(name).into_iter().chain(class(name)).collect()
}

/// The notes of the table of `scan`.
pub(super) fn notes() -> Vec<&'static str> {
    flags::words().map(|(word, _)| word).collect()
}

/// The classes of changes, and the word for all that is for the worse.
pub(super) fn changes() -> Vec<&'static str> {
    let classes = Class::ALL.map(Class::name);
    classes.into_iter().chain([WORSE]).collect()
}

fn note(name: &str) -> Option<Term> {
    let (name, meaning) = flags::meaning(name)?;
    Some(Term {
        kind: "Note",
        name,
        text: format!(
            "A word in the column `notes` of `gospect scan`, and in the column `flags` of its CSV.\n\n{name}: {meaning}"
        ),
    })
}

fn class(name: &str) -> Option<Term> {
    if name == WORSE {
        let lines = Class::ALL.into_iter().flat_map(|class| {
            let all = class.meanings();
            all.map(move |(key, meaning)| line(&format!("{} {key}", class.name()), meaning))
        });
        return Some(Term {
            kind: "Changes",
            name: WORSE,
            text: format!(
                "All changes of `gospect diff` that are marked `!`; `--fail-on worse` fails on them.\n\n{}",
                lines.collect::<Vec<_>>().join("\n")
            ),
        });
    }
    let class = Class::ALL.into_iter().find(|class| class.name() == name)?;
    let lines: Vec<String> = class
        .meanings()
        .map(|(key, meaning)| line(key, meaning))
        .collect();
    let worse = match lines.is_empty() {
        true => String::new(),
        false => format!("\n\nFor the worse, marked `!`:\n\n{}", lines.join("\n")),
    };
    Some(Term {
        kind: "Changes",
        name: class.name(),
        text: format!(
            "A class of changes of `gospect diff`, for `--fail-on {name}`: {}.{worse}",
            class.doc()
        ),
    })
}

/// An item of a list: what changed, what that means, and the rule that says more.
fn line(key: &str, meaning: Meaning) -> String {
    let key = match key.trim_end() {
        "" => String::new(),
        key => format!("{key}: "),
    };
    match meaning.rule {
        Some(rule) => format!("- {key}{} (`gospect explain {rule}`)", meaning.text),
        None => format!("- {key}{}", meaning.text),
    }
}
