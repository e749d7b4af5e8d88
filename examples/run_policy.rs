//! Judges the programs of a tree by a policy: `cargo run --example run_policy -- dist/`

use gospect::audit::{Auditor, Date, Level, Policy};
use gospect::scan::{Event, Options, run};
use gospect::source::target::Target;
use std::process::ExitCode;

const POLICY: &str = r#"
profile = "release"
[rules]
dirty-tree = "error"
"#;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let text = std::env::args_os()
        .nth(1)
        .ok_or("usage: run_policy TARGET")?;
    let targets = [(
        text.to_string_lossy().into_owned(),
        Target::parse(&text).map_err(|bad| bad.to_string())?,
    )];

    // An invalid policy returns all its mistakes with their places.
    let policy = Policy::load(POLICY, "inline").map_err(|all| format!("{all:?}"))?;
    // The library has no clock: this date decides which Go releases are still supported.
    let today = Date::parse("2026-11-24").ok_or("no such day")?;
    let mut auditor = Auditor::new(&policy, today);
    run(&targets, &Options::default(), &mut |event| {
        match event {
            Event::Program(program) => auditor.binary(&program.into_record()),
            Event::Image(image) => auditor.image(&image),
            Event::Unexamined { thing, .. } => auditor.unexamined(&thing),
            Event::NotGo { .. } => {}
        }
        true
    })?;
    let audit = auditor.finish();
    for finding in audit.findings.iter().filter(|finding| finding.counts()) {
        println!(
            "{} {} {}: {}",
            finding.level.name(),
            finding.rule,
            finding.path,
            finding.message
        );
    }
    Ok(ExitCode::from(u8::from(audit.fails(Level::Error))))
}
