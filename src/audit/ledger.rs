//! The findings of a run in bounded memory. What does not fit is counted, and said as one finding more.

use super::finding::{Finding, Level};
use super::rules::Report;
use crate::bytes::{Budget, MEMORY, Use};
use std::collections::BTreeMap;

/// Most findings of one rule at one subject: whoever has read so many knows what is wrong.
pub const OF_ONE: usize = 1000;

/// Findings as they come.
#[derive(Debug)]
pub struct Ledger {
    /// Those that fit.
    pub findings: Vec<Finding>,
    budget: Budget,
    /// By rule and its code: how many were left out.
    left_out: BTreeMap<(String, String), u64>,
    worst: Option<Level>,
}

/// How much was in a ledger at some time.
#[derive(Debug)]
pub struct Mark {
    findings: usize,
    used: u64,
    left_out: BTreeMap<(String, String), u64>,
    worst: Option<Level>,
}

impl Default for Ledger {
    fn default() -> Self {
        Ledger::new(MEMORY)
    }
}

impl Ledger {
    /// An empty one that keeps its share of `memory` bytes.
    pub fn new(memory: u64) -> Ledger {
        Ledger {
            findings: Vec::new(),
            budget: Budget::of(memory, Use::Findings),
            left_out: BTreeMap::new(),
            worst: None,
        }
    }

    /// Takes a finding; `said` is how many of its rule were about its subject before it.
    pub fn take(&mut self, finding: Finding, said: usize) {
        if said >= OF_ONE || self.budget.spend(finding.weight()).is_err() {
            *self
                .left_out
                .entry((finding.rule, finding.code))
                .or_default() += 1;
            self.worst = self.worst.max(Some(finding.level));
            return;
        }
        self.findings.push(finding);
    }

    /// How much is in it now.
    pub fn mark(&self) -> Mark {
        Mark {
            findings: self.findings.len(),
            used: self.budget.used(),
            left_out: self.left_out.clone(),
            worst: self.worst,
        }
    }

    /// Forgets what came after a mark.
    pub fn back_to(&mut self, mark: &Mark) {
        self.findings.truncate(mark.findings);
        self.budget
            .unspend(self.budget.used().saturating_sub(mark.used));
        self.left_out.clone_from(&mark.left_out);
        self.worst = mark.worst;
    }

    /// Takes a finding whatever it weighs.
    pub fn take_last(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Whether findings of a rule that this tells by id and code were left out.
    pub fn has_left_out(&self, mut names: impl FnMut(&str, &str) -> bool) -> bool {
        self.left_out.keys().any(|(rule, code)| names(rule, code))
    }

    /// How bad the worst is of those that were left out, and what is to be said of them.
    pub fn left_out(&self) -> Option<(Level, Report)> {
        let count: u64 = self.left_out.values().sum();
        let mut report = Report::new(format!("{count} more findings are not listed"));
        for ((rule, _), count) in &self.left_out {
            report = report.see(rule.clone(), count.to_string());
        }
        let help = format!(
            "fix what is listed and audit again; one rule lists at most {OF_ONE} findings of one file, and `--memory` bounds all of them"
        );
        Some((self.worst?, report.help(help)))
    }
}

impl Finding {
    /// About how many bytes of memory the finding takes until it is written, with what a baseline would keep of it.
    fn weight(&self) -> u64 {
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
    use crate::audit::rules::completeness::findings_left_out::META;
    use crate::audit::testing::*;
    use crate::audit::{Auditor, Baseline, Date, Level, Policy};

    fn experiments(count: usize) -> crate::record::Binary {
        binary(|b| b.experiments.unknown = Some((0..count).map(|i| format!("x{i}")).collect()))
    }

    #[test]
    fn a_rule_that_finds_thousands_at_one_file_says_so_in_one_finding_more() {
        let setup = Setup::default();
        let audit = setup.audit(&[], &[experiments(super::OF_ONE + 5)]);
        let of = |rule: &str| audit.findings.iter().filter(|f| f.rule == rule).count();
        assert_eq!((of("unknown-experiment"), of(META.id)), (super::OF_ONE, 1));
        let last = audit.findings.iter().find(|f| f.rule == META.id).unwrap();
        assert_eq!(last.level, Level::Warning, "as bad as what is left out");
        assert!(
            last.message.starts_with("5 more findings"),
            "{}",
            last.message
        );
        let exact = setup.audit(&[], &[experiments(super::OF_ONE)]);
        assert!(exact.findings.iter().all(|f| f.rule != META.id));
        // Nobody knows what it stands for: no baseline accepts it.
        let again = Setup {
            baseline: Some(Baseline::parse(&audit.baseline.to_json()).unwrap()),
            ..Setup::default()
        };
        let audit = again.audit(&[], &[experiments(super::OF_ONE + 5)]);
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
    fn it_cannot_be_turned_off_and_makes_no_waiver_unused() {
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
