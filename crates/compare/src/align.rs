//! Aligns two pieces of data that have mostly the same bytes at other addresses, with insertions and changes.

use std::ops::Range;

/// A piece of data.
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

/// Which bytes of the pieces correspond.
#[derive(Default)]
pub struct Alignment {
    /// Runs of equal bytes and pointers: address in the old program, length, address in the new one. Sorted.
    pub runs: Vec<(u64, u64, u64)>,
    /// Ranges that differ: addresses in the old and in the new program, either may be empty.
    pub different: Vec<(Range<u64>, Range<u64>)>,
    /// Pointers at corresponding places.
    pub pointers: Vec<Pointer>,
}

/// How words of both programs are read.
pub struct Words<'w> {
    /// Size in bytes.
    pub size: usize,
    pub number: &'w dyn Fn(&[u8]) -> u64,
    /// Whether two values may be pointers of the two programs.
    pub are_pointers: &'w dyn Fn(u64, u64) -> bool,
}

/// Equal bytes after a difference that show that the pieces correspond again.
const ENOUGH_EQUAL: usize = 16;
/// Most hints to try after a difference.
const HINTS_TRIED: usize = 2000;

/// Aligns two pieces. `hints` are pairs of addresses in them that are likely the same variable or constant, sorted by the first.
pub fn align(
    old: &Piece<'_>,
    new: &Piece<'_>,
    hints: &[(u64, u64)],
    words: &Words<'_>,
    alignment: &mut Alignment,
) {
    let mut hints = Hints {
        all: hints,
        next: 0,
    };
    let (mut old_at, mut new_at) = (0usize, 0usize);
    loop {
        let length = equal_length(
            old,
            new,
            old_at,
            new_at,
            words,
            Some(&mut alignment.pointers),
        );
        if length > 0 {
            let (old_address, new_address) = (old.start + old_at as u64, new.start + new_at as u64);
            alignment
                .runs
                .push((old_address, length as u64, new_address));
        }
        (old_at, new_at) = (old_at + length, new_at + length);
        if old_at >= old.bytes.len() && new_at >= new.bytes.len() {
            return;
        }
        let (old_end, new_end) = hints
            .next_match(old, new, old_at, new_at, words)
            .unwrap_or((old.bytes.len(), new.bytes.len()));
        add_difference(
            old,
            new,
            (old_at..old_end, new_at..new_end),
            words,
            alignment,
        );
        (old_at, new_at) = (old_end, new_end);
    }
}

/// The hints, with the first that is not before the current address.
struct Hints<'h> {
    all: &'h [(u64, u64)],
    next: usize,
}

impl Hints<'_> {
    /// Where the pieces correspond again after a difference.
    fn next_match(
        &mut self,
        old: &Piece<'_>,
        new: &Piece<'_>,
        old_at: usize,
        new_at: usize,
        words: &Words<'_>,
    ) -> Option<(usize, usize)> {
        let here = old.start + old_at as u64;
        while self.all.get(self.next).is_some_and(|hint| hint.0 < here) {
            self.next += 1;
        }
        let candidates = self.all.get(self.next..)?.iter().take(HINTS_TRIED);
        candidates
            .filter_map(|(old_address, new_address)| {
                let old_next = usize::try_from(old_address.checked_sub(old.start)?).ok()?;
                let new_next = usize::try_from(new_address.checked_sub(new.start)?).ok()?;
                let is_ahead = old_next >= old_at
                    && new_next >= new_at
                    && (old_next, new_next) != (old_at, new_at)
                    && old_next < old.bytes.len()
                    && new_next < new.bytes.len();
                is_ahead.then_some((old_next, new_next))
            })
            .find(|&(old_next, new_next)| {
                let rest = (old.bytes.len() - old_next).min(new.bytes.len() - new_next);
                equal_length(old, new, old_next, new_next, words, None) >= ENOUGH_EQUAL.min(rest)
            })
    }
}

/// Length of the equal bytes and pointers at two offsets; the pointers are added to `pointers`. Without `pointers` it stops at [`ENOUGH_EQUAL`].
fn equal_length(
    old: &Piece<'_>,
    new: &Piece<'_>,
    old_at: usize,
    new_at: usize,
    words: &Words<'_>,
    mut pointers: Option<&mut Vec<Pointer>>,
) -> usize {
    let size = words.size;
    let (old_rest, new_rest) = (
        old.bytes.get(old_at..).unwrap_or_default(),
        new.bytes.get(new_at..).unwrap_or_default(),
    );
    let shorter = old_rest.len().min(new_rest.len());
    let offset_in_word = |start: u64, at: usize| (start + at as u64) % size as u64;
    let are_aligned = offset_in_word(old.start, old_at) == offset_in_word(new.start, new_at);
    let mut at = 0;
    while at < shorter {
        let is_word = are_aligned && offset_in_word(old.start, old_at + at) == 0;
        if is_word && at + size <= shorter {
            let words_here = (old_rest.get(at..at + size), new_rest.get(at..at + size));
            if let (Some(old_word), Some(new_word)) = words_here {
                let is_equal = old_word == new_word;
                if pointers.is_some() || !is_equal {
                    let (old_value, new_value) =
                        ((words.number)(old_word), (words.number)(new_word));
                    let are_pointers = (words.are_pointers)(old_value, new_value);
                    if let (true, Some(pointers)) = (are_pointers, pointers.as_deref_mut()) {
                        pointers.push(Pointer {
                            at: old.start + (old_at + at) as u64,
                            old: old_value,
                            new: new_value,
                        });
                    }
                    if !is_equal && !are_pointers {
                        return at + common_prefix(old_word, new_word);
                    }
                }
                at += size;
                if pointers.is_none() && at >= ENOUGH_EQUAL {
                    return at;
                }
                continue;
            }
        }
        match (old_rest.get(at), new_rest.get(at)) {
            (Some(old_byte), Some(new_byte)) if old_byte == new_byte => at += 1,
            _ => return at,
        }
    }
    at
}

/// Number of bytes that are equal at the start.
pub fn common_prefix(old: &[u8], new: &[u8]) -> usize {
    let pairs = old.iter().zip(new);
    pairs
        .take_while(|(old_byte, new_byte)| old_byte == new_byte)
        .count()
}

/// Largest difference of two paddings.
const PADDING: usize = 4096;

/// Adds the difference of two ranges, without their equal parts. Padding of another length is not a difference.
fn add_difference(
    old: &Piece<'_>,
    new: &Piece<'_>,
    (old_range, new_range): (Range<usize>, Range<usize>),
    words: &Words<'_>,
    alignment: &mut Alignment,
) {
    let is_zero = |piece: &Piece<'_>, range: &Range<usize>| {
        let bytes = piece.bytes.get(range.clone()).unwrap_or_default();
        bytes.iter().all(|byte| *byte == 0)
    };
    let are_paddings = |old_range: &Range<usize>, new_range: &Range<usize>| {
        let difference = old_range.len().abs_diff(new_range.len());
        is_zero(old, old_range) && is_zero(new, new_range) && difference < PADDING
    };
    if are_paddings(&old_range, &new_range) {
        return;
    }
    if old_range.len() != new_range.len() {
        let addresses = |piece: &Piece<'_>, range: &Range<usize>| {
            piece.start + range.start as u64..piece.start + range.end as u64
        };
        // Only the front of the ranges differs: their ends may be equal.
        let reversed = |piece: &Piece<'_>, range: &Range<usize>| -> Vec<u8> {
            piece
                .bytes
                .get(range.clone())
                .unwrap_or_default()
                .iter()
                .rev()
                .copied()
                .collect()
        };
        let tail = common_prefix(&reversed(old, &old_range), &reversed(new, &new_range));
        let old_front = old_range.start..old_range.end - tail;
        let new_front = new_range.start..new_range.end - tail;
        if !are_paddings(&old_front, &new_front) {
            let different = (addresses(old, &old_front), addresses(new, &new_front));
            alignment.different.push(different);
        }
        if tail > 0 {
            alignment.runs.push((
                old.start + old_front.end as u64,
                tail as u64,
                new.start + new_front.end as u64,
            ));
        }
        return;
    }
    // Ranges of the same length differ in some of their words.
    let (mut old_at, mut new_at) = (old_range.start, new_range.start);
    while old_at < old_range.end {
        let rest = old_range.end - old_at;
        let (old_address, new_address) = (old.start + old_at as u64, new.start + new_at as u64);
        let pointers = Some(&mut alignment.pointers);
        let equal = equal_length(old, new, old_at, new_at, words, pointers).min(rest);
        if equal > 0 {
            alignment
                .runs
                .push((old_address, equal as u64, new_address));
            (old_at, new_at) = (old_at + equal, new_at + equal);
            continue;
        }
        let old_bytes = old.bytes.get(old_at..old_range.end).unwrap_or_default();
        let new_bytes = new.bytes.get(new_at..new_range.end).unwrap_or_default();
        let pairs = old_bytes.iter().zip(new_bytes);
        let unequal = pairs.take_while(|(old_byte, new_byte)| old_byte != new_byte);
        let length = unequal.count().max(1).min(rest);
        let end = |start: u64| start + length as u64;
        alignment
            .different
            .push((old_address..end(old_address), new_address..end(new_address)));
        (old_at, new_at) = (old_at + length, new_at + length);
    }
}
