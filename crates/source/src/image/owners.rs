//! The visible root of an image, as its package databases are read from it.

use super::catalog::Plan;
use super::layer::LayerScan;
use super::overlay::Tree;
use crate::packages::RootFiles;
use gospect_bytes::ReadAt;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;

/// The names of the whole root, and the files kept of its layers.
pub struct ImageRoot<'r, P> {
    pub tree: &'r Tree,
    pub plan: &'r Plan,
    pub layers: &'r HashMap<String, Arc<LayerScan<P>>>,
}

impl<P> RootFiles for ImageRoot<'_, P> {
    fn open(&self, path: &[u8]) -> io::Result<Option<Box<dyn ReadAt + '_>>> {
        let found = self.tree.resolve(path).and_then(|r| r.appearance);
        let appearance = found.and_then(|n| self.tree.appearances().get(n));
        Ok(appearance.and_then(|appearance| {
            let plan = self.plan.layers.get(appearance.content_layer as usize)?;
            let layer = self.layers.get(&plan.blob.key)?;
            let file = layer.found.get(appearance.found as usize)?;
            layer.kept.open(file.kept?)
        }))
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let mut names = self.tree.names_in(directory);
        names.sort_unstable();
        names
    }

    fn resolve(&self, path: &[u8]) -> Option<Vec<u8>> {
        Some(self.tree.resolve(path)?.path)
    }
}
