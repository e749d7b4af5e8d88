//! Running processes, from Linux's /proc: the executable and some environment variables of each.
//!
//! `/proc/PID/exe` opens the file that runs even when it was deleted or replaced (proc_pid_exe(5)). Must never: know Go, or keep
//! more of an environment than the variables asked for.

use gospect_bytes::FileBytes;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Most bytes of an environment that are read; the kernel itself allows a quarter of the stack limit.
const ENVIRON_MAX: u64 = 8 << 20;
/// The kernel appends this to the link of a deleted executable.
const DELETED: &[u8] = b" (deleted)";

/// Variables that decide how a Go program runs, or are often thought to decide it.
pub const VARIABLES: &[&str] = &[
    "GODEBUG",
    "GOROOT",
    "GOTRACEBACK",
    "GOMAXPROCS",
    "GOGC",
    "GOMEMLIMIT",
    "GOEXPERIMENT",
    "GOROOT_FINAL",
];

/// What is at the executable's path now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDisk {
    /// The file that the process runs.
    Same,
    /// Another file: it was replaced while the process ran.
    Replaced,
    /// No file.
    Deleted,
    /// Unknown: the path is in another mount namespace, or may not be accessed.
    Unknown,
}

/// One process with an executable.
pub struct Process {
    /// Process number.
    pub pid: u32,
    /// Path of the executable when the process started, without the kernel's suffix for a deleted file.
    pub path: PathBuf,
    /// What is at that path now.
    pub on_disk: OnDisk,
    /// Opens the file at that path as the process sees it; useful only for [`OnDisk::Replaced`].
    pub on_disk_path: PathBuf,
    /// The file that runs.
    pub bytes: FileBytes,
    /// Device and inode of the executable: many processes run the same one.
    pub identity: (u64, u64),
    /// The [`VARIABLES`] that the process was started with, as `KEY=VALUE` in the environment's order; `None` if its environment
    /// may not be read.
    pub env: Option<Vec<String>>,
    /// Owner of the process.
    pub uid: u64,
    /// Group of the process.
    pub gid: u64,
}

/// The processes found.
#[derive(Default)]
pub struct Processes {
    /// Sorted by process number.
    pub list: Vec<Process>,
    /// Processes that may not be accessed, or whose environment may not: number and reason.
    pub unexamined: Vec<(u32, String)>,
}

/// All visible processes of this host. Kernel threads, which have no executable, are left out, and so are processes that end
/// during the listing.
///
/// # Errors
/// When there is no /proc.
pub fn all() -> io::Result<Processes> {
    all_in(Path::new("/proc"))
}

/// One process.
///
/// # Errors
/// When no process has this number, it is a kernel thread, or its executable may not be opened.
pub fn one(pid: u32) -> io::Result<Processes> {
    let mut found = Processes::default();
    look(Path::new("/proc"), pid, &mut found).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => io::Error::new(
            e.kind(),
            "no process of that number with an executable; `gospect ps` lists Go programs that run",
        ),
        _ => e,
    })?;
    Ok(found)
}

fn all_in(proc: &Path) -> io::Result<Processes> {
    let mut pids: Vec<u32> = Vec::new();
    for entry in std::fs::read_dir(proc)? {
        pids.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok()),
        );
    }
    pids.sort_unstable();
    let mut found = Processes::default();
    for pid in pids {
        match look(proc, pid, &mut found) {
            Ok(()) => {}
            // The process has ended or is a kernel thread.
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound)
                    || e.raw_os_error() == Some(ESRCH)
                    || is_kernel_thread(&proc.join(pid.to_string())) => {}
            Err(e) => found
                .unexamined
                .push((pid, format!("its executable cannot be opened: {e}"))),
        }
    }
    Ok(found)
}

/// Whether a process is a kernel thread. Only root is told that it has no executable; its flags are visible to all (proc(5),
/// `stat`).
fn is_kernel_thread(dir: &Path) -> bool {
    const KERNEL_THREAD: u32 = 0x0020_0000;
    let stat = std::fs::read_to_string(dir.join("stat")).unwrap_or_default();
    let flags = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().nth(6)?.parse::<u32>().ok());
    flags.is_some_and(|flags| flags & KERNEL_THREAD != 0)
}

/// Error number for "No such process".
const ESRCH: i32 = 3;

fn look(proc: &Path, pid: u32, found: &mut Processes) -> io::Result<()> {
    let dir = proc.join(pid.to_string());
    let link = dir.join("exe");
    let owner = std::fs::metadata(&dir)?;
    let shown = std::fs::read_link(&link)?;
    let file = File::open(&link)?;
    let running = file.metadata()?;
    if !running.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the executable is not a regular file",
        ));
    }
    let identity = (running.dev(), running.ino());
    let (path, on_disk) = place(&dir, &shown, identity);
    let env = match environment(&dir.join("environ")) {
        Ok(env) => Some(env),
        Err(e) => {
            found
                .unexamined
                .push((pid, format!("its environment cannot be read: {e}")));
            None
        }
    };
    found.list.push(Process {
        pid,
        on_disk_path: inside(&dir, &path),
        path,
        on_disk,
        bytes: FileBytes::new(file, running.len()),
        identity,
        env,
        uid: u64::from(owner.uid()),
        gid: u64::from(owner.gid()),
    });
    Ok(())
}

/// A path as the process sees it, through its own root.
fn inside(dir: &Path, path: &Path) -> PathBuf {
    dir.join("root")
        .join(path.strip_prefix("/").unwrap_or(path))
}

/// Path of the executable without the kernel's suffix, and what is there now. A file may really be named `x (deleted)`: then the
/// file at that path is the one that runs.
fn place(dir: &Path, shown: &Path, identity: (u64, u64)) -> (PathBuf, OnDisk) {
    let at = |path: &Path| match std::fs::metadata(inside(dir, path)) {
        Ok(meta) if (meta.dev(), meta.ino()) == identity => OnDisk::Same,
        Ok(_) => OnDisk::Replaced,
        Err(e) if e.kind() == io::ErrorKind::NotFound => OnDisk::Deleted,
        Err(_) => OnDisk::Unknown,
    };
    let as_shown = at(shown);
    let bare = shown.as_os_str().as_bytes().strip_suffix(DELETED);
    match (as_shown, bare) {
        (OnDisk::Same, _) | (_, None) => (shown.to_owned(), as_shown),
        (_, Some(bare)) => {
            let bare = PathBuf::from(std::ffi::OsStr::from_bytes(bare));
            let there = at(&bare);
            (bare, there)
        }
    }
}

/// The [`VARIABLES`] in an environment.
fn environment(path: &Path) -> io::Result<Vec<String>> {
    let mut text = Vec::new();
    File::open(path)?.take(ENVIRON_MAX).read_to_end(&mut text)?;
    let wanted = |entry: &&[u8]| {
        VARIABLES.iter().any(|v| {
            entry
                .strip_prefix(v.as_bytes())
                .is_some_and(|rest| rest.first() == Some(&b'='))
        })
    };
    Ok(text
        .split(|&b| b == 0)
        .filter(wanted)
        .map(|entry| String::from_utf8_lossy(entry).into_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_bytes::ReadAt;
    use std::process::{Child, Command};

    /// A running copy of `sleep`, killed when dropped.
    struct Sleeper(Child, PathBuf, #[allow(dead_code)] tempfile::TempDir);

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn sleeper(name: &str) -> Sleeper {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::copy("/bin/sleep", &path).unwrap();
        // A test that forks at this moment may still have the copy open for writing.
        let child = loop {
            let started = Command::new(&path)
                .arg("60")
                .env_clear()
                .envs([
                    ("GODEBUG", "a=1,b=2"),
                    ("SECRET", "x"),
                    ("GOGC", "5"),
                    ("GOGCX", "1"),
                ])
                .spawn();
            match started {
                Ok(child) => break child,
                Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
                Err(e) => panic!("{e}"),
            }
        };
        Sleeper(child, path, dir)
    }

    fn only(pid: u32) -> Process {
        let mut found = one(pid).unwrap();
        assert_eq!(found.list.len(), 1);
        found.list.remove(0)
    }

    #[test]
    fn a_process_shows_its_executable_and_only_the_known_variables() {
        let child = sleeper("app");
        let process = only(child.0.id());
        assert_eq!(process.path, child.1.canonicalize().unwrap());
        assert_eq!(process.on_disk, OnDisk::Same);
        assert_eq!(
            process.bytes.len(),
            std::fs::metadata(&child.1).unwrap().len()
        );
        // The kernel shows an empty environment until the new program is set up.
        let mut env = process.env.unwrap();
        for _ in 0..60_000 {
            if !env.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
            env = only(child.0.id()).env.unwrap();
        }
        env.sort();
        assert_eq!(env, ["GODEBUG=a=1,b=2", "GOGC=5"]);
        assert!(all().unwrap().list.iter().any(|p| p.pid == child.0.id()));
    }

    #[test]
    fn deleted_and_replaced_executables_are_still_read() {
        let child = sleeper("app");
        let size = std::fs::metadata(&child.1).unwrap().len();
        std::fs::remove_file(&child.1).unwrap();
        let process = only(child.0.id());
        assert_eq!(
            (process.on_disk, process.bytes.len()),
            (OnDisk::Deleted, size)
        );
        assert!(process.path.ends_with("app"), "{:?}", process.path);
        std::fs::write(&child.1, b"new").unwrap();
        let process = only(child.0.id());
        assert_eq!(
            (process.on_disk, process.bytes.len()),
            (OnDisk::Replaced, size)
        );
        assert_eq!(std::fs::read(&process.on_disk_path).unwrap(), b"new");
    }

    #[test]
    fn kernel_threads_are_recognised_by_their_flags() {
        let dir = tempfile::tempdir().unwrap();
        for (stat, kernel) in [
            ("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0", true),
            ("9 (a) b) S 1 9 9 0 -1 4194560 0 0", false),
            ("nonsense", false),
        ] {
            std::fs::write(dir.path().join("stat"), stat).unwrap();
            assert_eq!(is_kernel_thread(dir.path()), kernel, "{stat}");
        }
    }

    #[test]
    fn a_file_may_be_called_deleted() {
        let child = sleeper("app (deleted)");
        let process = only(child.0.id());
        assert_eq!(process.on_disk, OnDisk::Same);
        assert!(process.path.ends_with("app (deleted)"));
    }

    #[test]
    fn numbers_without_a_process_are_errors() {
        assert!(one(0).is_err());
        assert!(one(u32::MAX).is_err());
    }
}
