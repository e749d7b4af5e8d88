//! How the program is linked.

pub mod dynamic_linkage;
pub mod executable_stack;
pub mod glibc_too_new;
pub mod not_pie;
pub mod setuid_binary;
pub mod unsafe_rpath;
pub mod unsigned_apple_silicon;
pub mod unsigned_binary;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Linkage;
