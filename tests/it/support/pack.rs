//! Archives and images around the stored programs.

use gospect::source::image::Digest;
use serde_json::{Value, json};

#[allow(unused_imports)] // not every test file packs one
pub use super::derive::gzip;

/// A tar member: name, then link target or content.
#[derive(Clone, Copy)]
pub enum Member<'a> {
    File(&'a str, &'a [u8]),
    /// With other permissions than 0755.
    Moded(&'a str, u32, &'a [u8]),
    HardLink(&'a str, &'a str),
}
use Member::{File, HardLink, Moded};

/// A plain ustar archive.
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        let (name, mode, flag, link, body) = match *member {
            File(name, body) => (name, 0o755, b"0", "", body),
            Moded(name, mode, body) => (name, mode, b"0", "", body),
            HardLink(name, to) => (name, 0o755, b"1", to, &[][..]),
        };
        let mut header = [0u8; 512];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, name.as_bytes());
        put(
            100,
            format!("{mode:07o}\x000000000\x000000000\x00").as_bytes(),
        );
        put(
            124,
            format!("{:011o}\x0000000000000\x00        ", body.len()).as_bytes(),
        );
        put(156, flag);
        put(157, link.as_bytes());
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(header);
        out.extend(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A zip of one stored member.
pub fn zip(name: &str, body: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(body);
    let len = u32::try_from(body.len()).unwrap().to_le_bytes();
    let mut common = b"\x14\0\0\0\0\0\0\0\0\0".to_vec();
    common.extend(crc.sum().to_le_bytes());
    common.extend([len, len].concat());
    common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    common.extend(b"\0\0");
    let mut out = [b"PK\x03\x04", &common[..], name.as_bytes(), body].concat();
    let at = u32::try_from(out.len()).unwrap().to_le_bytes();
    // No comment, disk 0, no internal attributes; Unix mode 0755 of a regular file; local header at offset 0.
    let external = (0o100_755u32 << 16).to_le_bytes();
    let central = [
        b"PK\x01\x02\x14\x03",
        &common[..],
        b"\0\0\0\0\0\0",
        &external,
        &[0; 4],
        name.as_bytes(),
    ]
    .concat();
    let size = u32::try_from(central.len()).unwrap().to_le_bytes();
    out.extend(&central);
    out.extend([b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &size[..], &at, b"\0\0"].concat());
    out
}

/// One image in the format of `docker save` before it used blobs; `config` is what `docker inspect` shows as Config.
pub fn docker_archive(tag: &str, platform: &str, config: &Value, layers: &[Vec<u8>]) -> Vec<u8> {
    let (os, arch) = platform.split_once('/').unwrap();
    let ids: Vec<_> = layers.iter().map(|t| Digest::of(t)).collect();
    let config = json!({
        "os": os, "architecture": arch, "config": config,
        "rootfs": {"type": "layers", "diff_ids": ids.iter().map(Digest::to_string).collect::<Vec<_>>()},
    })
    .to_string();
    let config_name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let names: Vec<_> = ids
        .iter()
        .map(|d| format!("{}/layer.tar", d.hex()))
        .collect();
    let manifest = json!([{"Config": config_name, "RepoTags": [tag], "Layers": names}]).to_string();
    let mut members: Vec<_> = names.iter().zip(layers).map(|(n, t)| File(n, t)).collect();
    members.push(File(&config_name, config.as_bytes()));
    members.push(File("manifest.json", manifest.as_bytes()));
    tar(&members)
}
