//! HTTP requests with TLS, redirects, repeated tries and limits, for registries, module proxies and other hosts that the user
//! names.
//!
//! Must never: put a credential into a message, or send one to a host it is not for.

mod names;
mod paced;
mod pauses;
pub mod url;

#[cfg(test)]
mod tests;

pub use paced::PacedBody;

use super::archive::{ArchiveError, Reason};
use super::dir::read_file;
use names::Names;
use pauses::Pauses;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderName, Response, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;
use url::{host_of, is_loopback, join, origin};

/// Most redirects that one request follows.
const REDIRECTS: u32 = 5;
/// Longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// Connections to a host that stay open between requests.
const KEPT: usize = 8;

pub type Answer = Response<ureq::Body>;

/// Timeouts, repetitions and certificates of a client.
#[derive(Clone, Debug)]
pub struct Patience {
    /// File of certificates (PEM) to trust instead of the built-in ones.
    pub roots: Option<PathBuf>,
    /// How often a request is tried.
    pub tries: u32,
    /// The first pause between tries; each next one is twice as long.
    pub pause: Duration,
    /// Longest wait for a connection, an answer, or the next bytes of a body.
    pub timeout: Duration,
    /// Most requests of one client, including repeated and redirected ones.
    pub requests: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            roots: default_roots(),
            tries: 5,
            pause: Duration::from_millis(250),
            timeout: Duration::from_secs(60),
            requests: 10_000,
        }
    }
}

/// The file that `SSL_CERT_FILE` names.
pub(crate) fn default_roots() -> Option<PathBuf> {
    std::env::var_os("SSL_CERT_FILE")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// Where plain HTTP is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Nowhere.
    Never,
    /// With hosts on this machine.
    Loopback,
    /// With the host that the user named with `http://`.
    Named,
}

/// A client of one host, which follows its redirects to others.
pub struct Http {
    agent: Agent,
    /// For hosts on this machine, which need no proxy.
    direct: Agent,
    /// Scheme, host and port of the host that the user named.
    base: String,
    /// The host's name in messages.
    name: String,
    plain: Plain,
    /// Advice about a host that does not use TLS, beginning with a semicolon; may be empty.
    plain_hint: &'static str,
    pub tries: u32,
    pause: Duration,
    /// The pauses that hosts asked for, on whichever connection.
    pauses: &'static Pauses,
    pub timeout: Duration,
    /// Requests made so far, and the most that may be made.
    requests: AtomicUsize,
    most: usize,
    /// All credentials and tokens that were or may be sent, in every encoding: a server could send them back as a host name.
    secrets: Mutex<Vec<String>>,
}

/// A failed request.
pub enum RequestError {
    /// A temporary failure, worth another try; the server may have asked for a pause.
    Temporary(ArchiveError, Option<Duration>),
    /// A permanent failure.
    Permanent(ArchiveError),
}

pub(crate) fn permanent(text: String) -> RequestError {
    RequestError::Permanent(unreadable(text))
}

pub fn temporary(text: String) -> RequestError {
    RequestError::Temporary(unreadable(text), None)
}

pub fn unreadable(text: String) -> ArchiveError {
    ArchiveError::new(Reason::Unreadable, text)
}

/// Longest file of certificates.
const PEM_MAX: u64 = 16 << 20;

/// The certificates in a PEM file; anything else in it is ignored.
fn roots(path: &Path) -> Result<RootCerts, ArchiveError> {
    let failed = |why: String| {
        unreadable(format!(
            "certificates of {} (SSL_CERT_FILE): {why}",
            path.display()
        ))
    };
    let pem = read_file(path, PEM_MAX).map_err(|e| failed(e.to_string()))?;
    let found: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(failed("there is none in it".to_owned()));
    }
    Ok(RootCerts::from(found))
}

impl Http {
    /// Prepares access to `base` (scheme, host and port), which messages call `name`; makes no request.
    ///
    /// # Errors
    /// When the certificates of the user cannot be read.
    pub fn new(
        base: &str,
        name: &str,
        (plain, plain_hint): (Plain, &'static str),
        patience: &Patience,
    ) -> Result<Self, ArchiveError> {
        let timeout = Some(patience.timeout);
        let mut tls = TlsConfig::builder();
        // Plain HTTP needs no certificates, so a wrong file is not an error then.
        if let (Some(path), true) = (&patience.roots, base.starts_with("https:")) {
            tls = tls.root_certs(roots(path)?);
        }
        let tls = tls.build();
        let config = || {
            Agent::config_builder()
                .tls_config(tls.clone())
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .user_agent(concat!("gospect/", env!("CARGO_PKG_VERSION")))
                .timeout_resolve(timeout)
                .timeout_connect(timeout)
                .timeout_recv_response(timeout)
                .timeout_per_read(timeout)
                .max_idle_connections_per_host(KEPT)
        };
        let agent = |config| Agent::with_parts(config, DefaultConnector::new(), <Names>::default());
        Ok(Self {
            agent: agent(config().build()),
            direct: agent(config().proxy(None).build()),
            base: base.to_owned(),
            name: name.to_owned(),
            plain,
            plain_hint,
            tries: patience.tries.max(1),
            pause: patience.pause,
            pauses: Pauses::of_process(),
            timeout: patience.timeout,
            requests: AtomicUsize::new(0),
            most: patience.requests,
            secrets: Mutex::default(),
        })
    }

    /// Scheme, host and port of the host that the user named.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The host's name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds texts that no message may contain.
    pub fn hide_from_messages(&self, texts: &[&str]) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for text in texts.iter().filter(|t| !t.is_empty()) {
            let text = text.to_ascii_lowercase();
            if !secrets.contains(&text) {
                secrets.push(text);
            }
        }
    }

    /// The host of an address that a server sent, safe for a message.
    pub fn shown<'u>(&self, url: &'u str) -> &'u str {
        let host = host_of(url);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let lower = host.to_ascii_lowercase();
        if host.len() <= 255
            && host.bytes().all(plain)
            && !secrets.iter().any(|s| lower.contains(s))
        {
            host
        } else {
            "another host"
        }
    }

    /// Repeats an attempt after temporary failures. No attempt is made during a pause that the host asked for.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub fn repeat<T>(
        &self,
        mut attempt: impl FnMut() -> Result<T, RequestError>,
    ) -> Result<T, ArchiveError> {
        let mut last = None;
        let mut wait = None;
        for round in 0..self.tries {
            let least = match round {
                0 => Duration::ZERO,
                _ => self.pause_of(round, wait),
            };
            self.pauses.wait(&self.base, least);
            match attempt() {
                Ok(done) => return Ok(done),
                Err(RequestError::Permanent(error)) => return Err(error),
                Err(RequestError::Temporary(error, asked)) => {
                    if let Some(asked) = asked {
                        self.pauses.begin(&self.base, asked.min(PAUSE_MAX));
                    }
                    last = Some(error);
                    wait = asked;
                }
            }
        }
        Err(last.unwrap_or_else(|| unreadable("no request was made".to_owned())))
    }

    /// The temporary failure for an answer that says to try again later; `refused` makes its text.
    pub fn later(
        answer: Answer,
        refused: impl FnOnce(&Answer) -> ArchiveError,
    ) -> Result<Answer, RequestError> {
        match answer.status().as_u16() {
            429 | 500 | 502 | 503 | 504 => {
                let wait = answer
                    .headers()
                    .get(header::RETRY_AFTER)
                    .and_then(|v| v.to_str().ok()?.parse().ok());
                let wait = wait.map(Duration::from_secs);
                Err(RequestError::Temporary(refused(&answer), wait))
            }
            _ => Ok(answer),
        }
    }

    /// The pause before the next try.
    pub(crate) fn pause_of(&self, round: u32, asked: Option<Duration>) -> Duration {
        let own = self
            .pause
            .saturating_mul(1 << round.saturating_sub(1).min(5));
        own.max(asked.unwrap_or_default()).min(PAUSE_MAX)
    }

    /// Counts a request.
    pub fn count(&self) -> Result<(), RequestError> {
        if self.requests.fetch_add(1, Ordering::Relaxed) < self.most {
            return Ok(());
        }
        Err(RequestError::Permanent(ArchiveError::limit(format!(
            "{} was asked {} times for one target",
            self.name, self.most
        ))))
    }

    /// A GET request that follows redirects, and returns the other host if one answered. Credentials go only to the host that the
    /// user named, and not even there after another host's redirect.
    pub fn follow(
        &self,
        url: &str,
        headers: &[(HeaderName, String)],
        proof: Option<&str>,
    ) -> Result<(Answer, Option<String>), RequestError> {
        let mut url = url.to_owned();
        let mut is_own = true;
        for _ in 0..=REDIRECTS {
            self.check_url(&url)?;
            self.count()?;
            is_own &= origin(&url) == origin(&self.base);
            let mut request = self
                .agent_for(&url)
                .get(&url)
                .header(header::ACCEPT_ENCODING, "identity");
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if let (Some(proof), true) = (proof, is_own) {
                request = request.header(header::AUTHORIZATION, proof);
            }
            let answer = request.call().map_err(|e| self.trouble(&url, &e))?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                let other = (!is_own).then(|| self.shown(&url).to_owned());
                return Ok((answer, other));
            }
            let location = answer
                .headers()
                .get(header::LOCATION)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default();
            url = join(&url, location)
                .ok_or_else(|| permanent(format!("{} redirects to nowhere", self.name)))?;
        }
        Err(permanent(format!(
            "{} redirects more than {REDIRECTS} times",
            self.name
        )))
    }

    pub(crate) fn agent_for(&self, url: &str) -> &Agent {
        match is_loopback(host_of(url)) {
            true => &self.direct,
            false => &self.agent,
        }
    }

    /// Requires HTTPS, except where plain HTTP was asked for.
    pub(crate) fn check_url(&self, url: &str) -> Result<(), RequestError> {
        let plain = match self.plain {
            Plain::Never => false,
            Plain::Loopback => is_loopback(host_of(url)),
            Plain::Named => origin(url) == origin(&self.base),
        };
        if url.starts_with("https://") || (plain && url.starts_with("http://")) {
            return Ok(());
        }
        Err(permanent(format!(
            "{} sends to {} without TLS, which is refused",
            self.name,
            self.shown(url)
        )))
    }

    /// Reads a body of at most `most` bytes.
    ///
    /// # Errors
    /// When it breaks off or is longer.
    pub fn body(&self, answer: Answer, most: u64) -> Result<Vec<u8>, RequestError> {
        let stated = answer.body().content_length();
        let too_long = || {
            RequestError::Permanent(ArchiveError::limit(format!(
                "{} sends more than {most} bytes",
                self.name
            )))
        };
        if stated.is_some_and(|length| length > most) {
            return Err(too_long());
        }
        let mut bytes = Vec::new();
        PacedBody::new(answer.into_body().into_reader(), self.timeout)
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| temporary(format!("{}: {}", self.name, gospect_bytes::error_text(&e))))?;
        let length = bytes.len() as u64;
        if length > most {
            return Err(too_long());
        }
        match stated {
            Some(stated) if stated != length => Err(temporary(format!(
                "{} sent {length} of {stated} bytes",
                self.name
            ))),
            _ => Ok(bytes),
        }
    }

    pub fn trouble(&self, url: &str, error: &ureq::Error) -> RequestError {
        let host = self.shown(url);
        match error {
            ureq::Error::Io(e)
                if e.kind() == std::io::ErrorKind::InvalidData && url.starts_with("https:") =>
            {
                let hint = self.plain_hint;
                permanent(format!("{host} does not speak TLS ({e}){hint}"))
            }
            ureq::Error::Io(e) => temporary(format!("{host}: {e}")),
            ureq::Error::Timeout(_) => temporary(format!("{host} does not answer in time")),
            ureq::Error::ConnectionFailed => temporary(format!("cannot connect to {host}")),
            ureq::Error::HostNotFound => permanent(format!("there is no host {host}")),
            // That error would quote the address with its query.
            ureq::Error::BadUri(_) => permanent(format!("{host}: the address is not valid")),
            ureq::Error::Protocol(_) => {
                temporary(format!("{host} does not speak HTTP as it should"))
            }
            other => permanent(format!("{host}: {other}")),
        }
    }
}

/// The value of `Authorization` for a name and a password (RFC 7617).
pub fn basic_proof(user: &str, password: &str) -> String {
    let pair = format!("{user}:{password}");
    format!("Basic {}", gospect_bytes::base64::encode(pair.as_bytes()))
}
