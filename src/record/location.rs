//! Where a program is.

use serde::{Deserialize, Serialize};

/// Where a binary is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The target as given on the command line.
    pub target: String,
    /// File in the file system; `None` for stdin, registries.
    pub file: Option<String>,
    /// Names inside containers, outermost first; empty for a plain file.
    pub entry: Vec<String>,
    /// The image it is in.
    pub image: Option<ImageRef>,
    /// The layer that brought it.
    pub layer: Option<LayerRef>,
    /// False when a later layer deletes or replaces it; `None` outside images.
    pub visible: Option<bool>,
    /// True for what ENTRYPOINT or CMD starts; `None` outside images, and where a script or another program may start it.
    pub started: Option<bool>,
    /// Permission bits (with setuid, setgid, sticky).
    pub mode: Option<u32>,
    /// Owner.
    pub uid: Option<u64>,
    /// Group.
    pub gid: Option<u64>,
    /// Architecture of the slice of a fat Mach-O.
    pub slice: Option<String>,
    /// Process.
    pub pid: Option<u32>,
}

/// Names an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRef {
    /// As in `ImageRecord::reference`.
    pub reference: String,
    /// Manifest digest.
    pub digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
}

/// Names a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRef {
    /// From 0, lowest first.
    pub index: u32,
    /// Digest of the blob.
    pub digest: Option<String>,
}
