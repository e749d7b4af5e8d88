//! Globs over paths, module paths and other slash-separated names.
//!
//! `*` and `?` do not match `/`; `**` does (`**/x` also matches `x`); `[a-z]` and `[!a-z]` are sets; `{a,b}` are alternatives;
//! `\` makes the next character literal. Matching is by bytes. A pattern is compiled to steps that are followed in parallel (K.
//! Thompson, "Regular Expression Search Algorithm", 1968), so the cost of a match is at most the length of the pattern times
//! that of the text.
//!
//! Why not the crate `globset`, which `--exclude` uses: a policy may have thousands of patterns, may come from strangers, and
//! each pattern meets only a few texts. For 16,000 patterns like `github.com/acme7/*-lib/**`, globset takes 1.0 s and 127 MB to
//! compile and another 0.7 s and 133 MB for the first text (globset 0.4.22, release build); this takes 22 ms and keeps nothing.
//! A set of all of them is refused as too large. It also reads `**` as `*` inside a name, so that `app.tar.gz!**` would not
//! match `app.tar.gz!bin/app`.

/// Longest pattern; a longer one does not match.
const MAX_LENGTH: usize = 4096;

/// Whether `pattern` matches all of `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    if is_literal(pattern) {
        return pattern == text;
    }
    pattern.len() <= MAX_LENGTH && run(&compile(pattern.as_bytes()), text.as_bytes()).0
}

/// The path without `./` at its start, so that `./dist/app` and `dist/app` are one path.
pub fn without_dot(path: &str) -> &str {
    let mut plain = path;
    while let Some(rest) = plain.strip_prefix("./") {
        plain = rest.trim_start_matches('/');
    }
    if plain.is_empty() { path } else { plain }
}

/// Whether the pattern only matches the text that it is.
pub fn is_literal(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '{', '\\'])
}

/// A pattern that matches this text and no other.
pub fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\') && !is_literal(text) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// Whether any of `patterns` matches `text`.
pub fn any<S: AsRef<str>>(patterns: &[S], text: &str) -> bool {
    patterns.iter().any(|p| matches(p.as_ref(), text))
}

/// What is wrong with a pattern; the text completes a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// It is longer than [`MAX_LENGTH`].
    #[error("is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// It ends with a backslash, which makes the next character literal.
    #[error("ends in a lone backslash")]
    LoneBackslash,
    /// A closing brace has no opening one.
    #[error("has a `}}` without `{{`")]
    NotOpened,
    /// An opening brace has no closing one.
    #[error("has a `{{` without `}}`")]
    NotClosed,
    /// A set is not closed.
    #[error("has a `[` without `]`")]
    OpenSet,
}

/// Checks a pattern that somebody wrote.
pub fn check(pattern: &str) -> Result<(), GlobError> {
    if pattern.len() > MAX_LENGTH {
        return Err(GlobError::TooLong);
    }
    let mut braces = 0_u32;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next().ok_or(GlobError::LoneBackslash)?;
            }
            '{' => braces += 1,
            '}' => braces = braces.checked_sub(1).ok_or(GlobError::NotOpened)?,
            '[' => {
                let mut first = true;
                loop {
                    match chars.next() {
                        None => return Err(GlobError::OpenSet),
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
        Err(GlobError::NotClosed)
    } else {
        Ok(())
    }
}

/// A step of a compiled pattern.
enum Step<'p> {
    Byte(u8),
    /// `?`
    Any,
    /// The members of a set, and whether the set is negated.
    Set(&'p [u8], bool),
    /// `*`: any bytes except `/`.
    Star,
    /// `**`: any bytes.
    Deep,
    /// The directories that `**/` matches; the next step starts after a `/`.
    Directories,
    /// Continues with each of these steps.
    Split(Vec<usize>),
    Jump(usize),
    /// A set that is not closed: matches nothing.
    Never,
}

/// Alternatives during compilation.
struct Alternatives {
    split: usize,
    starts: Vec<usize>,
    jumps: Vec<usize>,
}

/// The steps of a pattern. The pattern matches once the last step is passed.
fn compile(pattern: &[u8]) -> Vec<Step<'_>> {
    let paired_braces = paired_braces(pattern);
    let mut steps = Vec::new();
    let mut groups: Vec<Alternatives> = Vec::new();
    let mut at = 0;
    while let Some(rest) = pattern.get(at..).filter(|rest| !rest.is_empty()) {
        let mut used = 1;
        match rest {
            [b'*', b'*', b'/', ..] => {
                let next = steps.len() + 1;
                steps.push(Step::Split(vec![next, next + 1]));
                steps.push(Step::Directories);
                used = 3;
            }
            [b'*', b'*', ..] => {
                steps.push(Step::Deep);
                used = 2;
            }
            [b'*', ..] => steps.push(Step::Star),
            [b'?', ..] => steps.push(Step::Any),
            [b'[', ..] => match set(rest) {
                Some((members, negated, len)) => {
                    steps.push(Step::Set(members, negated));
                    used = len;
                }
                None => steps.push(Step::Never),
            },
            [b'{', ..] if paired_braces.contains(&(at, true)) => {
                groups.push(Alternatives {
                    split: steps.len(),
                    starts: vec![steps.len() + 1],
                    jumps: Vec::new(),
                });
                steps.push(Step::Split(Vec::new()));
            }
            [b',', ..] if !groups.is_empty() => {
                if let Some(group) = groups.last_mut() {
                    group.jumps.push(steps.len());
                    group.starts.push(steps.len() + 1);
                }
                steps.push(Step::Jump(0));
            }
            [b'}', ..] if paired_braces.contains(&(at, false)) => {
                if let Some(group) = groups.pop() {
                    let end = steps.len();
                    for jump in group.jumps {
                        steps[jump] = Step::Jump(end);
                    }
                    steps[group.split] = Step::Split(group.starts);
                }
            }
            [b'\\', byte, ..] => {
                steps.push(Step::Byte(*byte));
                used = 2;
            }
            [byte, ..] => steps.push(Step::Byte(*byte)),
            [] => {}
        }
        at += used;
    }
    steps
}

/// The braces that have a partner: offset, and whether it is an opening one.
fn paired_braces(pattern: &[u8]) -> std::collections::HashSet<(usize, bool)> {
    let mut found = std::collections::HashSet::new();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b'[' => {
                let set = pattern.get(at..).and_then(set);
                at += set.map_or(0, |(_, _, len)| len - 1);
            }
            b'{' => open.push(at),
            b'}' => {
                if let Some(start) = open.pop() {
                    found.extend([(start, true), (at, false)]);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether the steps match the whole text, and how many steps that took.
fn run(steps: &[Step<'_>], text: &[u8]) -> (bool, usize) {
    let mut work = 0;
    let mut now = Vec::new();
    let mut next = Vec::new();
    // The round in which each step was entered last.
    let mut entered = vec![0; steps.len() + 1];
    enter(steps, 0, 1, &mut entered, &mut now, &mut work);
    for (round, &byte) in (2..).zip(text) {
        if now.is_empty() {
            return (false, work);
        }
        for &at in &now {
            let (stay, on) = match steps.get(at) {
                Some(Step::Byte(wanted)) => (false, *wanted == byte),
                Some(Step::Any) => (false, byte != b'/'),
                Some(Step::Set(members, negated)) => {
                    (false, byte != b'/' && holds(members, byte) != *negated)
                }
                Some(Step::Star) => (byte != b'/', false),
                Some(Step::Deep) => (true, false),
                Some(Step::Directories) => (true, byte == b'/'),
                _ => (false, false),
            };
            for place in [stay.then_some(at), on.then_some(at + 1)]
                .into_iter()
                .flatten()
            {
                enter(steps, place, round, &mut entered, &mut next, &mut work);
            }
        }
        now.clear();
        std::mem::swap(&mut now, &mut next);
    }
    (now.contains(&steps.len()), work)
}

/// Enters a step and all steps that it leads to without reading a byte.
fn enter(
    steps: &[Step<'_>],
    place: usize,
    round: usize,
    entered: &mut [usize],
    list: &mut Vec<usize>,
    work: &mut usize,
) {
    let mut open = vec![place];
    while let Some(at) = open.pop() {
        *work += 1;
        match entered.get_mut(at) {
            Some(last) if *last != round => *last = round,
            _ => continue,
        }
        match steps.get(at) {
            Some(Step::Split(starts)) => open.extend(starts),
            Some(Step::Jump(to)) => open.push(*to),
            Some(Step::Star | Step::Deep) => {
                list.push(at);
                open.push(at + 1);
            }
            _ => list.push(at),
        }
    }
}

/// The set `[...]` at the start of `pattern`: its members, whether it is negated, its length.
fn set(pattern: &[u8]) -> Option<(&[u8], bool, usize)> {
    let negated = pattern.get(1) == Some(&b'!');
    let start = 1 + usize::from(negated);
    let end = pattern.iter().skip(start + 1).position(|&b| b == b']')? + start + 1;
    Some((pattern.get(start..end)?, negated, end + 1))
}

/// Whether a byte is a member of a set.
fn holds(members: &[u8], byte: u8) -> bool {
    let mut rest = members;
    loop {
        rest = match rest {
            [low, b'-', high, ..] if (*low..=*high).contains(&byte) => return true,
            [_, b'-', _, rest @ ..] => rest,
            [one, ..] if *one == byte => return true,
            [_, rest @ ..] => rest,
            [] => return false,
        };
    }
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
        for pattern in [
            "**a**a**a**a**a**b",
            "*a*a*a*a*a*b",
            &"{a,b}".repeat(40),
            &"{a,**}".repeat(500),
            &("{".repeat(2000) + &"}".repeat(2000)),
        ] {
            let (found, steps) = run(&compile(pattern.as_bytes()), name.as_bytes());
            assert_eq!(found, pattern.starts_with("{a,**}"), "{pattern}");
            let most = 4 * (pattern.len() + 1) * (name.len() + 1);
            assert!(
                steps <= most,
                "{pattern}: {steps} steps, {most} are allowed"
            );
        }
        assert!(check(&"a".repeat(MAX_LENGTH + 1)).is_err());
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
