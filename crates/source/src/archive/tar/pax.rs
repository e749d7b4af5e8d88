//! Pax extended header records: `length key=value\n`, POSIX.1-2017 `pax`, "pax Extended Header".

use super::super::ArchiveError;

/// The records of one extended header, in order; an empty value cancels an earlier one.
#[derive(Clone, Debug, Default)]
pub(super) struct Pax {
    records: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Pax {
    /// Reads all records; those with keys that are not used here are dropped.
    pub(super) fn parse(mut bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut records = Vec::new();
        while !bytes.is_empty() && bytes.iter().any(|b| *b != 0) {
            let (record, rest) =
                split(bytes).ok_or_else(|| ArchiveError::malformed("a broken pax record"))?;
            bytes = rest;
            let eq = memchr::memchr(b'=', record)
                .ok_or_else(|| ArchiveError::malformed("a pax record without ="))?;
            let (key, value) = (
                record.get(..eq).unwrap_or_default(),
                record.get(eq + 1..).unwrap_or_default(),
            );
            if matches!(key, b"path" | b"linkpath" | b"size" | b"uid" | b"gid")
                || key.starts_with(b"GNU.sparse.")
            {
                records.push((key.to_vec(), value.to_vec()));
            }
        }
        Ok(Self { records })
    }

    /// Whether there are no records.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// These records before those of a global header.
    pub(super) fn on_bytes(self, global: &Self) -> Self {
        if global.records.is_empty() {
            return self;
        }
        let mut records = global.records.clone();
        records.extend(self.records);
        Self { records }
    }

    /// The value of `key`; `None` if there is none or it was cancelled.
    pub(super) fn bytes(&self, key: &[u8]) -> Option<&[u8]> {
        self.records
            .iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_slice())
            .filter(|v| !v.is_empty())
    }

    /// The value of `key` as a number.
    pub(super) fn number(&self, key: &[u8]) -> Result<Option<u64>, ArchiveError> {
        let Some(value) = self.bytes(key) else {
            return Ok(None);
        };
        decimal(value).map(Some).ok_or_else(|| {
            ArchiveError::malformed(format!(
                "the pax value of {} is not a number",
                String::from_utf8_lossy(key)
            ))
        })
    }

    /// All values of the two keys of the sparse format 0.0, in order.
    pub(super) fn sparse_pairs(&self) -> impl Iterator<Item = &[u8]> {
        let wanted: [&[u8]; 2] = [b"GNU.sparse.offset", b"GNU.sparse.numbytes"];
        self.records
            .iter()
            .filter(move |(k, _)| wanted.contains(&k.as_slice()))
            .map(|(_, v)| v.as_slice())
    }
}

/// Decimal digits only.
pub(super) fn decimal(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value)
        .ok()
        .filter(|v| v.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()
}

/// Splits off the first record, without its length and newline.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', bytes.get(..bytes.len().min(20))?)?;
    let len = usize::try_from(decimal(bytes.get(..space)?)?).ok()?;
    let record = bytes.get(space + 1..len)?;
    Some((record.strip_suffix(b"\n")?, bytes.get(len..)?))
}
