//! Benches of work on many things: a tree, archives, a policy over 10 000 records, and each output format of them.
//!
//! `cargo bench --bench bulk`; a word after `--` selects benches by name.

mod support;

use divan::{Bencher, black_box, counter::ItemsCount};
use gospect::audit::{Auditor, Date, Policy};
use gospect::go::Level;
use gospect::record::{Binary, Line};
use gospect::report::findings;
use gospect::report::format::{self, Writer};
use gospect::report::style::Look;
use gospect::scan::{Event, Options, run};
use gospect::source::target::Target;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;
use test_support::fixtures;

const RECORDS: usize = 10_000;

fn main() {
    divan::main();
}

fn scan(path: &Path, options: &Options) -> (u64, Vec<Binary>) {
    let mut found = Vec::new();
    let named = [(path.display().to_string(), Target::Path(path.into()))];
    let outcome = run(&named, options, &mut |event| {
        if let Event::Program(program) = event {
            found.push(*program.into_record());
        }
        true
    });
    (outcome.unwrap().end.reach.files, found)
}

fn record_only() -> Options {
    Options {
        level: Level::BuildInfo,
        ..Options::default()
    }
}

/// A typical system tree: nearly all files are small, one in a thousand is a Go program.
static TREE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = tempfile::tempdir().unwrap();
    let program = fixtures::fixture("1.27-linux-amd64-strip");
    let mut noise = support::Noise(5);
    for i in 0..10_000 {
        let dir = root.path().join(format!("{}/{}", i % 23, i % 101));
        std::fs::create_dir_all(&dir).unwrap();
        let content = match i {
            _ if i % 1000 == 0 => program.to_vec(),
            _ if i % 20 == 0 => noise.text(20_000),
            _ => noise.text(500),
        };
        std::fs::write(dir.join(i.to_string()), content).unwrap();
    }
    root
});

#[divan::bench]
fn tree(bencher: Bencher<'_, '_>) {
    let root = TREE.path();
    bencher.counter(ItemsCount::new(10_000_u32)).bench(|| {
        let (files, found) = scan(black_box(root), &record_only());
        assert_eq!((files, found.len()), (10_000, 10));
    });
}

/// Scans programs in an archive of this kind.
#[divan::bench(args = ["tar", "tar.gz", "tar.zst"])]
fn archive(bencher: Bencher<'_, '_>, kind: &str) {
    let mut tar = Vec::new();
    for id in [
        "1.27-linux-amd64-plain",
        "1.27-linux-amd64-strip",
        "c-linux-amd64",
    ] {
        let file = fixtures::fixture(id);
        tar.extend(support::header(id, file.len()));
        tar.extend_from_slice(&file);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    let packed = match kind {
        "tar.gz" => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            gz.write_all(&tar).unwrap();
            gz.finish().unwrap()
        }
        "tar.zst" => zstd::encode_all(&tar[..], 3).unwrap(),
        _ => tar,
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(kind);
    std::fs::write(&path, packed).unwrap();
    bencher.bench(|| assert_eq!(scan(black_box(&path), &record_only()).1.len(), 2));
}

/// The full facts of the stored programs, repeated under other names.
static BINARIES: LazyLock<Vec<Binary>> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    for fixture in fixtures::fixtures().take(60) {
        std::fs::write(dir.path().join(&fixture.id), &*fixture.bytes()).unwrap();
    }
    let (_, found) = scan(dir.path(), &Options::default());
    let named = found.iter().cycle().take(RECORDS).enumerate();
    named
        .map(|(i, binary)| Binary {
            path: format!("release/{i}/{}", binary.path),
            ..binary.clone()
        })
        .collect()
});

/// The lines of a scan of [`BINARIES`].
fn lines() -> Vec<Line> {
    let end = Line::End(gospect::record::End::default());
    let binaries = BINARIES.iter().cloned();
    binaries
        .map(|b| Line::Binary(Box::new(b)))
        .chain([end])
        .collect()
}

fn judged(policy: &Policy) -> gospect::audit::Audit {
    let mut auditor = Auditor::new(policy, Date::parse("2026-11-24").unwrap());
    BINARIES.iter().for_each(|b| auditor.binary(b));
    auditor.finish()
}

#[divan::bench(sample_count = 10)]
fn policy(bencher: Bencher<'_, '_>) {
    let policy = Policy::built_in();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .bench_local(|| black_box(judged(&policy)));
}

#[divan::bench(sample_count = 10, args = format::SCAN.iter().map(|f| f.name))]
fn records_as(bencher: Bencher<'_, '_>, name: &str) {
    let format = format::find(name).unwrap();
    let options = format::Options {
        look: Look::PLAIN,
        support: Default::default(),
        memory: 1 << 30,
    };
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(lines)
        .bench_local_values(|lines| {
            let mut out = std::io::sink();
            let mut writer = Writer::new(format, options.clone(), &mut out);
            lines
                .into_iter()
                .for_each(|line| writer.line(line).unwrap());
        });
}

#[divan::bench(sample_count = 10, args = findings::FORMATS.iter().map(|f| f.name))]
fn findings_as(bencher: Bencher<'_, '_>, name: &str) {
    static AUDIT: LazyLock<gospect::audit::Audit> = LazyLock::new(|| judged(&Policy::built_in()));
    let format = findings::format(name).unwrap();
    bencher
        .counter(ItemsCount::new(AUDIT.findings.len()))
        .bench_local(|| {
            (format.render)(&AUDIT, &findings::Options::default(), &mut std::io::sink()).unwrap();
        });
}
