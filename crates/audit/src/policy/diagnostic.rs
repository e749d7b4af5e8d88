//! A mistake in a policy file, shown with its line and a caret.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use gospect_bytes::escape::needs_escape;
use std::ops::Range;

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in one sentence.
    pub message: String,
    /// File name as given.
    pub file: String,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// Line number, starting at 1.
    pub line: usize,
    /// Column in characters, starting at 1.
    pub column: usize,
    /// The text beside the caret.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The mistake with its line of `text` (the text that was loaded) and a caret below it. Control characters are replaced: a
    /// policy may come from a stranger.
    pub fn render(&self, text: &str, colour: bool) -> String {
        let (text, span) = excerpt(text, &self.span);
        let (text, span) = harmless(text, &span);
        let [file, message, label] = [&self.file, &self.message, &self.label].map(|t| plain(t));
        let annotation = AnnotationKind::Primary.span(span).label(&label);
        let mut group = Level::ERROR.primary_title(&message).element(
            Snippet::source(&text)
                .line_start(self.line)
                .path(&file)
                .annotation(annotation),
        );
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

/// One line without control characters.
fn plain(text: &str) -> String {
    let shown = |c| {
        if needs_escape(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    text.chars().map(shown).collect()
}

/// A text without control characters except tabs and line ends, and where the span is in it.
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
        let kept = matches!(c, '\n' | '\t') || !needs_escape(c);
        match (c, kept) {
            ('\r', _) => {}
            (c, true) => out.push(c),
            (_, false) => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    let end = end.unwrap_or(out.len());
    (out, start.unwrap_or(end).min(end)..end)
}

/// The start of each line of a text, found once for all positions.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        let starts = std::iter::once(0).chain(ends.map(|end| end + 1));
        Self {
            text,
            starts: starts.collect(),
        }
    }

    /// The line of a byte offset, starting at 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    /// Line and column (in characters) of a byte offset, starting at 1.
    pub(super) fn position(&self, at: usize) -> (usize, usize) {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let line = self.line(at);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..at).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}

/// Most bytes of a line to show on either side of a mistake.
const CONTEXT_BYTES: usize = 500;

/// The lines of `text` that contain a span, without what is too far from it; the span in them; the number of the first line.
fn excerpt<'t>(text: &'t str, span: &Range<usize>) -> (&'t str, Range<usize>) {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (from, to) = (boundary(span.start), boundary(span.end.max(span.start)));
    let to = to.min(boundary(from + CONTEXT_BYTES));
    let newline_before = text.get(..from).and_then(|t| t.rfind('\n'));
    let start = newline_before
        .map_or(0, |i| i + 1)
        .max(boundary(from.saturating_sub(CONTEXT_BYTES)));
    let newline_after = text.get(to..).and_then(|t| t.find('\n'));
    let end = newline_after
        .map_or(text.len(), |i| to + i)
        .min(boundary(to + CONTEXT_BYTES));
    let end = end.max(to);
    (
        text.get(start..end).unwrap_or_default(),
        from - start..to - start,
    )
}
