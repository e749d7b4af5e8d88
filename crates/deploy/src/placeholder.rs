//! Placeholders that a later step replaces: expansions of shells and templates, and words that `sed` or an installer replaces.

use super::expand::closing;
use std::ops::Range;

/// Words that are usual as placeholders.
const TO_COME: [&str; 7] = [
    "CHANGEME",
    "FIXME",
    "PLACEHOLDER",
    "REPLACEME",
    "TBD",
    "TODO",
    "XXX",
];

/// The parts between commas. Commas inside of `${…}`, `$(…)`, `${{…}}`, `{{…}}`, `#{…}` and backquotes do not separate.
pub fn fields(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let inside = rest.get(1..).unwrap_or_default();
        at += match c {
            ',' => {
                found.push(start..at);
                start = at + 1;
                1
            }
            '$' | '#' if inside.starts_with('{') => 2 + closing(inside, '{', '}'),
            '$' if inside.starts_with('(') => 2 + closing(inside, '(', ')'),
            '{' if inside.starts_with('{') => 1 + closing(rest, '{', '}'),
            '`' => 2 + inside.find('`').unwrap_or(inside.len()),
            c => c.len_utf8(),
        };
    }
    found.push(start.min(text.len())..text.len());
    found
}

/// Whether a later step replaces the text or a part of it, so that its value is unknown.
pub fn is_unresolved(text: &str) -> bool {
    text.contains(['$', '`', '{', '}', '<'])
        || percent(text)
        || between(text, "@")
        || between(text, "__")
        || to_come(text)
        || text.split_once('=').is_some_and(|(_, v)| to_come(v))
}

/// Whether a text has a placeholder such as `%i` of systemd, `%NAME%`, `%s` or `%(name)s`; a percent sign after a number is none.
fn percent(text: &str) -> bool {
    let starts = |c: char| c.is_ascii_alphabetic() || matches!(c, '(' | '_');
    text.split('%').skip(1).any(|rest| rest.starts_with(starts))
}

/// Whether a text has a word between two marks: `@WORD@`, `__WORD__`.
fn between(text: &str, mark: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let parts: Vec<&str> = text.split(mark).collect();
    parts.len() > 2
        && parts
            .get(1..parts.len() - 1)
            .is_some_and(|inner| inner.iter().copied().any(word))
}

/// Whether a text is `REPLACE_ME` (capitals with underscores, which no value of Go is), or a word that is usual as placeholder.
fn to_come(text: &str) -> bool {
    let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let joined = text.contains('_')
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.chars().all(capital);
    joined || TO_COME.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_expansions_separate_nothing() {
        for (text, want) in [
            ("a=1,b=2", &["a=1", "b=2"][..]),
            ("", &[""]),
            ("a=1,", &["a=1", ""]),
            ("${G:+$G,}a=on", &["${G:+$G,}a=on"]),
            ("${A:-},${B:+x,y}", &["${A:-}", "${B:+x,y}"]),
            ("${X//;/,},é=1", &["${X//;/,}", "é=1"]),
            ("$(echo a,b),c=1", &["$(echo a,b)", "c=1"]),
            ("`echo a,b`,c", &["`echo a,b`", "c"]),
            (
                "${{ a && 'x=1,y=}' || '' }},c",
                &["${{ a && 'x=1,y=}' || '' }}", "c"],
            ),
            ("{{ join a , }},c", &["{{ join a , }}", "c"]),
            ("#{a, b},c", &["#{a, b}", "c"]),
            ("a,${open,b", &["a", "${open,b"]),
            ("a,`open,b", &["a", "`open,b"]),
            ("$,a", &["$", "a"]),
        ] {
            let got: Vec<&str> = fields(text).into_iter().map(|r| &text[r]).collect();
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn placeholders_are_distinguished_from_values() {
        for open in [
            "@MEM@",
            "@@MEM@@",
            "%MEM%",
            "__MEM__",
            "#{mem}",
            "<MEM>",
            "REPLACE_ME",
            "TODO",
            "%i",
            "x-%n",
            "%(mem)s",
            "http2client=REPLACE_ME",
            "${X}",
            "`x`",
            "{{ .x }}",
            "1@MEM@B",
        ] {
            assert!(is_unresolved(open), "{open}");
        }
        for value in [
            "512MB",
            "fifty",
            "OFF",
            "SINGLE",
            "80%",
            "5%%",
            "http2client=0",
            "a@b",
            "@",
            "__",
            "",
            "netdns=go+1",
            "cpu.avx2=off",
            "1_000",
            "a__b",
        ] {
            assert!(!is_unresolved(value), "{value}");
        }
    }
}
