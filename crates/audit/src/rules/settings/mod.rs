//! Flags and settings of the build.

pub mod build_mode_not_allowed;
pub mod build_tag_policy;
pub mod cgo_enabled;
pub mod coverage_instrumented;
pub mod cpu_level_too_high;
pub mod credential_in_flags;
pub mod fips_module_not_allowed;
pub mod fips_off;
pub mod optimizations_disabled;
pub mod race_detector;
pub mod sanitizer;
pub mod secret_variable;
pub mod symbols_policy;
pub(crate) mod unanswered;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Settings;
