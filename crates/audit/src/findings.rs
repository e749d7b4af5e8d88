//! The findings of a run in bounded memory. Findings that do not fit are counted and reported as one more finding.

use super::finding::{Finding, Level};
use gospect_bytes::{Budget, MEMORY, Use};
use std::collections::BTreeMap;

/// Most findings of one rule about one subject; more would tell a reader nothing new.
pub(super) const MOST_OF_ONE_SUBJECT: usize = 1000;

/// Number of findings left out, by rule and its code.
pub(super) type ByRule = BTreeMap<(String, String), u64>;

/// Collects findings.
#[derive(Debug)]
pub(super) struct Findings {
    /// The findings that fit.
    pub(super) list: Vec<Finding>,
    budget: Budget,
    state: State,
}

/// Totals of the findings so far.
#[derive(Clone, Debug, Default)]
struct State {
    left_out: ByRule,
    worst: Option<Level>,
}

/// A state of the findings to return to.
#[derive(Debug)]
pub(super) struct Mark {
    count: usize,
    used: u64,
    state: State,
}

impl Default for Findings {
    fn default() -> Self {
        Findings::new(MEMORY)
    }
}

impl Findings {
    /// No findings yet; their share of `memory` bytes bounds how many are kept.
    pub(super) fn new(memory: u64) -> Findings {
        Findings {
            list: Vec::new(),
            budget: Budget::of(memory, Use::Findings),
            state: State::default(),
        }
    }

    /// Adds a finding. `before` is the number of earlier findings of its rule about the same subject.
    pub(super) fn add(&mut self, finding: Finding, before: usize) {
        if before >= MOST_OF_ONE_SUBJECT || self.budget.spend(finding.memory()).is_err() {
            let rule = (finding.rule, finding.code);
            *self.state.left_out.entry(rule).or_default() += 1;
            self.state.worst = self.state.worst.max(Some(finding.level));
            return;
        }
        self.list.push(finding);
    }

    /// Marks the current state.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            count: self.list.len(),
            used: self.budget.used(),
            state: self.state.clone(),
        }
    }

    /// Removes all findings added after a mark.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        self.list.truncate(mark.count);
        let more = self.budget.used().saturating_sub(mark.used);
        self.budget.unspend(more);
        self.state.clone_from(&mark.state);
    }

    /// Whether findings of a rule were left out that `names` accepts by id and code.
    pub(super) fn has_left_out(&self, mut names: impl FnMut(&str, &str) -> bool) -> bool {
        let mut rules = self.state.left_out.keys();
        rules.any(|(rule, code)| names(rule, code))
    }

    /// The level of the worst finding left out, and the numbers by rule.
    pub(super) fn left_out(&self) -> Option<(Level, &ByRule)> {
        Some((self.state.worst?, &self.state.left_out))
    }
}

impl Finding {
    /// An estimate of the bytes that a finding takes until it is written, including its entry in a baseline.
    fn memory(&self) -> u64 {
        const TEXT: usize = 40;
        let location = &self.location;
        let texts = [
            &self.rule,
            &self.message,
            &self.path,
            &self.help,
            &self.fingerprint,
            &location.target,
        ];
        let mut sum = size_of::<Finding>() + 512;
        sum += texts.iter().map(|t| t.len() + TEXT).sum::<usize>()
            + self.message.len()
            + self.path.len();
        sum += location.file.as_ref().map_or(0, |f| f.len() + TEXT);
        sum += location.entry.iter().map(|e| e.len() + TEXT).sum::<usize>();
        let evidence = self.evidence.iter();
        sum += evidence
            .map(|e| e.source.len() + e.value.len() + 2 * TEXT)
            .sum::<usize>();
        sum as u64
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::completeness::findings_left_out::META;
    use crate::testing::*;
    use crate::{Auditor, Baseline, Date, Level, Policy};

    fn experiments(count: usize) -> gospect_record::Binary {
        binary(|b| b.experiments.unknown = Some((0..count).map(|i| format!("x{i}")).collect()))
    }

    #[test]
    fn thousands_of_findings_about_one_file_become_one_more_finding() {
        let setup = Setup::default();
        let audit = setup.audit(&[], &[experiments(super::MOST_OF_ONE_SUBJECT + 5)]);
        let of = |rule: &str| audit.findings.iter().filter(|f| f.rule == rule).count();
        assert_eq!(
            (of("unknown-experiment"), of(META.id)),
            (super::MOST_OF_ONE_SUBJECT, 1)
        );
        let last = audit.findings.iter().find(|f| f.rule == META.id).unwrap();
        assert_eq!(last.level, Level::Warning, "as bad as what is left out");
        assert!(
            last.message.starts_with("5 more findings"),
            "{}",
            last.message
        );
        let exact = setup.audit(&[], &[experiments(super::MOST_OF_ONE_SUBJECT)]);
        assert!(exact.findings.iter().all(|f| f.rule != META.id));
        // It is not known which findings it stands for, so no baseline accepts it.
        let again = Setup {
            baseline: Some(Baseline::parse(&audit.baseline.to_json()).unwrap()),
            ..Setup::default()
        };
        let audit = again.audit(&[], &[experiments(super::MOST_OF_ONE_SUBJECT + 5)]);
        let counting: Vec<_> = audit.findings.iter().filter(|f| f.counts()).collect();
        assert_eq!((counting.len(), counting[0].rule.as_str()), (1, META.id));
    }

    #[test]
    fn memory_bounds_all_findings_and_the_level_counts_whatever_fits() {
        let policy = Policy::load("[rules]\nunknown-experiment = \"error\"", "p.toml").unwrap();
        let day = Date::parse("2026-11-22").unwrap();
        let mut auditor = Auditor::new(&policy, day).with_memory(200 << 10);
        for _ in 0..100 {
            auditor.binary(&experiments(10));
        }
        let audit = auditor.finish();
        assert!(
            (20..100).contains(&audit.findings.len()),
            "{}",
            audit.findings.len()
        );
        let last = audit.findings.iter().find(|f| f.rule == META.id).unwrap();
        assert_eq!(last.level, Level::Error);
        assert!(audit.fails(Level::Error) && audit.is_cut);
    }

    #[test]
    fn findings_left_out_cannot_be_turned_off_and_keeps_waivers_used() {
        let text = "[rules]\nfindings-left-out = \"off\"\nunused-waiver = \"error\"\n[[waivers]]\nrule = \"unknown-experiment\"\nreason = \"r\"\npath = \"z*\"\n";
        let policy = Policy::load(text, "p.toml").unwrap();
        let day = Date::parse("2026-11-22").unwrap();
        let mut auditor = Auditor::new(&policy, day).with_memory(64 << 10);
        auditor.binary(&experiments(100));
        auditor.binary(&change(experiments(1), |b| b.path = "z".into()));
        let audit = auditor.finish();
        let of = |rule: &str| audit.findings.iter().filter(|f| f.rule == rule).count();
        assert_eq!((of(META.id), of("unused-waiver")), (1, 0));
    }
}
