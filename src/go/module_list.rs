//! Whether a record lists the modules of its program, and why it does not.
//!
//! `go build` writes a `path` line into every record from Go 1.18 on, and `mod` and `dep` lines in module mode only
//! (src/cmd/go/internal/load/pkg.go, setBuildInfo). Outside a module (`go run x.go`) there is no `mod` line either; then the GODEBUG defaults
//! tell the two apart: those of GOPATH mode are Go 1.20's, those of files outside a module the toolchain's own
//! (src/cmd/go/internal/load/godebug.go, defaultGODEBUG).

use super::godebug;
use super::identify::Tables;
use crate::knowledge::go_version::GoVersion;
use crate::knowledge::modules;
use crate::record::{BuildInfo, LinkedPackage, ModuleList};
use std::ops::ControlFlow;

/// The main package of a program that was built from files.
const FROM_FILES: &str = "command-line-arguments";
/// The language version whose GODEBUG defaults GOPATH mode has.
const GOPATH_LANGUAGE: u32 = 20;

/// What the record says. `is_damaged`: lines of it cannot be read.
pub fn of_record(
    info: Option<&BuildInfo>,
    is_damaged: bool,
    version: Option<&GoVersion>,
) -> ModuleList {
    let Some(info) = info else {
        return ModuleList::NoRecord;
    };
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
        FROM_FILES => match defaults_of_gopath_mode(info, version) {
            Some(true) => ModuleList::Gopath,
            Some(false) => ModuleList::Empty,
            None => ModuleList::NotRecorded,
        },
        path if path.starts_with("cmd/") || modules::is_standard(path) => ModuleList::Distribution,
        _ => ModuleList::Gopath,
    }
}

/// Whether the recorded GODEBUG defaults are those of GOPATH mode; `None` where no defaults tell, as before Go 1.21.
fn defaults_of_gopath_mode(info: &BuildInfo, version: Option<&GoVersion>) -> Option<bool> {
    let language = godebug::recorded_language(
        version?,
        info.setting("DefaultGODEBUG"),
        !info.settings.is_empty(),
    )?;
    Some(language.max <= GOPATH_LANGUAGE)
}

/// The same with what the function table and the source files add.
pub fn refine(
    list: ModuleList,
    tables: &Tables<'_>,
    packages: Option<&[LinkedPackage]>,
    info: Option<&BuildInfo>,
    goroot: Option<&str>,
) -> ModuleList {
    let path = info.map_or("", |info| info.path.as_str());
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
            if goroot == Some("bazel") || has_bazel_files(tables) {
                ModuleList::Bazel
            } else {
                list
            }
        }
        _ => list,
    }
}

/// Whether source files lie where Bazel puts the repositories that a build fetches: `external/NAME/...` below the directory
/// that the command ran in.
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
