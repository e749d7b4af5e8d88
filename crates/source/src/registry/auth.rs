//! Challenges of a registry (RFC 9110 section 11.6.1, and the token scheme of the distribution project).

use std::collections::HashMap;

/// One challenge of a `WWW-Authenticate` header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Scheme in lower case: `basic`, `bearer`.
    pub scheme: String,
    /// Parameters, with names in lower case.
    pub params: HashMap<String, String>,
}

/// Reads all challenges of a header; the first unreadable one ends the list.
pub fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',', '\t']);
    while !rest.is_empty() {
        let end = rest.find([' ', '=', ',', '\t']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            break;
        }
        let value = after.trim_start();
        rest = match (value.strip_prefix('='), found.last_mut()) {
            (Some(value), Some(challenge)) => {
                let Some((value, after)) = take_value(value.trim_start()) else {
                    break;
                };
                challenge.params.insert(word.to_ascii_lowercase(), value);
                after
            }
            (Some(_), None) => break,
            (None, _) => {
                found.push(Challenge {
                    scheme: word.to_ascii_lowercase(),
                    params: HashMap::new(),
                });
                after
            }
        };
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    found
}

/// Takes a token or a quoted string.
fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return Some((value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            _ => value.push(c),
        }
    }
    None
}

/// RFC 3986 percent-encoding of a query value.
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(byte as char)
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let all = challenges(
            r#"Bearer realm="https://a.example/token?x=1,2",service="reg\"x", scope=repository:a:pull, Basic realm="r""#,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].scheme, "bearer");
        assert_eq!(all[0].params["realm"], "https://a.example/token?x=1,2");
        assert_eq!(all[0].params["service"], "reg\"x");
        assert_eq!(all[0].params["scope"], "repository:a:pull");
        assert_eq!(
            (all[1].scheme.as_str(), all[1].params["realm"].as_str()),
            ("basic", "r")
        );
    }

    #[test]
    fn broken_headers_end_the_list() {
        assert!(challenges("").is_empty());
        assert!(challenges("=x").is_empty());
        assert_eq!(challenges("Bearer realm=\"open").len(), 1);
        assert!(challenges(&"a=\"".repeat(1000)).len() <= 1);
    }
}
