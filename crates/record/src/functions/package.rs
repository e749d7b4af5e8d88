//! The functions of one package. Their names are folded and sorted on first use, because most packages are never used.

use super::is_name;
use super::lookup::{Lookup, Run};
use super::name::{Folded, fold, plain, without_brackets};
use std::sync::OnceLock;

/// The functions of one package.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    /// Its import path.
    pub path: String,
    /// Names as compilers write them.
    pub runs: Vec<Run>,
    /// Names that need no folding, each with a zero after it.
    pub folded: Vec<u8>,
    /// All of them, once they were asked for.
    pub names: OnceLock<Names>,
    /// The names of the runs, once a single one was asked for.
    pub lookup: OnceLock<Lookup>,
}

/// Names of functions, sorted, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub text: String,
    /// Where each is in the text.
    pub index: Vec<(u32, u32)>,
}

impl Names {
    /// None.
    pub const NONE: Self = Self {
        text: String::new(),
        index: Vec::new(),
    };

    pub fn get(&self, (start, end): (u32, u32)) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.index.iter().map(|range| self.get(*range))
    }

    pub fn contains(&self, name: &str) -> bool {
        let found = self.index.binary_search_by(|r| self.get(*r).cmp(name));
        found.is_ok()
    }

    /// Adds a name of two parts, unless it cannot be the name of a Go function.
    fn add(&mut self, start: &[u8], rest: &[u8]) {
        let (Ok(first), Ok(second)) = (std::str::from_utf8(start), std::str::from_utf8(rest))
        else {
            return;
        };
        let from = self.text.len();
        self.text.push_str(first);
        self.text.push_str(second);
        let is_valid = self
            .text
            .get(from..)
            .is_some_and(|name| is_name(name.as_bytes()) && !name.starts_with('.'));
        match (u32::try_from(from), u32::try_from(self.text.len())) {
            (Ok(from), Ok(to)) if is_valid => self.index.push((from, to)),
            _ => self.text.truncate(from),
        }
    }

    fn put(&mut self, folded: Folded<'_>) {
        match folded.method {
            Some(method) => self.add(folded.first, &[b".", method].concat()),
            None => self.add(folded.first, &[]),
        }
    }

    fn sort(&mut self) {
        let index = std::mem::take(&mut self.index);
        let with_front = |range: (u32, u32)| (front(self.get(range)), range);
        let mut index: Vec<(u128, (u32, u32))> = index.into_iter().map(with_front).collect();
        // The fronts decide nearly all comparisons without a look at the text.
        index.sort_unstable_by(|(front_a, a), (front_b, b)| {
            let by_front = front_a.cmp(front_b);
            by_front.then_with(|| self.get(*a).cmp(self.get(*b)))
        });
        index.dedup_by(|(front_a, a), (front_b, b)| {
            front_a == front_b && self.get(*a) == self.get(*b)
        });
        self.index = index.into_iter().map(|(_, range)| range).collect();
    }
}

/// The first 16 bytes of a name as a number, in the order of names: none of them has a zero.
fn front(name: &str) -> u128 {
    match name.as_bytes().first_chunk::<16>() {
        Some(front) => u128::from_be_bytes(*front),
        None => {
            let mut front = [0; 16];
            for (place, byte) in front.iter_mut().zip(name.bytes()) {
                *place = byte;
            }
            u128::from_be_bytes(front)
        }
    }
}

impl Package {
    /// The names; `raw` is the text that the runs are in.
    pub fn names(&self, raw: &[u8]) -> &Names {
        self.names.get_or_init(|| self.fold(raw))
    }

    /// Whether it has a function of this name; `raw` is the text that the runs are in.
    pub fn contains(&self, raw: &[u8], name: &str) -> bool {
        // Names that need no folding are in no order.
        if self.names.get().is_some() || !self.folded.is_empty() {
            return self.names(raw).contains(name);
        }
        let lookup = self.lookup.get_or_init(|| Lookup::of(&self.runs, raw));
        lookup.contains(raw, name)
    }

    /// Adds names as compilers write them.
    pub fn add_run(&mut self, run: Run) {
        (self.names, self.lookup) = Default::default();
        match self.runs.last_mut() {
            Some(last) if last.end == run.start && last.prefix == run.prefix => last.end = run.end,
            _ => self.runs.push(run),
        }
    }

    /// Adds functions whose names need no folding.
    pub fn add<'n>(&mut self, functions: impl Iterator<Item = &'n str>) {
        let mut known = self.names.take();
        for name in functions {
            match &mut known {
                Some(names) => names.add(name.as_bytes(), &[]),
                None => self.folded.extend(name.bytes().chain([0])),
            }
        }
        if let Some(mut names) = known {
            names.sort();
            self.names = OnceLock::from(names);
        }
    }

    /// Whether it has methods of a type; `raw` is the text that the runs are in.
    pub fn has_methods_of(&self, raw: &[u8], type_name: &str) -> bool {
        let lookup = self.lookup.get().filter(|_| self.folded.is_empty());
        if lookup.is_some_and(|lookup| !lookup.may_have_methods_of(type_name)) {
            return false;
        }
        let names = self.names(raw);
        let start = format!("{type_name}.");
        let first = names
            .index
            .partition_point(|r| names.get(*r) < start.as_str());
        let first = names.index.get(first);
        first.is_some_and(|range| names.get(*range).starts_with(&start))
    }

    fn fold(&self, raw: &[u8]) -> Names {
        let mut names = Names::default();
        let mut doubts = Vec::new();
        for run in &self.runs {
            let text = raw.get(run.start as usize..run.end as usize);
            let text = text.unwrap_or_default();
            let mut start = 0;
            for end in memchr::memchr_iter(0, text) {
                let from = std::mem::replace(&mut start, end + 1) + run.prefix as usize;
                let Some(own) = text.get(from..end) else {
                    continue;
                };
                match plain(own) {
                    Some((first, rest)) => names.add(first, rest),
                    None if own.contains(&b'[') => {
                        if let Some(folded) = fold(&without_brackets(own)) {
                            names.put(folded);
                        }
                    }
                    None => match fold(own) {
                        Some(folded) if folded.is_doubtful => doubts.push(folded),
                        Some(folded) => names.put(folded),
                        None => {}
                    },
                }
            }
        }
        for name in self.folded.split(|b| *b == 0) {
            names.add(name, &[]);
        }
        names.sort();
        // Of `F.G.func1` F is a function, or a type with a method G.
        doubts.sort_unstable_by_key(|f| (f.first, f.method));
        doubts.dedup();
        doubts.retain(|f| std::str::from_utf8(f.first).is_ok_and(|first| !names.contains(first)));
        if !doubts.is_empty() {
            doubts.into_iter().for_each(|folded| names.put(folded));
            names.sort();
        }
        names
    }

    /// An estimate of its size in memory, in bytes.
    pub fn size_in_memory(&self) -> usize {
        let names = self.names.get();
        let names = names.map_or(0, |n| n.text.len() + size_of_val(n.index.as_slice()));
        let runs = size_of_val(self.runs.as_slice());
        let lookup = self.lookup.get().map_or(0, Lookup::size);
        size_of::<Self>() + self.path.len() + self.folded.len() + runs + names + lookup
    }
}
