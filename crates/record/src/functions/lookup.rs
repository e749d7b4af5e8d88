//! Looks up single functions among names as compilers write them: a name is folded only when it may be the one that is asked for.

use super::is_name;
use super::name::{INIT, fold, plain, without_brackets};

/// Fewest and most chains.
const CHAINS: (usize, usize) = (1 << 4, 1 << 12);
/// Ends a chain.
const END: u32 = u32::MAX;
/// Beginnings of names that fold into `init` (see [`fold`]).
const INITS: [&[u8]; 3] = [INIT, b"glob", b"map"];

/// Names as compilers write them that follow each other in a text, each with a zero after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// Where the first begins.
    pub start: u32,
    /// Where the last ends.
    pub end: u32,
    /// Bytes of the package, with its dot, at the front of each.
    pub prefix: u32,
}

/// A name as compilers write it, without its package.
#[derive(Clone, Copy, Debug)]
struct Row {
    start: u32,
    end: u32,
    /// The next one of the chain.
    next: u32,
}

/// The names of a package in chains: functions and methods by their name, and whatever a compiler derived from one (closures, type arguments) by the
/// identifier in front, which is that of the function or of the type.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    rows: Vec<Row>,
    heads: Vec<u32>,
    /// A bit for the identifier in front of each name with more after it, by its sum: types have one, and functions with closures.
    fronts: Vec<u64>,
}

/// Bits of [`Lookup::fronts`].
const FRONTS: usize = 1 << 15;

/// Whether a name is there, and how it got there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    /// A closure of it is there: `T.M.func1` may be one of the method M, or of M that was inlined into the function T.
    Maybe,
    No,
}

impl Lookup {
    /// Reads the names of the runs, which are in `raw`.
    pub fn of(runs: &[Run], raw: &[u8]) -> Self {
        let names = |run: &Run| raw.get(run.start as usize..run.end as usize);
        let count = |names: &[u8]| memchr::memchr_iter(0, names).count();
        let count: usize = runs.iter().filter_map(names).map(count).sum();
        let chains = count.clamp(CHAINS.0, CHAINS.1);
        let mut found = Self {
            rows: Vec::with_capacity(count),
            heads: vec![END; chains],
            fronts: vec![0; FRONTS / 64],
        };
        for run in runs {
            let names = names(run).unwrap_or_default();
            let mut start = 0;
            for end in memchr::memchr_iter(0, names) {
                let from = std::mem::replace(&mut start, end + 1) + run.prefix as usize;
                if let Some(name) = names.get(from..end) {
                    found.add(name, run.start as usize + from);
                }
            }
        }
        found
    }

    fn add(&mut self, name: &[u8], start: usize) {
        let sums = Sums::of(name);
        let front = sums.first as usize % FRONTS;
        if let Some(fronts) = self
            .fronts
            .get_mut(front / 64)
            .filter(|_| name.contains(&b'.'))
        {
            *fronts |= 1 << (front % 64);
        }
        let chain = self.chain(sums.method.unwrap_or(sums.first));
        let Some(head) = self.heads.get_mut(chain) else {
            return;
        };
        let (row, start, end) = (self.rows.len(), start, start + name.len());
        let [row, start, end] = [row, start, end].map(u32::try_from);
        if let (Ok(row), Ok(start), Ok(end)) = (row, start, end) {
            let next = std::mem::replace(head, row);
            self.rows.push(Row { start, end, next });
        }
    }

    fn chain(&self, sum: u32) -> usize {
        sum as usize % self.heads.len().max(1)
    }

    /// Whether there may be methods of a type; most often there are none of a name that is no type.
    pub fn may_have_methods_of(&self, type_name: &str) -> bool {
        let front = Sums::of(type_name.as_bytes()).first as usize % FRONTS;
        let fronts = self.fronts.get(front / 64);
        fronts.is_some_and(|fronts| fronts >> (front % 64) & 1 == 1)
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        let lists = (self.rows.as_slice(), self.heads.as_slice());
        size_of_val(lists.0) + size_of_val(lists.1) + size_of_val(self.fronts.as_slice())
    }

    /// Whether a function of this name is among them: the same answer as that of all names, folded.
    pub fn contains(&self, raw: &[u8], name: &str) -> bool {
        let name = name.as_bytes();
        if !is_name(name) || name.starts_with(b".") {
            return false;
        }
        match self.answer(raw, name) {
            Answer::Yes => true,
            Answer::No => false,
            Answer::Maybe => {
                let function = name.split(|b| *b == b'.').next().unwrap_or_default();
                self.answer(raw, function) != Answer::Yes
            }
        }
    }

    fn answer(&self, raw: &[u8], name: &[u8]) -> Answer {
        let mut best = Answer::No;
        let asked = Sums::of(name);
        let first = name.get(..asked.length).unwrap_or_default();
        let method = asked.method.map(|sum| (sum, first)).into_iter();
        let inits = INITS.into_iter().filter(|_| name == INIT);
        let inits = inits.map(|init| (Sums::of(init).first, init));
        // Names without an identifier in front are few, and may fold into any name.
        let derived = inits.chain([(asked.first, first), (Sums::START, b"")]);
        for (sum, first) in method.chain(derived) {
            let mut at = self.heads.get(self.chain(sum)).copied().unwrap_or(END);
            while let Some(row) = self.rows.get(at as usize) {
                at = row.next;
                let own = raw.get(row.start as usize..row.end as usize);
                match answer_of(own.unwrap_or_default(), first, name) {
                    Answer::Yes => return Answer::Yes,
                    Answer::Maybe => best = Answer::Maybe,
                    Answer::No => {}
                }
            }
        }
        best
    }
}

/// Whether a name as compilers write it, which begins with an identifier, folds into the name that is asked for.
fn answer_of(own: &[u8], front: &[u8], asked: &[u8]) -> Answer {
    let behind = own.strip_prefix(b"(*").unwrap_or(own).strip_prefix(front);
    if behind.is_none_or(|rest| rest.first().is_some_and(is_part)) {
        return Answer::No;
    }
    let is = |first: &[u8], rest: &[u8]| asked.strip_prefix(first) == Some(rest);
    if let Some((first, rest)) = plain(own) {
        return match is(first, rest) {
            true => Answer::Yes,
            false => Answer::No,
        };
    }
    let bare;
    let has_arguments = own.contains(&b'[');
    let own = match has_arguments {
        true => {
            bare = without_brackets(own);
            &bare
        }
        false => own,
    };
    let Some(folded) = fold(own) else {
        return Answer::No;
    };
    let is_asked = match folded.method {
        None => is(folded.first, b""),
        Some(method) => {
            let rest = asked.strip_prefix(folded.first);
            rest.and_then(|rest| rest.strip_prefix(b".")) == Some(method)
        }
    };
    match (is_asked, folded.is_doubtful && !has_arguments) {
        (false, _) => Answer::No,
        (true, false) => Answer::Yes,
        (true, true) => Answer::Maybe,
    }
}

/// Which chains a name is in: sums of the ASCII letters, digits and underscores in front of it, after the mark of a pointer receiver.
struct Sums {
    /// Of the identifier in front.
    first: u32,
    /// Of that and the method in `T.M` and `(*T).M`; `None` where anything else follows, or what a compiler may have added (`F.func1`, `F.gowrap1`).
    method: Option<u32>,
    /// Bytes of the identifier in front, where no mark is before it.
    length: usize,
}

impl Sums {
    /// The sum of nothing.
    const START: u32 = 0;

    fn of(name: &[u8]) -> Self {
        let (own, end): (&[u8], &[u8]) = match name.strip_prefix(b"(*") {
            Some(own) => (own, b")."),
            None => (name, b"."),
        };
        let (first, length) = sum(Self::START, own);
        let method = own.get(length..).and_then(|rest| rest.strip_prefix(end));
        let is_added = |method: &[u8]| {
            method.last().is_none_or(u8::is_ascii_digit)
                || matches!(method, b"gowrap" | b"deferwrap")
        };
        let method = method.and_then(|method| {
            let (sum, length) = sum(first, method);
            (length == method.len() && !is_added(method)).then_some(sum)
        });
        Self {
            first,
            method,
            length,
        }
    }
}

/// Goes on with a sum over the identifier in front of a text; and its length.
fn sum(start: u32, text: &[u8]) -> (u32, usize) {
    let (mut sum, mut length) = (start, 0);
    for byte in text {
        if !is_part(byte) {
            break;
        }
        sum = sum.wrapping_mul(31).wrapping_add(u32::from(*byte));
        length += 1;
    }
    (sum, length)
}

/// Whether a byte is part of an identifier.
fn is_part(byte: &u8) -> bool {
    static PARTS: [bool; 256] = {
        let mut parts = [false; 256];
        let mut byte = 0;
        while byte < parts.len() {
            let b = byte as u8;
            parts[byte] = b.is_ascii_alphanumeric() || b == b'_';
            byte += 1;
        }
        parts
    };
    PARTS.get(usize::from(*byte)).copied().unwrap_or(false)
}
