//! The Go release by which entries of deployment files are judged: named by the user, that of the program, named in the file,
//! or the newest known one.

use super::known;
use gospect_deploy::{Deployment, Toolchain, Variable};
use gospect_knowledge::{GoVersion, TableRow};
use gospect_record::Binary;

/// What the user says about the Go release of deployment files.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// A release that overrides everything that the files say.
    pub release: Option<GoVersion>,
    /// The deployed program. Its release and its own defaults override what the files say about running programs.
    pub binary: Option<Box<Binary>>,
}

/// A Go release, and how certain it is.
pub(crate) struct Judge {
    pub(crate) version: GoVersion,
    pub(crate) source: String,
    /// Whether the newest known release was assumed, because nothing names one.
    pub(crate) guessed: bool,
    /// Whether a later release may be used as well.
    pub(crate) at_least: bool,
}

impl Judge {
    /// Minor release; 0 when there is none.
    pub(crate) fn minor(&self) -> u32 {
        self.version.minor().unwrap_or(0)
    }

    /// `go1.27.3`.
    pub(crate) fn name(&self) -> &str {
        self.version.release_text().unwrap_or(&self.version.raw)
    }
}

impl Assumed {
    /// The release for an entry that the program reads (`runs`), or else the `go` command.
    pub(crate) fn judge(&self, runs: bool, go: Option<&Toolchain>) -> Judge {
        let of = |version: GoVersion, source: &str| Judge {
            version,
            source: source.to_owned(),
            guessed: false,
            at_least: false,
        };
        if let Some(version) = &self.release {
            return of(version.clone(), "asked for");
        }
        let binary = self.binary.as_ref().filter(|_| runs);
        let program = binary.and_then(|b| GoVersion::parse(b.go_version_raw.as_deref()?));
        if let (Some(version), Some(binary)) = (program, binary) {
            return of(version, &binary.path);
        }
        if let Some((version, go)) = go.and_then(|go| Some((GoVersion::parse(&go.version)?, go))) {
            return Judge {
                at_least: go.at_least,
                ..of(version, &go.source)
            };
        }
        Judge {
            at_least: false,
            guessed: true,
            version: newest(),
            source: "the newest known release, because nothing names one".to_owned(),
        }
    }

    /// Remarks on how a file is judged, one sentence each.
    pub fn remarks(&self, file: &Deployment) -> Vec<String> {
        let mut out = Vec::new();
        let depends =
            |v: &&Variable| matches!(&*v.name, "GODEBUG" | "GOEXPERIMENT") && !v.value.is_empty();
        for v in file.variables.iter().filter(depends) {
            let judge = self.judge(v.reader.runs(), v.go.as_ref().or(file.around.as_ref()));
            if judge.guessed {
                continue;
            }
            out.extend(TableRow::of(&judge.version).note(&judge.version));
        }
        out.sort();
        out.dedup();
        out
    }

    /// Whether the newest known release is assumed for the file.
    pub fn guesses(&self, file: &Deployment) -> bool {
        file.asks_release() && self.release.is_none() && self.binary.is_none()
    }
}

/// The newest release in the tables.
pub(crate) fn newest() -> GoVersion {
    let name = known::newest_release();
    GoVersion::parse(&name).unwrap_or(GoVersion {
        raw: name,
        release: None,
        devel: false,
        vendor: None,
        experiments: Vec::new(),
    })
}
