//! The picture of the README shows what the command prints today.

use crate::support::cli::finish;
use crate::support::{has, skipped};
use std::process::Command;

#[test]
fn the_picture_shows_what_is_printed_today() {
    if !has("python3") {
        return skipped("python3", "");
    }
    let script = test_support::root().join("scripts/terminal-svg.py");
    let out = finish(
        Command::new("python3")
            .arg(script)
            .arg(env!("CARGO_BIN_EXE_gospect")),
    );
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    for shown in ["$ </tspan>", "contradicted-claim", "gospect audit"] {
        assert!(out.stdout.contains(shown), "{shown}");
    }
    assert!(out.stdout.len() < 20_000);
    test_support::current("docs/terminal.svg", &out.stdout);
}
