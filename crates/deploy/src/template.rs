//! Reads templates (Helm, and Go's text/template in Dockerfiles, Taskfiles and GoReleaser files) without rendering them.
//!
//! Every action `{{ }}` (a mark) is replaced by characters of the same width, so that places stay right: by blanks if its line has only control actions, else by a
//! name such as `${_7____}`, which readers treat as an unknown variable. If a mark only inserts a value of `values.yaml` (or of
//! `vars`), [`Marks::value`] has that value.

use super::text::{Source, Span, Text};
use super::yaml::{Node, Value};
use std::collections::BTreeMap;

/// Most values of one file, and the longest value that is kept.
const MOST_VALUES: usize = 10_000;
const MAX_LENGTH: usize = 4096;
/// Most characters of a line before or after a mark that are searched.
const WIDEST: usize = 512;
/// Most conditions around a mark that are considered.
const MAX_DEPTH: usize = 32;
/// Most marks with a known value.
const MOST_MARKS: usize = 2_000;

/// The known value of a mark.
#[derive(Clone, Debug)]
struct MarkValue {
    value: String,
    /// Whether it is a default in the mark itself, which another value may replace.
    by_default: bool,
}

/// The replacements for the marks of one file.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    values: Vec<MarkValue>,
    /// Ranges of lines under a condition: first and last.
    conditional: Vec<(u32, u32)>,
}

impl Marks {
    /// The value of the mark with this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.mark_value(name).map(|mark| mark.value.as_str())
    }

    fn mark_value(&self, name: &str) -> Option<&MarkValue> {
        let digits = name.strip_prefix('_')?.trim_end_matches('_');
        let index: usize = digits.parse().ok()?;
        self.values.get(index)
    }

    /// Whether a part of the text is the default of a mark.
    pub fn by_default(&self, text: &str) -> bool {
        !self.values.is_empty()
            && text.match_indices("${_").any(|(at, _)| {
                let inside = text.get(at + 2..).unwrap_or_default();
                let name = inside.split('}').next().unwrap_or_default();
                self.mark_value(name).is_some_and(|mark| mark.by_default)
            })
    }

    /// The text with names of marks replaced by their values.
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

    /// Whether a place is under a condition, so that not every rendering has it.
    pub fn is_conditional(&self, at: Span) -> bool {
        let inside = |(first, last): &(u32, u32)| *first < at.line && at.line < *last;
        self.conditional.iter().any(inside)
    }
}

/// Values by their path, `.Values.image.tag`.
pub type Values = BTreeMap<String, String>;

/// Whether a text has marks other than `${{ }}` of a workflow.
pub fn has_marks(text: &str) -> bool {
    starts(text).next().is_some()
}

fn starts(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices("{{")
        .map(|(at, _)| at)
        .filter(move |at| !text.get(..*at).is_some_and(|t| t.ends_with(['$', '{'])))
}

/// The scalars of a file of values, by their path after a prefix.
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
        Value::Scalar(text) if text.as_str().len() <= MAX_LENGTH => {
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
    // The open blocks; those with a condition have its line.
    let mut open: Vec<Option<u32>> = Vec::new();
    // The texts of the open conditions.
    let mut conditions: Vec<&str> = Vec::new();
    let mut number = 1_u32;
    // A condition around a whole object does not make its content conditional.
    let objects: Vec<u32> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.starts_with("kind:") || line.starts_with("apiVersion:"))
        .map(|(number, _)| number)
        .collect();
    // The start of the line, or as far back as real indentation.
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
            // A line of blanks must become empty: in a block scalar of YAML it would set the indentation.
            let kept = out.trim_end_matches([' ', '\t']).len();
            if alone {
                out.truncate(kept.max(line_start));
            }
            blank(mark, alone, &mut out);
            if let Some(newline) = mark.rfind('\n') {
                line_start = out.len() - (if alone { 0 } else { mark.len() - newline - 1 });
            }
        } else {
            let value = known(inside, values).filter(|mark| {
                let nearest = conditions.iter().rev().take(MAX_DEPTH);
                marks.values.len() < MOST_MARKS
                    && !nearest.into_iter().any(|c| decides(c, inside, &mark.value))
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

/// The end of the mark at the start of a text; quoted texts in it may contain `}}`.
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
                // In `}}}`, the mark ends with the last bracket, because a mapping in it ends with the first.
                return Some(at + 2);
            }
            None => {}
        }
    }
    None
}

/// The content of a mark, without brackets and trim dashes.
fn inside(mark: &str) -> &str {
    let text = mark.strip_prefix("{{").unwrap_or(mark);
    let text = text.strip_suffix("}}").unwrap_or(text);
    let text = text.strip_prefix('-').unwrap_or(text);
    text.strip_suffix('-').unwrap_or(text).trim()
}

/// Whether a mark is a control action, which produces no text.
fn is_action(inside: &str) -> bool {
    let word = inside.split_whitespace().next().unwrap_or_default();
    matches!(
        word,
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "break" | "continue"
    ) || inside.starts_with("/*")
        || (inside.starts_with('$') && inside.contains('='))
}

/// Whether a mark produces YAML of several lines.
fn is_block(inside: &str) -> bool {
    inside.contains("toYaml") || inside.contains("nindent")
}

/// Whether the rest of a line has only marks and blanks, up to `WIDEST` characters.
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

/// Replaces a mark by blanks, or if nothing else is on its lines by its line ends only.
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

fn stand_in(mark: &str, value: Option<MarkValue>, marks: &mut Marks, out: &mut String) {
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

/// Whether a condition is about the value of a mark, so that this value may never be inserted.
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

/// The value that a mark inserts, if it does nothing but quote it.
fn known(inside: &str, values: &Values) -> Option<MarkValue> {
    let mut parts = inside.split('|').map(str::trim);
    let path = parts.next()?;
    let words: Vec<&str> = path.split_whitespace().collect();
    let mut instead = None;
    let path = match words.as_slice() {
        [path] | ["quote" | "squote" | "toString", path] => *path,
        // `default "text" path`: the text if the value is empty or not set.
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
            // The default replaces only an empty value.
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
    Some(MarkValue { value, by_default })
}

/// A text inside of another file as a source of its own. Empty lines before it keep all places right.
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
        let values = marks.values.into_iter().map(|mark| mark.value);
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
                    .map(|value| MarkValue {
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
