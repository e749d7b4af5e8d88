//! The packages of a program, drawn as areas by their bytes of code.

use crate::packages::program::Program;
use crate::place::Place;
use crate::style::clean;
use serde::Serialize;

/// The packages of one program.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PackageMap {
    /// The program.
    title: String,
    /// Why its packages are unknown; empty: they are known.
    unknown: String,
    /// Bytes of code.
    bytes: u64,
    /// Largest first.
    modules: Vec<ModuleArea>,
}

/// A module.
#[derive(Clone, Debug, Default, Serialize)]
struct ModuleArea {
    /// Path and version.
    name: String,
    bytes: u64,
    /// Largest first: import path, functions, bytes of code, capabilities.
    packages: Vec<(String, u64, u64, String)>,
}

impl PackageMap {
    /// The map of a program.
    pub fn of(program: &Program) -> Self {
        let modules = program.modules.iter().map(|module| {
            let path = module.path.as_deref().unwrap_or("module not known");
            let name = format!("{path} {}", module.version.as_deref().unwrap_or_default());
            let packages = module.packages.iter().map(|package| {
                (
                    clean(&package.path).into_owned(),
                    package.functions,
                    package.bytes,
                    package.capability_names().join(" "),
                )
            });
            ModuleArea {
                name: clean(name.trim_end()).into_owned(),
                bytes: module.bytes,
                packages: packages.collect(),
            }
        });
        let unknown = program
            .unknown
            .map(|why| format!("Packages not known: {}.", why.text()));
        Self {
            title: format!(
                "{}{}",
                clean(&program.path),
                Place::of(&program.path, &program.location).text()
            ),
            unknown: unknown.unwrap_or_default(),
            bytes: program.code_bytes.unwrap_or_default(),
            modules: modules.collect(),
        }
    }
}
