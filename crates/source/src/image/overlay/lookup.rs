//! Look-ups of paths in the tree.

use super::{HOPS, NONE, Node, NodeKind, ROOT, Resolved, Tree};

impl Tree {
    /// The file that an absolute path leads to, following all links inside the root; `None` if there is none, or a loop.
    pub fn resolve(&self, path: &[u8]) -> Option<Resolved> {
        self.resolved(self.find(ROOT, path, &mut { HOPS })?)
    }

    /// Like [`Tree::resolve`] but ignoring case; an exact match is preferred.
    pub(crate) fn resolve_caseless(&self, path: &[u8]) -> Option<Resolved> {
        let mut at = ROOT;
        for part in path.split(|&b| b == b'/') {
            let other = || {
                let mut same = self
                    .children(at)
                    .filter(|&c| self.spend().is_ok() && self.name(c).eq_ignore_ascii_case(part));
                same.find_map(|c| self.step(at, self.name(c), &mut { HOPS }))
            };
            at = self.step(at, part, &mut { HOPS }).or_else(other)?;
        }
        self.resolved(at)
    }

    fn resolved(&self, id: u32) -> Option<Resolved> {
        let node = self.nodes[id as usize];
        Some(Resolved {
            path: self.path(id),
            mode: u32::from(node.mode),
            dir: node.kind == NodeKind::Dir,
            empty: node.kind == NodeKind::File && node.empty,
            appearance: (node.kind == NodeKind::File && node.extra != NONE)
                .then_some(node.extra as usize),
        })
    }

    /// Calls `visit` with the absolute path of every visible name that is not a directory and whose last part is wanted, including
    /// links.
    pub fn each_name(&self, wanted: impl Fn(&[u8]) -> bool, mut visit: impl FnMut(Vec<u8>)) {
        let mut stack = vec![ROOT];
        while let Some(dir) = stack.pop() {
            for child in self.children(dir) {
                match self.nodes[child as usize].kind {
                    NodeKind::Dir => stack.push(child),
                    NodeKind::File | NodeKind::Symlink if wanted(self.name(child)) => {
                        visit(self.path(child))
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether a directory has a file, or a link to one, that is not empty.
    pub fn holds_content(&self, dir: &[u8]) -> bool {
        self.any_child(dir, |node| node.kind == NodeKind::File && !node.empty)
    }

    /// Whether a directory has any entry but dangling links.
    pub fn holds_any(&self, dir: &[u8]) -> bool {
        self.any_child(dir, |_| true)
    }

    /// The names in a directory, unsorted; empty when it is not a directory.
    pub fn names_in(&self, dir: &[u8]) -> Vec<Vec<u8>> {
        let Some(id) = self.find(ROOT, dir, &mut { HOPS }) else {
            return Vec::new();
        };
        self.children(id).map(|c| self.name(c).to_vec()).collect()
    }

    /// Whether the file that an entry of a directory leads to is wanted, for any entry.
    fn any_child(&self, dir: &[u8], wanted: impl Fn(Node) -> bool) -> bool {
        let Some(id) = self.find(ROOT, dir, &mut { HOPS }) else {
            return false;
        };
        self.children(id).any(|c| {
            let is_link = self.nodes[c as usize].kind == NodeKind::Symlink;
            let found = match is_link {
                true => self.follow(c, &mut { HOPS }),
                false => Some(c),
            };
            found.is_some_and(|found| wanted(self.nodes[found as usize]))
        })
    }

    /// The node at a path, following all links.
    pub(super) fn find(&self, from: u32, path: &[u8], hops: &mut u32) -> Option<u32> {
        let mut at = if path.first() == Some(&b'/') {
            ROOT
        } else {
            from
        };
        for part in path.split(|&b| b == b'/') {
            at = self.step(at, part, hops)?;
        }
        Some(at)
    }

    /// The node of one part of a path in the directory `at`, following a link.
    pub(super) fn step(&self, at: u32, part: &[u8], hops: &mut u32) -> Option<u32> {
        self.spend().ok()?;
        let node = self.nodes[at as usize];
        match part {
            b"" => return Some(at),
            _ if node.kind != NodeKind::Dir => return None,
            b"." => return Some(at),
            b".." => return Some(node.parent),
            _ => {}
        }
        let id = self.child(at, part)?;
        match self.nodes[id as usize].kind {
            NodeKind::Gone => None,
            NodeKind::Symlink => self.follow(id, hops),
            _ => Some(id),
        }
    }

    /// The target of a link.
    pub(super) fn follow(&self, id: u32, hops: &mut u32) -> Option<u32> {
        *hops = hops.checked_sub(1)?;
        self.find(self.nodes[id as usize].parent, self.target(id), hops)
    }

    /// Counts one step.
    pub(super) fn spend(&self) -> Result<(), &'static str> {
        let left = self
            .steps
            .get()
            .checked_sub(1)
            .ok_or("the limit on steps through links and directories was met")?;
        self.steps.set(left);
        Ok(())
    }
}
