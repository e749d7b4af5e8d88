//! Container images: configuration, layers, and the files of the visible root that rules need.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Configuration and layers of one container image (one platform).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// The image as people name it: tag, archive path, or registry reference.
    pub reference: String,
    /// Further names of the same image.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Digest of the image manifest; `None` when there is none (old `docker save`).
    pub digest: Option<String>,
    /// Digest of its configuration: the ID by which Podman lists it, and Docker without containerd's image store.
    #[serde(default)]
    pub config_digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
    /// `ENV` of the configuration, `KEY=VALUE` each.
    pub env: Vec<String>,
    /// `ENTRYPOINT`.
    pub entrypoint: Vec<String>,
    /// `CMD`.
    pub cmd: Vec<String>,
    /// `USER`; empty means root, the default.
    pub user: Option<String>,
    /// Working directory.
    pub working_dir: Option<String>,
    /// Labels of the image configuration.
    pub labels: BTreeMap<String, String>,
    /// Layers, lowest first.
    pub layers: Vec<LayerRecord>,
    /// Files of the visible root that rules need.
    pub rootfs: Rootfs,
}

impl ImageRecord {
    /// Whether a container runs as root: there is no USER, or its number is 0, with or without a group behind a colon. Where the number of a name is not known,
    /// only `root` is.
    pub fn runs_as_root(&self) -> bool {
        match self.rootfs.user_id {
            Some(id) => id == 0,
            None => self.is_named_root(),
        }
    }

    fn is_named_root(&self) -> bool {
        let user = self.user.as_deref().unwrap_or_default();
        let user = user.split(':').next().unwrap_or_default();
        matches!(user, "" | "root") || user.parse() == Ok(0i64)
    }

    /// USER for people; `None`: not set. Another name of root has its number, such as `admin (uid 0)`.
    pub fn shown_user(&self) -> Option<String> {
        let user = self.user.as_deref().filter(|user| !user.is_empty())?;
        Some(match self.runs_as_root() && !self.is_named_root() {
            true => format!("{user} (uid 0)"),
            false => user.to_owned(),
        })
    }
}

/// One layer of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    /// Digest of the layer blob as stored.
    pub digest: Option<String>,
    /// The history line of the build step that made it.
    pub created_by: Option<String>,
    /// Size of the blob as stored, in bytes.
    pub size: Option<u64>,
}

/// The files in the visible root of an image that rules need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rootfs {
    /// Absolute paths of dynamic loaders (`/lib64/ld-linux-x86-64.so.2`, `/lib/ld-musl-x86_64.so.1`).
    pub loaders: Vec<String>,
    /// Absolute paths of shared libraries (`*.so`, `*.so.N`).
    pub libraries: Vec<String>,
    /// Paths of the CA bundles that crypto/x509 would read.
    pub ca_bundles: Vec<String>,
    /// Paths of the zoneinfo directories or archives that package time would read.
    pub zoneinfo: Vec<String>,
    /// The program that ENTRYPOINT or CMD starts; `None` when neither is configured, or it may be in a layer that was not read.
    pub started: Option<Started>,
    /// The number of USER: its own, or that of its name in `/etc/passwd`; `None` when the name is not there, or the file may be in a layer that was not read, is
    /// a link to another, or is longer than 1 MiB.
    #[serde(default)]
    pub user_id: Option<u32>,
}

/// The program that a container starts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// First word of ENTRYPOINT + CMD.
    pub command: String,
    /// The file that it resolves to in the visible root, following links; `None`: not found.
    pub path: Option<String>,
    /// Whether that file is executable; `None` when not found.
    pub executable: Option<bool>,
}
