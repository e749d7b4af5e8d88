//! Databases from the network. Nothing here is called but by `gospect db update` and `--db URL`.

use super::cache::Cache;
use super::error::LoadError;
use crate::vuln::database::Database;

fn not_built(place: &str) -> LoadError {
    LoadError::Unreadable {
        place: place.to_owned(),
        why: "this build of gospect has no network client; name a file or folder".to_owned(),
    }
}

/// A database at an http or https address.
pub fn fetch(url: &str) -> Result<Database, LoadError> {
    Err(not_built(url))
}

/// The newest version of the module golang.org/x/vulndb.
pub fn from_goproxy(_: &Cache, _: &mut dyn FnMut(&str)) -> Result<Database, LoadError> {
    Err(not_built("golang.org/x/vulndb"))
}
