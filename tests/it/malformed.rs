//! Truncated, damaged and lying files: no panic, bounded reading and time, and never an invented program.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use crate::support::counting::Counting;
use crate::support::fixtures::{Fixture, fixtures};
use crate::support::rng::Rng;
use crate::support::{boundaries, derive, fixture};
use gospect::go::{Inspection, Level, Options, inspect};

/// Inspects a damaged file and checks what holds for every file.
fn survive(bytes: Vec<u8>, level: Level, what: &dyn std::fmt::Display) -> Inspection {
    // Sections of a damaged table may lie over each other, and each is searched.
    let budget = 5 * bytes.len() as u64 + (1 << 20);
    let file = Counting::new(Arc::new(bytes));
    let options = Options {
        level,
        named: true,
        ..Options::default()
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| inspect(&file, &options)));
    let Ok(outcome) = outcome else {
        panic!("{what}: panicked")
    };
    assert!(
        file.bytes_read() <= budget,
        "{what}: read {} bytes",
        file.bytes_read()
    );
    outcome.unwrap_or_default()
}

/// Runs `check` on every stored program, on all processors.
fn for_every(check: impl Fn(&'static Fixture) + Sync) {
    let queue = Mutex::new(fixtures());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|s| {
        for _ in 0..workers {
            s.spawn(|| {
                loop {
                    let next = queue.lock().unwrap_or_else(|e| e.into_inner()).next();
                    let Some(f) = next else { break };
                    check(f);
                }
            });
        }
    });
}

#[test]
fn a_file_cut_at_any_boundary_of_its_headers_is_survived() {
    for_every(|f| {
        let bytes = f.bytes();
        for cut in boundaries::header_boundaries(&bytes) {
            for at in [cut.saturating_sub(1), cut, cut + 1] {
                if at < bytes.len() {
                    survive(
                        derive::truncate(&bytes, at),
                        Level::Full,
                        &format_args!("{} cut at {at}", f.id),
                    );
                }
            }
        }
    });
}

#[test]
fn a_file_cut_anywhere_is_survived() {
    for_every(|f| {
        let bytes = f.bytes();
        let mut rng = Rng::new(f.size);
        for _ in 0..12 {
            let at = rng.below(bytes.len());
            survive(
                derive::truncate(&bytes, at),
                Level::Full,
                &format_args!("{} cut at {at}", f.id),
            );
        }
    });
}

/// Flipped bits where they are most likely to mislead a reader: headers, record, and the tables at the end.
#[test]
fn flipped_bits_are_survived() {
    for_every(|f| {
        let bytes = f.bytes();
        let len = bytes.len();
        let record = memchr::memmem::find(&bytes, derive::MAGIC).unwrap_or(0);
        let places = [
            0..64.min(len),
            0..2048.min(len),
            record..(record + 256).min(len),
            len - 4096.min(len)..len,
            0..len,
        ];
        for (n, place) in places.into_iter().enumerate() {
            for round in 0..5 {
                let seed = (n * 100 + round) as u64;
                let damaged = derive::flip_bits(&bytes, place.clone(), seed, 1 + 3 * round);
                survive(
                    damaged,
                    Level::Full,
                    &format_args!("{} flipped in {place:?} with seed {seed}", f.id),
                );
            }
        }
    });
}

/// Header fields filled with extreme numbers, one word after the other.
#[test]
fn headers_full_of_huge_numbers_are_survived() {
    for_every(|f| {
        let bytes = f.bytes();
        for at in (4..512.min(bytes.len() - 8)).step_by(4) {
            for fill in [0xff, 0x7f, 0x00] {
                let mut damaged = bytes.to_vec();
                damaged[at..at + 4].fill(fill);
                survive(
                    damaged,
                    Level::BuildInfo,
                    &format_args!("{} with {fill:#x} at {at}", f.id),
                );
            }
        }
    });
}

/// A broken download loses the end of a file first: in every format, the bytes that the headers place there are missing.
#[test]
fn a_lost_end_is_reported() {
    let silent = Mutex::new(Vec::new());
    for_every(|f| {
        let bytes = f.bytes();
        for lost in [1, 3, 100, 5000, 100_000] {
            let Some(left) = bytes.len().checked_sub(lost) else {
                continue;
            };
            // Linkers may pad the end with zeros that no header accounts for; the records of objects are members of an archive.
            let is_filling = bytes[left..].iter().all(|byte| *byte == 0);
            // A stripped file for AIX ends in symbols that no header refers to.
            let is_unnamed = f.id == "1.27-aix-ppc64-strip";
            if is_filling || is_unnamed || f.id.ends_with("-object") {
                continue;
            }
            let what = format!("{} without its last {lost} bytes", f.id);
            let whole = survive(bytes.to_vec(), Level::Full, &what);
            let cut = survive(derive::truncate(&bytes, left), Level::Full, &what);
            if !whole.found.is_empty() && !cut.found.is_empty() && cut.damage.is_none() {
                silent.lock().unwrap().push(what);
            }
        }
    });
    let silent = silent.into_inner().unwrap();
    assert_eq!(silent, Vec::<String>::new());
}

/// A cut after the record must not lose it; one before it must not invent it.
#[test]
fn a_record_before_a_cut_is_still_reported() {
    for id in [
        "1.27-linux-amd64-strip",
        "1.27-linux-386-w",
        "1.27-windows-amd64-strip",
        "1.27-darwin-arm64-w",
    ] {
        let bytes = fixture(id);
        let blob = derive::find_blob(&bytes);
        let whole = survive(derive::truncate(&bytes, blob.end), Level::Full, &id);
        assert_eq!(whole.found.len(), 1, "{id}: {:?}", whole.faults);
        assert_eq!(
            whole.found[0].record.go_version_raw.as_deref(),
            Some("go1.27.3"),
            "{id}"
        );
        let reported: Vec<_> = whole
            .faults
            .iter()
            .chain(&whole.found[0].record.notes)
            .collect();
        assert!(
            reported.iter().any(|s| s.contains("truncated")),
            "{id}: nothing says that the file is cut: {reported:?}"
        );
    }
}

#[test]
fn lying_string_lengths_in_the_record_are_survived() {
    let bytes = fixture("1.27-linux-amd64-strip");
    let start = derive::find_blob(&bytes).start;
    for len in [0u64, 1, 7, 1 << 20, 1 << 32, u64::MAX] {
        let mut damaged = bytes.to_vec();
        let mut rest = len;
        for byte in &mut damaged[start + 32..start + 42] {
            *byte = rest as u8 | 0x80;
            rest >>= 7;
            if rest == 0 {
                *byte &= 0x7f;
                break;
            }
        }
        survive(
            damaged,
            Level::Full,
            &format_args!("version of {len} bytes"),
        );
    }
    let mut endless = bytes.to_vec();
    endless[start + 32..start + 64].fill(0xff);
    survive(endless, Level::Full, &"a length that never ends");
}

#[test]
fn words_and_archives_are_no_programs() {
    let program = fixture("1.27-linux-amd64-strip");
    let prefixed = derive::prefix_junk(&program);
    assert!(
        survive(prefixed, Level::Full, &"a shell stub in front")
            .found
            .is_empty()
    );
    assert!(
        survive(derive::gzip(&program), Level::Full, &"gzip")
            .found
            .is_empty()
    );
    for text in [
        "",
        "\x7f",
        "\x7fELF",
        "MZ",
        "!<arch>\n",
        "\0asm\x01\0\0\0",
        "\u{ff} Go buildinf:",
    ] {
        assert!(
            survive(text.as_bytes().to_vec(), Level::Full, &text)
                .found
                .is_empty()
        );
    }
}
