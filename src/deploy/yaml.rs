//! YAML as a tree whose texts know their places.
//!
//! Bounded: nodes, depth and (for whoever walks a tree with aliases) visits. An alias shares its node, so a small file
//! cannot become a large tree; an alias inside its own anchor is nothing.

use super::text::{Source, Span, Text};
use std::rc::Rc;

/// Nodes of a file at the most.
#[cfg(feature = "lint")]
const MOST_NODES: usize = 1_000_000;
/// Collections inside collections at the most.
#[cfg(feature = "lint")]
const DEEPEST: usize = 128;
/// Merges inside merges, and of one key, at the most: nobody needs more.
const DEEPEST_MERGE: usize = 4;
const MOST_MERGES: usize = 32;
/// Entries of all mappings of a file together, those that merges bring in included, at the most.
#[cfg(feature = "lint")]
const MOST_ENTRIES: usize = 1_000_000;
/// Nodes that a walk visits at the most, aliases followed.
const MOST_VISITS: usize = 2_000_000;

/// A node.
#[derive(Debug, Default)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it begins.
    pub at: Span,
    /// Entries that a mapping has, those that merges bring in included.
    #[cfg(feature = "lint")]
    weight: usize,
}

/// What a node is.
#[derive(Debug)]
pub enum Value {
    /// A text, a number, a word, or nothing.
    Scalar(Text),
    /// A list.
    Sequence(Vec<Rc<Node>>),
    /// Keys and values in order.
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Default for Value {
    fn default() -> Self {
        Value::Scalar(Text::default())
    }
}

/// Why a file could not be read as YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// What is wrong.
    pub what: String,
}

impl Node {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&Text> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The characters of a scalar; empty for anything else.
    pub fn str(&self) -> &str {
        self.text().map_or("", Text::as_str)
    }

    /// The items of a list; a single scalar counts as a list of one.
    pub fn items(&self) -> Vec<&Node> {
        match &self.value {
            Value::Sequence(items) => items.iter().map(AsRef::as_ref).collect(),
            Value::Scalar(text) if !text.is_empty() => vec![self],
            _ => Vec::new(),
        }
    }

    /// True for a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    /// True for a list.
    pub fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// Keys and values with those that `<<` brings in, weakest first; nothing for anything but a mapping.
    pub fn pairs(&self) -> Vec<(&Node, &Node)> {
        let mut out = Vec::new();
        self.collect(&mut out, 0);
        out
    }

    fn collect<'a>(&'a self, out: &mut Vec<(&'a Node, &'a Node)>, depth: usize) {
        let Value::Mapping(pairs) = &self.value else {
            return;
        };
        if depth < DEEPEST_MERGE {
            for (_, value) in pairs.iter().filter(|(key, _)| key.str() == "<<") {
                match &value.value {
                    Value::Sequence(list) => {
                        // Of several the first wins.
                        for one in list.iter().take(MOST_MERGES).rev() {
                            one.collect(out, depth + 1);
                        }
                    }
                    _ => value.collect(out, depth + 1),
                }
            }
        }
        let own = pairs.iter().filter(|(key, _)| key.str() != "<<");
        out.extend(own.map(|(key, value)| (key.as_ref(), value.as_ref())));
    }

    /// The value of a key; of several the last.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.look(key, 0)
    }

    fn look(&self, key: &str, depth: usize) -> Option<&Node> {
        let Value::Mapping(pairs) = &self.value else {
            return None;
        };
        let own = pairs.iter().rev().find(|(k, _)| k.str() == key);
        if let Some((_, value)) = own.filter(|_| key != "<<") {
            return Some(value);
        }
        if depth >= DEEPEST_MERGE {
            return None;
        }
        let merges = pairs.iter().rev().filter(|(k, _)| k.str() == "<<");
        merges
            .into_iter()
            .find_map(|(_, value)| match &value.value {
                // Of several the first wins.
                Value::Sequence(list) => list
                    .iter()
                    .take(MOST_MERGES)
                    .find_map(|one| one.look(key, depth + 1)),
                _ => value.look(key, depth + 1),
            })
    }

    /// Entries that [`Node::pairs`] gives.
    #[cfg(feature = "lint")]
    fn weight(&self) -> usize {
        self.weight
    }

    /// The value at the end of a path of keys.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Calls `see` with every key and value anywhere below, and with the nodes above them, outermost first.
    pub fn walk<'a>(&'a self, see: &mut dyn FnMut(&[&'a Node], &'a Node, &'a Node)) {
        let mut visits = 0;
        self.walk_below(&mut vec![self], &mut visits, see);
    }

    fn walk_below<'a>(
        &'a self,
        above: &mut Vec<&'a Node>,
        visits: &mut usize,
        see: &mut dyn FnMut(&[&'a Node], &'a Node, &'a Node),
    ) {
        // Aliases can nest deeper than the file does.
        if above.len() > 256 {
            return;
        }
        let mut enter =
            |above: &mut Vec<&'a Node>,
             key: Option<&'a Node>,
             child: &'a Node,
             see: &mut dyn FnMut(&[&'a Node], &'a Node, &'a Node)| {
                *visits += 1;
                if *visits > MOST_VISITS {
                    return;
                }
                if let Some(key) = key {
                    see(above, key, child);
                }
                above.push(child);
                child.walk_below(above, visits, see);
                above.pop();
            };
        match &self.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => {
                for item in items {
                    enter(above, None, item, see);
                }
            }
            Value::Mapping(pairs) => {
                for (key, value) in pairs {
                    enter(above, Some(key), value, see);
                }
            }
        }
    }
}

/// Reads every document of a file.
///
/// # Errors
/// When it is not YAML, or is larger than anybody writes.
#[cfg(not(feature = "lint"))]
pub fn read(_: &Source) -> Result<Vec<Node>, Problem> {
    Err(Problem {
        line: 1,
        column: 1,
        what: "YAML needs a build with the feature `lint`".to_owned(),
    })
}

/// Reads every document of a file.
///
/// # Errors
/// When it is not YAML, or is larger than anybody writes.
#[cfg(feature = "lint")]
pub fn read(source: &Source) -> Result<Vec<Node>, Problem> {
    build::read(source)
}

#[cfg(feature = "lint")]
mod build {
    use super::*;
    use granit_parser::{Event, Parser, ScalarStyle, Span as Place};
    use std::collections::HashMap;

    /// A collection that is not closed yet.
    struct Open {
        anchor: usize,
        at: Span,
        mapping: bool,
        nodes: Vec<Rc<Node>>,
    }

    pub fn read(source: &Source) -> Result<Vec<Node>, Problem> {
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
                        weight: 0,
                    });
                    keep(&mut anchors, anchor, &node);
                    node
                }
                Event::Alias(anchor) => anchors.get(&anchor).cloned().unwrap_or_default(),
                Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                    if open.len() >= DEEPEST {
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
                        weight,
                    });
                    keep(&mut anchors, top.anchor, &node);
                    node
                }
                Event::DocumentEnd => {
                    if let Some(node) = root.take() {
                        // Anchors hold the document together no longer.
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

    /// The characters of a scalar with their places, as far as they stand in the file as they are.
    fn scalar(value: &str, style: ScalarStyle, at: Span, lines: &[&str]) -> Text {
        let line = |n: u32| lines.get((n as usize).saturating_sub(1)).copied();
        let traced = match style {
            ScalarStyle::Literal | ScalarStyle::Folded => block(value, at, lines),
            ScalarStyle::Plain => as_written(value, line(at.line), at.line, at.column),
            _ => as_written(value, line(at.line), at.line, at.column.saturating_add(1)),
        };
        traced.unwrap_or_else(|| Text::fixed(value, at))
    }

    /// Longest line, in bytes, in which characters are counted; in a longer one a byte counts as a character, since
    /// counting for every value would take a file of one line forever.
    const COUNTED: usize = 4096;

    /// The value when the line says just that from the column on.
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

    /// A block scalar, followed line by line.
    fn block(value: &str, at: Span, lines: &[&str]) -> Option<Text> {
        // The mark stands at the header or at the first line, by version of the parser: the first line that fits decides.
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
            // Blank lines and line ends come out as line ends or blanks, or not at all.
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
}

#[cfg(all(test, feature = "lint"))]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        read(&Source::new(text)).unwrap().remove(0)
    }

    fn place(node: &Node, part: &str) -> (u32, u32) {
        let span = node.text().unwrap().find(part);
        (span.line, span.column)
    }

    #[test]
    fn scalars_of_every_style_know_their_places() {
        let doc = one(
            "a: plain x\nb: 'single x'\nc: \"double x\"\nd: |\n  one\n    two x\n\n  three x\ne: >-\n  folded\n  more x\nf: \"esc\\taped x\"\ng: [u, v x]\n",
        );
        for (key, line, column) in [
            ("a", 1, 10),
            ("b", 2, 12),
            ("c", 3, 12),
            ("d", 6, 9),
            ("e", 11, 8),
            ("f", 12, 4),
        ] {
            assert_eq!(place(doc.get(key).unwrap(), "x"), (line, column), "{key}");
        }
        assert_eq!(place(doc.get("d").unwrap(), "three"), (8, 3));
        assert_eq!(place(doc.get("g").unwrap().items()[1], "x"), (13, 10));
    }

    #[test]
    fn documents_merges_and_aliases() {
        let text = "base: &b\n  A: 1\n  B: 2\nuse:\n  <<: *b\n  B: 3\n---\n- *nothing\n";
        assert!(read(&Source::new(text)).is_err(), "an alias without anchor");
        let docs = read(&Source::new("a: &a {x: 1}\nb: *a\n---\nc: 1\n")).unwrap();
        assert_eq!(docs.len(), 2);
        assert_eq!(docs[0].find(&["b", "x"]).unwrap().str(), "1");
        let doc = one("base: &b\n  A: 1\n  B: 2\nuse:\n  <<: *b\n  B: 3\n");
        let used = doc.get("use").unwrap();
        assert_eq!(
            (used.get("A").unwrap().str(), used.get("B").unwrap().str()),
            ("1", "3")
        );
    }

    #[test]
    fn what_others_read_is_read() {
        for text in [
            "a:\n  command: [\n    \"start\"\n  ]\n  b: 1\n",
            "a: {\n\"start\": 1\n}\nb: 1\n",
            "a: \"x\n y\nz\"\nb: 1\n",
            "a:\n- b\n- [c,\nd]\nb: 1\n",
            "a:\t1\nb: [1,2]\t\n",
        ] {
            let doc = one(text);
            assert!(doc.is_mapping(), "{text}");
        }
        let doc = one("a:\n  command: [\n    \"start\"\n  ]\n  b: 1\n");
        assert_eq!(doc.find(&["a", "b"]).unwrap().str(), "1");
    }

    #[test]
    fn merges_that_multiply_are_refused() {
        let file = |n: usize| {
            let mut text = String::from("x: &e\n");
            (0..n).for_each(|i| text += &format!("  GO{i}: 1\n"));
            (0..n).for_each(|i| text += &format!("s{i}:\n  <<: *e\n"));
            text
        };
        let small = one(&file(40));
        assert_eq!(small.find(&["s7", "GO39"]).unwrap().str(), "1");
        let problem = read(&Source::new(&file(4000))).unwrap_err();
        assert!(problem.what.contains("merge keys"), "{problem:?}");
    }

    #[test]
    fn bombs_end_soon() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..30 {
            let list = vec![format!("*a{}", i - 1); 10].join(",");
            bomb += &format!("a{i}: &a{i} [{list}]\n");
        }
        let doc = one(&bomb);
        let mut seen = 0;
        doc.walk(&mut |_, _, _| seen += 1);
        assert!(seen > 0);
        let itself = one("a: &a\n  b: *a\n  c: 1\n");
        assert_eq!(itself.find(&["a", "c"]).unwrap().str(), "1");
        let deep = "[".repeat(10_000);
        assert!(read(&Source::new(&deep)).is_err());
        let deep: String = (0..300).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        assert!(read(&Source::new(&deep)).is_err());
    }
}
