//! Links the unwinder into the program where it can be: a shared libgcc_s costs a tenth of the start of the process, and the program
//! would need it on the machine it runs on.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}"));
    // Who uses the library links as they like.
    let shared = std::env::var_os("CARGO_FEATURE_CLI").is_some()
        && std::env::var_os("TARGET") == std::env::var_os("HOST")
        && target("OS").as_deref() == Ok("linux")
        && target("ENV").as_deref() == Ok("gnu")
        && !target("FEATURE").is_ok_and(|f| f.split(',').any(|f| f == "crt-static"));
    if shared && has_static_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// The compiler driver that rustc links with answers with the whole path of what it has, and with the bare name otherwise.
fn has_static_unwinder() -> bool {
    Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_absolute())
}
