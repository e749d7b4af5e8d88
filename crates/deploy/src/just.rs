//! justfiles (just.systems): the lines of recipes, and the variables that they see.

use super::collect::Collector;
use super::facts::Reader;
use super::kind::is_name;
use super::place::{Env, Place};
use super::shell;
use super::template::Values;
use super::text::{Source, Text};

/// Values for `{{NAME}}`: variables with a literal value.
pub fn values(source: &Source) -> Values {
    let mut out = Values::new();
    for (_, line) in source.lines() {
        if let Some((_, name, value)) = setting(line)
            && let Some(value) = literal(value)
            && value.len() < 4096
        {
            out.insert(name.to_owned(), value.to_owned());
        }
    }
    out
}

/// `export NAME := value`, `NAME := value` at the beginning of a line.
fn setting(line: &str) -> Option<(bool, &str, &str)> {
    if line.starts_with(char::is_whitespace) {
        return None;
    }
    let (head, value) = line.split_once(":=")?;
    let head = head.trim();
    let (exported, name) = match head.strip_prefix("export ") {
        Some(name) => (true, name.trim()),
        None => (false, head),
    };
    let plain = name.replace('-', "_");
    (is_name(&plain) && head != "set").then_some((exported, name, value.trim()))
}

/// The content of a value that is a single string literal.
fn literal(value: &str) -> Option<&str> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = value.strip_prefix(quote)?;
    let end = inside.find(quote)?;
    let rest = inside.get(end + 1..)?.trim();
    let text = inside.get(..end)?;
    let plain = !text.is_empty() || !rest.starts_with(quote);
    ((rest.is_empty() || rest.starts_with('#')) && plain && !text.contains('\\')).then_some(text)
}

/// A recipe while it is read.
struct Recipe {
    name: String,
    lines: Vec<Text>,
}

/// Reads a file.
pub fn read(source: &Source, out: &mut Collector) {
    let place = |scope: &str| Place {
        scope: scope.to_owned(),
        reader: Reader::Build,
        ..Place::default()
    };
    let mut env = Env::default();
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut foreign = false;
    for (number, line) in source.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some(recipe) = recipes.last_mut() {
                recipe.lines.push(Text::line(line, number, 1));
            }
            continue;
        }
        if line.trim().is_empty() || line.starts_with(['#', '[']) {
            continue;
        }
        if let Some(set) = line.strip_prefix("set ") {
            let shell = set.trim_start().starts_with("shell");
            foreign |= shell && !["sh\"", "sh'"].iter().any(|s| set.contains(s));
            continue;
        }
        if let Some((exported, name, value)) = setting(line) {
            let text = Text::line(line, number, 1);
            if exported && let Some(chars) = literal(value) {
                let from = line.len() - value.len() + 1;
                let value = text.slice(from..from + chars.len());
                let at = text.find(name).to(value.whole());
                env.export(name, chars, at);
                out.variable(name, value, at, "export ", &place("justfile"));
            }
            // Its value is the output of a command in backquotes.
            if value.starts_with('`') {
                let from = line.len() - value.len();
                let commands = shell::commands(&text.slice(from..line.len()));
                out.shell(&commands, &place("justfile"), &mut Env::under(&env));
            }
            continue;
        }
        let name = line.trim_start_matches('@');
        let end = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(name.len());
        recipes.push(Recipe {
            name: name.get(..end).unwrap_or_default().to_owned(),
            lines: Vec::new(),
        });
    }
    if foreign {
        return;
    }
    for recipe in &recipes {
        run(
            recipe,
            &place(&format!("recipe {}", recipe.name)),
            &env,
            out,
        );
    }
}

/// Each line runs in its own shell, except in a script with `#!`.
fn run(recipe: &Recipe, place: &Place, env: &Env, out: &mut Collector) {
    let first = recipe.lines.first().map_or("", |l| l.as_str().trim());
    let script = first.starts_with("#!");
    if script
        && !["sh", "bash", "zsh"]
            .iter()
            .any(|s| first.ends_with(s) || first.contains(&format!("{s} ")))
    {
        return;
    }
    let mut open: Option<Text> = None;
    for line in &recipe.lines {
        let chars = line.as_str();
        let body = chars.trim_start();
        // A continued line has no prefix characters of just.
        let body = if script || open.is_some() {
            body
        } else {
            body.trim_start_matches(['@', '-'])
        };
        let text = open.get_or_insert_with(Text::default);
        text.append(line, chars.len() - body.len()..chars.len());
        let (number, column) = line.place(chars.len());
        text.push('\n', number, column);
        if !script && !chars.trim_end().ends_with('\\') {
            end(open.take(), place, env, out);
        }
    }
    end(open, place, env, out);
}

fn end(text: Option<Text>, place: &Place, env: &Env, out: &mut Collector) {
    if let Some(text) = text {
        out.shell(&shell::commands(&text), place, &mut Env::under(env));
    }
}
