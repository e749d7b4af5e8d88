//! How the program is linked, where that makes it start sooner. Who uses the library links as they like.
//!
//! With the unwinder in it, where a static one is installed: a shared libgcc_s costs a tenth of the start of the process, and the program
//! would need it on the machine it runs on. With its relative relocations in the short form (`DT_RELR`), where linker and C library know it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Has a table of pointers that are relocated at the start, and prints one of them.
const WITH_RELOCATIONS: &str = r#"
static WORDS: [&str; 3] = ["none", "one", "two"];
fn main() { print!("{}", WORDS[std::env::args().count()]); }
"#;
/// glibc has `arc4random` since 2.36, like `DT_RELR`: against an older one, which another system may have, this does not link.
const NEEDS_GLIBC_2_36: &str = r#"
extern "C" { fn arc4random() -> u32; }
#[used]
static RANDOM: unsafe extern "C" fn() -> u32 = arc4random;
"#;
/// A linker that does not know it ignores it, with a warning.
const SHORT_RELOCATIONS: &str = "-Wl,-z,pack-relative-relocs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CLI").is_none() || variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    let glibc = variable("CARGO_CFG_TARGET_ENV") == "gnu";
    let is_static = variable("CARGO_CFG_TARGET_FEATURE")
        .split(',')
        .any(|feature| feature == "crt-static");
    if glibc && !is_static && variable("TARGET") == variable("HOST") && has_static_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    if loads_short_relocations(glibc) {
        println!("cargo::rustc-link-arg-bins={SHORT_RELOCATIONS}");
    }
}

/// The value of an environment variable that cargo sets; empty if it does not.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The compiler driver that rustc links with answers with the whole path of what it has, and with the bare name otherwise.
fn has_static_unwinder() -> bool {
    Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_absolute())
}

/// Whether a small program, linked like this one and with short relocations, starts on this machine. A program for another system does not, and
/// so keeps the long form. mold 1 makes programs that glibc refuses, and musl reads the short form since 1.2.4, which Rust has since 1.93.
fn loads_short_relocations(glibc: bool) -> bool {
    let folder = PathBuf::from(variable("OUT_DIR"));
    let source = folder.join("relocations.rs");
    let program = folder.join("relocations");
    let text = format!(
        "{WITH_RELOCATIONS}{}",
        if glibc { NEEDS_GLIBC_2_36 } else { "" }
    );
    if std::fs::write(&source, text).is_err() {
        return false;
    }
    let mut compiler = Command::new(variable("RUSTC"));
    compiler.arg(&source).arg("-o").arg(&program);
    compiler.args(["--target", &variable("TARGET")]);
    // Between its flags cargo writes the separator of units of ASCII.
    compiler.args(
        variable("CARGO_ENCODED_RUSTFLAGS")
            .split('\u{1f}')
            .filter(|flag| !flag.is_empty()),
    );
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compiler.args(["-C", &format!("linker={linker}")]);
    }
    compiler.args(["-C", &format!("link-arg={SHORT_RELOCATIONS}")]);
    let linked = compiler.output().is_ok_and(|out| out.status.success());
    linked
        && Command::new(&program)
            .output()
            .is_ok_and(|out| out.status.success() && out.stdout == b"one")
}
