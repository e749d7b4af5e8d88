//! Where a program is.

use serde::{Deserialize, Serialize};

/// Where a program is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The target as given on the command line.
    pub target: String,
    /// File in the file system; `None` for standard input and registries.
    pub file: Option<String>,
    /// Names of the entries inside containers, outermost first; empty for a plain file.
    pub entry: Vec<String>,
    /// The image that holds it.
    pub image: Option<ImageRef>,
    /// The layer that holds it.
    pub layer: Option<LayerRef>,
    /// False when a later layer deletes or replaces it; `None` outside images, or when a layer is missing.
    pub visible: Option<bool>,
    /// True for the program that ENTRYPOINT or CMD starts; `None` outside images, and when a script or another program may
    /// start it.
    pub started: Option<bool>,
    /// Permission bits, including setuid, setgid and sticky.
    pub mode: Option<u32>,
    /// Numeric owner.
    pub uid: Option<u64>,
    /// Numeric group.
    pub gid: Option<u64>,
    /// Architecture of the slice of a universal Mach-O file.
    pub slice: Option<String>,
    /// Process ID.
    pub pid: Option<u32>,
}

impl Location {
    /// Whether this path is that of the target itself, and not of something inside it: the target names it, with or without a
    /// scheme such as `dir:` before it.
    pub fn is_of_target(&self, path: &str) -> bool {
        let scheme = self.target.strip_suffix(path);
        scheme.is_some_and(|scheme| scheme.is_empty() || scheme.ends_with(':'))
    }
}

/// Identifies an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    /// As in `ImageRecord::reference`.
    pub reference: String,
    /// Manifest digest.
    pub digest: Option<String>,
    /// `os/arch[/variant]`.
    pub platform: Option<String>,
}

/// Identifies a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRef {
    /// Position, starting at 0 with the lowest.
    pub index: u32,
    /// Digest of the blob.
    pub digest: Option<String>,
}
