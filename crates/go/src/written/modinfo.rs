//! The module text: what cmd/go knew about the build, one fact per line (src/runtime/debug/mod.go, Go 1.27).
//!
//! ```text
//! path  TAB main package
//! mod   TAB path TAB version [TAB sum]
//! dep   TAB path TAB version [TAB sum]
//! =>    TAB path TAB version TAB sum        replaces the module of the line above
//! build TAB key=value                       either side quoted when it must be
//! ```
//! Parsing borrows from the text and copies only quoted settings. A bad line becomes a [`BadLine`] and the rest is still read,
//! where Go's own reader gives up.

use gospect_bytes::short;
use gospect_record as record;
use std::borrow::Cow;

/// The frame of the module text: 16 bytes before it and 16 after it (src/cmd/go/internal/modload/build.go, Go 1.27).
pub const START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
/// See [`START`].
pub const END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// Removes the frame from a `runtime.modinfo` string. Like Go's reader, it only requires a newline before the last 16 bytes;
/// anything else is not a module text.
pub fn unframe(framed: &[u8]) -> Option<&[u8]> {
    let text = framed.get(16..framed.len().checked_sub(16)?)?;
    (text.last() == Some(&b'\n')).then_some(text)
}

/// Key and value of a setting; owned only when quotes were removed.
pub type SettingPair<'t> = (Cow<'t, [u8]>, Cow<'t, [u8]>);

/// Parsed module text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModInfo<'t> {
    /// Main package.
    pub path: &'t [u8],
    /// Main module.
    pub main: Option<ModuleLine<'t>>,
    /// Dependencies in recorded order.
    pub deps: Vec<ModuleLine<'t>>,
    /// Build settings in recorded order, unquoted.
    pub settings: Vec<SettingPair<'t>>,
    /// Lines of no known kind.
    pub unknown: Vec<&'t [u8]>,
    /// Lines that could not be parsed.
    pub problems: Vec<BadLine>,
}

/// One module line, with the line that replaces it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModuleLine<'t> {
    /// Module path.
    pub path: &'t [u8],
    /// Version.
    pub version: &'t [u8],
    /// Checksum, empty when absent.
    pub sum: &'t [u8],
    /// Path, version and sum of the replacement.
    pub replace: Option<(&'t [u8], &'t [u8], &'t [u8])>,
}

/// A line that could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line number, starting at 1.
    pub line: usize,
    /// What is wrong with it.
    pub error: LineError,
}

/// What is wrong with a line; the texts are those of Go's reader.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// A replacement has three columns.
    #[error("expected 3 columns for replacement; got {0}")]
    ReplacementColumns(usize),
    /// A replacement must follow the line of a module.
    #[error("replacement with no module on previous line")]
    NothingReplaced,
    /// A module has two or three columns.
    #[error("expected 2 or 3 columns; got {0}")]
    ModuleColumns(usize),
    /// A `build` line without `=`; the text says after what.
    #[error("build line missing '='{0}")]
    NoEquals(&'static str),
    /// A `build` line that begins with `=`.
    #[error("build line with missing key")]
    NoKey,
    /// The quoted key does not end, or has a wrong escape.
    #[error("invalid quoted key in build line")]
    BadQuotedKey,
    /// Something other than `=` follows the quoted key: the character as Go's `%q` prints it.
    #[error("unexpected character after quoted key: {0}")]
    AfterKey(String),
    /// A key without quotes that needs them, as Go's `%q` prints it.
    #[error("unquoted key {0} must be quoted")]
    UnquotedKey(String),
    /// The quoted value does not end, has a wrong escape, or text after it.
    #[error("invalid quoted value in build line")]
    BadQuotedValue,
    /// A value without quotes that needs them, as Go's `%q` prints it.
    #[error("unquoted value {0} must be quoted")]
    UnquotedValue(String),
}

#[derive(Clone, Copy)]
enum Last {
    None,
    Main,
    Dep,
}

impl<'t> ModInfo<'t> {
    /// Parses a module text without its frame. A last line without a newline is ignored, as in Go.
    pub fn parse(text: &'t [u8]) -> Self {
        let mut info = Self::default();
        let mut last = Last::None;
        let mut rest = text;
        let mut number = 0;
        while let Some(end) = short::find(b'\n', rest) {
            let (line, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            number += 1;
            if let Err(error) = info.line(line, &mut last) {
                let line = number;
                info.problems.push(BadLine { line, error });
            }
        }
        info
    }

    fn line(&mut self, line: &'t [u8], last: &mut Last) -> Result<(), LineError> {
        let Some(tab) = short::find(b'\t', line) else {
            if !line.is_empty() {
                self.unknown.push(line);
            }
            return Ok(());
        };
        let value = line.get(tab + 1..).unwrap_or_default();
        match line.get(..tab).unwrap_or_default() {
            b"path" => self.path = value,
            b"mod" => {
                self.main = Some(module(value)?);
                *last = Last::Main;
            }
            b"dep" => {
                self.deps.push(module(value)?);
                *last = Last::Dep;
            }
            b"=>" => {
                let columns = columns(value);
                let [path, version, sum] = columns[..] else {
                    return Err(LineError::ReplacementColumns(columns.len()));
                };
                let replaced = match last {
                    Last::None => None,
                    Last::Main => self.main.as_mut(),
                    Last::Dep => self.deps.last_mut(),
                };
                let Some(replaced) = replaced else {
                    return Err(LineError::NothingReplaced);
                };
                replaced.replace = Some((path, version, sum));
                *last = Last::None;
            }
            b"build" => self.settings.push(setting(value)?),
            _ => self.unknown.push(line),
        }
        Ok(())
    }

    /// The value of a setting.
    pub fn setting(&self, key: &str) -> Option<&[u8]> {
        self.settings
            .iter()
            .find(|s| *s.0 == *key.as_bytes())
            .map(|s| &*s.1)
    }

    /// What `BuildInfo.String` of Go prints: the output of `go version -m` without its leading tabs.
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let put = |out: &mut Vec<u8>, parts: &[&[u8]]| {
            parts.iter().for_each(|p| out.extend_from_slice(p))
        };
        if !self.path.is_empty() {
            put(&mut out, &[b"path\t", self.path, b"\n"]);
        }
        let main = self
            .main
            .iter()
            .filter(|m| **m != ModuleLine::default())
            .map(|m| (&b"mod"[..], m));
        for (word, module) in main.chain(self.deps.iter().map(|d| (&b"dep"[..], d))) {
            put(&mut out, &[word, b"\t", module.path, b"\t", module.version]);
            match module.replace {
                // Go ends the line of the replacement and then that of the replaced module, so an empty line follows.
                Some((path, version, sum)) => put(
                    &mut out,
                    &[b"\n=>\t", path, b"\t", version, b"\t", sum, b"\n\n"],
                ),
                None => put(&mut out, &[b"\t", module.sum, b"\n"]),
            }
        }
        for (key, value) in &self.settings {
            let key = if must_quote_key(key) {
                Cow::Owned(quote(key))
            } else {
                Cow::Borrowed(&**key)
            };
            let value = if must_quote_value(value) {
                Cow::Owned(quote(value))
            } else {
                Cow::Borrowed(&**value)
            };
            put(&mut out, &[b"build\t", &key, b"=", &value, b"\n"]);
        }
        out
    }

    /// As the record has it; bytes that are not UTF-8 are replaced as in Go's JSON.
    pub fn to_record(&self, go_version: &str) -> record::BuildInfo {
        record::BuildInfo {
            go_version: go_version.to_owned(),
            path: text(self.path),
            main: self.main.as_ref().map(record).unwrap_or_default(),
            deps: self.deps.iter().map(record).collect(),
            settings: self
                .settings
                .iter()
                .map(|(k, v)| record::Setting {
                    key: text(k),
                    value: text(v),
                })
                .collect(),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn record(module: &ModuleLine<'_>) -> record::Module {
    record::Module {
        path: text(module.path),
        version: text(module.version),
        sum: text(module.sum),
        replace: module.replace.map(|(path, version, sum)| {
            Box::new(record::Module {
                path: text(path),
                version: text(version),
                sum: text(sum),
                replace: None,
            })
        }),
    }
}

fn columns(line: &[u8]) -> Vec<&[u8]> {
    let mut columns = Vec::with_capacity(3);
    let mut rest = line;
    while let Some(tab) = short::find(b'\t', rest) {
        columns.push(&rest[..tab]);
        rest = &rest[tab + 1..];
    }
    columns.push(rest);
    columns
}

fn module(line: &[u8]) -> Result<ModuleLine<'_>, LineError> {
    let columns = columns(line);
    match columns[..] {
        [path, version] => Ok(ModuleLine {
            path,
            version,
            sum: b"",
            replace: None,
        }),
        [path, version, sum] => Ok(ModuleLine {
            path,
            version,
            sum,
            replace: None,
        }),
        _ => Err(LineError::ModuleColumns(columns.len())),
    }
}

fn setting(line: &[u8]) -> Result<SettingPair<'_>, LineError> {
    let (key, value) = match line.first() {
        None => return Err(LineError::NoEquals("")),
        Some(b'=') => return Err(LineError::NoKey),
        Some(b'"' | b'`') => {
            let (key, used) = unquote(line).ok_or(LineError::BadQuotedKey)?;
            match line.get(used) {
                None => return Err(LineError::NoEquals(" after quoted key")),
                Some(b'=') => (Cow::Owned(key), line.get(used + 1..).unwrap_or_default()),
                Some(&c) => return Err(LineError::AfterKey(quote_char(c))),
            }
        }
        Some(_) => {
            let end = short::find(b'=', line).ok_or(LineError::NoEquals(" after key"))?;
            let (key, tail) = line.split_at(end);
            if must_quote_key(key) {
                return Err(LineError::UnquotedKey(text(&quote(key))));
            }
            (Cow::Borrowed(key), tail.get(1..).unwrap_or_default())
        }
    };
    let value = match value.first() {
        Some(b'"' | b'`') => match unquote(value) {
            Some((unquoted, used)) if used == value.len() => Cow::Owned(unquoted),
            _ => return Err(LineError::BadQuotedValue),
        },
        _ if must_quote_value(value) => {
            return Err(LineError::UnquotedValue(text(&quote(value))));
        }
        _ => Cow::Borrowed(value),
    };
    Ok((key, value))
}

fn must_quote_key(key: &[u8]) -> bool {
    key.is_empty() || key.iter().any(|b| b"= \t\r\n\"`".contains(b))
}

fn must_quote_value(value: &[u8]) -> bool {
    value.iter().any(|b| b" \t\r\n\"`".contains(b))
}

/// Reads a Go string literal, interpreted or raw, at the start of `text` (strconv.QuotedPrefix and Unquote). Returns its bytes
/// and the length of the literal.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, usize)> {
    let quote = *text.first()?;
    if quote == b'`' {
        let end = short::find(b'`', text.get(1..)?)? + 1;
        let raw = text
            .get(1..end)?
            .iter()
            .copied()
            .filter(|&b| b != b'\r')
            .collect();
        return Some((raw, end + 1));
    }
    let mut out = Vec::new();
    let mut at = 1;
    loop {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'"' => return Some((out, at)),
            b'\n' => return None,
            b'\\' => {
                let escape = *text.get(at)?;
                at += 1;
                let simple = match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => escape,
                    b'x' => {
                        let value = digits(text, &mut at, 2, 16)?;
                        u8::try_from(value).ok()?
                    }
                    b'0'..=b'7' => {
                        at -= 1;
                        u8::try_from(digits(text, &mut at, 3, 8)?).ok()?
                    }
                    b'u' | b'U' => {
                        let value = digits(text, &mut at, if escape == b'u' { 4 } else { 8 }, 16)?;
                        let c = char::from_u32(value)?;
                        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        continue;
                    }
                    _ => return None,
                };
                out.push(simple);
            }
            _ => out.push(byte),
        }
    }
}

fn digits(text: &[u8], at: &mut usize, count: usize, radix: u32) -> Option<u32> {
    let digits = text.get(*at..at.checked_add(count)?)?;
    *at += count;
    digits.iter().try_fold(0u32, |acc, &d| {
        acc.checked_mul(radix)?
            .checked_add(char::from(d).to_digit(radix)?)
    })
}

/// `strconv.Quote`.
fn quote(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            escape(c, &mut out);
        }
        for b in chunk.invalid() {
            out.extend_from_slice(format!("\\x{b:02x}").as_bytes());
        }
    }
    out.push(b'"');
    out
}

fn escape(c: char, out: &mut Vec<u8>) {
    let known = match c {
        '"' | '\\' => Some(c),
        '\x07' => Some('a'),
        '\x08' => Some('b'),
        '\x0c' => Some('f'),
        '\n' => Some('n'),
        '\r' => Some('r'),
        '\t' => Some('t'),
        '\x0b' => Some('v'),
        _ => None,
    };
    if let Some(k) = known {
        out.extend_from_slice(format!("\\{k}").as_bytes());
    } else if c == ' '
        || c.is_ascii_graphic()
        || (!c.is_ascii() && !c.is_control() && !c.is_whitespace())
    {
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let n = u32::from(c);
        let text = match n {
            0..0x20 | 0x7f => format!("\\x{n:02x}"),
            0x80..0x1_0000 => format!("\\u{n:04x}"),
            _ => format!("\\U{n:08x}"),
        };
        out.extend_from_slice(text.as_bytes());
    }
}

/// `%q` of a byte.
fn quote_char(c: u8) -> String {
    format!("'{}'", char::from(c).escape_default())
}
