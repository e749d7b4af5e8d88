//! Container images: configuration, layers, and what the visible root holds.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Configuration and layers of one container image (one platform).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// As a person would name it: tag, archive path, or registry reference.
    pub reference: String,
    /// Further names of the same image.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Digest of the image manifest; `None` when the container has none (old `docker save`).
    pub digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// `ENV` as configured, `KEY=VALUE` each.
    pub env: Vec<String>,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `USER`; empty text means root by default.
    pub user: Option<String>,
    /// Working directory.
    pub working_dir: Option<String>,
    /// Labels of the image configuration.
    pub labels: BTreeMap<String, String>,
    /// Layers, lowest first.
    pub layers: Vec<LayerRecord>,
    /// Names in the visible root that checks need.
    pub rootfs: Rootfs,
}

/// One layer of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Digest of the layer blob as stored.
    pub digest: Option<String>,
    /// The history line that made it.
    pub created_by: Option<String>,
    /// Bytes of the blob as stored.
    pub size: Option<u64>,
}

/// What the visible root file system of an image holds, as far as checks need it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rootfs {
    /// Absolute paths of dynamic loaders (`/lib64/ld-linux-x86-64.so.2`, `/lib/ld-musl-x86_64.so.1`).
    pub loaders: Vec<String>,
    /// Absolute paths of shared libraries (`*.so`, `*.so.N`).
    pub libraries: Vec<String>,
    /// CA bundles that crypto/x509 would read.
    pub ca_bundles: Vec<String>,
    /// Zoneinfo directories or archives that package time would read.
    pub zoneinfo: Vec<String>,
    /// What ENTRYPOINT or CMD resolves to; `None` when nothing is configured, or it may be in a layer that was not read.
    pub started: Option<Started>,
}

/// The program that a container starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// First word of ENTRYPOINT + CMD.
    pub command: String,
    /// The file it resolves to in the visible root, links followed; `None`: not found.
    pub path: Option<String>,
    /// Whether that file has an execute bit; `None` when not found.
    pub executable: Option<bool>,
}
