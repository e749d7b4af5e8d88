//! Aligns two pieces of data: the same bytes at other addresses, with something in between.

use std::ops::Range;

/// What a piece of data is made of.
pub struct Piece<'p> {
    pub bytes: &'p [u8],
    /// Address of the first byte.
    pub start: u64,
}

/// A pointer in data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Where it is in the old program.
    pub at: u64,
    /// Where it leads in the old program.
    pub old: u64,
    /// Where it leads in the new program.
    pub new: u64,
}

/// How pieces compare.
#[derive(Default)]
pub struct Alignment {
    /// Runs of equal bytes and pointers: address in the old program, length, address in the new one. Sorted.
    pub runs: Vec<(u64, u64, u64)>,
    /// What differs: addresses in the old and in the new program, either may be empty.
    pub different: Vec<(Range<u64>, Range<u64>)>,
    /// Pointers in the same place.
    pub pointers: Vec<Pointer>,
}

/// What the words of both programs are.
pub struct Words<'w> {
    /// Size in bytes.
    pub size: usize,
    pub number: &'w dyn Fn(&[u8]) -> u64,
    /// Whether two values may be pointers of the two programs.
    pub are_pointers: &'w dyn Fn(u64, u64) -> bool,
}

/// Bytes that have to be equal where two pieces meet again after a difference.
const ENOUGH: usize = 16;
/// Hints that are tried after a difference.
const TRIES: usize = 2000;

/// Aligns two pieces. `hints` are pairs of addresses in them that are likely the same thing, sorted by the first.
pub fn align(
    old: &Piece<'_>,
    new: &Piece<'_>,
    hints: &[(u64, u64)],
    words: &Words<'_>,
    into: &mut Alignment,
) {
    let mut hints = Hints {
        all: hints,
        next: 0,
    };
    let (mut i, mut j) = (0usize, 0usize);
    loop {
        let run = run(old, new, i, j, words, Some(&mut into.pointers));
        if run > 0 {
            let (a, b) = (old.start + i as u64, new.start + j as u64);
            into.runs.push((a, run as u64, b));
        }
        (i, j) = (i + run, j + run);
        if i >= old.bytes.len() && j >= new.bytes.len() {
            return;
        }
        let (to_i, to_j) = hints
            .meet(old, new, i, j, words)
            .unwrap_or((old.bytes.len(), new.bytes.len()));
        differ(old, new, (i..to_i, j..to_j), words, into);
        (i, j) = (to_i, to_j);
    }
}

struct Hints<'h> {
    all: &'h [(u64, u64)],
    next: usize,
}

impl Hints<'_> {
    /// Where the pieces meet again after a difference.
    fn meet(
        &mut self,
        old: &Piece<'_>,
        new: &Piece<'_>,
        i: usize,
        j: usize,
        words: &Words<'_>,
    ) -> Option<(usize, usize)> {
        let here = old.start + i as u64;
        while self.all.get(self.next).is_some_and(|hint| hint.0 < here) {
            self.next += 1;
        }
        let candidates = self.all.get(self.next..)?.iter().take(TRIES);
        candidates
            .filter_map(|(a, b)| {
                let x = usize::try_from(a.checked_sub(old.start)?).ok()?;
                let y = usize::try_from(b.checked_sub(new.start)?).ok()?;
                let is_inside = x >= i
                    && y >= j
                    && (x, y) != (i, j)
                    && x < old.bytes.len()
                    && y < new.bytes.len();
                is_inside.then_some((x, y))
            })
            .find(|&(x, y)| {
                let rest = (old.bytes.len() - x).min(new.bytes.len() - y);
                run(old, new, x, y, words, None) >= ENOUGH.min(rest)
            })
    }
}

/// Length of the equal bytes and pointers at two places. Without `pointers` it stops when there are enough.
fn run(
    old: &Piece<'_>,
    new: &Piece<'_>,
    i: usize,
    j: usize,
    words: &Words<'_>,
    mut pointers: Option<&mut Vec<Pointer>>,
) -> usize {
    let size = words.size;
    let (a, b) = (
        old.bytes.get(i..).unwrap_or_default(),
        new.bytes.get(j..).unwrap_or_default(),
    );
    let both = a.len().min(b.len());
    let are_aligned = (old.start + i as u64) % size as u64 == (new.start + j as u64) % size as u64;
    let mut at = 0;
    while at < both {
        let aligned = (old.start + (i + at) as u64).is_multiple_of(size as u64);
        if are_aligned && aligned && at + size <= both {
            let (x, y) = (a.get(at..at + size), b.get(at..at + size));
            if let (Some(x), Some(y)) = (x, y) {
                let is_equal = x == y;
                if pointers.is_some() || !is_equal {
                    let (p, q) = ((words.number)(x), (words.number)(y));
                    let are_pointers = (words.are_pointers)(p, q);
                    if let (true, Some(pointers)) = (are_pointers, pointers.as_deref_mut()) {
                        pointers.push(Pointer {
                            at: old.start + (i + at) as u64,
                            old: p,
                            new: q,
                        });
                    }
                    if !is_equal && !are_pointers {
                        // Up to the byte that differs.
                        return at + x.iter().zip(y).take_while(|(x, y)| x == y).count();
                    }
                }
                at += size;
                if pointers.is_none() && at >= ENOUGH {
                    return at;
                }
                continue;
            }
        }
        match (a.get(at), b.get(at)) {
            (Some(x), Some(y)) if x == y => at += 1,
            _ => return at,
        }
    }
    at
}

/// Records a difference, without what is equal in it, and without filling.
fn differ(
    old: &Piece<'_>,
    new: &Piece<'_>,
    (a, b): (Range<usize>, Range<usize>),
    words: &Words<'_>,
    into: &mut Alignment,
) {
    let is_zero = |piece: &Piece<'_>, range: &Range<usize>| {
        let bytes = piece.bytes.get(range.clone()).unwrap_or_default();
        bytes.iter().all(|byte| *byte == 0)
    };
    if is_zero(old, &a) && is_zero(new, &b) && a.len().abs_diff(b.len()) < 4096 {
        return;
    }
    if a.len() != b.len() {
        let add = |piece: &Piece<'_>, range: &Range<usize>| {
            piece.start + range.start as u64..piece.start + range.end as u64
        };
        // What follows something of another length is the same up to where they meet.
        let back = |piece: &Piece<'_>, range: &Range<usize>| -> Vec<u8> {
            piece
                .bytes
                .get(range.clone())
                .unwrap_or_default()
                .iter()
                .rev()
                .copied()
                .collect()
        };
        let tail = back(old, &a)
            .iter()
            .zip(&back(new, &b))
            .take_while(|(x, y)| x == y)
            .count();
        let (front, other) = (a.start..a.end - tail, b.start..b.end - tail);
        if !(is_zero(old, &front)
            && is_zero(new, &other)
            && front.len().abs_diff(other.len()) < 4096)
        {
            into.different.push((add(old, &front), add(new, &other)));
        }
        if tail > 0 {
            into.runs.push((
                old.start + front.end as u64,
                tail as u64,
                new.start + other.end as u64,
            ));
        }
        return;
    }
    // Of the same length: what differs in it, word for word.
    let (mut i, mut j) = (a.start, b.start);
    while i < a.end {
        let rest = a.end - i;
        let length = run(old, new, i, j, words, Some(&mut into.pointers)).min(rest);
        if length > 0 {
            into.runs
                .push((old.start + i as u64, length as u64, new.start + j as u64));
            (i, j) = (i + length, j + length);
            continue;
        }
        let unequal = old
            .bytes
            .get(i..a.end)
            .into_iter()
            .flatten()
            .zip(new.bytes.get(j..b.end).into_iter().flatten());
        let length = unequal.take_while(|(x, y)| x != y).count().max(1).min(rest);
        let (x, y) = (old.start + i as u64, new.start + j as u64);
        into.different
            .push((x..x + length as u64, y..y + length as u64));
        (i, j) = (i + length, j + length);
    }
}
