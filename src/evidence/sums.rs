//! Sums of modules from go.sum files and a checksum database, each asked for once.

use crate::proxy::{ProxyError, Sums};
use crate::verify::go_sum::{self, GoSum};
use crate::verify::sums::{Answer, Known, TOOLCHAIN};
use std::collections::HashMap;

/// After that many failures behind each other, a database is not asked any more.
const FAILURES: usize = 3;
/// Most different messages about a database that are kept.
const MESSAGES: usize = 20;

/// Whether a database is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What is kept is used, the rest is asked for.
    Auto,
    /// Only what is kept is used.
    Offline,
    /// No database.
    Off,
}

/// What came of asking a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Versions that it was asked for.
    pub asked: u64,
    /// Versions that could not be asked for, or with an answer that does not hold.
    pub failed: u64,
    /// Whether an answer did not hold.
    pub lied: bool,
    /// Why, in one line each.
    pub messages: Vec<String>,
}

/// Everybody who is asked for sums.
pub struct SumSources<'s> {
    files: Vec<(String, GoSum)>,
    database: Result<Option<Sums<'s>>, String>,
    /// What to say when no database is asked.
    silent: &'static str,
    /// Whether toolchains may be left out, which no go.sum can list.
    file_proxy: bool,
    answers: HashMap<(String, String), Vec<Answer>>,
    failures: usize,
    lookups: Lookups,
}

impl<'s> SumSources<'s> {
    /// Asks these files and this database; `Err`: why there is none, although it was wanted.
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
        }
    }

    /// Lets GONOSUMDB hold for toolchains too, as it does when GOPROXY is one folder (cmd/go/internal/modfetch, `useSumDB`).
    pub fn with_file_proxy(mut self, is_folder: bool) -> Self {
        self.file_proxy = is_folder;
        self
    }

    /// What came of asking the database so far.
    pub fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// What everybody says of a version.
    pub fn ask(&mut self, module: &str, version: &str) -> Vec<Answer> {
        let key = (module.to_owned(), version.to_owned());
        if let Some(known) = self.answers.get(&key) {
            return known.clone();
        }
        let mut answers = go_sum::answers(&self.files, module, version);
        answers.push(self.ask_database(module, version));
        self.answers.insert(key, answers.clone());
        answers
    }

    fn ask_database(&mut self, module: &str, version: &str) -> Answer {
        let nothing = |source: &str, why: String| Answer {
            source: source.to_owned(),
            known: Known::Nothing(why),
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
        // Toolchains stand in no go.sum, so the `go` command looks them up whatever GONOSUMDB says.
        let is_toolchain = module == TOOLCHAIN && !self.file_proxy;
        if database.is_private(module) && !is_toolchain {
            return Answer {
                source: "GONOSUMDB or GOPRIVATE".to_owned(),
                known: Known::Private,
            };
        }
        if self.failures >= FAILURES {
            self.lookups.failed += 1;
            return nothing(&name, format!("{name} was not asked any more"));
        }
        self.lookups.asked += 1;
        let looked = database.lookup(module, version);
        let known = match looked {
            Ok(sums) => {
                self.failures = 0;
                let own = sums.into_iter().find(|(at, _)| at == version);
                match own {
                    Some((_, sum)) => Known::Sum(sum),
                    None => Known::Nothing(format!("{name} has no sum of its files")),
                }
            }
            Err(ProxyError::NotFound(_)) => {
                self.failures = 0;
                Known::Nothing(format!("{name} has no record of it"))
            }
            Err(error @ ProxyError::NotKept(_)) => Known::Nothing(error.to_string()),
            Err(error) => {
                // A lie about one module says nothing about whether the next request is answered.
                match error {
                    ProxyError::Security(_) => self.lookups.lied = true,
                    _ => self.failures += 1,
                }
                self.lookups.failed += 1;
                let why = format!("{module}@{version}: {error}");
                self.note(why);
                Known::Nothing(error.to_string())
            }
        };
        Answer {
            source: name,
            known,
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
