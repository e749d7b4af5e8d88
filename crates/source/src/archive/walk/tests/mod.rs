//! What a user sees of walks: the files offered, their places, and the problems reported.

use super::*;
use gospect_bytes::{Budget, Limits};
use std::ops::Range;
use std::sync::Mutex;
use test_support::archives::*;

mod faults;

/// Wants files that start with `\x7fELF`, and records every call.
#[derive(Default)]
struct Recorder {
    lines: Mutex<Vec<String>>,
    windows: Option<Vec<Range<u64>>>,
    seen: Mutex<u64>,
}

impl Recorder {
    fn record(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

impl Receiver for Recorder {
    fn entry_seen(&self, _: &Place, _: u64) {
        *self.seen.lock().unwrap() += 1;
    }

    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        match &self.windows {
            _ if !head.starts_with(b"\x7fELF") => Want::Skip,
            Some(ranges) => Want::KeptRanges(ranges.clone()),
            None => Want::Whole,
        }
    }

    fn candidate(&self, c: &Candidate<'_>) {
        let mut crc = flate2::Crc::new();
        let mut buf = vec![0; 1 << 16];
        let mut at = 0;
        let limit = if self.windows.is_some() {
            4096
        } else {
            u64::MAX
        };
        while at < c.bytes.len().min(limit) {
            let n = c.bytes.read_at(&mut buf[..4096], at).unwrap();
            assert!(n > 0);
            crc.update(&buf[..n]);
            at += n as u64;
        }
        let mode = c.place.mode.map_or(String::new(), |m| format!(" {m:o}"));
        self.record(format!(
            "+{}{mode} {} {:08x}",
            name(c.place),
            c.bytes.len(),
            crc.sum()
        ));
    }

    fn alias(&self, of: &Place, place: &Place) {
        self.record(format!("={} {}", name(place), name(of)));
    }

    fn unexamined(&self, place: &Place, problem: &ArchiveError) {
        self.record(format!("-{} {problem}", name(place)));
    }
}

fn name(place: &Place) -> String {
    place
        .entries
        .iter()
        .map(|e| String::from_utf8_lossy(e).into_owned())
        .collect::<Vec<_>>()
        .join("!")
}

fn walk_with(bytes: &[u8], limits: Limits, stream: bool) -> Vec<String> {
    let recorder = Recorder::default();
    let scope = Scope::new(limits, Budget::new(64 << 20));
    let walker = Walker {
        receiver: &recorder,
        scope: &scope,
    };
    if stream {
        let mut reader = bytes;
        walker.walk(Input::Stream(&mut reader), &Place::default());
    } else {
        walker.walk(Input::Random(&bytes.to_vec()), &Place::default());
    }
    assert_eq!(
        scope.budget.try_take(64 << 20).map(|g| g.bytes()),
        Some(64 << 20),
        "memory was not given back"
    );
    recorder.lines.into_inner().unwrap()
}

fn walk(bytes: &[u8]) -> Vec<String> {
    let random = walk_with(bytes, Limits::default(), false);
    assert_eq!(
        random,
        walk_with(bytes, Limits::default(), true),
        "a stream and a file of the same bytes differ"
    );
    random
}

/// Bytes that look like a program.
fn program(len: usize) -> Vec<u8> {
    let mut bytes = Seed(len as u64 + 1).bytes(len);
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes
}

fn crc(bytes: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    format!("{:08x}", crc.sum())
}

fn found(path: &str, bytes: &[u8]) -> String {
    format!("+{path} 755 {} {}", bytes.len(), crc(bytes))
}

#[test]
fn every_container_and_compression_gives_the_same_programs() {
    let p = program(70_001);
    let plain = tar(&[("./usr/bin/app", &p), ("usr/share/doc", b"text")]);
    let want = vec![found("usr/bin/app", &p)];
    let payload = cpio(&[
        ("./usr/bin/app", 1, 1, &p),
        ("./usr/share/doc", 2, 1, b"text"),
    ]);
    let mut cases = vec![("tar", plain.clone()), ("cpio", payload.clone())];
    for (what, pack) in [
        ("gz", gzip as fn(&[u8]) -> Vec<u8>),
        ("zst", zstd),
        ("xz", xz),
        ("bz2", bzip2),
        ("lzma", lzma),
    ] {
        cases.push((what, pack(&plain)));
        cases.push((
            what,
            ar(&[
                ("debian-binary", b"2.0\n"),
                ("control.tar.gz", &gzip(&tar(&[("no", &p)]))),
                ("data.tar", &pack(&plain)),
            ]),
        ));
        cases.push((what, rpm(what, &[], &pack(&payload))));
    }
    cases.push(("rpm, uncompressed", rpm("none", &[], &payload)));
    cases.push((
        "deb, uncompressed",
        ar(&[("debian-binary", b"2.0\n"), ("data.tar", &plain)]),
    ));
    cases.push((
        "zip",
        zip(&[
            ZipEntry::deflated("usr/bin/app", &p),
            ZipEntry::deflated("usr/share/doc", b"text"),
        ]),
    ));
    cases.push((
        "zip, stored",
        zip(&[ZipEntry::packed("usr/bin/app", 0, &p, p.clone())]),
    ));
    cases.push((
        "zip, zstd",
        zip(&[ZipEntry::packed("usr/bin/app", 93, &p, zstd(&p))]),
    ));
    cases.push((
        "zip, xz",
        zip(&[ZipEntry::packed("usr/bin/app", 95, &p, xz(&p))]),
    ));
    cases.push((
        "zip, bzip2",
        zip(&[ZipEntry::packed("usr/bin/app", 12, &p, bzip2(&p))]),
    ));
    for (what, bytes) in cases {
        assert_eq!(walk(&bytes), want, "{what}");
    }
}

#[test]
fn one_compressed_program_is_offered_without_a_name_of_its_own() {
    let p = program(9_000_000);
    for bytes in [gzip(&p), zstd(&p), p.clone()] {
        assert_eq!(walk(&bytes), [format!("+ {} {}", p.len(), crc(&p))]);
    }
}

#[test]
fn containers_in_containers_are_walked_to_the_limit() {
    let p = program(5000);
    let zipped = zip(&[ZipEntry::deflated("bin/app", &p)]);
    let tarred = gzip(&tar(&[("lib/app.jar", &zipped), ("app.zst", &zstd(&p))]));
    let deb = ar(&[
        ("debian-binary", b"2.0\n"),
        ("data.tar.xz", &xz(&tar(&[("./opt/app.tgz", &tarred)]))),
    ]);
    assert_eq!(
        walk(&deb),
        [
            found("opt/app.tgz!lib/app.jar!bin/app", &p),
            found("opt/app.tgz!app.zst", &p)
        ]
    );
    let limits = Limits {
        depth: 2,
        ..Limits::default()
    };
    assert_eq!(
        walk_with(&deb, limits, false),
        [
            "-opt/app.tgz!lib/app.jar limit: a container inside 2 containers",
            "-opt/app.tgz!app.zst limit: a container inside 2 containers",
        ]
    );
}

#[test]
fn apk_members_are_one_archive() {
    let p = program(3000);
    let cut = |files: &[(&str, &[u8])]| {
        let whole = tar(files);
        whole[..whole.len() - 1024].to_vec()
    };
    let data = gzip(&tar(&[("usr/bin/app", &p)]));
    let want = [found("usr/bin/app", &p)];
    let cuts = [
        gzip(&cut(&[(".SIGN.RSA.x", b"sig")])),
        gzip(&cut(&[(".PKGINFO", b"pkg")])),
        data.clone(),
    ]
    .concat();
    assert_eq!(walk(&cuts), want);
    let whole = [
        gzip(&tar(&[(".SIGN.RSA.x", b"sig")])),
        gzip(&tar(&[(".PKGINFO", b"pkg")])),
        data,
    ]
    .concat();
    assert_eq!(walk(&whole), want);
    assert_eq!(
        walk(b"ADB.pckg\0\0\0\0\0\0\0\0"),
        ["- unsupported: an Alpine package of version 3 (ADB)"]
    );
}

#[test]
fn hard_links_are_reported_without_reading_again() {
    let p = program(3000);
    let mut bytes = tar_entry(b"./a", b'0', &p, b"");
    bytes.extend(tar_entry(b"b", b'1', b"", b"a"));
    bytes.extend(tar_entry(b"c", b'1', b"", b"./b"));
    bytes.extend(tar_entry(b"d", b'1', b"", b"nothing"));
    bytes.extend(tar_entry(b"a", b'0', b"text", b""));
    bytes.extend(tar_entry(b"e", b'1', b"", b"a"));
    // A link to a link leads to the file itself, whatever happens to the first name.
    assert_eq!(walk(&bytes), [found("a", &p), "=b a".into(), "=c b".into()]);
    let archive = cpio(&[
        ("a", 7, 3, b""),
        ("x", 8, 1, b"text"),
        ("b", 7, 3, &p),
        ("c", 7, 3, b""),
    ]);
    assert_eq!(
        walk(&archive),
        [found("b", &p), "=a b".into(), "=c b".into()]
    );
}

#[test]
fn names_of_hard_links_have_a_share_of_the_memory() {
    let p = program(3000);
    // For a tar archive the programs seen so far are remembered, for a cpio archive the names that wait for their program.
    let mut tape = Vec::new();
    let names: Vec<String> = (0..300).map(|n| format!("{n:0100}")).collect();
    for name in &names {
        tape.extend(tar_entry(name.as_bytes(), b'0', &p, b""));
    }
    for name in &names {
        tape.extend(tar_entry(b"link", b'1', b"", name.as_bytes()));
    }
    let mut files: Vec<(&str, u32, u32, &[u8])> = Vec::new();
    for name in &names {
        files.push((name, 7, 301, b""));
    }
    files.push(("last", 7, 301, &p));
    let waiting = cpio(&files);
    for (what, archive) in [("tar", tape), ("cpio", waiting)] {
        for (memory, most) in [(8 * 4000, 4000), (8 << 30, 64 << 20)] {
            let recorder = Recorder::default();
            let scope = Scope::new(Limits::default(), Budget::new(memory));
            let walker = Walker {
                receiver: &recorder,
                scope: &scope,
            };
            walker.walk(Input::Random(&archive), &Place::default());
            let lines = recorder.lines.into_inner().unwrap();
            let links = lines.iter().filter(|line| line.starts_with('=')).count();
            let reported = format!("names of hard links beyond {most} bytes");
            let matching = lines.iter().filter(|line| line.contains(&reported)).count();
            if most == 4000 {
                assert!(
                    (1..100).contains(&links) && matching == 1,
                    "{what}: {links}, {matching}"
                );
            } else {
                assert_eq!((links, matching), (300, 0), "{what}");
            }
        }
    }
}

#[test]
fn names_are_reported_as_they_are_and_duplicates_twice() {
    let (p, q) = (program(1000), program(1001));
    let mut bytes = tar_entry(b"../../etc/x", b'0', &p, b"");
    bytes.extend(tar_entry(b"/abs", b'0', &p, b""));
    bytes.extend(tar_entry(b"caf\xe9", b'0', &p, b""));
    bytes.extend(tar_entry(b"same", b'0', &p, b""));
    bytes.extend(tar_entry(b"same", b'0', &q, b""));
    bytes.extend(tar_entry(b"loop", b'2', b"", b"loop"));
    bytes.extend(pax(b'x', &[("path", &"n".repeat(5000))]));
    bytes.extend(tar_entry(b"cut", b'0', &p, b""));
    let lines = walk(&bytes);
    assert_eq!(
        lines[..5],
        [
            found("../../etc/x", &p),
            found("/abs", &p),
            found("caf\u{fffd}", &p),
            found("same", &p),
            found("same", &q)
        ]
    );
    assert_eq!(lines.len(), 6);
    assert!(
        lines[5].starts_with("-nnn")
            && lines[5].ends_with("limit: a name of 5000 bytes, 4096 are allowed")
    );
    assert!(lines[5].len() < 4200);
}

#[test]
fn only_the_wanted_ranges_are_kept() {
    struct Asks(Mutex<u32>);
    impl Receiver for Asks {
        fn entry_seen(&self, _: &Place, _: u64) {}
        fn wants(&self, _: &Place, _: &[u8], _: Option<u64>) -> Want {
            Want::KeptRanges(vec![
                2_000_000..2_000_100,
                50_000..50_010,
                50_005..50_020,
                9_999_990..20_000_000,
            ])
        }
        fn candidate(&self, c: &Candidate<'_>) {
            let all = program(10_000_000);
            let mut buf = [0; 100];
            assert_eq!(c.bytes.len(), 10_000_000);
            for (at, len) in [
                (0, 100),
                (8_092, 100),
                (50_000, 20),
                (2_000_000, 100),
                (9_999_990, 10),
            ] {
                assert_eq!(c.bytes.read_at(&mut buf[..len], at as u64).unwrap(), len);
                assert_eq!(buf[..len], all[at..at + len]);
            }
            for at in [8_193, 50_019, 49_999, 2_000_001] {
                let error = c.bytes.read_at(&mut buf, at).unwrap_err();
                assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
            }
            *self.0.lock().unwrap() += 1;
        }
        fn alias(&self, _: &Place, _: &Place) {}
        fn unexamined(&self, _: &Place, problem: &ArchiveError) {
            panic!("{problem}");
        }
    }
    let asks = Asks(Mutex::new(0));
    let p = program(10_000_000);
    let budget = Budget::new(64 << 20);
    for bytes in [
        tar(&[("p", &p)]),
        gzip(&p),
        zip(&[ZipEntry::deflated("p", &p)]),
    ] {
        let scope = Scope::new(Limits::default(), budget.clone());
        Walker {
            receiver: &asks,
            scope: &scope,
        }
        .walk(Input::Stream(&mut &bytes[..]), &Place::default());
    }
    assert_eq!(asks.0.into_inner().unwrap(), 3);
}

#[test]
fn rpm_headers_without_metadata_take_it_from_the_package() {
    let p = program(3001);
    let stripped = |index: u32, body: &[u8]| {
        let mut out = format!("07070X{index:08x}\0\0").into_bytes();
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    };
    let numbers = |values: &[u32]| {
        values
            .iter()
            .flat_map(|v| v.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let tags = [
        (1028, 4, 4, numbers(&[3001, 3001, 4, 3])),
        (
            1030,
            3,
            4,
            [0o100_755u16, 0o100_755, 0o100_644, 0o120_777]
                .iter()
                .flat_map(|m| m.to_be_bytes())
                .collect(),
        ),
        (1096, 4, 4, numbers(&[1, 1, 2, 3])),
        (1116, 4, 4, numbers(&[0, 1, 1, 0])),
        (1117, 8, 4, b"app\0other\0doc\0link\0".to_vec()),
        (1118, 8, 2, b"/usr/bin/\0/opt/\0".to_vec()),
    ];
    let mut payload = [
        stripped(0, b""),
        stripped(1, &p),
        stripped(2, b"text"),
        stripped(3, b"app"),
    ]
    .concat();
    payload.extend(cpio_entry("TRAILER!!!", 0, 1, b""));
    let lines = walk(&rpm("gzip", &tags, &gzip(&payload)));
    assert_eq!(
        lines,
        [found("opt/other", &p), "=usr/bin/app opt/other".into()]
    );
    let unknown = [stripped(9, &p), cpio_entry("TRAILER!!!", 0, 1, b"")].concat();
    assert_eq!(
        walk(&rpm("gzip", &tags, &gzip(&unknown))),
        ["- malformed: a cpio header for an unknown file at offset 0"]
    );
}

/// An archive of entries of one form of cpio, after it was read: both programs are found.
fn two_programs_and_a_link(p: &[u8], entry: impl Fn(&str, u16, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let archive = [
        entry("./bin/app", 0o100_755, p),
        entry("bin/link", 0o120_777, b"app"),
        entry("bin/app2", 0o100_755, p),
        entry("TRAILER!!!", 0, b""),
    ]
    .concat();
    assert_eq!(walk(&archive), [found("bin/app", p), found("bin/app2", p)]);
    archive
}

#[test]
fn the_portable_cpio_format_is_read() {
    let p = program(2001);
    let entry = |name: &str, mode: u16, body: &[u8]| {
        let mut out = format!(
            "070707{:06o}{:06o}{mode:06o}{:06o}{:06o}{:06o}{:06o}{:011o}",
            1, 2, 3, 4, 1, 0, 0
        );
        out += &format!("{:06o}{:011o}{name}\0", name.len() + 1, body.len());
        [out.as_bytes(), body].concat()
    };
    two_programs_and_a_link(&p, entry);
}

/// The form that `cpio -o` of GNU writes without options, of machines of both byte orders.
#[test]
fn the_binary_cpio_format_is_read() {
    let p = program(70_001);
    for order in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let entry = |name: &str, mode: u16, body: &[u8]| {
            let length = (body.len() as u32).to_be_bytes();
            let [a, b, c, d] = length;
            let size = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
            let name_length = name.len() as u16 + 1;
            let numbers = [
                0o070_707,
                1,
                2,
                mode,
                3,
                4,
                1,
                0,
                0,
                0,
                name_length,
                size[0],
                size[1],
            ];
            let mut out: Vec<u8> = numbers.into_iter().flat_map(order).collect();
            out.extend(name.as_bytes());
            out.push(0);
            out.resize(out.len().next_multiple_of(2), 0);
            out.extend(body);
            out.resize(out.len().next_multiple_of(2), 0);
            out
        };
        let archive = two_programs_and_a_link(&p, entry);
        let cut = archive.get(..archive.len() / 2).unwrap();
        assert!(walk(cut).iter().any(|line| line.contains("truncated")));
    }
}

/// Archives one after the other, as in an initial RAM disk: microcode first, then the compressed system.
#[test]
fn archives_behind_a_cpio_archive_are_read() {
    let (p, q) = (program(70_001), program(80_002));
    let mut first = cpio(&[("early", 1, 1, &p)]);
    first.resize(first.len().next_multiple_of(512) + 1024, 0);
    let second = cpio(&[("bin/app", 1, 1, &q)]);
    let want = [found("early", &p), found("bin/app", &q)];
    for rest in [second.clone(), gzip(&second), zstd(&second), xz(&second)] {
        assert_eq!(walk(&[&first[..], &rest].concat()), want);
    }
    let noise = [&first[..], &Seed(3).bytes(20_000)].concat();
    let lines = walk(&noise);
    assert_eq!(lines[0], want[0]);
    assert!(
        lines[1].contains("bytes that are not an archive follow its end"),
        "{lines:?}"
    );
    assert_eq!(walk(&[&first[..], b"some text"].concat()), want[..1]);
}
