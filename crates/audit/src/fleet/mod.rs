//! What is kept of each program, so that rules can compare all programs at the end of the run.
//!
//! Rows are short and module names are stored once: a program takes a few hundred bytes, and eight bytes for each dependency.
//! Modules and settings that do not fit are not compared; a finding says so.

mod spread;
mod vulnerabilities;

pub use spread::Spread;
pub use vulnerabilities::{Place, SharedVulnerability};

use super::fix::Plan;
use super::keys::KeyedRecord;
use gospect_bytes::{Budget, MEMORY, Use};
use gospect_knowledge::modules;
use gospect_record::{Binary, Location, Unexamined};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What is kept of one program.
#[derive(Debug, Default)]
pub struct FleetRow {
    /// Location as text for people.
    pub path: String,
    /// Location as data.
    pub location: Location,
    /// `os/arch`.
    pub port: String,
    /// Import path of the main package.
    pub main_package: Option<String>,
    /// Go release.
    pub go_version: Option<String>,
    /// Experiments in the version, joined.
    pub experiments: String,
    /// `vcs.revision`.
    pub revision: Option<String>,
    /// Build settings, without those of port and version control; `None` when none are recorded.
    pub settings: Option<BTreeMap<String, String>>,
    /// Whether its build info lists no modules.
    pub modules_unknown: bool,
    /// The changes that its findings want; `None`: no changes.
    pub plan: Option<Box<Plan>>,
    /// Modules and versions, as numbers in [`Names`].
    modules: Vec<(u32, u32)>,
}

/// Texts, each stored once.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The number of a text; `None` when it is new and does not fit in memory.
    fn number(&mut self, text: &str, budget: &Budget) -> Option<u32> {
        if let Some(n) = self.numbers.get(text) {
            return Some(*n);
        }
        budget.spend(text.len() as u64 + 120).ok()?;
        let text: Arc<str> = text.into();
        let n = u32::try_from(self.texts.len()).ok()?;
        self.texts.push(text.clone());
        self.numbers.insert(text, n);
        Some(n)
    }
}

/// Most different values of one thing to tell apart. Real programs have two or three. Without a bound, a record that lists a
/// module with thousands of versions would have each compared with all others.
const VARIANTS: usize = 50;

/// Checksums of one module version.
#[derive(Debug, Default)]
struct Sums {
    /// Checksum, index of the first row with it, number of programs.
    seen: Vec<(Arc<str>, usize, u64)>,
    /// Number of further checksums that were not distinguished.
    more: u64,
}

/// Versions of a module in one group.
#[derive(Default)]
struct Versions<'g> {
    /// Number of the version, how many members have it, and the first of them.
    seen: Vec<(u32, u64, &'g Arc<FleetRow>)>,
    more: u64,
}

/// The programs of a run, for rules that compare them.
#[derive(Debug)]
pub struct Fleet {
    budget: Budget,
    rows: Vec<FleetRow>,
    hidden: Vec<bool>,
    groups: BTreeMap<String, Vec<usize>>,
    names: Names,
    sums: HashMap<(u32, u32), Sums>,
    /// Things that were not examined, as many as fit in memory.
    pub unexamined: Vec<Unexamined>,
    /// Number of further things that were not examined.
    pub unexamined_more: u64,
    /// Number of programs whose modules and settings are not all compared, because they do not fit in memory.
    pub not_compared: u64,
    /// Number of programs whose vulnerabilities are not all counted, because they do not fit in memory.
    pub not_counted: u64,
    vulnerabilities: vulnerabilities::Spread,
    built: Vec<Group>,
}

impl Default for Fleet {
    fn default() -> Self {
        Fleet::new(MEMORY)
    }
}

/// Programs that are compared with each other.
#[derive(Debug, Default)]
pub struct Group {
    name: String,
    rows: Vec<Arc<FleetRow>>,
    names: Arc<Vec<Arc<str>>>,
}

/// A module version that has several checksums.
#[derive(Debug)]
pub struct SumConflict {
    /// Module path.
    pub module: String,
    /// Version.
    pub version: String,
    /// Checksum, path of a program that has it, number of programs that have it; most frequent first.
    pub sums: Vec<(String, String, u64)>,
    /// Number of records with other checksums.
    pub more: u64,
    /// Path and location of a program that differs.
    pub place: (String, Location),
}

/// A module with several versions in one group.
#[derive(Debug)]
pub struct MixedModule {
    /// Module path.
    pub module: String,
    /// Version, and path of a program that has it; most frequent first.
    pub versions: Vec<(String, String)>,
    /// Number of records with other versions.
    pub more: u64,
    /// A program whose version differs from that of most.
    pub place: Arc<FleetRow>,
}

impl Fleet {
    /// An empty fleet. Its share of `memory` bytes bounds the modules, settings and unexamined things that it keeps.
    pub fn new(memory: u64) -> Fleet {
        Fleet {
            budget: Budget::of(memory, Use::Fleet),
            rows: Vec::new(),
            hidden: Vec::new(),
            groups: BTreeMap::new(),
            names: Names::default(),
            sums: HashMap::new(),
            unexamined: Vec::new(),
            unexamined_more: 0,
            not_compared: 0,
            not_counted: 0,
            vulnerabilities: vulnerabilities::Spread::new(),
            built: Vec::new(),
        }
    }

    /// Adds something that was not examined.
    pub fn add_unexamined(&mut self, thing: &Unexamined) {
        // The location also holds path, target and file.
        let size = size_of::<Unexamined>() + 4 * thing.path.len() + thing.detail.len() + 240;
        match self.budget.spend(size as u64) {
            Ok(()) => self.unexamined.push(thing.clone()),
            Err(_) => self.unexamined_more += 1,
        }
    }

    /// Adds a program to the group that the values of `group_by` identify. A program without any of these values is in no
    /// group; an empty `group_by` puts all in one group. `plan` has the changes that its findings want.
    pub fn push(&mut self, binary: &Binary, record: &KeyedRecord, group_by: &[String], plan: Plan) {
        let plan = plan.without_text();
        let index = self.rows.len();
        let hidden = binary.location.visible == Some(false);
        if !hidden {
            let value = |key: &String| match record.values(key).join(",") {
                // Without a list of modules the program counts to the certain module of its main package.
                text if text.is_empty() && key == "build_info.Main.Path" => binary
                    .main_package
                    .as_deref()
                    .filter(|_| binary.module_list().is_unknown())
                    .and_then(modules::prefix)
                    .unwrap_or_default()
                    .to_owned(),
                text => text,
            };
            let values: Vec<String> = group_by.iter().map(value).collect();
            let name = values.join(" ");
            let is_one = values.iter().any(|v| !v.is_empty()) || group_by.is_empty();
            if is_one && self.fits(&name) {
                self.groups.entry(name).or_default().push(index);
            }
        }
        let info = binary.build_info.as_ref();
        let (modules, all_modules) = self.modules(binary, index);
        let (settings, all_settings) = self.settings(binary);
        self.not_compared += u64::from(!all_modules || !all_settings);
        let main_package = binary.main_package.clone().filter(|p| self.fits(p));
        let experiments = binary.experiments.suffix.join(",");
        let experiments = Some(experiments).filter(|e| self.fits(e));
        let revision = info.and_then(|i| i.setting("vcs.revision"));
        let revision = revision.filter(|r| self.fits(r)).map(str::to_string);
        // Where plans do not fit, advice for the group follows the programs whose plans do.
        let has_room = plan.size() != Plan::default().size()
            && self.budget.spend(300 * plan.size().0 as u64).is_ok();
        self.hidden.push(hidden);
        self.rows.push(FleetRow {
            path: binary.path.clone(),
            location: binary.location.clone(),
            port: binary.port_text(),
            main_package,
            go_version: binary.go_version.clone(),
            experiments: experiments.unwrap_or_default(),
            revision,
            settings,
            modules_unknown: binary.module_list().is_unknown(),
            plan: has_room.then(|| Box::new(plan)),
            modules,
        });
    }

    /// Whether there is memory for a text. Texts of usual length are not counted.
    fn fits(&mut self, text: &str) -> bool {
        text.len() <= 256 || self.budget.spend(text.len() as u64).is_ok()
    }

    /// The modules of a program, and whether the list is complete.
    fn modules(&mut self, binary: &Binary, index: usize) -> (Vec<(u32, u32)>, bool) {
        let mut modules = Vec::new();
        for m in binary.build_info.iter().flat_map(|i| &i.deps) {
            let m = m.replace.as_deref().unwrap_or(m);
            let number = |names: &mut Names, budget: &Budget| {
                let path = names.number(&m.path, budget)?;
                let version = names.number(&m.version, budget)?;
                budget.spend(16).ok()?;
                Some((path, version))
            };
            let Some(key) = number(&mut self.names, &self.budget) else {
                return (modules, false);
            };
            modules.push(key);
            if m.sum.is_empty() || m.version.is_empty() {
                continue;
            }
            let sums = self.sums.entry(key).or_default();
            let is_full = sums.seen.len() == VARIANTS;
            match sums.seen.iter_mut().find(|(s, _, _)| **s == *m.sum) {
                Some(seen) => seen.2 += 1,
                None if is_full => sums.more += 1,
                None => {
                    if self.budget.spend(m.sum.len() as u64 + 200).is_err() {
                        return (modules, false);
                    }
                    sums.seen.push((m.sum.as_str().into(), index, 1));
                }
            }
        }
        (modules, true)
    }

    /// The settings of a program that can be compared, and whether they are complete; `None` when none are recorded.
    fn settings(&mut self, binary: &Binary) -> (Option<BTreeMap<String, String>>, bool) {
        let recorded = binary.build_info.iter().flat_map(|i| &i.settings);
        let mut settings = None;
        for s in recorded {
            let settings = settings.get_or_insert_with(BTreeMap::new);
            if s.key.starts_with("vcs") || s.key == "GOOS" || s.key == "GOARCH" {
                continue;
            }
            if self
                .budget
                .spend((s.key.len() + s.value.len() + 100) as u64)
                .is_err()
            {
                return (None, false);
            }
            settings.insert(s.key.clone(), s.value.clone());
        }
        (settings, true)
    }

    /// Sorts the rows into groups. Called once, before the rules that compare programs.
    pub fn build(&mut self) {
        let names = Arc::new(std::mem::take(&mut self.names.texts));
        let rows: Vec<Arc<FleetRow>> = std::mem::take(&mut self.rows)
            .into_iter()
            .map(Arc::new)
            .collect();
        self.built = std::mem::take(&mut self.groups)
            .into_iter()
            .map(|(name, members)| Group {
                name,
                rows: members
                    .iter()
                    .filter_map(|i| rows.get(*i).cloned())
                    .collect(),
                names: names.clone(),
            })
            .collect();
        self.built.push(Group {
            name: String::new(),
            rows,
            names,
        });
    }

    /// The groups with at least two programs.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.built
            .iter()
            .take(self.built.len().saturating_sub(1))
            .filter(|g| g.rows.len() > 1)
    }

    fn all(&self) -> &[Arc<FleetRow>] {
        self.built.last().map_or(&[], |g| &g.rows)
    }

    /// The programs that no later layer hides.
    pub fn visible(&self) -> impl Iterator<Item = &FleetRow> {
        self.all()
            .iter()
            .zip(&self.hidden)
            .filter(|(_, h)| !**h)
            .map(|(r, _)| r.as_ref())
    }

    /// The first target, which findings about the whole run name.
    pub fn target(&self) -> &str {
        self.all().first().map_or(".", |r| &r.location.target)
    }

    /// Module versions with several checksums, sorted by module.
    pub fn sum_conflicts(&self) -> Vec<SumConflict> {
        let names = self
            .built
            .last()
            .map(|g| g.names.clone())
            .unwrap_or_default();
        let text = |n: u32| {
            names
                .get(n as usize)
                .map(|t| t.to_string())
                .unwrap_or_default()
        };
        let mut out = Vec::new();
        for ((module, version), Sums { seen, more }) in
            self.sums.iter().filter(|(_, s)| s.seen.len() > 1)
        {
            let mut sums = seen.clone();
            sums.sort_by(|a, b| (b.2, a.1).cmp(&(a.2, b.1)));
            let row = |i: usize| self.all().get(i);
            let Some(odd) = sums.last().and_then(|s| row(s.1)) else {
                continue;
            };
            out.push(SumConflict {
                module: text(*module),
                version: text(*version),
                place: (odd.path.clone(), odd.location.clone()),
                more: *more,
                sums: sums
                    .iter()
                    .map(|(s, i, n)| {
                        (
                            s.to_string(),
                            row(*i).map(|r| r.path.clone()).unwrap_or_default(),
                            *n,
                        )
                    })
                    .collect(),
            });
        }
        out.sort_by(|a, b| (&a.module, &a.version).cmp(&(&b.module, &b.version)));
        out
    }
}

impl Group {
    /// The value that its programs share.
    pub fn name(&self) -> &str {
        if self.name.is_empty() {
            "this run"
        } else {
            &self.name
        }
    }

    /// Its programs.
    pub fn rows(&self) -> &[Arc<FleetRow>] {
        &self.rows
    }

    /// The changes that findings about its programs want.
    pub fn plan(&self) -> Plan {
        let mut all = Plan::default();
        for plan in self.rows.iter().filter_map(|r| r.plan.as_deref()) {
            all.merge(plan);
        }
        all
    }

    /// Modules of which the programs have different versions, sorted by name.
    pub fn mixed_modules(&self) -> Vec<MixedModule> {
        let mut modules: HashMap<u32, Versions> = HashMap::new();
        for row in &self.rows {
            for (module, version) in &row.modules {
                let Versions { seen, more } = modules.entry(*module).or_default();
                let is_full = seen.len() == VARIANTS;
                match seen.iter_mut().find(|v| v.0 == *version) {
                    Some(v) => v.1 += 1,
                    None if is_full => *more += 1,
                    None => seen.push((*version, 1, row)),
                }
            }
        }
        let text = |n: u32| {
            self.names
                .get(n as usize)
                .map(|t| t.to_string())
                .unwrap_or_default()
        };
        let mut out: Vec<MixedModule> = Vec::new();
        for (module, Versions { seen, more }) in modules {
            let mut versions = seen;
            if versions.len() < 2 {
                continue;
            }
            versions.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.2.path.cmp(&b.2.path)));
            let Some(odd) = versions.last() else { continue };
            out.push(MixedModule {
                module: text(module),
                place: odd.2.clone(),
                more,
                versions: versions
                    .iter()
                    .map(|v| (text(v.0), v.2.path.clone()))
                    .collect(),
            });
        }
        out.sort_by(|a, b| a.module.cmp(&b.module));
        out
    }
}
