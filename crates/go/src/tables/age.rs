//! The releases that may have built a program that names none: by the form of its tables and the files of the runtime.

use super::Tables;
use gospect_exe::Format;
use gospect_record::VersionRange;
use std::collections::BTreeSet;

/// A range of minor releases of Go 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age {
    first: u32,
    last: Option<u32>,
}

/// Files of package runtime that show the age of a program, below `src/pkg/runtime`: name, first and last minor release that
/// had it. The runtime was in C up to Go 1.3, and file names changed with every release (the trees of go1.0.3, go1.1.2,
/// go1.2.2, go1.3.3 and go1.4).
const RUNTIME: &[(&str, u32, u32)] = &[
    ("thread_linux.c", 0, 0),
    ("thread_darwin.c", 0, 0),
    ("thread_windows.c", 0, 0),
    ("thread_freebsd.c", 0, 0),
    ("chan.c", 0, 2),
    ("slice.c", 0, 2),
    ("alg.c", 0, 2),
    ("hashmap.c", 0, 2),
    ("parfor.c", 1, 3),
    ("stack.c", 1, 3),
    ("panic.c", 1, 3),
    ("lfstack.c", 1, 2),
    ("chan.goc", 3, 3),
    ("slice.goc", 3, 3),
    ("alg.goc", 3, 3),
    ("hashmap.goc", 3, 3),
    ("lfstack.goc", 3, 3),
];

/// The last minor release with `src/pkg` in its tree.
const LAST_PKG: u32 = 3;

impl Age {
    /// Narrows the range to what fits both; if they contradict each other, the first stays.
    fn narrow(&mut self, first: u32, last: Option<u32>) {
        let low = self.first.max(first);
        let high = match (self.last, last) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if high.is_none_or(|high| low <= high) {
            (self.first, self.last) = (low, high);
        }
    }

    /// Narrows the range by the source files: whether the standard library is below `src/pkg`, and which files of
    /// `src/pkg/runtime` there are that show the age.
    pub(crate) fn with_files(mut self, below_src_pkg: bool, runtime: &BTreeSet<String>) -> Self {
        if below_src_pkg {
            self.narrow(0, Some(LAST_PKG));
        }
        for name in runtime {
            if let Some((_, first, last)) = RUNTIME.iter().find(|r| r.0 == name) {
                self.narrow(*first, Some(*last));
            }
        }
        self
    }

    /// The range by the tables; `None` when they show nothing.
    pub fn of(tables: &Tables<'_>) -> Option<Self> {
        if let Some(table) = tables.pclntab() {
            let (first, last) = table.layout.minors();
            let mut age = Self { first, last };
            // Go 1.2 was the last to write symbols there; the section stayed.
            if tables.gosymtab().is_some() {
                age.narrow(2, Some(2));
            }
            return Some(age);
        }
        let image = tables.image();
        let last = match tables.gosymtab() {
            Some(table) => return Some(Self::exactly(u32::from(!table.is_first))),
            None if tables.is_stripped_old() => 1,
            None => return None,
        };
        // Go 1.1 introduced the table of types.
        Some(match image.format {
            Format::Elf => Self::exactly(u32::from(image.section(b".typelink").is_some())),
            _ => Self {
                first: 0,
                last: Some(last),
            },
        })
    }

    fn exactly(minor: u32) -> Self {
        Self {
            first: minor,
            last: Some(minor),
        }
    }

    /// Whether a minor release is in the range.
    pub fn has(&self, minor: u32) -> bool {
        self.first <= minor && self.last.is_none_or(|last| minor <= last)
    }

    /// The range as the record has it.
    pub fn to_record(self) -> VersionRange {
        let name = |minor: u32| match minor {
            0 => "go1".to_owned(),
            minor => format!("go1.{minor}"),
        };
        VersionRange {
            first: name(self.first),
            last: self.last.map(name),
        }
    }
}

/// Whether a file of `src/pkg/runtime` shows the age.
pub(crate) fn is_telling(name: &str) -> bool {
    RUNTIME.iter().any(|r| r.0 == name)
}
