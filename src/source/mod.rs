//! Where candidates come from: directories, archives, images, registries, processes.
//!
//! Must never: interpret what Go wrote, print, or write anything outside a private temporary file.

pub mod dir;
pub mod ordered;
pub mod target;
pub mod walk;
