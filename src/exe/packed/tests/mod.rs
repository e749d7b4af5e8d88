//! No packer is needed: streams and containers are built here; one real packed program confirms the real layout.

mod encode;

use super::blocks::expand;
use super::{UnpackError, detect, filter, glance, unpack};
use encode::{Noise, PLAIN, Style, elf, macho, nrv, pe, sample};

const LIMIT: u64 = 1 << 20;

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

/// What they hold.
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
    // Matches must not reach what was there before.
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
    // A long conditional jump counts for 0x49 only, a jump not for 0x24, a call not for 0x25.
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

fn styles() -> Vec<Style> {
    vec![
        PLAIN,
        Style { stub: 0, ..PLAIN },
        Style {
            notes: 100,
            ..PLAIN
        },
        Style {
            wide: false,
            method: 9,
            ..PLAIN
        },
        Style {
            wide: false,
            big: true,
            method: 3,
            ..PLAIN
        },
        Style {
            big: true,
            method: 2,
            ..PLAIN
        },
        Style {
            block: 512,
            method: 5,
            ..PLAIN
        },
        Style {
            stub: 5001,
            ..PLAIN
        },
        Style {
            late: true,
            ..PLAIN
        },
    ]
}

#[test]
fn packed_elf_and_macho_programs_come_back_whole() {
    for (i, style) in styles().into_iter().enumerate() {
        for (packed, original) in [elf(style), macho(style)] {
            let packer = detect(&packed, &[]).unwrap_or_else(|| panic!("style {i}"));
            assert_eq!(packer.name, "UPX");
            let unpacked = unpack(&packed, LIMIT).unwrap();
            assert!(unpacked.image == original, "style {i}");
            assert!(unpacked.verified && unpacked.complete);
            assert_eq!(unpacked.packer.method, packer.method);
            assert_eq!(
                unpacked.packer.version.as_deref(),
                (style.stub > 0).then_some("9.87")
            );
        }
    }
    assert_eq!(
        unpack(&elf(PLAIN).0, LIMIT).unwrap().packer.to_string(),
        "UPX 9.87 (NRV2E_LE32)"
    );
}

#[test]
fn a_real_packed_program_comes_back_whole() {
    let packed = include_bytes!("../../../../testdata/packed/upx-5.21-lzma-arm");
    assert_eq!(
        detect(&packed[..4096], &[]).unwrap().to_string(),
        "UPX (LZMA)"
    );
    let unpacked = unpack(packed, 8 << 20).unwrap();
    assert!(unpacked.verified && unpacked.complete);
    assert_eq!(unpacked.packer.to_string(), "UPX 5.21 (LZMA)");
    assert_eq!(unpacked.image.len(), 1_363_236);
    let parsed = object::read::File::parse(&unpacked.image[..]).unwrap();
    let names: Vec<_> = object::Object::sections(&parsed)
        .filter_map(|s| object::ObjectSection::name(&s).ok())
        .collect();
    assert!(
        names.contains(&".text") && names.contains(&".rodata"),
        "{names:?}"
    );
}

/// What a lazy view of a packed file holds, read in pieces from the end to the start.
fn seen(packed: &[u8]) -> std::io::Result<Vec<u8>> {
    let (reader, _) = glance(packed, LIMIT).map_err(std::io::Error::other)?;
    let mut all = vec![0; usize::try_from(reader.len()).unwrap()];
    let pieces = all.len().div_ceil(777);
    for i in (0..pieces).rev() {
        let end = all.len().min((i + 1) * 777);
        let piece = &mut all[i * 777..end];
        assert_eq!(reader.read_at(piece, i as u64 * 777)?, piece.len());
    }
    Ok(all)
}

#[test]
fn a_glance_shows_the_bytes_of_the_whole_program() {
    for style in styles() {
        for (packed, original) in [elf(style), macho(style)] {
            assert!(seen(&packed).unwrap() == original);
        }
    }
    let packed = include_bytes!("../../../../testdata/packed/upx-5.21-lzma-arm");
    let whole = unpack(packed, 8 << 20).unwrap().image;
    let (reader, packer) = glance(packed, 8 << 20).unwrap();
    assert_eq!(packer.to_string(), "UPX 5.21 (LZMA)");
    assert_eq!(reader.len(), whole.len() as u64);
    // The start of each part first, then what lies across their ends, then everything.
    for (at, size) in [
        (0, 8192),
        (4096, 70_000),
        (1_000_000, 300_000),
        (0, whole.len()),
    ] {
        let mut piece = vec![0; size];
        assert_eq!(reader.read_at(&mut piece, at as u64).unwrap(), size);
        assert!(piece == whole[at..at + size], "{size} bytes at {at}");
    }
}

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
fn packed_pe_programs_come_back_with_calls_addresses_and_imports() {
    for (method, wide) in [(2, false), (5, false), (8, true), (9, true), (4, true)] {
        let (packed, original) = pe(method, wide);
        assert_eq!(
            detect(&packed, &[]).unwrap().version.as_deref(),
            Some("3.96")
        );
        let unpacked = unpack(&packed, LIMIT).unwrap();
        let differs = (0..original.len()).find(|i| unpacked.image.get(*i) != original.get(*i));
        assert_eq!(
            differs.map(|at| format!("{at:#x}")),
            None,
            "method {method}"
        );
        assert_eq!(unpacked.image.len(), original.len());
        assert!(unpacked.verified && unpacked.complete);
    }
}

#[test]
fn wiped_markers_and_names_do_not_hide_upx() {
    let wipe = |mut bytes: Vec<u8>, from: &[u8], to: &[u8]| {
        while let Some(at) = memchr::memmem::find(&bytes, from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
        bytes
    };
    let (packed, original) = pe(8, true);
    let packed = wipe(
        wipe(wipe(packed, b"UPX!", b"ABC!"), b"UPX0", b"text"),
        b"UPX1",
        b"data",
    );
    assert_eq!(detect(&packed, &[]).unwrap().name, "UPX");
    assert!(unpack(&packed, LIMIT).unwrap().image == original);

    // Without its marks the ELF stream is still found, but neither what follows the loaded parts nor the checksum of it.
    let (packed, original) = elf(PLAIN);
    let packed = wipe(packed, b"UPX!", b"ABC!");
    assert_eq!(detect(&packed, &[]).unwrap().name, "UPX");
    let unpacked = unpack(&packed, LIMIT).unwrap();
    assert!(!unpacked.complete && !unpacked.verified);
    assert!(unpacked.image[128..6596] == original[128..6596]);
    assert_eq!(
        unpacked.image[40..48],
        [0; 8],
        "the section table is not pointed at any more"
    );
    assert_eq!(unpacked.image.len(), 6596);
}

#[test]
fn text_about_upx_in_a_program_is_not_a_packer() {
    let (original, _) = encode::elf_original(PLAIN);
    for at in (176..3900).step_by(4) {
        let mut program = original.clone();
        program[at..at + 4].copy_from_slice(b"UPX!");
        program[at + 16..at + 24].copy_from_slice(b"$Id: UPX");
        assert_eq!(detect(&program, &program[4000..]), None, "text at {at}");
    }
    let mut program = pe(8, true).1;
    for at in (0x300..0x3f0).chain(0x1400..0x1500) {
        let kept = program[at..at + 4].to_vec();
        program[at..at + 4].copy_from_slice(b"UPX!");
        assert_eq!(detect(&program, &[]), None, "text at {at:#x}");
        program[at..at + 4].copy_from_slice(&kept);
    }
    assert_eq!(unpack(&original, LIMIT), Err(UnpackError::NotPacked));
    assert_eq!(unpack(b"", LIMIT), Err(UnpackError::NotPacked));
}

#[test]
fn other_packers_are_named_by_their_sections() {
    for (name, packer) in [
        (b".MPRESS1", "MPRESS"),
        (b".aspack\0", "ASPack"),
        (b".vmp0\0\0\0", "VMProtect"),
        (b".themida", "Themida"),
        (b".enigma1", "Enigma"),
        (b".petite\0", "Petite"),
        (b".UPX0\0\0\0", "UPX"),
    ] {
        let mut program = pe(8, true).1;
        let at = memchr::memmem::find(&program, b".data\0\0\0").unwrap();
        program[at..at + 8].copy_from_slice(name);
        assert_eq!(detect(&program, &[]).unwrap().to_string(), packer);
        let error = unpack(&program, LIMIT).unwrap_err();
        if packer != "UPX" {
            assert_eq!(
                error.to_string(),
                format!("unpacking {packer} is not supported")
            );
        }
    }
}

#[test]
fn a_shared_library_is_known_by_its_end() {
    // Nothing in the head: the stream starts behind the loader's tables.
    let (packed, _) = elf(Style {
        notes: 9000,
        ..PLAIN
    });
    assert_eq!(detect(&packed, &[]), None);
    let packer = detect(&packed, &packed[packed.len() - 2000..]).unwrap();
    assert_eq!(packer.to_string(), "UPX 9.87 (NRV2E_LE32)");
    assert_eq!(
        unpack(&packed, LIMIT).unwrap_err().to_string(),
        "a shared library packed by UPX is not supported"
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
            // Headers and records first, where lies are told; then anywhere.
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
        // A record that contradicts itself says nothing.
        bad[at + 31] ^= 1;
        assert!(!unpack(&bad, LIMIT).unwrap().verified);
    }
    // What was appended to the packed program does not hide the record.
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
    // Allowed by the limit, but not by the blocks: 4 GiB are claimed and nothing fills them.
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

    // A mapped image of 4 GiB from a few bytes, with checksums that agree.
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
