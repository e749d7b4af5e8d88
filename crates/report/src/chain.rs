//! What a chain of calls proves, in words.

use gospect_record::why::{By, Step};

/// What a chain proves, in one sentence.
pub(crate) fn verdict(chain: &[Step]) -> String {
    let doubtful = || chain.iter().filter(|s| !s.is_certain());
    let count = |by: By| doubtful().filter(|s| s.by == by).count();
    let mut doubts = Vec::new();
    for (by, one, many) in [
        (By::Value, "a function value", "function values"),
        (By::Method, "a method of a type", "methods of types"),
    ] {
        match count(by) {
            0 => {}
            1 => doubts.push(one.to_owned()),
            number => doubts.push(format!("{number} {many}")),
        }
    }
    if doubts.is_empty() {
        return match chain.iter().any(|s| s.go) {
            true => "each step is a call in the code, or starts a goroutine",
            false => "each step is a call in the code",
        }
        .to_owned();
    }
    format!(
        "by {}: whether {} taken depends on what happens at run time",
        doubts.join(" and "),
        match doubtful().count() {
            1 => "that step is",
            _ => "those steps are",
        }
    )
}
