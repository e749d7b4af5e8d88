//! Records many times larger than usual: they are reported whole, in bounded memory, wherever they come from.

use crate::support::cli::{Scratch, finish, run};
use crate::support::counting::Counting;
use crate::support::pack::Member::File;
use crate::support::pack::tar;
use gospect::bytes::{Budget, ReadAt as _, Use};
use gospect::go::{Level, Options, inspect};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const MODULES: usize = 25_000;

/// An ELF file with one segment and one section: a build-info blob with `modules` modules.
fn program(modules: usize, salt: usize) -> Vec<u8> {
    let line = |i| format!("dep\texample.com/m{i}\tv1.{salt}.0\th1:=\n");
    program_of((0..modules).map(line).collect::<String>().as_bytes())
}

/// The same with these lines in its record.
fn program_of(lines: &[u8]) -> Vec<u8> {
    fn string(out: &mut Vec<u8>, text: &[u8]) {
        let mut rest = text.len();
        while rest >= 0x80 {
            out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
        out.extend_from_slice(text);
    }
    let mut text = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6".to_vec();
    text.extend_from_slice(b"path\texample.com/app\nmod\texample.com/app\tv1.0.0\t\n");
    text.extend_from_slice(lines);
    text.extend_from_slice(b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2");
    let mut blob = b"\xff Go buildinf:\x08\x02".to_vec();
    blob.resize(32, 0);
    string(&mut blob, b"go1.22.1");
    string(&mut blob, &text);

    const BLOB: u64 = 128;
    const BASE: u64 = 0x40_0000;
    let names = b"\0.go.buildinfo\0.shstrtab\0";
    let names_at = BLOB + blob.len() as u64;
    let sections_at = (names_at + names.len() as u64).next_multiple_of(8);
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(16, 0);
    let mut put = |size: usize, value: u64| out.extend_from_slice(&value.to_le_bytes()[..size]);
    for (size, value) in [
        (2, 2),
        (2, 62),
        (4, 1),
        (8, BASE + BLOB),
        (8, 64),
        (8, sections_at),
    ] {
        put(size, value);
    }
    for (size, value) in [(4, 0), (2, 64), (2, 56), (2, 1), (2, 64), (2, 3), (2, 2)] {
        put(size, value);
    }
    for (size, value) in [
        (4, 1),
        (4, 6),
        (8, 0),
        (8, BASE),
        (8, BASE),
        (8, names_at),
        (8, names_at),
    ] {
        put(size, value);
    }
    put(8, 4096);
    out.resize(BLOB as usize, 0);
    out.extend_from_slice(&blob);
    out.extend_from_slice(names);
    out.resize(sections_at as usize + 64, 0);
    let rows = [
        (1, 3, BASE + BLOB, BLOB, blob.len()),
        (15, 0, 0, names_at, names.len()),
    ];
    for (name, flags, address, offset, size) in rows {
        let kind = if flags == 0 { 3 } else { 1 };
        out.extend_from_slice(&u32::to_le_bytes(name));
        out.extend_from_slice(&u32::to_le_bytes(kind));
        for field in [flags, address, offset, size as u64, 0, 16, 0] {
            out.extend_from_slice(&u64::to_le_bytes(field));
        }
    }
    out
}

/// Numbers of modules in the records of a scan within this many KiB of address space.
fn scan(dir: &Path, target: &str, jobs: usize, kib: u64) -> (Vec<usize>, Vec<String>) {
    let script = format!(
        "ulimit -v {kib}; exec \"$0\" scan --facts build-info --format ndjson --memory 32M --jobs {jobs} \"$1\""
    );
    let mut shell = Command::new("sh");
    shell.current_dir(dir);
    // One pool for all threads of the C library, because its reserved addresses count.
    shell.env("MALLOC_ARENA_MAX", "1");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_gospect"), target]);
    let out = finish(&mut shell);
    assert_eq!(out.code, Some(0), "{target}: {}", out.stderr);
    let (mut modules, mut problems) = (Vec::new(), Vec::new());
    for line in out.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match line["type"].as_str() {
            Some("binary") => {
                modules.push(line["build_info"]["Deps"].as_array().map_or(0, Vec::len))
            }
            Some("unexamined") => problems.push(line["detail"].as_str().unwrap().to_owned()),
            _ => {}
        }
    }
    (modules, problems)
}

#[test]
fn many_large_records_fit_wherever_they_are_from() {
    let s = Scratch::new();
    let programs: Vec<Vec<u8>> = (0..40).map(|i| program(MODULES, i)).collect();
    let names: Vec<String> = (0..40).map(|i| format!("dir/p{i:02}")).collect();
    for (name, program) in names.iter().zip(&programs) {
        s.put(name, program);
    }
    let members: Vec<_> = names
        .iter()
        .zip(&programs)
        .map(|(n, p)| File(n, p))
        .collect();
    s.put("all.tar", &tar(&members));
    for (target, jobs) in [("dir", 1), ("dir", 4), ("all.tar", 1), ("all.tar", 4)] {
        // In memory all of them would take 250 MB.
        let (modules, problems) = scan(s.path(), target, jobs, 200 << 10);
        assert_eq!(modules, [MODULES; 40], "{target} {jobs}: {problems:?}");
        assert!(problems.is_empty(), "{problems:?}");
    }
}

#[test]
fn names_of_one_large_record_share_it_and_are_bounded() {
    let s = Scratch::new();
    // Hard links, which consist of a header only.
    let mut links = tar(&[File("p", &program(MODULES, 0))]);
    links.truncate(links.len() - 1024);
    for i in 0..1000 {
        let mut header = [0u8; 512];
        let name = format!("l{i}");
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000755");
        header[124..135].copy_from_slice(b"00000000000");
        header[148..156].fill(b' ');
        header[156] = b'1';
        header[157] = b'p';
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        links.extend_from_slice(&header);
    }
    links.resize(links.len() + 1024, 0);
    s.put("links.tar", &links);
    let (modules, problems) = scan(s.path(), "links.tar", 1, 200 << 10);
    assert!((100..1000).contains(&modules.len()), "{}", modules.len());
    assert!(modules.iter().all(|&m| m == MODULES));
    assert_eq!(
        problems,
        [
            "more than 20000 hard links to programs, where a large record counts for several; the rest is left out"
        ]
    );
}

#[test]
fn a_record_longer_than_is_read_is_still_a_program() {
    let s = Scratch::new();
    s.put("p", &program(MODULES, 0));
    let out = run(&[
        "scan",
        "--memory=8M",
        "--format=json",
        &s.path().join("p").display().to_string(),
    ]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let all: Value = serde_json::from_str(&out.stdout).unwrap();
    let binary = &all["binaries"][0];
    assert_eq!(binary["go_version"], "go1.22.1");
    let notes = binary["notes"].to_string();
    assert!(notes.contains("is longer than is read"), "{notes}");
}

/// Runs in `dir` under a limit set in the shell.
fn limited(dir: &Path, limit: &str, args: &str) -> crate::support::cli::Output {
    let mut shell = Command::new("sh");
    shell.current_dir(dir);
    let script = format!("{limit}; exec \"$0\" {args}");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_gospect")]);
    finish(&mut shell)
}

#[test]
fn a_record_without_room_to_wait_is_still_reported() {
    let s = Scratch::new();
    s.put("p", &program(MODULES, 0));
    let nowhere = "export TMPDIR=/nonexistent";
    let out = limited(
        s.path(),
        nowhere,
        "scan --facts build-info --format csv --memory 32M p",
    );
    assert_eq!(
        (out.code, out.stdout.lines().count()),
        (Some(0), 2),
        "{}",
        out.stderr
    );
}

#[test]
fn a_file_size_limit_is_an_ordinary_error() {
    let s = Scratch::new();
    s.put("p", &program(MODULES, 0));
    let out = limited(s.path(), "ulimit -f 1", "scan --format json -o out.json p");
    assert_eq!(out.code, Some(2), "{}", out.stderr);
    assert!(out.stderr.contains("cannot write"), "{}", out.stderr);
}

/// An archive of four programs.
fn archive() -> Vec<u8> {
    let mut ar = b"!<arch>\n".to_vec();
    for i in 0..4 {
        let body = program(MODULES, i);
        ar.extend(
            format!(
                "{:<16}{:<12}0     0     100644  {:<10}`\n",
                format!("m{i}/"),
                0,
                body.len()
            )
            .bytes(),
        );
        ar.extend(&body);
        ar.resize(ar.len().next_multiple_of(2), b'\n');
    }
    ar
}

#[test]
fn the_bytes_of_a_large_record_are_read_once() {
    fn on_a_thread(work: &mut (dyn FnMut() + Send)) {
        std::thread::scope(|scope| scope.spawn(work).join().unwrap());
    }
    let budget = Budget::for_threads(512 << 20, Use::Executables, 8);
    for (file, programs) in [(program(MODULES, 0), 1), (archive(), 4)] {
        let file = Counting::new(file.into());
        let options = Options {
            budget: Some(&budget),
            run_large: Some(on_a_thread),
            level: Level::BuildInfo,
            ..Options::default()
        };
        let found = inspect(&file, &options).unwrap().found;
        assert_eq!(found.len(), programs);
        for program in &found {
            let info = program.record.build_info.as_ref().unwrap();
            assert_eq!(info.deps.len(), MODULES);
        }
        let (read, size) = (file.bytes_read(), file.len());
        assert!(read < size + (64 << 10), "{read} of {size} bytes");
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn members_of_an_archive_file_do_not_depend_on_the_number_of_threads() {
    let s = Scratch::new();
    s.put("lib.a", &archive());
    let scan = |memory: &str, jobs: usize| {
        let args = format!(
            "scan --facts build-info --strict --format csv --memory {memory} --jobs {jobs} lib.a"
        );
        let out = limited(s.path(), "true", &args);
        (out.code, out.stdout)
    };
    for memory in ["512M", "32M"] {
        let alone = scan(memory, 1);
        assert_eq!(alone, scan(memory, 8), "{memory}");
        // Programs that are left out are reported as not examined.
        let all = alone.1.lines().count() == 5;
        assert_eq!(alone.0, Some(if all { 0 } else { 2 }), "{memory}");
    }
    assert_eq!(scan("512M", 8).1.lines().count(), 5);
    // A program whose record alone exceeds the memory is not called "not Go".
    let body = program_of("dep\ta\tv\n".repeat(120_000).as_bytes());
    let mut ar = b"!<arch>\n".to_vec();
    ar.extend(
        format!(
            "m/              0           0     0     100644  {:<10}`\n",
            body.len()
        )
        .bytes(),
    );
    ar.extend(&body);
    s.put("lib.a", &ar);
    let out = limited(
        s.path(),
        "true",
        "scan --facts build-info --strict --format ndjson --memory 32M lib.a",
    );
    assert_eq!(out.code, Some(2), "{} {}", out.stdout, out.stderr);
    assert!(
        out.stdout.contains("1 more programs of the file"),
        "{}",
        out.stdout
    );
}

/// Address space that any command may take with `--memory 32M`, including the program itself.
const TWICE: &str = "ulimit -v 131072; export MALLOC_ARENA_MAX=1";

#[test]
fn audits_and_bills_of_expensive_records_are_bounded() {
    let s = Scratch::new();
    type Line = fn(usize, usize) -> String;
    let of = |line: Line, count: usize, salt: usize| {
        let lines: String = (0..count).map(|i| line(salt, i)).collect();
        program_of(lines.as_bytes())
    };
    let kinds: [(&str, Line, usize); 4] = [
        (
            "uniq",
            |p, i| format!("dep\texample.com/m{p}-{i}\tv1.0.0\th1:=\n"),
            18_000,
        ),
        (
            "sums",
            |p, i| format!("dep\te.c/m\tv1.0.0\th1:{p}.{i}\n"),
            20_000,
        ),
        (
            "versions",
            |p, i| format!("dep\te.c/m\tv1.{p}.{i}\n"),
            20_000,
        ),
        ("settings", |p, i| format!("build\tX{i}={p}\n"), 40_000),
    ];
    for (name, line, count) in kinds {
        for p in 0..3 {
            s.put(&format!("{name}/p{p}"), &of(line, count, p));
        }
    }
    let list: String = (0..30_000).map(|i| format!(",x{i}")).collect();
    s.put(
        "experiments/p",
        &program_of(format!("build\tGOEXPERIMENT={}\n", &list[1..]).as_bytes()),
    );
    for name in ["uniq", "sums", "versions", "settings", "experiments"] {
        for command in [
            "audit --format sarif",
            "audit --format html",
            "sbom",
            "sbom --format spdx",
        ] {
            let out = limited(s.path(), TWICE, &format!("{command} --memory 32M {name}"));
            let refused = out.stderr.contains("raise it, or take parts one by one");
            match out.code {
                Some(2) if !command.contains("sarif") => {
                    assert!(refused, "{command} {name}: {}", out.stderr)
                }
                Some(0 | 1) => assert!(!out.stdout.is_empty(), "{command} {name}"),
                code => panic!("{command} {name}: {code:?} {}", out.stderr),
            }
        }
    }
    for sides in [
        "uniq settings",
        "settings settings",
        "sums versions",
        "experiments settings",
    ] {
        let out = limited(
            s.path(),
            TWICE,
            &format!("diff --format json --memory 32M {sides}"),
        );
        let refused = out
            .stderr
            .contains("a comparison of all this takes more than");
        assert_eq!(
            out.code,
            Some(if refused { 2 } else { 0 }),
            "{sides}: {}",
            out.stderr
        );
    }
    let out = limited(s.path(), TWICE, "audit --memory 32M sums");
    assert!(
        out.stdout.contains("has 60000 different checksums"),
        "{}",
        out.stdout
    );
    let out = limited(s.path(), TWICE, "audit --memory 32M experiments");
    assert!(
        out.stdout.contains("more findings are not listed"),
        "{}",
        out.stdout
    );
}
