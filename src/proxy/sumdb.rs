//! Client of a checksum database (golang.org/x/mod/sumdb, `Client`): a record is accepted when its hash is proven to be in a tree with a signed head, and that
//! tree is proven to continue the tree that was seen last.

use super::client::{Origin, Proxies};
use super::environment::Settings;
use super::error::{ProxyError, SettingError};
use super::escape::{escape_path, escape_version};
use super::note::Verifier;
use super::pattern::matches_prefix;
use super::tree::{FULL, Hash, Tile, Tree, decimal, over, record_hash, root_with, roots};
use crate::source::http::Patience;
use std::collections::HashMap;

mod ahead;
mod offline;

use ahead::Fetched;

/// The database whose key the `go` command knows (cmd/go/internal/modfetch/key.go).
const KNOWN: [(&str, &str); 1] = [(
    "sum.golang.org",
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
)];
/// Longest answer to a look-up.
const RECORD_MAX: u64 = 1 << 20;
/// Bytes of a full tile.
const TILE_MAX: u64 = FULL * 32;
/// Most tiles that are kept in memory, 8 KiB each.
const TILES_IN_MEMORY: usize = 4096;

/// Stores tree heads, tiles and look-ups between runs. Content of a store is verified like answers from the network.
pub trait Store {
    /// Reads a file such as `sum.golang.org/latest` or `sum.golang.org/tile/8/0/000`; `None`: there is none.
    fn read(&self, name: &str) -> Option<Vec<u8>>;
    /// Writes a file. A failure is ignored, because it only costs time later.
    fn write(&self, name: &str, bytes: &[u8]);
    /// The widths of the stored partial tiles of a tile: 5 for `sum.golang.org/tile/8/0/000.p/5`.
    fn widths(&self, _name: &str) -> Vec<u64> {
        Vec::new()
    }
}

/// A client of one checksum database.
pub struct Sums<'p> {
    verifier: Verifier,
    /// Patterns of modules that are not looked up.
    gonosumdb: String,
    /// `None`: only the store may be used.
    proxies: Option<&'p Proxies>,
    /// The address in GOSUMDB, which has priority over all proxies.
    named: Option<Origin>,
    patience: Patience,
    store: &'p dyn Store,
    latest: Option<Tree>,
    tiles: HashMap<String, Vec<u8>>,
    base: Option<Base<'p>>,
    /// What was fetched before a look-up needs it.
    fetched: Fetched,
}

/// An answer to a look-up.
struct Record<'a> {
    /// Its number in the log.
    index: u64,
    /// The text in the log: lines of go.sum.
    text: &'a str,
    /// The signed tree head.
    note: &'a [u8],
}

impl Record<'_> {
    /// The versions and sums of its lines.
    fn sums(&self) -> Vec<(String, String)> {
        let lines = self.text.lines().filter_map(words);
        lines
            .map(|[_, at, sum]| (at.to_owned(), sum.to_owned()))
            .collect()
    }
}

/// The three words of a line of go.sum.
fn words(line: &str) -> Option<[&str; 3]> {
    let mut words = line.split(' ');
    let three = [words.next()?, words.next()?, words.next()?];
    words.next().is_none().then_some(three)
}

/// The address that answers for a database.
enum Base<'p> {
    /// A proxy that mirrors the database, and the prefix of paths there.
    Proxy(&'p Origin, String),
    /// The database itself.
    Own(Origin),
}

fn security(text: String) -> ProxyError {
    ProxyError::Security(text)
}

impl<'p> Sums<'p> {
    /// Makes a client without a request; `None`: GOSUMDB is `off`.
    ///
    /// # Errors
    /// When the `go` command would refuse the value of GOSUMDB.
    pub fn new(
        settings: &Settings,
        proxies: &'p Proxies,
        store: &'p dyn Store,
    ) -> Result<Option<Self>, ProxyError> {
        Self::with(settings, proxies, store, Patience::default())
    }

    /// Makes a client that uses only the store; `None`: GOSUMDB is `off`.
    ///
    /// # Errors
    /// When the `go` command would refuse the value of GOSUMDB.
    pub fn offline(settings: &Settings, store: &'p dyn Store) -> Result<Option<Self>, ProxyError> {
        Self::make(settings, None, store, Patience::default())
    }

    /// Like [`Sums::new`], with other limits.
    ///
    /// # Errors
    /// When the `go` command would refuse the value of GOSUMDB.
    pub fn with(
        settings: &Settings,
        proxies: &'p Proxies,
        store: &'p dyn Store,
        patience: Patience,
    ) -> Result<Option<Self>, ProxyError> {
        Self::make(settings, Some(proxies), store, patience)
    }

    fn make(
        settings: &Settings,
        proxies: Option<&'p Proxies>,
        store: &'p dyn Store,
        patience: Patience,
    ) -> Result<Option<Self>, ProxyError> {
        let wrong = |why: SettingError| ProxyError::Setting {
            name: "GOSUMDB",
            why,
        };
        if settings.gosumdb == "off" {
            return Ok(None);
        }
        let mut words = settings.gosumdb.split_whitespace();
        let key = words.next().ok_or_else(|| wrong(SettingError::Empty))?;
        let address = words.next();
        if words.next().is_some() {
            return Err(wrong(SettingError::TooManyWords));
        }
        let known = KNOWN.iter().find(|(name, _)| *name == key);
        let key = known.map_or(key, |(_, key)| key);
        let verifier = Verifier::parse(key).map_err(wrong)?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
        let is_element = |element: &str| !element.is_empty() && !element.starts_with('.');
        let name = verifier.name.as_str();
        if !name.chars().all(is_host) || !name.split('/').all(is_element) {
            return Err(wrong(SettingError::NotAHost(name.to_owned())));
        }
        let named = address.map(|a| Origin::parse(a, settings.netrc.as_ref(), &patience));
        Ok(Some(Self {
            verifier,
            gonosumdb: settings.gonosumdb.clone(),
            proxies,
            named: named.transpose().map_err(wrong)?,
            patience,
            store,
            latest: None,
            tiles: HashMap::new(),
            base: None,
            fetched: Fetched::new(),
        }))
    }

    /// Name of the database.
    pub fn name(&self) -> &str {
        &self.verifier.name
    }

    /// Whether GONOSUMDB or GOPRIVATE excludes a module from look-ups.
    pub fn is_private(&self, module: &str) -> bool {
        matches_prefix(&self.gonosumdb, module)
    }

    /// Looks up the checksums of a version: that of the module, and that of its go.mod under `VERSION/go.mod`.
    ///
    /// # Errors
    /// [`ProxyError::NotFound`] when the database does not have the version, [`ProxyError::Security`] when the answer fails verification.
    pub fn lookup(
        &mut self,
        module: &str,
        version: &str,
    ) -> Result<Vec<(String, String)>, ProxyError> {
        let path = format!(
            "lookup/{}@{}",
            escape_path(module)?,
            escape_version(version)?
        );
        let file = format!("{}/{path}", self.verifier.name);
        let kept = self.store.read(&file);
        if self.proxies.is_none() {
            let what = format!("{module}@{version}");
            let kept = kept.ok_or(ProxyError::NotKept(what))?;
            return self.verified_offline(module, version, &kept);
        }
        // A stored record that fails verification is fetched again: the cache may be damaged.
        if let Some(kept) = kept
            && let Ok(text) = self.verified(module, version, &kept)
        {
            return Ok(text);
        }
        let answer = self.get(&path, RECORD_MAX)?;
        let sums = self.verified(module, version, &answer)?;
        self.store.write(&file, &answer);
        Ok(sums)
    }

    /// Verifies a record and returns its checksums.
    fn verified(
        &mut self,
        module: &str,
        version: &str,
        answer: &[u8],
    ) -> Result<Vec<(String, String)>, ProxyError> {
        let record = self.record(module, version, answer)?;
        self.merge(record.note)?;
        let Some(tree) = self.latest else {
            return Err(ProxyError::Failed("no tree head".to_owned()));
        };
        self.prove(tree, record.index, record.text)?;
        Ok(record.sums())
    }

    /// Parses the answer to a look-up. It must be about this version of the module.
    fn record<'a>(
        &self,
        module: &str,
        version: &str,
        answer: &'a [u8],
    ) -> Result<Record<'a>, ProxyError> {
        let name = &self.verifier.name;
        let malformed = || {
            security(format!(
                "{name} gave a malformed record of {module}@{version}"
            ))
        };
        let end = answer.windows(2).position(|w| w == b"\n\n");
        let (record, note) = end
            .and_then(|end| answer.split_at_checked(end + 2))
            .ok_or_else(malformed)?;
        let record = std::str::from_utf8(record).map_err(|_| malformed())?;
        let (index, text) = record.split_once('\n').ok_or_else(malformed)?;
        let index = decimal(index).ok_or_else(malformed)?;
        // The text ends with its last line. The empty line after it is not part of it.
        let text = text.strip_suffix('\n').ok_or_else(malformed)?;
        let record = Record { index, text, note };
        for line in text.lines() {
            let [of, at, _] = words(line).ok_or_else(malformed)?;
            if of != module || at.strip_suffix("/go.mod").unwrap_or(at) != version {
                return Err(security(format!(
                    "{name} answered with a record of {of} {at} when it was asked for {module}@{version}"
                )));
            }
        }
        Ok(record)
    }

    /// Accepts a signed tree head if its tree continues the tree that was seen last, or is a part of it.
    fn merge(&mut self, note: &[u8]) -> Result<(), ProxyError> {
        let tree = self.head(note)?;
        if self.latest.is_none() {
            let kept = self.store.read(&format!("{}/latest", self.verifier.name));
            // An empty file means that no tree was seen before.
            if let Some(kept) = kept.filter(|k| !k.is_empty()) {
                self.latest = Some(self.head(&kept)?);
            }
        }
        let Some(latest) = self.latest else {
            return self.advance(tree, note);
        };
        let (old, new) = match tree.size <= latest.size {
            true => (tree, latest),
            false => (latest, tree),
        };
        self.continues(old, new)?;
        match tree.size > latest.size {
            true => self.advance(tree, note),
            false => Ok(()),
        }
    }

    fn head(&self, note: &[u8]) -> Result<Tree, ProxyError> {
        let text = self.verifier.open(note)?;
        Tree::parse(text).ok_or_else(|| {
            let name = &self.verifier.name;
            security(format!("{name} signed something that is not a tree head"))
        })
    }

    fn advance(&mut self, tree: Tree, note: &[u8]) -> Result<(), ProxyError> {
        self.latest = Some(tree);
        self.store
            .write(&format!("{}/latest", self.verifier.name), note);
        Ok(())
    }

    /// Proves that the new tree continues the old one.
    fn continues(&mut self, old: Tree, new: Tree) -> Result<(), ProxyError> {
        let holds = match (old.size, old.size == new.size) {
            (_, true) => old.hash == new.hash,
            (0, _) => true,
            _ => {
                let size = new.size;
                let found = self.with_tiles(
                    size,
                    |nodes| roots(nodes, old.size, size),
                    |found| *found == (old.hash, new.hash),
                )?;
                found == (old.hash, new.hash)
            }
        };
        match holds {
            true => Ok(()),
            false => Err(security(format!(
                "{} shows two histories: its tree of {} records does not continue that of {} records",
                self.verifier.name, new.size, old.size
            ))),
        }
    }

    /// Proves that a record is in a tree.
    fn prove(&mut self, tree: Tree, index: u64, text: &str) -> Result<(), ProxyError> {
        let name = self.verifier.name.clone();
        if index >= tree.size {
            return Err(security(format!(
                "{name} gave the record {index}, which its signed tree does not have"
            )));
        }
        let record = record_hash(text.as_bytes());
        let root = self.with_tiles(
            tree.size,
            |nodes| root_with(nodes, tree.size, index, record),
            |root| *root == tree.hash,
        )?;
        match root == tree.hash {
            true => Ok(()),
            false => Err(security(format!(
                "the record {index} of {name} is not in its signed tree of {} records",
                tree.size
            ))),
        }
    }

    /// Computes something from the nodes of a tree, and stores the tiles if the result is right. If it is wrong and stored tiles were used, tries again with fetched ones.
    fn with_tiles<T>(
        &mut self,
        size: u64,
        mut compute: impl FnMut(&mut super::tree::Nodes<'_>) -> Result<T, ProxyError>,
        holds: impl Fn(&T) -> bool,
    ) -> Result<T, ProxyError> {
        let mut from_store = true;
        loop {
            let mut fresh: HashMap<String, Vec<u8>> = HashMap::new();
            let mut had_kept = false;
            let result = compute(&mut |level, index| {
                self.node(size, (level, index), from_store, &mut fresh, &mut had_kept)
            });
            let is_good = result.as_ref().is_ok_and(&holds);
            if is_good {
                for (path, tile) in &fresh {
                    if !path.contains(".p/") {
                        self.store
                            .write(&format!("{}/{path}", self.verifier.name), tile);
                    }
                }
                if self.tiles.len() + fresh.len() > TILES_IN_MEMORY {
                    self.tiles.clear();
                }
                self.tiles.extend(fresh);
            } else if had_kept && from_store && self.proxies.is_some() {
                from_store = false;
                self.tiles.clear();
                continue;
            }
            return result;
        }
    }

    fn node(
        &mut self,
        size: u64,
        (level, index): (u32, u64),
        from_store: bool,
        fresh: &mut HashMap<String, Vec<u8>>,
        had_kept: &mut bool,
    ) -> Result<Hash, ProxyError> {
        let name = self.verifier.name.clone();
        let beyond = || {
            security(format!(
                "{name}: a proof asks for what its tree does not have"
            ))
        };
        let (tile, at, count) = Tile::of(size, level, index).ok_or_else(beyond)?;
        let path = tile.path();
        let wanted = usize::try_from(tile.width * 32).unwrap_or(usize::MAX);
        let cut = |path: &str| security(format!("{name}: the tile {path} is truncated"));
        let hash = |bytes: &[u8]| over(bytes, at, count).ok_or_else(|| cut(&path));
        if let Some(bytes) = fresh.get(&path) {
            return hash(bytes);
        }
        if from_store {
            let kept = match self.tiles.get(&path).cloned() {
                None => self.kept_tile(tile)?,
                some => some,
            };
            if let Some(bytes) = kept {
                *had_kept = true;
                let found = hash(&bytes)?;
                fresh.insert(path.clone(), bytes);
                return Ok(found);
            }
        }
        if self.proxies.is_none() {
            return Err(ProxyError::NotKept(format!("the tile {path} of {name}")));
        }
        let bytes = match self.get(&path, TILE_MAX) {
            // Servers need not serve a partial tile after the full tile exists.
            Err(error) if error.is_absent() && tile.width < FULL => {
                self.get(&tile.full().path(), TILE_MAX).map(|mut whole| {
                    whole.truncate(wanted);
                    whole
                })
            }
            other => other,
        };
        let bytes = bytes.map_err(|error| match error.is_absent() {
            true => ProxyError::Failed(format!(
                "{name} does not have the tile {path} of its tree of {size} records"
            )),
            false => error,
        })?;
        if bytes.len() != wanted {
            return Err(cut(&path));
        }
        let found = hash(&bytes)?;
        fresh.insert(path.clone(), bytes);
        Ok(found)
    }

    /// Fetches a file of the database from the first proxy that mirrors it, else from the database.
    fn get(&mut self, path: &str, most: u64) -> Result<Vec<u8>, ProxyError> {
        if let Some(answer) = self.fetched.remove(path) {
            return answer;
        }
        let (origin, prefix) = self.origin()?;
        origin.get(&format!("{prefix}{path}"), most)
    }

    /// The address that answers for the database, and what stands before every path there.
    fn origin(&mut self) -> Result<(&Origin, &str), ProxyError> {
        if let Some(named) = &self.named {
            return Ok((named, ""));
        }
        if self.base.is_none() {
            let name = &self.verifier.name;
            let not_asked = || ProxyError::NotKept(name.clone());
            let proxies = self.proxies.ok_or_else(not_asked)?;
            self.base = Some(match proxies.sumdb(name)? {
                Some((origin, prefix)) => Base::Proxy(origin, format!("{prefix}/")),
                None => {
                    let own = Origin::parse(&format!("https://{name}"), None, &self.patience);
                    Base::Own(own.map_err(|e| ProxyError::Failed(e.to_string()))?)
                }
            });
        }
        match &self.base {
            Some(Base::Proxy(origin, prefix)) => Ok((origin, prefix)),
            Some(Base::Own(own)) => Ok((own, "")),
            None => Err(ProxyError::Failed("nobody to ask".to_owned())),
        }
    }
}
