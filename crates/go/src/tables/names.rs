//! The runs of names of one package in a table of function names: one pass over the names, for every fact that asks about packages.
//!
//! The linker puts the functions of a package side by side, and those that are inlined into them next to them
//! (src/cmd/link/internal/ld/pcln.go, generateFuncnametab), so nearly every name is of the package of the name before it.

/// Most spellings of packages to collect for one program, and most bytes of them together.
const SPELLINGS_LIMIT: usize = 1 << 17;
const SPELLINGS_SIZE_LIMIT: usize = 16 << 20;
/// Most runs to collect; the largest programs have a quarter of them.
const RUNS_LIMIT: usize = 1 << 20;
/// Places for the first spellings; there are always twice as many places as spellings.
const PLACES: usize = 1 << 12;
/// Places in which a spelling may be.
const PROBES: usize = 16;
/// No spelling.
const NONE: u32 = u32::MAX;

/// Names of one package that follow each other in a table of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the first name begins, counted from the start of the table.
    pub start: u32,
    /// After the zero of the last name.
    pub end: u32,
    /// Number of names.
    pub names: u32,
    /// The package: an index of [`NameRuns::spellings`].
    pub spelling: u32,
}

/// What one pass over a table of names finds.
#[derive(Clone, Debug, Default)]
pub struct NameRuns {
    /// In the order of the table. Names without a package are in none of them.
    pub runs: Vec<Run>,
    /// Each package as function names spell it, dots in its last element escaped, in the order of the table. One may stand there twice.
    pub spellings: Vec<Box<[u8]>>,
    /// Number of names, those without a package included.
    pub count: u64,
    /// Whether there were more runs or packages than are kept.
    pub is_cut: bool,
}

impl NameRuns {
    /// The runs in names that are in memory, each with a zero after it.
    pub fn of(names: &[u8]) -> Self {
        let mut reader = Reader::default();
        reader.read(0, names, &mut |_, _| {});
        reader.finish()
    }
}

/// Reads a table of names piece by piece.
pub struct Reader {
    found: NameRuns,
    /// Numbers of spellings, each at one of the places from its [`hash`] on.
    places: Vec<u32>,
    /// Bytes of all spellings.
    size: usize,
    /// The package of the last run, with its dot.
    prefix: Vec<u8>,
    /// Its number; `None`: it is not kept.
    spelling: Option<u32>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            found: NameRuns::default(),
            places: vec![NONE; PLACES],
            size: 0,
            prefix: Vec::new(),
            spelling: None,
        }
    }
}

impl Reader {
    /// Reads a piece of whole names, each with a zero after it; the piece is `from` bytes after the start of the table. `of_package` gets each
    /// run of the piece, with the package that it is of.
    pub fn read(&mut self, from: u64, piece: &[u8], of_package: &mut dyn FnMut(&[u8], &[u8])) {
        let mut at = 0;
        while let Some(rest) = piece.get(at..) {
            let (mut length, mut count) = names_with(&self.prefix, rest);
            if count == 0 {
                let Some(end) = memchr::memchr(0, rest) else {
                    break;
                };
                let name = rest.get(..end).unwrap_or_default();
                if !self.starts_run(name) {
                    self.found.count += u64::from(!name.is_empty());
                    at += end + 1;
                    continue;
                }
                (length, count) = names_with(&self.prefix, rest).max((end + 1, 1));
            }
            self.add(from + at as u64, length, count);
            let package = self.prefix.split_last().map_or(&[][..], |(_, path)| path);
            of_package(package, rest.get(..length).unwrap_or_default());
            at += length;
        }
    }

    /// Whether the name has a package, whose run begins here.
    fn starts_run(&mut self, name: &[u8]) -> bool {
        let Some(package) = in_front(name) else {
            return false;
        };
        self.spelling = match self.number(package) {
            Some(number) => Some(number),
            None if is_path(package) => self.add_spelling(package),
            None => return false,
        };
        self.prefix.clear();
        // A package ends with a dot in its function's name.
        let prefix = name.get(..package.len() + 1).unwrap_or_default();
        self.prefix.extend_from_slice(prefix);
        true
    }

    /// The places in which a spelling may be.
    fn places_of(&self, package: &[u8]) -> impl Iterator<Item = usize> + use<> {
        let last = self.places.len().saturating_sub(1);
        let first = usize::try_from(hash(package) >> 32).unwrap_or(0);
        (first..first + PROBES).map(move |place| place & last)
    }

    /// The number of a spelling that was met before.
    fn number(&self, package: &[u8]) -> Option<u32> {
        for place in self.places_of(package) {
            let number = *self.places.get(place)?;
            let spelled = self.found.spellings.get(number as usize)?;
            if **spelled == *package {
                return Some(number);
            }
        }
        None
    }

    fn add_spelling(&mut self, package: &[u8]) -> Option<u32> {
        let number = u32::try_from(self.found.spellings.len()).ok()?;
        if number as usize >= SPELLINGS_LIMIT || self.size + package.len() > SPELLINGS_SIZE_LIMIT {
            self.found.is_cut = true;
            return None;
        }
        self.size += package.len();
        self.found.spellings.push(package.into());
        if self.found.spellings.len() * 2 > self.places.len() {
            self.places = vec![NONE; self.places.len() * 2];
            for number in 0..=number {
                self.put(number);
            }
        } else {
            self.put(number);
        }
        Some(number)
    }

    /// Gives a spelling the first of its places that is free. One without a place is taken for a new one when it is met again.
    fn put(&mut self, number: u32) {
        let Some(spelled) = self.found.spellings.get(number as usize) else {
            return;
        };
        let is_free = |place: &usize| self.places.get(*place) == Some(&NONE);
        let free = self.places_of(spelled).find(is_free);
        if let Some(place) = free.and_then(|place| self.places.get_mut(place)) {
            *place = number;
        }
    }

    /// Adds names to the last run if they follow it, otherwise begins a new one.
    fn add(&mut self, start: u64, length: usize, names: u32) {
        self.found.count += u64::from(names);
        let Some(spelling) = self.spelling else {
            return;
        };
        let end = u32::try_from(start + length as u64);
        let (Ok(start), Ok(end)) = (u32::try_from(start), end) else {
            self.found.is_cut = true;
            return;
        };
        let is_full = self.found.runs.len() >= RUNS_LIMIT;
        match self.found.runs.last_mut() {
            Some(last) if last.end == start && last.spelling == spelling => {
                last.end = end;
                last.names = last.names.saturating_add(names);
            }
            _ if is_full => self.found.is_cut = true,
            _ => self.found.runs.push(Run {
                start,
                end,
                names,
                spelling,
            }),
        }
    }

    /// What was found.
    pub fn finish(self) -> NameRuns {
        self.found
    }
}

/// Length and number of the names in front that begin with a package and its dot. If a slash follows, the path of their package is longer.
fn names_with(prefix: &[u8], names: &[u8]) -> (usize, u32) {
    let (mut length, mut count) = (0, 0u32);
    if prefix.is_empty() {
        return (0, 0);
    }
    while let Some(rest) = names.get(length..).and_then(|n| n.strip_prefix(prefix)) {
        let Some(stop) = memchr::memchr2(0, b'/', rest) else {
            break;
        };
        let end = match rest.get(stop) {
            Some(&0) => stop,
            // In brackets stand the paths of other packages.
            _ if memchr::memchr2(b'[', b'(', rest.get(..stop).unwrap_or_default()).is_some() => {
                let behind = memchr::memchr(0, rest.get(stop..).unwrap_or_default());
                match behind {
                    Some(behind) => stop + behind,
                    None => break,
                }
            }
            _ => break,
        };
        length += prefix.len() + end + 1;
        count = count.saturating_add(1);
    }
    (length, count)
}

/// A number for a package, by its length, its beginning and its end.
fn hash(package: &[u8]) -> u64 {
    let tail = package.last_chunk::<8>();
    let tail = tail.map_or(0, |tail| u64::from_le_bytes(*tail));
    let head = package.first_chunk::<4>();
    let head = head.map_or(0, |head| u32::from_le_bytes(*head));
    let middle = package.get(package.len() / 2..);
    let middle = middle.and_then(|rest| rest.first_chunk::<4>());
    let middle = middle.map_or(0, |middle| u32::from_le_bytes(*middle));
    let ends = tail ^ u64::from(head).rotate_left(32) ^ package.len() as u64;
    (ends ^ u64::from(middle).rotate_left(16)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The import path in a function name: up to the first dot after the last slash, both before any bracket.
pub fn package(name: &[u8]) -> Option<&[u8]> {
    in_front(name).filter(|path| is_path(path))
}

/// What stands where an import path does.
fn in_front(name: &[u8]) -> Option<&[u8]> {
    // Compiler-made symbols: type algorithms, closures of the linker, C.
    if name.starts_with(b"type:")
        || name.starts_with(b"type..")
        || name.starts_with(b"go:")
        || name.starts_with(b"_cgo")
    {
        return None;
    }
    let plain = memchr::memchr2(b'[', b'(', name).map_or(name, |end| &name[..end]);
    let start = memchr::memrchr(b'/', plain).map_or(0, |i| i + 1);
    let dot = memchr::memchr(b'.', plain.get(start..)?)? + start;
    plain.get(..dot)
}

/// Methods of types without a name (`go.struct { sync.Mutex }.Lock`) and wrappers (`_.goready.func1`) belong to no package.
fn is_path(path: &[u8]) -> bool {
    !path.is_empty() && path != b"go" && path != b"_" && !path.iter().any(|b| b" {}*\"".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(names: &[u8]) -> Vec<(String, Vec<String>)> {
        let found = NameRuns::of(names);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let row = |run: &Run| {
            let names = &names[run.start as usize..run.end as usize];
            let names: Vec<String> = names.split(|b| *b == 0).map(text).collect();
            assert_eq!(names.len(), run.names as usize + 1);
            let (last, names) = names.split_last().unwrap();
            assert_eq!(last, "");
            (
                text(&found.spellings[run.spelling as usize]),
                names.to_vec(),
            )
        };
        found.runs.iter().map(row).collect()
    }

    #[test]
    fn a_run_ends_at_a_longer_package_path() {
        let names = [
            "gopkg.Open",
            "gopkg.(*File).Close",
            "gopkg.Map[go.shape.a/b]",
            "gopkg.in/yaml%2ev3.Decode",
            "gopkgs.Open",
            "gopkgs.Close",
            "type:.eq.gopkgs.File",
            "gopkgs.Last",
            "memcpy",
            "gopkg",
            "gopkgs.(*a/b.T).M",
        ];
        let table = format!("\0{}\0\0", names.join("\0")).into_bytes();
        let found = runs(&table);
        let found: Vec<(&str, Vec<&str>)> = found
            .iter()
            .map(|(package, names)| (package.as_str(), names.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            found,
            [
                ("gopkg", names[..3].to_vec()),
                ("gopkg.in/yaml%2ev3", names[3..4].to_vec()),
                ("gopkgs", names[4..6].to_vec()),
                ("gopkgs", names[7..8].to_vec()),
                ("gopkgs", names[10..].to_vec()),
            ]
        );
        assert_eq!(NameRuns::of(&table).count, names.len() as u64);
        // A name without an end is not there yet.
        for cut in 0..table.len() {
            let part = NameRuns::of(&table[..cut]);
            let ends = part.runs.last().map_or(0, |run| run.end as usize);
            assert!(ends <= cut, "{cut}");
        }
    }

    #[test]
    fn pieces_give_the_runs_of_the_whole() {
        let table = b"a/b.F\0a/b.G\0a/b.c/d.H\0main.main\0main.init\0go.x.y\0main.z\0";
        let whole = NameRuns::of(table);
        let ends: Vec<usize> = memchr::memchr_iter(0, table).map(|i| i + 1).collect();
        for end in ends {
            let mut reader = Reader::default();
            let mut named = 0;
            let mut count =
                |_: &[u8], names: &[u8]| named += names.iter().filter(|b| **b == 0).count();
            reader.read(0, &table[..end], &mut count);
            reader.read(end as u64, &table[end..], &mut count);
            let found = reader.finish();
            assert_eq!(found.runs, whole.runs, "{end}");
            assert_eq!((found.count, named), (7, 6));
        }
    }

    #[test]
    fn any_number_of_packages_is_distinguished() {
        // Packages of the same length, beginning and end are the worst case: they share their places.
        let many: String = (0..20_000).map(|n| format!("p{n:05}/{n}.F\0")).collect();
        let alike: String = (0..200)
            .map(|n| format!("host/{n:04}/path/element.F\0"))
            .collect();
        for (names, count) in [(many, 20_000), (alike, 200)] {
            let twice = format!("{names}{names}").into_bytes();
            let found = NameRuns::of(&twice);
            assert_eq!(found.runs.len(), 2 * count);
            assert!(!found.is_cut);
            let spelled = |run: &Run| found.spellings[run.spelling as usize].clone();
            let (first, second) = found.runs.split_at(count);
            assert!(
                first
                    .iter()
                    .zip(second)
                    .all(|(a, b)| spelled(a) == spelled(b))
            );
        }
    }

    #[test]
    fn the_package_of_a_name() {
        for (name, want) in [
            ("gopkg.Open", Some("gopkg")),
            ("gopkg.in/yaml%2ev3.Decode", Some("gopkg.in/yaml%2ev3")),
            ("gopkg", None),
            ("go.(*struct { sync.Mutex; x int }).Lock", None),
            ("_.goready.func1", None),
            ("_cgo_topofstack", None),
            (".F", None),
        ] {
            let found = package(name.as_bytes());
            assert_eq!(found, want.map(str::as_bytes), "{name}");
        }
    }
}
