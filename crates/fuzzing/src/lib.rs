//! One entry point for each reader that takes bytes from outside: what the fuzzers of `fuzz/` and the tests beside this
//! file throw bytes at. Not part of the crate that users get: only tests and builds with `--cfg fuzzing` have it.
//!
//! A target takes any bytes and must return: a panic, ten seconds, or memory far above the input's length is a finding.
//! What a target asserts beyond that is a promise that holds for any input. How to run them: `docs/fuzzing.md`.

#![cfg(any(test, fuzzing))]
#![forbid(unsafe_code)]

mod containers;
mod exchange;
mod executables;
mod packages;
mod structures;
mod surroundings;
mod texts;
mod vulnerabilities;

#[cfg(test)]
mod tests;

/// What can be thrown bytes at.
pub struct Target {
    /// Name of the fuzzer, and of the folder under `testdata/fuzz` that holds its corpus.
    pub name: &'static str,
    /// Takes the bytes.
    pub run: fn(&[u8]),
    /// How many runs of an ordinary target one run takes, about: the tests make so many times fewer.
    pub cost: u64,
}

/// Every target.
pub static TARGETS: &[Target] = &[
    target("elf", executables::elf, 1),
    target("macho", executables::macho, 1),
    target("fat", executables::fat, 1),
    target("pe", executables::pe, 1),
    target("coff", executables::coff, 1),
    target("xcoff", executables::xcoff, 1),
    target("plan9", executables::plan9, 1),
    target("wasm", executables::wasm, 1),
    target("ar", executables::ar, 1),
    target("packed", executables::packed, 1),
    target("dwarf", executables::dwarf, 1),
    target("inspect", executables::inspect, 1),
    target("buildinfo", executables::buildinfo, 1),
    target("pclntab", executables::pclntab, 1),
    target("gosymtab", executables::gosymtab, 1),
    target("moduledata", executables::moduledata, 1),
    target("modinfo", texts::modinfo, 1),
    target("version", texts::version, 1),
    target("flags", texts::flags, 1),
    target("policy", texts::policy, 1),
    target("deployment", texts::deployment, 1),
    target("chart", surroundings::chart, 1),
    target("around", surroundings::around, 1),
    target("foreign", surroundings::foreign, 1),
    target("baseline", texts::baseline, 1),
    target("records", texts::records, 1),
    target("reference", texts::reference, 1),
    target("challenge", texts::challenge, 1),
    target("token", texts::token, 1),
    target("documents", texts::documents, 1),
    target("tar", containers::tar, 1),
    target("zip", containers::zip, 1),
    target("cpio", containers::cpio, 1),
    target("deb", containers::deb, 1),
    target("rpm", containers::rpm, 1),
    target("codec", containers::codec, 1),
    target("archive", containers::archive, 1),
    target("image", containers::image, 1),
    target("packages", packages::packages, 1),
    target("elfchanges", structures::elf, 20),
    target("machochanges", structures::macho, 20),
    target("pechanges", structures::pe, 20),
    target("wasmchanges", structures::wasm, 20),
    target("otherchanges", structures::others, 20),
    target("exchange", exchange::exchange, 1),
    target("osv", vulnerabilities::osv, 1),
    target("vulndb", vulnerabilities::vulndb, 1),
    target("severities", vulnerabilities::severities, 1),
    target("fixes", vulnerabilities::fixes, 1),
    target("vex", vulnerabilities::vex, 4),
    target("functions", vulnerabilities::functions, 1),
    target("note", vulnerabilities::note, 1),
];

const fn target(name: &'static str, run: fn(&[u8]), cost: u64) -> Target {
    Target { name, run, cost }
}

/// Runs the target of that name.
///
/// # Panics
/// When there is none, and when the target finds something.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|t| t.name == name);
    (target.unwrap_or_else(|| panic!("no target {name}")).run)(data);
}
