//! The modules to look up for a program: both sides of a replacement, Go's own modules, and the main module by the version that it claims.

use super::finding::{UnjudgedReason, VersionFrom};
use super::version::Version;
use super::{STDLIB, TOOLCHAIN};
use gospect_knowledge::GoVersion;
use gospect_record::main_version::is_version_of_module;
use gospect_record::{Binary, BuildInfo, Claim, Compiler, Module, Verdict};
use std::collections::HashSet;

/// A module to look up.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// Its path in the database.
    pub path: String,
    /// The path under which its packages are linked: that of the module it replaces.
    pub code: String,
    /// The version that is compared with ranges; `None`: unknown.
    pub version: Option<Version>,
    /// The source of the version.
    pub from: Option<VersionFrom>,
    /// The version as linked.
    pub linked: Option<String>,
    /// `path@version` that it replaces.
    pub replaced: Option<String>,
    /// Why it cannot be judged, or only with less precision.
    pub why: Option<UnjudgedReason>,
}

impl Subject {
    /// A module that a program does not list.
    pub fn unlisted(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            code: path.to_owned(),
            why: Some(UnjudgedReason::NoModules),
            ..Self::default()
        }
    }
}

/// The path of a main package that was built from files.
pub const FROM_FILES: &str = "command-line-arguments";

/// Whether this is the path that the go command gives to packages made of files, which says nothing about the module; also of their tests.
pub fn is_of_files(path: &str) -> bool {
    let rest = path.strip_prefix(FROM_FILES);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_', ' ']))
}

/// All modules that the record of a program names, Go's own first. Of a module about which its two copies disagree, both are judged.
pub fn subjects(binary: &Binary) -> Vec<Subject> {
    let mut subjects = vec![standard(binary, STDLIB)];
    subjects.extend(of_any_release(binary, STDLIB));
    let of_distribution = |path: &String| path.starts_with("cmd/");
    if binary.main_package.as_ref().is_some_and(of_distribution) {
        subjects.push(standard(binary, TOOLCHAIN));
        subjects.extend(of_any_release(binary, TOOLCHAIN));
    }
    let Some(info) = &binary.build_info else {
        return subjects;
    };
    if !info.main.path.is_empty() {
        subjects.extend(sides(&info.main, |module| main(binary, module)));
    }
    for module in &info.deps {
        subjects.extend(sides(module, plain));
    }
    if let Some(second) = &binary.second_build_info {
        subjects.extend(only_in_second_copy(binary, info, second));
    }
    let others = binary
        .linked
        .iter()
        .flat_map(|linked| &linked.other_versions);
    subjects.extend(others.map(|module| Subject {
        path: module.path.clone(),
        code: module.path.clone(),
        version: Version::of_module(&module.version),
        from: Some(VersionFrom::SourceFiles),
        linked: Some(module.version.clone()),
        replaced: None,
        why: Some(UnjudgedReason::Contradicted),
    }));
    subjects
}

/// The standard library as of any release, if the program contradicts its record; likewise the commands of the distribution.
fn of_any_release(binary: &Binary, path: &str) -> Option<Subject> {
    let rows = binary.corroboration.iter().flatten();
    let mut rows = rows.filter(|row| row.claim == Claim::GoVersion);
    let is_contradicted = rows.any(|row| row.verdict == Verdict::Contradicted);
    is_contradicted.then(|| Subject {
        path: path.to_owned(),
        from: Some(VersionFrom::Contradicted),
        why: Some(UnjudgedReason::Contradicted),
        ..Subject::default()
    })
}

/// The modules of the second copy of the record that the first does not have in this way.
fn only_in_second_copy(binary: &Binary, first: &BuildInfo, second: &BuildInfo) -> Vec<Subject> {
    let same: HashSet<_> = first.deps.iter().map(versions).collect();
    let is_other_main =
        |module: &&Module| !module.path.is_empty() && versions(module) != versions(&first.main);
    let main_module = Some(&second.main).filter(is_other_main);
    let main_sides = main_module.map(|module| sides(module, |module| main(binary, module)));
    let deps = second.deps.iter();
    let deps = deps.filter(|module| !same.contains(&versions(module)));
    let sides_of_deps = deps.map(|module| sides(module, plain));
    main_sides
        .into_iter()
        .chain(sides_of_deps)
        .flatten()
        .collect()
}

/// Path and version of a module, and of the one that replaces it.
fn versions(module: &Module) -> [Option<(&str, &str)>; 2] {
    let modules = [Some(module), module.replace.as_deref()];
    modules.map(|module| module.map(|m| (m.path.as_str(), m.version.as_str())))
}

/// The standard library, or the commands of the distribution.
fn standard(binary: &Binary, path: &str) -> Subject {
    let raw = binary
        .go_version_raw
        .as_ref()
        .or(binary.go_version.as_ref());
    let parsed = raw.and_then(|raw| GoVersion::parse(raw));
    let is_gc = |compiler: &gospect_record::Word<Compiler>| *compiler == Compiler::Gc;
    let of_vendor = binary.go_vendor.is_some()
        || parsed
            .as_ref()
            .is_some_and(|version| version.vendor.is_some())
        || binary
            .compiler
            .as_ref()
            .is_some_and(|compiler| compiler.known().is_some() && !is_gc(compiler));
    let version = parsed.as_ref().and_then(Version::of_go);
    let names_no_release = |version: &GoVersion| {
        let release = version.release.as_ref();
        version.devel
            || release
                .is_some_and(|release| release.patch.is_none() && release.prerelease.is_none())
    };
    let why = match &parsed {
        None => Some(UnjudgedReason::NoVersion),
        _ if of_vendor => Some(UnjudgedReason::VendorToolchain),
        Some(parsed) if names_no_release(parsed) => Some(UnjudgedReason::Devel),
        Some(_) => None,
    };
    Subject {
        path: path.to_owned(),
        // Paths of the standard library do not begin with a module path.
        code: String::new(),
        from: version.is_some().then_some(VersionFrom::Toolchain),
        version,
        linked: binary.go_version.clone().or_else(|| raw.cloned()),
        replaced: None,
        why,
    }
}

/// A module and its replacement.
fn sides(module: &Module, subject_of: impl Fn(&Module) -> Subject) -> Vec<Subject> {
    let Some(replacement) = module.replace.as_deref() else {
        return vec![subject_of(module)];
    };
    let original = match module.version.as_str() {
        "" => module.path.clone(),
        version => format!("{}@{version}", module.path),
    };
    let linked = (!replacement.version.is_empty()).then(|| replacement.version.clone());
    let put_in_place = |subject: Subject| Subject {
        code: module.path.clone(),
        linked: linked.clone(),
        replaced: Some(original.clone()),
        ..subject
    };
    if replacement.path == module.path {
        return vec![put_in_place(subject_of(replacement))];
    }
    let mut subjects = Vec::new();
    if !is_directory(&replacement.path) {
        subjects.push(put_in_place(plain(replacement)));
    }
    // A fork that continues the numbers of the original is judged by its own version.
    let has_placeholder = is_placeholder(&module.version);
    let original_version = Version::of_module(&module.version).filter(|_| !has_placeholder);
    let fork_version = Version::of_module(&replacement.version);
    let continued_version = fork_version.filter(|f| {
        f.is_release()
            && original_version
                .as_ref()
                .is_none_or(|original_version| original_version.major() == f.major())
    });
    let mut original = subject_of(module);
    if has_placeholder {
        original.version = None;
        original.from = None;
        original.why = Some(UnjudgedReason::NoVersion);
    }
    if let Some(version) = continued_version {
        original.version = Some(version);
        original.from = Some(VersionFrom::Module);
        original.why = None;
    } else if original.version.is_some() {
        original.from = Some(VersionFrom::Replaced);
    }
    subjects.push(put_in_place(original));
    subjects
}

/// Whether a required version stands for none: `v0.0.0` and the like, and pseudo-versions of the year 1, which the go command writes for a module
/// that only a replacement provides (src/cmd/go/internal/modload/import.go, golang.org/x/mod/module, `ZeroPseudoVersion`).
fn is_placeholder(version: &str) -> bool {
    let number = version.split(['-', '+']).next().unwrap_or_default();
    let is_zero = number == "v0.0.0";
    let dated = is_pseudo_version(version);
    version.contains("-00010101000000-") || (is_zero && !dated)
}

/// Whether a version ends like a pseudo-version of `v0.0.0`: a time and a commit (golang.org/ref/mod, "Pseudo-versions").
fn is_pseudo_version(version: &str) -> bool {
    let mut parts = version.trim_end_matches("+incompatible").rsplit('-');
    let (commit, time) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let is_time = time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit());
    is_time && commit.len() == 12 && commit.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A replacement by a directory: it has no version (golang.org/ref/mod, "replace directive").
fn is_directory(path: &str) -> bool {
    let starts = ["./", "../", "/", "\\"];
    path.is_empty()
        || path == "."
        || path == ".."
        || path.contains(':')
        || starts.iter().any(|start| path.starts_with(start))
}

fn plain(module: &Module) -> Subject {
    let version = Version::of_module(&module.version);
    let why = match module.version.as_str() {
        _ if version.is_some() => None,
        "(devel)" => Some(UnjudgedReason::Devel),
        _ => Some(UnjudgedReason::NoVersion),
    };
    Subject {
        path: module.path.clone(),
        code: module.path.clone(),
        from: version.is_some().then_some(VersionFrom::Module),
        version,
        linked: (!module.version.is_empty()).then(|| module.version.clone()),
        replaced: None,
        why,
    }
}

/// The main module; if the record has no version, with the version that the program claims.
fn main(binary: &Binary, module: &Module) -> Subject {
    let subject = plain(module);
    if subject.version.is_some() || is_version_of_module(&module.version) {
        return subject;
    }
    let claim = binary.main_version();
    let claimed = claim.and_then(|claim| Some((claim.value, Version::of_claim(claim.value)?)));
    match claimed {
        Some((value, version)) => Subject {
            version: Some(version),
            from: Some(VersionFrom::Claim),
            linked: Some(value.to_owned()),
            why: None,
            ..subject
        },
        None => Subject {
            why: Some(UnjudgedReason::Devel),
            ..subject
        },
    }
}
