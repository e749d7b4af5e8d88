//! Finds the runs of names of one package in a table of names.
//!
//! The linker puts the functions of a package side by side, and those that are inlined into them next to them, so nearly every name is of the
//! package of the last one. Nothing else is done with the names here: most packages are never asked for.

use crate::tables::functions::{Functions as Table, package};
use gospect_knowledge::modules;
use gospect_record::functions::{Builder, Place};
use std::ops::Bound;

/// Number of packages to remember.
const MET: usize = 1 << 12;
/// Most dots at which the type may end in the name of a method from an embedded type.
const DOTS: usize = 8;

/// Paths that are compared with a path to tell whether one goes on behind its dot; after more it is taken for one that does.
const NEAR: usize = 16;

/// What is known about a package as names spell it.
#[derive(Clone)]
struct Met {
    spelled: Vec<u8>,
    place: Place,
    /// Set when this is `a/b.T.c/d` and not a package: the type T of `a/b` has methods of `c/d`.
    receiver: Option<Vec<u8>>,
    /// Another package has a path that goes on behind its dot: `gopkg` and `gopkg.in/x`.
    is_front: bool,
}

/// A run of names that are of one package.
struct Open {
    place: Place,
    start: usize,
    /// Bytes of the package, with its dot.
    prefix: usize,
    /// Names that begin so may be of another package.
    is_front: bool,
}

/// The functions of a table of names, in which each ends with a zero, and how many names there are. `table` tells which packages there are,
/// `main` the path of package main.
pub fn gather(names: Vec<u8>, table: &Table, main: Option<&str>) -> (Builder, u64) {
    let mut packages = Packages {
        table,
        main,
        builder: Builder::new(names),
        met: vec![None; MET],
    };
    // Taken out so that it can be read while the builder grows.
    let raw = packages.builder.take_raw();
    let count = packages.runs(&raw);
    packages.builder.give_raw(raw);
    (packages.builder, count)
}

struct Packages<'t> {
    table: &'t Table,
    main: Option<&'t str>,
    builder: Builder,
    met: Vec<Option<Met>>,
}

impl Packages<'_> {
    fn runs(&mut self, names: &[u8]) -> u64 {
        let mut count = 0;
        let mut start = 0;
        let mut run: Option<Open> = None;
        let mut prefix: &[u8] = &[];
        while let Some(rest) = names.get(start..) {
            let is_same = !prefix.is_empty() && rest.starts_with(prefix);
            let skip = if is_same { prefix.len() } else { 0 };
            let Some(end) = end_of_name(names, start + skip) else {
                break;
            };
            let from = std::mem::replace(&mut start, end + 1);
            let Some(name) = names.get(from..end) else {
                break;
            };
            count += u64::from(!name.is_empty());
            if is_same && !run.as_ref().is_some_and(|run| run.is_front) {
                continue;
            }
            if let Some(open) = run.take() {
                self.builder
                    .add_run(open.place, open.start..from, open.prefix);
            }
            prefix = &[];
            let Some(package) = package(name) else {
                continue;
            };
            let met = self.met(package);
            let place = met.place;
            if let Some(receiver) = &met.receiver {
                let receiver = receiver.clone();
                let own = name.get(package.len() + 1..).unwrap_or_default();
                let method = own.split(|b| matches!(b, b'.' | b'-')).next();
                let method = method.unwrap_or_default();
                self.builder.add_method(place, &receiver, method);
            } else if place != Place::NONE {
                run = Some(Open {
                    place,
                    start: from,
                    prefix: package.len() + 1,
                    is_front: met.is_front,
                });
                prefix = name.get(..package.len() + 1).unwrap_or_default();
            }
        }
        if let Some(open) = run {
            self.builder
                .add_run(open.place, open.start..start, open.prefix);
        }
        count
    }

    /// What is known about the package that names spell this way.
    fn met(&mut self, spelled: &[u8]) -> &Met {
        let slot = slot(spelled);
        let is_met = self
            .met
            .get(slot)
            .is_some_and(|met| met.as_ref().is_some_and(|met| met.spelled == spelled));
        if !is_met {
            let met = self.look_up(spelled);
            if let Some(place) = self.met.get_mut(slot) {
                *place = Some(met);
            }
        }
        static UNKNOWN: Met = Met {
            spelled: Vec::new(),
            place: Place::NONE,
            receiver: None,
            is_front: false,
        };
        let met = self.met.get(slot).and_then(Option::as_ref);
        met.unwrap_or(&UNKNOWN)
    }

    fn look_up(&mut self, spelled: &[u8]) -> Met {
        let mut met = Met {
            spelled: spelled.to_vec(),
            place: Place::NONE,
            receiver: None,
            is_front: false,
        };
        if let Some(owner) = self.table.owner(spelled) {
            let path = match is_vendored(owner.as_bytes()) {
                true => modules::unvendored(owner),
                false => owner,
            };
            let path = self.main.filter(|_| path == modules::MAIN).unwrap_or(path);
            met.place = self.builder.package(path);
            if spelled != owner.as_bytes() {
                met.receiver = self.receiver(spelled, owner);
            }
            met.is_front = self.is_front(owner);
        }
        met
    }

    /// Whether a path of another package begins with this one and a dot.
    fn is_front(&self, owner: &str) -> bool {
        // Paths that go on with a dot come before those that go on with a slash or a letter.
        let from = (Bound::Excluded(owner), Bound::Unbounded);
        let next = self.table.packages.range::<str, _>(from);
        let mut next = next
            .take_while(|path| path.starts_with(owner))
            .map(|path| path.as_bytes().get(owner.len()).copied());
        for _ in 0..NEAR {
            match next.next().flatten() {
                None => return false,
                Some(b'.') => return true,
                Some(b'/'..) => return false,
                Some(_) => {}
            }
        }
        true
    }

    /// The type in `a/b.T.c/d`, whose package is `a/b`; `None` when all of it is the package.
    fn receiver(&self, spelled: &[u8], owner: &str) -> Option<Vec<u8>> {
        let dots = memchr::memchr_iter(b'.', spelled).take(DOTS);
        let mut starts =
            dots.filter_map(|dot| Some((spelled.get(..dot)?, spelled.get(dot + 1..)?)));
        let (_, rest) = starts.find(|(start, _)| self.table.owner(start) == Some(owner))?;
        rest.split(|b| *b == b'.').next().map(<[u8]>::to_vec)
    }
}

/// A place among [`MET`] for a package, by its length, its beginning and its end.
fn slot(package: &[u8]) -> usize {
    let tail = package.last_chunk::<8>();
    let tail = tail.map_or(0, |tail| u64::from_le_bytes(*tail));
    let head = package.first_chunk::<4>();
    let head = head.map_or(0, |head| u32::from_le_bytes(*head));
    let mixed = (tail ^ u64::from(head).rotate_left(32) ^ package.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 52).unwrap_or(0) % MET
}

/// Where the name ends that goes on here: names are short, and most of their ends are found in two or three steps.
fn end_of_name(names: &[u8], mut at: usize) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    while let Some(eight) = names.get(at..)?.first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        // The lowest bit that is left is in the first byte that is zero.
        let zeros = word.wrapping_sub(LOW) & !word & HIGH;
        if zeros != 0 {
            return Some(at + (zeros.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let rest = names.get(at..)?;
    rest.iter().position(|b| *b == 0).map(|i| at + i)
}

/// Whether a path may hold that of a vendor directory, as [`modules::unvendored`] knows them.
fn is_vendored(path: &[u8]) -> bool {
    [&b"vendor/"[..], b"_workspace/"]
        .iter()
        .any(|mark| memchr::memmem::find(path, mark).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_names_are_found_wherever_they_are() {
        for length in 0..40 {
            let mut names = vec![b'x'; length];
            names.push(0);
            names.extend_from_slice(&[1, 0x80, 0, 0xff]);
            for at in 0..=length {
                assert_eq!(end_of_name(&names, at), Some(length));
            }
            assert_eq!(end_of_name(&names[..length], 0), None);
            assert_eq!(end_of_name(&names, names.len() + 1), None);
        }
    }

    #[test]
    fn runs_are_of_the_package_whose_path_goes_on() {
        let names = [
            "gopkg.Open",
            "gopkg.in/yaml%2ev3.Decode",
            "gopkg.(*File).Close",
            "gopkgs.Open",
            "type:.eq.gopkg.File",
            "gopkg.Last",
            "main.T.gopkg.in/yaml%2ev3.hidden",
            "main.main",
            "",
        ];
        let raw = format!("{}\0", names.join("\0")).into_bytes();
        let table = Table::of_names(&raw);
        let (builder, count) = gather(raw, &table, Some("example.com/app"));
        assert_eq!(count, 8);
        let functions = builder.finish(gospect_record::FunctionSource::FunctionTable, true);
        let all: Vec<(&str, Vec<&str>)> = functions
            .packages()
            .map(|package| (package, functions.names(package).collect()))
            .collect();
        assert_eq!(
            all,
            [
                ("example.com/app", vec!["T.hidden", "main"]),
                ("gopkg", vec!["File.Close", "Last", "Open"]),
                ("gopkg.in/yaml.v3", vec!["Decode"]),
                ("gopkgs", vec!["Open"]),
            ]
        );
    }
}
