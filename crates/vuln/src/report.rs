//! All programs of a run, and the upgrades that fix their vulnerabilities.

use super::database::Database;
use super::finding::{Finding, Level, Program, UnjudgedReason, is_go, release_to_use};
use super::severity::{Condition, Severities};
use gospect_knowledge::GoVersion;
use gospect_knowledge::semver;
use gospect_record::Unexamined;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// The value of `schema` in the JSON document.
pub const SCHEMA: &str = "gospect-vuln/1";

/// The database that was used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its source and date.
    pub source: String,
    /// When it was published, RFC 3339; `None`: it has no date.
    pub date: Option<String>,
    /// Number of entries.
    pub entries: usize,
}

impl Source {
    /// Describes a database.
    pub fn of(database: &Database) -> Self {
        let about = database.about();
        Self {
            source: about.source.clone(),
            date: about.date.clone(),
            entries: database.len(),
        }
    }
}

/// The results for all programs of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The database that was used.
    pub database: Source,
    /// The programs, in the order of the scan.
    pub programs: Vec<Program>,
    /// What was found and not examined.
    pub unexamined: Vec<Unexamined>,
    /// The option of the run that leaves out parts of images and packages, such as `--exclude`.
    #[serde(skip)]
    pub leaves_out: Option<&'static str>,
    /// Whether only the images of one platform were wanted (`--platform`), although a tag names those of all.
    #[serde(skip)]
    pub has_one_platform: bool,
}

/// An upgrade, and the findings that it fixes.
#[derive(Clone, Debug)]
pub struct Action<'r> {
    /// The module that it is about.
    pub module: &'r str,
    /// The version to upgrade to; `None`: no version fixes these.
    pub to: Option<&'r str>,
    /// The findings that it fixes, by entry ID, each with its program.
    pub fixes: BTreeMap<&'r str, Vec<(&'r Program, &'r Finding)>>,
}

impl Action<'_> {
    /// The worst level of the findings that it fixes.
    pub fn level(&self) -> Level {
        let levels = self.fixes.values().flatten().map(|(_, f)| f.level);
        levels.max().unwrap_or(Level::Module)
    }

    /// The findings that it fixes, the most severe first if severities are known, then in the order of IDs.
    pub fn by_severity(&self) -> Vec<&[(&Program, &Finding)]> {
        let mut all: Vec<&[(&Program, &Finding)]> =
            self.fixes.values().map(Vec::as_slice).collect();
        let severity =
            |places: &[(&Program, &Finding)]| places.iter().map(|(_, f)| f.severity).max();
        all.sort_by_key(|places| std::cmp::Reverse(severity(places)));
        all
    }

    /// The sentence: `upgrade golang.org/x/net to v0.38.0`.
    pub fn what(&self) -> String {
        let module = self.module;
        match self.to {
            Some(to) if is_go(module) => format!("rebuild with {}", release_to_use(to)),
            Some(to) => format!("upgrade {module} to {to}"),
            None if is_go(module) => format!("no release ends these in {module}"),
            None => format!("no version of {module} ends these"),
        }
    }
}

impl Report {
    /// Whether a finding of this level or above counts.
    pub fn fails(&self, level: Level) -> bool {
        let mut programs = self.programs.iter();
        programs.any(|program| program.counting(level).next().is_some())
    }

    /// Adds severities, and sorts the findings of one level by them, the most severe first.
    pub fn rate(&mut self, severities: &Severities) {
        for program in &mut self.programs {
            program.rate(severities);
        }
    }

    /// Whether the severity of any finding is known.
    pub fn is_rated(&self) -> bool {
        let mut findings = self.programs.iter().flat_map(|p| &p.findings);
        findings.any(|f| f.severity.is_some())
    }

    /// Whether a finding of this level or above meets one of the conditions.
    pub fn fails_by(&self, level: Level, conditions: &[Condition]) -> bool {
        let mut counting = self.programs.iter().flat_map(|p| p.counting(level));
        counting.any(|f| conditions.iter().any(|c| c.holds(f.severity)))
    }

    /// Leaves out findings that no version fixes.
    pub fn only_fixed(&mut self) {
        for program in &mut self.programs {
            program.findings.retain(|finding| finding.fixed.is_some());
        }
    }

    /// The upgrades that fix findings of this level and above: first those that fix the most severe ones if severities are known, then those that fix the most.
    pub fn actions(&self, level: Level) -> Vec<Action<'_>> {
        let mut by_module: BTreeMap<(&str, bool), Action> = BTreeMap::new();
        for program in &self.programs {
            for finding in program.counting(level) {
                let to = finding.fixed.as_deref();
                let key = (finding.module.as_str(), to.is_none());
                let action = by_module.entry(key).or_insert_with(|| Action {
                    module: &finding.module,
                    to,
                    fixes: BTreeMap::new(),
                });
                if let (Some(to), Some(so_far)) = (to, action.to)
                    && compare(so_far, to).is_lt()
                {
                    action.to = Some(to);
                }
                let places = action.fixes.entry(&finding.id).or_default();
                places.push((program, finding));
            }
        }
        let mut actions: Vec<Action> = by_module.into_values().collect();
        let rank = |action: &Action| {
            let severity = action
                .fixes
                .values()
                .flatten()
                .map(|(_, f)| f.severity)
                .max();
            (
                std::cmp::Reverse(severity.flatten()),
                action.to.is_none(),
                std::cmp::Reverse(action.fixes.len()),
            )
        };
        actions.sort_by_key(rank);
        actions
    }

    /// For each level, the worst first, the number of entries whose highest level it is. Findings that VEX documents dismiss do not count.
    pub fn counts(&self) -> [(Level, usize); 3] {
        let mut best: BTreeMap<&str, Level> = BTreeMap::new();
        for program in &self.programs {
            for finding in program.counting(Level::Module) {
                let level = best.entry(&finding.id).or_insert(finding.level);
                *level = finding.level.max(*level);
            }
        }
        Level::ALL.map(|level| (level, best.values().filter(|l| **l == level).count()))
    }

    /// Programs with a finding of this level or above.
    pub fn affected(&self, level: Level) -> usize {
        let has = |program: &&Program| program.counting(level).next().is_some();
        self.programs.iter().filter(has).count()
    }

    /// Programs that a later layer of their image hides and that have findings of this level or above, and how many entries these are of. They
    /// do not count.
    pub fn hidden(&self, level: Level) -> (Vec<&Program>, usize) {
        let above = |program: &&Program| program.findings.iter().any(|f| f.level >= level);
        let hidden = self.programs.iter().filter(|program| program.is_hidden());
        let programs: Vec<&Program> = hidden.filter(above).collect();
        let findings = programs.iter().flat_map(|program| &program.findings);
        let ids = findings.filter(|f| f.level >= level).map(|f| &f.id);
        let ids: BTreeSet<&String> = ids.collect();
        (programs, ids.len())
    }

    /// Findings of this level or above that VEX documents dismiss.
    pub fn cleared(&self, level: Level) -> impl Iterator<Item = (&Program, &Finding)> {
        self.programs.iter().flat_map(move |program| {
            let findings = program.findings.iter();
            let cleared = findings.filter(move |f| f.level >= level && f.is_cleared());
            cleared.map(move |finding| (program, finding))
        })
    }

    /// What could not be judged: for each reason, the modules and the programs.
    pub fn unjudged(&self) -> BTreeMap<UnjudgedReason, (BTreeSet<&str>, BTreeSet<&str>)> {
        let mut by_reason: BTreeMap<UnjudgedReason, (BTreeSet<&str>, BTreeSet<&str>)> =
            BTreeMap::new();
        for program in &self.programs {
            for row in &program.unjudged {
                let (modules, programs) = by_reason.entry(row.why).or_default();
                modules.extend(row.module.as_deref());
                programs.insert(&program.path);
            }
        }
        by_reason
    }
}

/// Order of versions of modules and of releases of Go.
fn compare(a: &str, b: &str) -> Ordering {
    match (GoVersion::parse(a), GoVersion::parse(b)) {
        (Some(a), Some(b)) => a.compare(&b),
        _ => semver::compare(a, b),
    }
}
