//! A mistake in a policy file, shown with the line and a caret.

use crate::report::harmless::acts;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, one sentence.
    pub message: String,
    /// File name as given.
    pub file: String,
    /// Bytes of the text it is about.
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Words at the caret.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The mistake with its line of `text` (the text that was loaded) and a caret below it. Characters that act on a
    /// terminal are replaced: a policy may come from somebody else.
    pub fn render(&self, text: &str, colour: bool) -> String {
        let (text, span) = harmless(text, &self.span);
        let [file, message, label] = [&self.file, &self.message, &self.label].map(|t| plain(t));
        let annotation = AnnotationKind::Primary.span(span).label(&label);
        let mut group = Level::ERROR
            .primary_title(&message)
            .element(Snippet::source(&text).path(&file).annotation(annotation));
        let help = self.help.as_deref().map(plain);
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group]).to_string()
    }

    /// `file:line:column: message`, for logs.
    pub fn line(&self) -> String {
        let help = self
            .help
            .as_ref()
            .map_or(String::new(), |h| format!(" ({h})"));
        plain(&format!(
            "{}:{}:{}: {}{help}",
            self.file, self.line, self.column, self.message
        ))
    }
}

/// One line without characters that act.
fn plain(text: &str) -> String {
    let shown = |c| {
        if acts(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// A source text without characters that act but tabs and line ends, and where the span is in it.
fn harmless(text: &str, span: &Range<usize>) -> (String, Range<usize>) {
    let mut out = String::with_capacity(text.len());
    let (mut start, mut end) = (None, None);
    for (at, c) in text.char_indices() {
        if at >= span.start {
            start.get_or_insert(out.len());
        }
        if at >= span.end {
            end.get_or_insert(out.len());
        }
        let kept = matches!(c, '\n' | '\t') || !acts(c);
        match (c, kept) {
            ('\r', _) => {}
            (c, true) => out.push(c),
            (_, false) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    let end = end.unwrap_or(out.len());
    (out, start.unwrap_or(end).min(end)..end)
}

/// Line and column (characters) of a byte, from 1.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    )
}
