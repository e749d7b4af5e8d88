//! Lets sigstore-verify use the cryptography of ring, which TLS needs anyway, instead of a second library.
//!
//! ring verifies messages, not digests of messages. For the signature of a whole file, of which sigstore-verify passes on the digest only,
//! [`with_message`] lends the message: it is hashed again, compared with that digest, and verified.

use ring::digest::{Algorithm, Context, SHA256, SHA384, SHA512};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use sigstore_verify::crypto::{
    CryptoProvider, Error, HashContext, SigningScheme, install_default_provider,
};
use sigstore_verify::types::HashAlgorithm;
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Debug)]
struct Ring;

static RING: Ring = Ring;

/// Makes ring the provider of this process. Further calls do nothing.
pub(super) fn install() {
    let _ = install_default_provider(&RING);
}

struct Hashing(Context);

impl HashContext for Hashing {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

fn unsupported(what: &str) -> Error {
    Error::UnsupportedAlgorithm(what.to_owned())
}

fn algorithm(scheme: SigningScheme) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match scheme {
        SigningScheme::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        SigningScheme::EcdsaP256Sha384 => &ECDSA_P256_SHA384_ASN1,
        SigningScheme::EcdsaP384Sha256 => &ECDSA_P384_SHA256_ASN1,
        SigningScheme::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        SigningScheme::Ed25519 => &ED25519,
        SigningScheme::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
        SigningScheme::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
        SigningScheme::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        SigningScheme::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        SigningScheme::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        SigningScheme::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        // ML-DSA, and schemes of later releases.
        _ => return None,
    })
}

impl CryptoProvider for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Result<Box<dyn HashContext>, Error> {
        let known: &'static Algorithm = match algorithm {
            HashAlgorithm::Sha2256 => &SHA256,
            HashAlgorithm::Sha2384 => &SHA384,
            HashAlgorithm::Sha2512 => &SHA512,
            _ => return Err(unsupported("a hash that ring does not have")),
        };
        Ok(Box::new(Hashing(Context::new(known))))
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let algorithm = algorithm(scheme).ok_or_else(|| unsupported(scheme.name()))?;
        UnparsedPublicKey::new(algorithm, key)
            .verify(data, signature)
            .map_err(|_| Error::Verification(format!("{} signature invalid", scheme.name())))
    }

    /// Only signatures of whole files use this, inside [`with_message`].
    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        let message = MESSAGE.with_borrow(Clone::clone);
        let message = message.ok_or_else(|| unsupported(scheme.name()))?;
        let algorithm = scheme
            .hash_algorithm()
            .ok_or_else(|| unsupported(scheme.name()))?;
        let mut hashing = self.hash(algorithm)?;
        hashing.update(&message);
        if hashing.finalize() != digest {
            let why = "the digest is not that of the file".to_owned();
            return Err(Error::Verification(why));
        }
        self.verify_raw(scheme, key, &message, signature)
    }
}

thread_local! {
    /// The message whose digests this thread may verify signatures of.
    static MESSAGE: RefCell<Option<Rc<Vec<u8>>>> = const { RefCell::new(None) };
}

/// Runs a verification in which signatures over the digest of this message can be verified.
pub(super) fn with_message<T>(message: &Rc<Vec<u8>>, verify: impl FnOnce() -> T) -> T {
    let before = MESSAGE.replace(Some(Rc::clone(message)));
    let result = verify();
    MESSAGE.set(before);
    result
}
