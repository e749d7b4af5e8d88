//! Asks for the newest go.mod files, and holds them against the checksum database.

use super::{LoadError, Newest, Place};
use crate::proxy::{
    Layered, MemoryStore, ModuleCache, NoStore, Proxies, ProxyError, Settings, Store, Sums,
    at_once, of_go_mod,
};
use crate::source::http::Patience;
use crate::vuln::go_mod::{GoMod, LARGEST};

/// Modules that are asked about at once. After [`FAILURES`] no further ones are.
const PORTION: usize = 24;
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
    failures: u32,
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
            failures: 0,
        })
    }

    /// What is known about each of these modules, in their order.
    pub(super) fn newest(&mut self, modules: &[&str]) -> Vec<Result<Newest, LoadError>> {
        let portions = modules.chunks(PORTION);
        portions
            .flat_map(|portion| self.newest_of_portion(portion))
            .collect()
    }

    fn newest_of_portion(&mut self, modules: &[&str]) -> Vec<Result<Newest, LoadError>> {
        let given_up = |module: &str| {
            let why = format!("{module} was not asked about after {FAILURES} failures");
            Err(failed(ProxyError::Failed(why)))
        };
        if self.failures >= FAILURES {
            return modules.iter().map(|module| given_up(module)).collect();
        }
        let files = at_once(modules, |module| {
            let version = self.proxies.latest(module)?.version;
            let bytes = self.proxies.go_mod(module, &version)?;
            Ok((version, bytes))
        });
        let below: &dyn Store = match &self.cache {
            Some(cache) => cache,
            None => &NoStore,
        };
        let store = Layered {
            own: &self.answers,
            below,
        };
        let mut failures = self.failures;
        let mut checker = self.checker(&store, modules, &files);
        let mut answers = Vec::new();
        for (module, file) in modules.iter().zip(files) {
            if failures >= FAILURES {
                answers.push(given_up(module));
                continue;
            }
            let found = file.and_then(|(version, bytes)| {
                let unchecked = match &mut checker {
                    Some(checker) => checker.check(module, &version, &bytes)?,
                    None => None,
                };
                Ok(newest_of(version, &bytes, unchecked))
            });
            let has_failed = found.as_ref().is_err_and(|error| !error.is_absent());
            failures = if has_failed { failures + 1 } else { 0 };
            answers.push(found.map_err(|error| match (error, self.place) {
                (ProxyError::NotFound(_), Place::Cache) => {
                    failed(ProxyError::NotKept((*module).to_owned()))
                }
                (error, _) => failed(error),
            }));
        }
        drop(checker);
        self.failures = failures;
        answers
    }

    /// What holds these files against the checksum database; `None`: files of the module cache, which the `go` command has checked.
    fn checker<'c>(
        &'c self,
        store: &'c dyn Store,
        modules: &[&str],
        files: &[Result<(String, Vec<u8>), ProxyError>],
    ) -> Option<Checker<'c>> {
        if self.place == Place::Cache {
            return None;
        }
        let mut sums = Sums::with(&self.settings, &self.proxies, store, self.patience.clone());
        if let Ok(Some(sums)) = &mut sums {
            let fetched = modules.iter().zip(files);
            let versions = fetched.filter_map(|(module, file)| {
                let (version, _) = file.as_ref().ok()?;
                Some(((*module).to_owned(), version.clone()))
            });
            sums.fetch_ahead(&versions.collect::<Vec<_>>());
        }
        Some(Checker { sums })
    }
}

fn newest_of(version: String, bytes: &[u8], unchecked: Option<String>) -> Newest {
    let text = bytes.get(..LARGEST.min(bytes.len())).unwrap_or_default();
    Newest {
        version,
        go_mod: GoMod::parse(&String::from_utf8_lossy(text)),
        unchecked,
    }
}

/// Holds go.mod files against the checksum database.
struct Checker<'c> {
    /// `Ok(None)`: none is to be asked.
    sums: Result<Option<Sums<'c>>, ProxyError>,
}

impl Checker<'_> {
    /// Checks a file, or tells why that is not to be done.
    fn check(
        &mut self,
        module: &str,
        version: &str,
        bytes: &[u8],
    ) -> Result<Option<String>, ProxyError> {
        let sums = match &mut self.sums {
            Ok(Some(sums)) => sums,
            Ok(None) => return Ok(Some("GOSUMDB=off".to_owned())),
            Err(why) => return Err(why.clone()),
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
mod tests;
