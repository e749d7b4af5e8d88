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
    signers: Signers,
}

/// Who may have signed, by the certificates of Sigstore. `*` in a pattern is any text; no pattern allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers {
    /// Identities, such as an e-mail address or the address of a workflow.
    pub identities: Vec<String>,
    /// Issuers of the identities, such as `https://token.actions.githubusercontent.com`.
    pub issuers: Vec<String>,
}

/// The signer that a certificate names.
struct Signer {
    identity: Option<String>,
    issuer: Option<String>,
}

impl Signers {
    /// Why a signer is not allowed; `None`: it is.
    fn refuse(&self, signer: &Signer) -> Option<String> {
        let is_allowed = |patterns: &[String], text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            patterns.is_empty() || patterns.iter().any(|pattern| fits(pattern, text))
        };
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nobody".to_owned());
        if !is_allowed(&self.identities, &signer.identity) {
            return Some(format!(
                "signed by {}, and not by {}",
                shown(&signer.identity),
                self.identities.join(" or ")
            ));
        }
        if !is_allowed(&self.issuers, &signer.issuer) {
            return Some(format!(
                "the identity of the signer is by {}, and not by {}",
                shown(&signer.issuer),
                self.issuers.join(" or ")
            ));
        }
        None
    }
}

/// Whether a text fits a pattern in which `*` is any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
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

    /// Sets who may have signed. Signatures by keys name nobody, and are not asked for it.
    pub fn set_signers(&mut self, signers: Signers) {
        self.signers = signers;
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
                    Ok(signer) => {
                        let done = format!(
                            "certificate, log proof and signature hold by the given trusted root {name}"
                        );
                        return match self.signers.refuse(&signer) {
                            None => say(SignatureState::Valid, done, signer.text()),
                            Some(why) => {
                                let done = format!("{done}, but {why}");
                                say(SignatureState::OtherSigner, done, signer.text())
                            }
                        };
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
) -> Result<Signer, String> {
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
    Ok(Signer {
        identity: result.identity().map(|name| name.as_str().to_owned()),
        issuer: result.issuer().map(|issuer| issuer.to_string()),
    })
}

impl Signer {
    /// Both in one text.
    fn text(&self) -> Option<String> {
        let issuer = self.issuer.as_ref().map(|issuer| format!("by {issuer}"));
        let parts: Vec<String> = self.identity.iter().cloned().chain(issuer).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}
