//! Parses Dockerfiles: instructions with their continuations, comments, escape directive and here-documents.
//! [`super::stages`] interprets the instructions.

use super::shell::Word;
use super::text::{Span, Text};

/// One instruction.
#[derive(Debug)]
pub struct Instruction {
    /// In capitals.
    pub keyword: String,
    /// Whether it is an argument of ONBUILD.
    pub onbuild: bool,
    /// What follows the keyword.
    pub body: Text,
    /// Its here-documents.
    pub heredocs: Vec<Text>,
    /// Its start.
    pub at: Span,
}

/// A file.
#[derive(Debug)]
pub struct Dockerfile {
    /// The character that escapes and continues lines: `\`, or that of the directive.
    pub escape: char,
    /// Its instructions in order.
    pub instructions: Vec<Instruction>,
}

/// `# escape=` + "`" + before anything but other directives.
fn escape(lines: &[Text]) -> char {
    for line in lines {
        let Some((name, value)) = line
            .as_str()
            .trim()
            .strip_prefix('#')
            .and_then(|d| d.split_once('='))
        else {
            break;
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "escape" => return if value.trim() == "`" { '`' } else { '\\' },
            "syntax" | "check" => {}
            _ => break,
        }
    }
    '\\'
}

/// The instructions of some lines.
pub fn parse(lines: &[Text]) -> Dockerfile {
    let escape = escape(lines);
    let mut instructions = Vec::new();
    let mut lines = lines.iter();
    while let Some(text) = logical(&mut lines, escape) {
        let mut instruction = split(&text);
        if matches!(&*instruction.keyword, "RUN" | "COPY" | "ADD") {
            for (word, dash) in heredocs(instruction.body.as_str()) {
                instruction.heredocs.push(heredoc(&mut lines, &word, dash));
            }
        }
        instructions.push(instruction);
    }
    Dockerfile {
        escape,
        instructions,
    }
}

/// The next instruction as one line, without comments and blank lines between its parts.
fn logical<'a>(lines: &mut impl Iterator<Item = &'a Text>, escape: char) -> Option<Text> {
    let mut open: Option<Text> = None;
    for line in lines.by_ref() {
        let chars = line.as_str();
        let trimmed = chars.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let (line_number, column) = line.place(0);
        let text = open.get_or_insert_with(|| Text::at(line_number, column));
        match chars.trim_end().strip_suffix(escape) {
            Some(content) => text.append(line, 0..content.len()),
            None => {
                text.append(line, 0..chars.len());
                return open;
            }
        }
    }
    open
}

fn split(text: &Text) -> Instruction {
    let mut rest = text.trim();
    let at = rest.whole();
    let mut onbuild = false;
    loop {
        let chars = rest.as_str();
        let end = chars.find(char::is_whitespace).unwrap_or(chars.len());
        let keyword = chars.get(..end).unwrap_or_default().to_ascii_uppercase();
        let body = rest.slice(end..chars.len()).trim();
        if keyword == "ONBUILD" && !onbuild {
            (onbuild, rest) = (true, body);
            continue;
        }
        return Instruction {
            keyword,
            onbuild,
            body,
            heredocs: Vec::new(),
            at,
        };
    }
}

/// The words after `<<`, each with whether leading tabs of lines are removed (`<<-`).
fn heredocs(body: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find("<<") {
        rest = rest.get(at + 2..).unwrap_or_default();
        if let Some(string) = rest.strip_prefix('<') {
            rest = string;
            continue;
        }
        let dash = rest.starts_with('-');
        let word = rest.strip_prefix('-').unwrap_or(rest);
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        let word = quote.map_or(word, |q| word.trim_start_matches(q));
        let word: String = word
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
            .collect();
        if word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            found.push((word, dash));
        }
    }
    found
}

fn heredoc<'a>(lines: &mut impl Iterator<Item = &'a Text>, word: &str, dash: bool) -> Text {
    let mut text = Text::default();
    for line in lines.by_ref() {
        let chars = line.as_str();
        let end = if dash {
            chars.trim_start_matches('\t')
        } else {
            chars
        };
        if end == word {
            break;
        }
        // `<<-` removes leading tabs of each line.
        let tabs = chars.len() - chars.trim_start_matches('\t').len();
        text.append(line, if dash { tabs } else { 0 }..chars.len());
        let (line, column) = line.place(chars.len());
        text.push('\n', line, column);
    }
    text
}

/// The flags at the start of a body, `--name=value`, and where they end.
pub fn flags(body: &Text) -> (Vec<(String, String)>, usize) {
    let chars = body.as_str();
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = chars.get(at..).unwrap_or_default();
        let skipped = rest.len() - rest.trim_start().len();
        let Some(flag) = rest.trim_start().strip_prefix("--") else {
            return (found, at + skipped);
        };
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        let flag = flag.get(..end).unwrap_or_default();
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        found.push((name.to_owned(), value.to_owned()));
        at += skipped + 2 + end;
    }
}

/// The words of an exec form, `["a", "b"]`; `None` if it is malformed, and Docker treats it as shell form.
pub fn exec_form(body: &Text) -> Option<Vec<Word>> {
    let chars = body.as_str();
    if !chars.starts_with('[') {
        return None;
    }
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut iterator = chars.char_indices().skip(1);
    while let Some((at, c)) = iterator.next() {
        let Some(open) = &mut word else {
            match c {
                '"' => word = Some(Word::default()),
                ']' => return chars.get(at + 1..)?.trim().is_empty().then_some(words),
                ',' => {}
                c if c.is_whitespace() => {}
                _ => return None,
            }
            continue;
        };
        match c {
            '"' => words.extend(word.take()),
            '\\' => {
                let (at, c) = iterator.next()?;
                open.text.append(body, at..at + c.len_utf8());
            }
            _ => {
                open.dynamic |= c == '$';
                open.text.append(body, at..at + c.len_utf8());
            }
        }
    }
    None
}

/// Splits the words of ENV, ARG and LABEL at blanks outside of quotes. Quotes are removed, and the escape character keeps the next character
/// as it is. Before `$` it remains, for the expansion.
pub fn words(text: &Text, escape: char, split: bool) -> Vec<Text> {
    let mut out = Vec::new();
    let mut word: Option<Text> = None;
    let mut quote: Option<char> = None;
    let chars = text.as_str();
    let mut iterator = chars.char_indices().peekable();
    while let Some((at, c)) = iterator.next() {
        let one = at..at + c.len_utf8();
        let (line, column) = text.place(at);
        match c {
            '\'' | '"' if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => {
                quote = Some(c);
                word.get_or_insert_with(|| Text::at(line, column));
            }
            c if split && c.is_whitespace() && quote.is_none() => out.extend(word.take()),
            c if c == escape && quote != Some('\'') => {
                let word = word.get_or_insert_with(|| Text::at(line, column));
                match iterator.peek().copied() {
                    Some((_, '$')) => word.append(text, one),
                    Some((next, c)) if quote.is_none() || c == '"' || c == escape => {
                        word.append(text, next..next + c.len_utf8());
                        iterator.next();
                    }
                    _ => word.append(text, one),
                }
            }
            _ => word
                .get_or_insert_with(|| Text::at(line, column))
                .append(text, one),
        }
    }
    out.extend(word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Dockerfile {
        let source = crate::Source::new(text);
        let lines: Vec<Text> = source.lines().map(|(n, l)| Text::line(l, n, 1)).collect();
        parse(&lines)
    }

    #[test]
    fn instructions_over_lines_comments_and_documents() {
        let file = parsed(
            "# syntax=docker/dockerfile:1\nfrom golang:1.27 as b\nRUN go \\\n  # a comment\n\n  build\nCOPY <<EOF /x\nRUN no\nEOF\nRUN <<-'A' cat <<B\n\tone\n\tA\ntwo\nB\nONBUILD ENV A=1\n",
        );
        let got: Vec<(String, String)> = file
            .instructions
            .iter()
            .map(|i| (i.keyword.clone(), i.body.as_str().to_owned()))
            .collect();
        let want = [
            ("FROM", "golang:1.27 as b"),
            ("RUN", "go   build"),
            ("COPY", "<<EOF /x"),
            ("RUN", "<<-'A' cat <<B"),
            ("ENV", "A=1"),
        ];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(file.instructions[1].body.find("build").line, 6);
        let documents: Vec<&str> = file.instructions[3]
            .heredocs
            .iter()
            .map(Text::as_str)
            .collect();
        assert_eq!(documents, ["one\n", "two\n"]);
        assert!(file.instructions[4].onbuild);
    }

    #[test]
    fn the_escape_character_can_be_another() {
        let file = parsed("# escape=`\nRUN dir C:\\ `\n && x\n");
        assert_eq!(file.escape, '`');
        assert_eq!(file.instructions[0].body.as_str(), "dir C:\\  && x");
        assert_eq!(parsed("# a comment\n# escape=`\nRUN x").escape, '\\');
    }

    #[test]
    fn words_lose_their_quotes_and_keep_their_places() {
        let text = Text::line(r#"A="x y" B=a\ b 'C=d' E=\$F"#, 1, 5);
        let got = words(&text, '\\', true);
        let strings: Vec<&str> = got.iter().map(Text::as_str).collect();
        assert_eq!(strings, ["A=x y", "B=a b", "C=d", r"E=\$F"]);
        assert_eq!(got[1].find("b").column, 18);
    }

    #[test]
    fn exec_forms() {
        let words = |t: &str| {
            exec_form(&Text::line(t, 1, 1))
                .map(|w| w.iter().map(|w| w.as_str().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            words(r#"["sh", "-c", "a \"b\""]"#).unwrap(),
            ["sh", "-c", "a \"b\""]
        );
        assert_eq!(words("[ -f x ] && y"), None);
        assert_eq!(words(r#"["open"#), None);
        assert_eq!(words("[]").unwrap(), Vec::<String>::new());
    }
}
