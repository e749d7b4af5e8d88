//! Notes: unusual things about a program, as sentences for the record.

use super::program::Program;
use gospect_exe::Fault;
use gospect_knowledge::TableRow;

/// Notes on the build info and the headers.
pub fn recorded(program: &Program<'_>) -> Vec<String> {
    let mut notes = program.identity.notes.clone();
    if program.version_text.as_deref() == Some("unknown") {
        notes.push("the toolchain version was blanked, as obfuscators such as garble do: names of packages and functions may be made up too".to_owned());
    }
    if let Some(info) = &program.modinfo {
        let problems = info.problems.iter();
        notes.extend(problems.map(|p| format!("build info line {}: {}", p.line, p.error)));
        let unknown = info.unknown.iter().take(8);
        notes.extend(unknown.map(|line| {
            let line = String::from_utf8_lossy(line);
            format!("build info: line of unknown kind: {line}")
        }));
    }
    let faults = &program.tables.image().faults;
    notes.extend(faults.iter().map(fault_text));
    notes
}

/// Damage of the file as a phrase.
pub(crate) fn fault_text(fault: &Fault) -> String {
    match fault {
        Fault::Truncated(what) => format!("truncated: the {what} runs past the end of the file"),
        Fault::Malformed(what) => format!("malformed {what}"),
    }
}

/// The note on a program without a function table.
pub(crate) fn no_functions(program: &Program<'_>) -> Option<String> {
    let is_missing = program.tables.functions().count == 0 && program.identity.foreign.is_none();
    is_missing.then(|| "no function table was found: facts that need it are missing".to_owned())
}

/// The note on a toolchain that is a fork of Go without saying so in its version. Forks add packages to the standard library,
/// which programs cannot import (`vendor/` in front marks the standard library's own).
pub fn fork(program: &Program<'_>) -> Option<String> {
    if program.vendor().is_some() {
        return None;
    }
    const PACKAGES: [(&str, &str); 4] = [
        ("vendor/github.com/microsoft/go-crypto", "Microsoft's"),
        ("vendor/github.com/golang-fips/openssl-fips", "Red Hat's"),
        (
            "vendor/github.com/golang-fips/openssl",
            "Red Hat's or Microsoft's",
        ),
        (
            "crypto/internal/backend",
            "a vendor's with system cryptography",
        ),
    ];
    PACKAGES.iter().find_map(|(start, whose)| {
        let package = program.tables.functions().first_package_from(start)?;
        Some(format!(
            "the toolchain looks like {whose} fork of Go: its standard library holds {package}"
        ))
    })
}

/// The note on a main package that is only known from the path of a file.
pub(crate) fn guessed_main(program: &Program<'_>) -> Option<String> {
    let note = "main package inferred from the path of its main.go";
    program.guessed_main().map(|_| note.to_owned())
}

/// The note on a release that the knowledge tables do not have.
pub fn release(program: &Program<'_>) -> Option<String> {
    let version = program.version.as_ref()?;
    TableRow::of(version).note(version)
}
