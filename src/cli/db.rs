//! `gospect db status` and `gospect db update`.

use super::args::{DbArgs, DbCommand, DbStatusArgs, DbUpdateArgs};
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use super::{database, dates};
use crate::report::style::clean;
use crate::vuln::database::{Damaged, Database, Review};
use crate::vulndb::{self, LoadError};
use serde::Serialize;
use std::path::Path;

/// The notice that the licence of the entries requires (`data/LICENSE` and `data/NOTICES` of golang.org/x/vulndb).
const LICENCE: &str = "CC-BY-4.0, The Go Authors, go.dev/security/vuln; with information of the Common Vulnerabilities and Exposures database \
(cve.mitre.org/about/termsofuse.html) and the GitHub Advisory Database (github.com/advisories)";

/// Shown for a database that was just fetched, instead of its age.
const FETCHED: &str = "fetched";

pub fn run(args: &DbArgs) -> Result<Exit, Error> {
    match &args.command {
        DbCommand::Status(args) => status(args),
        DbCommand::Update(args) => update(args),
    }
}

/// The output of `--format json`.
#[derive(Serialize)]
struct Status {
    source: String,
    date: Option<String>,
    age_days: Option<i64>,
    #[serde(skip)]
    is_of_future: bool,
    entries: usize,
    reviewed: usize,
    unreviewed: usize,
    foreign: usize,
    withdrawn: usize,
    modules: usize,
    summaries: bool,
    cache: Option<String>,
    licence: &'static str,
}

impl Status {
    fn of(database: &Database, cache: Option<String>) -> Result<Self, Damaged> {
        let about = database.about();
        let age = database::age(about, dates::today());
        let mut status = Self {
            source: about.source.clone(),
            date: about.date.clone(),
            age_days: age.filter(|days| *days >= 0),
            is_of_future: age.is_some_and(|days| days < 0),
            entries: database.len(),
            reviewed: 0,
            unreviewed: 0,
            foreign: 0,
            withdrawn: 0,
            modules: database.modules().count(),
            summaries: false,
            cache,
            licence: LICENCE,
        };
        for entry in database.entries() {
            let entry = entry?;
            match entry.review {
                Review::Reviewed => status.reviewed += 1,
                Review::Unreviewed => status.unreviewed += 1,
                Review::Foreign => status.foreign += 1,
            }
            status.withdrawn += usize::from(entry.withdrawn);
            status.summaries |= entry.summary()?.is_some();
        }
        Ok(status)
    }

    /// The text for people; `is_newest` if the database was just fetched.
    fn text(&self, is_newest: bool) -> String {
        let date = match (&self.date, self.age_days) {
            (Some(date), Some(days)) if days > vulndb::OLD && !is_newest => {
                format!("{date}, {days} days old; `gospect db update` fetches a newer one")
            }
            (Some(date), Some(1)) => format!("{date}, 1 day old"),
            (Some(date), Some(days)) => format!("{date}, {days} days old"),
            (Some(date), None) if self.is_of_future => format!("{date}, which is in the future"),
            (Some(date), None) => date.clone(),
            (None, _) => "not said".to_owned(),
        };
        let foreign = match self.foreign {
            0 => String::new(),
            count => format!(", {count} of other databases only"),
        };
        let rows = [
            ("source", self.source.clone()),
            ("date", date),
            (
                "entries",
                format!(
                    "{} about {} modules: {} reviewed by the Go team, {} not{foreign}; {} withdrawn",
                    self.entries, self.modules, self.reviewed, self.unreviewed, self.withdrawn
                ),
            ),
            (
                "summaries",
                if self.summaries { "yes" } else { "no" }.to_owned(),
            ),
            (
                "cache",
                self.cache.clone().unwrap_or_else(|| "none".to_owned()),
            ),
            ("licence", self.licence.to_owned()),
        ];
        rows.iter()
            .map(|(name, value)| format!("{name:<10} {}\n", clean(value)))
            .collect()
    }
}

fn status(args: &DbStatusArgs) -> Result<Exit, Error> {
    // The output shows the age itself.
    let database = database::open(&args.database, args.cache.as_deref(), dates::today(), true)?;
    let cache = database::cache(args.cache.as_deref());
    let cache = cache.map(|cache| cache.file().to_string_lossy().into_owned());
    write(&database, cache, &args.output, &args.format)?;
    Ok(Exit::Fine)
}

fn write(
    database: &Database,
    cache: Option<String>,
    output: &super::args::OutputArgs,
    format: &str,
) -> Result<(), Error> {
    let status = Status::of(database, cache).map_err(|why| LoadError::Damaged {
        place: database.about().source.clone(),
        why,
    })?;
    let mut output = Output::open(output)?;
    output.write(|out| match format {
        "json" => {
            serde_json::to_writer_pretty(&mut *out, &status)?;
            writeln!(out)
        }
        other => out.write_all(status.text(other == FETCHED).as_bytes()),
    })
}

fn update(args: &DbUpdateArgs) -> Result<Exit, Error> {
    let cache = database::cache(args.cache.as_deref()).ok_or(Error::NoCache)?;
    let database = if args.from == "goproxy" {
        vulndb::from_goproxy(&cache, &mut |text| {
            if !args.output.quiet {
                say!("gospect: {}", clean(text));
            }
        })?
    } else {
        database::named(Path::new(&args.from))?
    };
    cache.write(&database)?;
    let file = cache.file().to_string_lossy().into_owned();
    write(&database, Some(file), &args.output, FETCHED)?;
    Ok(Exit::Fine)
}
