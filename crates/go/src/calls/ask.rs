//! Answers why a function, a package or a module is in a program.

use super::name::plain;
use super::{Graph, NoGraph, Ways};
use crate::tables::functions::package;
use crate::tables::{Tables, inlining};
use gospect_knowledge::nearest;
use gospect_record::BuildInfo;
use gospect_record::why::{Answer, By, Step, Subject};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

/// Most names to suggest for an unknown one.
const PROPOSED: usize = 5;
/// Steps of all chains of one answer together, after which no further chain is given; real chains have some ten.
const STEPS: usize = 1 << 18;
/// Most places of one inlined function to look at.
const PLACES: usize = 64;

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
    let ways = graph.ways();
    let wanted: BTreeSet<Vec<u8>> = names.iter().map(|name| plain(name.as_bytes())).collect();
    let mut functions: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for function in 0..graph.functions() {
        let name = plain(graph.name(function));
        if wanted.contains(&name) {
            functions.entry(name).or_default().push(function);
        }
    }
    let asked = Asked {
        tables,
        functions,
        graph: &graph,
        ways: &ways,
        modules: modules(info),
        main: info.map(|i| i.main.path.as_str()).filter(|p| !p.is_empty()),
        minor,
        chains,
    };
    Ok(names.iter().map(|name| asked.answer(name)).collect())
}

fn modules(info: Option<&BuildInfo>) -> Vec<&str> {
    let all = info.iter().flat_map(|i| i.deps.iter().chain([&i.main]));
    all.map(|module| module.path.as_str())
        .filter(|path| !path.is_empty())
        .collect()
}

struct Asked<'a, 't, 'i> {
    tables: &'a Tables<'i>,
    graph: &'a Graph<'t, 'i>,
    ways: &'a Ways,
    /// The functions that the names of the questions are those of, by name.
    functions: BTreeMap<Vec<u8>, Vec<usize>>,
    modules: Vec<&'a str>,
    /// Path of the main module.
    main: Option<&'a str>,
    minor: Option<u32>,
    chains: usize,
}

impl Asked<'_, '_, '_> {
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
                let of_module = match self.modules.contains(&name) || name == STD {
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
            .filter_map(|f| Some((self.graph.cost(self.ways, *f)?, *f)))
            .collect();
        reached.sort_unstable();
        // A package that initialises itself proves nothing, so functions reached from outside come first.
        let own: HashSet<usize> = match subject {
            Subject::Function | Subject::Vulnerability => HashSet::new(),
            Subject::Package | Subject::Module => functions.iter().copied().collect(),
        };
        let (inside, outside): (Vec<_>, Vec<_>) = reached
            .into_iter()
            .partition(|(_, f)| own.contains(&self.graph.root_of(self.ways, *f)));
        let mut chains: Vec<Vec<Step>> = Vec::new();
        let entered = |f: usize| !own.contains(&self.graph.before(self.ways, f));
        let first = outside.iter().filter(|(_, f)| entered(*f));
        let then = outside.iter().filter(|(_, f)| !entered(*f));
        let mut steps = 0;
        for (_, function) in first.chain(then).chain(&inside) {
            if chains.len() >= self.chains || steps > STEPS {
                return chains;
            }
            let chain = self.graph.chain(self.ways, *function);
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
        let first = self.graph.chain(self.ways, function).unwrap_or_default();
        let taken = first.iter().rev().nth(1).map(|s| s.function.clone());
        let mut callers: Vec<(u32, usize)> = (0..self.graph.functions())
            .filter(|i| *i != function && self.graph.calls(*i).any(|to| to == function))
            .filter_map(|i| Some((self.graph.cost(self.ways, i)?, i)))
            .collect();
        callers.sort_unstable();
        callers
            .into_iter()
            .filter(|(_, i)| {
                Some(String::from_utf8_lossy(self.graph.name(*i)).into_owned()) != taken
            })
            .take(most)
            .filter_map(|(_, caller)| self.graph.chain_through(self.ways, caller, function))
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
        for range in ranges.iter().take(PLACES) {
            if let Some(host) = self.graph.function_at(range.start) {
                let cost = self.graph.cost(self.ways, host).unwrap_or(u32::MAX);
                hosts.entry((cost, host)).or_insert(range.start);
            }
        }
        let chains = hosts
            .into_iter()
            .take(self.chains)
            .filter_map(|((_, host), pc)| {
                let mut chain = self.graph.chain(self.ways, host)?;
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

    fn module_of(&self, package: &str) -> Option<&str> {
        if package == "main" {
            return self.main;
        }
        let holds = |module: &&&str| {
            let rest = package.strip_prefix(**module);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let longest = self.modules.iter().filter(holds).max_by_key(|m| m.len());
        let first = package.split('/').next().unwrap_or_default();
        longest
            .copied()
            .or_else(|| (!package.is_empty() && !first.contains('.')).then_some(STD))
    }

    /// Functions, packages and modules with similar names: the same last part, the typed part, or few typing errors. If there are
    /// none, the packages beside the one that was typed.
    fn nearest(&self, name: &str) -> Vec<String> {
        let last = |text: &str| -> String {
            let end = text.rsplit(['.', '/']).next().unwrap_or_default();
            end.to_ascii_lowercase()
        };
        let wanted = last(name);
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
        let typed = text_of(&plain(name.as_bytes()));
        let spelled: BTreeMap<String, &String> = all
            .iter()
            .map(|c| (text_of(&plain(c.as_bytes())), c))
            .collect();
        let mut proposed: Vec<String> = Vec::new();
        let near = nearest(&typed, spelled.keys().map(String::as_str));
        proposed.extend(near.and_then(|n| spelled.get(n)).map(|n| (*n).clone()));
        // Of names with the same ending, those first that share most of the part before it.
        let shared = |text: &str| {
            let pairs = text.bytes().zip(name.bytes());
            pairs.take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
        };
        let mut alike: Vec<&String> = all.iter().filter(|c| last(c) == wanted).collect();
        alike.sort_by_key(|c| (std::cmp::Reverse(shared(c)), c.len()));
        for candidate in alike {
            if proposed.len() >= PROPOSED {
                break;
            }
            if !proposed.contains(candidate) {
                proposed.push(candidate.clone());
            }
        }
        if proposed.is_empty() {
            let first = name.find(['/', '.']).unwrap_or(name.len());
            let mut beside: Vec<&str> = packages.into_iter().collect();
            beside.retain(|package| first > 0 && shared(package) >= first);
            beside.sort_by_key(|package| (std::cmp::Reverse(shared(package)), package.len()));
            let beside = beside.into_iter().take(PROPOSED);
            proposed.extend(beside.map(str::to_owned));
        }
        proposed
    }
}

/// Stands for the standard library among the modules.
const STD: &str = "std";

fn text_of(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
