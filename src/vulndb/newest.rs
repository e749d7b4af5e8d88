//! The go.mod files of the newest versions of modules, from the module cache or from module proxies.

use super::error::LoadError;
use crate::vuln::go_mod::Newest;
use client::Client;
use std::collections::{BTreeSet, HashMap};
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

    /// Asks about modules, several at once, each only the first time.
    pub fn ask<'m>(&mut self, modules: impl IntoIterator<Item = &'m str>) {
        let is_new = |module: &&str| !self.answers.contains_key(*module);
        let new: BTreeSet<&str> = modules.into_iter().filter(is_new).collect();
        let room = MAX_MODULES.saturating_sub(self.answers.len());
        let new: Vec<&str> = new.into_iter().take(room).collect();
        for (module, newest) in new.iter().zip(self.client.newest(&new)) {
            let newest = newest.map_err(|why| {
                self.problem.get_or_insert(why);
            });
            self.answers
                .insert((*module).to_owned(), newest.ok().map(Arc::new));
        }
    }

    /// The newest version of a module and what its go.mod file says; `None`: not known, or not asked about.
    pub fn of(&self, module: &str) -> Option<Arc<Newest>> {
        self.answers.get(module)?.clone()
    }

    /// Why the newest go.mod file of a module is unknown: the first error; `None`: no error so far.
    pub fn problem(&self) -> Option<&LoadError> {
        self.problem.as_ref()
    }
}

#[cfg(feature = "registry")]
mod client;

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

        pub(super) fn newest(&mut self, _: &[&str]) -> Vec<Result<Newest, LoadError>> {
            match *self {}
        }
    }
}
