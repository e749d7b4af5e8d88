//! Wrong sizes hide nothing: whatever the headers of an archive or layer state, the program is found or the entry is listed as not
//! examined, and `--strict` never accepts a wrong size.

use crate::support::cli::{Scratch, run};
use crate::support::pack::{self, Member::File};
use gospect::source::image::Digest;
use std::io::Write;
use std::sync::Arc;
use test_support::archives::{self, ar_stating, gzip, octal_of as octal, seal};

/// What is stated instead of the size.
const LIES: [(&str, u64); 5] = [
    ("zero", 0),
    ("too small", 100),
    ("too small by blocks", 1024),
    ("one too many", u64::MAX),
    ("far too large", 1 << 31),
];

/// What a lie states for `size` bytes.
fn stated(lie: u64, size: u64) -> u64 {
    if lie == u64::MAX { size + 1 } else { lie }
}

struct Case {
    name: String,
    bytes: Vec<u8>,
    /// Whether the size is wrong.
    is_wrong: bool,
}

/// The smallest program for this port.
fn program() -> Arc<Vec<u8>> {
    let all = crate::support::fixtures();
    let go = all.filter(|f| f.is_port("linux/amd64") && f.toolchain.is_some() && f.go_exit == 0);
    go.min_by_key(|f| f.size).unwrap().bytes()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Stored and expanded size, as one place of a zip states them.
#[derive(Clone, Copy)]
struct Sizes {
    packed: u64,
    size: u64,
}

/// How the sizes of a zip entry are written.
#[derive(Clone, Copy, PartialEq)]
enum Width {
    Narrow,
    /// In zip64 fields of headers and descriptor.
    Wide,
}

/// A zip with one entry and a small one after it. `local` is the sizes in its local header; with `None` there are none, and bit 3
/// says that a descriptor follows.
fn zip(
    body: &[u8],
    method: u16,
    width: Width,
    local: Option<Sizes>,
    central: Sizes,
    descriptor: Option<Sizes>,
) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(body);
    let crc = crc.sum().to_le_bytes();
    let data = match method {
        0 => body.to_vec(),
        _ => deflate(body),
    };
    let four = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    let extra = |s: Sizes| match width {
        Width::Narrow => Vec::new(),
        Width::Wide => [
            &[1, 0, 16, 0][..],
            &s.size.to_le_bytes(),
            &s.packed.to_le_bytes(),
        ]
        .concat(),
    };
    let narrow = |s: Sizes| match width {
        Width::Narrow => [four(s.packed), four(s.size)].concat(),
        Width::Wide => vec![0xff; 8],
    };
    let flags = u16::from(local.is_none()) << 3;
    let head = |crc: &[u8], s: Sizes, extra: &[u8]| {
        [
            &20u16.to_le_bytes()[..],
            &flags.to_le_bytes(),
            &method.to_le_bytes(),
            &[0; 4],
            crc,
            &narrow(s),
            &3u16.to_le_bytes(),
            &u16::try_from(extra.len()).unwrap().to_le_bytes(),
        ]
        .concat()
    };
    let nothing = Sizes { packed: 0, size: 0 };
    let in_local = extra(local.unwrap_or(nothing));
    let local_crc = if local.is_some() { crc } else { [0; 4] };
    let mut out = b"PK\x03\x04".to_vec();
    out.extend(head(&local_crc, local.unwrap_or(nothing), &in_local));
    out.extend(b"app");
    out.extend(&in_local);
    out.extend(&data);
    if let Some(s) = descriptor {
        out.extend(b"PK\x07\x08");
        out.extend(crc);
        match width {
            Width::Narrow => out.extend([four(s.packed), four(s.size)].concat()),
            Width::Wide => out.extend([s.packed.to_le_bytes(), s.size.to_le_bytes()].concat()),
        }
    }
    let at = out.len() as u64;
    let in_central = extra(central);
    let mut directory = b"PK\x01\x02\x14\x03".to_vec();
    directory.extend(head(&crc, central, &in_central));
    directory.extend([0; 6]);
    directory.extend((0o100_755u32 << 16).to_le_bytes());
    directory.extend([0; 4]);
    directory.extend(b"app");
    directory.extend(&in_central);
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    out.extend([four(directory.len() as u64), four(at)].concat());
    out.extend(b"\0\0");
    out
}

fn zips(program: &[u8], cases: &mut Vec<Case>) {
    for (method, what) in [(0, "stored"), (8, "deflated")] {
        for width in [Width::Narrow, Width::Wide] {
            let packed = match method {
                0 => program.len(),
                _ => deflate(program).len(),
            };
            let honest = Sizes {
                packed: packed as u64,
                size: program.len() as u64,
            };
            let wide = if width == Width::Wide { " zip64" } else { "" };
            let mut add = |name: String, local, central, descriptor, is_wrong| {
                cases.push(Case {
                    name: format!("{what}{wide} zip, {name}"),
                    bytes: zip(program, method, width, local, central, descriptor),
                    is_wrong,
                });
            };
            add("honest".into(), Some(honest), honest, None, false);
            add(
                "absent in the local header".into(),
                None,
                honest,
                Some(honest),
                false,
            );
            for (lie, n) in LIES {
                let size = Sizes {
                    size: stated(n, honest.size),
                    ..honest
                };
                let packed = Sizes {
                    packed: stated(n, honest.packed),
                    ..honest
                };
                let both = Sizes {
                    size: size.size,
                    packed: packed.packed,
                };
                for (of, lied) in [
                    ("size", size),
                    ("packed size", packed),
                    ("both sizes", both),
                ] {
                    add(
                        format!("{of} {lie} everywhere"),
                        Some(lied),
                        lied,
                        None,
                        true,
                    );
                    add(
                        format!("{of} {lie} in the directory"),
                        Some(honest),
                        lied,
                        None,
                        true,
                    );
                    add(
                        format!("{of} {lie} in the local header"),
                        Some(lied),
                        honest,
                        None,
                        true,
                    );
                    add(
                        format!("{of} {lie} in directory and descriptor"),
                        None,
                        lied,
                        Some(lied),
                        true,
                    );
                    add(
                        format!("{of} {lie} in the directory, descriptor honest"),
                        None,
                        lied,
                        Some(honest),
                        true,
                    );
                }
            }
        }
    }
}

fn header(name: &str, flag: u8, size: &[u8]) -> [u8; 512] {
    archives::tar_header(name.as_bytes(), flag, size, b"")
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    archives::pax(b'x', records)
}

/// Entries of a tar in which one size may be wrong, and whether it is.
fn tars(program: &[u8]) -> Vec<(String, Vec<u8>, bool)> {
    let size = program.len() as u64;
    let body = padded(program);
    let end = vec![0; 1024];
    let honest = header("app", b'0', &octal(size));
    let mut all = vec![
        (
            "honest".to_owned(),
            [&honest[..], &body, &end].concat(),
            false,
        ),
        (
            "without end".to_owned(),
            [&honest[..], &body].concat(),
            false,
        ),
        (
            "size absent".to_owned(),
            [&header("app", b'0', &[b' '; 12])[..], &body, &end].concat(),
            true,
        ),
        (
            "size in pax alone".to_owned(),
            [
                &pax(&[("size", &size.to_string())])[..],
                &header("app", b'0', &octal(0)),
                &body,
                &end,
            ]
            .concat(),
            true,
        ),
    ];
    for (lie, n) in LIES {
        let n = stated(n, size);
        // One byte more is taken from the padding or the end: for a reader it is part of the file.
        let is_wrong = n != size + 1;
        let lied = header("app", b'0', &octal(n));
        all.push((lie.to_owned(), [&lied[..], &body, &end].concat(), is_wrong));
        let numbers = [0x80, 0, 0, 0].into_iter().chain(n.to_be_bytes());
        let lied = header("app", b'0', &numbers.collect::<Vec<_>>());
        all.push((
            format!("{lie} in base 256"),
            [&lied[..], &body, &end].concat(),
            is_wrong,
        ));
        let extended = pax(&[("size", &n.to_string())]);
        all.push((
            format!("{lie} in pax"),
            [&extended[..], &honest, &body, &end].concat(),
            true,
        ));
        // Sparse files with one segment that covers the whole file.
        let map = padded(format!("1\n0\n{size}\n").as_bytes());
        let new = pax(&[
            ("GNU.sparse.major", "1"),
            ("GNU.sparse.minor", "0"),
            ("GNU.sparse.name", "app"),
            ("GNU.sparse.realsize", &n.to_string()),
        ]);
        let stored = header("app", b'0', &octal(size + map.len() as u64));
        all.push((
            format!("real size {lie} of a sparse file"),
            [&new[..], &stored, &map, &body, &end].concat(),
            n < size,
        ));
        let mut old = header("app", b'S', &octal(size));
        old[386..398].copy_from_slice(&octal(0));
        old[398..410].copy_from_slice(&octal(size));
        old[483..495].copy_from_slice(&octal(n));
        old[257..265].copy_from_slice(b"ustar  \0");
        seal(&mut old);
        all.push((
            format!("real size {lie} of an old sparse file"),
            [&old[..], &body, &end].concat(),
            n < size,
        ));
    }
    all
}

fn newc(name: &str, mode: u32, size: u64, body: &[u8]) -> Vec<u8> {
    archives::cpio_entry_stating(name, [1, mode, 1, size as u32], body)
}

fn odc(name: &str, mode: u32, size: u64, body: &[u8]) -> Vec<u8> {
    let mut out = b"070707".to_vec();
    for value in [1, 1, mode, 0, 0, 1, 0] {
        out.extend(format!("{value:06o}").bytes());
    }
    out.extend(format!("{:011o}{:06o}{size:011o}", 0, name.len() + 1).bytes());
    out.extend(name.bytes());
    out.push(0);
    out.extend(body);
    out
}

/// An RPM package with only a payload.
fn rpm(payload: &[u8]) -> Vec<u8> {
    let section = [0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut out = vec![0xed, 0xab, 0xee, 0xdb, 3, 0];
    out.resize(96, 0);
    [&out[..], &section, &section, payload].concat()
}

fn compressed(program: &[u8], cases: &mut Vec<Case>) {
    let mut add = |name: &str, bytes: Vec<u8>, is_wrong| {
        cases.push(Case {
            name: name.to_owned(),
            bytes,
            is_wrong,
        });
    };
    let mut gz = gzip(program);
    add("gzip, honest", gz.clone(), false);
    let end = gz.len() - 4;
    for (lie, n) in LIES {
        let n = stated(n, program.len() as u64) as u32;
        gz[end..].copy_from_slice(&n.to_le_bytes());
        add(&format!("gzip, size {lie} at the end"), gz.clone(), true);
    }
    add("gzip, size absent", gz[..end].to_vec(), true);

    // A frame of one segment, with its size in four bytes, made of raw blocks.
    let frame = |size: u64| {
        let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
        out.extend((size as u32).to_le_bytes());
        let mut pieces = program.chunks(100_000).peekable();
        while let Some(piece) = pieces.next() {
            let last = u32::from(pieces.peek().is_none());
            let head = (piece.len() as u32) << 3 | last;
            out.extend(&head.to_le_bytes()[..3]);
            out.extend(piece);
        }
        out
    };
    add("zstd, honest", frame(program.len() as u64), false);
    for (lie, n) in LIES {
        let n = stated(n, program.len() as u64);
        add(&format!("zstd, size {lie}"), frame(n), true);
    }

    let mut options = lzma_rust2::LzmaOptions::with_preset(0);
    options.dict_size = 1 << 20;
    let size = Some(program.len() as u64);
    let mut writer = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, size).unwrap();
    writer.write_all(program).unwrap();
    let lzma = writer.finish().unwrap();
    add("lzma, honest", lzma.clone(), false);
    for (lie, n) in LIES {
        let mut lied = lzma.clone();
        let n = stated(n, program.len() as u64);
        lied[5..13].copy_from_slice(&n.to_le_bytes());
        add(&format!("lzma, size {lie}"), lied, true);
    }

    let xz_options = lzma_rust2::XzOptions::with_preset(0);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), xz_options).unwrap();
    writer.write_all(program).unwrap();
    let xz = writer.finish().unwrap();
    add("xz, honest", xz.clone(), false);
    // The index is before the 12 bytes of the footer: another number in it is wrong.
    for at in [13, 16, 20] {
        let mut lied = xz.clone();
        let at = xz.len() - at;
        lied[at] ^= 1;
        add(&format!("xz, index changed at {at}"), lied, true);
    }
}

/// An OCI layout as a tar; `size` is the layer's size in the manifest, if any.
fn layout(layer: &[u8], size: Option<u64>) -> Vec<u8> {
    let mut blobs = Vec::new();
    let mut blob = |bytes: &[u8], size: Option<u64>| {
        let digest = Digest::of(bytes);
        blobs.push((format!("blobs/sha256/{}", digest.hex()), bytes.to_vec()));
        let size = size.map_or(String::new(), |size| format!(r#","size":{size}"#));
        format!(r#""digest":"{digest}"{size}"#)
    };
    let layer_at = blob(layer, size);
    let config = format!(
        r#"{{"os":"linux","architecture":"amd64","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        Digest::of(layer)
    );
    let config_at = blob(config.as_bytes(), Some(config.len() as u64));
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{config_at}}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar",{layer_at}}}]}}"#
    );
    let manifest_at = blob(manifest.as_bytes(), Some(manifest.len() as u64));
    let index = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.manifest.v1+json",{manifest_at}}}]}}"#
    );
    let mut members = vec![
        File("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#),
        File("index.json", index.as_bytes()),
    ];
    members.extend(blobs.iter().map(|(name, bytes)| File(name, bytes)));
    pack::tar(&members)
}

fn cases() -> Vec<Case> {
    let program = program();
    let size = program.len() as u64;
    let mut cases = Vec::new();
    let push = |cases: &mut Vec<Case>, name: String, bytes: Vec<u8>, is_wrong: bool| {
        cases.push(Case {
            name,
            bytes,
            is_wrong,
        });
    };
    zips(&program, &mut cases);
    for (name, bytes, is_wrong) in tars(&program) {
        push(&mut cases, format!("tar, {name}"), bytes.clone(), is_wrong);
        push(
            &mut cases,
            format!("layer, {name}"),
            layout(&bytes, Some(bytes.len() as u64)),
            is_wrong,
        );
        if name.contains("zero") || name == "honest" {
            push(
                &mut cases,
                format!("tar.gz, {name}"),
                gzip(&bytes),
                is_wrong,
            );
            let deb = ar_stating(&[
                ("debian-binary", 4, b"2.0\n"),
                ("data.tar", bytes.len() as u64, &bytes),
            ]);
            push(&mut cases, format!("deb, {name}"), deb, is_wrong);
        }
    }
    let data = gzip(&pack::tar(&[File("app", &program)]));
    let cpio = |entry: Vec<u8>, end: Vec<u8>| [entry, end].concat();
    let trailer = || newc("TRAILER!!!", 0, 0, b"");
    let odc_trailer = || odc("TRAILER!!!", 0, 0, b"");
    let layer = pack::tar(&[File("app", &program)]);
    push(
        &mut cases,
        "layer, manifest states nothing".into(),
        layout(&layer, None),
        false,
    );
    for (lie, n) in [("honest", size)].into_iter().chain(LIES) {
        let is_wrong = lie != "honest";
        let of = |size: u64| if is_wrong { stated(n, size) } else { size };
        let mut add = |what: &str, bytes: Vec<u8>, is_wrong: bool| {
            push(&mut cases, format!("{what}, size {lie}"), bytes, is_wrong);
        };
        let new = cpio(newc("app", 0o100_755, of(size), &program), trailer());
        let old = cpio(odc("app", 0o100_755, of(size), &program), odc_trailer());
        // The extra byte is taken from the padding, if there is any.
        let pads = of(size) == size + 1 && !size.is_multiple_of(4);
        add("cpio (newc)", new.clone(), is_wrong && !pads);
        add("rpm", rpm(&new), is_wrong && !pads);
        add("rpm, compressed,", rpm(&gzip(&new)), is_wrong && !pads);
        add("cpio (odc)", old, is_wrong);
        let deb = ar_stating(&[
            ("debian-binary", 4, b"2.0\n"),
            ("data.tar.gz", of(data.len() as u64), &data),
            ("_end", 0, b""),
        ]);
        let pads = of(data.len() as u64) == data.len() as u64 + 1 && !data.len().is_multiple_of(2);
        add("deb", deb, is_wrong && !pads);
        add(
            "layer, manifest",
            layout(&layer, Some(of(layer.len() as u64))),
            is_wrong,
        );
        add(
            "ar",
            ar_stating(&[("a.o/", 4, b"text"), ("app/", of(size), &program)]),
            is_wrong,
        );
    }
    compressed(&program, &mut cases);
    cases
}

#[test]
fn no_wrong_size_hides_a_program() {
    let scratch = Scratch::new();
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() > 300, "{}", cases.len());
    for (i, case) in cases.iter().enumerate() {
        let dir = format!("{i}");
        let file = scratch.put(&format!("{dir}/f"), &case.bytes);
        let file = file.to_str().unwrap();
        // Both as a named file and in a walk.
        for target in [file, scratch.path().join(&dir).to_str().unwrap()] {
            let out = run(&[
                "scan",
                "--facts",
                "build-info",
                "--format",
                "ndjson",
                "--strict",
                target,
            ]);
            let count = |kind: &str| out.stdout.matches(&format!(r#""type":"{kind}""#)).count();
            let (found, unexamined) = (count("binary"), count("unexamined"));
            let fine = match case.is_wrong {
                true => found + unexamined > 0 && out.code == Some(2),
                false => found > 0 && unexamined == 0 && out.code == Some(0),
            };
            if !fine {
                wrong.push(format!(
                    "{}: found {found}, unexamined {unexamined}, exit {:?} {}",
                    case.name, out.code, out.stderr
                ));
            }
            if !matches!(i % 8, 0) {
                break;
            }
        }
        std::fs::remove_dir_all(scratch.path().join(&dir)).unwrap();
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
