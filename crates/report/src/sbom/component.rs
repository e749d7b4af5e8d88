//! The dependencies of programs as components of a bill: modules, what only the function table shows of them, and standard
//! libraries.

use super::super::terms;
use super::{ID, digest, hex, id};
use gospect_knowledge::GoVersion;
use gospect_record::main_version::is_version_of_module;
use gospect_record::purl;
use gospect_record::{Binary, Module, StandIn};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a component from the function table has no version.
const NO_VERSION: &str = "unknown: the function table names packages, and no versions";
/// Why a package has no module.
const NO_MODULE: &str =
    "unknown: the path of a package does not tell where that of its module ends";

/// A module, and the numbers of the programs that use it.
pub(super) struct ModuleComponent {
    pub(super) key: Arc<ComponentKey>,
    /// Its packages in the function tables of these programs, where they stand in for build info.
    pub(super) packages: BTreeSet<Box<str>>,
    /// The digest at the end of its id in the bill.
    pub(super) digest: [u8; ID],
    pub(super) users: Vec<u32>,
}

impl ModuleComponent {
    /// Facts for which neither format has a field.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = self.key.properties();
        let packages = self.packages.iter();
        all.extend(packages.map(|path| ("gospect:package", path.to_string())));
        all
    }

    /// Its id in the bill.
    pub(super) fn id(&self) -> String {
        format!("module-{}", hex(&self.digest))
    }
}

/// The identity of a component: the module that was built, and the module that it replaces.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ComponentKey {
    pub(super) path: Box<str>,
    pub(super) version: Box<str>,
    pub(super) sum: Box<str>,
    pub(super) replaces: Option<(Box<str>, Box<str>)>,
    pub(super) directory: Option<Box<str>>,
    /// Set when no build info names it, and packages of the function table show it.
    pub(super) by_functions: Option<Shown>,
}

/// What the path of a component from the function table is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Shown {
    /// The beginning of a module path.
    Module,
    /// A package path; nothing is certain about its module.
    Package,
}

impl ComponentKey {
    pub(super) fn new(module: &Module) -> Self {
        let original = Some((module.path.as_str().into(), module.version.as_str().into()));
        match module.replace.as_deref() {
            None => Self::plain(module, None),
            // The go command gives a directory no version, or `(devel)`.
            Some(by) if by.version.is_empty() || by.version == "(devel)" => Self {
                path: module.path.as_str().into(),
                version: "".into(),
                sum: "".into(),
                replaces: original,
                directory: Some(by.path.as_str().into()),
                by_functions: None,
            },
            Some(by) => Self::plain(by, original),
        }
    }

    pub(super) fn plain(module: &Module, replaces: Option<(Box<str>, Box<str>)>) -> Self {
        Self {
            path: module.path.as_str().into(),
            version: module.version.as_str().into(),
            sum: module.sum.as_str().into(),
            replaces,
            directory: None,
            by_functions: None,
        }
    }

    /// A component that only the function table shows.
    pub(super) fn of_functions(package: &StandIn<'_>) -> Self {
        let shown = match package.module {
            Some(_) => Shown::Module,
            None => Shown::Package,
        };
        Self {
            by_functions: Some(shown),
            ..Self::plain(
                &Module {
                    path: package.group().to_owned(),
                    ..Module::default()
                },
                None,
            )
        }
    }

    /// Its package URL; `None` when it may not be a module.
    pub(super) fn purl(&self) -> Option<String> {
        match self.by_functions {
            Some(Shown::Package) => None,
            _ => purl::of_module(&self.path, &self.version),
        }
    }

    pub(super) fn digest(&self) -> [u8; ID] {
        let replaces = self
            .replaces
            .as_ref()
            .map(|(path, version)| (path, version));
        let parts = (
            &self.path,
            &self.version,
            &self.sum,
            replaces,
            &self.directory,
        );
        match self.by_functions {
            None => digest(&format!("{parts:?}")),
            Some(shown) => digest(&format!("{parts:?} {shown:?}")),
        }
    }

    /// An estimate of the bytes of memory that it takes.
    pub(super) fn size_in_memory(&self) -> usize {
        let replaces = self
            .replaces
            .iter()
            .map(|(path, version)| path.len() + version.len() + 32);
        let directory = self.directory.iter().map(|d| d.len() + 16);
        let texts = self.path.len() + self.version.len() + self.sum.len();
        texts + replaces.chain(directory).sum::<usize>() + 320
    }

    /// Why there is no version that could be looked up in a database.
    fn why_no_version(&self) -> Option<&'static str> {
        match &*self.version {
            // The text of NO_VERSION is among the `properties` already.
            _ if self.by_functions.is_some() => None,
            version if is_version_of_module(version) => None,
            _ if self.directory.is_some() => Some("built from a directory, whose code is unknown"),
            "" => Some("recorded without a version"),
            _ => Some("built from a workspace or a working tree: recorded as (devel)"),
        }
    }

    /// Facts for which neither format has a field.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        match self.by_functions {
            None => {}
            Some(Shown::Module) => {
                all.push(("gospect:evidence", super::FUNCTION_TABLE.to_owned()));
                all.push(("gospect:version", NO_VERSION.to_owned()));
            }
            Some(Shown::Package) => {
                all.push(("gospect:evidence", super::FUNCTION_TABLE.to_owned()));
                all.push(("gospect:version", NO_VERSION.to_owned()));
                all.push(("gospect:module", NO_MODULE.to_owned()));
            }
        }
        if !self.sum.is_empty() {
            all.push(("gospect:h1", self.sum.to_string()));
        }
        if let Some((path, version)) = &self.replaces {
            all.push(("gospect:replaces", terms::at_version(path, version)));
        }
        if let Some(directory) = &self.directory {
            all.push(("gospect:replaced_by_directory", directory.to_string()));
        }
        if let Some(why) = self.why_no_version() {
            all.push(("gospect:version", format!("unknown: {why}")));
        }
        all
    }
}

/// A toolchain; its standard library is a component.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Toolchain {
    /// The release without suffixes of vendors and experiments, such as `go1.27.3`. For a development version, which was built
    /// from no release, all that is recorded: `devel go1.28-8a1b2c3`.
    pub(super) version: String,
    /// Whether it is a development version.
    pub(super) devel: bool,
}

impl Toolchain {
    pub(super) fn of(binary: &Binary) -> Option<Self> {
        let recorded = binary.go_version_raw.as_deref();
        let devel = recorded.filter(|raw| GoVersion::parse(raw).is_some_and(|raw| raw.devel));
        let release = binary.go_version.as_deref()?;
        Some(Self {
            version: devel.unwrap_or(release).to_owned(),
            devel: devel.is_some(),
        })
    }

    /// Its id in the bill.
    pub(super) fn id(&self) -> String {
        id("stdlib", &self.version)
    }

    pub(super) fn purl(&self) -> String {
        purl::of_stdlib(if self.devel { "devel" } else { &self.version })
    }

    pub(super) fn cpe(&self) -> Option<String> {
        purl::cpe(&self.version).filter(|_| !self.devel)
    }

    /// Facts for which neither format has a field.
    pub(super) fn properties(&self) -> Vec<(&'static str, String)> {
        let release = GoVersion::parse(&self.version).and_then(|v| v.release);
        if self.devel {
            let why = "unknown: built from a development version of Go, whose fixes are unknown";
            return vec![("gospect:version", why.to_owned())];
        }
        let prerelease = release.and_then(|r| Some((r.prerelease?.0, r.major, r.minor)));
        let text = prerelease.map(|(kind, major, minor)| {
            let kind = if kind == "rc" { "candidate" } else { &kind };
            format!("a {kind} of Go {major}.{minor}, no release")
        });
        text.into_iter()
            .map(|text| ("gospect:prerelease", text))
            .collect()
    }
}
