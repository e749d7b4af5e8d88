//! Vulnerability databases behind `--db URL`: what servers do wrong is one line and exit code 2, and nothing is judged with a part of a database.

use crate::support::cli::{Output, Scratch, command, finish};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use test_support::archives::{ZipEntry, gzip, zip};

/// Writes the answer to a request for a path.
type Answer = dyn Fn(&str, &mut TcpStream) + Send + Sync;

/// A server on the loopback, and the paths that it was asked for.
struct Server {
    host: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, answer): (_, Arc<Answer>) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let Some(Ok(first)) = lines.next() else {
                    continue;
                };
                while lines.next().is_some_and(|l| l.is_ok_and(|l| !l.is_empty())) {}
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                log.lock().unwrap().push(path.clone());
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || answer(&path, &mut stream));
            }
        });
        Self { host, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn head(status: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{more}\r\n").into_bytes()
}

fn body(stream: &mut TcpStream, more: &str, body: &[u8]) {
    let more = format!("{more}Content-Length: {}\r\n", body.len());
    let _ = stream.write_all(&[head("200 OK", &more), body.to_vec()].concat());
}

fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/vulndb");
    std::fs::read(path.join(name)).unwrap()
}

/// A zip of one document, about golang.org/x/net.
fn database() -> Vec<u8> {
    zip(&[ZipEntry::deflated(
        "GO-2024-2687.json",
        &sample("GO-2024-2687.json"),
    )])
}

/// Judges a stored program with the database at an address.
fn vuln(scratch: &Scratch, url: &str) -> Output {
    let program = scratch.put_fixture("1.22-linux-amd64-strip");
    let mut command = command();
    command.args([
        "vuln",
        "--cache",
        "off",
        "--exit-zero",
        "--format",
        "json",
        "--db",
        url,
    ]);
    finish(command.arg(program))
}

fn refused(out: &Output, what: &str, url: &str) {
    assert_eq!(
        (out.code, out.stdout.as_str()),
        (Some(2), ""),
        "{url}: {}",
        out.stderr
    );
    assert_eq!(
        out.stderr.trim_end().lines().count(),
        1,
        "{url}: {}",
        out.stderr
    );
    assert!(out.stderr.contains(what), "{url}: {}", out.stderr);
}

#[test]
fn a_zip_may_come_slowly_in_pieces_and_by_way_of_another_host() {
    let scratch = Scratch::new();
    let far = Server::start(|_, stream| body(stream, "", &database()));
    let elsewhere = format!(
        "Location: http://{}/db.zip\r\nContent-Length: 0\r\n",
        far.host
    );
    let near = Server::start(move |path, stream| match path {
        "/plain.zip" => body(stream, "", &database()),
        "/packed.zip" => body(stream, "Content-Encoding: gzip\r\n", &gzip(&database())),
        "/folder/index/vulns.json" => body(stream, "", &gzip(br#"[{"id":"GO-2024-2687"}]"#)),
        "/folder/ID/GO-2024-2687.json" => body(stream, "", &gzip(&sample("GO-2024-2687.json"))),
        "/slow.zip" => {
            let all = database();
            let more = format!("Content-Length: {}\r\n", all.len());
            let _ = stream.write_all(&head("200 OK", &more));
            for piece in all.chunks(all.len() / 8 + 1) {
                std::thread::sleep(Duration::from_millis(40));
                let _ = stream.write_all(piece);
            }
        }
        "/chunked.zip" => {
            let _ = stream.write_all(&head("200 OK", "Transfer-Encoding: chunked\r\n"));
            for piece in database().chunks(500) {
                let size = format!("{:x}\r\n", piece.len());
                let _ = stream.write_all(&[size.as_bytes(), piece, b"\r\n"].concat());
            }
            let _ = stream.write_all(b"0\r\n\r\n");
        }
        "/moved.zip" => drop(stream.write_all(&head("302 Found", &elsewhere))),
        _ => drop(stream.write_all(&head("404 Not Found", "Content-Length: 0\r\n"))),
    });
    for name in [
        "plain.zip",
        "slow.zip",
        "chunked.zip",
        "moved.zip",
        "packed.zip",
        "folder",
    ] {
        let out = vuln(&scratch, &format!("http://{}/{name}", near.host));
        assert_eq!(out.code, Some(0), "{name}: {}", out.stderr);
        let found: Value = serde_json::from_str(&out.stdout).unwrap();
        assert_eq!(found["database"]["entries"], 1, "{name}");
    }
    assert_eq!(far.asked(), ["/db.zip"]);
}

#[test]
fn each_fault_of_a_server_is_one_line() {
    let scratch = Scratch::new();
    let endless = |stream: &mut TcpStream| {
        let _ = stream.write_all(&head("200 OK", "Transfer-Encoding: chunked\r\n"));
        let piece = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
        while stream.write_all(&piece).is_ok() {}
    };
    let server = Server::start(move |path, stream| {
        let mut to = |address: &str| {
            let more = format!("Location: {address}\r\nContent-Length: 0\r\n");
            let _ = stream.write_all(&head("302 Found", &more));
        };
        match path {
            "/plain-elsewhere.zip" => to("http://db.example/db.zip"),
            "/nowhere.zip" => to(""),
            "/circle.zip" => to("/circle.zip"),
            "/file.zip" => to("file:///etc/passwd"),
            "/denied.zip" => {
                drop(stream.write_all(&head("403 Forbidden", "Content-Length: 0\r\n")))
            }
            "/login.zip" => body(stream, "", b"<html>please log in</html>"),
            "/packed.zip" => {
                let packed = gzip(&database());
                body(
                    stream,
                    "Content-Encoding: gzip\r\n",
                    &packed[..packed.len() - 9],
                );
            }
            "/bomb/index/vulns.json" => body(stream, "", &gzip(&vec![b' '; 65 << 20])),
            "/half.zip" => body(stream, "", &database()[..900]),
            "/stated.zip" => {
                let more = format!("Content-Length: {}\r\n", 1_u64 << 40);
                let _ = stream.write_all(&[head("200 OK", &more), database()].concat());
            }
            "/endless/index/vulns.json" => endless(stream),
            "/twice/index/vulns.json" => body(
                stream,
                "",
                br#"[{"id":"GO-2024-2687"},{"id":"GO-2024-2687"}]"#,
            ),
            "/paths/index/vulns.json" => body(stream, "", br#"[{"id":"../../secret"}]"#),
            "/other/index/vulns.json" => body(stream, "", br#"[{"id":"GO-2024-2979"}]"#),
            "/other/ID/GO-2024-2979.json" => body(stream, "", &sample("GO-2024-2687.json")),
            "/table/index/vulns.json" => body(stream, "", b"{}"),
            "/gone/index/vulns.json" => body(
                stream,
                "",
                br#"[{"id":"GO-2024-2687"},{"id":"GO-2024-2979"}]"#,
            ),
            "/gone/ID/GO-2024-2687.json" => body(stream, "", &sample("GO-2024-2687.json")),
            _ => drop(stream.write_all(&head("404 Not Found", "Content-Length: 0\r\n"))),
        }
    });
    for (path, what) in [
        ("plain-elsewhere.zip", "without TLS"),
        ("nowhere.zip", "redirects"),
        ("circle.zip", "redirects more than"),
        ("file.zip", ""),
        ("denied.zip", "answered 403"),
        ("login.zip", "zip"),
        ("packed.zip", "gzip"),
        ("bomb", "bytes"),
        ("half.zip", "zip"),
        ("stated.zip", "bytes"),
        ("none.zip", "there is none"),
        ("none", "there is none"),
        ("endless", "bytes"),
        ("twice", "lists GO-2024-2687 twice"),
        ("paths", "lists something that is not an ID"),
        ("other", "is about GO-2024-2687"),
        ("table", "index/vulns.json"),
        ("gone", "GO-2024-2979.json: is listed, but does not exist"),
    ] {
        let url = format!("http://{}/{path}", server.host);
        refused(&vuln(&scratch, &url), what, path);
    }
    assert!(!server.asked().iter().any(|path| path.contains("secret")));
}

/// An answer that ends before its stated length is asked for again, and a server that is down for a moment too.
#[test]
fn a_cut_answer_is_never_taken_for_a_database() {
    let scratch = Scratch::new();
    let cut = |stream: &mut TcpStream| {
        let all = database();
        let more = format!("Content-Length: {}\r\n", all.len());
        let _ = stream.write_all(&[head("200 OK", &more), all[..all.len() - 30].to_vec()].concat());
    };
    let tries = Mutex::new(0);
    let server = Server::start(move |path, stream| {
        let mut tries = tries.lock().unwrap();
        *tries += 1;
        match path {
            "/mends.zip" if *tries == 1 => {
                drop(stream.write_all(&head("503 Busy", "Content-Length: 0\r\n")))
            }
            "/mends.zip" => body(stream, "", &database()),
            _ => cut(stream),
        }
    });
    let out = vuln(&scratch, &format!("http://{}/mends.zip", server.host));
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    let url = format!("http://{}/cut.zip", server.host);
    refused(&vuln(&scratch, &url), "", &url);
}
