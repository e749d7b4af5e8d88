//! `gospect db`, and the vulnerability databases that `--db` takes: every layout gives the same facts, and damaged ones are refused.

use crate::support::cli::{Output, Scratch, command, finish, run};
use gospect::audit::Date;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The documents of testdata/vulndb: name and text.
fn documents() -> Vec<(String, Vec<u8>)> {
    let folder = samples();
    let mut found = Vec::new();
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            found.push((name, std::fs::read(&path).unwrap()));
        }
    }
    found.sort();
    assert!(found.len() > 5);
    found
}

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vulndb")
}

/// A zip of stored members.
fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, body) in members {
        let mut crc = flate2::Crc::new();
        crc.update(body);
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        let mut common = b"\x14\0\0\0\0\0\0\0\0\0".to_vec();
        common.extend(crc.sum().to_le_bytes());
        common.extend([length, length].concat());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend(b"\0\0");
        let at = u32::try_from(out.len()).unwrap().to_le_bytes();
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), body].concat());
        let attributes = (0o100_644u32 << 16).to_le_bytes();
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend(b"\0\0\0\0\0\0");
        directory.extend([attributes, at].concat());
        directory.extend(name.as_bytes());
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    let start = u32::try_from(out.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([length, start].concat());
    out.extend(b"\0\0");
    out
}

/// The command with its cache below a folder, and without a proxy.
fn offline(home: &Path) -> Command {
    let mut command = command();
    command.env("HOME", home).env("LOCALAPPDATA", home);
    command.env("XDG_CACHE_HOME", home.join("cache"));
    command.env("GOPROXY", "off").env("GOENV", "off");
    command
}

fn status(home: &Path, args: &[&str]) -> Output {
    let mut command = offline(home);
    finish(
        command
            .args(["db", "status", "--format", "json"])
            .args(args),
    )
}

fn facts(out: &Output) -> Value {
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    serde_json::from_str(&out.stdout).unwrap()
}

#[test]
fn every_layout_gives_the_same_facts() {
    let scratch = Scratch::new();
    let module = "golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018";
    let ids: Vec<Value> = documents()
        .iter()
        .map(|(name, _)| json!({ "id": name.trim_end_matches(".json") }))
        .collect();
    let at = |folder: &str| -> Vec<(String, Vec<u8>)> {
        let moved = documents().into_iter();
        moved
            .map(|(name, body)| (format!("{folder}{name}"), body))
            .collect()
    };
    let mut served = at("ID/");
    served.push((
        "index/db.json".to_owned(),
        br#"{"modified":"2026-11-05T23:49:57Z"}"#.to_vec(),
    ));
    served.push((
        "index/vulns.json".to_owned(),
        serde_json::to_vec(&ids).unwrap(),
    ));
    served.push(("index/modules.json".to_owned(), b"[]".to_vec()));
    let mut root = at(&format!("{module}/data/osv/"));
    root.push((
        format!("{module}/data/cve/v5/GO-2024-2687.json"),
        b"{}".to_vec(),
    ));
    root.push((
        format!("{module}/go.mod"),
        b"module golang.org/x/vulndb\n".to_vec(),
    ));
    let mut export = at("");
    export.push(("README.md".to_owned(), b"all of them".to_vec()));
    for (name, files, dated) in [
        ("served", &served, true),
        ("root", &root, true),
        ("flat", &export, false),
    ] {
        for (file, body) in files {
            scratch.put(&format!("{name}/{file}"), body);
        }
        scratch.put(&format!("{name}.zip"), &zip(files));
        let folder = match name {
            "root" => format!("{name}/{module}"),
            _ => name.to_owned(),
        };
        for path in [
            scratch.path().join(&folder),
            scratch.path().join(format!("{name}.zip")),
        ] {
            let text = path.to_str().unwrap();
            let found = facts(&status(scratch.path(), &["--db", text]));
            assert_eq!(found["source"], text);
            assert_eq!(found["entries"], 7, "{text}");
            assert_eq!(found["reviewed"], 6, "{text}");
            assert_eq!(found["unreviewed"], 1, "{text}");
            assert_eq!(found["withdrawn"], 1, "{text}");
            let date = dated.then_some("2026-11-05T23:49:57Z");
            assert_eq!(found["date"], json!(date), "{text}");
            let url = facts(&status(
                scratch.path(),
                &["--db", &format!("file://{text}")],
            ));
            assert_eq!(url["entries"], 7);
        }
    }
    // The inner folder, which has the documents.
    let inner = scratch.path().join("served/ID");
    assert_eq!(
        facts(&status(scratch.path(), &["--db", inner.to_str().unwrap()]))["entries"],
        7
    );
}

#[test]
fn entries_of_other_databases_are_marked() {
    let scratch = Scratch::new();
    let mut export = documents();
    let same = br#"{"id":"GHSA-4v7x-pqxf-cx7m","affected":[{"package":{"ecosystem":"Go","name":"golang.org/x/net"}}]}"#;
    let only = br#"{"id":"GHSA-2222-2222-2222","affected":[{"package":{"ecosystem":"Go","name":"example.com/m"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"last_affected":"1.2.3"}]}],"database_specific":{"x":1}}]}"#;
    let other =
        br#"{"id":"PYSEC-2024-1","affected":[{"package":{"ecosystem":"PyPI","name":"x"}}]}"#;
    for (name, body) in [
        ("GHSA-4v7x-pqxf-cx7m.json", &same[..]),
        ("GHSA-2222-2222-2222.json", only),
        ("PYSEC-2024-1.json", other),
    ] {
        export.push((name.to_owned(), body.to_vec()));
    }
    let path = scratch.put("all.zip", &zip(&export));
    let found = facts(&status(scratch.path(), &["--db", path.to_str().unwrap()]));
    assert_eq!(
        (&found["entries"], &found["foreign"]),
        (&json!(8), &json!(1))
    );
}

#[test]
#[allow(clippy::type_complexity)]
fn a_database_with_an_unreadable_part_is_refused() {
    let scratch = Scratch::new();
    let flood = std::fs::read(samples().join("GO-2024-2687.json")).unwrap();
    let text = String::from_utf8(flood.clone()).unwrap();
    let lying = text.replace("\"introduced\": \"0\"", "\"fixed\": \"0.1.0\"");
    let hostile = text.replace("golang.org/x/net", "golang.org/x/\\u001b[2Jnet");
    let large = [&flood[..], &vec![b' '; 5 << 20]].concat();
    type Row<'r> = (&'r str, &'r [(&'r str, &'r [u8])], &'r str);
    let files: [Row<'_>; 10] = [
        (
            "cut",
            &[("GO-2024-2687.json", &flood[..flood.len() / 2])],
            "GO-2024-2687.json: EOF",
        ),
        ("empty", &[("readme.txt", b"")], "there is none"),
        (
            "page",
            &[("GO-2024-2687.json", b"<html>")],
            "GO-2024-2687.json: expected",
        ),
        (
            "name",
            &[("GO-2024-0001.json", &flood)],
            "is about GO-2024-2687",
        ),
        ("large", &[("GO-2024-2687.json", &large)], "is longer than"),
        (
            "range",
            &[("GO-2024-2687.json", lying.as_bytes())],
            "without beginning",
        ),
        (
            "hostile",
            &[("GO-2024-2687.json", hostile.as_bytes())],
            "a module path",
        ),
        (
            "missing",
            &[
                ("ID/GO-2024-2687.json", &flood),
                (
                    "index/vulns.json",
                    br#"[{"id":"GO-2024-2687"},{"id":"GO-2024-9999"}]"#,
                ),
            ],
            "lists GO-2024-9999, which does not exist",
        ),
        (
            "list",
            &[
                ("ID/GO-2024-2687.json", &flood),
                ("index/vulns.json", br#"[{"id""#),
            ],
            "index/vulns.json: EOF",
        ),
        (
            "others",
            &[("a.json", br#"{"id":"PYSEC-1","affected":[]}"#)],
            "no entries about Go modules",
        ),
    ];
    for (name, files, expected) in files {
        let members: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(file, body)| ((*file).to_owned(), body.to_vec()))
            .collect();
        for (file, body) in &members {
            scratch.put(&format!("{name}/{file}"), body);
        }
        scratch.put(&format!("{name}.zip"), &zip(&members));
        for path in [
            scratch.path().join(name),
            scratch.path().join(format!("{name}.zip")),
        ] {
            let out = status(scratch.path(), &["--db", path.to_str().unwrap()]);
            assert_eq!(
                (out.code, out.stdout.as_str()),
                (Some(2), ""),
                "{name}: {}",
                out.stderr
            );
            assert!(out.stderr.contains(expected), "{name}: {}", out.stderr);
            assert!(
                out.stderr
                    .starts_with("gospect: the vulnerability database "),
                "{}",
                out.stderr
            );
            assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
            assert!(!out.stderr.contains('\u{1b}'), "{}", out.stderr);
        }
    }
}

#[test]
fn cut_and_changed_zips_are_refused() {
    let scratch = Scratch::new();
    let whole = zip(&documents());
    let twice = zip(&[documents(), documents()].concat());
    let mut changed = whole.clone();
    let at = whole.windows(7).position(|w| w == b"\"fixed\"").unwrap();
    changed[at + 2] ^= 1;
    for (name, bytes) in [
        ("half.zip", &whole[..whole.len() / 2]),
        ("short.zip", &whole[..whole.len() - 10]),
        ("changed.zip", &changed),
        ("twice.zip", &twice),
        ("magic.zip", b"PK\x03\x04"),
    ] {
        let path = scratch.put(name, bytes);
        let out = status(scratch.path(), &["--db", path.to_str().unwrap()]);
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (Some(2), ""),
            "{name}: {}",
            out.stderr
        );
        assert_eq!(out.stderr.lines().count(), 1, "{name}: {}", out.stderr);
    }
}

#[cfg(unix)]
#[test]
fn circles_of_links_and_pipes_are_named_and_not_waited_for() {
    let scratch = Scratch::new();
    let folder = scratch.path().join("db");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("GO-2024-2687.json", folder.join("GO-2024-2687.json")).unwrap();
    std::os::unix::fs::symlink(".", folder.join("ID")).unwrap();
    let out = status(scratch.path(), &["--db", folder.to_str().unwrap()]);
    assert_eq!(out.code, Some(2), "{}", out.stdout);
    assert!(out.stderr.contains("GO-2024-2687.json: "), "{}", out.stderr);
    std::fs::remove_file(folder.join("GO-2024-2687.json")).unwrap();
    let pipe = folder.join("GO-2024-2687.json");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for path in [&folder, &pipe] {
        let out = status(scratch.path(), &["--db", path.to_str().unwrap()]);
        assert_eq!(out.code, Some(2), "{}", out.stdout);
    }
}

#[test]
fn an_update_replaces_the_cache_whole_or_not_at_all() {
    let scratch = Scratch::new();
    let home = scratch.path();
    let before = facts(&status(home, &[]));
    let source = before["source"].as_str().unwrap();
    assert!(
        source.starts_with("golang.org/x/vulndb@v0.0.0-"),
        "{source}"
    );
    assert_eq!(before["summaries"], false);
    let update = |from: &Path| finish(offline(home).args(["db", "update", "--from"]).arg(from));
    // Newer than the built-in one by its date.
    let mut files: Vec<(String, Vec<u8>)> = documents()
        .into_iter()
        .map(|(name, body)| (format!("ID/{name}"), body))
        .collect();
    files.push((
        "index/db.json".to_owned(),
        br#"{"modified":"2999-01-01T00:00:00Z"}"#.to_vec(),
    ));
    let new = scratch.put("new.zip", &zip(&files));
    let out = update(&new);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    assert!(out.stdout.contains("entries    7 about"), "{}", out.stdout);
    assert!(out.stdout.contains("CC-BY-4.0"), "{}", out.stdout);
    let found = facts(&status(home, &[]));
    assert_eq!(
        (&found["entries"], &found["age_days"]),
        (&json!(7), &Value::Null)
    );
    // A failed update leaves the old database.
    let bad = scratch.put("bad.zip", &zip(&files)[..500]);
    assert_eq!(update(&bad).code, Some(2));
    assert_eq!(facts(&status(home, &[]))["entries"], 7);
    // A cached file is a database of its own, for machines without a network.
    let cached = PathBuf::from(found["cache"].as_str().unwrap());
    let copy = facts(&status(
        home,
        &["--cache", "off", "--db", cached.to_str().unwrap()],
    ));
    assert_eq!(copy["entries"], 7);
    assert_eq!(
        facts(&status(home, &["--cache", "off"]))["entries"],
        before["entries"]
    );
    // A damaged database is reported, not ignored.
    let mut bytes = std::fs::read(&cached).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&cached, &bytes).unwrap();
    let out = status(home, &[]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("damaged") && out.stderr.contains("gospect db update"),
        "{}",
        out.stderr
    );
    assert_eq!(update(&new).code, Some(0));
    // An older database does not replace the built-in one.
    files.pop();
    files.push((
        "index/db.json".to_owned(),
        br#"{"modified":"2001-01-01T00:00:00Z"}"#.to_vec(),
    ));
    let old = scratch.put("old.zip", &zip(&files));
    assert_eq!(update(&old).code, Some(0));
    assert_eq!(facts(&status(home, &[]))["entries"], before["entries"]);
}

#[test]
fn the_age_of_a_database_can_be_a_condition() {
    let scratch = Scratch::new();
    let made = |date: &str| {
        let mut files: Vec<(String, Vec<u8>)> = documents()
            .into_iter()
            .map(|(name, body)| (format!("ID/{name}"), body))
            .collect();
        files.push((
            "index/db.json".to_owned(),
            format!(r#"{{"modified":"{date}"}}"#).into_bytes(),
        ));
        scratch.put(&format!("{date}.zip"), &zip(&files))
    };
    let old = made("2001-01-01T00:00:00Z");
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    let new = made(&format!("{}T00:00:00Z", Date::from_unix(now.as_secs())));
    let of_future = made("2999-01-01T00:00:00Z");
    let age = |path: &Path| {
        status(
            scratch.path(),
            &["--max-db-age", "30", "--db", path.to_str().unwrap()],
        )
    };
    let out = age(&old);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("days old, --max-db-age allows 30"),
        "{}",
        out.stderr
    );
    assert_eq!(age(&new).code, Some(0));
    // Such a date would make the database new for ever.
    let out = age(&of_future);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("in the future"), "{}", out.stderr);
    let out = status(scratch.path(), &["--db", of_future.to_str().unwrap()]);
    assert_eq!(facts(&out)["age_days"], Value::Null);
    let out = age(&samples());
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr.contains("does not say when it was made"),
        "{}",
        out.stderr
    );
}

#[test]
fn without_a_proxy_an_update_says_what_to_do() {
    let scratch = Scratch::new();
    let update = |variables: &[(&str, &str)]| {
        let mut command = offline(scratch.path());
        command.envs(variables.iter().copied());
        finish(command.args(["db", "update"]))
    };
    let folder = format!("file://{}", scratch.path().display());
    for (variables, expected) in [
        (&[][..], "GOPROXY=off forbids"),
        (
            &[("GOPROXY", "direct")],
            "which gospect does not do; set GOPROXY",
        ),
        (&[("GOPROXY", "")], "GOPROXY is not set"),
        (&[("GOPROXY", folder.as_str())], "no module proxy has it"),
        (
            &[("GOPROXY", folder.as_str()), ("GOPRIVATE", "golang.org/x")],
            "GONOPROXY or GOPRIVATE matches it",
        ),
    ] {
        let mut command = offline(scratch.path());
        command.envs(variables.iter().copied());
        // No `go` command to ask.
        command.env("PATH", scratch.path());
        let out = match expected {
            "GOPROXY is not set" => finish(command.args(["db", "update"])),
            _ => update(variables),
        };
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (Some(2), ""),
            "{variables:?}: {}",
            out.stderr
        );
        assert!(
            out.stderr.contains(expected),
            "{variables:?}: {}",
            out.stderr
        );
    }
}

#[test]
fn an_address_without_tls_is_asked_only_on_this_machine() {
    let out = run(&["db", "status", "--db", "http://vuln.example/vulndb.zip"]);
    assert_eq!(out.code, Some(2));
    assert!(out.stderr.contains("without TLS"), "{}", out.stderr);
    let out = run(&["db", "status", "--db", "https://me:secret@vuln.example/"]);
    assert_eq!(out.code, Some(2));
    assert!(!out.stderr.contains("secret"), "{}", out.stderr);
}

/// The version that testdata/goproxy has the sum of.
const VERSION: &str = "v0.0.0-20261105234957-e22db6528018";

/// A proxy in a folder: these documents as the module golang.org/x/vulndb, and what the checksum database really says about that version.
fn proxy(scratch: &Scratch) -> String {
    let zipped: Vec<(String, Vec<u8>)> = documents()
        .into_iter()
        .map(|(name, body)| {
            (
                format!("golang.org/x/vulndb@{VERSION}/data/osv/{name}"),
                body,
            )
        })
        .collect();
    scratch.put(
        &format!("proxy/golang.org/x/vulndb/@v/{VERSION}.zip"),
        &zip(&zipped),
    );
    scratch.put(
        "proxy/golang.org/x/vulndb/@v/list",
        format!("{VERSION}\n").as_bytes(),
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/goproxy");
    let mut folders = vec![root.join("sumdb")];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            scratch.put(&format!("proxy/{name}"), &std::fs::read(&path).unwrap());
        }
    }
    format!("file://{}", scratch.path().join("proxy").display())
}

#[cfg(unix)]
#[test]
fn a_proxy_that_sends_another_module_is_found_out() {
    let scratch = Scratch::new();
    let url = proxy(&scratch);
    let update = |variables: &[(&str, &str)]| {
        let mut command = offline(scratch.path());
        command.env("GOPROXY", &url).envs(variables.iter().copied());
        finish(command.args(["db", "update"]))
    };
    let lie = update(&[]);
    assert_eq!(
        (lie.code, lie.stdout.as_str()),
        (Some(2), ""),
        "{}",
        lie.stderr
    );
    assert!(
        lie.stderr
            .contains("SECURITY: the zip of golang.org/x/vulndb@"),
        "{}",
        lie.stderr
    );
    assert!(
        lie.stderr
            .contains("h1:mfngRv0Yoh0VApsXKEN82CjD99kl7mtparN3bs3JnqI="),
        "{}",
        lie.stderr
    );
    assert!(!scratch.path().join("cache/gospect/vulndb.bin").exists());
    // If verification is turned off, a message says so.
    for (variables, expected) in [
        ([("GOSUMDB", "off")], "not verified: GOSUMDB=off"),
        (
            [("GONOSUMDB", "golang.org/x")],
            "not verified: GONOSUMDB or GOPRIVATE",
        ),
    ] {
        let out = update(&variables);
        assert_eq!(out.code, Some(0), "{}", out.stderr);
        assert!(out.stderr.contains(expected), "{}", out.stderr);
        assert!(
            out.stdout
                .contains(&format!("golang.org/x/vulndb@{VERSION}")),
            "{}",
            out.stdout
        );
        assert!(
            out.stdout.contains("2026-11-05T23:49:57Z"),
            "{}",
            out.stdout
        );
        let again = update(&variables);
        assert!(
            again.stderr.contains("is in the cache already"),
            "{}",
            again.stderr
        );
        std::fs::remove_file(scratch.path().join("cache/gospect/vulndb.bin")).unwrap();
    }
    // A tile of the proof with one byte changed, and a record with another sum.
    let sumdb = scratch.path().join("proxy/sumdb/sum.golang.org");
    let record = sumdb.join(format!("lookup/golang.org/x/vulndb@{VERSION}"));
    for (path, expected) in [
        (sumdb.join("tile/8/1/x001/081"), "is not in its signed tree"),
        (record, ""),
    ] {
        let honest = std::fs::read(&path).unwrap();
        let mut bytes = honest.clone();
        bytes[70] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        std::fs::remove_dir_all(scratch.path().join("cache")).unwrap();
        let out = update(&[]);
        assert_eq!(out.code, Some(2), "{}", out.stderr);
        assert!(
            out.stderr.contains("SECURITY: ") && out.stderr.contains(expected),
            "{}",
            out.stderr
        );
        assert!(!out.stderr.contains("the zip of"), "{}", out.stderr);
        std::fs::write(&path, &honest).unwrap();
    }
}

/// Serves the files of a folder on the loopback.
fn serve(folder: PathBuf) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(&stream).lines();
            let first = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|l| l.is_ok_and(|l| !l.is_empty())) {}
            let path = first.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match std::fs::read(folder.join(path)) {
                Ok(body) => (200, body),
                Err(_) => (404, Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    format!("http://{address}")
}

#[test]
fn a_server_gives_what_its_files_give() {
    let scratch = Scratch::new();
    let ids: Vec<Value> = documents()
        .iter()
        .map(|(name, _)| json!({ "id": name.trim_end_matches(".json") }))
        .collect();
    for (name, body) in documents() {
        scratch.put(&format!("served/ID/{name}"), &body);
    }
    scratch.put(
        "served/index/vulns.json",
        &serde_json::to_vec(&ids).unwrap(),
    );
    scratch.put(
        "served/index/db.json",
        br#"{"modified":"2026-11-05T23:49:57Z"}"#,
    );
    scratch.put("served/some.zip", &zip(&documents()));
    scratch.put("served/bad.zip", b"<html>");
    let url = serve(scratch.path().join("served"));
    for (path, dated) in [("/", true), ("", true), ("/some.zip", false)] {
        let found = facts(&status(scratch.path(), &["--db", &format!("{url}{path}")]));
        assert_eq!(
            (&found["entries"], &found["reviewed"]),
            (&json!(7), &json!(6))
        );
        assert_eq!(found["date"].is_string(), dated, "{path}");
    }
    for path in ["/bad.zip", "/none.zip", "/none"] {
        let out = status(scratch.path(), &["--db", &format!("{url}{path}")]);
        assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""), "{path}");
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    }
    // A document that is listed, but missing.
    std::fs::remove_file(scratch.path().join("served/ID/GO-2024-2687.json")).unwrap();
    let out = status(scratch.path(), &["--db", &url]);
    assert_eq!(out.code, Some(2));
    assert!(
        out.stderr
            .contains("GO-2024-2687.json: is listed, but does not exist"),
        "{}",
        out.stderr
    );
    // A zip is used before single documents.
    scratch.put("served/vulndb.zip", &zip(&documents()));
    assert_eq!(
        facts(&status(scratch.path(), &["--db", &url]))["entries"],
        7
    );
}

#[test]
fn lists_of_severities_are_shown_and_sort_and_gate_findings() {
    let scratch = Scratch::new();
    let program = scratch.put_fixture("1.22-linux-amd64-strip");
    let program = program.to_str().unwrap();
    let vuln = |args: &[&str]| {
        let mut command = offline(scratch.path());
        finish(
            command
                .args(["vuln", "--level", "module"])
                .args(args)
                .arg(program),
        )
    };
    let out = vuln(&["--format", "json"]);
    assert_eq!(out.code, Some(1), "{}", out.stderr);
    assert!(!out.stdout.contains("\"severity\""));
    let found: Value = serde_json::from_str(&out.stdout).unwrap();
    let cves: Vec<&str> = found["programs"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["aliases"][0].as_str().filter(|a| a.starts_with("CVE-")))
        .collect();
    let (first, last) = (cves[0], cves[cves.len() - 1]);
    assert_ne!(first, last);
    let cvss = scratch.put(
        "cvss.csv",
        format!("cve,cvss\n{first},5.5\n{last},9.8\n").as_bytes(),
    );
    let kev = format!(r#"{{"vulnerabilities":[{{"cveID":"{first}"}}]}}"#);
    let kev = scratch.put("kev.json", kev.as_bytes());
    let lists = [
        "--severity",
        cvss.to_str().unwrap(),
        "--severity",
        kev.to_str().unwrap(),
    ];
    let out = vuln(&[&lists[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&out.stdout).unwrap();
    let rated: Vec<&Value> = found["programs"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["severity"].is_object())
        .collect();
    for finding in &rated {
        let is_first = finding["aliases"][0] == first;
        let cvss = if is_first { 5.5 } else { 9.8 };
        let expected = json!({ "exploited": is_first, "cvss": cvss });
        assert_eq!(finding["severity"], expected);
    }
    let text = vuln(&lists).stdout;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    assert!(at("exploited, CVSS 5.5") < at("CVSS 9.8"), "{text}");
    for (condition, code) in [
        ("cvss=9.8", 1),
        ("cvss=9.9", 0),
        ("exploited", 1),
        // No list has scores of EPSS.
        ("epss=0.1", 2),
    ] {
        let out = vuln(&[&lists[..], &["--fail-severity", condition]].concat());
        assert_eq!(out.code, Some(code), "{condition}");
    }
    let bad = scratch.put("bad.csv", b"cve,cvss\nCVE-1,high\n");
    let out = vuln(&["--severity", bad.to_str().unwrap()]);
    assert_eq!((out.code, out.stdout.as_str()), (Some(2), ""));
    assert!(out.stderr.contains("bad.csv: \"high\""), "{}", out.stderr);
    assert_eq!(vuln(&["--fail-severity", "exploited"]).code, Some(2));
}
