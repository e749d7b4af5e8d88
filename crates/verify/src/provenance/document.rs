//! Files with statements: bare, in envelopes (<https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>), in bundles
//! (<https://docs.sigstore.dev/about/bundle>), in lists of them.

use super::{PAYLOAD_TYPE, STATEMENT_TYPES, Statement, Subject};
use gospect_bytes::base64;
use serde::Deserialize;
use serde_json::Value;

/// Longest file that is read.
pub const LARGEST: u64 = 64 << 20;
/// Most documents of one file.
const DOCUMENTS: usize = 10_000;

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Number of its line or element, starting at 1, when the file has several.
    pub number: Option<usize>,
    /// Its content.
    pub content: Content,
    /// The envelope with its signatures; `None`: it is an unsigned statement, or the signature of a file.
    pub envelope: Option<Envelope>,
    /// The Sigstore bundle that contains it, if there is one.
    pub bundle: Option<Value>,
}

/// What a document holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A statement about files.
    Statement(Statement),
    /// The signature of a whole file, as `cosign sign-blob` makes it. It says nothing of how the file was made.
    FileSignature(FileSignature),
}

/// The `messageSignature` of a Sigstore bundle (protobuf-specs, `sigstore_common.proto`, `MessageSignature`).
#[derive(Clone, Debug, PartialEq)]
pub struct FileSignature {
    /// The file, by the digest that the bundle names. Nobody signed this digest: it only says which file is meant.
    pub file: Subject,
    /// The signature over the bytes of the file.
    pub signature: Vec<u8>,
}

/// A DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The type of the payload.
    pub payload_type: String,
    /// The statement. [`Envelope::signed`] gives the bytes that are signed.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<Vec<u8>>,
}

/// Why the documents of a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It is not JSON.
    #[error("{place}is not JSON: {why}")]
    NotJson {
        /// `line 3: `, or nothing.
        place: String,
        /// What the parser says.
        why: String,
    },
    /// It is not a statement, envelope or bundle.
    #[error("{place}is not an in-toto statement, DSSE envelope or Sigstore bundle")]
    Unknown {
        /// `line 3: `, or nothing.
        place: String,
    },
    /// It is a statement, envelope or bundle, but malformed.
    #[error("{place}{why}")]
    Malformed {
        /// `line 3: `, or nothing.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// It has nothing.
    #[error("holds no provenance document")]
    Empty,
    /// It has too many.
    #[error("holds more than {DOCUMENTS} documents")]
    TooMany,
}

impl Document {
    /// The files that the document is about.
    pub fn subjects(&self) -> &[Subject] {
        match &self.content {
            Content::Statement(statement) => &statement.subject,
            Content::FileSignature(signature) => std::slice::from_ref(&signature.file),
        }
    }

    /// The signature of a whole file; `None`: it is a statement.
    pub fn file_signature(&self) -> Option<&FileSignature> {
        match &self.content {
            Content::Statement(_) => None,
            Content::FileSignature(signature) => Some(signature),
        }
    }
}

impl Envelope {
    /// The bytes that are signed: the pre-authentication encoding (PAE) of type and payload.
    pub fn signed(&self) -> Vec<u8> {
        let kind = self.payload_type.as_bytes();
        let mut out = format!("DSSEv1 {} ", kind.len()).into_bytes();
        out.extend_from_slice(kind);
        out.extend_from_slice(format!(" {} ", self.payload.len()).as_bytes());
        out.extend_from_slice(&self.payload);
        out
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEnvelope {
    payload_type: String,
    payload: String,
    #[serde(default)]
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize)]
struct RawSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawFileSignature {
    message_digest: Option<RawDigest>,
    signature: String,
}

#[derive(Deserialize)]
struct RawDigest {
    algorithm: String,
    digest: String,
}

/// The digests that files are compared by: name in a bundle (protobuf-specs, `HashAlgorithm`), name in a statement, bytes.
const DIGESTS: [(&str, &str, usize); 2] = [("SHA2_256", "sha256", 32), ("SHA2_512", "sha512", 64)];

/// Reads the documents of a file: one JSON value, a list of them, or one on each line.
///
/// # Errors
/// [`DocumentError`] when one of them cannot be used.
pub fn read(bytes: &[u8]) -> Result<Vec<Document>, DocumentError> {
    let values = values(bytes)?;
    if values.len() > DOCUMENTS {
        return Err(DocumentError::TooMany);
    }
    let has_several = values.len() > 1;
    let documents: Vec<Document> = values
        .into_iter()
        .map(|(number, value)| document(value, has_several.then_some(number)))
        .collect::<Result<_, _>>()?;
    match documents.is_empty() {
        true => Err(DocumentError::Empty),
        false => Ok(documents),
    }
}

fn values(bytes: &[u8]) -> Result<Vec<(usize, Value)>, DocumentError> {
    let whole = match serde_json::from_slice::<Value>(bytes) {
        Ok(whole) => whole,
        Err(error) => return lines(bytes, &error),
    };
    // The form of GitHub's API: `{"attestations": [{"bundle": …}]}`.
    let list = match whole {
        Value::Array(list) => list,
        Value::Object(mut keys) => match keys.remove("attestations") {
            Some(Value::Array(list)) => list,
            Some(other) => {
                keys.insert("attestations".to_owned(), other);
                vec![Value::Object(keys)]
            }
            None => vec![Value::Object(keys)],
        },
        other => vec![other],
    };
    Ok(list
        .into_iter()
        .enumerate()
        .map(|(at, v)| (at + 1, v))
        .collect())
}

/// Reads JSON lines. If the first line is not JSON either, the error is that of the whole file.
fn lines(bytes: &[u8], whole: &serde_json::Error) -> Result<Vec<(usize, Value)>, DocumentError> {
    let mut found = Vec::new();
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        if found.len() > DOCUMENTS {
            return Err(DocumentError::TooMany);
        }
        match serde_json::from_slice(line) {
            Ok(value) => found.push((at + 1, value)),
            Err(error) => {
                let (place, why) = match found.is_empty() {
                    true => (String::new(), whole.to_string()),
                    false => (format!("line {}: ", at + 1), error.to_string()),
                };
                return Err(DocumentError::NotJson { place, why });
            }
        }
    }
    match found.is_empty() {
        true => Err(DocumentError::Empty),
        false => Ok(found),
    }
}

fn document(value: Value, number: Option<usize>) -> Result<Document, DocumentError> {
    let place = number.map_or(String::new(), |number| format!("document {number}: "));
    let malformed = |why: String| DocumentError::Malformed {
        place: place.clone(),
        why,
    };
    // GitHub and npm put each bundle into an object of its own.
    let value = match value {
        Value::Object(mut keys) if keys.get("bundle").is_some_and(Value::is_object) => {
            keys.remove("bundle").unwrap_or_default()
        }
        other => other,
    };
    let has = |key: &str| value.get(key).is_some();
    if has("_type") && has("predicateType") {
        let statement = Statement::deserialize(&value)
            .map_err(|e| malformed(format!("the statement is malformed: {e}")))?;
        check_kind(&statement).map_err(malformed)?;
        return Ok(Document {
            number,
            content: Content::Statement(statement),
            envelope: None,
            bundle: None,
        });
    }
    let (envelope, bundle) = if has("payloadType") {
        (value.clone(), None)
    } else if let Some(envelope) = value.get("dsseEnvelope") {
        (envelope.clone(), Some(value))
    } else if let Some(raw) = value.get("messageSignature") {
        let signature = file_signature(raw).map_err(malformed)?;
        return Ok(Document {
            number,
            content: Content::FileSignature(signature),
            envelope: None,
            bundle: Some(value),
        });
    } else if has("base64Signature") && has("rekorBundle") {
        let why = "is a bundle in the old format of cosign; cosign writes a Sigstore bundle with --new-bundle-format".to_owned();
        return Err(malformed(why));
    } else {
        return Err(DocumentError::Unknown { place });
    };
    let raw = RawEnvelope::deserialize(&envelope)
        .map_err(|e| malformed(format!("the envelope is malformed: {e}")))?;
    if raw.payload_type != PAYLOAD_TYPE {
        let why = format!("the envelope holds {:?}, no statement", raw.payload_type);
        return Err(malformed(why));
    }
    let payload = decode(&raw.payload)
        .ok_or_else(|| malformed("the payload of the envelope is not base64".to_owned()))?;
    let signatures = raw
        .signatures
        .iter()
        .map(|signature| decode(&signature.sig));
    let signatures: Option<Vec<Vec<u8>>> = signatures.collect();
    let statement: Statement = serde_json::from_slice(&payload)
        .map_err(|e| malformed(format!("the statement in the envelope is malformed: {e}")))?;
    check_kind(&statement).map_err(malformed)?;
    Ok(Document {
        number,
        content: Content::Statement(statement),
        envelope: Some(Envelope {
            payload_type: raw.payload_type,
            payload,
            signatures: signatures
                .ok_or_else(|| malformed("a signature of the envelope is not base64".to_owned()))?,
        }),
        bundle,
    })
}

/// Refuses what only looks like a statement; `Err`: what is wrong with it.
fn check_kind(statement: &Statement) -> Result<(), String> {
    match STATEMENT_TYPES.contains(&statement.kind.as_str()) {
        true => Ok(()),
        false => Err(format!(
            "is not a known in-toto statement: its _type is {:?}",
            statement.kind
        )),
    }
}

/// Decodes base64. The specification of envelopes allows the URL-safe alphabet too.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('-', "+").replace('_', "/");
    base64::decode(text.as_bytes())
}

/// Reads a `messageSignature`; `Err`: what is wrong with it.
fn file_signature(value: &Value) -> Result<FileSignature, String> {
    let raw = RawFileSignature::deserialize(value)
        .map_err(|e| format!("the signature of a file is malformed: {e}"))?;
    let digest = raw
        .message_digest
        .ok_or("is a signature of a file that it does not name by a digest")?;
    let known = DIGESTS
        .iter()
        .find(|(name, ..)| *name == digest.algorithm)
        .ok_or_else(|| {
            format!(
                "names the signed file by {:?}; SHA2_256 and SHA2_512 are compared",
                digest.algorithm
            )
        })?;
    let (_, algorithm, length) = *known;
    let bytes = decode(&digest.digest)
        .filter(|bytes| bytes.len() == length)
        .ok_or_else(|| format!("the digest of the signed file is not a {algorithm} in base64"))?;
    let signature =
        decode(&raw.signature).ok_or("the signature of the file is not base64".to_owned())?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(FileSignature {
        file: Subject {
            name: String::new(),
            digest: [(algorithm.to_owned(), hex)].into(),
        },
        signature,
    })
}
