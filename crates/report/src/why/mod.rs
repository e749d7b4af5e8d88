//! Chains from the start of a program to the subject of a question: as text, JSON, a graph for Graphviz and a page.

mod page;

pub use page::html;

use super::chain::verdict;
use super::style::{Look, Tone, clean};
use gospect_record::why::{Answer, By, Step, Subject, Why, shown};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes the answers for a reader.
///
/// # Errors
/// When the output cannot be written.
pub fn text(why: &Why, look: &Look, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    if let Some(unknown) = &why.unknown {
        let program = look.paint(Tone::Title, &why.program);
        look.entry(
            &mut text,
            0,
            &format!("{program}: no answer: {}", clean(unknown)),
        );
    }
    for (index, answer) in why.answers.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        write_answer(&mut text, answer, look);
    }
    if let Some(legend) = legend(why) {
        text.push('\n');
        look.wrap(&mut text, "", &look.paint(Tone::Dim, &legend));
    }
    out.write_all(look.finish(&text).as_bytes())
}

fn write_answer(text: &mut String, answer: &Answer, look: &Look) {
    let name = look.paint(Tone::Title, &answer.name);
    let Some(what) = what(answer) else {
        let why = clean(answer.note.as_deref().unwrap_or(NOT_FOUND));
        look.entry(text, 0, &format!("{name}: {why}"));
        if !answer.nearest.is_empty() {
            text.push_str("  names like it:\n");
        } else if answer.note.is_none() {
            look.entry(text, 2, NO_NAME_LIKE_IT);
        }
        for near in &answer.nearest {
            look.entry(text, 4, &clean(&shown(near)));
        }
        return;
    };
    look.entry(text, 0, &format!("{name}: {what}"));
    if answer.chains.is_empty() {
        look.entry(text, 2, no_chain(answer));
    }
    for (index, chain) in answer.chains.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let width = chain
            .iter()
            .map(|s| clean(&s.shown()).chars().count())
            .max();
        let width = width.unwrap_or(0).min(WIDEST);
        for step in chain {
            write_step(text, step, width, look);
        }
        look.entry(text, 2, &verdict(chain));
    }
}

/// A step in one line, with the place in a column of its own; where that is too wide, with the place below.
fn write_step(text: &mut String, step: &Step, width: usize, look: &Look) {
    let tone = match step.is_certain() {
        true => Tone::Dim,
        false => Tone::Warn,
    };
    let by = look.paint(tone, &format!("{:<6}", step.word()));
    let head = format!("  {by} ");
    let function = step.shown();
    let function = clean(&function);
    let place = place(step);
    let columns = HEAD + width.max(function.chars().count()) + 2 + place.chars().count();
    if look.width.is_none_or(|all| columns <= all) {
        let line = format!("{function:<width$}  {}", look.paint(Tone::Dim, &place));
        let _ = writeln!(text, "{head}{}", line.trim_end());
        return;
    }
    look.wrap(text, &head, &function);
    if !place.is_empty() {
        let place = look.paint(Tone::Dim, &place);
        look.wrap(text, &" ".repeat(HEAD + 2), &place);
    }
}

/// The columns of the word before a function.
const HEAD: usize = 9;

/// What a name stands for; `None`: nothing in the program.
fn what(answer: &Answer) -> Option<String> {
    let subject = answer.subject.filter(|_| answer.found)?;
    Some(match (subject, answer.functions) {
        (Subject::Function, _) if answer.inlined => "a function, only inlined".to_owned(),
        (Subject::Function, _) => "a function".to_owned(),
        (Subject::Package, 1) => "a package, 1 function".to_owned(),
        (Subject::Package, number) => format!("a package, {number} functions"),
        (Subject::Module, 1) => "a module, 1 function".to_owned(),
        (Subject::Module, number) => format!("a module, {number} functions"),
        (Subject::Vulnerability, 1) => {
            "a vulnerability, 1 function or package of it is linked".to_owned()
        }
        (Subject::Vulnerability, number) => {
            format!("a vulnerability, {number} functions or packages of it are linked")
        }
    })
}

const NOT_FOUND: &str = "not in this program";
const NO_NAME_LIKE_IT: &str = "no name is like it; `gospect packages` lists what is in a program";

/// Why there is no chain to something that is in the program.
fn no_chain(answer: &Answer) -> &'static str {
    match answer.inlined {
        true => "its name is in the table of inlined calls, and no instruction of it is left",
        false => {
            "nothing was seen to lead there: the linker kept it, and no code of the program refers to it"
        }
    }
}

/// What words of uncertain steps mean, in the order of the table in docs/why.md.
const WORDS: [(By, &str); 2] = [
    (
        By::Value,
        "value: the code takes the address of the function, or of data that holds it",
    ),
    (
        By::Method,
        "method: its type is converted to an interface, or reflection may see it",
    ),
];

/// Explains the uncertain steps of all chains; `None` if there are none.
fn legend(why: &Why) -> Option<String> {
    let chains = why.answers.iter().flat_map(|answer| &answer.chains);
    let steps: Vec<&Step> = chains.flatten().filter(|step| !step.is_certain()).collect();
    let words = WORDS
        .iter()
        .filter(|(by, _)| steps.iter().any(|step| step.by == *by));
    let words: Vec<&str> = words.map(|(_, meaning)| *meaning).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Longer names push the text after them to the right.
const WIDEST: usize = 72;

fn place(step: &Step) -> String {
    match (&step.file, step.line) {
        (Some(file), Some(line)) => format!("{}:{line}", clean(file)),
        _ => String::new(),
    }
}

/// Writes one JSON document.
///
/// # Errors
/// When the output cannot be written.
pub fn json(why: &Why, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, why)?;
    out.write_all(b"\n")
}

/// Writes a graph in the language of Graphviz: functions as boxes, steps that code alone does not prove dashed.
///
/// # Errors
/// When the output cannot be written.
pub fn dot(why: &Why, out: &mut dyn Write) -> io::Result<()> {
    let mut edges: BTreeSet<(String, String, &'static str, bool)> = BTreeSet::new();
    let mut ends: BTreeSet<String> = BTreeSet::new();
    for chain in why.answers.iter().flat_map(|a| &a.chains) {
        for pair in chain.windows(2) {
            if let [from, to] = pair {
                edges.insert((
                    quoted(&from.shown()),
                    quoted(&to.shown()),
                    to.word(),
                    to.is_certain(),
                ));
            }
        }
        ends.extend(chain.last().map(|s| quoted(&s.shown())));
    }
    writeln!(out, "digraph why {{\n  rankdir=LR;\n  node [shape=box];")?;
    for end in ends {
        writeln!(out, "  {end} [style=bold];")?;
    }
    for (from, to, word, certain) in edges {
        match certain {
            true => writeln!(out, "  {from} -> {to};")?,
            false => writeln!(out, "  {from} -> {to} [label={word}, style=dashed];")?,
        }
    }
    writeln!(out, "}}")
}

/// A name in quotes, as Graphviz reads it.
fn quoted(name: &str) -> String {
    let name = clean(name).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(function: &str, by: By) -> Step {
        Step {
            function: function.to_owned(),
            file: Some("a.go".to_owned()),
            line: Some(7),
            by,
            go: false,
        }
    }

    #[test]
    fn a_chain_with_a_doubt_says_so_in_each_format() {
        let why = Why {
            schema: gospect_record::why::SCHEMA,
            program: "app".to_owned(),
            unknown: None,
            answers: vec![
                Answer {
                    name: "os/exec.(*Cmd).Start".to_owned(),
                    subject: Some(Subject::Function),
                    found: true,
                    inlined: false,
                    functions: 1,
                    chains: vec![vec![
                        step("main.main", By::Root),
                        step("main.\u{1b}run", By::Value),
                        step("os/exec.(*Cmd).Start", By::Call),
                    ]],
                    note: None,
                    nearest: vec![],
                },
                Answer {
                    name: "os/exek".to_owned(),
                    nearest: vec!["os/exec".to_owned()],
                    ..Answer::default()
                },
            ],
        };
        let render = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut out = Vec::new();
            write(&mut out);
            String::from_utf8(out).unwrap()
        };
        let shown = render(&|out| text(&why, &Look::PLAIN, out).unwrap());
        assert!(shown.contains("by a function value: whether"), "{shown}");
        assert!(!shown.contains('\u{1b}'));
        assert!(
            shown.ends_with(
                "\n\nvalue: the code takes the address of the function, or of data that holds it\n"
            ),
            "{shown}"
        );
        assert!(shown.contains("names like it:\n    os/exec\n"), "{shown}");
        let picture = render(&|out| dot(&why, out).unwrap());
        assert!(picture.contains("[label=value, style=dashed]"), "{picture}");
        let document = render(&|out| json(&why, out).unwrap());
        assert!(document.contains(r#""by": "value""#), "{document}");
    }
    /// On a terminal each step stands in one line if it fits; otherwise its place is below, and nothing is cut.
    #[test]
    fn steps_fit_the_width() {
        let long = "example.com/organisation/project/internal/commands.(*Runner).Start";
        let answer = Answer {
            name: long.to_owned(),
            subject: Some(Subject::Function),
            found: true,
            functions: 1,
            chains: vec![vec![step("main.main", By::Root), step(long, By::Method)]],
            ..Answer::default()
        };
        let why = Why {
            schema: gospect_record::why::SCHEMA,
            program: "app".to_owned(),
            unknown: None,
            answers: vec![answer],
        };
        let at = |columns: usize| {
            let look = Look {
                width: Some(columns),
                ..Look::PLAIN
            };
            let mut out = Vec::new();
            text(&why, &look, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        for columns in [40, 60, 80] {
            let shown = at(columns);
            let widest = shown.lines().map(|line| line.chars().count()).max();
            assert!(widest.unwrap() <= columns, "{columns}: {shown}");
            let whole: String = shown.split_whitespace().collect();
            assert!(whole.contains(&format!("method{long}a.go:7")), "{shown}");
        }
        let line = format!("  method {long}  a.go:7\n");
        assert!(at(100).contains(&line), "{}", at(100));
        assert!(!at(80).contains(&line), "{}", at(80));
    }
}
