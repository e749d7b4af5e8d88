//! One Go program, and the file around it.

use super::{
    Algorithm, BuildInfo, BuildInfoSource, Compiler, Corroboration, Endian, ExecutableKind,
    Experiments, Fips, Format, Functions, Godebug, Goroot, Linkage, Linked, LinkedPackage,
    LinkerString, Location, ModuleList, OwnerSource, PackageKind, Part, PathLeak, VersionClaim,
    Word,
};
use serde::{Deserialize, Serialize};

/// The record of one Go binary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Binary {
    /// Location for a person.
    pub path: String,
    /// The raw path, base64, when it is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Location for a program.
    pub location: Location,
    /// Bytes of the executable itself (slice, entry).
    pub size: u64,
    /// Hex SHA-256 of the executable itself; only when asked for.
    pub sha256: Option<String>,
    /// Digests of the parts of the executable; only while two programs are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<PartDigest>>,
    /// The file around the program.
    pub executable: Executable,
    /// Toolchain release without suffixes, `go1.27.3`.
    pub go_version: Option<String>,
    /// The recorded text.
    pub go_version_raw: Option<String>,
    /// Releases that can have built it, where it does not say which one did; `None`: it does, or nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_version_range: Option<VersionRange>,
    /// Vendor text such as `Red Hat 1.22.5-1.el9`; `None`: none.
    pub go_vendor: Option<String>,
    /// Who compiled it; `None` in records older than this key.
    #[serde(default)]
    pub compiler: Option<Word<Compiler>>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// What `go version -m -json` prints.
    pub build_info: Option<BuildInfo>,
    /// Where the build info came from.
    pub build_info_source: Option<Word<BuildInfoSource>>,
    /// Whether the record lists the modules, or why it does not; `None` in records older than this key. [`Binary::module_list`] answers for
    /// those too.
    #[serde(default)]
    pub module_list: Option<Word<ModuleList>>,
    /// Every claim about the program's own version; `None` when only the record was read.
    pub versions: Option<Vec<VersionClaim>>,
    /// GOROOT facts.
    pub goroot: Option<Goroot>,
    /// GOEXPERIMENT facts.
    pub experiments: Experiments,
    /// GODEBUG facts.
    pub godebug: Godebug,
    /// `-X` style values other than the runtime's own.
    pub linker_strings: Option<Vec<LinkerString>>,
    /// Linkage facts.
    pub linkage: Option<Linkage>,
    /// FIPS 140 facts; `None`: none apply.
    pub fips: Option<Fips>,
    /// Claims held against evidence.
    pub corroboration: Option<Vec<Corroboration>>,
    /// Build-host paths.
    pub paths: Option<Vec<PathLeak>>,
    /// Evidence that rules need and no other key holds: packages and functions of interest that are linked in.
    #[serde(default)]
    pub linked: Option<Linked>,
    /// Packages with code in the program, by path, from the function table: of programs without a list of modules, and of named files where the
    /// caller of the library asks for them. `None`: not asked for, or there is no function table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<LinkedPackage>>,
    /// All functions that are linked in, by package; only when asked for. `None`: not asked for, or nothing in the file names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Functions>,
    /// The package of the distribution that brought the file; `None`: none, unknown, or only the record was read.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// Variables of the runtime (GOMEMLIMIT, GOGC, GOMAXPROCS, GOTRACEBACK) that the environment gives, in pairs of name and
    /// value; absent when it gives none, or none is assumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Vec<(String, String)>>,
    /// Anything odd while reading.
    pub notes: Vec<String>,
}

impl Binary {
    /// Whether the record lists the modules of the program. Of a record older than the key or with a word of a newer version, what the build info shows.
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
}

/// The digest of one part of an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDigest {
    /// Which part.
    pub part: Word<Part>,
    /// Bytes.
    pub size: u64,
    /// Hex SHA-256 of its bytes in file order.
    pub sha256: String,
}

/// Minor releases of Go, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest, `go1.2`; `go1` is Go 1.0.
    pub first: String,
    /// The newest; `None`: no end is known.
    pub last: Option<String>,
}

/// A package of a distribution: what the package manager says about a path, or the package file that holds the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Its format.
    pub kind: Word<PackageKind>,
    /// Its name.
    pub name: String,
    /// Its whole version: `epoch:upstream-release`.
    pub version: String,
    /// Architecture, in the words of the package manager.
    pub arch: Option<String>,
    /// `ID` of os-release, such as `debian`; `None` for package files, which do not say it.
    pub distribution: Option<String>,
    /// `VERSION_ID` of os-release.
    pub release: Option<String>,
    /// The source package it was built from.
    pub source: Option<SourcePackage>,
    /// How it is known.
    pub how: Word<OwnerSource>,
    /// The digest by which the file was compared with the database; `None`: not compared.
    pub compared: Option<Word<Algorithm>>,
}

/// A source package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version; `None`: not said.
    pub version: Option<String>,
}

/// The executable file around the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// Its format.
    pub format: Word<Format>,
    /// 32 or 64.
    pub bits: u8,
    /// Its byte order.
    pub endian: Word<Endian>,
    /// Go's name of the operating system; `None` when the file does not tell.
    pub os: Option<String>,
    /// Go's name of the architecture.
    pub arch: Option<String>,
    /// What it is for.
    pub kind: Word<ExecutableKind>,
    /// A symbol table with Go's names is there; `None` when only the record was read.
    pub go_symbols: Option<bool>,
    /// DWARF is there; `None` when only the record was read.
    pub debug_info: Option<bool>,
    /// Packer; `None`: not packed.
    pub packed: Option<String>,
    /// Go build ID.
    pub build_id: Option<String>,
}
