//! Why something is in a program: chains of references from the start of the program. The document of `gospect why`.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Name and version of the document.
pub const SCHEMA: &str = "gospect-why/1";

/// How a function leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Nothing leads to it: the program starts with it.
    Root,
    /// A direct call, or a jump at the end of a function, or a call that was inlined.
    Call,
    /// The code takes its address, or that of data that holds its address: function values, closures, `go` and `defer`
    /// statements, tables.
    Value,
    /// It is a method of a type that is converted to an interface, or that reflection may see.
    Method,
    /// The runtime calls it before `main.main`.
    Init,
}

impl By {
    /// The word of the JSON document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Call => "call",
            Self::Value => "value",
            Self::Method => "method",
            Self::Init => "init",
        }
    }

    /// Whether the code alone proves the step. Other steps are possible, but depend on values at run time.
    pub fn is_certain(self) -> bool {
        !matches!(self, Self::Value | Self::Method)
    }
}

/// One function of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its name as the function table spells it.
    pub function: String,
    /// Source file of the instruction that leads to the next function; for the last function, of its first instruction. `None`:
    /// the table does not say.
    pub file: Option<String>,
    /// Line in that file.
    pub line: Option<u32>,
    /// How this function is reached.
    pub by: By,
    /// Whether a goroutine starts with it, which the code proves although `by` is `value`.
    pub go: bool,
}

impl Step {
    /// Whether the code alone proves the step.
    pub fn is_certain(&self) -> bool {
        self.go || self.by.is_certain()
    }

    /// The name of the function for people.
    pub fn shown(&self) -> Cow<'_, str> {
        shown(&self.function)
    }

    /// How the function is reached, in one word for people.
    pub fn word(&self) -> &'static str {
        match self.go {
            true => "go",
            false => self.by.as_str(),
        }
    }
}

/// The name of a function for people: function tables write dots of the last element of an import path, and some other bytes, as
/// `%2e` (src/cmd/internal/objabi/path.go, PathToPrefix; Go 1.27).
pub fn shown(function: &str) -> Cow<'_, str> {
    if !function.contains('%') {
        return Cow::Borrowed(function);
    }
    let mut name = Vec::with_capacity(function.len());
    let mut rest = function.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| char::from(*after.get(at)?).to_digit(16);
        let byte = (first == b'%').then(|| Some(digit(0)? * 16 + digit(1)?));
        let byte = byte.flatten().and_then(|byte| u8::try_from(byte).ok());
        name.push(byte.unwrap_or(first));
        rest = byte.map_or(after, |_| after.get(2..).unwrap_or_default());
    }
    String::from_utf8(name).map_or(Cow::Borrowed(function), Cow::Owned)
}

/// Chains of references to what a command asks about while a program is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallChains {
    /// Why nothing, or not all, is known, such as a missing function table; `None`: everything was looked for.
    pub unknown: Option<String>,
    /// By function or package the best chain to it; empty: nothing leads to it.
    pub to: BTreeMap<String, Vec<Step>>,
}

impl CallChains {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let step = |step: &Step| {
            let file = step.file.as_ref().map_or(0, String::len);
            size_of::<Step>() + step.function.len() + file + 80
        };
        let chain = |(name, steps): (&String, &Vec<Step>)| {
            name.len() + 96 + steps.iter().map(step).sum::<usize>()
        };
        self.to.iter().map(chain).sum::<usize>() as u64
    }
}

/// The subject of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One function.
    Function,
    /// All functions of a package.
    Package,
    /// All packages of a module.
    Module,
    /// The vulnerable functions of an entry of the vulnerability database that are linked; its packages where it names no functions.
    Vulnerability,
}

/// The answer for one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The name in the question.
    pub name: String,
    /// The kind of thing that it names; `None`: nothing in the program.
    pub subject: Option<Subject>,
    /// Whether the program contains it.
    pub found: bool,
    /// Whether it exists only inlined.
    pub inlined: bool,
    /// Number of functions that the name covers.
    pub functions: u64,
    /// Chains from a root to the function, most certain first; empty: the program contains it, but nothing leads to it.
    pub chains: Vec<Vec<Step>>,
    /// Why it is not found, if more is known than that.
    pub note: Option<String>,
    /// Similar names in the program, if it was not found.
    pub nearest: Vec<String>,
}

/// All answers for one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program, as it was named.
    pub program: String,
    /// Why nothing is known about the program, such as a missing function table; `None`: the answers are complete.
    pub unknown: Option<String>,
    /// In the order of the questions; empty when nothing is known.
    pub answers: Vec<Answer>,
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn people_see_import_paths_as_they_write_them() {
        for (function, name) in [
            ("gopkg.in/yaml%2ev3.Marshal", "gopkg.in/yaml.v3.Marshal"),
            ("a.org/%e4%bd%a0.F", "a.org/\u{4f60}.F"),
            ("main.main", "main.main"),
            ("a%2.F%", "a%2.F%"),
            ("a%ff.F", "a%ff.F"),
        ] {
            assert_eq!(shown(function), name);
        }
    }
}
