//! The record of one Go program, and of the file that holds it.

use super::why::CallChains;
use super::{
    Algorithm, BuildInfo, BuildInfoSource, Compiler, Corroboration, Endian, ExecutableKind,
    Experiments, Fips, Format, Functions, Godebug, Goroot, Linkage, Linked, LinkedPackage,
    LinkerString, Location, ModuleList, OwnerSource, PackageKind, Part, PathLeak, VersionClaim,
    Word,
};
use serde::{Deserialize, Serialize};

/// The record of one Go program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Binary {
    /// Location as text for people.
    pub path: String,
    /// The raw path, base64, when it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Location as data.
    pub location: Location,
    /// Bytes of the executable itself (slice, entry).
    pub size: u64,
    /// SHA-256 of the executable itself in hex; only when asked for.
    pub sha256: Option<String>,
    /// Digests of the parts of the executable; only when two programs are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<PartDigest>>,
    /// The executable file.
    pub executable: Executable,
    /// Toolchain release without suffixes, `go1.27.3`.
    pub go_version: Option<String>,
    /// The version text as recorded.
    pub go_version_raw: Option<String>,
    /// Releases that may have built it, when it does not name one; `None`: it names one, or there is no evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_version_range: Option<VersionRange>,
    /// Vendor text such as `Red Hat 1.22.5-1.el9`; `None`: none.
    pub go_vendor: Option<String>,
    /// The compiler; `None` in records older than this key.
    #[serde(default)]
    pub compiler: Option<Word<Compiler>>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// What `go version -m -json` prints.
    pub build_info: Option<BuildInfo>,
    /// What the linker's own copy says (`runtime.modinfo`), in the form of `build_info`; only where the two copies disagree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_build_info: Option<BuildInfo>,
    /// Where the build info came from.
    pub build_info_source: Option<Word<BuildInfoSource>>,
    /// Whether the build info lists the modules, or why it does not; `None` in records older than this key.
    /// [`Binary::module_list`] answers for those too.
    #[serde(default)]
    pub module_list: Option<Word<ModuleList>>,
    /// Every claim about the program's own version; `None` when only the build info was read.
    pub versions: Option<Vec<VersionClaim>>,
    /// GOROOT facts.
    pub goroot: Option<Goroot>,
    /// GOEXPERIMENT facts.
    pub experiments: Experiments,
    /// GODEBUG facts.
    pub godebug: Godebug,
    /// Values of linker strings, as `-X` sets them, without those of the runtime.
    pub linker_strings: Option<Vec<LinkerString>>,
    /// Linkage facts.
    pub linkage: Option<Linkage>,
    /// FIPS 140 facts; `None`: none apply.
    pub fips: Option<Fips>,
    /// Claims compared with evidence.
    pub corroboration: Option<Vec<Corroboration>>,
    /// Paths of the build host.
    pub paths: Option<Vec<PathLeak>>,
    /// Packages and functions that rules ask about and that no other key shows.
    #[serde(default)]
    pub linked: Option<Linked>,
    /// Packages with code in the program, sorted by path, from the function table: for programs without a list of modules, and
    /// on request for named files. `None`: not asked for, or there is no function table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<LinkedPackage>>,
    /// All functions that are linked in, by package; only when asked for. `None`: not asked for, or nothing in the file names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Functions>,
    /// The package of the distribution that installed the file; `None`: no package, unknown, or only the build info was read.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// Vulnerabilities that the changelog of the owner names; only with the names of functions. `None`: not asked for, or there is no changelog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_changelog: Option<Changelog>,
    /// Variables of the runtime (GOMEMLIMIT, GOGC, GOMAXPROCS, GOTRACEBACK, and GOROOT for `runtime.GOROOT()`) set in the environment, as pairs of name and value;
    /// absent when there are none, or when no environment is assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Vec<(String, String)>>,
    /// Anything unusual that was seen while reading.
    pub notes: Vec<String>,
    /// Chains of calls to what a command asked about; never written. `None`: nothing was asked.
    #[serde(skip)]
    pub call_chains: Option<Box<CallChains>>,
}

impl Binary {
    /// Whether the build info lists the modules of the program. For a record that is older than the key, or has a newer word,
    /// the build info decides.
    pub fn module_list(&self) -> ModuleList {
        let known = self.module_list.as_ref().and_then(Word::known);
        known.unwrap_or_else(|| match &self.build_info {
            None => ModuleList::NoRecord,
            Some(info) if !info.main.path.is_empty() || !info.deps.is_empty() => {
                ModuleList::Recorded
            }
            Some(info) if info.path.is_empty() => ModuleList::NotRecorded,
            Some(info) if info.path == "command-line-arguments" => ModuleList::NotRecorded,
            Some(_) => ModuleList::Gopath,
        })
    }

    /// What `runtime.GOROOT()` returns: GOROOT of the environment if that is known and has one, else the value in the program.
    /// `None`: it is not linked in, or unknown.
    pub fn goroot_in_force(&self) -> Option<&str> {
        let mut variables = self.environment.iter().flatten();
        let set = variables.find(|(name, value)| name == "GOROOT" && !value.is_empty());
        let built_in = self
            .goroot
            .as_ref()
            .and_then(|goroot| goroot.runtime.as_deref());
        set.map(|(_, value)| value.as_str()).or(built_in)
    }
}

/// The digest of one part of an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDigest {
    /// The part.
    pub part: Word<Part>,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in file order, in hex.
    pub sha256: String,
}

/// A range of minor releases of Go, including both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest, `go1.2`; `go1` is Go 1.0.
    pub first: String,
    /// The newest; `None`: unbounded.
    pub last: Option<String>,
}

/// A package of a distribution: the owner of a path in the package database, or the package file that holds the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Its format.
    pub kind: Word<PackageKind>,
    /// Its name.
    pub name: String,
    /// Its whole version: `epoch:upstream-release`.
    pub version: String,
    /// Architecture, as the package manager names it.
    pub arch: Option<String>,
    /// `ID` of os-release, such as `debian`; `None` for package files, which do not name it.
    pub distribution: Option<String>,
    /// `VERSION_ID` of os-release.
    pub release: Option<String>,
    /// The source package from which it was built.
    pub source: Option<SourcePackage>,
    /// How the package is known.
    pub how: Word<OwnerSource>,
    /// The digest by which the file was compared with the database; `None`: not compared.
    pub compared: Option<Word<Algorithm>>,
}

/// Vulnerabilities that the changelog of a package names. Distributions fix them without changing the version of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changelog {
    /// The file that was read, absolute in its root: the changelog, or the database that it is in.
    pub file: String,
    /// The vulnerabilities, sorted by ID.
    pub names: Vec<ChangelogName>,
}

/// A vulnerability that a changelog names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangelogName {
    /// `CVE-…`, `GHSA-…` or `GO-…`.
    pub id: String,
    /// Version of the package whose entry names it, the newest one; `None`: the entry does not say.
    pub version: Option<String>,
    /// The line that names it, at most 200 characters.
    pub line: String,
    /// The file that names it, absolute in its root; `None`: [`Changelog::file`]. A rebuild of a package has a changelog of its own beside the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// A source package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version; `None`: not recorded.
    pub version: Option<String>,
}

/// The executable file of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// Its format.
    pub format: Word<Format>,
    /// 32 or 64.
    pub bits: u8,
    /// Its byte order.
    pub endian: Word<Endian>,
    /// Go's name of the operating system; `None` when the file does not say.
    pub os: Option<String>,
    /// Go's name of the architecture.
    pub arch: Option<String>,
    /// The kind of executable.
    pub kind: Word<ExecutableKind>,
    /// Whether there is a symbol table with Go's names; `None` when only the build info was read.
    pub go_symbols: Option<bool>,
    /// Whether there is DWARF debug information; `None` when only the build info was read.
    pub debug_info: Option<bool>,
    /// Packer; `None`: not packed.
    pub packed: Option<String>,
    /// The Go build ID.
    pub build_id: Option<String>,
}
