//! The recorded `-ldflags`: one string that cmd/go splits into words as a shell does, with quotes but without escapes
//! (src/cmd/internal/quoted/quoted.go, Go 1.27).

/// Splits a string of flags into words. An unclosed quote ends at the end of the text.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, tail) = match first {
            '"' | '\'' => {
                let body = &rest[1..];
                let end = body.find(first).unwrap_or(body.len());
                (&body[..end], body.get(end + 1..).unwrap_or_default())
            }
            _ => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = tail.trim_start();
    }
    words
}

/// The `-X importpath.name=value` definitions in a string of flags, in order, as pairs of name and value.
pub fn definitions(text: &str) -> Vec<(String, String)> {
    let words = words(text);
    let mut found = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
        let definition = match flag {
            Some("X") => rest.next().cloned(),
            Some(flag) => flag
                .strip_prefix("X=")
                .map(|d| d.trim_matches(|c| c == '\'' || c == '"').to_owned()),
            None => None,
        };
        if let Some((name, value)) = definition.as_deref().and_then(|d| d.split_once('=')) {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_in_every_spelling() {
        let text = r#"-s -w -X main.version=1.2.3 -X 'main.other=a b' -X=main.c=d --X main.e= "-X=main.f=g h" -extldflags '-static -X x=y' -X"#;
        let want = [
            ("main.version", "1.2.3"),
            ("main.other", "a b"),
            ("main.c", "d"),
            ("main.e", ""),
            ("main.f", "g h"),
        ];
        let got = definitions(text);
        assert_eq!(
            got.iter()
                .map(|(a, b)| (a.as_str(), b.as_str()))
                .collect::<Vec<_>>(),
            want
        );
    }
}
