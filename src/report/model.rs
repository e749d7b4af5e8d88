//! The serialisable record: what one scan says, in the shape that scripts rely on.
//!
//! Every output format reads these types and nothing else, and `records:` targets read them back, so each type both
//! serialises and deserialises. `None` is written as `null` and means "unknown" unless the field says otherwise; a
//! guess is never written as a fact. Keys are part of the public contract: add freely, never rename.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the record format, the `schema` key of the first line.
pub const SCHEMA: &str = "gospect/1";

/// One line of the NDJSON stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Line {
    /// First line: who scanned what, with which knowledge.
    Run(Run),
    /// An image or one platform of it, before its binaries.
    Image(Box<ImageRecord>),
    /// One Go binary.
    Binary(Box<Binary>),
    /// A thing that was not examined, with the reason.
    Unexamined(Unexamined),
    /// Last line: what was looked at and what came out.
    End(End),
}

/// The first line of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The program that wrote the stream.
    pub tool: Tool,
    /// How new the built-in knowledge is.
    pub knowledge: KnowledgeDate,
    /// Targets as given on the command line.
    pub targets: Vec<String>,
    /// `build-info` or `full`.
    pub facts: String,
}

/// Name and version of the tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// `gospect`.
    pub name: String,
    /// Version of the crate.
    pub version: String,
}

/// How new the built-in tables are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnowledgeDate {
    /// Newest Go release the tables know, such as `go1.27`.
    pub newest_go: String,
    /// The day the tables were taken, ISO 8601.
    pub date: String,
}

/// Configuration and layers of one container image (one platform).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// As a person would name it: tag, archive path, or registry reference.
    pub reference: String,
    /// Further names of the same image.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Digest of the image manifest; `None` when the container has none (old `docker save`).
    pub digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// `ENV` as configured, `KEY=VALUE` each.
    pub env: Vec<String>,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `USER`; empty text means root by default.
    pub user: Option<String>,
    /// Working directory.
    pub working_dir: Option<String>,
    /// Labels of the image configuration.
    pub labels: BTreeMap<String, String>,
    /// Layers, lowest first.
    pub layers: Vec<LayerRecord>,
    /// Names in the visible root that checks need.
    pub rootfs: Rootfs,
}

/// One layer of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Digest of the layer blob as stored.
    pub digest: Option<String>,
    /// The history line that made it.
    pub created_by: Option<String>,
    /// Bytes of the blob as stored.
    pub size: Option<u64>,
}

/// What the visible root file system of an image holds, as far as checks need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rootfs {
    /// Absolute paths of dynamic loaders (`/lib64/ld-linux-x86-64.so.2`, `/lib/ld-musl-x86_64.so.1`).
    pub loaders: Vec<String>,
    /// Absolute paths of shared libraries (`*.so`, `*.so.N`).
    pub libraries: Vec<String>,
    /// CA bundles that crypto/x509 would read.
    pub ca_bundles: Vec<String>,
    /// Zoneinfo directories or archives that package time would read.
    pub zoneinfo: Vec<String>,
    /// What ENTRYPOINT or CMD resolves to; `None` when nothing is configured, or it may be in a layer that was not read.
    pub started: Option<Started>,
}

/// The program that a container starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// First word of ENTRYPOINT + CMD.
    pub command: String,
    /// The file it resolves to in the visible root, links followed; `None`: not found.
    pub path: Option<String>,
    /// Whether that file has an execute bit; `None` when not found.
    pub executable: Option<bool>,
}

/// A thing that was seen but not examined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unexamined {
    /// For a person.
    pub path: String,
    /// Where it is.
    pub location: Location,
    /// Short stable word: `unreadable`, `truncated`, `limit`, `encrypted`, `packed`, `unsupported`, `malformed`, ...
    pub reason: String,
    /// One sentence.
    pub detail: String,
}

/// The last line of a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How much was looked at.
    pub reach: Reach,
    /// What was found.
    pub summary: Summary,
    /// A target could not be read at all, a digest was wrong or a layer missing: the stream is not the whole truth.
    #[serde(default)]
    pub failed: bool,
}

/// Counts of what was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// Regular files and container entries seen.
    pub files: u64,
    /// Files below the size floor, not opened.
    pub below_min_size: u64,
    /// Opened and not Go.
    pub not_go: u64,
    /// Go binaries reported.
    pub go: u64,
    /// Things not examined.
    pub unexamined: u64,
    /// Symbolic links of directories that were not followed.
    #[serde(default)]
    pub links: u64,
    /// Bytes read from files and streams.
    pub bytes: u64,
}

/// What a scan found, in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Binaries by Go release.
    pub go_versions: BTreeMap<String, u64>,
    /// Binaries by `os/arch`.
    pub ports: BTreeMap<String, u64>,
    /// Binaries with at least one contradicted claim.
    pub contradicted: u64,
    /// Binaries that are Go but carry no module record.
    pub without_build_info: u64,
    /// Binaries whose modules are unknown: those without a record, and those whose record names no module.
    #[serde(default)]
    pub modules_unknown: u64,
}

/// Where a binary is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The target as given on the command line.
    pub target: String,
    /// File in the file system; `None` for stdin, registries.
    pub file: Option<String>,
    /// Names inside containers, outermost first; empty for a plain file.
    pub entry: Vec<String>,
    /// The image it is in.
    pub image: Option<ImageRef>,
    /// The layer that brought it.
    pub layer: Option<LayerRef>,
    /// False when a later layer deletes or replaces it; `None` outside images.
    pub visible: Option<bool>,
    /// True for what ENTRYPOINT or CMD starts; `None` outside images, and where a script or another program may start it.
    pub started: Option<bool>,
    /// Permission bits (with setuid, setgid, sticky).
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
    /// Architecture of the slice of a fat Mach-O.
    pub slice: Option<String>,
    /// Process.
    pub pid: Option<u32>,
}

/// Names an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// As in [`ImageRecord::reference`].
    pub reference: String,
    /// Manifest digest.
    pub digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
}

/// Names a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRef {
    /// From 0, lowest first.
    pub index: u32,
    /// Digest of the blob.
    pub digest: Option<String>,
}

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
    /// Who compiled it: `gc`, `gccgo` or `tinygo`; `None` in records older than this key.
    #[serde(default)]
    pub compiler: Option<String>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// What `go version -m -json` prints.
    pub build_info: Option<BuildInfo>,
    /// Where the build info came from.
    pub build_info_source: Option<BuildInfoSource>,
    /// Whether the record lists the modules, or why it does not; `None` in records older than this key. [`Binary::module_list`] answers for
    /// those too.
    #[serde(default)]
    pub module_list: Option<ModuleList>,
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

/// The digest of one part of an executable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartDigest {
    /// `record`, `code`, `data`, `debug`, `signature`, `other`; `container`: what is around the programs of a universal file.
    pub part: String,
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
    /// `deb`, `rpm`, `apk`.
    pub kind: String,
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
    /// How it is known: `dpkg`, `apk`, `rpm-sqlite`, `rpm-ndb`, `rpm-bdb` for databases, `package` for the package file itself.
    pub how: String,
    /// The digest by which the file was compared with the database: `md5`, `sha1`, `sha256`; `None`: not compared.
    pub compared: Option<String>,
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
    /// `elf`, `macho`, `pe`, `xcoff`, `plan9`, `wasm`.
    pub format: String,
    /// 32 or 64.
    pub bits: u8,
    /// `little` or `big`.
    pub endian: String,
    /// Go's name of the operating system; `None` when the file does not tell.
    pub os: Option<String>,
    /// Go's name of the architecture.
    pub arch: Option<String>,
    /// `exe`, `pie`, `shared`, `plugin`, `object`.
    pub kind: String,
    /// A symbol table with Go's names is there; `None` when only the record was read.
    pub go_symbols: Option<bool>,
    /// DWARF is there; `None` when only the record was read.
    pub debug_info: Option<bool>,
    /// Packer; `None`: not packed.
    pub packed: Option<String>,
    /// Go build ID.
    pub build_id: Option<String>,
}

/// Where the build info came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuildInfoSource {
    /// Where Go's own reader looks: the named section, or the start of data for PE, XCOFF and Plan 9.
    Section,
    /// A writable segment.
    Segment,
    /// The linker-set strings `runtime.modinfo` and `runtime.buildVersion`.
    LinkerStrings,
    /// A scan of the file.
    Scan,
}

/// Exactly what `go version -m -json` prints (src/runtime/debug/mod.go, Go 1.25+: empty fields omitted, `Main` always there).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BuildInfo {
    /// Toolchain version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub go_version: String,
    /// Main package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Main module.
    pub main: Module,
    /// Dependencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deps: Vec<Module>,
    /// Build settings in recorded order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

impl BuildInfo {
    /// The value of a setting, `None` when it is not recorded.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|s| s.key == key)
            .map(|s| s.value.as_str())
    }
}

/// A module in the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Module {
    /// Module path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Module version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// `h1:` checksum.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sum: String,
    /// What it was replaced by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<Box<Module>>,
}

/// One build setting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Setting {
    /// Such as `CGO_ENABLED`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Unquoted value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// A claim about the program's own version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionClaim {
    /// The version text.
    pub value: String,
    /// `main-module`, `x-flag`, `linker-string`, `vcs`, `image-label`, `file-name`.
    pub source: String,
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
    /// Class of the path: `official`, `distribution`, `toolchain-download`, `home`, `temp`, `ci`, `bazel`, `nix`, `homebrew`, `other`.
    pub origin: Option<String>,
    /// What was seen where.
    pub evidence: Vec<Evidence>,
}

/// One thing seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where: `symbol`, `pclntab`, `linker-string`, `dwarf`, ...
    pub source: String,
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
    /// `per-iteration`, `per-loop`; `None`: unknown.
    pub loopvar: Option<String>,
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
    /// `toolchain`, `recorded`, `baked`, `environment`.
    pub origin: String,
    /// `ok`, `no-effect`, `unknown`, `removed`, `fatal`.
    pub status: String,
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
    /// `none`, `partial`, `full`.
    pub relro: Option<String>,
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
    /// `off`, `on`, `only`.
    pub mode: Option<String>,
    /// `go`, `boringcrypto`, `openssl`, ...
    pub crypto: Option<String>,
    /// `valid`, `invalid`, `unverifiable`.
    pub checksum: Option<String>,
}

/// A claim held against evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corroboration {
    /// What is claimed: `go-version`, `build-info`, `port`, `buildmode`, `cgo`, ...
    pub claim: String,
    /// The recorded value.
    pub recorded: Option<String>,
    /// What the evidence says.
    pub observed: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// How it was checked, one sentence.
    pub how: String,
}

/// Verdict on one claim. Data in the file has no key: a contradiction shows editing or an unusual build, a confirmation is not proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The evidence agrees.
    Confirmed,
    /// The evidence disagrees.
    Contradicted,
    /// The evidence cannot tell.
    #[default]
    Unverifiable,
}

/// Absolute build-host paths with a common prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathLeak {
    /// Common prefix.
    pub prefix: String,
    /// `goroot`, `home`, `temp`, `ci`, `module-cache`, `workspace`, `other`.
    pub kind: String,
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

/// Whether the record of a program lists its modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleList {
    /// It lists them all.
    Recorded,
    /// It lists none, and none but the main package and the standard library is linked in: built from files outside a module.
    Empty,
    /// Lines of the list cannot be read.
    Cut,
    /// Unknown: built in GOPATH mode (`GO111MODULE=off`, or Go 1.10 and older).
    Gopath,
    /// Unknown: a command of the Go distribution itself.
    Distribution,
    /// Unknown: built by Bazel without module data.
    Bazel,
    /// Unknown: the record names no module, and nothing tells why.
    NotRecorded,
    /// Unknown: there is no record.
    NoRecord,
}

impl ModuleList {
    /// Whether the modules of the program are unknown: not one of them is recorded.
    pub fn is_unknown(self) -> bool {
        !matches!(self, Self::Recorded | Self::Empty | Self::Cut)
    }

    /// Why the list is not whole, for a person; `None` when it is.
    pub fn why(self) -> Option<&'static str> {
        match self {
            Self::Recorded | Self::Empty => None,
            Self::Cut => Some("the record is damaged"),
            Self::Gopath => Some("built in GOPATH mode"),
            Self::Distribution => Some("a command of the Go distribution"),
            Self::Bazel => Some("built by Bazel without module data"),
            Self::NotRecorded => Some("the record names none"),
            Self::NoRecord => Some("no record"),
        }
    }
}

impl Binary {
    /// Whether the record lists the modules of the program. Of a record older than the key, what the build info shows.
    pub fn module_list(&self) -> ModuleList {
        self.module_list.unwrap_or_else(|| match &self.build_info {
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
