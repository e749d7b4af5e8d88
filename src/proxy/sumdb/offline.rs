//! Verifies stored records with stored tiles, without a request.
//!
//! The `go` command stores only the tiles that it needed for its own proofs. So a record is proven in the tree of the head that came with it, else in the newest
//! tree. That the two trees are consistent is checked as far as tiles are stored; without tiles, only the signature vouches for it.

use super::super::error::ProxyError;
use super::super::tree::{Tile, Tree};
use super::{Sums, security};

impl Sums<'_> {
    /// Verifies a stored record and returns its checksums.
    ///
    /// # Errors
    /// [`ProxyError::NotKept`] when tiles are missing, [`ProxyError::Security`] when it fails verification.
    pub(super) fn verified_offline(
        &mut self,
        module: &str,
        version: &str,
        kept: &[u8],
    ) -> Result<Vec<(String, String)>, ProxyError> {
        let record = self.record(module, version, kept)?;
        let own = self.head(record.note)?;
        if self.latest.is_none() {
            let latest = self.store.read(&format!("{}/latest", self.verifier.name));
            if let Some(latest) = latest.filter(|l| !l.is_empty()) {
                self.latest = Some(self.head(&latest)?);
            }
        }
        let latest = self.latest;
        if let Some(latest) = latest {
            self.compare(own, latest)?;
        }
        if latest.is_none_or(|latest| own.size > latest.size) {
            self.latest = Some(own);
        }
        let mut missing = None;
        let trees = std::iter::once(own).chain(latest);
        for tree in trees.filter(|tree| record.index < tree.size) {
            match self.prove(tree, record.index, record.text) {
                Ok(()) => return Ok(record.sums()),
                Err(error @ ProxyError::NotKept(_)) => missing = missing.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Err(missing.unwrap_or_else(|| {
            let name = &self.verifier.name;
            let index = record.index;
            security(format!(
                "{name} gave the record {index}, which its signed tree does not have"
            ))
        }))
    }

    /// Proves that two trees are consistent, if the tiles for that are stored.
    fn compare(&mut self, one: Tree, other: Tree) -> Result<(), ProxyError> {
        let (old, new) = match one.size <= other.size {
            true => (one, other),
            false => (other, one),
        };
        match self.continues(old, new) {
            Err(ProxyError::NotKept(_)) => Ok(()),
            other => other,
        }
    }

    /// A stored tile: itself, or one that begins with the same hashes and has more. Online, a tile of a wrong length is ignored.
    ///
    /// # Errors
    /// When it has a wrong length and there is no network to fetch it again.
    pub(super) fn kept_tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, ProxyError> {
        let name = &self.verifier.name;
        let wanted = usize::try_from(tile.width * 32).unwrap_or(usize::MAX);
        let full = tile.full();
        let mut wider: Vec<u64> = self.store.widths(&format!("{name}/{}", full.path()));
        wider.retain(|width| *width > tile.width && *width < full.width);
        wider.sort_unstable();
        let wider = wider.into_iter().map(|width| tile.of_width(width));
        for candidate in [tile, full].into_iter().chain(wider) {
            let path = candidate.path();
            let Some(mut bytes) = self.store.read(&format!("{name}/{path}")) else {
                continue;
            };
            if bytes.len() as u64 == candidate.width * 32 {
                bytes.truncate(wanted);
                return Ok(Some(bytes));
            }
            if self.proxies.is_none() {
                return Err(security(format!(
                    "{name}: the tile {path} in the module cache is truncated"
                )));
            }
        }
        Ok(None)
    }
}
