//! Records that were kept, proven with tiles that were kept: nobody is asked.
//!
//! The `go` command keeps the tiles that it needed for its own proofs. So a record is proven in the tree head that came with it, or else in the newest
//! one. That the two are on one line is checked as far as tiles are there; where they are not, only the signature says so.

use super::super::error::ProxyError;
use super::super::tree::{Tile, Tree};
use super::{Sums, security};

impl Sums<'_> {
    /// The sums of a record that was kept and holds.
    ///
    /// # Errors
    /// [`ProxyError::NotKept`] when tiles are missing, [`ProxyError::Security`] when it does not hold.
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

    /// That two trees are on one line, if the tiles for it were kept.
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

    /// A tile that was kept: itself, or one with more of the same hashes. Online, one of a wrong length is passed over.
    ///
    /// # Errors
    /// When it has a wrong length and nobody may be asked for a better one.
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
