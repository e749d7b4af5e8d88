//! The rows at the top of the card, with a function for each.

use super::Context;

mod build;
mod identity;

/// A label, and the function that makes the text of the row; `None` leaves the row out.
pub type Field = (&'static str, fn(&Context) -> Option<String>);

/// The rows in order; their text may contain marks.
pub const FIELDS: &[Field] = &[
    ("where", identity::place),
    ("owner", identity::owner),
    ("program", identity::program),
    ("version", identity::version),
    ("go", identity::go),
    ("record", identity::record),
    ("modules", identity::modules),
    ("packages", identity::packages),
    ("evidence", identity::evidence),
    ("port", build::port),
    ("build", build::build),
    ("source", build::vcs),
    ("goroot", build::goroot),
    ("experiments", build::experiments),
    ("godebug", build::godebug),
    ("linkage", build::linkage),
    ("fips 140", build::fips),
    ("file", build::file),
];
