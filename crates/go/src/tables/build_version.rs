//! The version of the toolchain when there is no build info: a string of the program itself.

use super::Tables;
use super::age::Age;
use super::pclntab::Pclntab;
use crate::written::buildinfo;
use crate::written::go_string::go_string;
use gospect_exe::Image;
use memchr::memmem;

/// The version of the toolchain from the strings of the program: the linker string `runtime.buildVersion`, or else any string
/// header in writable data whose text is a plain release.
pub fn build_version<'i>(tables: &Tables<'i>) -> Option<&'i [u8]> {
    let image = tables.image();
    let strings = tables.strings();
    let set: Vec<&[u8]> = strings.versions().collect();
    let fits = |v: &&[u8]| is_release(v) && tables.pclntab().is_none_or(|t| fits_layout(v, t));
    if let Some(version) = set.iter().copied().find(fits).or(set.first().copied()) {
        return Some(version);
    }
    // Symbol tables are large, so they are only read when the strings do not help.
    if let Some(address) = image
        .has_symbol_table()
        .then(|| image.symbol_address(b"runtime.buildVersion"))
        .flatten()
        && let Some(text) = go_string(image, address, 256).filter(|t| buildinfo::looks_like_go(t))
    {
        return Some(text);
    }
    if tables.moduledata().is_none()
        && let Some(age) =
            Age::of(tables).filter(|age| age.has(0) || age.has(1) || age.has(2) || age.has(3))
        && let Some(text) = constant_version(image, &age)
    {
        return Some(text);
    }
    let ranges: Vec<(u64, u64)> = match tables.moduledata() {
        Some(module) => vec![module.data],
        None => image
            .segments
            .iter()
            .filter(|s| s.writable)
            .map(|s| (s.address, s.end()))
            .collect(),
    };
    let mut left = HEADERS_LIMIT;
    ranges.iter().find_map(|&(from, to)| {
        let size = to.saturating_sub(from).min(left);
        left -= size;
        headers_in(image, from, size).find(fits)
    })
}

/// The version in programs of Go 1.0 to 1.3 that use it: `runtime.theVersion` is a constant, a text right after its string
/// header in the read-only data. A program may contain other such constants, so exactly one release must be left.
fn constant_version<'i>(image: &'i Image<'_>, age: &Age) -> Option<&'i [u8]> {
    const LAST: u32 = 3;
    let mut left = HEADERS_LIMIT;
    let mut releases: Vec<&[u8]> = Vec::new();
    for segment in image
        .segments
        .iter()
        .filter(|s| !s.writable && !s.discardable)
    {
        let size = segment.size.min(left);
        left -= size;
        for text in constants_in(image, segment.address, size) {
            let minor = minor_of(text);
            if is_release(text)
                && minor.is_some_and(|m| m <= LAST && age.has(m))
                && !releases.contains(&text)
            {
                releases.push(text);
            }
            if releases.len() > 8 {
                return None;
            }
        }
    }
    // `go1.2` is also a build tag; the longer text is the version.
    let is_patch = |release: &&[u8]| release.iter().filter(|byte| **byte == b'.').count() > 1;
    if releases.iter().any(is_patch) {
        releases.retain(is_patch);
    }
    match releases.as_slice() {
        [one] => Some(one),
        _ => None,
    }
}

/// 2 of `go1.2.1`; 0 of `go1`.
fn minor_of(version: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(version).ok()?.strip_prefix("go1")?;
    let Some(rest) = text.strip_prefix('.') else {
        return text.is_empty().then_some(0);
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..digits)?.parse().ok()
}

/// Texts right after their string header: a pointer to the text, then the length, which had 4 bytes up to Go 1.0.
fn constants_in<'i>(image: &'i Image<'_>, from: u64, size: u64) -> impl Iterator<Item = &'i [u8]> {
    let data = image.bytes_upto(from, size).unwrap_or_default();
    let word = usize::try_from(image.pointer_size()).unwrap_or(8);
    memmem::find_iter(data, b"go1").filter_map(move |at| {
        [word, 4].into_iter().find_map(|width| {
            let header = at.checked_sub(word + width)?;
            let pointer = image.number(data.get(header..header + word)?);
            let length = image.number(data.get(header + word..at)?);
            let here = pointer == from.checked_add(at as u64)? && (3..=32).contains(&length);
            here.then(|| data.get(at..at.checked_add(usize::try_from(length).ok()?)?))?
        })
    })
}

/// Most bytes of data to search for string headers, over all ranges, because segments may overlap.
const HEADERS_LIMIT: u64 = 64 << 20;

/// Texts of string headers in `size` bytes of data that are short enough for a version.
fn headers_in<'i>(image: &'i Image<'_>, from: u64, size: u64) -> impl Iterator<Item = &'i [u8]> {
    let word = image.pointer_size();
    let start = from.checked_next_multiple_of(word).unwrap_or(from);
    let data = image
        .bytes_upto(start, size.saturating_sub(start - from))
        .unwrap_or_default();
    let step = usize::try_from(word).unwrap_or(8);
    let at = move |i: usize| data.get(i..i + step).map_or(0, |b| image.number(b));
    (0..data.len() / step).filter_map(move |i| {
        let (pointer, length) = (at(i * step), at((i + 1) * step));
        let text = (4..=32)
            .contains(&length)
            .then(|| image.bytes(pointer, length))
            .flatten()?;
        text.starts_with(b"go1").then_some(text)
    })
}

/// Whether a text is `go1`, then digits and dots, and at most an `rc` or `beta` number.
fn is_release(version: &[u8]) -> bool {
    let Some(rest) = version.strip_prefix(b"go1") else {
        return false;
    };
    let plain = rest
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let tail = rest.get(plain..).unwrap_or_default();
    let tail = tail
        .strip_prefix(b"rc")
        .or(tail.strip_prefix(b"beta"))
        .unwrap_or(tail);
    (rest.is_empty() || rest[0] == b'.' || plain == 0) && tail.iter().all(u8::is_ascii_digit)
}

/// Whether the layout of the table fits the release.
fn fits_layout(version: &[u8], table: &Pclntab) -> bool {
    let digits: String = version
        .iter()
        .skip(4)
        .take_while(|b| b.is_ascii_digit())
        .map(|&b| char::from(b))
        .collect();
    let (first, last) = table.layout.minors();
    digits
        .parse::<u32>()
        .is_ok_and(|minor| minor >= first && last.is_none_or(|l| minor <= l))
}
