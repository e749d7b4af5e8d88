//! The content of deployment files: the variables that they set and the `go` commands that they run, each with its place.
//!
//! [`read`] finds the kind of a file ([`kind`]) and calls the reader of that kind. All readers fill a
//! [`Deployment`], so that rules need not know the kinds. `text` keeps places, `shell` splits commands.
//!
//! Must never: judge, open a file, run a command.
//!
//! ```
//! let text = "FROM golang:1.27\nENV GODEBUG=http2client=0\n";
//! let file = gospect_deploy::read("Dockerfile", text, None).unwrap();
//! assert_eq!(file.variables[0].name, "GODEBUG");
//! assert_eq!(file.variables[0].at.line, 2);
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod assignment;
mod ci;
mod collect;
mod compose;
mod dockerfile;
mod earthly;
mod env;
mod expand;
mod facts;
mod goreleaser;
#[cfg(feature = "lint")]
mod hcl;
mod helm;
mod jenkins;
mod just;
pub mod kind;
mod kubernetes;
mod kustomize;
mod make;
mod melange;
mod passed_on;
mod place;
pub mod placeholder;
mod platform;
mod powershell;
mod release;
mod role;
mod shell;
mod stages;
mod systemd;
mod task;
mod template;
pub mod text;
mod yaml;

pub use facts::{
    Definition, Invocation, Leaves, Mistake, Note, Reader, ReleasedBy, Start, Uses, Variable,
};
pub use kind::Kind;
pub use release::Toolchain;
pub use shell::{Assignment, Word};
pub use template::Values;
pub use text::{Source, Span, Text};

use std::fmt;

/// Largest file in bytes: far above real files, and a bound on the work.
pub const LARGEST: u64 = 16 << 20;

/// The facts of one file.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// As given.
    pub path: String,
    /// What kind of file it is.
    pub kind: Kind,
    /// Every variable that concerns Go, in the order of the file.
    pub variables: Vec<Variable>,
    /// Every `go` command, in the order of the file.
    pub commands: Vec<Invocation>,
    /// Every other command by name, in the order in which it was read.
    pub starts: Vec<Start>,
    /// Files of variables that it refers to, as written.
    pub env_files: Vec<Text>,
    /// The variables that `-X` sets in its builds.
    pub definitions: Vec<Definition>,
    /// Mistakes that only this kind of file can have.
    pub notes: Vec<Note>,
    /// The Go release that files around it name, such as go.mod; set by the caller.
    pub around: Option<Toolchain>,
    /// The module of the go.mod around it; set by the caller.
    pub module: Option<String>,
    /// Its folder, relative to the directory that was searched, with `/`; set by the caller.
    pub inside: Option<String>,
    /// What builds the releases of its project; set by the caller.
    pub released_by: ReleasedBy,
    /// The text of the file.
    pub source: Source,
}

impl Deployment {
    /// A file that was examined and does not concern Go.
    pub fn blank(path: &str, kind: Kind) -> Deployment {
        collect::Collector::default().finish(path, kind, Source::default())
    }

    /// Whether the file contains something that depends on the Go release, and does not name it.
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
    /// Its kind is unknown, by name and by content.
    Unknown,
    /// It is YAML, but of no known kind.
    UnknownYaml,
    /// A kind that is recognised but not supported, with its name for people.
    NotRead(&'static str),
    /// A template that is not YAML before it is rendered, even with its actions replaced.
    Template {
        /// Line, from 1, where parsing failed.
        line: u32,
        /// What is wrong there.
        what: String,
    },
    /// A bug in the reader.
    Internal,
    /// A syntax error.
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
            Problem::NotRead(what) => write!(f, "{what}: recognised, and not read"),
            Problem::Template { line, what } => write!(
                f,
                "a template that cannot be read before it is rendered (line {line}: {what})"
            ),
            Problem::Internal => f.write_str("the reader failed; please report this file"),
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

/// Reads a file of the given kind, or of the kind that its name or content shows.
///
/// # Errors
/// When the kind is unknown or not supported, or the file has a syntax error.
pub fn read(path: &str, text: &str, kind: Option<Kind>) -> Result<Deployment, Problem> {
    read_template(path, text, kind, &Values::new())
}

/// The values of `values.yaml`, for the templates of the chart; empty if it is not YAML.
pub fn chart_values(text: &str) -> Values {
    let documents = yaml::read(&Source::new(text)).unwrap_or_default();
    template::values(".Values", &documents)
}

/// Like [`read`], for a file that may be a template, with the values that its actions refer to.
///
/// # Errors
/// When the kind is unknown or not supported, or the file has a syntax error.
pub fn read_template(
    path: &str,
    text: &str,
    kind: Option<Kind>,
    values: &Values,
) -> Result<Deployment, Problem> {
    use kind::Named;
    let source = Source::new(text);
    let by_name = kind::of_name(path);
    let named = match (kind, by_name) {
        (Some(kind), _) => Named::Kind(kind),
        (None, Named::Nothing) => kind::of_content(source.as_str()),
        (None, named) => named,
    };
    let (kind, read) = match named {
        Named::Nothing => return Err(Problem::Unknown),
        Named::Unread(what) => return Err(Problem::NotRead(what)),
        Named::Kind(kind) if !kind.is_yaml() => (kind, Readable::lines(&source, kind, values)),
        Named::Kind(kind) => (kind, Readable::yaml(&source, Some(kind), values)?),
        Named::Yaml => {
            // A file that only looks like YAML is of another kind.
            let read = match Readable::yaml(&source, None, values) {
                Err(_) if by_name == Named::Nothing => return Err(Problem::Unknown),
                read => read?,
            };
            // A colon in the first line is not proof of YAML.
            let unknown = match by_name {
                Named::Nothing => Problem::Unknown,
                _ => Problem::UnknownYaml,
            };
            let known = kind::of_documents(&read.documents);
            let chart = || {
                let is_chart = kind::is_values(path) && helm::has_environment(&read.documents);
                is_chart.then_some(Kind::Helm)
            };
            (known.or_else(chart).ok_or(unknown)?, read)
        }
    };
    let mut found = collect::Collector::default();
    found.marks = read.marks;
    let (text, documents) = (&read.source, &read.documents);
    match kind {
        Kind::Dockerfile => stages::read(text, &mut found),
        Kind::Compose => compose::read(documents, &mut found),
        Kind::Kubernetes => kubernetes::read(documents, &mut found),
        Kind::Systemd => systemd::read(text, &mut found),
        Kind::Shell => env::script(text, &mut found),
        Kind::Make => make::read(text, &mut found),
        Kind::Env => env::file(text, &mut found),
        Kind::Ci => ci::read(documents, &mut found),
        Kind::Goreleaser => goreleaser::read(documents, &mut found),
        Kind::Melange => melange::read(documents, &mut found),
        Kind::Helm => helm::values(documents, &mut found),
        Kind::Kustomize => kustomize::read(text, documents, &mut found),
        Kind::Taskfile => task::read(documents, &mut found),
        Kind::Just => just::read(text, &mut found),
        Kind::Powershell => powershell::read(text, &mut found),
        Kind::Terraform | Kind::Nomad | Kind::Bake => hcl(text, kind, &mut found)?,
        Kind::Earthly => earthly::read(text, &mut found),
        Kind::Jenkins => jenkins::read(text, &mut found),
        Kind::Procfile => platform::procfile(text, &mut found),
        Kind::Fly => platform::fly(text, &mut found),
        Kind::AppEngine => platform::app_engine(documents, &mut found),
        Kind::Snap => platform::snap(documents, &mut found),
        Kind::Ecs => platform::ecs(documents, "", &mut found),
    }
    Ok(found.finish(path, kind, source))
}

#[cfg(feature = "lint")]
fn hcl(source: &Source, kind: Kind, found: &mut collect::Collector) -> Result<(), Problem> {
    let dialect = match kind {
        Kind::Nomad => hcl::Dialect::Nomad,
        Kind::Bake => hcl::Dialect::Bake,
        _ => hcl::Dialect::Terraform,
    };
    hcl::read(source, dialect, found)
}

#[cfg(not(feature = "lint"))]
fn hcl(_: &Source, _: Kind, _: &mut collect::Collector) -> Result<(), Problem> {
    Err(Problem::Syntax {
        line: 1,
        column: 1,
        what: "HCL needs a build with the feature `lint`".to_owned(),
    })
}

/// A file whose template actions have been replaced.
struct Readable {
    source: Source,
    documents: Vec<yaml::Node>,
    marks: template::Marks,
}

impl Readable {
    /// A file that is not YAML.
    fn lines(source: &Source, kind: Kind, values: &Values) -> Readable {
        let own;
        let values = match kind {
            Kind::Just => {
                own = just::values(source);
                &own
            }
            _ => values,
        };
        let template = matches!(
            kind,
            Kind::Dockerfile | Kind::Just | Kind::Env | Kind::Systemd
        );
        let mut read = Readable {
            source: source.clone(),
            documents: Vec::new(),
            marks: template::Marks::default(),
        };
        if template && template::has_marks(source.as_str()) {
            let (text, marks) = template::around(source.as_str(), values);
            (read.source, read.marks) = (Source::new(&text), marks);
        }
        read
    }

    /// A file of YAML.
    fn yaml(source: &Source, kind: Option<Kind>, values: &Values) -> Result<Readable, Problem> {
        if !template::has_marks(source.as_str()) {
            return Ok(Readable {
                documents: yaml::read(source)?,
                source: source.clone(),
                marks: template::Marks::default(),
            });
        }
        let plain = yaml::read(source);
        let own;
        let values = match (kind, &plain) {
            (Some(Kind::Taskfile), Ok(documents)) => {
                own = task::values(documents);
                &own
            }
            _ => values,
        };
        let (text, marks) = template::around(source.as_str(), values);
        let around = Source::new(&text);
        match (yaml::read(&around), plain) {
            (Ok(documents), _) => Ok(Readable {
                documents,
                source: around,
                marks,
            }),
            // Actions inside of quotes may contain `}}`, so the text without replacements may be the valid one.
            (Err(_), Ok(documents)) => Ok(Readable {
                documents,
                source: source.clone(),
                marks: template::Marks::default(),
            }),
            (Err(e), Err(_)) => Err(Problem::Template {
                line: e.line,
                what: e.what,
            }),
        }
    }
}

/// Reads a here-document. Its kind is that of the file that it is written to, else that of its content.
fn embedded<'n>(
    names: impl Iterator<Item = &'n str>,
    source: &Source,
    out: &mut collect::Collector,
) {
    use kind::Named;
    let by_name = names
        .map(kind::of_name)
        .find(|named| matches!(named, Named::Kind(_) | Named::Yaml));
    let named = by_name.unwrap_or_else(|| kind::of_content(source.as_str()));
    let documents = || yaml::read(source).unwrap_or_default();
    match named {
        Named::Kind(Kind::Systemd) => systemd::read(source, out),
        Named::Kind(Kind::Dockerfile) => stages::read(source, out),
        Named::Kind(Kind::Shell) => env::script(source, out),
        Named::Kind(Kind::Env) if by_name.is_some() => env::file(source, out),
        Named::Kind(Kind::Compose) => compose::read(&documents(), out),
        Named::Kind(Kind::Kubernetes) => kubernetes::read(&documents(), out),
        Named::Yaml => {
            let documents = documents();
            match kind::of_documents(&documents) {
                Some(Kind::Compose) => compose::read(&documents, out),
                Some(Kind::Kubernetes) => kubernetes::read(&documents, out),
                _ => {}
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
