//! Fetches what several look-ups need over a few connections at once. Each look-up then verifies its own answer, as if it had just been fetched.

use super::super::at_once::at_once;
use super::super::client::Origin;
use super::super::error::ProxyError;
use super::super::escape::{escape_path, escape_version};
use super::super::tree::Tile;
use super::{RECORD_MAX, Sums, TILE_MAX};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

/// Levels of nodes from which tiles are fetched ahead: the lowest of a tile of each of the lowest levels. Higher tiles are few and are soon known.
const LEVELS: [u32; 2] = [0, 8];

/// Files that were fetched and not used yet, by path; only successes and files that the server does not have.
pub(super) type Fetched = HashMap<String, Result<Vec<u8>, ProxyError>>;

impl Sums<'_> {
    /// Fetches the answers to look-ups of these versions, and the tiles that prove them. Failures are not reported: the look-up of a version tries again.
    ///
    /// At most a megabyte is kept for each version, so callers pass them in portions.
    pub fn fetch_ahead(&mut self, versions: &[(String, String)]) {
        if self.proxies.is_none() || versions.len() < 2 {
            return;
        }
        self.fetched.clear();
        let mut answers = Vec::new();
        let mut missing = BTreeSet::new();
        for (module, version) in versions
            .iter()
            .filter(|(module, _)| !self.is_private(module))
        {
            let (Ok(path), Ok(at)) = (escape_path(module), escape_version(version)) else {
                continue;
            };
            let path = format!("lookup/{path}@{at}");
            match self.store.read(&format!("{}/{path}", self.verifier.name)) {
                Some(answer) => answers.push(answer),
                None => drop(missing.insert(path)),
            }
        }
        let mut fetched = match self.fetch_all(&missing, RECORD_MAX) {
            Some(fetched) => fetched,
            None => return,
        };
        answers.extend(fetched.values().flatten().cloned());
        let tiles = self.tiles_of(&answers);
        fetched.extend(self.fetch_all(&tiles, TILE_MAX).unwrap_or_default());
        self.fetched = fetched;
    }

    /// The tiles that prove these answers and are not stored.
    fn tiles_of(&self, answers: &[Vec<u8>]) -> BTreeSet<String> {
        let (mut indices, mut size) = (Vec::new(), self.latest.map_or(0, |tree| tree.size));
        for answer in answers {
            let Some(end) = answer.windows(2).position(|w| w == b"\n\n") else {
                continue;
            };
            let (record, note) = answer.split_at(end + 2);
            let number = record
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let index = std::str::from_utf8(number)
                .ok()
                .and_then(|n| n.parse::<u64>().ok());
            let Ok(head) = self.head(note) else {
                continue;
            };
            indices.extend(index);
            size = size.max(head.size);
        }
        let nodes = indices
            .iter()
            .flat_map(|index| LEVELS.map(|level| (level, index >> level)));
        let tiles = nodes.filter_map(|(level, index)| Tile::of(size, level, index));
        let is_new = |tile: &Tile| {
            !self.tiles.contains_key(&tile.path()) && !matches!(self.kept_tile(*tile), Ok(Some(_)))
        };
        let tiles = tiles.map(|(tile, ..)| tile).filter(is_new);
        tiles.map(Tile::path).collect()
    }

    /// Fetches files over a few connections. After a failure no more requests are made. `None`: the server is not known.
    fn fetch_all(&mut self, paths: &BTreeSet<String>, most: u64) -> Option<Fetched> {
        if paths.is_empty() {
            return Some(Fetched::new());
        }
        let (origin, prefix) = self.origin().ok()?;
        let paths: Vec<&String> = paths.iter().collect();
        let has_failed = AtomicBool::new(false);
        let answers = at_once(&paths, |path| {
            if has_failed.load(Ordering::Relaxed) {
                return None;
            }
            let answer = fetch(origin, prefix, path, most);
            let is_known = answer.as_ref().err().is_none_or(ProxyError::is_absent);
            if !is_known {
                has_failed.store(true, Ordering::Relaxed);
            }
            is_known.then_some(answer)
        });
        let known = paths.into_iter().zip(answers);
        let known = known.filter_map(|(path, answer)| Some((path.clone(), answer?)));
        Some(known.collect())
    }
}

fn fetch(origin: &Origin, prefix: &str, path: &str, most: u64) -> Result<Vec<u8>, ProxyError> {
    origin.get(&format!("{prefix}{path}"), most)
}
