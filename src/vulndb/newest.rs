//! The go.mod files of the newest versions of modules, from the module cache or from module proxies.

use super::error::LoadError;
use crate::vuln::go_mod::Newest;
use client::Client;
use std::collections::HashMap;
use std::sync::Arc;

/// Most modules that are asked for in one run.
const MAX_MODULES: usize = 20_000;

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
            if self.answers.len() >= MAX_MODULES {
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
    use crate::proxy::{
        Layered, MemoryStore, ModuleCache, NoStore, Proxies, ProxyError, Settings, Store, Sums,
        of_go_mod,
    };
    use crate::source::http::Patience;
    use crate::vuln::go_mod::{GoMod, LARGEST};
    use std::cell::Cell;

    /// After so many modules in a row that could not be asked about, nothing is asked any more.
    const FAILURES: u32 = 5;

    fn failed(error: ProxyError) -> LoadError {
        LoadError::Unreadable {
            place: "go.mod files".to_owned(),
            why: error.to_string(),
        }
    }

    pub(super) struct Client {
        proxies: Proxies,
        settings: Settings,
        patience: Patience,
        place: Place,
        /// What checksum databases answered in this run.
        answers: MemoryStore,
        cache: Option<ModuleCache>,
        /// Modules in a row that could not be asked about.
        failures: Cell<u32>,
    }

    impl Client {
        pub(super) fn new(place: Place) -> Result<Self, LoadError> {
            let cache = ModuleCache::of_user();
            let settings = match place {
                Place::Proxies => Settings::of_user().map_err(failed)?,
                Place::Cache => {
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
            Self::with(place, settings, cache, Patience::default())
        }

        pub(super) fn with(
            place: Place,
            settings: Settings,
            cache: Option<ModuleCache>,
            patience: Patience,
        ) -> Result<Self, LoadError> {
            Ok(Self {
                proxies: Proxies::with(&settings, &patience).map_err(failed)?,
                settings,
                patience,
                place,
                answers: MemoryStore::default(),
                cache,
                failures: Cell::new(0),
            })
        }

        pub(super) fn newest(&self, module: &str) -> Result<Newest, LoadError> {
            if self.failures.get() >= FAILURES {
                let why = format!("{module} was not asked about after {FAILURES} failures");
                return Err(failed(ProxyError::Failed(why)));
            }
            let found = self.ask(module);
            let has_failed = found.as_ref().is_err_and(|error| !error.is_absent());
            self.failures.set(match has_failed {
                true => self.failures.get() + 1,
                false => 0,
            });
            found.map_err(|error| match (error, self.place) {
                (ProxyError::NotFound(_), Place::Cache) => {
                    failed(ProxyError::NotKept(module.to_owned()))
                }
                (error, _) => failed(error),
            })
        }

        fn ask(&self, module: &str) -> Result<Newest, ProxyError> {
            let version = self.proxies.latest(module)?.version;
            let bytes = self.proxies.go_mod(module, &version)?;
            let unchecked = match self.place {
                Place::Proxies => self.check(module, &version, &bytes)?,
                Place::Cache => None,
            };
            let text = bytes.get(..LARGEST.min(bytes.len())).unwrap_or_default();
            let go_mod = GoMod::parse(&String::from_utf8_lossy(text));
            Ok(Newest {
                version,
                go_mod,
                unchecked,
            })
        }

        /// Holds a go.mod file against the checksum database, or tells why that is not to be done.
        fn check(
            &self,
            module: &str,
            version: &str,
            bytes: &[u8],
        ) -> Result<Option<String>, ProxyError> {
            let below: &dyn Store = match &self.cache {
                Some(cache) => cache,
                None => &NoStore,
            };
            let store = Layered {
                own: &self.answers,
                below,
            };
            let sums = Sums::with(&self.settings, &self.proxies, &store, self.patience.clone())?;
            let Some(mut sums) = sums else {
                return Ok(Some("GOSUMDB=off".to_owned()));
            };
            if sums.is_private(module) {
                return Ok(Some("GONOSUMDB or GOPRIVATE".to_owned()));
            }
            let name = format!("{version}/go.mod");
            let known = sums.lookup(module, version)?;
            let right = known.into_iter().find(|(at, _)| *at == name);
            let sum = of_go_mod(bytes);
            match right {
                Some((_, right)) if right == sum => Ok(None),
                Some((_, right)) => Err(ProxyError::Security(format!(
                    "the go.mod file of {module}@{version} has the sum {sum}, and {} has {right}",
                    sums.name()
                ))),
                None => Err(ProxyError::NotFound(format!("{module}@{name}"))),
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::super::{MAX_MODULES, NewestGoMods};
        use super::*;
        use crate::proxy::testing::{Log, Server, patience, reply, settings};
        use std::collections::HashMap;

        const GO_MOD: &str = "module example.com/m0\nretract v0.9.0 // Loses data.\n";

        /// A proxy that has `example.com/m0` v1.0.0 and a checksum database with its sum, and what is told about it.
        fn ask(go_mod: &str, change: impl Fn(&mut Settings)) -> (Option<Newest>, String) {
            let mut log = Log::of(3);
            log.records[0] = format!(
                "example.com/m0 v1.0.0 h1:zip=\nexample.com/m0 v1.0.0/go.mod {}\n",
                of_go_mod(GO_MOD.as_bytes())
            );
            let key = log.key();
            let files = HashMap::from([
                ("/example.com/m0/@v/list", "v1.0.0\n".to_owned()),
                ("/example.com/m0/@v/v1.0.0.mod", go_mod.to_owned()),
                ("/example.com/m7/@v/list", "v1.0.0\n".to_owned()),
                ("/example.com/m7/@v/v1.0.0.mod", go_mod.to_owned()),
            ]);
            let server = Server::start(move |request| match files.get(request.path.as_str()) {
                Some(text) => reply(200, text.as_bytes()),
                None => log.answer(&request.path),
            });
            let mut settings = settings(&server, &key);
            change(&mut settings);
            let module = match settings.gonosumdb.as_str() {
                "unlisted" => "example.com/m7",
                _ => "example.com/m0",
            };
            let client = Client::with(Place::Proxies, settings, None, patience()).unwrap();
            let mut newest = NewestGoMods {
                client,
                answers: HashMap::new(),
                problem: None,
            };
            let found = newest.of(module).map(|found| (*found).clone());
            let problem = newest.problem().map(ToString::to_string);
            (found, problem.unwrap_or_default())
        }

        #[test]
        fn go_mod_files_of_proxies_are_held_against_the_checksum_database() {
            let (found, problem) = ask(GO_MOD, |_| ());
            let found = found.unwrap();
            assert_eq!((found.unchecked, problem.as_str()), (None, ""));
            assert_eq!(found.go_mod.retracted("v0.9.0"), Some("Loses data."));

            let (found, problem) = ask("module example.com/m0\n", |_| ());
            assert_eq!(found, None, "nothing of a changed file is used");
            let why = "the go.mod file of example.com/m0@v1.0.0 has the sum h1:";
            assert!(
                problem.contains(why) && problem.contains("sum.test has h1:"),
                "{problem}"
            );

            let (found, problem) = ask(GO_MOD, |settings| {
                settings.gonosumdb = "unlisted".to_owned()
            });
            assert_eq!(found, None, "{problem}");
            assert!(!problem.is_empty());
        }

        #[test]
        fn what_was_not_checked_says_why() {
            for (name, why) in [
                ("GOSUMDB", "GOSUMDB=off"),
                ("GONOSUMDB", "GONOSUMDB or GOPRIVATE"),
            ] {
                let (found, problem) = ask("module example.com/m0\n", |settings| match name {
                    "GOSUMDB" => settings.gosumdb = "off".to_owned(),
                    _ => settings.gonosumdb = "example.com/*".to_owned(),
                });
                assert_eq!(found.unwrap().unchecked.as_deref(), Some(why));
                assert_eq!(problem, "");
            }
        }

        #[test]
        fn modules_beyond_the_bound_are_not_asked_about() {
            let server = Server::start(|_| reply(404, b""));
            let settings = settings(&server, "off");
            let known = (0..MAX_MODULES).map(|number| (format!("example.com/k{number}"), None));
            let mut newest = NewestGoMods {
                client: Client::with(Place::Proxies, settings, None, patience()).unwrap(),
                answers: known.collect(),
                problem: None,
            };
            assert!(newest.of("example.com/m").is_none() && newest.problem().is_none());
            assert!(server.requests().is_empty());
            newest.answers.remove("example.com/k0");
            newest.of("example.com/m");
            assert!(!server.requests().is_empty());
        }

        #[test]
        fn after_some_failures_nothing_is_asked_any_more() {
            let server = Server::start(|_| reply(500, b""));
            let settings = settings(&server, "off");
            let client = Client::with(Place::Proxies, settings, None, patience()).unwrap();
            for number in 0..20 {
                assert!(client.newest(&format!("example.com/m{number}")).is_err());
            }
            let asked = server.requests();
            let is_late = |path: &str| path.contains("m5/") || path.contains("m19/");
            assert!(asked.iter().any(|request| request.path.contains("m4/")));
            assert!(!asked.iter().any(|request| is_late(&request.path)));
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
