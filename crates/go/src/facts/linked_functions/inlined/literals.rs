//! Finds the function literals among the names of a program.

use super::super::runs::Owner;
use super::literal::{Literal, may_be_literal, names_one_function};
use crate::tables::names::{NameRuns, Run};
use gospect_record::functions::{Question, without_brackets};
use std::borrow::Cow;
use std::collections::HashSet;

/// Most literals to look at.
const LITERALS_LIMIT: usize = 1 << 20;

/// A literal that may be of the source of another package than its name says.
pub struct Candidate {
    /// Where its name is in the table of names.
    pub name: u32,
    /// The spelling of the package that its name says.
    pub spelling: usize,
    pub literal: Literal,
    /// Whether the word in front of its name is a function, where that is in doubt.
    pub is_function: bool,
}

/// Collects literals from names, which come in the order of the table.
pub struct Literals<'n> {
    runs: &'n [Run],
    /// The package of each spelling.
    pub owners: &'n [Option<Owner>],
    /// Only those that have one of these words.
    words: Option<Words<'n>>,
    /// Also those that name no inlined function.
    all: bool,
    size: u64,
    /// The run of the last name.
    run: usize,
    found: Vec<Candidate>,
    /// Where names are that end as those of literals do.
    pub endings: Places,
}

impl<'n> Literals<'n> {
    /// None yet, of a table of names of so many bytes; with `all` also those that name no inlined function.
    pub fn new(names: &'n NameRuns, owners: &'n [Option<Owner>], size: u64, all: bool) -> Self {
        Self {
            runs: &names.runs,
            owners,
            words: None,
            all,
            size,
            run: 0,
            found: Vec::new(),
            endings: Places::with_room(size),
        }
    }

    /// Leaves out literals that tell of none of the functions that are asked for.
    pub fn only_of(self, question: &'n Question) -> Self {
        let words = Some(Words::of(question));
        Self { words, ..self }
    }

    /// Adds the name at a place of the table if it may be a literal.
    #[inline]
    pub fn add(&mut self, start: u64, name: &[u8]) {
        if may_be_literal(name)
            && let Ok(start) = u32::try_from(start)
        {
            self.endings.add(start);
            self.look_at(start, name);
        }
    }

    fn look_at(&mut self, name: u32, text: &[u8]) {
        while self.runs.get(self.run).is_some_and(|run| run.end <= name) {
            self.run += 1;
        }
        let run = self.runs.get(self.run).filter(|run| run.start <= name);
        let Some(spelling) = run.map(|run| run.spelling as usize) else {
            return;
        };
        let Some(Some(owner)) = self.owners.get(spelling) else {
            return;
        };
        let own = text.get(owner.prefix..);
        let own = own.filter(|own| self.all || !names_one_function(own));
        let own = own.filter(|own| self.words.as_ref().is_none_or(|words| words.are_in(own)));
        let Some(literal) = own.and_then(Literal::parse) else {
            return;
        };
        let names_others = [false, true]
            .iter()
            .any(|f| !literal.inlined(*f).is_empty());
        if (self.all || names_others) && self.found.len() < LITERALS_LIMIT {
            self.found.push(Candidate {
                name,
                spelling,
                literal,
                is_function: false,
            });
        }
    }

    /// The literals that were found.
    pub fn found(&self) -> &[Candidate] {
        &self.found
    }

    /// Says whether the words that are in doubt are functions, by their package, and leaves out literals that then name no inlined function.
    pub fn settle(&mut self, is_function: impl Fn(&str, &str) -> bool) {
        let (owners, all) = (self.owners, self.all);
        self.found.retain_mut(|candidate| {
            let owner = owners.get(candidate.spelling).and_then(Option::as_ref);
            let doubtful = candidate.literal.doubtful_front();
            candidate.is_function = owner
                .zip(doubtful)
                .is_some_and(|(owner, name)| is_function(&owner.path, name));
            all || !candidate.literal.inlined(candidate.is_function).is_empty()
        });
    }

    /// Bytes of the table of names.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The run that a name is in, looked for first in the run of the name before it, and the package of it.
    pub fn owner_of(&self, name: u32, last: usize) -> Option<(usize, &'n Owner)> {
        let holds = |number: &usize| {
            let run = self.runs.get(*number);
            run.is_some_and(|run| run.start <= name && name < run.end)
        };
        let run = Some(last)
            .filter(holds)
            .or_else(|| Some(self.runs.partition_point(|run| run.end <= name)).filter(holds))?;
        let spelling = self.runs.get(run)?.spelling as usize;
        Some((run, self.owners.get(spelling)?.as_ref()?))
    }
}

/// Words of which a literal must have one to matter.
struct Words<'q> {
    all: HashSet<&'q [u8]>,
    /// A bit for the [`place`] of each, because most words are not among them.
    bits: Vec<u64>,
}

/// Bits that say which words there may be.
const WORD_BITS: usize = 1 << 14;

impl<'q> Words<'q> {
    /// The last words of all functions that are asked for: that of a method is its name without the type.
    fn of(question: &'q Question) -> Self {
        let names = question.functions.values().flatten();
        let words = names.filter_map(|name| name.rsplit('.').next());
        let all: HashSet<&[u8]> = words.map(str::as_bytes).collect();
        let mut bits = vec![0; WORD_BITS / 64];
        for word in &all {
            if let Some(bits) = bits.get_mut(place(word) / 64) {
                *bits |= 1 << (place(word) % 64);
            }
        }
        Self { all, bits }
    }

    /// Whether one of them is in a name without its package.
    fn are_in(&self, own: &[u8]) -> bool {
        let bare = match own.contains(&b'[') {
            true => Cow::Owned(without_brackets(own)),
            false => Cow::Borrowed(own),
        };
        // A dot in the middle of a line, which older compilers write, is not of ASCII.
        let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        !bare.is_ascii()
            || bare
                .split(|byte| !is_of_word(byte))
                .any(|word| self.has(word))
    }

    fn has(&self, word: &[u8]) -> bool {
        let bits = self.bits.get(place(word) / 64);
        bits.is_some_and(|bits| bits >> (place(word) % 64) & 1 == 1) && self.all.contains(word)
    }
}

/// A number below [`WORD_BITS`] for a word.
fn place(word: &[u8]) -> usize {
    let sum = word.iter().fold(word.len(), |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    });
    sum % WORD_BITS
}

/// Some places in the table of names, a bit for each.
pub struct Places(Vec<u64>);

impl Places {
    fn with_room(size: u64) -> Self {
        let words = usize::try_from(size / 64 + 1).unwrap_or_default();
        Self(vec![0; words])
    }

    /// These places, in a table of so many bytes.
    pub fn of(size: u64, places: impl Iterator<Item = u32>) -> Self {
        let mut found = Self::with_room(size);
        places.for_each(|place| found.add(place));
        found
    }

    fn add(&mut self, place: u32) {
        if let Some(word) = self.0.get_mut(place as usize / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Whether this place is among them.
    pub fn has(&self, place: u32) -> bool {
        let word = self.0.get(place as usize / 64);
        word.is_some_and(|word| word >> (place % 64) & 1 == 1)
    }
}
