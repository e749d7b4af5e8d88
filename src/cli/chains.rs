//! Chains of calls to the vulnerable functions of a program, for `gospect vuln --why`.

use crate::bytes::{FileBytes, Limits};
use crate::go::{self, calls};
use crate::knowledge::GoVersion;
use crate::record::why::{Answer, Step};
use crate::record::{Binary, Location};
use crate::vuln::{Finding, Level, Program};
use std::fs::File;
use std::path::PathBuf;

/// Most functions of one finding to which chains are looked for.
const FUNCTIONS: usize = 50;

/// Adds the chains to all findings at the level of symbols, or says why there are none. Reads the file again: only the program itself has its
/// instructions.
pub fn add(program: &mut Program, binary: &Binary) {
    if !program.findings.iter().any(is_wanted) {
        return;
    }
    let Some(path) = file(&binary.location) else {
        let why = "chains of calls are read only from files outside archives and images";
        program.without_chains = Some(why.to_owned());
        return;
    };
    match answers(&path, binary, &program.findings) {
        Ok(mut answers) => {
            for finding in program.findings.iter_mut().filter(|f| is_wanted(f)) {
                let parts = names(finding).count();
                finding.chains = Some(chains(answers.by_ref().take(parts)));
            }
        }
        Err(why) => program.without_chains = Some(why),
    }
}

fn is_wanted(finding: &Finding) -> bool {
    finding.level == Level::Symbol
}

/// The file of a program, where it is a whole one.
fn file(location: &Location) -> Option<PathBuf> {
    if location.image.is_some() || !location.entry.is_empty() {
        return None;
    }
    match location.pid {
        Some(pid) => Some(PathBuf::from(format!("/proc/{pid}/exe"))),
        None => location.file.as_ref().map(PathBuf::from),
    }
}

/// What a finding stands for: its linked functions, or the packages that count whole.
fn names(finding: &Finding) -> impl Iterator<Item = &String> {
    let list = match finding.symbols.is_empty() {
        true => &finding.packages,
        false => &finding.symbols,
    };
    list.iter().take(FUNCTIONS)
}

/// The answers for all names of all findings at the level of symbols, in their order.
fn answers(
    path: &PathBuf,
    binary: &Binary,
    findings: &[Finding],
) -> Result<std::vec::IntoIter<Answer>, String> {
    let bytes = File::open(path).and_then(FileBytes::open);
    let bytes = bytes.map_err(|error| error.to_string())?;
    let wanted = findings.iter().filter(|f| is_wanted(f));
    let names: Vec<String> = wanted.flat_map(names).cloned().collect();
    let minor = binary.go_version.as_deref().and_then(GoVersion::parse);
    let minor = minor.and_then(|version| version.minor());
    let mut found = None;
    let programs = go::programs(&bytes, Limits::default(), &mut |slice, tables| {
        if found.is_none() && slice == binary.location.slice.as_deref() {
            let info = binary.build_info.as_ref();
            found = Some(calls::ask(tables, info, minor, &names, 1));
        }
    });
    programs.map_err(|error| error.to_string())?;
    match found {
        Some(Ok(answers)) => Ok(answers.into_iter()),
        Some(Err(why)) => Err(why.to_string()),
        None => Err("it was changed during the scan".to_owned()),
    }
}

/// The chains of the answers, the most telling first: those that end with a call in the code, then those with the fewest uncertain steps.
fn chains(answers: impl Iterator<Item = Answer>) -> Vec<Vec<Step>> {
    let mut chains: Vec<Vec<Step>> = answers.flat_map(|answer| answer.chains).collect();
    let is_doubt = |step: &Step| !step.by.is_certain();
    chains.sort_by_key(|chain| {
        let doubts = chain.iter().filter(|step| is_doubt(step)).count();
        (chain.last().is_some_and(is_doubt), doubts, chain.len())
    });
    chains
}
