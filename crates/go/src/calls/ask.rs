//! Answers why a function, a package or a module is in a program.

use super::name::plain;
use super::{ChainTree, Graph, NoGraph};
use crate::tables::functions::package;
use crate::tables::{Tables, inlining};
use gospect_knowledge::modules::{self, MAIN, STANDARD};
use gospect_knowledge::nearest;
use gospect_record::BuildInfo;
use gospect_record::why::{Answer, By, Step, Subject};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

/// Most names to suggest for an unknown one.
const SUGGESTED: usize = 5;
/// Steps of all chains of one answer together, after which no further chain is given; real chains have some ten.
const STEPS_LIMIT: usize = 1 << 18;
/// Most places into which one function was inlined to look at.
const INLINED_LIMIT: usize = 64;

/// Answers each question about a program, with up to `chains` chains each.
///
/// A name is that of a function (as the function table spells it, or as `package.Type.Method`), of a package, or of a module in
/// the build info. `minor` is the Go release, if known.
///
/// # Errors
/// [`NoGraph`] when the program has no graph.
pub fn ask(
    tables: &Tables<'_>,
    info: Option<&BuildInfo>,
    minor: Option<u32>,
    names: &[String],
    chains: usize,
) -> Result<Vec<Answer>, NoGraph> {
    let graph = Graph::read(tables)?;
    let tree = graph.chain_tree();
    let wanted: BTreeSet<Vec<u8>> = names.iter().map(|name| plain(name.as_bytes())).collect();
    let mut functions: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for function in 0..graph.functions() {
        let name = plain(graph.name(function));
        if wanted.contains(&name) {
            functions.entry(name).or_default().push(function);
        }
    }
    let program = Program {
        tables,
        functions,
        graph: &graph,
        tree: &tree,
        modules: linked_modules(info),
        main: info.map(|i| i.main.path.as_str()).filter(|p| !p.is_empty()),
        minor,
        chains,
    };
    let answers = names.iter().map(|name| program.answer(name)).collect();
    graph.check_limit()?;
    Ok(answers)
}

/// Paths of the modules in the build info.
fn linked_modules(info: Option<&BuildInfo>) -> Vec<&str> {
    let all = info.iter().flat_map(|i| i.deps.iter().chain([&i.main]));
    all.map(|module| module.path.as_str())
        .filter(|path| !path.is_empty())
        .collect()
}

/// The program that the questions are about.
struct Program<'a, 't, 'i> {
    tables: &'a Tables<'i>,
    graph: &'a Graph<'t, 'i>,
    tree: &'a ChainTree,
    /// The functions with the names that were asked for, by normalised name.
    functions: BTreeMap<Vec<u8>, Vec<usize>>,
    modules: Vec<&'a str>,
    /// Path of the main module.
    main: Option<&'a str>,
    minor: Option<u32>,
    chains: usize,
}

impl Program<'_, '_, '_> {
    fn answer(&self, name: &str) -> Answer {
        let wanted = plain(name.as_bytes());
        let of_function = self.functions.get(&wanted).cloned().unwrap_or_default();
        let (subject, matching) = if !of_function.is_empty() {
            (Subject::Function, of_function)
        } else if let Some(inlined) = self.inlined(name, &wanted) {
            return inlined;
        } else {
            let of_package = self.matching(|function| self.package_of(function) == name);
            if !of_package.is_empty() {
                (Subject::Package, of_package)
            } else {
                let of_module = match self.modules.contains(&name) || name == STANDARD {
                    true => self.matching(|f| self.module_of(&self.package_of(f)) == Some(name)),
                    false => Vec::new(),
                };
                (Subject::Module, of_module)
            }
        };
        if matching.is_empty() {
            return Answer {
                name: name.to_owned(),
                nearest: self.nearest(name),
                ..Answer::default()
            };
        }
        Answer {
            name: name.to_owned(),
            subject: Some(subject),
            found: true,
            inlined: false,
            functions: matching.len() as u64,
            chains: self.chains(subject, &matching),
            note: None,
            nearest: Vec::new(),
        }
    }

    fn matching(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<usize> {
        (0..self.graph.functions())
            .filter(|i| is_wanted(self.graph.name(*i)))
            .collect()
    }

    /// The most certain chains: to different functions of a package or module, or through different callers of one function.
    fn chains(&self, subject: Subject, functions: &[usize]) -> Vec<Vec<Step>> {
        let mut reached: Vec<(u32, usize)> = functions
            .iter()
            .filter_map(|f| Some((self.tree.cost(*f)?, *f)))
            .collect();
        reached.sort_unstable();
        // The initialisers of a package prove nothing about who uses it, so functions reached from outside come first.
        let own: HashSet<usize> = match subject {
            Subject::Function | Subject::Vulnerability => HashSet::new(),
            Subject::Package | Subject::Module => functions.iter().copied().collect(),
        };
        let (inside, outside): (Vec<_>, Vec<_>) = reached
            .into_iter()
            .partition(|(_, f)| own.contains(&self.tree.root_of(*f)));
        // The tables of the runtime hold all types, so a chain through them says even less.
        let (by_tables, outside): (Vec<_>, Vec<_>) = outside
            .into_iter()
            .partition(|(_, f)| self.graph.is_by_runtime_tables(self.tree, *f));
        let mut chains: Vec<Vec<Step>> = Vec::new();
        let is_entry = |f: usize| !own.contains(&self.tree.caller_of(f));
        let entries = outside.iter().filter(|(_, f)| is_entry(*f));
        let inner = outside.iter().filter(|(_, f)| !is_entry(*f));
        let mut steps = 0;
        for (_, function) in entries.chain(inner).chain(&inside).chain(&by_tables) {
            if chains.len() >= self.chains || steps > STEPS_LIMIT {
                return chains;
            }
            let chain = self.graph.chain(self.tree, *function);
            steps += chain.as_ref().map_or(0, Vec::len);
            chains.extend(chain);
        }
        if let (Subject::Function, [function]) = (subject, functions) {
            chains.extend(self.other_callers(*function, self.chains.saturating_sub(chains.len())));
        }
        chains
    }

    /// Chains through callers that are not in the most certain chain.
    fn other_callers(&self, function: usize, most: usize) -> Vec<Vec<Step>> {
        if most == 0 {
            return Vec::new();
        }
        let best = self.graph.chain(self.tree, function).unwrap_or_default();
        let best_caller = best.iter().rev().nth(1).map(|step| step.function.clone());
        let mut callers: Vec<(u32, usize)> = (0..self.graph.functions())
            .filter(|i| *i != function && self.graph.calls(*i).any(|to| to == function))
            .filter_map(|i| Some((self.tree.cost(i)?, i)))
            .collect();
        callers.sort_unstable();
        callers
            .into_iter()
            .filter(|(_, i)| {
                Some(String::from_utf8_lossy(self.graph.name(*i)).into_owned()) != best_caller
            })
            .take(most)
            .filter_map(|(_, caller)| self.graph.chain_through(self.tree, caller, function))
            .collect()
    }

    /// A function that exists only inlined: the chain leads to one of the functions that contain it.
    fn inlined(&self, name: &str, wanted: &[u8]) -> Option<Answer> {
        let table = self.tables.pclntab()?;
        let exact =
            table.function_names(self.tables.image(), &mut |function| match plain(function)
                == wanted
            {
                true => ControlFlow::Break(function),
                false => ControlFlow::Continue(()),
            })?;
        let ranges = inlining::ranges(self.tables, exact, self.minor).unwrap_or_default();
        let mut hosts: BTreeMap<(u32, usize), u64> = BTreeMap::new();
        for range in ranges.iter().take(INLINED_LIMIT) {
            if let Some(host) = self.graph.function_at(range.start) {
                let cost = self.tree.cost(host).unwrap_or(u32::MAX);
                hosts.entry((cost, host)).or_insert(range.start);
            }
        }
        let chains = hosts
            .into_iter()
            .take(self.chains)
            .filter_map(|((_, host), pc)| {
                let mut chain = self.graph.chain(self.tree, host)?;
                let (file, line) = self.graph.line(host, pc).unzip();
                chain.push(Step {
                    function: String::from_utf8_lossy(exact).into_owned(),
                    file,
                    line,
                    by: By::Call,
                    go: false,
                });
                Some(chain)
            });
        Some(Answer {
            name: name.to_owned(),
            subject: Some(Subject::Function),
            found: true,
            inlined: true,
            functions: 1,
            chains: chains.collect(),
            note: None,
            nearest: Vec::new(),
        })
    }

    /// Import path of the package of a function.
    fn package_of(&self, function: &[u8]) -> String {
        package(function)
            .and_then(|p| self.tables.functions().owner(p))
            .unwrap_or_default()
            .to_owned()
    }

    /// The module of a package.
    fn module_of(&self, package: &str) -> Option<&str> {
        match package {
            MAIN => self.main,
            _ => modules::of_package(package, self.modules.iter().copied()),
        }
    }

    /// Functions, packages and modules with similar names: few typing errors, or the same last part. If there are none, the
    /// packages beside the one that was typed.
    fn nearest(&self, name: &str) -> Vec<String> {
        let (all, packages) = self.all_names();
        let typed = plain_text(name);
        let spelled: BTreeMap<String, &String> =
            all.iter().map(|other| (plain_text(other), other)).collect();
        let near = nearest(&typed, spelled.keys().map(String::as_str));
        let near = near.and_then(|near| spelled.get(near));
        let mut suggested: Vec<String> = near.map(|near| (*near).clone()).into_iter().collect();
        // Of names with the same last part, those first that share most of the part before it.
        let last = last_part(name);
        let mut alike: Vec<&String> = all
            .iter()
            .filter(|other| last_part(other) == last)
            .collect();
        alike.sort_by_key(|other| (Reverse(shared_start(other, name)), other.len()));
        for other in alike {
            if suggested.len() >= SUGGESTED {
                break;
            }
            if !suggested.contains(other) {
                suggested.push(other.clone());
            }
        }
        if suggested.is_empty() {
            let first = name.find(['/', '.']).unwrap_or(name.len());
            let mut beside: Vec<&str> = packages.into_iter().collect();
            beside.retain(|package| first > 0 && shared_start(package, name) >= first);
            beside.sort_by_key(|package| (Reverse(shared_start(package, name)), package.len()));
            let beside = beside.into_iter().take(SUGGESTED);
            suggested.extend(beside.map(str::to_owned));
        }
        suggested
    }

    /// All names that can be asked for, and those of packages.
    fn all_names(&self) -> (BTreeSet<String>, BTreeSet<&str>) {
        let mut all: BTreeSet<String> = self.modules.iter().map(|m| (*m).to_owned()).collect();
        let mut seen: HashSet<&[u8]> = HashSet::new();
        let mut packages: BTreeSet<&str> = BTreeSet::new();
        for i in 0..self.graph.functions() {
            let function = self.graph.name(i);
            if !function.contains(&b'[') {
                all.insert(String::from_utf8_lossy(function).into_owned());
            }
            if let Some(package) = package(function).filter(|p| seen.insert(p)) {
                packages.extend(self.tables.functions().owner(package));
            }
        }
        all.extend(packages.iter().map(|package| (*package).to_owned()));
        (all, packages)
    }
}

/// The part of a name after the last dot or slash, in lower case.
fn last_part(name: &str) -> String {
    let end = name.rsplit(['.', '/']).next().unwrap_or_default();
    end.to_ascii_lowercase()
}

/// Number of bytes that two names share at the start.
fn shared_start(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs
        .take_while(|(one, other)| one.eq_ignore_ascii_case(other))
        .count()
}

/// A name in the spelling of [`plain`].
fn plain_text(name: &str) -> String {
    String::from_utf8_lossy(&plain(name.as_bytes())).into_owned()
}
