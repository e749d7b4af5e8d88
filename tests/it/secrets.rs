//! Safety: credentials of registries never appear in messages or records, scanned files are never run, and the file system is not
//! changed.

use crate::support::cli::{Scratch, command, finish};
use crate::support::fixture;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

const USER: &str = "robot-user";
const PASSWORD: &str = "hunter2-s3cret";
/// `robot-user:hunter2-s3cret`.
const BASIC: &str = "cm9ib3QtdXNlcjpodW50ZXIyLXMzY3JldA==";
const IDENTITY: &str = "identity-s3cret";
const TOKEN: &str = "bearer-s3cret";

/// A registry that sends back what it received, in every place that an error could quote.
fn serve(stream: TcpStream, port: u16, answer: usize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut authorization) = (String::new(), String::new());
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if line.to_ascii_lowercase().starts_with("authorization:") {
            authorization = line["authorization:".len()..].trim().to_owned();
        }
    }
    let ask = match answer % 2 {
        0 => "Basic realm=\"r\"".to_owned(),
        _ => format!("Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"s\""),
    };
    let echo = if authorization.is_empty() {
        PASSWORD.to_owned()
    } else {
        authorization.clone()
    };
    let reply = |status: &str, headers: &str, body: &str| {
        format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let text = if target.starts_with("/token") {
        match answer / 2 % 4 {
            0 => reply("200 OK", "", &format!("{{\"token\":\"{TOKEN}\"}}")),
            1 => reply(
                &format!("403 {echo}"),
                &format!("X-Echo: {echo}\r\n"),
                &echo,
            ),
            2 => reply("200 OK", "", &format!("{{\"token\":\"{TOKEN} {PASSWORD}")),
            _ => reply(
                "200 OK",
                "",
                &format!("{{\"token\":\"{TOKEN}\\u001b[31m\"}}"),
            ),
        }
    } else if authorization.is_empty() {
        reply(
            "401 Unauthorized",
            &format!("WWW-Authenticate: {ask}\r\n"),
            "",
        )
    } else {
        match answer / 2 {
            0 => reply(
                &format!("401 {echo}"),
                &format!("WWW-Authenticate: {ask}\r\n"),
                &echo,
            ),
            1 => reply(&format!("500 {echo}"), "", &echo),
            2 => reply(
                "302 Found",
                &format!("Location: http://example.com/?auth={echo}\r\n"),
                &echo,
            ),
            3 => reply(
                "302 Found",
                &format!("Location: http://{USER}:{PASSWORD}@127.0.0.1:1/\r\n"),
                "",
            ),
            4 => reply("302 Found", &format!("Location: ://{echo}\r\n"), ""),
            5 => reply(
                "200 OK",
                "Content-Type: application/json\r\n",
                &format!("{{\"{echo}"),
            ),
            6 => reply(
                "200 OK",
                "",
                &format!(
                    "{{\"schemaVersion\":2,\"config\":{{\"digest\":\"sha256:{echo}\"}},\"layers\":[]}}"
                ),
            ),
            7 => format!("{echo}\r\n\r\n"),
            _ => format!("HTTP/1.1 200 OK\r\n{echo}\r\nContent-Length: 5\r\n\r\n"),
        }
    };
    (&stream).write_all(text.as_bytes())
}

#[test]
fn no_message_and_no_record_holds_a_credential() {
    let scratch = Scratch::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let current = answer.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = current.load(std::sync::atomic::Ordering::SeqCst);
            std::thread::spawn(move || serve(stream, port, answer));
        }
    });
    let host = format!("127.0.0.1:{port}");
    let configs = [
        format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{BASIC}\"}}}}}}"),
        format!("{{\"auths\":{{\"{host}\":{{\"identitytoken\":\"{IDENTITY}\"}}}}}}"),
        // A syntax error after the secret.
        format!("{{\"auths\":{{\"{host}\":{{\"auth\":\"{BASIC}\",\"x\":{PASSWORD}}}}}}}"),
    ];
    let mut requests = 0;
    for (index, config) in configs.iter().enumerate() {
        scratch.put("config.json", config.as_bytes());
        for number in 0..18 {
            if index > 0 && number % 2 == 0 || index == 2 && number > 2 {
                continue;
            }
            answer.store(number, std::sync::atomic::Ordering::SeqCst);
            for args in [
                &["scan", "--format=ndjson"][..],
                &["scan", "--format=table"],
                &["audit", "--format=json"],
            ] {
                if args[0] == "audit" && number % 5 > 0
                    || args[1].ends_with("table") && number % 3 > 0
                {
                    continue;
                }
                let out = finish(
                    command()
                        .env("DOCKER_CONFIG", scratch.path())
                        .args(args)
                        .args(["--insecure-http", &format!("registry:{host}/team/app:1")]),
                );
                let all = format!("{}{}", out.stdout, out.stderr);
                for secret in [PASSWORD, BASIC, IDENTITY, TOKEN, USER] {
                    assert!(
                        !all.contains(secret),
                        "config {index}, answer {number}: {all}"
                    );
                }
                assert!(
                    !all.contains("panicked") && !out.stderr.contains('\u{1b}'),
                    "{all}"
                );
                assert!(
                    matches!(out.code, Some(0 | 2 | 3)),
                    "config {index}, answer {number}: {all}"
                );
                requests += 1;
            }
        }
    }
    assert!(requests > 30);
}

/// System calls that start a program, change the file system or use the network.
const CALLS: &str = "trace=execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,\
symlinkat,chmod,fchmod,fchmodat,chown,fchown,fchownat,truncate,ftruncate,utimensat,setxattr,mknod,mknodat,socket,connect,bind,sendto,ptrace,mount";

#[test]
fn nothing_is_run_and_nothing_written() {
    if !Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .status()
        .is_ok_and(|s| s.success())
    {
        crate::support::skipped("strace", "");
        return;
    }
    let scratch = Scratch::new();
    let tree = scratch.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    scratch.put_fixture("1.27-linux-amd64-hello-trimstrip");
    let program = fixture("1.27-linux-amd64-strip");
    scratch.put("tree/app", &program);
    scratch.put("tree/run.sh", b"#!/bin/sh\ntouch /tmp/gospect-was-here\n");
    scratch.put("tree/app.gz", &crate::support::derive::gzip(&program));
    // Large enough for a temporary file.
    let mut large = program.to_vec();
    large.resize(12 << 20, 0);
    scratch.put("tree/large.gz", &crate::support::derive::gzip(&large));
    assert!(
        Command::new("chmod")
            .args(["-R", "+x"])
            .arg(&tree)
            .status()
            .unwrap()
            .success()
    );
    let log = scratch.path().join("log");
    let output = scratch.path().join("asked-for");
    let beside = format!("{}/.asked-for.", scratch.path().display());
    let listing = || {
        let mut names: Vec<_> = std::fs::read_dir(&tree)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = listing();
    for args in [
        &["scan", "--hash"][..],
        &["audit"],
        &["sbom"],
        &["fips"],
        &["version", "-m"],
    ] {
        let clean = command();
        let mut traced = Command::new("strace");
        traced
            .args(["-f", "-qq", "-e", CALLS, "-o"])
            .arg(&log)
            .arg(clean.get_program());
        traced.args(args);
        if args[0] != "version" {
            traced.arg("--output").arg(&output);
        }
        let out = finish(traced.arg(&tree));
        assert!(matches!(out.code, Some(0..=3)), "{args:?}: {}", out.stderr);
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.lines().count() > 5, "strace saw nothing: {log}");
        let mut started = 0;
        // Descriptors of the temporary file beside --output, as text.
        let mut own = Vec::new();
        for line in log
            .lines()
            .filter(|l| !l.contains("--- SIG") && !l.contains("+++ "))
        {
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let name = call.split('(').next().unwrap_or_default();
            match name {
                "execve" => {
                    started += 1;
                    assert!(started == 1, "{args:?} starts a program: {line}");
                }
                "open" | "openat" | "openat2" => {
                    if call.contains(&beside) {
                        own.extend(call.rsplit(" = ").next().map(str::trim));
                    }
                    let reads = !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"]
                        .iter()
                        .any(|f| call.contains(f));
                    assert!(
                        reads
                            || call.contains("O_TMPFILE")
                            || call.contains(output.to_str().unwrap())
                            || call.contains(&beside),
                        "{args:?} writes: {line}"
                    );
                }
                // It gets the mode of the file that it replaces.
                "fchmod"
                    if own
                        .iter()
                        .any(|fd| call.starts_with(&format!("fchmod({fd},"))) => {}
                // The file of --output is written under another name beside it, which then replaces it.
                "rename" | "renameat" | "renameat2"
                    if call.contains(&beside) && call.contains(output.to_str().unwrap()) => {}
                // The temporary file on systems without unnamed ones.
                "unlink" | "unlinkat" if call.contains("/.tmp") => {}
                // The end of a call whose start was checked.
                _ if call.starts_with("<...") => {}
                // A thread that ended with the program before its first call: strace prints only its number.
                "???" if call.trim_end() == "???( <detached ...>" => {}
                _ => panic!("{args:?}: {line}"),
            }
        }
    }
    assert_eq!(listing(), before);
    assert!(!std::path::Path::new("/tmp/gospect-was-here").exists());
}
