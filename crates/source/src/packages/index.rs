//! Finds the packages that have a file of some name: a table of hashes, 8 bytes for each file of the system.

/// Most packages looked at for one name; more have it only by coincidence or on purpose.
const MAX_PACKAGES: usize = 256;

/// Hashes of names with numbers of packages.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<(u32, u32)>,
    most: usize,
    cut: bool,
}

impl Index {
    /// An empty index for at most `most` names.
    pub(super) fn new(most: usize) -> Self {
        Self {
            entries: Vec::new(),
            most,
            cut: false,
        }
    }

    /// Adds the last part of a path.
    pub(super) fn push(&mut self, path: &[u8], package: u32) {
        if self.entries.len() >= self.most {
            self.cut = true;
            return;
        }
        let entry = (hash(super::base(path)), package);
        if self.entries.last() != Some(&entry) {
            self.entries.push(entry);
        }
    }

    /// Sorts the index; called before look-ups.
    pub(super) fn finish(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    /// Numbers of the packages that may have a file of this name, ascending.
    pub(super) fn packages(&self, name: &[u8]) -> impl Iterator<Item = u32> + '_ {
        let wanted = hash(name);
        let from = self.entries.partition_point(|(hash, _)| *hash < wanted);
        let rest = self.entries.get(from..).unwrap_or_default().iter();
        rest.take_while(move |(hash, _)| *hash == wanted)
            .map(|(_, package)| *package)
            .take(MAX_PACKAGES)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether names were left out.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}

/// FNV-1a; a collision costs reading one more package.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
