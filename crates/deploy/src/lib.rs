//! What deployment files say: the variables they set and the `go` commands they run, each with its place.
//!
//! [`read`] tells the kind of a file ([`kind`]) and hands it to the reader of that kind; all of them fill one
//! [`Deployment`], so that rules need not know Dockerfiles from units. `text` keeps places, `shell` takes commands apart.
//!
//! Must never: judge, open a file, run or expand anything for real.
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
mod found;
mod goreleaser;
mod handed;
#[cfg(feature = "lint")]
mod hcl;
mod helm;
mod jenkins;
mod just;
pub mod kind;
mod kubernetes;
mod kustomize;
pub mod later;
mod make;
mod melange;
mod place;
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

pub use found::{
    Definition, Invocation, Leaves, Note, Oddity, Reader, ReleasedBy, Start, Uses, Variable,
};
pub use kind::Kind;
pub use release::Toolchain;
pub use shell::{Assignment, Word};
pub use template::Values;
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
    /// Every other command by name, in the order in which it was read.
    pub starts: Vec<Start>,
    /// Files of variables that it names, as it names them.
    pub env_files: Vec<Text>,
    /// What `-X` sets in its builds.
    pub definitions: Vec<Definition>,
    /// What only this kind of file can get wrong.
    pub notes: Vec<Note>,
    /// The Go release that files around it tell, such as go.mod; whoever reads files puts it in.
    pub around: Option<Toolchain>,
    /// The module of the go.mod around it; whoever reads files puts it in.
    pub module: Option<String>,
    /// Its folder inside the directory in which it was found, with `/`; whoever reads files puts it in.
    pub inside: Option<String>,
    /// What makes the releases of its project; whoever reads files puts it in.
    pub released_by: ReleasedBy,
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
    /// A kind that is recognised and not read; what people call it.
    NotRead(&'static str),
    /// A template that is no YAML before it is rendered, and that cannot be read around its marks.
    Template {
        /// Line, from 1, where reading ended.
        line: u32,
        /// What is wrong there.
        what: String,
    },
    /// A fault of the reader.
    Internal,
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

/// Reads a file of the kind given, or of the kind that its name or content tells.
///
/// # Errors
/// When the kind cannot be told or is not read, or the file is not what it must be.
pub fn read(path: &str, text: &str, kind: Option<Kind>) -> Result<Deployment, Problem> {
    read_template(path, text, kind, &Values::new())
}

/// What `values.yaml` of a chart says, for the templates of that chart; nothing when it is no YAML.
pub fn chart_values(text: &str) -> Values {
    let documents = yaml::read(&Source::new(text)).unwrap_or_default();
    template::values(".Values", &documents)
}

/// [`read`] for what may be a template, with the values that its marks name.
///
/// # Errors
/// When the kind cannot be told or is not read, or the file is not what it must be.
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
            // What only looked like YAML and is none is simply something else.
            let read = match Readable::yaml(&source, None, values) {
                Err(_) if by_name == Named::Nothing => return Err(Problem::Unknown),
                read => read?,
            };
            // A colon in the first line makes a text look like YAML, no more.
            let unknown = match by_name {
                Named::Nothing => Problem::Unknown,
                _ => Problem::UnknownYaml,
            };
            let known = kind::of_documents(&read.documents);
            let chart = || {
                let is = kind::is_values(path) && helm::has_environment(&read.documents);
                is.then_some(Kind::Helm)
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

/// A file with the marks of templates out of the way.
struct Readable {
    source: Source,
    documents: Vec<yaml::Node>,
    marks: template::Marks,
}

impl Readable {
    /// A file that is no YAML.
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
            // Marks inside quotes can hold what looks like their end.
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

/// Reads a here-document: what it is, a name that it is written to tells, else its content.
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
