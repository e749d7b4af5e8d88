//! Expands `$NAME` and `${NAME...}`, as in shells, Docker and Compose.

use super::text::Text;
use std::cell::Cell;

/// Most values by default inside of others that are expanded.
const DEEPEST: usize = 4;
/// Most characters that are inserted for names in one file. After that, names stay as they are.
const MOST_INSERTED: usize = 1 << 20;

/// The number of characters that may still be inserted.
#[derive(Debug)]
pub struct ExpansionLimit(Cell<usize>);

impl Default for ExpansionLimit {
    fn default() -> Self {
        ExpansionLimit(Cell::new(MOST_INSERTED))
    }
}

impl ExpansionLimit {
    /// Takes `count` characters; false when fewer are left.
    pub fn take(&self, count: usize) -> bool {
        match self.0.get().checked_sub(count.saturating_add(1)) {
            Some(left) => {
                self.0.set(left);
                true
            }
            None => false,
        }
    }
}

/// Expands `$NAME`, `${NAME}`, `${NAME:-word}`, `${NAME:+word}` and similar forms. Unknown names stay as they are, and so do all when the limit is reached.
/// The characters of a value get the place of the name. A `$` after `escape` is not expanded.
pub fn expand(
    text: &Text,
    escape: char,
    expansion_limit: &ExpansionLimit,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Text {
    Expansion {
        escape,
        limit: expansion_limit,
        lookup,
    }
    .of(text, 0)
}

/// How a text is expanded.
struct Expansion<'a> {
    escape: char,
    limit: &'a ExpansionLimit,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Expansion<'_> {
    /// A text with values in place of names; `depth` is the number of defaults around it.
    fn of(&self, text: &Text, depth: usize) -> Text {
        let chars = text.as_str();
        if !chars.contains('$') {
            return text.clone();
        }
        let (line, column) = text.place(0);
        let mut out = Text::at(line, column);
        let mut at = 0;
        while let Some(c) = chars.get(at..).and_then(|r| r.chars().next()) {
            let rest = chars.get(at + c.len_utf8()..).unwrap_or_default();
            if c == self.escape && rest.starts_with('$') {
                out.append(text, at + c.len_utf8()..at + c.len_utf8() + 1);
                at += c.len_utf8() + 1;
                continue;
            }
            if c != '$' {
                out.append(text, at..at + c.len_utf8());
                at += c.len_utf8();
                continue;
            }
            let (value, used) = if rest.starts_with('{') {
                let end = closing(rest, '{', '}');
                (
                    self.braces(rest.get(1..end).unwrap_or_default(), depth),
                    end + 1,
                )
            } else {
                let name = rest
                    .bytes()
                    .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                    .count();
                let name = rest.get(..name).unwrap_or_default();
                if name.is_empty() {
                    (Some("$".to_owned()), 0)
                } else {
                    ((self.lookup)(name), name.len())
                }
            };
            let end = (at + 1 + used).min(chars.len());
            let Some(value) = value.filter(|v| self.limit.take(v.len())) else {
                out.append(text, at..end);
                at = end;
                continue;
            };
            let span = text.span(at..end);
            for c in value.chars() {
                out.push(c, span.line, span.column);
            }
            at = end;
        }
        out
    }

    /// The value of the text between `${` and `}`.
    fn braces(&self, inside: &str, depth: usize) -> Option<String> {
        let name_len = inside
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let (name, operator) = inside.split_at(name_len);
        let value = (self.lookup)(name);
        let colon = operator.starts_with(':');
        let operator = operator.strip_prefix(':').unwrap_or(operator);
        let given = value.as_deref().is_some_and(|v| !colon || !v.is_empty());
        if let Some(word) = operator.strip_prefix(['-', '=']) {
            return if given {
                value
            } else {
                Some(self.word(word, depth))
            };
        }
        if let Some(word) = operator.strip_prefix('+') {
            value.as_ref()?;
            let word = given.then(|| self.word(word, depth));
            return Some(word.unwrap_or_default());
        }
        value
    }

    /// A value by default. In shells it may have quotes and names of its own; Compose keeps quotes.
    fn word(&self, word: &str, depth: usize) -> String {
        let word = match self.escape {
            '$' => word.to_owned(),
            _ => unquoted(word),
        };
        if depth >= DEEPEST || !word.contains('$') {
            return word;
        }
        let expanded = self.of(&Text::line(&word, 1, 1), depth + 1);
        expanded.as_str().to_owned()
    }
}

/// Expands `$(NAME)` as Kubernetes does: `$$` is a dollar sign, and unknown names stay as they are.
pub fn expand_references<'v>(
    text: &Text,
    expansion_limit: &ExpansionLimit,
    lookup: &dyn Fn(&str) -> Option<&'v str>,
) -> Text {
    let chars = text.as_str();
    let last_close = chars.rfind(')').unwrap_or_default();
    let (line, column) = text.place(0);
    let mut out = Text::at(line, column);
    let mut at = 0;
    while let Some(rest) = chars.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(dollar) = rest.find('$') else {
            out.append(text, at..chars.len());
            break;
        };
        out.append(text, at..at + dollar);
        at += dollar;
        let rest = rest.get(dollar + 1..).unwrap_or_default();
        let name = rest.strip_prefix('(').filter(|_| at < last_close);
        let name = name.and_then(|rest| rest.split_once(')'));
        let name = name.map(|(name, _)| name);
        let end = at + 1 + name.map_or(0, |name| name.len() + 2);
        let value = name.and_then(lookup);
        match value.filter(|value| expansion_limit.take(value.len())) {
            Some(value) => {
                let span = text.span(at..end);
                for c in value.chars() {
                    out.push(c, span.line, span.column);
                }
                at = end;
            }
            None => {
                out.append(text, at..end);
                at = end + usize::from(rest.starts_with('$'));
            }
        }
    }
    out
}

/// A value by default without its quotes. Single quotes stay unless they are around all of it: between double quotes they are characters.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
    if let Some(inside) = inside.filter(|inside| !inside.contains('\'')) {
        return inside.to_owned();
    }
    let (mut single, mut escaped) = (false, false);
    let is_kept = |c: &char| {
        let is_escaped = escaped;
        escaped = *c == '\\' && !is_escaped;
        single ^= *c == '\'' && !is_escaped;
        *c != '"' || single || is_escaped
    };
    text.chars().filter(is_kept).collect()
}

/// Offset of the bracket that closes the one at the start; the length of the text if none does.
pub fn closing(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (c, quote) {
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            (_, Some('\'')) => {}
            (c, None) if c == open => depth += 1,
            (c, None) if c == close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_kubernetes_are_put_in_where_they_are_known() {
        let lookup = |name: &str| (name == "V").then_some("$(V)");
        for (text, want) in [
            ("a=$(V),b", "a=$(V),b"),
            ("$(V)$(W)$V", "$(V)$(W)$V"),
            ("$$(V)$$$(V)", "$(V)$$(V)"),
            ("$(V", "$(V"),
            ("x$", "x$"),
            ("", ""),
        ] {
            let text = Text::line(text, 1, 1);
            let got = expand_references(&text, &ExpansionLimit::default(), &lookup);
            assert_eq!(got.as_str(), want);
        }
    }

    #[test]
    fn compose_keeps_quotes_of_a_default() {
        let text = Text::line("${W:-\"a\"}${W:-${X:-'b'}}$$c", 1, 1);
        let got = expand(&text, '$', &ExpansionLimit::default(), &|_| None);
        assert_eq!(got.as_str(), "\"a\"'b'$c");
    }

    #[test]
    fn values_are_put_in_where_they_are_known() {
        let lookup = |name: &str| (name == "V").then(|| "1.27".to_owned());
        for (text, want) in [
            ("golang:${V}-alpine", "golang:1.27-alpine"),
            ("$V/$W", "1.27/$W"),
            ("${W:-x}${V:-y}${V:+z}", "x1.27z"),
            ("\\$V", "$V"),
            ("$", "$"),
            ("${", "${"),
            ("${W}x${W:+y}", "${W}x${W:+y}"),
            ("${W:-${V}}${W-${X:-y}z}", "1.27yz"),
            ("${V:+${W:-y}}${W:-$X}", "y$X"),
            ("${W:-\"a b\"c}${W:-'d'}", "a bcd"),
            ("${W:-\"\\\"\"}", "\\\""),
            ("${W:--X 'a.b=c \"d\"'}", "-X 'a.b=c \"d\"'"),
        ] {
            assert_eq!(
                expand(
                    &Text::line(text, 1, 1),
                    '\\',
                    &ExpansionLimit::default(),
                    &lookup
                )
                .as_str(),
                want,
                "{text}"
            );
        }
    }
}
