//! Dialects of tar, the ends of archives, and archives that contradict themselves.

use super::super::Reason;
use super::*;
use gospect_bytes::{Budget, Limits};
use test_support::archives::*;

type Listed = (Vec<(Entry, Vec<u8>)>, Result<Finish, ArchiveError>);

fn list(bytes: &[u8]) -> Listed {
    let scope = Scope::new(Limits::default(), Budget::default());
    let mut out = Vec::new();
    let mut stream = bytes;
    let result = read(
        &mut Feed::new(&mut stream),
        &scope,
        Ending::Marker,
        &mut |entry, body| {
            let mut content = Vec::new();
            if entry.size < 1 << 30 {
                body.read_to_end(&mut content)?;
            }
            out.push((entry.clone(), content));
            Ok(Flow::Continue)
        },
    );
    (out, result)
}

fn only(bytes: &[u8]) -> (Entry, Vec<u8>) {
    let (mut entries, result) = list(bytes);
    result.unwrap();
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

#[test]
fn names_are_read_in_every_dialect() {
    let body = b"content";
    let names: [(&[u8], Vec<u8>); 6] = [
        (b"plain", tar_entry(b"plain", b'0', body, b"")),
        (b"dir/sub/name", {
            let mut header = tar_header(b"name", b'0', &octal(7), b"");
            header[345..352].copy_from_slice(b"dir/sub");
            seal(&mut header);
            [&header[..], &tar_entry(b"", b'0', body, b"")[512..]].concat()
        }),
        (
            &[b'n'; 300],
            [
                tar_entry(
                    b"././@LongLink",
                    b'L',
                    &[&[b'n'; 300][..], b"\0"].concat(),
                    b"",
                ),
                tar_entry(b"n", b'0', body, b""),
            ]
            .concat(),
        ),
        (
            "p\u{e4}x".as_bytes(),
            [
                pax(b'x', &[("path", "p\u{e4}x")]),
                tar_entry(b"short", b'0', body, b""),
            ]
            .concat(),
        ),
        (
            b"global",
            [
                pax(b'g', &[("path", "global")]),
                tar_entry(b"short", b'0', body, b""),
            ]
            .concat(),
        ),
        (
            b"short",
            [
                pax(b'g', &[("path", "global")]),
                pax(b'x', &[("path", "")]),
                tar_entry(b"short", b'0', body, b""),
            ]
            .concat(),
        ),
    ];
    for (name, bytes) in names {
        let (entry, content) = only(&bytes);
        assert_eq!(entry.name, name);
        assert_eq!(
            (entry.kind, content.as_slice()),
            (EntryKind::File, &body[..])
        );
        assert_eq!((entry.mode, entry.uid, entry.gid), (0o755, 0o1750, 0o144));
    }
}

#[test]
fn numbers_of_every_kind_are_read() {
    let mut wide = [0; 12];
    wide[0] = 0x80;
    wide[11] = 7;
    for size in [
        octal(7),
        b"          7 ".to_vec(),
        b"7\0garbage\0\0\0".to_vec(),
        wide.to_vec(),
    ] {
        let mut bytes = tar_header(b"a", b'0', &size, b"").to_vec();
        bytes.extend_from_slice(b"content");
        assert_eq!(only(&bytes).0.size, 7, "{size:?}");
    }
    let big = [
        pax(b'x', &[("size", "7"), ("uid", "4000000000"), ("gid", "9")]),
        tar_entry(b"a", b'0', b"content", b""),
    ]
    .concat();
    let (entry, _) = only(&big);
    assert_eq!((entry.size, entry.uid, entry.gid), (7, 4_000_000_000, 9));
    for size in [&[0xff; 12], b"99999999999\0", b"-0000000001\0"] {
        let error = list(&tar_header(b"a", b'0', size, b"")).1.unwrap_err();
        assert_eq!(error.reason, Reason::Malformed);
    }
    let mut huge = tar_header(
        b"a",
        b'0',
        &[0x80, 0, 0, 0, 0x7f, 255, 255, 255, 255, 255, 255, 255],
        b"",
    )
    .to_vec();
    huge.extend_from_slice(&[1; 512]);
    assert_eq!(list(&huge).1.unwrap_err().reason, Reason::Truncated);
}

#[test]
fn kinds_of_entries_are_recognised() {
    let mut old_dir = tar_header(b"olddir/", 0, &octal(0), b"");
    old_dir[257..265].fill(0);
    seal(&mut old_dir);
    let bytes = [
        tar_entry(b"hard", b'1', b"", b"target"),
        [
            pax(b'x', &[("linkpath", "elsewhere")]),
            tar_entry(b"sym", b'2', b"", b"target"),
        ]
        .concat(),
        [
            tar_entry(b"././@LongLink", b'K', b"far\0", b""),
            tar_entry(b"sym2", b'2', b"", b"target"),
        ]
        .concat(),
        tar_entry(b"dir", b'5', b"", b""),
        tar_entry(b"fifo", b'6', b"", b""),
        tar_entry(b"odd", b'Q', b"body", b""),
        tar_entry(b"label", b'V', b"", b""),
        old_dir.to_vec(),
    ]
    .concat();
    let (entries, result) = list(&bytes);
    result.unwrap();
    let kinds: Vec<_> = entries.into_iter().map(|(e, _)| e.kind).collect();
    let text = |t: &str| t.as_bytes().to_vec();
    assert_eq!(
        kinds,
        [
            EntryKind::HardLink(text("target")),
            EntryKind::SymLink(text("elsewhere")),
            EntryKind::SymLink(text("far")),
            EntryKind::Dir,
            EntryKind::Other(b'6'),
            // Every reader treats an unknown type as a file.
            EntryKind::File,
            EntryKind::Other(b'V'),
            EntryKind::Dir
        ]
    );
}

#[test]
fn a_missing_end_marker_is_accepted_and_missing_content_is_not() {
    let whole = [
        tar_entry(b"a", b'0', &[1; 600], b""),
        tar_entry(b"b", b'0', &[2; 100], b""),
    ]
    .concat();
    let unpadded = &whole[..whole.len() - 412];
    for (bytes, marker) in [
        (unpadded, false),
        (&whole[..], false),
        (&[&whole[..], &[0; 512]].concat()[..], false),
        (&[&whole[..], &[0; 1024]].concat()[..], true),
    ] {
        let (entries, result) = list(bytes);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[1].1, [2; 100]);
        assert_eq!(result.unwrap().marker, marker);
    }
    for (cut, detail) in [
        (
            unpadded.len() - 1,
            "the archive ends with 1 bytes of the entry missing, in entry \"b\"",
        ),
        (
            1536 + 511,
            "the archive ends inside a header at offset 1536",
        ),
        (1537, "the archive ends inside a header at offset 1536"),
        (
            700,
            "the archive ends with 412 bytes of the entry missing, in entry \"a\"",
        ),
    ] {
        let error = list(&whole[..cut]).1.unwrap_err();
        assert_eq!(
            (error.reason, error.detail.as_str()),
            (Reason::Truncated, detail),
            "cut at {cut}"
        );
    }
    let pending = list(&pax(b'x', &[("path", "gone")])).1.unwrap_err();
    assert_eq!(pending.reason, Reason::Truncated);
    let mut bad = whole.clone();
    bad[1536] ^= 1;
    let (entries, result) = list(&bad);
    assert_eq!(
        (entries.len(), result.unwrap_err().detail.as_str()),
        (1, "not a tar header at offset 1536")
    );
}

#[test]
fn archives_after_the_marker_are_read_only_on_request() {
    let both = [tar(&[("a", b"1")]), vec![0; 9 * 512], tar(&[("b", b"2")])].concat();
    assert_eq!(list(&both).0.len(), 1);
    let scope = Scope::new(Limits::default(), Budget::default());
    for (tail, want) in [(&b""[..], 2), (&[7; 600], 2)] {
        let bytes = [&both[..], tail].concat();
        let finish = read(
            &mut Feed::at(&bytes),
            &scope,
            Ending::Stream,
            &mut |_, _| Ok(Flow::Continue),
        )
        .unwrap();
        assert_eq!((finish.entries, finish.marker), (want, true));
    }
}

#[test]
fn offsets_of_plain_bodies_point_at_them() {
    let bytes = [
        pax(b'x', &[("path", "first")]),
        tar(&[("a", b"one"), ("b", b"three")]),
    ]
    .concat();
    for (entry, content) in list(&bytes).0 {
        assert!(entry.plain);
        assert_eq!(bytes[entry.offset as usize..][..content.len()], content);
    }
}

/// `....AAAA........BBBB....` in blocks of 512, by every sparse format.
fn sparse_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let data = [[b'A'; 512], [b'B'; 512]].concat();
    let (offsets, size) = ([512u64, 2048], 3072);
    let mut old = tar_header(b"s", b'S', &octal(1024), b"");
    old[257..265].copy_from_slice(b"ustar  \0");
    for (i, offset) in offsets.iter().enumerate() {
        let at = 386 + 24 * i;
        old[at..at + 12].copy_from_slice(format!("{offset:011o}\0").as_bytes());
        old[at + 12..at + 24].copy_from_slice(b"00000001000\0");
    }
    old[483..495].copy_from_slice(format!("{size:011o}\0").as_bytes());
    seal(&mut old);
    let size = size.to_string();
    let v00 = pax(
        b'x',
        &[
            ("GNU.sparse.size", &size),
            ("GNU.sparse.numblocks", "2"),
            ("GNU.sparse.offset", "512"),
            ("GNU.sparse.numbytes", "512"),
            ("GNU.sparse.offset", "2048"),
            ("GNU.sparse.numbytes", "512"),
        ],
    );
    let v01 = pax(
        b'x',
        &[
            ("GNU.sparse.size", &size),
            ("GNU.sparse.map", "512,512,2048,512"),
            ("GNU.sparse.name", "s"),
        ],
    );
    let v10 = pax(
        b'x',
        &[
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "s"),
            ("GNU.sparse.realsize", &size),
        ],
    );
    let mut map = b"2\n512\n512\n2048\n512\n".to_vec();
    map.resize(512, 0);
    map.extend_from_slice(&data);
    vec![
        ("old", [&old[..], &data].concat()),
        ("0.0", [v00, tar_entry(b"s", b'0', &data, b"")].concat()),
        (
            "0.1",
            [v01, tar_entry(b"GNUSparseFile.0/s", b'0', &data, b"")].concat(),
        ),
        (
            "1.0",
            [v10, tar_entry(b"GNUSparseFile.0/s", b'0', &map, b"")].concat(),
        ),
    ]
}

#[test]
fn sparse_files_are_expanded() {
    let want = [
        [0; 512],
        [b'A'; 512],
        [0; 512],
        [0; 512],
        [b'B'; 512],
        [0; 512],
    ]
    .concat();
    for (what, bytes) in sparse_bodies() {
        let mut followed = bytes.clone();
        followed.extend(tar_entry(b"next", b'0', b"x", b""));
        let (entries, result) = list(&followed);
        result.unwrap();
        assert_eq!(entries.len(), 2, "{what}");
        assert_eq!(
            (
                entries[0].0.name.as_slice(),
                entries[0].0.size,
                entries[0].0.plain
            ),
            (&b"s"[..], 3072, false),
            "{what}"
        );
        assert!(entries[0].1 == want, "{what}");
        assert_eq!(
            list(&bytes[..bytes.len() - 600]).1.unwrap_err().reason,
            Reason::Truncated,
            "{what}"
        );
    }
}

#[test]
fn sparse_bombs_and_broken_maps_are_refused() {
    let body = tar_entry(b"s", b'0', &[1; 512], b"");
    for map in [
        "512,512,0,512",
        "0,600",
        "0,512,512",
        "0,512,9000,1",
        "x,512",
        "18446744073709551615,512",
    ] {
        let bytes = [
            pax(
                b'x',
                &[("GNU.sparse.size", "4096"), ("GNU.sparse.map", map)],
            ),
            body.clone(),
        ]
        .concat();
        let next = tar_entry(b"next", b'0', b"body", b"");
        let (entries, result) = list(&[bytes, next].concat());
        result.unwrap();
        // The entry is named, and the entry after it is read.
        let [(broken, _), (_, body)] = &entries[..] else {
            panic!("{map}: {entries:?}");
        };
        assert!(
            matches!(&broken.kind, EntryKind::Unread(e) if e.reason == Reason::Malformed),
            "{map}: {broken:?}"
        );
        assert_eq!(
            (&broken.name[..], &body[..]),
            (&b"s"[..], &b"body"[..]),
            "{map}"
        );
    }
    let bytes = [
        pax(
            b'x',
            &[
                ("GNU.sparse.size", "1000000000"),
                ("GNU.sparse.map", "0,512"),
            ],
        ),
        body,
    ]
    .concat();
    let scope = Scope::new(
        Limits {
            expanded: 1 << 20,
            ..Limits::default()
        },
        Budget::default(),
    );
    let mut stream = &bytes[..];
    let error = read(
        &mut Feed::new(&mut stream),
        &scope,
        Ending::Marker,
        &mut |_, body| {
            io::copy(body, &mut io::sink())?;
            Ok(Flow::Continue)
        },
    )
    .unwrap_err();
    assert_eq!(error.reason, Reason::Limit);
}

#[test]
fn endless_zeros_are_not_read_to_the_end() {
    let archive = tar(&[("a", b"body")]);
    let next = tar(&[("b", b"body")]);
    for (zeros, names, ends_well) in [(1 << 20, 2, true), (2 * PADDING, 1, false)] {
        let mut stream = (&archive[..])
            .chain(io::repeat(0).take(zeros))
            .chain(&next[..]);
        let mut feed = Feed::new(&mut stream);
        let scope = Scope::new(Limits::default(), Budget::default());
        let mut seen = 0;
        let result = read(&mut feed, &scope, Ending::Stream, &mut |_, _| {
            seen += 1;
            Ok(Flow::Continue)
        });
        assert_eq!((seen, result.is_ok()), (names, ends_well), "{zeros}");
        if let Err(problem) = result {
            assert_eq!(problem.reason, Reason::Limit, "{problem}");
            assert!(feed.offset() < PADDING + (1 << 20));
        }
    }
}

/// Go's own writer stores the mode of a directory as in `fs.FileMode`, in base 256; GNU tar and Python also read negative modes.
#[test]
fn a_mode_in_base_256_or_with_a_sign_is_accepted() {
    let honest: [u8; BLOCK] = test_support::archives::tar_entry(b"dist/", b'5', b"", b"")[..BLOCK]
        .try_into()
        .unwrap();
    for (mode, is_header) in [
        (&b"0000755\0"[..], true),
        (b"        ", true),
        (b"\x80\0\0\0\x80\0\x01\xed", true),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff", true),
        (b"-1\0\0\0\0\0\0", true),
        (b"rwxr-xr\0", false),
        (b"0000899\0", false),
        (b"text is ", false),
    ] {
        let mut block = honest;
        block[100..108].copy_from_slice(mode);
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        assert_eq!(looks_like_header(&block), is_header, "{mode:?}");
        assert_eq!(header::may_be_header(&block[..112]), is_header, "{mode:?}");
    }
}

/// A record that is too long or broken is skipped and reported, and hides nothing after it.
#[test]
fn extensions_that_cannot_be_read_hide_nothing() {
    let long = vec![b'n'; usize::try_from(META).unwrap() + 1];
    let value = "v".repeat(long.len());
    for (what, extension, reason) in [
        (
            "long name",
            tar_entry(b"x", b'L', &long, b""),
            Reason::Limit,
        ),
        (
            "long link",
            tar_entry(b"x", b'K', &long, b""),
            Reason::Limit,
        ),
        ("pax", pax(b'x', &[("comment", &value)]), Reason::Limit),
        (
            "global pax",
            pax(b'g', &[("comment", &value)]),
            Reason::Limit,
        ),
        (
            "broken pax",
            tar_entry(b"x", b'x', b"12 x\n", b""),
            Reason::Malformed,
        ),
        ("no number", pax(b'x', &[("uid", "me")]), Reason::Malformed),
        ("no size", pax(b'x', &[("size", "much")]), Reason::Malformed),
        (
            "another size",
            pax(b'x', &[("size", "3")]),
            Reason::Malformed,
        ),
    ] {
        let bytes = [extension, tar(&[("a", b"body"), ("b", b"more")])].concat();
        let (entries, result) = list(&bytes);
        assert!(result.is_ok(), "{what}: {result:?}");
        let (reported, files): (Vec<_>, Vec<_>) = entries
            .iter()
            .partition(|(e, _)| matches!(e.kind, EntryKind::Unread(_)));
        let names: Vec<_> = files.iter().map(|(e, _)| e.name.clone()).collect();
        assert_eq!(names, [b"a", b"b"], "{what}");
        let [
            (
                Entry {
                    kind: EntryKind::Unread(error),
                    ..
                },
                _,
            ),
        ] = &reported[..]
        else {
            panic!("{what}: {reported:?}");
        };
        assert_eq!(error.reason, reason, "{what}");
    }
}

/// Some readers take a size stated without content for content, which may hide something: it is reported.
#[test]
fn a_size_without_content_is_reported() {
    for (flag, reported) in [(b'5', 1), (b'2', 1), (b'3', 1), (b'6', 1), (b'1', 0)] {
        let header = tar_header(b"d", flag, &octal(512), b"l");
        let (entries, result) = list(&[&header[..], &tar(&[("a", b"body")])].concat());
        result.unwrap();
        let unread = entries
            .iter()
            .filter(|(e, _)| matches!(e.kind, EntryKind::Unread(_)));
        assert_eq!(unread.count(), reported, "{}", flag as char);
        assert_eq!(entries.last().unwrap().0.name, b"a");
    }
    // Types that some readers extract as files are files when they have content.
    for flag in [b'V', b'M', b'D', b'N', b'?'] {
        let (entry, body) = only(&tar_entry(b"v", flag, b"body", b""));
        assert_eq!(
            (entry.kind, &body[..]),
            (EntryKind::File, &b"body"[..]),
            "{}",
            flag as char
        );
    }
}

/// More data after the end of an archive than the rest of a tape record is reported, because it was not examined.
#[test]
fn much_data_after_the_end_is_reported() {
    let archive = tar(&[("a", b"body")]);
    for (len, reported) in [
        (100, false),
        (RECORD as usize - 1024, false),
        (20_000, true),
    ] {
        let bytes = [&archive[..], &Seed(9).bytes(len)].concat();
        let scope = Scope::new(Limits::default(), Budget::default());
        for ending in [Ending::Stream, Ending::Marker] {
            let mut stream = &bytes[..];
            let mut feed = Feed::new(&mut stream);
            let end = read(&mut feed, &scope, ending, &mut |_, _| Ok(Flow::Continue));
            let end = end.and_then(|_| pass_padding(&mut feed));
            assert_eq!(end.is_err(), reported, "{len} {ending:?} {end:?}");
        }
    }
}
