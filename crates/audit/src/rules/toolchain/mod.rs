//! The Go release that built the program.

pub mod alternative_compiler;
pub mod below_toolchain_floor;
pub mod development_toolchain;
pub mod downgraded_toolchain;
pub mod outdated_patch_release;
pub mod prerelease_toolchain;
pub mod unknown_toolchain;
pub mod unsupported_toolchain;
pub mod vendor_toolchain;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Toolchain;
