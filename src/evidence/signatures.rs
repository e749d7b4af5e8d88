//! Checks signatures of provenance documents with public keys or a trusted root of the user.

use super::ring_provider;
use crate::verify::check::{Signature, SignatureState};
use crate::verify::provenance::{Document, Envelope};
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{
    ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, Sha256Hash, Sha512Hash, SignatureBytes,
};
use sigstore_verify::{VerificationPolicy, Verifier};

/// Longest file with a key or a trusted root.
pub const LARGEST: u64 = 16 << 20;

/// The keys and trusted roots of the user, each with its name.
#[derive(Default)]
pub struct Trust {
    keys: Vec<(String, VerificationKey)>,
    roots: Vec<(String, Verifier)>,
}

/// A file that is no key or no trusted root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(String);

impl Trust {
    /// Adds a public key (PEM, `PUBLIC KEY`): ECDSA on P-256 or P-384, Ed25519, or RSA.
    ///
    /// # Errors
    /// [`TrustError`] when it is malformed or of another kind.
    pub fn add_key(&mut self, name: &str, pem: &str) -> Result<(), TrustError> {
        ring_provider::install();
        let key = DerPublicKey::from_pem(pem.trim())
            .map_err(|e| TrustError(format!("is no public key: {e}")))?;
        let key = VerificationKey::from_spki(&key)
            .map_err(|e| TrustError(format!("is no public key that can be used: {e}")))?;
        self.keys.push((name.to_owned(), key));
        Ok(())
    }

    /// Adds a trusted root of Sigstore (`trusted_root.json`).
    ///
    /// # Errors
    /// [`TrustError`] when it is malformed or of another kind.
    pub fn add_root(&mut self, name: &str, json: &str) -> Result<(), TrustError> {
        ring_provider::install();
        let root = TrustedRoot::from_json(json)
            .map_err(|e| TrustError(format!("is no trusted root: {e}")))?;
        let verifier = Verifier::new(&root)
            .map_err(|e| TrustError(format!("is no trusted root that can be used: {e}")))?;
        self.roots.push((name.to_owned(), verifier));
        Ok(())
    }

    /// Checks the signature of a document with each key, then with each trusted root, until one of them confirms it.
    pub fn check(&self, document: &Document) -> Signature {
        let say =
            |state: SignatureState, done: String, by: Option<String>| Signature { state, done, by };
        let Some(envelope) = &document.envelope else {
            let done = "parsed; it is not signed".to_owned();
            return say(SignatureState::Unsigned, done, None);
        };
        if envelope.signatures.is_empty() {
            let done = "parsed; the envelope has no signature".to_owned();
            return say(SignatureState::Unsigned, done, None);
        }
        let mut refused = Vec::new();
        for (name, key) in &self.keys {
            if is_signed(envelope, key) {
                let done = format!("signed by the given key {name}");
                return say(SignatureState::Valid, done, None);
            }
            refused.push(format!("not signed by the given key {name}"));
        }
        if let Some(bundle) = &document.bundle {
            for (name, root) in &self.roots {
                match by_root(document, bundle, root) {
                    Ok(identity) => {
                        let done = format!(
                            "certificate, log proof and signature hold by the given trusted root {name}"
                        );
                        return say(SignatureState::Valid, done, identity);
                    }
                    Err(why) => refused.push(format!(
                        "does not hold by the given trusted root {name}: {why}"
                    )),
                }
            }
        } else if !self.roots.is_empty() && self.keys.is_empty() {
            let done = "parsed, signature not checked: it is in no Sigstore bundle, and --key names no key".to_owned();
            return say(SignatureState::NotChecked, done, None);
        }
        match refused.is_empty() {
            true => say(
                SignatureState::NotChecked,
                "parsed, signature not checked".to_owned(),
                None,
            ),
            false => say(SignatureState::Invalid, refused.join("; "), None),
        }
    }
}

fn is_signed(envelope: &Envelope, key: &VerificationKey) -> bool {
    let signed = envelope.signed();
    let mut signatures = envelope.signatures.iter();
    signatures.any(|signature| {
        let signature = SignatureBytes::from_bytes(signature);
        key.verify(&signed, &signature).is_ok()
    })
}

/// Checks a bundle: chain and time of the certificate, its entry in a log, the proof and the signed head of the log, the signature. Returns the signer.
/// The verifier wants a digest of the subject. It gets one from the statement itself: whether that is the program is judged elsewhere.
fn by_root(
    document: &Document,
    bundle: &serde_json::Value,
    root: &Verifier,
) -> Result<Option<String>, String> {
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|e| e.to_string())?;
    let subjects = document.statement.subject.iter();
    let digest = subjects
        .flat_map(|s| &s.digest)
        .find_map(|(name, value)| match name.as_str() {
            "sha256" => Some(ArtifactDigest::sha256(Sha256Hash::from_hex(value).ok()?)),
            "sha512" => {
                let hash = Sha512Hash::from_hex(value).ok()?;
                ArtifactDigest::new(HashAlgorithm::Sha2512, hash.as_bytes().to_vec()).ok()
            }
            _ => None,
        });
    let digest = digest.ok_or("no subject of the statement has a SHA-256 or SHA-512")?;
    let policy = VerificationPolicy::any_identity();
    let result = root
        .verify(digest, &bundle, &policy)
        .map_err(|e| e.to_string())?;
    let identity = result.identity().map(|name| name.as_str().to_owned());
    let issuer = result.issuer().map(|issuer| format!("by {issuer}"));
    let parts: Vec<String> = identity.into_iter().chain(issuer).collect();
    Ok((!parts.is_empty()).then(|| parts.join(" ")))
}
