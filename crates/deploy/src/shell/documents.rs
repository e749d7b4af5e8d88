//! Here-documents.

use super::super::text::Text;
use super::Scanner;

/// A here-document that begins after the line.
pub(super) struct Heredoc {
    /// The line that ends it.
    end: String,
    /// Whether leading tabs of its lines are removed: `<<-`.
    dash: bool,
    /// Whether a part of the word is quoted: then nothing in the document is escaped.
    quoted: bool,
}

impl Scanner<'_> {
    /// `<<WORD`: notes the word that ends the here-document.
    pub(super) fn heredoc(&mut self) {
        self.at += 1;
        let dash = self.rest().starts_with('-');
        self.at += usize::from(dash);
        let rest = self.rest().trim_start_matches([' ', '\t']);
        let word: String = rest
            .chars()
            .take_while(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | '<' | '>' | ')'))
            .collect();
        let skipped = self.rest().len() - rest.len();
        self.at += skipped + word.len();
        let end = word.replace(['\'', '"', '\\'], "");
        if !end.is_empty() {
            let quoted = end != word;
            self.heredocs.push(Heredoc { end, dash, quoted });
        }
    }

    pub(super) fn skip_heredocs(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            let (row, column) = self.text.place(self.at);
            let mut document = Text::at(row, column);
            let mut end = self.at;
            for line in self.rest().split_inclusive('\n') {
                let from = end;
                end += line.len();
                let tabs = line.len() - line.trim_start_matches('\t').len();
                let tabs = if heredoc.dash { tabs } else { 0 };
                let line = line.trim_end_matches(['\n', '\r']);
                if line.get(tabs..) == Some(&*heredoc.end) {
                    break;
                }
                document.append(self.text, from + tabs..end);
            }
            if !heredoc.quoted {
                document = unescaped(document);
            }
            if let Some(command) = self.out.last_mut() {
                command.documents.push(document);
            }
            self.at = end;
        }
    }
}

/// A document as its reader gets it: the shell removes the backslash before `$`, a backquote and a backslash.
fn unescaped(document: Text) -> Text {
    let chars = document.as_str();
    if !["\\$", "\\`", "\\\\"].iter().any(|e| chars.contains(e)) {
        return document;
    }
    let (line, column) = document.place(0);
    let mut out = Text::at(line, column);
    let mut from = 0;
    let mut all = chars.char_indices().peekable();
    while let Some((at, c)) = all.next() {
        let is_escape = |(_, next): &(usize, char)| matches!(next, '$' | '`' | '\\');
        if c == '\\' && all.next_if(is_escape).is_some() {
            out.append(&document, from..at);
            from = at + 1;
        }
    }
    out.append(&document, from..chars.len());
    out
}
