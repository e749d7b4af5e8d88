//! Builds small archives for tests, valid and invalid ones.

use std::io::Write;

/// One tar header block with a correct checksum.
pub fn tar_header(name: &[u8], flag: u8, size: &[u8], link: &[u8]) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name);
    put(100, b"0000755\0");
    put(108, b"0001750\0");
    put(116, b"0000144\0");
    put(124, size);
    put(136, b"00000000000\0");
    put(156, &[flag]);
    put(157, link);
    put(257, b"ustar\x0000");
    seal(&mut block);
    block
}

/// Writes the checksum of a header block.
pub fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A length as the size field.
pub fn octal(len: usize) -> Vec<u8> {
    octal_of(len as u64)
}

/// A number as the size field, which may be a wrong one.
pub fn octal_of(number: u64) -> Vec<u8> {
    format!("{number:011o}\0").into_bytes()
}

/// One entry with padding.
pub fn tar_entry(name: &[u8], flag: u8, body: &[u8], link: &[u8]) -> Vec<u8> {
    let mut out = tar_header(name, flag, &octal(body.len()), link).to_vec();
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A pax header with these records.
pub fn pax(flag: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut len = rest + 1;
        while len != rest + len.to_string().len() {
            len = rest + len.to_string().len();
        }
        body.extend_from_slice(format!("{len} {key}={value}\n").as_bytes());
    }
    tar_entry(b"PaxHeaders/x", flag, &body, b"")
}

/// A tar archive of regular files, with its end marker.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out: Vec<u8> = files
        .iter()
        .flat_map(|(name, body)| tar_entry(name.as_bytes(), b'0', body, b""))
        .collect();
    out.extend_from_slice(&[0; 1024]);
    out
}

/// gzip, one member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// zstd, one frame.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// bzip2, one stream.
pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// xz, one stream, with a dictionary of this size.
pub fn xz_with(bytes: &[u8], dictionary: u32) -> Vec<u8> {
    let mut options = lzma_rust2::XzOptions::with_preset(0);
    options.lzma_options.dict_size = dictionary;
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// xz, one stream.
pub fn xz(bytes: &[u8]) -> Vec<u8> {
    xz_with(bytes, 1 << 20)
}

/// The older .lzma format.
pub fn lzma(bytes: &[u8]) -> Vec<u8> {
    let mut options = lzma_rust2::LzmaOptions::with_preset(0);
    options.dict_size = 1 << 20;
    let mut writer =
        lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, Some(bytes.len() as u64))
            .unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// One zip entry. Every field is written as given, so it can be wrong.
#[derive(Clone)]
pub struct ZipEntry {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub size: u32,
    pub packed: Vec<u8>,
    pub mode: u32,
}

impl ZipEntry {
    /// A deflated entry.
    pub fn deflated(name: &str, body: &[u8]) -> Self {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        Self::packed(name, 8, body, encoder.finish().unwrap())
    }

    /// An entry compressed with another method.
    pub fn packed(name: &str, method: u16, body: &[u8], packed: Vec<u8>) -> Self {
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let name = name.as_bytes().to_vec();
        Self {
            name,
            method,
            flags: 0,
            crc: crc.sum(),
            size: body.len() as u32,
            packed,
            mode: 0o100_755,
        }
    }
}

fn le(out: &mut Vec<u8>, values: &[(u32, usize)]) {
    for (value, width) in values {
        out.extend_from_slice(&value.to_le_bytes()[..*width]);
    }
}

/// The central directory entry for an entry at `offset`.
pub fn zip_central(e: &ZipEntry, offset: u32) -> Vec<u8> {
    let mut out = b"PK\x01\x02".to_vec();
    let (flags, method) = (u32::from(e.flags), u32::from(e.method));
    le(
        &mut out,
        &[
            (0x0314, 2),
            (20, 2),
            (flags, 2),
            (method, 2),
            (0, 4),
            (e.crc, 4),
            (e.packed.len() as u32, 4),
        ],
    );
    le(
        &mut out,
        &[
            (e.size, 4),
            (e.name.len() as u32, 2),
            (0, 2),
            (0, 2),
            (0, 2),
            (0, 2),
            (e.mode << 16, 4),
        ],
    );
    le(&mut out, &[(offset, 4)]);
    out.extend_from_slice(&e.name);
    out
}

/// A local header, its data and a data descriptor.
pub fn zip_local(e: &ZipEntry) -> Vec<u8> {
    let mut out = b"PK\x03\x04".to_vec();
    // The sizes are in the data descriptor only, as streaming writers do it: readers take them from the directory.
    le(
        &mut out,
        &[
            (20, 2),
            (u32::from(e.flags) | 8, 2),
            (u32::from(e.method), 2),
            (0, 4),
            (0, 4),
            (0, 4),
            (0, 4),
        ],
    );
    le(&mut out, &[(e.name.len() as u32, 2), (0, 2)]);
    out.extend_from_slice(&e.name);
    out.extend_from_slice(&e.packed);
    out.extend_from_slice(b"PK\x07\x08");
    le(
        &mut out,
        &[(e.crc, 4), (e.packed.len() as u32, 4), (e.size, 4)],
    );
    out
}

/// The end record for a directory of `directory` bytes at `offset`.
pub fn zip_end(count: u32, directory: u32, offset: u32) -> Vec<u8> {
    let mut out = b"PK\x05\x06".to_vec();
    le(
        &mut out,
        &[
            (0, 4),
            (count, 2),
            (count, 2),
            (directory, 4),
            (offset, 4),
            (0, 2),
        ],
    );
    out
}

/// A zip archive.
pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for e in entries {
        central.extend(zip_central(e, out.len() as u32));
        out.extend(zip_local(e));
    }
    let at = out.len() as u32;
    out.extend_from_slice(&central);
    out.extend(zip_end(entries.len() as u32, central.len() as u32, at));
    out
}

/// An `ar` archive.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let members = members.iter();
    let members: Vec<_> = members.map(|(n, b)| (*n, b.len() as u64, *b)).collect();
    ar_stating(&members)
}

/// An `ar` archive whose headers state these sizes, which may be wrong.
pub fn ar_stating(members: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, size, body) in members {
        out.extend(
            format!(
                "{name:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n",
                0, 0, 0, 100_644
            )
            .into_bytes(),
        );
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(2), b'\n');
    }
    out
}

/// One cpio entry of the newc format.
pub fn cpio_entry(name: &str, inode: u32, links: u32, body: &[u8]) -> Vec<u8> {
    cpio_entry_stating(name, [inode, 0o100_755, links, body.len() as u32], body)
}

/// One cpio entry of the newc format whose header states inode, mode, number of links and size, which may be wrong.
pub fn cpio_entry_stating(
    name: &str,
    [inode, mode, links, size]: [u32; 4],
    body: &[u8],
) -> Vec<u8> {
    let mut out = b"070701".to_vec();
    for v in [
        inode,
        mode,
        10,
        20,
        links,
        0,
        size,
        8,
        1,
        0,
        0,
        name.len() as u32 + 1,
        0,
    ] {
        out.extend(format!("{v:08X}").into_bytes());
    }
    out.extend_from_slice(name.as_bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// A cpio archive of the newc format.
pub fn cpio(entries: &[(&str, u32, u32, &[u8])]) -> Vec<u8> {
    let mut out: Vec<u8> = entries
        .iter()
        .flat_map(|(n, i, l, b)| cpio_entry(n, *i, *l, b))
        .collect();
    out.extend(cpio_entry("TRAILER!!!", 0, 1, b""));
    out
}

/// An RPM header section with string and number tags.
pub fn rpm_section(tags: &[(u32, u32, u32, Vec<u8>)]) -> Vec<u8> {
    let (mut index, mut store) = (Vec::new(), Vec::new());
    for (tag, kind, count, bytes) in tags {
        for v in [*tag, *kind, store.len() as u32, *count] {
            index.extend(v.to_be_bytes());
        }
        store.extend_from_slice(bytes);
    }
    let mut out = vec![0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0];
    out.extend((tags.len() as u32).to_be_bytes());
    out.extend((store.len() as u32).to_be_bytes());
    out.extend(index);
    out.extend(store);
    out
}

/// An RPM package around a payload.
pub fn rpm(compressor: &str, more: &[(u32, u32, u32, Vec<u8>)], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0xed, 0xab, 0xee, 0xdb, 3, 0];
    out.resize(96, 0);
    out.extend(rpm_section(&[(1000, 4, 1, vec![0, 0, 0, 1, 7])]));
    out.resize(out.len().next_multiple_of(8), 0);
    let mut tags = vec![
        (1124, 6, 1, b"cpio\0".to_vec()),
        (1125, 6, 1, [compressor.as_bytes(), b"\0"].concat()),
    ];
    tags.extend_from_slice(more);
    out.extend(rpm_section(&tags));
    out.extend_from_slice(payload);
    out
}

/// A small seeded random generator.
pub struct Seed(pub u64);

impl Seed {
    /// The next number.
    #[allow(clippy::should_implement_trait)] // it has no end
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Random bytes, which do not compress.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
