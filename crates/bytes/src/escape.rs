//! Characters that must not reach a terminal or a page unescaped, and how they are escaped.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character controls a terminal or is invisible: controls, line and paragraph separators, direction marks, invisible
/// and layout characters.
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
            // The rest of Unicode's format characters (Cf, Unicode 16), except the visible Arabic and Syriac signs that names may
            // need.
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Letters and marks that are invisible but take room or join.
            | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}')
}

/// A text as one word of a POSIX shell: in single quotes where a shell would read it as anything else than itself (POSIX.1-2024,
/// Shell Command Language, 2.2.2). Control characters stay as they are.
pub fn shell_word(text: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+/,=:@%".contains(&b);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Text from a file made safe for a terminal: characters that control it or are invisible are escaped (`\n`, `\x1b`, `\u{202e}`).
/// Backslashes stay as they are, so cleaning twice changes nothing.
pub fn clean(text: &str) -> Cow<'_, str> {
    let is_plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if is_plain || !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if needs_escape(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_word_is_one_word() {
        for (text, word) in [
            ("", "''"),
            ("example.com/a@v1.0.0", "example.com/a@v1.0.0"),
            ("$(id>/tmp/x)", "'$(id>/tmp/x)'"),
            ("~/a", "'~/a'"),
            ("a'b;c", "'a'\\''b;c'"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }
}
