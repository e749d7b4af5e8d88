//! A layer says the same whether one thread reads it or two, and whether it is read or known.

use super::read::scan;
use super::{LayerScan, stored};
use crate::archive::Scope;
use crate::image::store::Blob;
use crate::image::testing::Programs;
use crate::image::{ImageOptions, LayerCounts};
use gospect_bytes::Limits;
use std::io::Write;
use test_support::archives::{Seed, gzip, tar, zstd};

/// A zstd frame with a window of `2^log` bytes and a checksum.
fn frame(text: &[u8], log: u32) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(log).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// All that a scan of the blob says.
fn said(blob: &[u8], is_spare: bool, limits: Limits) -> String {
    let (layer, expanded) = read(blob, is_spare, limits);
    format!("{} {expanded}", text(&layer))
}

/// A scan of the blob, and how many bytes it expanded to.
fn read(blob: &[u8], is_spare: bool, limits: Limits) -> (LayerScan<String>, u64) {
    let options = ImageOptions {
        limits,
        verify_diffid: true,
        ..ImageOptions::new("img")
    };
    let place = Blob {
        key: "layer".to_owned(),
        digest: None,
        size: None,
    };
    let scope = Scope::new(options.limits, options.budget.clone());
    let mut reader = blob;
    let layer = scan(
        &mut reader,
        (&place, is_spare),
        None,
        &scope,
        &options,
        &Programs,
    );
    let expanded = scope.expanded().min(limits.expanded);
    (layer, expanded)
}

fn text(layer: &LayerScan<String>) -> String {
    let programs = layer.found.iter().flat_map(|file| &file.programs);
    let programs: Vec<String> = programs
        .map(|p| {
            let path = p.place.entries.join(&b'!');
            format!("{}={}", String::from_utf8_lossy(&path), p.program.len())
        })
        .collect();
    let problems: Vec<String> = layer
        .problems
        .iter()
        .map(|p| format!("{:?} {} {}", p.entries, p.error, p.fatal))
        .collect();
    let mut names = String::new();
    layer.names.each(|name| names += &format!("{name:?} "));
    format!(
        "{programs:?} {problems:?} {:?} {:?} {} {} {names}",
        layer.digest, layer.diff_id, layer.size, layer.compressed,
    )
}

#[test]
fn two_threads_give_the_result_of_one() {
    let noise = Seed(4).bytes(700_000);
    let program = |len: usize| [b"EXE:", &noise[..len]].concat();
    let inner = gzip(&tar(&[("x", &program(90_000)), ("y", b"text")]));
    let zeros = vec![0; 20 << 20];
    let names = ["a", "b", "c", "d"];
    let bodies = [program(400_000), program(10), inner, program(250_001)];
    let mut entries: Vec<(&str, &[u8])> = names
        .iter()
        .zip(&bodies)
        .map(|(name, body)| (*name, &body[..]))
        .collect();
    let plain = tar(&entries);
    let whole = gzip(&plain);
    entries.insert(1, ("zeros", &zeros));
    let bomb = gzip(&tar(&entries));
    let (front, rest) = plain.split_at(300_007);
    let members = [gzip(front), gzip(b""), gzip(rest), b"trailer".to_vec()].concat();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 4;
    let mut blobs = vec![
        whole.clone(),
        bomb,
        members,
        flipped,
        zstd(&plain),
        plain.clone(),
    ];
    // Frames of which the second needs more memory than the first, and the third no more than both.
    let (middle, end) = rest.split_at(200_003);
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(b"")].concat();
    let frames = [frame(front, 17), skipped, frame(middle, 23), frame(end, 20)].concat();
    let mut flipped_frames = frames.clone();
    let middle = flipped_frames.len() / 2;
    flipped_frames[middle] ^= 4;
    for whole in [&whole, &frames] {
        let cuts = (0..whole.len()).step_by(90_001);
        blobs.extend(cuts.map(|cut| whole[..cut].to_vec()));
    }
    blobs.extend([frames, flipped_frames]);
    let mut all = Vec::new();
    for (number, blob) in blobs.iter().enumerate() {
        for (expanded, ratio, window) in [
            (u64::MAX, 1000, 128 << 20),
            (u64::MAX, 12, 128 << 20),
            (u64::MAX, 1000, 1 << 20),
            (1_000_000, 1000, 128 << 20),
            (400_000, 1000, 128 << 20),
            (130_000, 1000, 128 << 20),
            (0, 1000, 128 << 20),
        ] {
            let limits = Limits {
                expanded,
                ratio,
                window,
                ..Limits::default()
            };
            let [one, two] = [false, true].map(|spare| said(blob, spare, limits));
            assert_eq!(
                one, two,
                "blob {number}, {expanded} bytes, {ratio}, {window}"
            );
            all.push(one);
        }
    }
    let has = |text: &str| all.iter().any(|said| said.contains(text));
    for program in ["a=", "b=", "c!x=", "d="] {
        assert!(all[0].contains(program), "{}", all[0]);
    }
    for text in [
        "more than 12 times",
        "more than 400000 bytes",
        "too early",
        "gzip data is corrupt",
        "zstd data is corrupt",
        "needs a decompression window of 8388608 bytes",
    ] {
        assert!(has(text), "{text}: {all:#?}");
    }
}

#[test]
fn a_stored_layer_gives_the_same_and_a_mutated_one_is_survived() {
    let program = b"EXE:".repeat(9000);
    let broken = [b"EXE:broken".to_vec(), vec![b'x'; 20_000]].concat();
    let tar = tar(&[
        ("bin/app", &program),
        ("b\u{fffd}\n", &broken),
        ("text", b"text"),
    ]);
    let (layer, _) = read(&gzip(&tar), false, Limits::default());
    let counts = LayerCounts {
        files: 3,
        below_min_size: 1,
        not_go: 0,
        go_files: 1,
        bytes: 700,
    };
    let options = ImageOptions::new("img");
    let encode = |program: &String| Some(program.clone());
    let decode = |text: &str, name: usize| (name > 0).then(|| text.to_owned());
    let bytes = stored::write(&layer, &counts, &encode).unwrap();
    let (known, known_counts) = stored::read(&bytes, &options, &decode).unwrap();
    assert_eq!(text(&known), text(&layer));
    assert_eq!(known_counts, counts);
    // A result that a limit or an error of the system has shaped is not stored.
    let tight = Limits {
        expanded: 30_000,
        ..Limits::default()
    };
    let (cut, _) = read(&gzip(&tar), false, tight);
    assert!(stored::write(&cut, &counts, &encode).is_none());
    for end in (0..bytes.len()).step_by(7) {
        let _ = stored::read(&bytes[..end], &options, &decode).map(|(known, _)| text(&known));
    }
    let mut seed = Seed(9);
    for _ in 0..3000 {
        let mut bytes = bytes.clone();
        for _ in 0..1 + seed.next() % 3 {
            let at = (seed.next() % bytes.len() as u64) as usize;
            bytes[at] = seed.next() as u8;
        }
        if let Some((known, _)) = stored::read(&bytes, &options, &decode) {
            let _ = text(&known);
            let _ = known.loose(b"layer");
            let _ = known.kept.open(0).is_some();
        }
    }
}
