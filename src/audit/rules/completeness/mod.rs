//! Whether all that should be there is.

pub mod findings_left_out;
pub mod missing_path;
pub mod missing_port;
pub mod unexamined_file;
pub mod unmet_expectation;

/// The family of the rules here.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Completeness;
