//! What a deployment file says, piece by piece: variables, `go` commands, what `-X` sets.

use super::release::Toolchain;
use super::shell::Word;
use super::text::{Span, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// `-X target=value` of a build.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Import path and name.
    pub target: String,
    /// What it is set to.
    pub value: Text,
    /// All of it.
    pub at: Span,
    /// Where it is built.
    pub scope: String,
    /// The Go release of the build, when the file tells it.
    pub go: Option<Toolchain>,
}

/// Something that only one kind of file can get wrong.
#[derive(Clone, Debug)]
pub struct Note {
    /// What it is.
    pub what: Oddity,
    /// Where it stands.
    pub at: Span,
    /// The variable before it.
    pub variable: String,
    /// Its text.
    pub text: String,
    /// Where it holds.
    pub scope: String,
}

/// What a [`Note`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// A word after `GODEBUG=...` and a blank that becomes a variable of its own: systemd, shells, `ENV` of a Dockerfile.
    OtherVariable,
    /// systemd: a word that is no assignment and is dropped.
    NoAssignment,
}

/// Who reads a variable, as far as the file tells for certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// The program that is deployed, and no `go` command: its container, service, unit or command line.
    Program,
    /// Some program; which one another file tells: a ConfigMap, a file of variables.
    SomeProgram,
    /// A build: a `go` command, or what may run one. The program that it makes never sees it.
    Build,
    /// Both: a stage that builds and that the image is made of.
    Both,
    /// The file does not tell. Rules that guess keep silent; what is wrong for every reader is reported.
    #[default]
    Unknown,
    /// Nobody: a variable of a shell that is not exported.
    Nobody,
}

impl Reader {
    /// True when a deployed program is sure to see it.
    pub fn runs(self) -> bool {
        matches!(self, Reader::Program | Reader::SomeProgram | Reader::Both)
    }

    /// True when a build is sure to see it.
    pub fn builds(self) -> bool {
        matches!(self, Reader::Build | Reader::Both)
    }
}

/// What a variable is used for further down, as far as the file tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// `go build` or `go install` sees it.
    pub builds: bool,
    /// So does something that may have been meant: `go test`, `go run`, a script, a program.
    pub others: bool,
    /// `go test` sees it.
    pub tests: bool,
}

/// A variable that a file sets.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as far as the file tells it.
    pub value: Text,
    /// The assignment.
    pub at: Span,
    /// How a person names the assignment: `ENV GODEBUG`, `Environment=GODEBUG`.
    pub label: String,
    /// Where it holds: `stage build`, `service web`.
    pub scope: String,
    /// Who reads it.
    pub reader: Reader,
    /// The linker bakes it into the program: `-X runtime.godebugDefault=...`, taken as a variable called GODEBUG.
    pub baked: bool,
    /// What it is used for; told for GODEBUG and GOROOT_FINAL alone.
    pub uses: Uses,
    /// The Go release of whoever reads it, when the file tells it.
    pub go: Option<Toolchain>,
    /// Go's name of the architecture of whoever reads it, when the file tells it.
    pub arch: Option<String>,
}

/// A `go` command that a file runs.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Everything after `go`.
    pub words: Vec<Word>,
    /// The command.
    pub at: Span,
    /// Where it runs.
    pub scope: String,
    /// Variables that it sees, as far as the file tells them.
    pub env: BTreeMap<String, String>,
    /// Its Go release, when the file tells it.
    pub go: Option<Toolchain>,
    /// What it builds is meant to be deployed.
    pub release: bool,
    /// Directory in which it runs, as far as the file tells: `WORKDIR`, then the last `cd` before it.
    pub dir: String,
    /// The last `cd` before it, as it stands; empty without one.
    pub moved: String,
    /// What leaves the place where it runs, when only part of it can; `None` where the file does not tell.
    pub leaves: Option<Arc<Leaves>>,
}

/// What leaves a stage of a Dockerfile or a job of CI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// All of it may: a stage of the image, a job that publishes.
    pub all: bool,
    /// Names of the stages that it goes to with `all`.
    pub to: Vec<String>,
    /// Files and directories, each with the name of the stage that takes it; empty for a job.
    pub paths: Vec<(String, String)>,
    /// All sources that came there are single Go files, of no module.
    pub loose: bool,
}

impl Invocation {
    /// Position of the subcommand among the words; `go -C dir build` has one flag before it.
    fn verb_at(&self) -> Option<usize> {
        let mut at = 0;
        while let Some(word) = self.words.get(at) {
            match word.as_str() {
                "-C" => at += 2,
                w if w.starts_with('-') => at += 1,
                _ => return Some(at),
            }
        }
        None
    }

    /// `build` of `go build`; empty when there is none.
    pub fn verb(&self) -> &str {
        self.verb_at()
            .and_then(|at| self.words.get(at))
            .map_or("", Word::as_str)
    }

    /// What follows the subcommand.
    pub fn arguments(&self) -> &[Word] {
        self.verb_at()
            .and_then(|at| self.words.get(at + 1..))
            .unwrap_or_default()
    }

    /// Every value of a flag: `-flag=value`, `-flag value`, with one dash or two.
    pub fn flag(&self, name: &str) -> Vec<&Word> {
        let mut found = Vec::new();
        let mut words = self.arguments().iter();
        while let Some(word) = words.next() {
            let text = word.as_str();
            let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'));
            match flag.and_then(|f| f.strip_prefix(name)) {
                Some("") => found.extend(words.next()),
                Some(rest) if rest.starts_with('=') => found.push(word),
                _ => {}
            }
        }
        found
    }

    /// True when a flag without a value is given and not taken back.
    pub fn has(&self, name: &str) -> bool {
        let given = |text: &str| {
            let flag = text.strip_prefix("--").or_else(|| text.strip_prefix('-'))?;
            match flag.strip_prefix(name)? {
                "" | "=true" | "=1" => Some(true),
                "=false" | "=0" => Some(false),
                _ => None,
            }
        };
        let in_flags = self.env.get("GOFLAGS").map_or("", String::as_str);
        let all = in_flags
            .split_whitespace()
            .map(|w| w.trim_matches(['\'', '"']))
            .chain(self.arguments().iter().map(Word::as_str));
        all.filter_map(given).next_back().unwrap_or(false)
    }
}

/// A command other than `go`.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its name, as far as the file tells it.
    pub name: String,
    /// Where the name stands.
    pub at: Span,
    /// Where it runs.
    pub scope: String,
}

/// What makes the releases of a project, as far as the files beside and above one of its files show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleasedBy {
    /// A GoReleaser file builds them.
    pub goreleaser: bool,
    /// Scripts and recipes that Dockerfiles and workflows for releases run: `build.sh`, `make app`, also for other tools with
    /// recipes.
    pub runs: BTreeSet<String>,
}
