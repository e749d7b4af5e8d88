//! GOROOT: where the toolchain was at build time, and what `runtime.GOROOT()` returns (src/runtime/extern.go, Go 1.10 to 1.27).
//!
//! The function table shows whether that function is linked in. It returns the linker string `runtime.defaultGOROOT`
//! (`runtime/internal/sys.DefaultGoroot` up to 1.16), which is empty with `-trimpath`. The paths of the source files show the
//! GOROOT of the build itself. Both, and the symbol if there is one, are evidence; the value is what they agree on.

use super::paths::{home, is_absolute};
use super::program::Program;
use crate::tables::code_refs::References;
use crate::tables::linker_strings::LinkerString;
use crate::tables::{Tables, inlining};
use crate::written::buildinfo::looks_like_go;
use crate::written::go_string::go_string;
use gospect_knowledge::ldflags;
use gospect_record::{Evidence, EvidenceSource, Goroot, GorootOrigin};

/// Names of the variable, newest first.
const VARIABLES: [&[u8]; 2] = [
    b"runtime.defaultGOROOT",
    b"runtime/internal/sys.DefaultGoroot",
];
/// Most bytes of a GOROOT.
const LIMIT: u64 = 4096;

/// The GOROOT for the record, and which linker string holds it.
#[derive(Clone, Debug, Default)]
pub struct FoundGoroot {
    /// The part of the record.
    pub record: Goroot,
    /// Address of the string header that holds the value.
    pub string: Option<u64>,
    /// Notes for the record.
    pub notes: Vec<String>,
}

/// What the symbol table says about the variable.
#[derive(Clone, Debug, PartialEq, Eq)]
enum VariableSymbol {
    /// There are no Go symbols.
    Silent,
    /// There are Go symbols, but not this one.
    Absent,
    /// The header address, and the text, empty when unset. There is no text where a separate debug file has the symbol but not
    /// the data.
    Value(u64, Option<String>),
}

/// Finds the GOROOT of one program.
pub fn find(program: &Program<'_>) -> FoundGoroot {
    let tables = &program.tables;
    let files = program.files();
    let minor = program.minor();
    let root = files.goroot.as_deref();
    let trimmed = match (files.trimmed, root) {
        (true, _) => Some(true),
        (false, Some(_)) => Some(false),
        (false, None) => None,
    };
    let symbol = symbol(tables, program.go_symbols());
    let linked = is_linked(tables, &symbol);
    let definitions = program.setting("-ldflags").map(ldflags::definitions);
    let definitions = definitions.unwrap_or_default();
    let mut newest_first = definitions.iter().rev();
    let overridden = newest_first.find(|d| VARIABLES.contains(&d.0.as_bytes()));
    let overridden = overridden.map(|d| d.1.as_str());
    // Up to Go 1.18 `-trimpath` put the word `go` in place of the root (src/cmd/go/internal/work/gc.go).
    let trim_word =
        (trimmed == Some(true) && minor.is_some_and(|m| (13..=18).contains(&m))).then_some("go");
    let texts = [overridden, root, trim_word].into_iter();
    let string = texts
        .flatten()
        .find_map(|text| string(tables, text, linked == Some(true), &symbol));
    let runtime = match linked == Some(true) {
        true => RuntimeValue::find(tables, minor, &symbol, string, trimmed),
        false => RuntimeValue::default(),
    };

    let of_files = files
        .source
        .filter(|_| root.is_some() || files.trimmed)
        .map(|source| (source, root.unwrap_or_default().to_owned()));
    let of_flags = overridden.map(|value| (EvidenceSource::Ldflags, value.to_owned()));
    let evidence = [of_files, runtime.evidence, of_flags].into_iter().flatten();
    let evidence = evidence.map(|(source, value)| Evidence {
        source: source.into(),
        value,
    });

    let mut notes: Vec<String> = runtime.note.into_iter().collect();
    let set = runtime
        .text
        .clone()
        .filter(|text| !text.is_empty() && Some(text.as_str()) != trim_word);
    let differs = set
        .as_deref()
        .is_some_and(|text| root.is_none_or(|root| !is_same_path(text, root)));
    if overridden.is_some() || (differs && trimmed.is_some()) {
        notes.push(
            "goroot: runtime.GOROOT() answers a value set with -X, not the toolchain's own place"
                .to_owned(),
        );
    }
    // The root of the build is the better answer; a value set with `-X` is all that a trimmed program has.
    let value = root.map(str::to_owned).or(set);
    if value.is_some() && minor.is_some_and(|m| m <= 22) {
        notes.push("goroot: with Go 1.22 and older the value may come from GOROOT_FINAL and cannot be told from a real place".to_owned());
    }
    FoundGoroot {
        record: Goroot {
            origin: value.as_deref().map(|value| origin(value).into()),
            value,
            trimmed,
            linked,
            runtime: runtime.text,
            evidence: evidence.collect(),
        },
        string: runtime.address,
        notes,
    }
}

/// Whether `runtime.GOROOT` is in the program. `None` without a function table and symbols.
fn is_linked(tables: &Tables<'_>, symbol: &VariableSymbol) -> Option<bool> {
    let functions = tables.functions();
    match (symbol, functions.count > 0) {
        (VariableSymbol::Value(..), _) => Some(true),
        (_, true) => Some(functions.has("runtime.GOROOT")),
        (VariableSymbol::Absent, false) => Some(false),
        (VariableSymbol::Silent, false) => None,
    }
}

/// What `runtime.GOROOT()` returns without an environment.
#[derive(Default)]
struct RuntimeValue {
    /// `None` if unknown.
    text: Option<String>,
    /// Address of the header of the string.
    address: Option<u64>,
    evidence: Option<(EvidenceSource, String)>,
    note: Option<String>,
}

impl RuntimeValue {
    /// `string` is the linker string with the expected text, if there is one. The function must be linked.
    fn find(
        tables: &Tables<'_>,
        minor: Option<u32>,
        symbol: &VariableSymbol,
        string: Option<LinkerString<'_>>,
        trimmed: Option<bool>,
    ) -> Self {
        if let VariableSymbol::Value(address, text) = symbol {
            return Self {
                evidence: text.clone().map(|text| (EvidenceSource::Symbol, text)),
                text: text.clone(),
                address: Some(*address),
                note: None,
            };
        }
        if let Some(string) = string {
            return Self::of(string, EvidenceSource::LinkerString);
        }
        let Some(trimmed) = trimmed else {
            return Self::default();
        };
        match set_by_hand(tables, minor) {
            Ok(None) => Self {
                text: trimmed.then(String::new),
                ..Self::default()
            },
            Ok(Some(string)) => Self::of(string, EvidenceSource::Code),
            Err(string) => {
                let text = String::from_utf8_lossy(string.text).into_owned();
                Self {
                    note: Some(format!(
                        "goroot: the program holds {text} where a GOROOT set with -X would stand"
                    )),
                    evidence: Some((EvidenceSource::LinkerString, text)),
                    ..Self::default()
                }
            }
        }
    }

    fn of(string: LinkerString<'_>, source: EvidenceSource) -> Self {
        let text = String::from_utf8_lossy(string.text).into_owned();
        Self {
            text: Some(text.clone()),
            address: Some(string.address),
            evidence: Some((source, text)),
            note: None,
        }
    }
}

/// The symbol of the variable that `runtime.GOROOT` returns.
fn symbol(tables: &Tables<'_>, go_symbols: bool) -> VariableSymbol {
    if !go_symbols {
        return VariableSymbol::Silent;
    }
    let image = tables.image();
    for name in VARIABLES {
        if let Some(address) = image.symbol_address(name) {
            // The file has no bytes for an unset variable, or zeros. The version beside it is always set.
            let text =
                go_string(image, address, LIMIT).map(|t| String::from_utf8_lossy(t).into_owned());
            let has_data = || {
                let version = image.symbol_address(b"runtime.buildVersion");
                version.is_some_and(|a| image.pointer(a).is_some_and(|p| p != 0))
            };
            let text = text.or_else(|| has_data().then(String::new));
            return VariableSymbol::Value(address, text);
        }
    }
    VariableSymbol::Absent
}

/// The linker string that equals a root.
fn string<'i>(
    tables: &Tables<'i>,
    root: &str,
    linked: bool,
    symbol: &VariableSymbol,
) -> Option<LinkerString<'i>> {
    if !linked || *symbol == VariableSymbol::Absent {
        return None;
    }
    let equal =
        |s: &&LinkerString<'i>| std::str::from_utf8(s.text).is_ok_and(|t| is_same_path(t, root));
    tables.strings().all.iter().find(equal).copied()
}

/// The value of a trimmed program's variable: `None` when unset, else what `-X` set. The code that reads the variable decides
/// which string it is; an error is a string that may or may not be it.
fn set_by_hand<'i>(
    tables: &Tables<'i>,
    minor: Option<u32>,
) -> Result<Option<LinkerString<'i>>, LinkerString<'i>> {
    let mut undecided = None;
    for string in neighbours(tables) {
        match is_variable(tables, string.address, minor) {
            Some(true) => return Ok(Some(string)),
            Some(false) => {}
            None => undecided = undecided.or(Some(string)),
        }
    }
    undecided.map_or(Ok(None), Err)
}

/// Absolute paths right beside `runtime.buildVersion`. The linker puts the GOROOT there, but also the last `-X` variable of the
/// package linked before, so each may be either.
fn neighbours<'i>(tables: &Tables<'i>) -> Vec<LinkerString<'i>> {
    let step = 2 * tables.image().pointer_size();
    let strings = &tables.strings().all;
    let versions = strings.iter().filter(|v| looks_like_go(v.text));
    let places: Vec<u64> = versions
        .flat_map(|v| [v.address.wrapping_add(step), v.address.wrapping_sub(step)])
        .take(64)
        .collect();
    strings
        .iter()
        .filter(|s| {
            places.contains(&s.address) && std::str::from_utf8(s.text).is_ok_and(is_absolute)
        })
        .take(4)
        .copied()
        .collect()
}

/// Whether the string variable at an address is the one that `runtime.GOROOT` returns: the first that its code reads, inlined
/// or not. `None` when the code cannot be read, or its copies disagree.
fn is_variable(tables: &Tables<'_>, address: u64, minor: Option<u32>) -> Option<bool> {
    /// The result may be loaded after the instructions that the inline tree assigns to the function.
    const TAIL: u64 = 64;
    /// The function is no more than a call, a comparison and the loads.
    const MAX_LENGTH: u64 = 1024;
    let image = tables.image();
    let variables = tables.moduledata()?.variables(image)?;
    let mut verdict = None;
    for range in inlining::ranges(tables, b"runtime.GOROOT", minor)? {
        let end = range.end.saturating_add(TAIL).min(range.function_end);
        let size = end.saturating_sub(range.start).min(MAX_LENGTH);
        let code = image.bytes(range.start, size)?;
        let read = References::of(image.arch?, code, range.start)?;
        let mut addresses = read.pairs.iter();
        let Some(&first) = addresses.find(|a| (variables.0..variables.1).contains(a)) else {
            continue;
        };
        let is_read = first == address;
        if verdict.is_some_and(|verdict| verdict != is_read) {
            return None;
        }
        verdict = Some(is_read);
    }
    verdict
}

/// Whether two paths name the same directory, with either kind of slash.
fn is_same_path(one: &str, other: &str) -> bool {
    let fold = |byte: u8| if byte == b'\\' { b'/' } else { byte };
    let slashes = ['/', '\\'];
    let (one, other) = (
        one.trim_end_matches(slashes),
        other.trim_end_matches(slashes),
    );
    one.len() == other.len() && one.bytes().map(fold).eq(other.bytes().map(fold))
}

/// The origin of a root, by the names that people and packagers give their directories.
pub fn origin(root: &str) -> GorootOrigin {
    const OFFICIAL: [&str; 6] = [
        "/usr/local/go",
        "C:/Program Files/Go",
        "C:/Program Files (x86)/Go",
        "C:/Go",
        "c:/go",
        "/opt/go",
    ];
    const DISTRIBUTION: [&str; 9] = [
        "/usr/lib/go",
        "/usr/lib64/go",
        "/usr/lib/golang",
        "/usr/share/go",
        "/usr/libexec/go",
        "/usr/local/lib/go",
        "/snap/go/",
        "/usr/pkg/go",
        "/opt/local/lib/go",
    ];
    let folded = root.replace('\\', "/");
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| folded.starts_with(p));
    if folded.contains("golang.org/toolchain@") {
        GorootOrigin::ToolchainDownload
    } else if folded == "GOROOT"
        || [
            "/external/go_sdk",
            "/external/rules_go",
            "execroot/",
            "/bazel-",
        ]
        .iter()
        .any(|p| folded.contains(p))
        || !is_absolute(&folded)
    {
        GorootOrigin::Bazel
    } else if folded.starts_with("/nix/store/") || folded.starts_with("/gnu/store/") {
        GorootOrigin::Nix
    } else if folded.contains("/Cellar/go") || starts(&["/opt/homebrew/", "/home/linuxbrew/"]) {
        GorootOrigin::Homebrew
    } else if starts(&[
        "/opt/hostedtoolcache/",
        "/__t/",
        "/Users/runner/hostedtoolcache/",
        "C:/hostedtoolcache/",
        "/home/runner/",
        "/builds/",
        "/github/",
    ]) {
        GorootOrigin::Ci
    } else if starts(&[
        "/tmp/",
        "/var/tmp/",
        "/private/",
        "/var/folders/",
        "/dev/shm/",
    ]) {
        GorootOrigin::Temp
    } else if home(&folded).is_some() || folded == "/root" {
        GorootOrigin::Home
    } else if OFFICIAL.iter().any(|o| {
        folded == *o
            || folded
                .strip_prefix(o)
                .is_some_and(|rest| rest.starts_with("1."))
    }) {
        GorootOrigin::Official
    } else if starts(&DISTRIBUTION) {
        GorootOrigin::Distribution
    } else {
        GorootOrigin::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        for (root, want) in [
            ("/usr/local/go", GorootOrigin::Official),
            ("C:\\Program Files\\Go", GorootOrigin::Official),
            ("/usr/lib/go-1.19", GorootOrigin::Distribution),
            ("/usr/lib/golang", GorootOrigin::Distribution),
            (
                "/home/a/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.22.3.linux-amd64",
                GorootOrigin::ToolchainDownload,
            ),
            ("/home/a/sdk/go1.22", GorootOrigin::Home),
            ("/Users/a/sdk/go1.22", GorootOrigin::Home),
            ("/opt/hostedtoolcache/go/1.23.4/x64", GorootOrigin::Ci),
            ("/nix/store/abc-go-1.22/share/go", GorootOrigin::Nix),
            (
                "/opt/homebrew/Cellar/go/1.22/libexec",
                GorootOrigin::Homebrew,
            ),
            (
                "/usr/local/Cellar/go/1.16.2/libexec",
                GorootOrigin::Homebrew,
            ),
            ("GOROOT", GorootOrigin::Bazel),
            ("/tmp/go", GorootOrigin::Temp),
            ("/srv/go", GorootOrigin::Other),
        ] {
            assert_eq!(origin(root), want, "{root}");
        }
    }
}
