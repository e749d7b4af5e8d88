//! Globs over paths, module paths and other slash-separated names.
//!
//! `*` and `?` stop at `/`; `**` crosses it (`**/x` also matches `x`); `[a-z]` and `[!a-z]` are sets; `{a,b}` are
//! alternatives; `\` takes the next character as it is. Matching is byte-wise and linear but for `*`, where the work is
//! bounded by `STEPS` so that a hostile name cannot make a policy run for ever.

/// Most steps one match may take; a pattern that needs more does not match.
const STEPS: u32 = 200_000;
/// Most alternatives one pattern may expand to.
const ALTERNATIVES: usize = 256;

/// True when `pattern` matches all of `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?', '[', '{', '\\']) {
        return pattern == text;
    }
    if !pattern.contains('{') {
        return match_one(pattern.as_bytes(), text.as_bytes(), &mut STEPS.clone());
    }
    let mut all = Vec::new();
    expand(pattern, &mut all);
    all.iter()
        .any(|p| match_one(p.as_bytes(), text.as_bytes(), &mut STEPS.clone()))
}

/// True when any of `patterns` matches `text`.
pub fn any<S: AsRef<str>>(patterns: &[S], text: &str) -> bool {
    patterns.iter().any(|p| matches(p.as_ref(), text))
}

/// What is wrong with a pattern, for policy errors.
pub fn check(pattern: &str) -> Result<(), &'static str> {
    let mut braces = 0_u32;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next().ok_or("ends in a lone backslash")?;
            }
            '{' => braces += 1,
            '}' => braces = braces.checked_sub(1).ok_or("has a `}` without `{`")?,
            '[' => {
                let mut first = true;
                loop {
                    match chars.next() {
                        None => return Err("has a `[` without `]`"),
                        Some(']') if !first => break,
                        Some('!') if first => {}
                        Some(_) => first = false,
                    }
                }
            }
            _ => {}
        }
    }
    if braces > 0 {
        Err("has a `{` without `}`")
    } else {
        Ok(())
    }
}

fn expand(pattern: &str, out: &mut Vec<String>) {
    if out.len() >= ALTERNATIVES {
        return;
    }
    let Some((open, close)) = braces(pattern) else {
        out.push(pattern.to_string());
        return;
    };
    let (head, tail) = (&pattern[..open], &pattern[close + 1..]);
    let mut depth = 0;
    let mut start = open + 1;
    let inner_end = close;
    for (i, b) in pattern.as_bytes()[..inner_end]
        .iter()
        .enumerate()
        .skip(open + 1)
    {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                expand(&format!("{head}{}{tail}", &pattern[start..i]), out);
                start = i + 1;
            }
            _ => {}
        }
    }
    expand(&format!("{head}{}{tail}", &pattern[start..inner_end]), out);
}

/// The first `{` and its `}`; `None` when there is no complete pair.
fn braces(pattern: &str) -> Option<(usize, usize)> {
    let open = pattern.find('{')?;
    let mut depth = 0;
    for (i, b) in pattern.bytes().enumerate().skip(open) {
        match b {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some((open, i));
                }
            }
            _ => {}
        }
    }
    None
}

fn match_one(mut p: &[u8], mut t: &[u8], steps: &mut u32) -> bool {
    loop {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            return false;
        }
        match p {
            [] => return t.is_empty(),
            [b'*', b'*', b'/', rest @ ..] => {
                if match_one(rest, t, steps) {
                    return true;
                }
                // Skip one directory and try again.
                match t.iter().position(|&b| b == b'/') {
                    Some(slash) => t = &t[slash + 1..],
                    None => return false,
                }
            }
            [b'*', b'*', rest @ ..] => {
                if rest.is_empty() {
                    return true;
                }
                return (0..=t.len()).any(|i| match_one(rest, &t[i..], steps));
            }
            [b'*', rest @ ..] => {
                let stop = t.iter().position(|&b| b == b'/').unwrap_or(t.len());
                return (0..=stop).any(|i| match_one(rest, &t[i..], steps));
            }
            [b'?', rest @ ..] => match t {
                [b, after @ ..] if *b != b'/' => (p, t) = (rest, after),
                _ => return false,
            },
            [b'[', ..] => match (t, set(p)) {
                ([b, after @ ..], Some((test, rest))) if test(*b) && *b != b'/' => {
                    (p, t) = (rest, after)
                }
                _ => return false,
            },
            [b'\\', c, rest @ ..] | [c, rest @ ..] => match t {
                [b, after @ ..] if b == c => (p, t) = (rest, after),
                _ => return false,
            },
        }
    }
}

/// The test that a `[...]` at the start of `p` makes, and what follows it.
fn set(p: &[u8]) -> Option<(impl Fn(u8) -> bool + '_, &[u8])> {
    let negated = p.get(1) == Some(&b'!');
    let start = 1 + usize::from(negated);
    let end = p.iter().skip(start + 1).position(|&b| b == b']')? + start + 1;
    let members = &p[start..end];
    let test = move |b: u8| {
        let mut hit = false;
        let mut i = 0;
        while i < members.len() {
            if i + 2 < members.len() && members[i + 1] == b'-' {
                hit |= (members[i]..=members[i + 2]).contains(&b);
                i += 3;
            } else {
                hit |= members[i] == b;
                i += 1;
            }
        }
        hit != negated
    };
    Some((test, &p[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_the_language_works() {
        for (pattern, yes, no) in [
            ("a/b", "a/b", "a/bc"),
            ("*.go", "x.go", "d/x.go"),
            ("**/x", "x", "ax"),
            ("**/x", "a/b/x", "a/b/xy"),
            ("a/**", "a/b/c", "b/a"),
            ("a/**/z", "a/z", "a/zz"),
            (
                "dist/*_linux_{amd64,arm64}/app",
                "dist/x_linux_arm64/app",
                "dist/x_linux_386/app",
            ),
            ("v[0-9]", "v7", "vx"),
            ("v[!0-9]", "vx", "v7"),
            ("a?c", "abc", "a/c"),
            (
                "golang.org/x/*",
                "golang.org/x/net",
                "golang.org/x/net/http2",
            ),
            ("\\*", "*", "x"),
            ("{a{1,2},b}", "a2", "a3"),
            ("**", "a/b", "\u{0}never"),
        ] {
            assert!(matches(pattern, yes), "{pattern} {yes}");
            assert!(pattern == "**" || !matches(pattern, no), "{pattern} {no}");
        }
    }

    #[test]
    fn a_hostile_name_does_not_hang() {
        let name = "a".repeat(10_000);
        let started = std::time::Instant::now();
        assert!(!matches("**a**a**a**a**a**b", &name));
        assert!(!matches(&"{a,b}".repeat(40), &name));
        assert!(started.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_wrong_pattern_is_named() {
        assert!(
            check("a[b").is_err()
                && check("{a").is_err()
                && check("a}").is_err()
                && check("a\\").is_err()
        );
        assert!(check("**/{a,b}/[!x]?").is_ok());
    }
}
