//! Text whose characters keep their places in the file when it is joined, cut or unquoted.

use std::ops::Range;

/// A range of a file. Lines and columns count from 1, columns in characters; the end is exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Line of the first character.
    pub line: u32,
    /// Column of the first character.
    pub column: u32,
    /// Line of the end.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
}

impl Span {
    /// The same range, moved by lines and columns.
    pub fn shifted(self, lines: u32, columns: u32) -> Span {
        Span {
            line: self.line.saturating_add(lines),
            column: self.column.saturating_add(columns),
            end_line: self.end_line.saturating_add(lines),
            end_column: self.end_column.saturating_add(columns),
        }
    }

    /// The range from the start of this one to the end of the other.
    pub fn to(self, other: Span) -> Span {
        Span {
            end_line: other.end_line,
            end_column: other.end_column,
            ..self
        }
    }
}

/// Most characters between two marks. It bounds the time of finding a place, even in a file of one line.
const STRIDE: u32 = 256;

/// The place of the character at an offset; those up to the next mark follow it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    line: u32,
    column: u32,
}

#[cfg(test)]
thread_local! {
    /// Characters that this thread has copied: what tests count as work, since a clock depends on the machine.
    pub(crate) static COPIED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Characters with their places.
#[derive(Clone, Debug, Default)]
pub struct Text {
    chars: String,
    marks: Vec<Mark>,
    /// Place after the last character.
    next: (u32, u32),
    /// All characters stand for this one place.
    fixed: Option<Span>,
}

impl Text {
    /// Nothing yet, at a place.
    pub fn at(line: u32, column: u32) -> Text {
        Text {
            next: (line, column),
            ..Text::default()
        }
    }

    /// One line of a file, from a column on.
    pub fn line(chars: &str, line: u32, column: u32) -> Text {
        let mut text = Text::at(line, column);
        text.extend(chars, line, column);
        text
    }

    /// Characters that all stand for one place, such as a text with escapes.
    pub fn fixed(chars: &str, span: Span) -> Text {
        Text {
            chars: chars.to_owned(),
            next: (span.end_line, span.end_column),
            fixed: Some(span),
            ..Text::default()
        }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.chars
    }

    /// True without characters.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Adds a character that stands there.
    pub fn push(&mut self, c: char, line: u32, column: u32) {
        #[cfg(test)]
        COPIED.with(|count| count.set(count.get() + 1));
        let far = self
            .marks
            .last()
            .is_none_or(|m| column.saturating_sub(m.column) >= STRIDE);
        if far || self.next != (line, column) {
            self.marks.push(Mark {
                at: self.chars.len(),
                line,
                column,
            });
        }
        self.chars.push(c);
        self.next = (line, column.saturating_add(1));
    }

    /// Adds characters of one line.
    pub fn extend(&mut self, chars: &str, line: u32, column: u32) {
        for (c, column) in chars.chars().zip(column..) {
            self.push(c, line, column);
        }
    }

    /// Adds a part of another text, places and all.
    pub fn append(&mut self, other: &Text, range: Range<usize>) {
        if let Some(span) = other.fixed {
            let part = other.chars.get(range).unwrap_or_default();
            return part
                .chars()
                .for_each(|c| self.push(c, span.line, span.column));
        }
        let mut place = other.place(range.start);
        let after = other.marks.partition_point(|m| m.at <= range.start);
        let mut marks = other.marks.get(after..).unwrap_or_default().iter();
        let mut mark = marks.next();
        for (at, c) in other
            .chars
            .get(range.clone())
            .unwrap_or_default()
            .char_indices()
        {
            if let Some(m) = mark.filter(|m| m.at <= range.start + at) {
                place = (m.line, m.column);
                mark = marks.next();
            }
            self.push(c, place.0, place.1);
            place.1 = place.1.saturating_add(1);
        }
    }

    /// The same text, so many lines and columns further on.
    pub fn shifted(mut self, lines: u32, columns: u32) -> Text {
        for mark in &mut self.marks {
            mark.line = mark.line.saturating_add(lines);
            mark.column = mark.column.saturating_add(columns);
        }
        self.next.0 = self.next.0.saturating_add(lines);
        self.next.1 = self.next.1.saturating_add(columns);
        self.fixed = self.fixed.map(|span| span.shifted(lines, columns));
        self
    }

    /// A part; nothing when the range does not fit.
    pub fn slice(&self, range: Range<usize>) -> Text {
        if let Some(span) = self.fixed {
            return Text::fixed(self.chars.get(range).unwrap_or_default(), span);
        }
        let (line, column) = self.place(range.start);
        let mut text = Text::at(line, column);
        text.append(self, range);
        text
    }

    /// Line and column of a byte.
    pub fn place(&self, at: usize) -> (u32, u32) {
        if let Some(span) = self.fixed {
            return (span.line, span.column);
        }
        if at >= self.chars.len() {
            return self.next;
        }
        let index = self.marks.partition_point(|m| m.at <= at);
        let Some(mark) = index.checked_sub(1).and_then(|i| self.marks.get(i)) else {
            return self.next;
        };
        let before = self.chars.get(mark.at..at).unwrap_or_default();
        let column = mark
            .column
            .saturating_add(u32::try_from(before.chars().count()).unwrap_or(u32::MAX));
        (mark.line, column)
    }

    /// Where a part stands.
    pub fn span(&self, range: Range<usize>) -> Span {
        if let Some(span) = self.fixed {
            return span;
        }
        let (line, column) = self.place(range.start);
        let last = self
            .chars
            .get(range.clone())
            .and_then(|part| part.char_indices().next_back());
        let (end_line, end_column) = match last {
            Some((at, _)) if range.start + at + 1 >= self.chars.len() => self.next,
            Some((at, _)) => {
                let (line, column) = self.place(range.start + at);
                (line, column.saturating_add(1))
            }
            None => (line, column),
        };
        Span {
            line,
            column,
            end_line,
            end_column,
        }
    }

    /// Where all of it stands.
    pub fn whole(&self) -> Span {
        self.span(0..self.chars.len())
    }

    /// Where the first occurrence of a part stands; all of it when there is none.
    pub fn find(&self, part: &str) -> Span {
        match self.chars.find(part) {
            Some(at) => self.span(at..at + part.len()),
            None => self.whole(),
        }
    }

    /// Without white space at both ends.
    pub fn trim(&self) -> Text {
        let start = self.chars.len() - self.chars.trim_start().len();
        self.slice(start..start + self.chars.trim().len())
    }
}

/// A file line by line.
#[derive(Clone, Debug, Default)]
pub struct Source {
    text: String,
    /// Byte at which each line starts.
    starts: Vec<usize>,
}

impl Source {
    /// Takes the text of a file; a byte order mark is not part of it.
    pub fn new(text: &str) -> Source {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Source { text, starts }
    }

    /// The line with that number, from 1.
    pub fn get(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        // The end is known too: to look for it would take a file of one line once for every finding.
        let end = self
            .starts
            .get(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        let line = self.text.get(start..end)?;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }

    /// The place of the whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// All of its lines as one text, each with its line end.
    pub fn whole(&self) -> Text {
        let mut text = Text::at(1, 1);
        for (number, line) in self.lines() {
            text.extend(line, number, 1);
            let width = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
            text.push('\n', number, width.saturating_add(1));
        }
        text
    }

    /// Its lines with their numbers, without line ends.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..).zip(self.text.lines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_without_their_ends() {
        let source = Source::new("\u{feff}a\r\n\nlast");
        let lines: Vec<_> = (0..5).map(|number| source.get(number)).collect();
        assert_eq!(lines, [None, Some("a"), Some(""), Some("last"), None]);
        assert!(Source::new("a\n").get(2).is_none_or(str::is_empty));
    }

    #[test]
    fn places_survive_joining_cutting_and_unquoting() {
        let mut text = Text::line("ENV A=é1 ", 3, 1);
        text.extend("B=2", 5, 4);
        assert_eq!(text.as_str(), "ENV A=é1 B=2");
        let span = text.find("é1");
        assert_eq!((span.line, span.column, span.end_column), (3, 7, 9));
        let cut = text.slice(text.as_str().find("B=").unwrap()..text.as_str().len());
        let span = cut.find("2");
        assert_eq!((span.line, span.column, span.end_column), (5, 6, 7));
        assert_eq!(text.find("nothing"), text.whole());
        assert_eq!(text.whole().end_line, 5);
        assert!(text.slice(100..200).is_empty());
        let long = Text::line(&"x".repeat(5000), 1, 1);
        assert_eq!(long.place(4321), (1, 4322));
        assert_eq!(long.slice(1000..4999).place(3000), (1, 4001));
    }
}
