//! Dialects of tar, the ends of archives, and archives that contradict themselves.

mod ends;
mod sparse;

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
