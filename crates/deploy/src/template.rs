//! Templates (Helm, Go's text/template in Dockerfiles, Taskfiles and GoReleaser files) read around their marks `{{ }}`.
//!
//! Every mark becomes characters of the same width, so that all places stay true: blanks where a line holds nothing but actions, else a
//! name such as `${_7____}`, which readers take for a variable that nobody knows. Where a mark only names a value of `values.yaml` (or of
//! `vars`), [`Marks::value`] tells it later.

use super::text::{Source, Span, Text};
use super::yaml::{Node, Value};
use std::collections::BTreeMap;

/// Values of one file at the most, and the longest that is known.
const MOST_VALUES: usize = 10_000;
const LONGEST: usize = 4096;
/// Characters of a line at the most in which something is looked for before or behind a mark.
const WIDEST: usize = 512;
/// Conditions around a mark that are looked at at the most.
const DEEPEST: usize = 32;
/// Marks that stand for a known value at the most.
const MOST_MARKS: usize = 2_000;

/// The value that a mark tells.
#[derive(Clone, Debug)]
struct Told {
    value: String,
    /// The mark itself says it, for when nobody gives one.
    by_default: bool,
}

/// What stands in place of the marks of one file.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    values: Vec<Told>,
    /// Lines that stand only under a condition, first and last.
    conditional: Vec<(u32, u32)>,
}

impl Marks {
    /// The value that the name of a mark stands for.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.told(name).map(|told| told.value.as_str())
    }

    fn told(&self, name: &str) -> Option<&Told> {
        let digits = name.strip_prefix('_')?.trim_end_matches('_');
        let index: usize = digits.parse().ok()?;
        self.values.get(index)
    }

    /// True when a part of the text is what a mark puts in for a value that nobody gives.
    pub fn by_default(&self, text: &str) -> bool {
        !self.values.is_empty()
            && text.match_indices("${_").any(|(at, _)| {
                let inside = text.get(at + 2..).unwrap_or_default();
                let name = inside.split('}').next().unwrap_or_default();
                self.told(name).is_some_and(|told| told.by_default)
            })
    }

    /// The text with the values that names of marks stand for.
    pub fn fill(&self, text: Text) -> Text {
        if self.values.is_empty() || !text.as_str().contains("${_") {
            return text;
        }
        let chars = text.as_str();
        let (line, column) = text.place(0);
        let mut out = Text::at(line, column);
        let mut at = 0;
        while let Some(start) = chars.get(at..).and_then(|t| t.find("${_")) {
            let start = at + start;
            let inside = chars.get(start + 2..).unwrap_or_default();
            let Some(length) = inside.find('}') else {
                break;
            };
            let end = start + 2 + length + 1;
            out.append(&text, at..start);
            match self.value(inside.get(..length).unwrap_or_default()) {
                Some(value) => {
                    let (line, column) = text.place(start);
                    value.chars().for_each(|c| out.push(c, line, column));
                }
                None => out.append(&text, start..end),
            }
            at = end;
        }
        out.append(&text, at..chars.len());
        out
    }

    /// True for what stands under a condition: it is there for some, and nobody knows for whom.
    pub fn is_conditional(&self, at: Span) -> bool {
        let inside = |(first, last): &(u32, u32)| *first < at.line && at.line < *last;
        self.conditional.iter().any(inside)
    }
}

/// Values by their path, `.Values.image.tag`.
pub type Values = BTreeMap<String, String>;

/// True when a text has marks that are no `${{ }}` of a workflow.
pub fn has_marks(text: &str) -> bool {
    starts(text).next().is_some()
}

fn starts(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("{{")
        .map(|(at, _)| at)
        .filter(move |at| !text.get(..*at).is_some_and(|t| t.ends_with(['$', '{'])))
}

/// The scalars of a file of values, by their path behind a prefix.
pub fn values(prefix: &str, documents: &[Node]) -> Values {
    let mut out = Values::new();
    for document in documents {
        gather(prefix, document, 0, &mut out);
    }
    out
}

fn gather(path: &str, node: &Node, depth: usize, out: &mut Values) {
    if depth > 16 || out.len() >= MOST_VALUES {
        return;
    }
    match &node.value {
        Value::Scalar(text) if text.as_str().len() <= LONGEST => {
            out.insert(path.to_owned(), text.as_str().to_owned());
        }
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                gather(&format!("{path}.{}", key.str()), value, depth + 1, out);
            }
        }
        _ => {}
    }
}

/// The text with its marks replaced.
pub fn around(text: &str, values: &Values) -> (String, Marks) {
    let mut marks = Marks::default();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    // Blocks that are open: the line of those with a condition.
    let mut open: Vec<Option<u32>> = Vec::new();
    // What the conditions among them say.
    let mut conditions: Vec<&str> = Vec::new();
    let mut number = 1_u32;
    // A condition around a whole object is not about what is in it.
    let objects: Vec<u32> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.starts_with("kind:") || line.starts_with("apiVersion:"))
        .map(|(number, _)| number)
        .collect();
    // Where the line begins, and no farther back than people indent.
    let mut line_start = 0;
    while let Some(start) = text.get(at..).and_then(|t| starts(t).next()) {
        let start = at + start;
        let Some(length) = text.get(start..).and_then(end) else {
            break;
        };
        let end = start + length;
        out.push_str(text.get(at..start).unwrap_or_default());
        let mark = text.get(start..end).unwrap_or_default();
        let inside = inside(mark);
        let passed = text.get(at..start).unwrap_or_default();
        number = number.saturating_add(lines_in(passed));
        match inside.split_whitespace().next().unwrap_or_default() {
            "if" => {
                open.push(Some(number));
                conditions.push(inside);
            }
            "with" | "range" | "define" | "block" => {
                open.push(None);
                conditions.push("");
            }
            "end" => {
                conditions.pop();
                let whole = |first: u32| {
                    let at = objects.partition_point(|line| *line < first);
                    objects.get(at).is_some_and(|line| *line < number)
                };
                if let Some(Some(first)) = open.pop()
                    && marks.conditional.len() < MOST_MARKS
                    && !whole(first)
                {
                    marks.conditional.push((first, number));
                }
            }
            _ => {}
        }
        number = number.saturating_add(lines_in(mark));
        if let Some(newline) = passed.rfind('\n') {
            line_start = out.len() - (passed.len() - newline) + 1;
        }
        let line = out.get(line_start..).unwrap_or_default();
        let opens = line.len() < WIDEST && line.chars().all(char::is_whitespace);
        let alone = opens && only_marks(text.get(end..).unwrap_or_default());
        if alone || mark.contains('\n') || (opens && is_action(inside)) || is_block(inside) {
            // A line of blanks alone has to be empty: in a text of several lines of YAML it would set the indentation.
            let kept = out.trim_end_matches([' ', '\t']).len();
            if alone {
                out.truncate(kept.max(line_start));
            }
            blank(mark, alone, &mut out);
            if let Some(newline) = mark.rfind('\n') {
                line_start = out.len() - (if alone { 0 } else { mark.len() - newline - 1 });
            }
        } else {
            let value = known(inside, values).filter(|told| {
                let nearest = conditions.iter().rev().take(DEEPEST);
                marks.values.len() < MOST_MARKS
                    && !nearest.into_iter().any(|c| decides(c, inside, &told.value))
            });
            stand_in(mark, value, &mut marks, &mut out);
        }
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    (out, marks)
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// Where the mark at the start ends: texts in quotes may hold `}}`.
fn end(text: &str) -> Option<usize> {
    if let Some(comment) = ["{{/*", "{{- /*"].iter().find(|c| text.starts_with(**c)) {
        let close = text.get(comment.len()..)?.find("*/")? + comment.len();
        return Some(close + text.get(close..)?.find("}}")? + 2);
    }
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match quote {
            _ if std::mem::take(&mut escaped) => {}
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) if c == '\n' => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '`') => quote = Some(c),
            None if text.get(at..)?.starts_with("}}") => {
                // `}}}`: the mark ends as late as it can, as when a mapping in it is closed.
                return Some(at + 2);
            }
            None => {}
        }
    }
    None
}

/// What a mark says, without its brackets and the dashes that trim.
fn inside(mark: &str) -> &str {
    let text = mark.strip_prefix("{{").unwrap_or(mark);
    let text = text.strip_suffix("}}").unwrap_or(text);
    let text = text.strip_prefix('-').unwrap_or(text);
    text.strip_suffix('-').unwrap_or(text).trim()
}

/// True for what controls the template and leaves nothing in the text itself.
fn is_action(inside: &str) -> bool {
    let word = inside.split_whitespace().next().unwrap_or_default();
    matches!(
        word,
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue"
    ) || inside.starts_with("/*")
        || (inside.starts_with('$') && inside.contains('='))
}

/// True for what leaves YAML of several lines in the text.
fn is_block(inside: &str) -> bool {
    inside.contains("toYaml") || inside.contains("nindent")
}

/// True when a line goes on with nothing but marks and blanks, as far as people write.
fn only_marks(rest: &str) -> bool {
    let near = rest.char_indices().take(WIDEST).last();
    let near = near.and_then(|(at, c)| rest.get(..at + c.len_utf8()));
    let Some(mut rest) = near.unwrap_or_default().lines().next() else {
        return true;
    };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return true;
        }
        match rest.strip_prefix("{{").and_then(|r| r.find("}}")) {
            Some(close) => rest = rest.get(close + 4..).unwrap_or_default(),
            None => return false,
        }
    }
}

/// Blanks in place of a mark; nothing but its line ends when nothing else is on its lines.
fn blank(mark: &str, alone: bool, out: &mut String) {
    let last = mark.rfind('\n').map_or(0, |at| at + 1);
    for (at, c) in mark.char_indices() {
        if c == '\n' {
            out.push('\n');
        } else if !alone && at >= last {
            out.push(' ');
        }
    }
}

fn stand_in(mark: &str, value: Option<Told>, marks: &mut Marks, out: &mut String) {
    let width = mark.chars().count();
    let mut name = "_".to_owned();
    if let Some(value) = value {
        let index = marks.values.len().to_string();
        if index.len() + 4 <= width {
            name += &index;
            marks.values.push(value);
        }
    }
    out.push_str("${");
    out.push_str(&name);
    for _ in name.len() + 3..width {
        out.push('_');
    }
    out.push('}');
}

/// True when a condition is about the very value that a mark names, so that this value may never be put in.
fn decides(condition: &str, inside: &str, value: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '|');
    let paths: Vec<&str> = inside.split(is_end).filter(|w| w.contains('.')).collect();
    if !condition.split(is_end).any(|word| paths.contains(&word)) {
        return false;
    }
    let compares =
        |word: &str| matches!(word, "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "not" | "or");
    condition.split(is_end).any(compares) || matches!(value, "" | "0" | "false")
}

/// The value that a mark names, when it does nothing else with it than to quote it.
fn known(inside: &str, values: &Values) -> Option<Told> {
    let mut parts = inside.split('|').map(str::trim);
    let path = parts.next()?;
    let words: Vec<&str> = path.split_whitespace().collect();
    let mut instead = None;
    let path = match words.as_slice() {
        [path] | ["quote" | "squote" | "toString", path] => *path,
        // `default "text" path`: the text where the value is empty or nobody gives it.
        ["default", other, path] => {
            let text = other.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
            let path = path.strip_prefix('$').unwrap_or(path);
            instead = Some(text.filter(|_| path.starts_with('.'))?);
            path
        }
        ["required", .., path] => *path,
        _ => return None,
    };
    let mut value = values.get(path.strip_prefix('$').unwrap_or(path)).cloned();
    let mut by_default = false;
    if let Some(text) = instead.filter(|_| value.as_deref().is_none_or(str::is_empty)) {
        value = Some(text.to_owned());
        by_default = true;
    }
    for filter in parts {
        match filter.split_once(' ') {
            None if matches!(filter, "quote" | "squote" | "toString" | "trim") => {}
            // Only an empty value gives way to the default.
            Some(("default", other)) => {
                let other = other.trim();
                let text = other.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
                if value.as_deref().is_none_or(str::is_empty) {
                    value = Some(text?.to_owned());
                    by_default = true;
                }
            }
            _ => return None,
        }
    }
    let value = value.filter(|v| !v.contains(['\n', '$', '{']))?;
    Some(Told { value, by_default })
}

/// The lines of a text inside another file, with all places as they are there: empty lines stand for what is before it.
pub fn within(source: &Source, text: &Text) -> Option<Source> {
    let (first, _) = text.place(0);
    let last = text.whole().end_line;
    let lines = text.as_str().trim_end_matches('\n').lines().count();
    let last = last.min(
        first
            .saturating_add(u32::try_from(lines).ok()?)
            .saturating_sub(1),
    );
    let mut out = "\n".repeat(usize::try_from(first).ok()?.checked_sub(1)?);
    for number in first..=last {
        out.push_str(source.get(number)?);
        out.push('\n');
    }
    Some(Source::new(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str, values: &[(&str, &str)]) -> (String, Vec<String>) {
        let values = values
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let (text, marks) = around(text, &values);
        let values = marks.values.into_iter().map(|told| told.value);
        (text, values.collect())
    }

    #[test]
    fn marks_keep_their_width() {
        for (text, want) in [
            ("a: {{ .x }}\n", "a: ${_____}\n"),
            ("a: \"{{ .x }}/b\"\n", "a: \"${_____}/b\"\n"),
            ("{{- if .a }}\nb: 1\n  {{- end }}\n", "\nb: 1\n\n"),
            ("{{ if .a }}b: 1\n", "           b: 1\n"),
            (
                "- {{ toYaml .a | nindent 4 }}\n",
                "-                            \n",
            ),
            ("a: |\n    {{ if .b }}\n  c\n", "a: |\n\n  c\n"),
            ("{{/* a }} b\n c */}}\nd: 1", "\n\nd: 1"),
            ("a: ${{ matrix.go }}\n", "a: ${{ matrix.go }}\n"),
            ("a: {{ \"}}\" }}b", "a: ${_______}b"),
            ("a: {{ open", "a: {{ open"),
        ] {
            let (got, _) = one(text, &[]);
            assert_eq!(got.lines().count(), text.lines().count(), "{text}");
            for (a, b) in got.lines().zip(text.lines()).filter(|(a, _)| !a.is_empty()) {
                assert_eq!(a.chars().count(), b.chars().count(), "{text}");
            }
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn conditions_around_objects_are_none() {
        let text = "{{ if .a }}\nkind: Pod\nx:\n  {{ if .b }}\n  y: 1\n  {{ end }}\n{{ end }}\n";
        let (_, marks) = around(text, &Values::new());
        assert_eq!(marks.conditional, [(4, 6)]);
    }

    #[test]
    fn one_long_line_of_marks_ends_soon() {
        let (text, _) = around(&"{{ . }}x ".repeat(20_000), &Values::new());
        assert!(
            text.starts_with("${____}x") || text.contains("${____}x"),
            "{}",
            &text[..40]
        );
        let (text, _) = around(&"{{ . }} ".repeat(20_000), &Values::new());
        assert!(text.len() <= 160_000);
    }

    #[test]
    fn values_are_known_where_nothing_is_done_with_them() {
        let values = [(".Values.go.debug", "gctrace=1"), (".Values.empty", "")];
        for (mark, want) in [
            ("{{ .Values.go.debug }}", Some("gctrace=1")),
            ("{{ .Values.go.debug | quote }}", Some("gctrace=1")),
            ("{{ $.Values.go.debug }}", Some("gctrace=1")),
            ("{{ .Values.empty | default \"x=1\" }}", Some("x=1")),
            ("{{ default \"x=1\" .Values.other }}", Some("x=1")),
            (
                "{{ default \"x=1\" .Values.go.debug | quote }}",
                Some("gctrace=1"),
            ),
            ("{{ default .Values.a .Values.other }}", None),
            ("{{ .Values.go.debug | upper }}", None),
            ("{{ .Values.other }}", None),
            ("{{ printf \"%s\" .Values.go.debug }}", None),
        ] {
            let (text, known) = one(&format!("a: {mark}"), &values);
            assert_eq!(known.first().map(String::as_str), want, "{mark}");
            let name = text.trim_start_matches("a: ${").trim_end_matches('}');
            let marks = Marks {
                values: known
                    .iter()
                    .map(|value| Told {
                        value: value.clone(),
                        by_default: false,
                    })
                    .collect(),
                ..Marks::default()
            };
            assert_eq!(marks.value(name), want, "{mark} {name}");
        }
    }
}
