//! Stand-ins for the modules of a program whose build info does not list them: the packages of its function table.

use super::{Binary, ModuleList};
use gospect_knowledge::modules;

/// A package outside the standard library that belongs to no recorded module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandIn<'b> {
    /// Import path.
    pub package: &'b str,
    /// The certain beginning of its module path; `None` when nothing is certain.
    pub module: Option<&'b str>,
    /// Whether it belongs to the module of the main package, and so is not a dependency.
    pub is_own: bool,
}

impl<'b> StandIn<'b> {
    /// What it is listed under: its module if known, else the package itself.
    pub fn group(&self) -> &'b str {
        self.module.unwrap_or(self.package)
    }

    /// Paths that its module may have, shortest first: from the certain beginning to the path of the package.
    pub fn module_paths(&self) -> impl Iterator<Item = &'b str> {
        let package = self.package;
        let least = self.module.map_or(1, str::len);
        let ends = package.match_indices('/').map(|(at, _)| at);
        let ends = ends.chain([package.len()]).filter(move |end| *end >= least);
        ends.filter_map(move |end| package.get(..end))
    }

    /// Whether its module has, or may have, this path.
    pub fn may_be_of(&self, module: &str) -> bool {
        self.module_paths().any(|path| path == module)
    }
}

impl Binary {
    /// Whether the function table shows which packages are linked in: it exists, and its names are not obfuscated.
    pub fn has_package_names(&self) -> bool {
        let is_obfuscated = self.go_version_raw.as_deref() == Some("unknown");
        self.packages.is_some() && !is_obfuscated
    }

    /// The packages that stand in for modules, sorted by path; none when the build info lists every module with code in the
    /// program.
    pub fn stand_ins(&self) -> Vec<StandIn<'_>> {
        match self.module_list() {
            ModuleList::Empty => Vec::new(),
            ModuleList::Recorded => {
                let paths = self.linked.iter().flat_map(|linked| &linked.not_recorded);
                paths
                    .map(|path| {
                        let path = modules::unvendored(path);
                        self.stand_in(path, modules::prefix(path))
                    })
                    .collect()
            }
            _ if !self.has_package_names() => Vec::new(),
            _ => {
                let packages = self.packages.iter().flatten();
                let rows = packages.filter(|p| {
                    !matches!(p.module.as_deref(), Some(modules::STANDARD | modules::MAIN))
                        && !self.is_recorded(p.module.as_deref())
                });
                rows.map(|p| self.stand_in(&p.path, p.module.as_deref()))
                    .collect()
            }
        }
    }

    /// Whether the build info lists this module.
    fn is_recorded(&self, module: Option<&str>) -> bool {
        let Some((module, info)) = module.zip(self.build_info.as_ref()) else {
            return false;
        };
        info.main.path == module || info.deps.iter().any(|dep| dep.path == module)
    }

    fn stand_in<'b>(&'b self, package: &'b str, module: Option<&'b str>) -> StandIn<'b> {
        let main = self.main_package.as_deref().unwrap_or_default();
        let main = main.strip_suffix(".test").unwrap_or(main);
        let below = package.strip_prefix(main).filter(|_| !main.is_empty());
        let is_own = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || (module.is_some() && module == modules::prefix(main));
        StandIn {
            package,
            module,
            is_own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildInfo, LinkedPackage, Module};

    fn program(main: &str, packages: &[&str]) -> Binary {
        Binary {
            main_package: Some(main.to_owned()),
            build_info: Some(BuildInfo {
                path: main.to_owned(),
                ..BuildInfo::default()
            }),
            packages: Some(
                packages
                    .iter()
                    .map(|path| LinkedPackage {
                        path: (*path).to_owned(),
                        module: modules::prefix(path).map(str::to_owned),
                        functions: 1,
                        bytes: 16,
                        capabilities: None,
                    })
                    .collect(),
            ),
            ..Binary::default()
        }
    }

    #[test]
    fn own_packages_and_those_of_others_are_distinguished() {
        let binary = program(
            "github.com/me/app/v2/cmd/app",
            &[
                "fmt",
                "main",
                "github.com/me/app/v2/lib",
                "github.com/me/app",
                "example.com/a/b",
            ],
        );
        assert_eq!(binary.module_list(), ModuleList::Gopath);
        let all: Vec<_> = binary
            .stand_ins()
            .into_iter()
            .map(|s| (s.group(), s.is_own))
            .collect();
        assert_eq!(
            all,
            [
                ("github.com/me/app/v2", true),
                ("github.com/me/app", false),
                ("example.com/a/b", false)
            ]
        );
        let unknown_host = program(
            "example.com/app",
            &["example.com/app/lib", "example.com/apple"],
        );
        let own: Vec<_> = unknown_host.stand_ins().iter().map(|s| s.is_own).collect();
        assert_eq!(own, [true, false]);
    }

    #[test]
    fn any_prefix_of_a_package_path_may_be_its_module() {
        let binary = program("main", &["github.com/x/y/v2/z", "example.com/a/b"]);
        let paths = |i: usize| binary.stand_ins()[i].module_paths().collect::<Vec<_>>();
        assert_eq!(paths(0), ["github.com/x/y/v2", "github.com/x/y/v2/z"]);
        assert_eq!(
            paths(1),
            ["example.com", "example.com/a", "example.com/a/b"]
        );
    }

    #[test]
    fn obfuscated_names_are_no_stand_ins() {
        let mut binary = program("main", &["hX3f9"]);
        assert_eq!(binary.stand_ins().len(), 1);
        binary.go_version_raw = Some("unknown".to_owned());
        assert!(binary.stand_ins().is_empty() && !binary.has_package_names());
    }

    #[test]
    fn stand_ins_only_fill_the_gaps_of_a_list() {
        let mut binary = program("a.b/app", &["github.com/x/y/z", "github.com/x/w"]);
        let info = binary.build_info.as_mut().unwrap();
        info.deps.push(Module {
            path: "github.com/x/y".to_owned(),
            ..Module::default()
        });
        binary.module_list = Some(ModuleList::Cut.into());
        let all: Vec<_> = binary.stand_ins().iter().map(|s| s.package).collect();
        assert_eq!(all, ["github.com/x/w"]);
    }
}
