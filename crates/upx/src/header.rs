//! UPX's own record of a packed program: methods, formats, checksums.

use super::view::View;

/// The magic of UPX's records in every format (`conf.h`, `UPX_MAGIC_LE32`).
pub(super) const MAGIC: &[u8; 4] = b"UPX!";
/// Length of the record since version 10 (UPX 1.0).
pub(super) const LEN: usize = 32;

/// Compression methods by number (`conf.h`).
const METHODS: &[(u8, &str)] = &[
    (2, "NRV2B_LE32"),
    (3, "NRV2B_8"),
    (4, "NRV2B_LE16"),
    (5, "NRV2D_LE32"),
    (6, "NRV2D_8"),
    (7, "NRV2D_LE16"),
    (8, "NRV2E_LE32"),
    (9, "NRV2E_8"),
    (10, "NRV2E_LE16"),
    (11, "CL1B_LE32"),
    (12, "CL1B_8"),
    (13, "CL1B_LE16"),
    (14, "LZMA"),
    (15, "DEFLATE"),
    (16, "ZSTD"),
    (17, "BZIP2"),
];

/// UPX's name of a compression method.
pub(super) fn method_name(method: u8) -> Option<&'static str> {
    METHODS
        .iter()
        .find(|(n, _)| *n == method)
        .map(|(_, name)| *name)
}

/// Whether UPX has an executable format with this number; those from 129 on are big-endian.
pub(super) fn known_format(format: u8) -> bool {
    (1..=64).contains(&format) || (129..=160).contains(&format)
}

/// The `PackHeader`: 32 bytes near the start of a PE section, or 36 bytes before the end of an ELF or Mach-O file.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackHeader {
    pub method: u8,
    pub u_adler: u32,
    pub c_adler: u32,
    pub u_len: usize,
    pub c_len: usize,
    pub filter: u8,
    pub cto: u8,
}

impl PackHeader {
    /// Reads the record at `at`. Its checksum (the bytes after the magic, modulo 251) and its fields must be consistent, so the
    /// magic, which is often wiped to defeat unpackers, is not required.
    pub fn read(data: &[u8], at: usize) -> Option<Self> {
        let raw = data.get(at..at.checked_add(LEN)?)?;
        let (version, format, method, level) = (raw[4], raw[5], raw[6], raw[7]);
        if !(10..=24).contains(&version) || !known_format(format) || level > 15 {
            return None;
        }
        method_name(method)?;
        let sum: u32 = raw[4..LEN - 1].iter().map(|b| u32::from(*b)).sum();
        if sum % 251 != u32::from(raw[LEN - 1]) {
            return None;
        }
        let view = View {
            data: raw,
            big: format >= 128,
        };
        let [adlers, lens] = if view.big { [16, 8] } else { [8, 16] };
        let header = Self {
            method,
            u_adler: view.u32(adlers)?,
            c_adler: view.u32(adlers + 4)?,
            u_len: view.size(lens)?,
            c_len: view.size(lens + 4)?,
            filter: raw[28],
            cto: raw[29],
        };
        (header.u_len > 1 && header.c_len > 1).then_some(header)
    }

    /// The first record in `data` and its offset; a record with its magic comes before one without.
    pub fn find(data: &[u8]) -> Option<(usize, Self)> {
        let marked =
            memchr::memmem::find_iter(data, MAGIC).find_map(|at| Some((at, Self::read(data, at)?)));
        // Without the magic a checksum of one byte is not enough, so the lengths must be plausible too.
        marked.or_else(|| {
            (0..data.len().saturating_sub(LEN)).find_map(|at| {
                let header = Self::read(data, at)?;
                let is_plausible = header.c_len < header.u_len
                    && header.u_len < 1 << 30
                    && header.u_adler >> 16 < 65521;
                (is_plausible && supported(header.method)).then_some((at, header))
            })
        })
    }
}

/// Whether blocks of this method can be expanded.
pub(super) fn supported(method: u8) -> bool {
    matches!(method, 2..=10 | 14)
}

/// The release in the copyright line of UPX's stub (`$Id: UPX 4.22 Copyright ...`).
pub(super) fn release(data: &[u8]) -> Option<String> {
    const LEAD: &[u8] = b"Id: UPX ";
    memchr::memmem::find_iter(data, LEAD).find_map(|at| number(data.get(at + LEAD.len()..)?))
}

/// A release number such as `3.96` at the start of `text`.
pub(super) fn number(text: &[u8]) -> Option<String> {
    let len = text
        .iter()
        .take(8)
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let (whole, part) = std::str::from_utf8(text.get(..len)?)
        .ok()?
        .split_once('.')?;
    (!whole.is_empty() && !part.is_empty()).then(|| format!("{whole}.{part}"))
}

/// Bytes that are summed together.
const ADLER_BLOCK: usize = 16;

/// Adler-32 (RFC 1950) over several pieces.
#[derive(Clone, Copy)]
pub(super) struct Adler {
    low: u32,
    high: u32,
}

impl Adler {
    pub fn new() -> Self {
        Self { low: 1, high: 0 }
    }

    /// The checksum of one piece.
    pub fn of(data: &[u8]) -> u32 {
        let mut adler = Self::new();
        adler.add(data);
        adler.value()
    }

    pub fn add(&mut self, data: &[u8]) {
        // For up to 5552 bytes the sums fit in 32 bits.
        for chunk in data.chunks(5552) {
            let (blocks, rest) = chunk.as_chunks::<ADLER_BLOCK>();
            for block in blocks {
                // Each byte is added to the high sum once for every byte from it to the end of the block.
                let mut weighted = 0;
                let mut plain = 0;
                for (i, byte) in block.iter().enumerate() {
                    plain += u32::from(*byte);
                    weighted += u32::from(*byte) * (ADLER_BLOCK - i) as u32;
                }
                self.high += self.low * ADLER_BLOCK as u32 + weighted;
                self.low += plain;
            }
            for byte in rest {
                self.low += u32::from(*byte);
                self.high += self.low;
            }
            self.low %= 65521;
            self.high %= 65521;
        }
    }

    pub fn value(self) -> u32 {
        self.high << 16 | self.low
    }
}
