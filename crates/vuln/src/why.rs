//! Chains of calls to the vulnerable functions of a program: which functions need one, and which finding it belongs to.

use super::database::{Damaged, Database};
use super::finding::{Finding, Level, Program};
use super::judge::{judge, possible};
use gospect_record::Binary;
use gospect_record::why::{CallChains, Step};
use std::collections::BTreeSet;

/// Most functions of one finding to which chains are wanted.
const FUNCTIONS: usize = 50;

/// Functions and packages to which chains of calls are wanted. The record may lack what is only known from outside the program, such as the version
/// in its file name or in the labels of its image: the result includes what could be found with any version.
///
/// # Errors
/// When the database is damaged.
pub fn wanted(binary: &Binary, database: &Database) -> Result<BTreeSet<String>, Damaged> {
    let program = judge(binary, database)?;
    let linked = program.findings.iter().filter(|f| is_linked(f));
    let mut wanted: BTreeSet<String> = linked.flat_map(names).cloned().collect();
    for finding in possible(binary, database)? {
        wanted.extend(names(&finding).cloned());
    }
    Ok(wanted)
}

/// Gives each finding at the level of symbols its chains, or says why there are none.
pub fn add_chains(program: &mut Program, chains: Option<&CallChains>) {
    if !program.findings.iter().any(is_linked) {
        return;
    }
    let Some(chains) = chains else {
        let why = "the instructions of the program were not read";
        program.without_chains = Some(why.to_owned());
        return;
    };
    program.without_chains.clone_from(&chains.unknown);
    for finding in program.findings.iter_mut().filter(|f| is_linked(f)) {
        let chains_of_names: Vec<&Vec<Step>> =
            names(finding).filter_map(|n| chains.to.get(n)).collect();
        if chains_of_names.is_empty() && chains.unknown.is_some() {
            continue;
        }
        let existing = chains_of_names
            .into_iter()
            .filter(|steps| !steps.is_empty());
        finding.chains = Some(most_telling_first(existing.cloned().collect()));
    }
}

fn is_linked(finding: &Finding) -> bool {
    finding.level == Level::Symbol
}

/// What a finding stands for: its linked functions, or the packages that count whole.
fn names(finding: &Finding) -> impl Iterator<Item = &String> {
    let list = match finding.symbols.is_empty() {
        true => &finding.packages,
        false => &finding.symbols,
    };
    list.iter().take(FUNCTIONS)
}

/// First the chains that end with a call in the code, then those with the fewest uncertain steps.
fn most_telling_first(mut chains: Vec<Vec<Step>>) -> Vec<Vec<Step>> {
    let is_doubt = |step: &Step| !step.is_certain();
    chains.sort_by_key(|chain| {
        let doubts = chain.iter().filter(|step| is_doubt(step)).count();
        (chain.last().is_some_and(is_doubt), doubts, chain.len())
    });
    chains
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{database, entry, program};
    use gospect_record::why::By;
    use gospect_record::{VersionClaim, VersionSource};

    fn step(function: &str, by: By) -> Step {
        Step {
            function: function.to_owned(),
            file: None,
            line: None,
            by,
            go: false,
        }
    }

    /// While a program is read, the claims of its file name and of the labels of its image are not known yet.
    #[test]
    fn functions_for_a_later_claim_of_the_version_are_wanted_too() {
        let affected = "introduced 1.0.0, fixed 1.2.0";
        let database = database(&[
            entry(
                "GO-1",
                "example.com/app",
                affected,
                &["example.com/app/x: F G"],
            ),
            entry(
                "GO-2",
                "example.com/other",
                "introduced 0, fixed 1.0.0",
                &["example.com/other: H"],
            ),
        ]);
        let linked: &[(&str, &[&str])] =
            &[("example.com/app/x", &["F"]), ("example.com/other", &["H"])];
        let mut binary = program(&[("example.com/other", "v1.0.0")], linked);
        binary.build_info.as_mut().unwrap().main.version = "(devel)".to_owned();
        let names = wanted(&binary, &database).unwrap();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["example.com/app/x.F"]
        );
        assert!(judge(&binary, &database).unwrap().findings.is_empty());
        binary.versions = Some(vec![VersionClaim {
            value: "1.1.0".to_owned(),
            source: VersionSource::XFlag.into(),
            name: Some("main.version".to_owned()),
        }]);
        let mut with_version = judge(&binary, &database).unwrap();
        let mut chains = CallChains::default();
        let steps = vec![
            step("main.main", By::Root),
            step("example.com/app/x.F", By::Call),
        ];
        chains
            .to
            .insert("example.com/app/x.F".to_owned(), steps.clone());
        add_chains(&mut with_version, Some(&chains));
        assert_eq!(with_version.findings[0].chains, Some(vec![steps]));
        assert_eq!(with_version.without_chains, None);
    }

    #[test]
    fn chains_are_wanted_to_a_bounded_number_of_functions() {
        let names: Vec<String> = (0..FUNCTIONS + 10).map(|i| format!("F{i:03}")).collect();
        let import = format!("example.com/m: {}", names.join(" "));
        let affected = entry("GO-1", "example.com/m", "introduced 0", &[&import]);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let binary = program(&[("example.com/m", "v1.0.0")], &[("example.com/m", &names)]);
        let wanted = wanted(&binary, &database(&[affected])).unwrap();
        assert_eq!(wanted.len(), FUNCTIONS);
        let last = format!("example.com/m.F{:03}", FUNCTIONS - 1);
        assert_eq!(wanted.last(), Some(&last));
    }

    #[test]
    fn a_finding_without_chains_says_why() {
        let database = database(&[entry(
            "GO-1",
            "example.com/m",
            "introduced 0",
            &["example.com/m: F"],
        )]);
        let binary = program(&[("example.com/m", "v1.0.0")], &[("example.com/m", &["F"])]);
        let judged = judge(&binary, &database).unwrap();
        let unknown = CallChains {
            unknown: Some("no table".to_owned()),
            ..CallChains::default()
        };
        for (chains, chains_of_finding, why) in [
            (
                None,
                None,
                Some("the instructions of the program were not read"),
            ),
            (Some(&unknown), None, Some("no table")),
            (Some(&CallChains::default()), Some(vec![]), None),
        ] {
            let mut program = judged.clone();
            add_chains(&mut program, chains);
            assert_eq!(program.findings[0].chains, chains_of_finding);
            assert_eq!(program.without_chains.as_deref(), why);
        }
    }
}
