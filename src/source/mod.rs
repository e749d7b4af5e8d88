//! Where candidates come from: directories, archives, images, registries, processes.
//!
//! Must never: interpret what Go wrote, print, or write anything outside a private temporary file.

#[cfg(feature = "archives")]
pub mod archive;
#[cfg(feature = "archives")]
pub mod image;
#[cfg(feature = "registry")]
pub mod registry;
#[cfg(target_os = "linux")]
pub mod process;
