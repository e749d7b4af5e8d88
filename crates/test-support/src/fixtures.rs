//! The programs under `testdata/fixtures`, unpacked on first use.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use serde::Deserialize;

/// One row of `manifest.jsonl`: how a program was built, and what the toolchain said about it.
#[derive(Debug, Deserialize)]
pub struct Fixture {
    pub id: String,
    /// The archive that contains it.
    pub group: String,
    pub program: String,
    pub goos: String,
    pub goarch: String,
    /// `go1.27.3`; `None` for a program of another language.
    pub toolchain: Option<String>,
    pub flags: Vec<String>,
    /// The GOROOT recorded by the build; empty when trimmed.
    pub goroot: Option<String>,
    /// Whether `runtime.GOROOT` is linked in; `None` when the build could not tell.
    pub goroot_linked: Option<bool>,
    /// What the program printed about itself; only where the builder could run it.
    pub ran: Option<Ran>,
    /// `context.ToolTags` of `go list` under the same environment: one `goexperiment.NAME` for each experiment that is on.
    pub tool_tags: Vec<String>,
    pub default_godebug: String,
    /// Exit code, stdout and stderr of `go version -m FILE` by Go 1.27.
    pub go_exit: i32,
    pub go_text: String,
    pub go_stderr: String,
    /// Output of `go version -m -json`; `None` where Go's reader has no answer.
    pub go_json: Option<serde_json::Value>,
    pub sha256: String,
    pub size: u64,
}

/// What the program printed: `runtime.GOROOT()` and `runtime.Version()`.
#[derive(Debug, Deserialize)]
pub struct Ran {
    pub goroot: String,
    pub version: String,
}

impl Fixture {
    pub fn bytes(&self) -> Arc<Vec<u8>> {
        unpacked(&self.group)[&self.id].clone()
    }

    /// Import path of the main package: in GOPATH mode it follows from the directory, modules are all on one host.
    pub fn main_package(&self) -> String {
        match self.program.strip_prefix("src/") {
            Some(path) => path.to_owned(),
            None => format!("example.com/{}", self.program),
        }
    }

    pub fn is_port(&self, port: &str) -> bool {
        port.split_once('/') == Some((&self.goos, &self.goarch))
    }

    /// Whether Go's own compiler and linker built it; others leave none of these tables and strings.
    pub fn by_gc(&self) -> bool {
        !self.flags.iter().any(|f| f == "-compiler=gccgo")
    }

    /// Whether it was compiled and linked without the go command, so that no settings are recorded.
    pub fn is_bare(&self) -> bool {
        let settings = |json: &serde_json::Value| json["Settings"].as_array().cloned();
        self.go_json
            .as_ref()
            .is_some_and(|j| settings(j).unwrap_or_default().is_empty())
    }

    /// Whether a flag makes the program state something false.
    pub fn is_lying(&self) -> bool {
        let lies = [" X:", "runtime.godebugDefault="];
        self.flags
            .iter()
            .any(|f| lies.iter().any(|lie| f.contains(lie)))
    }
}

fn directory() -> PathBuf {
    crate::root().join("testdata/fixtures")
}

/// Every stored program, in the order of the manifest.
pub fn fixtures() -> impl Iterator<Item = &'static Fixture> {
    static ROWS: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
        let text = std::fs::read_to_string(directory().join("manifest.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    });
    ROWS.iter()
}

/// The manifest row of one program; panics on an unknown id.
pub fn row(id: &str) -> &'static Fixture {
    fixtures()
        .find(|f| f.id == id)
        .unwrap_or_else(|| panic!("no fixture {id}"))
}

/// The bytes of one program; panics on an unknown id.
pub fn fixture(id: &str) -> Arc<Vec<u8>> {
    row(id).bytes()
}

/// One of the builds of `testdata/rebuild.tar.xz` (scripts/make-rebuild-fixtures.sh); panics on an unknown name.
pub fn rebuild_fixture(name: &str) -> Arc<Vec<u8>> {
    static BUILDS: LazyLock<HashMap<String, Arc<Vec<u8>>>> = LazyLock::new(|| {
        let packed = std::fs::read(crate::root().join("testdata/rebuild.tar.xz")).unwrap();
        let tar = unxz(&packed);
        let members = tar_members(&tar);
        members
            .map(|(name, data)| {
                (
                    name.trim_start_matches("./").to_owned(),
                    Arc::new(data.to_vec()),
                )
            })
            .collect()
    });
    BUILDS[name].clone()
}

type Group = Arc<HashMap<String, Arc<Vec<u8>>>>;

fn unpacked(group: &str) -> Group {
    static GROUPS: Mutex<BTreeMap<String, Group>> = Mutex::new(BTreeMap::new());
    let mut groups = GROUPS.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(found) = groups.get(group) {
        return found.clone();
    }
    let packed = std::fs::read(directory().join(format!("{group}.tar.xz"))).unwrap();
    let tar = unxz(&packed);
    let members: Group = Arc::new(
        tar_members(&tar)
            .map(|(name, data)| (name, Arc::new(data.to_vec())))
            .collect(),
    );
    groups.insert(group.to_owned(), members.clone());
    members
}

/// Regular members of a plain ustar archive.
fn tar_members(tar: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
    let mut rest = tar;
    std::iter::from_fn(move || {
        let (header, tail) = rest.split_at_checked(512)?;
        if header[0] == 0 {
            return None;
        }
        let text = |range: std::ops::Range<usize>| {
            let field = &header[range];
            let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
            String::from_utf8(field[..end].to_vec()).unwrap()
        };
        let size = usize::from_str_radix(text(124..136).trim(), 8).unwrap();
        rest = &tail[size.next_multiple_of(512)..];
        Some((text(0..100), &tail[..size]))
    })
}

fn unxz(packed: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    lzma_rust2::XzReader::new(packed, false)
        .read_to_end(&mut tar)
        .unwrap();
    tar
}
