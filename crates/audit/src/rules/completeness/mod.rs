//! Whether everything that should be there is there.

pub mod findings_left_out;
pub mod missing_path;
pub mod missing_port;
pub mod unexamined_file;
pub mod unmet_expectation;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Completeness;
