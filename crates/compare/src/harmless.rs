//! Data that may differ although both programs do the same: texts of build info, and paths of the build host.

use super::records::record_ranges;
use super::side::{Addresses, Side};
use gospect_record::rebuild::DifferentPart;

/// Where one program has such data.
pub struct HarmlessData {
    /// Its addresses, with the part that a difference in it belongs to, and what it is.
    ranges: Vec<(Addresses, DifferentPart, &'static str)>,
    /// Addresses of build info.
    records: Vec<u64>,
}

impl HarmlessData {
    pub fn of(side: &Side<'_, '_>) -> Self {
        let image = side.image;
        let mut ranges = Vec::new();
        let strings = side.tables.strings();
        let modinfo = strings.modinfo();
        let goroot = goroot(side);
        for string in &strings.all {
            let is_version = string.text.starts_with(b"go1.") || string.text.starts_with(b"devel ");
            let is_modinfo = modinfo.is_some_and(|inner| {
                string.text.len() > inner.len() && contains(string.text, inner)
            });
            let (part, what) = if is_modinfo {
                (
                    DifferentPart::Record,
                    "the build info that the program reads itself",
                )
            } else if is_version {
                (
                    DifferentPart::Record,
                    "the version of the toolchain that the program reads itself",
                )
            } else if Some(string.text) == goroot.as_deref() {
                (DifferentPart::Paths, "GOROOT of the build host")
            } else {
                continue;
            };
            let word = image.pointer_size();
            let text = image.pointer(string.address).unwrap_or_default();
            ranges.push((text..text + string.text.len() as u64 + 1, part, what));
            ranges.push((string.address..string.address + 2 * word, part, what));
        }
        let records = record_ranges(side).into_iter();
        Self {
            ranges,
            records: records.map(|(addresses, _)| addresses.start).collect(),
        }
    }

    /// Whether a range is `go:buildinfo.ref`, a pointer that keeps build info in the program (src/cmd/link/internal/ld/data.go, `buildinfo`).
    fn is_reference(&self, side: &Side<'_, '_>, range: &Addresses) -> bool {
        let word = side.image.pointer_size();
        let is_word = range.end - range.start == word && range.start.is_multiple_of(word);
        is_word
            && side
                .image
                .pointer(range.start)
                .is_some_and(|to| self.records.contains(&to))
    }

    /// The part that a range belongs to: `Some(None)` for padding, `None` when it is not harmless.
    pub fn part(
        &self,
        side: &Side<'_, '_>,
        range: &Addresses,
    ) -> Option<Option<(DifferentPart, &'static str)>> {
        let size = range.end.saturating_sub(range.start);
        let bytes = match size {
            0 => return Some(None),
            _ => side.image.bytes(range.start, size)?,
        };
        if self.is_reference(side, range) {
            return Some(Some((
                DifferentPart::Record,
                "the reference that keeps build info",
            )));
        }
        let mut belongs_to = None;
        for (address, byte) in (range.start..).zip(bytes) {
            if *byte == 0 && belongs_to.is_none() {
                continue;
            }
            match self.ranges.iter().find(|r| r.0.contains(&address)) {
                Some((_, part, what)) => belongs_to = Some((*part, *what)),
                None if *byte == 0 => {}
                None => return None,
            }
        }
        Some(belongs_to)
    }
}

fn contains(text: &[u8], inner: &[u8]) -> bool {
    memchr::memmem::find(text, inner).is_some()
}

/// The default GOROOT: the value of its variable, else the first string that looks like a GOROOT.
fn goroot(side: &Side<'_, '_>) -> Option<Vec<u8>> {
    let address = side.image.symbol_address(b"runtime.defaultGOROOT");
    let strings = &side.tables.strings().all;
    let by_name = address.and_then(|address| strings.iter().find(|s| s.address == address));
    let is_path = |text: &[u8]| text.starts_with(b"/") || text.get(1..3) == Some(b":\\");
    let looks_like_goroot = |text: &[u8]| {
        let last = text
            .rsplit(|b| matches!(b, b'/' | b'\\'))
            .next()
            .unwrap_or_default();
        is_path(text) && (last.starts_with(b"go") || contains(text, b"/toolchain@"))
    };
    let goroot = by_name.or_else(|| strings.iter().find(|s| looks_like_goroot(s.text)));
    goroot.map(|s| s.text.to_vec())
}
