//! Container images as OCI layouts, built in memory.

use crate::archives::{gzip, tar_entry};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// `sha256:` and the digits.
pub fn digest_of(bytes: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A tar of `(name, content)`: `->x` is a symbolic link, `=x` a hard link, a name that ends in `/` a directory.
pub fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in entries {
        let (flag, link, body): (u8, &[u8], &[u8]) = match content {
            _ if name.ends_with('/') && name.len() > 1 => (b'5', b"", b""),
            [b'-', b'>', to @ ..] => (b'2', to, b""),
            [b'=', to @ ..] => (b'1', to, b""),
            body => (b'0', b"", body),
        };
        out.extend(tar_entry(name.as_bytes(), flag, body, link));
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// Builds an OCI layout.
#[derive(Default)]
pub struct Layout {
    /// Each with its digest.
    pub blobs: Vec<(String, Vec<u8>)>,
}

impl Layout {
    /// Stores a blob; its digest and size as a descriptor has them.
    pub fn blob(&mut self, bytes: &[u8]) -> String {
        let digest = digest_of(bytes);
        let text = format!(r#""digest":"{digest}","size":{}"#, bytes.len());
        self.blobs.push((digest, bytes.to_vec()));
        text
    }

    /// Adds a manifest with these layers (`None`: uncompressed, else as compressed); returns the inner part of its descriptor.
    pub fn image(&mut self, platform: (&str, &str), run: &str, tars: &[(Vec<u8>, &str)]) -> String {
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        let mut history = vec![r#"{"created_by":"ENV A=1","empty_layer":true}"#.to_owned()];
        for (i, (tar, kind)) in tars.iter().enumerate() {
            diff_ids.push(format!("\"{}\"", digest_of(tar)));
            let stored = match *kind {
                "+gzip" => gzip(tar),
                "+zstd" => zstd::encode_all(tar.as_slice(), 1).unwrap(),
                _ => tar.clone(),
            };
            let at = self.blob(&stored);
            layers.push(format!(
                r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar{kind}",{at}}}"#
            ));
            history.push(format!(r#"{{"created_by":"COPY {i}"}}"#));
        }
        let (os, arch) = platform;
        let config = format!(
            r#"{{"os":"{os}","architecture":"{arch}","config":{run},"rootfs":{{"type":"layers","diff_ids":[{}]}},"history":[{}]}}"#,
            diff_ids.join(","),
            history.join(",")
        );
        let config = self.blob(config.as_bytes());
        let manifest = format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json",{config}}},"layers":[{}]}}"#,
            layers.join(",")
        );
        let at = self.blob(manifest.as_bytes());
        format!(r#""mediaType":"application/vnd.oci.image.manifest.v1+json",{at}"#)
    }

    /// Adds an index; returns the inner part of its descriptor.
    pub fn index(&mut self, manifests: &[String]) -> String {
        let at = self.blob(index_json(manifests).as_bytes());
        format!(r#""mediaType":"application/vnd.oci.image.index.v1+json",{at}"#)
    }

    /// The files of the layout; `top` are the descriptors of its index.
    pub fn members(&self, top: &[String]) -> Vec<(String, Vec<u8>)> {
        let mut members: Vec<(String, Vec<u8>)> = self
            .blobs
            .iter()
            .map(|(d, b)| (format!("blobs/{}", d.replace(':', "/")), b.clone()))
            .collect();
        members.sort();
        members.dedup();
        members.push(("index.json".into(), index_json(top).into_bytes()));
        members.push((
            "oci-layout".into(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ));
        members
    }

    /// As a directory.
    pub fn write(&self, top: &[String]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in self.members(top) {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        dir
    }

    /// As an archive.
    pub fn tar(&self, top: &[String]) -> Vec<u8> {
        let members = self.members(top);
        tar_of(
            &members
                .iter()
                .map(|(n, b)| (n.as_str(), b.as_slice()))
                .collect::<Vec<_>>(),
        )
    }
}

/// An index of these descriptors.
pub fn index_json(manifests: &[String]) -> String {
    let list: Vec<String> = manifests.iter().map(|m| format!("{{{m}}}")).collect();
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","))
}

/// A descriptor with the tag of its image.
pub fn tagged(descriptor: &str, tag: &str) -> String {
    format!(r#"{descriptor},"annotations":{{"org.opencontainers.image.ref.name":"{tag}"}}"#)
}
