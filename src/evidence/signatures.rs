//! Checks signatures of provenance documents with public keys or a trusted root of the user.

use super::ring_provider;
use crate::verify::check::{Signature, SignatureState};
use crate::verify::provenance::{Content, Document};
use sigstore_verify::crypto::VerificationKey;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{
    ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, Sha256Hash, Sha512Hash, SignatureBytes,
};
use sigstore_verify::{
    Policy, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier,
};
use std::rc::Rc;

/// Place in a bundle that says that a key signed, and no certificate is given (protobuf-specs, `sigstore_bundle.proto`, `VerificationMaterial`).
const KEY_MATERIAL: &str = "/verificationMaterial/publicKey";
/// Where a bundle has the certificate of its signer.
const CERTIFICATES: [&str; 2] = [
    "/verificationMaterial/certificate",
    "/verificationMaterial/x509CertificateChain",
];

/// Longest file with a key or a trusted root.
pub const LARGEST: u64 = 16 << 20;

/// The keys and trusted roots of the user, each with its name.
#[derive(Default)]
pub struct Trust {
    keys: Vec<Key>,
    roots: Vec<(String, Verifier)>,
    signers: Signers,
}

/// A public key of the user.
struct Key {
    name: String,
    /// As it was given, for the proof that the log has a signature of this key.
    der: DerPublicKey,
    key: VerificationKey,
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
    /// Whether everybody may have signed.
    fn is_any(&self) -> bool {
        self.identities.is_empty() && self.issuers.is_empty()
    }

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

/// A file that is not a key or trusted root.
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
        let der = DerPublicKey::from_pem(pem.trim())
            .map_err(|e| TrustError(format!("is not a public key: {e}")))?;
        let key = VerificationKey::from_spki(&der)
            .map_err(|e| TrustError(format!("is not a usable public key: {e}")))?;
        let name = name.to_owned();
        self.keys.push(Key { name, der, key });
        Ok(())
    }

    /// Adds a trusted root of Sigstore (`trusted_root.json`).
    ///
    /// # Errors
    /// [`TrustError`] when it is malformed or of another kind.
    pub fn add_root(&mut self, name: &str, json: &str) -> Result<(), TrustError> {
        ring_provider::install();
        let root = TrustedRoot::from_json(json)
            .map_err(|e| TrustError(format!("is not a trusted root: {e}")))?;
        let verifier = Verifier::new(&root)
            .map_err(|e| TrustError(format!("is not a usable trusted root: {e}")))?;
        self.roots.push((name.to_owned(), verifier));
        Ok(())
    }

    /// Sets who may have signed. A signature by a key names no signer, so this has no effect on it.
    pub fn set_signers(&mut self, signers: Signers) {
        self.signers = signers;
    }

    /// Whether neither a key nor a root was given, so that no signature can be checked.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.roots.is_empty()
    }

    /// Whether a root was given, by which bundles must hold.
    pub fn has_roots(&self) -> bool {
        !self.roots.is_empty()
    }

    /// Checks the signature of a document with each key, then with each trusted root, until one of them confirms it.
    /// The signature of a whole file needs the bytes of the file; `None`: they are not at hand.
    pub fn check(&self, document: &Document, file: Option<&Rc<Vec<u8>>>) -> Signature {
        let not_checked = |why: &str| {
            let done = format!("parsed, signature not checked{why}");
            signature(SignatureState::NotChecked, done, None)
        };
        let signed = match (&document.content, &document.envelope, file) {
            (Content::Statement(_), None, _) => return self.unsigned("it is not signed"),
            (Content::Statement(_), Some(envelope), _) if envelope.signatures.is_empty() => {
                return self.unsigned("the envelope has no signature");
            }
            _ if self.is_empty() => return not_checked(""),
            (Content::Statement(_), Some(envelope), _) => Signed {
                message: Rc::new(envelope.signed()),
                signatures: &envelope.signatures,
            },
            (Content::FileSignature(_), _, None) => {
                return not_checked(": the bytes of the signed file are not at hand");
            }
            (Content::FileSignature(signature), _, Some(file)) => Signed {
                message: Rc::clone(file),
                signatures: std::slice::from_ref(&signature.signature),
            },
        };
        let mut refused = Vec::new();
        for key in &self.keys {
            if signed.is_by(&key.key) {
                return self.by_key(document, &signed, key);
            }
            refused.push(format!("not signed by the given key {}", key.name));
        }
        if let Some(bundle) = &document.bundle {
            let has_certificate = bundle.pointer(KEY_MATERIAL).is_none();
            let roots = match has_certificate {
                // Anybody gets a certificate, so beside a key it counts only if the user says whose.
                true if !self.keys.is_empty() && self.signers.is_any() => {
                    let why = "beside a key its certificate counts only if --signer-identity says whose it must be";
                    refused.extend((!self.roots.is_empty()).then(|| why.to_owned()));
                    &[]
                }
                true => self.roots.as_slice(),
                false => {
                    let why = "it is signed by a key and has no certificate, so it does not hold by a root alone; --key names the key";
                    refused.extend(self.keys.is_empty().then(|| why.to_owned()));
                    &[]
                }
            };
            for (name, root) in roots {
                match by_root(document, &signed, bundle, root) {
                    Ok(signer) => {
                        let done = format!(
                            "certificate, log proof and signature hold by the given trusted root {name}"
                        );
                        return match self.signers.refuse(&signer) {
                            None => signature(SignatureState::Valid, done, signer.text()),
                            Some(why) => {
                                let done = format!("{done}, but {why}");
                                signature(SignatureState::OtherSigner, done, signer.text())
                            }
                        };
                    }
                    Err(why) => refused.push(format!(
                        "does not hold by the given trusted root {name}: {why}"
                    )),
                }
            }
        } else if self.keys.is_empty() {
            let why = "it is in no Sigstore bundle, so it does not hold by a root; --key names the key that signed it";
            refused.push(why.to_owned());
        }
        signature(SignatureState::Invalid, refused.join("; "), None)
    }

    /// The result for a document without signatures. Where somebody must have signed, taking the signatures away must not make it count.
    fn unsigned(&self, why: &str) -> Signature {
        match self.is_empty() {
            true => signature(SignatureState::Unsigned, format!("parsed; {why}"), None),
            false => {
                let done = format!("{why}, although a key or a trusted root is given");
                signature(SignatureState::Invalid, done, None)
            }
        }
    }

    /// The result for a document that is signed by a given key. If it is in a bundle without a certificate and roots are given, its entries of a
    /// log must hold by one of them too; without entries nothing shows that it was logged.
    fn by_key(&self, document: &Document, signed: &Signed<'_>, key: &Key) -> Signature {
        let done = format!("signed by the given key {}", key.name);
        let has = |place: &str| {
            let bundle = document.bundle.as_ref();
            bundle.and_then(|bundle| bundle.pointer(place)).is_some()
        };
        let is_by_certificate = CERTIFICATES.into_iter().any(has);
        if document.bundle.is_none() || is_by_certificate || self.roots.is_empty() {
            return signature(SignatureState::Valid, done, None);
        }
        if !has("/verificationMaterial/tlogEntries/0") {
            let done = format!(
                "{done}, but the bundle has no log entry, which must hold because a trusted root is given"
            );
            return signature(SignatureState::Invalid, done, None);
        }
        let mut refused = Vec::new();
        let policy = PublicKeyVerificationPolicy::new(key.der.clone());
        for (name, root) in &self.roots {
            let bundle = document.bundle.iter();
            let mut results =
                bundle.map(|bundle| verified(document, signed, bundle, root, &policy));
            match results.next() {
                Some(Err(why)) => refused.push(format!(
                    "the log proof does not hold by the given trusted root {name}: {why}"
                )),
                _ => {
                    let done =
                        format!("{done}, and the log proof holds by the given trusted root {name}");
                    return signature(SignatureState::Valid, done, None);
                }
            }
        }
        let done = format!("{done}, but {}", refused.join("; "));
        signature(SignatureState::Invalid, done, None)
    }
}

fn signature(state: SignatureState, done: String, by: Option<String>) -> Signature {
    Signature { state, done, by }
}

/// What a document signs, and its signatures.
struct Signed<'d> {
    message: Rc<Vec<u8>>,
    signatures: &'d [Vec<u8>],
}

impl Signed<'_> {
    fn is_by(&self, key: &VerificationKey) -> bool {
        self.signatures.iter().any(|signature| {
            let signature = SignatureBytes::from_bytes(signature);
            key.verify(self.message.as_slice(), &signature).is_ok()
        })
    }
}

/// Checks a bundle: chain and time of the certificate, its entry in a log, the proof and the signed head of the log, the signature. Returns the signer.
fn by_root(
    document: &Document,
    signed: &Signed<'_>,
    bundle: &serde_json::Value,
    root: &Verifier,
) -> Result<Signer, String> {
    let policy = VerificationPolicy::any_identity();
    let result = verified(document, signed, bundle, root, &policy)?;
    Ok(Signer {
        identity: result.identity().map(|name| name.as_str().to_owned()),
        issuer: result.issuer().map(|issuer| issuer.to_string()),
    })
}

/// Verifies a bundle by a policy. The verifier needs what is signed: for a statement a digest of its subject, which comes from the statement itself
/// (whether that is the program is judged elsewhere), otherwise the file.
fn verified(
    document: &Document,
    signed: &Signed<'_>,
    bundle: &serde_json::Value,
    root: &Verifier,
    policy: &dyn Policy,
) -> Result<VerificationResult, String> {
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|e| e.to_string())?;
    let statement = match &document.content {
        Content::Statement(statement) => statement,
        Content::FileSignature(_) => {
            let verify = || root.verify(signed.message.as_slice(), &bundle, policy);
            return ring_provider::with_message(&signed.message, verify).map_err(|e| e.to_string());
        }
    };
    let subjects = statement.subject.iter();
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
    root.verify(digest, &bundle, policy)
        .map_err(|e| e.to_string())
}

impl Signer {
    /// Both in one text.
    fn text(&self) -> Option<String> {
        let issuer = self.issuer.as_ref().map(|issuer| format!("by {issuer}"));
        let parts: Vec<String> = self.identity.iter().cloned().chain(issuer).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}
