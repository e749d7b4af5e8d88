//! Every bound on what a scan may read, keep or expand, with its default.

/// Limits of a scan. A limit that is reached is reported, never applied silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one build-info string (version or module text).
    pub build_info: u64,
    /// Bytes read from one executable for all its facts.
    pub executable: u64,
    /// Bytes that a packed program may unpack to.
    pub unpacked: u64,
    /// Entries of one outermost container, including those of nested containers.
    pub entries: u64,
    /// Bytes of one container entry.
    pub entry_size: u64,
    /// Bytes that one container may expand to, including nested containers.
    pub expanded: u64,
    /// Expanded bytes for each compressed byte, after the first 16 MiB.
    pub ratio: u64,
    /// Levels of containers inside containers.
    pub depth: u32,
    /// Bytes of a path inside a container.
    pub path: usize,
    /// Bytes of a decompression window or dictionary.
    pub window: u64,
    /// Bytes of container metadata: an image manifest, a configuration, a zip directory.
    pub metadata: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            build_info: 16 << 20,
            executable: 1 << 30,
            unpacked: 512 << 20,
            entries: 2_000_000,
            entry_size: 4 << 30,
            expanded: 64 << 30,
            ratio: 1000,
            depth: 4,
            path: 4096,
            window: 128 << 20,
            metadata: 64 << 20,
        }
    }
}
