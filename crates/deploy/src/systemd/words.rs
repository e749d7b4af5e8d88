//! Splits the values of a unit into words, as `extract_first_word` of systemd does.

use super::super::shell::Word;
use super::super::text::Text;

/// How a value is split. The ways differ in what they do with an escape that does not exist and with an open quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitter {
    /// `Environment=` of systemd: the word with the mistake and all after it are dropped.
    Environment,
    /// Command lines of systemd: such an escape stays as it is; an open quote refuses the line.
    Command,
    /// Any value of podman: such an escape drops the whole value; an open quote ends with it.
    Podman,
}

/// The words of a value.
pub struct Words {
    /// Those that count.
    pub all: Vec<Word>,
    /// Whether the value has no mistake that drops a part of it.
    pub whole: bool,
}

/// Splits a value at blanks outside of quotes; a backslash escapes as in C.
pub fn words(text: &Text, splitter: Splitter) -> Words {
    let mut all = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut whole = true;
    let mut chars = text.as_str().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            // `%%` is a percent sign. Other specifiers stay, and rules treat them as unknown.
            '%' if chars.peek().is_some_and(|(_, next)| *next == '%') => {
                chars.next();
                let word = word.get_or_insert_with(Word::default);
                word.text.append(text, at..at + 1);
            }
            '\\' => {
                let rest = text.as_str().get(at + 1..).unwrap_or_default();
                let word = word.get_or_insert_with(Word::default);
                if let Some((c, length)) = escaped(rest) {
                    let (line, column) = text.place(at);
                    word.text.push(c, line, column);
                    chars.nth(length - 1);
                } else if splitter == Splitter::Command {
                    let next = chars.next().map_or(0, |(_, c)| c.len_utf8());
                    word.text.append(text, at..at + 1 + next);
                } else {
                    whole = false;
                    break;
                }
            }
            '"' | '\'' if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_with(Word::default).quoted = true;
            }
            c if c.is_ascii_whitespace() && quote.is_none() => all.extend(word.take()),
            _ => {
                let word = word.get_or_insert_with(Word::default);
                word.dynamic |= c == '$';
                word.text.append(text, at..at + c.len_utf8());
            }
        }
    }
    match splitter {
        Splitter::Podman if !whole => all.clear(),
        Splitter::Podman => {}
        Splitter::Environment | Splitter::Command => whole &= quote.is_none(),
    }
    if whole {
        all.extend(word);
    }
    Words { all, whole }
}

/// The character that an escape of C means, and the length of what follows the backslash; `None` if there is no such escape. No
/// escape is the character zero.
fn escaped(rest: &str) -> Option<(char, usize)> {
    let number = |from: usize, digits: usize, radix: u32| {
        let text = rest.get(from..from + digits)?;
        let is_number = text.chars().all(|c| c.is_digit(radix));
        let code = u32::from_str_radix(text, radix).ok();
        let code = code.filter(|code| is_number && *code != 0)?;
        Some((char::from_u32(code)?, from + digits))
    };
    let plain = |c| Some((c, 1));
    match rest.chars().next()? {
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'f' => plain('\u{c}'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        's' => plain(' '),
        't' => plain('\t'),
        'v' => plain('\u{b}'),
        c @ ('\\' | '"' | '\'') => plain(c),
        'x' => number(1, 2, 16),
        'u' => number(1, 4, 16),
        'U' => number(1, 8, 16),
        '0'..='3' => number(0, 3, 8),
        _ => None,
    }
}
