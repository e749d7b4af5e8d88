//! A whole conversation with a registry.

use super::containers::{LIMITS, Taker, digest, fill};
use gospect_bytes::Budget;
use gospect_source::image;
use gospect_source::registry::{self, Settings};
use memchr::memmem;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// Requests of one conversation that are answered; later ones find the line dead.
const REQUESTS: usize = 32;

/// Pulls an image from a registry on the loopback that answers with these bytes. Each answer is its length (two bytes) and that many bytes, status
/// line and headers as they go over the wire. `$N` stands for the digits of the digest of the body of answer N, which stands before it, and `@` for
/// the registry's own host and port. A request for a digest gets the answer whose body has it, any other the last one that was not given yet.
pub fn exchange(data: &[u8]) {
    conversation(data);
}

/// How many requests were answered.
pub(super) fn conversation(data: &[u8]) -> usize {
    /// One for all: a port for each would run out.
    static SERVER: OnceLock<Mutex<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| Mutex::new(Server::start().expect("a port")));
    let server = server.lock().unwrap_or_else(PoisonError::into_inner);
    // No other host may be named: nothing goes out on the network.
    let elsewhere = |at: usize| !data.get(at..).is_some_and(|d| d.starts_with(b"//@/"));
    if memmem::find_iter(data, b"//").any(elsewhere) {
        return 0;
    }
    server.answers(answers(data, server.host.as_bytes()));
    let settings = Settings {
        insecure_http: true,
        docker_config: None,
        roots: None,
        tries: 2,
        pause: Duration::ZERO,
        // Nobody waits for it: what is not answered is closed.
        timeout: Duration::from_secs(300),
        ..Settings::default()
    };
    let target = format!("{}/fuzz/app:1", server.host);
    let mut options = image::ImageOptions::new(&target);
    options.limits = LIMITS;
    options.budget = Budget::new(64 << 20);
    let scan = registry::scan(&target, &settings, &options, &Taker);
    for problem in scan
        .problems
        .iter()
        .chain(scan.images.iter().flat_map(|i| &i.problems))
    {
        assert!(!problem.error.detail.is_empty());
    }
    server.answered()
}

/// What is sent, and whether it was.
struct Answer {
    bytes: Vec<u8>,
    digest: String,
    given: bool,
}

fn answers(mut data: &[u8], host: &[u8]) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut digests = Vec::new();
    while let Some((length, rest)) = data.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length));
        let (text, rest) = rest.split_at(length.min(rest.len()));
        data = rest;
        let mut bytes = Vec::new();
        for byte in fill(text, &digests) {
            match byte {
                b'@' => bytes.extend(host),
                byte => bytes.push(byte),
            }
        }
        let body = memmem::find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
        let digest = digest(bytes.get(body..).unwrap_or_default());
        digests.push(digest.clone());
        answers.push(Answer {
            bytes,
            digest,
            given: false,
        });
    }
    answers
}

/// The answers of this conversation, and how many were given.
#[derive(Default)]
struct Script {
    answers: Vec<Answer>,
    given: usize,
}

struct Server {
    host: String,
    script: Arc<Mutex<Script>>,
}

impl Server {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        // One connection after the other, one request each: an answer fits into what the system takes without a reader.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = serve(&stream, &shared);
            }
        });
        Ok(Self { host, script })
    }

    fn answers(&self, answers: Vec<Answer>) {
        // Connections are served in turn: once this one is over, none is left of an earlier conversation that could take an answer of this one.
        if let Ok(mut line) = TcpStream::connect(&self.host) {
            let _ = line.write_all(b"\r\n\r\n");
            let _ = line.read_to_end(&mut Vec::new());
        }
        let script = Script { answers, given: 0 };
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }

    fn answered(&self) -> usize {
        let script = self.script.lock();
        script.unwrap_or_else(PoisonError::into_inner).given
    }
}

fn serve(mut stream: &TcpStream, script: &Mutex<Script>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(300)))?;
    let mut lines = BufReader::new(stream).lines();
    let asked = lines.next().transpose()?.unwrap_or_default();
    if asked.is_empty() {
        return Ok(());
    }
    while lines.next().transpose()?.is_some_and(|l| !l.is_empty()) {}
    let answer = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        let script = &mut *script;
        let by_digest = script
            .answers
            .iter()
            .position(|a| asked.contains(&a.digest));
        let next = || script.answers.iter().rposition(|a| !a.given);
        let found = by_digest.or_else(next);
        match found.and_then(|at| script.answers.get_mut(at)) {
            Some(answer) if script.given < REQUESTS => {
                script.given += 1;
                answer.given = true;
                answer.bytes.clone()
            }
            _ => return Ok(()),
        }
    };
    stream.write_all(&answer)
}
