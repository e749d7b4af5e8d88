//! No packer is needed: the tests build streams and containers; one real packed program confirms the layout.

use super::{UnpackError, detect, glance, unpack};
use encode::{PLAIN, Style, elf, macho, pe};

mod damaged;
mod encode;
mod streams;

const LIMIT: u64 = 1 << 20;

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

/// The bytes of a lazy view of a packed file, read in pieces from the end to the start.
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
    // First the start of each part, then reads across their ends, then everything.
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

    // Without its marks the ELF stream is still found, but not what follows the loaded parts, nor its checksum.
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
    // The head shows nothing: the stream starts after the tables of the loader.
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
