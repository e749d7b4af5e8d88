//! Facts about a Go program other than its build info.

use super::{
    Capability, Checksum, Claim, Crypto, EvidenceSource, FipsMode, GodebugOrigin, GodebugStatus,
    GorootOrigin, Loopvar, PathKind, Relro, Verdict, VersionSource, Word,
};
use serde::{Deserialize, Serialize};

/// A claim about the program's own version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionClaim {
    /// The version text.
    pub value: String,
    /// Where the claim was found.
    pub source: Word<VersionSource>,
    /// The variable, label or setting that holds it.
    pub name: Option<String>,
}

/// GOROOT facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goroot {
    /// Where GOROOT was at build time, as the single best answer; `None` when trimmed or unknown.
    pub value: Option<String>,
    /// Whether paths were trimmed; `None`: unknown.
    pub trimmed: Option<bool>,
    /// Whether `runtime.GOROOT` is linked in.
    pub linked: Option<bool>,
    /// What `runtime.GOROOT()` returns when the environment has no GOROOT (one that is known is in `environment`); `None` when not linked in or unknown.
    pub runtime: Option<String>,
    /// The kind of place that the path is.
    pub origin: Option<Word<GorootOrigin>>,
    /// The evidence, with its sources.
    pub evidence: Vec<Evidence>,
}

/// One piece of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it was seen.
    pub source: Word<EvidenceSource>,
    /// The value that was seen.
    pub value: String,
}

/// GOEXPERIMENT facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiments {
    /// The recorded GOEXPERIMENT setting; `None`: not recorded.
    pub setting: Option<String>,
    /// Names in the `X:` suffix of the version.
    pub suffix: Vec<String>,
    /// All experiments that are on for this release and port, sorted; `None` when the tables have no row for the release.
    pub enabled: Option<Vec<String>>,
    /// Names that this release does not know; `None` when the tables have no row for it.
    pub unknown: Option<Vec<String>>,
    /// The meaning of `for` loops for their variable; `None`: unknown.
    pub loopvar: Option<Word<Loopvar>>,
    /// Whether setting and suffix agree after expansion; `None`: unknown.
    pub consistent: Option<bool>,
}

/// GODEBUG facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Godebug {
    /// `DefaultGODEBUG` as text.
    pub recorded: Option<String>,
    /// The linker string `runtime.godebugDefault` as text.
    pub baked: Option<String>,
    /// `GODEBUG` of the assumed environment; `None`: not set.
    pub environment: Option<String>,
    /// [`Godebug::recorded`] as pairs.
    pub recorded_pairs: Option<Vec<(String, String)>>,
    /// [`Godebug::baked`] as pairs.
    pub baked_pairs: Option<Vec<(String, String)>>,
    /// [`Godebug::environment`] as pairs.
    pub environment_pairs: Option<Vec<(String, String)>>,
    /// Effective values, sorted by key.
    pub effective: Option<Vec<EffectiveSetting>>,
    /// The range of `go` lines of the main module that explains the recorded defaults, such as `1.21` or `1.22-1.23`.
    pub language_version: Option<String>,
}

/// The effective value of one GODEBUG setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveSetting {
    /// Name.
    pub key: String,
    /// Value in force; empty: the toolchain's default, which has no name.
    pub value: String,
    /// Where the value comes from.
    pub origin: Word<GodebugOrigin>,
    /// Whether it has an effect.
    pub status: Word<GodebugStatus>,
    /// An explanation in one sentence; `None` if none is needed.
    pub note: Option<String>,
}

/// A linker string, other than those of the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkerString {
    /// Its text.
    pub value: String,
    /// Its variable, if known.
    pub name: Option<String>,
}

/// How the program is linked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linkage {
    /// Whether the program needs neither an interpreter nor a library.
    #[serde(rename = "static")]
    pub is_static: Option<bool>,
    /// Dynamic loader.
    pub interpreter: Option<String>,
    /// Needed libraries in file order.
    pub needed: Option<Vec<String>>,
    /// Run-time search path, as a list of directories.
    pub rpath: Option<Vec<String>>,
    /// Whether the program is position independent.
    pub pie: Option<bool>,
    /// Which data is read-only after relocation.
    pub relro: Option<Word<Relro>>,
    /// Whether stack and data are not executable.
    pub nx: Option<bool>,
    /// Highest glibc version needed.
    pub glibc: Option<String>,
    /// Minimum operating system version.
    pub min_os: Option<String>,
    /// Whether there is a signature; it is not verified.
    pub signed: Option<bool>,
}

/// FIPS 140 facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fips {
    /// Version of the Go Cryptographic Module, such as `v1.0.0-c2097c7c` or `latest`.
    pub module: Option<String>,
    /// The mode at start.
    pub mode: Option<Word<FipsMode>>,
    /// Where its cryptography comes from.
    pub crypto: Option<Word<Crypto>>,
    /// The result of recomputing the checksum.
    pub checksum: Option<Word<Checksum>>,
    /// Why it proves nothing although it is that of the bytes it is over; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum_fault: Option<String>,
}

/// A claim compared with evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corroboration {
    /// What the claim is about.
    pub claim: Word<Claim>,
    /// The recorded value.
    pub recorded: Option<String>,
    /// What the evidence shows.
    pub observed: Option<String>,
    /// The verdict.
    pub verdict: Word<Verdict>,
    /// How it was checked, in one sentence.
    pub how: String,
}

/// Absolute paths of the build host with a common prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathLeak {
    /// Common prefix.
    pub prefix: String,
    /// The kind of place.
    pub kind: Word<PathKind>,
    /// Number of paths with the prefix.
    pub count: u64,
    /// One of them.
    pub example: String,
    /// `pclntab`, `dwarf`, or the key of a setting; several are joined by commas.
    pub found_in: String,
}

/// A package with code in the program, from the function table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedPackage {
    /// Import path; for a vendored package the path by which it is imported. Packages that the standard library vendors keep
    /// their `vendor/`.
    pub path: String,
    /// Its module, if the build info lists modules. Otherwise the part of the path that certainly belongs to its module: `std`
    /// for the standard library, `main` for package main, `None` when nothing is certain.
    pub module: Option<String>,
    /// Number of functions in the table, including those that exist only inlined (Go 1.16 and newer).
    pub functions: u64,
    /// Bytes of machine code of its functions, without inlined copies. For WebAssembly the bytes of their bodies; 0 when
    /// the code section cannot be read.
    pub bytes: u64,
    /// What the package can do, sorted by capability; empty: nothing of the kind. `None`: not asked for, or the calls of the
    /// program cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<PackageCapability>>,
}

/// A capability of a package, with the most certain chain of calls that leads to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageCapability {
    /// The capability.
    pub capability: Word<Capability>,
    /// Whether the chain has no function of another package except those of the standard library.
    pub direct: bool,
    /// Whether each step of the chain is a call in the code. Otherwise it has a step by a function value or a method of a type
    /// that is converted to an interface.
    pub certain: bool,
    /// From a function of the package to the function that has the capability.
    pub chain: Vec<String>,
}

/// Packages and functions in the function table that rules ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// Number of functions in the table; 0 when no table was found.
    pub functions: u64,
    /// Whether crypto/x509 verifies against the system roots.
    pub system_roots: bool,
    /// Whether an embedded CA bundle (golang.org/x/crypto/x509roots/fallback) is linked in.
    pub embedded_roots: bool,
    /// Whether time.LoadLocation is linked in.
    pub load_location: bool,
    /// Whether time/tzdata is linked in.
    pub tzdata: bool,
    /// Whether Go's own cryptographic module (crypto/internal/fips140) is linked in.
    #[serde(default)]
    pub crypto: bool,
    /// Recorded modules without a function in the table.
    pub not_linked: Vec<String>,
    /// Package prefixes in the table that belong to no recorded module.
    pub not_recorded: Vec<String>,
    /// Recorded modules whose source files have another version in their paths, with that version. Absent: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_versions: Vec<ModuleVersion>,
}

/// A module at a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleVersion {
    /// Path of the module.
    pub path: String,
    /// Its version.
    pub version: String,
}
