//! Builds the tree from the events of the YAML parser.

use super::super::text::{Source, Span, Text};
use super::{MOST_MERGES, Node, Problem, Value};
use granit_parser::{Event, Parser, ScalarStyle, Span as Place};
use std::collections::HashMap;
use std::rc::Rc;

/// Most nodes of a file.
const MOST_NODES: usize = 1_000_000;
/// Most nested collections.
const MAX_DEPTH: usize = 128;
/// Most entries of all mappings of a file, merged ones included.
const MOST_ENTRIES: usize = 1_000_000;

/// A collection that is not closed yet.
struct Open {
    anchor: usize,
    at: Span,
    mapping: bool,
    nodes: Vec<Rc<Node>>,
}

/// Reads every document of a file.
pub(super) fn read(source: &Source) -> Result<Vec<Node>, Problem> {
    let lines: Vec<&str> = source.as_str().lines().collect();
    let mut documents = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    let mut root: Option<Rc<Node>> = None;
    let mut count = 0_usize;
    let mut entries = 0_usize;
    for event in Parser::new_from_str(source.as_str()) {
        let (event, place) = event.map_err(|e| Problem {
            line: number_of(e.marker().line()),
            column: number_of(e.marker().col()).saturating_add(1),
            what: e.info(),
        })?;
        let at = span(place);
        let too = |what: &str| Problem {
            line: at.line,
            column: at.column,
            what: what.to_owned(),
        };
        count += 1;
        if count > MOST_NODES {
            return Err(too("more nodes than a deployment file has; split the file"));
        }
        let done: Rc<Node> = match event {
            Event::Scalar(value, style, anchor, _) => {
                let text = scalar(&value, style, at, &lines);
                let node = Rc::new(Node {
                    value: Value::Scalar(text),
                    at,
                    is_null: is_null(&value, style),
                    weight: 0,
                });
                keep(&mut anchors, anchor, &node);
                node
            }
            Event::Alias(anchor) => anchors.get(&anchor).cloned().unwrap_or_default(),
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                if open.len() >= MAX_DEPTH {
                    return Err(too("nested deeper than a deployment file is"));
                }
                open.push(Open {
                    anchor,
                    at,
                    mapping: matches!(event, Event::MappingStart(..)),
                    nodes: Vec::new(),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(top) = open.pop() else { continue };
                let value = if top.mapping {
                    let mut nodes = top.nodes.into_iter();
                    let mut pairs = Vec::new();
                    while let (Some(key), Some(value)) = (nodes.next(), nodes.next()) {
                        pairs.push((key, value));
                    }
                    Value::Mapping(pairs)
                } else {
                    Value::Sequence(top.nodes)
                };
                let weight = entries_of(&value);
                entries = entries.saturating_add(weight);
                if entries > MOST_ENTRIES {
                    return Err(too(
                        "merge keys bring in more entries than a deployment file has",
                    ));
                }
                let node = Rc::new(Node {
                    value,
                    at: top.at,
                    is_null: false,
                    weight,
                });
                keep(&mut anchors, top.anchor, &node);
                node
            }
            Event::DocumentEnd => {
                if let Some(node) = root.take() {
                    // The document is complete: without the anchors, its nodes have one owner again.
                    anchors.clear();
                    documents.push(Rc::try_unwrap(node).unwrap_or_default());
                }
                continue;
            }
            _ => continue,
        };
        match open.last_mut() {
            Some(parent) => parent.nodes.push(done),
            None => root = Some(done),
        }
    }
    Ok(documents)
}

fn entries_of(value: &Value) -> usize {
    let Value::Mapping(pairs) = value else {
        return 0;
    };
    let merged = pairs.iter().filter(|(key, _)| key.str() == "<<");
    let merged = merged.map(|(_, value)| match &value.value {
        Value::Sequence(list) => list.iter().take(MOST_MERGES).map(|n| n.weight()).sum(),
        _ => value.weight(),
    });
    merged.fold(pairs.len(), usize::saturating_add)
}

fn keep(anchors: &mut HashMap<usize, Rc<Node>>, anchor: usize, node: &Rc<Node>) {
    if anchor > 0 {
        anchors.insert(anchor, Rc::clone(node));
    }
}

fn number_of(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn span(place: Place) -> Span {
    Span {
        line: number_of(place.start.line()),
        column: number_of(place.start.col()).saturating_add(1),
        end_line: number_of(place.end.line()),
        end_column: number_of(place.end.col()).saturating_add(1),
    }
}

/// For every reader of these files, a plain `null` means no value.
fn is_null(value: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(value, "" | "~" | "null" | "Null" | "NULL")
}

/// The characters of a scalar with their places. Characters that differ from the file get the place of the scalar.
fn scalar(value: &str, style: ScalarStyle, at: Span, lines: &[&str]) -> Text {
    let line = |n: u32| lines.get((n as usize).saturating_sub(1)).copied();
    if is_null(value, style) {
        return Text::fixed("", at);
    }
    let traced = match style {
        ScalarStyle::Literal | ScalarStyle::Folded => block(value, at, lines),
        ScalarStyle::Plain => as_written(value, line(at.line), at.line, at.column),
        _ => as_written(value, line(at.line), at.line, at.column.saturating_add(1)),
    };
    traced.unwrap_or_else(|| Text::fixed(value, at))
}

/// Longest line, in bytes, in which columns are counted in characters. In longer lines a byte counts as a character:
/// counting characters for every value would take quadratic time in a file of one line.
const COUNTED: usize = 4096;

/// The value, if the line has exactly these characters from the column on.
fn as_written(value: &str, line: Option<&str>, number: u32, column: u32) -> Option<Text> {
    let line = line?;
    let start = (column as usize).saturating_sub(1);
    let at = if line.len() > COUNTED {
        start
    } else {
        line.char_indices().nth(start)?.0
    };
    let fits = line.get(at..)?.starts_with(value);
    fits.then(|| Text::line(value, number, column))
}

/// The characters of a block scalar, line by line.
fn block(value: &str, at: Span, lines: &[&str]) -> Option<Text> {
    // Depending on its version, the parser reports the place of the header or of the first line: the first line that matches is used.
    let first = value.lines().find(|l| !l.trim().is_empty())?;
    let first = first.split_whitespace().next()?;
    let start = (at.line as usize..)
        .take(3)
        .map(|n| n.saturating_sub(1))
        .find(|n| {
            lines
                .get(*n)
                .is_some_and(|l| l.trim_start().starts_with(first))
        })?;
    let mut text = Text::default();
    let mut rest = value;
    for (number, line) in (start..).zip(lines.get(start..)?) {
        if rest.is_empty() {
            break;
        }
        // The parser turns blank lines and line ends into line ends or blanks, or removes them.
        let end = (number_of(number + 1), number_of(line.chars().count() + 1));
        let content = line.trim();
        if let Some(found) = rest
            .find(content)
            .filter(|f| rest.get(..*f).is_some_and(|b| b.trim().is_empty()))
        {
            let (blank, from) = rest.split_at(found);
            let indent = line.chars().take_while(|c| c.is_whitespace()).count();
            let column = number_of(indent + 1);
            blank.chars().for_each(|c| text.push(c, end.0, column));
            text.extend(content, end.0, column);
            rest = from.get(content.len()..).unwrap_or_default();
            if let Some(c) = rest.chars().next().filter(|c| c.is_whitespace()) {
                text.push(c, end.0, end.1);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        } else {
            return None;
        }
    }
    (text.as_str() == value).then_some(text)
}
