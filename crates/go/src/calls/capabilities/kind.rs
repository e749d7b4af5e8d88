//! The category and the package of each function.

use super::super::Graph;
use super::super::name::{plain, without_suffixes};
use super::literals::{PackagesOfFiles, is_literal};
use super::source::SourceGraph;
use crate::tables::Tables;
use crate::tables::functions::package;
use crate::tables::inline_tree::InlineTrees;
use gospect_knowledge::capabilities::{self, Category};
use gospect_knowledge::modules;
use gospect_record::why::By;
use gospect_record::{Capability, Word};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What is known about a function without looking at what it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It gives this capability to its callers, and nothing else.
    Has(Capability),
    /// It gives nothing to its callers.
    Safe,
    /// What its callees give it.
    OfCallees,
}

/// A package of the program.
struct Package {
    path: String,
    is_standard: bool,
}

/// The kind and the package of each function.
pub struct Kinds {
    /// By function.
    kinds: Vec<Kind>,
    /// The number of the package of each function; [`NO_PACKAGE`] for functions without one.
    package_numbers: Vec<u32>,
    /// By function: whether only its package can name it.
    unexported: Vec<bool>,
    /// Literals, and whether each is named after a function of another package than its own.
    literals: HashMap<u32, bool>,
    /// By number.
    packages: Vec<Package>,
    /// Calls that do not count: caller and callee.
    ignored_calls: HashSet<(u32, u32)>,
    /// Packages that have a literal of another one, because the code around it was inlined.
    borrowers: BTreeSet<(u32, u32)>,
}

/// Stands for a missing package.
const NO_PACKAGE: u32 = u32::MAX;

/// Most dots in the name of a literal at which the name of its function may begin.
const MOVED_PARTS: usize = 64;

/// Packages that the compiler calls for what the language does: growing slices, maps, write barriers. Calls of their unexported
/// functions are not in the source.
const LANGUAGE_PACKAGES: [&str; 2] = ["runtime", "internal/runtime"];

impl Kinds {
    /// Looks up all functions.
    pub fn of<'t>(
        graph: &Graph<'t, '_>,
        tables: &Tables<'_>,
        trees: Option<&InlineTrees<'_, '_>>,
        calls: &SourceGraph<'t>,
    ) -> Self {
        let mut kinds = Self {
            kinds: Vec::with_capacity(calls.len()),
            package_numbers: Vec::with_capacity(calls.len()),
            unexported: Vec::with_capacity(calls.len()),
            literals: HashMap::new(),
            packages: Vec::new(),
            ignored_calls: HashSet::new(),
            borrowers: BTreeSet::new(),
        };
        // The functions in the list of calls that do not count.
        let mut listed: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (caller, callee) in &capabilities::table().ignored_calls {
            listed.insert(caller, Vec::new());
            listed.insert(callee, Vec::new());
        }
        let files = trees.map(|_| PackagesOfFiles::read(graph, calls));
        let mut numbers: HashMap<&[u8], u32> = HashMap::new();
        let mut numbers_of_paths: HashMap<&str, u32> = HashMap::new();
        for node in 0..calls.len() {
            let name = calls.raw_name(graph, node as u32);
            let named = package(name);
            let is_literal = is_literal(name);
            let source = files
                .as_ref()
                .filter(|_| is_literal)
                .and_then(|files| files.of(graph, calls, node as u32));
            let mut number_of = |spelled| {
                *numbers.entry(spelled).or_insert_with(|| {
                    let path = tables.functions().owner(spelled);
                    path.map_or(NO_PACKAGE, |path| {
                        *numbers_of_paths
                            .entry(path)
                            .or_insert_with(|| kinds.add_package(path))
                    })
                })
            };
            let number_by_name = named.map_or(NO_PACKAGE, &mut number_of);
            let number = source.map_or(number_by_name, &mut number_of);
            let is_moved = number != number_by_name;
            if is_literal {
                kinds.literals.insert(node as u32, is_moved);
            }
            if is_moved {
                kinds.borrowers.insert((number_by_name, number));
            }
            let package = kinds.packages.get(number as usize);
            let row = graph.rows.all.get(node);
            let is_assembly = || match (trees, row) {
                (Some(trees), Some(row)) => trees.is_assembly(row),
                (None, Some(row)) => graph
                    .line(node, row.start)
                    .is_some_and(|(file, _)| file.ends_with(".s")),
                (_, None) => false,
            };
            let name = String::from_utf8_lossy(&plain(name)).into_owned();
            let kind = package.map_or(Kind::Safe, |package| match is_moved {
                true => kind_of_moved(package, &name),
                false => kind(package, &name, is_assembly),
            });
            let last = name.rsplit('.').next().unwrap_or_default();
            kinds.kinds.push(kind);
            kinds.package_numbers.push(number);
            kinds.unexported.push(last.starts_with(char::is_lowercase));
            if let Some(nodes) = listed.get_mut(name.as_str()) {
                nodes.push(node as u32);
            }
        }
        for (caller, callee) in &capabilities::table().ignored_calls {
            let of = |name: &str| listed.get(name).into_iter().flatten().copied();
            let pairs = of(caller).flat_map(|caller| of(callee).map(move |to| (caller, to)));
            kinds.ignored_calls.extend(pairs);
        }
        kinds
    }

    /// Adds a package, and returns its number.
    fn add_package(&mut self, path: &str) -> u32 {
        self.packages.push(Package {
            path: path.to_owned(),
            is_standard: modules::is_standard(path),
        });
        (self.packages.len() - 1) as u32
    }

    /// The kind of a function.
    pub fn kind(&self, node: u32) -> Kind {
        self.kinds.get(node as usize).copied().unwrap_or(Kind::Safe)
    }

    /// The number of the package of a function.
    pub fn package(&self, node: u32) -> Option<u32> {
        let number = self.package_numbers.get(node as usize).copied();
        number.filter(|number| *number != NO_PACKAGE)
    }

    /// Gives a package its initialiser, which may be a new function. The list of capabilities calls the initialisers of packages
    /// safe that have a capability as a whole.
    pub fn set_initialiser(&mut self, node: u32, package: u32) {
        let Some(path) = self.path(package) else {
            return;
        };
        let table = capabilities::table();
        let listed = table.function(&format!("{path}.init"));
        let kind = match listed.unwrap_or_else(|| table.package(path)) {
            Category::OfCallees => Kind::OfCallees,
            Category::Safe | Category::Capability(_) => Kind::Safe,
        };
        self.set(node, kind, package);
    }

    /// Sets kind and package of a function, which may be a new one.
    pub fn set(&mut self, node: u32, kind: Kind, package: u32) {
        let node = node as usize;
        if node >= self.kinds.len() {
            self.kinds.resize(node + 1, Kind::Safe);
            self.package_numbers.resize(node + 1, NO_PACKAGE);
            self.unexported.resize(node + 1, false);
        }
        if let (Some(known), Some(number)) =
            (self.kinds.get_mut(node), self.package_numbers.get_mut(node))
        {
            *known = kind;
            *number = package;
        }
    }

    /// Whether source of other packages cannot name a function.
    pub fn is_unexported(&self, node: u32) -> bool {
        self.unexported.get(node as usize) == Some(&true)
    }

    /// Whether the compiler adds calls of functions of a package that are not in the source.
    pub fn is_called_by_compiler(&self, package: u32) -> bool {
        self.path(package).is_some_and(is_language)
    }

    /// Pairs of packages of which the first has a literal of the second.
    pub fn borrowers(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let is_known = |pair: &(u32, u32)| pair.0 != NO_PACKAGE && pair.1 != NO_PACKAGE;
        self.borrowers.iter().copied().filter(is_known)
    }

    /// The numbers of all packages.
    pub fn package_numbers(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.packages.len() as u32
    }

    /// Whether a reference counts. An interface only lets the package of an unexported method call it. A literal that calls one of another
    /// package was given it: the calls of both are in one place because they were inlined.
    pub fn counts(&self, caller: u32, callee: u32, by: By) -> bool {
        let is_closed = by == By::Method
            && self.is_unexported(callee)
            && self.package(caller) != self.package(callee);
        let is_given = by == By::Call
            && self.literals.get(&caller) == Some(&true)
            && self.literals.contains_key(&callee)
            && self.package(caller) != self.package(callee);
        !is_closed && !is_given && !self.ignored_calls.contains(&(caller, callee))
    }

    /// The import path of a package.
    pub fn path(&self, package: u32) -> Option<&str> {
        self.packages.get(package as usize).map(|p| p.path.as_str())
    }

    /// Whether a package belongs to the standard library.
    pub fn is_standard(&self, package: u32) -> bool {
        self.packages
            .get(package as usize)
            .is_some_and(|p| p.is_standard)
    }

    /// The functions with a capability.
    pub fn functions_with(&self, capability: Capability) -> impl Iterator<Item = u32> + '_ {
        let kinds = self.kinds.iter().enumerate();
        kinds
            .filter(move |(_, kind)| **kind == Kind::Has(capability))
            .map(|(node, _)| node as u32)
    }
}

/// The kind of a function of this package.
fn kind(package: &Package, name: &str, is_assembly: impl Fn() -> bool) -> Kind {
    let table = capabilities::table();
    let own = name.get(package.path.len() + 1..).unwrap_or_default();
    if is_c_call(own) {
        return Kind::Has(Capability::Cgo);
    }
    let function = table
        .function(name)
        .or_else(|| table.function(without_suffixes(name)));
    let category = match function {
        Some(category) => category,
        None if is_language(&package.path) && !is_exported(own) => Category::Safe,
        None => table.package(&package.path),
    };
    match category {
        Category::Capability(word) => match Word::from(word).known() {
            Some(capability) => Kind::Has(capability),
            None => Kind::OfCallees,
        },
        Category::Safe => Kind::Safe,
        // The assembly of the standard library is part of Go.
        Category::OfCallees if !package.is_standard && is_assembly() => {
            Kind::Has(Capability::ArbitraryExecution)
        }
        Category::OfCallees => Kind::OfCallees,
    }
}

/// The kind of a literal of this package that is named after a function of another one. Behind the name of that function stands
/// that of the function that has the literal (`a/b.F.File.Close.func1`), or nothing before Go 1.22.
fn kind_of_moved(package: &Package, name: &str) -> Kind {
    let function = without_suffixes(name);
    let starts = function.match_indices('.').map(|(dot, _)| dot + 1);
    let names =
        starts.filter_map(|start| Some(format!("{}.{}", package.path, function.get(start..)?)));
    let table = capabilities::table();
    let listed = names
        .take(MOVED_PARTS)
        .find(|name| table.function(name).is_some());
    let name = listed.unwrap_or_else(|| format!("{}.func1", package.path));
    kind(package, &name, || false)
}

/// Functions that cgo writes for calls of C (src/cmd/cgo/out.go).
fn is_c_call(own: &str) -> bool {
    ["_Cfunc_", "_C2func_", "_cgo_runtime_cgocall"]
        .iter()
        .any(|start| own.starts_with(start))
}

fn is_language(path: &str) -> bool {
    LANGUAGE_PACKAGES.iter().any(|package| {
        path.strip_prefix(package)
            .is_some_and(|rest| rest.is_empty() || (*package != "runtime" && rest.starts_with('/')))
    })
}

/// Whether source of other packages can name a function: all parts of its name begin with a capital letter.
fn is_exported(own: &str) -> bool {
    own.split('.')
        .all(|part| part.starts_with(char::is_uppercase))
}
