//! Packed files that are truncated or altered, or state what they do not have.

use super::encode::{self, Noise};
use super::*;

#[test]
fn a_glance_at_a_damaged_file_ends_in_an_error_or_in_bytes() {
    let mut noise = Noise(77);
    let mut failed = 0;
    for (packed, ..) in containers() {
        for _ in 0..300 {
            let mut bad = packed.clone();
            let at = noise.below(bad.len());
            bad[at] ^= 1 << noise.below(8);
            match seen(&bad) {
                Ok(bytes) => assert!(bytes.len() as u64 <= LIMIT),
                Err(_) => failed += 1,
            }
        }
    }
    assert!(failed > 100, "{failed}");
}

#[test]
fn every_cut_of_a_packed_file_is_an_error_or_marked_incomplete() {
    for (packed, original, _) in containers() {
        let tail = packed.len() - packed.iter().rev().take_while(|byte| **byte == 0).count();
        for len in 0..tail - 40 {
            if let Ok(unpacked) = unpack(&packed[..len], LIMIT) {
                let whole = unpacked.complete && unpacked.image == original;
                assert!(
                    whole || !unpacked.complete,
                    "cut to {len} of {}",
                    packed.len()
                );
            }
        }
    }
}

#[test]
fn altered_files_never_pass_for_verified_ones() {
    let mut noise = Noise(31);
    for (packed, original, all_summed) in containers() {
        let mut restored = 0;
        for round in 0..1500 {
            let mut bad = packed.clone();
            // Mostly in headers and records, sometimes anywhere.
            let reach = if round % 2 == 0 {
                bad.len().min(700)
            } else {
                bad.len()
            };
            for _ in 0..1 + noise.below(3) {
                let at = noise.below(reach);
                bad[at] = if noise.below(3) == 0 {
                    noise.next() as u8
                } else {
                    bad[at] ^ 1 << noise.below(8)
                };
            }
            let _ = detect(&bad, &bad[bad.len() / 2..]);
            if let Ok(unpacked) = unpack(&bad, LIMIT) {
                restored += 1;
                assert!(unpacked.image.len() as u64 <= LIMIT);
                assert!(!all_summed || !unpacked.verified || unpacked.image == original);
            }
        }
        assert!(
            restored > 0,
            "changes outside the records leave a file readable"
        );
    }
}

#[test]
fn checksums_of_both_sides_are_compared() {
    let (packed, original) = elf(PLAIN);
    let at = memchr::memmem::rfind(&packed, b"UPX!").unwrap();
    let len = original.len() as u32;
    let field = |at: usize| u32::from_le_bytes(packed[at..at + 4].try_into().unwrap());
    let adlers = [field(at + 8), field(at + 12)];
    for (change, part) in [
        ([0, 1], "the compressed bytes"),
        ([1, 0], "the restored bytes"),
    ] {
        let adlers = [adlers[0] ^ change[0], adlers[1] ^ change[1]];
        let mut bad = packed.clone();
        bad[at..at + 32].copy_from_slice(&encode::record(22, 8, adlers, [len, len], [0, 0]));
        assert_eq!(unpack(&bad, LIMIT), Err(UnpackError::Checksum(part)));
        // An inconsistent record is ignored.
        bad[at + 31] ^= 1;
        assert!(!unpack(&bad, LIMIT).unwrap().verified);
    }
    // Data appended to the packed program does not hide the record.
    assert!(
        unpack(&[&packed[..], &[7; 20_000]].concat(), LIMIT)
            .unwrap()
            .verified
    );

    let (mut packed, _) = pe(8, true);
    let data = memchr::memmem::find(&packed, b"UPX!").unwrap() + 32;
    packed[data + 100] ^= 1;
    assert_eq!(
        unpack(&packed, LIMIT),
        Err(UnpackError::Checksum("the compressed bytes"))
    );
}

#[test]
fn claims_of_huge_sizes_are_refused_before_memory_is_taken() {
    let (packed, original) = elf(PLAIN);
    let huge = 0xffff_fff0_u32.to_le_bytes();
    let info = memchr::memmem::find(&packed, b"UPX!").unwrap() + 8;
    let mut bad = packed.clone();
    bad[info + 4..info + 8].copy_from_slice(&huge);
    assert_eq!(
        unpack(&bad, LIMIT),
        Err(UnpackError::TooBig {
            size: 0xffff_fff0,
            limit: LIMIT
        })
    );
    // The limit allows 4 GiB, which are stated, but the blocks do not fill them.
    assert!(matches!(unpack(&bad, u64::MAX), Ok(u) if !u.complete && u.image.len() < 8000));
    let mut bad = packed.clone();
    bad[info + 4..info + 12].copy_from_slice(&[huge, huge].concat());
    let second =
        info + 24 + u32::from_le_bytes(packed[info + 16..info + 20].try_into().unwrap()) as usize;
    bad[second..second + 4].copy_from_slice(&huge);
    assert!(unpack(&bad, u64::MAX).is_err());
    assert_eq!(
        unpack(&packed, original.len() as u64 - 1),
        Err(UnpackError::TooBig {
            size: original.len() as u64,
            limit: original.len() as u64 - 1
        })
    );
    assert!(unpack(&packed, original.len() as u64).is_ok());

    // A mapped image of 4 GiB from a few bytes, with matching checksums.
    let (packed, _) = pe(8, true);
    let at = memchr::memmem::find(&packed, b"UPX!").unwrap();
    let mut bad = packed.clone();
    let adlers = [0, 8]
        .map(|i| u32::from_le_bytes(packed[at + 8 + i / 2..at + 12 + i / 2].try_into().unwrap()));
    let stored = u32::from_le_bytes(packed[at + 20..at + 24].try_into().unwrap());
    bad[at..at + 32].copy_from_slice(&encode::record(
        36,
        8,
        adlers,
        [0xffff_fff0, stored],
        [0x26, 0x7e],
    ));
    assert_eq!(
        unpack(&bad, LIMIT),
        Err(UnpackError::TooBig {
            size: 0xffff_fff0,
            limit: LIMIT
        })
    );
    assert!(unpack(&bad, u64::MAX).is_err());
}

#[test]
fn unknown_methods_are_named() {
    let (mut packed, _) = elf(PLAIN);
    let method = memchr::memmem::find(&packed, b"UPX!").unwrap() + 8 + 12 + 8;
    packed[method] = 11;
    assert_eq!(
        unpack(&packed, LIMIT).unwrap_err().to_string(),
        "UPX method 11 (CL1B_LE32) is not supported"
    );
}

/// Small packed files of every container.
fn containers() -> Vec<(Vec<u8>, Vec<u8>, bool)> {
    let small = Style {
        block: 900,
        ..PLAIN
    };
    let (a, b, c) = (elf(small), macho(small), pe(8, true));
    let d = elf(Style {
        big: true,
        wide: false,
        ..small
    });
    vec![
        (a.0, a.1, true),
        (b.0, b.1, true),
        (d.0, d.1, true),
        (c.0, c.1, false),
    ]
}
