//! Damage, limits and bombs: each gives one line, and everything else is still offered.

use super::*;
use crate::archive::sniff;

#[test]
fn a_fault_is_reported_once_and_the_rest_is_read() {
    let p = program(40_000);
    let mut broken = gzip(&tar(&[("inner", &p)]));
    let middle = broken.len() / 2;
    broken[middle] ^= 0x55;
    broken[middle + 1] ^= 0x55;
    let cut = &zstd(&p)[..20_000];
    let outer = tar(&[("bad.tgz", &broken), ("cut.zst", cut), ("good", &p)]);
    let lines = walk(&outer);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("-bad.tgz malformed: gzip data is corrupt"),
        "{lines:?}"
    );
    assert!(lines[0].ends_with("in entry \"inner\""), "{lines:?}");
    assert!(
        lines[1].starts_with("-cut.zst truncated: the compressed data ends too early"),
        "{lines:?}"
    );
    assert_eq!(lines[2], found("good", &p));
    // An error of the outer stream is reported once, at the outer stream, with the entry being read.
    let whole = gzip(&tar(&[("one", &p), ("dir/two.tar", &tar(&[("deep", &p)]))]));
    let lines = walk(&whole[..whole.len() * 3 / 4]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0], found("one", &p));
    assert!(
        lines[1].starts_with("- truncated: the compressed data ends too early"),
        "{lines:?}"
    );
    assert!(
        lines[1].ends_with("in entry \"deep\", in entry \"dir/two.tar\""),
        "{lines:?}"
    );
}

#[test]
fn each_limit_is_reported_in_one_line() {
    let p = program(100_000);
    let one = |bytes: &[u8], limits: Limits, want: &str| {
        for stream in [false, true] {
            let lines = walk_with(bytes, limits, stream);
            assert!(lines.iter().any(|l| l.contains(want)), "{want}: {lines:?}");
        }
    };
    let base = Limits::default();
    one(
        &tar(&[("a", &p)]),
        Limits {
            entry_size: 99_999,
            ..base
        },
        "-a limit: 100000 bytes, 99999 are allowed",
    );
    one(
        &gzip(&p),
        Limits {
            entry_size: 99_999,
            ..base
        },
        "- limit: longer than 99999 bytes",
    );
    one(
        &tar(&[("a", b""), ("b", b""), ("c", b"")]),
        Limits { entries: 2, ..base },
        "- limit: more than 2 entries",
    );
    one(
        &gzip(&tar(&[("a", &p)])),
        Limits {
            expanded: 50_000,
            ..base
        },
        "limit: expands to more than 50000 bytes",
    );
    one(
        &xz_with(&p, 16 << 20),
        Limits {
            window: 8 << 20,
            ..base
        },
        "needs a decompression window of 16777216 bytes",
    );
    let zeros = gzip(&tar(&[("a", &vec![0; 40 << 20]), ("b", &p)]));
    one(
        &zeros,
        Limits { ratio: 50, ..base },
        "- limit: expands to more than 50 times",
    );
}

#[test]
fn packages_that_lack_their_parts_say_so() {
    let deb = ar(&[("debian-binary", b"2.0\n"), ("control.tar", b"")]);
    assert_eq!(
        walk(&deb),
        ["- malformed: a Debian package without a data member"]
    );
    let drpm = rpm("gzip", &[(1124, 6, 1, b"drpm\0".to_vec())], b"");
    assert_eq!(
        walk(&drpm),
        ["- unsupported: an RPM payload of format \"drpm\""]
    );
    let huge = {
        let mut bytes = rpm("gzip", &[], b"");
        bytes[96 + 12..96 + 16].copy_from_slice(&u32::MAX.to_be_bytes());
        bytes
    };
    assert_eq!(walk(&huge), ["- limit: an RPM header of 4294967311 bytes"]);
}

/// Every container with one program, for the tests that damage it.
fn specimens() -> Vec<(&'static str, Vec<u8>)> {
    let p = program(6000);
    let t = tar(&[("bin/app", &p), ("doc", b"text")]);
    let c = cpio(&[("a", 1, 2, b""), ("bin/app", 1, 2, &p)]);
    let mut long = pax(b'x', &[("path", "long/name"), ("uid", "77")]);
    long.extend(tar_entry(b"long", b'L', b"././long", b""));
    long.extend(t.clone());
    vec![
        ("tar", t.clone()),
        ("tar with extensions", long),
        ("tar.gz", gzip(&t)),
        ("tar.zst", zstd(&t)),
        ("tar.xz", xz(&t)),
        ("tar.bz2", bzip2(&t)),
        ("tar.lzma", lzma(&t)),
        ("cpio", c.clone()),
        (
            "deb",
            ar(&[("debian-binary", b"2.0\n"), ("data.tar.gz", &gzip(&t))]),
        ),
        ("rpm", rpm("gzip", &[], &gzip(&c))),
        (
            "zip",
            zip(&[
                ZipEntry::deflated("bin/app", &p),
                ZipEntry::deflated("lib.tgz", &gzip(&t)),
            ]),
        ),
    ]
}

#[test]
fn a_truncated_container_is_never_taken_for_a_whole_one() {
    for (what, whole) in specimens() {
        let complete = walk(&whole);
        let step = whole.len() / 150 + 1;
        for cut in (0..whole.len())
            .step_by(step)
            .chain(whole.len().saturating_sub(30)..whole.len())
        {
            let lines = walk(&whole[..cut]);
            let programs = |l: &[String]| l.iter().filter(|l| !l.starts_with('-')).count();
            // A file that is not a container any more is not wanted; an end marker may be missing.
            let reported = lines.iter().any(|l| l.starts_with('-'))
                || sniff(&whole[..cut.min(HEAD)]).is_none();
            assert!(
                reported || programs(&lines) == programs(&complete),
                "{what} cut at {cut}: {lines:?}"
            );
        }
    }
}

#[test]
fn damage_anywhere_is_reported() {
    let limits = Limits {
        expanded: 8 << 20,
        entry_size: 1 << 20,
        ..Limits::default()
    };
    for (what, whole) in specimens() {
        let mut seed = Seed(what.len() as u64 * 7919);
        for round in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..=round % 4 {
                let at = seed.next() as usize % bytes.len();
                bytes[at] = if round % 2 == 0 {
                    bytes[at] ^ 1 << (seed.next() % 8)
                } else {
                    seed.next() as u8
                };
            }
            let random = walk_with(&bytes, limits, false);
            assert!(random.len() < 100, "{what} round {round}");
            assert_eq!(
                random,
                walk_with(&bytes, limits, true),
                "{what} round {round}"
            );
        }
    }
}

#[test]
fn thousands_of_entries_take_a_read_for_hundreds_of_them() {
    struct Many {
        header: [u8; 512],
        left: usize,
        at: usize,
        reads: usize,
    }
    impl Read for Many {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            self.reads += 1;
            let mut done = 0;
            while self.left > 0 && done < out.len() {
                let n = (out.len() - done).min(512 - self.at);
                out[done..done + n].copy_from_slice(&self.header[self.at..self.at + n]);
                done += n;
                self.at = (self.at + n) % 512;
                self.left -= usize::from(self.at == 0);
            }
            Ok(done)
        }
    }
    let recorder = Recorder::default();
    let scope = Scope::new(Limits::default(), Budget::default());
    let header = tar_header(b"dir/file", b'0', &octal(0), b"");
    let mut many = Many {
        header,
        left: 200_000,
        at: 0,
        reads: 0,
    };
    Walker {
        receiver: &recorder,
        scope: &scope,
    }
    .walk(Input::Stream(&mut many), &Place::default());
    assert_eq!(*recorder.seen.lock().unwrap(), 200_000);
    assert!(recorder.lines.lock().unwrap().is_empty());
    assert!(many.reads < 200_000 / 200, "{} reads", many.reads);
}

#[test]
fn nothing_waits_for_memory_while_holding_some() {
    let p = program(2_000_000);
    let inner = xz_with(&tar(&[("app", &p)]), 12 << 20);
    let bytes = xz_with(
        &tar(&[
            ("a.txz", &inner),
            (
                "b.zip",
                &zip(&[ZipEntry::packed("app", 95, &p, xz_with(&p, 12 << 20))]),
            ),
        ]),
        12 << 20,
    );
    let budget = Budget::new(12 << 20);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let recorder = Recorder::default();
                let scope = Scope::new(Limits::default(), budget.clone());
                let walker = Walker {
                    receiver: &recorder,
                    scope: &scope,
                };
                walker.walk(Input::Stream(&mut &bytes[..]), &Place::default());
                let lines = recorder.lines.into_inner().unwrap();
                assert_eq!(lines, [found("a.txz!app", &p), found("b.zip!app", &p)]);
            });
        }
    });
}

#[test]
fn nested_compression_ends_at_the_limit() {
    let mut bytes = program(100);
    for _ in 0..50 {
        bytes = gzip(&bytes);
    }
    assert_eq!(walk(&bytes), ["- limit: a container inside 4 containers"]);
}
