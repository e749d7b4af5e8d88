//! Every row of the table in docs/limits.md is tested: its flag exists, its default is the library's, and its message is what the
//! user reads.

use crate::support::cli::{Scratch, run};
use crate::support::{derive, fixture};
use gospect::bytes::{FileBytes, Limits, Use};
use gospect::go::{Options, inspect};
use serde_json::Value;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "1.27-linux-amd64-hello-trimstrip";

struct Row {
    name: String,
    default: String,
    flag: Option<String>,
    message: String,
}

fn rows() -> Vec<Row> {
    let text = include_str!("../../docs/limits.md");
    let table = text.lines().filter(|l| l.starts_with("| `"));
    table
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let bare = |i: usize| cells[i].trim_matches('`').to_owned();
            Row {
                name: bare(0),
                default: bare(1),
                flag: cells[2].starts_with('`').then(|| bare(2)),
                message: bare(4),
            }
        })
        .collect()
}

#[test]
fn the_page_about_memory_has_the_shares_of_every_use() {
    let text = include_str!("../../docs/architecture.md");
    let page = text.split("## How memory is bounded").nth(1).unwrap();
    let page = page.split("\n## ").next().unwrap();
    let rows: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .map(|(what, rest)| (what, rest.split(" | ").next().unwrap()))
        .skip(1)
        .collect();
    let uses = Use::ALL.map(|(_, part, what)| (what, format!("1/{part}")));
    let uses: Vec<(&str, &str)> = uses.iter().map(|(w, p)| (*w, p.as_str())).collect();
    assert_eq!(rows, uses);
}

/// `4 GiB`, `2 000 000`, `4096 bytes`.
fn number(text: &str) -> u64 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let unit = match text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ') {
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => 0,
    };
    digits.parse::<u64>().unwrap() << unit
}

fn default(name: &str) -> u64 {
    let l = Limits::default();
    match name {
        "entry_size" => l.entry_size,
        "expanded" => l.expanded,
        "entries" => l.entries,
        "ratio" => l.ratio,
        "depth" => l.depth.into(),
        "window" => l.window,
        "unpacked" => l.unpacked,
        "path" => l.path as u64,
        "metadata" => l.metadata,
        "executable" => l.executable,
        "build_info" => l.build_info,
        other => panic!("docs/limits.md names {other}, which is no limit"),
    }
}

/// Whether `text` matches `pattern`, in which a single `N` or `M` is a number.
fn reads_like(pattern: &str, text: &str) -> bool {
    let word = |w: &str| -> String {
        let digits = !w.is_empty() && w.chars().all(|c| c.is_ascii_digit());
        if digits || w == "N" || w == "M" {
            "#".to_owned()
        } else {
            w.to_owned()
        }
    };
    let words = |t: &str| {
        t.split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(word)
            .collect::<Vec<_>>()
    };
    let (pattern, text) = (words(pattern), words(text));
    text.windows(pattern.len().max(1)).any(|w| w == pattern)
}

/// One entry of a tar archive.
fn entry(name: &str, body: &[u8]) -> Vec<u8> {
    let mut block = [0u8; 512];
    let mut put = |at: usize, field: &[u8]| block[at..at + field.len()].copy_from_slice(field);
    put(0, name.as_bytes());
    put(100, b"0000755\0");
    put(124, format!("{:011o}\0", body.len()).as_bytes());
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(148, b"        ");
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut all = block.to_vec();
    all.extend(body);
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all: Vec<u8> = entries.iter().flat_map(|(n, b)| entry(n, b)).collect();
    all.resize(all.len() + 1024, 0);
    all
}

/// A long name as GNU tar stores it.
fn long(name: &str, body: &[u8]) -> Vec<u8> {
    let mut head = entry("././@LongLink", name.as_bytes());
    head[156] = b'L';
    head[148..156].fill(b' ');
    let sum: u32 = head[..512].iter().map(|&b| u32::from(b)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    head.extend(entry("x", body));
    head.resize(head.len() + 1024, 0);
    head
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// Paths and reasons of files not examined.
fn unexamined(args: &[&str], file: &Path) -> Vec<(String, String)> {
    let mut all = vec!["scan", "--format=ndjson"];
    all.extend(args);
    all.push(file.to_str().unwrap());
    let out = run(&all);
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    out.stdout
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .filter(|v| v["type"] == "unexamined")
        .map(|v| (text(&v, "reason"), text(&v, "detail")))
        .collect()
}

/// The notes on a program when a limit without a flag is small.
fn notes(limit: &str, program: &Path) -> Vec<String> {
    let mut limits = Limits::default();
    let look = |limits| {
        let options = Options {
            limits,
            ..Options::default()
        };
        let file = std::fs::File::open(program).unwrap();
        let len = file.metadata().unwrap().len();
        let found = inspect(&FileBytes::new(file, len), &options).unwrap().found;
        found.into_iter().next().unwrap().record.notes
    };
    assert_eq!(look(limits), Vec::<String>::new());
    match limit {
        "executable" => limits.executable = 200 << 10,
        _ => limits.build_info = 16,
    }
    look(limits)
}

#[test]
fn every_limit_is_met_and_says_so() {
    let scratch = Scratch::new();
    let program = fixture(PROGRAM);
    let nested = tar(&[("in.tar", &tar(&[("inner.tar", &tar(&[("app", &program)]))]))]);
    let cases: Vec<(&str, &str, PathBuf)> = vec![
        (
            "entry_size",
            "1K",
            scratch.put("a.tar", &tar(&[("app", &program)])),
        ),
        (
            "expanded",
            "64K",
            scratch.put("b.tgz", &derive::gzip(&tar(&[("app", &program)]))),
        ),
        (
            "entries",
            "2",
            scratch.put("c.tar", &tar(&[("a", b"1"), ("b", b"2"), ("c", b"3")])),
        ),
        (
            "ratio",
            "5",
            scratch.put(
                "d.gz",
                &derive::gzip(&[&b"\x7fELF"[..], &[0; 40 << 20]].concat()),
            ),
        ),
        ("depth", "1", scratch.put("e.tar", &nested)),
        ("window", "1M", data("hostile/xz-dictionary.xz")),
        ("unpacked", "1K", data("packed/upx-5.21-lzma-arm")),
        (
            "path",
            "",
            scratch.put("f.tar", &long(&"n".repeat(5000), &program)),
        ),
        ("metadata", "", data("hostile/zip-ends-everywhere.zip")),
    ];
    let rows = rows();
    for row in &rows {
        assert_eq!(
            number(&row.default),
            default(&row.name),
            "default of {}",
            row.name
        );
        if matches!(&*row.name, "executable" | "build_info") {
            let met = notes(&row.name, &scratch.put("program", &program));
            let pattern = row.message.replace("` and the like", "");
            assert!(
                met.iter().any(|note| reads_like(&pattern, note)),
                "{}: {met:?} is not `{}`",
                row.name,
                row.message
            );
            continue;
        }
        let Some((_, value, file)) = cases.iter().find(|c| c.0 == row.name) else {
            panic!("{} is not met", row.name);
        };
        let flag = row.flag.as_ref().map(|flag| format!("{flag}={value}"));
        assert_eq!(flag.is_none(), value.is_empty(), "flag of {}", row.name);
        let args: Vec<&str> = flag.iter().map(String::as_str).collect();
        let met = unexamined(&args, file);
        let matches_row = |(reason, detail): &(String, String)| {
            (reason == "limit" || reason == "packed" || row.flag.is_none())
                && reads_like(&row.message.replace(" and the like", ""), detail)
        };
        assert!(
            met.iter().any(matches_row),
            "{}: {met:?} is not `{}`",
            row.name,
            row.message
        );
        // With its default the limit is not reached by the same file, except limits without a flag.
        if flag.is_some() && row.name != "window" {
            let free = unexamined(&[], file);
            assert!(!free.iter().any(matches_row), "{}: {free:?}", row.name);
        }
    }
    assert_eq!(rows.len(), 11);
}
