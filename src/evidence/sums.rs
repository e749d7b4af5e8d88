//! Checksums of modules from go.sum files and a checksum database. Each version is looked up once.

use crate::proxy::{ProxyError, Sums};
use crate::verify::go_sum::{self, GoSum};
use crate::verify::sums::{Answer, LookupResult, TOOLCHAIN};
use std::collections::{HashMap, HashSet};

/// After this number of consecutive failures, the database is not asked any more.
const FAILURES: usize = 3;
/// Versions that are fetched at once, before they are looked up one after the other.
const PORTION: usize = 128;
/// Most different messages about a database that are kept.
const MESSAGES: usize = 20;

/// How the checksum database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Uses stored answers, and asks the database for all others.
    Auto,
    /// Uses stored answers only.
    Offline,
    /// Uses no database.
    Off,
}

/// Statistics about the look-ups in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Number of versions that were looked up.
    pub asked: u64,
    /// Number of versions without an answer, or with an answer that failed verification.
    pub failed: u64,
    /// Whether an answer failed verification.
    pub lied: bool,
    /// What went wrong, in one line each.
    pub messages: Vec<String>,
}

/// All sources of checksums.
pub struct SumSources<'s> {
    files: Vec<(String, GoSum)>,
    database: Result<Option<Sums<'s>>, String>,
    /// The setting that switches the database off, for answers.
    silent: &'static str,
    /// Whether GOPROXY is one folder: then GONOSUMDB applies to toolchains too.
    file_proxy: bool,
    answers: HashMap<(String, String), Vec<Answer>>,
    failures: usize,
    lookups: Lookups,
    /// Versions that will be asked about, the next last.
    expected: Vec<(String, String)>,
}

impl<'s> SumSources<'s> {
    /// Uses these files and this database; `Err`: why the database cannot be used.
    pub fn new(
        files: Vec<(String, GoSum)>,
        database: Result<Option<Sums<'s>>, ProxyError>,
        mode: Mode,
    ) -> Self {
        let silent = match mode {
            Mode::Off => "--sumdb off",
            Mode::Auto | Mode::Offline => "GOSUMDB=off",
        };
        let mut lookups = Lookups::default();
        let database = database.map_err(|error| error.to_string());
        if let Err(why) = &database {
            lookups.messages.push(why.clone());
        }
        Self {
            files,
            database,
            silent,
            file_proxy: false,
            answers: HashMap::new(),
            failures: 0,
            lookups,
            expected: Vec::new(),
        }
    }

    /// Sets whether GOPROXY is one folder: then GONOSUMDB applies to toolchains too (cmd/go/internal/modfetch, `useSumDB`).
    pub fn with_file_proxy(mut self, is_folder: bool) -> Self {
        self.file_proxy = is_folder;
        self
    }

    /// The look-ups in the database so far.
    pub fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// Names the versions that will be asked about next, in their order, so that several can be fetched at once.
    pub fn expect(&mut self, versions: impl IntoIterator<Item = (String, String)>) {
        let is_open = |version: &(String, String)| !self.answers.contains_key(version);
        let mut seen = HashSet::new();
        self.expected = versions
            .into_iter()
            .filter(|version| is_open(version) && seen.insert(version.clone()))
            .collect();
        self.expected.reverse();
    }

    /// Fetches the next portion of the expected versions when its first is asked about.
    fn fetch_ahead(&mut self, version: &(String, String)) {
        if self.expected.last() != Some(version) {
            return;
        }
        let rest = self.expected.len().saturating_sub(PORTION);
        let portion = self.expected.split_off(rest);
        if let Ok(Some(database)) = &mut self.database
            && self.failures < FAILURES
        {
            database.fetch_ahead(&portion);
        }
    }

    /// The answers of all sources about a version.
    pub fn ask(&mut self, module: &str, version: &str) -> Vec<Answer> {
        let key = (module.to_owned(), version.to_owned());
        if let Some(known) = self.answers.get(&key) {
            return known.clone();
        }
        self.fetch_ahead(&key);
        let mut answers = go_sum::answers(&self.files, module, version);
        answers.push(self.ask_database(module, version));
        self.answers.insert(key, answers.clone());
        answers
    }

    fn ask_database(&mut self, module: &str, version: &str) -> Answer {
        let nothing = |source: &str, why: String| Answer {
            source: source.to_owned(),
            result: LookupResult::Nothing(why),
        };
        let database = match &mut self.database {
            Ok(Some(database)) => database,
            Ok(None) => return nothing(self.silent, format!("{} asks no database", self.silent)),
            Err(why) => {
                self.lookups.failed += 1;
                return nothing("GOPROXY", why.clone());
            }
        };
        let name = database.name().to_owned();
        // No go.sum lists toolchains, so the `go` command looks them up whatever GONOSUMDB says.
        let is_toolchain = module == TOOLCHAIN && !self.file_proxy;
        if database.is_private(module) && !is_toolchain {
            return Answer {
                source: "GONOSUMDB or GOPRIVATE".to_owned(),
                result: LookupResult::Private,
            };
        }
        if self.failures >= FAILURES {
            self.lookups.failed += 1;
            return nothing(&name, format!("{name} was not asked any more"));
        }
        self.lookups.asked += 1;
        let looked = database.lookup(module, version);
        let result = match looked {
            Ok(sums) => {
                self.failures = 0;
                let own = sums.into_iter().find(|(at, _)| at == version);
                match own {
                    Some((_, sum)) => LookupResult::Sum(sum),
                    None => LookupResult::Nothing(format!("{name} has no sum of its files")),
                }
            }
            Err(ProxyError::NotFound(_)) => {
                self.failures = 0;
                LookupResult::Nothing(format!("{name} has no record of it"))
            }
            // The row names the module already.
            Err(ProxyError::NotKept(what)) if what == format!("{module}@{version}") => {
                LookupResult::Nothing("is not in the module cache".to_owned())
            }
            Err(error @ ProxyError::NotKept(_)) => LookupResult::Nothing(error.to_string()),
            Err(error) => {
                // A wrong answer about one module does not mean that the next request fails.
                match error {
                    ProxyError::Security(_) => self.lookups.lied = true,
                    _ => self.failures += 1,
                }
                self.lookups.failed += 1;
                let why = format!("{module}@{version}: {error}");
                self.note(why);
                LookupResult::Nothing(error.to_string())
            }
        };
        Answer {
            source: name,
            result,
        }
    }

    fn note(&mut self, message: String) {
        let messages = &mut self.lookups.messages;
        if messages.len() < MESSAGES && !messages.contains(&message) {
            messages.push(message);
        }
    }
}

/// Whether GOPROXY is one folder.
pub fn is_folder(goproxy: &str) -> bool {
    goproxy.starts_with("file://") && !goproxy.contains([',', '|'])
}
