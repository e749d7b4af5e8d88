//! `gospect version`: prints what `go version` of Go 1.27 prints, byte for byte (src/cmd/go/internal/version/version.go), without
//! Go.
//!
//! It behaves the same: directories are walked in order of names and links to files in them are followed, only the first slice of
//! a universal file counts, and other files are skipped silently. A file named on the command line that only our reader can
//! read is shown in the same form.

use super::go_flags::{Flags, Refused, parse, split_value};
use super::terminal::{is_error_terminal, is_terminal, stdout};
use crate::bytes::{FileBytes, Limits, MEMORY, SizeInMemory, Use};
use crate::go::version::{self, Effort, NoBuildInfo, RawBuildInfo};
use crate::report::style::clean;
use crate::source::dir;
use crate::source::listing::Listing;
use crate::source::queue::{self, Output};
use crate::source::walk::{NotExamined, Rules, Tally, Visit, Walk, WalkedFile};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// One run of the command: where it prints, and its exit status.
struct Run<'w> {
    flags: Flags,
    out: &'w mut dyn Write,
    status: u8,
    /// Standard output was closed, so the run stops quietly.
    closed: bool,
    /// Standard output is a terminal, so control characters from files and their names are escaped; Go does not do that.
    terminal: bool,
}

pub fn run(args: &[OsString]) -> u8 {
    let given = Flags::from_environment();
    let mut flags = given;
    let files = match change_directory(args).and_then(|rest| parse(rest, &mut flags)) {
        Ok(files) => files,
        Err((message, status)) => {
            say!("{}", message.trim_end_matches('\n'));
            return status;
        }
    };
    let mut out = BufWriter::with_capacity(64 << 10, stdout());
    let mut run = Run {
        flags,
        out: &mut out,
        status: 0,
        closed: false,
        terminal: is_terminal(),
    };
    if files.is_empty() {
        run.own_version(given);
    } else if flags.json && !flags.modules {
        say!("go: 'go version' with -json flag requires -m flag");
        run.status = 2;
    } else {
        for file in files {
            run.argument(Path::new(file));
        }
    }
    let status = run.status;
    match out.flush() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            say!("gospect: cannot write the output: {e}");
            1
        }
        _ => status,
    }
}

/// Handles `-C DIR`, which every go command accepts as its first flag.
fn change_directory(args: &[OsString]) -> Result<&[OsString], Refused> {
    let Some((first, rest)) = args.split_first() else {
        return Ok(args);
    };
    let text = first.to_string_lossy();
    let body = text.strip_prefix("--").or(text.strip_prefix('-'));
    let (dir, rest) = match (body.map(split_value), rest.split_first()) {
        (Some(("C", Some(dir))), _) => (OsString::from(dir), rest),
        (Some(("C", None)), Some((dir, rest))) => (dir.clone(), rest),
        _ => return Ok(args),
    };
    match std::env::set_current_dir(&dir) {
        Ok(()) => Ok(rest),
        Err(e) => Err((
            format!(
                "go: chdir {}: {}\n",
                escaped_path(Path::new(&dir)),
                go_error(&e)
            ),
            1,
        )),
    }
}

impl Run<'_> {
    /// Without files: prints this program's own version in Go's form. Flags `given` by the environment are then no error.
    fn own_version(&mut self, given: Flags) {
        let alone = match self.flags {
            f if f.modules && !given.modules => Some("-m"),
            f if f.verbose && !given.verbose => Some("-v"),
            f if f.json && !given.json => Some("-json"),
            _ => None,
        };
        let flag = match alone {
            Some(flag) => flag,
            None => {
                let os = if cfg!(target_os = "macos") {
                    "darwin"
                } else {
                    std::env::consts::OS
                };
                let arch = match std::env::consts::ARCH {
                    "x86_64" => "amd64",
                    "aarch64" => "arm64",
                    "x86" => "386",
                    other => other,
                };
                let line = format!(
                    "gospect version {} {os}/{arch}\n",
                    env!("CARGO_PKG_VERSION")
                );
                return self.print(line.as_bytes());
            }
        };
        say!("go: 'go version' only accepts {flag} flag with arguments");
        self.status = 2;
    }

    fn print(&mut self, bytes: &[u8]) {
        if self.out.write_all(bytes).is_err() {
            self.closed = true;
        }
    }

    fn argument(&mut self, path: &Path) {
        if self.closed {
            return;
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(e) => {
                say!("stat {}: {}", escaped_path(path), go_error(&e));
                self.status = 1;
                return;
            }
        };
        if metadata.is_dir() && !fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()) {
            return self.directory(path);
        }
        if metadata.is_dir() {
            let reader = Reader {
                verbose: self.flags.verbose,
            };
            return reader.link(path).into_iter().for_each(|f| self.show(f));
        }
        let found = match read_named(path, &metadata) {
            Ok(record) => Some(FileOutput::Record(path.to_owned(), Box::new(record))),
            Err(error) => error.message(path, is_candidate(path, mode_of(&metadata))),
        };
        if self.flags.modules && !matches!(found, Some(FileOutput::Record(..))) {
            self.status = 1;
        }
        found.into_iter().for_each(|found| self.show(found));
    }

    /// Like `filepath.WalkDir`: entries in order of names; links are not entered, not even a named one (unless a slash follows
    /// it).
    fn directory(&mut self, root: &Path) {
        let rules = Rules {
            min_size: 0,
            links: true,
            pseudo: true,
            ..Rules::default()
        };
        let tally = Tally::default();
        let reader = Reader {
            verbose: self.flags.verbose,
        };
        let walked = queue::run(
            0,
            Use::Results.share(MEMORY),
            |out| Walk::start(&rules, &reader, &tally, root, out),
            &mut |found: FileOutput| {
                self.show(found);
                !self.closed
            },
        );
        if let Err(e) = walked {
            say!("gospect: cannot start threads: {e}");
            self.status = 1;
        }
    }

    fn show(&mut self, found: FileOutput) {
        match found {
            FileOutput::Record(path, record) => self.record(&path, &record),
            FileOutput::Message(text) => say!("{text}"),
        }
    }

    /// Adds text unchanged for pipes and files, as Go prints it; escaped for a terminal.
    fn shown(&self, out: &mut Vec<u8>, text: &[u8]) {
        match self.terminal {
            true => out.extend_from_slice(clean(&String::from_utf8_lossy(text)).as_bytes()),
            false => out.extend_from_slice(text),
        }
    }

    fn record(&mut self, path: &Path, record: &RawBuildInfo) {
        let mut bytes = Vec::new();
        if self.flags.json && self.flags.modules {
            for line in record.to_json().split(|&b| b == b'\n') {
                // Tabs indent the line and stay.
                let text = line.trim_ascii_start();
                bytes.extend_from_slice(&line[..line.len() - text.len()]);
                self.shown(&mut bytes, text);
                bytes.push(b'\n');
            }
            return self.print(&bytes);
        }
        self.shown(&mut bytes, path.as_os_str().as_encoded_bytes());
        bytes.extend_from_slice(b": ");
        self.shown(&mut bytes, &record.version);
        bytes.push(b'\n');
        if self.flags.modules {
            let text = record.to_text();
            for line in text
                .strip_suffix(b"\n")
                .into_iter()
                .flat_map(|t| t.split(|&b| b == b'\n'))
            {
                for part in line.split(|&b| b == b'\t') {
                    bytes.push(b'\t');
                    self.shown(&mut bytes, part);
                }
                bytes.push(b'\n');
            }
        }
        self.print(&bytes);
    }
}

/// A path for a message: unchanged like Go's, or escaped if standard error is a terminal.
fn escaped_path(path: &Path) -> String {
    let text = path.display().to_string();
    match is_error_terminal() {
        true => clean(&text).into_owned(),
        false => text,
    }
}

/// The output for one file.
enum FileOutput {
    /// For standard output.
    Record(PathBuf, Box<RawBuildInfo>),
    /// For standard error.
    Message(String),
}

impl SizeInMemory for FileOutput {
    fn size_in_memory(&self) -> u64 {
        let text = match self {
            Self::Record(_, record) => record.modinfo.len(),
            Self::Message(text) => text.len(),
        };
        4096 + text as u64
    }
}

/// Reads the files of a walk.
struct Reader {
    /// Also report which files are not Go programs.
    verbose: bool,
}

impl Reader {
    fn file(
        &self,
        path: PathBuf,
        mode: Option<u32>,
        file: io::Result<FileBytes>,
    ) -> Option<FileOutput> {
        match file
            .map_err(Error::Open)
            .and_then(|f| read(&f, Effort::LikeGo))
        {
            Ok(record) => Some(FileOutput::Record(path, Box::new(record))),
            Err(error) if self.verbose => error.message(&path, is_candidate(&path, mode)),
            Err(_) => None,
        }
    }

    /// Reads the file that a symbolic link leads to.
    fn link(&self, path: &Path) -> Option<FileOutput> {
        match fs::metadata(path) {
            Ok(m) if m.is_file() => {
                let file = dir::open_named(path).and_then(FileBytes::open);
                self.file(path.to_owned(), mode_of(&m), file)
            }
            _ => (self.verbose)
                .then(|| FileOutput::Message(format!("{}: symlink", escaped_path(path)))),
        }
    }
}

impl<'env> Visit<'env, FileOutput> for Reader {
    fn file(&'env self, found: &WalkedFile<'_>, out: &mut Output<'env, FileOutput>) {
        let path = clean_path(&found.path());
        let file = found
            .open()
            .map(|file| FileBytes::new(file, found.stat.size));
        self.file(path, found.stat.mode, file)
            .into_iter()
            .for_each(|found| out.push(found));
    }

    fn directory(&'env self, _: &Path, _: &Listing, _: &mut Output<'env, FileOutput>) -> bool {
        false
    }

    /// Files that cannot be read are skipped, as Go does.
    fn passed_over(&'env self, _: &Path, _: NotExamined, _: &mut Output<'env, FileOutput>) {}

    fn link(&'env self, path: &Path, out: &mut Output<'env, FileOutput>) {
        self.link(&clean_path(path))
            .into_iter()
            .for_each(|found| out.push(found));
    }
}

enum Error {
    /// The file could not be opened or read.
    Open(#[allow(dead_code)] io::Error),
    /// It has no build info; the text is that of Go's reader.
    Refused(NoBuildInfo),
}

impl Error {
    /// Go's message for the error.
    fn message(&self, path: &Path, is_candidate: bool) -> Option<FileOutput> {
        let path = escaped_path(path);
        let text = match self {
            Self::Open(_) => path,
            Self::Refused(why) if is_candidate => {
                format!("{path}: could not read Go build info from {path}: {why}")
            }
            Self::Refused(_) => return None,
        };
        Some(FileOutput::Message(text))
    }
}

fn read_named(path: &Path, metadata: &Metadata) -> Result<RawBuildInfo, Error> {
    // Go opens any file and would wait for ever on a FIFO, so that is refused as an unrecognized format.
    if !metadata.is_file() {
        return Err(Error::Refused(NoBuildInfo::Format));
    }
    let file = dir::open_named(path).and_then(FileBytes::open);
    read(&file.map_err(Error::Open)?, Effort::Full)
}

fn read(bytes: &FileBytes, effort: Effort) -> Result<RawBuildInfo, Error> {
    let reads = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        version::read(bytes, &Limits::default(), effort)
    }));
    reads
        .unwrap_or(Err(NoBuildInfo::Format))
        .map_err(Error::Refused)
}

/// Permission bits, if the system has them.
fn mode_of(metadata: &Metadata) -> Option<u32> {
    dir::stat_of(metadata).mode
}

/// Go reports the reason only for files that look executable (`isGoBinaryCandidate`).
fn is_candidate(path: &Path, mode: Option<u32>) -> bool {
    if mode.is_some_and(|mode| mode & 0o111 != 0) {
        return true;
    }
    let name = path.to_string_lossy().to_lowercase();
    let extension = name
        .rsplit('/')
        .next()
        .and_then(|n| n.rfind('.').map(|dot| &n[dot..]));
    matches!(extension, Some(".so" | ".exe" | ".dll")) || name.contains(".so.")
}

/// The system's error in Go's words: its own table, in lower case.
fn go_error(error: &io::Error) -> String {
    let text = crate::scan::error_text(error);
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// Like `filepath.Clean`: `./x` becomes `x`, `a//b` becomes `a/b`, `a/../b` becomes `b`.
fn clean_path(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                _ => cleaned.push(".."),
            },
            part => cleaned.push(part),
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (parent, want) in [
            (".", "x"),
            ("./a", "a/x"),
            ("a//b/", "a/b/x"),
            ("a/../b", "b/x"),
            ("../a", "../a/x"),
            ("/..", "/x"),
        ] {
            assert_eq!(
                clean_path(&Path::new(parent).join("x")),
                Path::new(want),
                "{parent}"
            );
        }
    }
}
