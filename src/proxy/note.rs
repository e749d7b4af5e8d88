//! Signed notes (golang.org/x/mod/sumdb/note): a text, an empty line, and lines `— NAME SIGNATURE`.

use super::error::{ProxyError, SettingError};
use crate::bytes::base64;
use ring::signature::{ED25519, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// Longest note.
const NOTE_MAX: usize = 1_000_000;
/// The only algorithm that notes of checksum databases use.
const ALGORITHM: u8 = 1;
/// Bytes of a public key and of a signature (RFC 8032).
const KEY_LEN: usize = 32;
const SIGNATURE_LEN: usize = 64;

/// A verifier key: `NAME+HASH+KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verifier {
    pub(super) name: String,
    hash: [u8; 4],
    key: [u8; KEY_LEN],
}

fn security(text: impl Into<String>) -> ProxyError {
    ProxyError::Security(text.into())
}

impl Verifier {
    /// Reads a verifier key.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, SettingError> {
        let wrong = || SettingError::Key(text.to_owned());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SettingError::UnknownName(text.to_owned()));
        };
        let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
        let data = base64::decode(key.as_bytes()).ok_or_else(wrong)?;
        let (Some((&ALGORITHM, public)), true) = (data.split_first(), is_name) else {
            return Err(wrong());
        };
        let stated = (hash.len() == 8).then(|| u32::from_str_radix(hash, 16).ok());
        let stated = stated.flatten().ok_or_else(wrong)?.to_be_bytes();
        let mut digest = Sha256::new();
        digest.update(name.as_bytes());
        digest.update(b"\n");
        digest.update(&data);
        if !digest.finalize().starts_with(&stated) {
            return Err(SettingError::KeyHash(text.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            hash: stated,
            key: public.try_into().map_err(|_| wrong())?,
        })
    }

    /// The text of a note that this key signed.
    ///
    /// # Errors
    /// When it is not a note, or is not signed with this key.
    pub(super) fn open<'n>(&self, note: &'n [u8]) -> Result<&'n str, ProxyError> {
        let malformed = || {
            security(format!(
                "{} answered with something that is not a signed note",
                self.name
            ))
        };
        let note = std::str::from_utf8(note).map_err(|_| malformed())?;
        let odd = |c: char| c != '\n' && c.is_control();
        if note.len() > NOTE_MAX || note.contains(odd) || !note.ends_with('\n') {
            return Err(malformed());
        }
        let end = note.rfind("\n\n").ok_or_else(malformed)?;
        let (text, signatures) = note.split_at(end + 1);
        let mut is_signed = false;
        for line in signatures.trim_start_matches('\n').lines() {
            let line = line.strip_prefix("— ").ok_or_else(malformed)?;
            let (name, signature) = line.split_once(' ').ok_or_else(malformed)?;
            let signature = base64::decode(signature.as_bytes()).ok_or_else(malformed)?;
            let (hash, signature) = signature.split_at_checked(4).ok_or_else(malformed)?;
            if name != self.name || hash != self.hash {
                continue;
            }
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            if signature.len() != SIGNATURE_LEN || key.verify(text.as_bytes(), signature).is_err() {
                return Err(security(format!(
                    "the signature of {} under its tree head is forged",
                    self.name
                )));
            }
            is_signed = true;
        }
        match is_signed {
            true => Ok(text),
            false => Err(security(format!(
                "a tree head is not signed by {}",
                self.name
            ))),
        }
    }
}
