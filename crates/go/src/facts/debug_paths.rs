//! Paths from the debug information: the C sources and headers of cgo, and the directories in which they were compiled.
//!
//! For Go code the debug information and the function table say the same, so each file counts once and pure Go programs are
//! skipped. The Go files come from here only when there is no function table.

use super::paths::{SourceFiles, is_absolute};
use crate::tables::Tables;
use gospect_exe::dwarf::{self, FileTable};
use gospect_record::EvidenceSource;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::ControlFlow;

/// Most different files to remember; further ones are not counted.
const FILES_LIMIT: usize = 1 << 20;
/// Most expanded bytes of unit headers to read for the directories of old C units.
const UNITS_LIMIT: u64 = 64 << 20;

/// What the `go` command tells compilers to write instead of a real directory (src/cmd/go/internal/work/exec.go, Go 1.10 to
/// 1.27).
const STAND_INS: [&str; 3] = ["/_", "/tmp/go-build", "/tmp/go-link"];

/// Adds the paths of the debug information to `files`. `known` are the paths of the function table.
pub fn add(tables: &Tables<'_>, known: &[Cow<'_, str>], files: &mut SourceFiles) {
    let image = tables.image();
    // Reading it costs as much as all other facts together, so do it only when it can add something.
    if !dwarf::has_foreign_units(image) && (files.any || !dwarf::is_there(image)) {
        return;
    }
    let mut debug = DebugPaths {
        seen: known.iter().map(|p| hash(p.as_bytes())).collect(),
        directories: HashSet::new(),
        has_whole_names: false,
        finding_root: !files.any,
        has_old_c: false,
        path: Vec::new(),
        files,
    };
    if debug.finding_root {
        debug.files.source = Some(EvidenceSource::Dwarf);
        dwarf::file_tables::<()>(image, &mut |table| {
            debug.table(table);
            ControlFlow::Continue(())
        });
        debug.seen.clear();
        debug.directories.clear();
        debug.has_whole_names = false;
        debug.finding_root = false;
    }
    dwarf::file_tables::<()>(image, &mut |table| {
        debug.table(table);
        ControlFlow::Continue(())
    });
    // Since DWARF 5 the file table names the directory of the compilation.
    if debug.has_old_c {
        dwarf::units::<()>(image, UNITS_LIMIT, &mut |unit| {
            if unit.is_old && !unit.is_go() {
                debug.directory(unit.directory);
            }
            ControlFlow::Continue(())
        });
    }
}

struct DebugPaths<'f> {
    files: &'f mut SourceFiles,
    /// Hashes of the files.
    seen: HashSet<u64>,
    /// Hashes of the directories.
    directories: HashSet<u64>,
    has_whole_names: bool,
    /// Whether this is the first pass, which looks for the GOROOT because there is no function table.
    finding_root: bool,
    /// Whether there are C units before DWARF 5, whose directory is not in the file table.
    has_old_c: bool,
    /// A buffer for the current path.
    path: Vec<u8>,
}

impl DebugPaths<'_> {
    fn table(&mut self, table: &FileTable<'_>) {
        const GO: [&[u8]; 4] = [b".go", b".s", b">", b"?"];
        let first = table.directories.first().copied().unwrap_or_default();
        for &(name, directory) in &table.files {
            if table.is_old && !table.is_of_go && !self.has_old_c {
                self.has_old_c = !GO.iter().any(|end| name.ends_with(end));
            }
            let directory = table.directories.get(directory).copied();
            let directory = directory.unwrap_or_default();
            // Prepend directories to the name until the path is absolute.
            let whole = [first, directory, name];
            let parts = if is_absolute(name) {
                &whole[2..]
            } else if is_absolute(directory) || !is_absolute(first) {
                &whole[1..]
            } else {
                &whole[..]
            };
            self.file(parts);
        }
    }

    fn file(&mut self, parts: &[&[u8]]) {
        let is_absolute = parts.first().is_some_and(is_absolute);
        if !(is_absolute || self.finding_root) || self.seen.len() >= FILES_LIMIT {
            return;
        }
        let inner = &parts[..parts.len().saturating_sub(1)];
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        join(inner, &mut path);
        // Up to DWARF 4 Go's linker writes whole paths without a directory; they share one.
        let new_directory = match inner {
            [] => !std::mem::replace(&mut self.has_whole_names, true),
            _ => self.directories.insert(hash(&path)),
        };
        join(&parts[inner.len()..], &mut path);
        let new = self.seen.insert(hash(&path));
        if new || new_directory {
            self.add(&path, is_absolute, new);
        }
        self.path = path;
    }

    fn add(&mut self, path: &[u8], is_absolute: bool, new: bool) {
        let Ok(path) = std::str::from_utf8(path) else {
            return;
        };
        if self.finding_root {
            self.files.any = true;
            self.files.look_at(path);
        } else if is_absolute && !is_stand_in(path) {
            self.files.leak_from(path, "dwarf", new.into());
        }
    }

    fn directory(&mut self, directory: &[u8]) {
        let Ok(path) = std::str::from_utf8(directory) else {
            return;
        };
        if is_absolute(path) && !is_stand_in(path) && self.seen.len() < FILES_LIMIT {
            let new = self.seen.insert(hash(directory));
            self.files.leak_from(path, "dwarf", new.into());
        }
    }
}

fn is_stand_in(path: &str) -> bool {
    STAND_INS.iter().any(|s| {
        path.strip_prefix(s)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Appends the parts joined by slashes.
fn join(parts: &[&[u8]], path: &mut Vec<u8>) {
    for part in parts.iter().filter(|p| !p.is_empty()) {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
}

/// A quick hash of a path, eight bytes at a time. Paths made to collide only hide each other in the record of that file.
fn hash(path: &[u8]) -> u64 {
    // A prime from the golden ratio spreads each word over all bits (Knuth, "Multiplicative hashing").
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| (state.rotate_left(29) ^ word).wrapping_mul(SPREAD);
    let (words, rest) = path.as_chunks::<8>();
    let state = words.iter().fold(path.len() as u64, |state, word| {
        mix(state, u64::from_le_bytes(*word))
    });
    let last = rest.iter().fold(0, |word, b| word << 8 | u64::from(*b));
    let state = mix(state, last);
    state ^ state >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_the_same_however_it_is_cut() {
        let joined = |parts: &[&[u8]]| {
            let mut path = Vec::new();
            join(parts, &mut path);
            path
        };
        let whole = joined(&[b"/a/b/c.go"]);
        assert_eq!(whole, b"/a/b/c.go");
        assert_eq!(whole, joined(&[b"/a/b", b"c.go"]));
        assert_eq!(whole, joined(&[b"/a", b"b", b"c.go"]));
        assert_eq!(whole, joined(&[b"/a/b", b"", b"c.go"]));
        assert_ne!(whole, joined(&[b"/a/bc.go"]));
    }

    #[test]
    fn different_paths_have_different_hashes() {
        let mut paths: Vec<String> = (0..20_000)
            .flat_map(|i| [format!("/go/src/pkg{i}/a.go"), format!("/usr/include/{i}")])
            .collect();
        paths.extend((0..40).map(|n| "/".repeat(n)));
        paths.extend((0..40).map(|n| "\0".repeat(n)));
        paths.sort_unstable();
        paths.dedup();
        let hashes: HashSet<u64> = paths.iter().map(|p| hash(p.as_bytes())).collect();
        assert_eq!(hashes.len(), paths.len());
    }

    #[test]
    fn placeholder_directories_are_ignored() {
        for path in ["/_", "/_/runtime/cgo", "/tmp/go-build/cgo-gcc-prolog"] {
            assert!(is_stand_in(path), "{path}");
        }
        for path in ["/_x/y", "/tmp/go-build123/b001", "/tmp/x"] {
            assert!(!is_stand_in(path), "{path}");
        }
    }
}
