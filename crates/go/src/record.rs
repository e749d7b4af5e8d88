//! The record of one program: the list of its facts. Each fact is a function of the [`Program`] and goes straight into the
//! record, so that none can be lost on the way.

use super::corroborate::{Evidence, copies, corroborate};
use super::facts::{
    Program, call_chains, capabilities, executable, fips, goroot, linked, linked_functions,
    linker_values, module_list, notes, settings, versions,
};
use super::tables::age::Age;
use super::written::compiler::Compiler;
use gospect_exe::linkage;
use gospect_record::{Binary, Word};

/// The record with the facts of the build info and the headers.
/// The texts of the build info go from the program to the record.
pub fn recorded(program: &mut Program<'_>) -> Binary {
    let (experiments, godebug) = settings::recorded(program);
    let version = program.version.as_ref();
    let compiler = match &program.identity.foreign {
        Some(foreign) => foreign.compiler.into(),
        None => program
            .recorded("-compiler")
            .map_or(Compiler::Gc.into(), Word::from),
    };
    Binary {
        size: program.tables.image().window().len(),
        executable: executable::recorded(program),
        go_version: version
            .and_then(|v| v.release_text().or(v.devel.then_some("devel")))
            .map(str::to_owned),
        go_vendor: program.vendor().map(str::to_owned),
        compiler: Some(compiler),
        main_package: program.main_package().map(str::to_owned),
        build_info_source: program.identity.source.map(Word::from),
        module_list: Some(module_list::recorded(program).into()),
        experiments,
        godebug,
        notes: notes::recorded(program),
        go_version_raw: program.version_text.take(),
        build_info: program.build_info.take(),
        ..Binary::default()
    }
}

/// The record with every fact.
pub fn full(mut program: Program<'_>) -> Binary {
    let p = &program;
    let tables_notes = [
        notes::no_functions(p),
        notes::fork(p),
        notes::guessed_main(p),
    ];
    let executable = executable::full(p);
    let goroot = goroot::find(p);
    let (modules, mut packages) =
        module_list::full(p, goroot.record.origin.as_ref().and_then(Word::known));
    let no_capabilities = capabilities::add(p, &mut packages);
    let baked = settings::baked(p);
    let (experiments, godebug) = settings::full(p, &executable, modules, baked.map(|b| b.1));
    let runtime_strings: Vec<u64> = goroot
        .string
        .into_iter()
        .chain(baked.map(|b| b.0))
        .collect();
    let linker_strings = linker_values::of(p, &runtime_strings);
    let linked = linked::of(p);
    let linked_functions::Linked {
        functions,
        mut names,
        missing,
        listed,
    } = match p.symbols {
        true => linked_functions::read(p),
        false => linked_functions::Linked::default(),
    };
    let corroboration = corroborate(&Evidence {
        program: p,
        build_id: executable.build_id.as_deref(),
        experiments: &experiments,
        godebug: &godebug,
        linked: &linked,
    });
    let notes: Vec<String> = tables_notes
        .into_iter()
        .flatten()
        .chain(goroot.notes)
        .chain(notes::release(p))
        .chain(no_capabilities)
        .chain(missing)
        .collect();
    let mut binary = Binary {
        executable,
        go_version_range: p.age().map(Age::to_record),
        main_package: p.main_package().or(p.guessed_main()).map(str::to_owned),
        module_list: Some(modules.into()),
        packages,
        versions: Some(versions::claims(p.build_info.as_ref(), &linker_strings)),
        goroot: Some(goroot.record),
        fips: fips::read(p, &godebug),
        experiments,
        godebug,
        linker_strings: Some(linker_strings),
        linkage: Some(linkage::describe(p.tables.image())),
        corroboration: Some(corroboration),
        paths: Some(p.files().to_record()),
        functions,
        linked: Some(linked),
        second_build_info: copies::second(p),
        ..recorded(&mut program)
    };
    binary.notes.extend(notes);
    if let Some(listed) = listed
        && let Some(answer) = linked_functions::answer(&program, &mut binary, &listed)
    {
        names = answer.names;
        binary.notes.extend(answer.missing);
    }
    binary.call_chains = call_chains::read(&program, &binary).map(Box::new);
    // Last, because it reads the whole function table, and where memory is short leaves none for other facts.
    if let Some(names) = names
        && let Some(functions) = &mut binary.functions
        && let Some(note) = linked_functions::missing(&program, &names)
    {
        functions.mark_incomplete();
        binary.notes.push(note);
    }
    binary
}
