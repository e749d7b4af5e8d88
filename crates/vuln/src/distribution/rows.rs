//! The rows of lists, whatever their form.

use super::{Release, Until};

/// Most rows of all lists that are kept.
pub(super) const MOST: usize = 1_000_000;

/// One row: the versions of a package that have a vulnerability.
pub(super) struct Row {
    pub(super) release: Release,
    pub(super) package: String,
    pub(super) vulnerability: String,
    pub(super) from: Option<String>,
    pub(super) until: Until,
}

/// The rows that were read so far.
pub(super) struct Rows<'w> {
    /// Whether the vulnerability with this ID is kept.
    pub(super) is_wanted: &'w dyn Fn(&str) -> bool,
    pub(super) kept: Vec<Row>,
    /// Whether any item was about a distribution that is known here.
    pub(super) has_items: bool,
}

impl Rows<'_> {
    pub(super) fn keep(
        &mut self,
        release: &Release,
        package: &str,
        id: &str,
        from: Option<&str>,
        until: Until,
    ) {
        self.kept.push(Row {
            release: release.clone(),
            package: package.to_owned(),
            vulnerability: id.to_owned(),
            from: from.map(str::to_owned),
            until,
        });
    }

    pub(super) fn is_full(&self) -> bool {
        self.kept.len() > MOST
    }
}

/// All lists together have too many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST} fixes")]
pub struct TooManyRows;
