//! Compares the recorded checksums of modules with those of other sources.
//!
//! The `go` command records the go.sum line of each module (cmd/go/internal/modload/build.go, `moduleInfo`, and cmd/go/internal/load/pkg.go,
//! `setBuildInfo`): `h1:` and the SHA-256 over its files. Nothing in a program is signed, so the record itself proves nothing; a checksum database
//! has the signed checksum of each public version.

use super::outcome::Outcome;
use gospect_record::{Binary, BuildInfo, GorootOrigin, Module, Word};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// The module that downloaded toolchains come in (cmd/go/internal/gover, `ToolchainVersion`).
pub const TOOLCHAIN: &str = "golang.org/toolchain";
/// The `go` command records this where there is no version.
const DEVEL: &str = "(devel)";
/// The source that a report names when the two copies of the record contradict each other.
const SECOND_COPY: &str = "second copy of the record";

/// The result for one module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SumVerdict {
    /// The recorded checksum is that of the source.
    Equal,
    /// The recorded checksum is not that of the source.
    Different,
    /// No source has the version.
    Unknown,
    /// GONOSUMDB or GOPRIVATE keeps the database from being asked.
    Private,
    /// The record has no sum: built from a work tree, replaced by a folder, or a toolchain.
    NoneRecorded,
}

impl SumVerdict {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Equal,
        Self::Different,
        Self::Unknown,
        Self::Private,
        Self::NoneRecorded,
    ];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Different => "different",
            Self::Unknown => "unknown",
            Self::Private => "private",
            Self::NoneRecorded => "none-recorded",
        }
    }

    /// The outcome for the program if this is its worst result. A module without a recorded checksum is common; the rule `missing-sum` of `audit` judges it.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Private | Self::NoneRecorded => Outcome::NothingToCompare,
            Self::Equal => Outcome::Equal,
            Self::Unknown => Outcome::Incomplete,
            Self::Different => Outcome::Different,
        }
    }
}

/// The role of a module in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModuleKind {
    /// The module of the program itself.
    Main,
    /// A dependency.
    Dependency,
    /// A module that replaces another.
    Replacement,
    /// A module that a folder replaces.
    LocalReplacement,
    /// The toolchain, which the `go` command downloaded as a module.
    Toolchain,
    /// A module of which the program has packages, and which its list of modules lacks.
    NotRecorded,
}

/// The result for one module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// Its path.
    pub module: String,
    /// Its version.
    pub version: String,
    /// Its role in the program.
    pub kind: ModuleKind,
    /// For a replacement, `path@version` of the module that it replaces; for a module that a folder replaces, the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// Whether only the second copy of the record has this, the linker string `runtime.modinfo`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub second_copy: bool,
    /// The recorded sum.
    pub recorded: Option<String>,
    /// The checksum of the source.
    pub expected: Option<String>,
    /// The result.
    pub verdict: SumVerdict,
    /// The sources that decided, joined by commas: files, or the name of a checksum database.
    pub source: Option<String>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref)] // serde passes references
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The answer of one source about a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The file, or the name of the database.
    pub source: String,
    /// Its content.
    pub result: LookupResult,
}

/// What a source knows about a version, see [`Answer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupResult {
    /// The sum.
    Sum(String),
    /// The source must not be asked; `source` is the name of the setting that says so.
    Private,
    /// It has no checksum, for this reason.
    Nothing(String),
}

/// Asks all sources for the checksum of a module at a version.
pub type Ask<'a> = dyn FnMut(&str, &str) -> Vec<Answer> + 'a;

/// Compares the recorded checksums of a program, those of both copies of the record.
pub fn judge(binary: &Binary, ask: &mut Ask<'_>) -> Vec<Sum> {
    let mut sums = Vec::new();
    if let Some(info) = &binary.build_info {
        sums.extend(rows(info).map(|row| row.judge(ask)));
    }
    if let Some(second) = &binary.second_build_info {
        compare_copies(&mut sums, second, ask);
    }
    sums.extend(toolchain(binary, ask));
    sums.extend(not_recorded(binary));
    contradict(&mut sums, binary);
    sums
}

/// Marks the modules whose source files are of other versions than the record says: their sums are those of other code.
fn contradict(sums: &mut [Sum], binary: &Binary) {
    let others = binary
        .linked
        .iter()
        .flat_map(|linked| &linked.other_versions);
    for other in others {
        let same = sums
            .iter_mut()
            .filter(|sum| sum.module == other.path && sum.version != other.version);
        for sum in same {
            sum.verdict = SumVerdict::Different;
            sum.why = Some(format!("its source files are of {}", other.version));
        }
    }
}

/// A row for each module of which the program has packages, although its list of modules lacks it: nothing says where that code is from.
fn not_recorded(binary: &Binary) -> Vec<Sum> {
    if binary.module_list().is_unknown() {
        return Vec::new();
    }
    let second = binary.second_build_info.as_ref();
    let in_second_copy: Vec<&str> = second.map_or(Vec::new(), |info| {
        let modules = std::iter::once(&info.main).chain(&info.deps);
        modules.map(|module| module.path.as_str()).collect()
    });
    let mut packages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let stand_ins = binary.stand_ins();
    for stand_in in &stand_ins {
        if !in_second_copy.iter().any(|path| stand_in.may_be_of(path)) {
            let of_module = packages.entry(stand_in.group()).or_default();
            of_module.push(stand_in.package);
        }
    }
    let row = |(module, packages): (&str, Vec<&str>)| Sum {
        module: module.to_owned(),
        version: String::new(),
        kind: ModuleKind::NotRecorded,
        replaced: None,
        second_copy: false,
        recorded: None,
        expected: None,
        verdict: SumVerdict::Unknown,
        source: None,
        why: Some(match packages.as_slice() {
            [one] => format!("the package {one} is in the program, and no recorded module has it"),
            all => format!(
                "{} packages such as {} are in the program, and no recorded module has them",
                all.len(),
                all.first().unwrap_or(&module)
            ),
        }),
    };
    packages.into_iter().map(row).collect()
}

/// Adds modules that only the second copy has. Where no source has a version, the two copies are compared with each other.
fn compare_copies(sums: &mut Vec<Sum>, second: &BuildInfo, ask: &mut Ask<'_>) {
    let first: HashMap<(String, String), usize> = sums
        .iter()
        .enumerate()
        .map(|(at, sum)| ((sum.module.clone(), sum.version.clone()), at))
        .collect();
    for row in rows(second) {
        let place = first.get(&(row.module.to_owned(), row.version.to_owned()));
        let same = place.and_then(|at| sums.get_mut(*at));
        if let Some(sum) = same {
            if sum.recorded.as_deref() == row.sum {
                continue;
            }
            let is_open = !matches!(sum.verdict, SumVerdict::Equal | SumVerdict::Different);
            if is_open {
                sum.verdict = SumVerdict::Different;
                sum.expected = row.sum.map(str::to_owned);
                sum.source = Some(SECOND_COPY.to_owned());
                sum.why = None;
            }
        }
        sums.push(Sum {
            second_copy: true,
            ..row.judge(ask)
        });
    }
}

/// One module of the record.
struct Row<'r> {
    module: &'r str,
    version: &'r str,
    sum: Option<&'r str>,
    kind: ModuleKind,
    replaced: Option<String>,
}

/// The modules of a record: the main module first.
fn rows(info: &BuildInfo) -> impl Iterator<Item = Row<'_>> {
    let main = (!info.main.path.is_empty()).then(|| row(&info.main, ModuleKind::Main));
    let deps = info.deps.iter().map(|m| row(m, ModuleKind::Dependency));
    main.into_iter().chain(deps)
}

fn row(module: &Module, kind: ModuleKind) -> Row<'_> {
    let of = |module: &Module| format!("{}@{}", module.path, module.version);
    let is_local = |by: &Module| by.version.is_empty() || by.version == DEVEL;
    let (counts, kind, replaced) = match module.replace.as_deref() {
        Some(by) if is_local(by) && by.sum.is_empty() => {
            (module, ModuleKind::LocalReplacement, Some(by.path.clone()))
        }
        Some(by) => (by, ModuleKind::Replacement, Some(of(module))),
        None => (module, kind, None),
    };
    let sum = Some(counts.sum.as_str()).filter(|sum| !sum.is_empty());
    Row {
        module: &counts.path,
        version: &counts.version,
        // The code of a module that a folder replaces is not in the program, so its checksum says nothing.
        sum: sum.filter(|_| kind != ModuleKind::LocalReplacement),
        kind,
        replaced,
    }
}

impl Row<'_> {
    fn judge(self, ask: &mut Ask<'_>) -> Sum {
        let empty = Sum {
            module: self.module.to_owned(),
            version: self.version.to_owned(),
            kind: self.kind,
            replaced: self.replaced,
            second_copy: false,
            recorded: self.sum.map(str::to_owned),
            expected: None,
            verdict: SumVerdict::NoneRecorded,
            source: None,
            why: None,
        };
        match self.sum {
            None => empty,
            Some(recorded) => decide(empty, recorded, &ask(self.module, self.version)),
        }
    }
}

/// One source with another checksum outweighs all that agree.
fn decide(sum: Sum, recorded: &str, answers: &[Answer]) -> Sum {
    let with_sum = answers.iter().filter_map(|answer| match &answer.result {
        LookupResult::Sum(expected) => Some((answer.source.as_str(), expected.as_str())),
        LookupResult::Private | LookupResult::Nothing(_) => None,
    });
    if let Some((source, expected)) = with_sum.clone().find(|(_, sum)| *sum != recorded) {
        return Sum {
            verdict: SumVerdict::Different,
            expected: Some(expected.to_owned()),
            source: Some(source.to_owned()),
            ..sum
        };
    }
    let mut agree: Vec<&str> = with_sum.map(|(source, _)| source).collect();
    agree.dedup();
    if !agree.is_empty() {
        return Sum {
            verdict: SumVerdict::Equal,
            expected: Some(recorded.to_owned()),
            source: Some(agree.join(", ")),
            ..sum
        };
    }
    let mut private = answers.iter().filter(|a| a.result == LookupResult::Private);
    if let Some(answer) = private.next() {
        return Sum {
            verdict: SumVerdict::Private,
            source: Some(answer.source.clone()),
            ..sum
        };
    }
    let mut reasons: Vec<&str> = Vec::new();
    for answer in answers {
        if let LookupResult::Nothing(why) = &answer.result
            && !reasons.contains(&why.as_str())
        {
            reasons.push(why);
        }
    }
    Sum {
        verdict: SumVerdict::Unknown,
        why: Some(match reasons.is_empty() {
            true => "nobody was asked".to_owned(),
            false => reasons.join("; "),
        }),
        ..sum
    }
}

/// The toolchain, if paths in the program show that it was downloaded. The record has no checksum of it, but a database may have one.
fn toolchain(binary: &Binary, ask: &mut Ask<'_>) -> Option<Sum> {
    let goroot = binary.goroot.as_ref()?;
    let downloaded = goroot.origin.as_ref().and_then(Word::known);
    if downloaded != Some(GorootOrigin::ToolchainDownload) {
        return None;
    }
    let folders = goroot.value.iter();
    let folders = folders.chain(goroot.evidence.iter().map(|e| &e.value));
    let version = folders
        .into_iter()
        .find_map(|path| toolchain_version(path))?;
    let answers = ask(TOOLCHAIN, &version);
    let second = answers.iter().find_map(|answer| match &answer.result {
        LookupResult::Sum(sum) => Some((sum.clone(), answer.source.clone())),
        LookupResult::Private | LookupResult::Nothing(_) => None,
    });
    let (expected, source) = second.unzip();
    Some(Sum {
        module: TOOLCHAIN.to_owned(),
        version,
        kind: ModuleKind::Toolchain,
        replaced: None,
        second_copy: false,
        recorded: None,
        expected,
        verdict: SumVerdict::NoneRecorded,
        source,
        why: None,
    })
}

/// `v0.0.1-go1.26.5.linux-amd64` out of `/home/me/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.26.5.linux-amd64`.
fn toolchain_version(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("golang.org/toolchain@")?;
    let version = rest.split(['/', '\\']).next()?;
    (!version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests;
