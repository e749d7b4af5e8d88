//! Where candidates come from: directories, archives, images, registries, processes.
//!
//! Must never: interpret what Go wrote, print, or write anything outside a private temporary file.

#[cfg(feature = "archives")]
pub mod archive;
pub mod dir;
#[cfg(feature = "archives")]
pub mod foreign;
#[cfg(feature = "registry")]
pub(crate) mod http;
pub(crate) mod ignored;
#[cfg(feature = "archives")]
pub mod image;
pub mod listing;
pub mod packages;
#[cfg(target_os = "linux")]
pub mod process;
pub mod queue;
#[cfg(feature = "registry")]
pub mod registry;
pub mod target;
pub mod walk;
