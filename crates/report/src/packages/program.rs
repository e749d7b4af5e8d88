//! The packages of one program by module, largest first.

use gospect_record::{Binary, LinkedPackage, Location, PackageCapability};
use serde::Serialize;
use std::collections::BTreeMap;

/// Why the packages of a program are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// The program has no readable function table.
    NoFunctionTable,
    /// The record was written without packages.
    NotRecorded,
}

impl Unknown {
    /// The reason in words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoFunctionTable => "no function table",
            Self::NotRecorded => {
                "these records hold none; write them with `gospect scan --symbols --format ndjson`"
            }
        }
    }
}

/// A program and its packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// Version of the toolchain.
    pub go_version: Option<String>,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// Bytes of code of all packages; `None`: unknown.
    pub code_bytes: Option<u64>,
    /// Why the packages are unknown; `None`: they are known.
    pub unknown: Option<Unknown>,
    /// The modules, largest first.
    pub modules: Vec<Module>,
}

/// The packages of one module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Module {
    /// Its path, `std` for the standard library; `None`: the module of these packages is unknown.
    pub path: Option<String>,
    /// Its version as linked, after replacement; for `std` that of the toolchain; `None`: unknown.
    pub version: Option<String>,
    /// Number of functions in its packages.
    pub functions: u64,
    /// Bytes of their code.
    pub bytes: u64,
    /// Its packages, largest first.
    pub packages: Vec<Package>,
}

/// One package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its import path.
    pub path: String,
    /// Number of its functions, including those that exist only inlined.
    pub functions: u64,
    /// Bytes of their code.
    pub bytes: u64,
    /// What it can do, by capslock's names; `None`: unknown.
    pub capabilities: Option<Vec<String>>,
    /// The chain of calls that proves each of them.
    pub chains: Vec<PackageCapability>,
}

impl Package {
    /// Its capabilities, with a question mark where a step of the chain depends on values at run time.
    pub fn capability_names(&self) -> Vec<String> {
        let name = |c: &PackageCapability| match c.certain {
            true => c.capability.as_str().to_owned(),
            false => format!("{}?", c.capability.as_str()),
        };
        self.chains.iter().map(name).collect()
    }
}

impl Program {
    /// The packages of a program.
    pub fn of(binary: &Binary) -> Self {
        let rows = binary.packages.as_deref();
        let has_table = binary.linked.as_ref().is_some_and(|l| l.functions > 0);
        let unknown = match (rows, has_table) {
            (Some([_, ..]), _) => None,
            (Some([]) | None, false) => Some(Unknown::NoFunctionTable),
            (Some([]), true) => None,
            (None, true) => Some(Unknown::NotRecorded),
        };
        let rows = rows.unwrap_or_default();
        let sum = rows.iter().fold(0u64, |sum, p| sum.saturating_add(p.bytes));
        Self {
            path: binary.path.clone(),
            location: binary.location.clone(),
            go_version: binary.go_version.clone(),
            main_package: binary.main_package.clone(),
            code_bytes: unknown.is_none().then_some(sum),
            unknown,
            modules: modules(binary, rows),
        }
    }

    /// Whether it is known what the packages can do.
    pub fn has_capabilities(&self) -> bool {
        let mut packages = self.modules.iter().flat_map(|m| &m.packages);
        self.unknown.is_none() && packages.all(|p| p.capabilities.is_some())
    }

    /// Number of functions in all packages.
    pub fn functions(&self) -> u64 {
        let all = self.modules.iter().map(|m| m.functions);
        all.fold(0, u64::saturating_add)
    }
}

/// The modules of packages, largest first.
fn modules(binary: &Binary, rows: &[LinkedPackage]) -> Vec<Module> {
    let mut all: BTreeMap<Option<&str>, Module> = BTreeMap::new();
    for row in rows {
        let module = all.entry(row.module.as_deref()).or_default();
        module.functions = module.functions.saturating_add(row.functions);
        module.bytes = module.bytes.saturating_add(row.bytes);
        module.packages.push(Package {
            path: row.path.clone(),
            functions: row.functions,
            bytes: row.bytes,
            capabilities: row.capabilities.as_ref().map(|all| {
                let names = all.iter().map(|c| c.capability.as_str().to_owned());
                names.collect()
            }),
            chains: row.capabilities.clone().unwrap_or_default(),
        });
    }
    let modules = all.into_iter().map(|(path, mut module)| {
        module.path = path.map(str::to_owned);
        module.version = path.and_then(|path| version(binary, path));
        // The sort is stable: packages of equal size stay in path order.
        module.packages.sort_by_key(|p| std::cmp::Reverse(p.bytes));
        module
    });
    let mut modules: Vec<Module> = modules.collect();
    modules.sort_by_key(|m| std::cmp::Reverse(m.bytes));
    modules
}

fn version(binary: &Binary, path: &str) -> Option<String> {
    if path == "std" {
        return binary.go_version.clone();
    }
    let info = binary.build_info.as_ref()?;
    let module = info.deps.iter().chain([&info.main]);
    let module = module.into_iter().find(|module| module.path == path)?;
    let module = module.replace.as_deref().unwrap_or(module);
    (!module.version.is_empty()).then(|| module.version.clone())
}
