//! A mistake in a policy file, shown with the line and a caret.

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
    /// The mistake with its line of `text` (the text that was loaded) and a caret below it.
    pub fn render(&self, text: &str, colour: bool) -> String {
        let length = text.len();
        let span =
            self.span.start.min(length)..self.span.end.min(length).max(self.span.start.min(length));
        let annotation = AnnotationKind::Primary.span(span).label(&self.label);
        let mut group = Level::ERROR.primary_title(&self.message).element(
            Snippet::source(text)
                .path(&self.file)
                .annotation(annotation),
        );
        if let Some(help) = &self.help {
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
        format!(
            "{}:{}:{}: {}{help}",
            self.file, self.line, self.column, self.message
        )
    }
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
