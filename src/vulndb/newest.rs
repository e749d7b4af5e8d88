//! The go.mod files of the newest versions of modules, from the module cache or from module proxies.

use super::error::LoadError;
use crate::vuln::go_mod::Newest;
use client::Client;
use std::collections::HashMap;
use std::sync::Arc;

/// Most modules that are asked for in one run.
const MODULES: usize = 20_000;

/// Where go.mod files are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `GOMODCACHE/cache/download`: what the `go` command fetched earlier. No network.
    Cache,
    /// The module proxies of GOPROXY.
    Proxies,
}

/// The newest go.mod files that were asked for, each once.
pub struct NewestGoMods {
    client: Client,
    answers: HashMap<String, Option<Arc<Newest>>>,
    /// The first error: why the go.mod file of a module is unknown.
    problem: Option<LoadError>,
}

impl NewestGoMods {
    /// Finds the place. Makes no request.
    ///
    /// # Errors
    /// When it is not known where the module cache is, or GOPROXY is not set or malformed.
    pub fn new(place: Place) -> Result<Self, LoadError> {
        Ok(Self {
            client: Client::new(place)?,
            answers: HashMap::new(),
            problem: None,
        })
    }

    /// The newest version of a module and what its go.mod file says; `None`: not known.
    pub fn of(&mut self, module: &str) -> Option<Arc<Newest>> {
        if !self.answers.contains_key(module) {
            if self.answers.len() >= MODULES {
                return None;
            }
            let newest = self.client.newest(module).map_err(|why| {
                self.problem.get_or_insert(why);
            });
            self.answers
                .insert(module.to_owned(), newest.ok().map(Arc::new));
        }
        self.answers.get(module)?.clone()
    }

    /// Why the newest go.mod file of a module is unknown: the first error; `None`: no error so far.
    pub fn problem(&self) -> Option<&LoadError> {
        self.problem.as_ref()
    }
}

#[cfg(feature = "registry")]
mod client {
    use super::{LoadError, Newest, Place};
    use crate::proxy::{ModuleCache, Proxies, ProxyError, Settings};
    use crate::vuln::go_mod::{GoMod, LARGEST};

    fn failed(error: ProxyError) -> LoadError {
        LoadError::Unreadable {
            place: "go.mod files".to_owned(),
            why: error.to_string(),
        }
    }

    pub(super) struct Client {
        proxies: Proxies,
        place: Place,
    }

    impl Client {
        pub(super) fn new(place: Place) -> Result<Self, LoadError> {
            let settings = match place {
                Place::Proxies => Settings::of_user().map_err(failed)?,
                Place::Cache => {
                    let cache = ModuleCache::of_user();
                    let folder = cache.as_ref().and_then(|cache| cache.folder().parent());
                    let folder = folder.ok_or_else(|| {
                        let why = "there is no module cache: GOMODCACHE is not set";
                        failed(ProxyError::Failed(why.to_owned()))
                    })?;
                    // The folder has the layout of a proxy (https://go.dev/ref/mod#module-cache).
                    let address = format!("file://{}", folder.to_string_lossy());
                    let variable = |name: &str| (name == "GOPROXY").then(|| address.clone());
                    Settings::from(variable, || None).map_err(failed)?
                }
            };
            let proxies = Proxies::new(&settings).map_err(failed)?;
            Ok(Self { proxies, place })
        }

        pub(super) fn newest(&self, module: &str) -> Result<Newest, LoadError> {
            let missing = |error: ProxyError| match (error, self.place) {
                (ProxyError::NotFound(_), Place::Cache) => {
                    failed(ProxyError::NotKept(module.to_owned()))
                }
                (error, _) => failed(error),
            };
            let version = self.proxies.latest(module).map_err(missing)?.version;
            let bytes = self.proxies.go_mod(module, &version).map_err(missing)?;
            let text = bytes.get(..LARGEST.min(bytes.len())).unwrap_or_default();
            let go_mod = GoMod::parse(&String::from_utf8_lossy(text));
            Ok(Newest { version, go_mod })
        }
    }
}

#[cfg(not(feature = "registry"))]
mod client {
    use super::{LoadError, Newest, Place};

    /// Nothing can be asked in this build.
    pub(super) enum Client {}

    impl Client {
        pub(super) fn new(_: Place) -> Result<Self, LoadError> {
            Err(LoadError::Unreadable {
                place: "go.mod files".to_owned(),
                why: "this build of gospect cannot ask module proxies".to_owned(),
            })
        }

        pub(super) fn newest(&self, _: &str) -> Result<Newest, LoadError> {
            match *self {}
        }
    }
}
