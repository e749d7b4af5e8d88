//! Stores IDs in few bytes: `GO-2024-2687` in five, `GHSA-4v7x-pqxf-cx7m` in eight.

use super::compact::{Cursor, Damaged, put};

const GO: u8 = 0;
const CVE: u8 = 1;
const GHSA: u8 = 2;
const TEXT: u8 = 3;

/// IDs that are a year and a number of four digits or more.
const NUMBERED: [(u8, &str); 2] = [(GO, "GO-"), (CVE, "CVE-")];
/// First year of the numbering.
const EPOCH: usize = 1980;
/// The digits of GitHub's IDs (docs.github.com, "About GHSA IDs").
const DIGITS: &[u8; 20] = b"23456789cfghjmpqrvwx";
/// Bytes that twelve of them take: 20 to the power of 12 is less than 2 to the power of 52.
const GHSA_LEN: usize = 7;

/// Writes an ID. An ID that has none of the three forms is written as text.
pub(super) fn write(out: &mut Vec<u8>, id: &str) {
    for (tag, prefix) in NUMBERED {
        let parts = id
            .strip_prefix(prefix)
            .and_then(|rest| rest.split_once('-'));
        if let Some((year, number)) = parts
            && let (Ok(year), Ok(number)) = (year.parse::<usize>(), number.parse::<u32>())
            && let Some(offset) = year.checked_sub(EPOCH)
            && numbered(prefix, year, number as usize) == id
        {
            out.push(tag);
            put(out, offset);
            put(out, number as usize);
            return;
        }
    }
    if let Some(value) = ghsa_value(id)
        && ghsa(value) == id
    {
        out.push(GHSA);
        out.extend(value.to_le_bytes().iter().take(GHSA_LEN));
        return;
    }
    out.push(TEXT);
    put(out, id.len());
    out.extend_from_slice(id.as_bytes());
}

/// Reads what [`write`] wrote.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<String, Damaged> {
    let tag = cursor.byte()?;
    if let Some((_, prefix)) = NUMBERED.iter().find(|(known, _)| *known == tag) {
        let year = cursor.size()?.saturating_add(EPOCH);
        return Ok(numbered(prefix, year, cursor.size()?));
    }
    match tag {
        GHSA => {
            let mut value = [0; 8];
            let bytes = cursor.take(GHSA_LEN)?;
            for (to, from) in value.iter_mut().zip(bytes) {
                *to = *from;
            }
            Ok(ghsa(u64::from_le_bytes(value)))
        }
        TEXT => {
            let length = cursor.size()?;
            let text = std::str::from_utf8(cursor.take(length)?);
            text.map(str::to_owned)
                .map_err(|_| Damaged("an ID is not UTF-8"))
        }
        _ => Err(Damaged("an ID of an unknown kind")),
    }
}

fn numbered(prefix: &str, year: usize, number: usize) -> String {
    format!("{prefix}{year}-{number:04}")
}

fn ghsa_value(id: &str) -> Option<u64> {
    let digits = id.strip_prefix("GHSA-")?;
    let mut value = 0u64;
    for digit in digits.bytes().filter(|b| *b != b'-') {
        let place = DIGITS.iter().position(|d| *d == digit)?;
        value = value.checked_mul(20)?.checked_add(place as u64)?;
    }
    (value >> (GHSA_LEN * 8) == 0).then_some(value)
}

fn ghsa(mut value: u64) -> String {
    let mut digits = [b'0'; 12];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS.get((value % 20) as usize).copied().unwrap_or(b'0');
        value /= 20;
    }
    let text: String = digits.iter().map(|d| *d as char).collect();
    let part = |from: usize| text.get(from..from + 4).unwrap_or_default();
    format!("GHSA-{}-{}-{}", part(0), part(4), part(8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_comes_back_as_it_was() {
        for (id, bytes) in [
            ("GO-2024-2687", 4),
            ("GO-2020-0001", 3),
            ("CVE-2023-45288", 5),
            ("CVE-1999-0007", 3),
            ("GHSA-4v7x-pqxf-cx7m", 8),
            ("GHSA-2222-2222-2222", 8),
            ("GHSA-xxxx-xxxx-xxxx", 8),
            // Not exactly of the form: kept as text.
            ("GHSA-4v7xpqxfcx7m", 19),
            ("GHSA-aaaa-pqxf-cx7m", 21),
            ("GO-2024-002687", 16),
            ("GO-1970-0001", 14),
            ("CVE-2024-99999999999999", 25),
            ("BIT-golang-2024-1", 19),
            ("", 2),
        ] {
            let mut out = Vec::new();
            write(&mut out, id);
            assert_eq!(out.len(), bytes, "{id}");
            let mut cursor = Cursor::new(&out);
            assert_eq!(read(&mut cursor).as_deref(), Ok(id));
            assert!(cursor.is_empty());
            for cut in 0..out.len() {
                assert!(read(&mut Cursor::new(&out[..cut])).is_err(), "{id} {cut}");
            }
        }
    }
}
