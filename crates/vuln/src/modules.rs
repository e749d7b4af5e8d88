//! The modules to look up for a program: both sides of a replacement, Go's own modules, and the main module by the version that it claims.

use super::finding::{UnjudgedReason, VersionFrom};
use super::version::Version;
use super::{STDLIB, TOOLCHAIN};
use gospect_knowledge::GoVersion;
use gospect_record::main_version::is_version_of_module;
use gospect_record::{Binary, Compiler, Module};

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

/// All modules that the record of a program names, Go's own first.
pub fn subjects(binary: &Binary) -> Vec<Subject> {
    let mut found = vec![standard(binary, STDLIB)];
    let of_distribution = |path: &String| path.starts_with("cmd/");
    if binary.main_package.as_ref().is_some_and(of_distribution) {
        found.push(standard(binary, TOOLCHAIN));
    }
    let Some(info) = &binary.build_info else {
        return found;
    };
    if !info.main.path.is_empty() {
        found.extend(sides(&info.main, |module| main(binary, module)));
    }
    for module in &info.deps {
        found.extend(sides(module, plain));
    }
    found
}

/// The standard library, or the commands of the distribution.
fn standard(binary: &Binary, path: &str) -> Subject {
    let raw = binary
        .go_version_raw
        .as_ref()
        .or(binary.go_version.as_ref());
    let parsed = raw.and_then(|raw| GoVersion::parse(raw));
    let is_gc = |c: &gospect_record::Word<Compiler>| *c == Compiler::Gc;
    let of_vendor = binary.go_vendor.is_some()
        || parsed
            .as_ref()
            .is_some_and(|version| version.vendor.is_some())
        || binary
            .compiler
            .as_ref()
            .is_some_and(|c| c.known().is_some() && !is_gc(c));
    let version = parsed.as_ref().and_then(Version::of_go);
    let names_no_release = |v: &GoVersion| {
        let release = v.release.as_ref();
        v.devel || release.is_some_and(|r| r.patch.is_none() && r.prerelease.is_none())
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
fn sides(module: &Module, of: impl Fn(&Module) -> Subject) -> Vec<Subject> {
    let Some(by) = module.replace.as_deref() else {
        return vec![of(module)];
    };
    let original = match module.version.as_str() {
        "" => module.path.clone(),
        version => format!("{}@{version}", module.path),
    };
    let linked = (!by.version.is_empty()).then(|| by.version.clone());
    let put_in_place = |subject: Subject| Subject {
        code: module.path.clone(),
        linked: linked.clone(),
        replaced: Some(original.clone()),
        ..subject
    };
    if by.path == module.path {
        return vec![put_in_place(of(by))];
    }
    let mut found = Vec::new();
    if !is_directory(&by.path) {
        found.push(put_in_place(plain(by)));
    }
    // A fork that continues the numbers of the original is judged by its own version.
    let own = Version::of_module(&module.version);
    let forked = Version::of_module(&by.version);
    let goes_on = forked
        .filter(|f| f.is_release() && own.as_ref().is_none_or(|own| own.major() == f.major()));
    let mut original = of(module);
    if let Some(version) = goes_on {
        original.version = Some(version);
        original.from = Some(VersionFrom::Module);
        original.why = None;
    } else if original.version.is_some() {
        original.from = Some(VersionFrom::Replaced);
    }
    found.push(put_in_place(original));
    found
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
