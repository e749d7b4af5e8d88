//! The policy itself. The engine reports these: it alone knows which waiver matched.

pub mod custom_rule;
pub mod expired_waiver;
pub mod unused_waiver;

/// The family of the rules here.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Policy;
