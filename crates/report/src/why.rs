//! Chains from the start of a program to the subject of a question: as text, JSON and a graph for Graphviz.

use super::chain::verdict;
use super::style::{Look, Tone, clean};
use gospect_record::why::{Answer, By, Step, Subject, Why};
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
        let _ = writeln!(
            text,
            "{}: no answer: {}",
            look.paint(Tone::Title, &clean(&why.program)),
            clean(unknown)
        );
    }
    for (index, answer) in why.answers.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        write_answer(&mut text, answer, look);
    }
    if let Some(legend) = legend(why) {
        let _ = writeln!(text, "\n{}", look.paint(Tone::Dim, &legend));
    }
    out.write_all(look.finish(&text).as_bytes())
}

fn write_answer(text: &mut String, answer: &Answer, look: &Look) {
    let name = clean(&answer.name);
    let Some(subject) = answer.subject.filter(|_| answer.found) else {
        let _ = writeln!(
            text,
            "{}: {}",
            look.paint(Tone::Title, &name),
            clean(answer.note.as_deref().unwrap_or("not in this program"))
        );
        text.push_str(match (answer.nearest.is_empty(), &answer.note) {
            (false, _) => "  names like it:\n",
            (true, None) => "  no name is like it; `gospect packages` lists what is in a program\n",
            (true, Some(_)) => "",
        });
        for near in &answer.nearest {
            let _ = writeln!(text, "    {}", clean(near));
        }
        return;
    };
    let what = match (subject, answer.functions) {
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
    };
    let _ = writeln!(text, "{}: {what}", look.paint(Tone::Title, &name));
    if answer.chains.is_empty() {
        text.push_str(match answer.inlined {
            true => "  its name is in the table of inlined calls, and no instruction of it is left\n",
            false => "  nothing was seen to lead there: the linker kept it, and no code of the program refers to it\n",
        });
    }
    for (index, chain) in answer.chains.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let width = chain
            .iter()
            .map(|s| clean(&s.function).chars().count())
            .max();
        let width = width.unwrap_or(0).min(WIDEST);
        for step in chain {
            let function = clean(&step.function).into_owned();
            let word = format!("{:<6}", step.word());
            let tone = if step.is_certain() {
                Tone::Dim
            } else {
                Tone::Warn
            };
            let place = place(step);
            let line = format!("{function:<width$}  {}", look.paint(Tone::Dim, &place));
            let _ = writeln!(text, "  {} {}", look.paint(tone, &word), line.trim_end());
        }
        text.push_str(&verdict(chain));
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
                    quoted(&from.function),
                    quoted(&to.function),
                    to.word(),
                    to.is_certain(),
                ));
            }
        }
        ends.extend(chain.last().map(|s| quoted(&s.function)));
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
}
