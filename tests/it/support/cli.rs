//! Runs the built command.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The result of a run. Text is lossy: a test that needs exact bytes uses `raw`.
#[derive(Debug)]
pub struct Output {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub raw: Vec<u8>,
}

/// The command with a clean environment: no colours, no Go settings, a fixed width.
pub fn command() -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_gospect"));
    c.stdin(Stdio::null());
    for (key, _) in std::env::vars_os() {
        let name = key.to_string_lossy();
        if name.starts_with("GO")
            || [
                "NO_COLOR",
                "FORCE_COLOR",
                "CLICOLOR",
                "CLICOLOR_FORCE",
                "COLUMNS",
            ]
            .contains(&&*name)
        {
            c.env_remove(&key);
        }
    }
    c
}

/// Runs `gospect ARGS` and waits for it.
pub fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    finish(command().args(args))
}

/// The same with `dir` as the working directory.
pub fn run_in<S: AsRef<OsStr>>(dir: &Path, args: &[S]) -> Output {
    finish(command().current_dir(dir).args(args))
}

pub fn finish(command: &mut Command) -> Output {
    let out = command.output().unwrap();
    Output {
        code: out.status.code(),
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
        raw: out.stdout,
    }
}

/// A directory that is removed at the end of the test.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(
            tempfile::Builder::new()
                .prefix("gospect-test-")
                .tempdir()
                .unwrap(),
        )
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, creating directories as needed, and returns its path.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a stored program under its id and returns its path; executable, because `go version` requires it.
    pub fn put_fixture(&self, id: &str) -> PathBuf {
        let path = self.put(id, &super::fixture(id));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        path
    }
}
