//! YAML as a tree whose texts have places.
//!
//! Nodes, depth and visits of a walk are limited. An alias shares its node, so a small file
//! cannot become a large tree; an alias inside of its own anchor is empty.

#[cfg(feature = "lint")]
mod parse;

use super::text::{Source, Span, Text};
use std::rc::Rc;

/// Most nested merges, and most merges of one key.
const DEEPEST_MERGE: usize = 4;
const MOST_MERGES: usize = 32;
/// Most nodes that a walk visits, aliases followed.
const MOST_VISITS: usize = 2_000_000;

/// A node.
#[derive(Debug, Default)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Its start.
    pub at: Span,
    /// Whether it is `null`, written or left out, and not an empty text.
    pub is_null: bool,
    /// Number of entries of a mapping, merged ones included.
    #[cfg(feature = "lint")]
    weight: usize,
}

/// The value of a node.
#[derive(Debug)]
pub enum Value {
    /// A text, a number, a keyword, or nothing.
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

    /// Keys and values, with those of `<<` merges; of several with one key, the last counts. Empty for anything but a mapping.
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
                        // The first of several merged mappings has priority.
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

    /// The value of a key; of several, the last one.
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
                // The first of several merged mappings has priority.
                Value::Sequence(list) => list
                    .iter()
                    .take(MOST_MERGES)
                    .find_map(|one| one.look(key, depth + 1)),
                _ => value.look(key, depth + 1),
            })
    }

    /// Number of entries that [`Node::pairs`] returns.
    #[cfg(feature = "lint")]
    fn weight(&self) -> usize {
        self.weight
    }

    /// The value at the end of a path of keys.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Calls `see` with every key and value at any depth, and with the nodes above them, outermost first.
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
/// When it is not YAML, or exceeds the limits.
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
/// When it is not YAML, or exceeds the limits.
#[cfg(feature = "lint")]
pub fn read(source: &Source) -> Result<Vec<Node>, Problem> {
    parse::read(source)
}

#[cfg(all(test, feature = "lint"))]
mod tests;
