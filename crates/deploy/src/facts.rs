//! The facts of a deployment file: variables, `go` commands, definitions of `-X`.

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
    /// Its value.
    pub value: Text,
    /// The place of the whole text.
    pub at: Span,
    /// The scope of the build: `stage build`, `service web`.
    pub scope: String,
    /// The Go release of the build, if the file names it.
    pub go: Option<Toolchain>,
}

/// A mistake that only one kind of file can have.
#[derive(Clone, Debug)]
pub struct Note {
    /// What it is.
    pub what: Mistake,
    /// Its place.
    pub at: Span,
    /// The variable before it.
    pub variable: String,
    /// Its text.
    pub text: String,
    /// The scope: `stage build`, `service web`.
    pub scope: String,
}

/// The kind of mistake of a [`Note`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A word that is separated from `GODEBUG=...` by a blank, and so sets another variable: in systemd, shells, `ENV` of a Dockerfile.
    OtherVariable,
    /// systemd: a word that is not an assignment, and is ignored.
    NoAssignment,
}

/// Who reads a variable, as far as the file makes that certain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reader {
    /// The deployed program, and no `go` command: the variable is set for its container, service, unit or command line.
    Program,
    /// A program that another file names: the variable is in a ConfigMap or a file of variables.
    SomeProgram,
    /// A build: a `go` command, or a command that may run one. The built program never sees it.
    Build,
    /// Both: the variable is set in a stage that builds and is part of the image.
    Both,
    /// Unknown. Rules report only what is wrong for every reader.
    #[default]
    Unknown,
    /// No program: it is a variable of a shell that is not exported.
    Nobody,
}

impl Reader {
    /// Whether a deployed program certainly sees it.
    pub fn runs(self) -> bool {
        matches!(self, Reader::Program | Reader::SomeProgram | Reader::Both)
    }

    /// Whether a build certainly sees it.
    pub fn builds(self) -> bool {
        matches!(self, Reader::Build | Reader::Both)
    }
}

/// Which later commands of the file see a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// `go build` or `go install` sees it.
    pub builds: bool,
    /// Something else that the variable may be for sees it: `go test`, `go run`, a script, a program.
    pub others: bool,
    /// `go test` sees it.
    pub tests: bool,
}

/// A variable that a file sets.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as far as it is known.
    pub value: Text,
    /// The assignment.
    pub at: Span,
    /// The name of the assignment for people: `ENV GODEBUG`, `Environment=GODEBUG`.
    pub label: String,
    /// Its scope: `stage build`, `service web`.
    pub scope: String,
    /// Who reads it.
    pub reader: Reader,
    /// Whether the linker sets it in the program: `-X runtime.godebugDefault=...` counts as a variable named GODEBUG.
    pub baked: bool,
    /// Its uses; recorded for GODEBUG and GOROOT_FINAL only.
    pub uses: Uses,
    /// The Go release of its reader, if known.
    pub go: Option<Toolchain>,
    /// Go's name of the architecture of its reader, if known.
    pub arch: Option<String>,
}

/// A `go` command that a file runs.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Everything after `go`.
    pub words: Vec<Word>,
    /// The command.
    pub at: Span,
    /// Its scope: `stage build`, `service web`.
    pub scope: String,
    /// The variables that it sees, as far as they are known.
    pub env: BTreeMap<String, String>,
    /// Its Go release, if known.
    pub go: Option<Toolchain>,
    /// Whether its result is meant to be deployed.
    pub release: bool,
    /// Directory in which it runs, as far as known: `WORKDIR`, then the last `cd` before it.
    pub dir: String,
    /// The last `cd` before it as written; empty without one.
    pub moved: String,
    /// Which files leave the place where it runs; `None` if that is unknown.
    pub leaves: Option<Arc<Leaves>>,
}

/// Which files leave a stage of a Dockerfile or a job of CI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    /// All files may: it is a stage of the image, or a job that publishes.
    pub all: bool,
    /// With `all`, the names of the stages of the image that it becomes part of.
    pub to: Vec<String>,
    /// Copied files and directories, each with the name of the stage that copies it; the name is empty for a job.
    pub paths: Vec<(String, String)>,
    /// Whether all sources that are copied there are single Go files without a module.
    pub loose: bool,
}

impl Invocation {
    /// Index of the subcommand among the words; `go -C dir build` has a flag before it.
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

    /// The words after the subcommand.
    pub fn arguments(&self) -> &[Word] {
        self.verb_at()
            .and_then(|at| self.words.get(at + 1..))
            .unwrap_or_default()
    }

    /// All values of a flag: `-flag=value`, `-flag value`, with one dash or two.
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

    /// Whether a boolean flag is on.
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
    /// Its name, as far as it is known.
    pub name: String,
    /// The place of the name.
    pub at: Span,
    /// Its scope: `stage build`, `service web`.
    pub scope: String,
}

/// What builds the releases of a project, according to the files next to a deployment file and in the directories above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleasedBy {
    /// Whether a GoReleaser file builds them.
    pub goreleaser: bool,
    /// Scripts and recipes that Dockerfiles and release workflows run: `build.sh`, `make app`, and those of other tools with
    /// recipes.
    pub runs: BTreeSet<String>,
}
