//! Known vulnerabilities that several programs of a run have.

use super::Fleet;
use gospect_vuln::{Finding, Level, Program};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes for a new vulnerability, and for one more place of it.
const ENTRY: u64 = 400;
const PLACE: u64 = 64;

/// Where programs are, for counting: an image counts once, however many of its programs have a vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// An image, by its reference and its digest.
    Image(String, String),
    /// A program outside of images, by its path.
    Program(String),
}

impl Place {
    fn of(program: &Program) -> Self {
        match &program.location.image {
            Some(image) => Self::Image(
                image.reference.clone(),
                image.digest.clone().unwrap_or_default(),
            ),
            None => Self::Program(program.path.clone()),
        }
    }

    /// The name to show.
    pub fn name(&self) -> &str {
        match self {
            Self::Image(name, _) | Self::Program(name) => name,
        }
    }

    /// Whether it is an image.
    pub fn is_image(&self) -> bool {
        matches!(self, Self::Image(..))
    }
}

/// A vulnerability and all places that have it.
#[derive(Clone, Debug)]
pub struct SharedVulnerability {
    /// The finding about the first program that has it.
    pub first: Finding,
    /// Versions that end it: several for the standard library, whose releases are fixed one by one.
    pub fixes: BTreeSet<String>,
    /// The places.
    pub places: BTreeSet<Place>,
}

/// The vulnerabilities of a fleet at each level, by ID and module.
pub(super) type Spread = BTreeMap<(Level, String, String), SharedVulnerability>;

impl Fleet {
    /// Adds the vulnerabilities of a program, without those that VEX documents take back. A program that a later layer hides counts nowhere.
    pub(crate) fn add_vulnerabilities(&mut self, program: &Program) {
        if program.location.visible == Some(false) {
            return;
        }
        let place = Place::of(program);
        for finding in program.counting(Level::Module) {
            let key = (finding.level, finding.id.clone(), finding.module.clone());
            let mut cost = PLACE + place.name().len() as u64;
            if !self.vulnerabilities.contains_key(&key) {
                cost += ENTRY;
            }
            let known = self.vulnerabilities.get(&key);
            if known.is_some_and(|known| known.places.contains(&place)) {
                continue;
            }
            if self.budget.spend(cost).is_err() {
                self.not_counted += 1;
                return;
            }
            let shared = self
                .vulnerabilities
                .entry(key)
                .or_insert_with(|| SharedVulnerability {
                    // Lists of linked code differ from program to program, and each program has its own finding with them.
                    first: Finding {
                        symbols: Vec::new(),
                        packages: Vec::new(),
                        ..finding.clone()
                    },
                    fixes: BTreeSet::new(),
                    places: BTreeSet::new(),
                });
            shared.fixes.extend(finding.fixed.clone());
            shared.places.insert(place.clone());
        }
    }

    /// Vulnerabilities of this level or above, by ID and module, with all places that have them.
    pub fn vulnerabilities(&self, least: Level) -> Vec<SharedVulnerability> {
        let mut found: BTreeMap<(&str, &str), SharedVulnerability> = BTreeMap::new();
        // From the highest level, so that the first is the worst.
        for ((level, id, module), shared) in self.vulnerabilities.iter().rev() {
            if *level < least {
                continue;
            }
            let all = found.entry((id, module)).or_insert_with(|| shared.clone());
            all.fixes.extend(shared.fixes.iter().cloned());
            all.places.extend(shared.places.iter().cloned());
        }
        found.into_values().collect()
    }
}
