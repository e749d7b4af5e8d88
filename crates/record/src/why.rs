//! Why something is in a program: chains of references from where the program begins. The document of `gospect why`.

use serde::Serialize;

/// Name and version of the document.
pub const SCHEMA: &str = "gospect-why/1";

/// How a function was seen to lead to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Nothing leads there: the program begins with it.
    Root,
    /// A direct call, or a jump at the end of a function; also a call of a function that was inlined.
    Call,
    /// Its address, or that of data that holds its address, is taken: function values, closures, `go` and `defer` statements, tables.
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

    /// Whether the code itself proves the step; other steps are possible, and whether they are taken depends on values.
    pub fn is_certain(self) -> bool {
        !matches!(self, Self::Value | Self::Method)
    }
}

/// One function of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name as the function table spells it.
    pub function: String,
    /// Source file of the instruction that leads to the next function; of its first instruction for the last function. `None`: the table does
    /// not tell.
    pub file: Option<String>,
    /// Line in that file.
    pub line: Option<u32>,
    /// How this function was reached.
    pub by: By,
}

/// What was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// One function.
    Function,
    /// All functions of a package.
    Package,
    /// All packages of a module.
    Module,
}

/// The answer for one name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The name as asked.
    pub name: String,
    /// What it names; `None`: nothing in the program.
    pub subject: Option<Subject>,
    /// Whether the program holds it.
    pub found: bool,
    /// Whether it exists only inside of other functions, as inlined code.
    pub inlined: bool,
    /// Functions that the name stands for.
    pub functions: u64,
    /// From a root to the function, the surest first; empty: the program holds it, and nothing was seen to lead there.
    pub chains: Vec<Vec<Step>>,
    /// Names of the program that are much like it, where it is not found.
    pub nearest: Vec<String>,
}

/// All answers for one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program, as it was named.
    pub program: String,
    /// Why nothing can be said about it, such as for want of a function table; `None`: the answers are whole.
    pub unknown: Option<String>,
    /// In the order of the questions; empty where nothing can be said.
    pub answers: Vec<Answer>,
}
