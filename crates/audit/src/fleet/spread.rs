//! How the programs of a group differ in one value, such as a setting or the Go release.

use super::{FleetRow, Group};
use std::collections::HashMap;

/// How the programs of a group differ in one value.
pub struct Spread<'g> {
    /// The most frequent value; of equally frequent ones the first.
    pub majority: String,
    /// The number of programs that have it.
    pub majority_count: usize,
    /// The programs that have it.
    pub rows: Vec<&'g FleetRow>,
    /// The other values with their programs, rarest first.
    pub odd: Vec<(String, Vec<&'g FleetRow>)>,
    /// Whether several values are equally frequent, so that counting cannot tell which is right.
    pub tie: bool,
}

impl<'g> Spread<'g> {
    /// Compares one value of all programs that have it; `None` when they agree.
    pub fn of(group: &'g Group, value: &dyn Fn(&FleetRow) -> Option<String>) -> Option<Spread<'g>> {
        let mut seen: Vec<(String, Vec<&FleetRow>)> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for row in group.rows() {
            let Some(v) = value(row) else { continue };
            match known.get(&v).and_then(|at| seen.get_mut(*at)) {
                Some((_, rows)) => rows.push(row),
                None => {
                    known.insert(v.clone(), seen.len());
                    seen.push((v, vec![row]));
                }
            }
        }
        if seen.len() < 2 {
            return None;
        }
        let mut most = 0;
        for (i, s) in seen.iter().enumerate() {
            if s.1.len() > seen.get(most).map_or(0, |m| m.1.len()) {
                most = i;
            }
        }
        let (majority, rows) = seen.remove(most);
        let tie = seen.iter().any(|s| s.1.len() == rows.len());
        seen.sort_by_key(|(_, rows)| rows.len());
        Some(Spread {
            tie,
            majority,
            majority_count: rows.len(),
            rows,
            odd: seen,
        })
    }

    /// The number of programs that differ from the majority.
    pub fn odd_count(&self) -> usize {
        self.odd.iter().map(|(_, r)| r.len()).sum()
    }

    /// The number of programs compared.
    pub fn total(&self) -> usize {
        self.majority_count + self.odd_count()
    }
}
