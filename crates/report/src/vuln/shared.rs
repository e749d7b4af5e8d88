//! Product names that say something of more than one program of a run. What is stated under a name must be true of all that it names, so the gravest status counts.
//!
//! Scanners compare as go-vex does (github.com/openvex/go-vex v0.2.7, `PurlMatches`, `Product.Matches`): a purl without a version names every version, and a product names
//! the module also where it is a library: trivy and grype first ask about the vulnerable package alone, and then look at no subcomponent.

use super::statement::statement;
use gospect_record::purl;
use gospect_vuln::vex::{self, module_purls, written_products};
use gospect_vuln::{Finding, Program, Report, Status, UnjudgedReason};
use std::collections::{BTreeSet, HashMap};

/// The beginning of the names of modules.
const MODULE: &str = "pkg:golang/";

/// The names that modules have, and those that several programs have: of a module with several commands or ports, and of an image.
pub(super) struct SharedNames<'r> {
    numbers: HashMap<String, usize>,
    /// The gravity of an entry for a name and a module as its part; without a part where an entry could not be judged, or is about the named module itself.
    gravest: HashMap<(usize, &'r str), HashMap<Option<String>, u8>>,
    /// Whether a name without a version may be said to be not affected, see [`Options::unversioned`](super::Options::unversioned).
    unversioned: bool,
}

impl<'r> SharedNames<'r> {
    /// Those of a run.
    pub fn of(report: &'r Report, unversioned: bool) -> Self {
        let mut programs_by_name: HashMap<String, usize> = HashMap::new();
        for name in report.programs.iter().flat_map(product_names) {
            *programs_by_name.entry(name).or_default() += 1;
        }
        programs_by_name.retain(|name, programs| *programs > 1 || name.starts_with(MODULE));
        let names = programs_by_name.into_keys().enumerate();
        let mut shared = Self {
            numbers: names.map(|(number, name)| (name, number)).collect(),
            gravest: HashMap::new(),
            unversioned,
        };
        for program in &report.programs {
            let own = shared.naming(&product_names(program));
            for finding in &program.findings {
                let gravity = statement(program, finding).status.gravity();
                let part = part_of(finding);
                for name in &own {
                    shared.add(*name, &finding.id, part.clone(), gravity);
                }
                for name in shared.naming(&module_purls(finding)) {
                    shared.add(name, &finding.id, None, gravity);
                }
            }
            let gravity = Status::UnderInvestigation.gravity();
            for (id, module, _) in unjudged_entries(program) {
                let module = module.and_then(|path| purl::of_module(path, ""));
                let library = shared.naming(module.as_slice());
                for name in own.union(&library) {
                    shared.add(*name, id, None, gravity);
                }
            }
        }
        shared
    }

    /// The numbers of the names that name what one of these names.
    fn naming(&self, names: &[String]) -> BTreeSet<usize> {
        let names = names
            .iter()
            .flat_map(|name| [Some(name.as_str()), bare(name)]);
        let numbers = names.flatten().filter_map(|name| self.numbers.get(name));
        numbers.copied().collect()
    }

    fn add(&mut self, name: usize, id: &'r str, part: Option<String>, gravity: u8) {
        let by_part = self.gravest.entry((name, id)).or_default();
        let gravest = by_part.entry(part).or_default();
        *gravest = gravity.max(*gravest);
    }

    /// Whether the statement about a finding is true of everything of this name.
    pub fn may_state(&self, name: &str, program: &Program, finding: &Finding) -> bool {
        let status = statement(program, finding).status;
        let is_proven = status == Status::NotAffected && finding.vex.is_none();
        let is_too_wide =
            is_every_version(name, finding) || !self.unversioned && vex::is_of_every_version(name);
        if is_proven && is_too_wide {
            return false;
        }
        let number = self.numbers.get(name);
        let by_part = number.and_then(|number| self.gravest.get(&(*number, finding.id.as_str())));
        let Some(by_part) = by_part else {
            return true;
        };
        let gravest = [part_of(finding), None];
        let gravest = gravest.iter().filter_map(|part| by_part.get(part)).max();
        gravest.is_none_or(|gravest| status.gravity() >= *gravest)
    }
}

/// The names of a program as a product. A file without a digest is identified by its path.
pub(super) fn product_names(program: &Program) -> Vec<String> {
    let mut names = written_products(program);
    if names.is_empty() {
        names.extend(program.sha256.is_none().then(|| program.path.clone()));
    }
    names
}

/// The entries that may apply to a program, with the module that they are about, and why that is not known.
pub(super) fn unjudged_entries(
    program: &Program,
) -> impl Iterator<Item = (&String, Option<&String>, UnjudgedReason)> {
    let rows = program.unjudged.iter();
    rows.flat_map(|row| {
        let entries = row.entries.iter();
        entries.map(|id| (id, row.module.as_ref(), row.why))
    })
}

/// The module of a finding as part of a product.
fn part_of(finding: &Finding) -> Option<String> {
    module_purls(finding).into_iter().next()
}

/// The name of every version of a module, from that of one.
fn bare(name: &str) -> Option<&str> {
    let is_module = name.starts_with(MODULE);
    let (bare, _) = name.split_once('@').filter(|_| is_module)?;
    Some(bare)
}

/// Whether a name is that of every version of the module that a finding is about. Most of these were not looked at.
fn is_every_version(name: &str, finding: &Finding) -> bool {
    let purls = module_purls(finding);
    let mut bare = purls.iter().map(|purl| bare(purl).unwrap_or(purl));
    bare.any(|bare| bare == name)
}
