//! What is linked in according to the function table: packages, and the few functions on which facts depend.

use super::Tables;
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
        let mut packages = Packages::default();
        let in_pieces = table.name_pieces(tables.image(), &mut |_, mut names| {
            while let Some(name) = packages.skip_current(&mut names, &mut functions) {
                packages.see(name, &mut functions);
            }
        });
        if in_pieces.is_none() {
            table.function_names::<()>(tables.image(), &mut |name| {
                packages.see(name, &mut functions);
                ControlFlow::Continue(())
            });
        }
        functions.drop_methods();
        functions
    }

    /// The packages of names from another table, each ended by a zero.
    pub(crate) fn of_names(names: &[u8]) -> Self {
        let mut functions = Self::default();
        let mut held = 0;
        for name in names.split(|b| *b == 0) {
            if let Some(package) = package(name) {
                functions.add_package(package, &mut held);
            }
        }
        functions.drop_methods();
        functions
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
        let path = unescape(unescape(package).as_bytes());
        match self.packages.get(&path) {
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
        let mut held = 0;
        table.function_names(tables.image(), &mut |name| {
            self.watch(name);
            if let Some(package) = package(name)
                && self.packages.len() < PACKAGES_LIMIT
                && held + package.len() < NAMES_LIMIT
            {
                let package = unescape(package);
                held += package.len();
                self.packages.insert(package);
            }
        });
    }

    /// Adds a package as spelled in a function name; `held` counts the bytes of packages kept.
    fn add_package(&mut self, package: &[u8], held: &mut usize) {
        if self.packages.len() < PACKAGES_LIMIT
            && *held + package.len() < NAMES_LIMIT
            && self.packages.insert(unescape(unescape(package).as_bytes()))
        {
            *held += package.len();
        }
    }

    fn watch(&mut self, name: &[u8]) {
        // Only names of the standard library; the first byte rules out most others.
        if matches!(name.first(), Some(b'r' | b't' | b'c')) {
            for (i, watched) in WATCHED.iter().enumerate() {
                if name == watched.as_bytes() {
                    self.watched |= 1 << i;
                }
            }
            self.boring |= name.starts_with(BORING);
        }
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

/// Collects the packages of consecutive names. Linkers put the functions of a package side by side, and the functions inlined
/// into them next to them, so nearly every name belongs to the package of the last one, or to one seen shortly before.
struct Packages {
    /// The package of the last name, with its dot.
    last: Vec<u8>,
    /// Whether a function of that package may be watched.
    is_watched: bool,
    /// Packages seen before, each at the index that [`slot`] gives it.
    met: Vec<Vec<u8>>,
    held: usize,
}

/// Number of packages to remember.
const MET: usize = 1 << 10;

impl Default for Packages {
    fn default() -> Self {
        Self {
            last: Vec::new(),
            is_watched: false,
            met: vec![Vec::new(); MET],
            held: 0,
        }
    }
}

impl Packages {
    /// Returns the next name that may belong to another package than the last one, and skips those before it.
    fn skip_current<'n>(
        &self,
        names: &mut &'n [u8],
        functions: &mut Functions,
    ) -> Option<&'n [u8]> {
        let prefix = self.last.len();
        let mut left = *names;
        while prefix > 0 && left.starts_with(&self.last) {
            let rest = left.get(prefix..)?;
            let stop = memchr::memchr2(0, b'/', rest)?;
            let end = match rest.get(stop) {
                Some(&0) => stop,
                // In brackets stand the paths of other packages.
                _ if memchr::memchr2(b'[', b'(', rest.get(..stop)?).is_some() => {
                    stop + memchr::memchr(0, rest.get(stop..)?)?
                }
                _ => break,
            };
            if self.is_watched {
                functions.watch(left.get(..prefix + end)?);
            }
            left = rest.get(end + 1..)?;
        }
        let empty = left.iter().take_while(|b| **b == 0).count();
        let left = left.get(empty..)?;
        let end = memchr::memchr(0, left)?;
        *names = left.get(end + 1..)?;
        left.get(..end)
    }

    fn see(&mut self, name: &[u8], functions: &mut Functions) {
        functions.watch(name);
        if is_of(name, &self.last) {
            return;
        }
        let Some(package) = in_front(name) else {
            return;
        };
        let is_new = match self.met.get_mut(slot(package)) {
            Some(met) if *met == package => false,
            Some(met) if is_path(package) => {
                met.clear();
                met.extend_from_slice(package);
                true
            }
            _ => return,
        };
        if is_new {
            functions.add_package(package, &mut self.held);
        }
        // A package ends with a dot in its function's name.
        self.last.clear();
        self.last
            .extend_from_slice(name.get(..package.len() + 1).unwrap_or_default());
        self.is_watched = WATCHED_PACKAGES.contains(&package);
    }
}

/// An index below [`MET`] for a package, from its length and its last bytes.
fn slot(package: &[u8]) -> usize {
    let tail = package.iter().rev().take(8);
    let sum = tail.fold(package.len() as u64, |sum, b| {
        sum.wrapping_mul(31) + u64::from(*b)
    });
    usize::try_from(sum % MET as u64).unwrap_or(0)
}

/// Whether a function belongs to the package `prefix`, given with its dot. Linkers put the functions of a package side by side,
/// so this decides most of them. If a slash follows, the path is longer.
pub fn is_of(name: &[u8], prefix: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(prefix).filter(|_| !prefix.is_empty()) else {
        return false;
    };
    let stop = memchr::memchr3(b'/', b'[', b'(', rest);
    stop.and_then(|at| rest.get(at)) != Some(&b'/')
}

/// The import path in a function name: up to the first dot after the last slash, both before any bracket.
pub fn package(name: &[u8]) -> Option<&[u8]> {
    in_front(name).filter(|path| is_path(path))
}

/// What stands where an import path does.
fn in_front(name: &[u8]) -> Option<&[u8]> {
    // Compiler-made symbols: type algorithms, closures of the linker, C.
    if name.starts_with(b"type:")
        || name.starts_with(b"type..")
        || name.starts_with(b"go:")
        || name.starts_with(b"_cgo")
    {
        return None;
    }
    let plain = memchr::memchr2(b'[', b'(', name).map_or(name, |end| &name[..end]);
    let start = memchr::memrchr(b'/', plain).map_or(0, |i| i + 1);
    let dot = memchr::memchr(b'.', plain.get(start..)?)? + start;
    plain.get(..dot)
}

/// Methods of types without a name (`go.struct { sync.Mutex }.Lock`) and wrappers (`_.goready.func1`) belong to no package.
fn is_path(path: &[u8]) -> bool {
    !path.is_empty() && path != b"go" && path != b"_" && !path.iter().any(|b| b" {}*\"".contains(b))
}

/// Decodes an import path in a function name: dots in the last element are written `%2e`, and some other bytes likewise
/// (src/cmd/internal/objabi/path.go). Names that the compiler made from other names are escaped twice.
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
    fn neighbours_are_of_one_package_unless_their_path_goes_on() {
        for (name, want) in [
            ("gopkg.Open", true),
            ("gopkg.(*File).Close", true),
            ("gopkg.Map[go.shape.a/b]", true),
            ("gopkg.in/yaml%2ev3.Decode", false),
            ("gopkgs.Open", false),
            ("gopkg", false),
        ] {
            assert_eq!(is_of(name.as_bytes(), b"gopkg."), want, "{name}");
            assert!(!is_of(name.as_bytes(), b""));
            let by_path = package(name.as_bytes()) == Some(b"gopkg");
            assert_eq!(by_path, want, "{name}");
        }
    }

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
