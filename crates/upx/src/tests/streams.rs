//! Tests of compressed streams and filters alone.

use super::encode::{self, Noise, nrv, sample};
use crate::blocks::expand;
use crate::{UnpackError, filter};

/// LZMA streams of an independent encoder: literal context, literal position and position bits; stored bytes.
const LZMA: [(&str, &[u8]); 5] = [
    (
        "302",
        include_bytes!("../../../../testdata/packed/lzma-302.bin"),
    ),
    (
        "000",
        include_bytes!("../../../../testdata/packed/lzma-000.bin"),
    ),
    (
        "024",
        include_bytes!("../../../../testdata/packed/lzma-024.bin"),
    ),
    (
        "401",
        include_bytes!("../../../../testdata/packed/lzma-401.bin"),
    ),
    (
        "133",
        include_bytes!("../../../../testdata/packed/lzma-133.bin"),
    ),
];

/// The text in them.
fn lzma_text() -> Vec<u8> {
    let mut text: Vec<u8> = (0..3000)
        .flat_map(|i| format!("{}:{}:{}\n", i % 37, i * i % 251, i / 100).into_bytes())
        .collect();
    let mut x = 12345_u32;
    let noise: Vec<u8> = (0..600)
        .map(|_| {
            x = x.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
            (x >> 16) as u8
        })
        .collect();
    let again = text[..7000].to_vec();
    text.extend(&noise);
    text.resize(text.len() + 5000, 0);
    text.extend(again);
    text.extend(&noise[..300]);
    text
}

fn expanded(method: u8, stored: &[u8], want: usize) -> Result<Vec<u8>, UnpackError> {
    // Matches must not reach earlier bytes of the buffer.
    let mut out = b"before".to_vec();
    expand(method, stored, (want, want), &mut out)?;
    Ok(out.split_off(6))
}

#[test]
fn every_nrv_method_restores_what_was_encoded() {
    for method in 2..=10 {
        for (len, seed) in [(1, 1), (2, 2), (700, 3), (9000, 4), (70_000, 5)] {
            let data = sample(len, seed);
            let stored = nrv(method, &data);
            assert_eq!(
                expanded(method, &stored, len).as_deref(),
                Ok(&data[..]),
                "method {method}, {len} bytes"
            );
            let mut start = Vec::new();
            expand(method, &stored, (len, len / 3), &mut start).unwrap();
            assert!(start == data[..len / 3], "method {method}, a third");
            assert!(
                expanded(method, &stored, len - 1).is_err(),
                "method {method}: more bytes than recorded"
            );
            assert!(
                expanded(method, &stored, len + 1).is_err(),
                "method {method}: fewer bytes than recorded"
            );
        }
    }
}

#[test]
fn lzma_streams_of_all_property_kinds_are_restored() {
    let text = lzma_text();
    for (properties, stored) in LZMA {
        let mut start = Vec::new();
        expand(14, stored, (text.len(), 3000), &mut start).unwrap();
        assert!(start == text[..3000], "lc, lp, pb: {properties}");
        assert_eq!(
            expanded(14, stored, text.len()).as_deref(),
            Ok(&text[..]),
            "lc, lp, pb: {properties}"
        );
        assert!(expanded(14, &stored[..stored.len() / 2], text.len()).is_err());
        let mut other = stored.to_vec();
        other[0] ^= 8;
        assert_eq!(
            expanded(14, &other, text.len()),
            Err(UnpackError::Corrupt("an LZMA stream"))
        );
    }
}

#[test]
fn damaged_streams_end_in_an_error_or_in_the_recorded_length() {
    let data = sample(5000, 21);
    let mut noise = Noise(5);
    let streams = (2..=10).map(|method| (method, nrv(method, &data), data.len()));
    let text = lzma_text().len();
    for (method, stored, want) in streams.chain(LZMA.map(|(_, stored)| (14, stored.to_vec(), text)))
    {
        for len in 0..stored.len().min(200) {
            assert!(
                expanded(method, &stored[..len], want).is_err(),
                "method {method} cut to {len}"
            );
        }
        for _ in 0..300 {
            let mut bad = stored.clone();
            let at = noise.below(bad.len());
            bad[at] ^= 1 << noise.below(8);
            if let Ok(out) = expanded(method, &bad, want) {
                assert_eq!(out.len(), want);
            }
        }
    }
}

#[test]
fn call_filters_are_undone() {
    for id in [0x24, 0x26, 0x36, 0x46, 0x49] {
        for add in [0, 0x1000] {
            let (original, calls) = encode::code(4000);
            let mut buf = original.clone();
            encode::mark_calls(&mut buf, &calls, 0x7e, add);
            assert_ne!(buf, original);
            filter::undo(id, 0x7e, add, &mut buf).unwrap();
            assert_eq!(buf, original, "filter {id:#x}, address {add:#x}");
        }
    }
    // A long conditional jump counts only for 0x49, a jump not for 0x24, a call not for 0x25.
    let marked = |bytes: &[u8]| [bytes, &[0x7e, 0, 0, 40, 0, 0, 0, 0]].concat();
    for (id, bytes, changes) in [
        (0x49, &[0x0f, 0x84][..], true),
        (0x46, &[0x0f, 0x84], false),
        (0x25, &[0xe9], true),
        (0x24, &[0xe9], false),
        (0x25, &[0xe8], false),
        (0x26, &[0xe9], true),
    ] {
        let mut buf = marked(bytes);
        filter::undo(id, 0x7e, 0, &mut buf).unwrap();
        let at = bytes.len();
        let expected = if changes {
            (40 - at as u32).to_le_bytes()
        } else {
            [0x7e, 0, 0, 40]
        };
        assert_eq!(buf[at..at + 4], expected, "filter {id:#x} on {bytes:x?}");
    }
}

#[test]
fn naive_arm_ppc_and_delta_filters_are_undone() {
    // (filter, marker, filtered, original)
    let cases: &[(u8, u8, &[u8], &[u8])] = &[
        (
            0x11,
            0,
            &[0xe8, 0x11, 0, 0, 0, 0x90, 0x90],
            &[0xe8, 0x10, 0, 0, 0, 0x90, 0x90],
        ),
        (
            0x11,
            0,
            &[0xe9, 0x11, 0, 0, 0, 0x90, 0x90],
            &[0xe9, 0x11, 0, 0, 0, 0x90, 0x90],
        ),
        (
            0x13,
            0,
            &[0xe9, 0x11, 0, 0, 0, 0x90, 0x90],
            &[0xe9, 0x10, 0, 0, 0, 0x90, 0x90],
        ),
        (
            0x16,
            0,
            &[0xe9, 0, 0, 0, 0x11, 0x90, 0x90],
            &[0xe9, 0x10, 0, 0, 0, 0x90, 0x90],
        ),
        (0x50, 0, &[0; 4], &[0; 4]),
        (
            0x50,
            0,
            &[0, 0, 0, 0, 9, 1, 0, 0xeb, 0, 0, 0, 0],
            &[0, 0, 0, 0, 8, 1, 0, 0xeb, 0, 0, 0, 0],
        ),
        (
            0x50,
            0,
            &[0, 0, 0, 0, 0, 0, 0, 0xeb, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xeb, 0, 0, 0, 0],
        ),
        (
            0x51,
            0,
            &[0, 0, 0, 0, 0xeb, 0, 1, 9, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0xeb, 0, 1, 8, 0, 0, 0, 0],
        ),
        (
            0x52,
            0,
            &[0, 0, 0, 0, 0, 0, 0, 0x94, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0x97, 0, 0, 0, 0],
        ),
        (
            0xd0,
            3,
            &[0x60, 0, 0, 0, 0x48, 0xc0, 1, 0x05],
            &[0x60, 0, 0, 0, 0x48, 0, 1, 0x01],
        ),
        (
            0xd0,
            2,
            &[0x60, 0, 0, 0, 0x48, 0xc0, 1, 0x05],
            &[0x60, 0, 0, 0, 0x48, 0xc0, 1, 0x05],
        ),
        (0x90, 0, &[1, 2, 3, 4], &[1, 3, 6, 10]),
        (0x91, 0, &[1, 2, 3, 4, 0xff], &[1, 2, 4, 6, 3]),
        (0xa0, 0, &[0xff, 0, 1, 0, 1, 1], &[0xff, 0, 0, 1, 1, 2]),
        (
            0xb0,
            0,
            &[0xff, 0xff, 0, 0, 1, 0, 0, 1],
            &[0xff, 0xff, 0, 0, 0, 0, 1, 1],
        ),
    ];
    for (id, cto, filtered, original) in cases {
        let mut buf = filtered.to_vec();
        filter::undo(*id, *cto, 0, &mut buf).unwrap();
        assert_eq!(&buf, original, "filter {id:#x} on {filtered:x?}");
    }
    assert_eq!(
        filter::undo(0x80, 0, 0, &mut [0; 9])
            .unwrap_err()
            .to_string(),
        "UPX filter 0x80 is not supported"
    );
    // Any length, any bytes.
    let mut noise = Noise(77);
    for id in 0..=255 {
        for len in 0..24 {
            let mut buf: Vec<u8> = (0..len)
                .map(|_| [0xe8, 0xe9, 0x0f, 0x84, 0x48, 0xeb][noise.below(6)])
                .collect();
            let _ = filter::undo(id, 0xe8, u32::MAX, &mut buf);
            assert_eq!(buf.len(), len);
        }
    }
}
