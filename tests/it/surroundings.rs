//! The effect of the system on a scan: special files, files that change, full disks, closed pipes, signals, little memory. There
//! must be no panic and no endless wait, and every line of JSON must be complete.

use crate::support::cli::{Output, Scratch, command, finish, run};
use crate::support::fixture;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A small program, recognised by its record.
const PROGRAM: &str = "1.27-linux-amd64-hello-trimstrip";
/// Text that controls a terminal.
const ESCAPES: &str = "\x1b]0;owned\x07\x1b[2J\u{9b}31m\u{202e}\r\n\x7f";

/// Runs a shell line in which `"$@"` is the command.
fn shell(line: &str, args: &[&OsStr]) -> Output {
    let clean = command();
    let mut sh = Command::new("sh");
    sh.arg("-c").arg(line).arg("sh").arg(clean.get_program());
    for (key, value) in clean.get_envs() {
        match value {
            Some(value) => sh.env(key, value),
            None => sh.env_remove(key),
        };
    }
    finish(sh.args(args).stdin(Stdio::null()))
}

fn os(parts: &[&str]) -> Vec<OsString> {
    parts.iter().map(OsString::from).collect()
}

/// Runs the command, which must end in time.
fn in_time(args: &[OsString]) -> Output {
    let refs: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
    let out = shell("exec timeout 900 \"$@\"", &refs);
    assert!(out.code != Some(124), "{args:?} does not end");
    sound(&out);
    out
}

/// Checks that there was no panic and no fatal signal.
fn sound(out: &Output) {
    assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
    assert!(
        matches!(out.code, Some(0..=3)),
        "{:?}: {}",
        out.code,
        out.stderr
    );
}

fn harmless(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let needs_escape = |c: char| {
        c != '\n'
            && (c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    };
    if let Some(c) = text.chars().find(|c| needs_escape(*c)) {
        panic!("{what}: {c:?} in {text:?}");
    }
}

/// Checks that every line is a JSON object; returns their types.
fn types(stdout: &str) -> Vec<String> {
    assert!(
        stdout.is_empty() || stdout.ends_with('\n'),
        "a line was cut"
    );
    stdout
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            value["type"].as_str().unwrap().to_owned()
        })
        .collect()
}

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

fn sh(line: &str, dir: &Path) -> bool {
    Command::new("sh")
        .args(["-c", line])
        .current_dir(dir)
        .status()
        .unwrap()
        .success()
}

#[test]
fn pipes_and_devices_in_a_tree_are_passed_over() {
    let scratch = Scratch::new();
    scratch.put_fixture(PROGRAM);
    assert!(sh(
        "mkfifo fifo && ln -s fifo to-fifo && ln -s /dev/zero to-zero && ln -s /dev/tty to-tty",
        scratch.path()
    ));
    if root() {
        assert!(sh("mknod zero c 1 5 && mknod disk b 7 0", scratch.path()));
    }
    for more in [&[][..], &["--follow"]] {
        let mut args = os(&["scan", "--format=ndjson"]);
        args.extend(os(more));
        args.push(scratch.path().into());
        let out = in_time(&args);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        assert_eq!(
            types(&out.stdout).iter().filter(|t| *t == "binary").count(),
            1
        );
    }
    for name in ["fifo", "to-fifo", "to-zero"] {
        let out = in_time(&[OsString::from("scan"), scratch.path().join(name).into()]);
        assert_eq!(out.code, Some(2), "{name}");
        assert!(out.stderr.contains("pipe it in with `-`"), "{}", out.stderr);
    }
}

#[test]
fn file_systems_of_the_kernel_are_reported() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    if !mounts.lines().any(|m| m.contains(" /dev/pts devpts ")) {
        crate::support::skipped("devpts", "");
        return;
    }
    let out = in_time(&os(&["scan", "--format=ndjson", "/dev"]));
    assert!(
        out.stdout.contains("devpts describes the kernel"),
        "{}",
        out.stdout
    );
    let kept = in_time(&os(&[
        "scan",
        "--format=ndjson",
        "--one-file-system",
        "/dev",
    ]));
    assert!(!kept.stdout.contains("/dev/pts"), "{}", kept.stdout);
}

/// The directory is entered by its first name, whichever thread is faster.
#[test]
fn a_directory_with_two_names_is_entered_by_the_same_one_each_time() {
    let scratch = Scratch::new();
    scratch.put("a/b/c/program", &fixture(PROGRAM));
    scratch.put("z/program", &fixture(PROGRAM));
    assert!(sh("ln -s ../a z/to-a && ln -s ../z a/to-z", scratch.path()));
    let scan = |jobs: &str| {
        let mut args = os(&["scan", "--format=ndjson", "--follow", jobs]);
        args.push(scratch.path().into());
        in_time(&args).stdout
    };
    let one = scan("--jobs=1");
    assert!(
        one.contains("/a/b/c/program") && one.contains("/a/to-z/program"),
        "{one}"
    );
    for _ in 0..10 {
        assert_eq!(scan("--jobs=8"), one);
    }
}

/// The names of so many files are not all kept until the walk has visited them.
#[test]
fn a_directory_of_very_many_files_is_walked_as_any_other() {
    let scratch = Scratch::new();
    for i in 0..34_000 {
        std::fs::File::create(scratch.path().join(format!("{i}.txt"))).unwrap();
    }
    for name in ["0.app", "5.app", "9/app", "99999.app", "last"] {
        scratch.put(name, &fixture(PROGRAM));
    }
    let scan = |jobs: &str| {
        let mut args = os(&["scan", "--format=ndjson", "--facts=build-info", jobs]);
        args.push(scratch.path().into());
        in_time(&args)
    };
    let one = scan("--jobs=1");
    let places: Vec<Option<usize>> = ["/0.app", "/5.app", "/9/app", "/99999.app", "/last"]
        .iter()
        .map(|name| one.stdout.find(&format!("{name}\"")))
        .collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?}"
    );
    assert!(
        one.stdout
            .contains(r#""files":34005,"below_min_size":34000,"not_go":0,"go":5"#),
        "{}",
        one.stdout
    );
    assert_eq!(scan("--jobs=8").stdout, one.stdout);
}

#[test]
fn links_in_circles_and_deep_directories_end() {
    let scratch = Scratch::new();
    assert!(sh(
        "mkdir a a/b && ln -s ../.. a/b/up && ln -s . self && ln -s x y && ln -s y x && ln -s \"$PWD\" a/whole; \
         n=0; while [ $n -lt 1500 ]; do mkdir d && cd -P d; n=$((n+1)); done; printf '\\177ELF%20000d' 0 > f",
        scratch.path()
    ));
    scratch.put("a/b/app", &fixture(PROGRAM));
    scratch.put("top", &fixture(PROGRAM));
    for more in ["--no-archives", "--follow"] {
        let out = in_time(&[
            OsString::from("scan"),
            more.into(),
            "--format=ndjson".into(),
            scratch.path().into(),
        ]);
        assert_eq!(
            types(&out.stdout).iter().filter(|t| *t == "binary").count(),
            2,
            "{more}"
        );
    }
}

#[test]
fn names_that_control_a_terminal_are_escaped() {
    let scratch = Scratch::new();
    let name = |text: &str| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0xff);
        OsString::from_vec(bytes)
    };
    let program = scratch.path().join(name(ESCAPES));
    std::fs::write(&program, &*fixture(PROGRAM)).unwrap();
    let broken = scratch.path().join(name(&format!("broken{ESCAPES}")));
    std::fs::write(&broken, fixture(PROGRAM).get(..20_000).unwrap()).unwrap();
    let text = scratch.path().join(name(&format!("text{ESCAPES}")));
    std::fs::write(&text, b"no program").unwrap();
    let gone = scratch.path().join(name(&format!("gone{ESCAPES}")));
    let dir = scratch.path();
    let policy = scratch.path().join(name(&format!("policy{ESCAPES}")));
    std::fs::write(
        &policy,
        "[rules]\n\"\\u001b[31mx\" = \"no\\u001b[2J\u{9b}\u{202e}\"\nprofile\u{1b} = 3 # \u{1b}[31m\n",
    )
    .unwrap();
    let good = scratch.path().join("gospect.toml");
    std::fs::write(
        &good,
        "[[custom]]\nid = \"x\"\nmessage = \"\\u001b[31m\\u009b\\u202e\"\nlevel = \"error\"\nwhen = [{ key = \"size\", op = \">\", value = 0 }]\n\
         [[waivers]]\nrule = \"x\"\npaths = [\"\\u001b[31m\"]\nreason = \"\\u001b[31m\\nforged\"\nexpires = \"2099-01-01\"\n",
    )
    .unwrap();
    let cases: &[(&str, &[&Path])] = &[
        ("scan", &[&program]),
        ("scan", &[dir]),
        ("scan", &[&broken]),
        ("scan", &[&text]),
        ("scan", &[&gone]),
        ("audit", &[dir]),
        ("audit", &[&gone]),
        ("diff", &[&program, &text]),
        ("diff", &[&gone, dir]),
        ("fips", &[dir]),
    ];
    for (verb, paths) in cases {
        let mut args = vec![OsString::from(verb)];
        args.extend(paths.iter().map(|p| OsString::from(*p)));
        let out = in_time(&args);
        harmless(verb, &out.raw);
        harmless(verb, out.stderr.as_bytes());
    }
    let with = |flag: &str, value: &Path| {
        let mut args = os(&["audit", flag]);
        args.extend([value.into(), dir.into()]);
        in_time(&args)
    };
    for (flag, value) in [
        ("--policy", &policy),
        ("--policy", &good),
        ("--policy", &gone),
        ("--baseline", &gone),
        ("--baseline", &text),
        ("--files-from", &gone),
        ("--output", &gone.join("x")),
        ("--write-baseline", &gone.join("x")),
        ("--write-baseline", &gone),
    ] {
        let out = with(flag, value);
        harmless(flag, out.stderr.as_bytes());
        harmless(flag, &out.raw);
    }
    for args in [
        vec!["explain", ESCAPES],
        vec!["audit", "--profile", ESCAPES, "."],
        vec!["audit", "-D", ESCAPES, "."],
        vec!["audit", "--expect", ESCAPES, "."],
        vec!["scan", "--env", ESCAPES, "."],
        vec!["scan", "--platform", ESCAPES, "."],
        vec!["scan", "--exclude", "[\x1b[31m", "."],
        vec!["scan", "docker:\x1b[31m"],
        vec!["scan", "registry:\x1b[31m/x"],
        vec!["scan", "pid:\x1b[31m"],
        vec!["scan", "--files-from", ESCAPES],
        vec!["diff", "--fail-on", ESCAPES, ".", "."],
        vec!["diff", ESCAPES, ESCAPES],
    ] {
        let out = in_time(&os(&args));
        harmless(args[0], out.stderr.as_bytes());
    }
}

#[test]
fn a_directory_that_may_not_be_read_is_named() {
    let scratch = Scratch::new();
    assert!(sh("mkdir shut open && chmod 755 .", scratch.path()));
    scratch.put("shut/app", &fixture(PROGRAM));
    scratch.put("open/app", &fixture(PROGRAM));
    scratch.put("open/mine", &fixture(PROGRAM));
    assert!(sh("chmod 000 shut open/mine", scratch.path()));
    // Root can read everything, so another user must run the command, if possible.
    let line = match root() {
        true => "exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"",
        false => "exec \"$@\"",
    };
    if !matches!(shell(line, &["version".as_ref()]).code, Some(0)) {
        crate::support::skipped("other-user", "");
        return;
    }
    let args = |strict: bool| {
        let mut args = os(&["scan", "--format=ndjson"]);
        args.extend(strict.then(|| "--strict".into()));
        args.push(scratch.path().into());
        args
    };
    for (strict, code) in [(false, 0), (true, 2)] {
        let args = args(strict);
        let refs: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
        let out = shell(line, &refs);
        assert_eq!(out.code, Some(code), "{}", out.stderr);
        let types = types(&out.stdout);
        assert_eq!(
            types.iter().filter(|t| *t == "unexamined").count(),
            2,
            "{}",
            out.stdout
        );
        assert_eq!(types.iter().filter(|t| *t == "binary").count(), 1);
        assert!(out.stdout.contains("\"reason\":\"unreadable\""));
    }
    assert!(sh("chmod 755 shut", scratch.path()));
}

/// Shrinks, grows, disappears, becomes a directory, a FIFO, a link to itself.
#[test]
fn files_that_change_during_the_scan_cost_only_themselves() {
    let scratch = Scratch::new();
    let program = fixture(PROGRAM);
    for n in 0..24 {
        scratch.put(&format!("f{n}"), &program);
        scratch.put(&format!("kept/f{n}"), &program);
    }
    let archive = {
        let members: Vec<u8> = crate::support::derive::gzip(&program);
        members
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut round = 0usize;
            while !done.load(Ordering::Relaxed) {
                let path = scratch.path().join(format!("f{}", round % 24));
                let _ = match round % 7 {
                    0 => std::fs::File::options()
                        .write(true)
                        .open(&path)
                        .and_then(|f| f.set_len(5000)),
                    1 => std::fs::write(&path, [&program[..], &program[..]].concat()),
                    2 => std::fs::remove_file(&path),
                    3 => std::fs::create_dir(&path),
                    4 => std::fs::remove_dir(&path)
                        .and_then(|()| std::os::unix::fs::symlink(&path, &path)),
                    5 => std::fs::remove_file(&path).and_then(|()| std::fs::write(&path, &archive)),
                    _ => std::fs::write(&path, &program[..]),
                };
                round += 5;
            }
        });
        for more in ["--jobs=1", "--jobs=4", "--follow", "--hash"] {
            let out = in_time(&[
                OsString::from("scan"),
                more.into(),
                "--format=ndjson".into(),
                scratch.path().into(),
            ]);
            let types = types(&out.stdout);
            assert_eq!(types.last().map(String::as_str), Some("end"));
            let kept = out
                .stdout
                .lines()
                .filter(|l| l.contains("/kept/f") && l.starts_with("{\"type\":\"binary\""));
            assert_eq!(kept.count(), 24, "the others are all there");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_not() {
    if !Path::new("/dev/full").exists() {
        crate::support::skipped("dev-full", "");
        return;
    }
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    let path = program.to_str().unwrap();
    let commands: &[&[&str]] = &[
        &["scan", "--format=card", path],
        &["scan", "--format=table", path],
        &["scan", "--format=json", path],
        &["scan", "--format=ndjson", path],
        &["scan", "--format=csv", path],
        &["scan", "--format=html", path],
        &["audit", path],
        &["audit", "--format=sarif", path],
        &["audit", "--print-config"],
        &["diff", path, path],
        &["sbom", path],
        &["fips", path],
        &["explain", "panicnil"],
        &["init", "-o", "-"],
        &["completions", "bash"],
        &["man"],
    ];
    for args in commands {
        let refs: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let fails = |script: &str, message: &str| {
            let out = shell(script, &refs);
            assert_eq!(out.code, Some(2), "{args:?}: {}", out.stderr);
            assert!(out.stderr.contains(message), "{args:?}: {}", out.stderr);
        };
        fails("exec \"$@\" >/dev/full", "cannot write the output");
        // The message cannot be written either.
        sound(&shell("exec \"$@\" >/dev/full 2>/dev/full", &refs));
        sound(&shell("exec \"$@\" >&- 2>&-", &refs));
        fails("exec \"$@\" >&-", "standard output is closed");
        sound(&shell("exec \"$@\" 2>/dev/full", &refs));
        let closed = shell("{ \"$@\"; echo $? >&2; } | true", &refs);
        assert!(
            matches!(closed.stderr.trim(), "0" | "1" | "3"),
            "{args:?}: {}",
            closed.stderr
        );
    }
    let missing: Vec<&OsStr> = ["scan", "/nowhere"].into_iter().map(OsStr::new).collect();
    assert_eq!(shell("exec \"$@\" 2>/dev/full", &missing).code, Some(2));
    let version: Vec<&OsStr> = ["version", path].into_iter().map(OsStr::new).collect();
    assert_eq!(shell("exec \"$@\" >/dev/full", &version).code, Some(1));
    assert_eq!(shell("exec \"$@\" >&-", &version).code, Some(1));
    // An output that takes everything, or that nothing is written to, is not an error.
    assert_eq!(shell("exec \"$@\" >/dev/null", &version).code, Some(0));
    assert_eq!(
        shell("exec \"$@\" <>/dev/null 1<>/dev/null", &version).code,
        Some(0)
    );
    let file: Vec<&OsStr> = ["scan", path, "-o", "/dev/null"]
        .into_iter()
        .map(OsStr::new)
        .collect();
    assert_eq!(shell("exec \"$@\" >&-", &file).code, Some(0));
    sound(&shell("exec \"$@\" /nowhere 2>/dev/full", &version));
}

/// Signals that this process ignores, one bit each from signal 1 on.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    mask.map_or(0, |m| u64::from_str_radix(m.trim(), 16).unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_scan_under_nohup_outlives_the_terminal() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    let mut child = Command::new("sh")
        .args([
            "-c",
            "trap '' HUP; exec \"$0\" scan --format=ndjson \"$1\" -",
        ])
        .arg(env!("CARGO_BIN_EXE_gospect"))
        .arg(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: after writing it, the scan is running and reading.
    let bytes = std::fs::read(&program).unwrap();
    let (first, rest) = bytes.split_at(256 << 10);
    stdin.write_all(first).unwrap();
    assert!(sh(&format!("kill -HUP {}", child.id()), scratch.path()));
    stdin.write_all(rest).unwrap();
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{:?}", out.status);
    assert_eq!(
        types(&String::from_utf8(out.stdout).unwrap())
            .last()
            .unwrap(),
        "end"
    );
}

/// On interruption there are complete lines, no `end`, and the exit status of the signal.
#[test]
fn an_interrupted_scan_leaves_whole_lines() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    for n in 0..40 {
        std::fs::hard_link(&program, scratch.path().join(format!("link{n}"))).unwrap();
    }
    for signal in ["INT", "TERM"] {
        let number = if signal == "INT" { 2 } else { 15 };
        if ignored() >> (number - 1) & 1 == 1 {
            crate::support::skipped("signals", signal);
            continue;
        }
        // The second target never ends, because standard input stays open.
        let mut child = command()
            .args(["scan", "--format=ndjson", "--jobs=1"])
            .args([scratch.path().as_os_str(), "-".as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        stdout.read_line(&mut text).unwrap();
        // More than a pipe holds: after writing it, the records of the directory have been written and the scan waits for input.
        let mut stdin = child.stdin.take().unwrap();
        let bytes = std::fs::read(&program).unwrap();
        stdin.write_all(&bytes[..256 << 10]).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let kill = format!("kill -{signal} {}", child.id());
        assert!(sh(&kill, scratch.path()));
        stdout.read_to_string(&mut text).unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{status:?}");
        let types = types(&text);
        assert_eq!(types[0], "run");
        assert!(types.iter().any(|t| t == "binary"));
        assert!(!types.contains(&"end".to_owned()));
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert!(stderr.contains("interrupted"), "{stderr}");
        // Incomplete records are not judged.
        let partial = scratch.put("partial.ndjson", text.as_bytes());
        let out = run(&["audit", &format!("records:{}", partial.display())]);
        assert_eq!(out.code, Some(2));
        assert!(
            out.stderr.contains("without their `end` line"),
            "{}",
            out.stderr
        );
        std::fs::remove_file(partial).unwrap();
    }
}

/// With too little memory it may fail, but not with half a line.
#[test]
fn little_memory_leaves_whole_lines() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    for n in 0..20 {
        std::fs::hard_link(&program, scratch.path().join(format!("link{n}"))).unwrap();
    }
    let args = ["scan", "--format=ndjson", "--jobs=2", "--memory=16M"].map(OsStr::new);
    let args = [&args[..], &[scratch.path().as_os_str()]].concat();
    let mut passed = 0;
    for kib in [20_000, 40_000, 60_000, 100_000, 200_000, 400_000] {
        let out = shell(&format!("ulimit -v {kib}; exec \"$@\""), &args);
        assert!(!out.stderr.contains("panicked"), "{}", out.stderr);
        types(&out.stdout);
        passed += usize::from(out.code == Some(0));
    }
    assert!(passed >= 1, "400 MB of address space are enough");
}

/// The small hostile files in all formats, each within its memory.
#[test]
fn the_hostile_collection_is_scanned_in_little_memory() {
    let collection = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/hostile");
    let mut files: Vec<_> = std::fs::read_dir(&collection)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 40);
    for file in files.iter().chain([&collection]) {
        let mut args = os(&["scan", "--memory=64M", "--jobs=2", "--format=ndjson"]);
        args.push(file.into());
        let refs: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
        // Address space, not memory: threads and their stacks count too.
        let out = shell("ulimit -v 400000; exec timeout 900 \"$@\"", &refs);
        let what = file.display();
        sound(&out);
        assert_eq!(
            types(&out.stdout).last().map(String::as_str),
            Some("end"),
            "{what}: {}",
            out.stderr
        );
        let invented = out
            .stdout
            .lines()
            .any(|l| l.starts_with("{\"type\":\"binary\""));
        assert!(!invented, "{what} is no Go program: {}", out.stdout);
        harmless(&what.to_string(), out.stderr.as_bytes());
    }
    // An argument with bytes that are not UTF-8.
    let odd = in_time(&["scan".into(), OsStr::from_bytes(b"\xff\xfe").into()]);
    assert_eq!(odd.code, Some(2));
}

/// A file written with `-o` is complete or unchanged.
#[test]
fn no_interruption_leaves_half_a_file() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    std::fs::create_dir(scratch.path().join("d")).unwrap();
    for n in 0..40 {
        std::fs::hard_link(&program, scratch.path().join(format!("d/link{n}"))).unwrap();
    }
    let leftovers = || {
        let names = std::fs::read_dir(scratch.path()).unwrap();
        names
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|n| n.ends_with(".part"))
            .collect::<Vec<_>>()
    };
    let out_file = scratch.path().join("out");
    for (format, lines) in [
        ("json", false),
        ("html", false),
        ("ndjson", true),
        ("csv", true),
    ] {
        let flag = format!("--format={format}");
        // A limit on file size: that of the whole result, and less.
        std::fs::write(&out_file, "before").unwrap();
        let args = ["scan", &flag, "-o", "out", "d"].map(OsStr::new);
        let cd = format!(
            "cd '{}'; ulimit -f 8; exec \"$@\"",
            scratch.path().display()
        );
        let out = shell(&cd, &args);
        assert_eq!(out.code, Some(2), "{format}: {}", out.stderr);
        let text = std::fs::read_to_string(&out_file).unwrap();
        match lines {
            true => assert!(
                text.ends_with('\n') && out.stderr.contains("complete lines"),
                "{format}"
            ),
            false => assert!(
                text == "before" && out.stderr.contains("as it was"),
                "{format}"
            ),
        }
        assert_eq!(leftovers(), Vec::<String>::new(), "{format}");
        if ignored() >> 14 & 1 == 1 {
            crate::support::skipped("signals", "TERM");
            continue;
        }
        // Interrupted: the second target never ends.
        let mut child = command()
            .args(["scan", &flag, "-o", "out", "d", "-"])
            .current_dir(scratch.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = std::fs::read(&program).unwrap();
        // More than a pipe holds: after it is read, the signal handler is installed.
        stdin.write_all(&bytes[..256 << 10]).unwrap();
        assert!(sh(&format!("kill -TERM {}", child.id()), scratch.path()));
        let mut stderr = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(15), "{format}: {status:?}");
        assert!(stderr.contains("interrupted: out"), "{format}: {stderr}");
        let text = std::fs::read_to_string(&out_file).unwrap();
        match lines {
            true => assert!(text.is_empty() || text.ends_with('\n'), "{format}"),
            false => assert_eq!(text, "before", "{format}"),
        }
        assert_eq!(leftovers(), Vec::<String>::new(), "{format}");
        // Without interference, the file is complete.
        let out = run(&[
            "scan",
            &flag,
            "-o",
            out_file.to_str().unwrap(),
            scratch.path().join("d").to_str().unwrap(),
        ]);
        assert_eq!(out.code, Some(0), "{format}: {}", out.stderr);
        assert!(
            std::fs::metadata(&out_file).unwrap().len() > 8 << 10,
            "{format}"
        );
        assert_eq!(leftovers(), Vec::<String>::new(), "{format}");
    }
}

/// With many threads in a small address space, fewer are used and a message says so.
#[test]
fn a_small_address_space_gets_fewer_threads() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture(PROGRAM);
    for n in 0..40 {
        std::fs::hard_link(&program, scratch.path().join(format!("link{n}"))).unwrap();
    }
    for jobs in ["8", "64"] {
        let jobs = format!("--jobs={jobs}");
        let args = ["scan", "--format=ndjson", "--memory=64M", &jobs].map(OsStr::new);
        let args = [&args[..], &[scratch.path().as_os_str()]].concat();
        let out = shell("ulimit -v 300000; exec \"$@\"", &args);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        assert!(
            out.stderr.contains("threads: 1 instead of"),
            "{}",
            out.stderr
        );
        assert_eq!(types(&out.stdout).last().unwrap(), "end");
    }
}
