use super::{Checksum, Info, MAGIC, checksum, linked, sum_of};
use crate::tables::Tables;
use crate::testing::File;
use gospect_bytes::{Limits, ReadAt, Window};
use gospect_exe as exe;
use gospect_record::Fips;

/// File offsets in the test files.
const TABLE: usize = 0x200;
const INFO: usize = 0x1110;
/// Start and length of the regions. The number of a region determines its content.
const REGIONS: [(usize, usize); 4] = [(0x800, 300), (0xa00, 40), (0x1300, 1), (0x1400, 7)];
/// HMAC-SHA256 of the regions, computed with another implementation.
const SUM: &str = "51448eb1744c69fce1a29106fc82cfeebd5cd8f7de6b276218bf7a0de7d95f59";

/// A program loaded at `base` whose function table has these names: a read-only segment, then a writable one.
fn program(names: &[&str], base: u64) -> Vec<u8> {
    let mut out = vec![0u8; 0x2000];
    let mut put = |at: usize, bytes: &[u8]| out[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &[2, 0, 62, 0, 1]);
    put(32, &64u64.to_le_bytes());
    put(52, &[64, 0, 56, 0, 2, 0, 64]);
    for (i, flags) in [4u32, 6].into_iter().enumerate() {
        let at = 64 + 56 * i;
        let offset = 0x1000 * i as u64;
        put(at, &1u32.to_le_bytes());
        put(at + 4, &flags.to_le_bytes());
        for (j, value) in [offset, base + offset, 0, 0x1000, 0x1000]
            .into_iter()
            .enumerate()
        {
            put(at + 8 + 8 * j, &value.to_le_bytes());
        }
    }
    let (start, length) = REGIONS[0];
    let marks = [
        ("go:textfipsstart", start),
        ("go:textfipsend", start + length),
    ];
    let all_names = names.iter().copied().chain(marks.map(|(name, _)| name));
    let text: Vec<u8> = all_names
        .flat_map(|n| [n.as_bytes(), &[0]].concat())
        .collect();
    // Functions, files, start of text; then names, units, files, pc tables, functions.
    let end = (0x48 + text.len() as u64).next_multiple_of(4);
    put(TABLE, &[0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]);
    for (i, value) in [2, 0, base, 0x48, end, end, end, end]
        .into_iter()
        .enumerate()
    {
        put(TABLE + 8 + 8 * i, &u64::to_le_bytes(value));
    }
    put(TABLE + 0x48, &text);
    // The entries of both marks, the end of the last function, and a structure for each: address and name.
    let functions = TABLE + end as usize;
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    for (i, (name, address)) in marks.into_iter().enumerate() {
        let structure = 20 + 8 * i;
        let at = memchr::memmem::find(&text, name.as_bytes()).unwrap();
        put(functions + 8 * i, &number(address));
        put(functions + 8 * i + 4, &number(structure));
        put(functions + structure, &number(address));
        put(functions + structure + 4, &number(at));
    }
    put(functions + 16, &number(start + length + 1));
    put(INFO, MAGIC);
    let sum: Vec<u8> = (0..32)
        .map(|i| u8::from_str_radix(&SUM[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    put(INFO + 16, &sum);
    put(INFO + 48, &(base + INFO as u64).to_le_bytes());
    for (i, (start, len)) in REGIONS.into_iter().enumerate() {
        for (j, at) in [start, start + len].into_iter().enumerate() {
            put(
                INFO + 56 + 16 * i + 8 * j,
                &(base + at as u64).to_le_bytes(),
            );
        }
        let bytes: Vec<u8> = (0..len).map(|k| (k * 7 + i) as u8).collect();
        put(start, &bytes);
    }
    out
}

fn check(bytes: &[u8]) -> Checksum {
    let file = File(bytes.to_vec());
    let of = |reader: &dyn ReadAt| {
        let window = Window::new(reader, u64::MAX);
        checksum(&exe::open(&window).unwrap())
    };
    let read = of(&file);
    assert_eq!(read, of(&file.0), "the same from a file and from memory");
    read
}

fn facts(names: &[&str], setting: Option<&str>, godebug: Option<&str>) -> Option<Fips> {
    let bytes = program(names, 0x40_0000);
    let window = Window::new(&bytes, u64::MAX);
    let image = exe::open(&window).unwrap();
    facts_of(&image, setting, godebug)
}

fn facts_of(image: &exe::Image<'_>, asked: Option<&str>, godebug: Option<&str>) -> Option<Fips> {
    linked(&Tables::new(image, Limits::default()), asked, godebug)
}

const PLAIN: &[&str] = &[
    "main.main",
    "crypto/internal/fips140.fatal",
    "crypto/internal/fips140/sha256.New",
];
const FROZEN: &[&str] = &[
    "crypto/internal/fips140.fatal",
    "crypto/internal/fips140/v1%2e0%2e0-c2097c7c.CAST",
    "crypto/internal/fips140/v1.0.0-c2097c7c/sha256.New",
    "crypto/internal/fips140deps/godebug.Value",
];

fn row(fips: &Fips) -> [Option<&str>; 4] {
    [
        fips.module.as_deref(),
        fips.mode.as_deref(),
        fips.crypto.as_deref(),
        fips.checksum.as_deref(),
    ]
}

#[test]
fn one_flipped_byte_in_any_region_breaks_the_checksum() {
    let whole = program(PLAIN, 0x40_0000);
    assert_eq!(check(&whole), Checksum::Valid);
    for (start, len) in REGIONS {
        for at in (start..start + len).step_by(13) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            assert_eq!(check(&bytes), Checksum::Invalid, "{at:#x}");
        }
    }
    let mut other = whole.clone();
    other[REGIONS[1].0 + REGIONS[1].1] ^= 1;
    assert_eq!(check(&other), Checksum::Valid, "a byte behind a region");
    let mut sum = whole;
    sum[INFO + 20] ^= 1;
    assert_eq!(check(&sum), Checksum::Invalid);
}

#[test]
fn lengths_are_part_of_the_checksum() {
    // Moves the last byte of the first region out of all regions.
    let mut bytes = program(PLAIN, 0x40_0000);
    bytes[INFO + 64] -= 1;
    assert_eq!(check(&bytes), Checksum::Invalid);
}

/// The right checksum of anything says nothing of the module.
#[test]
fn ranges_that_are_not_those_of_the_module_are_invalid() {
    let whole = program(PLAIN, 0x40_0000);
    let word = |bytes: &mut Vec<u8>, i: usize, value: usize| {
        let value = 0x40_0000 + value as u64;
        bytes[INFO + 56 + 8 * i..INFO + 64 + 8 * i].copy_from_slice(&value.to_le_bytes());
    };
    let [text, constants, ..] = REGIONS;
    type Edits<'e> = &'e [(usize, usize)];
    let rows: &[(Edits<'_>, &str)] = &[
        (&[(7, REGIONS[3].0)], "is empty"),
        (&[(1, text.0 + 16)], "in the function table"),
        (&[(0, text.0 + 16)], "in the function table"),
        (&[(2, text.0), (3, text.0 + 8)], "overlaps"),
        (
            &[(4, constants.0 + 100), (5, constants.0 + 101)],
            "not among the variables",
        ),
    ];
    for (edits, wanted) in rows {
        let mut bytes = whole.clone();
        for (i, value) in *edits {
            word(&mut bytes, *i, *value);
        }
        let window = Window::new(&bytes, u64::MAX);
        let image = exe::open(&window).unwrap();
        let sum = sum_of(&image, &Info::find(&image).unwrap()).unwrap();
        bytes[INFO + 16..INFO + 48].copy_from_slice(&sum);
        assert_eq!(check(&bytes), Checksum::Valid);
        let window = Window::new(&bytes, u64::MAX);
        let image = exe::open(&window).unwrap();
        let fips = facts_of(&image, None, None).unwrap();
        assert_eq!(row(&fips)[3], Some("invalid"), "{wanted}");
        assert!(fips.checksum_fault.unwrap().contains(wanted), "{wanted}");
    }
}

#[test]
fn a_magic_that_does_not_point_at_itself_is_skipped() {
    let mut bytes = program(PLAIN, 0x40_0000);
    bytes.copy_within(INFO..INFO + 128, 0x1080);
    assert_eq!(check(&bytes), Checksum::Valid, "the copy comes first");
    bytes[INFO + 48] ^= 0x10;
    assert!(matches!(check(&bytes), Checksum::Unverifiable));
}

#[test]
fn missing_or_impossible_ranges_cannot_be_verified() {
    let whole = program(PLAIN, 0x40_0000);
    let mut empty = whole.clone();
    empty[INFO + 16..INFO + 48].fill(0);
    let mut huge = whole.clone();
    huge[INFO + 68] = 0xff;
    let mut outside = whole.clone();
    outside[INFO + 114] = 0x7f;
    for bytes in [&empty, &huge, &outside, &whole[..0x1402].to_vec()] {
        assert!(matches!(check(bytes), Checksum::Unverifiable));
    }
}

#[test]
fn modules_modes_and_providers() {
    type Row<'a> = (
        &'a [&'a str],
        Option<&'a str>,
        Option<&'a str>,
        [Option<&'a str>; 4],
    );
    let frozen = Some("v1.0.0-c2097c7c");
    let (latest, go, valid) = (Some("latest"), Some("go"), Some("valid"));
    let boring = &["crypto/internal/boring._Cfunc__goboringcrypto_gosha256"][..];
    let cng = &[
        "crypto/internal/boring/sig.BoringCrypto",
        "vendor/github.com/microsoft/go-crypto-winnative/cng.newHash",
        "crypto/internal/fips140/sha256.New",
    ][..];
    let openssl = &["vendor/github.com/golang-fips/openssl/v2._Cfunc_go_openssl_init"][..];
    let rows: &[Row<'_>] = &[
        (PLAIN, None, None, [latest, Some("off"), go, valid]),
        (PLAIN, None, Some(""), [latest, Some("off"), go, valid]),
        (
            PLAIN,
            Some("latest"),
            Some("on"),
            [latest, Some("on"), go, valid],
        ),
        (PLAIN, None, Some("debug"), [latest, Some("on"), go, valid]),
        (PLAIN, None, Some("bogus"), [latest, None, go, valid]),
        (
            FROZEN,
            Some("v1.0.0-c2097c7c"),
            Some("only"),
            [frozen, Some("only"), go, valid],
        ),
        // The linked module counts, not the recorded one.
        (
            FROZEN,
            Some("latest"),
            None,
            [frozen, Some("off"), go, valid],
        ),
        (
            &["main.main"],
            Some("v1.26.0"),
            Some("on"),
            [Some("v1.26.0"), Some("on"), None, None],
        ),
        (boring, None, None, [None, None, Some("boringcrypto"), None]),
        (cng, None, None, [latest, None, Some("cng"), valid]),
        (
            openssl,
            None,
            Some("on"),
            [None, Some("on"), Some("openssl"), None],
        ),
    ];
    for (names, setting, godebug, want) in rows {
        let got = facts(names, *setting, *godebug).unwrap();
        assert_eq!(row(&got), *want, "{names:?} {setting:?} {godebug:?}");
    }
}

#[test]
fn without_names_the_size_of_the_regions_decides() {
    // The regions of these tests are too small for a module; regions of megabytes are one.
    let mut bytes = program(PLAIN, 0x40_0000);
    bytes[TABLE] = 0;
    let look = |bytes: &Vec<u8>| {
        let window = Window::new(bytes, u64::MAX);
        let image = exe::open(&window).unwrap();
        facts_of(&image, None, None)
    };
    assert_eq!(look(&bytes), None);
    bytes[INFO + 56..INFO + 64].copy_from_slice(&0u64.to_le_bytes());
    bytes[INFO + 64..INFO + 72].copy_from_slice(&0x40_0800u64.to_le_bytes());
    assert_eq!(
        row(&look(&bytes).unwrap()),
        [None, Some("off"), Some("go"), Some("unverifiable")]
    );
    // Sizes whose sum overflows.
    bytes[INFO + 72..INFO + 80].copy_from_slice(&0u64.to_le_bytes());
    bytes[INFO + 80..INFO + 88].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(
        row(&look(&bytes).unwrap()),
        [None, Some("off"), Some("go"), Some("unverifiable")]
    );
}

#[test]
fn programs_without_cryptography_have_no_facts() {
    let others = [
        "main.main",
        "crypto/internal/boring.NewSHA256",
        "crypto/internal/boring/sig.StandardCrypto",
        "crypto/internal/fips140deps/cpu.init",
        "github.com/golang-fips/openssl-tools.Run",
    ];
    assert_eq!(facts(&others, None, Some("on")), None);
    assert_eq!(facts(&others, Some("off"), None), None);
}

#[test]
fn cut_and_flipped_programs_end_in_an_answer() {
    let whole = program(FROZEN, 0x40_0000);
    let look = |bytes: &[u8]| {
        let bytes = bytes.to_vec();
        let window = Window::new(&bytes, u64::MAX);
        let image = exe::open(&window).ok()?;
        facts_of(&image, None, None)?.checksum
    };
    for end in (0..whole.len()).step_by(5) {
        // Bytes after the regions do not matter.
        assert!(
            look(&whole[..end]).is_none_or(|c| c != Checksum::Valid || end >= 0x1407),
            "{end:#x}"
        );
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        seed = seed
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        usize::try_from(seed >> 33).unwrap() % below
    };
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        // The structure, the headers, the table's magic.
        for (start, len) in [(INFO + 48, 72), (64, 112), (TABLE, 8)] {
            if next(2) == 0 {
                bytes[start + next(len)] = [0, 0xff, 0x80, 0x40][next(4)];
            }
        }
        let answer = look(&bytes);
        assert!(answer.is_none_or(|word| word.known().is_some()));
    }
}
