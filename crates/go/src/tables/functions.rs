//! What is linked in according to the function table: packages, and the few functions on which facts depend.

use super::Tables;
pub use super::names::package;
use super::names::{NameRuns, Reader};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

/// Most packages to collect for one program.
const PACKAGES_LIMIT: usize = 1 << 17;
/// Most bytes of their names together.
const NAMES_LIMIT: usize = 16 << 20;

/// Longest method name to take apart, and most dots to look at; real names are short.
const LONGEST_METHOD: usize = 512;
const DOTS: usize = 8;

/// The packages of a program, and the functions that facts depend on.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// Number of functions in the table; 0 when there is no table.
    pub count: u64,
    /// Import paths of all packages with a function, including inlined ones since Go 1.16.
    pub packages: BTreeSet<String>,
    /// The names of the table by package. Without runs in the 1.2 layout of pclntab, where names are not in a table of their own.
    pub names: NameRuns,
    /// Which of [`WATCHED`] are linked in, as bits.
    watched: u32,
    boring: bool,
}

/// Functions whose presence is a fact, by full name.
const WATCHED: [&str; 6] = [
    "runtime.GOROOT",
    "runtime.racecall",
    "runtime.msanread",
    "runtime.asanread",
    "time.LoadLocation",
    "crypto/x509.loadSystemRoots",
];

/// The packages of these functions, and of [`BORING`].
const WATCHED_PACKAGES: [&[u8]; 4] = [
    b"runtime",
    b"time",
    b"crypto/x509",
    b"crypto/internal/boring",
];

/// The calls into BoringCrypto. Other functions of this package are in every program that uses cryptography, and its marker for
/// tools, `crypto/internal/boring/sig.BoringCrypto`, is also in programs of forks that use another library.
const BORING: &[u8] = b"crypto/internal/boring._Cfunc__goboringcrypto_";

impl Functions {
    /// Reads the names of the table once.
    pub fn read(tables: &Tables<'_>) -> Self {
        let mut functions = Self::default();
        let Some(table) = tables.pclntab() else {
            functions.read_gosymtab(tables);
            return functions;
        };
        functions.count = table.functions;
        let mut reader = Reader::default();
        let in_pieces = table.name_pieces(tables.image(), &mut |from, names| {
            reader.read(from, names, &mut |package, names| {
                functions.watch_all(package, names);
            });
        });
        if in_pieces.is_none() {
            let mut named = Vec::new();
            table.function_names::<()>(tables.image(), &mut |name| {
                named.clear();
                named.extend_from_slice(name);
                named.push(0);
                reader.read(0, &named, &mut |package, names| {
                    functions.watch_all(package, names);
                });
                ControlFlow::Continue(())
            });
        }
        let mut names = reader.finish();
        if in_pieces.is_none() {
            // These names are not in a table of names, so they have no places in it.
            names.runs.clear();
        }
        functions.add_packages(names);
        functions
    }

    /// The packages of names from another table, each ended by a zero.
    pub(crate) fn of_names(names: &[u8]) -> Self {
        let mut functions = Self::default();
        functions.add_packages(NameRuns::of(names));
        functions
    }

    fn add_packages(&mut self, names: NameRuns) {
        let paths = names.spellings.iter();
        let paths = paths.map(|spelled| path_of(spelled).into_owned());
        self.packages = paths.collect();
        self.drop_methods();
        self.names = names;
    }

    /// Removes entries that are not packages. A method that a type has by embedding a type of another package is called
    /// `a/b.Type.c/d.method`, in which `a/b.Type.c/d` looks like a path (src/cmd/compile/internal/ir/func.go, MethodSymSuffix).
    fn drop_methods(&mut self) {
        let all = &self.packages;
        let methods: Vec<String> = all
            .iter()
            .filter(|p| self.embedder(p).is_some())
            .cloned()
            .collect();
        for path in methods {
            self.packages.remove(&path);
        }
    }

    /// The package of the type that has a method, if this path is in fact the name of such a method.
    fn embedder(&self, path: &str) -> Option<&str> {
        let slash = path.rfind('/').filter(|_| path.len() <= LONGEST_METHOD)?;
        let dots = path
            .match_indices('.')
            .map(|(at, _)| at)
            .take_while(|at| *at < slash);
        dots.take(DOTS)
            .filter_map(|at| Some((path.get(..at)?, path.get(at + 1..)?)))
            .filter(|(_, rest)| {
                let name = rest.split('.').next().unwrap_or_default();
                name.len() < rest.len() && !name.is_empty() && !name.contains(['/', '-', '~'])
            })
            .find_map(|(package, _)| self.packages.get(package))
            .map(String::as_str)
    }

    /// The package to which functions belong whose names spell it this way.
    pub fn owner(&self, package: &[u8]) -> Option<&str> {
        let path = path_of(package);
        match self.packages.get(&*path) {
            Some(package) => Some(package),
            None => self.embedder(&path),
        }
    }

    /// Go 1.0 and 1.1 have the names in another table.
    fn read_gosymtab(&mut self, tables: &Tables<'_>) {
        let Some(table) = tables.gosymtab() else {
            return;
        };
        self.count = table.functions;
        let mut size = 0;
        table.function_names(tables.image(), &mut |name| {
            if let Some(package) = package(name)
                && self.packages.len() < PACKAGES_LIMIT
                && size + package.len() < NAMES_LIMIT
            {
                self.watch_all(package, name);
                size += package.len();
                self.packages.insert(unescape(package));
            }
        });
    }

    /// Looks for the watched functions among names of one package, each but the last with a zero after it.
    fn watch_all(&mut self, package: &[u8], names: &[u8]) {
        if !WATCHED_PACKAGES.contains(&package) {
            return;
        }
        let mut from = 0;
        for end in memchr::memchr_iter(0, names).chain([names.len()]) {
            self.watch(names.get(from..end).unwrap_or_default());
            from = end + 1;
        }
    }

    fn watch(&mut self, name: &[u8]) {
        for (i, watched) in WATCHED.iter().enumerate() {
            if name == watched.as_bytes() {
                self.watched |= 1 << i;
            }
        }
        self.boring |= name.starts_with(BORING);
    }

    /// Whether a watched function is linked in.
    pub fn has(&self, name: &str) -> bool {
        WATCHED
            .iter()
            .position(|w| *w == name)
            .is_some_and(|i| self.watched & 1 << i != 0)
    }

    /// Whether calls into BoringCrypto are linked in.
    pub(crate) fn calls_boring(&self) -> bool {
        self.boring
    }

    /// Whether packages of Go's own FIPS 140 module are linked in.
    pub(crate) fn has_fips_module(&self) -> bool {
        self.first_package_from("crypto/internal/fips140").is_some()
    }

    /// The first package, in path order, whose path begins with `start`.
    pub(crate) fn first_package_from(&self, start: &str) -> Option<&str> {
        let first = self
            .packages
            .range::<str, _>((Bound::Included(start), Bound::Unbounded))
            .next()?;
        first.starts_with(start).then_some(first)
    }

    /// Whether any function of a package is linked in.
    pub fn has_package(&self, package: &str) -> bool {
        self.packages.contains(package)
    }
}

/// The import path that is spelled this way in function names. Names that the compiler made from other names are escaped twice.
fn path_of(spelled: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'%', spelled).is_none() {
        return String::from_utf8_lossy(spelled);
    }
    unescape(unescape(spelled).as_bytes()).into()
}

/// Decodes an import path in a function name: dots in the last element are written `%2e`, and some other bytes likewise
/// (src/cmd/internal/objabi/path.go).
fn unescape(package: &[u8]) -> String {
    let text = String::from_utf8_lossy(package);
    if !text.contains('%') {
        return text.into_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&b, tail)) = rest.split_first() {
        let code = (b == b'%')
            .then(|| tail.get(..2).and_then(|h| std::str::from_utf8(h).ok()))
            .flatten();
        match code.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &tail[2..];
            }
            None => {
                out.push(b);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_got_by_embedding_are_of_the_package_of_the_type() {
        let mut functions = Functions::default();
        for path in [
            "main",
            "a.b/c",
            "a.b/c.T.d.e/f",
            "main.T.d.e/f",
            "d.e/f.go/g",
            "d.e/f",
        ] {
            functions.packages.insert(path.to_owned());
        }
        functions.drop_methods();
        let left: Vec<&String> = functions.packages.iter().collect();
        assert_eq!(left, ["a.b/c", "d.e/f", "d.e/f.go/g", "main"]);
        for (name, want) in [
            ("a.b/c.T.d.e/f.hidden", "a.b/c"),
            ("main.T.d.e/f.hidden", "main"),
            ("d.e/f.go/g.Open", "d.e/f.go/g"),
        ] {
            let package = package(name.as_bytes()).unwrap();
            assert_eq!(functions.owner(package), Some(want));
        }
    }

    #[test]
    fn packages_of_names() {
        for (name, want) in [
            ("runtime.main", Some("runtime")),
            ("main.(*T).M", Some("main")),
            (
                "github.com/a/b.F[go.shape.struct { github.com/c/d.X int }]",
                Some("github.com/a/b"),
            ),
            (
                "gopkg.in/yaml%2ev3.(*Decoder).Decode",
                Some("gopkg.in/yaml.v3"),
            ),
            ("github.com/a/b.init.0.func1", Some("github.com/a/b")),
            ("type:.eq.github.com/a/b.T", None),
            ("_cgo_topofstack", None),
            ("go.uber.org/zap.New", Some("go.uber.org/zap")),
            ("go.(*struct { sync.Mutex; x int }).Lock", None),
            ("go.struct { github.com/a/b.T }.Lock", None),
            ("_/tmp/x.F", Some("_/tmp/x")),
            ("_.goready.func1", None),
            ("memcpy", None),
        ] {
            assert_eq!(
                package(name.as_bytes()).map(unescape).as_deref(),
                want,
                "{name}"
            );
        }
    }
}
