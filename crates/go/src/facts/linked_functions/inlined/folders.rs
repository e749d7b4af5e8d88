//! The packages of the folders in which source files are.

use gospect_knowledge::modules::{self, is_standard};
use gospect_record::BuildInfo;
use std::collections::HashMap;

/// Most folders to remember.
const FOLDERS_LIMIT: usize = 1 << 16;

/// Which package's files are in a folder.
pub struct Folders<'r> {
    /// The packages whose functions say that they are from a file of the folder. Functions that are linked under a name of another package
    /// (`//go:linkname`) say so too.
    packages: HashMap<String, Vec<String>>,
    /// Folders of modules with the path of the module; the standard library has none.
    roots: Vec<(String, String)>,
    modules: Vec<RecordedModule<'r>>,
    /// The number of each module by what is before the `@` of its folder in a module cache: its path, or that of its replacement.
    in_cache: HashMap<String, usize>,
}

/// A module of the build info.
struct RecordedModule<'r> {
    path: &'r str,
    /// Whether a folder replaces it.
    is_folder: bool,
}

impl<'r> Folders<'r> {
    /// No folder yet.
    pub fn new(info: Option<&'r BuildInfo>) -> Self {
        let all = info.into_iter().flat_map(|info| {
            let main = std::iter::once(&info.main);
            main.chain(&info.deps).filter(|m| !m.path.is_empty())
        });
        let mut in_cache = HashMap::new();
        let modules = all.enumerate().map(|(number, module)| {
            let source = module.replace.as_deref().unwrap_or(module);
            let path = modules::escaped(&source.path);
            in_cache.entry(path.to_string()).or_insert(number);
            RecordedModule {
                path: &module.path,
                is_folder: module.replace.is_some() && source.version.is_empty(),
            }
        });
        Self {
            packages: HashMap::new(),
            roots: Vec::new(),
            modules: modules.collect(),
            in_cache,
        }
    }

    /// Notes that a function of a package is from a file of a folder.
    pub fn add(&mut self, folder: &str, package: &str) {
        if self.packages.len() >= FOLDERS_LIMIT && !self.packages.contains_key(folder) {
            return;
        }
        let known = self.packages.entry(folder.to_owned()).or_default();
        if known.iter().any(|known| known == package) {
            return;
        }
        known.push(package.to_owned());
        let all = self.modules.iter().map(|module| module.path);
        let module = match modules::longest(package, all) {
            Some(module) => module,
            None if is_standard(package) => "",
            None => return,
        };
        let Some(rest) = package.strip_prefix(module) else {
            return;
        };
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let root = match rest.is_empty() {
            true => Some(folder),
            // With -trimpath the folders of the standard library are its packages.
            false if folder == rest => Some(""),
            false => folder.strip_suffix(rest).and_then(|f| f.strip_suffix('/')),
        };
        if let Some(root) = root {
            self.roots.push((root.to_owned(), module.to_owned()));
        }
    }

    /// Puts the longest roots first, once all folders are known.
    pub fn sort(&mut self) {
        self.roots
            .sort_by(|a, b| (b.0.len(), b).cmp(&(a.0.len(), a)));
        self.roots.dedup();
    }

    /// The package of a folder, which may have no functions; `None`: it cannot be told. `own` is the package of a function that may be from it.
    pub fn package(&self, folder: &str, own: &str) -> Option<String> {
        if let Some(known) = self.packages.get(folder) {
            return of_known(folder, known, own);
        }
        self.below_root(folder).or_else(|| self.in_cache(folder))
    }

    /// The package of a folder of a module of which another folder is known.
    fn below_root(&self, folder: &str) -> Option<String> {
        let rest_below = |root: &str| match root {
            "" => Some(folder).filter(|folder| is_standard(folder) && !folder.starts_with('/')),
            root => folder.strip_prefix(root)?.strip_prefix('/'),
        };
        let mut roots = self.roots.iter();
        let (rest, module) =
            roots.find_map(|(root, module)| Some((rest_below(root)?, module.as_str())))?;
        // A module in a folder of another one, of which no function is known.
        let is_located = |path: &str| self.roots.iter().any(|(_, module)| module == path);
        let mut modules = self.modules.iter().filter(|module| module.is_folder);
        if rest.contains('@') || modules.any(|module| !is_located(module.path)) {
            return None;
        }
        let path = match module {
            "" => rest.to_owned(),
            module => format!("{module}/{rest}"),
        };
        Some(match module {
            "" => path,
            _ => modules::unvendored(&path).to_owned(),
        })
    }

    /// How a folder that is known only by its module ends if it is of a package: with the path of the package in the module, or its last element.
    pub fn end_of_folder<'p>(&self, package: &'p str) -> &'p str {
        let all = self.modules.iter().map(|module| module.path);
        let rest = modules::longest(package, all).and_then(|m| package.strip_prefix(m));
        match rest.map(|rest| rest.trim_start_matches('/')) {
            None => package,
            Some("") => package.rsplit('/').next().unwrap_or_default(),
            Some(rest) => rest,
        }
    }

    /// The package of a folder in a module cache: `…/github.com/!burnt!sushi/toml@v1.4.0/internal`.
    pub fn in_cache(&self, folder: &str) -> Option<String> {
        folder.match_indices('@').find_map(|(at, _)| {
            let (path, version) = (folder.get(..at)?, folder.get(at + 1..)?);
            let slashes = path.match_indices('/').map(|(at, _)| at + 1);
            let mut ends = [0].into_iter().chain(slashes);
            let number = ends.find_map(|start| self.in_cache.get(path.get(start..)?))?;
            let module = self.modules.get(*number)?.path;
            Some(match version.split_once('/') {
                Some((_, rest)) => format!("{module}/{rest}"),
                None => module.to_owned(),
            })
        })
    }
}

/// Which of several packages a folder is of.
fn of_known(folder: &str, known: &[String], own: &str) -> Option<String> {
    let last = |path: &str| {
        let path = path.split('@').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default().to_owned()
    };
    // The version is in the element that ends the path of the module.
    let name = folder.rsplit('/').next().map(last).unwrap_or_default();
    let mut fitting = known.iter().filter(|package| last(package) == name);
    match (fitting.next(), fitting.next(), known) {
        (Some(only), None, _) => Some(only.clone()),
        (_, _, [only]) => Some(only.clone()),
        _ => known.iter().find(|package| *package == own).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gospect_record::Module;

    fn module(path: &str, version: &str) -> Module {
        Module {
            path: path.into(),
            version: version.into(),
            ..Module::default()
        }
    }

    fn info(replaced_by_folder: bool) -> BuildInfo {
        let mut fork = module("golang.org/x/net", "v0.1.0");
        fork.replace = Some(Box::new(module("example.com/Fork", "v1.0.0")));
        let mut local = module("example.com/local", "v0.0.0");
        local.replace = Some(Box::new(module("./local", "")));
        let mut deps = vec![
            module("github.com/BurntSushi/toml", "v1.4.0"),
            module("gopkg.in/yaml.v3", "v3.0.1"),
            fork,
        ];
        if replaced_by_folder {
            deps.push(local);
        }
        BuildInfo {
            main: module("example.com/app", "(devel)"),
            deps,
            ..BuildInfo::default()
        }
    }

    #[test]
    fn folders_are_of_the_packages_of_their_modules() {
        let info = info(false);
        let mut folders = Folders::new(Some(&info));
        for (folder, package) in [
            ("/home/me/app/cmd/x", "example.com/app/cmd/x"),
            ("/usr/lib/go/src/runtime", "runtime"),
            // `time.Sleep` is in the source of the runtime.
            ("/usr/lib/go/src/runtime", "time"),
            ("/usr/lib/go/src/time", "time"),
            ("/m/gopkg.in/yaml.v3@v3.0.1", "gopkg.in/yaml.v3"),
            ("/home/me/two", "example.com/app/a"),
            ("/home/me/two", "example.com/app/b"),
        ] {
            folders.add(folder, package);
        }
        folders.sort();
        for (folder, own, want) in [
            ("/home/me/app/cmd/x", "main", Some("example.com/app/cmd/x")),
            ("/home/me/app/data", "main", Some("example.com/app/data")),
            ("/home/me/app/vendor/a.b/c/d", "main", Some("a.b/c/d")),
            ("/home/me/other", "main", None),
            ("/usr/lib/go/src/runtime", "time", Some("runtime")),
            ("/usr/lib/go/src/net/http", "main", Some("net/http")),
            (
                "/m/gopkg.in/yaml.v3@v3.0.1/x",
                "main",
                Some("gopkg.in/yaml.v3/x"),
            ),
            (
                "/m/github.com/!burnt!sushi/toml@v1.4.0/internal",
                "main",
                Some("github.com/BurntSushi/toml/internal"),
            ),
            (
                "github.com/!burnt!sushi/toml@v1.4.0",
                "main",
                Some("github.com/BurntSushi/toml"),
            ),
            (
                "/m/example.com/!fork@v1.0.0/http2",
                "main",
                Some("golang.org/x/net/http2"),
            ),
            ("/m/x/example.com/!forks@v1.0.0/http2", "main", None),
            (
                "/home/me/two",
                "example.com/app/b",
                Some("example.com/app/b"),
            ),
            ("/home/me/two", "main", None),
            ("", "main", None),
        ] {
            assert_eq!(folders.package(folder, own).as_deref(), want, "{folder}");
        }
    }

    #[test]
    fn trimmed_folders_are_paths() {
        let info = info(false);
        let mut folders = Folders::new(Some(&info));
        folders.add("runtime", "runtime");
        folders.add("example.com/app/cmd/x", "example.com/app/cmd/x");
        folders.sort();
        for (folder, want) in [
            ("net/http", Some("net/http")),
            ("example.com/app/data", Some("example.com/app/data")),
            ("gopkg.in/yaml.v3@v3.0.1", Some("gopkg.in/yaml.v3")),
            ("gopkg.in/other@v3.0.1", None),
            ("/net/http", None),
        ] {
            assert_eq!(folders.package(folder, "main").as_deref(), want);
        }
    }

    #[test]
    fn a_module_in_an_unknown_folder_may_be_anywhere_below_another() {
        let info = info(true);
        let mut folders = Folders::new(Some(&info));
        folders.add("/home/me/app", "example.com/app");
        folders.sort();
        assert_eq!(folders.package("/home/me/app/local/x", "main"), None);
        folders.add("/home/me/app/local", "example.com/local");
        folders.sort();
        for (folder, want) in [
            ("/home/me/app/local/x", "example.com/local/x"),
            ("/home/me/app/data", "example.com/app/data"),
        ] {
            assert_eq!(folders.package(folder, "main").as_deref(), Some(want));
        }
    }
}
