//! Paths: the source files of the function table, the GOROOT in them, and all other absolute paths of the build host.

use crate::tables::pclntab::Pclntab;
use crate::tables::{Tables, age};
use gospect_exe::Image;
use gospect_knowledge::ldflags;
use gospect_record::{BuildInfo, EvidenceSource, PathKind, PathLeak};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

mod classify;

use classify::{classify, is_settled, split_name};
pub use classify::{home, module_versions};

/// Most groups; further paths go into the last one.
const GROUPS_LIMIT: usize = 256;

/// What the table of source files shows.
#[derive(Clone, Debug, Default)]
pub struct SourceFiles {
    /// The directory above `src/runtime`, as recorded: absolute, or a bare word that some build systems write.
    pub goroot: Option<String>,
    /// Whether files of the standard library have no root, because of `-trimpath`.
    pub trimmed: bool,
    /// Operating system in the name of a file of package runtime (`runtime/os_linux.go`).
    pub os: Option<&'static str>,
    /// Absolute paths outside GOROOT, in groups.
    leaks: BTreeMap<(String, PathKind), Leak>,
    /// Files below the GOROOT.
    below_goroot: Leak,
    /// Whether the table names any file.
    pub any: bool,
    /// The table from which the files of the standard library come.
    pub source: Option<EvidenceSource>,
    /// The file of the main package whose path shows its import path, in programs older than build info.
    pub main_guess: Option<String>,
    /// Whether the standard library is below `src/pkg`, as up to Go 1.3.
    pub below_src_pkg: bool,
    /// Files of `src/pkg/runtime` that show the release.
    pub old_runtime: BTreeSet<String>,
    /// Each `MODULE@VERSION` in the paths of directories, with what is before it.
    pub module_versions: BTreeSet<String>,
}

#[derive(Clone, Debug, Default)]
struct Leak {
    count: u64,
    example: String,
    found_in: Vec<String>,
}

impl Leak {
    fn add(&mut self, path: &str, found_in: &str, new: u64) {
        if self.example.is_empty() {
            path.clone_into(&mut self.example);
        }
        self.count += new;
        if !self.found_in.iter().any(|f| f == found_in) {
            self.found_in.push(found_in.to_owned());
        }
    }

    fn to_record(&self, prefix: &str, kind: PathKind) -> PathLeak {
        PathLeak {
            prefix: prefix.to_owned(),
            kind: kind.into(),
            count: self.count,
            example: self.example.clone(),
            found_in: self.found_in.join(","),
        }
    }
}

/// Files of package runtime named after a system (src/runtime, Go 1.5 to 1.27).
const SYSTEMS: &[(&str, &str)] = &[
    ("os_linux.go", "linux"),
    ("os_darwin.go", "darwin"),
    ("os_windows.go", "windows"),
    ("os_freebsd.go", "freebsd"),
    ("os_netbsd.go", "netbsd"),
    ("os_openbsd.go", "openbsd"),
    ("os_dragonfly.go", "dragonfly"),
    ("os_solaris.go", "solaris"),
    ("os_illumos.go", "illumos"),
    ("os_aix.go", "aix"),
    ("os_plan9.go", "plan9"),
    ("os_js.go", "js"),
    ("os_wasip1.go", "wasip1"),
    // Go 1.0 to 1.4, whose runtime was partly written in C.
    ("thread_linux.c", "linux"),
    ("thread_darwin.c", "darwin"),
    ("thread_windows.c", "windows"),
    ("thread_freebsd.c", "freebsd"),
    ("os_linux.c", "linux"),
    ("os_darwin.c", "darwin"),
    ("os_windows.c", "windows"),
    ("os_freebsd.c", "freebsd"),
];

/// Where the tree of the standard library starts, newest form first. `src/pkg` is that of Go 1.3 and older.
const ROOTS: [&str; 2] = ["/src/runtime/", "/src/pkg/runtime/"];

/// Most bytes of paths to collect for one program; entries of the oldest tables may all share one text.
const FILES_LIMIT: usize = 32 << 20;

/// Most versions of modules to collect; large programs have some hundreds.
const VERSIONS_LIMIT: usize = 1 << 14;

impl SourceFiles {
    /// Reads the file table of the functions. Also returns the absolute paths.
    pub fn read<'i>(tables: &Tables<'i>) -> (Self, Vec<Cow<'i, str>>) {
        let mut files = Self::default();
        let absolute = match tables.pclntab() {
            Some(table) => files.read_pclntab(table, tables.image()),
            None => files
                .read_gosymtab(tables)
                .into_iter()
                .map(Cow::Owned)
                .collect(),
        };
        files.leak_all(&absolute);
        (files, absolute)
    }

    fn read_pclntab<'i>(&mut self, table: &Pclntab, image: &'i Image<'_>) -> Vec<Cow<'i, str>> {
        let mut absolute = Vec::new();
        let mut held = 0;
        // Files of one directory follow each other, and mean the same for most questions.
        let mut directory = "";
        let mut is_telling = true;
        table.source_files::<()>(image, &mut |file| {
            self.any = true;
            self.source = Some(EvidenceSource::Pclntab);
            let Ok(file) = std::str::from_utf8(file) else {
                return ControlFlow::Continue(());
            };
            let (above, name) = split_name(file);
            if above != directory || directory.is_empty() {
                directory = above;
                is_telling =
                    above.starts_with("runtime/") || ROOTS.iter().any(|root| above.contains(root));
                self.add_versions(above);
            }
            if is_telling || name == "main.go" {
                self.look_at(file);
            }
            if is_absolute(file) && held < FILES_LIMIT {
                held += file.len();
                absolute.push(Cow::Borrowed(file));
            }
            ControlFlow::Continue(())
        });
        if self.main_guess.is_none()
            && let Some(file) = table.old_main_file(image)
        {
            self.main_guess = package_of(&file);
        }
        absolute
    }

    fn add_versions(&mut self, directory: &str) {
        for text in module_versions(directory) {
            if self.module_versions.len() < VERSIONS_LIMIT && !self.module_versions.contains(text) {
                self.module_versions.insert(text.to_owned());
            }
        }
    }

    /// Adds the files of the table, those of one directory together.
    fn leak_all(&mut self, files: &[Cow<'_, str>]) {
        let Some(source) = self.source.map(EvidenceSource::as_str) else {
            return;
        };
        for run in files.chunk_by(|a, b| split_name(a).0 == split_name(b).0) {
            let Some(first) = run.first() else { continue };
            if is_settled(split_name(first).0) {
                self.leak_from(first, source, run.len() as u64);
            } else {
                run.iter().for_each(|file| self.leak(file, source));
            }
        }
    }

    /// Go 1.0 and 1.1 have the files in another table.
    fn read_gosymtab(&mut self, tables: &Tables<'_>) -> Vec<String> {
        let Some(table) = tables.gosymtab() else {
            return Vec::new();
        };
        let mut sources = table.sources(tables.image());
        self.any = true;
        self.source = Some(EvidenceSource::Gosymtab);
        if let Some(main) = &sources.main {
            self.main_guess = package_of(main);
        }
        for file in &sources.files {
            self.look_at(file);
        }
        sources.files.retain(|f| is_absolute(f));
        sources.files
    }

    /// Adds one Go source file, absolute or not.
    pub(super) fn look_at(&mut self, file: &str) {
        let name = match file.strip_prefix("runtime/") {
            Some(name) => {
                self.trimmed |= matches!(name, "proc.go" | "proc.c");
                name
            }
            None => {
                let Some((root, name)) = ROOTS.iter().find_map(|r| file.split_once(r)) else {
                    self.guess_main(file);
                    return;
                };
                let is_top = root.is_empty();
                // The last match in a nested tree would be another copy; the runtime's own file decides.
                if matches!(name, "proc.go" | "proc.c") {
                    let root = if is_top { "/" } else { root };
                    self.goroot.get_or_insert_with(|| root.to_owned());
                }
                if file.len() == root.len() + ROOTS[1].len() + name.len() {
                    self.below_src_pkg = true;
                    if age::is_telling(name) {
                        self.old_runtime.insert(name.to_owned());
                    }
                }
                name
            }
        };
        if self.os.is_none() {
            self.os = SYSTEMS.iter().find(|s| s.0 == name).map(|s| s.1);
        }
    }

    /// The path `…/src/github.com/a/b/main.go` of a GOPATH build shows the main package.
    fn guess_main(&mut self, file: &str) {
        if let Some((dir, "main.go")) = file.rsplit_once('/')
            && let Some((_, package)) = dir.split_once("/src/")
            && package
                .split('/')
                .next()
                .is_some_and(|first| first.contains('.'))
            && !package.contains("/vendor/")
        {
            self.main_guess.get_or_insert_with(|| package.to_owned());
        }
    }

    fn leak(&mut self, path: &str, found_in: &str) {
        self.leak_from(path, found_in, 1);
    }

    /// Adds an absolute path of the build host, as the example of `new` paths that were not counted before.
    pub(super) fn leak_from(&mut self, path: &str, found_in: &str, new: u64) {
        let root = self.goroot.as_ref().filter(|r| is_absolute(r));
        // A toolchain in the root directory (`GOROOT_FINAL=/`) does not own everything there.
        let is_of = |root: &String| match root.as_str() {
            "/" => path.starts_with("/src/"),
            root => below(path, root),
        };
        if matches!(found_in, "pclntab" | "gosymtab" | "dwarf") && root.is_some_and(is_of) {
            return self.below_goroot.add(path, found_in, new);
        }
        let (prefix, kind) = classify(path);
        let mut key = (prefix, kind);
        if self.leaks.len() >= GROUPS_LIMIT && !self.leaks.contains_key(&key) {
            key = ("/".to_owned(), PathKind::Other);
        }
        self.leaks.entry(key).or_default().add(path, found_in, new);
    }

    /// Adds the absolute paths in the recorded settings.
    pub(crate) fn add_settings(&mut self, info: &BuildInfo) {
        const WITH_PATHS: [&str; 9] = [
            "-ldflags",
            "-gcflags",
            "-asmflags",
            "-gccgoflags",
            "CGO_CFLAGS",
            "CGO_CPPFLAGS",
            "CGO_CXXFLAGS",
            "CGO_LDFLAGS",
            "-pgo",
        ];
        for setting in info
            .settings
            .iter()
            .filter(|s| WITH_PATHS.contains(&s.key.as_str()))
        {
            if setting.key == "-pgo" {
                if is_absolute(&setting.value) {
                    self.leak(&setting.value, "-pgo");
                }
                continue;
            }
            let words = ldflags::words(&setting.value);
            let mut is_definition = false;
            for word in &words {
                // Definitions of `-X` belong to the program, not to the build host.
                let skip =
                    std::mem::replace(&mut is_definition, matches!(word.as_str(), "-X" | "--X"));
                if skip || word.starts_with("-X=") {
                    continue;
                }
                for path in paths_in(word) {
                    self.leak(path, &setting.key);
                }
            }
        }
    }

    /// The groups for the record: GOROOT first, then by count, largest first.
    pub fn to_record(&self) -> Vec<PathLeak> {
        let goroot = self
            .goroot
            .iter()
            .filter(|_| self.below_goroot.count > 0)
            .map(|root| self.below_goroot.to_record(root, PathKind::Goroot));
        let mut leaks: Vec<PathLeak> = self
            .leaks
            .iter()
            .map(|((prefix, kind), leak)| leak.to_record(prefix, *kind))
            .collect();
        leaks.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.prefix.cmp(&b.prefix)));
        goroot.chain(leaks).collect()
    }
}

/// The import path of the package that a file of package main belongs to: the part between `/src/` (with `pkg/` up to Go 1.3)
/// and the file name. Programs in the tree of Go itself count too.
fn package_of(file: &str) -> Option<String> {
    let (dir, _) = file.rsplit_once('/')?;
    let (_, package) = dir.split_once("/src/")?;
    let package = package.strip_prefix("pkg/").unwrap_or(package);
    (!package.is_empty() && !package.contains("/vendor/")).then(|| package.to_owned())
}

/// Whether a path is absolute on the build host: `/…`, or a drive letter. Go always writes forward slashes; settings may have
/// others.
pub fn is_absolute(path: impl AsRef<[u8]>) -> bool {
    match path.as_ref() {
        [b'/'] => true,
        [b'/', second, ..] => *second != b'/',
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether a path is the root or below it, with either kind of slash.
pub fn below(path: &str, root: &str) -> bool {
    let fold = |b: u8| if b == b'\\' { b'/' } else { b };
    let root = root.trim_end_matches(['/', '\\']);
    path.len() > root.len()
        && path
            .bytes()
            .zip(root.bytes())
            .all(|(a, b)| fold(a) == fold(b))
        && matches!(path.as_bytes().get(root.len()), Some(b'/' | b'\\'))
}

/// The absolute paths in one word of a flag string: the word itself, or what follows `-I`, `-L`, `=`, `,` and the like.
fn paths_in(word: &str) -> impl Iterator<Item = &str> {
    word.split(['=', ',', ';']).filter_map(|part| {
        if part.starts_with('-') {
            let at = part.find('/')?;
            // `-I/usr/include`: a short flag with its value. `-Wl,-rpath/x` was split before.
            (at <= 3).then(|| &part[at..]).filter(|p| is_absolute(p))
        } else {
            is_absolute(part).then_some(part)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_flags() {
        let find = |w: &str| paths_in(w).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(find("-I/opt/x/include"), ["/opt/x/include"]);
        assert_eq!(find("-Wl,-rpath,/opt/lib"), ["/opt/lib"]);
        assert_eq!(find("all=-trimpath=/home/a"), ["/home/a"]);
        assert_eq!(find("-O2"), Vec::<String>::new());
        assert_eq!(find("github.com/a/b=1"), Vec::<String>::new());
        assert_eq!(find("/opt/lib/libx.a"), ["/opt/lib/libx.a"]);
    }

    #[test]
    fn a_toolchain_in_the_root_directory_owns_its_sources_alone() {
        let mut files = SourceFiles::default();
        files.look_at("/src/runtime/proc.go");
        assert_eq!(files.goroot.as_deref(), Some("/"));
        files.leak("/src/fmt/print.go", "pclntab");
        files.leak("/home/alice/app/main.go", "pclntab");
        let kinds: Vec<_> = files.to_record().into_iter().map(|p| p.kind).collect();
        assert_eq!(kinds, [PathKind::Goroot, PathKind::Home]);
    }

    #[test]
    fn below_folds_slashes() {
        assert!(below("C:/go/src/x.go", "C:\\go"));
        assert!(below("/usr/lib/go/src", "/usr/lib/go/"));
        assert!(!below("/usr/lib/go-1.19/src", "/usr/lib/go"));
        assert!(!below("/usr/lib/go", "/usr/lib/go"));
    }
}
