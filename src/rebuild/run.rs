//! Runs the script of a recipe in a private folder.

use super::script::{RESULT, STEP, step};
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Why nothing was built. Each text is one line that says what is missing, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBuilt {
    #[error(
        "there is no `go` command; install Go 1.21 or newer (any such release fetches {toolchain}), or name one with --go"
    )]
    NoGo { toolchain: String },
    #[error("there is no POSIX shell `sh` to run the recipe; --recipe prints it")]
    NoShell,
    #[error(
        "{toolchain} cannot be had: {line}; see that GOPROXY names a proxy that has it, or let --go name the go command of that release"
    )]
    NoToolchain { toolchain: String, line: String },
    #[error(
        "no module proxy answers: {line}; see GOPROXY and the network, or give the source with --source DIR"
    )]
    NoProxy { line: String },
    #[error(
        "the source is not to be had: {line}; name another version with --module PATH@VERSION, or give it with --source DIR"
    )]
    NoSource { line: String },
    #[error(
        "a module is private: {line}; a proxy of GOPROXY must have it, or --source DIR must contain it (vendored)"
    )]
    Private { line: String },
    #[error(
        "a sum does not match: {line}; whoever changed the module or the sum has to explain it"
    )]
    BadSum { line: String },
    #[error(
        "the disk is full: {folder}; free some space, or set TMPDIR to a folder with more of it"
    )]
    DiskFull { folder: String },
    #[error("interrupted; nothing is left behind")]
    Interrupted,
    #[error("it needs a C compiler: {line}; install the one that the program was built with")]
    NoCompiler { line: String },
    #[error(
        "the build failed: {line}; `gospect rebuild --recipe` prints the commands to try by hand"
    )]
    Failed { line: String },
    #[error("the build folder {folder}: {why}; set TMPDIR to a folder that can be written to")]
    Folder { folder: String, why: String },
}

/// A temporary folder; it is removed with everything in it.
pub struct WorkFolder {
    path: PathBuf,
}

impl WorkFolder {
    /// Makes a folder for temporary files.
    ///
    /// # Errors
    /// [`NotBuilt::Folder`] when it cannot be made.
    pub fn new() -> Result<Self, NotBuilt> {
        let parent = std::env::temp_dir();
        let made = tempfile::Builder::new()
            .prefix("gospect-rebuild-")
            .tempdir_in(&parent);
        match made {
            Ok(folder) => Ok(Self {
                path: folder.keep(),
            }),
            Err(error) => Err(fault(&parent, &error)),
        }
    }

    /// The path of the program that was built.
    pub fn result(&self) -> PathBuf {
        self.path.join(RESULT)
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for WorkFolder {
    /// The `go` command makes the folders of the module cache read-only, so they are made writable first.
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.path).is_err() {
            make_writable(&self.path);
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn make_writable(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o700));
    }
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

fn fault(folder: &Path, error: &io::Error) -> NotBuilt {
    let folder = folder.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => NotBuilt::DiskFull { folder },
        _ => NotBuilt::Folder {
            folder,
            why: error.to_string(),
        },
    }
}

/// A run of a script.
pub struct Run<'r> {
    /// The `go` command: a name to look up, or a path.
    pub go: &'r Path,
    /// The toolchain of the recipe.
    pub toolchain: &'r str,
    /// A folder that keeps downloads and compiled packages; `None`: they are removed.
    pub cache: Option<&'r Path>,
    /// Set by a signal handler to end the build.
    pub stop: &'r AtomicBool,
}

/// Most lines of output that are kept.
const LINES: usize = 400;
/// Longest line that is kept.
const LINE: usize = 2000;

impl Run<'_> {
    /// Runs a script; `tell` is called at the start of each step.
    ///
    /// # Errors
    /// [`NotBuilt`] says what is missing.
    pub fn script(
        &self,
        script: &str,
        place: &WorkFolder,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), NotBuilt> {
        let file = place.file("recipe.sh");
        fs::write(&file, script).map_err(|error| fault(&place.path, &error))?;
        let mut command = Command::new("sh");
        command
            .arg(&file)
            .arg(&place.path)
            .env("GO", self.go)
            .current_dir(&place.path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(cache) = self.cache {
            let cache = std::path::absolute(cache).map_err(|error| fault(cache, &error))?;
            command.env("REBUILD_CACHE", cache);
        }
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A process group of its own, so that all processes that it starts can be ended together.
            command.process_group(0);
        }
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => NotBuilt::NoShell,
            _ => fault(&place.path, &error),
        })?;
        let (sender, lines) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            std::thread::spawn(move || forward(stderr, &sender));
        }
        let mut said = ScriptOutput::default();
        let status = loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => said.line(line, tell),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break child.wait(),
            }
            if self.stop.load(Ordering::SeqCst) {
                end(&mut child);
                return Err(NotBuilt::Interrupted);
            }
        };
        if self.stop.load(Ordering::SeqCst) {
            return Err(NotBuilt::Interrupted);
        }
        let is_fine = status.is_ok_and(|status| status.success()) && place.result().is_file();
        match is_fine {
            true => Ok(()),
            false => Err(said.reason(self.toolchain, &place.path)),
        }
    }
}

/// Ends a process and all processes that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Sends the lines of standard error, cut to [`LINE`].
fn forward(stderr: impl Read, sender: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(LINE as u64).read_until(b'\n', &mut line);
        if !matches!(read, Ok(n) if n > 0) {
            return;
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if sender.send(text).is_err() {
            return;
        }
    }
}

/// The output of the script.
#[derive(Default)]
struct ScriptOutput {
    step: String,
    lines: Vec<String>,
}

/// Words in messages of the `go` command, and their meaning. The first row that matches counts.
const SIGNS: [(&[&str], Meaning); 9] = [
    (
        &["no space left on device", "disk quota exceeded"],
        Meaning::DiskFull,
    ),
    (
        &[
            "SECURITY ERROR",
            "checksum mismatch",
            "another sum than the program",
            "verifying module",
            "invalid GOSUMDB",
        ],
        Meaning::BadSum,
    ),
    (
        &[
            "GOVCS disallows",
            // The `go` command asks the host of a module that GOPRIVATE or GONOPROXY names.
            "?go-get=1",
            "confirm the import path was entered correctly",
            "terminal prompts disabled",
        ],
        Meaning::Private,
    ),
    (
        &[
            "older than Go 1.21",
            "cannot be fetched",
            "toolchain not available",
            "invalid GOTOOLCHAIN",
            "cannot fetch go1",
            "download go1",
        ],
        Meaning::NoToolchain,
    ),
    (
        &[
            "dial tcp",
            "connection refused",
            "no such host",
            "i/o timeout",
            "proxyconnect",
            "TLS handshake",
            "x509:",
            "GOPROXY=off",
            "connection reset",
            ": EOF",
            "502 Bad Gateway",
            "503 Service",
        ],
        Meaning::NoProxy,
    ),
    (
        &[
            "no required module provides",
            "replacement directory",
            "inconsistent vendoring",
            "missing go.sum entry",
            "requires go >= ",
        ],
        Meaning::Failed,
    ),
    (
        &[
            "C compiler",
            "cgo: ",
            "exec: \"gcc\"",
            "exec: \"false\"",
            "runtime/cgo: exit status",
        ],
        Meaning::NoCompiler,
    ),
    (
        &[
            "404 Not Found",
            "401 Unauthorized",
            "403 Forbidden",
            "410 Gone",
            "unknown revision",
            "invalid version",
            "not found:",
            "does not contain package",
            "no matching versions",
            "no such file or directory",
            "is not in std",
            "cannot find module",
        ],
        Meaning::NoSource,
    ),
    (&[""], Meaning::Failed),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    DiskFull,
    BadSum,
    Private,
    NoToolchain,
    NoProxy,
    NoCompiler,
    NoSource,
    Failed,
}

impl ScriptOutput {
    fn line(&mut self, line: String, tell: &mut dyn FnMut(&str)) {
        if let Some(step) = line.strip_prefix(STEP) {
            tell(step);
            self.step = step.to_owned();
            self.lines.clear();
        } else if self.lines.len() < LINES && !line.is_empty() {
            self.lines.push(line);
        }
    }

    /// Why it failed, from the step and the messages.
    fn reason(&self, toolchain: &str, folder: &Path) -> NotBuilt {
        let toolchain = toolchain.to_owned();
        if self.step == step::GO {
            return NotBuilt::NoGo { toolchain };
        }
        let folder = folder.display().to_string();
        let hit = SIGNS.iter().find_map(|(words, meaning)| {
            let line = self
                .lines
                .iter()
                .find(|l| words.iter().any(|w| l.contains(w)))?;
            Some((line.as_str(), *meaning))
        });
        let (line, meaning) = hit.unwrap_or(("it said nothing", Meaning::Failed));
        // The messages of a compiler begin with a line that names the package.
        let detail = self
            .lines
            .iter()
            .find(|l| !l.starts_with("# ") && !l.starts_with("go: downloading"));
        let line = match (meaning, detail) {
            (Meaning::Failed, Some(detail)) => detail.as_str(),
            _ => line,
        };
        // The `go` command puts several lines into one text of JSON.
        let line = line.split("\\n").next().unwrap_or_default();
        let line = line
            .replace(&folder, "FOLDER")
            .trim_start_matches("go: ")
            .trim()
            .to_owned();
        match meaning {
            Meaning::DiskFull => NotBuilt::DiskFull { folder },
            Meaning::BadSum => NotBuilt::BadSum { line },
            Meaning::NoProxy => NotBuilt::NoProxy { line },
            _ if self.step.starts_with(step::TOOLCHAIN) => {
                NotBuilt::NoToolchain { toolchain, line }
            }
            Meaning::Private => NotBuilt::Private { line },
            Meaning::NoToolchain => NotBuilt::NoToolchain { toolchain, line },
            Meaning::NoCompiler => NotBuilt::NoCompiler { line },
            _ if self.step.starts_with(step::SOURCE) => NotBuilt::NoSource { line },
            Meaning::NoSource => NotBuilt::NoSource { line },
            Meaning::Failed => NotBuilt::Failed { line },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(step: &str, line: &str) -> NotBuilt {
        let said = ScriptOutput {
            step: step.to_owned(),
            lines: vec!["go: downloading a v1".to_owned(), line.to_owned()],
        };
        said.reason("go1.26.5", Path::new("/tmp/w"))
    }

    #[test]
    fn messages_of_the_go_command_become_reasons() {
        let gone = "go: example.com/a@v1.0.0: reading http://p/example.com/a/@v/v1.0.0.info: 404 Not Found";
        assert!(matches!(
            reason("the source a@v1", gone),
            NotBuilt::NoSource { .. }
        ));
        let down = "go: a@v1: Get \"http://127.0.0.1:1/a\": dial tcp 127.0.0.1:1: connect: connection refused";
        assert!(matches!(
            reason("the source a@v1", down),
            NotBuilt::NoProxy { .. }
        ));
        assert!(matches!(
            reason("the toolchain go1.26.5", down),
            NotBuilt::NoProxy { .. }
        ));
        let unknown = "go: download go1.26.99 for linux/amd64: toolchain not available";
        assert!(matches!(
            reason("the toolchain go1.26.99", unknown),
            NotBuilt::NoToolchain { .. }
        ));
        let full = "compile: writing output: write $WORK/b002/_pkg_.a: no space left on device";
        assert!(matches!(
            reason("the build", full),
            NotBuilt::DiskFull { .. }
        ));
        let private =
            "go: corp.example/x@v1.0.0: GOVCS disallows using git for private corp.example/x";
        assert!(matches!(
            reason("the source x", private),
            NotBuilt::Private { .. }
        ));
        let host = "go: corp.example/x@v1.0.0: unrecognized import path: https fetch: Get \"https://corp.example/x?go-get=1\": dial tcp: no such host\\n\\tmore";
        let NotBuilt::Private { line } = reason("the source x", host) else {
            unreachable!("a module that only its host has is private")
        };
        assert!(line.ends_with("no such host"), "{line}");
        let code = "./main.go:3:8: undefined: missing";
        let NotBuilt::Failed { line } = reason("the build", code) else {
            unreachable!("a failing build is one")
        };
        assert_eq!(line, code);
        assert!(matches!(
            reason(step::GO, "sh: go: not found"),
            NotBuilt::NoGo { .. }
        ));
    }
}
