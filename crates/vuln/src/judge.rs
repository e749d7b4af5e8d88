//! Compares a record with a database. Only the record is used, so programs and their records give the same result.

mod question;

pub use question::question;

use super::database::{Affected, Damaged, Database, Package};
use super::finding::{
    Finding, Level, Precision, Program, Unjudged, UnjudgedReason, VersionFrom, is_go,
};
use super::linked::Linked;
use super::modules::{FROM_FILES, Subject, is_of_files, subjects};
use super::owner_fix::OwnerFix;
use super::version::{affects, affects_all, fixed, go_release};
use super::vex::scanner_version;
use gospect_knowledge::modules::{self, is_standard};
use gospect_knowledge::ports::also_builds;
use gospect_record::{Binary, ModuleList};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Every vulnerability of the database that a program has, and what could not be judged.
///
/// # Errors
/// When the database is damaged.
pub fn judge(binary: &Binary, database: &Database) -> Result<Program, Damaged> {
    let mut judge = Judge::new(binary, database);
    for subject in subjects(binary) {
        judge.judge_module(&subject)?;
    }
    judge.judge_unlisted_modules()?;
    judge.note_files();
    judge.note_unknown_functions();
    let Judge {
        mut findings,
        unjudged,
        ..
    } = judge;
    findings.sort_by(|a, b| {
        b.level
            .cmp(&a.level)
            .then_with(|| (&a.module, &a.id, &a.version).cmp(&(&b.module, &b.id, &b.version)))
    });
    // With workspaces, a module can be listed twice.
    findings.dedup();
    Ok(Program {
        path: binary.path.clone(),
        location: binary.location.clone(),
        go_version: binary.go_version.clone(),
        port: binary.port(),
        main_package: binary.main_package.clone(),
        main_module: main_module(binary),
        version: binary.main_version().map(|v| v.value.to_owned()),
        scanner_version: scanner_version(binary),
        sha256: binary.sha256.clone(),
        owner: binary.owner.clone(),
        findings,
        unjudged: unjudged.into_iter().collect(),
        without_chains: None,
        module_notes: None,
    })
}

/// The findings of the main module as if every entry affected its version, for programs whose version is only claimed: when a finding is made later,
/// another claim may be known.
pub(crate) fn possible(binary: &Binary, database: &Database) -> Result<Vec<Finding>, Damaged> {
    let mut judge = Judge::new(binary, database);
    for subject in subjects(binary) {
        if !matches!(subject.from, None | Some(VersionFrom::Claim)) {
            continue;
        }
        for group in database
            .for_module(&subject.path)?
            .chunk_by(|a, b| a.entry == b.entry)
        {
            let fitting: Vec<&Affected> = group
                .iter()
                .filter(|affected| judge.fits_port(affected))
                .collect();
            let parts = judge.linked_parts(&subject, &fitting)?;
            if let Some(first) = group.first().filter(|_| !parts.packages.is_empty()) {
                let finding = judge.finding(&subject, group, first, parts, true)?;
                judge.findings.push(finding);
            }
        }
    }
    Ok(judge.findings)
}

/// The path of the main module, where the build info has one.
fn main_module(binary: &Binary) -> Option<String> {
    let path = &binary.build_info.as_ref()?.main.path;
    (!path.is_empty()).then(|| path.clone())
}

struct Judge<'b> {
    binary: &'b Binary,
    database: &'b Database,
    linked: Linked<'b>,
    findings: Vec<Finding>,
    unjudged: BTreeSet<Unjudged>,
}

/// Which parts of an entry are linked.
#[derive(Default)]
struct LinkedParts {
    symbols: BTreeSet<String>,
    packages: BTreeSet<String>,
    /// A package is linked of which any function counts.
    has_whole_package: bool,
    /// The entry names no packages.
    names_nothing: bool,
    /// The entry names a package without functions.
    names_packages: bool,
    /// The entry names something beside functions, which has no name in the program.
    names_others: bool,
    /// The names of functions cannot show that something is not linked which the entry names.
    may_have_more: bool,
}

impl LinkedParts {
    /// What the entry names.
    fn names(&self) -> Precision {
        match () {
            () if self.names_nothing => Precision::Nothing,
            () if self.names_packages => Precision::Packages,
            () => Precision::Symbols,
        }
    }
}

impl<'b> Judge<'b> {
    fn new(binary: &'b Binary, database: &'b Database) -> Self {
        Self {
            binary,
            database,
            linked: Linked::of(binary),
            findings: Vec::new(),
            unjudged: BTreeSet::new(),
        }
    }

    /// Judges all entries about one module.
    fn judge_module(&mut self, subject: &Subject) -> Result<(), Damaged> {
        let blocks = self.database.for_module(&subject.path)?;
        // Items of one entry are adjacent, because items are in the order of entry IDs.
        let (mut undecided, mut frozen) = (Vec::new(), Vec::new());
        // Whoever writes a false release into a program must not make it pass.
        let of_any_release = subject.from == Some(VersionFrom::Contradicted);
        for group in blocks.chunk_by(|a, b| a.entry == b.entry) {
            let Some(first) = group.first().filter(|first| !first.entry.withdrawn) else {
                continue;
            };
            let fitting = || group.iter().filter(|affected| self.fits_port(affected));
            let (applying, certain): (Vec<&Affected>, bool) = match &subject.version {
                Some(version) => (
                    fitting()
                        .filter(|affected| affects(affected, version))
                        .collect(),
                    true,
                ),
                None => {
                    let affecting_all: Vec<&Affected> =
                        fitting().filter(|affected| affects_all(affected)).collect();
                    let certain = !affecting_all.is_empty() || of_any_release;
                    (
                        if affecting_all.is_empty() {
                            fitting().collect()
                        } else {
                            affecting_all
                        },
                        certain,
                    )
                }
            };
            if applying.is_empty() {
                if self.may_be_frozen(subject, &fitting().collect::<Vec<_>>())? {
                    frozen.push(first.entry.id()?);
                }
                continue;
            }
            let parts = self.linked_parts(subject, &applying)?;
            let is_linked = !parts.packages.is_empty();
            if of_any_release && (!is_linked || self.has_found(subject, &first.entry.id()?)) {
                continue;
            }
            // A work tree is newer than all releases of its module; a toolchain without a release may be of any age.
            let may_be_old = subject.why != Some(UnjudgedReason::Devel) || is_go(&subject.path);
            if certain || (is_linked && may_be_old) {
                let finding = self.finding(subject, group, first, parts, certain)?;
                self.findings.push(finding);
            } else if is_linked || !self.linked.knows_packages {
                undecided.push(first.entry.id()?);
            }
        }
        if !frozen.is_empty() {
            self.unjudged.insert(Unjudged {
                module: Some(subject.path.clone()),
                why: UnjudgedReason::FipsModule,
                entries: frozen,
            });
        }
        if let Some(why) = subject.why
            && (!blocks.is_empty() || why == UnjudgedReason::VendorToolchain)
        {
            self.unjudged.insert(Unjudged {
                module: Some(subject.path.clone()),
                why,
                entries: undecided,
            });
        }
        Ok(())
    }

    fn has_found(&self, subject: &Subject, id: &str) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.module == subject.path && finding.id == id)
    }

    /// Whether the program has what an entry names in a frozen version of the FIPS 140 module, which may lack a fix that the toolchain has.
    fn may_be_frozen(&self, subject: &Subject, fitting: &[&Affected]) -> Result<bool, Damaged> {
        if !self.names_frozen(subject, fitting) {
            return Ok(false);
        }
        let parts = self.linked_parts(subject, fitting)?;
        let is_linked = parts.has_whole_package || !parts.symbols.is_empty();
        Ok(is_linked || parts.may_have_more || !self.linked.names_all_functions())
    }

    /// Whether an entry names something that is linked in a frozen version of the FIPS 140 module.
    fn names_frozen(&self, subject: &Subject, fitting: &[&Affected]) -> bool {
        let mut packages = fitting.iter().flat_map(|affected| &affected.packages);
        subject.code.is_empty() && packages.any(|p| self.linked.is_frozen(p.path))
    }

    /// Notes a main package that was built from files (`go build main.go`): its module is not recorded.
    fn note_files(&mut self) {
        let info = self.binary.build_info.as_ref();
        if info.is_some_and(|info| info.main.path.is_empty() && is_of_files(&info.path)) {
            self.unjudged.insert(Unjudged {
                module: Some(FROM_FILES.to_owned()),
                why: UnjudgedReason::Devel,
                entries: Vec::new(),
            });
        }
    }

    /// Judges the modules of the database whose packages are linked although the program does not list the modules: it lists none, or its list lacks
    /// some, which only a change of the record or another build system explains.
    fn judge_unlisted_modules(&mut self) -> Result<(), Damaged> {
        let (modules, has_unexplained) = self.unlisted_modules();
        for path in &modules {
            self.judge_module(&Subject::unlisted(path))?;
        }
        if has_unexplained && modules.is_empty() {
            self.note_program(UnjudgedReason::NoModules);
        }
        Ok(())
    }

    /// These modules, and whether there are packages of which the program does not list the module.
    fn unlisted_modules(&self) -> (BTreeSet<String>, bool) {
        let list = self.binary.module_list();
        let lists_none = list.is_unknown() || list == ModuleList::Cut;
        let recorded: BTreeSet<String> = subjects(self.binary)
            .into_iter()
            .flat_map(|subject| [subject.path, subject.code])
            .collect();
        let mut modules = BTreeSet::new();
        let mut has_unexplained = lists_none;
        for package in self.linked.packages().filter(|p| !is_standard(p)) {
            if !lists_none {
                if self.is_explained(package) {
                    continue;
                }
                has_unexplained = true;
            }
            let ends = package.match_indices('/').map(|(at, _)| at);
            let ends: Vec<usize> = ends.chain([package.len()]).collect();
            let mut paths = ends.iter().rev().filter_map(|end| package.get(..*end));
            let is_in_database = |path: &&str| {
                let blocks = self.database.for_module(path);
                blocks.map_or(true, |blocks| !blocks.is_empty())
            };
            if let Some(path) = paths
                .find(is_in_database)
                .filter(|path| !recorded.contains(*path))
            {
                modules.insert(path.to_owned());
            }
        }
        (modules, has_unexplained)
    }

    /// Whether a package of a program that lists its modules belongs to one of them, or to none.
    fn is_explained(&self, package: &str) -> bool {
        let main = self.binary.main_package.as_deref();
        self.linked.is_recorded(package) || !modules::is_fetched(package, main.unwrap_or_default())
    }

    /// Notes the modules whose linked functions are unknown: all without a function table; with one that does not name every function, those of
    /// which more may be linked than the table names.
    fn note_unknown_functions(&mut self) {
        if self.linked.names_all_functions() {
            return;
        }
        let open = |f: &&Finding| !self.linked.has_table || f.level != Level::Symbol;
        let open = self.findings.iter().filter(open);
        let modules: BTreeSet<&String> = open.map(|f| &f.module).collect();
        let rows = modules.iter().map(|module| Unjudged {
            module: Some((*module).clone()),
            why: UnjudgedReason::NoFunctions,
            entries: Vec::new(),
        });
        self.unjudged.extend(rows);
        if modules.is_empty() && !self.linked.has_table {
            self.note_program(UnjudgedReason::NoFunctions);
        }
    }

    /// Notes that the program as a whole could not be judged, or only with less precision.
    fn note_program(&mut self, why: UnjudgedReason) {
        self.unjudged.insert(Unjudged {
            module: None,
            why,
            entries: Vec::new(),
        });
    }

    /// Whether an item is about the port of the program: it names no packages, or one for it.
    fn fits_port(&self, affected: &Affected) -> bool {
        let mut packages = affected.packages.iter();
        affected.packages.is_empty() || packages.any(|package| self.is_for(package))
    }

    fn is_for(&self, package: &Package) -> bool {
        let executable = &self.binary.executable;
        let arch = executable.arch.as_deref();
        let is_for_arch = |arch: &str| package.goarch.contains(&arch);
        let mut systems = package.goos.iter();
        (package.goos.is_empty() || systems.any(|system| self.may_be_built_for(system)))
            && (package.goarch.is_empty() || arch.is_none_or(is_for_arch))
    }

    /// Whether files of this system may be in the program: it is the program's own, or one whose files it builds too. Without the build info, headers do not
    /// tell the two apart.
    fn may_be_built_for(&self, system: &str) -> bool {
        let Some(own) = self.binary.executable.os.as_deref() else {
            return true;
        };
        let info = self.binary.build_info.as_ref();
        let is_recorded = info.is_some_and(|info| info.setting("GOOS").is_some());
        own == system
            || also_builds(own) == Some(system)
            || (!is_recorded && also_builds(system) == Some(own))
    }

    fn linked_parts(
        &self,
        subject: &Subject,
        applying: &[&Affected],
    ) -> Result<LinkedParts, Damaged> {
        let mut parts = LinkedParts::default();
        for affected in applying {
            if affected.packages.is_empty() {
                parts.names_nothing = true;
                let linked = self.linked.of_module(&subject.code);
                parts.packages.extend(linked.map(str::to_owned));
                parts.has_whole_package |= !parts.packages.is_empty();
            }
            for package in affected.packages.iter().filter(|p| self.is_for(p)) {
                let functions = package.functions()?;
                parts.names_packages |= functions.is_empty();
                parts.names_others |= functions.len() < package.symbol_count();
                let path = linked_path(package.path, subject);
                let paths_in_program = self.paths_in_program(&path, subject);
                let is_linked = !paths_in_program.is_empty();
                if is_linked {
                    parts.packages.insert(path.clone().into_owned());
                    parts.has_whole_package |= functions.is_empty();
                }
                for symbol in functions {
                    let has = |path: &&str| self.linked.contains(path, symbol);
                    if paths_in_program.iter().any(has) {
                        parts.symbols.insert([&*path, ".", symbol].concat());
                    }
                }
            }
        }
        if parts.names() == Precision::Symbols && parts.symbols.is_empty() {
            parts.may_have_more = parts.names_others || self.may_have_symbols(subject, applying)?;
        }
        Ok(parts)
    }

    /// Whether something that an entry names may be linked although no function is called so.
    fn may_have_symbols(&self, subject: &Subject, applying: &[&Affected]) -> Result<bool, Damaged> {
        let packages = applying.iter().flat_map(|affected| &affected.packages);
        for package in packages.filter(|p| self.is_for(p)) {
            let path = linked_path(package.path, subject);
            let mut paths = self.paths_in_program(&path, subject);
            if paths.is_empty() {
                paths.push(&path);
            }
            for symbol in package.functions()? {
                let may_have = |path: &&str| self.linked.may_contain(path, symbol);
                if paths.iter().any(may_have) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The paths in the program of a package of the database, if it belongs to the module.
    fn paths_in_program<'p>(&self, path: &str, subject: &Subject) -> Vec<&'p str>
    where
        'b: 'p,
    {
        match self.linked.is_of(path, &subject.code) {
            true => self.linked.paths_in_program(path).collect(),
            false => Vec::new(),
        }
    }

    fn finding(
        &self,
        subject: &Subject,
        group: &[Affected],
        first: &Affected,
        mut parts: LinkedParts,
        certain: bool,
    ) -> Result<Finding, Damaged> {
        let has_named = parts.has_whole_package || !parts.symbols.is_empty();
        let level = match () {
            () if has_named => Level::Symbol,
            () if !parts.packages.is_empty() => Level::Package,
            () => Level::Module,
        };
        let level = match self.linked.has_table && certain {
            true => level,
            false => level.min(Level::Package),
        };
        if level != Level::Symbol {
            parts.symbols.clear();
        }
        let names = parts.names();
        let group: Vec<&Affected> = group.iter().collect();
        let fixed =
            fixed(&group, subject.version.as_ref()).map(|bare| match is_go(&subject.path) {
                true => go_release(&bare),
                false => format!("v{bare}"),
            });
        let entry = &first.entry;
        let (id, aliases) = (entry.id()?, entry.aliases()?);
        let ids = aliases.iter().chain([&id]).map(String::as_str);
        Ok(Finding {
            owner_fix: OwnerFix::of(self.binary, ids),
            id,
            aliases,
            summary: entry.summary()?.map(str::to_owned),
            module: subject.path.clone(),
            version: subject.linked.clone(),
            version_from: subject.from.unwrap_or(VersionFrom::Unknown),
            replaced: subject.replaced.clone(),
            level,
            symbols: parts.symbols.into_iter().collect(),
            packages: parts.packages.into_iter().collect(),
            fixed,
            reviewed: entry.review == super::database::Review::Reviewed,
            names,
            // Only functions have names in a program: what is not one may be there all the same.
            absent: names == Precision::Symbols
                && !has_named
                && !parts.may_have_more
                && self.linked.names_all_functions(),
            vex: None,
            distribution_fix: None,
            chains: None,
            severity: None,
        })
    }
}

/// The path under which a package of the database is linked: a replacement is linked under the path of the module that it replaces.
fn linked_path<'p>(package: &'p str, subject: &Subject) -> Cow<'p, str> {
    if subject.code.is_empty() || subject.code == subject.path {
        return Cow::Borrowed(package);
    }
    match package.strip_prefix(&*subject.path) {
        Some(rest) => Cow::Owned(format!("{}{rest}", subject.code)),
        None => Cow::Borrowed(package),
    }
}
