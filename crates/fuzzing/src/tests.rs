//! The corpus under `testdata/fuzz`, and seeded mutations of it: what continuous integration runs of the fuzzers.

use super::{TARGETS, Target};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use test_support::rng::Rng;

/// Mutations of each target's corpus. `GOSPECT_FUZZ=ROUNDS[,SEED[,TARGET...]]` asks for more, for hours without a fuzzer.
const ROUNDS: u64 = 2500;
/// Only a hang takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(900);

/// The files of one target: its seeds and every input that once broke it.
fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = test_support::root().join("testdata/fuzz").join(target.name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no corpus", target.name);
    files
}

fn survive(target: &Target, data: &[u8], what: &dyn std::fmt::Display) {
    #[cfg(debug_assertions)]
    gospect_bytes::guard::test_panic::arm();
    let start = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    let took = start.elapsed();
    if outcome.is_err() || took > PATIENCE {
        let path = std::env::temp_dir().join(format!("gospect-fuzz-{}", target.name));
        let kept = std::fs::write(&path, data).map(|()| path);
        panic!(
            "{}: {what}: {took:?}, {outcome:?}; the input is {kept:?}",
            target.name
        );
    }
}

/// Runs `check` on every target, on all cores.
fn for_every(check: impl Fn(&'static Target) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|s| {
        for _ in 0..workers {
            s.spawn(|| {
                while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(target);
                }
            });
        }
    });
}

/// Below `n`, and 0 when nothing is.
fn below(rng: &mut Rng, n: usize) -> usize {
    rng.below(n.max(1))
}

/// Numbers that break sums and products.
const EXTREMES: [u64; 10] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
    u64::MAX - 7,
    1 << 40,
];

fn mutate(data: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    for _ in 0..=below(rng, 4) {
        let at = below(rng, data.len());
        match below(rng, 7) {
            0 if !data.is_empty() => data[at] ^= 1 << below(rng, 8),
            1 if !data.is_empty() => data[at] = rng.next() as u8,
            2 => {
                let width = 1 << below(rng, 4);
                let number = EXTREMES[below(rng, EXTREMES.len())];
                let bytes = if below(rng, 2) == 0 {
                    number.to_le_bytes()[..width].to_vec()
                } else {
                    number.to_be_bytes()[8 - width..].to_vec()
                };
                for (to, from) in data.iter_mut().skip(at & !(width - 1)).zip(bytes) {
                    *to = from;
                }
            }
            3 => data.truncate(at),
            4 => {
                let len = below(rng, 64).min(data.len() - at);
                let piece = data[at..at + len].to_vec();
                let to = below(rng, data.len());
                data.splice(to..to, piece);
            }
            5 => {
                let len = below(rng, 64).min(data.len() - at);
                data.drain(at..at + len);
            }
            _ => {
                let from = below(rng, other.len());
                let len = below(rng, 256).min(other.len() - from);
                data.splice(at..at, other[from..from + len].iter().copied());
            }
        }
    }
}

#[test]
fn the_corpus_is_survived() {
    for_every(|target| {
        for (name, data) in corpus(target) {
            survive(target, &data, &name);
        }
    });
}

#[test]
fn mutations_of_the_corpus_are_survived() {
    let asked = std::env::var("GOSPECT_FUZZ").unwrap_or_default();
    let mut asked = asked.split(',').filter(|word| !word.is_empty());
    let mut number = |default| asked.next().map_or(default, |n| n.parse().unwrap());
    let (rounds, seed) = (number(ROUNDS), number(1));
    let names: Vec<&str> = asked.collect();
    for_every(|target| {
        if !names.is_empty() && !names.contains(&target.name) {
            return;
        }
        let corpus = corpus(target);
        let mut rng = Rng::new(seed);
        for round in 0..rounds / target.cost {
            let (name, data) = &corpus[below(&mut rng, corpus.len())];
            let other = &corpus[below(&mut rng, corpus.len())].1;
            let mut data = data.clone();
            mutate(&mut data, other, &mut rng);
            survive(target, &data, &format_args!("{name}, round {round}"));
        }
    });
}

/// What a target builds around its input would hide all of it, if it were wrong.
#[test]
fn seeds_reach_the_reader_they_are_made_for() {
    let seeds = |name: &str| corpus(TARGETS.iter().find(|t| t.name == name).unwrap());
    for (name, data) in seeds("dwarf") {
        let (files, units) = super::executables::debug_information(&data);
        assert!(
            files > 0 && units > 0,
            "{name}: {files} files, {units} units"
        );
    }
    for (name, data) in seeds("gosymtab") {
        let (functions, files) = super::executables::symbol_table(&data);
        assert_eq!((functions, files), (100, 3), "{name}");
    }
    for target in ["vulndb", "severities", "fixes", "vex", "functions", "note"] {
        for (name, data) in seeds(target) {
            let is_accepted = super::vulnerabilities::accepts(target, &data);
            assert!(is_accepted, "{target} {name}");
        }
    }
    for (name, data) in seeds("exchange") {
        let answered = super::exchange::conversation(&data);
        let answers = if name == "seed-index" { 4 } else { 6 };
        assert_eq!(answered, answers, "{name}");
    }
}

/// Damage that lands nowhere would find nothing.
#[test]
fn changes_land_in_the_structures_of_programs() {
    use super::structures::{ELF, MACHO, OTHERS, PE, WASM, program};
    for id in [ELF, MACHO, PE, WASM, OTHERS].concat() {
        let program = program(id);
        let regions = program.regions.len();
        let least = if WASM.contains(&id) { 4 } else { 70 };
        assert!(regions >= least, "{id}: {regions} structures");
        let mut changed = 0;
        for region in 0..regions.min(256) as u8 {
            // The lowest bit of a byte in the middle of each structure.
            changed += usize::from(program.differs(&[0, region, 8, 0, 0, 0, 0, 0]));
        }
        assert_eq!(changed, regions.min(256), "{id}");
    }
}

/// A fuzzer whose name is not in its manifest never runs.
#[test]
fn every_target_has_a_fuzzer() {
    let manifest = include_str!("../../../fuzz/Cargo.toml");
    for target in TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{}\"\n", target.name)),
            "{}",
            target.name
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}
