//! Lists of patterns as in GOPRIVATE (golang.org/x/mod/module, `MatchPrefixPatterns`).

/// Whether a pattern of a comma-separated list matches the module path or its first elements.
pub fn matches_prefix(patterns: &str, path: &str) -> bool {
    patterns.split(',').any(|pattern| {
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        if pattern.is_empty() {
            return false;
        }
        let count = pattern.split('/').count();
        let mut ends = path.match_indices('/').map(|(at, _)| at);
        let prefix = match ends.nth(count - 1) {
            Some(end) => path.get(..end).unwrap_or(path),
            None if path.split('/').count() == count => path,
            None => return false,
        };
        is_match(pattern.as_bytes(), prefix.as_bytes())
    })
}

/// `path.Match` of Go: `*` and `?` stop at `/`, `[a-z]` and `[^a-z]`, `\` before a character. A malformed pattern matches nothing.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    // The pattern after the last star, and the text where it is tried next.
    let mut retry: Option<(&[u8], &[u8])> = None;
    let (mut pattern, mut text) = (pattern, text);
    loop {
        let step = match (pattern.split_first(), text.split_first()) {
            (None, None) => return true,
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                Some((rest, text))
            }
            (Some(_), Some((c, after))) => one(pattern, *c).map(|rest| (rest, after)),
            (None, Some(_)) | (Some(_), None) => None,
        };
        match step {
            Some(next) => (pattern, text) = next,
            None => match retry {
                Some((rest, from)) => match from.split_first() {
                    Some((c, after)) if *c != b'/' => {
                        retry = Some((rest, after));
                        (pattern, text) = (rest, after);
                    }
                    _ => return false,
                },
                None => return false,
            },
        }
    }
}

/// The rest of the pattern if its first part matches the character. The first part is not a star.
fn one(pattern: &[u8], c: u8) -> Option<&[u8]> {
    let (first, rest) = pattern.split_first()?;
    match first {
        b'?' => (c != b'/').then_some(rest),
        b'\\' => {
            let (literal, rest) = rest.split_first()?;
            (*literal == c).then_some(rest)
        }
        b'[' => class(rest, c),
        literal => (*literal == c).then_some(rest),
    }
}

/// Like [`one`], for a class; `pattern` begins after the opening bracket.
fn class(pattern: &[u8], c: u8) -> Option<&[u8]> {
    let (negated, mut rest) = match pattern.split_first() {
        Some((b'^', rest)) => (true, rest),
        _ => (false, pattern),
    };
    let end = |rest: &mut &[u8]| -> Option<u8> {
        let (mut first, mut after) = rest.split_first()?;
        if *first == b'\\' {
            (first, after) = after.split_first()?;
        }
        *rest = after;
        Some(*first)
    };
    let (mut found, mut count) = (false, 0);
    loop {
        if rest.first() == Some(&b']') && count > 0 {
            let rest = rest.get(1..)?;
            return (found != negated && c != b'/').then_some(rest);
        }
        let low = end(&mut rest)?;
        let high = match rest.first() {
            Some(b'-') => {
                rest = rest.get(1..)?;
                end(&mut rest)?
            }
            _ => low,
        };
        found |= (low..=high).contains(&c);
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_those_of_the_go_command() {
        for (patterns, path, expected) in [
            (
                "*.corp.example.com,rsc.io/private",
                "git.corp.example.com/x/y",
                true,
            ),
            ("*.corp.example.com,rsc.io/private", "rsc.io/private", true),
            (
                "*.corp.example.com,rsc.io/private",
                "rsc.io/private/quux",
                true,
            ),
            (
                "*.corp.example.com,rsc.io/private",
                "rsc.io/privatex",
                false,
            ),
            (
                "*.corp.example.com,rsc.io/private",
                "corp.example.com/x",
                false,
            ),
            ("*/internal", "a/internal/b", true),
            ("*/internal", "internal", false),
            ("*/quote", "rsc.io/quote/v3", true),
            ("a/b/", "a/b/c", true),
            ("a/b/c", "a/b", false),
            ("", "a", false),
            (",,a", "a/b", true),
            ("a?c/[x-z]", "abc/y", true),
            ("a?c/[^x-z]", "abc/y", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            ("a[", "a[", false),
            ("*", "anything/at/all", true),
            ("**b", "aab", true),
            ("golang.org/x/*", "golang.org/x/net", true),
        ] {
            assert_eq!(
                matches_prefix(patterns, path),
                expected,
                "{patterns} {path}"
            );
        }
        // Stars cost no more than their product with the text.
        let stars = "*a".repeat(2000);
        assert!(!matches_prefix(&stars, &"a".repeat(1999)));
    }
}
