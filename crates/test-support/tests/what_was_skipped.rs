//! The end of `cargo test`: lists the tests that were skipped because the machine lacks something. Cargo runs test programs in the
//! order of the names of their packages, so this one is last.

use std::collections::{BTreeMap, BTreeSet};
use test_support::skip;

fn main() {
    let folder = skip::folder();
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        for (need, test) in text.lines().filter_map(|line| line.split_once('\t')) {
            tests
                .entry(need.to_owned())
                .or_default()
                .insert(test.to_owned());
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
    match tests.values().map(BTreeSet::len).sum::<usize>() {
        0 => println!("\nNo test was skipped."),
        n => println!("\nSkipped, {n} in all:"),
    }
    for (need, tests) in tests {
        println!("  {need}");
        for test in tests {
            println!("    {test}");
        }
    }
}
