//! What deployment files say: the variables they set and the `go` commands they run, each with its place.
//!
//! [`read`] tells the kind of a file ([`kind`]) and hands it to the reader of that kind; all of them fill one
//! [`Deployment`], so that rules need not know Dockerfiles from units. `text` keeps places, `shell` takes commands apart.
//!
//! Must never: judge, open a file, run or expand anything for real.

mod ci;
mod collect;
mod compose;
mod dockerfile;
mod env;
mod expand;
pub mod kind;
mod kubernetes;
mod make;
mod release;
mod role;
mod shell;
mod stages;
mod systemd;
pub mod text;
mod yaml;

pub use collect::{Invocation, Note, Oddity, Reader, Uses, Variable};
pub use kind::Kind;
pub use release::Toolchain;
pub use shell::{Assignment, Word};
pub use text::{Source, Span, Text};

use std::fmt;

/// Bytes of a file at the most: far above what people write, and a bound on work.
pub const LARGEST: u64 = 16 << 20;

/// What one file says.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// As given.
    pub path: String,
    /// What kind of file it is.
    pub kind: Kind,
    /// Every variable of interest, in the order of the file.
    pub variables: Vec<Variable>,
    /// Every `go` command, in the order of the file.
    pub commands: Vec<Invocation>,
    /// Files of variables that it names, as it names them.
    pub env_files: Vec<Text>,
    /// What only this kind of file can get wrong.
    pub notes: Vec<Note>,
    /// The Go release that files around it tell, such as go.mod; whoever reads files puts it in.
    pub around: Option<Toolchain>,
    /// The file itself.
    pub source: Source,
}

impl Deployment {
    /// A file that was looked at and says nothing about Go.
    pub fn blank(path: &str, kind: Kind) -> Deployment {
        collect::Collector::default().finish(path, kind, Source::default())
    }

    /// True when something in it depends on the Go release and nothing in it tells the release.
    pub fn asks_release(&self) -> bool {
        let depends = |name: &str| matches!(name, "GODEBUG" | "GOEXPERIMENT" | "GOROOT_FINAL");
        self.variables.iter().any(|v| {
            depends(&v.name) && v.reader != Reader::Nobody && v.go.is_none() && !v.value.is_empty()
        }) && self.around.is_none()
    }
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Neither name nor content tell what it is.
    Unknown,
    /// It is YAML, but none of the kinds.
    UnknownYaml,
    /// A kind that is recognised and not read; the words for several of them.
    NotRead(&'static str),
    /// A template that is no YAML before it is rendered, and that cannot be read around its marks.
    Template,
    /// It is not what it should be.
    Syntax {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unknown => f.write_str(
                "neither its name nor its content tells what kind of deployment file it is",
            ),
            Problem::UnknownYaml => f.write_str(
                "this YAML is neither a Compose file, nor Kubernetes manifests, nor a CI workflow",
            ),
            Problem::NotRead(what) => write!(f, "{what} are recognised and not read"),
            Problem::Template => {
                f.write_str("a template that cannot be read before it is rendered")
            }
            Problem::Syntax { line, column, what } => {
                write!(f, "line {line}, column {column}: {what}")
            }
        }
    }
}

impl std::error::Error for Problem {}

impl From<yaml::Problem> for Problem {
    fn from(p: yaml::Problem) -> Self {
        Problem::Syntax {
            line: p.line,
            column: p.column,
            what: p.what,
        }
    }
}

/// Reads a file of the kind given, or of the kind that its name or content tells.
///
/// # Errors
/// When the kind cannot be told, or the file is not YAML where it must be.
pub fn read(path: &str, text: &str, kind: Option<Kind>) -> Result<Deployment, Problem> {
    use kind::Named;
    let source = Source::new(text);
    let by_name = kind::of_name(path);
    let named = match (kind, by_name) {
        (Some(kind), _) => Named::Kind(kind),
        (None, Named::Nothing) => kind::of_content(source.as_str()),
        (None, named) => named,
    };
    let (kind, documents) = match named {
        Named::Nothing => return Err(Problem::Unknown),
        Named::Kind(kind) if !kind.is_yaml() => (kind, Vec::new()),
        Named::Kind(kind) => (kind, yaml::read(&source)?),
        Named::Yaml => {
            // What only looked like YAML and is none is simply something else.
            let documents = match yaml::read(&source) {
                Err(_) if by_name == Named::Nothing => return Err(Problem::Unknown),
                documents => documents?,
            };
            // A colon in the first line makes a text look like YAML, no more.
            let unknown = match by_name {
                Named::Nothing => Problem::Unknown,
                _ => Problem::UnknownYaml,
            };
            let kind = kind::of_documents(&documents).ok_or(unknown)?;
            (kind, documents)
        }
    };
    let mut found = collect::Collector::default();
    match kind {
        Kind::Dockerfile => dockerfile::read(&source, &mut found),
        Kind::Compose => compose::read(&documents, &mut found),
        Kind::Kubernetes => kubernetes::read(&documents, &mut found),
        Kind::Systemd => systemd::read(&source, &mut found),
        Kind::Shell => env::script(&source, &mut found),
        Kind::Make => make::read(&source, &mut found),
        Kind::Env => env::file(&source, &mut found),
        Kind::Ci => ci::read(&documents, &mut found),
    }
    Ok(found.finish(path, kind, source))
}

#[cfg(test)]
mod tests;
