//! Format detection, and streams that are truncated, damaged or bombs.

use super::super::Reason;
use super::*;
use gospect_bytes::{Budget, Limits};
use std::io::Write;
use test_support::archives::*;

fn scope() -> Scope {
    Scope::new(Limits::default(), Budget::new(256 << 20))
}

fn unpack(bytes: &[u8], scope: &Scope) -> (Vec<u8>, Result<Option<Codec>, ArchiveError>) {
    let mut out = Vec::new();
    let result = decompress(Box::new(bytes), scope).and_then(|mut stream| {
        stream.read_to_end(&mut out)?;
        Ok(stream.codec())
    });
    (out, result)
}

type Pack = fn(&[u8]) -> Vec<u8>;

const CODECS: [(Codec, Pack); 5] = [
    (Codec::Gzip, gzip),
    (Codec::Zstd, zstd),
    (Codec::Xz, xz),
    (Codec::Bzip2, bzip2),
    (Codec::Lzma, lzma),
];

#[test]
fn formats_are_detected() {
    let text = Seed(5).bytes(10_000);
    for (codec, pack) in CODECS {
        assert_eq!(sniff(&pack(&text)), Some(StreamKind::Codec(codec)));
    }
    let skippable = [
        &[0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..],
        &zstd(&text),
    ]
    .concat();
    assert_eq!(sniff(&skippable), Some(StreamKind::Codec(Codec::Zstd)));
    let lz4 = [
        &[0x5f, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..],
        b"\x04\x22\x4d\x18 lz4 follows",
    ]
    .concat();
    assert_eq!(sniff(&lz4), None);
    let format = |bytes: &[u8]| match sniff(bytes) {
        Some(StreamKind::Format(format)) => Some(format),
        _ => None,
    };
    assert_eq!(format(&tar(&[("a", b"b")])), Some(Format::Tar));
    assert_eq!(format(&zip(&[])), Some(Format::Zip));
    assert_eq!(
        format(&ar(&[("debian-binary", b"2.0\n")])),
        Some(Format::Deb)
    );
    assert_eq!(
        format(&ar(&[("go.o", b"object")])),
        None,
        "a static library is a program's part, not a package"
    );
    assert_eq!(format(&rpm("gzip", &[], b"")), Some(Format::Rpm));
    assert_eq!(format(&cpio(&[])), Some(Format::Cpio));
    for other in [
        &b""[..],
        b"\x7fELF\x02\x01\x01",
        b"MZ",
        b"#!/bin/sh\n",
        b"BZh9 is text",
        &[0; 1024],
        b"]\0\0",
    ] {
        assert_eq!(sniff(other), None, "{other:?}");
    }
}

#[test]
fn all_members_and_frames_are_read() {
    let text = Seed(6).bytes(300_000);
    let (one, two) = text.split_at(100_000);
    for (codec, pack) in CODECS {
        if codec == Codec::Lzma {
            continue;
        }
        let (out, result) = unpack(&[pack(one), pack(b""), pack(two)].concat(), &scope());
        assert_eq!(result, Ok(Some(codec)));
        assert!(out == text, "{codec:?}");
    }
    let framed = [
        &zstd(one)[..],
        &[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9],
        &zstd(two),
    ]
    .concat();
    assert!(unpack(&framed, &scope()) == (text.clone(), Ok(Some(Codec::Zstd))));
    let padded = [xz(one), vec![0; 8], xz(two)].concat();
    assert!(unpack(&padded, &scope()) == (text, Ok(Some(Codec::Xz))));
}

#[test]
fn trailing_data_is_treated_as_by_the_formats_own_tools() {
    let text = Seed(7).bytes(1000);
    for (codec, pack) in CODECS {
        let (out, result) = unpack(&[&pack(&text)[..], b"garbage!"].concat(), &scope());
        assert_eq!(out, text, "{codec:?}");
        match codec {
            Codec::Gzip | Codec::Bzip2 | Codec::Lzma => assert_eq!(result, Ok(Some(codec))),
            Codec::Zstd | Codec::Xz => {
                assert_eq!(result.unwrap_err().reason, Reason::Malformed, "{codec:?}")
            }
        }
    }
}

#[test]
fn plain_streams_pass_through() {
    let text = Seed(8).bytes(500_000);
    assert!(unpack(&text, &scope()) == (text, Ok(None)));
}

#[test]
fn every_cut_is_truncated_and_gives_the_bytes_before_it() {
    let text = Seed(9).bytes(200_000);
    for (codec, pack) in CODECS {
        let whole = pack(&text);
        for cut in (32..whole.len())
            .step_by(whole.len() / 40)
            .chain(whole.len() - 8..whole.len())
        {
            let (out, result) = unpack(&whole[..cut], &scope());
            // A .lzma stream of known length does not need its very last bytes.
            if codec == Codec::Lzma && out == text {
                continue;
            }
            assert_eq!(
                result.map_err(|e| e.reason),
                Err(Reason::Truncated),
                "{codec:?} cut at {cut}"
            );
            assert!(text.starts_with(&out), "{codec:?} cut at {cut}");
        }
        let (out, _) = unpack(&whole[..whole.len() * 3 / 4], &scope());
        let floor = if codec == Codec::Bzip2 {
            0
        } else {
            text.len() / 3
        };
        assert!(
            out.len() >= floor,
            "{codec:?}: only {} bytes of {} came out",
            out.len(),
            text.len()
        );
    }
}

#[test]
fn flipped_bits_never_give_other_bytes_silently() {
    let text = Seed(10).bytes(20_000);
    for (codec, pack) in CODECS {
        // .lzma has no checksum, and a zstd frame has none by default.
        if matches!(codec, Codec::Lzma | Codec::Zstd) {
            continue;
        }
        let whole = pack(&text);
        let mut seed = Seed(11);
        for _ in 0..200 {
            let mut bytes = whole.clone();
            let at = 12 + seed.next() as usize % (bytes.len() - 12);
            bytes[at] ^= 1 << (seed.next() % 8);
            let (out, result) = unpack(&bytes, &scope());
            assert!(result.is_err() || out == text, "{codec:?} at {at}");
        }
    }
}

#[test]
fn bombs_stop_at_the_ratio_and_at_the_total() {
    let zeros = vec![0; 64 << 20];
    for (codec, pack) in CODECS {
        let bomb = pack(&zeros);
        let limits = Limits {
            ratio: 20,
            ..Limits::default()
        };
        let (out, result) = unpack(&bomb, &Scope::new(limits, Budget::new(256 << 20)));
        assert_eq!(
            result.unwrap_err().detail,
            "expands to more than 20 times its compressed size",
            "{codec:?}"
        );
        assert!(out.len() < 18 << 20, "{codec:?}: {}", out.len());
        let limits = Limits {
            expanded: 5 << 20,
            ..Limits::default()
        };
        let (_, result) = unpack(&bomb, &Scope::new(limits, Budget::new(256 << 20)));
        assert_eq!(result.unwrap_err().reason, Reason::Limit, "{codec:?}");
    }
}

#[test]
fn windows_are_counted_while_they_are_held() {
    let text = Seed(12).bytes(3 << 20);
    let long = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(24).unwrap();
        std::io::Write::write_all(&mut encoder, &text).unwrap();
        encoder.finish().unwrap()
    };
    for (bytes, window) in [
        (long, 16u64 << 20),
        (xz_with(&text, 12 << 20), 12 << 20),
        (zstd(&text[..100_000]), 1 << 17),
    ] {
        let budget = Budget::new(64 << 20);
        let scope = Scope::new(Limits::default(), budget.clone());
        unpack(&bytes, &scope).1.unwrap();
        assert!(
            budget.peak() <= window && budget.peak() >= window / 2,
            "{} for {window}",
            budget.peak()
        );
        assert!(budget.try_take(64 << 20).is_some());
        let limits = Limits {
            window: window / 2 - 1,
            ..Limits::default()
        };
        let error = unpack(&bytes, &Scope::new(limits, budget)).1.unwrap_err();
        assert_eq!(error.reason, Reason::Limit);
    }
}

#[test]
fn plain_content_of_a_gzip_file_is_recognised_from_its_beginning() {
    let plain = |bytes: &[u8]| {
        let mut source = bytes;
        let mut feed = Feed::new(&mut source);
        let head = plain_gzip_content(&mut feed, &scope());
        assert_eq!(feed.offset(), 0, "nothing is taken");
        head
    };
    let text = b"Changes since the last release.\n".repeat(3000);
    let noise = Seed(7).bytes(40_000);
    for content in [&text[..], &noise] {
        let packed = gzip(content);
        assert_eq!(plain(&packed).as_deref(), Some(&content[..GLIMPSE]));
        let cut = &packed[..SHORT_HEAD.min(packed.len() - 8)];
        assert_eq!(plain(cut).as_deref(), Some(&content[..GLIMPSE]));
    }
    // Zeros may be the beginning of a disk.
    assert_eq!(plain(&gzip(&[0; 1 << 20])), None);
    assert_eq!(
        plain(&gzip(&[0; SHORT_HEAD - 1])),
        None,
        "not all that it takes"
    );
    let archive = tar(&[("a", &text)]);
    assert_eq!(plain(&gzip(&archive)), None);
    assert_eq!(plain(&gzip(&gzip(&noise))), None);
    let two = [gzip(b"a first member"), gzip(&text)].concat();
    assert_eq!(plain(&two), None, "what follows may be anything");
    assert_eq!(plain(b"\x1f\x8b\x08"), None);
}

#[test]
fn every_gzip_header_is_skipped() {
    let text = b"the content".repeat(100);
    for flags in 0..16_u8 {
        let mut builder = flate2::GzBuilder::new();
        if flags & 1 != 0 {
            builder = builder.extra([7; 300]);
        }
        if flags & 2 != 0 {
            builder = builder.filename("notes.txt");
        }
        if flags & 4 != 0 {
            builder = builder.comment("a comment");
        }
        let mut packed = builder.write(Vec::new(), flate2::Compression::best());
        packed.write_all(&text).unwrap();
        let mut packed = packed.finish().unwrap();
        if flags & 8 != 0 {
            // Inserted last, because the writer makes no header checksum.
            let body = packed.len() - gzip_body(&packed).unwrap().len();
            packed[3] |= 2;
            packed.splice(body..body, [0xaa, 0xbb]);
        }
        let mut source = &packed[..];
        let head = plain_gzip_content(&mut Feed::new(&mut source), &scope());
        assert_eq!(head.as_deref(), Some(&text[..GLIMPSE]), "flags {flags}");
        for cut in 0..packed.len() {
            let mut source = &packed[..cut];
            let _ = plain_gzip_content(&mut Feed::new(&mut source), &scope());
        }
    }
}

#[test]
fn windows_beyond_twice_the_budget_are_refused() {
    let scope = Scope::new(Limits::default(), Budget::new(1 << 20));
    let text = Seed(3).bytes(100_000);
    let good = xz_with(&text, 3 << 19);
    assert_eq!(unpack(&good, &scope), (text.clone(), Ok(Some(Codec::Xz))));
    let (_, result) = unpack(&xz_with(&text, 3 << 20), &scope);
    let error = result.unwrap_err();
    assert!(
        error.reason == Reason::Limit && error.detail.contains("--memory 1048576"),
        "{error}"
    );
    // Nested: either window alone would fit, both together do not.
    let twice = xz_with(&good, 3 << 19);
    let outer = decompress(Box::new(&twice[..]), &scope).unwrap();
    let mut inner = decompress(Box::new(outer), &scope).unwrap();
    let error = inner.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("--memory"), "{error}");
}

/// Zero-length skippable frames, empty streams and long headers before a stream do not hide it, however many there are.
#[test]
fn data_before_a_stream_does_not_hide_it() {
    let text = Seed(5).bytes(70_000);
    let scope = Scope::new(Limits::default(), Budget::default());
    let frame = [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0];
    let long_name = {
        let mut member = gzip(&text);
        member[3] |= 8;
        let name = [&vec![b'n'; 300_000][..], &[0]].concat();
        member.splice(10..10, name);
        member
    };
    for count in [1, 63, 64, 900, 1024, 1100, 100_000] {
        for (what, front, stream, codec) in [
            ("skippable", &frame[..], zstd(&text), Codec::Zstd),
            ("empty zstd", &zstd(b"")[..], zstd(&text), Codec::Zstd),
            ("empty gzip", &gzip(b"")[..], gzip(&text), Codec::Gzip),
            ("empty bzip2", &bzip2(b"")[..], bzip2(&text), Codec::Bzip2),
            ("empty xz", &xz(b"")[..], xz(&text), Codec::Xz),
            ("long name", &[][..], long_name.clone(), Codec::Gzip),
        ] {
            let count = if what.starts_with("empty xz") {
                count.min(2000)
            } else {
                count
            };
            let bytes = [&front.repeat(count)[..], &stream].concat();
            // With the bytes that a walk looks at, and with those of a file that the user named.
            for len in [SHORT_HEAD, HEAD] {
                let head = &bytes[..len.min(bytes.len())];
                assert_eq!(
                    sniff(head),
                    Some(StreamKind::Codec(codec)),
                    "{count} {what}"
                );
            }
            let (out, result) = unpack(&bytes, &scope);
            assert_eq!(result, Ok(Some(codec)), "{count} {what}");
            assert!(out == text, "{count} {what}");
        }
    }
}

/// A bzip2 decoder clears megabytes before it starts, so empty streams get none and nearly empty ones a limited number.
#[test]
fn nearly_empty_streams_get_a_bounded_number_of_decoders() {
    let scope = Scope::new(Limits::default(), Budget::default());
    let (out, result) = unpack(&bzip2(b"").repeat(1_000_000), &scope);
    assert_eq!((out.len(), result), (0, Ok(Some(Codec::Bzip2))));
    let (out, result) = unpack(&bzip2(b"x").repeat(4500), &scope);
    let error = result.unwrap_err();
    assert_eq!((out.len(), error.reason), (4001, Reason::Limit), "{error}");
    assert!(error.detail.contains("hold next to nothing"), "{error}");
    // The limit counts for one outermost container. The next begins at zero, and useful streams do not count.
    let scope = Scope::new(Limits::default(), Budget::default());
    let honest = bzip2(&Seed(1).bytes(60_000)).repeat(20);
    assert_eq!(unpack(&honest, &scope).1, Ok(Some(Codec::Bzip2)));
}

/// Zeros without end, as a hole of a file, after the beginning of a stream.
#[test]
fn a_stream_that_goes_on_without_holding_anything_is_given_up() {
    let gib = 1 << 30;
    for (what, front) in [
        ("empty zstd blocks", vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0]),
        ("xz padding", xz(b"text")),
    ] {
        let scope = Scope::new(Limits::default(), Budget::default());
        let source = front.chain(io::repeat(0).take(gib));
        let mut plain = decompress(Box::new(source), &scope).unwrap();
        let mut out = Vec::new();
        let error = ArchiveError::from(plain.read_to_end(&mut out).unwrap_err());
        assert_eq!(error.reason, Reason::Limit, "{what}: {error}");
        assert!(error.detail.contains("hold nothing"), "{what}: {error}");
    }
}

/// A file on disk is not read beyond the last member, a layer is, because its digest covers it.
#[test]
fn what_follows_a_stream_is_read_only_for_a_digest() {
    let bytes = [&gzip(b"text")[..], &vec![0; 1 << 20]].concat();
    let scope = Scope::new(Limits::default(), Budget::default());
    for (all, read) in [(false, 512), (true, bytes.len())] {
        let mut rest = &bytes[..];
        let mut out = Vec::new();
        let mut plain = match all {
            true => decompress(Box::new(&mut rest), &scope).unwrap(),
            false => decompress_as(Codec::Gzip, Feed::new(&mut rest), &scope).unwrap(),
        };
        plain.read_to_end(&mut out).unwrap();
        drop(plain);
        assert_eq!(out, b"text");
        assert!(bytes.len() - rest.len() >= read, "{all}");
        assert_eq!(rest.is_empty(), all);
    }
}
