//! What was found out about one Go program besides its build info.

use super::{
    Checksum, Claim, Crypto, EvidenceSource, FipsMode, GodebugOrigin, GodebugStatus, GorootOrigin,
    Loopvar, PathKind, Relro, Verdict, VersionSource, Word,
};
use serde::{Deserialize, Serialize};

/// A claim about the program's own version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionClaim {
    /// The version text.
    pub value: String,
    /// What claims it.
    pub source: Word<VersionSource>,
    /// Variable, label or setting that holds it.
    pub name: Option<String>,
}

/// GOROOT facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goroot {
    /// Where it was built: best single answer; `None` when trimmed or unknown.
    pub value: Option<String>,
    /// Whether paths were trimmed; `None`: unknown.
    pub trimmed: Option<bool>,
    /// Whether `runtime.GOROOT` is in the program.
    pub linked: Option<bool>,
    /// What `runtime.GOROOT()` returns with no environment; `None` when not linked or unknown.
    pub runtime: Option<String>,
    /// Class of the path.
    pub origin: Option<Word<GorootOrigin>>,
    /// What was seen where.
    pub evidence: Vec<Evidence>,
}

/// One thing seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where.
    pub source: Word<EvidenceSource>,
    /// What.
    pub value: String,
}

/// GOEXPERIMENT facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiments {
    /// The recorded GOEXPERIMENT setting; `None`: none recorded.
    pub setting: Option<String>,
    /// Names in the `X:` suffix of the version.
    pub suffix: Vec<String>,
    /// All that are on for this release and port, sorted; `None` without a row for the release.
    pub enabled: Option<Vec<String>>,
    /// Names that this release does not know.
    pub unknown: Option<Vec<String>>,
    /// What `for` loops do with their variable; `None`: unknown.
    pub loopvar: Option<Word<Loopvar>>,
    /// Whether setting and suffix say the same after expansion; `None`: cannot be told.
    pub consistent: Option<bool>,
}

/// GODEBUG facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Godebug {
    /// `DefaultGODEBUG` as text.
    pub recorded: Option<String>,
    /// The linker string `runtime.godebugDefault` as text.
    pub baked: Option<String>,
    /// `GODEBUG` of the assumed environment; `None`: none given.
    pub environment: Option<String>,
    /// [`Godebug::recorded`] split.
    pub recorded_pairs: Option<Vec<(String, String)>>,
    /// [`Godebug::baked`] split.
    pub baked_pairs: Option<Vec<(String, String)>>,
    /// [`Godebug::environment`] split.
    pub environment_pairs: Option<Vec<(String, String)>>,
    /// Effective values, sorted by key.
    pub effective: Option<Vec<EffectiveSetting>>,
    /// Range of main-module `go` lines that explains the recorded defaults, such as `1.21` or `1.22-1.23`.
    pub language_version: Option<String>,
}

/// The effective value of one GODEBUG setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveSetting {
    /// Name.
    pub key: String,
    /// Value in force; empty text: the toolchain's own default without a spelled value.
    pub value: String,
    /// Where it comes from.
    pub origin: Word<GodebugOrigin>,
    /// What becomes of it.
    pub status: Word<GodebugStatus>,
    /// One sentence; `None`: nothing to say.
    pub note: Option<String>,
}

/// A linker-set string that is not the runtime's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkerString {
    /// Its text.
    pub value: String,
    /// Its variable, where known.
    pub name: Option<String>,
}

/// How the program is linked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linkage {
    /// No interpreter and no needed library.
    #[serde(rename = "static")]
    pub is_static: Option<bool>,
    /// Dynamic loader.
    pub interpreter: Option<String>,
    /// Needed libraries in file order.
    pub needed: Option<Vec<String>>,
    /// Run-time search path, one directory each.
    pub rpath: Option<Vec<String>>,
    /// Position independent.
    pub pie: Option<bool>,
    /// What is read-only after relocation.
    pub relro: Option<Word<Relro>>,
    /// Stack and data are not executable.
    pub nx: Option<bool>,
    /// Highest glibc version needed.
    pub glibc: Option<String>,
    /// Minimum operating system version.
    pub min_os: Option<String>,
    /// A signature is present (not verified).
    pub signed: Option<bool>,
}

/// FIPS 140 facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fips {
    /// Version of the Go Cryptographic Module, such as `v1.0.0-c2097c7c` or `latest`.
    pub module: Option<String>,
    /// The mode at start.
    pub mode: Option<Word<FipsMode>>,
    /// Whose cryptography is linked in.
    pub crypto: Option<Word<Crypto>>,
    /// What came of recomputing the checksum.
    pub checksum: Option<Word<Checksum>>,
}

/// A claim held against evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corroboration {
    /// What is claimed.
    pub claim: Word<Claim>,
    /// The recorded value.
    pub recorded: Option<String>,
    /// What the evidence says.
    pub observed: Option<String>,
    /// The verdict.
    pub verdict: Word<Verdict>,
    /// How it was checked, one sentence.
    pub how: String,
}

/// Absolute build-host paths with a common prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathLeak {
    /// Common prefix.
    pub prefix: String,
    /// What kind of place it is.
    pub kind: Word<PathKind>,
    /// How many paths have it.
    pub count: u64,
    /// One of them.
    pub example: String,
    /// `pclntab`, `dwarf`, or the setting's key; several joined by a comma.
    pub found_in: String,
}

/// A package with code in the program, from the function table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedPackage {
    /// Import path; of a vendored package the one that it is imported by. What the standard library vendors keeps its `vendor/`.
    pub path: String,
    /// Its module, where the record lists modules; else the part of the path with which the path of its module certainly begins: `std` for the
    /// standard library, `main` for package main, `None` when nothing is certain.
    pub module: Option<String>,
    /// Functions in the table, with those that exist only inside others (Go 1.16 and newer).
    pub functions: u64,
    /// Bytes of machine code of functions with a body of their own; 0 for WebAssembly.
    pub bytes: u64,
}

/// What is linked in, from the function table, as far as rules need it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Functions in the table; 0 when no table was found.
    pub functions: u64,
    /// crypto/x509 verifies against the system roots.
    pub system_roots: bool,
    /// An embedded CA bundle (golang.org/x/crypto/x509roots/fallback) is linked.
    pub embedded_roots: bool,
    /// time.LoadLocation is linked.
    pub load_location: bool,
    /// time/tzdata is linked.
    pub tzdata: bool,
    /// Go's own cryptographic module (crypto/internal/fips140) is linked.
    #[serde(default)]
    pub crypto: bool,
    /// Modules recorded but with no function in the table.
    pub not_linked: Vec<String>,
    /// Package prefixes in the table that no recorded module explains.
    pub not_recorded: Vec<String>,
}
