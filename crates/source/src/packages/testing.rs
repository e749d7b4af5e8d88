//! Roots in memory.

use super::RootFiles;
use gospect_bytes::ReadAt;
use std::collections::BTreeMap;
use std::io;

/// Files and links, by absolute path.
#[derive(Default)]
pub struct Memory {
    files: BTreeMap<Vec<u8>, Vec<u8>>,
    links: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Memory {
    /// A root with these files.
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let files = files.iter();
        Self {
            files: files
                .map(|(path, body)| (path.as_bytes().to_vec(), body.to_vec()))
                .collect(),
            links: BTreeMap::new(),
        }
    }

    /// Adds a link from one directory to another.
    pub fn link(mut self, from: &str, to: &str) -> Self {
        self.links
            .insert(from.as_bytes().to_vec(), to.as_bytes().to_vec());
        self
    }
}

impl RootFiles for Memory {
    fn open(&self, path: &[u8]) -> io::Result<Option<Box<dyn ReadAt + '_>>> {
        let file = self.resolve(path).and_then(|path| self.files.get(&path));
        Ok(file.map(|file| Box::new(file.as_slice()) as Box<dyn ReadAt>))
    }

    fn list(&self, directory: &[u8]) -> Vec<Vec<u8>> {
        let inside = [directory, b"/"].concat();
        let names = self.files.keys().filter_map(|path| {
            let name = path.strip_prefix(inside.as_slice())?;
            (!name.contains(&b'/')).then(|| name.to_vec())
        });
        names.collect()
    }

    fn resolve(&self, path: &[u8]) -> Option<Vec<u8>> {
        for (from, to) in &self.links {
            if let Some(rest) = path.strip_prefix(from.as_slice())
                && (rest.is_empty() || rest.starts_with(b"/"))
            {
                return Some([to, rest].concat());
            }
        }
        Some(path.to_vec())
    }
}
