//! The proxies of GOPROXY, asked one after the other as the `go` command asks them (cmd/go/internal/modfetch, `TryProxies`).

use super::credentials;
use super::environment::Settings;
use super::error::{ProxyError, SettingError};
use super::escape::{escape_path, escape_version};
use super::pattern::matches_prefix;
use crate::bytes::error_text;
use crate::knowledge::semver::Semver;
use crate::source::http::url::host_of;
use crate::source::http::{Answer, Http, Patience, Plain, unreadable};
use serde::Deserialize;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

/// Longest list of versions or `.info`.
const LIST_MAX: u64 = 16 << 20;
/// Longest zip of a module (golang.org/x/mod/zip, `MaxZipFile`).
const ZIP_MAX: u64 = 500 << 20;

/// Asks for a file that is below an address.
pub(super) enum Place {
    /// An http or https server.
    Server(Box<Server>),
    /// A folder (`file://`).
    Folder(PathBuf),
}

pub(super) struct Server {
    http: Http,
    /// What stands in front of every path, without a slash at its end.
    prefix: String,
    /// The value of `Authorization`.
    proof: Option<String>,
}

/// What an item of GOPROXY is.
enum Item {
    Place(Place),
    /// Repositories.
    Direct,
    /// Nobody.
    Off,
}

/// The proxies of GOPROXY.
pub struct Proxies {
    items: Vec<(Item, bool)>,
    gonoproxy: String,
}

/// A version that a proxy knows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Info {
    /// The version.
    #[serde(rename = "Version")]
    pub version: String,
    /// When its commit was made: RFC 3339, or as a pseudo-version has it.
    #[serde(rename = "Time", default)]
    pub time: Option<String>,
}

impl Place {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it; never with its password.
    pub(super) fn parse(
        address: &str,
        netrc: Option<&PathBuf>,
        patience: &Patience,
    ) -> Result<Self, SettingError> {
        let (scheme, rest) = address.split_once("://").ok_or(SettingError::NoScheme)?;
        if rest.contains(['?', '#']) {
            return Err(SettingError::Query);
        }
        if scheme == "file" {
            return Ok(Self::Folder(PathBuf::from(rest)));
        }
        let plain = match scheme {
            "https" => Plain::Never,
            // The user wrote it; what comes is compared with the checksum database.
            "http" => Plain::Named,
            _ => return Err(SettingError::Scheme),
        };
        let host = host_of(address);
        if host.is_empty() {
            return Err(SettingError::NoHost);
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let user = authority.rsplit_once('@');
        let path = rest.split_once('/').map_or("", |(_, path)| path);
        let base = format!("{scheme}://{host}");
        let http = Http::new(&base, host, (plain, ""), patience)
            .map_err(|e| SettingError::Client(e.detail))?;
        let proof = match user {
            Some((user, _)) => Some(credentials::from_address(user)),
            None if scheme == "https" => {
                let bare = host.rsplit_once(':').map_or(host, |(name, _)| name);
                netrc.and_then(|path| credentials::from_netrc(path, bare))
            }
            None => None,
        };
        if let Some(proof) = &proof {
            http.hide_from_messages(&[proof.trim_start_matches("Basic ")]);
        }
        if let Some((user, _)) = user {
            http.hide_from_messages(&user.splitn(2, ':').collect::<Vec<_>>());
        }
        Ok(Self::Server(Box::new(Server {
            http,
            prefix: format!("/{}", path.trim_end_matches('/'))
                .trim_end_matches('/')
                .to_owned(),
            proof,
        })))
    }

    /// A file below the address.
    ///
    /// # Errors
    /// [`ProxyError::NotFound`] when it is not there.
    pub(super) fn get(&self, path: &str, most: u64) -> Result<Vec<u8>, ProxyError> {
        match self {
            Self::Server(server) => server.get(path, most),
            Self::Folder(folder) => {
                let file = folder.join(path);
                read(&file, most).map_err(|e| match e.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                        ProxyError::NotFound(path.to_owned())
                    }
                    _ => ProxyError::Failed(format!("{}: {}", file.display(), error_text(&e))),
                })
            }
        }
    }
}

fn read(path: &PathBuf, most: u64) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?;
    if !kind.is_file() {
        return Err(io::Error::other("is no file"));
    }
    if kind.len() > most {
        return Err(io::Error::other(format!("has more than {most} bytes")));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Server {
    fn get(&self, path: &str, most: u64) -> Result<Vec<u8>, ProxyError> {
        let url = format!("{}{}/{path}", self.http.base(), self.prefix);
        let refused = |answer: &Answer| {
            let status = answer.status();
            let hint = match status.as_u16() {
                401 | 403 => {
                    "; a name and password can stand in the netrc file, or in its address in GOPROXY"
                }
                _ => "",
            };
            unreadable(format!("{} answered {status}{hint}", self.http.name()))
        };
        let got = self.http.repeat(|| {
            let (answer, _) = self.http.follow(&url, &[], self.proof.as_deref())?;
            let answer = Http::later(answer, refused)?;
            match answer.status().as_u16() {
                200 => self.http.body(answer, most).map(Ok),
                404 | 410 => Ok(Err(ProxyError::NotFound(path.to_owned()))),
                _ => Ok(Err(ProxyError::Failed(refused(&answer).detail))),
            }
        });
        got.map_err(|e| ProxyError::Failed(e.detail))?
    }
}

impl Proxies {
    /// Reads GOPROXY; no request is made.
    ///
    /// # Errors
    /// When it is not what the `go` command takes.
    pub fn new(settings: &Settings) -> Result<Self, ProxyError> {
        Self::with(settings, &Patience::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// When GOPROXY is not what the `go` command takes.
    pub fn with(settings: &Settings, patience: &Patience) -> Result<Self, ProxyError> {
        let wrong = |why: SettingError| ProxyError::Setting {
            name: "GOPROXY",
            why,
        };
        let mut items = Vec::new();
        let mut rest = settings.goproxy.as_str();
        while !rest.is_empty() {
            let end = rest.find([',', '|']).unwrap_or(rest.len());
            let (item, behind) = rest.split_at(end);
            let falls_back = behind.starts_with('|');
            rest = behind.get(1..).unwrap_or_default();
            let item = item.trim();
            match item {
                "" => continue,
                "direct" => items.push((Item::Direct, false)),
                "off" => items.push((Item::Off, false)),
                _ => {
                    let is_short = item.contains(['.', ':', '/']) && !item.contains(":/");
                    let address = match is_short && !item.starts_with('/') {
                        true => format!("https://{item}"),
                        false => item.to_owned(),
                    };
                    let place = Place::parse(&address, settings.netrc.as_ref(), patience);
                    items.push((Item::Place(place.map_err(wrong)?), falls_back));
                    continue;
                }
            }
            // Nothing behind either of them counts.
            break;
        }
        if items.is_empty() {
            return Err(wrong(SettingError::NamesNothing));
        }
        Ok(Self {
            items,
            gonoproxy: settings.gonoproxy.clone(),
        })
    }

    /// Asks each proxy until one answers. The next is asked when one does not have it, or, behind `|`, when it fails in whatever way.
    fn each<T>(
        &self,
        module: &str,
        mut ask: impl FnMut(&Place) -> Result<T, ProxyError>,
    ) -> Result<T, ProxyError> {
        if matches_prefix(&self.gonoproxy, module) {
            return Err(ProxyError::Direct {
                module: module.to_owned(),
                why: "GONOPROXY or GOPRIVATE matches it",
            });
        }
        let mut best: Option<ProxyError> = None;
        for (item, falls_back) in &self.items {
            let error = match item {
                Item::Place(place) => match ask(place) {
                    Ok(done) => return Ok(done),
                    // A lie is no failure to be passed over.
                    Err(lie @ ProxyError::Security(_)) => return Err(lie),
                    Err(error) => error,
                },
                Item::Direct => ProxyError::Direct {
                    module: module.to_owned(),
                    why: "GOPROXY says `direct`",
                },
                Item::Off => ProxyError::Off,
            };
            let is_absent = error.is_absent();
            let is_better = match &best {
                None => true,
                Some(before) => before.is_absent() && (!is_absent || matches!(item, Item::Off)),
            };
            if is_better {
                best = Some(error);
            }
            if !falls_back && !is_absent {
                break;
            }
        }
        Err(match best {
            Some(ProxyError::NotFound(_)) | None => ProxyError::NotFound(module.to_owned()),
            Some(error) => error,
        })
    }

    /// The address of a checksum database at the first proxy that passes its requests on; `None`: it is to be asked itself
    /// (<https://go.dev/design/25530-sumdb#proxying-a-checksum-database>).
    ///
    /// # Errors
    /// When a proxy fails that must not be passed over.
    pub(super) fn sumdb(&self, name: &str) -> Result<Option<(&Place, String)>, ProxyError> {
        let prefix = format!("sumdb/{name}");
        for (item, falls_back) in &self.items {
            let Item::Place(place) = item else {
                return Ok(None);
            };
            match place.get(&format!("{prefix}/supported"), LIST_MAX) {
                Ok(_) => return Ok(Some((place, prefix))),
                Err(error) if error.is_absent() || *falls_back => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The newest version: the highest release, the highest pre-release when there is none, else what the proxy calls the latest.
    ///
    /// # Errors
    /// When no proxy has the module, or the answer is no version.
    pub fn latest(&self, module: &str) -> Result<Info, ProxyError> {
        let escaped = escape_path(module)?;
        let wrong =
            |what: &str| ProxyError::Failed(format!("{module}: {what} of the proxy is malformed"));
        self.each(module, |place| {
            let list = match place.get(&format!("{escaped}/@v/list"), LIST_MAX) {
                Ok(list) => String::from_utf8(list).map_err(|_| wrong("the list of versions"))?,
                Err(error) if error.is_absent() => String::new(),
                Err(error) => return Err(error),
            };
            if let Some(version) = highest(&list) {
                return Ok(Info {
                    version: version.to_owned(),
                    time: None,
                });
            }
            let info = match place.get(&format!("{escaped}/@latest"), LIST_MAX) {
                Ok(info) => info,
                // A proxy need not answer this; then its list may have commits (cmd/go/internal/modfetch, `latestFromList`).
                Err(error) if error.is_absent() => {
                    return newest(&list)
                        .map(|(version, time)| Info {
                            version: version.to_owned(),
                            time: Some(time.to_owned()),
                        })
                        .ok_or(error);
                }
                Err(error) => return Err(error),
            };
            let info: Info = serde_json::from_slice(&info).map_err(|_| wrong("the answer"))?;
            match Semver::parse(&info.version) {
                Some(_) => Ok(info),
                None => Err(wrong("the version")),
            }
        })
    }

    /// The zip of a module, as it came: what it is worth, its sum says.
    ///
    /// # Errors
    /// When no proxy has it.
    pub fn zip(&self, module: &str, version: &str) -> Result<Vec<u8>, ProxyError> {
        self.file(module, version, "zip", ZIP_MAX)
    }

    /// The go.mod file of a module, as it came.
    ///
    /// # Errors
    /// When no proxy has it.
    pub fn go_mod(&self, module: &str, version: &str) -> Result<Vec<u8>, ProxyError> {
        self.file(module, version, "mod", LIST_MAX)
    }

    fn file(
        &self,
        module: &str,
        version: &str,
        kind: &str,
        most: u64,
    ) -> Result<Vec<u8>, ProxyError> {
        let path = format!(
            "{}/@v/{}.{kind}",
            escape_path(module)?,
            escape_version(version)?
        );
        self.each(module, |place| place.get(&path, most))
    }
}

/// The highest release of a list, or its highest pre-release.
fn highest(list: &str) -> Option<&str> {
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let versions = words.filter_map(|word| Some((word, Semver::parse(word)?)));
    let known: Vec<_> = versions.filter(|(_, v)| v.pseudo().is_none()).collect();
    let top = |releases: bool| {
        let wanted = known
            .iter()
            .filter(|(_, v)| v.prerelease().is_empty() == releases);
        wanted
            .max_by(|a, b| a.1.compare(&b.1))
            .map(|(word, _)| *word)
    };
    top(true).or_else(|| top(false))
}

/// The pseudo-version of the newest commit of a list, and the time of that.
fn newest(list: &str) -> Option<(&str, &str)> {
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let commits = words.filter_map(|word| Some((word, Semver::parse(word)?.pseudo()?.time)));
    commits.max_by_key(|(_, time)| *time)
}
