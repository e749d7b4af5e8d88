//! Archives and images around the stored programs.

use gospect::source::image::Digest;
use serde_json::{Value, json};
use test_support::archives::{self, ZipEntry};

#[allow(unused_imports)] // not every test file packs one
pub use super::derive::gzip;

/// A tar member: name, then link target or content.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    File(&'a str, &'a [u8]),
    /// With other permissions than 0755.
    Moded(&'a str, u32, &'a [u8]),
    HardLink(&'a str, &'a str),
    SymLink(&'a str, &'a str),
}
use Member::{File, HardLink, Moded, SymLink};

/// A plain ustar archive.
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        let (name, mode, flag, link, body) = match *member {
            File(name, body) => (name, 0o755, b'0', "", body),
            Moded(name, mode, body) => (name, mode, b'0', "", body),
            HardLink(name, to) => (name, 0o755, b'1', to, &[][..]),
            SymLink(name, to) => (name, 0o777, b'2', to, &[][..]),
        };
        let size = archives::octal(body.len());
        let mut header = archives::tar_header(name.as_bytes(), flag, &size, link.as_bytes());
        header[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
        // Owner and group 0.
        header[108..124].copy_from_slice(b"0000000\x000000000\0");
        archives::seal(&mut header);
        out.extend(header);
        out.extend(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A zip of one stored member.
pub fn zip(name: &str, body: &[u8]) -> Vec<u8> {
    archives::zip(&[ZipEntry::packed(name, 0, body, body.to_vec())])
}

/// One image in the format of `docker save` before it used blobs; `config` is what `docker inspect` shows as Config.
pub fn docker_archive(tag: &str, platform: &str, config: &Value, layers: &[Vec<u8>]) -> Vec<u8> {
    docker_archives(&[(tag, config.clone())], platform, layers)
}

/// The same with several images of the same layers.
pub fn docker_archives(images: &[(&str, Value)], platform: &str, layers: &[Vec<u8>]) -> Vec<u8> {
    let (os, arch) = platform.split_once('/').unwrap();
    let ids: Vec<_> = layers.iter().map(|t| Digest::of(t)).collect();
    let names: Vec<_> = ids
        .iter()
        .map(|d| format!("{}/layer.tar", d.hex()))
        .collect();
    let (mut manifest, mut configs) = (Vec::new(), Vec::new());
    for (tag, config) in images {
        let config = json!({
            "os": os, "architecture": arch, "config": config,
            "rootfs": {"type": "layers", "diff_ids": ids.iter().map(Digest::to_string).collect::<Vec<_>>()},
        })
        .to_string();
        let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
        manifest.push(json!({"Config": name, "RepoTags": [tag], "Layers": names}));
        configs.push((name, config));
    }
    let manifest = Value::from(manifest).to_string();
    let mut members: Vec<_> = names.iter().zip(layers).map(|(n, t)| File(n, t)).collect();
    members.extend(configs.iter().map(|(n, c)| File(n, c.as_bytes())));
    members.push(File("manifest.json", manifest.as_bytes()));
    tar(&members)
}
