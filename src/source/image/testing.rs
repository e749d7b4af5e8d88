//! Images built in memory for tests, and short descriptions of their scans.

use super::*;
use crate::source::archive::Reason;
use crate::source::archive::build::{gzip, tar_entry};
use std::fmt::Write as _;

/// In these tests a program is the text of its file.
impl Payload for String {}

/// Takes files that begin with `EXE:` for programs, and carries the rest of their content.
pub(super) struct Programs;

impl Examine<String> for Programs {
    fn wants(&self, _: &Place, head: &[u8], _: Option<u64>) -> Want {
        if head.starts_with(b"EXE:") {
            Want::Whole
        } else {
            Want::Skip
        }
    }

    fn examine(&self, candidate: &Candidate<'_>) -> Vec<Result<String, ArchiveError>> {
        let mut bytes = vec![0; candidate.bytes.len() as usize];
        candidate.bytes.read_at(&mut bytes, 0).unwrap();
        let text = String::from_utf8_lossy(&bytes[4..]).into_owned();
        if text.starts_with("broken") {
            return vec![Err(ArchiveError::new(Reason::Packed, "cannot be unpacked"))];
        }
        vec![Ok(text)]
    }
}

/// A tar of `(name, content)`: `->x` is a symbolic link, `=x` a hard link, a name that ends in `/` a directory.
pub(crate) fn tar_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
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
pub(crate) struct Layout {
    pub blobs: Vec<(Digest, Vec<u8>)>,
}

impl Layout {
    pub fn blob(&mut self, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes);
        self.blobs.push((digest, bytes.to_vec()));
        format!(r#""digest":"{digest}","size":{}"#, bytes.len())
    }

    /// Adds a manifest with these layers (`None`: uncompressed, else as compressed); returns the inner part of its descriptor.
    pub fn image(&mut self, platform: (&str, &str), run: &str, tars: &[(Vec<u8>, &str)]) -> String {
        let mut layers = Vec::new();
        let mut diff_ids = Vec::new();
        let mut history = vec![r#"{"created_by":"ENV A=1","empty_layer":true}"#.to_owned()];
        for (i, (tar, kind)) in tars.iter().enumerate() {
            diff_ids.push(format!("\"{}\"", Digest::of(tar)));
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

    pub(super) fn members(&self, top: &[String]) -> Vec<(String, Vec<u8>)> {
        let mut members: Vec<(String, Vec<u8>)> = self
            .blobs
            .iter()
            .map(|(d, b)| (format!("blobs/{}/{}", d.algorithm(), d.hex()), b.clone()))
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

    pub(crate) fn write(&self, top: &[String]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in self.members(top) {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        dir
    }

    pub(crate) fn tar(&self, top: &[String]) -> Vec<u8> {
        let members = self.members(top);
        tar_of(
            &members
                .iter()
                .map(|(n, b)| (n.as_str(), b.as_slice()))
                .collect::<Vec<_>>(),
        )
    }
}

pub(super) fn index_json(manifests: &[String]) -> String {
    let list: Vec<String> = manifests.iter().map(|m| format!("{{{m}}}")).collect();
    format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, list.join(","))
}

pub(crate) fn tagged(descriptor: &str, tag: &str) -> String {
    format!(r#"{descriptor},"annotations":{{"org.opencontainers.image.ref.name":"{tag}"}}"#)
}

/// `path=content layer visible started`, one program a line, after the image's reference and platform.
pub(crate) fn shown(scan: &StoreScan<String>) -> String {
    let mut text = String::new();
    for image in &scan.images {
        let _ = writeln!(
            text,
            "{} {}",
            image.record.reference,
            image.record.platform.as_deref().unwrap_or("-")
        );
        for program in &image.programs {
            assert!(program.layer.digest.is_some());
            let started = match program.started {
                None => " started?",
                Some(true) => " started",
                Some(false) => "",
            };
            let visible = if program.visible == Some(false) {
                " hidden"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "  {}{}={} {}{visible}{started}",
                image.around.prefix,
                path(program),
                program.item.program,
                program.layer.index
            );
        }
    }
    text
}

/// Path of a program in its image.
pub(crate) fn path(program: &Layered<String>) -> String {
    String::from_utf8_lossy(&program.item.place.entries.join(&b'!')).into_owned()
}

pub(super) fn problems(scan: &StoreScan<String>) -> Vec<String> {
    let all = scan
        .problems
        .iter()
        .chain(scan.images.iter().flat_map(|i| &i.problems));
    let mark = |p: &ImageProblem| if p.fatal { "fatal " } else { "" };
    all.map(|p| {
        format!(
            "{}{} {}: {}",
            mark(p),
            p.error.reason.as_str(),
            p.path,
            p.error.detail
        )
    })
    .collect()
}
