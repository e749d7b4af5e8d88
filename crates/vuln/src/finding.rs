//! The result for one program, with the keys of `gospect vuln --format json`.

use super::distribution::{DistributionFix, DistributionFixes};
use super::go_mod::{ModuleNote, ModuleNotes};
use super::owner_fix::OwnerFix;
use super::severity::{Severities, Severity};
use gospect_knowledge::{GoVersion, releases};
use gospect_record::why::Step;
use gospect_record::{Location, Owner};
use serde::{Deserialize, Serialize};

/// How much of the vulnerable code is in a program. Ordered: `Symbol` is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Only the version of the module matches: none of the entry's packages is known to be linked.
    Module,
    /// A package of the entry is linked, but as far as is known none of its functions.
    Package,
    /// A vulnerable function is linked, or the entry names none and one of its packages is linked.
    Symbol,
}

impl Level {
    /// All levels, the worst first.
    pub const ALL: [Self; 3] = [Self::Symbol, Self::Package, Self::Module];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Package => "package",
            Self::Module => "module",
        }
    }

    /// The level of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Why something could not be judged, or only with less precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnjudgedReason {
    /// The module is recorded without a version.
    NoVersion,
    /// It was built from a work tree or a development tree.
    Devel,
    /// The program does not list its modules; they are those of the packages that are linked.
    NoModules,
    /// There is no function table, or it does not name all functions, so the linked functions are not all known.
    NoFunctions,
    /// A vendor's toolchain, which may have fixes of later releases.
    VendorToolchain,
    /// Packages of a frozen version of Go's FIPS 140 module, which may lack fixes that the toolchain has.
    FipsModule,
    /// The program shows that it is of another release, or that a module is of another version, than its record says.
    Contradicted,
}

impl UnjudgedReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoVersion,
        Self::Devel,
        Self::NoModules,
        Self::NoFunctions,
        Self::VendorToolchain,
        Self::FipsModule,
        Self::Contradicted,
    ];

    /// Its name in reports and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoVersion => "no-version",
            Self::Devel => "devel",
            Self::NoModules => "no-modules",
            Self::NoFunctions => "no-functions",
            Self::VendorToolchain => "vendor-toolchain",
            Self::FipsModule => "fips-module",
            Self::Contradicted => "contradicted",
        }
    }
}

/// What an entry names. It can only be judged as precisely as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Neither packages nor functions: every package of the module counts.
    Nothing,
    /// At least one package without functions; any function of such a package counts.
    Packages,
    /// Functions in all its packages.
    Symbols,
}

/// The source of the linked version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionFrom {
    /// The list of modules.
    Module,
    /// The version of the module that was replaced.
    Replaced,
    /// The toolchain's release.
    Toolchain,
    /// A claim of the program about itself, see [`gospect_record::Binary::main_version`].
    Claim,
    /// The paths of source files, which contradict the record.
    SourceFiles,
    /// Nothing, because the program contradicts what its record says.
    Contradicted,
    /// Nothing.
    Unknown,
}

/// A vulnerability in a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `GO-2024-2687`, or the entry's own ID.
    pub id: String,
    /// `CVE-…`, `GHSA-…`.
    pub aliases: Vec<String>,
    /// One line about it; absent where the database holds none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The module as the entry names it; `stdlib` and `toolchain` for Go's own.
    pub module: String,
    /// Version that is linked, after replacement; for `stdlib` and `toolchain` the release, `go1.26.3`. `None`: unknown.
    pub version: Option<String>,
    /// The source of the version.
    pub version_from: VersionFrom,
    /// `path@version` of the module that the linked one replaces.
    pub replaced: Option<String>,
    /// How much of the vulnerable code is in the program.
    pub level: Level,
    /// Linked vulnerable functions, `package.Symbol`.
    pub symbols: Vec<String>,
    /// Linked packages of the entry.
    pub packages: Vec<String>,
    /// Lowest version that no range affects; `None`: none is known.
    pub fixed: Option<String>,
    /// Reviewed by the Go security team.
    pub reviewed: bool,
    /// What the entry names.
    pub names: Precision,
    /// Whether the entry names functions in all its packages, and none of them is among the functions of the program, which are all named. Nothing else can
    /// be shown by names: packages whose variables are linked without a function have none.
    pub absent: bool,
    /// The statement of a VEX document about it.
    pub vex: Option<Vex>,
    /// What the changelog of the package that owns the program says; the finding counts all the same. Absent where it does not name the vulnerability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_fix: Option<OwnerFix>,
    /// What the list of a distribution says about the package that owns the program; it takes nothing back. Absent where no list says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_fix: Option<DistributionFix>,
    /// Chains of calls from the start of the program to its linked functions (of packages that count whole, to their functions), the most certain first and one for each;
    /// empty: no chain was found. Absent when chains are not wanted, and below the level of symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chains: Option<Vec<Vec<Step>>>,
    /// Its severity in the lists of `--severity`; absent if no list has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Finding {
    /// Whether a VEX document dismisses it.
    pub fn is_cleared(&self) -> bool {
        let status = self.vex.as_ref().map(|vex| vex.status);
        matches!(status, Some(Status::NotAffected | Status::Fixed))
    }

    /// Why a VEX document dismisses it, with the name of the document; `None`: none does.
    pub fn cleared_by(&self) -> Option<String> {
        let vex = self.vex.as_ref().filter(|_| self.is_cleared())?;
        let why = vex.justification.as_deref().unwrap_or(vex.status.name());
        Some(format!("{why} ({})", vex.source))
    }

    /// The CVE among its aliases.
    pub fn cve(&self) -> Option<&str> {
        let mut aliases = self.aliases.iter();
        aliases.find(|a| a.starts_with("CVE-")).map(String::as_str)
    }

    /// The version to rebuild with or to upgrade to; `None`: no version fixes it. For Go's own code a release that still gets fixes, see [`release_to_use`].
    pub fn target(&self) -> Option<String> {
        let fixed = self.fixed.as_deref()?;
        Some(match self.is_of_go() {
            true => release_to_use(fixed),
            false => fixed.to_owned(),
        })
    }

    /// What to do about it.
    pub fn advice(&self) -> String {
        let module = &self.module;
        match (self.target(), self.is_of_go()) {
            (Some(fixed), true) => format!("rebuild with {fixed} or newer"),
            (Some(fixed), false) => format!("upgrade {module} to {fixed} or newer"),
            (None, true) => "no release of Go has a fix".to_owned(),
            (None, false) => {
                format!("no version of {module} has a fix; do without it, or without the functions")
            }
        }
    }

    /// What the distribution says about it: its list, and the changelog of the package.
    pub fn said_by_distribution(&self) -> Vec<String> {
        let list = self.distribution_fix.iter().map(ToString::to_string);
        let changelog = self.owner_fix.iter().map(ToString::to_string);
        list.chain(changelog).collect()
    }

    /// Whether a function that the entry names is linked.
    pub fn names_linked_function(&self) -> bool {
        !self.symbols.is_empty()
    }

    /// Whether it is about Go's own code, which another toolchain replaces.
    pub fn is_of_go(&self) -> bool {
        is_go(&self.module)
    }
}

/// The release to rebuild with if `fixed` is the first that has the fix: the newest patch release of the same minor release, or of the oldest supported one if `fixed` is
/// older. `fixed` itself if it is newer than the releases known here.
pub fn release_to_use(fixed: &str) -> String {
    let newest_fixed = || {
        let first = GoVersion::parse(fixed)?;
        let minor = first.minor()?.max(releases::oldest_supported()?.minor);
        let newest = format!("go1.{minor}.{}", releases::newest_patch(minor)?);
        let is_fixed = GoVersion::parse(&newest)?.compare(&first).is_ge();
        is_fixed.then_some(newest)
    };
    newest_fixed().unwrap_or_else(|| fixed.to_owned())
}

/// Whether a module of the database is Go's own.
pub fn is_go(module: &str) -> bool {
    matches!(module, super::STDLIB | super::TOOLCHAIN)
}

/// The status of a product in a VEX document (OpenVEX 0.2.0, "Status Labels").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing needs to be done.
    NotAffected,
    /// Something needs to be done.
    Affected,
    /// The product has the fix.
    Fixed,
    /// It is not known yet.
    UnderInvestigation,
}

impl Status {
    /// Which of two statements about one product counts, where neither is newer: the one that asks for more, which has the higher number.
    pub fn gravity(self) -> u8 {
        match self {
            Self::NotAffected => 0,
            Self::Fixed => 1,
            Self::UnderInvestigation => 2,
            Self::Affected => 3,
        }
    }

    /// The word of OpenVEX.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }
}

/// The statement of a VEX document about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vex {
    /// The status.
    pub status: Status,
    /// The justification of the document, as a keyword (`vulnerable_code_not_in_execute_path`) or in prose.
    pub justification: Option<String>,
    /// What the document says beside the justification: the impact statement, the notes, the detail. Absent where it says nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The document.
    pub source: String,
}

/// What could not be judged, or only with less precision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unjudged {
    /// The module; `None`: the program as a whole.
    pub module: Option<String>,
    /// Why.
    pub why: UnjudgedReason,
    /// IDs of entries that may apply, but are not findings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<String>,
}

/// The result for one program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// As in the record.
    pub go_version: Option<String>,
    /// `os/arch`; an unknown half is `?`.
    pub port: Option<String>,
    /// As in the record.
    pub main_package: Option<String>,
    /// Path of the main module; `None`: none is recorded.
    pub main_module: Option<String>,
    /// Version of the program itself, see [`gospect_record::Binary::main_version`].
    pub version: Option<String>,
    /// The version under which trivy looks for the main module; `None`: under none.
    #[serde(skip)]
    pub scanner_version: Option<String>,
    /// As in the record.
    pub sha256: Option<String>,
    /// The package of a distribution that installed it. It may have fixes that its versions do not show.
    pub owner: Option<Owner>,
    /// The vulnerabilities, the worst level first, then by severity if known, then by module and ID.
    pub findings: Vec<Finding>,
    /// What could not be judged, or only with less precision.
    pub unjudged: Vec<Unjudged>,
    /// What the newest go.mod files say about its modules; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module_notes: Option<ModuleNotes>,
    /// Why there are no chains of calls although they are wanted; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_chains: Option<String>,
}

impl Program {
    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> u64 {
        let texts = |list: &[String]| {
            list.iter()
                .map(|text| text.len() + size_of::<String>())
                .sum::<usize>()
        };
        let size_of_finding = |finding: &Finding| {
            let steps = finding.chains.iter().flatten().flatten();
            let chains = steps.map(|step| size_of::<Step>() + step.function.len() + 64);
            let lists =
                texts(&finding.symbols) + texts(&finding.packages) + texts(&finding.aliases);
            size_of::<Finding>() + 256 + lists + chains.sum::<usize>()
        };
        let findings: usize = self.findings.iter().map(size_of_finding).sum();
        let notes = self.module_notes.iter().flat_map(|notes| &notes.notes);
        let reasons = |note: &ModuleNote| {
            let texts = note.retracted.iter().chain(&note.deprecated);
            256 + texts.map(String::len).sum::<usize>()
        };
        let unknown = self.module_notes.iter().map(|notes| texts(&notes.unknown));
        let notes = notes.map(reasons).chain(unknown).sum::<usize>();
        let rows = self.unjudged.iter().map(|row| 128 + texts(&row.entries));
        (size_of::<Self>() + 1024 + findings + notes + rows.sum::<usize>()) as u64
    }

    /// Adds severities, and sorts the findings of one level by them, the most severe first.
    pub fn rate(&mut self, severities: &Severities) {
        if severities.is_empty() {
            return;
        }
        for finding in &mut self.findings {
            let aliases = finding.aliases.iter().map(String::as_str);
            finding.severity = severities.of(aliases.chain([finding.id.as_str()]));
        }
        let rank = |f: &Finding| std::cmp::Reverse((f.level, f.severity));
        self.findings.sort_by_key(rank);
    }

    /// Adds what the lists of distributions say about the package that owns the program.
    pub fn add_distribution_fixes(&mut self, fixes: &DistributionFixes) {
        let Some(owner) = &self.owner else {
            return;
        };
        for finding in &mut self.findings {
            let aliases = finding.aliases.iter().map(String::as_str);
            let ids = aliases.chain([finding.id.as_str()]);
            finding.distribution_fix = fixes.of(owner, ids);
        }
    }

    /// Whether a later layer of its image hides it, so that nothing starts it.
    pub fn is_hidden(&self) -> bool {
        self.location.visible == Some(false)
    }

    /// Findings of this level or above that no VEX document dismisses; none of a program that nothing starts.
    pub fn counting(&self, level: Level) -> impl Iterator<Item = &Finding> {
        let is_hidden = self.is_hidden();
        let counts = move |f: &&Finding| !is_hidden && f.level >= level && !f.is_cleared();
        self.findings.iter().filter(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_to_use_is_supported_and_has_the_fix() {
        let oldest = releases::oldest_supported().unwrap().minor;
        let newest = |minor: u32| format!("go1.{minor}.{}", releases::newest_patch(minor).unwrap());
        for old in ["go1.17.12", "go1.24.6", "go1.18rc1"] {
            assert_eq!(release_to_use(old), newest(oldest), "{old}");
        }
        assert_eq!(release_to_use(&format!("go1.{oldest}.1")), newest(oldest));
        let next = oldest + 1;
        assert_eq!(release_to_use(&format!("go1.{next}.0")), newest(next));
        // Fixes of releases that are not known here.
        let later = format!("go1.{next}.{}", releases::newest_patch(next).unwrap() + 1);
        assert_eq!(release_to_use(&later), later);
        assert_eq!(release_to_use("go1.999.1"), "go1.999.1");
        assert_eq!(release_to_use("unknown"), "unknown");
    }
}
