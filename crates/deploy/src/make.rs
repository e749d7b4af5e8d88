//! Makefiles: variables that recipes see, and the commands of recipes and of `$(shell ...)`.
//!
//! Variables of make are expanded where they are used; only exported ones are in the environment of a recipe. Both branches
//! of a condition count; `include`, `define` and functions other than `shell` are not followed.

use super::collect::Collector;
use super::expand::{ExpansionLimit, closing};
use super::facts::Reader;
use super::kind::is_name;
use super::place::{Env, KnownValue, Place};
use super::release::Toolchain;
use super::shell;
use super::text::{Source, Text};
use std::collections::{BTreeMap, BTreeSet};

/// Most nested expansions of variables.
const MAX_DEPTH: usize = 8;
/// Longest name of a target after expansion, in bytes.
const LONGEST_TARGET: usize = 4096;
/// Most variables of one file whose values are kept.
const MOST_NAMES: usize = 20_000;
/// Variables whose value is conventionally a Go release.
const RELEASES: [&str; 3] = ["GO_VERSION", "GOLANG_VERSION", "GOTOOLCHAIN"];

/// Reads one file.
pub fn read(source: &Source, out: &mut Collector) {
    let file = File::of(source);
    let go = file.release();
    let place = |target: &str| Place {
        scope: match target {
            "" => "makefile".to_owned(),
            target => format!("target {target}"),
        },
        reader: Reader::Build,
        go: go.clone(),
        ..Place::default()
    };
    // The environment of recipes, by target; that of the empty name is for all targets.
    let mut exported: BTreeMap<&str, Env> = BTreeMap::new();
    // Names whose value has been expanded. The environment cannot show this, because it does not keep long values.
    let mut expanded: BTreeSet<&str> = BTreeSet::new();
    for set in &file.settings {
        if !(set.exported || file.exports_all || stays(&set.name)) {
            continue;
        }
        let expand = |text| file.expand(text, &Recipe::default());
        let value = expand(&set.value);
        let env = exported.entry(&set.target).or_default();
        let at = set.whole.whole();
        // Recipes see the final value of a variable, so it is expanded once.
        let is_expanded = set.target.is_empty() && !expanded.insert(&set.name);
        let all = file.values.get(&set.name);
        let all = all
            .filter(|_| set.target.is_empty() && !is_expanded)
            .map(expand);
        let all = all.as_ref().unwrap_or(&value);
        if is_expanded {
        } else if set.exported || file.exports_all {
            env.export(&set.name, all.as_str(), at);
        } else if !file.is_filled(&set.name) {
            let known = KnownValue {
                value: all.as_str().to_owned(),
                ..KnownValue::default()
            };
            env.set(&set.name, known);
        }
        let label = if set.exported { "export " } else { "" };
        out.variable(&set.name, value, at, label, &place(&set.target));
    }
    let none = Env::default();
    for recipe in &file.recipes {
        let commands = shell::commands(&file.expand(&recipe.text, recipe));
        let target = recipe.target.as_str();
        // Each line of a recipe runs in its own shell.
        let base = exported.get("").unwrap_or(&none);
        let mut own = Env::under(base);
        if let Some(of_target) = exported.get(target).filter(|_| !target.is_empty()) {
            own = of_target.clone();
            own.put_above(base);
        }
        out.shell(&commands, &place(target), &mut own);
    }
}

/// Whether a variable is not expanded in recipes: linker flags, so that a mistake in them is reported once.
fn stays(name: &str) -> bool {
    name.ends_with("LDFLAGS")
}

/// An assignment.
#[derive(Debug)]
struct Setting {
    name: String,
    value: Text,
    /// Name and value.
    whole: Text,
    exported: bool,
    /// The target that it is for; empty: all.
    target: String,
}

/// One line of a recipe, or a text with `$(shell ...)`.
#[derive(Debug, Default)]
struct Recipe {
    target: String,
    text: Text,
}

/// The content of a file, before expansion.
#[derive(Debug, Default)]
struct File {
    settings: Vec<Setting>,
    /// Values by name. Recipes see the last of several assignments.
    values: BTreeMap<String, Text>,
    recipes: Vec<Recipe>,
    exports_all: bool,
    /// Whether it includes other makefiles.
    includes: bool,
    /// Names that are set by `?=`, or several times.
    reassigned: BTreeSet<String>,
    /// Names that are set by `?=`.
    conditional: BTreeSet<String>,
    /// How many more characters may be inserted for variables.
    expansion_limit: ExpansionLimit,
}

impl File {
    fn of(source: &Source) -> File {
        let mut file = File::default();
        let mut target: Option<String> = None;
        let mut defining = false;
        let mut exported: BTreeSet<String> = BTreeSet::new();
        for line in lines(source) {
            let first = line.as_str().split_whitespace().next().unwrap_or_default();
            if defining || first == "define" {
                defining = first != "endef";
                continue;
            }
            if let (Some(target), true) = (&target, line.as_str().starts_with('\t')) {
                file.recipe(target, &line);
                continue;
            }
            let line = uncommented(&line).trim();
            let words: Vec<&str> = line.as_str().split_whitespace().collect();
            file.includes |= matches!(
                words.first().copied(),
                Some("include" | "-include" | "sinclude")
            );
            match words.first().copied().unwrap_or_default() {
                "" | "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif" | "include"
                | "-include" | "sinclude" | "vpath" | "undefine" | "unexport" => continue,
                "export" if words.len() == 1 => {
                    file.exports_all = true;
                    continue;
                }
                "export" if !line.as_str().contains('=') => {
                    exported.extend(words.iter().skip(1).map(|w| (*w).to_owned()));
                    continue;
                }
                _ => {}
            }
            if file.setting(&line, "") {
                continue;
            }
            target = file.rule(&line).or(target);
        }
        for set in &mut file.settings {
            set.exported |= exported.contains(&set.name);
        }
        file.name_targets();
        file
    }

    /// Expands variables in the names of targets: `$(BINARY):`.
    fn name_targets(&mut self) {
        let mut recipes = std::mem::take(&mut self.recipes);
        let mut last = (String::new(), String::new());
        for recipe in &mut recipes {
            if !recipe.target.contains('$') {
                continue;
            }
            if recipe.target != last.0 {
                let name = self.expand(&Text::line(&recipe.target, 1, 1), &Recipe::default());
                last = (recipe.target.clone(), name.as_str().trim().to_owned());
            }
            if !last.1.is_empty() && last.1.len() <= LONGEST_TARGET {
                recipe.target.clone_from(&last.1);
            }
        }
        self.recipes = recipes;
    }

    /// Reads `NAME = value` in all its forms; false for other lines.
    fn setting(&mut self, line: &Text, target: &str) -> bool {
        let Some((head, value)) = line.as_str().split_once('=') else {
            return false;
        };
        let head = head.trim_end_matches([':', '?', '+', '!']);
        let mut words = head.split_whitespace().rev();
        let name = words.next().unwrap_or_default();
        let before: Vec<&str> = words.collect();
        let modifiers = ["export", "override", "private"];
        if !is_name(name) || before.iter().any(|w| !modifiers.contains(w)) {
            return false;
        }
        let all = line.as_str();
        let from = head.trim_end().len() - name.len();
        let value = line.slice(all.len() - value.len()..all.len()).trim();
        let adds = all.get(head.len()..).is_some_and(|o| o.starts_with('+'));
        if target.is_empty() {
            let expansion_limit = self.values.len() < MOST_NAMES;
            let operator = all.get(head.len()..).unwrap_or_default();
            if operator.starts_with('?') && expansion_limit {
                self.conditional.insert(name.to_owned());
            }
            if operator.starts_with('?') || self.values.contains_key(name) {
                self.reassigned.insert(name.to_owned());
            }
            match self.values.get_mut(name) {
                Some(old) if adds => {
                    let (line, column) = value.place(0);
                    old.push(' ', line, column);
                    old.append(&value, 0..value.as_str().len());
                }
                Some(old) => *old = value.clone(),
                None if expansion_limit => {
                    self.values.insert(name.to_owned(), value.clone());
                }
                None => {}
            }
        }
        if value.as_str().contains("$(shell ") {
            self.recipes.push(Recipe {
                target: target.to_owned(),
                text: value.clone(),
            });
        }
        self.settings.push(Setting {
            name: name.to_owned(),
            value,
            whole: line.slice(from..all.len()),
            exported: before.contains(&"export"),
            target: target.to_owned(),
        });
        true
    }

    /// Reads `targets: prerequisites; recipe` or a variable of a target; returns the name of the target.
    fn rule(&mut self, line: &Text) -> Option<String> {
        let all = line.as_str();
        let colon = all.find(':')?;
        let name = all.get(..colon)?.split_whitespace().next()?.to_owned();
        let after = line.slice(colon + 1..all.len());
        let skipped = after.as_str().len() - after.as_str().trim_start_matches(':').len();
        let after = after.slice(skipped..after.as_str().len()).trim();
        if self.setting(&after, &name) {
            return None;
        }
        if let Some((_, recipe)) = after.as_str().split_once(';') {
            let end = after.as_str().len();
            self.recipe(&name, &after.slice(end - recipe.len()..end));
        }
        Some(name)
    }

    fn recipe(&mut self, target: &str, line: &Text) {
        let start = |c: char| matches!(c, '@' | '-' | '+') || c.is_whitespace();
        let all = line.as_str();
        let from = all.len() - all.trim_start_matches(start).len();
        self.recipes.push(Recipe {
            target: target.to_owned(),
            text: line.slice(from..all.len()),
        });
    }

    /// The Go release that variables name, if it is only one.
    fn release(&self) -> Option<Toolchain> {
        let named = self.settings.iter().filter_map(|set| {
            let name = RELEASES.iter().find(|name| **name == set.name)?;
            let line = set.value.place(0).0;
            Toolchain::parse(set.value.as_str(), format!("{name}, line {line}"))
        });
        let all: Vec<Toolchain> = named.collect();
        let first = all.first()?;
        let same = all.iter().all(|t| t.version == first.version);
        same.then(|| first.clone())
    }

    /// The text that the shell gets.
    fn expand(&self, text: &Text, recipe: &Recipe) -> Text {
        let mut out = Text::at(text.place(0).0, text.place(0).1);
        self.put(text, recipe, 0, None, &mut out);
        out
    }

    /// Whether a variable with flags is meant to be set by the user: it is empty, set by `?=`, or in a file that includes others.
    fn is_hook(&self, name: &str) -> bool {
        let flags = ["FLAGS", "ARGS", "OPT", "EXTRA"];
        flags.iter().any(|part| name.contains(part))
            && (self.includes
                || self.reassigned.contains(name)
                || self.values.get(name).is_some_and(|v| v.is_empty()))
    }

    /// Whether a variable with build flags, not only linker flags, may be set by the user.
    fn is_filled(&self, name: &str) -> bool {
        let of_build = name.ends_with("BUILDFLAGS") || name.ends_with("BLDFLAGS");
        let empty = self.values.get(name).is_some_and(|v| v.is_empty());
        of_build && (empty || self.conditional.contains(name))
    }

    /// Whether the value of a variable is only the output of a command.
    fn is_output(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| {
            let value = value.as_str();
            let inside = value.strip_prefix('$').filter(|r| r.starts_with("(shell "));
            inside.is_some_and(|r| closing(r, '(', ')') + 1 == r.len())
        })
    }

    /// The value of a variable; `None` when the limits are reached.
    fn value(&self, name: &str, depth: usize) -> Option<&Text> {
        let known = self.values.get(name);
        let value = known.filter(|_| depth < MAX_DEPTH && !stays(name) && !self.is_hook(name))?;
        self.expansion_limit
            .take(value.as_str().len())
            .then_some(value)
    }

    /// Appends an expanded text; characters that come from a variable get the place `at`.
    fn put(
        &self,
        text: &Text,
        recipe: &Recipe,
        depth: usize,
        at: Option<(u32, u32)>,
        out: &mut Text,
    ) {
        let chars = text.as_str();
        let mut rest = 0;
        let plain = |range: std::ops::Range<usize>, out: &mut Text| match at {
            None => out.append(text, range),
            Some((line, column)) => {
                let part = chars.get(range).unwrap_or_default();
                part.chars().for_each(|c| out.push(c, line, column));
            }
        };
        while let Some(dollar) = chars.get(rest..).and_then(|r| r.find('$')) {
            let dollar = rest + dollar;
            plain(rest..dollar, out);
            let here = at.unwrap_or_else(|| text.place(dollar));
            let after = chars.get(dollar + 1..).unwrap_or_default();
            let Some(next) = after.chars().next() else {
                return;
            };
            let (inside, end) = match next {
                '(' | '{' => {
                    let close = if next == '(' { ')' } else { '}' };
                    let end = closing(after, next, close);
                    (1..end, (end + 1).min(after.len()))
                }
                _ => (0..next.len_utf8(), next.len_utf8()),
            };
            let name = after.get(inside.clone()).unwrap_or_default();
            let start = dollar + 1;
            let mut say = |what: &str| what.chars().for_each(|c| out.push(c, here.0, here.1));
            if name == "$" {
                plain(start..start + 1, out);
            } else if depth > 0 && name.starts_with("shell ") && name.contains(['\'', '"', '`']) {
                // Quotes of the inner command do not count for the outer one.
                say("${shell}");
            } else if let Some(script) = name.strip_prefix("shell ") {
                // The inner command is read like one of the shell.
                let from = start + inside.end - script.len();
                say("$(");
                self.put(
                    &text.slice(from..start + inside.end),
                    recipe,
                    depth + 1,
                    at,
                    out,
                );
                let end = text.place(start + inside.end);
                out.push(')', end.0, end.1);
            } else if self.is_output(name) {
                say(&format!("${{{name}}}"));
            } else if let Some(value) = self.value(name, depth) {
                self.put(value, recipe, depth + 1, Some(here), out);
            } else if name.starts_with('@') {
                say(&recipe.target);
            } else if name.starts_with(['<', '^', '+', '?', '*', '%', '|']) {
                say("file");
            } else if is_name(name) {
                say(&format!("${{{name}}}"));
            } else {
                say("${function}");
            }
            rest = start + end;
        }
        plain(rest..chars.len(), out);
    }
}

/// Joins lines that end in a backslash. In recipes the backslash is kept for the shell, elsewhere it becomes a blank.
fn lines(source: &Source) -> Vec<Text> {
    let mut all: Vec<Text> = Vec::new();
    let mut open = false;
    for (number, line) in source.lines() {
        let (content, more) = match line.strip_suffix('\\') {
            Some(content) if !content.ends_with('\\') => (content, true),
            _ => (line, false),
        };
        let joined = std::mem::replace(&mut open, more);
        match all.last_mut().filter(|_| joined) {
            Some(text) => {
                let (at, column) = text.place(text.as_str().len());
                let join = if text.as_str().starts_with('\t') {
                    "\\\n"
                } else {
                    " "
                };
                join.chars().for_each(|c| text.push(c, at, column));
                let indent = content.len() - content.trim_start().len();
                let column = content.get(..indent).map_or(0, |i| i.chars().count()) + 1;
                let column = u32::try_from(column).unwrap_or(u32::MAX);
                text.extend(content.trim_start(), number, column);
            }
            None => all.push(Text::line(content, number, 1)),
        }
    }
    all
}

/// Removes a comment.
fn uncommented(line: &Text) -> Text {
    let chars = line.as_str();
    let sign = chars.match_indices('#').map(|(at, _)| at).find(|at| {
        !chars
            .get(..*at)
            .is_some_and(|before| before.ends_with('\\'))
    });
    line.slice(0..sign.unwrap_or(chars.len()))
}
