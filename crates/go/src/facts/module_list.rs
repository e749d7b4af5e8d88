//! Whether the build info lists the modules of its program, and if not, why.
//!
//! Since Go 1.18 `go build` writes a `path` line always, and `mod` and `dep` lines in module mode only
//! (src/cmd/go/internal/load/pkg.go, setBuildInfo). There is no `mod` line for files outside a module (`go run x.go`) either.
//! The GODEBUG defaults tell the two apart: GOPATH mode has those of Go 1.20, files outside a module have the toolchain's own
//! (src/cmd/go/internal/load/godebug.go, defaultGODEBUG).

use super::packages;
use super::program::Program;
use crate::tables::Tables;
use gospect_knowledge::modules;
use gospect_record::godebug;
use gospect_record::{GorootOrigin, LinkedPackage, ModuleList};
use std::ops::ControlFlow;

/// The main package of a program that was built from files.
const FROM_FILES: &str = "command-line-arguments";
/// GOPATH mode has the GODEBUG defaults of this language version.
const GOPATH_LANGUAGE: u32 = 20;

/// The answer of the build info alone.
pub fn recorded(program: &Program<'_>) -> ModuleList {
    let Some(info) = &program.build_info else {
        return ModuleList::NoRecord;
    };
    let lines = program.modinfo.as_ref();
    let is_damaged = lines.is_some_and(|i| !(i.problems.is_empty() && i.unknown.is_empty()));
    if !info.main.path.is_empty() || !info.deps.is_empty() {
        return if is_damaged {
            ModuleList::Cut
        } else {
            ModuleList::Recorded
        };
    }
    match info.path.as_str() {
        "" => ModuleList::NotRecorded,
        _ if is_damaged => ModuleList::NotRecorded,
        FROM_FILES => match defaults_of_gopath_mode(program) {
            Some(true) => ModuleList::Gopath,
            Some(false) => ModuleList::Empty,
            None => ModuleList::NotRecorded,
        },
        path if path.starts_with("cmd/") || modules::is_standard(path) => ModuleList::Distribution,
        _ => ModuleList::Gopath,
    }
}

/// Whether the recorded GODEBUG defaults are those of GOPATH mode; `None` when none are recorded, as before Go 1.21.
fn defaults_of_gopath_mode(program: &Program<'_>) -> Option<bool> {
    let language = godebug::recorded_language(
        program.version.as_ref()?,
        program.setting("DefaultGODEBUG"),
        program.has_settings(),
    )?;
    Some(language.max <= GOPATH_LANGUAGE)
}

/// The same, completed by the function table and the source files, with the packages where they replace the list of modules or
/// were asked for. `goroot` is the origin of the GOROOT.
pub fn full(
    program: &Program<'_>,
    goroot: Option<GorootOrigin>,
) -> (ModuleList, Option<Vec<LinkedPackage>>) {
    let recorded = recorded(program);
    if recorded == ModuleList::Recorded && !program.list_packages {
        return (recorded, None);
    }
    let packages = packages::read(&program.tables, program.build_info.as_ref());
    let list = refined(recorded, program, packages.as_deref(), goroot);
    let shown = program.list_packages || list != ModuleList::Empty;
    (list, packages.filter(|_| shown))
}

fn refined(
    list: ModuleList,
    program: &Program<'_>,
    packages: Option<&[LinkedPackage]>,
    goroot: Option<GorootOrigin>,
) -> ModuleList {
    let path = program.main_package().unwrap_or_default();
    let only_standard = packages.map(|all| {
        let own = |p: &LinkedPackage| {
            matches!(p.module.as_deref(), Some(modules::STANDARD | modules::MAIN))
        };
        all.iter().all(|p| own(p) || p.path == path)
    });
    match (list, only_standard) {
        (ModuleList::NotRecorded, Some(true)) if path == FROM_FILES => ModuleList::Empty,
        (ModuleList::Empty, Some(false)) => ModuleList::NotRecorded,
        (ModuleList::NoRecord | ModuleList::NotRecorded, _) if path.is_empty() => {
            if goroot == Some(GorootOrigin::Bazel) || has_bazel_files(&program.tables) {
                ModuleList::Bazel
            } else {
                list
            }
        }
        _ => list,
    }
}

/// Whether source files have the paths that Bazel gives to fetched repositories: `external/NAME/...` below the directory in
/// which the command ran.
fn has_bazel_files(tables: &Tables<'_>) -> bool {
    let Some(table) = tables.pclntab() else {
        return false;
    };
    table
        .source_files(tables.image(), &mut |file| {
            if file.starts_with(b"external/") || file.starts_with(b"bazel-out/") {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .is_some()
}
