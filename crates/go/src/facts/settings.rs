//! The experiments and GODEBUG settings of one program: what the build info, the linker and the environment say, evaluated with
//! the tables of [`gospect_knowledge`].

use super::experiment;
use super::program::Program;
use crate::tables::linker_strings::LinkerString;
use crate::written::modinfo;
use gospect_record::godebug::{self, assess, unfit_for_fips};
use gospect_record::{Executable, Experiments, Godebug, ModuleList};

/// GOPATH mode has no `go` line, but the GODEBUG defaults of this one.
const GOPATH_LANGUAGE: &str = "1.20";

/// The settings by the build info alone.
pub fn recorded(program: &Program<'_>) -> (Experiments, Godebug) {
    (
        experiment::recorded(program.version.as_ref(), program.recorded("GOEXPERIMENT")),
        godebug::recorded(program.recorded("DefaultGODEBUG")),
    )
}

/// The experiments that are on and the settings in force. `baked` is the linker string `runtime.godebugDefault`.
pub fn full(
    program: &Program<'_>,
    executable: &Executable,
    modules: ModuleList,
    baked: Option<&str>,
) -> (Experiments, Godebug) {
    let (experiments, godebug) = recorded(program);
    let Some(version) = &program.version else {
        let godebug = Godebug {
            baked: baked.map(str::to_owned),
            environment: program.environment.map(str::to_owned),
            ..godebug
        };
        return (experiments, godebug);
    };
    let functions = program.tables.functions();
    // Where other strings of the runtime were found but not this one, it is empty.
    let no_baked = || program.tables.strings().modinfo().map(|_| "");
    let facts = godebug::Facts {
        version,
        recorded: godebug.recorded.as_deref(),
        baked: baked.or_else(no_baked),
        environment: program.environment,
        has_settings: program.has_settings(),
        main_package: program.main_package().or(program.guessed_main()),
        goos: program.setting("GOOS").or(executable.os.as_deref()),
        goarch: program.setting("GOARCH").or(executable.arch.as_deref()),
        crypto_linked: (functions.count > 0).then(|| functions.has_fips_module()),
        unfit_for_fips: unfit_for_fips(|key| program.setting(key)),
    };
    let is_gopath = modules == ModuleList::Gopath;
    let experiments = experiment::assess(&experiment::Facts {
        version,
        goarch: facts.goarch,
        goos: facts.goos,
        setting: program.setting("GOEXPERIMENT"),
        has_settings: facts.has_settings,
        language: godebug::language(&facts),
        gopath: is_gopath,
    });
    let mut assessed = assess(&facts);
    if let Some(range) = assessed.language_version.as_mut().filter(|_| is_gopath) {
        GOPATH_LANGUAGE.clone_into(range);
    }
    // The record makes no difference between an empty string and none.
    if assessed.baked.as_deref() == Some("") {
        assessed.baked = None;
        assessed.baked_pairs = None;
    }
    (experiments, assessed)
}

/// The linker string `runtime.godebugDefault`: the one that equals the recorded setting, or else the list of settings right
/// after `runtime.modinfo`, its neighbour in package runtime.
pub fn baked<'i>(program: &Program<'i>) -> Option<(u64, &'i str)> {
    let all = &program.tables.strings().all;
    let text = |s: &LinkerString<'i>| Some((s.address, std::str::from_utf8(s.text).ok()?));
    if let Some(recorded) = program.recorded("DefaultGODEBUG")
        && let Some(equal) = all.iter().find(|s| s.text == recorded.as_bytes())
    {
        return text(equal);
    }
    let framed = all.iter().find(|s| s.text.starts_with(&modinfo::START))?;
    let next = framed
        .address
        .wrapping_add(2 * program.tables.image().pointer_size());
    let next = all.iter().find(|s| s.address == next).and_then(text)?;
    let is_setting = |field: &str| {
        field.split_once('=').is_some_and(|(key, _)| {
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    next.1.split(',').all(is_setting).then_some(next)
}
