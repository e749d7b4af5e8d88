//! One entry point for each reader that takes bytes from outside: what the fuzzers of `fuzz/` and the tests beside this
//! file throw bytes at. Not part of the crate that users get: only tests and builds with `--cfg fuzzing` have it.
//!
//! A target takes any bytes and must return: a panic, ten seconds, or memory far above the input's length is a finding.
//! What a target asserts beyond that is a promise that holds for any input. How to run them: `docs/fuzzing.md`.

mod containers;
mod exchange;
mod executables;
mod texts;

#[cfg(test)]
mod tests;

/// What can be thrown bytes at.
pub struct Target {
    /// Name of the fuzzer, and of the folder under `testdata/fuzz` that holds its corpus.
    pub name: &'static str,
    /// Takes the bytes.
    pub run: fn(&[u8]),
}

/// Every target.
pub static TARGETS: &[Target] = &[
    Target {
        name: "elf",
        run: executables::elf,
    },
    Target {
        name: "macho",
        run: executables::macho,
    },
    Target {
        name: "fat",
        run: executables::fat,
    },
    Target {
        name: "pe",
        run: executables::pe,
    },
    Target {
        name: "coff",
        run: executables::coff,
    },
    Target {
        name: "xcoff",
        run: executables::xcoff,
    },
    Target {
        name: "plan9",
        run: executables::plan9,
    },
    Target {
        name: "wasm",
        run: executables::wasm,
    },
    Target {
        name: "ar",
        run: executables::ar,
    },
    Target {
        name: "packed",
        run: executables::packed,
    },
    Target {
        name: "dwarf",
        run: executables::dwarf,
    },
    Target {
        name: "inspect",
        run: executables::inspect,
    },
    Target {
        name: "buildinfo",
        run: executables::buildinfo,
    },
    Target {
        name: "pclntab",
        run: executables::pclntab,
    },
    Target {
        name: "moduledata",
        run: executables::moduledata,
    },
    Target {
        name: "modinfo",
        run: texts::modinfo,
    },
    Target {
        name: "version",
        run: texts::version,
    },
    Target {
        name: "flags",
        run: texts::flags,
    },
    Target {
        name: "policy",
        run: texts::policy,
    },
    Target {
        name: "deployment",
        run: texts::deployment,
    },
    Target {
        name: "baseline",
        run: texts::baseline,
    },
    Target {
        name: "records",
        run: texts::records,
    },
    Target {
        name: "reference",
        run: texts::reference,
    },
    Target {
        name: "challenge",
        run: texts::challenge,
    },
    Target {
        name: "token",
        run: texts::token,
    },
    Target {
        name: "documents",
        run: texts::documents,
    },
    Target {
        name: "tar",
        run: containers::tar,
    },
    Target {
        name: "zip",
        run: containers::zip,
    },
    Target {
        name: "cpio",
        run: containers::cpio,
    },
    Target {
        name: "deb",
        run: containers::deb,
    },
    Target {
        name: "rpm",
        run: containers::rpm,
    },
    Target {
        name: "codec",
        run: containers::codec,
    },
    Target {
        name: "archive",
        run: containers::archive,
    },
    Target {
        name: "image",
        run: containers::image,
    },
    Target {
        name: "exchange",
        run: exchange::exchange,
    },
];

/// Runs the target of that name.
///
/// # Panics
/// When there is none, and when the target finds something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|t| t.name == name);
    (target.unwrap_or_else(|| panic!("no target {name}")).run)(data);
}
