//! Fetches databases from the network. Only `gospect db update` and `--db URL` use this.

use super::cache::Cache;
use super::error::LoadError;
use crate::vuln::database::Database;

/// The Go module with the database.
pub(crate) const MODULE: &str = "golang.org/x/vulndb";

#[cfg(not(feature = "registry"))]
mod client {
    use super::{Cache, Database, LoadError, MODULE};

    fn not_built(place: &str) -> LoadError {
        LoadError::Unreadable {
            place: place.to_owned(),
            why: "this build of gospect has no network client; name a file or folder".to_owned(),
        }
    }

    pub(super) fn fetch(url: &str) -> Result<Database, LoadError> {
        Err(not_built(url))
    }

    pub(super) fn from_goproxy(_: &Cache, _: &mut dyn FnMut(&str)) -> Result<Database, LoadError> {
        Err(not_built(MODULE))
    }
}

#[cfg(feature = "registry")]
mod client {
    use super::super::layout;
    use super::super::read::{self, DOCUMENT_MAX, DOCUMENTS, LIST_MAX, TOTAL_MAX};
    use super::{Cache, Database, LoadError, MODULE};
    use crate::bytes::{Budget, Limits};
    use crate::proxy::{Proxies, ProxyError, Settings, Store, Sums, of_zip};
    use crate::source::archive::{ArchiveError, Codec, Feed, Scope, decompress_as};
    use crate::source::dir::read_file;
    use crate::source::http::url::{host_of, origin};
    use crate::source::http::{Answer, Http, Patience, Plain, RequestError, unreadable};
    use serde::Deserialize;
    use std::collections::HashSet;
    use std::io::Read;
    use std::path::Path;

    /// Folder of the cache for data of checksum databases.
    const SUMDB: &str = "sumdb";

    impl Store for Cache {
        fn read(&self, name: &str) -> Option<Vec<u8>> {
            read_file(&self.folder().join(SUMDB).join(name), LIST_MAX).ok()
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            let _ = self.put(&Path::new(SUMDB).join(name), bytes);
        }
    }

    fn failed(error: ProxyError) -> LoadError {
        LoadError::Unreadable {
            place: MODULE.to_owned(),
            why: error.to_string(),
        }
    }

    pub(super) fn from_goproxy(
        cache: &Cache,
        say: &mut dyn FnMut(&str),
    ) -> Result<Database, LoadError> {
        let settings = Settings::of_user().map_err(failed)?;
        let proxies = Proxies::new(&settings).map_err(failed)?;
        let version = proxies.latest(MODULE).map_err(failed)?.version;
        let source = format!("{MODULE}@{version}");
        // A damaged cache is replaced.
        if let Ok(Some(cached)) = cache.read() {
            let is_newer = cached.about().date > layout::version_date(&version);
            if cached.about().source == source {
                say(&format!("{source} is in the cache already"));
                return Ok(cached);
            }
            if is_newer && cached.about().source.starts_with(MODULE) {
                say(&format!(
                    "the newest version that GOPROXY has, {version}, is older than the one in the cache, which stays"
                ));
                return Ok(cached);
            }
        }
        let bytes = proxies.zip(MODULE, &version).map_err(failed)?;
        let sum = of_zip(&bytes).map_err(failed)?;
        match Sums::new(&settings, &proxies, cache).map_err(failed)? {
            Some(mut sums) if !sums.is_private(MODULE) => {
                let name = sums.name().to_owned();
                let published = sums.lookup(MODULE, &version).map_err(failed)?;
                let published_sum = published
                    .iter()
                    .find(|(published_version, _)| *published_version == version);
                match published_sum {
                    Some((_, published_sum)) if *published_sum == sum => {
                        say(&format!("{source} {sum}, verified by {name}"));
                    }
                    Some((_, published_sum)) => {
                        return Err(failed(ProxyError::Security(format!(
                            "the zip of {source} has the sum {sum}, and {name} has {published_sum}"
                        ))));
                    }
                    None => return Err(failed(ProxyError::NotFound(source))),
                }
            }
            Some(_) => say(&format!(
                "{source} {sum}, not verified: GONOSUMDB or GOPRIVATE matches {MODULE}"
            )),
            None => say(&format!("{source} {sum}, not verified: GOSUMDB=off")),
        }
        read::read_zip(&bytes, &source, layout::version_date(&version), true)
    }

    fn server_error(url: &str, error: ArchiveError) -> LoadError {
        LoadError::Unreadable {
            // Leave out the user part and the query: they may contain credentials.
            place: format!("{}…", origin_shown(url)),
            why: error.detail,
        }
    }

    fn origin_shown(url: &str) -> String {
        let scheme = url.split("://").next().unwrap_or_default();
        format!("{scheme}://{}", host_of(url))
    }

    /// The answer of a server, which may be compressed although that was not asked for.
    fn unpacked(body: Vec<u8>, max_bytes: u64) -> Result<Vec<u8>, ArchiveError> {
        if !body.starts_with(b"\x1f\x8b") {
            return Ok(body);
        }
        let limits = Limits {
            expanded: max_bytes + 1,
            ..Limits::default()
        };
        let scope = Scope::new(limits, Budget::new(max_bytes));
        let inflated = decompress_as(Codec::Gzip, Feed::at(&body), &scope)?;
        let mut expanded = Vec::new();
        let read = inflated.take(max_bytes + 1).read_to_end(&mut expanded);
        read.map_err(|e| ArchiveError {
            detail: format!("what came as gzip: {}", ArchiveError::from(e).detail),
            ..unreadable(String::new())
        })?;
        match expanded.len() as u64 > max_bytes {
            true => Err(ArchiveError::limit(format!(
                "is longer than {max_bytes} bytes"
            ))),
            false => Ok(expanded),
        }
    }

    /// One server.
    struct Server {
        http: Http,
    }

    impl Server {
        /// Fetches a file; `None`: there is none.
        fn get(&self, url: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
            let refused = |answer: &Answer| {
                unreadable(format!("{} answered {}", self.http.name(), answer.status()))
            };
            self.http.repeat(|| {
                let (answer, _) = self.http.follow(url, &[], None)?;
                let answer = Http::later(answer, refused)?;
                match answer.status().as_u16() {
                    200 => {
                        let body = self.http.body(answer, max_bytes)?;
                        let body = unpacked(body, max_bytes);
                        body.map(Some).map_err(RequestError::Permanent)
                    }
                    404 | 410 => Ok(None),
                    _ => Err(RequestError::Permanent(refused(&answer))),
                }
            })
        }
    }

    #[derive(Deserialize)]
    struct Listed {
        id: String,
    }

    pub(super) fn fetch(url: &str) -> Result<Database, LoadError> {
        let patience = Patience {
            requests: DOCUMENTS,
            ..Patience::default()
        };
        fetch_with(url, &patience)
    }

    fn fetch_with(url: &str, patience: &Patience) -> Result<Database, LoadError> {
        let server_error = |error: ArchiveError| server_error(url, error);
        if origin(url).contains('@') {
            return Err(server_error(unreadable(
                "names and passwords are not sent; download it, and name the file".to_owned(),
            )));
        }
        let hint = (Plain::Loopback, "");
        let http = Http::new(origin(url), host_of(url), hint, patience).map_err(server_error)?;
        let server = Server { http };
        let base = url.trim_end_matches('/');
        let source = base.split(['?', '#']).next().unwrap_or(base);
        let zips = match source.ends_with(".zip") {
            true => vec![url.to_owned()],
            false => vec![format!("{base}/vulndb.zip")],
        };
        for zip in &zips {
            if let Some(bytes) = server.get(zip, TOTAL_MAX).map_err(server_error)? {
                return read::read_zip(&bytes, source, None, true);
            }
        }
        if source.ends_with(".zip") {
            return Err(LoadError::Nothing(source.to_owned()));
        }
        let list = server
            .get(&format!("{base}/index/vulns.json"), LIST_MAX)
            .map_err(server_error)?;
        let list = list.ok_or_else(|| LoadError::Nothing(source.to_owned()))?;
        let bad = |document: &str, why: String| LoadError::Document {
            place: source.to_owned(),
            document: document.to_owned(),
            why,
        };
        let listed: Vec<Listed> =
            serde_json::from_slice(&list).map_err(|e| bad("index/vulns.json", e.to_string()))?;
        if listed.len() > DOCUMENTS {
            return Err(LoadError::too_much(
                source,
                format!("more than {DOCUMENTS} documents"),
            ));
        }
        let mut seen = HashSet::new();
        for entry in &listed {
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
            if entry.id.is_empty() || !entry.id.bytes().all(is_name) {
                return Err(bad(
                    "index/vulns.json",
                    "lists something that is not an ID".to_owned(),
                ));
            }
            if !seen.insert(&entry.id) {
                let why = format!("lists {} twice", entry.id);
                return Err(bad("index/vulns.json", why));
            }
        }
        let mut files = vec![("index/vulns.json".to_owned(), list)];
        if let Some(index_db) = server
            .get(&format!("{base}/index/db.json"), DOCUMENT_MAX)
            .map_err(server_error)?
        {
            files.push(("index/db.json".to_owned(), index_db));
        }
        let mut total = 0;
        for entry in &listed {
            let name = format!("ID/{}.json", entry.id);
            let document = server
                .get(&format!("{base}/{name}"), DOCUMENT_MAX)
                .map_err(server_error)?;
            let document =
                document.ok_or_else(|| bad(&name, "is listed, but does not exist".to_owned()))?;
            total += document.len() as u64;
            if total > TOTAL_MAX {
                return Err(LoadError::too_much(
                    source,
                    format!("documents of more than {TOTAL_MAX} bytes"),
                ));
            }
            files.push((name, document));
        }
        read::read_documents(&files, source)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::proxy::testing::patience;
        use std::io::{BufRead, BufReader, Write};
        use std::net::TcpListener;
        use std::time::Duration;

        /// The server sends a part of the zip and then nothing more, and keeps the connection open: without a limit this would wait for ever.
        #[test]
        fn a_body_that_stops_is_given_up() {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let host = listener.local_addr().unwrap().to_string();
            std::thread::spawn(move || {
                let mut open = Vec::new();
                for mut stream in listener.incoming().flatten() {
                    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let _ = lines.map_while(Result::ok).find(String::is_empty);
                    let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nPK\x03\x04";
                    let _ = stream.write_all(head.as_bytes());
                    open.push(stream);
                }
            });
            let patience = Patience {
                timeout: Duration::from_millis(500),
                ..patience()
            };
            let error = fetch_with(&format!("http://{host}/db.zip"), &patience).unwrap_err();
            let text = error.to_string();
            assert!(
                text.starts_with(&format!("http://{host}…: {host}")),
                "{text}"
            );
            assert!(!text.contains('\n'), "{text}");
        }
    }
}

/// Fetches a database from an http or https address: a zip, or a server with the API of <https://go.dev/doc/security/vuln/database#api>.
///
/// # Errors
/// When it cannot be fetched or read completely.
pub fn fetch(url: &str) -> Result<Database, LoadError> {
    client::fetch(url)
}

/// Fetches the newest version of the module golang.org/x/vulndb through GOPROXY and verifies it with the checksum database; `say` gets messages about that.
///
/// # Errors
/// When no proxy has it, its checksum is wrong, or it cannot be read completely.
pub fn from_goproxy(cache: &Cache, say: &mut dyn FnMut(&str)) -> Result<Database, LoadError> {
    client::from_goproxy(cache, say)
}
