//! A checksum database of a few records, and a proxy that passes it on. Tests make both give false answers.

use super::environment::Settings;
use super::sumdb::Store;
use super::tree::{Hash, node_hash, record_hash};
use crate::bytes::base64;
use crate::source::http::Patience;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) authorization: String,
}

/// What it answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    /// Sends the body for ever.
    pub(crate) endless: bool,
}

pub(crate) fn reply(status: u16, body: &[u8]) -> Reply {
    Reply {
        status,
        headers: String::new(),
        body: body.to_vec(),
        endless: false,
    }
}

/// A server on the loopback.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let log = Arc::clone(&seen);
        let handler = Arc::new(handler);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, handler) = (Arc::clone(&log), Arc::clone(&handler));
                std::thread::spawn(move || drop(serve(&stream, &log, handler.as_ref())));
            }
        });
        Self { host, seen }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    stream: &TcpStream,
    log: &Mutex<Vec<Request>>,
    handler: &dyn Fn(&Request) -> Reply,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut authorization = String::new();
    while let Some(line) = lines.next().transpose()?.filter(|l| !l.is_empty()) {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("authorization: ") {
            authorization = line[line.len() - value.len()..].to_owned();
        }
    }
    let request = Request {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        authorization,
    };
    log.lock().unwrap().push(request.clone());
    let reply = handler(&request);
    let mut out = stream;
    write!(
        out,
        "HTTP/1.1 {} X\r\nConnection: close\r\n{}",
        reply.status, reply.headers
    )?;
    if !reply.endless {
        write!(out, "Content-Length: {}\r\n", reply.body.len())?;
    }
    out.write_all(b"\r\n")?;
    out.write_all(&reply.body)?;
    if !reply.endless {
        return Ok(());
    }
    loop {
        out.write_all(&[b'x'; 4096])?;
    }
}

/// Short pauses, few tries.
pub(crate) fn patience() -> Patience {
    Patience {
        roots: None,
        tries: 2,
        pause: Duration::from_millis(1),
        timeout: Duration::from_secs(10),
        requests: 200,
    }
}

/// Asks only this server.
pub(crate) fn settings(server: &Server, key: &str) -> Settings {
    Settings {
        goproxy: format!("http://{}", server.host),
        gosumdb: key.to_owned(),
        ..Settings::default()
    }
}

/// A store in memory.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<HashMap<String, Vec<u8>>>);

impl Store for Kept {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let mut files = self.0.lock().unwrap();
        files.insert(name.to_owned(), bytes.to_vec());
    }
}

/// A transparency log with a key of its own.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) records: Vec<String>,
    pub(crate) seed: [u8; 32],
}

pub(crate) const NAME: &str = "sum.test";

impl Log {
    /// That many records: `example.com/mN v1.0.0`.
    pub(crate) fn of(count: usize) -> Self {
        let record = |n| {
            format!("example.com/m{n} v1.0.0 h1:{n}=\nexample.com/m{n} v1.0.0/go.mod h1:mod{n}=\n")
        };
        Self {
            records: (0..count).map(record).collect(),
            seed: [7; 32],
        }
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed).unwrap()
    }

    fn key_data(&self) -> Vec<u8> {
        let mut data = vec![1];
        data.extend(self.pair().public_key().as_ref());
        data
    }

    fn key_hash(&self) -> [u8; 4] {
        let mut hash = Sha256::new();
        hash.update(format!("{NAME}\n"));
        hash.update(self.key_data());
        *hash.finalize().first_chunk().unwrap()
    }

    /// The verifier key, for GOSUMDB.
    pub(crate) fn key(&self) -> String {
        let hash = u32::from_be_bytes(self.key_hash());
        format!("{NAME}+{hash:08x}+{}", base64::encode(&self.key_data()))
    }

    /// A signed note of any text.
    pub(crate) fn sign(&self, text: &str) -> String {
        let mut signature = self.key_hash().to_vec();
        signature.extend(self.pair().sign(text.as_bytes()).as_ref());
        format!("{text}\n— {NAME} {}\n", base64::encode(&signature))
    }

    fn hash(&self, low: usize, high: usize) -> Hash {
        match high - low {
            1 => record_hash(self.records[low].as_bytes()),
            count => {
                let middle = low + count.next_power_of_two() / 2;
                node_hash(&self.hash(low, middle), &self.hash(middle, high))
            }
        }
    }

    /// The signed head of the tree of the first records.
    pub(crate) fn head(&self, size: usize) -> String {
        let hash = base64::encode(&self.hash(0, size));
        self.sign(&format!("go.sum database tree\n{size}\n{hash}\n"))
    }

    /// What a look-up of a record answers, with the head of a tree of that size.
    pub(crate) fn lookup(&self, index: usize, size: usize) -> Vec<u8> {
        format!("{index}\n{}\n{}", self.records[index], self.head(size)).into_bytes()
    }

    /// A tile, `0/000` or `0/001.p/5`.
    fn tile(&self, path: &str) -> Option<Vec<u8>> {
        let (level, number) = path.split_once('/')?;
        let level: u32 = level.parse().ok()?;
        let (number, width) = number.split_once(".p/").unwrap_or((number, "256"));
        let number: usize = number.replace(['x', '/'], "").parse().ok()?;
        let (span, width): (usize, usize) = (1 << (8 * level), width.parse().ok()?);
        let mut tile = Vec::new();
        for at in number * 256..number * 256 + width {
            if (at + 1) * span > self.records.len() {
                return None;
            }
            tile.extend(self.hash(at * span, (at + 1) * span));
        }
        Some(tile)
    }

    /// The honest answer to a request.
    pub(crate) fn answer(&self, path: &str) -> Reply {
        let Some(path) = path.strip_prefix(&format!("/sumdb/{NAME}/")) else {
            return reply(404, b"");
        };
        if path == "supported" {
            return reply(200, b"");
        }
        if let Some(tile) = path.strip_prefix("tile/8/") {
            return self
                .tile(tile)
                .map_or_else(|| reply(404, b""), |t| reply(200, &t));
        }
        let number = path.strip_prefix("lookup/example.com/m");
        let number = number.and_then(|rest| rest.strip_suffix("@v1.0.0")?.parse().ok());
        match number.filter(|n: &usize| *n < self.records.len()) {
            Some(number) => reply(200, &self.lookup(number, self.records.len())),
            None => reply(404, b""),
        }
    }
}
