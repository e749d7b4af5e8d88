//! Which packages have a file of some name: hashes, 8 bytes for each file of the system.

/// Packages that are asked about one name: more have none of that name but by chance or by design.
const MOST: usize = 256;

/// Hashes of names with the numbers of packages.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: Vec<(u32, u32)>,
    most: usize,
    cut: bool,
}

impl Index {
    /// An empty one that takes up to `most` names.
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

    /// Makes it ready for questions.
    pub(super) fn finish(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    /// Numbers of the packages that may have a file of that name, in their order.
    pub(super) fn packages(&self, name: &[u8]) -> impl Iterator<Item = u32> + '_ {
        let wanted = hash(name);
        let from = self.entries.partition_point(|(hash, _)| *hash < wanted);
        let rest = self.entries.get(from..).unwrap_or_default().iter();
        rest.take_while(move |(hash, _)| *hash == wanted)
            .map(|(_, package)| *package)
            .take(MOST)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// There were more names.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}

/// FNV-1a: a name that collides costs a look at one more package.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
