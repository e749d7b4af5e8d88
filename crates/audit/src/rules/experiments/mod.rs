//! GOEXPERIMENT.

pub mod experiment_not_allowed;
pub mod experiment_records_disagree;
pub mod per_loop_variables;
pub mod unknown_experiment;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Experiments;
