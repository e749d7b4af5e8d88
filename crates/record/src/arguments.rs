//! The arguments of a command as people may see them: without values that may be secrets.

use gospect_knowledge::variables::variable;

/// What stands for a value that may be a secret.
pub const HIDDEN: &str = "a value";

/// Last words of names whose values are shown.
const HARMLESS: [&str; 34] = [
    "addr",
    "address",
    "bind",
    "color",
    "config",
    "count",
    "debug",
    "dir",
    "encoding",
    "endpoint",
    "file",
    "format",
    "host",
    "interval",
    "kind",
    "level",
    "limit",
    "listen",
    "log",
    "mode",
    "name",
    "namespace",
    "output",
    "path",
    "port",
    "region",
    "replicas",
    "size",
    "threads",
    "timeout",
    "type",
    "v",
    "verbose",
    "workers",
];
/// Words that mean a secret, also inside of another word such as `dbpassword`.
const SECRETS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "authorization",
];
/// Words that mean a secret, alone.
const SECRET_WORDS: [&str; 7] = ["pass", "pwd", "key", "auth", "dsn", "bearer", "basic"];

/// The words of a command, such as ENTRYPOINT and CMD, for people. The value of `NAME=VALUE` is shown only if it is `true` or `false`, or if the name is a variable
/// of Go or PATH, or ends in a harmless word such as `port`; a word after one that is named like a secret (`--token`, `Bearer`) is not shown, nor an address
/// with a password.
pub fn shown_arguments(words: &[String]) -> Vec<String> {
    let mut before = "";
    let mut shown = Vec::new();
    for word in words {
        let mut text = String::with_capacity(word.len());
        // A word with spaces may be the command line of a shell.
        for (space, part) in parts(word) {
            text.push_str(space);
            match announces_secret(before) {
                true => text.push_str(HIDDEN),
                false => push_shown(part, &mut text),
            }
            before = part;
        }
        shown.push(text);
    }
    shown
}

fn push_shown(part: &str, text: &mut String) {
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (Some(name), value),
        None => (None, part),
    };
    let is_shown = name.is_none_or(|name| is_harmless(name, value)) && !has_credentials(value);
    if let Some(name) = name {
        text.push_str(name);
        text.push('=');
    }
    text.push_str(if is_shown { value } else { HIDDEN });
}

/// Whether a text is an address with a user or a query, where credentials stand.
fn has_credentials(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| rest.contains(['@', '?']))
}

/// The name without dashes and quotes.
fn bare(name: &str) -> &str {
    name.trim_matches(|c: char| matches!(c, '-' | '"' | '\'' | ':'))
}

fn is_harmless(name: &str, value: &str) -> bool {
    let name = bare(name);
    let is_known = name == "PATH" || variable(name).is_some();
    is_known || matches!(value, "" | "true" | "false") || ends_harmless(name)
}

fn ends_harmless(name: &str) -> bool {
    let last = name.rsplit(['-', '_', '.']).next().unwrap_or(name);
    HARMLESS.iter().any(|word| last.eq_ignore_ascii_case(word))
}

/// Whether the word after this one is a secret: it is a flag or a header that is named like one, or a scheme of authorization.
fn announces_secret(word: &str) -> bool {
    let name = bare(word);
    let is_name = word.trim_start_matches(['"', '\'']).starts_with('-') || word.ends_with(':');
    let is_scheme = ["bearer", "basic"]
        .iter()
        .any(|scheme| name.eq_ignore_ascii_case(scheme));
    if word.contains('=') || ends_harmless(name) || !(is_name || is_scheme) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let mut words = name.split(['-', '_', '.']);
    SECRETS.iter().any(|secret| name.contains(secret))
        || words.any(|word| SECRET_WORDS.contains(&word))
}

/// The parts of a word between spaces, each with the spaces before it. Spaces in quotes or behind a backslash do not separate.
fn parts(word: &str) -> Vec<(&str, &str)> {
    let mut parts = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let text = rest.trim_start();
        let (space, _) = rest.split_at(rest.len() - text.len());
        let (part, after) = text.split_at(part_length(text));
        parts.push((space, part));
        rest = after;
    }
    parts
}

/// Where the first part of a text ends.
fn part_length(text: &str) -> usize {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"')) => is_escaped = true,
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if open == c => quote = None,
            (_, None) if c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        shown_arguments(&words)
    }

    #[test]
    fn values_that_may_be_secrets_are_hidden() {
        for (words, expected) in [
            (
                &["/app", "--password=hunter2"][..],
                &["/app", "--password=a value"][..],
            ),
            (
                &["--password", "hunter2", "serve"],
                &["--password", "a value", "serve"],
            ),
            (&["-Token", "-x"], &["-Token", "a value"]),
            (&["--dbpassword", "hunter2"], &["--dbpassword", "a value"]),
            (&["--tls.key", "hunter2"], &["--tls.key", "a value"]),
            (
                &["env", "DB=hunter2", "/app"],
                &["env", "DB=a value", "/app"],
            ),
            (&["--flag=a=hunter2"], &["--flag=a value"]),
            (&["postgres://ann:hunter2@db/x"], &["a value"]),
            (&["--addr=https://db?k=hunter2"], &["--addr=a value"]),
            (
                &["-H", "Authorization: Bearer hunter2"],
                &["-H", "Authorization: a value a value"],
            ),
            (
                &[
                    "sh",
                    "-c",
                    "DB='hunter2 x' exec app --token \"hunter2 y\" -v",
                ],
                &["sh", "-c", "DB=a value exec app --token a value -v"],
            ),
            (
                &["sh", "-c", "app --token hunter2\\ x"],
                &["sh", "-c", "app --token a value"],
            ),
            (
                &["sh", "-c", "app '--password=hunter2"],
                &["sh", "-c", "app '--password=a value"],
            ),
        ] {
            let found = shown(words);
            assert_eq!(found, expected);
            assert!(!found.concat().contains("hunter2"));
        }
    }

    #[test]
    fn harmless_words_stay() {
        for words in [
            &["/app", "serve", "-v=3", "--addr=:80"][..],
            &["--log-level=debug", "--tls=true", "--empty="],
            &["--password-file", "/run/secret", "--token-name=a"],
            &["env", "GODEBUG=fips140=on", "PATH=/bin", "GOGC=50", "app"],
            &["sh", "-c", "  exec /app   --port 80 "],
            &["", "--", "-", "it's"],
            &["https://example.com/x", "key", "token"],
        ] {
            assert_eq!(shown(words), words);
        }
    }
}
