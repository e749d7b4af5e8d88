//! The functions of a program as a record stores them: sorted names as a text with short entries, compressed with zlib.

use super::package::{Names, Package};
use super::refused::Refused;
use super::{NAMES_LIMIT, is_name};
use crate::{FunctionSource, Word};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use gospect_bytes::base64;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::sync::OnceLock;

/// All functions that are linked into a program, including those that exist only inlined.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Functions {
    /// Where the names come from.
    pub source: Word<FunctionSource>,
    /// Whether a function that is not listed is certainly not in the program.
    pub complete: bool,
    /// Number of packages.
    pub packages: u64,
    /// Number of functions.
    pub names: u64,
    /// Base64 of a zlib stream (RFC 1950) of UTF-8 text. Each package has a line, sorted, with its import path and its
    /// functions, sorted, each after a tab. A function is `Func` or `Type.Method`. If it begins with a dot, its type is that of
    /// the function before it, which is the part before the first dot there.
    pub text: String,
    /// Functions that are linked in a package that is not known, sorted: the compiler inlined them and left only function literals of them. Absent when
    /// there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<String>,
    /// Packages of which functions are linked whose names are not known, sorted, for the same reason. Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unnamed: Vec<String>,
}

impl Functions {
    /// The stored form.
    pub(super) fn of(functions: &super::Functions) -> io::Result<Self> {
        let mut names = 0;
        let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
        let mut line = String::new();
        for package in &functions.packages {
            line.clear();
            line.push_str(&package.path);
            let mut last = None;
            for name in package.names(&functions.raw).iter() {
                let (first, rest) = parts(name);
                line.push('\t');
                line.push_str(match rest {
                    Some(rest) if last == Some(first) => rest,
                    _ => name,
                });
                last = Some(first);
                names += 1;
            }
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(Self {
            source: functions.source.clone(),
            complete: functions.complete,
            packages: functions.packages.len() as u64,
            names,
            text: base64::encode(&out.finish()?),
            unplaced: functions.unplaced.clone(),
            unnamed: functions.unnamed.clone(),
        })
    }

    /// Reads the stored form.
    pub(super) fn read(self) -> Result<super::Functions, Refused> {
        let packed = base64::decode(self.text.as_bytes()).ok_or(Refused::Base64)?;
        let mut text = Vec::new();
        let read = ZlibDecoder::new(packed.as_slice())
            .take(NAMES_LIMIT as u64 + 1)
            .read_to_end(&mut text);
        read.map_err(|_| Refused::Zlib)?;
        if text.len() > NAMES_LIMIT {
            return Err(Refused::TooLarge);
        }
        let text = String::from_utf8(text).map_err(|_| Refused::Utf8)?;
        let mut packages: Vec<Package> = Vec::new();
        let (mut names, mut held) = (0u64, 0);
        for line in text.split_inclusive('\n') {
            let line = line.strip_suffix('\n').ok_or(Refused::Lines)?;
            let package = package(line, &mut held)?;
            if packages
                .last()
                .is_some_and(|last| last.path >= package.path)
            {
                return Err(Refused::Order);
            }
            names += package.names(&[]).index.len() as u64;
            packages.push(package);
        }
        if (packages.len() as u64, names) != (self.packages, self.names) {
            return Err(Refused::Count);
        }
        for list in [&self.unplaced, &self.unnamed] {
            if !list.is_sorted() {
                return Err(Refused::Order);
            }
            held += list.iter().map(String::len).sum::<usize>();
        }
        if held > NAMES_LIMIT {
            return Err(Refused::TooLarge);
        }
        Ok(super::Functions {
            source: self.source,
            complete: self.complete,
            raw: Vec::new(),
            packages,
            unplaced: self.unplaced,
            unnamed: self.unnamed,
        })
    }
}

/// The part before the first dot, and the rest with the dot.
fn parts(name: &str) -> (&str, Option<&str>) {
    match name.find('.').and_then(|at| name.split_at_checked(at)) {
        Some((first, rest)) => (first, Some(rest)),
        None => (name, None),
    }
}

/// Reads one line. Adds the bytes of its names in full to `held`.
fn package(line: &str, held: &mut usize) -> Result<Package, Refused> {
    let mut words = line.split('\t');
    let path = words.next().filter(|path| is_name(path.as_bytes()));
    let path = path.ok_or(Refused::Lines)?;
    let mut text = String::with_capacity(line.len());
    let mut index: Vec<(u32, u32)> = Vec::new();
    for word in words {
        let last = index
            .last()
            .map(|(start, end)| *start as usize..*end as usize);
        let start = text.len();
        if word.starts_with('.') {
            let last = last.clone().ok_or(Refused::Lines)?;
            let dot = text.get(last.clone()).and_then(|name| name.find('.'));
            let first = last.start..dot.map_or(last.end, |dot| last.start + dot);
            if *held + first.len() > NAMES_LIMIT {
                return Err(Refused::TooLarge);
            }
            text.extend_from_within(first);
        } else if word.is_empty() {
            return Err(Refused::Lines);
        }
        text.push_str(word);
        let end = text.len();
        *held += end + 1 - start;
        if *held > NAMES_LIMIT {
            return Err(Refused::TooLarge);
        }
        if last.is_some_and(|last| text.get(last) >= text.get(start..end)) {
            return Err(Refused::Order);
        }
        // Both are below `NAMES_LIMIT`.
        index.push((
            u32::try_from(start).unwrap_or(u32::MAX),
            u32::try_from(end).unwrap_or(u32::MAX),
        ));
    }
    Ok(Package {
        path: path.to_owned(),
        names: OnceLock::from(Names { text, index }),
        ..Package::default()
    })
}
