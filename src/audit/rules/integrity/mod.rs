//! Whether the record can be believed.

pub mod contradicted_claim;
pub mod fips_checksum_invalid;
pub mod hidden_build_info;
pub mod missing_build_info;
pub mod module_not_linked;
pub mod package_not_recorded;
pub mod packed_executable;
