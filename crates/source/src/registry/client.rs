//! Requests to one registry: authentication over the shared HTTP client.

use super::Settings;
use super::auth::{Challenge, encode};
use super::credentials::{self, Credential};
use super::reference::{Reference, api_host};
use crate::archive::ArchiveError;
use crate::http::url::is_loopback;
use crate::http::{
    Answer, Http, PacedBody, Patience, Plain, RequestError, basic_proof, permanent, temporary,
    unreadable,
};
use serde::Deserialize;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use ureq::http::header;

/// Longest answer of a token service, in bytes.
const TOKEN_MAX: u64 = 1 << 20;
/// Advice for a registry that uses plain HTTP.
const HINT: &str = "; for a registry on this machine that speaks plain HTTP add --insecure-http";

/// A client of one registry for one repository, or for its catalog.
pub struct Client {
    pub(super) http: Arc<Http>,
    host: String,
    /// The scope for which tokens are requested.
    scope: String,
    config: Option<std::path::PathBuf>,
    /// The last value of `Authorization` that worked.
    authorization: Mutex<Option<String>>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The token in the answer of a token service, if it can be part of a header. An error is not returned, because it would quote the
/// token.
pub fn read_token(answer: &[u8]) -> Option<String> {
    let token: Token = serde_json::from_slice(answer).ok()?;
    let token = token.token.or(token.access_token)?;
    token.bytes().all(|b| b.is_ascii_graphic()).then_some(token)
}

/// A page of a listing.
pub struct Page {
    pub body: Vec<u8>,
    /// The header `Link`.
    pub link: Option<String>,
}

fn scope_of(repository: &str) -> String {
    // Only this, even if the challenge names more: a token to push, or for another repository, is not needed.
    format!("repository:{repository}:pull")
}

impl Client {
    pub fn new(reference: &Reference, settings: &Settings) -> Result<Self, ArchiveError> {
        Self::with_scope(&reference.host, scope_of(&reference.name), settings)
    }

    /// A client for the list of repositories.
    pub fn of_catalog(host: &str, settings: &Settings) -> Result<Self, ArchiveError> {
        Self::with_scope(host, "registry:catalog:*".to_owned(), settings)
    }

    /// A client for a repository of the same registry, with the same connections and count of requests.
    pub fn for_repository(&self, name: &str) -> Self {
        Self {
            http: Arc::clone(&self.http),
            host: self.host.clone(),
            scope: scope_of(name),
            config: self.config.clone(),
            authorization: Mutex::new(None),
        }
    }

    fn with_scope(name: &str, scope: String, settings: &Settings) -> Result<Self, ArchiveError> {
        let host = api_host(name).to_owned();
        if settings.insecure_http && !is_loopback(&host) {
            let text = format!("plain HTTP is only for registries on this machine, not for {host}");
            return Err(unreadable(text));
        }
        let (scheme, plain) = match settings.insecure_http {
            true => ("http", Plain::Loopback),
            false => ("https", Plain::Never),
        };
        let patience = Patience {
            roots: settings.roots.clone(),
            tries: settings.tries,
            pause: settings.pause,
            timeout: settings.timeout,
            requests: settings.requests,
        };
        let base = format!("{scheme}://{host}");
        Ok(Self {
            http: Arc::new(Http::new(&base, name, (plain, HINT), &patience)?),
            host: name.to_owned(),
            scope,
            config: settings.docker_config.clone(),
            authorization: Mutex::new(None),
        })
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
        self.http.repeat(|| {
            let answer = self.authorized(path, accept, range)?;
            Http::later(answer, |answer| self.refused(answer))
        })
    }

    /// A page of a listing of at most `most` bytes, asked for again after temporary failures; `None` if the registry has no such listing.
    ///
    /// # Errors
    /// See [`Client::get`].
    pub fn page(&self, path: &str, most: u64) -> Result<Option<Page>, ArchiveError> {
        self.http.repeat(|| {
            let answer = self.authorized(path, None, None)?;
            let answer = Http::later(answer, |answer| self.refused(answer))?;
            match answer.status().as_u16() {
                200 => {}
                404 | 405 => return Ok(None),
                _ => return Err(RequestError::Permanent(self.refused(&answer))),
            }
            let link = answer.headers().get(header::LINK);
            let link = link
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let body = self.http.body(answer, most)?;
            Ok(Some(Page { body, link }))
        })
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

    /// Sends a request with the credentials for it, which are looked up when the registry itself asks for them.
    fn authorized(
        &self,
        path: &str,
        accept: Option<&str>,
        range: Option<u64>,
    ) -> Result<Answer, RequestError> {
        let url = format!("{}{path}", self.http.base());
        let mut headers = Vec::new();
        if let Some(accept) = accept {
            headers.push((header::ACCEPT, accept.to_owned()));
        }
        if let Some(from) = range {
            headers.push((header::RANGE, format!("bytes={from}-")));
        }
        let known = self
            .authorization
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let (answer, redirected_to) = self.http.follow(&url, &headers, known.as_deref())?;
        if answer.status().as_u16() != 401 {
            return Ok(answer);
        }
        // A host that a redirect named gets no credentials and may not name a token service.
        if let Some(other) = redirected_to {
            return Err(permanent(format!(
                "{} redirects to {other}, which asks for a login; credentials are for the registry that was named and go nowhere else",
                self.host
            )));
        }
        let values = answer.headers().get_all(header::WWW_AUTHENTICATE);
        let challenges: Vec<Challenge> = values
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(super::auth::challenges)
            .collect();
        let fresh = self.authorize(&challenges)?;
        let Some(fresh) = fresh else {
            return Ok(answer);
        };
        let (answer, _) = self.http.follow(&url, &headers, Some(&fresh))?;
        if answer.status().as_u16() != 401 {
            *self
                .authorization
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(fresh);
        }
        Ok(answer)
    }

    /// The `Authorization` header that answers a challenge; `None` if there are no credentials.
    fn authorize(&self, challenges: &[Challenge]) -> Result<Option<String>, RequestError> {
        let credential = match &self.config {
            Some(directory) => {
                credentials::find(directory, &self.host).map_err(|e| permanent(e.to_string()))?
            }
            None => None,
        };
        match &credential {
            Some(Credential::Basic { user, password }) => {
                let proof = basic_proof(user, password);
                self.http
                    .hide_from_messages(&[user, password, proof.trim_start_matches("Basic ")]);
            }
            Some(Credential::Identity(token)) => self.http.hide_from_messages(&[token]),
            None => {}
        }
        if let Some(bearer) = challenges.iter().find(|c| c.scheme == "bearer") {
            let token = self.token(bearer, credential.as_ref())?;
            self.http.hide_from_messages(&[&token]);
            return Ok(Some(format!("Bearer {token}")));
        }
        let is_basic = challenges.iter().any(|c| c.scheme == "basic");
        Ok(match credential {
            Some(Credential::Basic { user, password }) if is_basic => {
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
        self.http.check_url(realm)?;
        self.http.count()?;
        let scope = &self.scope;
        let service = param("service").unwrap_or_default();
        let mut query = format!("scope={}&service={}", encode(scope), encode(service));
        let result = match credential {
            Some(Credential::Identity(token)) => {
                query += &format!(
                    "&grant_type=refresh_token&client_id=gospect&refresh_token={}",
                    encode(token)
                );
                self.http
                    .agent_for(realm)
                    .post(realm)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .send(query)
            }
            other => {
                let sign = if realm.contains('?') { '&' } else { '?' };
                let mut request = self
                    .http
                    .agent_for(realm)
                    .get(format!("{realm}{sign}{query}"));
                if let Some(Credential::Basic { user, password }) = other {
                    request = request.header(header::AUTHORIZATION, basic_proof(user, password));
                }
                request.call()
            }
        };
        let mut answer = result.map_err(|e| self.http.trouble(realm, &e))?;
        let service = self.http.shown(realm);
        if !answer.status().is_success() {
            let text = format!(
                "the token service {service} answered {}; log in with `docker login`",
                answer.status()
            );
            return Err(match answer.status().is_server_error() {
                true => temporary(text),
                false => permanent(text),
            });
        }
        let mut text = Vec::new();
        let read = PacedBody::new(answer.body_mut().as_reader(), self.http.timeout)
            .take(TOKEN_MAX)
            .read_to_end(&mut text);
        read.map_err(|e| temporary(format!("the token service {service}: {e}")))?;
        read_token(&text)
            .ok_or_else(|| permanent(format!("the token service {service} gave no token")))
    }
}
