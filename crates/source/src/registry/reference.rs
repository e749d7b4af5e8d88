//! Names of images in registries.

use crate::archive::{ArchiveError, Reason};
use crate::image::Digest;

/// An image reference: `HOST[:PORT]/NAME[:TAG][@DIGEST]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Host and port as written.
    pub host: String,
    /// Repository.
    pub name: String,
    /// The tag; `latest` if none is given.
    pub tag: String,
    /// The digest, which takes precedence over the tag.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Parses a reference (OCI distribution specification, "Pulling manifests", has the alphabets).
    ///
    /// # Errors
    /// A sentence that says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, ArchiveError> {
        let wrong = |what: &str| {
            ArchiveError::new(
                Reason::Malformed,
                format!("{what}; write HOST/NAME, HOST/NAME:TAG or HOST/NAME@DIGEST"),
            )
        };
        let (host, rest) = text
            .split_once('/')
            .ok_or_else(|| wrong("the registry's host is missing"))?;
        if !(host.contains(['.', ':']) || host == "localhost") {
            return Err(wrong(
                "the registry's host is missing (Docker Hub is docker.io, its official images are docker.io/library/NAME)",
            ));
        }
        if !has_host_characters(host) {
            return Err(wrong("the host has characters that no host has"));
        }
        let (rest, digest) =
            match rest.split_once('@') {
                Some((rest, digest)) => (
                    rest,
                    Some(Digest::parse(digest).ok_or_else(|| {
                        wrong("the digest is not sha256: or sha512: and hex digits")
                    })?),
                ),
                None => (rest, None),
            };
        let (name, tag) = rest.split_once(':').unwrap_or((rest, "latest"));
        let part_ok = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.chars().all(|c| {
                    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-')
                })
        };
        if name.len() > 255 || !name.split('/').all(part_ok) {
            return Err(wrong(
                "the repository's name may have lower case letters, digits, dots, dashes and underscores",
            ));
        }
        let tag_ok = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if tag.is_empty()
            || tag.len() > 128
            || !tag.chars().all(tag_ok)
            || tag.starts_with(['.', '-'])
        {
            return Err(wrong("the tag has characters that no tag has"));
        }
        Ok(Self {
            host: host.to_owned(),
            name: name.to_owned(),
            tag: tag.to_owned(),
            digest,
        })
    }

    /// The host to connect to: Docker Hub's registry has another name.
    pub fn api_host(&self) -> &str {
        api_host(&self.host)
    }
}

/// The host to connect to for a host as written.
pub(super) fn api_host(host: &str) -> &str {
    match host {
        "docker.io" | "index.docker.io" => "registry-1.docker.io",
        other => other,
    }
}

/// Whether a text can be the host of a registry, alone or with a port.
pub(super) fn is_host(text: &str) -> bool {
    (text.contains(['.', ':']) || text == "localhost") && has_host_characters(text)
}

fn has_host_characters(host: &str) -> bool {
    let host_ok =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
    host.chars().all(host_ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_names_tags_and_digests() {
        let hex = "a".repeat(64);
        let full = Reference::parse(&format!("localhost:5000/a/b.c:1.2-x@sha256:{hex}")).unwrap();
        assert_eq!(
            (full.host.as_str(), full.name.as_str(), full.tag.as_str()),
            ("localhost:5000", "a/b.c", "1.2-x")
        );
        assert_eq!(full.digest.unwrap().hex(), hex);
        assert_eq!(
            Reference::parse("docker.io/library/app").unwrap().tag,
            "latest"
        );
        assert_eq!(
            Reference::parse("docker.io/library/app")
                .unwrap()
                .api_host(),
            "registry-1.docker.io"
        );
        for bad in [
            "app",
            "user/app",
            "h.x/",
            "h.x/UP",
            "h.x/../x",
            "h.x/a:",
            "h.x/a:t?x",
            "h.x/a@sha256:1",
            "u@h.x/a",
            "h.x/a//b",
            "h x.y/a",
        ] {
            assert!(Reference::parse(bad).is_err(), "{bad}");
        }
    }
}
