//! The cost of scanning image layers, compared with the unavoidable part: decompressing and digesting them.
//!
//! Prints processor time of one thread, not wall time: medians over interleaved rounds, and their ratio to that part. `cargo bench
//! --bench layers`; after `--`, a number sets the number of rounds and a directory names an OCI layout to measure instead.

mod support;

use gospect::go::Level;
use gospect::scan::{Event, Options, run};
use gospect::source::image::Digest;
use gospect::source::target::Target;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use support::{Noise, header, median, processor_time};
use test_support::fixtures;

/// Programs in each layer.
const PROGRAMS: &[&str] = &[
    "1.27-linux-amd64-plain",
    "1.27-linux-amd64-strip",
    "1.27-linux-amd64-pie",
    "1.27-linux-amd64-cgo",
    "1.27-linux-amd64-fips",
    "c-linux-amd64",
];

#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn pack(self, tar: &[u8]) -> Vec<u8> {
        match self {
            Self::Gzip => gzip(tar, 6),
            Self::Zstd => zstd::encode_all(tar, 3).unwrap(),
        }
    }
}

fn gzip(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A layer like that of a distribution's base image: some large files, many small texts, `docs` compressed ones, and programs.
fn layer(seed: u64, docs: usize) -> Vec<u8> {
    let mut noise = Noise(seed);
    let mut tar = Vec::new();
    let mut add = |name: String, body: &[u8]| {
        tar.extend(header(&name, body.len()));
        tar.extend(body);
        tar.resize(tar.len().next_multiple_of(512), 0);
    };
    for i in 0..3000 {
        let len = 200 + noise.below(12_000);
        add(format!("usr/share/text/{i}.txt"), &noise.text(len));
    }
    for i in 0..docs {
        let len = 1000 + noise.below(30_000);
        let packed = gzip(&noise.text(len), 9);
        add(format!("usr/share/doc/{i}/changelog.gz"), &packed);
    }
    for i in 0..20 {
        add(format!("usr/lib/data{i}"), &noise.text(600_000));
    }
    for id in PROGRAMS {
        add(format!("usr/bin/{id}"), &fixtures::fixture(id));
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// An OCI layout with these layers.
fn layout(dir: &Path, layers: &[Vec<u8>], packing: Packing) -> Vec<PathBuf> {
    let blobs = dir.join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let blob = |bytes: &[u8]| {
        let digest = Digest::of(bytes);
        let path = blobs.join(digest.hex());
        std::fs::write(&path, bytes).unwrap();
        (
            format!(r#""digest":"{digest}","size":{}"#, bytes.len()),
            path,
        )
    };
    let kind = packing.name();
    let (mut stored, mut paths, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for tar in layers {
        let (named, path) = blob(&packing.pack(tar));
        stored.push(format!(
            r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar+{kind}",{named}}}"#
        ));
        ids.push(format!("\"{}\"", Digest::of(tar)));
        paths.push(path);
    }
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","config":{{}},"rootfs":{{"type":"layers","diff_ids":[{}]}}}}"#,
        ids.join(",")
    );
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{}}},"layers":[{}]}}"#,
        blob(config.as_bytes()).0,
        stored.join(",")
    );
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json",{}}}]}}"#,
        blob(manifest.as_bytes()).0
    );
    std::fs::write(dir.join("index.json"), index).unwrap();
    std::fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    paths
}

/// The compression of a blob, by its first bytes.
fn packing_of(path: &Path) -> Option<Packing> {
    let mut magic = [0; 4];
    let mut blob = std::fs::File::open(path).unwrap();
    blob.read_exact(&mut magic).unwrap();
    match magic {
        [0x1f, 0x8b, ..] => Some(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd] => Some(Packing::Zstd),
        _ => None,
    }
}

/// Hashes the bytes read through it.
struct Digesting<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Read for Digesting<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.hasher.update(&out[..n]);
        Ok(n)
    }
}

/// The unavoidable part: decompresses and digests with the libraries that the scan uses.
fn floor(paths: &[PathBuf]) {
    let mut out = vec![0; 128 << 10];
    for path in paths {
        let mut blob = BufReader::with_capacity(
            128 << 10,
            Digesting {
                inner: std::fs::File::open(path).unwrap(),
                hasher: Sha256::new(),
            },
        );
        let mut tar: Box<dyn Read> = match packing_of(path).unwrap() {
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(&mut blob)),
            Packing::Zstd => Box::new(zstd::Decoder::with_buffer(&mut blob).unwrap()),
        };
        while tar.read(&mut out).unwrap() > 0 {
            black_box(&out);
        }
        drop(tar);
        black_box(blob.into_inner().hasher.finalize());
    }
}

fn scan(dir: &Path, level: Level, archives: bool) -> usize {
    let options = Options {
        level,
        archives,
        jobs: 1,
        ..Options::default()
    };
    let target = Target::OciDir(dir.to_path_buf(), None);
    let mut programs = 0;
    let outcome = run(
        &[(dir.display().to_string(), target)],
        &options,
        &mut |event| {
            programs += usize::from(matches!(event, Event::Program(_)));
            true
        },
    );
    assert!(!outcome.unwrap().failed);
    programs
}

/// Measures each variant in turn in every round, and prints the medians.
fn compare(what: &str, dir: &Path, paths: &[PathBuf]) {
    let variants: [(&str, &dyn Fn()); 4] = [
        ("decompress and digest", &|| floor(paths)),
        ("build info, archives", &|| {
            scan(dir, Level::BuildInfo, true);
        }),
        ("build info, no archives", &|| {
            scan(dir, Level::BuildInfo, false);
        }),
        ("full facts, archives", &|| {
            scan(dir, Level::Full, true);
        }),
    ];
    println!("{what}");
    let mut times = vec![Vec::new(); variants.len()];
    for _ in 0..support::rounds(7) {
        for (variant, times) in variants.iter().zip(&mut times) {
            times.push(processor_time(variant.1));
        }
    }
    let medians: Vec<_> = times.into_iter().map(median).collect();
    for (variant, time) in variants.iter().zip(&medians) {
        println!(
            "  {:<24} {:>8.1} ms  {:.2}x",
            variant.0,
            time * 1e3,
            time / medians[0]
        );
    }
}

/// The blobs of a layout that are compressed like layers.
fn layers_of(dir: &Path) -> Vec<PathBuf> {
    let blobs = std::fs::read_dir(dir.join("blobs/sha256")).unwrap();
    let paths = blobs.map(|blob| blob.unwrap().path());
    paths.filter(|path| packing_of(path).is_some()).collect()
}

fn main() {
    let layouts: Vec<PathBuf> = std::env::args()
        .skip(1)
        .map(PathBuf::from)
        .filter(|path| path.join("index.json").is_file())
        .collect();
    for dir in &layouts {
        compare(&dir.display().to_string(), dir, &layers_of(dir));
    }
    if !layouts.is_empty() {
        return;
    }
    for (what, docs) in [("base image", 300), ("full of small .gz", 3000)] {
        let layers: Vec<_> = (1..3).map(|seed| layer(seed, docs)).collect();
        let size: usize = layers.iter().map(Vec::len).sum();
        for packing in [Packing::Gzip, Packing::Zstd] {
            let dir = tempfile::tempdir().unwrap();
            let paths = layout(dir.path(), &layers, packing);
            let programs = scan(dir.path(), Level::BuildInfo, true);
            assert_eq!(programs, layers.len() * (PROGRAMS.len() - 1));
            let what = format!(
                "{what}, {} layers of {} MB, {}",
                layers.len(),
                size / 1_000_000,
                packing.name()
            );
            compare(&what, dir.path(), &paths);
        }
    }
}
