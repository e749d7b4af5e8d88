//! Digests of files, as recorded in package databases and as computed from the files.

use gospect_bytes::ReadAt;
pub use gospect_record::Algorithm;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::io;

/// Name of the algorithm for people.
pub(super) fn title(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Md5 => "MD5",
        Algorithm::Sha1 => "SHA-1",
        Algorithm::Sha256 => "SHA-256",
    }
}

/// The digest of a whole file.
///
/// # Errors
/// When the file cannot be read to its end.
pub fn digest(algorithm: Algorithm, bytes: &dyn ReadAt) -> io::Result<Vec<u8>> {
    let mut hash = Hash::new(algorithm);
    pieces(bytes, &mut |piece| hash.update(piece))?;
    Ok(hash.finish())
}

/// A digest in a package database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDigest {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its bytes.
    pub value: Vec<u8>,
}

impl RecordedDigest {
    /// Parses hexadecimal digits; `None` if they are not a digest of this algorithm.
    pub(crate) fn from_hex(algorithm: Algorithm, digits: &[u8]) -> Option<Self> {
        let length = match algorithm {
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value: Vec<u8> = digits
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8))
            .collect::<Option<_>>()?;
        (digits.len() == 2 * length).then_some(Self { algorithm, value })
    }
}

/// All digests of one file, for use before its database is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    md5: [u8; 16],
    sha1: [u8; 20],
    sha256: [u8; 32],
}

impl Digests {
    /// Computes them in one pass.
    ///
    /// # Errors
    /// When the file cannot be read to its end.
    pub fn of(bytes: &dyn ReadAt) -> io::Result<Self> {
        let (mut md5, mut sha1, mut sha256) =
            (md5::Md5::new(), sha1::Sha1::new(), sha2::Sha256::new());
        pieces(bytes, &mut |piece| {
            md5.update(piece);
            sha1.update(piece);
            sha256.update(piece);
        })?;
        Ok(Self {
            md5: md5.finalize().into(),
            sha1: sha1.finalize().into(),
            sha256: sha256.finalize().into(),
        })
    }

    /// The digest with this algorithm.
    pub fn get(&self, algorithm: Algorithm) -> Vec<u8> {
        match algorithm {
            Algorithm::Md5 => self.md5.to_vec(),
            Algorithm::Sha1 => self.sha1.to_vec(),
            Algorithm::Sha256 => self.sha256.to_vec(),
        }
    }
}

enum Hash {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
}

impl Hash {
    fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
        }
    }

    fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Md5(hash) => hash.update(piece),
            Self::Sha1(hash) => hash.update(piece),
            Self::Sha256(hash) => hash.update(piece),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(hash) => hash.finalize().to_vec(),
            Self::Sha1(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
        }
    }
}

fn pieces(bytes: &dyn ReadAt, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    if let Some(all) = bytes.as_slice() {
        take(all);
        return Ok(());
    }
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0;
    while at < bytes.len() {
        let read = bytes.read_at(&mut buffer, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        take(buffer.get(..read).unwrap_or_default());
        at += read as u64;
    }
    Ok(())
}
