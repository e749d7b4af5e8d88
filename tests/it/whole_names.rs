//! Whether a program's table of function names is taken for whole: only then is a function that is not in it not in the program.

use crate::support::cli::{Scratch, run};
use crate::support::fixture;
use serde_json::{Value, json};
use std::io::Read;
use std::path::Path;

/// A function that every Go program has, and the database entry that names it.
const PACKAGE: &str = "runtime";
const SYMBOL: &str = "schedinit";

/// The header of the function table of a program (Go 1.18 and newer).
struct Header {
    /// Its offset in the file.
    at: usize,
    /// Bytes of a word.
    word: usize,
    big_endian: bool,
}

/// Words of the header after the first eight bytes.
const FUNCTIONS: usize = 0;
const NAMES: usize = 3;
const UNITS: usize = 4;

impl Header {
    fn of(file: &[u8]) -> Self {
        let starts = 0..file.len() - 80;
        let found = starts.filter_map(|at| {
            let head = &file[at..at + 8];
            let big_endian = head[0] == 0xff;
            let low = if big_endian { head[3] } else { head[0] };
            let rest = if big_endian { &head[..3] } else { &head[1..4] };
            let is_magic = matches!(low, 0xf0 | 0xf1) && rest == [0xff; 3] && head[4..6] == [0, 0];
            let header = Self {
                at,
                word: usize::from(head[7]),
                big_endian,
            };
            let is_one = is_magic && matches!(head[7], 4 | 8);
            // The names follow the header; those of Go 1.18 and 1.19 are aligned.
            let end = 8 + 8 * header.word;
            let is_followed = |names: usize| (end..end + 32).contains(&names);
            let is_it = is_one && is_followed(header.get(file, NAMES));
            is_it.then_some(header)
        });
        found.into_iter().next().unwrap()
    }

    fn place(&self, number: usize) -> std::ops::Range<usize> {
        let start = self.at + 8 + number * self.word;
        start..start + self.word
    }

    fn get(&self, file: &[u8], number: usize) -> usize {
        self.number(&file[self.place(number)])
    }

    fn number(&self, bytes: &[u8]) -> usize {
        let add = |sum: usize, byte: &u8| sum << 8 | usize::from(*byte);
        match self.big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        }
    }

    fn bytes(&self, value: usize) -> Vec<u8> {
        match self.big_endian {
            true => value.to_be_bytes()[8 - self.word..].to_vec(),
            false => value.to_le_bytes()[..self.word].to_vec(),
        }
    }

    fn set(&self, file: &mut [u8], number: usize, value: usize) {
        let bytes = self.bytes(value);
        file[self.place(number)].copy_from_slice(&bytes);
    }

    /// Offset of the names in the file, and their size.
    fn names(&self, file: &[u8]) -> (usize, usize) {
        let start = self.get(file, NAMES);
        (self.at + start, self.get(file, UNITS) - start)
    }

    /// Where the moduledata has the length and the capacity of the names.
    fn slice(&self, file: &[u8]) -> usize {
        let (_, size) = self.names(file);
        let found = (size - 2 * self.word..=size).rev().find_map(|length| {
            let pair = self.bytes(length).repeat(2);
            memchr::memmem::find(file, &pair)
        });
        found.unwrap()
    }
}

fn record(path: &Path) -> Value {
    let path = path.to_string_lossy();
    let out = run(&["scan", "--symbols", "--format=json", &path]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    document["binaries"][0].clone()
}

/// Whether the functions of a program are taken for complete; with a note exactly if they are not.
fn is_whole(path: &Path) -> bool {
    let record = record(path);
    let notes = record["notes"].as_array().unwrap().iter();
    let notes: Vec<&str> = notes.filter_map(Value::as_str).collect();
    let is_whole = record["functions"]["complete"].as_bool().unwrap();
    let is_noted = notes
        .iter()
        .any(|note| note.starts_with("the function table does not name all functions: "));
    assert_eq!(is_noted, !is_whole, "{notes:?}");
    is_whole
}

fn database(scratch: &Scratch) -> String {
    let document = json!({
        "schema_version": "1.3.1", "id": "GO-2026-9001", "modified": "2026-01-02T03:04:05Z", "aliases": ["CVE-2026-9001"],
        "affected": [{
            "package": { "name": "stdlib", "ecosystem": "Go" },
            "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }] }],
            "ecosystem_specific": { "imports": [{ "path": PACKAGE, "symbols": [SYMBOL] }] },
        }],
    });
    let path = scratch.put("db/GO-2026-9001.json", document.to_string().as_bytes());
    path.parent().unwrap().to_string_lossy().into_owned()
}

/// The status of the program in an OpenVEX document, the reasons why it is not judged, and the exit code with `--strict`.
fn judged(scratch: &Scratch, path: &Path) -> (String, Vec<String>, Option<i32>) {
    let (database, path) = (database(scratch), path.to_string_lossy().into_owned());
    let args = [
        "vuln",
        "--quiet",
        "--cache=off",
        "--db",
        &database,
        "--format",
    ];
    let document = |format: &str| {
        let out = run(&[&args[..], &[format, "--strict", &path]].concat());
        let value: Value = serde_json::from_str(&out.stdout)
            .unwrap_or_else(|e| panic!("{e}: {} {}", out.stdout, out.stderr));
        (value, out.code)
    };
    let (vex, code) = document("openvex");
    let status = vex["statements"][0]["status"].as_str().unwrap().to_owned();
    let (json, _) = document("json");
    let rows = json["programs"][0]["unjudged"].as_array().unwrap().iter();
    let why = rows.map(|row| row["why"].as_str().unwrap().to_owned());
    (status, why.collect(), code)
}

const PROGRAMS: [&str; 7] = [
    "1.27-linux-amd64-strip",
    "1.27-linux-386-w",
    "1.27-aix-ppc64-strip",
    "1.27-windows-amd64-strip",
    "1.27-darwin-arm64-trimstrip",
    "1.19-linux-amd64-strip",
    "1.21-linux-mips-strip",
];

#[test]
fn a_header_that_leaves_names_out_is_noticed() {
    let scratch = Scratch::new();
    for id in PROGRAMS {
        let whole = fixture(id);
        let header = Header::of(&whole);
        assert!(is_whole(&scratch.put(id, &whole)), "{id}");
        let (start, size) = header.names(&whole);
        let names = &whole[start..start + size];
        let after_name = 1 + memchr::memrchr(0, &names[..size * 2 / 3]).unwrap();
        for cut in [after_name, after_name + 3, size / 2, size - 70] {
            let mut bytes = whole.to_vec();
            header.set(&mut bytes, UNITS, header.get(&whole, NAMES) + cut);
            assert!(!is_whole(&scratch.put(id, &bytes)), "{id}: {cut} of {size}");
        }
        let mut bytes = whole.to_vec();
        header.set(&mut bytes, FUNCTIONS, header.get(&whole, FUNCTIONS) - 1);
        assert!(!is_whole(&scratch.put(id, &bytes)), "{id}: functions");
    }
}

/// The runtime would print names of other tables then, but the program runs.
#[test]
fn names_that_functions_need_are_noticed_where_the_moduledata_lies_too() {
    let scratch = Scratch::new();
    for id in ["1.27-linux-amd64-strip", "1.19-linux-amd64-strip"] {
        let whole = fixture(id);
        let header = Header::of(&whole);
        let slice = header.slice(&whole);
        let (start, size) = header.names(&whole);
        let length = header.number(&whole[slice..slice + header.word]);
        // Zeros after the last name are padding.
        let names = &whole[start..start + length];
        let end = names.iter().rposition(|byte| *byte != 0).unwrap();
        let length = end + 2;
        let last = 1 + memchr::memrchr(0, &names[..length - 1]).unwrap();
        let half = 1 + memchr::memrchr(0, &names[..length / 2]).unwrap();
        for cut in [last, half] {
            let mut bytes = whole.to_vec();
            header.set(&mut bytes, UNITS, header.get(&whole, NAMES) + cut);
            let stated = header.bytes(cut).repeat(2);
            bytes[slice..slice + 2 * header.word].copy_from_slice(&stated);
            assert!(!is_whole(&scratch.put(id, &bytes)), "{id}: {cut} of {size}");
        }
        // Zeros instead of names, and a function whose name begins inside another one.
        for range in [half..length, last..length - 1, half - 1..half] {
            let mut bytes = whole.to_vec();
            for byte in &mut bytes[start + range.start..start + range.end] {
                *byte = if *byte == 0 { b'x' } else { 0 };
            }
            assert!(!is_whole(&scratch.put(id, &bytes)), "{id}: {range:?}");
        }
    }
}

/// `runtime.acquirem` is only inlined: no function has its name, but every inline tree with it does.
#[test]
fn names_that_only_inlined_calls_need_are_noticed() {
    let scratch = Scratch::new();
    let name = b"\0runtime.acquirem\0";
    for id in ["1.27-linux-amd64-strip", "1.19-linux-amd64-strip"] {
        let mut bytes = fixture(id).to_vec();
        let at = 1 + memchr::memmem::find(&bytes, name).unwrap();
        bytes[at] = 0;
        let path = scratch.put(id, &bytes);
        assert!(!is_whole(&path), "{id}");
        let notes = record(&path)["notes"].to_string();
        assert!(
            notes.contains("names of inlined functions"),
            "{id}: {notes}"
        );
    }
}

#[test]
fn a_cut_table_proves_no_absence() {
    let scratch = Scratch::new();
    let whole = fixture("1.27-linux-amd64-strip");
    let path = scratch.put("app", &whole);
    let (status, why, code) = judged(&scratch, &path);
    assert_eq!((status.as_str(), why.len(), code), ("affected", 0, Some(1)));
    let header = Header::of(&whole);
    let (start, size) = header.names(&whole);
    let names = &whole[start..start + size];
    let name = format!("\0{PACKAGE}.{SYMBOL}\0");
    let cut = 1 + memchr::memmem::find(names, name.as_bytes()).unwrap();
    let mut bytes = whole.to_vec();
    header.set(&mut bytes, UNITS, header.get(&whole, NAMES) + cut);
    let path = scratch.put("cut", &bytes);
    let (status, why, code) = judged(&scratch, &path);
    assert_eq!(status, "under_investigation");
    assert_eq!((why, code), (vec!["no-functions".to_owned()], Some(2)));
}

/// `testdata/linkshared.xz`, by scripts/make-linkshared.sh: the runtime is in a library.
#[test]
fn functions_of_a_shared_go_library_are_not_called_absent() {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/linkshared.xz");
    let mut bytes = Vec::new();
    let file = std::fs::File::open(packed).unwrap();
    let mut reader = lzma_rust2::XzReader::new(file, false);
    reader.read_to_end(&mut bytes).unwrap();
    let scratch = Scratch::new();
    let path = scratch.put("linkshared", &bytes);
    assert!(!is_whole(&path));
    let (status, why, code) = judged(&scratch, &path);
    assert_eq!(status, "under_investigation");
    assert_eq!((why, code), (vec!["no-functions".to_owned()], Some(2)));
    // Without names of Go among its dynamic symbols, the runtime is still missing.
    for pattern in [
        "runtime.",
        ".abiinternal",
        ".abi0",
        ":link.",
        ".libruntime",
        "-atomic.so",
    ] {
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, pattern).collect();
        assert!(!places.is_empty(), "{pattern}");
        let dot = pattern.find('.').unwrap();
        for at in places {
            bytes[at + dot] = b'_';
        }
    }
    let path = scratch.put("renamed", &bytes);
    assert!(!is_whole(&path));
    let notes = record(&path)["notes"].to_string();
    assert!(
        notes.contains("the functions of the runtime are not in it"),
        "{notes}"
    );
}

/// A plugin has the code that it calls.
#[test]
fn plugins_and_libraries_for_c_name_all_their_functions() {
    let scratch = Scratch::new();
    for id in ["1.27-linux-amd64-plugin", "1.27-linux-amd64-c-shared"] {
        assert!(is_whole(&scratch.put_fixture(id)), "{id}");
    }
}
