//! Valid zips in unusual forms, and zips that contradict themselves.

use super::*;
use gospect_bytes::{Budget, Limits};
use test_support::archives::*;

fn list(bytes: &[u8]) -> (Vec<String>, Result<(), ArchiveError>) {
    let scope = Scope::new(Limits::default(), Budget::default());
    let mut out = Vec::new();
    let result = read(&bytes.to_vec(), &scope, &mut |entry, content| {
        let mut body = Vec::new();
        let read = content.and_then(|c| {
            let n = c.read_to_end(&mut body)?;
            c.contradiction().map_or(Ok(n), Err)
        });
        let result = match read {
            Ok(n) => format!("{n}"),
            Err(e) => e.to_string(),
        };
        out.push(format!("{} {result}", String::from_utf8_lossy(&entry.name)));
        Ok(Flow::Continue)
    });
    (out, result)
}

fn two() -> Vec<ZipEntry> {
    vec![
        ZipEntry::deflated("a", &[b'a'; 5000]),
        ZipEntry::deflated("b", &[b'b'; 6000]),
    ]
}

#[test]
fn comments_prefixes_and_signatures_inside_do_not_confuse() {
    let plain = zip(&two());
    let mut commented = plain.clone();
    let at = commented.len() - 2;
    commented[at..].copy_from_slice(&30u16.to_le_bytes());
    commented.extend_from_slice(b"PK\x05\x06 a comment that is wily");
    commented.resize(plain.len() + 30, b'.');
    let prefixed = [&b"#!/bin/sh\nexec java -jar \"$0\"\n"[..], &plain].concat();
    let trailing = [&plain[..], b"\n\n"].concat();
    for (what, bytes) in [
        ("plain", plain),
        ("comment", commented),
        ("prefix", prefixed),
        ("trailing", trailing),
    ] {
        let (entries, result) = list(&bytes);
        assert_eq!(
            (entries, result),
            (vec!["a 5000".to_owned(), "b 6000".to_owned()], Ok(())),
            "{what}"
        );
    }
    assert_eq!(list(&zip(&[])), (Vec::new(), Ok(())));
}

#[test]
fn zip64_records_are_followed() {
    let entries = two();
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for e in &entries {
        let mut record = zip_central(e, u32::MAX);
        record[20..28].fill(0xff);
        let extra: Vec<u8> = [
            &1u16.to_le_bytes()[..],
            &24u16.to_le_bytes(),
            &u64::from(e.size).to_le_bytes(),
            &(e.packed.len() as u64).to_le_bytes(),
            &(out.len() as u64).to_le_bytes(),
        ]
        .concat();
        record[30..32].copy_from_slice(&(extra.len() as u16).to_le_bytes());
        record.extend(extra);
        central.extend(record);
        out.extend(zip_local(e));
    }
    let at = out.len() as u64;
    out.extend_from_slice(&central);
    let end64 = out.len() as u64;
    out.extend_from_slice(b"PK\x06\x06");
    out.extend_from_slice(&44u64.to_le_bytes());
    out.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for v in [2, 2, central.len() as u64, at] {
        out.extend_from_slice(&v.to_le_bytes());
    }
    out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    out.extend_from_slice(&end64.to_le_bytes());
    out.extend_from_slice(&[1, 0, 0, 0]);
    out.extend(zip_end(0xffff, u32::MAX, u32::MAX));
    assert_eq!(
        list(&out),
        (vec!["a 5000".to_owned(), "b 6000".to_owned()], Ok(()))
    );
}

#[test]
fn every_contradiction_is_one_line_and_the_next_entry_is_read() {
    let lie = |change: &dyn Fn(&mut ZipEntry)| {
        let mut entries = two();
        change(&mut entries[0]);
        let (mut lines, result) = list(&zip(&entries));
        result.unwrap();
        assert_eq!(lines.pop().unwrap(), "b 6000");
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    };
    assert_eq!(lie(&|e| e.flags = 1), "a encrypted: encrypted");
    assert_eq!(lie(&|e| e.method = 99), "a encrypted: encrypted");
    assert_eq!(
        lie(&|e| e.method = 9),
        "a unsupported: zip compression method 9"
    );
    assert_eq!(
        lie(&|e| e.crc ^= 1),
        "a malformed: its checksum does not match"
    );
    assert_eq!(
        lie(&|e| e.size = 4999),
        "a malformed: states 4999 bytes, and 5000 are in it"
    );
    assert_eq!(
        lie(&|e| e.size = 5001),
        "a malformed: states 5001 bytes, and 5000 are in it"
    );
    assert_eq!(
        lie(&|e| e.method = 0),
        "a malformed: its checksum does not match"
    );
    assert!(
        lie(&|e| e.packed.truncate(5))
            .starts_with("a truncated: the compressed data ends too early")
    );
}

#[test]
fn overlapping_entries_are_refused() {
    let kernel = ZipEntry::deflated("k", &vec![0; 1 << 20]);
    // All entries point at the same bytes.
    let mut out = zip_local(&kernel);
    let at = out.len() as u32;
    let central: Vec<u8> = (0..1000).flat_map(|_| zip_central(&kernel, 0)).collect();
    out.extend_from_slice(&central);
    out.extend(zip_end(1000, central.len() as u32, at));
    let (lines, result) = list(&out);
    result.unwrap();
    assert_eq!(lines.len(), 1000);
    assert!(lines.iter().all(|l| l.contains("shares bytes")));
    // Each entry includes the next one's header in its data.
    let inner = zip_local(&kernel);
    let outer = ZipEntry::packed("q", 0, &inner, inner.clone());
    let mut out = zip_local(&outer);
    let (start, at) = ((out.len() - inner.len()) as u32, out.len() as u32);
    let central = [zip_central(&outer, 0), zip_central(&kernel, start)].concat();
    out.extend_from_slice(&central);
    out.extend(zip_end(2, central.len() as u32, at));
    let (lines, _) = list(&out);
    assert_eq!(
        lines,
        [
            format!("q {}", inner.len()),
            "k malformed: shares bytes of the archive with another entry".into()
        ]
    );
}

#[test]
fn a_zip_without_its_end_says_so() {
    let bytes = zip(&two());
    for cut in [4, bytes.len() / 2, bytes.len() - 23] {
        assert_eq!(list(&bytes[..cut]).1.unwrap_err().reason, Reason::Truncated);
    }
    let mut moved = bytes.clone();
    let at = moved.len() - 6;
    moved[at..at + 4].copy_from_slice(&0x7fff_ffffu32.to_le_bytes());
    assert_eq!(list(&moved).1.unwrap_err().reason, Reason::Malformed);
}

/// `zip` records the mode of a pipe for a program that it reads from one; `unzip` extracts a file.
#[test]
fn every_entry_with_content_is_a_file() {
    for (mode, name, is_file) in [
        (None, "a", true),
        (None, "a/", false),
        (Some(0o100_755), "a", true),
        (Some(0o755), "a/", false),
        (Some(0o010_600), "-", true),
        (Some(0o060_600), "a", true),
        (Some(0o140_600), "a", true),
        (Some(0o040_755), "a/", false),
        (Some(0o040_755), "a", true),
        (Some(0o120_777), "a", false),
    ] {
        let entry = Entry {
            name: name.into(),
            mode,
            size: 10,
            packed: 10,
            crc: 0,
            method: 0,
            flags: 0,
            offset: 0,
        };
        assert_eq!(entry.is_file(), is_file, "{name} {mode:?}");
    }
}

/// Bytes that belong to no entry are reported: programs that read from front to back extract what is there.
#[test]
fn bytes_outside_the_directory_are_reported() {
    let hidden = zip_local(&ZipEntry::packed(
        "h",
        0,
        &Seed(3).bytes(5000),
        Seed(3).bytes(5000),
    ));
    let entries = two();
    for at in 0..=2 {
        let (mut out, mut central) = (Vec::new(), Vec::new());
        for (i, e) in entries.iter().enumerate() {
            if i == at {
                out.extend(&hidden);
            }
            central.extend(zip_central(e, out.len() as u32));
            out.extend(zip_local(e));
        }
        if at == 2 {
            out.extend(&hidden);
        }
        let start = out.len() as u32;
        out.extend_from_slice(&central);
        out.extend(zip_end(2, central.len() as u32, start));
        let (lines, result) = list(&out);
        assert_eq!(lines, ["a 5000", "b 6000"], "{at}");
        assert!(
            result
                .unwrap_err()
                .detail
                .contains("belong to none of them"),
            "{at}"
        );
    }
    // Android packages have their signatures there.
    let plain = zip(&entries);
    let start = plain.len()
        - 22
        - entries
            .iter()
            .map(|e| zip_central(e, 0).len())
            .sum::<usize>();
    let mut signed = plain[..start].to_vec();
    signed.extend(Seed(4).bytes(4096));
    signed.extend(b"APK Sig Block 42");
    let moved = signed.len() as u32;
    signed.extend(&plain[start..plain.len() - 22]);
    signed.extend(zip_end(2, (plain.len() - 22 - start) as u32, moved));
    assert_eq!(
        list(&signed),
        (vec!["a 5000".to_owned(), "b 6000".to_owned()], Ok(()))
    );
}
