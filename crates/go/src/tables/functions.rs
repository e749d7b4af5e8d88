//! What the function table says is linked in: packages, and the few functions that facts hang on.

use super::Tables;
use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

/// Packages of one program are not collected beyond this.
const PACKAGES_LIMIT: usize = 1 << 17;
/// Nor are their names beyond this many bytes together.
const NAMES_LIMIT: usize = 16 << 20;

/// Names longer than this are not taken apart, and no more than so many dots are looked at: honest ones are short.
const LONGEST_METHOD: usize = 512;
const DOTS: usize = 8;

/// The packages and functions of interest of one program.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    /// Number of functions in the table; 0 when there is no table.
    pub count: u64,
    /// Import paths of every package with a function, inlined ones included from Go 1.16 on.
    pub packages: BTreeSet<String>,
    /// Which of [`WATCHED`] are there.
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

/// The packages of these, and of [`BORING`].
const WATCHED_PACKAGES: [&[u8]; 4] = [
    b"runtime",
    b"time",
    b"crypto/x509",
    b"crypto/internal/boring",
];

/// The calls into BoringCrypto. Other functions of this package are in every program that uses cryptography, and its mark for tools,
/// `crypto/internal/boring/sig.BoringCrypto`, is in programs of forks that use another library too.
const BORING: &[u8] = b"crypto/internal/boring._Cfunc__goboringcrypto_";

impl Functions {
    /// Reads the table once.
    pub fn read(tables: &Tables<'_>) -> Self {
        let mut functions = Self::default();
        let Some(table) = tables.pclntab() else {
            functions.read_gosymtab(tables);
            return functions;
        };
        functions.count = table.functions;
        let mut packages = Packages::default();
        match table.all_names(tables.image()) {
            Some(mut names) => {
                while let Some(name) = packages.skip_current(&mut names, &mut functions) {
                    packages.see(name, &mut functions);
                }
            }
            None => {
                table.function_names::<()>(tables.image(), &mut |name| {
                    packages.see(name, &mut functions);
                    ControlFlow::Continue(())
                });
            }
        }
        functions.drop_methods();
        functions
    }

    /// The packages of names that another table has, each with a zero behind it.
    pub fn of_names(names: &[u8]) -> Self {
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

    /// Takes out what is no package: a method that a type got by embedding one of another package is called
    /// `a/b.Type.c/d.method`, in which `a/b.Type.c/d` reads like a path (src/cmd/compile/internal/ir/func.go, MethodSymSuffix).
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

    /// The package whose type has a method that this, taken for a path, is the name of.
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

    /// The package that functions are of whose names spell it so.
    pub fn owner(&self, package: &[u8]) -> Option<&str> {
        let path = unescape(unescape(package).as_bytes());
        match self.packages.get(&path) {
            Some(package) => Some(package),
            None => self.embedder(&path),
        }
    }

    /// Go 1.0 and 1.1: the names are in another table.
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

    /// Takes in a package as a function's name spells it; `held` counts the bytes of those kept.
    fn add_package(&mut self, package: &[u8], held: &mut usize) {
        if self.packages.len() < PACKAGES_LIMIT
            && *held + package.len() < NAMES_LIMIT
            && self.packages.insert(unescape(unescape(package).as_bytes()))
        {
            *held += package.len();
        }
    }

    fn watch(&mut self, name: &[u8]) {
        // Names of the standard library only; most names fail on the first byte.
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
    pub fn calls_boring(&self) -> bool {
        self.boring
    }

    /// Whether packages of Go's own FIPS 140 module are linked in.
    pub fn has_fips_module(&self) -> bool {
        self.first_package_from("crypto/internal/fips140").is_some()
    }

    /// The first package, in the order of their paths, whose path starts so.
    pub fn first_package_from(&self, start: &str) -> Option<&str> {
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

/// Collects the packages of names that come one after the other: linkers put the functions of a package side by side, and those that are
/// inlined into them next to them, so that nearly every name is of the package of the last one, or of one met shortly before.
struct Packages<'n> {
    /// The package of the last name, with its dot.
    last: &'n [u8],
    /// A function of that package may be watched.
    is_watched: bool,
    /// Packages met before, each at the place that [`slot`] gives it.
    met: Vec<&'n [u8]>,
    held: usize,
}

/// Packages that are remembered.
const MET: usize = 1 << 10;

impl Default for Packages<'_> {
    fn default() -> Self {
        Self {
            last: &[],
            is_watched: false,
            met: vec![&[]; MET],
            held: 0,
        }
    }
}

impl<'n> Packages<'n> {
    /// Takes the next name that is not surely of the last package, and goes over those that are.
    fn skip_current(&self, names: &mut &'n [u8], functions: &mut Functions) -> Option<&'n [u8]> {
        loop {
            let start = *names;
            let prefix = self.last.len();
            let is_last = prefix > 0 && start.starts_with(self.last);
            let rest = if is_last { start.get(prefix..)? } else { start };
            let stop = if is_last {
                memchr::memchr2(0, b'/', rest)?
            } else {
                memchr::memchr(0, rest)?
            };
            let is_settled = is_last && rest.get(stop) == Some(&0);
            let end = match is_settled || !is_last {
                true => stop,
                false => stop + memchr::memchr(0, rest.get(stop..)?)?,
            };
            let end = end + if is_last { prefix } else { 0 };
            let name = start.get(..end)?;
            *names = start.get(end + 1..)?;
            if !is_settled {
                if name.is_empty() {
                    continue;
                }
                return Some(name);
            }
            if self.is_watched {
                functions.watch(name);
            }
        }
    }

    fn see(&mut self, name: &'n [u8], functions: &mut Functions) {
        functions.watch(name);
        if is_of(name, self.last) {
            return;
        }
        let Some(package) = package(name) else {
            return;
        };
        // A package ends with a dot in its function's name.
        self.last = name.get(..package.len() + 1).unwrap_or_default();
        self.is_watched = WATCHED_PACKAGES.contains(&package);
        if let Some(met) = self.met.get_mut(slot(package))
            && *met != package
        {
            *met = package;
            functions.add_package(package, &mut self.held);
        }
    }
}

/// A place among [`MET`] for a package, by its length and its last bytes.
fn slot(package: &[u8]) -> usize {
    let tail = package.iter().rev().take(8);
    let sum = tail.fold(package.len() as u64, |sum, b| {
        sum.wrapping_mul(31) + u64::from(*b)
    });
    usize::try_from(sum % MET as u64).unwrap_or(0)
}

/// Whether a function is of the package that `prefix` is, with its dot: linkers put the functions of a package side by side, so this
/// settles most of them. A slash that follows makes a longer path of it.
pub fn is_of(name: &[u8], prefix: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(prefix).filter(|_| !prefix.is_empty()) else {
        return false;
    };
    let stop = rest.iter().find(|b| matches!(b, b'/' | b'[' | b'('));
    stop != Some(&b'/')
}

/// The import path in front of a function's name: up to the first dot behind the last slash, both before any bracket.
pub fn package(name: &[u8]) -> Option<&[u8]> {
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
    let path = plain.get(..dot)?;
    // Methods of types without a name (`go.struct { sync.Mutex }.Lock`) and wrappers (`_.goready.func1`) belong to no package.
    let is_path = !path.is_empty()
        && path != b"go"
        && path != b"_"
        && !path.iter().any(|b| b" {}*\"".contains(b));
    is_path.then_some(path)
}

/// Dots in the last element of an import path are written `%2e`, other bytes alike (src/cmd/internal/objabi/path.go). Names that the
/// compiler made of other names are escaped twice.
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
