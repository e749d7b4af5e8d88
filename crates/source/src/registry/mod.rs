//! Images in a registry (OCI distribution specification 1.1): blobs are scanned as they come over HTTP.
//!
//! Must never: write a blob to disk, put a credential into a message, or send one to a host it is not for.

mod auth;
mod catalog;
mod client;
mod credentials;
mod download;
pub mod listing;
mod reference;
mod referrers;

/// Readers of registry answers, for the fuzzers.
#[doc(hidden)]
pub mod fuzzing {
    pub use super::client::read_token;

    /// Reads a header, and encodes its contents for a query.
    pub fn read_challenges(header: &str) {
        for challenge in super::auth::challenges(header) {
            for value in challenge.params.values() {
                let encoded = super::auth::encode(value);
                assert!(encoded.bytes().all(|b| b.is_ascii_graphic() && b != b'&'));
            }
        }
    }
}

pub use catalog::{Catalog, Resolved, ResolvedImage};
pub use reference::Reference;
pub use referrers::Attached;

use super::archive::{ArchiveError, Reason};
use super::image::digest::Digest;
use super::image::manifest::{ACCEPT, MANIFEST_MAX};
use super::image::store::{Blob, Blobs, Top, read_short};
use super::image::{Examine, ImageOptions, Payload, StoreScan, scan_store};
use client::Client;
use download::Download;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

/// Settings for access to registries.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Use plain HTTP; only for hosts on the loopback.
    pub insecure_http: bool,
    /// Directory of Docker's `config.json`; `None`: no credentials.
    pub docker_config: Option<PathBuf>,
    /// PEM file of certificates to trust instead of the built-in ones; by default the one that `SSL_CERT_FILE` names.
    pub roots: Option<PathBuf>,
    /// How often a request or a broken download is tried.
    pub tries: u32,
    /// The first pause between tries; each next one is twice as long.
    pub pause: Duration,
    /// Longest wait for a connection, an answer, or the next bytes of a body.
    pub timeout: Duration,
    /// Most requests for one target, including repeated and redirected ones. An image of 1000 layers whose connections keep
    /// breaking needs fewer than the default.
    pub requests: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            insecure_http: false,
            docker_config: credentials::default_directory(),
            roots: super::http::default_roots(),
            tries: 5,
            pause: Duration::from_millis(250),
            timeout: Duration::from_secs(60),
            requests: 10_000,
        }
    }
}

/// Scans an image in a registry. `target` is the text after `registry:`.
pub fn scan<P: Payload>(
    target: &str,
    settings: &Settings,
    options: &ImageOptions,
    examine: &dyn Examine<P>,
) -> StoreScan<P> {
    let made = Reference::parse(target).and_then(|reference| Registry::new(reference, settings));
    match made {
        Ok(registry) => scan_store(&registry, options, examine),
        Err(error) => super::image::failed(options, &error),
    }
}

/// One repository of one registry.
pub struct Registry {
    reference: Reference,
    client: Client,
}

impl Registry {
    /// Prepares access; makes no request.
    ///
    /// # Errors
    /// When plain HTTP is asked for and the host is not on the loopback.
    pub fn new(reference: Reference, settings: &Settings) -> Result<Self, ArchiveError> {
        let client = Client::new(&reference, settings)?;
        Ok(Self { reference, client })
    }

    fn path(&self, kind: &str, what: &str) -> String {
        format!("/v2/{}/{kind}/{what}", self.reference.name)
    }

    fn manifest(&self, what: &str) -> Result<Option<Vec<u8>>, ArchiveError> {
        let mut download = match Download::open(
            &self.client,
            self.path("manifests", what),
            Some(ACCEPT),
            None,
        )? {
            Some(download) => download,
            None => return Ok(None),
        };
        read_short(&mut download, MANIFEST_MAX, "the manifest").map(Some)
    }
}

/// Most manifests and indexes of one reference. Each takes a request; an image for twenty platforms has forty-one.
const DOCUMENTS: usize = 1000;

impl Blobs for Registry {
    fn is_remote(&self) -> bool {
        true
    }

    fn most_documents(&self) -> usize {
        DOCUMENTS
    }

    fn top(&self) -> Result<Top, ArchiveError> {
        let what = self
            .reference
            .digest
            .map_or_else(|| self.reference.tag.clone(), |d| d.to_string());
        let missing = || {
            ArchiveError::new(
                Reason::Unreadable,
                format!(
                    "{} has no {what} of {}",
                    self.reference.host, self.reference.name
                ),
            )
        };
        let bytes = self.manifest(&what)?.ok_or_else(missing)?;
        let want = self.reference.digest;
        let got = want.map_or_else(|| Digest::of(&bytes), |d| d.same_of(&bytes));
        if want.is_some_and(|want| want != got) {
            return Err(ArchiveError::malformed(format!(
                "the manifest {what} has the digest {got}"
            )));
        }
        Ok(Top::Document(bytes, Some(got)))
    }

    fn open<'a>(&'a self, blob: &Blob) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let Some(digest) = blob.digest else {
            return Ok(None);
        };
        let download = Download::open(
            &self.client,
            self.path("blobs", &digest.to_string()),
            None,
            blob.size,
        )?;
        Ok(download.map(|d| Box::new(d) as Box<dyn Read + Send>))
    }

    fn open_manifest<'a>(
        &'a self,
        blob: &Blob,
    ) -> Result<Option<Box<dyn Read + Send + 'a>>, ArchiveError> {
        let Some(digest) = blob.digest else {
            return Ok(None);
        };
        let bytes = self.manifest(&digest.to_string())?;
        Ok(bytes.map(|b| Box::new(std::io::Cursor::new(b)) as Box<dyn Read + Send>))
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
