//! The packages and functions of a program, as far as its record lists them.

use gospect_knowledge::modules::{is_standard, unvendored};
use gospect_record::{Binary, FunctionSource, Functions};
use std::borrow::Cow;

/// Packages of Go's FIPS 140 module. With GOFIPS140 those of a frozen version are linked, which is the next element of their paths:
/// `crypto/internal/fips140/v1.0.0-c2097c7c/aes` (src/cmd/go/internal/fips140/fips140.go, Go 1.24 to 1.27).
const FIPS: &str = "crypto/internal/fips140";

/// Packages and functions of a program.
pub struct Linked<'b> {
    functions: Option<&'b Functions>,
    /// Import paths as in the database, each with the path in the program.
    packages: Vec<(Cow<'b, str>, &'b str)>,
    /// Whether the functions are from a function table.
    pub has_table: bool,
    /// Whether the list claims to name every function. Lists that are not from a function table cannot.
    is_complete: bool,
    /// Whether the linked packages are known.
    pub knows_packages: bool,
    modules: Vec<&'b str>,
}

impl<'b> Linked<'b> {
    /// Reads them from the record.
    pub fn of(binary: &'b Binary) -> Self {
        let functions = binary.functions.as_ref();
        let mut packages: Vec<(Cow<'_, str>, &str)> = match (functions, &binary.packages) {
            (Some(functions), _) => functions.packages().map(both_paths).collect(),
            (None, Some(packages)) => packages.iter().map(|p| both_paths(&p.path)).collect(),
            (None, None) => Vec::new(),
        };
        packages.sort_unstable();
        let copies = [&binary.build_info, &binary.second_build_info];
        let lists = copies.into_iter().flatten();
        let all = lists.flat_map(|info| std::iter::once(&info.main).chain(&info.deps));
        let mut modules: Vec<&str> = all.map(|module| module.path.as_str()).collect();
        modules.sort_unstable();
        let has_table = functions.is_some_and(|f| *f.source() == FunctionSource::FunctionTable);
        Self {
            functions,
            has_table,
            is_complete: functions.is_some_and(Functions::complete),
            knows_packages: functions.is_some() || binary.packages.is_some(),
            packages,
            modules,
        }
    }

    /// Whether a function that is not listed is not in the program.
    pub fn names_all_functions(&self) -> bool {
        self.has_table && self.is_complete
    }

    /// All packages: the path in the database.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(|(path, _)| &**path)
    }

    /// The paths of a package in the program: several if it is vendored several times; none if it is not linked, or that is unknown.
    pub fn paths_in_program(&self, path: &str) -> impl Iterator<Item = &'b str> {
        let start = self.packages.partition_point(|(known, _)| **known < *path);
        let end = self.packages.partition_point(|(known, _)| **known <= *path);
        let same = self.packages.get(start..end).unwrap_or_default();
        same.iter().map(|(_, path_in_program)| *path_in_program)
    }

    /// Whether a package is linked in a frozen version of the FIPS 140 module, which has only the fixes of its time.
    pub fn is_frozen(&self, path: &str) -> bool {
        self.paths_in_program(path)
            .any(|path| frozen(path).is_some())
    }

    /// Whether anything of a frozen version of the FIPS 140 module is linked.
    pub fn has_frozen(&self) -> bool {
        self.packages.iter().any(|(_, path)| frozen(path).is_some())
    }

    /// The packages of a module: those whose path begins with that of the module, without those of other modules below it.
    pub fn of_module(&self, module: &str) -> impl Iterator<Item = &str> {
        let start = self
            .packages
            .partition_point(|(known, _)| **known < *module);
        let all = self.packages.get(start..).unwrap_or_default();
        let module = module.to_owned();
        let prefix = module.clone();
        let below = all.iter().map(|(path, _)| &**path);
        let below = below.take_while(move |path| path.starts_with(&prefix));
        below.filter(move |path| self.is_of(path, &module))
    }

    /// Whether a package belongs to this module, not to a module with a longer path.
    pub fn is_of(&self, package: &str, module: &str) -> bool {
        if module.is_empty() {
            return is_standard(package) || package.starts_with("cmd/");
        }
        let is_below = |path: &str| {
            let rest = package.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !is_below(module) {
            return false;
        }
        let ends = package.match_indices('/').map(|(at, _)| at);
        let mut longer = ends
            .chain([package.len()])
            .filter(|end| *end > module.len())
            .filter_map(|end| package.get(..end));
        !longer.any(|path| self.modules.binary_search(&path).is_ok())
    }

    /// Whether the program lists a module that a package may belong to.
    pub fn is_recorded(&self, package: &str) -> bool {
        let ends = package.match_indices('/').map(|(at, _)| at);
        let mut paths = ends
            .chain([package.len()])
            .filter_map(|end| package.get(..end));
        paths.any(|path| self.modules.binary_search(&path).is_ok())
    }

    /// Whether a function of a package is linked; `path_in_program` is the path of the package there.
    pub fn contains(&self, path_in_program: &str, symbol: &str) -> bool {
        self.functions
            .is_some_and(|f| f.contains(path_in_program, symbol))
    }

    /// Whether something of this name may be linked although the list of functions does not have it: a function of which only literals are left, or a
    /// type, which the names of its methods show.
    pub fn may_contain(&self, path_in_program: &str, symbol: &str) -> bool {
        self.functions.is_some_and(|f| {
            f.may_hide(path_in_program, symbol)
                || (!symbol.contains('.') && f.has_methods_of(path_in_program, symbol))
        })
    }
}

/// The path of a package in the database, and its path in the program.
fn both_paths(path_in_program: &str) -> (Cow<'_, str>, &str) {
    let path = match frozen(path_in_program) {
        Some("") => Cow::Borrowed(FIPS),
        Some(below) => Cow::Owned(format!("{FIPS}/{below}")),
        None => Cow::Borrowed(unvendored(path_in_program)),
    };
    (path, path_in_program)
}

/// The path of a package of a frozen FIPS 140 module below the path of the module; `None` for other packages.
fn frozen(path_in_program: &str) -> Option<&str> {
    let below = path_in_program.strip_prefix(FIPS)?.strip_prefix('/')?;
    let (version, below) = below.split_once('/').unwrap_or((below, ""));
    let number = version.strip_prefix('v')?;
    number
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_packages_have_the_paths_of_the_database() {
        for (path, want) in [
            (
                "crypto/internal/fips140/v1.0.0-c2097c7c/aes/gcm",
                "crypto/internal/fips140/aes/gcm",
            ),
            ("crypto/internal/fips140/v1.26.0", "crypto/internal/fips140"),
            ("crypto/internal/fips140/aes", "crypto/internal/fips140/aes"),
            (
                "crypto/internal/fips140/verify",
                "crypto/internal/fips140/verify",
            ),
            (
                "crypto/internal/fips140deps/v1",
                "crypto/internal/fips140deps/v1",
            ),
        ] {
            assert_eq!(both_paths(path), (want.into(), path));
        }
    }
}
