//! Scans a tree and counts its Go releases: `cargo run --example scan_tree -- dist/`

use gospect::scan::{Event, Options, run};
use gospect::source::target::Target;
use std::collections::BTreeMap;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let text = std::env::args_os()
        .nth(1)
        .ok_or("usage: scan_tree TARGET")?;
    // Accepts every form that the command line accepts: paths, archives, images, `registry:`.
    let target = Target::parse(&text).map_err(|bad| bad.to_string())?;
    let targets = [(text.to_string_lossy().into_owned(), target)];

    let mut releases = BTreeMap::<String, u64>::new();
    // Results come in the order of the walk at any number of threads; returning `false` stops the scan.
    let outcome = run(&targets, &Options::default(), &mut |event| {
        match event {
            Event::Program(program) => {
                let release = program
                    .record
                    .go_version
                    .unwrap_or_else(|| "unknown".to_owned());
                *releases.entry(release).or_default() += 1;
            }
            Event::Unexamined { thing, .. } => {
                println!("not examined: {} ({})", thing.path, thing.reason)
            }
            Event::Image(_) | Event::NotGo { .. } => {}
        }
        true
    })?;
    for (release, count) in releases {
        println!("{release}: {count}");
    }
    println!(
        "{} of {} files are Go",
        outcome.end.reach.go, outcome.end.reach.files
    );
    Ok(())
}
