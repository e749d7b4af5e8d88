//! Assigns the names of a table, one by one, to their packages.
//!
//! The linker puts the functions of a package side by side, and the functions inlined into them next to them. So nearly every
//! name belongs to the package of the last one, and has at most one dot after it. There is a quick path for such names.

use super::name::{Folded, fold, without_brackets};
use crate::tables::functions::{Functions as Table, package};
use gospect_knowledge::modules;
use gospect_record::functions::{Builder, Place};
use gospect_record::{FunctionSource, Functions};

/// Number of packages to remember.
const MET: usize = 1 << 12;
/// Most closures to keep until all names are known; functions of further ones may be missing.
const DOUBTS: usize = 1 << 20;
/// Most dots at which the type may end in the name of a method from an embedded type.
const DOTS: usize = 8;

/// What is known about a package as names spell it.
#[derive(Clone, Copy)]
struct Met<'n> {
    spelled: &'n [u8],
    place: Place,
    /// Set when this is `a/b.T.c/d` and not a package: the type T of `a/b` has methods of `c/d`.
    receiver: Option<&'n [u8]>,
}

const UNKNOWN: Met<'static> = Met {
    spelled: &[],
    place: Place::NONE,
    receiver: None,
};

/// Collects functions.
pub struct Gather<'t, 'n> {
    table: &'t Table,
    /// The path of package main; `None`: unknown.
    main: Option<&'t str>,
    builder: Builder,
    /// The package of the last name with its dot, and where its functions go.
    last: (&'n [u8], Place),
    met: Vec<Met<'n>>,
    doubts: Vec<(Place, Folded<'n>)>,
    count: u64,
}

impl<'t, 'n> Gather<'t, 'n> {
    /// `table` tells which packages exist.
    pub fn new(table: &'t Table, main: Option<&'t str>) -> Self {
        Self {
            table,
            main,
            builder: Builder::default(),
            last: (&[], Place::NONE),
            met: vec![UNKNOWN; MET],
            doubts: Vec::new(),
            count: 0,
        }
    }

    /// Number of names so far, of any kind.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds all names of a table in which each ends with a zero.
    pub fn table(&mut self, mut names: &'n [u8]) {
        while !names.is_empty() {
            if self.quick(&mut names).is_none() {
                let end = memchr::memchr(0, names).unwrap_or(names.len());
                let (name, rest) = names.split_at(end);
                names = rest.get(1..).unwrap_or_default();
                self.name(name);
            }
        }
    }

    /// Adds names of the last package while they have the form `F`, `T.M` or `(*T).M`; `None` when the next one has not.
    fn quick(&mut self, names: &mut &'n [u8]) -> Option<()> {
        let (prefix, place) = self.last;
        if prefix.is_empty() {
            return None;
        }
        loop {
            let own = names.strip_prefix(prefix)?;
            let mut end = memchr::memchr3(0, b'.', b'/', own)?;
            let (start, rest) = if *own.get(end)? == b'.' {
                let dot = end;
                end = dot + 1 + memchr::memchr3(0, b'.', b'/', own.get(dot + 1..)?)?;
                let receiver = own.get(..dot)?;
                let receiver = match receiver.strip_prefix(b"(*") {
                    Some(receiver) => receiver.strip_suffix(b")")?,
                    None => receiver,
                };
                (receiver, own.get(dot..end)?)
            } else {
                (own.get(..end)?, &[][..])
            };
            // Digits occur in `func1`, `m` in `-fm`, brackets in type arguments.
            let last = *own.get(end.checked_sub(1)?)?;
            let is_piece = match last {
                b'0'..=b'9' => !rest.is_empty() || !start.iter().all(u8::is_ascii_alphanumeric),
                b'm' => own.get(..end)?.ends_with(b"fm"),
                _ => matches!(last, b']' | b')'),
            };
            let is_odd = match start.last() {
                None | Some(b']') => true,
                // `T·1` is a type declared inside a function.
                Some(last) => last.is_ascii_digit() && !rest.is_empty(),
            };
            if *own.get(end)? != 0 || is_piece || is_odd {
                return None;
            }
            self.builder.add(place, start, rest);
            self.count += 1;
            *names = own.get(end + 1..)?;
        }
    }

    /// Adds one name of any form.
    pub fn name(&mut self, name: &'n [u8]) {
        if name.is_empty() {
            return;
        }
        self.count += 1;
        let Some(package) = package(name) else {
            return;
        };
        let met = self.met(package);
        let own = name.get(package.len() + 1..).unwrap_or_default();
        self.last = (&[], Place::NONE);
        if let Some(receiver) = met.receiver {
            let method = own.split(|b| matches!(b, b'.' | b'-')).next();
            let method = method.unwrap_or_default();
            self.builder.add_method(met.place, receiver, method);
        } else if met.place != Place::NONE {
            let prefix = name.get(..package.len() + 1).unwrap_or_default();
            self.last = (prefix, met.place);
            self.own(met.place, own);
        }
    }

    /// Adds the part of a name after the package.
    fn own(&mut self, place: Place, own: &'n [u8]) {
        if own.contains(&b'[') {
            let plain = without_brackets(own);
            if let Some(folded) = fold(&plain) {
                self.put(place, folded);
            }
            return;
        }
        match fold(own) {
            Some(f) if self.builder.is_last(place, f.first, f.method) => {}
            Some(folded) if folded.is_doubtful => self.doubt(place, folded),
            Some(folded) => self.put(place, folded),
            None => {}
        }
    }

    /// Keeps a closure until all names are known.
    fn doubt(&mut self, place: Place, folded: Folded<'n>) {
        if self.doubts.len() < DOUBTS {
            self.doubts.push((place, folded));
        }
    }

    fn put(&mut self, place: Place, folded: Folded<'_>) {
        match folded.method {
            Some(method) => self.builder.add_method(place, folded.first, method),
            None => self.builder.add(place, folded.first, &[]),
        }
    }

    /// What is known about the package that names spell this way.
    fn met(&mut self, spelled: &'n [u8]) -> Met<'n> {
        let slot = slot(spelled);
        if let Some(met) = self.met.get(slot)
            && met.spelled == spelled
        {
            return *met;
        }
        let mut met = Met { spelled, ..UNKNOWN };
        if let Some(owner) = self.table.owner(spelled) {
            let path = modules::unvendored(owner);
            let path = self.main.filter(|_| path == modules::MAIN).unwrap_or(path);
            met.place = self.builder.package(path);
            met.receiver = self.receiver(spelled, owner);
        }
        if let Some(place) = self.met.get_mut(slot) {
            *place = met;
        }
        met
    }

    /// The type in `a/b.T.c/d`, whose package is `a/b`; `None` when all of it is the package.
    fn receiver(&self, spelled: &'n [u8], owner: &str) -> Option<&'n [u8]> {
        let dots = memchr::memchr_iter(b'.', spelled).take(DOTS);
        let mut starts =
            dots.filter_map(|dot| Some((spelled.get(..dot)?, spelled.get(dot + 1..)?)));
        let (_, rest) = starts.find(|(start, _)| self.table.owner(start) == Some(owner))?;
        rest.split(|b| *b == b'.').next()
    }

    /// The functions.
    pub fn finish(mut self, source: FunctionSource, complete: bool) -> Functions {
        let is_complete = complete && self.doubts.len() < DOUBTS;
        self.doubts
            .sort_unstable_by_key(|(place, f)| (*place, f.first, f.method));
        self.doubts.dedup();
        let doubts = std::mem::take(&mut self.doubts);
        for of_package in doubts.chunk_by(|a, b| a.0 == b.0) {
            let Some((place, _)) = of_package.first() else {
                continue;
            };
            let firsts: Vec<&[u8]> = of_package.iter().map(|(_, f)| f.first).collect();
            let is_function = self.builder.contains_each(*place, &firsts);
            for ((_, folded), is_function) in of_package.iter().zip(is_function) {
                // In `F.G.func1`, F is a function, or a type with a method G.
                if !is_function {
                    self.put(*place, *folded);
                }
            }
        }
        self.builder.finish(source, is_complete)
    }
}

/// An index below [`MET`] for a package, from its length and its last bytes.
fn slot(package: &[u8]) -> usize {
    let tail = package.last_chunk::<8>();
    let tail = tail.map_or(0, |tail| u64::from_le_bytes(*tail));
    let head = package.first_chunk::<4>();
    let head = head.map_or(0, |head| u32::from_le_bytes(*head));
    let mixed = (tail ^ u64::from(head).rotate_left(32) ^ package.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 52).unwrap_or(0) % MET
}
