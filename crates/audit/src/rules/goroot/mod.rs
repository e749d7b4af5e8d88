//! Where Go was when it built the program, and which paths of the build host are in the file.

pub mod build_paths_leaked;
pub mod goroot_in_private_directory;
pub mod goroot_not_allowed;
pub mod goroot_overridden;
pub mod goroot_release_mismatch;
pub mod goroot_sources_disagree;
pub mod ineffective_x_flag;
pub mod untrimmed_paths;

/// The family of these rules.
pub(super) const FAMILY: super::meta::Family = super::meta::Family::Goroot;
