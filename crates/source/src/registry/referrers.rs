//! What refers to an image: attestations and signatures (OCI distribution specification 1.1, "Listing Referrers", with its fallback for older registries, and
//! the tags that cosign writes).

use super::download::Download;
use super::{Blobs, Digest, MANIFEST_MAX, Registry, Top, read_short};
use crate::archive::ArchiveError;
use serde::Deserialize;

/// Most referrers of an image that are looked at, and most layers of each.
const REFERRERS: usize = 100;
/// Longest document.
const DOCUMENT_MAX: u64 = 16 << 20;
/// The media type of the answer.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Beginnings of the media types of layers with provenance.
const DOCUMENTS: [&str; 3] = [
    "application/vnd.dev.sigstore.bundle",
    "application/vnd.in-toto+json",
    "application/vnd.dsse.envelope",
];

/// A document that is attached to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Digest of its blob.
    pub digest: String,
    /// Its bytes, which have that digest.
    pub bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
}

impl Registry {
    /// The digest of what the reference names: the index of an image for several platforms, else its manifest.
    ///
    /// # Errors
    /// When the registry does not have it.
    pub fn digest(&self) -> Result<String, ArchiveError> {
        match self.top()? {
            Top::Document(_, Some(digest)) => Ok(digest.to_string()),
            _ => Err(ArchiveError::malformed(
                "the reference has no digest".to_owned(),
            )),
        }
    }

    /// The provenance documents that refer to a manifest or an index.
    ///
    /// # Errors
    /// When the registry refuses, or sends something else than it said.
    pub fn attached(&self, subject: &str) -> Result<Vec<Attached>, ArchiveError> {
        let malformed = |what: &str| ArchiveError::malformed(format!("{what} is malformed"));
        let fallback = subject.replacen(':', "-", 1);
        let listed = match self.listed(subject)? {
            Some(list) => Some(list),
            None => self.manifest(&fallback)?,
        };
        let mut manifests: Vec<Vec<u8>> = Vec::new();
        if let Some(listed) = listed {
            let index: Index =
                serde_json::from_slice(&listed).map_err(|_| malformed("the list of referrers"))?;
            for referrer in index.manifests.iter().take(REFERRERS) {
                // Only a digest may become part of a path.
                Digest::parse(&referrer.digest)
                    .ok_or_else(|| malformed("the digest of a referrer"))?;
                if let Some(bytes) = self.manifest(&referrer.digest)? {
                    check(&bytes, &referrer.digest)?;
                    manifests.push(bytes);
                }
            }
        }
        manifests.extend(self.manifest(&format!("{fallback}.att"))?);
        let mut found: Vec<Attached> = Vec::new();
        for bytes in manifests {
            let manifest: Manifest = serde_json::from_slice(&bytes)
                .map_err(|_| malformed("the manifest of a referrer"))?;
            let layers = manifest.layers.iter().filter(|layer| {
                let mut known = DOCUMENTS.iter();
                known.any(|kind| layer.media_type.starts_with(kind))
            });
            for layer in layers.take(REFERRERS) {
                if found.iter().any(|known| known.digest == layer.digest) {
                    continue;
                }
                if let Some(bytes) = self.document(&layer.digest)? {
                    found.push(Attached {
                        digest: layer.digest.clone(),
                        bytes,
                    });
                }
            }
        }
        Ok(found)
    }

    /// The list of the registry; `None`: it does not keep one.
    fn listed(&self, subject: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let path = self.path("referrers", subject);
        let Some(mut download) = Download::open(&self.client, path, Some(INDEX), None)? else {
            return Ok(None);
        };
        read_short(&mut download, MANIFEST_MAX, "the list of referrers").map(Some)
    }

    fn document(&self, digest: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        // Only a digest may become part of a path.
        Digest::parse(digest)
            .ok_or_else(|| ArchiveError::malformed("a referrer names no digest".to_owned()))?;
        let path = self.path("blobs", digest);
        let Some(mut download) = Download::open(&self.client, path, None, None)? else {
            return Ok(None);
        };
        let bytes = read_short(&mut download, DOCUMENT_MAX, "a document of the image")?;
        check(&bytes, digest)?;
        Ok(Some(bytes))
    }
}

fn check(bytes: &[u8], digest: &str) -> Result<(), ArchiveError> {
    let wanted = Digest::parse(digest);
    let wanted =
        wanted.ok_or_else(|| ArchiveError::malformed("a referrer names no digest".to_owned()))?;
    match wanted.same_of(bytes) == wanted {
        true => Ok(()),
        false => Err(ArchiveError::malformed(format!(
            "a referrer is not what its digest {digest} says"
        ))),
    }
}
