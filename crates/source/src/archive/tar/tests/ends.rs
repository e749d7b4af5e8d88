//! Where an archive ends.

use super::*;

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
