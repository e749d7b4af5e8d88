//! Puts the layers on top of each other by name: which file a container sees at each path, and which files are hidden.
//!
//! The rules are those of the OCI image specification, "Image Layer Filesystem Changeset" (layer.md). A whiteout or opaque marker
//! hides files of *lower* layers, wherever it is in its own layer. A later name replaces an earlier one, except that directories
//! merge. Where the specification is silent, entries go where a runtime would unpack them: links in parent directories are
//! followed inside the root.
//!
//! File contents are not needed here. A file with a result has an [`Appearance`] for each of its names.

mod lookup;
mod nodes;

use super::names::{Name, NameKind, Names};
use nodes::HashedKey;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, RandomState};

/// Links that one look-up follows before it counts as a loop, as in Linux (`MAXSYMLINKS`).
const HOPS: u32 = 40;
/// Most steps between directories for one image: a hundred times what a large image needs, but an end for names made to be slow.
const STEPS: u64 = 200_000_000;

const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;

/// Prefix of a name that deletes the rest of it.
const WHITEOUT: &[u8] = b".wh.";
/// Marker that hides everything of lower layers in its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Prefix of bookkeeping files of the aufs driver, which are not part of the image.
const AUFS: &[u8] = b".wh..wh.";

/// One name of a file with a result: in the layer that has its content, or in a later one by a hard link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appearance {
    /// The layer that added this name, counted from 0.
    pub layer: u32,
    /// The layer that has the content.
    pub content_layer: u32,
    /// Number of the result in that layer.
    pub found: u32,
    node: u32,
}

/// The file that a path leads to after all links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Absolute path without links.
    pub path: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Whether it is a directory.
    pub dir: bool,
    /// Whether it is an empty regular file.
    pub empty: bool,
    /// Index of its appearance, if it has a result.
    pub appearance: Option<usize>,
}

/// A name that has no place in the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// Path as in the layer.
    pub path: Vec<u8>,
    /// The reason, in a few words.
    pub why: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NodeKind {
    Gone,
    Dir,
    File,
    Symlink,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    parent: u32,
    name: (u32, u16),
    kind: NodeKind,
    /// Whether the node is in its parent's list of children.
    listed: bool,
    empty: bool,
    mode: u16,
    /// The layer that wrote it last.
    layer: u32,
    /// The layer that hid everything lower below it.
    opaque: u32,
    child: u32,
    next: u32,
    /// The appearance of a file, or the target of a link.
    extra: u32,
}

/// The root file system after some of the layers.
pub struct Tree {
    nodes: Vec<Node>,
    text: Vec<u8>,
    targets: Vec<(u32, u16)>,
    /// Nodes by hash of parent and name. Entries are never removed; deleted names are marked in their nodes.
    index: HashMap<u64, u32, BuildHasherDefault<HashedKey>>,
    state: RandomState,
    appearances: Vec<Appearance>,
    steps: std::cell::Cell<u64>,
    /// The parent directory of the previous entry, which most entries share.
    recent: (Vec<u8>, u32),
}

impl Default for Tree {
    fn default() -> Self {
        let root = Node {
            parent: ROOT,
            name: (0, 0),
            kind: NodeKind::Dir,
            listed: true,
            empty: false,
            mode: 0o755,
            layer: 0,
            opaque: NONE,
            child: NONE,
            next: NONE,
            extra: NONE,
        };
        Self {
            nodes: vec![root],
            text: Vec::new(),
            targets: Vec::new(),
            index: HashMap::default(),
            state: RandomState::new(),
            appearances: Vec::new(),
            steps: std::cell::Cell::new(STEPS),
            recent: (Vec::new(), NONE),
        }
    }
}

impl Tree {
    /// Puts the next layer on top. Layers are numbered from 0; the number of a missing layer is skipped. Calls `misplaced` for
    /// each name that has no place in the root.
    pub fn apply(&mut self, layer: u32, names: &Names, mut misplaced: impl FnMut(Misplaced)) {
        self.recent.1 = NONE;
        names.each(|name| {
            if let Err(why) = self.put(layer, &name) {
                misplaced(Misplaced {
                    path: name.path.to_vec(),
                    why,
                });
            }
        });
    }

    /// All names of files with a result, in the order of layers and entries.
    pub(crate) fn appearances(&self) -> &[Appearance] {
        &self.appearances
    }

    /// Absolute path of an appearance, visible or not.
    pub(crate) fn path_of(&self, appearance: &Appearance) -> Vec<u8> {
        self.path(appearance.node)
    }

    /// Whether the container sees this appearance: nothing later has deleted or replaced it.
    pub(crate) fn is_visible(&self, index: usize) -> bool {
        self.appearances.get(index).is_some_and(|a| {
            let node = self.nodes[a.node as usize];
            node.kind == NodeKind::File && node.extra == index as u32
        })
    }

    /// Adds one entry.
    fn put(&mut self, layer: u32, name: &Name<'_>) -> Result<(), &'static str> {
        let parts = clean(name.path)?;
        let Some((&last, parents)) = parts.split_last() else {
            return if name.kind == NameKind::Dir {
                Ok(())
            } else {
                Err("the root itself as something else than a directory")
            };
        };
        if last.starts_with(WHITEOUT) {
            return self.mark(layer, parents, last);
        }
        let parent = self.make_parents(layer, parents)?;
        // aufs kept the content of hard links below such a directory.
        if parents.iter().any(|p| p.starts_with(AUFS)) {
            return Ok(());
        }
        let mut new = (NodeKind::Other, false, name.mode, NONE);
        match name.kind {
            NameKind::Dir => new.0 = NodeKind::Dir,
            NameKind::Other => {}
            NameKind::File { found, empty } => {
                new = (NodeKind::File, empty, name.mode, NONE);
                if let Some(found) = found {
                    new.3 = self.add_appearance(layer, layer, found);
                }
            }
            NameKind::Symlink(target) => {
                new = (
                    NodeKind::Symlink,
                    false,
                    0o777,
                    u32::try_from(self.targets.len()).map_err(|_| "too many links")?,
                );
                let target = self.keep(target)?;
                self.targets.push(target);
            }
            NameKind::HardLink(target) => {
                let file = self.link_target(target)?;
                new = (file.kind, file.empty, u32::from(file.mode), file.extra);
                if file.kind == NodeKind::File && file.extra != NONE {
                    let old = *self
                        .appearances
                        .get(file.extra as usize)
                        .ok_or("a broken link")?;
                    new.3 = self.add_appearance(layer, old.content_layer, old.found);
                }
            }
        }
        let id = self.child_or_new(parent, last)?;
        if let (NodeKind::File, Some(appearance)) =
            (new.0, self.appearances.get_mut(new.3 as usize))
        {
            appearance.node = id;
        }
        self.list(id);
        let old_kind = self.nodes[id as usize].kind;
        if old_kind == NodeKind::Dir && new.0 != NodeKind::Dir {
            self.drop_children(id);
        }
        let node = &mut self.nodes[id as usize];
        node.kind = new.0;
        node.empty = new.1;
        node.mode = (new.2 & 0o7777) as u16;
        node.extra = new.3;
        node.layer = layer;
        Ok(())
    }

    /// Does what a whiteout or an opaque marker says. It is no entry: a directory that is missing, or is a file, stays so.
    fn mark(&mut self, layer: u32, parents: &[&[u8]], name: &[u8]) -> Result<(), &'static str> {
        if name.starts_with(AUFS) && name != OPAQUE {
            return Ok(());
        }
        let hidden = name.strip_prefix(WHITEOUT).unwrap_or_default();
        if matches!(hidden, b"" | b"." | b"..") {
            return Err("a whiteout of no name");
        }
        let mut hops = HOPS;
        let mut directory = ROOT;
        for part in parents {
            self.spend()?;
            match self.step(directory, part, &mut hops) {
                Some(next) => directory = next,
                None => return Ok(()),
            }
        }
        if self.nodes[directory as usize].kind != NodeKind::Dir {
            return Ok(());
        }
        if name == OPAQUE {
            self.hide_lower(directory, layer);
        } else if let Some(id) = self.child(directory, hidden) {
            self.whiteout(id, layer);
        }
        Ok(())
    }

    fn add_appearance(&mut self, layer: u32, content_layer: u32, found: u32) -> u32 {
        self.appearances.push(Appearance {
            layer,
            content_layer,
            found,
            node: ROOT,
        });
        (self.appearances.len() - 1) as u32
    }

    /// The file that a hard link names. Links are followed in the directories of its path, not in the last part.
    fn link_target(&self, target: &[u8]) -> Result<Node, &'static str> {
        const MISSING: &str = "a hard link to a missing file";
        let parts = clean(target)?;
        let (&last, parents) = parts.split_last().ok_or(MISSING)?;
        let mut dir = ROOT;
        for part in parents {
            dir = self.step(dir, part, &mut { HOPS }).ok_or(MISSING)?;
        }
        let node = self.nodes[self.child(dir, last).ok_or(MISSING)? as usize];
        match node.kind {
            NodeKind::Gone => Err(MISSING),
            NodeKind::Dir => Err("a hard link to a directory"),
            _ => Ok(node),
        }
    }

    /// The directory of an entry; missing ones are made.
    fn make_parents(&mut self, layer: u32, parents: &[&[u8]]) -> Result<u32, &'static str> {
        let joined = parents.join(&b'/');
        if self.recent.1 != NONE && self.recent.0 == joined && self.is_live_dir(self.recent.1) {
            return Ok(self.recent.1);
        }
        let mut dir = ROOT;
        let mut hops = HOPS;
        for part in parents {
            dir = self.make_dir(layer, dir, part, &mut hops)?;
        }
        self.recent = (joined, dir);
        Ok(dir)
    }

    /// Whether a directory is in use. A removed directory keeps its node, so its parents are checked up to the root.
    fn is_live_dir(&self, mut id: u32) -> bool {
        loop {
            let node = self.nodes[id as usize];
            if node.kind != NodeKind::Dir {
                return false;
            }
            if id == ROOT {
                return true;
            }
            id = node.parent;
        }
    }

    /// The directory `part` of a directory; a missing one is made.
    fn make_dir(
        &mut self,
        layer: u32,
        parent: u32,
        part: &[u8],
        hops: &mut u32,
    ) -> Result<u32, &'static str> {
        self.spend()?;
        match part {
            b"" | b"." => return Ok(parent),
            b".." => return Ok(self.nodes[parent as usize].parent),
            _ => {}
        }
        let id = self.child_or_new(parent, part)?;
        match self.nodes[id as usize].kind {
            NodeKind::Dir => return Ok(id),
            NodeKind::Symlink => {
                if let Some(linked) = self.follow(id, &mut { *hops })
                    && self.nodes[linked as usize].kind == NodeKind::Dir
                {
                    return Ok(linked);
                }
                // A dangling link: a runtime makes the directory that it names.
                if *hops > 0 {
                    *hops -= 1;
                    let target = self.target(id).to_vec();
                    let mut linked = match target.first() {
                        Some(b'/') => ROOT,
                        _ => parent,
                    };
                    for part in target.split(|byte| *byte == b'/') {
                        linked = self.make_dir(layer, linked, part, hops)?;
                    }
                    return Ok(linked);
                }
            }
            NodeKind::Gone | NodeKind::File | NodeKind::Other => {}
        }
        self.list(id);
        let node = &mut self.nodes[id as usize];
        node.kind = NodeKind::Dir;
        node.mode = 0o755;
        node.extra = NONE;
        node.layer = layer;
        Ok(id)
    }

    /// Deletes the node `id` and all below it, as far as they are of lower layers.
    fn whiteout(&mut self, id: u32, layer: u32) {
        let node = self.nodes[id as usize];
        if node.kind == NodeKind::Dir {
            self.hide_lower(id, layer);
            if node.layer != layer && self.nodes[id as usize].child == NONE {
                self.nodes[id as usize].kind = NodeKind::Gone;
            }
        } else if node.layer != layer {
            self.nodes[id as usize].kind = NodeKind::Gone;
        }
    }

    /// Deletes everything of lower layers below `top`. Each directory is visited once for each layer, so the cost is proportional
    /// to the number of names.
    fn hide_lower(&mut self, top: u32, layer: u32) {
        // Every directory comes after its parent, so going backwards visits children first.
        let mut dirs = vec![top];
        let mut next = 0;
        while let Some(&dir) = dirs.get(next) {
            next += 1;
            if self.nodes[dir as usize].opaque == layer {
                continue;
            }
            let below: Vec<u32> = self
                .children(dir)
                .filter(|&c| self.nodes[c as usize].kind == NodeKind::Dir)
                .collect();
            dirs.extend(below);
        }
        for &dir in dirs.iter().rev() {
            if self.nodes[dir as usize].opaque == layer {
                continue;
            }
            self.nodes[dir as usize].opaque = layer;
            let children: Vec<u32> = self.list_of(dir).collect();
            self.nodes[dir as usize].child = NONE;
            for child in children {
                let node = self.nodes[child as usize];
                let keep = match node.kind {
                    NodeKind::Gone => false,
                    NodeKind::Dir => node.layer == layer || node.child != NONE,
                    _ => node.layer == layer,
                };
                self.nodes[child as usize].listed = false;
                if keep {
                    self.list(child);
                } else {
                    self.nodes[child as usize].kind = NodeKind::Gone;
                }
            }
        }
    }

    /// Deletes everything below a directory that is replaced by something else.
    fn drop_children(&mut self, top: u32) {
        let mut stack = vec![top];
        while let Some(dir) = stack.pop() {
            let children: Vec<u32> = self.list_of(dir).collect();
            self.nodes[dir as usize].child = NONE;
            for child in children {
                if self.nodes[child as usize].kind == NodeKind::Dir {
                    stack.push(child);
                }
                self.nodes[child as usize].kind = NodeKind::Gone;
                self.nodes[child as usize].listed = false;
            }
        }
    }
}

/// The parts of an entry's name. Absolute names and `./` are relative to the root; `..` removes the part before it, and a name
/// that leads out of the root is refused.
pub fn clean(path: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    let mut parts = Vec::new();
    for part in path.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.pop().is_none() => return Err("a name that leads out of the root"),
            b".." => {}
            _ if part.contains(&0) => return Err("a name with a zero byte"),
            _ => parts.push(part),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
