//! Licence expressions of SPDX (specification 2.3, annex D): identifiers, `AND`, `OR`, `WITH` and parentheses.

use std::collections::BTreeSet;

/// Longest expression.
const MAX_LENGTH: usize = 200;

/// Identifiers of licences that an expression may have.
const LICENCES: [&str; 19] = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MPL-2.0",
    "Unlicense",
    "Zlib",
];

/// Identifiers of exceptions that may follow `WITH`.
const EXCEPTIONS: [&str; 4] = [
    "Classpath-exception-2.0",
    "GCC-exception-3.1",
    "LGPL-3.0-linking-exception",
    "LLVM-exception",
];

/// An expression that SPDX allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// The expression with single spaces and without parentheses around the whole.
    pub text: String,
    /// The licences that it names.
    pub ids: BTreeSet<String>,
}

impl Expression {
    /// One licence.
    pub(super) fn of(id: &str) -> Self {
        Self {
            text: id.to_owned(),
            ids: BTreeSet::from([id.to_owned()]),
        }
    }
}

/// The expression at the end of a line; the end of a comment may follow it. `None`: it breaks the grammar, or names an unknown licence.
pub(super) fn parse(line: &str) -> Option<Expression> {
    let line = line.trim();
    let end = ["-->", "*/"].iter().find_map(|end| line.strip_suffix(end));
    let line = end.unwrap_or(line);
    if line.len() > MAX_LENGTH {
        return None;
    }
    let spaced = line.replace('(', " ( ").replace(')', " ) ");
    let mut parser = Parser {
        tokens: spaced.split_whitespace().collect(),
        at: 0,
        ids: BTreeSet::new(),
    };
    let text = parser.any_of()?;
    let is_whole = parser.next().is_none();
    is_whole.then(|| Expression {
        text: bare(&text).to_owned(),
        ids: parser.ids,
    })
}

/// The text without parentheses around the whole.
fn bare(text: &str) -> &str {
    let inside = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    match inside {
        Some(inside) if is_balanced(inside) => inside,
        _ => text,
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0usize;
    text.chars().all(|c| match c {
        '(' => {
            depth += 1;
            true
        }
        ')' if depth == 0 => false,
        ')' => {
            depth -= 1;
            true
        }
        _ => true,
    })
}

/// Reads by the precedence of SPDX: `WITH`, `AND`, `OR`. The bound of the expression bounds its depth.
struct Parser<'l> {
    tokens: Vec<&'l str>,
    at: usize,
    ids: BTreeSet<String>,
}

impl<'l> Parser<'l> {
    fn next(&mut self) -> Option<&'l str> {
        let token = self.tokens.get(self.at).copied();
        self.at += 1;
        token
    }

    /// Takes the next token if it is this one.
    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.tokens.get(self.at) == Some(&token);
        self.at += usize::from(is_next);
        is_next
    }

    fn any_of(&mut self) -> Option<String> {
        let mut text = self.all_of()?;
        while self.takes("OR") {
            text = format!("{text} OR {}", self.all_of()?);
        }
        Some(text)
    }

    fn all_of(&mut self) -> Option<String> {
        let mut text = self.one()?;
        while self.takes("AND") {
            text = format!("{text} AND {}", self.one()?);
        }
        Some(text)
    }

    fn one(&mut self) -> Option<String> {
        if self.takes("(") {
            let inside = self.any_of()?;
            let is_single =
                !inside.contains(' ') || inside.starts_with('(') && bare(&inside) != inside;
            return self.takes(")").then(|| match is_single {
                true => inside,
                false => format!("({inside})"),
            });
        }
        let id = self.next().filter(|token| LICENCES.contains(token))?;
        self.ids.insert(id.to_owned());
        if self.takes("WITH") {
            let exception = self.next().filter(|token| EXCEPTIONS.contains(token))?;
            return Some(format!("{id} WITH {exception}"));
        }
        Some(id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> Option<String> {
        parse(line).map(|expression| expression.text)
    }

    #[test]
    fn expressions_are_read_by_the_grammar() {
        for (line, expected) in [
            (" MIT", "MIT"),
            ("(MIT)", "MIT"),
            ("((MIT))", "MIT"),
            ("MIT -->", "MIT"),
            ("MIT */", "MIT"),
            ("\tMIT  OR\tISC ", "MIT OR ISC"),
            ("(MIT OR ISC)", "MIT OR ISC"),
            ("((MIT OR ISC))", "MIT OR ISC"),
            ("(MIT OR ISC) AND Zlib", "(MIT OR ISC) AND Zlib"),
            (
                "(MIT OR ISC) AND (Zlib OR 0BSD)",
                "(MIT OR ISC) AND (Zlib OR 0BSD)",
            ),
            (
                "((MIT OR ISC) AND (Zlib OR 0BSD))",
                "(MIT OR ISC) AND (Zlib OR 0BSD)",
            ),
            (
                "Apache-2.0 WITH LLVM-exception OR MIT",
                "Apache-2.0 WITH LLVM-exception OR MIT",
            ),
        ] {
            assert_eq!(text(line).as_deref(), Some(expected), "{line}");
        }
        let ids = parse("MIT OR (ISC AND MIT)").unwrap().ids;
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["ISC", "MIT"]);
    }

    #[test]
    fn what_breaks_the_grammar_is_no_expression() {
        let deep = "(".repeat(199);
        let long = format!("MIT{}", " OR MIT".repeat(40));
        for line in [
            "",
            "()",
            "(",
            ")",
            "MIT OR",
            "OR MIT",
            "AND",
            "MIT MIT ISC )(",
            "MIT ISC",
            "(MIT",
            "MIT)",
            "MIT OR OR ISC",
            "mit",
            "MIT+",
            "MIT or ISC",
            "MIT WITH",
            "MIT WITH MIT",
            "(MIT OR ISC) WITH LLVM-exception",
            "LLVM-exception",
            "Something-1.0",
            "MIT, ISC",
            &deep,
            &long,
        ] {
            assert_eq!(text(line), None, "{line}");
        }
    }
}
