//! Looks up single functions among names as compilers write them: a name is folded only when it may be the one that is asked for.

use super::is_name;
use super::name::{INIT, fold, plain, without_brackets};
use super::package::Run;

/// Fewest and most chains.
const CHAINS: (usize, usize) = (1 << 4, 1 << 12);
/// Ends a chain.
const END: u32 = u32::MAX;
/// Beginnings of names that fold into `init` (see [`fold`]).
const INITS: [&[u8]; 3] = [INIT, b"glob", b"map"];

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
}

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
        let (first, method) = parts(name);
        let chain = self.chain(first, method.unwrap_or_default());
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

    /// The chain of a function, or of the method of a type.
    fn chain(&self, first: &[u8], method: &[u8]) -> usize {
        let add = |sum: u32, b: &u8| sum.wrapping_mul(31).wrapping_add((*b).into());
        let sum = first.iter().chain(method).fold(0u32, add);
        sum as usize % self.heads.len().max(1)
    }

    /// Bytes in memory.
    pub fn size(&self) -> usize {
        size_of_val(self.rows.as_slice()) + size_of_val(self.heads.as_slice())
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
        let (first, method) = parts(name);
        let inits = INITS.into_iter().filter(|_| name == INIT);
        let derived = inits.chain([first]).map(|first| (first, &b""[..]));
        let whole = method.map(|method| (first, method)).into_iter();
        // Names without an identifier in front are few, and may fold into any name.
        for (first, method) in whole.chain(derived).chain([(&b""[..], &b""[..])]) {
            let chain = self.chain(first, method);
            let mut at = self.heads.get(chain).copied().unwrap_or(END);
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
    if identifier(own) != front {
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

/// The ASCII letters, digits and underscores in front of a name, behind the mark of a pointer receiver.
fn identifier(name: &[u8]) -> &[u8] {
    let name = name.strip_prefix(b"(*").unwrap_or(name);
    let length = name.iter().take_while(|b| is_part(b)).count();
    name.get(..length).unwrap_or_default()
}

fn is_part(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// The identifier in front of a name, and that of the method in `T.M` and `(*T).M`; `None` where anything else follows, or what a compiler may have added
/// (`F.func1`, `F.gowrap1`).
fn parts(name: &[u8]) -> (&[u8], Option<&[u8]>) {
    let first = identifier(name);
    let is_pointer = name.starts_with(b"(*");
    let (start, end): (usize, &[u8]) = match is_pointer {
        true => (2 + first.len(), b")."),
        false => (first.len(), b"."),
    };
    let method = name.get(start..).and_then(|rest| rest.strip_prefix(end));
    let is_added = |method: &[u8]| {
        method.last().is_none_or(u8::is_ascii_digit) || matches!(method, b"gowrap" | b"deferwrap")
    };
    let method = method.filter(|method| method.iter().all(is_part) && !is_added(method));
    (first, method)
}
