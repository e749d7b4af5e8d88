//! Hashes of a transparency log (RFC 6962 section 2.1; golang.org/x/mod/sumdb/tlog), and the tiles in which servers store them.

use super::ProxyError;
use crate::bytes::base64;
use sha2::{Digest, Sha256};

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// Levels of the tree in one tile.
const HEIGHT: u32 = 8;
/// Hashes of a full tile.
pub(super) const FULL: u64 = 1 << HEIGHT;

/// A tree head: the number of records, and the hash of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    pub(super) size: u64,
    pub(super) hash: Hash,
}

impl Tree {
    /// Reads the text of a note: `go.sum database tree`, the size, the hash.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != "go.sum database tree" {
            return None;
        }
        let size = decimal(lines.next()?)?;
        let hash = base64::decode(lines.next()?.as_bytes())?;
        Some(Self {
            size,
            hash: hash.try_into().ok()?,
        })
    }
}

/// A number in the log: decimal, without a leading zero, below 2 to the power of 62.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let is_plain =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|n| is_plain && *n < 1 << 62)
}

/// The hash of a record.
pub(super) fn record_hash(text: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(text);
    hash.finalize().into()
}

/// The hash of two subtrees.
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// Gives the hash of 2 to the power of `level` records, the `index`-th of its level. It is not verified: the caller computes the root with it.
pub(super) type Nodes<'n> = dyn FnMut(u32, u64) -> Result<Hash, ProxyError> + 'n;

/// The largest power of two below a number greater than one.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// The hash of the records from `low` up to `high`, a subtree of the log.
fn range(nodes: &mut Nodes<'_>, low: u64, high: u64) -> Result<Hash, ProxyError> {
    let count = high - low;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return nodes(level, low >> level);
    }
    let middle = low + split(count);
    let left = range(nodes, low, middle)?;
    Ok(node_hash(&left, &range(nodes, middle, high)?))
}

/// The root of a tree of `size` records, if this is the hash of its record `index`.
pub(super) fn root_with(
    nodes: &mut Nodes<'_>,
    size: u64,
    index: u64,
    record: Hash,
) -> Result<Hash, ProxyError> {
    fn within(
        nodes: &mut Nodes<'_>,
        (low, high): (u64, u64),
        index: u64,
        record: Hash,
    ) -> Result<Hash, ProxyError> {
        if high - low <= 1 {
            return Ok(record);
        }
        let middle = low + split(high - low);
        if index < middle {
            let left = within(nodes, (low, middle), index, record)?;
            Ok(node_hash(&left, &range(nodes, middle, high)?))
        } else {
            let left = range(nodes, low, middle)?;
            Ok(node_hash(
                &left,
                &within(nodes, (middle, high), index, record)?,
            ))
        }
    }
    within(nodes, (0, size), index, record)
}

/// The roots of the trees with `old` and with `new` records, both computed from the same hashes. `old` is not 0 and not more than `new`.
pub(super) fn roots(nodes: &mut Nodes<'_>, old: u64, new: u64) -> Result<(Hash, Hash), ProxyError> {
    fn within(
        nodes: &mut Nodes<'_>,
        (low, high): (u64, u64),
        old: u64,
    ) -> Result<(Hash, Hash), ProxyError> {
        if old == high {
            let hash = range(nodes, low, high)?;
            return Ok((hash, hash));
        }
        let middle = low + split(high - low);
        if old <= middle {
            let (before, left) = within(nodes, (low, middle), old)?;
            Ok((before, node_hash(&left, &range(nodes, middle, high)?)))
        } else {
            let left = range(nodes, low, middle)?;
            let (before, right) = within(nodes, (middle, high), old)?;
            Ok((node_hash(&left, &before), node_hash(&left, &right)))
        }
    }
    within(nodes, (0, new), old)
}

/// A tile: 2 to the power of 8 hashes of one level, or fewer at the end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    level: u32,
    number: u64,
    /// Number of its hashes.
    pub(super) width: u64,
}

impl Tile {
    /// The tile with a node of a tree of `size` records, and the hashes below the node in it: index of the first, and number.
    pub(super) fn of(size: u64, level: u32, index: u64) -> Option<(Self, u64, u64)> {
        let tile_level = level / HEIGHT;
        let rest = level % HEIGHT;
        let first = index.checked_shl(rest).filter(|f| f >> rest == index)?;
        let number = first / FULL;
        let complete = size.checked_shr(tile_level * HEIGHT)?;
        let width = complete.checked_sub(number * FULL)?.min(FULL);
        let (at, count) = (first % FULL, 1u64 << rest);
        let tile = Self {
            level: tile_level,
            number,
            width,
        };
        (at + count <= width).then_some((tile, at, count))
    }

    /// The full tile at the same place.
    pub(super) fn full(self) -> Self {
        Self {
            width: FULL,
            ..self
        }
    }

    /// The tile at the same place with this number of hashes.
    pub(super) fn of_width(self, width: u64) -> Self {
        Self { width, ..self }
    }

    /// Its path, such as `tile/8/0/x001/234`, or `tile/8/0/x001/234.p/5` if it has only five hashes.
    pub(super) fn path(self) -> String {
        let mut number = self.number;
        let mut parts = vec![format!("{:03}", number % 1000)];
        while number >= 1000 {
            number /= 1000;
            parts.push(format!("x{:03}", number % 1000));
        }
        parts.reverse();
        let part = match self.width {
            FULL => String::new(),
            width => format!(".p/{width}"),
        };
        format!("tile/{HEIGHT}/{}/{}{part}", self.level, parts.join("/"))
    }
}

/// The hash over `count` adjacent hashes of a tile.
pub(super) fn over(tile: &[u8], at: u64, count: u64) -> Option<Hash> {
    let start = usize::try_from(at * 32).ok()?;
    let end = usize::try_from((at + count) * 32).ok()?;
    let mut hashes: Vec<Hash> = tile.get(start..end)?.as_chunks::<32>().0.to_vec();
    while hashes.len() > 1 {
        let pairs = hashes.as_chunks::<2>().0;
        hashes = pairs
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    hashes.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log of that many records, by definition.
    fn slow(records: &[Hash]) -> Hash {
        match records {
            [one] => *one,
            _ => {
                let (left, right) = records.split_at(split(records.len() as u64) as usize);
                node_hash(&slow(left), &slow(right))
            }
        }
    }

    #[test]
    fn proofs_give_the_roots_by_definition() {
        let records: Vec<Hash> = (0..70u8).map(|n| record_hash(&[n])).collect();
        let all = records.clone();
        let mut nodes = |level: u32, index: u64| {
            let size = 1usize << level;
            let from = index as usize * size;
            Ok(slow(&all[from..from + size]))
        };
        for new in 1..=70u64 {
            let root = slow(&records[..new as usize]);
            for index in 0..new {
                let record = records[index as usize];
                assert_eq!(root_with(&mut nodes, new, index, record), Ok(root));
                let other = record_hash(b"other");
                assert_ne!(root_with(&mut nodes, new, index, other), Ok(root));
            }
            for old in 1..=new {
                let before = slow(&records[..old as usize]);
                assert_eq!(
                    roots(&mut nodes, old, new),
                    Ok((before, root)),
                    "{old} {new}"
                );
            }
        }
    }

    #[test]
    fn tiles_are_named_as_the_log_names_them() {
        let path =
            |size, level, index| Tile::of(size, level, index).map(|(t, at, n)| (t.path(), at, n));
        assert_eq!(path(1000, 0, 5), Some(("tile/8/0/000".to_owned(), 5, 1)));
        assert_eq!(
            path(1000, 0, 999),
            Some(("tile/8/0/003.p/232".to_owned(), 231, 1))
        );
        assert_eq!(path(1000, 3, 4), Some(("tile/8/0/000".to_owned(), 32, 8)));
        assert_eq!(
            path(1000, 8, 2),
            Some(("tile/8/1/000.p/3".to_owned(), 2, 1))
        );
        assert_eq!(path(1000, 8, 3), None);
        assert_eq!(path(1000, 0, 1000), None);
        let (deep, ..) = Tile::of(1 << 40, 0, 1_234_067 * 256).unwrap();
        assert_eq!(deep.path(), "tile/8/0/x001/x234/067");
    }

    #[test]
    fn tree_heads_are_exact() {
        let hash = base64::encode(&[7; 32]);
        let text = |size: &str, hash: &str| format!("go.sum database tree\n{size}\n{hash}\n");
        assert_eq!(Tree::parse(&text("12", &hash)).unwrap().size, 12);
        for bad in [
            text("012", &hash),
            text("-1", &hash),
            text("99999999999999999999", &hash),
            text("12", "AAAA"),
            text("12", "*"),
            format!("other tree\n12\n{hash}\n"),
            "go.sum database tree\n".to_owned(),
        ] {
            assert_eq!(Tree::parse(&bad), None, "{bad}");
        }
    }
}
