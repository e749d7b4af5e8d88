//! Sparse files in all formats.

use super::*;

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
