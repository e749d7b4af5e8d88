//! The vulnerability database that a command uses, and its age.

use super::args::DatabaseArgs;
use super::cache::is_off;
use super::error::Error;
use crate::audit::Date;
use crate::report::style::clean;
use crate::vuln::database::{About, Database};
use crate::vulndb::{self, Cache, LoadError, OLD};
use std::path::{Path, PathBuf};

/// Opens the database that the arguments name, or the usual one with the cache in `folder`, and warns if it is old.
///
/// # Errors
/// When no usable database is found, or it is older than the arguments allow.
pub fn open(
    args: &DatabaseArgs,
    folder: Option<&Path>,
    today: Date,
    quiet: bool,
) -> Result<Database, Error> {
    let database = match &args.db {
        Some(place) => named(Path::new(place))?,
        None => vulndb::usual(cache(folder).as_ref())?,
    };
    let about = database.about();
    let age = age(about, today);
    let is_of_future = age.is_some_and(|days| days < 0);
    if is_of_future && args.max_db_age.is_some() {
        return Err(Error::DatabaseOfFuture(day(about).to_owned()));
    }
    match (args.max_db_age, age) {
        (Some(max_days), Some(days)) if days > i64::from(max_days) => {
            return Err(Error::OldDatabase {
                date: day(about).to_owned(),
                days,
                max_days,
            });
        }
        (Some(_), None) => return Err(Error::UndatedDatabase(about.source.clone())),
        _ => {}
    }
    if is_of_future && !quiet {
        say!(
            "gospect: the vulnerability database has the date {}, which is in the future, so its age is not known",
            clean(day(about))
        );
    }
    if let Some(days) = age.filter(|days| *days > OLD)
        && !quiet
    {
        let date = clean(day(about));
        let advice = match (args.db.is_none()).then(|| updated(folder)).flatten() {
            None => "`gospect db update` fetches a newer one".to_owned(),
            Some(0) => "`gospect db update` found no newer one today".to_owned(),
            Some(1) => "`gospect db update` found no newer one yesterday".to_owned(),
            Some(ago) => format!("`gospect db update` found no newer one {ago} days ago"),
        };
        say!("gospect: the vulnerability database of {date} is {days} days old; {advice}");
    }
    Ok(database)
}

/// How many days ago the database of the cache was fetched, if that was less than [`OLD`] days ago.
fn updated(folder: Option<&Path>) -> Option<u64> {
    let file = cache(folder)?.file();
    let written = std::fs::metadata(file).ok()?.modified().ok()?;
    let days = written.elapsed().ok()?.as_secs() / (24 * 60 * 60);
    (days < OLD.unsigned_abs()).then_some(days)
}

/// A database at a path or an address.
pub fn named(place: &Path) -> Result<Database, LoadError> {
    let text = place.to_string_lossy();
    match text.split_once("://") {
        Some(("file", path)) => vulndb::open(Path::new(path)),
        Some(("http" | "https", _)) => vulndb::fetch(&text),
        _ => vulndb::open(place),
    }
}

/// The cache that an argument names; `None` if it is turned off.
pub fn cache(folder: Option<&Path>) -> Option<Cache> {
    match folder {
        Some(folder) if is_off(folder) => None,
        Some(folder) => Some(Cache::at(PathBuf::from(folder))),
        None => Cache::of_user(),
    }
}

/// The day of a database, such as `2026-11-05`; empty if it has none.
pub fn day(about: &About) -> &str {
    let date = about.date.as_deref().unwrap_or_default();
    date.get(..10).unwrap_or(date)
}

/// Age of a database in days, 0 for one of tomorrow, because clocks differ; negative: its date is in the future. `None` if it has no date.
pub fn age(about: &About, today: Date) -> Option<i64> {
    let published = Date::parse(day(about))?;
    let days = today.days_since(published);
    Some(if days == -1 { 0 } else { days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_update_is_told_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(updated(Some(folder.path())), None);
        let file = std::fs::File::create(folder.path().join("vulndb.bin")).unwrap();
        for (days, told) in [(0, Some(0)), (3, Some(3)), (7, None), (100, None)] {
            let ago = std::time::Duration::from_secs(days * 24 * 60 * 60 + 60);
            let then = std::time::SystemTime::now() - ago;
            file.set_modified(then).unwrap();
            assert_eq!(updated(Some(folder.path())), told, "{days}");
        }
        assert_eq!(updated(Some(Path::new("off"))), None);
    }

    #[test]
    fn days_are_counted_over_months_and_years() {
        let today = Date::parse("2026-11-30").unwrap();
        for (date, old) in [
            ("2026-11-05T23:49:57Z", Some(25)),
            ("2026-11-30T23:49:57Z", Some(0)),
            ("2026-12-01", Some(0)),
            ("2027-01-01", Some(-32)),
            ("2026-02-28", Some(275)),
            ("2024-02-29", Some(1005)),
            ("2025-11-30", Some(365)),
            ("yesterday", None),
            ("", None),
        ] {
            let about = About {
                source: String::new(),
                date: Some(date.to_owned()),
            };
            assert_eq!(age(&about, today), old, "{date}");
        }
        assert_eq!(age(&About::default(), today), None);
    }
}
