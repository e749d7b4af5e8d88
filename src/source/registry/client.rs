//! Requests to one registry: authentication, redirects, retries.

use super::Settings;
use super::auth::{Challenge, challenges, encode};
use super::credentials::{self, Credential};
use super::paced::PacedBody;
use super::reference::{Reference, is_loopback};
use crate::bytes::base64;
use crate::source::archive::{ArchiveError, Reason};
use serde::Deserialize;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{Response, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// Most redirects that one request follows.
const REDIRECTS: u32 = 5;
/// Longest answer of a token service, in bytes.
const TOKEN_MAX: u64 = 1 << 20;
/// Longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The certificates in a PEM file; anything else in it is ignored.
fn roots(path: &Path) -> Result<RootCerts, ArchiveError> {
    let failed = |why: String| {
        let text = format!("certificates of {} (SSL_CERT_FILE): {why}", path.display());
        ArchiveError::new(Reason::Unreadable, text)
    };
    let pem = std::fs::read(path).map_err(|e| failed(e.to_string()))?;
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

pub type Answer = Response<ureq::Body>;

/// A client of one registry for one repository.
pub struct Client {
    agent: Agent,
    /// For hosts on this machine, which need no proxy.
    direct: Agent,
    base: String,
    host: String,
    name: String,
    insecure: bool,
    config: Option<std::path::PathBuf>,
    pub tries: u32,
    pause: Duration,
    pub timeout: Duration,
    /// Requests made so far, and the most that may be made.
    requests: AtomicUsize,
    most: usize,
    /// The last value of `Authorization` that worked.
    authorization: Mutex<Option<String>>,
    /// All credentials and tokens that were or may be sent, in every encoding: a server could send them back as a host name.
    secrets: Mutex<Vec<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The token in the answer of a token service, if it can be part of a header. An error is not returned, because it would quote the
/// token.
pub(crate) fn read_token(answer: &[u8]) -> Option<String> {
    let token: Token = serde_json::from_slice(answer).ok()?;
    let token = token.token.or(token.access_token)?;
    token.bytes().all(|b| b.is_ascii_graphic()).then_some(token)
}

impl Client {
    pub fn new(reference: &Reference, settings: &Settings) -> Result<Self, ArchiveError> {
        let host = reference.api_host().to_owned();
        if settings.insecure_http && !is_loopback(&host) {
            let text = format!("plain HTTP is only for registries on this machine, not for {host}");
            return Err(ArchiveError::new(Reason::Unreadable, text));
        }
        let scheme = if settings.insecure_http {
            "http"
        } else {
            "https"
        };
        let timeout = Some(settings.timeout);
        let mut tls = TlsConfig::builder();
        // Plain HTTP needs no certificates, so a wrong file is no error then.
        if let (Some(path), false) = (&settings.roots, settings.insecure_http) {
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
        };
        Ok(Self {
            agent: config().build().new_agent(),
            direct: config().proxy(None).build().new_agent(),
            base: format!("{scheme}://{host}"),
            host: reference.host.clone(),
            name: reference.name.clone(),
            insecure: settings.insecure_http,
            config: settings.docker_config.clone(),
            tries: settings.tries.max(1),
            pause: settings.pause,
            timeout: settings.timeout,
            requests: AtomicUsize::new(0),
            most: settings.requests,
            authorization: Mutex::new(None),
            secrets: Mutex::default(),
        })
    }

    /// Adds texts that no message may contain.
    fn hide_from_messages(&self, texts: &[&str]) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        for text in texts.iter().filter(|t| !t.is_empty()) {
            let text = text.to_ascii_lowercase();
            if !secrets.contains(&text) {
                secrets.push(text);
            }
        }
    }

    /// The host of an address that a server sent, safe for a message.
    fn shown<'u>(&self, url: &'u str) -> &'u str {
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

    /// A GET request that is repeated after temporary failures. `range` is the first byte wanted.
    ///
    /// # Errors
    /// A sentence with the host and what it said; never a credential or a query.
    pub fn get(
        &self,
        path: &str,
        accept: Option<&str>,
        range: Option<u64>,
    ) -> Result<Answer, ArchiveError> {
        let mut last = None;
        for round in 0..self.tries {
            if round > 0 {
                std::thread::sleep(
                    self.pause_of(round, last.as_ref().and_then(|l: &Failure| l.wait)),
                );
            }
            match self.authorized(path, accept, range) {
                Ok(answer) => match answer.status().as_u16() {
                    429 | 500 | 502 | 503 | 504 => {
                        let wait = answer
                            .headers()
                            .get(header::RETRY_AFTER)
                            .and_then(|v| v.to_str().ok()?.parse().ok());
                        last = Some(Failure {
                            error: self.refused(&answer),
                            wait: wait.map(Duration::from_secs),
                        });
                    }
                    _ => return Ok(answer),
                },
                Err(RequestError::Temporary(error)) => last = Some(Failure { error, wait: None }),
                Err(RequestError::Permanent(error)) => return Err(error),
            }
        }
        Err(last.map_or_else(|| unreadable("no request was made".to_owned()), |l| l.error))
    }

    /// The pause before the next try.
    pub fn pause_of(&self, round: u32, asked: Option<Duration>) -> Duration {
        let own = self
            .pause
            .saturating_mul(1 << round.saturating_sub(1).min(5));
        own.max(asked.unwrap_or_default()).min(PAUSE_MAX)
    }

    /// The error for an unsuccessful answer.
    pub fn refused(&self, answer: &Answer) -> ArchiveError {
        let status = answer.status();
        let hint = match status.as_u16() {
            401 | 403 => "; log in with `docker login`, and check that the name is right",
            429 => "; the registry limits how often it is asked",
            _ => "",
        };
        unreadable(format!("{} answered {status}{hint}", self.host))
    }

    /// Counts a request.
    fn count(&self) -> Result<(), RequestError> {
        if self.requests.fetch_add(1, Ordering::Relaxed) < self.most {
            return Ok(());
        }
        Err(RequestError::Permanent(ArchiveError::limit(format!(
            "{} was asked {} times for one target",
            self.host, self.most
        ))))
    }

    /// Sends a request with the credentials for it, which are looked up when the registry itself asks for them.
    fn authorized(
        &self,
        path: &str,
        accept: Option<&str>,
        range: Option<u64>,
    ) -> Result<Answer, RequestError> {
        let url = format!("{}{path}", self.base);
        let known = self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (answer, asked) = self.follow(&url, accept, range, known.as_deref())?;
        if answer.status().as_u16() != 401 {
            return Ok(answer);
        }
        // A host that a redirect named gets no credentials and may not name a token service.
        if let Some(other) = asked {
            return Err(permanent(format!(
                "{} redirects to {other}, which asks for a login; credentials are for the registry that was named and go nowhere else",
                self.host
            )));
        }
        let values = answer.headers().get_all(header::WWW_AUTHENTICATE);
        let wanted: Vec<Challenge> = values
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(challenges)
            .collect();
        let fresh = self.authorize(&wanted)?;
        let Some(fresh) = fresh else {
            return Ok(answer);
        };
        let (answer, _) = self.follow(&url, accept, range, Some(&fresh))?;
        if answer.status().as_u16() != 401 {
            *self
                .authorization
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        }
        Ok(answer)
    }

    /// Follows redirects, and returns the other host if one answered. Credentials go only to the registry's own host, and not even
    /// there after another host's redirect.
    fn follow(
        &self,
        url: &str,
        accept: Option<&str>,
        range: Option<u64>,
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
            if let Some(accept) = accept {
                request = request.header(header::ACCEPT, accept);
            }
            if let Some(from) = range {
                request = request.header(header::RANGE, format!("bytes={from}-"));
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
                .ok_or_else(|| permanent(format!("{} redirects to nowhere", self.host)))?;
        }
        Err(permanent(format!(
            "{} redirects more than {REDIRECTS} times",
            self.host
        )))
    }

    fn agent_for(&self, url: &str) -> &Agent {
        match is_loopback(host_of(url)) {
            true => &self.direct,
            false => &self.agent,
        }
    }

    /// Requires HTTPS, except on this machine when plain HTTP was asked for.
    fn check_url(&self, url: &str) -> Result<(), RequestError> {
        let host = host_of(url);
        if url.starts_with("https://")
            || (self.insecure && url.starts_with("http://") && is_loopback(host))
        {
            return Ok(());
        }
        Err(permanent(format!(
            "{} sends to {} without TLS, which is refused",
            self.host,
            self.shown(url)
        )))
    }

    /// The `Authorization` header that answers a challenge; `None` if there are no credentials.
    fn authorize(&self, wanted: &[Challenge]) -> Result<Option<String>, RequestError> {
        let credential = match &self.config {
            Some(directory) => {
                credentials::find(directory, &self.host).map_err(|e| permanent(e.to_string()))?
            }
            None => None,
        };
        match &credential {
            Some(Credential::Basic { user, password }) => {
                let proof = basic_proof(user, password);
                self.hide_from_messages(&[user, password, proof.trim_start_matches("Basic ")]);
            }
            Some(Credential::Identity(token)) => self.hide_from_messages(&[token]),
            None => {}
        }
        if let Some(bearer) = wanted.iter().find(|c| c.scheme == "bearer") {
            let token = self.token(bearer, credential.as_ref())?;
            self.hide_from_messages(&[&token]);
            return Ok(Some(format!("Bearer {token}")));
        }
        let basic = wanted.iter().any(|c| c.scheme == "basic");
        Ok(match credential {
            Some(Credential::Basic { user, password }) if basic => {
                Some(basic_proof(&user, &password))
            }
            _ => None,
        })
    }

    /// Requests a token from the token service.
    fn token(
        &self,
        challenge: &Challenge,
        credential: Option<&Credential>,
    ) -> Result<String, RequestError> {
        let param = |key: &str| challenge.params.get(key).map(String::as_str);
        let realm = param("realm")
            .ok_or_else(|| permanent(format!("{} names no token service", self.host)))?;
        self.check_url(realm)?;
        self.count()?;
        // The scope is always to pull this repository, whatever the challenge asks for: a token to push or for another repository
        // is not needed.
        let scope = &format!("repository:{}:pull", self.name);
        let service = param("service").unwrap_or_default();
        let mut query = format!("scope={}&service={}", encode(scope), encode(service));
        let result = match credential {
            Some(Credential::Identity(token)) => {
                query += &format!(
                    "&grant_type=refresh_token&client_id=gospect&refresh_token={}",
                    encode(token)
                );
                self.agent_for(realm)
                    .post(realm)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .send(query)
            }
            other => {
                let sign = if realm.contains('?') { '&' } else { '?' };
                let mut request = self.agent_for(realm).get(format!("{realm}{sign}{query}"));
                if let Some(Credential::Basic { user, password }) = other {
                    request = request.header(header::AUTHORIZATION, basic_proof(user, password));
                }
                request.call()
            }
        };
        let mut answer = result.map_err(|e| self.trouble(realm, &e))?;
        let service = self.shown(realm);
        if !answer.status().is_success() {
            let text = format!(
                "the token service {service} answered {}; log in with `docker login`",
                answer.status()
            );
            let passing = answer.status().is_server_error();
            return Err(if passing {
                RequestError::Temporary(unreadable(text))
            } else {
                permanent(text)
            });
        }
        let mut text = Vec::new();
        let read = PacedBody::new(answer.body_mut().as_reader(), self.timeout)
            .take(TOKEN_MAX)
            .read_to_end(&mut text);
        read.map_err(|e| {
            RequestError::Temporary(unreadable(format!("the token service {service}: {e}")))
        })?;
        read_token(&text)
            .ok_or_else(|| permanent(format!("the token service {service} gave no token")))
    }

    fn trouble(&self, url: &str, error: &ureq::Error) -> RequestError {
        let host = self.shown(url);
        match error {
            ureq::Error::Io(e)
                if e.kind() == std::io::ErrorKind::InvalidData && url.starts_with("https:") =>
            {
                permanent(format!(
                    "{host} does not speak TLS ({e}); for a registry on this machine that speaks plain HTTP add --insecure-http"
                ))
            }
            ureq::Error::Io(e) => RequestError::Temporary(unreadable(format!("{host}: {e}"))),
            ureq::Error::Timeout(_) => {
                RequestError::Temporary(unreadable(format!("{host} does not answer in time")))
            }
            ureq::Error::ConnectionFailed => {
                RequestError::Temporary(unreadable(format!("cannot connect to {host}")))
            }
            ureq::Error::HostNotFound => permanent(format!("there is no host {host}")),
            // That error would quote the address with its query.
            ureq::Error::BadUri(_) => permanent(format!("{host}: the address is not valid")),
            ureq::Error::Protocol(_) => RequestError::Temporary(unreadable(format!(
                "{host} does not speak HTTP as it should"
            ))),
            other => permanent(format!("{host}: {other}")),
        }
    }
}

struct Failure {
    error: ArchiveError,
    wait: Option<Duration>,
}

/// A failed request.
enum RequestError {
    /// A temporary failure, worth another try.
    Temporary(ArchiveError),
    /// A permanent failure.
    Permanent(ArchiveError),
}

fn permanent(text: String) -> RequestError {
    RequestError::Permanent(unreadable(text))
}

pub fn unreadable(text: String) -> ArchiveError {
    ArchiveError::new(Reason::Unreadable, text)
}

fn basic_proof(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        base64::encode(format!("{user}:{password}").as_bytes())
    )
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url[after..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| after + at);
    &url[..end]
}

fn host_of(url: &str) -> &str {
    let origin = origin(url);
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

/// The address that a `Location` header means (RFC 3986 section 5.2, as far as servers use it).
fn join(base: &str, location: &str) -> Option<String> {
    if location.is_empty() {
        return None;
    }
    if location.contains("://") {
        return Some(location.to_owned());
    }
    let origin = origin(base);
    if let Some(rest) = location.strip_prefix("//") {
        let scheme = origin.split_once("://")?.0;
        return Some(format!("{scheme}://{rest}"));
    }
    if location.starts_with('/') {
        return Some(format!("{origin}{location}"));
    }
    let path = base.split(['?', '#']).next()?;
    let dir = path.rsplit_once('/')?.0;
    Some(format!("{dir}/{location}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_joined() {
        assert_eq!(origin("https://a.b:1/c?d"), "https://a.b:1");
        assert_eq!(host_of("https://user:secret@a.b/c"), "a.b");
        assert_eq!(
            join("https://a/b/c?x", "/d").as_deref(),
            Some("https://a/d")
        );
        assert_eq!(
            join("https://a/b/c?x", "d").as_deref(),
            Some("https://a/b/d")
        );
        assert_eq!(join("https://a/b", "//c/d").as_deref(), Some("https://c/d"));
        assert_eq!(join("https://a/b", "http://c").as_deref(), Some("http://c"));
        assert_eq!(join("https://a/b", ""), None);
    }
}
