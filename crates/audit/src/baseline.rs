//! Baselines: the findings that are accepted today, so that only new ones count.
//!
//! The file holds fingerprints with their count, the Go release of each program and, if it is known, what its modules can do. Fingerprints contain no unrelated
//! versions, so they stay the same after a rebuild, a version bump or a move to another directory; see `super::finding`.

use super::capabilities::of_modules;
use super::finding::{Finding, program_identity};
use gospect_record::Binary;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Version of the file format.
const SCHEMA: &str = "gospect-baseline/1";

/// Why a text is not a usable baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not JSON, or not in the form of a baseline.
    #[error("not a baseline file: {0}; `gospect audit --write-baseline FILE` writes one")]
    Json(#[from] serde_json::Error),
    /// It has another version of the format.
    #[error(
        "baseline schema is `{0}`, this gospect reads `{SCHEMA}`; write it again with --write-baseline"
    )]
    Schema(String),
}

/// A baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    schema: String,
    /// Accepted findings by fingerprint. Sorted, so that the file changes little under version control.
    findings: BTreeMap<String, Accepted>,
    /// Go release of each program, by its identity.
    toolchains: BTreeMap<String, String>,
    /// Capabilities of the modules of each program that says them, by its identity and the path of the module.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    capabilities: BTreeMap<String, Modules>,
}

/// The capabilities of modules, by path.
type Modules = BTreeMap<String, BTreeSet<String>>;

/// An accepted finding. Rule, path and message are for people who read the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Accepted {
    rule: String,
    path: String,
    message: String,
    /// How many findings have this fingerprint.
    count: u64,
}

impl Default for Baseline {
    fn default() -> Self {
        Baseline {
            schema: SCHEMA.into(),
            findings: BTreeMap::new(),
            toolchains: BTreeMap::new(),
            capabilities: BTreeMap::new(),
        }
    }
}

impl Baseline {
    /// Reads a baseline file.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let baseline: Baseline = serde_json::from_str(text)?;
        if baseline.schema != SCHEMA {
            return Err(BaselineError::Schema(baseline.schema));
        }
        Ok(baseline)
    }

    /// The text of the file, with a newline at its end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Accepts a finding, unless a waiver covers it.
    pub fn accept(&mut self, finding: &Finding) {
        if finding.waived.is_some() {
            return;
        }
        self.findings
            .entry(finding.fingerprint.clone())
            .or_insert_with(|| Accepted {
                rule: finding.rule.clone(),
                path: finding.path.clone(),
                message: finding.message.clone(),
                count: 0,
            })
            .count += 1;
    }

    /// Records the Go release of a program, and what its modules can do.
    pub fn record(&mut self, binary: &Binary) {
        if let Some(modules) = of_modules(binary) {
            let known = self.capabilities.entry(program_identity(binary));
            let known = known.or_default();
            for (module, capabilities) in modules {
                let names = capabilities.keys().map(|name| (*name).to_owned());
                known.entry(module.to_owned()).or_default().extend(names);
            }
        }
        if let Some(version) = &binary.go_version {
            self.toolchains
                .insert(program_identity(binary), version.clone());
        }
    }

    /// The Go release of this program in the baseline.
    pub fn toolchain(&self, binary: &Binary) -> Option<&str> {
        self.toolchains
            .get(&program_identity(binary))
            .map(String::as_str)
    }

    /// What the modules of this program could do; `None`: the baseline does not say.
    pub fn capabilities(&self, binary: &Binary) -> Option<&BTreeMap<String, BTreeSet<String>>> {
        self.capabilities.get(&program_identity(binary))
    }

    /// Whether it has the capabilities of the modules of any program.
    pub fn has_capabilities(&self) -> bool {
        !self.capabilities.is_empty()
    }

    /// Marks the findings that the baseline accepts; of each fingerprint as many as it has.
    pub fn mark(&self, findings: &mut [Finding]) {
        let mut left: HashMap<&str, u64> = self
            .findings
            .iter()
            .map(|(f, a)| (f.as_str(), a.count))
            .collect();
        for f in findings.iter_mut().filter(|f| f.waived.is_none()) {
            if let Some(n) = left.get_mut(f.fingerprint.as_str()).filter(|n| **n > 0) {
                *n -= 1;
                f.accepted = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn only_what_is_new_counts() {
        let old = binary(|b| set(b, "-race", "true"));
        let setup = Setup::default();
        let found = setup.judge(&old);
        let mut baseline = Baseline::default();
        found.iter().for_each(|f| baseline.accept(f));
        let read = Baseline::parse(&baseline.to_json()).unwrap();
        assert_eq!(read, baseline);
        // Another version of the program and of Go, with one new finding.
        let new = change(old, |b| {
            b.go_version = Some("go1.27.9".into());
            set(b, "vcs.revision", "ffff");
            set(b, "-cover", "true");
        });
        let now = Setup {
            baseline: Some(read),
            ..Setup::default()
        }
        .judge(&new);
        let counts: Vec<&str> = now
            .iter()
            .filter(|f| f.counts())
            .map(|f| f.rule.as_str())
            .collect();
        assert_eq!(counts, ["coverage-instrumented"]);
    }

    #[test]
    fn as_many_findings_are_accepted_as_the_baseline_has() {
        let b = binary(|b| set(b, "-race", "true"));
        let twice = Setup {
            rule: "race-detector",
            ..Setup::default()
        }
        .judge_all(&[b.clone(), b]);
        let mut baseline = Baseline::default();
        baseline.accept(&twice[0]);
        let mut now = twice;
        baseline.mark(&mut now);
        assert_eq!(now.iter().filter(|f| f.counts()).count(), 1);
    }

    #[test]
    fn a_wrong_file_is_refused() {
        assert!(Baseline::parse("{}").is_err());
        assert!(
            Baseline::parse("{\"schema\":\"x\",\"findings\":{},\"toolchains\":{}}")
                .unwrap_err()
                .to_string()
                .contains("--write-baseline")
        );
    }
}
