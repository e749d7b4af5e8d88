//! Benches of reading one program, for each kind of file, and of parts of that work: the record's text, the search for a table,
//! the list of files.
//!
//! `cargo bench --bench readers`; a word after `--` selects benches by name.

use divan::{Bencher, black_box, counter::BytesCount};
use gospect::bytes::{Limits, Window};
use gospect::exe::{self, packed};
use gospect::go::calls::capabilities;
use gospect::go::calls::decode::{Code, decoder};
use gospect::go::tables::pclntab::Pclntab;
use gospect::go::written::modinfo::ModInfo;
use gospect::go::{Level, Options, inspect, programs};
use std::fmt::Write;
use std::ops::ControlFlow;
use test_support::fixtures;

fn main() {
    divan::main();
}

/// One program of each kind of file.
const KINDS: &[&str] = &[
    "1.27-linux-amd64-plain",
    "1.27-linux-amd64-strip",
    "1.27-linux-amd64-pie",
    "1.27-windows-amd64-strip",
    "1.27-darwin-arm64-w",
    "1.27-aix-ppc64-strip",
    "1.27-plan9-amd64-strip",
    "1.27-wasip1-wasm-strip",
];

fn read(bencher: Bencher<'_, '_>, id: &str, level: Level) {
    let file = fixtures::fixture(id);
    let options = Options {
        level,
        ..Options::default()
    };
    bencher.bench(|| {
        let found = inspect(black_box(&*file), &options).unwrap().found;
        assert_eq!(found.len(), 1);
        found
    });
}

#[divan::bench(args = KINDS)]
fn build_info(bencher: Bencher<'_, '_>, id: &str) {
    read(bencher, id, Level::BuildInfo);
}

#[divan::bench(args = KINDS)]
fn full_facts(bencher: Bencher<'_, '_>, id: &str) {
    read(bencher, id, Level::Full);
}

/// A universal file of two slices.
#[divan::bench]
fn build_info_universal(bencher: Bencher<'_, '_>) {
    let slices = ["1.27-darwin-amd64-strip", "1.27-darwin-arm64-w"].map(fixtures::fixture);
    let mut file = Vec::new();
    let mut word = |n: u32| file.extend(n.to_be_bytes());
    let starts = [
        0x4000_u32,
        0x4000 + (slices[0].len() as u32).next_multiple_of(0x4000),
    ];
    word(0xcafe_babe);
    word(2);
    for ((cpu, start), slice) in [0x0100_0007_u32, 0x0100_000c]
        .into_iter()
        .zip(starts)
        .zip(&slices)
    {
        for n in [cpu, 0, start, slice.len() as u32, 14] {
            word(n);
        }
    }
    for (start, slice) in starts.into_iter().zip(&slices) {
        file.resize(start as usize, 0);
        file.extend_from_slice(slice);
    }
    let options = Options {
        level: Level::BuildInfo,
        ..Options::default()
    };
    bencher.bench(|| {
        let found = inspect(black_box(&file), &options).unwrap().found;
        assert_eq!(found.len(), 2);
        found
    });
}

/// A real packed program, read for its record and in full.
const PACKED: &[u8] = include_bytes!("../testdata/packed/upx-5.21-lzma-arm");

#[divan::bench]
fn packed_glance(bencher: Bencher<'_, '_>) {
    let mut head = vec![0; 8192];
    bencher.bench_local(|| {
        let (reader, _) = packed::glance(black_box(PACKED), 8 << 20).unwrap();
        reader.read_at(&mut head, 0).unwrap()
    });
}

#[divan::bench]
fn packed_whole(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::new(1_363_236_u32))
        .bench(|| packed::unpack(black_box(PACKED), 8 << 20).unwrap());
}

/// Module text of a program with this many dependencies.
#[divan::bench(args = [10, 100, 1000])]
fn modinfo(bencher: Bencher<'_, '_>, modules: usize) {
    let mut text = String::from("path\texample.com/app\nmod\texample.com/app\tv1.2.3\t\n");
    for i in 0..modules {
        let sum = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let _ = writeln!(
            text,
            "dep\texample.com/dependency/number{i}\tv1.{i}.0\t{sum}"
        );
    }
    text.push_str("build\t-compiler=gc\nbuild\t-ldflags=\"-s -w -X 'main.version=1.2.3'\"\n");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| ModInfo::parse(black_box(text.as_bytes())).to_record("go1.27.3"));
}

/// The search for a function table that no section names, through this many MiB of other data.
#[divan::bench(args = [1, 16, 64])]
fn table_scan(bencher: Bencher<'_, '_>, mebibytes: usize) {
    let elf = elf_of(mebibytes << 20);
    bencher.counter(BytesCount::of_slice(&elf)).bench(|| {
        let window = Window::new(black_box(&elf), Limits::default().executable);
        let image = exe::open(&window).unwrap();
        assert!(Pclntab::find(&image).is_none());
    });
}

/// The smallest ELF program with one read-only segment of `size` bytes without a table.
fn elf_of(size: usize) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend([2, 0, 62, 0, 1, 0, 0, 0]);
    for n in [0x40_0000_u64, 64, 0] {
        file.extend(n.to_le_bytes());
    }
    file.extend([0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    file.extend([1, 0, 0, 0, 4, 0, 0, 0]);
    for n in [
        0,
        0x40_0000,
        0x40_0000,
        120 + size as u64,
        120 + size as u64,
        4096,
    ] {
        file.extend(n.to_le_bytes());
    }
    let mut state = 7_u64;
    file.resize_with(120 + size, || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 40) as u8
    });
    file
}

#[divan::bench]
fn source_files(bencher: Bencher<'_, '_>) {
    let file = fixtures::fixture("1.27-linux-amd64-strip");
    let window = Window::new(&*file, Limits::default().executable);
    let image = exe::open(&window).unwrap();
    let table = Pclntab::find(&image).unwrap();
    bencher.bench_local(|| {
        let mut files = 0;
        table.source_files::<()>(&image, &mut |name| {
            files += usize::from(!black_box(name).is_empty());
            ControlFlow::Continue(())
        });
        assert!(files > 50);
    });
}

/// What the packages of a program can do: the whole graph of its calls, and the search in it.
#[divan::bench]
fn capabilities(bencher: Bencher<'_, '_>) {
    let file = fixtures::fixture("1.27-linux-amd64-starting");
    let file: &[u8] = &file;
    bencher.bench_local(|| {
        programs(&black_box(file), Limits::default(), &mut |_, tables| {
            assert!(capabilities::read(tables, Some(27)).is_ok());
        })
        .unwrap();
    });
}

/// The code of programs, decoded for the functions and addresses that it refers to.
#[divan::bench(args = ["1.27-linux-amd64-starting", "1.27-linux-arm64-starting"])]
fn decode(bencher: Bencher<'_, '_>, id: &str) {
    let file = fixtures::fixture(id);
    let window = Window::new(&*file, Limits::default().executable);
    let image = exe::open(&window).unwrap();
    let segment = image.segments.iter().find(|s| s.executable).unwrap();
    let bytes = image.bytes(segment.address, segment.size).unwrap();
    let decoder = image.arch.and_then(decoder).unwrap();
    bencher
        .counter(BytesCount::of_slice(bytes))
        .bench_local(|| {
            let code = Code {
                bytes: black_box(bytes),
                start: segment.address,
                big_endian: image.big_endian,
                toc: None,
                imported: 0,
            };
            let mut references = 0;
            decoder(code, &mut |_, _| references += 1);
            assert!(references > 1000);
        });
}
