//! Asks the proxies of GOPROXY one after the other, as the `go` command does (cmd/go/internal/modfetch, `TryProxies`).

use super::credentials;
use super::environment::Settings;
use super::error::{ProxyError, SettingError};
use super::escape::{escape_path, escape_version};
use super::pattern::matches_prefix;
use crate::bytes::error_text;
use crate::knowledge::semver::Semver;
use crate::source::dir::read_file;
use crate::source::http::url::host_of;
use crate::source::http::{Answer, Http, Patience, Plain, unreadable};
use serde::Deserialize;

use std::io;
use std::path::PathBuf;

/// Longest list of versions or `.info`.
const LIST_MAX: u64 = 16 << 20;
/// Longest zip of a module (golang.org/x/mod/zip, `MaxZipFile`).
const ZIP_MAX: u64 = 500 << 20;

/// An address of GOPROXY or GOSUMDB: a server or a folder.
pub(super) enum Origin {
    /// An http or https server.
    Server(Box<Server>),
    /// A folder (`file://`).
    Folder(PathBuf),
}

pub(super) struct Server {
    http: Http,
    /// The address before every path, without a slash at its end.
    prefix: String,
    /// The value of `Authorization`.
    proof: Option<String>,
}

/// An item of GOPROXY.
enum ProxyItem {
    Origin(Origin),
    /// `direct`: fetch from the repository, which gospect does not do.
    Direct,
    /// `off`: ask no proxy.
    Off,
}

/// The proxies of GOPROXY.
pub struct Proxies {
    items: Vec<(ProxyItem, bool)>,
    gonoproxy: String,
}

/// A version, as a proxy describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Info {
    /// The version.
    #[serde(rename = "Version")]
    pub version: String,
    /// The time of its commit: RFC 3339, or in the form of pseudo-versions.
    #[serde(rename = "Time", default)]
    pub time: Option<String>,
}

impl Origin {
    /// Reads an address.
    ///
    /// # Errors
    /// [`SettingError`] says what is wrong with it, without its password.
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
            // The user chose plain HTTP, and the checksum database verifies the content.
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

    /// Fetches a file below the address.
    ///
    /// # Errors
    /// [`ProxyError::NotFound`] when there is no such file.
    pub(super) fn get(&self, path: &str, most: u64) -> Result<Vec<u8>, ProxyError> {
        match self {
            Self::Server(server) => server.get(path, most),
            Self::Folder(folder) => {
                let file = folder.join(path);
                read_file(&file, most).map_err(|e| match e.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                        ProxyError::NotFound(path.to_owned())
                    }
                    _ => ProxyError::Failed(format!("{}: {}", file.display(), error_text(&e))),
                })
            }
        }
    }
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
        let answer = self.http.repeat(|| {
            let (answer, _) = self.http.follow(&url, &[], self.proof.as_deref())?;
            let answer = Http::later(answer, refused)?;
            match answer.status().as_u16() {
                200 => self.http.body(answer, most).map(Ok),
                404 | 410 => Ok(Err(ProxyError::NotFound(path.to_owned()))),
                _ => Ok(Err(ProxyError::Failed(refused(&answer).detail))),
            }
        });
        answer.map_err(|e| ProxyError::Failed(e.detail))?
    }
}

impl Proxies {
    /// Parses GOPROXY. Makes no request.
    ///
    /// # Errors
    /// When the `go` command would refuse the value.
    pub fn new(settings: &Settings) -> Result<Self, ProxyError> {
        Self::with(settings, &Patience::default())
    }

    /// Like [`Proxies::new`], with other limits.
    ///
    /// # Errors
    /// When the `go` command would refuse the value of GOPROXY.
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
                "direct" => items.push((ProxyItem::Direct, false)),
                "off" => items.push((ProxyItem::Off, false)),
                _ => {
                    let is_short = item.contains(['.', ':', '/']) && !item.contains(":/");
                    let address = match is_short && !item.starts_with('/') {
                        true => format!("https://{item}"),
                        false => item.to_owned(),
                    };
                    let origin = Origin::parse(&address, settings.netrc.as_ref(), patience);
                    items.push((ProxyItem::Origin(origin.map_err(wrong)?), falls_back));
                    continue;
                }
            }
            // The `go` command ignores all items after `direct` and `off`.
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

    /// Asks each proxy until one answers. After a missing file the next is asked; if `|` separates the two, after any failure.
    fn each<T>(
        &self,
        module: &str,
        mut ask: impl FnMut(&Origin) -> Result<T, ProxyError>,
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
                ProxyItem::Origin(origin) => match ask(origin) {
                    Ok(done) => return Ok(done),
                    // A wrong answer is an error, even if another proxy would give the right one.
                    Err(lie @ ProxyError::Security(_)) => return Err(lie),
                    Err(error) => error,
                },
                ProxyItem::Direct => ProxyError::Direct {
                    module: module.to_owned(),
                    why: "GOPROXY says `direct`",
                },
                ProxyItem::Off => ProxyError::Off,
            };
            let is_absent = error.is_absent();
            let is_better = match &best {
                None => true,
                Some(before) => {
                    before.is_absent() && (!is_absent || matches!(item, ProxyItem::Off))
                }
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

    /// The address of a checksum database at the first proxy that mirrors it; `None`: the database must be asked directly
    /// (<https://go.dev/design/25530-sumdb#proxying-a-checksum-database>).
    ///
    /// # Errors
    /// When a proxy fails and the next must not be asked.
    pub(super) fn sumdb(&self, name: &str) -> Result<Option<(&Origin, String)>, ProxyError> {
        let prefix = format!("sumdb/{name}");
        for (item, falls_back) in &self.items {
            let ProxyItem::Origin(origin) = item else {
                return Ok(None);
            };
            match origin.get(&format!("{prefix}/supported"), LIST_MAX) {
                Ok(_) => return Ok(Some((origin, prefix))),
                Err(error) if error.is_absent() || *falls_back => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The newest version: the highest release, else the highest pre-release, else the version that the proxy calls the latest.
    ///
    /// # Errors
    /// When no proxy has the module, or the answer is not a version.
    pub fn latest(&self, module: &str) -> Result<Info, ProxyError> {
        let escaped = escape_path(module)?;
        let wrong =
            |what: &str| ProxyError::Failed(format!("{module}: {what} of the proxy is malformed"));
        self.each(module, |origin| {
            let list = match origin.get(&format!("{escaped}/@v/list"), LIST_MAX) {
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
            let info = match origin.get(&format!("{escaped}/@latest"), LIST_MAX) {
                Ok(info) => info,
                // Proxies need not support `@latest`. Then the list may contain pseudo-versions (cmd/go/internal/modfetch, `latestFromList`).
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

    /// The zip of a module. It is not verified: the caller compares its checksum.
    ///
    /// # Errors
    /// When no proxy has it.
    pub fn zip(&self, module: &str, version: &str) -> Result<Vec<u8>, ProxyError> {
        self.file(module, version, "zip", ZIP_MAX)
    }

    /// The go.mod file of a module. It is not verified.
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
        self.each(module, |origin| origin.get(&path, most))
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

/// The pseudo-version with the newest commit in a list, and the time of the commit.
fn newest(list: &str) -> Option<(&str, &str)> {
    let words = list
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let commits = words.filter_map(|word| Some((word, Semver::parse(word)?.pseudo()?.time)));
    commits.max_by_key(|(_, time)| *time)
}
