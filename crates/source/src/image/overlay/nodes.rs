//! Storage of the tree's nodes: one vector of nodes, one buffer of names, children found by hash and listed by links. A name takes
//! about 60 bytes.

use super::{NONE, Node, NodeKind, ROOT, Tree};
use std::hash::{BuildHasher, Hasher};

/// A hasher for keys that are hashes already.
#[derive(Default)]
pub(super) struct HashedKey(u64);

impl Hasher for HashedKey {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

impl Tree {
    pub(super) fn target(&self, id: u32) -> &[u8] {
        let place = self.targets.get(self.nodes[id as usize].extra as usize);
        place.map_or(b"", |&place| self.text_at(place))
    }

    pub(super) fn name(&self, id: u32) -> &[u8] {
        self.text_at(self.nodes[id as usize].name)
    }

    pub(super) fn text_at(&self, (at, len): (u32, u16)) -> &[u8] {
        self.text
            .get(at as usize..at as usize + usize::from(len))
            .unwrap_or_default()
    }

    pub(super) fn keep(&mut self, text: &[u8]) -> Result<(u32, u16), &'static str> {
        let at = u32::try_from(self.text.len()).map_err(|_| "too many names")?;
        let len = u16::try_from(text.len()).map_err(|_| "a name that is too long")?;
        self.text.extend_from_slice(text);
        Ok((at, len))
    }

    pub(super) fn path(&self, mut id: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        while id != ROOT {
            parts.push(self.name(id));
            id = self.nodes[id as usize].parent;
        }
        parts.push(b"");
        parts.reverse();
        if parts.len() == 1 {
            b"/".to_vec()
        } else {
            parts.join(&b'/')
        }
    }

    /// The children that are not deleted.
    pub(super) fn children(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        self.list_of(id)
            .filter(|&c| self.nodes[c as usize].kind != NodeKind::Gone)
    }

    pub(super) fn list_of(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |id: u32| (id != NONE).then_some(id);
        std::iter::successors(some(self.nodes[id as usize].child), move |&c| {
            some(self.nodes[c as usize].next)
        })
    }

    /// Puts a node into its parent's list.
    pub(super) fn list(&mut self, id: u32) {
        let node = self.nodes[id as usize];
        if !node.listed {
            let parent = node.parent as usize;
            self.nodes[id as usize].next = self.nodes[parent].child;
            self.nodes[id as usize].listed = true;
            self.nodes[parent].child = id;
        }
    }

    /// The node of a name, even if deleted. Names with equal hashes take neighbouring keys.
    pub(super) fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        let mut key = self.state.hash_one((parent, name));
        loop {
            let id = *self.index.get(&key)?;
            if self.nodes[id as usize].parent == parent && self.name(id) == name {
                return Some(id);
            }
            key = key.wrapping_add(1);
        }
    }

    pub(super) fn child_or_new(&mut self, parent: u32, name: &[u8]) -> Result<u32, &'static str> {
        if let Some(id) = self.child(parent, name) {
            return Ok(id);
        }
        let id = u32::try_from(self.nodes.len())
            .ok()
            .filter(|&id| id != NONE)
            .ok_or("too many names")?;
        let place = self.keep(name)?;
        let mut key = self.state.hash_one((parent, name));
        while self.index.contains_key(&key) {
            key = key.wrapping_add(1);
        }
        self.index.insert(key, id);
        self.nodes.push(Node {
            parent,
            name: place,
            kind: NodeKind::Gone,
            listed: false,
            empty: false,
            mode: 0,
            layer: NONE,
            opaque: NONE,
            child: NONE,
            next: NONE,
            extra: NONE,
        });
        Ok(id)
    }
}
