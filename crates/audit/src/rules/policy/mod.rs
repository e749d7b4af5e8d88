//! The policy itself. The auditor reports these, because it alone knows which waivers and overrides matched.

pub mod custom_rule;
pub mod expired_waiver;
pub mod unused_override;
pub mod unused_waiver;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Policy;
